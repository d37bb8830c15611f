"""Proof of the KPI catalogue and of the tables generated from it."""
