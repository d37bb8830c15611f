"""Targets, success factors, the way back from the goal, forecasts and actions as the oracle has them.

One company seen through Salesforce and through HubSpot, in the middle of a month, whose planning says more
than the simulator's: revisions, typing errors, goals of teams and people, an action for every kind of metric.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property

import pytest

from dagster_project.settings import House
from tests.agreement import Reader, minimum_samples, place_of, same, told
from tests.harness import query
from tests.nights.quick import Quick
from tests.oracle.forecast import Forecaster
from tests.oracle.metrics import ADDITIVE, Row
from tests.oracle.plan import Planner
from tests.oracle.planning import Targets, factors, targets
from tests.oracle.records import Records
from tests.oracle.settings import settings_from
from tests.oracle.tables import Answer, answer
from tests.oracle.windows import Windows
from tests.plan_agreement import catalogue, judged_actions
from tests.seasoning import season
from tests.simulator import Plan, World, configuration, simulate, write_house
from tests.simulator.hubspot import in_hubspot

AS_OF = date(2026, 9, 16)
PLAN_KEY = (
    "period_type", "period_start", "scope_type", "scope_key", "kgi_metric", "rate_basis", "step",
)  # fmt: skip
TARGET_KEY = ("period_type", "period_start", "scope_type", "scope_key", "metric", "revision")
FIGURE_KEY = ("period_type", "period_start", "scope_type", "scope_key", "metric")
SENTENCES = {"reading_ja", "reading_en", "finding_ja", "finding_en"}


# --- what planning says beside -------------------------------------------------------------------


def _target(
    kind: str, start: date, scope: str, key: str, metric: str, value: float, since: date
) -> Row:
    return {
        "period_type": kind,
        "period_start": start,
        "scope_type": scope,
        "scope_key": key,
        "metric": metric,
        "value": value,
        "owner": "M01",
        "due_date": None,
        "achievable": None,
        "relevant": None,
        "valid_from": since,
    }


def _action(number: int, scope: str, key: str, metric: str, since: date) -> Row:
    return {
        "action_id": f"B{number:02d}",
        "what": f"改善 {number}",
        "owner": None,
        "scope_type": scope,
        "scope_key": key,
        "metric": metric,
        "from_date": since,
        "expected_effect": None,
    }


def plan_more(world: World) -> World:
    """The same world, in whose planning everything occurs that a plan may hold."""
    april, september = date(2026, 4, 1), date(2026, 9, 1)
    _add(world, "targets", [
        _target("month", september, "company", "", "company_won_amount_yen", 20_000_000, april),
        _target("fiscal_year", april, "company", "", "company_won_amount_yen", 300_000_000, april),
        _target("month", date(2026, 9, 20), "team", "BDR課", "won_amount_yen", 3_000_000, april),
        _target("month", september, "team", "BDR課", "connect_rate", 0.9, april),
        _target("month", september, "rep", "R03", "won_amount_yen", 1_500_000, september),
        _target("month", september, "rep", "R03", "won_amount_yen", 1_200_000, date(2026, 9, 8)),
        _target("month", september, "rep", "R03", "won_amount_yen", 900_000, date(2026, 9, 17)),
        _target("week", date(2026, 9, 17), "rep", "R01", "connects", 60, april),
        _target("week", date(2026, 9, 14), "company", "", "meetings_acquired", 3, april),
        _target("month", september, "rep", "R77", "dials", 100, april),
        _target("month", september, "team", "BDR課", "dails", 100, april),
        _target("quarter", date(2027, 5, 5), "company", "", "wins", 9, april),
        _target("month", september, "rep", "R02", "company_wins", 9, april),
        _target("fiscal_year", april, "motion", "sdr", "wins", 0, april),
    ])  # fmt: skip
    _add(world, "success_factors", [
        {"kgi_metric": kgi, "factor_id": factor, "name_ja": "要因", "name_en": None, "step": None,
         "metric": metric}
        for kgi, factor, metric in (
            ("company_won_amount_yen", "F9", "company_wins"),
            ("won_amount_yen", "F8", "conect_rate"),
            ("revenue", "F7", "dials"),
        )
    ])  # fmt: skip
    july, august = date(2026, 7, 15), date(2026, 8, 10)
    kinds = (
        ("company", "", "connect_rate", july), ("company", "", "dials", july),
        ("team", "BDR課", "dials", july), ("team", "SDR一課", "connects", august),
        ("rep", "R01", "talk_seconds_per_connect", july), ("rep", "R04", "dials", date(2026, 8, 3)),
        ("motion", "sdr", "agent_talk_ratio", july), ("motion", "bdr", "effective_meeting_rate", july),
        ("team", "BDR課", "win_rate", date(2026, 6, 15)), ("company", "", "win_rate", date(2026, 7, 1)),
        ("channel", "展示会", "dials", july), ("channel", "展示会", "connect_rate", july),
        ("team_channel", "BDR課 × 購入リスト", "connects", july),
        ("business_unit", "クラウド事業部", "pipeline_created_yen", july),
        ("company", "", "pending", july), ("company", "", "leads_worked", july),
        ("company", "", "conversion", july), ("rep", "R99", "dials", july),
        ("rep", "R01", "company_wins", july), ("rep", "R01", "dials", date(2026, 9, 9)),
        ("rep", "R01", "dials", date(2026, 10, 1)), ("company", "", "wrong_numbers", july),
        ("company", "", "key_person_talk_seconds_per_working_day", july),
        ("company", "", "no_show_rate", july), ("rep", "R05", "wins", july),
        ("company", "", "dials", date(2026, 4, 8)),
    )  # fmt: skip
    _add(world, "actions", [_action(number, *kind) for number, kind in enumerate(kinds, start=1)])
    return world


def _add(world: World, table: str, rows: list[Row]) -> None:
    delivery = next(one for one in world.deliveries if one.object_name == f"planning.{table}")
    delivery.rows += rows
    delivery.stamp()


# --- both sides ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Planned:
    """One company: what the warehouse says and what the oracle does."""

    house: House
    records: Records
    found: Answer

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.found)

    @cached_property
    def windows(self) -> Windows:
        return Windows(self.found)

    @cached_property
    def scorecard(self) -> list[Row]:
        return query(self.house, "select * from marts.kpi_scorecard")

    @cached_property
    def targets(self) -> list[Row]:
        return targets(self.records, self.found, self.reader.scorecard)

    @cached_property
    def in_force(self) -> Targets:
        return Targets(self.targets, self.windows.calendar_end)


@cache
def world_of(system: str) -> World:
    world = plan_more(season(simulate(Plan(seed=5, reps=12, months=6, as_of=AS_OF))))
    return world if system == "salesforce" else in_hubspot(world)


@pytest.fixture(scope="module")
def companies(quick: Quick, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Planned]:
    @cache
    def night_of(system: str) -> Planned:
        world = world_of(system)
        house = House(tmp_path_factory.mktemp("plan") / "house")
        write_house(world, house.root)
        quick.marts(house, world.plan.as_of)
        return planned(house, world)

    return night_of


def planned(house: House, world: World) -> Planned:
    settings = settings_from(*configuration(world.settings))
    return Planned(house, world.records, answer(world.records, world.plan.as_of, settings))


@pytest.fixture(scope="module", params=["salesforce", "hubspot"])
def company(request: pytest.FixtureRequest, companies: Callable[[str], Planned]) -> Planned:
    return companies(request.param)


def unequal(ours: Iterable[Row], theirs: Iterable[Row], key: tuple[str, ...]) -> list[str]:
    """What differs row by row and column by column; the oracle must know every column but sentences."""
    mine = {tuple(row[name] for name in key): row for row in ours}
    other = {tuple(row[name] for name in key): row for row in theirs}
    problems = [
        f"{name}: only the oracle has it" for name in sorted(mine.keys() - other.keys(), key=str)
    ]
    problems += [
        f"{name}: only the warehouse has it" for name in sorted(other.keys() - mine.keys(), key=str)
    ]
    for name in sorted(mine.keys() & other.keys(), key=str):
        problems += [
            f"{name}: {column}: oracle {mine[name][column]!r}, warehouse {other[name][column]!r}"
            for column in mine[name]
            if not same(mine[name][column], other[name][column])
        ]
    return problems


def _columns(rows: list[Row]) -> set[str]:
    return set(rows[0])


def test_every_target_and_revision_is_the_same(company: Planned) -> None:
    theirs = query(company.house, "select * from marts.kpi_targets")
    assert _columns(theirs) == _columns(company.targets)
    problems = unequal(company.targets, theirs, TARGET_KEY)
    assert not problems, told(problems)
    for flag in ("is_revised_in_period", "is_made_after_period_end", "is_smart", "has_due_date"):
        assert {row[flag] for row in theirs} == {True, False}, flag
    assert {row["state"] for row in theirs} == {"in_force", "superseded", "upcoming"}


def test_the_scorecard_shows_the_target_in_force(company: Planned) -> None:
    for row in company.scorecard:
        assert row["target"] == company.in_force.of(*place_of(row), row["metric"]), row


def test_every_success_factor_stands_as_the_scorecard_says(company: Planned) -> None:
    theirs = query(company.house, "select * from marts.kpi_success_factors")
    figures = {(*place_of(row), row["metric"]): row for row in company.scorecard}
    ours = []
    for factor in factors(company.records):
        for span in company.windows.spans(("month", "quarter", "fiscal_year")):
            scopes = {
                (row["scope_type"], row["scope_key"])
                for row in company.scorecard
                if (row["period_type"], row["period_start"]) == (span.kind, span.start)
                and row["scope_type"] in ("company", "team")
            }
            if span.position == "next" or (span.position == "previous" and not scopes):
                continue
            for scope in scopes | {("company", "company")}:
                figure = figures.get((span.kind, span.start, *scope, factor["metric"]))
                goal = figures.get((span.kind, span.start, *scope, factor["kgi_metric"]), {})
                if figure is None and scope[0] == "team":
                    continue
                figure = figure or {"status": "unavailable"}
                ours.append(
                    {
                        "kgi_metric": factor["kgi_metric"],
                        "factor_id": factor["factor_id"],
                        "metric": factor["metric"],
                        "factor_name_en": factor["name_en"] or factor["name_ja"],
                        "period_type": span.kind,
                        "period_start": span.start,
                        "period_end": span.end,
                        "position": span.position,
                        "is_period_over": span.end <= AS_OF,
                        "scope_type": scope[0],
                        "scope_key": scope[1],
                        "is_metric_known": factor["metric"] in catalogue(),
                        "is_kgi_known": factor["kgi_metric"] in catalogue(),
                        "status": figure["status"],
                        **{
                            column: figure.get(column)
                            for column in (
                                "numerator", "denominator", "value", "target", "attainment", "pacing_ratio",
                            )
                        },
                        **{f"kgi_{name}": goal.get(name) for name in ("value", "target", "attainment")},
                    }
                )  # fmt: skip
    key = ("kgi_metric", "factor_id", "metric", *FIGURE_KEY[:4])
    problems = unequal(ours, theirs, key)
    assert not problems, told(problems)
    assert {row["is_metric_known"] for row in theirs} == {True, False}


def test_every_step_back_from_the_goal_is_the_same(company: Planned) -> None:
    theirs = query(company.house, "select * from marts.kpi_backward_plan")
    figures = {(place_of(row), row["metric"]): row for row in company.scorecard}
    kgis = {row["kgi_metric"] for row in factors(company.records)}
    planner = Planner(company.windows, company.in_force, kgis, figures, minimum_samples())
    ours = planner.rows()
    assert _columns(theirs) - _columns(ours) == SENTENCES | {"is_flagged"}
    problems = unequal(ours, theirs, PLAN_KEY)
    assert not problems, told(problems)
    assert {row["rate_source"] for row in theirs} >= {
        "goal", "own", "company", "target", "company_target"
    }  # fmt: skip
    assert {row["asks_for_more_than_ever"] for row in theirs} == {True, False, None}
    assert {row["kgi_metric"] for row in theirs} == {"won_amount_yen", "company_won_amount_yen"}


def test_every_forecast_is_the_same(company: Planned) -> None:
    theirs = query(company.house, "select * from marts.kpi_forecast")
    meta = catalogue()
    wanted = {name for name in ADDITIVE if meta[name]["direction"] == "up"}
    running = {
        span.kind: span.start
        for span in company.windows.spans(("week", "month", "quarter", "fiscal_year"))
        if span.position == "current"
    }
    forecaster = Forecaster(company.windows)
    ours = []
    for figure in company.scorecard:
        if (
            figure["metric"] not in wanted
            or figure["scope_type"] == "call_list"
            or running[figure["period_type"]] != figure["period_start"]
        ):
            continue
        if not meta[figure["metric"]]["headline"] and figure["target"] is None:
            continue
        place = place_of(figure)
        row = forecaster.row(place, figure["metric"], figure, figure["target"])
        expected = figure["pacing_expected"]
        value = figure["value"]
        ours.append(
            {name: figure[name] for name in (*FIGURE_KEY, "period_end", "attainment")}
            | row
            | {
                "expected_by_now": expected,
                "ahead_by": None if expected is None or value is None else value - expected,
            }
        )
    assert _columns(theirs) - _columns(ours) == SENTENCES | {"is_flagged"}
    problems = unequal(ours, theirs, FIGURE_KEY)
    assert not problems, told(problems)
    assert {row["outlook"] for row in theirs} >= {"no_target", "reached", "on_course", "off_course"}
    assert {row["status"] for row in theirs} >= {"ok", "small_sample", "maturing", "partial"}


def test_every_action_is_judged_the_same(company: Planned) -> None:
    theirs = query(company.house, "select * from marts.kpi_actions")
    ours = judged_actions(company.records, company.found, company.windows, company.reader.scorecard)
    assert _columns(theirs) - _columns(ours) == SENTENCES | {"what", "owner"}
    problems = unequal(ours, theirs, ("action_id",))
    assert not problems, told(problems)
    assert {row["method"] for row in theirs} == {
        None, "two_shares", "per_working_day", "ratio_of_sums"
    }  # fmt: skip
    assert {row["reason"] for row in theirs} >= {
        "unknown_metric", "unknown_scope", "not_shown_for_scope", "not_additive", "not_begun",
        "few_days_since", "few_days_covered", "small_sample", "no_better_direction", "within_noise",
    }  # fmt: skip


@pytest.mark.parametrize("table", ["kpi_backward_plan", "kpi_forecast", "kpi_actions"])
def test_what_is_flagged_is_told_in_both_languages_and_nothing_else_is(
    company: Planned, table: str
) -> None:
    for row in query(company.house, f"select * from marts.{table}"):
        assert row["reading_ja"]
        assert row["reading_en"]
        assert bool(row["finding_ja"]) == bool(row["finding_en"]) == row["is_flagged"]


def test_trailing_windows_begin_when_they_should(company: Planned) -> None:
    """180 days, the last of which is the last mature one."""
    plan = query(
        company.house,
        """select distinct rate_metric, rate_from, rate_to from marts.kpi_backward_plan
        where rate_from is not null""",
    )
    for row in plan:
        assert row["rate_to"] - row["rate_from"] == timedelta(days=179)
    assert max(row["rate_to"] for row in plan) == AS_OF
    assert min(row["rate_to"] for row in plan) < AS_OF
