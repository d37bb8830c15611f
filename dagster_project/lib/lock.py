"""One night at a time, and no orphan writing behind its back.

Two advisory locks (flock, released by the kernel when their holder dies):
- the *night lock* is held by whoever runs a night, from before ingestion until after publication;
- the *writer lock* is held by the child process that writes the work database (`dbt_child`). A child whose
  parent was killed still holds it, so the next night waits for that child to end instead of writing
  beside it. On Linux the kernel also kills the child with its parent.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from dagster_project.lib.errors import KuraError

# Whoever only looks (`holder`) has the lock for a moment and must keep no night from starting: as long as
# the file names no living process, it is taken for somebody looking.
_A_LOOK = 10.0
_PAUSE = 0.02
_PROCESS = "process "
_UNKNOWN = "unknown process"


class HouseLocked(KuraError):
    """Another night, or a child it left behind, is still at work in this house."""

    exit_code = 4


def _open_private(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")


def _try_lock(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def exclusive(path: Path, *, wait_seconds: float = 0.0, busy: str) -> Iterator[None]:
    """Hold the lock file `path` exclusively.

    wait_seconds: how long to wait for another holder; 0 refuses as soon as it is sure.
    busy: what to say when it stays held. Raises HouseLocked then, naming the holder's process.
    """
    started = time.monotonic()
    with _open_private(path) as handle:
        while not _try_lock(handle):
            who = _named(handle)
            patience = wait_seconds if _is_running(who) else max(wait_seconds, _A_LOOK)
            if time.monotonic() - started >= patience:
                raise HouseLocked(
                    busy,
                    where=f"{path} (held by {who or _UNKNOWN})",
                    remedy="Wait for it to end, or stop that process; the lock frees itself then.",
                )
            time.sleep(_PAUSE)
        _name(handle, process(os.getpid()))
        # The lock goes with the open file: closing it, or dying, frees it.
        try:
            yield
        finally:
            _name(handle, "")


def _named(handle: IO[str]) -> str:
    handle.seek(0)
    return handle.read().strip()


def _name(handle: IO[str], who: str) -> None:
    handle.seek(0)
    handle.truncate()
    handle.write(who)
    handle.flush()


def _is_running(who: str) -> bool:
    number = who.removeprefix(_PROCESS)
    return number.isdecimal() and is_alive(int(number))


def process(pid: int) -> str:
    """How a lock file names its holder."""
    return f"{_PROCESS}{pid}"


def is_alive(pid: int) -> bool:
    """Whether a process of this number runs, whoever owns it."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def abandoned(folders: Iterable[Path]) -> Iterator[Path]:
    """Of folders whose names end in the number of the process at work in them, those without it."""
    for folder in folders:
        number = folder.name.rpartition("-")[2]
        if number.isdecimal() and not is_alive(int(number)):
            yield folder


def holder(path: Path) -> str | None:
    """Who holds the lock file now (`process 123`), or None when nobody does. Waits for nobody."""
    try:
        handle = path.open(encoding="utf-8")
    except FileNotFoundError:
        return None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _named(handle) or _UNKNOWN
    return None


@contextmanager
def night(
    night_lock: Path, writer_lock: Path, *, orphan_wait_seconds: float = 60.0
) -> Iterator[None]:
    """Hold the house for one night, after any orphaned writer of an earlier one has ended."""
    with exclusive(night_lock, busy="Another night is running in this house."):
        with exclusive(
            writer_lock,
            wait_seconds=orphan_wait_seconds,
            busy="A process left behind by a killed night is still writing the work database.",
        ):
            pass
        yield
