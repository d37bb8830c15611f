"""The only way our own commands read a release: read-only, without files, network or settings.

A read-only DuckDB connection still writes files with COPY and reads any file of the machine; with
`enable_external_access=false` and a locked configuration it does neither [measured]. What the rows
mean is left to the reader; which release is current is left to `releases`.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

from dagster_project.lib.errors import KuraError
from dagster_project.settings import House

WAREHOUSE = "warehouse.duckdb"
Format = Literal["table", "csv", "json"]
_BATCH = 2_000
_TABLE_ROWS = 1_000


class QueryError(KuraError):
    """The question could not be answered."""


@contextmanager
def sandboxed(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to one file, closed to everything else of the machine.

    Raises QueryError when the file is not a database that can be opened.
    """
    try:
        connection = duckdb.connect(
            str(warehouse),
            read_only=True,
            config={
                "enable_external_access": "false",
                "autoload_known_extensions": "false",
                "autoinstall_known_extensions": "false",
                "allow_community_extensions": "false",
                "lock_configuration": "true",
            },
        )
    except duckdb.Error as error:
        raise QueryError(
            "The database file cannot be opened: " + str(error).splitlines()[0],
            where=str(warehouse),
            remedy="Go back to a whole release with `kpi rollback`, or run a night.",
        ) from error
    try:
        yield connection
    finally:
        connection.close()


@dataclass(frozen=True)
class Answer:
    """The columns of a result and its rows, fetched while they are iterated."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


@contextmanager
def query(house: House, sql: str) -> Iterator[Answer]:
    """Ask the current release one question.

    Raises QueryError when there is no release, when the SQL is wrong, holds several statements, or
    tries to leave the sandbox.
    """
    # The link is followed once, so one question is answered by one release.
    release = house.current.resolve()
    warehouse = release / WAREHOUSE
    if not warehouse.is_file():
        raise QueryError(
            "There is no release to ask yet.",
            where=str(house.current),
            remedy="Run a night with `kpi run`; its table says why when it does not publish.",
        )
    with sandboxed(warehouse) as connection:
        try:
            statements = connection.extract_statements(sql)
            if len(statements) != 1:
                raise QueryError(
                    f"One statement at a time; this text holds {len(statements)}.",
                    remedy='For example: kpi query "select * from release"',
                )
            connection.execute(statements[0])
            description = connection.description
        except duckdb.Error as error:
            raise QueryError(
                str(error).splitlines()[0],
                where="the SQL text",
                remedy='Tables: `kpi query "show tables"`. Only reading is possible, and only '
                "the release.",
            ) from error
        names = tuple(column[0] for column in description or ())
        yield Answer(names, _fetch(connection))


def _fetch(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    try:
        while batch := connection.fetchmany(_BATCH):
            yield from batch
    except duckdb.Error as error:
        raise QueryError(str(error).splitlines()[0], where="the SQL text") from error


def render(answer: Answer, style: Format) -> Iterator[str]:
    """The answer as text, piece by piece; every piece ends with a line break.

    table: for eyes; stops after 1000 rows and says so.
    csv: RFC 4180, values exact. A text that starts with `=` is written as it is: programs read this
        output, and a changed value would be a wrong value. Import it as text into a spreadsheet.
    json: one object per line, dates in ISO 8601.
    """
    if style == "csv":
        yield from _csv(answer)
    elif style == "json":
        for row in answer.rows:
            record = dict(zip(answer.columns, (_plain(value) for value in row), strict=True))
            yield json.dumps(record, ensure_ascii=False) + "\n"
    else:
        yield from _table(answer)


def _csv(answer: Answer) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(answer.columns)
    for row in answer.rows:
        writer.writerow(["" if value is None else _csv_value(value) for value in row])
        if buffer.tell() > 1 << 16:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _csv_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    plain = _plain(value)
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, dict | list) else plain


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return float(value) if isinstance(value, Decimal) else str(value)


def _table(answer: Answer) -> Iterator[str]:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name in answer.columns:
        table.add_column(Text(name), overflow="fold")
    cut = False
    for number, row in enumerate(answer.rows):
        if number == _TABLE_ROWS:
            cut = True
            break
        table.add_row(*(Text(_cell(value)) for value in row))
    buffer = io.StringIO()
    # Many columns need more room than a terminal has; a pager scrolls sideways.
    width = max(shutil.get_terminal_size((120, 0)).columns, 16 * len(answer.columns))
    Console(file=buffer, width=width, color_system=None).print(table)
    yield buffer.getvalue()
    if cut:
        yield f"… the first {_TABLE_ROWS} rows; --format csv writes all.\n"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return str(_csv_value(value))
