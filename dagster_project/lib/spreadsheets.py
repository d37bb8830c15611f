"""An Excel sheet as UTF-8 CSV, so that one reader serves both.

Belongs here: typed cells to text (a date only where the cell is a date), row by row. Left to
others: everything a CSV file goes through. Rules: formats §6.1.10.
"""

from __future__ import annotations

import csv
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

from openpyxl import load_workbook

from dagster_project.lib.archives import ArchiveLimits, is_of_the_disk
from dagster_project.lib.rejections import FileRejected

_EXACT_BELOW = 1e15
_XLSX_TYPES = "[Content_Types].xml"


def is_workbook(path: Path) -> bool:
    """Whether the file is an .xlsx workbook, by content."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _XLSX_TYPES in archive.namelist() and any(
                name.startswith("xl/") for name in archive.namelist()
            )
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        return False


#: How date cells are written, as strptime formats.
DATE_CELLS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d")


def sheet_as_csv(path: Path, sheet: str | None, scratch: Path, limits: ArchiveLimits) -> Path:
    """Write one sheet (the first unless named) as comma CSV. Raises FileRejected."""
    _refuse_bombs(path, limits)
    target = scratch / "sheet.csv"
    try:
        workbook = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # openpyxl raises whatever a damaged part makes it stumble over
        if is_of_the_disk(error):
            raise
        raise FileRejected("damaged_workbook", f"The workbook cannot be read: {error}.") from error
    try:
        if sheet is not None and sheet not in workbook.sheetnames:
            raise FileRejected(
                "missing_sheet",
                f"There is no sheet {sheet!r}; there are {', '.join(workbook.sheetnames[:10])}.",
            )
        cells = workbook[sheet] if sheet is not None else workbook.worksheets[0]
        # The size a workbook states may be wrong; the rows themselves decide.
        cells.reset_dimensions()
        with target.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
            width = 0
            for row in cells.iter_rows(values_only=True):
                texts = [_text(value) for value in row]
                while texts and not texts[-1] and len(texts) > width:
                    texts.pop()
                if not any(texts):
                    continue
                width = width or len(texts)
                texts += [""] * (width - len(texts))
                writer.writerow(texts)
    except FileRejected:
        raise
    except Exception as error:  # likewise a damaged sheet
        if is_of_the_disk(error):
            raise
        raise FileRejected("damaged_workbook", f"The sheet cannot be read: {error}.") from error
    finally:
        workbook.close()
    return target


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, int | float) and abs(value) >= _EXACT_BELOW:
        # Excel keeps 15 digits: such an id has lost its end, and is set aside like 5.6353E+15 is.
        return f"{float(value):.15G}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _refuse_bombs(path: Path, limits: ArchiveLimits) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise FileRejected("damaged_workbook", f"The workbook is damaged: {error}.") from error
    if unpacked > limits.max_bytes:
        raise FileRejected(
            "archive_too_large",
            f"The workbook unpacks to {unpacked} bytes; {limits.max_bytes} are allowed.",
        )
