"""Records to files in the vendors' formats, byte for byte the same every time.

What a record holds is not decided here: a writer spells headers, formats instants, chooses
bytes. Archives carry fixed dates, gzip carries none.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Final
from zoneinfo import ZoneInfo

from tests.simulator.world import BadRow, Delivery, Dialect, Record, World

_EPOCH_MS: Final = (
    "hubspot.email_events", "hubspot.form_submissions", "hubspot.deal_property_history",
    "hubspot.contact_property_history",
)  # fmt: skip
_ZIP_DATE: Final = (2026, 10, 1, 0, 0, 0)

# 応対履歴 CSV: English header -> Japanese header.
HISTORY_HEADERS: Final = {
    "Sequence ID": "シーケンスID",
    "Parent sequence ID": "親シーケンスID",
    "Previous sequence ID": "前シーケンスID",
    "User name": "ユーザー名",
    "Account name": "会社名",
    "Contact person name": "担当者名",
    "Call from": "発信元",
    "Call to": "着信先",
    "Call type": "通話種別",
    "Dial begin time": "ダイヤル開始時刻",
    "Call begin time": "通話開始時刻",
    "Call end time": "通話終了時刻",
    "Ringing time": "呼出時間",
    "Call duration": "通話時間",
    "Call memo": "応対メモ",
    "Overall": "総合評価",
}
HISTORY_LIST: Final = tuple(
    name for name in HISTORY_HEADERS if name not in ("Parent sequence ID", "Previous sequence ID")
)
HISTORY_FLOW: Final = tuple(HISTORY_HEADERS)
# Labels the English user interface writes for the Japanese call types.
ENGLISH_CALL_TYPES: Final = {
    "発信": "Outbound call",
    "発信(不在)": "Outbound call (No Answer)",
    "着信": "incoming call",
    "留守番電話": "answering machine",
}


def default_dialect(object_name: str) -> Dialect:
    """The plainest real format of an object."""
    system = object_name.partition(".")[0]
    if object_name == "miitel.webhook_calls" or system == "hubspot":
        return Dialect(format="jsonl")
    if system == "salesforce":
        return Dialect(bom=True)
    if system == "planning":
        return Dialect(quote_all=False)
    return Dialect()


def snake_case(api_name: str) -> str:
    """`CreatedDate` -> `created_date`: the spelling of connectors.

    Custom fields keep their API name, in lower case (`MeetingOutcome__c` -> `meetingoutcome__c`).
    """
    if api_name.endswith("__c"):
        return api_name.lower()
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", api_name)
    return re.sub(r"_+", "_", name).lower()


def file_columns(object_name: str, rows: Sequence[Record | BadRow], dialect: Dialect) -> list[str]:
    """Field names of a file, in order: the fields its records have, or the vendor's fixed list."""
    if object_name == "miitel.history_rows":
        return list(HISTORY_FLOW if dialect.view == "flow" else HISTORY_LIST)
    if dialect.columns:
        return [name for name, _ in dialect.columns]
    names: dict[str, None] = {}
    for row in rows:
        record = _flat(object_name, row.record if isinstance(row, BadRow) else row)
        if isinstance(record, Mapping):
            names.update((name, None) for name in record if not name.startswith("_"))
            if object_name.startswith("salesforce."):
                break  # an export of one query has one header
    return list(names)


def _flat(object_name: str, record: Any) -> Any:
    """HubSpot's Exports API gives one column per property and nothing around them."""
    return record["properties"] if object_name.startswith("hubspot.") else record


def _headers(object_name: str, columns: Sequence[str], dialect: Dialect) -> list[str]:
    if dialect.columns:
        return [header for _, header in dialect.columns]
    if dialect.header == "caps":
        return [name.upper() for name in columns]
    if dialect.header == "snake":
        return [snake_case(name) for name in columns]
    if dialect.header == "ja" and object_name == "miitel.history_rows":
        return [HISTORY_HEADERS[name] for name in columns]
    return list(columns)


def _cell(value: Any) -> Any:
    if value is None or type(value) is str:  # the csv writer writes None as an empty cell
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, datetime):
        return _zulu(value)
    return str(value)


