"""One way to look an expectation up, whoever made the tables.

`rows_of(table, where)` is given by the oracle or by a query on the release; what the found rows
must say is judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tests.cases.scene import Expect

Rows = Sequence[Mapping[str, Any]]
_SUMMED_TABLES = {"kpi_rep_daily", "kpi_channel_conversion"}


def differences(
    expect: Expect,
    rows_of: Callable[[str, Mapping[str, Any]], Rows],
    *,
    has_opinion: Callable[[str, str], bool] = lambda _table, _column: True,
) -> list[str]:
    """What the table says otherwise, one sentence each; empty when all is as expected.

    has_opinion(table, column): False leaves a column out (the oracle knows no status).
    """
    where = dict(expect.where)
    if expect.table == "kpi_channel_conversion":
        # A case that names no attribution model asks for the first touch.
        where.setdefault("attribution_model", "first_touch")
    rows = rows_of(expect.table, where)
    place = f"{expect.table} where {_shown(where)}"
    found = []
    for column, wanted in expect.values.items():
        if not has_opinion(expect.table, column):
            continue
        if column == "_rows":
            got: Any = len(rows)
        elif expect.table in _SUMMED_TABLES and not isinstance(wanted, bool | str):
            got = sum(row[column] or 0 for row in rows)
        elif len({_plain(row[column]) for row in rows}) == 1:
            got = rows[0][column]
        else:
            found.append(f"{place}: {column} should be {wanted!r}, found {len(rows)} rows")
            continue
        if not _equal(got, wanted):
            found.append(f"{place}: {column} should be {wanted!r}, is {got!r}")
    return found


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _equal(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, int | float) and isinstance(got, int | float | Decimal):
        return abs(float(got) - float(wanted)) < 1e-6
    return bool(got == wanted)


def _shown(where: Mapping[str, Any]) -> str:
    return ", ".join(f"{column}={value}" for column, value in where.items())
