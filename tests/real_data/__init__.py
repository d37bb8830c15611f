"""Data nobody here wrote. It lies outside the repository (`shared/data`), so these tests skip without it."""