def _zulu(value: datetime) -> str:
    """`2026-04-01T00:00:00.000Z`; strftime would take ten times as long."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat()[:19] + ".000Z"


def hours_minutes_seconds(seconds: int) -> str:
    """`754` -> `0:12:34`."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _history_cells(
    record: Mapping[str, Any], columns: Sequence[str], dialect: Dialect
) -> list[Any]:
    zone = ZoneInfo(dialect.timezone)
    cells: list[Any] = []
    for name in columns:
        value = record.get(name)
        if isinstance(value, datetime):
            cells.append(value.astimezone(zone).isoformat(" ")[:19])
        elif name in ("Ringing time", "Call duration") and isinstance(value, int):
            cells.append(hours_minutes_seconds(value) if dialect.durations == "hms" else str(value))
        elif name == "Call type" and dialect.header == "api":
            cells.append(ENGLISH_CALL_TYPES.get(str(value), _cell(value)))
        else:
            cells.append(_cell(value))
    return cells


def _mapped_value(value: Any, dialect: Dialect) -> Any:
    if isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(dialect.timezone))
        if dialect.format == "xlsx":
            return local.replace(tzinfo=None)
        return local.strftime(dialect.datetime_format or "%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value if dialect.format == "xlsx" else value.strftime(dialect.date_format)
    return value


def _csv_rows(
    object_name: str, rows: Iterable[Record | BadRow], columns: Sequence[str], dialect: Dialect
) -> Iterator[list[Any]]:
    for row in rows:
        record = row.record if isinstance(row, BadRow) else row
        if isinstance(record, str):
            raise TypeError(f"{object_name}: a CSV row must be a mapping")
        record = _flat(object_name, record)
        if object_name == "miitel.history_rows":
            yield _history_cells(record, columns, dialect)
        elif dialect.columns:
            yield [_cell(_mapped_value(record.get(name), dialect)) for name in columns]
        else:
            yield [_cell(record.get(name)) for name in columns]


def _iso(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")


def _epoch_ms(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp()) * 1000
    return _iso(value)


def _iso_z(value: Any) -> Any:
    if isinstance(value, datetime):
        return _zulu(value)
    return _iso(value)


def _json_default(object_name: str) -> Any:
    if object_name in _EPOCH_MS:
        return _epoch_ms
    return _iso_z if object_name.startswith("hubspot.") else _iso


def json_line(object_name: str, record: Mapping[str, Any]) -> str:
    """One JSON line, the envelope left out."""
    bare: dict[str, Any] = {name: value for name, value in record.items() if name[0] != "_"}
    if object_name == "hubspot.event_participations":
        properties = dict(bare["properties"])
        occurred = properties.get("occurredAt")
        if isinstance(occurred, datetime):
            properties["occurredAt"] = _epoch_ms(occurred)
        bare["properties"] = properties
    return json.dumps(
        bare, ensure_ascii=False, separators=(",", ":"), default=_json_default(object_name)
    )


def _write_text(
    text: IO[str], object_name: str, rows: Sequence[Record | BadRow], dialect: Dialect
) -> None:
    if dialect.format == "jsonl":
        for row in rows:
            if isinstance(row, BadRow) and isinstance(row.record, str):
                text.write(row.record + dialect.newline)
            else:
                record = row.record if isinstance(row, BadRow) else row
                assert isinstance(record, Mapping)
                text.write(json_line(object_name, record) + dialect.newline)
        return
    columns = file_columns(object_name, rows, dialect)
    writer = csv.writer(
        text,
        delimiter=dialect.delimiter,
        lineterminator=dialect.newline,
        quoting=csv.QUOTE_ALL if dialect.quote_all else csv.QUOTE_MINIMAL,
    )
    writer.writerow(_headers(object_name, columns, dialect))
    writer.writerows(_csv_rows(object_name, rows, columns, dialect))


def _xlsx(object_name: str, rows: Sequence[Record | BadRow], dialect: Dialect) -> bytes:
    from openpyxl import Workbook

    columns = file_columns(object_name, rows, dialect)
    workbook = Workbook()
    stamp = datetime(*_ZIP_DATE)
    workbook.properties.created = stamp
    workbook.properties.modified = stamp
    sheet = workbook.active
    assert sheet is not None
    sheet.title = "来場者"
    sheet.append(_headers(object_name, columns, dialect))
    for row in rows:
        record = row.record if isinstance(row, BadRow) else row
        assert isinstance(record, Mapping)
        sheet.append([_mapped_value(record.get(name), dialect) for name in columns])
    buffer = io.BytesIO()
    workbook.save(buffer)
    # openpyxl stamps every member, and docProps/core.xml, with the clock: pack again without it.
    packed = io.BytesIO()
    with zipfile.ZipFile(buffer) as made, zipfile.ZipFile(packed, "w") as fixed:
        for name in made.namelist():
            content = made.read(name)
            if name == "docProps/core.xml":
                content = re.sub(
                    rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2026-10-01T00:00:00Z", content
                )
            _add_member(fixed, name, content)
    return packed.getvalue()


def _add_member(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, _ZIP_DATE)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    member.create_system = 3
    archive.writestr(member, content)


def _write_plain(
    binary: IO[bytes], object_name: str, rows: Sequence[Record | BadRow], dialect: Dialect
) -> None:
    if dialect.format == "xlsx":
        binary.write(_xlsx(object_name, rows, dialect))
        return
    if dialect.bom:
        binary.write(b"\xef\xbb\xbf")
    text = io.TextIOWrapper(binary, encoding=dialect.encoding, errors="strict", newline="")
    _write_text(text, object_name, rows, dialect)
    text.flush()
    text.detach()


def _write_file(
    path: Path, object_name: str, rows: Sequence[Record | BadRow], dialect: Dialect
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as binary:
        if dialect.gzip:
            with gzip.GzipFile("", "wb", dialect.gzip_level, binary, mtime=0) as packed:
                _write_plain(packed, object_name, rows, dialect)  # type: ignore[arg-type]
        else:
            _write_plain(binary, object_name, rows, dialect)


def default_file(object_name: str, dialect: Dialect) -> str:
    """A file name the contract's patterns accept."""
    system, _, name = object_name.partition(".")
    stem = {"webhook_calls": "call_analysis_completed", "history_rows": "history"}.get(name, name)
    if system == "planning":
        stem = name
    suffix = {"csv": ".csv", "jsonl": ".jsonl", "xlsx": ".xlsx"}[dialect.format]
    return stem + suffix + (".gz" if dialect.gzip else "")


def write_records(
    out_dir: Path,
    object_name: str,
    records: Sequence[Record | BadRow],
    *,
    dialect: Dialect | None = None,
    file: str | None = None,
) -> Path:
    """Write hand-made records of one object as one export file; returns its path.

    `dialect` defaults to the plainest real format of the object, `file` to a name its contract
    accepts. Keys with a leading underscore are not written.
    """
    dialect = dialect or default_dialect(object_name)
    path = out_dir / (file or default_file(object_name, dialect))
    _write_file(path, object_name, records, dialect)
    return path


class DeliveryWriter:
    """Writes deliveries as they come; holds back only the members of archives.

    Files lie below `out_dir/<source_id>/`. `close` writes the archives and returns every path.
    """

    def __init__(self, out_dir: Path) -> None:
        self._out = out_dir
        self._paths: list[Path] = []
        self._members: dict[Path, list[Delivery]] = {}

    def write(self, delivery: Delivery) -> None:
        folder = self._out / delivery.source_id
        if delivery.archive is not None:
            self._members.setdefault(folder / delivery.archive, []).append(delivery)
            return
        path = folder / delivery.file
        _write_file(path, delivery.object_name, delivery.rows, delivery.dialect)
        self._paths.append(path)
        for copy in delivery.copies:
            (folder / copy).write_bytes(path.read_bytes())
            self._paths.append(folder / copy)

    def close(self) -> list[Path]:
        for path, members in self._members.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(path, "w") as archive:
                for member in members:
                    buffer = io.BytesIO()
                    dialect = replace(member.dialect, gzip=False)
                    _write_plain(buffer, member.object_name, member.rows, dialect)
                    _add_member(archive, member.file, buffer.getvalue())
            self._paths.append(path)
        self._members = {}
        return self._paths


def write_world(world: World, out_dir: Path) -> list[Path]:
    """Write every delivery below `out_dir/<source_id>/`; returns the files."""
    writer = DeliveryWriter(out_dir)
    for delivery in world.deliveries:
        writer.write(delivery)
    return writer.close()
