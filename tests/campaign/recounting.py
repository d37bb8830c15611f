"""The records of an export, counted and compared by Python's own csv, json, zip and xml readers.

Nothing of the product's reading is used but what its receipt states (encoding, delimiter, which column a
header cell feeds): what is compared is whether every record and every cell arrived.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree

from dagster_project.lib.readings import Reading
from tests.campaign.breaking import Input

Rows = list[dict[str, object]]


def members(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {
                info.filename: archive.read(info)
                for info in archive.infolist()
                if not info.is_dir()
                and not any(part.startswith((".", "_", "~")) for part in info.filename.split("/"))
            }
    except Exception:  # a broken archive: its members are nobody's to count
        return {}


def texts_of(one: Input) -> dict[str, bytes]:
    """What text Python finds in an export, by archive member."""
    if one.content[:2] == b"\x1f\x8b":
        try:
            return {"": gzip.decompress(one.content)}
        except (OSError, EOFError, ValueError, zlib.error):
            return {}
    if one.content[:4] == b"PK\x03\x04" and not one.path.endswith(".xlsx"):
        return members(one.content)
    return {"": one.content}


def recounted(item: Reading, content: bytes, rows: Rows) -> Iterator[str]:
    """The records of an accepted file, counted and compared by other code than the product's."""
    if item.encoding == "xlsx":
        counted = _sheet_rows(content) - 1
        if counted != item.records_in:
            yield f"the sheet has {counted} rows below its header, {item.records_in} were counted"
        return
    text = _decoded(content, item)
    if item.receipt.header:
        yield from _cells_unlike(item, text, rows)
        return
    lines = [line for line in text.split("\n") if line.strip(" \t\r")]
    told = next((text for text in item.receipt.warnings if "control records" in text), "0")
    control = int(told.split()[0])
    if len(lines) != item.records_in + control:
        yield f"{len(lines)} lines, {item.records_in} records and {control} control records"
    mine = sum(_is_control(line) for line in lines)
    if item.system == "miitel" and mine != control:
        yield f"{mine} control records, {control} were skipped"


def _is_control(line: str) -> bool:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and record.get("challenge") is not None


def _decoded(content: bytes, item: Reading) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    if item.encoding == "cp932":
        return content.decode("cp932")
    return content.decode("utf-8-sig")


def _cells_unlike(item: Reading, text: str, rows: Rows) -> Iterator[str]:
    """Each cell as Python's csv reader finds it, against what raw keeps."""
    delimiter = item.receipt.delimiter or ","
    csv.field_size_limit(1 << 25)
    try:
        cells = [
            row
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
            if row
        ][1:]
    except csv.Error as error:
        yield f"accepted, but Python's csv reader refuses it: {error}"
        return
    if len(cells) != item.records_in:
        yield f"Python's csv reader finds {len(cells)} records, {item.records_in} were counted"
        return
    numbers = [
        int(str(row["_record"])) if "_record" in row else number
        for number, row in enumerate(rows, start=1)
    ]
    for number, row in zip(numbers, rows, strict=True):
        record = cells[number - 1]
        if len(record) != len(item.receipt.header):
            yield f"record {number} has {len(record)} cells and was accepted"
            return
        for cell, column in zip(record, item.receipt.placed, strict=True):
            if column and (row[column] or "") != cell:
                yield f"record {number}: {column} is {row[column]!r}, the file says {cell!r}"
                return


def _sheet_rows(content: bytes) -> int:
    """Rows of the first sheet with anything in them, by its XML alone."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name = min(name for name in archive.namelist() if re.match(r"xl/worksheets/.*\.xml", name))
        root = ElementTree.fromstring(archive.read(name))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    return sum(
        any(
            (value.text or "") != ""
            for value in row.iter()
            if value.tag in (f"{space}v", f"{space}t")
        )
        for row in root.iter(f"{space}row")
    )
