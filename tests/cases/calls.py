"""Cases about calls and e-mails (dictionary §1, §9 Calls; formats §6.7, §6.9, §7)."""

from __future__ import annotations

from typing import Any

from tests.cases import case
from tests.cases.scene import INTERNAL_DOMAIN, Expect, Rep, Scene, day, jst


@case(
    9, "booked",
    "Whose dial is a predictive dial that the customer took and no agent joined?",
    "§9 Calls: a dial on (unassigned); answered, but nobody of ours was there to reach anyone.",
)  # fmt: skip
def predictive_dial_without_an_agent(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.group(scene.leg("PREDICTIVE_DIAL", jst(5, 21), scene.number_of(1), talk=8))
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": "(unassigned)", "date": day(5, 21)},
            {"dials": 1, "answered_calls": 1, "human_reached": 0, "connects": 0, "talk_seconds": 0},
        ),
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 0}),
    ]


@case(
    10, "booked",
    "A dials, talks 20 s, transfers to B, who talks 40 s and tags 本人接続. Whose connect?",
    "§9 Calls: one dial of the person who dialled, talk 20 + 40 = 60, best tag of all legs.",
)  # fmt: skip
def transfer_chain(scene: Scene) -> list[Expect]:
    a, b = scene.rep("a"), scene.rep("b")
    number = scene.number_of(1)
    dialled = scene.leg("OUTGOING_CALL", jst(5, 11), number, rep=a, talk=20)
    passed = scene.leg(
        "EXTENSION_TRANSFER", jst(5, 11, 10, 1), number, rep=b, talk=40, tags=("本人接続",),
        previous=dialled["id"],
    )  # fmt: skip
    scene.group(dialled, passed)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": a.rep_id},
            {
                "dials": 1, "answered_calls": 1, "human_reached": 1, "connects": 1,
                "talk_seconds": 60, "connect_talk_seconds": 60,
            },
        ),
        Expect("kpi_rep_daily", {"rep_id": b.rep_id}, {"dials": 0, "connects": 0}),
        Expect(
            "fct_calls",
            {"rep_id": a.rep_id},
            {"_rows": 1, "talk_seconds": 60, "disposition": "connected",
             "connect_basis": "disposition"},
        ),
    ]  # fmt: skip


@case(
    11, "booked",
    "A call answered for 40 s with speech on it, tagged 留守電: was anybody reached?",
    "§9 Calls: the tag 'voicemail left' proves a machine; answered, but no human, no connect.",
)  # fmt: skip
def voicemail_tag(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    scene.contact(number)
    scene.call(rep, jst(5, 12), number, talk=40, tags=("留守電",), turns=6)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 1, "answered_calls": 1, "human_reached": 0, "connects": 0,
             "unidentified_party": 0, "talk_seconds": 0},
        )
    ]  # fmt: skip


@case(
    12, "booked",
    "A 3-second call tagged 興味なし: below the 5 seconds of a human, yet the person spoke.",
    "§9 Calls: a disposition naming the intended person proves a human even under 5 s.",
)  # fmt: skip
def disposition_under_five_seconds(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    scene.call(rep, jst(5, 12), number, talk=3, tags=("興味なし",))
    scene.call(rep, jst(5, 12, 11), number, talk=3)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 2, "answered_calls": 2, "human_reached": 1, "connects": 1,
             "talk_seconds": 3},
        )
    ]  # fmt: skip


@case(
    13, "booked",
    "Two minutes with the reception, tagged 受付, to a number that is one person's.",
    "Formats §7.2.2: gatekeeper is not the intended person, however long the talk; a human it was.",
)  # fmt: skip
def gatekeeper(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    scene.contact(number)
    scene.call(rep, jst(5, 12), number, talk=120, tags=("受付",), turns=12)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 1, "human_reached": 1, "connects": 0, "unidentified_party": 0,
             "talk_seconds": 120, "connect_talk_seconds": 0},
        )
    ]  # fmt: skip


