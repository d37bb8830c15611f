"""The closed forms by which windows of days are compared and forecast, against scipy and simulated days.

Dbt's macros are rendered here without dbt and run on numbers: no model has a formula of its own.
"""

from __future__ import annotations

import random
from math import sqrt
from typing import Any

import duckdb
import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dagster_project.settings import DBT_PROJECT

MACROS = ("kpi/ratio.sql", "channels/wilson.sql", "kpi/differences.sql", "kpi/plan.sql")


def answer(expression: str, **columns: Any) -> Any:
    """What an expression of macros says of one row."""
    text = "".join((DBT_PROJECT / "macros" / name).read_text("utf-8") for name in MACROS)
    names = ", ".join(f"? as {name}" for name in columns)
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    sql = environment.from_string(f"{text}\nselect {expression} from (select {names})").render()
    with duckdb.connect() as connection:
        row = connection.execute(sql, list(columns.values())).fetchone()
    assert row is not None
    return row[0]


def difference_of_shares(k1: int, n1: int, k2: int, n2: int) -> tuple[float, float]:
    """The interval as kpi_actions computes it, from the Wilson intervals of both shares."""
    columns: dict[str, Any] = {}
    for name, k, n in (("b", k1, n1), ("a", k2, n2)):
        columns[name] = k / n
        columns[f"{name}_low"] = answer("{{ wilson_low('k', 'n') }}", k=k, n=n)
        columns[f"{name}_high"] = answer("{{ wilson_high('k', 'n') }}", k=k, n=n)
    low = answer("{{ newcombe_low('b', 'a') }}", **columns)
    return low, answer("{{ newcombe_high('b', 'a') }}", **columns)


@pytest.mark.parametrize(
    ("k1", "n1", "k2", "n2", "low", "high"),
    [
        # Newcombe 1998 (Statistics in Medicine 17, 873-890), table II, method 10: 56/70 less 48/80 …
        (48, 80, 56, 70, 0.0524, 0.3339),
        (3, 10, 9, 10, 0.1705, 0.8090),
        (0, 10, 0, 20, -0.2775, 0.1611),
        (0, 10, 10, 10, 0.6075, 1.0000),
    ],
)
def test_the_interval_of_a_difference_is_the_published_one(
    k1: int, n1: int, k2: int, n2: int, low: float, high: float
) -> None:
    found_low, found_high = difference_of_shares(k1, n1, k2, n2)
    assert found_low == pytest.approx(low, abs=6e-5)
    assert found_high == pytest.approx(high, abs=6e-5)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 900), st.integers(1, 900), st.floats(0, 1), st.floats(0, 1))
def test_the_interval_of_a_difference_is_scipys_wilson_twice(
    n1: int, n2: int, one: float, two: float
) -> None:
    k1, k2 = round(n1 * one), round(n2 * two)
    first, second = (
        stats.binomtest(k, n).proportion_ci(0.95, method="wilson") for k, n in ((k1, n1), (k2, n2))
    )
    p1, p2 = k1 / n1, k2 / n2
    low, high = difference_of_shares(k1, n1, k2, n2)
    assert low == pytest.approx(
        p2 - p1 - sqrt((p2 - second.low) ** 2 + (first.high - p1) ** 2), abs=1e-9
    )
    assert high == pytest.approx(
        p2 - p1 + sqrt((second.high - p2) ** 2 + (p1 - first.low) ** 2), abs=1e-9
    )


def test_counts_that_come_in_bursts_vary_more_than_poisson_and_never_less() -> None:
    pace = "{{ pace_variance('total', 'work', 'squares', 'days', 'is_count') }}"

    def variance(things: list[float], is_count: bool) -> float:
        return float(
            answer(
                pace,
                total=sum(things),
                work=float(len(things)),
                squares=sum(x * x for x in things),
                days=len(things),
                is_count=is_count,
            )
        )

    bursts, steady = [0.0, 20, 0, 0, 30, 1, 4, 0], [5.0, 5, 5, 5, 5, 5]
    assert variance(bursts, True) == pytest.approx(stats.sem(bursts) ** 2)
    assert variance(steady, True) == pytest.approx(5 / 6)
    assert variance(steady, False) == 0
    assert answer(pace, total=5.0, work=1.0, squares=25.0, days=1, is_count=True) is None


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 80)), min_size=2, max_size=30))
def test_the_variance_of_a_ratio_of_sums_is_that_of_its_residuals(
    days: list[tuple[int, int]],
) -> None:
    x, y, n = sum(a for a, _ in days), sum(b for _, b in days), len(days)
    residuals = [a - x / y * b for a, b in days]
    expected = n * n * stats.tvar(residuals) / y**2 / n if n > 1 else None
    found = answer(
        "{{ ratio_variance('x', 'y', 'xx', 'xy', 'yy', 'n') }}",
        x=float(x),
        y=float(y),
        xx=float(sum(a * a for a, _ in days)),
        xy=float(sum(a * b for a, b in days)),
        yy=float(sum(b * b for _, b in days)),
        n=float(n),
    )
    assert found == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (2.25, "2.3"), (3.0, "3"), (9.96, "10"), (9.94, "9.9"), (18.4, "18"),
        (1234567.6, "1,234,568"), (-3.75, "-3.8"), (None, None),
        (0.0333, "0.033"), (-0.004, "-0.004"), (0.06, "0.1"),
    ],
)  # fmt: skip
def test_numbers_are_read_with_one_decimal_below_ten_and_never_as_nothing(
    value: float | None, text: str | None
) -> None:
    assert answer("{{ number_text('v') }}", v=value) == text


def test_intervals_of_a_landing_hold_what_they_promise() -> None:
    """60 days seen, 20 to come, counts in bursts: 80 % and 95 % of the sums lie inside, about."""
    draw = random.Random(7)
    inside = {0.80: 0, 0.95: 0}
    tries = 3000

    def day() -> int:
        mean = 8 * draw.gammavariate(2, 0.5)
        return int(stats.poisson.ppf(draw.random(), mean))

    for _ in range(tries):
        seen, to_come = [day() for _ in range(60)], 20
        pace = sum(seen) / 60
        spread = sum((x - pace) ** 2 for x in seen) / 59
        error = sqrt(spread * (to_come + to_come**2 / 60))
        landed = sum(day() for _ in range(to_come))
        for level in inside:
            half = stats.norm.ppf(0.5 + level / 2) * error
            inside[level] += abs(landed - to_come * pace) <= half
    for level, hits in inside.items():
        assert hits / tries == pytest.approx(level, abs=0.025)
