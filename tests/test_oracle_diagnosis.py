"""What the diagnosis says of a whole company is what an independent computation says, with scipy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import pytest

from dagster_project.settings import House
from tests.agreement import same, told
from tests.harness import query
from tests.nights.quick import Quick
from tests.oracle.diagnosis import FIGURES, SIGNS, STEPS, Diagnosis
from tests.oracle.scorecard import Place
from tests.oracle.settings import settings_from
from tests.oracle.tables import answer
from tests.seasoning import season
from tests.simulator import Plan, World, configuration, simulate, write_house
from tests.simulator.hubspot import in_hubspot

Key = tuple[Place, str, str]


@dataclass(frozen=True)
class Company:
    """One simulated company, diagnosed by both."""

    house: House
    oracle: Diagnosis
    found: dict[Key, dict[str, Any]]
    theirs: dict[Key, dict[str, Any]]


def place_of(row: dict[str, Any]) -> Place:
    return Place(row["period_type"], row["period_start"], row["scope_type"], row["scope_key"])


@cache
def world_of(system: str) -> World:
    world = season(simulate(Plan(seed=5, reps=12, months=6)))
    return world if system == "salesforce" else in_hubspot(world)


@pytest.fixture(scope="module")
def companies(quick: Quick, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Company]:
    @cache
    def company_of(system: str) -> Company:
        world = world_of(system)
        house = House(tmp_path_factory.mktemp("diagnosis") / "house")
        write_house(world, house.root)
        quick.marts(house, world.plan.as_of)
        settings = settings_from(*configuration(world.settings))
        minimum = {
            row["metric"]: row["minimum_sample"]
            for row in query(house, "select metric, minimum_sample from marts.dim_metrics")
        }
        published: dict[str, set[Place]] = {}
        for row in query(house, "select * from marts.kpi_scorecard where period_type = 'month'"):
            published.setdefault(row["metric"], set()).add(place_of(row))
        oracle = Diagnosis(
            answer(world.records, world.plan.as_of, settings), world.records, minimum, published
        )
        theirs = {
            (place_of(row), row["figure"], row["benchmark"]): row
            for row in query(house, "select * from activity.act_comparisons")
        }
        return Company(house, oracle, oracle.all(theirs), theirs)

    return company_of


@pytest.fixture(scope="module", params=["salesforce", "hubspot"])
def company(request: pytest.FixtureRequest, companies: Callable[[str], Company]) -> Company:
    return companies(request.param)


def test_every_comparison_is_equal(company: Company) -> None:
    """Counts, benchmark, status, probability before and after correction, and whether it is notable."""
    columns = (
        "numerator", "denominator", "value", "benchmark_value", "status", "p_value", "q_value",
        "is_notable",
    )  # fmt: skip
    problems = [
        f"{key}: {column}: oracle {mine[column]!r}, warehouse {company.theirs[key][column]!r}"
        for key, mine in company.found.items()
        for column in columns
        if not same(mine[column], company.theirs[key][column])
    ]
    assert not problems, told(problems)


def test_every_kind_of_comparison_occurs_and_is_told_apart(company: Company) -> None:
    """Equal silence proves nothing. Wins are too few here to be tested; their rule is the other shares'."""
    tested = Counter(
        (figure, benchmark)
        for (_, figure, benchmark), row in company.found.items()
        if row["p_value"] is not None
    )
    assert {figure for figure, _ in tested} >= {
        figure for figure, asked in FIGURES.items() if asked.tested and figure != "win_rate"
    }
    assert {benchmark for _, benchmark in tested} == {"target", "own_trailing", "peers", "calendar"}
    assert {row["status"] for row in company.found.values()} >= {
        "ok", "small_sample", "maturing", "no_benchmark",
    }  # fmt: skip


def test_every_scope_of_the_scorecard_is_compared_with_its_past(company: Company) -> None:
    """Each step wherever its metric stands, but volume where nobody has working days."""
    spine = query(
        company.house,
        """select period_type, period_start, scope_type, scope_key, metric
        from marts.kpi_scorecard
        where period_type in ('month', 'quarter')
            and scope_key not in ('(unassigned)', '(unlinked)', '(unmapped)', '(none)')
            and scope_type not in ('campaign', 'team_channel')""",
    )
    wanted = {
        (place_of(row), step, "own_trailing")
        for row in spine
        for step in STEPS
        if row["metric"] == FIGURES[step].metric
        and (step != "volume" or row["scope_type"] not in ("channel", "call_list"))
    }
    steps = {key for key in company.theirs if key[1] in STEPS and key[2] == "own_trailing"}
    assert steps == wanted


