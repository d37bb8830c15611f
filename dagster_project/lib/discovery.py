"""Which export files lie in the house, and whether they stand still.

Belongs here: listing `exports/`, recognising files that are half written, and knowing a file by its
content. Left to others: opening archives, judging what a file is.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dagster_project.lib.errors import ConfigError
from dagster_project.settings import House

# Endings browsers, copy tools and editors give to files that are not finished.
UNFINISHED = (".part", ".tmp", ".crdownload", ".partial", ".download")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Stamp:
    """What the file system says about a file's content. Equal stamps: not written in between."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        found = path.stat()
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


@dataclass(frozen=True)
class ExportFile:
    """One file under `exports/<source_id>/`.

    path: relative to `exports/`, as people read it. has_text_name: whether the name is UTF-8, so that
    `path` is the name itself.
    """

    source_id: str
    path: str
    location: Path
    stamp: Stamp
    has_text_name: bool = True

    @property
    def name(self) -> str:
        return self.location.name


def list_exports(house: House, source_ids: Iterable[str]) -> tuple[ExportFile, ...]:
    """Every export file of these sources, by path. Hidden and unfinished files are left out.

    Raises ConfigError in a locale that reads names otherwise than as UTF-8: a file's name decides what it is.
    """
    if (codec := sys.getfilesystemencoding()) != "utf-8":
        raise ConfigError(
            f"In this locale the names of files are read as {codec}, not as UTF-8.",
            where="the environment (LC_ALL, LANG)",
            remedy="Set PYTHONUTF8=1, or a UTF-8 locale such as LC_ALL=C.UTF-8, for whoever runs kpi.",
        )
    found = []
    for source_id in source_ids:
        root = house.exports / source_id
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if not _is_hidden(name))
            for name in sorted(names):
                location = Path(folder) / name
                if _is_hidden(name) or name.lower().endswith(UNFINISHED):
                    continue
                try:
                    if not location.is_file():
                        continue
                    stamp = Stamp.of(location)
                except OSError:  # gone between listing and looking: the next night sees it
                    continue
                named = location.relative_to(house.exports).as_posix()
                path = _readable(named)
                found.append(ExportFile(source_id, path, location, stamp, path == named))
    return tuple(sorted(found, key=lambda item: item.path))


def _readable(name: str) -> str:
    """A name that is not UTF-8 as the cp932 it most likely was; any other name as it is."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(name).decode("cp932", errors="backslashreplace")
    return name


def unknown_folders(house: House, source_ids: Iterable[str]) -> tuple[str, ...]:
    """Folders under `exports/` that no source of the configuration claims."""
    known = set(source_ids)
    if not house.exports.is_dir():
        return ()
    return tuple(
        sorted(
            _readable(entry.name)
            for entry in house.exports.iterdir()
            if entry.is_dir() and entry.name not in known and not _is_hidden(entry.name)
        )
    )


def settle(files: Iterable[ExportFile], seconds: float) -> frozenset[str]:
    """Wait once if something was written a moment ago; the paths that still change."""
    files = tuple(files)
    now = time.time_ns()
    recent = [item for item in files if _age_seconds(item.stamp, now) < seconds]
    if not recent:
        return frozenset()
    youngest = min(_age_seconds(item.stamp, now) for item in recent)
    time.sleep(max(0.0, min(seconds, seconds - youngest)))
    return frozenset(item.path for item in recent if is_changed(item))


def is_changed(item: ExportFile) -> bool:
    """Whether the file was written, replaced or removed since it was listed."""
    try:
        return Stamp.of(item.location) != item.stamp
    except OSError:
        return True


def sha256_of(path: Path) -> str:
    """The content's sha256, in constant memory."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@dataclass(frozen=True)
class Member:
    """One file inside an archive, as it was found when the archive was last opened."""

    name: str
    sha256: str
    size_bytes: int


class KnownFiles:
    """Hashes of files that were not written since, so that an old export is not read every night.

    Only an optimisation: a hash is believed while size, both times and inode are the same, and is
    kept only when the file was at rest for some time before it was hashed (a write within the
    clock's granularity could otherwise go unseen). The file may be deleted at any time.
    """

    _REST_SECONDS = 2.0

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hashes: dict[str, list[object]] = {}
        self._members: dict[str, list[list[object]]] = {}
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            self._hashes = dict(document["hashes"])
            self._members = dict(document["members"])
        except (OSError, ValueError, KeyError, TypeError):
            self._hashes, self._members = {}, {}

    def hash_of(self, item: ExportFile) -> str:
        """The file's sha256; from memory when it provably was not written since."""
        remembered = self.remembered(item)
        if remembered is not None:
            return remembered
        started = time.time_ns()
        digest = sha256_of(item.location)
        if _age_seconds(item.stamp, started) > self._REST_SECONDS and not is_changed(item):
            self._hashes[item.path] = [*_numbers(item.stamp), digest]
        return digest

    def remembered(self, item: ExportFile) -> str | None:
        entry = self._hashes.get(item.path)
        if entry is not None and entry[:4] == _numbers(item.stamp) and isinstance(entry[4], str):
            return entry[4]
        return None

    def members_of(self, sha256: str) -> tuple[Member, ...] | None:
        entry = self._members.get(sha256)
        if entry is None:
            return None
        return tuple(Member(str(name), str(sha), int(str(size))) for name, sha, size in entry)

    def remember_members(self, sha256: str, members: Iterable[Member]) -> None:
        self._members[sha256] = [[m.name, m.sha256, m.size_bytes] for m in members]

    def save(self, present: Iterable[ExportFile], containers: Iterable[str]) -> None:
        """Keep what concerns files that still lie in exports."""
        paths = {item.path for item in present}
        kept = set(containers)
        document = {
            "hashes": {path: entry for path, entry in self._hashes.items() if path in paths},
            "members": {sha: entry for sha, entry in self._members.items() if sha in kept},
        }
        temporary = self._path.with_suffix(".new")
        temporary.write_text(json.dumps(document), encoding="utf-8")
        temporary.replace(self._path)


def _numbers(stamp: Stamp) -> list[object]:
    return [stamp.size, stamp.mtime_ns, stamp.ctime_ns, stamp.inode]


def _age_seconds(stamp: Stamp, now_ns: int) -> float:
    return (now_ns - max(stamp.mtime_ns, stamp.ctime_ns)) / 1e9


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "_", "~"))
