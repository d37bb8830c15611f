"""High performers, contribution and review: the warehouse and the oracle say the same.

The figures of the scorecard are proven elsewhere; here what is made of them is compared, row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import pytest
import yaml

from dagster_project.settings import DBT_PROJECT, House
from tests.agreement import Reader, minimum_samples, place_of, told, unequal_rows
from tests.harness import query
from tests.nights.quick import Quick
from tests.oracle.contribution import PARTS, contribution
from tests.oracle.metrics import Row
from tests.oracle.performers import high_performers
from tests.oracle.review import Metric, Review
from tests.oracle.settings import settings_from
from tests.oracle.status import Judge
from tests.oracle.tables import Answer, answer
from tests.seasoning import season
from tests.simulator import Plan, World, configuration, simulate, write_house
from tests.simulator.hubspot import in_hubspot

_PERFORMERS = (
    "people_compared", "top_reps_count", "top_outcome", "top_outcome_days", "top_outcome_per_day",
    "others_outcome", "others_outcome_days", "others_outcome_per_day", "top_people", "top_dials",
    "top_numerator", "top_denominator", "top_value", "others_people", "others_dials",
    "others_numerator", "others_denominator", "others_value", "difference", "difference_low",
    "difference_high", "degrees_of_freedom", "p_value", "q_value", "status", "is_flagged",
)  # fmt: skip
_CONTRIBUTION = (
    "working_days",
    *PARTS,
    *(f"team_{part}" for part in PARTS),
    *(f"company_{part}" for part in PARTS),
    *(f"{part}_share_of_team" for part in PARTS),
    *(f"{part}_share_of_company" for part in PARTS),
    "conversion_meetings", "conversion_connects", "meetings_per_connect", "acceptance_accepted",
    "acceptance_meetings", "accepted_per_meeting", "win_wins", "win_accepted", "wins_per_accepted",
    "deal_amount_yen", "deal_wins", "average_won_amount_yen", "expected_yen_of_connects",
    "expected_yen_of_meetings", "expected_yen_of_accepted", "status",
)  # fmt: skip
_REVIEW = (
    "is_target_missed", "trend_periods", "trend_slope", "trend_slope_low", "trend_slope_high",
    "trend_p_value", "trend_q_value", "trend", "next_metric", "rep_months", "rank_correlation",
    "rank_correlation_low", "rank_correlation_high", "link_p_value", "link_q_value",
    "earns_its_place", "is_flagged",
)  # fmt: skip


class Company:
    """One simulated company seen by both."""

    def __init__(self, house: House, found: Answer) -> None:
        self.house, self.found, self.judge = house, found, Judge(found)
        self.reader = Reader(found)


@cache
def world_of(system: str) -> World:
    """The same company whatever its sales people work in, with somebody who is better than the rest."""
    world = with_a_star(season(simulate(Plan(seed=5, reps=12, months=6))))
    return world if system == "salesforce" else in_hubspot(world)


def with_a_star(world: World) -> World:
    """The first rep books most meetings, has talks of many turns and always speaks of references."""
    star = world.records["planning.roster"][0]
    sdrs = {
        row["crm_user_id"] for row in world.records["planning.roster"] if row["motion"] == "sdr"
    }
    booked = sorted(
        {row["Id"] for row in world.records["salesforce.Event"] if row["CreatedById"] in sdrs}
    )
    hers = {event for place, event in enumerate(booked) if place % 3}
    for row in world.records["salesforce.Event"]:
        if row["Id"] in hers:
            row["CreatedById"] = star["crm_user_id"]
    for call in world.records["miitel.webhook_calls"]:
        for leg in call["call"]["details"]:
            speakers = {one["login_id"]: one["id"] for one in leg["participants"]}
            if leg["analysis"] and star["email"] in speakers:
                leg["analysis"]["rally_count"] *= 4
                leg["keywords"] = [
                    *leg["keywords"],
                    {
                        "starts_at": 1,
                        "participant_id": speakers[star["email"]],
                        "value": "導入事例",
                    },
                ]
    return world


@pytest.fixture(scope="module", params=["salesforce", "hubspot"])
def company(
    request: pytest.FixtureRequest, quick: Quick, tmp_path_factory: pytest.TempPathFactory
) -> Company:
    world = world_of(request.param)
    house = House(tmp_path_factory.mktemp("performers") / "house")
    write_house(world, house.root)
    quick.marts(house, world.plan.as_of)
    settings = settings_from(*configuration(world.settings))
    return Company(house, answer(world.records, world.plan.as_of, settings))


def keyed(rows: Iterable[Mapping[str, object]], *keys: str) -> list[Row]:
    """Rows with the key as one text, as `unequal_rows` wants it."""
    return [dict(row) | {"line": " | ".join(str(row[key]) for key in keys)} for row in rows]


def test_what_top_reps_do_differently_is_equal(company: Company) -> None:
    keys = ("period_type", "period_start", "motion", "trait")
    theirs = keyed(query(company.house, "select * from marts.kpi_high_performers"), *keys)
    ours = keyed(high_performers(company.found, company.judge), *keys)
    flagged = {row["trait"] for row in ours if row["is_flagged"]}
    assert flagged, "nothing that top reps do differently"
    compared = {row["trait"] for row in ours if row["p_value"] is not None}
    assert "keyword:導入事例" in compared
    assert any(row["top_reps_count"] == 0 for row in ours), "somebody is always on top"
    problems = unequal_rows(ours, theirs, "line", _PERFORMERS)
    assert not problems, told(problems)


def test_what_each_rep_adds_is_equal(company: Company) -> None:
    keys = ("period_type", "period_start", "team", "rep_id")
    theirs = keyed(query(company.house, "select * from marts.kpi_contribution"), *keys)
    ours = keyed(contribution(company.found, company.judge, minimum_samples()), *keys)
    assert any(row["expected_yen_of_connects"] is not None for row in ours)
    assert any(row["expected_yen_of_connects"] is None for row in ours)
    problems = unequal_rows(ours, theirs, "line", _CONTRIBUTION)
    assert not problems, told(problems)


def test_what_the_review_says_is_equal(company: Company) -> None:
    keys = ("period_type", "period_start", "scope_type", "scope_key", "metric")
    theirs = keyed(query(company.house, "select * from marts.kpi_review"), *keys)
    ours = keyed(review_of(company).rows(), *keys)
    assert {row["earns_its_place"] for row in ours} == {
        "yes", "no evidence", "too few rep-months", "not tested",
    }  # fmt: skip
    assert {row["trend"] for row in ours} == {"rising", "falling", "no clear trend", "unknown"}
    assert any(row["trend_q_value"] is not None for row in ours), "no target was ever missed"
    problems = unequal_rows(ours, theirs, "line", _REVIEW)
    assert not problems, told(problems)


def review_of(company: Company) -> Review:
    """The oracle's review over the oracle's figures, with the targets planning has in force."""
    figures, ends = {}, {}
    for row in query(
        company.house,
        """select period_type, period_start, period_end, scope_type, scope_key, metric, target
        from marts.kpi_scorecard where period_type in ('month', 'quarter')
            and scope_type in ('company', 'team', 'rep', 'motion')""",
    ):
        place = place_of(row)
        ends[place] = row["period_end"]
        figures[(place, row["metric"])] = company.reader.row(row["metric"], place) | {
            "target": row["target"]
        }
    return Review(company.found, figures, catalogue(), ends)


@cache
def catalogue() -> dict[str, Metric]:
    """Headline metrics with what follows them, from the catalogue's files."""
    said = {}
    for path in (DBT_PROJECT / "models" / "marts" / "metrics").glob("*_metrics.yml"):
        for metric in yaml.safe_load(path.read_text(encoding="utf-8"))["metrics"]:
            said[metric["name"]] = metric["config"]["meta"]
    return {
        name: Metric(
            meta["direction"],
            meta.get("next_step"),
            said[meta["next_step"]]["direction"] if "next_step" in meta else None,
        )
        for name, meta in said.items()
        if meta["headline"]
    }


def test_every_next_step_is_a_metric_of_the_same_people() -> None:
    """A link is looked for over people's months, so both its ends are known of people."""
    assert all(
        metric.next_step is None or metric.next_direction in ("up", "down")
        for metric in catalogue().values()
    )
