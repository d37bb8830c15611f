"""The warehouse answers every hand-worked case as the hand did: one night per house."""

from __future__ import annotations

import pytest

from dagster_project.settings import House
from tests.agreement import (
    GRAINS,
    Reader,
    oracle_of,
    told,
    unequal_days,
    unequal_figures,
    unequal_lines,
)
from tests.cases import cases, night
from tests.cases.houses import HOUSES
from tests.cases.lookup import differences
from tests.cases.scene import Case
from tests.harness import deliver, make_house, query, rows_of
from tests.nights.quick import Quick


@pytest.fixture(scope="session")
def houses(quick: Quick, tmp_path_factory: pytest.TempPathFactory) -> dict[str, House]:
    """The houses of the cases after their night."""
    built = {}
    for name in HOUSES:
        made = night(name)
        root = tmp_path_factory.mktemp("cases") / name
        house = make_house(root, made.house.house_yml, made.house.sources_yml)
        deliver(house, made.records)
        quick.marts(house, made.house.as_of)
        built[name] = house
    return built


@pytest.mark.parametrize(
    "case", cases(), ids=lambda case: f"{case.number:02d}_{case.build.__name__}"
)
def test_the_warehouse_agrees_with_the_hand(case: Case, houses: dict[str, House]) -> None:
    house = houses[case.house]
    problems = [
        problem
        for expect in night(case.house).expectations[case.number]
        for problem in differences(expect, lambda table, where: rows_of(house, table, where))
    ]
    assert not problems, f"\n{case.question}\n{case.why}\n" + "\n".join(problems)


@pytest.mark.parametrize("name", HOUSES)
def test_the_oracle_agrees_on_every_figure_the_cases_do_not_ask_for(
    name: str, houses: dict[str, House]
) -> None:
    """The cases are the odd corners of every rule: all figures of them, not only the asked ones."""
    found, house = oracle_of(name), houses[name]
    published = query(house, "select * from marts.kpi_scorecard")
    problems = [problem for keys in GRAINS for problem in unequal_days(found, house, keys)]
    problems += unequal_lines(found, house)
    problems += unequal_figures(Reader(found), published)
    assert not problems, told(problems)
