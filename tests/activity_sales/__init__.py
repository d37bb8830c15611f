"""Formulas of meetings, opportunities and channels that a dbt unit test cannot compare exactly."""