@case(
    14, "booked",
    "Three analysed calls without a tag: 35 s and 5 turns; 29 s and 9 turns; 35 s, 3 turns, the "
    "customer heard for 3.5 s only.",
    "Formats §7.2.3: 30 s and (4 turns or 10 s of the customer or an utterance): only the first.",
)  # fmt: skip
def speech_rule(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    scene.contact(number)
    scene.call(rep, jst(5, 12, 10), number, talk=35, turns=5)
    scene.call(rep, jst(5, 12, 11), number, talk=29, turns=9)
    scene.call(rep, jst(5, 12, 12), number, talk=35, turns=3, agent_share=0.9)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 3, "human_reached": 3, "connects": 1, "analysed_calls": 3,
             "analysed_connects": 1, "turns": 17, "connect_talk_seconds": 35},
        ),
        Expect(
            "fct_calls",
            {"rep_id": rep.rep_id, "is_connect": True},
            {"_rows": 1, "connect_basis": "speech", "talk_seconds": 35, "match_level": "person"},
        ),
    ]  # fmt: skip


@case(
    15, "booked",
    "Untagged, unanalysed calls to one person's number: 60 s and 59 s.",
    "Formats §7.2.4: from 60 s on, talk alone is a connect; 59 s is not.",
)  # fmt: skip
def duration_rule(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    scene.contact(number)
    scene.call(rep, jst(5, 12, 10), number, talk=60)
    scene.call(rep, jst(5, 12, 11), number, talk=59)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 2, "human_reached": 2, "connects": 1, "talk_seconds": 119,
             "connect_talk_seconds": 60},
        ),
        Expect(
            "fct_calls",
            {"rep_id": rep.rep_id, "is_connect": True},
            {"_rows": 1, "connect_basis": "duration"},
        ),
    ]  # fmt: skip


@case(
    16, "booked",
    "90 s of untagged talk with a number that is nobody's.",
    "§1 connects: without a person the duration rule gives unidentified_party, counted apart.",
)  # fmt: skip
def nobody_known_at_the_number(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.call(rep, jst(5, 12), scene.number_of(1), talk=90)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 1, "human_reached": 1, "connects": 0, "unidentified_party": 1},
        ),
        Expect(
            "fct_calls", {"rep_id": rep.rep_id}, {"match_level": "none", "channel": "(unlinked)"}
        ),
    ]


@case(
    17, "booked",
    "Two colleagues of one customer share a number. 90 s untagged; later 10 s tagged 本人接続.",
    "Formats §6.2.8: a shared number is the account only: unidentified; the tag needs no person.",
)  # fmt: skip
def shared_number(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    account = scene.account()
    scene.contact(number, account=account)
    scene.contact(number, account=account)
    scene.call(rep, jst(5, 12), number, talk=90)
    scene.call(rep, jst(5, 13), number, talk=10, tags=("本人接続",))
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 2, "human_reached": 2, "connects": 1, "unidentified_party": 1},
        ),
        Expect(
            "fct_calls",
            {"rep_id": rep.rep_id, "called_on": day(5, 12)},
            {"match_level": "account", "account_id": account, "person_id": None,
             "is_connect": False},
        ),
    ]  # fmt: skip


@case(
    18, "booked",
    "The same shared number, 90 s untagged, but the rep logged the call on one of the two.",
    "§9 Calls: a Task's WhoId is a person-level match even on a shared number, so 90 s connect.",
)  # fmt: skip
def who_id_on_a_shared_number(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    account = scene.account()
    contact = scene.contact(number, account=account)
    scene.contact(number, account=account)
    scene.call(rep, jst(5, 12), number, talk=90)
    task = scene.task(rep, jst(5, 12, 10, 3), "Call", who=contact, duration=90)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 1, "connects": 1, "unidentified_party": 0},
        ),
        Expect(
            "fct_calls",
            {"rep_id": rep.rep_id},
            {"_rows": 1, "match_level": "person", "match_basis": "crm_activity",
             "crm_activity_id": task, "connect_basis": "duration"},
        ),
    ]  # fmt: skip


@case(
    19, "booked",
    "A 20-second call without a tag, logged in the CRM as 本人接続 with the leg's id.",
    "§1 dials, §9 Calls: the same call counts once; the CRM's result fills in for a missing tag.",
)  # fmt: skip
def twin_counted_once(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    contact = scene.contact(number)
    leg = scene.call(rep, jst(5, 12), number, talk=20)
    # Logged an hour later: only the leg's id proves the pair.
    scene.task(rep, jst(5, 12, 11), "Call", who=contact, duration=20, result="本人接続", leg=leg)
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 1, "connects": 1}),
        Expect(
            "fct_calls",
            {"rep_id": rep.rep_id},
            {"_rows": 1, "disposition": "connected", "call_origin": "cti"},
        ),
    ]


