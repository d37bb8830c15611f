"""The closed forms of macros/statistics against scipy, the reference for all of them."""

from __future__ import annotations

import random
from functools import cache

import duckdb
import jinja2
import pytest
from scipy import stats

from dagster_project.settings import DBT_PROJECT

DEGREES = (*range(1, 41), 57, 98, 155, 500, 1201)
DISTANCES = (0.0, 0.02, -0.4, 0.999, 1.0, -1.7, 2.0, 2.6, -3.9, 6.0, 25.0)


@cache
def macros(file: str) -> str:
    return (DBT_PROJECT / "macros" / "statistics" / file).read_text("utf-8")


def sql(file: str, call: str) -> str:
    return jinja2.Environment().from_string(macros(file) + call).render()


@pytest.mark.parametrize("degrees", DEGREES)
def test_the_chance_of_a_t_is_scipys(degrees: int) -> None:
    asked = sql("student.sql", "select {{ student_two_sided_p('t', 'df') }} from asked")
    with duckdb.connect() as connection:
        for distance in DISTANCES:
            connection.execute(
                f"create or replace table asked as select {distance}::double as t, {degrees} as df"
            )
            (found,) = connection.execute(asked).fetchone() or (None,)
            assert found == pytest.approx(
                2 * stats.t.sf(abs(distance), degrees), rel=1e-6, abs=1e-12
            )


def test_without_a_degree_of_freedom_there_is_no_chance() -> None:
    asked = sql("student.sql", "select {{ student_two_sided_p('t', 'df') }} from asked")
    with duckdb.connect() as connection:
        connection.execute(
            "create table asked as select * from (values (2.0, 0), (null, 4), (2.0, null)) as asked (t, df)"
        )
        assert connection.execute(asked).fetchall() == [(None,)] * 3


def test_the_reach_of_an_interval_is_scipys() -> None:
    asked = sql("student.sql", "select {{ student_reach('df') }} from range(1, 2000) as asked (df)")
    with duckdb.connect() as connection:
        found = [row[0] for row in connection.execute(asked).fetchall()]
    assert found == pytest.approx(list(stats.t.ppf(0.975, range(1, 2000))), rel=2e-5)


def test_the_best_of_many_is_scipys() -> None:
    asked = sql(
        "student.sql",
        "select {{ normal_reach_of_the_best('people') }} from range(2, 500) as asked (people)",
    )
    with duckdb.connect() as connection:
        found = [row[0] for row in connection.execute(asked).fetchall()]
    assert found == pytest.approx(
        [stats.norm.isf(0.05 / people) for people in range(2, 500)], abs=5e-4
    )


@pytest.mark.parametrize("seed", range(5))
def test_false_discoveries_are_scipys_whatever_ties_and_gaps_there_are(seed: int) -> None:
    rng = random.Random(seed)
    chances: list[tuple[str, float | None]] = [
        (family, None if rng.random() < 0.2 else rng.choice((0.01, 0.2, rng.random() ** 3)))
        for family in "ab"
        for _ in range(40)
    ]
    for family_sql, families in (("none", [None]), ("'family'", ["a", "b"])):
        asked = sql(
            "false_discovery.sql",
            "{{ with_false_discovery_q('tests_made', 'p', " + family_sql + ") }} order by number",
        )
        with duckdb.connect() as connection:
            connection.execute("create table tests_made (number int, family text, p double)")
            connection.executemany(
                "insert into tests_made values (?, ?, ?)",
                [(number, *row) for number, row in enumerate(chances)],
            )
            found = [row[3] for row in connection.execute(asked).fetchall()]
        for family in families:
            places = [
                number
                for number, (of, chance) in enumerate(chances)
                if chance is not None and family in (None, of)
            ]
            wanted = stats.false_discovery_control([chances[number][1] for number in places])
            assert [found[number] for number in places] == pytest.approx(list(wanted))
        assert all(
            (q is None) == (chance is None) for q, (_, chance) in zip(found, chances, strict=True)
        )
