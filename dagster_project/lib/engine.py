"""Every DuckDB connection of a night: how much of the machine it may take.

The engine's own default is four fifths of the memory for each process, and a night has several.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import duckdb

THREADS = 2
_MOST_BYTES = 4 * 1024**3


def memory_limit() -> str:
    """What one engine may hold before it writes to disk: 4 GiB, or half of a smaller machine."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{min(_MOST_BYTES, machine // 2) // 1024**2}MiB"


def settings(spill: Path) -> dict[str, str | int]:
    """The configuration of a connection. spill: a folder for what does not fit into memory."""
    return {"threads": THREADS, "memory_limit": memory_limit(), "temp_directory": str(spill)}


def connect(
    database: Path | None = None,
    *,
    read_only: bool = False,
    spill: Path | None = None,
    config: Mapping[str, str | int] | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open a database file, or an engine in memory.

    spill: where it writes what does not fit into memory; beside the file it opens unless said, and for an
    engine in memory of which nobody says it, nowhere. config: over and above `settings`.
    """
    if database is None:
        where, folder = ":memory:", spill
    else:
        where, folder = str(database), spill or database.with_name(f"{database.name}.tmp")
    limits = settings(folder) if folder is not None else {**settings(Path()), "temp_directory": ""}
    return duckdb.connect(where, read_only=read_only, config={**limits, **(config or {})})
