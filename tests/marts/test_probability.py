"""The closed forms of the diagnosis, against scipy, and its splitting and correcting, by their properties."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import duckdb
import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dagster_project.settings import DBT_PROJECT
from tests.oracle import diagnosis

MACROS = ("kpi/ratio.sql", "diagnosis/probability.sql", "diagnosis/shapley.sql")


def rendered(call: str) -> str:
    source = "".join((DBT_PROJECT / "macros" / name).read_text("utf-8") for name in MACROS)
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    return environment.from_string(source + call).render().strip()


def column(call: str, table: str, parameters: Sequence[object] = ()) -> list[float]:
    """`call` computed for every row of a table given as SQL."""
    with duckdb.connect() as connection:
        sql = f"select {rendered(call)} from ({table}) as given"
        return [float(value) for (value,) in connection.execute(sql, list(parameters)).fetchall()]


@pytest.mark.parametrize("z", [-8.0, -3.1, -1.0, -1e-9, 0.0, 0.3, 1.959963984540054, 4.0, 6.5, 9.0])
def test_the_normal_tail_is_scipys(z: float) -> None:
    (found,) = column("{{ normal_above('z') }}", "select ?::double as z", [z])
    assert found == pytest.approx(stats.norm.sf(z), rel=2e-7)


BETA_BINOMIAL = "{{ beta_binomial_at_most('k', 'n', 'a', 'b') }}"


@settings(deadline=None, max_examples=200)
@given(
    trials=st.integers(1, 3_000),
    share=st.floats(0.005, 0.995),
    knowledge=st.floats(1, 20_000),
    place=st.floats(0, 1),
)
def test_the_beta_binomial_is_scipys(
    trials: int, share: float, knowledge: float, place: float
) -> None:
    a, b = share * knowledge, (1 - share) * knowledge
    successes = min(int(stats.betabinom.ppf(place, trials, a, b)), 1_000, trials)
    successes = max(0, successes)
    (found,) = column(
        BETA_BINOMIAL,
        "select ?::double as k, ?::double as n, ?::double as a, ?::double as b",
        [successes, trials, a, b],
    )
    # scipy adds term by term, too; both lose the last digits of large log gammas.
    assert found == pytest.approx(float(stats.betabinom.cdf(successes, trials, a, b)), abs=1e-7)


def test_where_terms_end_and_the_normal_begins_the_tail_hardly_jumps() -> None:
    """1,000 successes term by term, and as the models take more than that."""
    trials, share, knowledge = 5_000, 0.19, 2_000.0
    deviation = math.sqrt(trials * share * (1 - share) * (1 + (trials - 1) / (knowledge + 1)))
    exact = float(stats.betabinom.sf(999, trials, share * knowledge, (1 - share) * knowledge))
    assert stats.norm.sf((999.5 - trials * share) / deviation) == pytest.approx(exact, rel=0.1)


def shapley_sql(after: list[float], before: list[float]) -> list[float]:
    pairs = [
        (f"{one}::double", f"{other}::double") for one, other in zip(after, before, strict=True)
    ]
    return [
        column("{{ shapley_part(" + repr(pairs) + f", {index}) " + "}}", "select 1")[0]
        for index in range(len(pairs))
    ]


@pytest.mark.parametrize("split", [shapley_sql, diagnosis.shapley])
def test_two_factors_share_what_they_changed_together(
    split: Callable[[list[float], list[float]], list[float]],
) -> None:
    """100 × 0.2 became 80 × 0.1: 12 fewer; −20 × 0.15 and −0.1 × 90."""
    assert split([80, 0.1], [100, 0.2]) == pytest.approx([-3.0, -9.0])


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50)), min_size=2, max_size=5))
def test_the_parts_add_up_and_the_closed_form_is_the_mean_over_all_orders(
    factors: list[tuple[float, float]],
) -> None:
    after, before = [one for one, _ in factors], [other for _, other in factors]
    found = shapley_sql(after, before)
    scale = max(1.0, math.prod(after), math.prod(before), *(abs(part) for part in found))
    assert found == pytest.approx(diagnosis.shapley(after, before), abs=1e-9 * scale)
    assert sum(found) == pytest.approx(math.prod(after) - math.prod(before), abs=1e-9 * scale)


def test_a_factor_that_did_not_change_has_no_part() -> None:
    for order in itertools.permutations([(3.0, 3.0), (0.2, 0.4), (5.0, 6.0)]):
        after, before = [one for one, _ in order], [other for _, other in order]
        parts = diagnosis.shapley(after, before)
        assert parts[order.index((3.0, 3.0))] == pytest.approx(0)