def test_every_bottleneck_has_the_same_parts_cause_and_list(company: Company) -> None:
    published = query(company.house, "select * from marts.kpi_bottleneck")
    assert {(place_of(row), row["step"], row["benchmark"]) for row in published} == {
        key
        for key in company.theirs
        if key[1] in STEPS and (key[1] != "meetings_per_connect" or key[2] == "target")
    }
    problems = []
    for row in published:
        place, step, benchmark = place_of(row), row["step"], row["benchmark"]
        parts = company.oracle.parts(place, benchmark, company.found)
        mine = company.found[(place, step, benchmark)]
        wanted = {
            "accepted_difference": parts.get("accepted_difference"),
            "accepted_part": parts.get(f"{step}_accepted_part"),
            "wins_difference": parts.get("wins_difference"),
            "wins_part": parts.get(f"{step}_wins_part"),
            "probable_cause": company.oracle.cause(place, step, benchmark, company.found),
            "is_flagged": mine["is_notable"],
        }
        if step == "connect_rate" and row["is_flagged"] and row["direction"] == "below":
            if place.scope_type in ("channel", "call_list"):
                wanted["carried_by"] = place.scope_key
                wanted["carried_by_scope"] = place.scope_type
            else:
                carried = company.oracle.carrier(place, row["benchmark_value"])
                names = ("carried_by", "carried_by_scope", "carried_share")
                wanted |= dict(zip(names, carried or (None, None, None), strict=True))
        problems += [
            f"{place} {step} {benchmark}: {column}: oracle {value!r}, warehouse {row[column]!r}"
            for column, value in wanted.items()
            if not same(value, row[column])
        ]
    assert not problems, told(problems)
    assert len({row["probable_cause"] for row in published}) >= 4


def test_the_parts_add_up_to_the_difference(company: Company) -> None:
    sums = query(
        company.house,
        """select benchmark, max(accepted_difference) as total, sum(accepted_part) as parts,
            max(wins_difference) as wins, sum(wins_part) as wins_parts
        from marts.kpi_bottleneck
        group by benchmark, period_type, period_start, scope_type, scope_key""",
    )
    told_parts = Counter(row["benchmark"] for row in sums if row["total"] is not None)
    told_wins = Counter(row["benchmark"] for row in sums if row["wins"] is not None)
    assert min(told_parts["own_trailing"], told_parts["peers"], told_wins["own_trailing"]) > 50
    assert told_parts["target"] > 5
    assert told_wins["target"] > 5
    for row in sums:
        if row["total"] is not None:
            assert row["parts"] == pytest.approx(row["total"], abs=1e-9)
        if row["wins"] is not None:
            assert row["wins_parts"] == pytest.approx(row["wins"], abs=1e-9)


def test_every_balance_has_the_same_signs(company: Company) -> None:
    problems = []
    seen: set[str] = set()
    for row in query(company.house, "select * from marts.kpi_balance"):
        mine = company.oracle.signs(place_of(row), company.found)
        seen |= set(mine)
        if ", ".join(mine) != row["flags"] or bool(mine) != row["is_flagged"]:
            problems.append(f"{place_of(row)}: oracle {mine}, warehouse {row['flags']}")
    assert not problems, told(problems)
    assert seen >= {"bookings_at_period_end", "no_shows_up"}
    assert seen <= set(SIGNS)


def test_a_balance_shows_what_the_scorecard_says(company: Company) -> None:
    pairs = query(
        company.house,
        """select count(*) as unequal from marts.kpi_balance as balance
        inner join marts.kpi_scorecard as scorecard
            using (period_type, period_start, scope_type, scope_key)
        where metric = 'connect_rate' and value is distinct from balance.connect_rate
            or metric = 'wins' and value is distinct from balance.wins
            or metric = 'meetings_acquired' and value is distinct from balance.meetings_acquired""",
    )
    assert pairs == [{"unequal": 0}]


def test_people_who_came_or_left_are_named(company: Company) -> None:
    """R03 went from SDR一課 to BDR課 on 1 July; R05 left on 14 August."""
    notes = {
        (row["scope_type"], row["scope_key"], row["period_start"]): row["membership_note_en"]
        for row in query(
            company.house,
            """select * from marts.kpi_bottleneck
            where benchmark = 'own_trailing' and period_type = 'month'""",
        )
    }
    mover, leaver = (
        next(
            row["rep_label"]
            for row in query(company.house, "select * from marts.dim_reps")
            if row["rep_id"] == rep
        )
        for rep in ("R03", "R05")
    )
    assert notes[("team", "BDR課", date(2026, 7, 1))] == f"joined: {mover}"
    assert notes[("team", "SDR一課", date(2026, 7, 1))] == f"left: {mover}"
    assert notes[("rep", "R03", date(2026, 7, 1))] == "moved from SDR一課 to BDR課"
    assert notes[("team", "SDR二課", date(2026, 8, 1))] == f"left: {leaver}"
    assert notes[("company", "company", date(2026, 7, 1))] is None
