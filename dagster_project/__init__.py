"""KPI Kura: exports in, a checked release out."""

__version__ = "0.1.0"
