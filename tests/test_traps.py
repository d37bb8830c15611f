"""What other systems get wrong, tried on every metric of the demo company's release.

Joins that multiply, dates subtracted the wrong way round, means of means, percentages taken for shares. That
no model reads the clock, divides or averages outside the ratio macro: tests/marts/test_catalogue.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tests.conftest import DemoNight
from tests.harness import query
from tests.marts.test_catalogue import METRICS

Row = dict[str, Any]
RATIOS = sorted(name for name, metric in METRICS.items() if metric["type"] == "ratio")
SIMPLE = sorted(METRICS.keys() - set(RATIOS))
UNITS = {name: metric["config"]["meta"]["unit"] for name, metric in METRICS.items()}
SHARES = sorted(name for name, unit in UNITS.items() if unit == "ratio")
DURATIONS = sorted(name for name, unit in UNITS.items() if unit in ("seconds", "days"))
# Everybody and everything is in exactly one of each, or on the line of what belongs to nobody.
DIVISIONS = ("business_unit", "team", "rep", "motion", "channel")
# What the demo company has none of. test_oracle.py compares these on a company that has them.
ABSENT = {
    "company_won_amount_other_yen", "company_won_amount_untyped_yen", "company_won_amounts_unconverted",
    "overlong_calls", "won_amounts_unconverted",
}  # fmt: skip
# Meetings are no part of connects, and some are booked in the period after.
NO_PARTS = {"meeting_conversion_rate", "meeting_conversion_rate_from_connect"}


@pytest.fixture(scope="module")
def scorecard(demo_night: DemoNight) -> dict[str, list[Row]]:
    """The rows of each metric."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in query(demo_night.house, "select * from marts.kpi_scorecard"):
        found[row["metric"]].append(row)
    return found


@pytest.fixture(scope="module")
def catalogue(demo_night: DemoNight) -> dict[str, Row]:
    return {
        row["metric"]: row for row in query(demo_night.house, "select * from marts.dim_metrics")
    }


def known(rows: list[Row], **where: object) -> Iterator[Row]:
    for row in rows:
        if row["value"] is not None and all(row[name] == value for name, value in where.items()):
            yield row


@pytest.mark.parametrize("metric", SIMPLE)
def test_no_join_multiplies_what_is_counted(
    scorecard: dict[str, list[Row]], catalogue: dict[str, Row], metric: str
) -> None:
    """A lead with three calls, two meetings and two deals is in every sum once: divided by team, rep, motion
    or channel, the parts add up to the company."""
    if not catalogue[metric]["is_additive"]:
        pytest.skip("distinct persons are not added up")
    whole = {
        row["period_start"]: row["value"]
        for row in known(scorecard[metric], period_type="month", scope_type="company")
    }
    assert any(whole.values()) == (metric not in ABSENT), "whether the demo company has any of it"
    divided = [name for name in DIVISIONS if name in catalogue[metric]["scopes"].split(", ")]
    for scope in divided:
        parts: dict[date, float] = dict.fromkeys(whole, 0)
        for row in known(scorecard[metric], period_type="month", scope_type=scope):
            parts[row["period_start"]] += row["value"]
        assert parts == pytest.approx(whole), scope


@pytest.mark.parametrize("metric", RATIOS)
def test_a_rate_is_the_ratio_of_its_sums_and_no_mean_of_rates(
    scorecard: dict[str, list[Row]], metric: str
) -> None:
    params = METRICS[metric]["type_params"]
    sums = {
        (part, row["period_type"], row["period_start"], row["scope_type"], row["scope_key"]): row[
            "value"
        ]
        for part in (params["numerator"], params["denominator"])
        for row in scorecard[part]
    }
    unlike_means = 0
    months: dict[tuple[str, str], dict[date, float]] = defaultdict(dict)
    for row in known(scorecard[metric], period_type="month"):
        months[row["scope_type"], row["scope_key"]][row["period_start"]] = row["value"]
    tried = 0
    for row in known(scorecard[metric]):
        place = (row["period_type"], row["period_start"], row["scope_type"], row["scope_key"])
        above, below = sums[params["numerator"], *place], sums[params["denominator"], *place]
        assert row["value"] == pytest.approx(above / below), place
        tried += 1
        if row["period_type"] == "quarter":
            parts = [
                value
                for start, value in months[row["scope_type"], row["scope_key"]].items()
                if 0 <= (start - row["period_start"]).days < 80
            ]
            mean = sum(parts) / len(parts) if len(parts) == 3 else row["value"]
            unlike_means += abs(mean - row["value"]) > 1e-6
    assert tried, "the demo company has none of it"
    assert unlike_means, "nothing here tells a ratio of sums from a mean of months"


@pytest.mark.parametrize("metric", SHARES)
def test_a_share_is_no_percentage(scorecard: dict[str, list[Row]], metric: str) -> None:
    values = [row["value"] for row in known(scorecard[metric])]
    assert values
    assert min(values) >= 0
    if metric not in NO_PARTS:
        assert max(values) <= 1 + 1e-9
    company = [row["value"] for row in known(scorecard[metric], scope_type="company")]
    assert max(company) <= 1


@pytest.mark.parametrize("metric", DURATIONS)
def test_no_duration_is_counted_backwards(scorecard: dict[str, list[Row]], metric: str) -> None:
    values = [row["value"] for row in known(scorecard[metric])]
    assert min(values) >= 0
    assert max(values) > 0


def test_no_span_of_a_published_row_runs_backwards(demo_night: DemoNight) -> None:
    """Days, minutes or seconds from one thing to the other, in whatever table and by whatever name."""
    spans = query(
        demo_night.house,
        """select table_name, column_name from information_schema.columns
        where table_schema = 'marts' and not table_name like 'dim_%'
            and data_type in ('BIGINT', 'INTEGER', 'DOUBLE', 'HUGEINT', 'DECIMAL(38,4)')
            and regexp_matches(column_name, '^(days|minutes|seconds|age)_|_(days|minutes|seconds|age)(_|$)')
        order by all""",
    )
    assert len(spans) > 20
    backwards = [
        f"{one['table_name']}.{one['column_name']}"
        for one in spans
        if query(
            demo_night.house,
            f'select 1 as found from marts."{one["table_name"]}" where "{one["column_name"]}" < 0 limit 1',
        )
    ]
    assert not backwards
