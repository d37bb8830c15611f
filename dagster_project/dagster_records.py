"""Dagster's records of runs in the house, and forgetting the oldest so that the disk really shrinks.

Dagster deletes rows; its SQLite files stay as large as they were, one file per run among them, and so do
the folders of what a run printed. Left to others: the records of nights (`lib.nights`), which do not need
Dagster.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

import dagster as dg

from dagster_project.lib import disk
from dagster_project.settings import House

_RUN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BUSY_SECONDS = 5.0


def surplus(instance: dg.DagsterInstance, house: House, *, keep: int) -> tuple[int, int]:
    """How many runs `prune` would forget, and the bytes of their files and of files of forgotten runs."""
    left = _left(instance, house)
    runs = [record.dagster_run.run_id for record in instance.get_run_records()]
    going = [path for path in left if _run_of(path) not in runs[:keep]]
    return len(runs[keep:]), sum(disk.size_of(path) for path in going)


def prune(instance: dg.DagsterInstance, house: House, *, keep: int) -> tuple[int, int]:
    """Forget all but the newest `keep` runs, whatever their state; how many, and the bytes freed.

    A night that was killed stays "started" for ever. Files of runs that were forgotten by a process that
    did not come to the end, or by an earlier version, go too.
    """
    before = disk.size_of(house.dagster_home)
    # Listed before the runs are: whatever lies here belongs to a run that was begun by then.
    left = _left(instance, house)
    runs = [record.dagster_run.run_id for record in instance.get_run_records()]
    for run_id in runs[keep:]:
        instance.delete_run(run_id)
    for path in left:
        if _run_of(path) not in runs[:keep]:
            with suppress(FileNotFoundError):  # Dagster's daemon prunes, too
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
    if _is_of(instance, house):
        _shrink(path for path in house.dagster_databases if path.is_file())
    return len(runs[keep:]), max(before - disk.size_of(house.dagster_home), 0)


def _is_of(instance: dg.DagsterInstance, house: House) -> bool:
    """Whether the instance keeps its records in the house; a DAGSTER_HOME may lie anywhere."""
    return Path(instance.root_directory).resolve() == house.dagster_home.resolve()


def _left(instance: dg.DagsterInstance, house: House) -> list[Path]:
    """Every file and folder in the house that is one run's own."""
    if not _is_of(instance, house):
        return []
    found = [*house.dagster_events.glob("*.db*"), *house.dagster_storage.glob("*")]
    return [path for path in found if _RUN.fullmatch(_run_of(path))]


def _run_of(path: Path) -> str:
    return path.name.partition(".")[0]


def _shrink(databases: Iterable[Path]) -> None:
    """Give the file system what more than half empty databases hold; one in use is left for next time."""
    for path in databases:
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        with closing(connection) as database:
            free, pages = (
                database.execute(f"pragma {name}").fetchone()[0]
                for name in ("freelist_count", "page_count")
            )
            try:
                if free * 2 > pages:
                    database.execute("vacuum")
                database.execute("pragma wal_checkpoint(truncate)")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                    raise
