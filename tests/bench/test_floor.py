"""The yardstick measures the same work: the hand-written floor and a night of the product say the
same, row by row.

Every count of `kpi_rep_daily` is equal; no difference is allowed. Rates and `status` are made of
what is compared, or of coverage, which the floor does not know: where the product says null because
a day is not covered, the floor says 0.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from dagster_project.settings import House
from tests.agreement import same, told
from tests.bench import floor
from tests.harness import query
from tests.nights.quick import Quick
from tests.simulator import Plan, simulate, write_house

KEYS = ("rep_id", "date", "channel", "campaign", "team", "business_unit", "motion")
_MADE_OF_OTHERS = {
    "answer_rate", "human_rate", "connect_rate", "meeting_conversion_rate",
    "effective_meeting_rate", "status", "is_mature",
}  # fmt: skip
# What a history CSV cannot tell: its calls bring no speech analysis.
_NOT_IN_HISTORY = {"turns", "analysed_calls", "analysed_connects"}
# As the benchmark's worlds: history CSV alone, the newest day apart; long enough for losses, wins and merges.
_PLAN = Plan(
    seed=7, months=4, history_months=4, overlap=False, newest_day_apart=True, dials_per_day=6
)

Rows = dict[tuple[Any, ...], dict[str, Any]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    house = House(tmp_path_factory.mktemp("floor") / "house")
    write_house(simulate(_PLAN), house.root)
    return house


@pytest.fixture(scope="module")
def timings_and_rows(house: House) -> tuple[floor.Timings, list[dict[str, Any]]]:
    database = house.root.parent / "floor.duckdb"
    timings = floor.run(house.exports, _PLAN.as_of, database=database)
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute("select * from kpi_rep_daily")
        columns = [column[0] for column in found.description]
        return timings, [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


def _by_key(rows: list[dict[str, Any]]) -> Rows:
    found = {tuple(row[key] for key in KEYS): row for row in rows}
    assert len(found) == len(rows), "a key stands twice"
    return found


def test_the_floor_counts_what_the_product_counts(
    house: House, quick: Quick, timings_and_rows: tuple[floor.Timings, list[dict[str, Any]]]
) -> None:
    quick.marts(house, _PLAN.as_of)
    product = _by_key(query(house, "select * from marts.kpi_rep_daily"))
    ours = _by_key(timings_and_rows[1])
    columns = next(iter(product.values())).keys() - _MADE_OF_OTHERS
    assert columns == next(iter(ours.values())).keys()

    problems = [f"{key}: only the floor has it" for key in sorted(ours.keys() - product.keys())]
    problems += [f"{key}: only the product has it" for key in sorted(product.keys() - ours.keys())]
    for key in sorted(ours.keys() & product.keys()):
        problems += [
            f"{key}: {column}: floor {ours[key][column]!r}, product {product[key][column]!r}"
            for column in sorted(columns - set(KEYS))
            if not same(ours[key][column], product[key][column] or 0)
        ]
    assert not problems, told(problems)

    counts = columns - set(KEYS) - _NOT_IN_HISTORY
    silent = {name for name in counts if not any(row[name] for row in product.values())}
    assert not silent, f"equal, but only because nothing was counted: {sorted(silent)}"


def test_the_floor_says_how_long_each_step_took(
    timings_and_rows: tuple[floor.Timings, list[dict[str, Any]]],
) -> None:
    timings = timings_and_rows[0]
    names = ["decode", *(name for name, _ in floor.steps())]
    assert list(timings.wall) == list(timings.cpu) == names
    assert "kpi_rep_daily" in names
    assert all(seconds >= 0 for seconds in timings.cpu.values())
    assert str(timings).splitlines()[-1].startswith("total")
