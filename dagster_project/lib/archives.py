"""gzip and zip exports, opened without trusting them.

Belongs here: unpacking one member at a time into a scratch file under caps on bytes, members and
ratio, and the refusal of path escapes, links, encryption and archives in archives. Left to others:
what the members are.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from dagster_project.lib.rejections import FileRejected

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_ARCHIVE_MAGICS = (
    GZIP_MAGIC,
    b"PK\x03\x04",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
)
_CHUNK = 1 << 20
# A small file of repeated text compresses a thousandfold and harms nobody.
_RATIO_APPLIES_FROM = 64 * 1024**2
_ZIP_ENCRYPTED = 0x1
# What Python's zip reader raises over damaged bytes.
_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True)
class ArchiveLimits:
    """Caps of one archive. `max_bytes` is all members unpacked."""

    max_bytes: int
    max_members: int
    max_ratio: int


@dataclass(frozen=True)
class Unpacked:
    """One member in a scratch file. `name` is empty for the single content of a gzip file."""

    name: str
    location: Path
    sha256: str
    size_bytes: int


def archive_kind(path: Path) -> str | None:
    """`gzip`, `zip`, or None for a plain file; by content, never by name. XLSX is a plain file."""
    with path.open("rb") as stream:
        head = stream.read(4)
    if head.startswith(GZIP_MAGIC):
        return "gzip"
    if head in ZIP_MAGICS and path.suffix.lower() not in (".xlsx", ".xlsm"):
        return "zip"
    return None


def unpack(path: Path, kind: str, scratch: Path, limits: ArchiveLimits) -> Iterator[Unpacked]:
    """Unpack member by member; each scratch file is removed when the next is asked for.

    Raises FileRejected for the whole archive, before any member is given where that can be known.
    """
    if kind == "gzip":
        yield from _unpack_gzip(path, scratch, limits)
    else:
        yield from _unpack_zip(path, scratch, limits)


def is_of_the_disk(error: Exception) -> bool:
    """Whether the machine failed (a full disk, say), and not the bytes.

    Damaged bytes raise OSError too: without an error number from bz2, EINVAL from a seek to nowhere.
    """
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


def _unpack_gzip(path: Path, scratch: Path, limits: ArchiveLimits) -> Iterator[Unpacked]:
    try:
        packed = path.stat().st_size
        with (
            gzip.open(path, "rb") as stream,
            _written(stream, scratch, limits.max_bytes, packed, limits) as member,
        ):
            _refuse_nested(member.location, path.name)
            yield member
    except EOFError as error:
        raise FileRejected("truncated_archive", "The gzip file ends too early.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise FileRejected("damaged_archive", f"The gzip file is damaged: {error}.") from error


def _unpack_zip(path: Path, scratch: Path, limits: ArchiveLimits) -> Iterator[Unpacked]:
    try:
        with zipfile.ZipFile(path) as archive:
            wanted = _checked_members(archive, limits)
            # Read through once before any member is given: a zip is taken whole or not at all.
            left = limits.max_bytes
            for info in wanted:
                with (
                    archive.open(info) as stream,
                    _written(stream, scratch, left, info.compress_size, limits) as member,
                ):
                    _refuse_nested(member.location, info.filename)
                    left -= member.size_bytes
            left = limits.max_bytes
            for info in wanted:
                with (
                    archive.open(info) as stream,
                    _written(stream, scratch, left, info.compress_size, limits) as member,
                ):
                    left -= member.size_bytes
                    yield Unpacked(info.filename, member.location, member.sha256, member.size_bytes)
    except EOFError as error:
        raise FileRejected("truncated_archive", "The zip file ends too early.") from error
    except (*_DAMAGES, OSError) as error:
        if is_of_the_disk(error):
            raise
        raise FileRejected("damaged_archive", f"The zip file cannot be read: {error}.") from error


def _checked_members(archive: zipfile.ZipFile, limits: ArchiveLimits) -> list[zipfile.ZipInfo]:
    members = archive.infolist()
    if len(members) > limits.max_members:
        raise FileRejected(
            "archive_too_many",
            f"The zip holds {len(members)} members; {limits.max_members} are allowed.",
        )
    declared = sum(info.file_size for info in members)
    if declared > limits.max_bytes:
        raise FileRejected(
            "archive_too_large",
            f"The zip unpacks to {declared} bytes; {limits.max_bytes} are allowed.",
        )
    wanted = []
    seen: set[str] = set()
    for info in members:
        name = info.filename
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if name.startswith(("/", "\\")) or ".." in parts or (parts and ":" in parts[0]):
            raise FileRejected("archive_path", f"The member {name!r} points outside the archive.")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise FileRejected("archive_link", f"The member {name!r} is a link.")
        if info.is_dir() or any(part.startswith((".", "_", "~")) for part in parts):
            continue
        if info.flag_bits & _ZIP_ENCRYPTED:
            raise FileRejected("archive_encrypted", f"The member {name!r} is encrypted.")
        if name in seen:
            raise FileRejected("damaged_archive", f"The member {name!r} is in the archive twice.")
        seen.add(name)
        wanted.append(info)
    return sorted(wanted, key=lambda info: info.filename)


def _refuse_nested(location: Path, name: str) -> None:
    with location.open("rb") as stream:
        head = stream.read(8)
    if head.startswith(_ARCHIVE_MAGICS) and not name.lower().endswith((".xlsx", ".xlsx.gz")):
        raise FileRejected("archive_nested", f"{name!r} holds another archive.")


@contextmanager
def _written(
    stream: IO[bytes] | gzip.GzipFile,
    scratch: Path,
    max_bytes: int,
    packed: int,
    limits: ArchiveLimits,
) -> Iterator[Unpacked]:
    location = scratch / "member"
    digest = hashlib.sha256()
    size = 0
    try:
        with location.open("wb") as target:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > max_bytes:
                    raise FileRejected(
                        "archive_too_large",
                        f"The archive unpacks to more than {limits.max_bytes} bytes.",
                    )
                if size > _RATIO_APPLIES_FROM and size > packed * limits.max_ratio:
                    raise FileRejected(
                        "archive_ratio",
                        f"The archive unpacks to more than {limits.max_ratio} times its size.",
                    )
                digest.update(chunk)
                target.write(chunk)
        yield Unpacked("", location, digest.hexdigest(), size)
    finally:
        location.unlink(missing_ok=True)
