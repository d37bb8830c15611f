"""Bytes to UTF-8 text, strictly: BOM, then UTF-8, then cp932, else the file is rejected.

Belongs here: choosing the encoding, rewriting what is not UTF-8 into a scratch file, the mojibake
test, and an independent count of records by newlines and quotes alone. Memory does not grow with
the file. Left to others: cells, headers, JSON. Rules: formats §6.1.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dagster_project.lib.rejections import FileRejected

Numbers = npt.NDArray[Any]
_CHUNK = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# UTF-8 Japanese read as cp932 shows these beside half-width katakana or beside each other.
_MOJIBAKE = re.compile("[縺繧譁][｡-ﾟ]|[縺繧譁].{0,6}[縺繧譁]")
# No export writes a longer record; a file without line ends must not fill the memory.
_SPARSE = 64
MAX_RECORD_BYTES = 16 * 1024**2


@dataclass(frozen=True)
class Decoded:
    """A file as UTF-8 text. `location` is the export itself when it already is UTF-8."""

    location: Path
    encoding: str
    has_bom: bool = False


def decode(path: Path, policy: str, scratch: Path) -> Decoded:
    """Find the encoding and give the text as UTF-8.

    policy: auto, utf-8, utf-16 or cp932. Raises FileRejected.
    """
    with path.open("rb") as stream:
        head = stream.read(4)
    if not head:
        raise FileRejected("empty_file", "The file has no bytes.")
    bom = next((name for mark, name in _BOMS if head.startswith(mark)), None)
    if policy == "utf-16" or bom == "utf-16":
        # A BOM is stronger than the configuration: it cannot be meant for another encoding.
        codec = "utf-16" if bom == "utf-16" else "utf-16-le"
        return Decoded(_transcoded(path, codec, scratch), "utf-16", bom is not None)
    if policy == "cp932" and bom is None:
        return Decoded(_transcoded(path, "cp932", scratch), "cp932")
    invalid = _first_invalid_utf8(path)
    if invalid is None:
        return Decoded(path, "utf-8", bom is not None)
    if policy == "utf-8" or bom is not None:
        raise FileRejected("undecodable", f"Byte {invalid} is not UTF-8.")
    try:
        return Decoded(_transcoded(path, "cp932", scratch), "cp932")
    except FileRejected as rejected:
        raise FileRejected(
            rejected.code,
            f"Byte {invalid} is not UTF-8, and as cp932: {rejected.message}",
        ) from rejected


def _first_invalid_utf8(path: Path) -> int | None:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    position = 0
    with path.open("rb", buffering=0) as stream:
        while True:
            chunk = stream.read(_CHUNK)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return position - pending + error.start
            if not chunk:
                return None
            position += len(chunk)


def _transcoded(path: Path, codec: str, scratch: Path) -> Path:
    decoder = codecs.getincrementaldecoder(codec)("strict")
    location = scratch / "decoded"
    position = 0
    tail = ""
    with path.open("rb", buffering=0) as stream, location.open("wb") as target:
        while True:
            chunk = stream.read(_CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
                target.write(text.encode("utf-8"))
            except UnicodeError as error:
                raise FileRejected(
                    "undecodable", f"Near byte {position} the file is not {codec}."
                ) from error
            if codec == "cp932":
                if _MOJIBAKE.search(tail + text):
                    raise FileRejected(
                        "mojibake", "The text shows damaged UTF-8 (such as 縺 or 繧 in runs)."
                    )
                tail = text[-8:]
            if not chunk:
                return location
            position += len(chunk)


@dataclass(frozen=True)
class Count:
    """What can be counted without a parser, header line included.

    lines: line ends outside quotes that end a line with something in it, plus a last line without
    one. delimiters: outside quotes. is_plain: no sign that would make two readers disagree.
    is_ended: the last line has a line end.
    has_spaced_quotes: spaces stand, it seems, between a cell's begin and its quote.
    """

    lines: int
    delimiters: int
    blank_lines: int
    has_nul: bool
    has_control: bool
    is_plain: bool
    is_ended: bool
    has_spaced_quotes: bool


def count_records(path: Path, delimiter: str | None) -> Count:
    """Count lines by newlines and quote parity alone; delimiter None: quotes mean nothing (JSON).

    Raises FileRejected when one record is longer than MAX_RECORD_BYTES.
    """
    quoted = delimiter is not None
    mark = ord(delimiter) if delimiter else 0
    lines = delimiters = blanks = 0
    has_nul = has_control = False
    returns = pairs = 0
    in_quotes, is_ended = False, True
    carried = b""
    since_newline = 0
    before = b"\n"
    is_led = is_trailed = False
    with path.open("rb", buffering=0) as stream:
        while True:
            chunk = stream.read(_CHUNK)
            last = not chunk
            block = carried + chunk
            if not last:
                cut = block.rfind(b"\n") + 1
                if cut == 0:
                    if len(block) > MAX_RECORD_BYTES:
                        raise FileRejected(
                            "record_too_long",
                            f"A line is longer than {MAX_RECORD_BYTES} bytes.",
                        )
                    carried = block
                    continue
                block, carried = block[:cut], block[cut:]
            if not block:
                break
            has_nul = has_nul or b"\0" in block
            has_control = has_control or b"\x01" in block
            found_returns = block.count(b"\r")
            if found_returns:
                returns += found_returns
                pairs += block.count(b"\r\n")
            bytes_ = np.frombuffer(block, np.uint8)
            if quoted and (in_quotes or b'"' in block):
                found = _outside_quotes(block, bytes_, mark, in_quotes)
                # DuckDB passes over spaces on either side of a quoted cell.
                is_led |= b' "' in block and _is_led(block, bytes_, mark, in_quotes)
                is_trailed |= b'" ' in block and _is_trailed(bytes_, in_quotes)
                lines += found.newlines
                delimiters += found.marks
                if b"\n\n" in before + block or b"\n\r\n" in before + block:
                    ends = _ends_outside(bytes_, in_quotes)
                    blanks += _blank_among(ends, bytes_, not in_quotes)
                since_newline = (
                    since_newline + len(block) if in_quotes and not found.newlines else 0
                )
                in_quotes ^= bool(found.quotes & 1)
                if since_newline > MAX_RECORD_BYTES:
                    raise FileRejected(
                        "bad_quoting", "A quotation mark is opened and never closed."
                    )
            else:
                lines += block.count(b"\n")
                delimiters += int(np.count_nonzero(bytes_ == mark)) if delimiter else 0
                whole = before + block
                if b"\n\n" in whole or b"\n\r\n" in whole:
                    blanks += _count_blank(whole)
            before = b"\n"
            if last:
                if not block.endswith(b"\n"):
                    # A last line without a line end; a lone carriage return is not a line.
                    is_ended = not block.strip(b"\r")
                    lines += 0 if is_ended else 1
                break
    return Count(
        lines=lines - blanks,
        delimiters=delimiters,
        blank_lines=blanks,
        has_nul=has_nul,
        has_control=has_control,
        is_plain=not in_quotes and blanks == 0 and returns == pairs and not (is_led or is_trailed),
        is_ended=is_ended,
        has_spaced_quotes=is_led,
    )


@dataclass(frozen=True)
class _Outside:
    quotes: int
    newlines: int
    marks: int


def _outside_quotes(block: bytes, bytes_: Numbers, mark: int, in_quotes: bool) -> _Outside:
    """Newlines and delimiters outside quotes, by quote parity."""
    is_mark, is_newline = bytes_ == mark, bytes_ == 10
    quotes = np.flatnonzero(bytes_ == 34)
    if len(quotes) * _SPARSE < len(block):
        # Few quotes: count everything, then take off what the few quoted pieces hold.
        inside = b"".join(block.split(b'"')[0 if in_quotes else 1 :: 2])
        return _Outside(
            len(quotes),
            int(np.count_nonzero(is_newline)) - inside.count(b"\n"),
            int(np.count_nonzero(is_mark)) - inside.count(bytes([mark])),
        )
    outside = int(in_quotes)
    newlines = np.searchsorted(quotes, np.flatnonzero(is_newline)) & 1
    marks = np.searchsorted(quotes, np.flatnonzero(is_mark)) & 1
    return _Outside(
        len(quotes),
        int(np.count_nonzero(newlines == outside)),
        int(np.count_nonzero(marks == outside)),
    )


def _is_led(block: bytes, bytes_: Numbers, mark: int, in_quotes: bool) -> bool:
    """Whether nothing but spaces stands between the begin of a cell and a quote that opens."""
    opening = np.flatnonzero(bytes_ == 34)[int(in_quotes) :: 2]
    opening = opening[opening > 0]
    for place in opening[bytes_[opening - 1] == 32].tolist():
        begin = 1 + max(block.rfind(b"\n", 0, place), block.rfind(mark, 0, place))
        if not block[begin:place].strip(b" "):
            return True
    return False


def _is_trailed(bytes_: Numbers, in_quotes: bool) -> bool:
    """Whether a space follows a quote that closes."""
    closing = np.flatnonzero(bytes_ == 34)[int(not in_quotes) :: 2]
    closing = closing[closing < len(bytes_) - 1]
    return bool((bytes_[closing + 1] == 32).any())


def _ends_outside(bytes_: Numbers, in_quotes: bool) -> Numbers:
    quotes, newlines = np.flatnonzero(bytes_ == 34), np.flatnonzero(bytes_ == 10)
    is_outside = (np.searchsorted(quotes, newlines) & 1) == int(in_quotes)
    return np.compress(is_outside, newlines)


def _count_blank(block: bytes) -> int:
    return sum(1 for line in block.split(b"\n")[1:-1] if not line.strip(b"\r"))


def _blank_among(ends: Numbers, bytes_: Numbers, starts_line: bool) -> int:
    """Lines outside quotes holding nothing or one carriage return."""
    starts = np.empty(len(ends), dtype=np.int64)
    if not len(ends):
        return 0
    starts[0] = -1 if starts_line else -(1 << 40)
    starts[1:] = ends[:-1]
    gaps = ends - starts
    single = gaps == 1
    double = gaps == 2
    if double.any():
        double &= bytes_[np.maximum(ends - 1, 0)] == 13
    return int((single | double).sum())
