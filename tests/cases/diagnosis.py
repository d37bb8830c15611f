"""Cases about what the diagnosis says and keeps to itself (dictionary §7, §0.2, §0.6)."""

from __future__ import annotations

from typing import Any

from tests.cases import case
from tests.cases.scene import Expect, Rep, Scene, day, jst


def _step(rep: Rep, month: int, step: str, benchmark: str = "own_trailing") -> dict[str, Any]:
    return {
        "period_type": "month",
        "period_start": day(month, 1),
        "scope_type": "rep",
        "scope_key": rep.rep_id,
        "step": step,
        "benchmark": benchmark,
    }


@case(
    300, "booked",
    "A rep dialled three times in May and connected with nobody. Is the list bad?",
    "§7: silent below the minimum sample: the row is there, its status says why, nothing is flagged.",
)  # fmt: skip
def three_dials_say_nothing(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    for hour in (10, 11, 12):
        scene.call(rep, jst(5, 12, hour), scene.number_of(1))
    return [
        Expect(
            "kpi_bottleneck",
            _step(rep, 5, "connect_rate"),
            {
                "numerator": 0, "denominator": 3, "value": 0, "status": "small_sample",
                "p_value": None, "q_value": None, "is_flagged": False, "probable_cause": None,
                "finding_ja": None, "finding_en": None,
            },
        ),
        Expect(
            "kpi_bottleneck",
            _step(rep, 5, "meeting_conversion_rate"),
            {"numerator": 0, "denominator": 0, "value": None, "is_flagged": False},
        ),
    ]  # fmt: skip


@case(
    301, "booked",
    "Field sales dialled once in May. What is that a working day?",
    "Volume is dials per working day of SDRs and BDRs: nobody of field sales has one.",
)  # fmt: skip
def field_sales_has_no_volume(scene: Scene) -> list[Expect]:
    rep = scene.rep(motion="field_sales")
    scene.call(rep, jst(5, 12), scene.number_of(1))
    return [
        Expect(
            "kpi_bottleneck",
            _step(rep, 5, "volume"),
            {"numerator": 1, "denominator": 0, "value": None, "is_flagged": False},
        )
    ]


@case(
    302, "booked",
    "A rep on the roster who did nothing in May: is there a balance?",
    "§0.4: a rep without activity on covered days shows zeros; rates stay null; no sign is seen.",
)  # fmt: skip
def an_idle_month_has_a_balance(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.task(rep, jst(6, 2), "Email", who=scene.prospect())
    where = {
        "period_type": "month",
        "period_start": day(5, 1),
        "scope_type": "rep",
        "scope_key": rep.rep_id,
    }
    return [
        Expect(
            "kpi_balance",
            where,
            {
                "dials": 0, "connects": 0, "connect_rate": None, "meetings_acquired": 0,
                "flags": "", "is_flagged": False, "finding_ja": None,
            },
        )
    ]  # fmt: skip


@case(
    303, "booked",
    "A rep dialled in one team in April and in another from 1 May on. Whom does the diagnosis name?",
    "§0.4: the team is the one valid at the time; a change against the 90 days before is noted.",
)  # fmt: skip
def a_mover_is_noted(scene: Scene) -> list[Expect]:
    before, after = f"{scene.tag('old')}", f"{scene.tag('new')}"
    rep = scene.rep(team=before, valid_to=day(4, 30))
    scene.moves(rep, "sdr", after, day(5, 1))
    scene.call(rep, jst(4, 14), scene.number_of(1))
    scene.call(rep, jst(5, 12), scene.number_of(1))
    said = {
        "membership_note_ja": f"異動：{before}→{after}",
        "membership_note_en": f"moved from {before} to {after}",
    }
    return [Expect("kpi_bottleneck", _step(rep, 5, "connect_rate"), said)]
