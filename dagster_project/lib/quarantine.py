"""Records that stay out of the warehouse: kept, findable, private.

Belongs here: writing what ingestion set aside and what the casts in staging refused, and listing,
showing and exporting it. Files hold raw records, so they are 0600 in a 0700 folder; nothing here
writes a raw record to a log. Left to others: deciding what is set aside.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.lib import engine
from dagster_project.lib.csv_reading import SetAside
from dagster_project.lib.errors import KuraError
from dagster_project.lib.raw import private_folder, shown_path
from dagster_project.lib.sql_text import literal
from dagster_project.settings import House

_CAST = "cast_rejects.parquet"
_REJECTED = "rejected_files.json"
_FOLDER = "structure"
_COLUMNS = """file_id varchar, source_id varchar, system varchar, object_name varchar, path varchar,
    member varchar, record bigint, element integer, reason_code varchar, message varchar, raw varchar"""


class QuarantineError(KuraError):
    """The quarantine cannot be read or written as asked."""


@dataclass(frozen=True)
class QuarantineRow:
    """One line of the summary. `records` is 0 for a file that was rejected whole."""

    source_id: str
    object_name: str | None
    file_id: str
    path: str
    stage: str
    reason_code: str
    message: str
    records: int
    first_record: int | None
    remedy: str | None


@dataclass(frozen=True)
class SetAsideFile:
    """The records one reading set aside, with the names a person knows the file by."""

    file_id: str
    source_id: str
    system: str
    object_name: str
    path: str
    member: str | None
    records: tuple[SetAside, ...]


@dataclass(frozen=True)
class RejectedFile:
    """One file rejected whole tonight."""

    file_id: str
    source_id: str
    object_name: str | None
    path: str
    member: str | None
    reason_code: str
    message: str
    remedy: str | None


def set_aside_file(house: House, file_id: str) -> Path:
    """Where the records one reading set aside are kept."""
    return house.quarantine / _FOLDER / f"{file_id}.parquet"


def write_set_aside(
    house: House, connection: duckdb.DuckDBPyConnection, item: SetAsideFile
) -> None:
    """Keep what one reading set aside; written before the reading's receipt."""
    target = set_aside_file(house, item.file_id)
    private_folder(target.parent)
    connection.execute(f"create or replace temp table set_aside ({_COLUMNS})")
    rows = [
        (
            item.file_id,
            item.source_id,
            item.system,
            item.object_name,
            item.path,
            item.member,
            one.record,
            None,
            one.reason_code,
            one.message,
            one.raw,
        )
        for one in item.records
    ]
    for start in range(0, len(rows), 10_000):
        batch = rows[start : start + 10_000]
        connection.execute(
            "insert into set_aside select "
            + ", ".join(f"unnest(${place + 1})" for place in range(11)),
            [list(values) for values in zip(*batch, strict=True)],
        )
    _write(connection, "from set_aside order by record", target)


def keep_only(house: House, file_ids: Iterable[str]) -> None:
    """Remove what belongs to readings that no longer count: they were judged again."""
    current = set(file_ids)
    for path in (house.quarantine / _FOLDER).glob("*.parquet"):
        if path.name.removesuffix(".parquet") not in current:
            path.unlink(missing_ok=True)


def write_rejected_files(house: House, rejected: Iterable[RejectedFile]) -> None:
    """Tonight's whole-file rejections, for `kpi quarantine list`."""
    folder = house.quarantine
    private_folder(folder)
    temporary = folder / f".{_REJECTED}.new"
    _make_private(temporary)
    with temporary.open("w", encoding="utf-8") as stream:
        json.dump([vars(item) for item in rejected], stream, ensure_ascii=False, indent=1)
    temporary.replace(folder / _REJECTED)


