"""Cases about call lists: which list a call is from, and what a list is worth (dictionary §5)."""

from __future__ import annotations

from typing import Any

from tests.cases import case
from tests.cases.scene import Expect, Scene, day, jst

NONE = "(none)"


def _may(call_list: str, metric: str) -> dict[str, Any]:
    return {
        "period_type": "month",
        "period_start": day(5, 1),
        "scope_type": "call_list",
        "scope_key": call_list,
        "metric": metric,
    }


@case(
    220, "booked",
    "Somebody is put on a bought list (a campaign planning names) on 10 May and comes to a webinar on the "
    "20th; dialled on the 9th, 11th, 12th and 21st, once without a known person.",
    "§5: the list is the reason to call from the 10th until the webinar is: 2 dials, one of them wrong.",
)  # fmt: skip
def a_campaign_people_work_through(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    contact = scene.contact(number)
    name = scene.tag("bought")
    scene.call_list("campaign_name", name)
    scene.member(scene.campaign("bought"), contact, jst(5, 10))
    scene.member(scene.campaign("webinar"), contact, jst(5, 20))
    scene.call(rep, jst(5, 9), number)
    scene.call(rep, jst(5, 11), number, talk=20, tags=("番号違い",))
    scene.call(rep, jst(5, 12), number)
    scene.call(rep, jst(5, 21), number)
    scene.call(rep, jst(5, 12, 15), scene.number_of(2))
    where = {"rep_id": rep.rep_id}
    return [
        Expect("fct_calls", where | {"call_list": name}, {"_rows": 2}),
        Expect("fct_calls", where | {"call_list": NONE}, {"_rows": 3}),
        Expect("kpi_scorecard", _may(name, "dials"), {"value": 2}),
        Expect(
            "kpi_scorecard",
            _may(name, "wrong_number_share"),
            {"numerator": 1, "denominator": 2, "value": 0.5, "status": "small_sample"},
        ),
        Expect(
            "dim_call_lists",
            {"call_list": name},
            {
                "first_dialled_on": day(5, 11),
                "last_dialled_on": day(5, 12),
                "dials": 2,
                "persons_dialled": 1,
            },
        ),
    ]


@case(
    221, "tool",
    "The tool's list number has a name in planning; the person is on another list of the CRM, too. The tool "
    "names no list for the second call.",
    "Formats §4.1: the dialler knows what it worked through; only where it says nothing the CRM speaks.",
)  # fmt: skip
def the_dialler_goes_before_the_crm(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    contact = scene.contact(number)
    scene.call_list("list_key", scene.tag("17"), scene.tag("renewals"))
    scene.call_list("campaign_type", scene.tag("type"))
    scene.member(scene.campaign("crm", scene.tag("type")), contact, jst(5, 1))
    scene.tool_leg("1", "primary", jst(5, 12), number, rep=rep, campaign_key=scene.tag("17"))
    scene.tool_leg("2", "primary", jst(5, 13), number, rep=rep)
    where = {"rep_id": rep.rep_id}
    return [
        Expect(
            "fct_calls",
            where | {"called_on": day(5, 12)},
            {"call_list": scene.tag("renewals"), "campaign": scene.tag("crm")},
        ),
        Expect(
            "fct_calls",
            where | {"called_on": day(5, 13)},
            {"call_list": scene.tag("crm"), "campaign": scene.tag("crm")},
        ),
    ]


@case(
    222, "booked",
    "A person of a campaign planning says nothing of is called.",
    "§5: whether a campaign is worked through by telephone is for people to say; else it is no list.",
)  # fmt: skip
def a_campaign_is_no_list_by_itself(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    scene.member(scene.campaign("fair", "List"), scene.contact(number), jst(5, 1))
    scene.call(rep, jst(5, 12), number)
    return [
        Expect(
            "fct_calls",
            {"rep_id": rep.rep_id},
            {"_rows": 1, "call_list": NONE, "campaign": scene.tag("fair")},
        )
    ]
