"""What moved between two nights is what plain Python finds between two oracle answers.

One simulated company, with Salesforce and with HubSpot: a night for 31 August with what had been exported by
7 September, and one for 30 September with everything. No cause is known to the oracle; that causes are right
is told by planted edits (`test_restatements`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from dagster_project.settings import House
from tests.agreement import place_of, same, told
from tests.harness import publish_unjudged, query
from tests.nights.quick import Quick
from tests.oracle.metrics import RATIOS
from tests.oracle.restatements import moves, reached
from tests.oracle.scorecard import PERIODS, Place
from tests.oracle.settings import settings_from
from tests.oracle.tables import Answer, answer
from tests.seasoning import season
from tests.simulator import Plan, World, configuration, simulate, write_house, write_world
from tests.simulator.hubspot import in_hubspot

FIRST_DAY = date(2026, 8, 31)
EXPORTED_BY = datetime(2026, 9, 7, 14, tzinfo=UTC)
_COLUMNS = ("old_numerator", "old_denominator", "new_numerator", "new_denominator")
_DIFFERENCES = ("numerator_difference", "denominator_difference")

Row = dict[str, Any]
Key = tuple[Place, str]


@dataclass(frozen=True)
class TwoNights:
    """The house after both, the release of the first, and what the oracle says of each."""

    house: House
    previous: str
    before: Answer
    after: Answer
    published: list[Row]


def known_by(world: World, at: datetime) -> World:
    """The same company when fewer files had come; planning lies there as it is edited in place."""
    came = [
        delivery
        for delivery in world.deliveries
        if delivery.extracted_at <= at or delivery.object_name.startswith("planning.")
    ]
    return World(world.plan, world.settings, came, world.truth)


@pytest.fixture(scope="module", params=["salesforce", "hubspot"])
def nights(
    request: pytest.FixtureRequest, quick: Quick, tmp_path_factory: pytest.TempPathFactory
) -> TwoNights:
    world = season(simulate(Plan(seed=5, reps=12, months=6)))
    if request.param == "hubspot":
        world = in_hubspot(world)
    first = known_by(world, EXPORTED_BY)
    settings = settings_from(*configuration(world.settings))
    house = House(tmp_path_factory.mktemp("restated") / "house")
    write_house(first, house.root)
    quick.marts(house, FIRST_DAY)
    assert not query(house, "select * from marts.kpi_restatements"), "a first release is a baseline"
    previous = publish_unjudged(house)
    write_world(world, house.exports)
    quick.marts(house, world.plan.as_of)
    return TwoNights(
        house,
        previous,
        answer(first.records, FIRST_DAY, replace(settings)),
        answer(world.records, world.plan.as_of, settings),
        query(house, "select * from marts.kpi_restatements"),
    )


def by_figure(rows: Iterable[Row]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        found[(place_of(row), row["metric"])].append(row)
    return found


def test_the_oracle_finds_the_same_moves(nights: TwoNights) -> None:
    mine, theirs = moves(nights.before, nights.after), by_figure(nights.published)
    assert len(mine) > 1_000
    problems = [
        f"{key}: only the oracle has it: {mine[key]}" for key in mine.keys() - theirs.keys()
    ]
    problems += [
        f"{key}: only the warehouse has it: {theirs[key]}" for key in theirs.keys() - mine.keys()
    ]
    for key in mine.keys() & theirs.keys():
        row = theirs[key][0]
        problems += [
            f"{key}: {column}: oracle {mine[key][column]}, warehouse {row[column]}"
            for column in _COLUMNS
            # a scope nobody worked in then has no row of zeros
            if not same(mine[key][column] or 0, row[column] or 0)
        ]
        problems += [
            f"{key}: {column}: oracle {mine[key][column]}, warehouse {row[column]}"
            for column in _DIFFERENCES
            if not same(mine[key][column], row[column])
        ]
    assert not problems, told(sorted(problems))


def test_values_are_those_of_the_counts_beside_them(nights: TwoNights) -> None:
    for row in nights.published:
        for side in ("old", "new"):
            above, below = row[f"{side}_numerator"], row[f"{side}_denominator"]
            expected = above if row["metric"] not in RATIOS else above / below if below else None
            assert same(expected, row[f"{side}_value"]), row
        if row["old_value"] is not None and row["new_value"] is not None:
            assert same(row["value_difference"], row["new_value"] - row["old_value"])


def test_the_causes_of_a_move_add_up_to_it_and_none_is_unexplained(nights: TwoNights) -> None:
    problems = []
    for key, rows in by_figure(nights.published).items():
        for name in ("numerator", "denominator", "value"):
            parts = [row[f"{name}_part"] for row in rows]
            whole = rows[0][f"{name}_difference"]
            if whole is not None and not same(sum(parts), whole):
                problems.append(f"{key}: {name}: {parts} do not add up to {whole}")
    assert not problems, told(problems)
    assert {row["cause"] for row in nights.published} >= {"late_fact", "correction"}
    assert not [row for row in nights.published if row["cause"] in ("unexplained", "definition")]


def test_what_came_to_pass_after_the_earlier_day_is_a_late_fact(nights: TwoNights) -> None:
    """Of leads and hand-raises, where both releases have the figure: as many as the oracle dates later."""
    parts: dict[tuple[str, date], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in nights.published:
        if (
            (row["period_type"], row["scope_type"]) == ("month", "company")
            and row["old_numerator"] is not None
            and row["new_numerator"] is not None
        ):
            parts[(row["metric"], row["period_start"])][row["cause"]] += row["numerator_part"]
    expected = {
        key: counted
        for key, counted in reached(nights.before, nights.after).items()
        if key in parts
    }
    problems = [
        f"{key}: {counted}, but {dict(parts[key])}"
        for key, counted in expected.items()
        if abs(parts[key]["late_fact"] - counted.later) > counted.otherwise
        or sum(abs(part) for cause, part in parts[key].items() if cause != "late_fact")
        > counted.otherwise
    ]
    assert not problems, told(problems)
    assert {metric for (metric, _), counted in expected.items() if counted.later} >= {
        "leads_reached_meeting_of_cohort",
        "hand_raises_attempted",
    }


def test_only_days_of_the_earlier_release_are_compared(nights: TwoNights) -> None:
    assert {row["period_type"] for row in nights.published} == set(PERIODS)
    assert max(row["period_start"] for row in nights.published) <= FIRST_DAY
    assert {
        (row["previous_release_id"], row["previous_as_of_date"]) for row in nights.published
    } == {(nights.previous, FIRST_DAY)}
    assert query(
        nights.house, "select previous_release_id, previous_as_of_date from marts.release"
    ) == [{"previous_release_id": nights.previous, "previous_as_of_date": FIRST_DAY}]


def test_the_same_night_again_finds_the_same(nights: TwoNights, quick: Quick) -> None:
    """Also when the first one was published: both are compared with the release of the day before."""
    publish_unjudged(nights.house)
    quick.marts(nights.house, nights.after.as_of)
    again = query(nights.house, "select * from marts.kpi_restatements")
    columns = list(again[0])
    assert sorted(map(str, (tuple(row[c] for c in columns) for row in again))) == sorted(
        map(str, (tuple(row[c] for c in columns) for row in nights.published))
    )
