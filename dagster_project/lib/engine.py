"""Every DuckDB connection of a night: how much of the machine it may take.

The engine's own default is four fifths of the memory for each process, and a night has several.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import duckdb

THREADS = 2
_MOST_BYTES = 4 * 1024**3


def memory_limit(engines: int = 1) -> str:
    """What each of some engines at work together may hold before it writes to disk.

    All of them 4 GiB, or half of a smaller machine or container.
    """
    return f"{min(_MOST_BYTES, _all_there_is() // 2) // engines // 1024**2}MiB"


@cache
def _all_there_is() -> int:
    """Bytes of memory this process may have: an engine left alone takes four fifths, of its cgroup's too."""
    with duckdb.connect() as alone:
        row = alone.execute(
            "select parse_formatted_bytes(current_setting('memory_limit'))"
        ).fetchone()
    assert row is not None
    return int(row[0]) * 5 // 4


def settings(spill: Path | None) -> dict[str, str | int]:
    """The configuration of a connection. spill: a folder for what does not fit into memory, or none."""
    folder = "" if spill is None else str(spill)
    return {"threads": THREADS, "memory_limit": memory_limit(), "temp_directory": folder}


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
    where = ":memory:"
    if database is not None:
        where, spill = str(database), spill or database.with_name(f"{database.name}.tmp")
    return duckdb.connect(where, read_only=read_only, config={**settings(spill), **(config or {})})
