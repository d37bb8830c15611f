"""Pipeline by day, calibration of the connect rules and customer voice, against the oracle.

The company of `test_oracle`, asked what it thinks of its meetings and with deals that go wrong in every
way, through Salesforce and through HubSpot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest

from dagster_project.settings import House
from tests.agreement import told, unequal_rows
from tests.harness import query
from tests.nights.quick import Quick
from tests.oracle import calibration, voice
from tests.oracle.metrics import Row
from tests.oracle.scorecard import Place
from tests.oracle.settings import settings_from
from tests.oracle.status import Judge
from tests.oracle.tables import Answer, answer
from tests.seasoning import season
from tests.simulator import Plan, World, configuration, simulate, write_house
from tests.simulator.hubspot import in_hubspot
from tests.simulator.survey import surveyed

_PIPELINE = (
    "rep_id", "team", "business_unit", "motion", "channel", "deal_type", "is_sourced", "state", "stage",
    "stage_sort_order", "probability", "amount_yen", "age_days", "days_in_stage", "is_open", "is_won",
    "is_lost", "is_taken_back", "is_stage_known", "is_stage_start_known", "is_amount_known",
    "is_amount_missing", "is_amount_unconverted", "is_overdue", "has_entered", "has_left", "is_reopened",
    "stage_move", "from_stage", "amount_change_yen", "close_moved_days", "close_on",
)  # fmt: skip
_CALIBRATION = (
    *calibration.COUNTS, "threshold_seconds", "calibration_dials", "judged_connects", "told_connects",
    "precision_rate", "precision_rate_low", "precision_rate_high", "recall_rate", "recall_rate_low",
    "recall_rate_high", "connects_by_rule_rate", "covered_days", "uncovered_days", "status",
)  # fmt: skip
_VOICE = (
    "responses", "comments_only", "rated_responses", "promoters", "passives", "detractors", "score_sum",
    "mean_score", "net_promoter_score", "covered_days", "uncovered_days", "status",
)  # fmt: skip


@dataclass(frozen=True)
class Company:
    """One simulated company seen by both."""

    house: House
    found: Answer


@cache
def world_of(system: str) -> World:
    world = surveyed(season(simulate(Plan(seed=5, reps=12, months=6))))
    _deals_that_go_back_and_forth(world)
    return world if system == "salesforce" else in_hubspot(world)


def _deals_that_go_back_and_forth(world: World) -> None:
    """Histories nobody simulates: amounts that vanish and change, close dates that move, stages that
    go back, losses taken back. Only entries in the middle change, so the end stays as it was."""
    entries: dict[str, list[dict[str, Any]]] = {}
    for row in world.records["salesforce.OpportunityHistory"]:
        entries.setdefault(row["OpportunityId"], []).append(row)
    long = [sorted(rows, key=lambda row: row["CreatedDate"]) for rows in entries.values()]
    long = sorted((rows for rows in long if len(rows) >= 3), key=lambda rows: str(rows[0]["Id"]))
    for number, rows in enumerate(long):
        middle = rows[1]
        if number % 5 == 0:
            middle["StageName"] = "失注"
        elif number % 5 == 1:
            middle["Amount"] = None
        elif number % 5 == 2:
            middle["CloseDate"] = middle["CloseDate"] - timedelta(days=45)
        elif number % 5 == 3:
            rows[0]["StageName"] = "提案"
        else:
            middle["StageName"] = "受注"


@pytest.fixture(scope="module")
def companies(quick: Quick, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Company]:
    """A night of the company by the system its sales people work in."""

    @cache
    def night_of(system: str) -> Company:
        world = world_of(system)
        house = House(tmp_path_factory.mktemp("pipeline") / "house")
        write_house(world, house.root)
        quick.marts(house, world.plan.as_of)
        settings = settings_from(*configuration(world.settings))
        return Company(house, answer(world.records, world.plan.as_of, settings))

    return night_of


@pytest.fixture(scope="module", params=["salesforce", "hubspot"])
def company(request: pytest.FixtureRequest, companies: Callable[[str], Company]) -> Company:
    return companies(request.param)


def _named(rows: Iterable[Row], key: Iterable[str]) -> list[Row]:
    """The rows, each with its key as one text under `name`."""
    columns = tuple(key)
    return [row | {"name": " | ".join(str(row[column]) for column in columns)} for row in rows]


def test_every_opportunity_stands_as_recorded_on_every_day(company: Company) -> None:
    theirs = query(company.house, "select * from marts.kpi_pipeline")
    key = ("opportunity_id", "date")
    problems = unequal_rows(
        _named(company.found.tables["kpi_pipeline"], key), _named(theirs, key), "name", _PIPELINE
    )
    assert not problems, told(problems)


def test_everything_that_can_happen_to_a_deal_happens_in_this_company(company: Company) -> None:
    """Equal nulls prove nothing."""
    rows = query(company.house, "select * from marts.kpi_pipeline")
    assert {"open", "won", "lost"} <= {row["state"] for row in rows}
    assert {"advanced", "went_back"} <= {row["stage_move"] for row in rows}
    for flag in ("is_reopened", "is_taken_back", "is_overdue", "has_entered", "has_left"):
        assert any(row[flag] for row in rows), flag
    for moved in ("amount_change_yen", "close_moved_days"):
        assert any((row[moved] or 0) < 0 for row in rows), moved
        assert any((row[moved] or 0) > 0 for row in rows), moved
    assert any(row["is_amount_missing"] for row in rows)
    assert {row["is_sourced"] for row in rows} == {True, False}


def test_every_verdict_of_the_rules_is_held_against_its_result(company: Company) -> None:
    """Every month, team and rep the warehouse shows, with coverage and status; and none is left out."""
    key = ("rule", "setting", "period_type", "month", "scope_type", "scope_key")
    theirs = [
        row | {"month": row["period_start"] if row["period_type"] == "month" else None}
        for row in query(company.house, "select * from marts.kpi_connect_calibration")
    ]
    judge = Judge(company.found)
    months = sorted({row["month"] for row in theirs if row["month"]})
    counted = {
        tuple(row[column] for column in (*key[:3], "period_start", *key[4:])): row
        for row in company.found.tables["kpi_connect_calibration"]
    }

    def expected(row: Row) -> Row:
        name = tuple(row[column] for column in key)
        figures = counted.pop(name, calibration.nothing())
        places = [row["month"]] if row["month"] else months
        covered = [
            judge.covered_days("dials", Place("month", month, row["scope_type"], row["scope_key"]))
            for month in places
            if row["month"] or (month, row["scope_type"], row["scope_key"]) in shown
        ]
        days, all_days = (sum(part) for part in zip(*covered, strict=True))
        return (
            (figures if days else dict.fromkeys(figures))
            | {column: row[column] for column in key}
            | {"threshold_seconds": row["threshold_seconds"], "covered_days": days}
            | {
                "uncovered_days": all_days - days,
                "status": _status(days, all_days if row["month"] else days, figures),
            }
        )

    shown = {(row["month"], row["scope_type"], row["scope_key"]) for row in theirs}
    ours = [expected(row) for row in theirs]
    assert not counted, f"only the oracle has {list(counted)[:5]}"
    problems = unequal_rows(_named(ours, key), _named(theirs, key), "name", _CALIBRATION)
    assert not problems, told(problems)


def _status(days: int, all_days: int, figures: Row) -> str:
    if days == 0:
        return "unavailable"
    if days < all_days:
        return "partial"
    return "small_sample" if figures["calibration_dials"] < calibration.MINIMUM else "ok"


def test_the_rules_are_right_and_wrong_in_this_company(company: Company) -> None:
    every = query(company.house, "select * from marts.kpi_connect_calibration")
    rows = [row for row in every if (row["scope_type"], row["period_type"]) == ("company", "all")]
    configured = [row for row in rows if row["setting"] == calibration.AS_CONFIGURED]
    assert {row["rule"] for row in configured} == {"speech", "duration"}
    for row in configured:
        assert row["calibration_dials"] >= calibration.MINIMUM
        assert all(row[name] > 0 for name in calibration.COUNTS), row["rule"]
    assert {"partial", "small_sample", "unavailable"} <= {row["status"] for row in every}
    # All sources are set to 60 seconds: the sweep at 60 is the rule itself.
    at_60 = next(row for row in rows if row["setting"] == "60 s")
    rule = next(row for row in configured if row["rule"] == "duration")
    assert all(at_60[name] == rule[name] for name in calibration.COUNTS)


def test_every_answer_of_a_customer_is_counted_where_it_belongs(company: Company) -> None:
    """A period of the company without answers is 0 where a survey covers it."""
    theirs = query(company.house, "select * from marts.kpi_customer_voice")
    covered = company.found.coverage.of_need("survey")
    counted = {
        tuple(row[column] for column in voice.KEY): row
        for row in company.found.tables["kpi_customer_voice"]
    }
    ours = []
    for row in theirs:
        figures = counted.pop(tuple(row[column] for column in voice.KEY), voice.figures([]))
        assert figures["responses"] or figures["comments_only"] or row["scope_type"] == "company"
        days = _days(row["period_start"], min(row["period_end"], company.found.as_of))
        there = sum(day in covered for day in days)
        ours.append(
            {column: row[column] for column in voice.KEY}
            | figures
            | {"covered_days": there, "uncovered_days": len(days) - there}
            | {
                "status": "partial"
                if there < len(days)
                else "small_sample"
                if figures["responses"] < voice.MINIMUM
                else "ok"
            }
        )
    assert not counted, f"only the oracle has {list(counted)[:5]}"
    problems = unequal_rows(_named(ours, voice.KEY), _named(theirs, voice.KEY), "name", _VOICE)
    assert not problems, told(problems)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def test_customers_of_every_mind_answer_in_this_company(company: Company) -> None:
    rows = query(
        company.house, "select * from marts.kpi_customer_voice where period_type = 'quarter'"
    )
    whole = [row for row in rows if row["scope_type"] == "company"]
    assert {row["status"] for row in whole} == {"ok"}
    for name in ("promoters", "passives", "detractors", "comments_only"):
        assert all(row[name] > 0 for row in whole), name
    for scope in ("team", "rep", "channel", "account"):
        assert len({row["scope_key"] for row in rows if row["scope_type"] == scope}) > 1, scope