@case(
    20, "booked",
    "One logged call lies 120 s after the end of one call and 120 s before that of the next.",
    "Formats §6.9.3: ties stay unmatched: its 本人接続 reaches neither, and it is no third dial.",
)  # fmt: skip
def twin_tie(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    contact = scene.contact(number)
    # Ends 10:01:00 and 10:05:00; the Task stands at 10:03:00.
    scene.call(rep, jst(5, 12, 10, 0, 30), number, talk=20)
    scene.call(rep, jst(5, 12, 10, 4, 30), number, talk=20)
    scene.task(rep, jst(5, 12, 10, 3), "Call", who=contact, duration=20, result="本人接続")
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 2, "connects": 0}),
        Expect("fct_calls", {"rep_id": rep.rep_id, "crm_activity_id": None}, {"_rows": 2}),
    ]


@case(
    21, "booked",
    "A rep without a phone system logs 本人接続 200 s, 不在, and 300 s without a result.",
    "§9 Calls: her dials are the CRM's; answered unless the result says otherwise; connect by "
    "disposition only, so the 300 s are talk with a human but no connect.",
)  # fmt: skip
def rep_without_a_phone_system(scene: Scene) -> list[Expect]:
    rep = scene.rep(cti="none")
    contact = scene.prospect()
    scene.task(rep, jst(5, 12, 10), "Call", who=contact, duration=200, result="本人接続")
    scene.task(rep, jst(5, 12, 11), "Call", who=contact, duration=0, result="不在")
    scene.task(rep, jst(5, 12, 12), "Call", who=contact, duration=300)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 3, "answered_calls": 2, "human_reached": 2, "connects": 1,
             "unidentified_party": 0, "talk_seconds": 500, "connect_talk_seconds": 200},
        )
    ]  # fmt: skip


@case(
    22, "booked",
    "An extension call to a colleague, and an outgoing call to one of our own lines.",
    "Formats §6.7.7, §6.2.7: internal calls and own numbers are excluded before any KPI.",
)  # fmt: skip
def internal_calls(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.group(scene.leg("EXTENSION", jst(5, 12), "201", rep=rep, talk=90, tags=("本人接続",)))
    scene.call(rep, jst(5, 13), "03-0000-0100", talk=90, tags=("本人接続",))
    scene.call(rep, jst(5, 14), scene.number_of(1))
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 1, "answered_calls": 0, "connects": 0, "human_reached": 0,
             "inbound_connects": 0},
        )
    ]  # fmt: skip


@case(
    23, "booked",
    "A customer calls in and the rep speaks with her for 100 s, tagged 本人接続.",
    "§1 connects are dials; inbound_connects are counted apart.",
)  # fmt: skip
def inbound_connect(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    scene.contact(number)
    scene.group(
        scene.leg("INCOMING_CALL", jst(5, 12), number, rep=rep, talk=100, tags=("本人接続",))
    )
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 0, "answered_calls": 0, "human_reached": 0, "connects": 0,
             "inbound_connects": 1, "talk_seconds": 0},
        )
    ]  # fmt: skip


@case(
    24, "booked",
    "The webhook delivers a call tagged 受付 in May and again in June, now tagged 本人接続.",
    "Formats §5.1: the latest delivery of a leg wins; one dial, one connect.",
)  # fmt: skip
def edited_tag_delivered_again(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    leg = scene.leg("OUTGOING_CALL", jst(5, 12), number, rep=rep, talk=20, tags=("受付",))
    scene.group(leg, delivered=day(5, 13))
    edited = dict(leg)
    edited["tags"] = [{"value": "本人接続", "created_by": "rep", "creator_type": "TENANT_USER"}]
    scene.group(edited)
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 1, "connects": 1}),
        Expect("fct_calls", {"rep_id": rep.rep_id}, {"_rows": 1, "disposition": "connected"}),
    ]


@case(
    25, "booked",
    "Two mails of the rep (one written the evening before it was completed), one list mail, one "
    "draft still open.",
    "§1 emails_sent, §9 E-mail: automated mail is not the rep's; the day is that of completion.",
)  # fmt: skip
def emails(scene: Scene) -> list[Expect]:
    rep, contact = scene.rep(), scene.prospect()
    scene.task(rep, jst(5, 12), "Email", who=contact)
    scene.task(rep, jst(5, 13, 0, 30), "Email", who=contact, created=jst(5, 12, 23, 30))
    scene.task(rep, jst(5, 13), "ListEmail", who=contact)
    scene.task(rep, jst(5, 13), "Email", who=contact, closed=False)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"emails_sent": 2, "approaches": 2, "dials": 0},
        ),
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id, "date": day(5, 13)}, {"emails_sent": 1}),
    ]


