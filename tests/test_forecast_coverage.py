"""Landing forecasts of a simulated company, made on many days of its past, hold what they promise.

The oracle makes them, which `test_oracle_plan` shows to be the warehouse's. The company of this test has no
story, so that its pace is the same before and after; a pace that changes is no fault of an interval.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from tests.oracle.forecast import Forecaster
from tests.oracle.metrics import Row
from tests.oracle.scorecard import Place
from tests.oracle.settings import settings_from
from tests.oracle.tables import Answer, answer
from tests.oracle.windows import Windows, key_of, span_of
from tests.simulator import Plan, configuration, simulate

METRICS = ("dials", "connects", "emails_sent", "meetings_booked", "opportunities_created")
MONTHS = (5, 6, 7, 8)


@pytest.fixture(scope="module")
def company() -> Answer:
    plan = Plan(
        seed=23, reps=12, months=6, stories=False, calm=True, bad_rows=False, marketing=False
    )
    world = simulate(plan)
    return answer(world.records, plan.as_of, settings_from(*configuration(world.settings)))


def _total(rows: list[Row], scope: tuple[str, str], metric: str, first: date, last: date) -> float:
    amounts: list[float] = [
        row[metric]
        for row in rows
        if first <= row["date"] <= last and key_of(row, scope[0]) == scope[1]
    ]
    return sum(amounts)


def test_four_of_five_landings_lie_in_the_80_percent_interval(company: Answer) -> None:
    """Of company and reps, in the middle of each of four months, with 60 days behind them at least."""
    inside: Counter[str] = Counter()
    tries = 0
    reps = [rep for rep in company.roster.reps if rep.startswith("R")]
    rows = company.tables["days"]
    for month in MONTHS:
        as_of = date(2026, month, 14)
        first, last = span_of(as_of, "month", company.settings)
        known = {"days": [row for row in rows if row["date"] <= as_of]}
        then = replace(company, as_of=as_of, tables={**company.tables, **known})
        forecaster = Forecaster(Windows(then))
        for scope in [("company", "company"), *(("rep", rep) for rep in reps)]:
            for metric in METRICS:
                value = _total(rows, scope, metric, first, as_of)
                figure = {"value": value, "covered_days": 1, "uncovered_days": 0}
                row = forecaster.row(Place("month", first, *scope), metric, figure, None)
                landed = _total(rows, scope, metric, first, last)
                if row["status"] != "ok" or not row["days_remaining"]:
                    continue
                tries += 1
                for level in ("80", "95"):
                    low, high = row[f"landing_low_{level}"], row[f"landing_high_{level}"]
                    inside[level] += low - 0.5 <= landed <= high + 0.5
    assert tries > 100
    assert inside["80"] / tries == pytest.approx(0.80, abs=0.10)
    assert inside["95"] / tries == pytest.approx(0.95, abs=0.05)
