"""Cases about what people add and what the review says (dictionary §7)."""

from __future__ import annotations

from typing import Any

from tests.cases import case
from tests.cases.scene import Expect, Rep, Scene, day, jst


def _connect(scene: Scene, rep: Rep, month: int, on: int, hour: int = 10) -> None:
    scene.call(rep, jst(month, on, hour), scene.number_of(1), talk=60, tags=("本人接続",))


def _in_quarter(team: str, rep: Rep) -> dict[str, Any]:
    return {
        "period_type": "quarter",
        "period_start": day(4, 1),
        "team": team,
        "rep_id": rep.rep_id,
    }


@case(
    320, "booked",
    "A moves from East to West on 1 May: one connect before, two after; B of East has three in April.",
    "§7, §0.4: a quarter of East's connects and all of West's; the days worked are split, too.",
)  # fmt: skip
def adds_to_the_team_of_the_time(scene: Scene) -> list[Expect]:
    east, west = f"east {scene.tag()}", f"west {scene.tag()}"
    a = scene.rep("a", team=east, valid_to=day(4, 30))
    scene.moves(a, "bdr", west, day(5, 1))
    b = scene.rep("b", team=east)
    _connect(scene, a, 4, 14)
    for hour in (10, 11, 12):
        _connect(scene, b, 4, 15, hour)
    for on in (12, 13):
        _connect(scene, a, 5, on)
    return [
        Expect(
            "kpi_contribution",
            _in_quarter(east, a),
            # April 2026 has 22 weekdays, one of them a holiday; 30 and 31 March are another quarter.
            {
                "connects": 1, "team_connects": 4, "connects_share_of_team": 0.25,
                "working_days": 21,
            },
        ),
        Expect("kpi_contribution", _in_quarter(east, b), {"connects_share_of_team": 0.75}),
        Expect(
            "kpi_contribution",
            _in_quarter(west, a),
            {"connects": 2, "team_connects": 2, "connects_share_of_team": 1},
        ),
    ]  # fmt: skip


@case(
    321, "booked",
    "A has a connect, B of her team did nothing all quarter, and nobody of the team has a win.",
    "§0.1, §0.4: B adds 0 of 1; a share of no wins is null; without a sample nothing is expected.",
)  # fmt: skip
def an_idle_rep_adds_nothing(scene: Scene) -> list[Expect]:
    a, b = (scene.rep(name, team=f"team {scene.tag()}") for name in "ab")
    _connect(scene, a, 4, 14)
    return [
        Expect(
            "kpi_contribution",
            _in_quarter(a.team, b),
            {
                "connects": 0, "team_connects": 1, "connects_share_of_team": 0,
                "wins_share_of_team": None, "meetings_per_connect": None,
                "expected_yen_of_connects": None,
            },
        ),
        Expect("kpi_contribution", _in_quarter(a.team, a), {"connects_share_of_team": 1}),
    ]  # fmt: skip


@case(
    322, "booked",
    "Three dials in April. The target was 4, from 20 April 2; a training of the rep began on the 21st.",
    "§6, §7 kpi_review: reached after one revision from 4; her team sees her action; no trend yet.",
)  # fmt: skip
def a_lowered_target_is_seen(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    for hour in (10, 11, 12):
        scene.call(rep, jst(4, 14, hour), scene.number_of(1))
    for value, valid_from in ((4, day(4, 1)), (2, day(4, 20))):
        scene.plan(
            "targets",
            period_type="month", period_start=day(4, 1), scope_type="team", scope_key=rep.team,
            metric="dials", value=value, valid_from=valid_from,
        )  # fmt: skip
    scene.plan(
        "actions",
        action_id=scene.tag("training"), what="研修", scope_type="rep", scope_key=rep.rep_id,
        metric="dials", from_date=day(4, 21),
    )  # fmt: skip
    where = {
        "period_type": "month",
        "period_start": day(4, 1),
        "scope_type": "team",
        "scope_key": rep.team,
        "metric": "dials",
    }
    return [
        Expect(
            "kpi_review",
            where,
            {
                "value": 3, "target": 2, "is_target_missed": False, "target_revisions": 1,
                "first_target": 4, "actions_begun": 1, "action_ids": scene.tag("training"),
                "trend": "unknown", "earns_its_place": "too few rep-months", "is_flagged": False,
                "finding_en": None,
            },
        ),
    ]  # fmt: skip
