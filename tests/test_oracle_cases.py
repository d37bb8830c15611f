"""The oracle answers every hand-worked case as the hand did."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from tests.agreement import Reader, minimum_samples, oracle_of, place_of
from tests.cases import cases, night
from tests.cases.houses import HOUSES
from tests.cases.lookup import Rows, differences
from tests.cases.scene import Case
from tests.oracle.contribution import contribution
from tests.oracle.status import Judge
from tests.plan_agreement import planned_tables

# What only the product publishes: coverage and labels of rows where nothing happened.
SILENT = {
    ("kpi_rep_daily", "has_activity"),
    ("kpi_rep_daily", "_rows"),
    ("kpi_channel_conversion", "status"),
    ("kpi_connect_calibration", "status"),
    ("kpi_customer_voice", "status"),
}


# Planning's own tables, which the oracle makes of the records themselves.
PLANNED = ("kpi_targets", "kpi_actions")


@cache
def planned_of(house: str) -> Mapping[str, Rows]:
    return planned_tables(night(house).records, oracle_of(house))


@cache
def reader_of(house: str) -> Reader:
    return Reader(oracle_of(house))


@cache
def contributions_of(house: str) -> Rows:
    found = oracle_of(house)
    return contribution(found, Judge(found), minimum_samples())


@pytest.mark.parametrize(
    "case", cases(), ids=lambda case: f"{case.number:02d}_{case.build.__name__}"
)
def test_the_oracle_agrees_with_the_hand(case: Case) -> None:
    """Absent rows count as nothing: the oracle writes no spine of idle days."""
    found = oracle_of(case.house)

    def rows_of(table: str, where: Mapping[str, Any]) -> Rows:
        if table == "kpi_scorecard":
            return [reader_of(case.house).row(where["metric"], place_of(dict(where)))]
        if table == "kpi_contribution":
            rows = contributions_of(case.house)
        else:
            rows = planned_of(case.house)[table] if table in PLANNED else found.tables[table]
        return [
            row for row in rows if all(row.get(column) == value for column, value in where.items())
        ]

    problems = []
    for expect in night(case.house).expectations[case.number]:
        if expect.table in ("kpi_data_quality", "kpi_review", "kpi_bottleneck", "kpi_balance"):
            continue  # of files and revisions the oracle knows nothing; the diagnosis has tests of its own
        problems += differences(
            expect, rows_of, has_opinion=lambda table, column: (table, column) not in SILENT
        )
    assert not problems, f"\n{case.question}\n{case.why}\n" + "\n".join(problems)


def test_there_are_at_least_forty_cases_and_some_in_every_house() -> None:
    assert len(cases()) >= 40
    assert {case.house for case in cases()} == set(HOUSES)
