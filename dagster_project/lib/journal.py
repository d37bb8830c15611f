"""Files that tell what happened, a JSON document per line, oldest first.

Belongs here: appending a line so that it is there whole or not at all, and reading past a line that a
power cut or a full disk has torn. Left to others: what the lines mean.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

Line = dict[str, Any]


def append(path: Path, document: Mapping[str, Any]) -> None:
    """Add one line, on disk when this returns. After a torn line it still begins a line of its own."""
    line = _encoded(document)
    with _alone(path) as descriptor:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        if os.write(descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(path))
        os.fsync(descriptor)


def read(path: Path) -> list[Line]:
    """Every whole line, oldest first; none when there is no file yet."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    found = []
    for line in text.split("\n"):
        try:
            document = json.loads(line)
        except ValueError:
            # Torn: what it wanted to say did not happen before the power went.
            continue
        if isinstance(document, dict):
            found.append(document)
    return found


def rewrite(path: Path, change: Callable[[list[Line]], Iterable[Mapping[str, Any]] | None]) -> None:
    """Replace the whole file in one step by what its lines are to become; None leaves it as it is.

    Who appends meanwhile waits, and then appends to the new file.
    """
    with _alone(path):
        documents = change(read(path))
        if documents is not None:
            _replace(path, documents)


def _replace(path: Path, documents: Iterable[Mapping[str, Any]]) -> None:
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        for document in documents:
            stream.write(_encoded(document))
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _alone(path: Path) -> Iterator[int]:
    """The file, made if need be, open for appending by nobody else. Gives its descriptor."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_still(path, descriptor):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    """False when somebody put another file in its place while we waited for this one."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def instant(text: object) -> datetime:
    """The instant a line names. Raises ValueError, also when nobody can say of which zone it is."""
    found = datetime.fromisoformat(str(text))
    if found.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return found


def _encoded(document: Mapping[str, Any]) -> bytes:
    # Names of files that are no text hold lone surrogates.
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