@case(
    26, "opportunity",
    "A house that requires a disposition: 100 s untagged and unanalysed with a known person.",
    "Formats §7.2.4: with require_disposition the duration rule is off; human, but no connect.",
)  # fmt: skip
def disposition_required(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    scene.contact(number)
    scene.call(rep, jst(5, 12), number, talk=100)
    scene.call(rep, jst(5, 13), number, talk=100, tags=("本人接続",))
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 2, "human_reached": 2, "connects": 1, "unidentified_party": 0},
        )
    ]


@case(
    27, "booked",
    "An outgoing call rings out (tagged 本人接続 by mistake) and ends in an automatic recording.",
    "§9 Calls: a dial, not answered; formats §7.2.1: the tag is a conflict, listed, not counted.",
)  # fmt: skip
def unanswered_then_recorded(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    rang = scene.leg("OUTGOING_CALL", jst(5, 12), number, rep=rep, tags=("本人接続",))
    recorded = scene.leg(
        "AUTOMATIC_RECORD", jst(5, 12, 10, 0, 10), number, talk=20, previous=rang["id"]
    )
    scene.group(rang, recorded)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 1, "answered_calls": 0, "human_reached": 0, "connects": 0},
        ),
        Expect("fct_calls", {"rep_id": rep.rep_id}, {"has_disposition_conflict": True}),
    ]


@case(
    28, "booked",
    "Wrong number and 'never call again', 12 s each.",
    "§1 wrong_numbers, do_not_call: the list's health; both were humans, neither a connect.",
)  # fmt: skip
def health_of_the_list(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.call(rep, jst(5, 12), scene.number_of(1), talk=12, tags=("番号違い",))
    scene.call(rep, jst(5, 12, 11), scene.number_of(2), talk=12, tags=("連絡禁止",))
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 2, "wrong_numbers": 1, "do_not_call": 1, "connects": 0, "human_reached": 2},
        )
    ]


def _may(rep: Rep, metric: str) -> dict[str, object]:
    return {
        "period_type": "month", "period_start": day(5, 1), "scope_type": "rep",
        "scope_key": rep.rep_id, "metric": metric,
    }  # fmt: skip


@case(
    65, "booked",
    "A talks 90 s (本人接続), transfers to B, who does not answer; our voicemail records 20 s.",
    "§1, §9: what our own voicemail does after the talk does not unmake the talk.",
)  # fmt: skip
def our_voicemail_after_a_transfer(scene: Scene) -> list[Expect]:
    a, b, number = scene.rep("a"), scene.rep("b"), scene.number_of(1)
    talked = scene.leg("OUTGOING_CALL", jst(5, 12), number, rep=a, talk=90, tags=("本人接続",))
    passed = scene.leg(
        "EXTENSION_TRANSFER", jst(5, 12, 10, 2), number, rep=b, previous=talked["id"]
    )
    recorded = scene.leg(
        "AUTOMATIC_RECORD", jst(5, 12, 10, 3), number, talk=20, previous=passed["id"]
    )
    scene.group(talked, passed, recorded)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": a.rep_id},
            {"dials": 1, "answered_calls": 1, "human_reached": 1, "connects": 1,
             "talk_seconds": 90},
        ),
        Expect(
            "fct_calls",
            {"rep_id": a.rep_id},
            {"_rows": 1, "is_machine": False, "answered_by": "not_measured", "has_agent": True},
        ),
    ]  # fmt: skip


@case(
    66, "booked",
    "90 s untagged with a number that is a company's main number and its only contact's.",
    "§1 connects: a long talk on a company's main number is unidentified_party, no connect.",
)  # fmt: skip
def main_number_of_one_contact(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    account = scene.account(number)
    scene.contact(number, account=account)
    scene.call(rep, jst(5, 12), number, talk=90)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 1, "human_reached": 1, "connects": 0, "unidentified_party": 1},
        ),
        Expect(
            "fct_calls",
            {"rep_id": rep.rep_id},
            {"match_level": "account", "account_id": account, "person_id": None},
        ),
    ]


