"""The work itself, in plain Python. Nothing here knows Dagster."""
