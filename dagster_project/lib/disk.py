"""Room on the disk: how much is free, how much a night needs, and what to say when it ran out.

Belongs here: measuring folders and knowing a full disk from whoever met it (Python, DuckDB, dbt's child).
Left to others: making room (`retention`).
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from dagster_project.lib.errors import KuraError
from dagster_project.settings import House

_FULL = {errno.ENOSPC, errno.EDQUOT}
# How DuckDB (and dbt repeating it) and SQLite word the same.
_SAID = ("No space left on device", "Disk quota exceeded", "database or disk is full")

# dbt's artifacts, Dagster's records and what 280 models take however few their rows are some 80 MB,
# whatever the night reads.
_BESIDES = 150 * 1000**2
# With less than this free whatever went wrong went wrong for want of room.
NOTHING = 1000**2


class DiskFull(KuraError):
    """The night could not write; readers keep the release before it, and nothing that was read is lost."""


def free_bytes(path: Path) -> int:
    """What this user may still write on the file system of `path` (or of the nearest folder there is)."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def size_of(path: Path) -> int:
    """Bytes a file, or everything below a folder, takes on the disk."""
    return sum(_allocated(entry) for entry in _files(path))


def needed_bytes(house: House) -> int:
    """What a night may need beside what lies there already: more than any night measured.

    A full refresh writes the work database once more (of a first night nothing is known but its exports,
    which become some ten times as much in tables), the candidate is a second release, new exports become
    raw files, and dbt and Dagster write down what they do.
    """
    # A source's folder may be a link to where its files arrive.
    folders = house.exports.iterdir() if house.exports.is_dir() else ()
    exports = sum(size_of(folder.resolve()) for folder in folders)
    release = size_of(house.current.resolve()) if house.current.is_symlink() else 0
    work = size_of(house.work_database) if release else 10 * exports
    return _BESIDES + work + release + exports // 4


def is_full(error: BaseException | None) -> bool:
    """Whether this error, or one it came from, is about a disk without room."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        if any(words in str(error) for words in _SAID):
            return True
        error = error.__cause__ or error.__context__
    return False


def full(house: House, stage: str) -> DiskFull:
    """What to tell a person whose night met a full disk, with the room there is right now."""
    folder = {"candidate": house.candidates, "publication": house.published}.get(stage, house.work)
    free, needed = free_bytes(folder), needed_bytes(house)
    # What the night had written is gone again, and a quota shows nowhere.
    room = f"{in_words(needed - free)} of room" if free < needed else "more room than that"
    return DiskFull(
        f"The disk is full: {in_words(free)} are free, a night of this house needs about "
        f"{in_words(needed)}.",
        where=f"{folder} (while: {stage})",
        remedy=f"Make {room} on that file system (`kpi prune --dry-run` shows what the house itself can "
        "spare), then run the night again.",
    )


def in_words(count: int) -> str:
    """`1.4 GB`, as tools count disks."""
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _files(path: Path) -> Iterator[Path]:
    if path.is_file() or path.is_symlink():
        yield path
        return
    for folder, _, names in os.walk(path):
        for name in names:
            yield Path(folder) / name


def _allocated(path: Path) -> int:
    try:
        found = path.lstat()
    except FileNotFoundError:  # gone since it was listed
        return 0
    return max(found.st_blocks * 512, 0)