@case(
    67, "tool",
    "The rep's own line picks up for 68 s while the customer's line rings and is never answered.",
    "Formats §7.1: answered is what the customer's leg says; ringing is no talk.",
)  # fmt: skip
def only_the_reps_line_picks_up(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    scene.contact(number)
    scene.tool_leg("1", "agent", jst(5, 12), number, rep=rep, talk=68)
    scene.tool_leg("1", "primary", jst(5, 12, 10, 0, 5), number)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 1, "answered_calls": 0, "human_reached": 0, "connects": 0,
             "unidentified_party": 0, "talk_seconds": 0},
        ),
        Expect("fct_calls", {"rep_id": rep.rep_id}, {"_rows": 1, "talk_seconds": 0}),
    ]  # fmt: skip


@case(
    68, "tool",
    "Rep's line 60 s, customer's line 40 s, one conversation tagged 本人接続; the same again with "
    "the customer's line dialled first.",
    "Formats §6.7.3: count once, talk from the customer's leg; the rep's leg says whose dial it is.",
)  # fmt: skip
def two_lines_of_one_conversation(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    scene.tool_leg("1", "agent", jst(5, 12), number, rep=rep, talk=60)
    scene.tool_leg("1", "primary", jst(5, 12, 10, 0, 20), number, talk=40, tag="本人接続")
    scene.tool_leg("2", "primary", jst(5, 13), number, talk=40, tag="本人接続")
    scene.tool_leg("2", "agent", jst(5, 13, 10, 0, 5), number, rep=rep, talk=60)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 2, "answered_calls": 2, "connects": 2, "talk_seconds": 80},
        )
    ]


@case(
    69, "booked",
    "The dialler's customer answers; A's line rings out, then B takes the call and tags 本人接続.",
    "§9: a predictive dial is the dial of the agent who joined; ringing is not joining.",
)  # fmt: skip
def the_second_agent_joins(scene: Scene) -> list[Expect]:
    a, b, number = scene.rep("a"), scene.rep("b"), scene.number_of(1)
    dialled = scene.leg("PREDICTIVE_DIAL", jst(5, 12), number, talk=60)
    rang = scene.leg(
        "INCOMING_CALL_USER", jst(5, 12, 10, 0, 11), number, rep=a, previous=dialled["id"]
    )
    taken = scene.leg(
        "INCOMING_CALL_USER", jst(5, 12, 10, 0, 22), number, rep=b, talk=30, tags=("本人接続",),
        previous=rang["id"],
    )  # fmt: skip
    scene.group(dialled, rang, taken)
    return [
        Expect("kpi_rep_daily", {"rep_id": a.rep_id}, {"dials": 0, "connects": 0}),
        Expect(
            "kpi_rep_daily",
            {"rep_id": b.rep_id},
            {"dials": 1, "answered_calls": 1, "connects": 1, "talk_seconds": 30},
        ),
    ]


@case(
    70, "booked",
    "The dialler's customer holds for 12 s while the only agent's line rings out.",
    "§9: no agent joined: a dial on (unassigned), answered, and nobody reached anyone.",
)  # fmt: skip
def the_only_agent_rings_out(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    dialled = scene.leg("PREDICTIVE_DIAL", jst(5, 25), number, talk=12)
    rang = scene.leg(
        "INCOMING_CALL_USER", jst(5, 25, 10, 0, 11), number, rep=rep, previous=dialled["id"]
    )
    scene.group(dialled, rang)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": "(unassigned)", "date": day(5, 25)},
            {"dials": 1, "answered_calls": 1, "human_reached": 0, "talk_seconds": 0},
        ),
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 0}),
        Expect(
            "fct_calls",
            {"rep_id": "(unassigned)", "called_on": day(5, 25)},
            {"_rows": 1, "has_agent": False, "talk_seconds": 12},
        ),
    ]


@case(
    71, "booked",
    "A predictive call of 45 s, untagged; dialler and agent leg both carry the analysis: 3 turns, "
    "the customer heard for 4.5 s.",
    "§2 turns: one conversation is analysed once: 3 turns, and no speech connect (4 are needed).",
)  # fmt: skip
def one_analysis_on_two_legs(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    scene.contact(number)
    said: dict[str, Any] = {"talk": 45, "turns": 3, "agent_share": 0.9}
    dialled = scene.leg("PREDICTIVE_DIAL", jst(5, 12), number, **said)
    taken = scene.leg(
        "INCOMING_CALL_USER", jst(5, 12, 10, 0, 5), number, rep=rep, previous=dialled["id"], **said
    )
    scene.group(dialled, taken)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 1, "human_reached": 1, "connects": 0, "turns": 3, "analysed_calls": 1,
             "talk_seconds": 45},
        )
    ]  # fmt: skip


