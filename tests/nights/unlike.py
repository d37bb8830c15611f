"""Rows of the same tables that two work databases do not share."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

Row = tuple[Any, ...]
# Beside the marts: what was set aside must be the same, too.
SET_ASIDE = "raw_kura.file_quarantine"
# What says which night a row is of.
OF_THE_NIGHT = (
    "release_id", "run_id", "finished_at", "created_at", "published_at", "built_at",
    "previous_release_id", "previous_as_of_date",
)  # fmt: skip
# Compares releases: what it says depends on which nights were published (architecture D5).
OF_RELEASES = ("kpi_restatements",)


@dataclass(frozen=True)
class Difference:
    """What one table has too few and too many of, compared with the reference; both in order."""

    table: str
    columns: tuple[str, ...]
    missing: tuple[Row, ...]
    too_many: tuple[Row, ...]

    def __str__(self) -> str:
        head = f"{self.table}: {len(self.missing)} rows missing, {len(self.too_many)} too many"
        pairs = zip(self.missing[:3], self.too_many[:3], strict=False)
        lines = [_told(self.columns, *pair) for pair in pairs]
        if not lines:
            lines = [f"  {row}" for row in (self.missing or self.too_many)[:2]]
        return "\n".join([head, *lines])


def differences(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[str], without: Collection[str]
) -> list[Difference]:
    """Of these tables, with the database attached as `reference`; columns `without` do not count."""
    found = (_difference(connection, table, without) for table in tables)
    return [difference for difference in found if difference is not None]


def published(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The marts but those that compare releases, and what was set aside."""
    rows = connection.execute(
        """select distinct table_name from duckdb_tables()
        where schema_name = 'marts' order by all"""
    ).fetchall()
    return [*(f"marts.{name}" for (name,) in rows if name not in OF_RELEASES), SET_ASIDE]


def _difference(
    connection: duckdb.DuckDBPyConnection, table: str, without: Collection[str]
) -> Difference | None:
    columns = [
        (str(name), str(kind))
        for name, kind, *_ in connection.execute(f"describe reference.{table}").fetchall()
        if name not in without
    ]
    # Parallel sums differ in the last digits.
    selected = ", ".join(
        f'printf(\'%.10g\', "{name}") as "{name}"' if kind == "DOUBLE" else f'"{name}"'
        for name, kind in columns
    )
    mine, theirs = f"select {selected} from {table}", f"select {selected} from reference.{table}"
    missing = connection.execute(f"({theirs} except all {mine}) order by all").fetchall()
    too_many = connection.execute(f"({mine} except all {theirs}) order by all").fetchall()
    if not missing and not too_many:
        return None
    return Difference(table, tuple(name for name, _ in columns), tuple(missing), tuple(too_many))


def _told(columns: tuple[str, ...], before: Row, after: Row) -> str:
    """Two rows by their first values and by what is not alike."""
    unlike = [
        f"{name}: {was!r} → {now!r}"
        for name, was, now in zip(columns, before, after, strict=True)
        if was != now
    ]
    return f"  {before[:5]}: " + "; ".join(unlike[:8])
