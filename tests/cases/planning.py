"""Cases of targets, plans and actions (dictionary §6).

Their scopes are the case's own reps and teams; company goals would touch other cases of the house.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.cases import case
from tests.cases.scene import Expect, Rep, Scene, day, jst


def _target(scene: Scene, rep: Rep, metric: str, value: float, since: date, **told: Any) -> None:
    scene._add(
        "planning.targets",
        {
            "period_type": "month",
            "period_start": day(5, 1),
            "scope_type": "rep",
            "scope_key": rep.rep_id,
            "metric": metric,
            "value": value,
            "owner": None,
            "due_date": None,
            "achievable": "昨年の実績",
            "relevant": "受注の土台",
            "valid_from": since,
        }
        | told,
    )


def _of(rep: Rep, metric: str, revision: int) -> dict[str, Any]:
    return {"scope_key": rep.rep_id, "metric": metric, "revision": revision}


@case(
    280, "booked",
    "May's dials of a rep: 40 agreed in April, 30 from 12 May, 20 written on 3 June.",
    "§6: revised targets keep their history; one made after the period ended says so.",
)  # fmt: skip
def a_target_lowered_twice(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.call(rep, jst(5, 12), scene.number_of(1))
    _target(scene, rep, "dials", 40, day(4, 1), due_date=day(5, 29))
    _target(scene, rep, "dials", 30, day(5, 12))
    _target(scene, rep, "dials", 20, day(6, 3), achievable=None)
    first = {
        "valid_to": day(5, 11),
        "is_current": False,
        "value": 40,
        "change": None,
        "smart_parts": 5,
    }
    second = {"valid_to": day(6, 2), "value": 30, "change": -10, "change_share": -0.25}
    third = {
        "valid_to": None,
        "is_current": True,
        "change": -10,
        "smart_parts": 4,
        "is_smart": False,
    }
    return [
        Expect("kpi_targets", _of(rep, "dials", 1), first | {"due_on": day(5, 29)}),
        Expect(
            "kpi_targets", _of(rep, "dials", 2),
            second | {"is_revised_in_period": True, "is_made_after_period_end": False},
        ),
        Expect(
            "kpi_targets", _of(rep, "dials", 3),
            third | {"is_revised_in_period": False, "is_made_after_period_end": True},
        ),
    ]  # fmt: skip


@case(
    281, "booked",
    "Targets for a metric and for a rep nobody knows, and of company wins for a rep.",
    "§6 SMART: specific needs a known scope and a metric shown for it; nothing is dropped.",
)  # fmt: skip
def targets_nobody_can_reach(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    nobody = Rep(scene.tag("x").upper(), "", "", "", "")
    _target(scene, rep, "dails", 10, day(4, 1))
    _target(scene, nobody, "dials", 10, day(4, 1))
    _target(scene, rep, "company_wins", 1, day(4, 1))
    return [
        Expect(
            "kpi_targets", _of(rep, "dails", 1),
            {"is_metric_known": False, "is_scope_known": True, "is_specific": False, "smart_parts": 3},
        ),
        Expect(
            "kpi_targets", _of(nobody, "dials", 1),
            {"is_metric_known": True, "is_scope_known": False, "is_specific": False, "smart_parts": 4},
        ),
        Expect(
            "kpi_targets", _of(rep, "company_wins", 1),
            {"is_metric_known": True, "is_scope_known": True, "is_specific": False, "smart_parts": 4},
        ),
    ]  # fmt: skip


@case(
    282, "booked",
    "A target of May that names 18 May as its first day, and one agreed for a day to come.",
    "§6: a target may name any day of its period; what holds from July on is no target yet.",
)  # fmt: skip
def any_day_names_the_period(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.call(rep, jst(5, 12), scene.number_of(1))
    _target(scene, rep, "connects", 5, day(4, 1), period_start=day(5, 18))
    _target(scene, rep, "connects", 9, day(7, 1))
    return [
        Expect(
            "kpi_targets", _of(rep, "connects", 1),
            {
                "period_start": day(5, 1), "period_end": day(5, 31), "state": "in_force",
                "valid_to": day(6, 30),
            },
        ),
        Expect(
            "kpi_targets", _of(rep, "connects", 2),
            {"state": "upcoming", "is_current": False, "is_made_after_period_end": True},
        ),
    ]  # fmt: skip


def _dial_every_business_day(scene: Scene, rep: Rep, first: date, last: date, calls: int) -> None:
    at = first
    while at <= last:
        if at.weekday() < 5:
            for number in range(calls):
                scene.call(rep, jst(at.month, at.day, 10, number), scene.number_of(1))
        at += timedelta(days=1)


def _action(scene: Scene, scope: str, key: str, metric: str, since: date) -> str:
    name = scene.tag(f"{scope}-{metric}-{since:%m%d}")
    scene._add(
        "planning.actions",
        {
            "action_id": name,
            "what": "改善",
            "owner": None,
            "scope_type": scope,
            "scope_key": key,
            "metric": metric,
            "from_date": since,
            "expected_effect": 1,
        },
    )
    return name


@case(
    283, "booked",
    "A rep dials twice a day in May and five times a day since 1 June; what did the action move?",
    "§6: 18 working days before (Golden Week is none), 22 after; 36 and 110 dials.",
)  # fmt: skip
def an_action_that_worked(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    for start, end, calls in (
        (day(5, 1), day(5, 1), 2),
        (day(5, 7), day(5, 29), 2),
        (day(6, 1), day(6, 30), 5),
    ):
        _dial_every_business_day(scene, rep, start, end, calls)
    name = _action(scene, "rep", rep.rep_id, "dials", day(6, 1))
    # From 2 April on; 29 April and 4 to 6 May are holidays: 20 working days of April, 18 of May.
    return [
        Expect(
            "kpi_actions", {"action_id": name},
            {
                "before_from": day(4, 2), "before_days": 38, "after_days": 22, "method": "per_working_day",
                "before_numerator": 36, "before_denominator": 38, "after_numerator": 110,
                "after_denominator": 22, "after_value": 5, "verdict": "improved", "is_flagged": True,
            },
        )
    ]  # fmt: skip


@case(
    284, "booked",
    "Actions for a misspelt metric, a team nobody knows, distinct persons, and one that begins tomorrow.",
    "§6: an action nobody can judge is shown with the reason.",
)  # fmt: skip
def actions_nobody_can_judge(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.call(rep, jst(5, 12), scene.number_of(1))
    asked = (
        ("rep", rep.rep_id, "conversion", day(5, 1), "cannot_be_concluded", "unknown_metric"),
        ("team", "no such team", "dials", day(5, 1), "cannot_be_concluded", "unknown_scope"),
        ("rep", rep.rep_id, "leads_worked", day(5, 1), "cannot_be_concluded", "not_additive"),
        ("rep", rep.rep_id, "dials", day(7, 1), "too_early", "not_begun"),
        ("rep", rep.rep_id, "dials", day(6, 24), "too_early", "few_days_since"),
        ("rep", rep.rep_id, "dials", day(5, 11), "cannot_be_concluded", "small_sample"),
    )
    return [
        Expect(
            "kpi_actions",
            {"action_id": _action(scene, scope, key, metric, since)},
            {"verdict": verdict, "reason": reason},
        )
        for scope, key, metric, since, verdict, reason in asked
    ]