@case(
    72, "tool",
    "Two connects, both analysed by a tool that counts no turns: turns per analysed call?",
    "§2, §0.1: nothing was counted, so null, never 0; the analysis itself covers both connects.",
)  # fmt: skip
def analysis_without_turns(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    for at in (jst(5, 12), jst(5, 13)):
        scene.tool_leg(
            str(at), "primary", at, number, rep=rep, talk=60, tag="本人接続", has_analysis=True,
            agent_talk_ratio=0.5,
        )  # fmt: skip
    return [
        Expect("kpi_scorecard", _may(rep, "turns_per_analysed_call"), {"value": None}),
        Expect("kpi_scorecard", _may(rep, "analysis_coverage"), {"value": 1}),
        Expect("kpi_scorecard", _may(rep, "analysed_calls"), {"value": 2}),
    ]


@case(
    73, "tool",
    "Two answered dials without a tag; of one the tool says that a human answered.",
    "§2 human_rate: the share of calls with human or machine evidence: 1 of 2.",
)  # fmt: skip
def the_tool_heard_a_human(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    scene.tool_leg("1", "primary", jst(5, 12), number, rep=rep, talk=20, answered_by="human")
    scene.tool_leg("2", "primary", jst(5, 13), number, rep=rep, talk=20)
    return [
        Expect(
            "kpi_scorecard",
            _may(rep, "human_evidence_coverage"),
            {"numerator": 1, "denominator": 2, "value": 0.5},
        ),
        Expect(
            "fct_calls",
            {"rep_id": rep.rep_id, "called_on": day(5, 12)},
            {"answered_by": "human", "is_machine": False},
        ),
    ]


@case(
    74, "booked",
    "Two connects: 100 s, and one whose line stayed open for 50,000 s.",
    "Formats §6.4(5): longer than 12 h belongs in no average: both connect, the talk is 100 s.",
)  # fmt: skip
def line_left_open(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    scene.call(rep, jst(5, 12), number, talk=100, tags=("本人接続",))
    scene.call(rep, jst(5, 13), number, talk=50_000, tags=("本人接続",))
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 2, "connects": 2, "talk_seconds": 100, "connect_talk_seconds": 100},
        ),
        Expect(
            "kpi_scorecard",
            _may(rep, "talk_seconds_per_connect"),
            {"numerator": 100, "denominator": 1, "value": 100},
        ),
        Expect("kpi_scorecard", _may(rep, "overlong_calls"), {"value": 1}),
        Expect(
            "fct_calls",
            {"rep_id": rep.rep_id, "is_overlong": True},
            {"_rows": 1, "talk_seconds": 50_000},
        ),
    ]


@case(
    75, "booked",
    "B, without a phone system, notes 「予算は1200000円」 on 2 June with 本人接続; a call of A on "
    "12 May has the leg id 1200000.",
    "Formats §6.9(1): an amount in a text is no reference to a call of another day, rep and number.",
)  # fmt: skip
def an_amount_is_no_leg(scene: Scene) -> list[Expect]:
    a, b = scene.rep("a"), scene.rep("b", cti="none")
    leg = scene.leg("OUTGOING_CALL", jst(5, 12), scene.number_of(1), rep=a, talk=20)
    leg["id"] = "1200000"
    scene.group(leg)
    scene.task(
        b, jst(6, 2), "Call", who=scene.prospect(), duration=60, result="本人接続",
        text="予算は1200000円",
    )  # fmt: skip
    return [
        Expect("kpi_rep_daily", {"rep_id": a.rep_id}, {"dials": 1, "connects": 0}),
        Expect("kpi_rep_daily", {"rep_id": b.rep_id}, {"dials": 1, "connects": 1}),
    ]


@case(
    76, "booked",
    "A Task names a call by the uuid in its text a day later; another by the short id 7600001 at "
    "once, on no person.",
    "Formats §6.9(1): a uuid in the text links; a short id does where time and rep agree.",
)  # fmt: skip
def a_text_that_names_a_call(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    first = scene.call(rep, jst(5, 12), scene.number_of(1), talk=20)
    second = scene.leg("OUTGOING_CALL", jst(5, 14), scene.number_of(1), rep=rep, talk=20)
    second["id"] = "7600001"
    scene.group(second)
    url = f"https://miitel.example/calls/{first['id']}"
    scene.task(rep, jst(5, 13), "Call", duration=20, result="本人接続", text=f"応対履歴 {url}")
    scene.task(rep, jst(5, 14, 10, 1), "Call", duration=20, result="興味なし", text="通話 7600001")
    return [Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 2, "connects": 2})]


