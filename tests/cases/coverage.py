"""Cases about what was delivered and what was not: absent is not zero (dictionary §0.2).

House `gaps`: the phone system's files leave 25 April – 10 May out; of the CRM, Events and
Opportunities were last exported on 21 June, Tasks never, nobody records outcomes, no title map is
planned, and the gate stage is spelled like no stage there is. Everything is exported from 15 April on.
House `held`: Leads were last exported on 15 June.
"""

from __future__ import annotations

from typing import Any

from tests.cases import case
from tests.cases.scene import Expect, Rep, Scene, day, jst

UNAVAILABLE = {"value": None, "status": "unavailable"}


def _figure(rep: Rep, period_type: str, start: Any, metric: str) -> dict[str, Any]:
    return {
        "period_type": period_type,
        "period_start": start,
        "scope_type": "rep",
        "scope_key": rep.rep_id,
        "metric": metric,
    }


@case(
    55, "gaps",
    "A file of May also re-delivers a call of 20 April with an edited memo. Dials of 27 April – 3 May?",
    "§0.2: a record delivered again proves none of the days between: no file speaks of that week.",
)  # fmt: skip
def redelivery_proves_no_days_between(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    leg = scene.leg("OUTGOING_CALL", jst(4, 20), scene.number_of(1), rep=rep)
    scene.group(leg, call_id="c55-call", delivered=day(4, 25))
    edited = leg | {"tags": [{"value": "不在", "created_by": "rep", "creator_type": "TENANT_USER"}]}
    scene.group(edited, call_id="c55-call", delivered=day(6, 1))
    scene.call(rep, jst(5, 12), scene.number_of(1))
    return [
        Expect("kpi_scorecard", _figure(rep, "week", day(4, 27), "dials"), UNAVAILABLE),
        Expect("kpi_scorecard", _figure(rep, "month", day(5, 1), "dials"), {"value": 1, "status": "partial"}),
        Expect("kpi_scorecard", _figure(rep, "week", day(4, 20), "dials"), {"value": 1, "status": "partial"}),
        Expect("kpi_scorecard", _figure(rep, "month", day(6, 1), "dials"), {"value": 0, "status": "ok"}),
    ]  # fmt: skip


@case(
    56, "gaps",
    "A history CSV holds a dial of 8 May, when the webhook's files are silent: dials of that day?",
    "§0.2, formats §2.1: the webhook does not cover 8 May, so the history of that day counts.",
)  # fmt: skip
def history_fills_what_the_webhook_does_not_cover(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.history_row(rep, jst(5, 8), scene.number_of(1), talk=20, memo="不在")
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id, "date": day(5, 8)}, {"dials": 1}),
        Expect(
            "kpi_scorecard",
            _figure(rep, "week", day(5, 4), "dials"),
            {"value": 1, "status": "partial"},
        ),
    ]


