"""One decoded CSV file to text Parquet, every record accounted for.

Belongs here: parsing by DuckDB in strict mode, the cross-check against an independent count, the
careful second reader that settles every disagreement, and the records set aside for a damaged id.
Left to others: encodings, headers, what values mean. Rules: formats §6.1.5-11.

Two readers are used because either alone is silent somewhere: DuckDB skips blank lines, drops a
trailing delimiter and spaces beside quotes, and accepts NUL; Python's csv module is strict but slow.
DuckDB reads; newlines, quotes and delimiters are counted apart; where the two differ, the csv module
judges, and either names the record at fault or rewrites the file so that DuckDB cannot misread it.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from dagster_project.lib.decoding import MAX_RECORD_BYTES, Count, count_records
from dagster_project.lib.headers import Columns, HeaderLine
from dagster_project.lib.rejections import FileRejected
from dagster_project.lib.sql_text import identifier, literal

# Excel writes a long number as 5.6353E+15; its digits are gone and no rule can bring them back.
_SCIENTIFIC = r"^[+-]?\d(?:[.,]\d+)?[eE]\+?\d+$"
_SPACED = re.compile(' +"')
_UNKNOWN = "unknown columns kept: "
PARQUET = "format parquet, compression zstd, compression_level 1"


@dataclass(frozen=True)
class SetAside:
    """One record that stays out of raw. `record` is 1-based, the header line not counted."""

    record: int
    reason_code: str
    message: str
    raw: str


@dataclass(frozen=True)
class Parsed:
    """What reading one file into `location` gave. has_record: `_record` is a stored column."""

    location: Path
    columns: tuple[str, ...]
    records_in: int
    set_aside: tuple[SetAside, ...]
    warnings: tuple[str, ...]
    has_record: bool


def read_csv(
    connection: duckdb.DuckDBPyConnection,
    text: Path,
    header: HeaderLine,
    columns: Columns,
    file_id: str,
    scratch: Path,
) -> Parsed:
    """Parse UTF-8 text into a Parquet file in `scratch`. Raises FileRejected."""
    count = count_records(text, header.delimiter)
    if count.has_nul:
        raise FileRejected("nul_bytes", "The file holds NUL bytes.", records=count.lines - 1)
    target = scratch / "reading.parquet"
    try:
        records, blanks = _parse_surely(
            connection, text, header, columns, file_id, target, scratch, count
        )
    except FileRejected as rejected:
        rejected.records = rejected.records or max(count.lines - 1, 0)
        raise
    warnings = list(columns.warnings)
    if columns.extra:
        warnings.append(_UNKNOWN + ", ".join(list(columns.extra)[:40]))
    if not count.is_ended and count.lines > 1:
        warnings.append(
            "the last line has no line end: compare the file with its origin if the "
            "system that wrote it always ends its lines"
        )
    if blanks:
        warnings.append(f"{blanks} blank lines skipped")
    names = tuple(column.name for column in columns.contract.columns)
    set_aside = _damaged_ids(connection, target, columns, text)
    if set_aside:
        _keep_others(connection, target, [item.record for item in set_aside], scratch)
    return Parsed(target, (*names, "_extra"), records, set_aside, tuple(warnings), bool(set_aside))


def read_table_of_records(
    connection: duckdb.DuckDBPyConnection,
    text: Path,
    header: HeaderLine,
    columns: Columns,
    file_id: str,
    scratch: Path,
) -> Parsed:
    """Parse a table an API wrote of its records into those records: every cell is a property.

    So one staging model reads both. Raises FileRejected.
    """
    labels = columns.properties(header.cells)
    cells = replace(columns, contract=replace(columns.contract, columns=()), extra=labels)
    found = read_csv(connection, text, header, cells, file_id, scratch)
    label_of = {place: label for label, place in labels.items()}
    members = ["'\"properties\":' || coalesce(_extra, '{}')"]
    for column in columns.contract.columns:
        if column.name in columns.position_of and column.property_name is None:
            member = (column.path or "").removeprefix("$.")
            cell = _cell(label_of[columns.position_of[column.name]])
            members.append(f"{literal(json.dumps(member) + ':')} || to_json({cell})::varchar")
    target = scratch / "records.parquet"
    connection.execute(
        f"""copy (
            select * exclude (_extra), '{{' || concat_ws(',', {", ".join(members)}) || '}}' as record
            from {literal(str(found.location))}
        ) to {literal(str(target))} ({PARQUET})"""
    )
    target.replace(found.location)
    warnings = tuple(item for item in found.warnings if not item.startswith(_UNKNOWN))
    return replace(found, columns=("record",), warnings=warnings)


def _cell(label: str) -> str:
    """SQL of one cell among those kept as JSON."""
    escaped = label.replace("\\", "\\\\").replace('"', '\\"')
    path = '$."' + escaped + '"'
    return f"json_extract_string(_extra, {literal(path)})"


def _parse_surely(
    connection: duckdb.DuckDBPyConnection,
    text: Path,
    header: HeaderLine,
    columns: Columns,
    file_id: str,
    target: Path,
    scratch: Path,
    count: Count,
) -> tuple[int, int]:
    """(records, blank lines), sure of every record. Raises FileRejected."""
    records = _parse_plainly(connection, text, header, columns, file_id, target, count)
    if records is not None:
        return records, 0
    width = len(header.cells)
    rewritten = scratch / "rewritten.csv"
    try:
        expected, blanks = _rewrite(
            text, header.delimiter, width, rewritten, count.has_spaced_quotes
        )
        try:
            records = _parse(connection, rewritten, ",", width, columns, file_id, target)
        except duckdb.OperationalError:
            raise  # a full disk is no fault of the file
        except duckdb.Error as error:
            raise FileRejected(
                "miscounted", "One reader accepts the file, the other does not."
            ) from error
        if records != expected:
            raise FileRejected(
                "miscounted", f"One reader finds {expected} records, the other {records}."
            )
    finally:
        rewritten.unlink(missing_ok=True)
    return records, blanks


def _parse_plainly(
    connection: duckdb.DuckDBPyConnection,
    text: Path,
    header: HeaderLine,
    columns: Columns,
    file_id: str,
    target: Path,
    count: Count,
) -> int | None:
    """Records read by DuckDB, or None when any sign says that it may have misread."""
    width = len(header.cells)
    expected = count.lines - 1
    if not count.is_plain or count.delimiters != count.lines * (width - 1):
        return None
    if not header.begins_file or count.lines < 1:
        return None
    try:
        records = _parse(connection, text, header.delimiter, width, columns, file_id, target)
    except duckdb.OperationalError:
        raise  # a full disk is no sign of a misreading
    except duckdb.Error:
        return None
    return records if records == expected else None


def _parse(
    connection: duckdb.DuckDBPyConnection,
    text: Path,
    delimiter: str,
    width: int,
    columns: Columns,
    file_id: str,
    target: Path,
) -> int:
    cells = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(width))
    selected = [f"{literal(file_id)} as _file_id"]
    for column in columns.contract.columns:
        place = columns.position_of.get(column.name)
        value = "null::varchar" if place is None else f"c{place}"
        selected.append(f"{value} as {identifier(column.name)}")
    selected.append(f"{_extra_json(columns)} as _extra")
    rows = connection.execute(
        f"""copy (
            select {", ".join(selected)}
            from read_csv(
                {literal(str(text))}, auto_detect = false, header = true,
                delim = {literal(delimiter)}, quote = '"', escape = '"', strict_mode = true,
                max_line_size = {MAX_RECORD_BYTES}, buffer_size = {2 * MAX_RECORD_BYTES},
                columns = {{{cells}}}
            )
        ) to {literal(str(target))} ({PARQUET})"""
    ).fetchone()
    assert rows is not None
    return int(rows[0])


def _extra_json(columns: Columns) -> str:
    """Unknown columns as one JSON object of the non-empty ones; null if there are none."""
    if not columns.extra:
        return "null::varchar"
    parts = ", ".join(
        f"case when c{place} is not null then "
        f"{literal(json.dumps(header, ensure_ascii=False) + ':')} || to_json(c{place})::varchar end"
        for header, place in columns.extra.items()
    )
    return f"'{{' || nullif(concat_ws(',', {parts}), '') || '}}'"


def _rewrite(
    text: Path, delimiter: str, width: int, target: Path, may_be_spaced: bool
) -> tuple[int, int]:
    """Judge record by record and write the canonical form; (records, blank lines)."""
    records = blanks = 0
    with (
        text.open(encoding="utf-8-sig", newline="") as stream,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        number = -1
        try:
            for row in reader:
                if not row:
                    blanks += 1
                    continue
                number += 1
                if len(row) != width:
                    raise FileRejected(
                        "row_length",
                        f"Record {number} has {len(row)} cells; the header has {width}.",
                        record=number,
                    )
                if may_be_spaced and any(map(_SPACED.match, row)):
                    raise FileRejected(
                        "bad_quoting",
                        f"Record {number} has spaces before an opening quotation mark: nobody can "
                        "tell whether both belong to the value.",
                        record=number,
                    )
                writer.writerow(row)
        except csv.Error as error:
            code = "record_too_long" if "field limit" in str(error) else "bad_quoting"
            raise FileRejected(
                code, f"Record {number + 1} cannot be read: {error}.", record=number + 1
            ) from error
        records = number
    return records, blanks


def _damaged_ids(
    connection: duckdb.DuckDBPyConnection,
    parquet: Path,
    columns: Columns,
    text: Path,
) -> tuple[SetAside, ...]:
    identifiers = [
        column.name
        for column in columns.contract.columns
        if column.is_identifier and column.name in columns.position_of
    ]
    if not identifiers:
        return ()
    suspected = " or ".join(
        f"(contains({identifier(item)}, 'E') or contains({identifier(item)}, 'e')) "
        f"and regexp_full_match({identifier(item)}, {literal(_SCIENTIFIC)})"
        for item in identifiers
    )
    which = ", ".join(
        f"case when regexp_full_match({identifier(item)}, {literal(_SCIENTIFIC)}) then {literal(item)} end"
        for item in identifiers
    )
    rows = connection.execute(
        f"""select file_row_number + 1, concat_ws(', ', {which})
        from read_parquet({literal(str(parquet))}, file_row_number = true)
        where {suspected} order by 1"""
    ).fetchall()
    if not rows:
        return ()
    raw = raw_records(text, {int(record) for record, _ in rows})
    return tuple(
        SetAside(
            int(record),
            f"excel_scientific:{found}",
            f"{found} was turned into a number by Excel; its digits are lost.",
            raw.get(int(record), ""),
        )
        for record, found in rows
    )


def _keep_others(
    connection: duckdb.DuckDBPyConnection, parquet: Path, records: list[int], scratch: Path
) -> None:
    """Take records out of the Parquet file; the others then need their number stored."""
    kept = scratch / "kept.parquet"
    connection.execute("create or replace temp table taken_out (record bigint)")
    connection.execute("insert into taken_out select unnest(?)", [records])
    connection.execute(
        f"""copy (
            select file_row_number + 1 as _record, * exclude (file_row_number)
            from read_parquet({literal(str(parquet))}, file_row_number = true)
            where file_row_number + 1 not in (select record from taken_out)
        ) to {literal(str(kept))} ({PARQUET})"""
    )
    kept.replace(parquet)


def raw_records(text: Path, wanted: set[int]) -> dict[int, str]:
    """The exact text of some records of well-formed CSV, by record number."""
    found: dict[int, str] = {}
    number = 0
    lines: list[str] = []
    quotes = 0
    with text.open(encoding="utf-8-sig", newline="") as stream:
        for line in stream:
            if not lines and not line.strip("\r\n"):
                continue
            lines.append(line)
            quotes += line.count('"')
            if quotes % 2:
                continue
            if number in wanted:
                found[number] = "".join(lines).rstrip("\r\n")
            number += 1
            lines, quotes = [], 0
    return found
