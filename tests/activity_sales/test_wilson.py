"""The Wilson interval of the lead cohorts, against published values and by its properties.

Reference: R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in
Medicine 17 (1998), table I, score method without continuity correction.
"""

from __future__ import annotations

import duckdb
import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.settings import DBT_PROJECT

MACROS = ("kpi/ratio.sql", "channels/wilson.sql")


def interval(successes: int | None, trials: int) -> tuple[float | None, float | None]:
    """Both bounds as the macros compute them."""
    source = "".join((DBT_PROJECT / "macros" / name).read_text("utf-8") for name in MACROS)
    call = "select {{ wilson_low('s', 'n') }}, {{ wilson_high('s', 'n') }} from counts"
    sql = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(source + call).render()
    with duckdb.connect() as connection:
        connection.execute(
            "create table counts as select ?::bigint as s, ?::bigint as n", [successes, trials]
        )
        row = connection.execute(sql).fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(
    successes: int, trials: int, low: float, high: float
) -> None:
    found_low, found_high = interval(successes, trials)
    assert found_low == pytest.approx(low, abs=5e-5)
    assert found_high == pytest.approx(high, abs=5e-5)


def test_nothing_tried_has_no_interval() -> None:
    assert interval(0, 0) == (None, None)


@settings(deadline=None)
@given(trials=st.integers(1, 10_000), share=st.floats(0, 1))
def test_the_interval_holds_the_rate_and_stays_between_zero_and_one(
    trials: int, share: float
) -> None:
    successes = round(trials * share)
    low, high = interval(successes, trials)
    assert low is not None
    assert high is not None
    assert 0 <= low <= successes / trials + 1e-12
    assert successes / trials - 1e-12 <= high <= 1
