"""What Dagster sees: one module per stop of the path."""
