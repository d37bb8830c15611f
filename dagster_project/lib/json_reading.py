"""One decoded JSON-lines file to text Parquet, every line accounted for.

Belongs here: judging each line (JSON, an object, the paths the contract requires), control records
such as a webhook's verification challenge, and the columns of a mapped JSON-lines source. Left to
others: unnesting and casting (dbt staging). Rules: formats §6.1.11.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb

from dagster_project.lib.contracts import Column, Contract
from dagster_project.lib.csv_reading import PARQUET, Parsed, SetAside
from dagster_project.lib.decoding import MAX_RECORD_BYTES, count_records
from dagster_project.lib.rejections import FileRejected
from dagster_project.lib.sources import MappedObject, Source
from dagster_project.lib.sql_text import identifier, literal

# Never inside valid JSON text, so no line can be divided by it.
_NEVER = "\x01"
_SAMPLE = 20


def choose_by_shape(text: Path, candidates: tuple[Contract, ...], source: Source) -> Contract:
    """The JSON-lines contract the first records fit. Raises FileRejected."""
    if not candidates:
        raise FileRejected("no_contract", f"No object of {source.system} is a JSON-lines file.")
    sample = []
    for _, line in _lines(text):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if isinstance(record, dict):
            sample.append(record)
        if len(sample) == _SAMPLE:
            break
    if not sample:
        raise FileRejected("not_json_lines", "No line is a JSON object.")
    fitting = [
        contract
        for contract in candidates
        if any(
            all(_present(record, path) for path in _paths(contract, source)) for record in sample
        )
    ]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise FileRejected(
            "ambiguous_object",
            "The records fit " + " and ".join(contract.name for contract in fitting) + ".",
        )
    raise FileRejected(
        "no_contract",
        "The records fit no object: "
        + "; ".join(
            f"{contract.name} needs {', '.join(_paths(contract, source))}"
            for contract in candidates
        ),
    )


def read_json_lines(
    connection: duckdb.DuckDBPyConnection,
    text: Path,
    contract: Contract,
    source: Source,
    file_id: str,
    scratch: Path,
) -> Parsed:
    """Parse UTF-8 JSON lines into a Parquet file in `scratch`. Raises FileRejected."""
    _refuse_pretty_printed(text)
    count = count_records(text, None)
    target = scratch / "reading.parquet"
    rewritten = scratch / "rewritten.jsonl"
    plain = count.is_plain and not count.has_nul and not count.has_control
    lines: int | None = None
    try:
        if plain:
            try:
                lines = _parse(connection, text, contract, source, file_id, target)
            except duckdb.OperationalError:
                raise  # a full disk is no fault of the file
            except duckdb.Error:
                lines = None
            if lines != count.lines or _has_spaces_only(connection, target):
                lines = None
        if lines is None:
            expected = _rewrite(text, rewritten)
            lines = _parse(connection, rewritten, contract, source, file_id, target)
            if lines != expected:
                raise FileRejected(
                    "miscounted",
                    f"One reader finds {expected} records, the other {lines}.",
                    records=expected,
                )
    finally:
        rewritten.unlink(missing_ok=True)
    return _judged(connection, text, contract, source, lines, target, scratch)


def _parse(
    connection: duckdb.DuckDBPyConnection,
    text: Path,
    contract: Contract,
    source: Source,
    file_id: str,
    target: Path,
) -> int:
    required = _paths(contract, source)
    tests = [
        "when not json_valid(line) then 'bad_json'",
        "when json_type(line) <> 'OBJECT' then 'not_an_object'",
    ]
    tests += [
        f"when json_type(line, {literal(path)}) not in ('NULL') then '#control'"
        for path in contract.control_records
    ]
    tests += [
        f"when coalesce(json_type(line, {literal(path)}), 'NULL') = 'NULL' "
        f"then {literal('missing:' + path)}"
        for path in required
    ]
    mapped = source.mapped_object(contract.object_name)
    if mapped is None:
        values = "line as record"
    else:
        values = ", ".join(
            f"case when json_valid(line) then {_value(column, mapped)} end as {identifier(column.name)}"
            if column.name in mapped.columns
            else f"null::varchar as {identifier(column.name)}"
            for column in contract.columns
        )
        # The whole line: members nothing is read from today may be asked for when the export is gone.
        values += ", line as _extra"
    rows = connection.execute(
        f"""copy (
            select {literal(file_id)} as _file_id, {values},
                case {" ".join(tests)} end as _verdict,
                trim(line, chr(9) || chr(13) || ' ') = '' as _is_blank
            from read_csv(
                {literal(str(text))}, auto_detect = false, header = false,
                delim = {literal(_NEVER)}, quote = '', escape = '', strict_mode = false,
                nullstr = {literal(chr(2))}, max_line_size = {MAX_RECORD_BYTES},
                buffer_size = {2 * MAX_RECORD_BYTES},
                columns = {{'line': 'VARCHAR'}}
            )
        ) to {literal(str(target))} ({PARQUET})"""
    ).fetchone()
    assert rows is not None
    return int(rows[0])


def _judged(
    connection: duckdb.DuckDBPyConnection,
    text: Path,
    contract: Contract,
    source: Source,
    lines: int,
    target: Path,
    scratch: Path,
) -> Parsed:
    is_mapped = source.mapped_object(contract.object_name) is not None
    parquet = literal(str(target))
    verdicts = dict(
        connection.execute(
            f"select _verdict, count(*) from {parquet} where _verdict is not null group by all"
        ).fetchall()
    )
    names = tuple(column.name for column in contract.columns)
    columns = (*names, "_extra") if is_mapped else ("record",)
    control = int(verdicts.get("#control", 0))
    warnings = (
        (f"{control} control records (a challenge, or another event) skipped",) if control else ()
    )
    set_aside: tuple[SetAside, ...] = ()
    if set(verdicts) - {"#control"}:
        rows = connection.execute(
            f"""select file_row_number + 1, _verdict
            from read_parquet({parquet}, file_row_number = true)
            where _verdict is not null and _verdict <> '#control' order by 1"""
        ).fetchall()
        if rows[-1] == (lines, "bad_json") and not _ends_with_line_break(text):
            # Its records would look like a quiet day; only the whole file tells what is missing.
            raise FileRejected(
                "truncated_file",
                "The file ends in the middle of a record.",
                record=lines,
                records=lines,
            )
        raw = raw_lines(text, {int(record) for record, _ in rows})
        set_aside = tuple(
            SetAside(int(record), str(code), _message(str(code)), raw.get(int(record), ""))
            for record, code in rows
        )
    if verdicts or is_mapped:
        kept = scratch / "kept.parquet"
        exclude = "file_row_number, _verdict, _is_blank"
        connection.execute(
            f"""copy (
                select file_row_number + 1 as _record, * exclude ({exclude})
                from read_parquet({parquet}, file_row_number = true)
                where _verdict is null
            ) to {literal(str(kept))} ({PARQUET})"""
        )
        kept.replace(target)
    return Parsed(
        target, columns, lines - control, set_aside, warnings, bool(verdicts) or is_mapped
    )


def _ends_with_line_break(text: Path) -> bool:
    with text.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"


def _message(code: str) -> str:
    kind, _, path = code.partition(":")
    return {
        "bad_json": "The line is not valid JSON.",
        "not_an_object": "The line is not a JSON object.",
        "missing": f"The record has no {path}.",
    }[kind]


def raw_lines(text: Path, wanted: set[int]) -> dict[int, str]:
    """The exact text of some records, by record number."""
    return {number: line for number, line in _lines(text) if number in wanted}


def _lines(text: Path) -> Iterator[tuple[int, str]]:
    """(record number, line) of every line that is not blank."""
    number = 0
    with text.open(encoding="utf-8-sig", newline="\n") as stream:
        for line in stream:
            stripped = line.rstrip("\r\n")
            if not stripped.strip(" \t\r"):
                continue
            number += 1
            yield number, stripped


def _rewrite(text: Path, target: Path) -> int:
    """Lines DuckDB cannot misread: no blank ones, no control characters; how many there are."""
    lines = 0
    with target.open("w", encoding="utf-8", newline="\n") as out:
        for _, exported in _lines(text):
            lines += 1
            line = exported.replace("\r", " ")
            # JSON forbids raw control characters, so such a line is bad whatever it holds.
            is_bad = any(character < " " and character != "\t" for character in line)
            out.write("#" if is_bad else line)
            out.write("\n")
    return lines


def _has_spaces_only(connection: duckdb.DuckDBPyConnection, target: Path) -> bool:
    row = connection.execute(
        f"select count(*) filter (_is_blank) > 0 from {literal(str(target))}"
    ).fetchone()
    assert row is not None
    return bool(row[0])


def _refuse_pretty_printed(text: Path) -> None:
    first = next((line for _, line in _lines(text)), "")
    if first.strip() in ("{", "[", "[{"):
        raise FileRejected("not_json_lines", "The JSON is spread over several lines.")


def _paths(contract: Contract, source: Source) -> tuple[str, ...]:
    mapped = source.mapped_object(contract.object_name)
    if mapped is None:
        return contract.record_required
    return tuple(_path(mapped.columns[key]) for key in contract.key if key in mapped.columns)


def _value(column: Column, mapped: MappedObject) -> str:
    path = literal(_path(mapped.columns[column.name]))
    text = f"json_extract_string(line, {path})"
    if not column.is_identifier:
        return text
    # A number with a fraction has lost digits: written so that staging sees the damage.
    return (
        f"case when json_type(line, {path}) = 'DOUBLE' "
        f"then format('{{:E}}', json_extract(line, {path})::double) else {text} end"
    )


def _path(written: str) -> str:
    """A mapped JSON column: a path such as $.a.b, or the plain name of a member."""
    return written if written.startswith("$") else '$."' + written.replace('"', '\\"') + '"'


def _present(record: object, path: str) -> bool:
    value = record
    for part in path.removeprefix("$").replace('"', "").strip(".").split("."):
        if not isinstance(value, dict) or value.get(part) is None:
            return False
        value = value[part]
    return True