@case(
    77, "booked",
    "A rep without a phone system mails and calls a colleague (a contact at our own domain).",
    "§1: to a prospect; formats §6.7.7: internal calls are excluded. Nothing counts.",
)  # fmt: skip
def mail_and_call_to_a_colleague(scene: Scene) -> list[Expect]:
    rep = scene.rep(cti="none")
    colleague = scene.contact(email=f"{scene.tag('colleague')}@{INTERNAL_DOMAIN}")
    scene.task(rep, jst(5, 12), "Email", who=colleague)
    scene.task(rep, jst(5, 12, 11), "Call", who=colleague, duration=200, result="本人接続")
    scene.task(rep, jst(5, 13), "Email", who=scene.prospect())
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 0, "connects": 0, "emails_sent": 1, "approaches": 1},
        )
    ]


@case(
    78, "tool",
    "Of one call there is only the leg of a colleague listening in, of another only the menu.",
    "Formats §6.7.1, §7.2.1: nobody was called there; the third record is a dial.",
)  # fmt: skip
def listening_in_is_no_dial(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    scene.tool_leg("1", "monitor", jst(5, 12), number, rep=rep, talk=30)
    scene.tool_leg("2", "ivr", jst(5, 12, 11), number, rep=rep, talk=30)
    scene.tool_leg("3", "primary", jst(5, 12, 12), number, rep=rep)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 1, "answered_calls": 0, "human_reached": 0},
        ),
        Expect("fct_calls", {"rep_id": rep.rep_id, "is_dial": False}, {"_rows": 2}),
    ]


@case(
    79, "booked",
    "A rep without a phone system leaves after 15 May; a call and a mail are logged on 18 May.",
    "§0.4: leavers stay, with their last row: both count, in her last team.",
)  # fmt: skip
def leaver_without_a_phone_system(scene: Scene) -> list[Expect]:
    rep = scene.rep(cti="none", valid_to=day(5, 15))
    contact = scene.prospect()
    scene.task(rep, jst(5, 18), "Call", who=contact, duration=60, result="本人接続")
    scene.task(rep, jst(5, 18, 11), "Email", who=contact)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id, "team": rep.team},
            {"dials": 1, "connects": 1, "emails_sent": 1},
        )
    ]


@case(
    80, "booked",
    "Nobody on the roster: X logs a call and a mail; Y, whom the phone system knows, dials and "
    "logs that call an hour later.",
    "§0.7: a line of its own, (unassigned); §1: a CRM call counts only for people without CTI.",
)  # fmt: skip
def calls_of_nobody_on_the_roster(scene: Scene) -> list[Expect]:
    x, y = scene.stranger("x"), scene.stranger("y")
    contact = scene.prospect()
    scene.task(x, jst(5, 26), "Call", who=contact, duration=60, result="本人接続")
    scene.task(x, jst(5, 26, 11), "Email", who=contact)
    scene.call(y, jst(5, 26), scene.number_of(1))
    scene.task(y, jst(5, 26, 11), "Call", who=contact, duration=60, result="本人接続")
    nobody = {"rep_id": "(unassigned)"}
    return [
        Expect(
            "kpi_rep_daily",
            nobody | {"date": day(5, 26)},
            {"dials": 2, "connects": 1, "emails_sent": 1, "approaches": 3},
        ),
        Expect("fct_calls", nobody | {"called_on": day(5, 26), "call_origin": "crm"}, {"_rows": 1}),
    ]


@case(
    105, "booked",
    "A call is answered and still going on when the file is written.",
    "formats §4.1: no end means still open, and a leg that is open is not counted yet: no dial.",
)  # fmt: skip
def answered_and_still_open(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.call(rep, jst(5, 13), scene.number_of(1), talk=30)
    open_leg = scene.leg("OUTGOING_CALL", jst(5, 13, 11), scene.number_of(2), rep=rep, talk=0)
    open_leg["dial_ends_at"] = None
    scene.group(open_leg)
    return [
        Expect(
            "kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 1, "answered_calls": 1},
        )
    ]  # fmt: skip