def write_cast_rejects(house: House, connection: duckdb.DuckDBPyConnection) -> int:
    """Keep what the casts refused (`activity.act_rejected_records`), beside its raw record.

    connection: open on the work database after dbt ran. Returns how many rows were written.
    """
    folder = house.quarantine
    private_folder(folder)
    connection.execute(f"create or replace temp table cast_rejects ({_COLUMNS})")
    objects = connection.execute(
        """select distinct system, object_name from activity.act_rejected_records
        order by all"""
    ).fetchall()
    for system, object_name in objects:
        table = f'raw_{system}."{object_name}"'
        columns = [
            row[0]
            for row in connection.execute(f"select column_name from (describe {table})").fetchall()
        ]
        if "record" in columns:
            raw = "any_value(raw_rows.record)"
        else:
            kept = [name for name in columns if not name.startswith("_")] + ["_extra"]
            pairs = ", ".join(f'{literal(name)}, raw_rows."{name}"' for name in kept)
            raw = f"any_value(json_object({pairs})::varchar)"
        connection.execute(
            f"""insert into cast_rejects
            with refused as (
                select * from activity.act_rejected_records
                where system = {literal(system)} and object_name = {literal(object_name)}
            ),
            kept as (
                select raw_rows._file_id, raw_rows._record, {raw} as raw
                from {table} as raw_rows
                inner join (select distinct file_id, record from refused) as wanted
                    on raw_rows._file_id = wanted.file_id and raw_rows._record = wanted.record
                group by all
            )
            select refused.file_id, refused.source_id, refused.system, refused.object_name,
                files.path, files.member, refused.record, refused.element, refused.reject_reason,
                refused.reject_reason, kept.raw
            from refused
            left join raw_kura.files as files on files.file_id = refused.file_id
            left join kept
                on kept._file_id = refused.file_id and kept._record = refused.record"""
        )
    _write(connection, "from cast_rejects order by file_id, record, element", folder / _CAST)
    row = connection.execute("select count(*) from cast_rejects").fetchone()
    assert row is not None
    return int(row[0])


def list_quarantine(house: House, source: str | None = None) -> tuple[QuarantineRow, ...]:
    """Everything set aside, one line per file, stage and reason; of one source if named."""
    lines = [
        QuarantineRow(
            item["source_id"],
            item["object_name"],
            item["file_id"],
            shown_path(item["path"], item["member"]),
            "file",
            item["reason_code"],
            item["message"],
            0,
            None,
            item["remedy"],
        )
        for item in _rejected(house)
    ]
    with engine.connect() as connection:
        for stage, table in _sources(house):
            lines += [
                QuarantineRow(
                    row[0],
                    row[1],
                    row[2],
                    shown_path(row[3] or "", row[4]),
                    stage,
                    row[5],
                    row[6],
                    row[7],
                    row[8],
                    None,
                )
                for row in connection.execute(
                    f"""select source_id, object_name, file_id, any_value(path),
                        any_value(member), reason_code, any_value(message), count(*), min(record)
                    from {table} group by source_id, object_name, file_id, reason_code
                    order by all"""
                ).fetchall()
            ]
    return tuple(line for line in lines if source in (None, line.source_id))


def show(house: House, file_id: str, record: int) -> str:
    """The raw text of one record set aside.

    Raises QuarantineError when there is none. The text is personal data: print it, never log it.
    """
    with engine.connect() as connection:
        for _, table in _sources(house):
            row = connection.execute(
                f"select raw from {table} where file_id = ? and record = ? limit 1",
                [file_id, record],
            ).fetchone()
            if row is not None:
                return str(row[0] or "")
    raise QuarantineError(
        "No such record is in quarantine.",
        where=f"{file_id}, record {record}",
        remedy="`kpi quarantine list` shows what is.",
    )


def export(house: House, path: Path, source: str | None = None) -> int:
    """Write every record set aside (of one source if named) as CSV, 0600; how many there are."""
    tables = [table for _, table in _sources(house)]
    if not tables:
        tables = [f"(select {_empty()} where false)"]
    with engine.connect() as connection:
        connection.execute(
            "create temp table exported as "
            + " union all by name ".join(f"select * from {table}" for table in tables)
        )
        if source is not None:
            connection.execute("delete from exported where source_id <> ?", [source])
        _make_private(path)
        connection.execute(
            f"copy (from exported order by path, file_id, record, element) "
            f"to {literal(str(path))} (header, use_tmp_file false)"
        )
        path.chmod(0o600)
        row = connection.execute("select count(*) from exported").fetchone()
    assert row is not None
    return int(row[0])


def _empty() -> str:
    return ", ".join(
        f"null::{part.split()[1]} as {part.split()[0]}" for part in _COLUMNS.split(",")
    )


def _sources(house: House) -> list[tuple[str, str]]:
    folder = house.quarantine
    sources = []
    structure = sorted(str(path) for path in (folder / _FOLDER).glob("*.parquet"))
    if structure:
        listed = ", ".join(literal(path) for path in structure)
        sources.append(("structure", f"read_parquet([{listed}])"))
    if (folder / _CAST).is_file():
        sources.append(("cast", f"read_parquet({literal(str(folder / _CAST))})"))
    return sources


def _rejected(house: House) -> list[dict[str, str]]:
    try:
        found = json.loads((house.quarantine / _REJECTED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return list(found)


def _write(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    temporary = target.with_name(f".{target.name}.new")
    # Created private first: DuckDB would create it with the user's usual mode.
    _make_private(temporary)
    connection.execute(
        f"copy ({query}) to {literal(str(temporary))} "
        "(format parquet, compression zstd, use_tmp_file false)"
    )
    temporary.chmod(0o600)
    temporary.replace(target)


def _make_private(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