@case(
    57, "gaps",
    "No file of Tasks was ever delivered; Leads arrive daily. E-mails and approaches of June?",
    "§0.2: e-mails are Tasks; without any export of them they are unavailable, dials are not.",
)  # fmt: skip
def never_delivered_is_unavailable(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.lead(jst(6, 22))
    scene.call(rep, jst(6, 23), scene.number_of(1))
    june = ("month", day(6, 1))
    return [
        Expect("kpi_scorecard", _figure(rep, *june, "emails_sent"), UNAVAILABLE),
        Expect("kpi_scorecard", _figure(rep, *june, "approaches"), UNAVAILABLE),
        Expect("kpi_scorecard", _figure(rep, *june, "dials"), {"value": 1, "status": "ok"}),
        Expect(
            "kpi_rep_daily", {"rep_id": rep.rep_id, "date": day(6, 23)}, {"_rows": 1, "dials": 1}
        ),
    ]


@case(
    58, "gaps",
    "Events were last exported on 21 June, Leads on 1 July. Bookings of the week of 22 June?",
    "§0.2: an export speaks for its own object only: unavailable; June is partial, the source late.",
)  # fmt: skip
def another_objects_export_covers_nothing(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.event(rep, jst(6, 10), jst(6, 15), scene.prospect())
    return [
        Expect("kpi_scorecard", _figure(rep, "week", day(6, 22), "meetings_booked"), UNAVAILABLE),
        Expect(
            "kpi_scorecard",
            _figure(rep, "month", day(6, 1), "meetings_booked"),
            {"value": 1, "status": "partial"},
        ),
        Expect(
            "kpi_scorecard",
            _figure(rep, "week", day(6, 8), "meetings_booked"),
            {"value": 1, "status": "ok"},
        ),
        Expect(
            "kpi_scorecard",
            _figure(rep, "week", day(6, 22), "opportunities_created"),
            UNAVAILABLE,
        ),
        Expect(
            "kpi_data_quality",
            {"source_id": "salesforce", "check_name": "covers_as_of_date"},
            {"passed": False},
        ),
    ]


@case(
    59, "gaps",
    "商談 means held, and no export says what was held. Meetings acquired in the week of 8 June?",
    "§0.2, §3: what nobody records is unavailable under the name meetings_acquired too.",
)  # fmt: skip
def held_needs_outcomes(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.event(rep, jst(6, 9), jst(6, 11), scene.prospect())
    week = ("week", day(6, 8))
    return [
        Expect("kpi_scorecard", _figure(rep, *week, metric), UNAVAILABLE)
        for metric in (
            "meetings_held",
            "meetings_acquired",
            "meeting_conversion_rate",
            "effective_meeting_rate",
        )
    ]


@case(
    60, "gaps",
    "Planning holds no title map. Connects with a key person in June?",
    "§2: a key person is what the title map says; without one the count is unavailable, not 0.",
)  # fmt: skip
def key_person_needs_a_title_map(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    number = scene.number_of(1)
    scene.contact(number)
    scene.call(rep, jst(6, 10), number, talk=90, tags=("本人接続",))
    june = ("month", day(6, 1))
    return [
        Expect("kpi_scorecard", _figure(rep, *june, "connects"), {"value": 1, "status": "ok"}),
        *(
            Expect("kpi_scorecard", _figure(rep, *june, metric), UNAVAILABLE)
            for metric in (
                "key_person_connects",
                "key_person_share",
                "key_person_talk_seconds",
                "key_person_talk_seconds_per_working_day",
            )
        ),
    ]


@case(
    61, "gaps",
    "The gate stage in sources.yml is spelled like no stage there is. Accepted meetings of that week?",
    "§9 accepted: nobody can have reached a stage nobody knows: unavailable, and the gate is named.",
)  # fmt: skip
def a_gate_nobody_knows_accepts_nothing(scene: Scene) -> list[Expect]:
    rep, field_rep = scene.rep(), scene.rep("field", "field_sales")
    account = scene.account()
    prospect = scene.contact(account=account, email="c61@prospect.example.com")
    opportunity = scene.opportunity(
        jst(6, 4), [(jst(6, 4), "初回商談"), (jst(6, 8), "提案")], account=account
    )
    scene.event(rep, jst(6, 2), jst(6, 4), prospect, owner=field_rep, what=opportunity)
    week = ("week", day(6, 1))
    return [
        *(
            Expect("kpi_scorecard", _figure(rep, *week, metric), UNAVAILABLE)
            for metric in ("accepted", "rejected", "pending", "effective_meeting_rate_decided")
        ),
        Expect(
            "kpi_data_quality",
            {"source_id": "salesforce", "check_name": "unknown_acceptance_stage:有功商談"},
            {"_rows": 1, "passed": False},
        ),
    ]


@case(
    62, "gaps",
    "Everything is exported from 15 April on. Working days of April and of May?",
    "§0.2: of the days before nothing is known: 15–17, 20–24, 27, 28, 30 April = 11, partial; May 18.",
)  # fmt: skip
def working_days_before_the_first_export(scene: Scene) -> list[Expect]:
    rep = scene.rep(valid_from=day(4, 15))
    return [
        Expect(
            "kpi_scorecard",
            _figure(rep, "month", day(4, 1), "working_days"),
            {"value": 11, "status": "partial"},
        ),
        Expect(
            "kpi_scorecard",
            _figure(rep, "month", day(5, 1), "working_days"),
            {"value": 18, "status": "ok"},
        ),
    ]


@case(
    63, "gaps",
    "One call is delivered twice, one once; the same contact in two daily exports. Duplicates?",
    "§8 kpi_data_quality: records delivered more than once are counted per source and object.",
)  # fmt: skip
def duplicate_records_are_counted(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    leg = scene.leg("OUTGOING_CALL", jst(6, 2), scene.number_of(1), rep=rep)
    scene.group(leg, call_id="c63-call")
    scene.group(leg | {"tags": []}, call_id="c63-call")
    contact = scene.contact(scene.number_of(2))
    again = scene.records["salesforce.Contact"][-1]
    scene.records["salesforce.Contact"].append(again | {"_delivered": day(6, 2)})
    assert again["Id"] == contact
    check = {"check_name": "records_delivered_again"}
    return [
        # With the call of case 55.
        Expect(
            "kpi_data_quality",
            check | {"source_id": "miitel", "object_name": "webhook_legs"},
            {"observed": 2},
        ),
        Expect(
            "kpi_data_quality",
            check | {"source_id": "miitel", "object_name": "history_legs"},
            {"observed": 0},
        ),
        Expect(
            "kpi_data_quality",
            check | {"source_id": "salesforce", "object_name": "contacts"},
            {"observed": 1},
        ),
    ]


@case(
    145, "held",
    "Leads were last exported on 15 June. The cohort of May, and that of June with a lead of 10 June?",
    "§0.2: a month whose leads are not all exported is partial; of May, too young, maturing is said.",
)  # fmt: skip
def a_cohort_needs_its_leads(scene: Scene) -> list[Expect]:
    channel = scene.channel("web")
    scene.lead(jst(5, 12), source="web")
    scene.lead(jst(6, 10), source="web")
    of_channel = {"channel": channel}
    return [
        Expect(
            "kpi_channel_conversion",
            of_channel | {"cohort_month": day(5, 1)},
            {"leads": 1, "status": "maturing"},
        ),
        Expect(
            "kpi_channel_conversion",
            of_channel | {"cohort_month": day(6, 1)},
            {"leads": 1, "status": "partial"},
        ),
    ]
