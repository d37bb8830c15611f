"""Cases about whom a call was with, and which CRM record tells of it (formats §4.1, §6.2.8, §6.9)."""

from __future__ import annotations

from typing import Any

from tests.cases import case
from tests.cases.scene import INTERNAL_DOMAIN, Expect, Scene, day, jst


@case(
    131, "tool",
    "The tool names the Tasks it wrote, one by its 15-character id, logged an hour later by a rep whom "
    "the roster takes for one without a phone system. A third call is named by another Task, too.",
    "Formats §6.9(2): crm_activity_id is the twin: 3 dials, not 5; (1) goes before (2): CallObject wins.",
)  # fmt: skip
def the_tool_names_its_task(scene: Scene) -> list[Expect]:
    a, b = scene.rep("a", cti="none"), scene.rep("b")
    task = scene.task(
        a, jst(5, 12, 11), "Call", who=scene.prospect(), duration=20, result="本人接続"
    )
    short = scene.task(a, jst(5, 13, 11), "Call", duration=20, result="興味なし")
    written = scene.task(b, jst(5, 14, 11), "Call", duration=20, result="受付")
    number = scene.number_of(1)
    scene.tool_leg("1", "primary", jst(5, 12), number, rep=a, talk=20, crm_activity_id=task)
    scene.tool_leg("2", "primary", jst(5, 13), number, rep=a, talk=20, crm_activity_id=short[:15])
    leg = scene.tool_leg(
        "3", "primary", jst(5, 14), number, rep=b, talk=20, crm_activity_id=written
    )
    naming = scene.task(b, jst(5, 14, 12), "Call", result="本人接続", reference=leg)
    return [
        Expect("kpi_rep_daily", {"rep_id": a.rep_id}, {"dials": 2, "connects": 2}),
        Expect("kpi_rep_daily", {"rep_id": b.rep_id}, {"dials": 1, "connects": 1}),
        Expect(
            "fct_calls",
            {"rep_id": a.rep_id, "called_on": day(5, 12)},
            {"_rows": 1, "crm_activity_id": task, "match_level": "person",
             "match_basis": "crm_activity", "call_origin": "cti"},
        ),
        Expect("fct_calls", {"rep_id": a.rep_id, "called_on": day(5, 13)}, {"crm_activity_id": short}),
        Expect("fct_calls", {"rep_id": b.rep_id}, {"crm_activity_id": naming}),
    ]  # fmt: skip


@case(
    132, "tool",
    "90 s untagged on a number two contacts share; the tool's row carries a lead's id. Again, with the "
    "15-character id and a Task on one of the contacts.",
    "Formats §6.3.3(a), §4.1: an explicit CRM id goes before everything: the lead, person-level.",
)  # fmt: skip
def the_tool_names_the_lead(scene: Scene) -> list[Expect]:
    rep, number, account = scene.rep(), scene.number_of(1), scene.account()
    contact = scene.contact(number, account=account)
    scene.contact(number, account=account)
    channel = scene.channel("web")
    lead = scene.lead(jst(4, 10), source="web")
    scene.tool_leg("1", "primary", jst(5, 12), number, rep=rep, talk=90, crm_record_id=lead)
    task = scene.task(rep, jst(5, 13, 11), "Call", who=contact)
    scene.tool_leg(
        "2", "primary", jst(5, 13), number, rep=rep, talk=90, crm_record_id=lead[:15],
        crm_activity_id=task,
    )  # fmt: skip
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 2, "connects": 2}),
        Expect(
            "fct_calls",
            {"rep_id": rep.rep_id},
            {"_rows": 2, "match_level": "person", "match_basis": "crm_record", "channel": channel},
        ),
        Expect("fct_calls", {"rep_id": rep.rep_id, "crm_activity_id": task}, {"_rows": 1}),
    ]


@case(
    133, "tool",
    "The tool's rows carry account A's id: to an unknown number, to the number of A's only contact, to "
    "that of a contact of B, and an id nobody exported on the number of A's contact; 90 s each.",
    "An explicit id goes first: account A; A's own contact does not contradict it, B's does. What "
    "nobody exported names nobody.",
)  # fmt: skip
def the_tool_names_the_account(scene: Scene) -> list[Expect]:
    rep, a, b = scene.rep(), scene.account(), scene.account()
    scene.contact(scene.number_of(2), account=a)
    scene.contact(scene.number_of(3), account=b)
    unknown = scene.id("001")
    for line, on, record in ((1, 12, a), (2, 13, a), (3, 14, a), (2, 15, unknown)):
        scene.tool_leg(
            str(on), "primary", jst(5, on), scene.number_of(line), rep=rep, talk=90,
            crm_record_id=record,
        )  # fmt: skip
    by_account = {"match_level": "account", "match_basis": "crm_record", "account_id": a}
    by_person = {"match_level": "person", "match_basis": "phone", "account_id": a}
    where = {"rep_id": rep.rep_id}
    return [
        Expect(
            "kpi_rep_daily", where, {"dials": 4, "connects": 2, "unidentified_party": 2},
        ),
        Expect("fct_calls", where | {"called_on": day(5, 12)}, by_account),
        Expect("fct_calls", where | {"called_on": day(5, 13)}, by_person),
        Expect("fct_calls", where | {"called_on": day(5, 14)}, by_account),
        Expect("fct_calls", where | {"called_on": day(5, 15)}, by_person),
    ]  # fmt: skip


@case(
    134, "tool",
    "One file of the tool: two tenants number their calls alike; a third row names no tenant and comes "
    "again, now tagged, under the source's own account in capitals.",
    "Formats §4.0 source_account: from the row where it exists, else from the source: three calls.",
)  # fmt: skip
def two_tenants_in_one_file(scene: Scene) -> list[Expect]:
    a, b = scene.rep("a"), scene.rep("b")
    same: dict[str, Any] = {"leg_id": scene.tag("same"), "call_group_id": scene.tag("same")}
    scene.tool_leg("", "primary", jst(5, 12), scene.number_of(1), rep=a, account="East", **same)
    scene.tool_leg("", "primary", jst(5, 12, 11), scene.number_of(2), rep=b, account="West", **same)
    own: dict[str, Any] = {"rep": a, "talk": 20, **same}
    scene.tool_leg("", "primary", jst(5, 13), scene.number_of(3), **own)
    scene.tool_leg(
        "", "primary", jst(5, 13), scene.number_of(3), account="TOOL", tag="本人接続", **own
    )
    return [
        Expect("kpi_rep_daily", {"rep_id": a.rep_id}, {"dials": 2, "connects": 1}),
        Expect("kpi_rep_daily", {"rep_id": b.rep_id}, {"dials": 1}),
        Expect("fct_calls", {"rep_id": a.rep_id, "called_on": day(5, 13)}, {"_rows": 1}),
    ]


@case(
    135, "tool",
    "The tool's rows name the call list of two calls (of one on its second leg only); one names none.",
    "Formats §4.1 campaign_key, dictionary §5: a call list can only be blamed by name; none is (none).",
)  # fmt: skip
def the_tool_names_the_list(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    name = f"展示会リスト{scene.tag()}"
    scene.tool_leg("1", "primary", jst(5, 12), number, rep=rep, campaign_key=name)
    scene.tool_leg("2", "primary", jst(5, 13), number, rep=rep, talk=20)
    scene.tool_leg("2", "agent", jst(5, 13, 10, 0, 5), number, rep=rep, campaign_key=name)
    scene.tool_leg("3", "primary", jst(5, 14), number, rep=rep)
    where = {"rep_id": rep.rep_id}
    return [
        Expect("fct_calls", where | {"call_list": name}, {"_rows": 2, "is_dial": True}),
        Expect("fct_calls", where | {"call_list": "(none)"}, {"_rows": 1, "is_dial": True}),
    ]


@case(
    136, "booked",
    "A rep whom the roster takes for one without a phone system: a Task's CallObject is call_<uuid>, "
    "logged an hour late; another's text holds …?id=call_<uuid> a day later.",
    "Formats §6.9(1): the reference contains the leg's id: the same call counts once.",
)  # fmt: skip
def a_reference_with_a_prefix(scene: Scene) -> list[Expect]:
    rep = scene.rep(cti="none")
    first = scene.call(rep, jst(5, 12), scene.number_of(1), talk=20)
    second = scene.call(rep, jst(5, 13), scene.number_of(1), talk=20)
    named = scene.task(
        rep, jst(5, 12, 11), "Call", result="本人接続", reference=f"call_{first['id']}"
    )
    text = f"履歴 https://cti.example/?id=call_{second['id']}&v=1"
    scene.task(rep, jst(5, 14), "Call", result="本人接続", text=text)
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 2, "connects": 2}),
        Expect(
            "fct_calls",
            {"rep_id": rep.rep_id, "called_on": day(5, 12)},
            {"_rows": 1, "crm_activity_id": named},
        ),
    ]


@case(
    137, "booked",
    "Tasks on the account alone, 180 s after the end of a call with its contact, 181 s after, 180 s "
    "before the start, 181 s before; the rep is one without a phone system by the roster.",
    "Formats §6.9(3): from start − 180 s to end + 180 s it is the same call: 1 + 2 + 1 + 2 dials.",
)  # fmt: skip
def a_task_on_the_account_alone(scene: Scene) -> list[Expect]:
    rep, number, account = scene.rep(cti="none"), scene.number_of(1), scene.account()
    scene.contact(number, account=account)
    # Ten seconds of ringing and fifty of talk: from 10:00:00 to 10:01:00.
    for on in (12, 13, 14, 15):
        scene.call(rep, jst(5, on), number, talk=50)
    facts: dict[str, Any] = {"what": account, "result": "本人接続"}
    twin = scene.task(rep, jst(5, 12, 10, 4), "Call", **facts)
    scene.task(rep, jst(5, 13, 10, 4, 1), "Call", **facts)
    scene.task(rep, jst(5, 14, 9, 57), "Call", **facts)
    scene.task(rep, jst(5, 15, 9, 56, 59), "Call", **facts)
    where = {"rep_id": rep.rep_id}
    return [
        *(
            Expect("kpi_rep_daily", where | {"date": day(5, on)}, {"dials": dials})
            for on, dials in ((12, 1), (13, 2), (14, 1), (15, 2))
        ),
        Expect(
            "fct_calls",
            where | {"called_on": day(5, 12)},
            {"_rows": 1, "crm_activity_id": twin, "match_level": "person", "match_basis": "phone",
             "account_id": account, "is_connect": True},
        ),
        Expect(
            "fct_calls",
            where | {"called_on": day(5, 13), "call_origin": "crm"},
            {"_rows": 1, "match_level": "account", "account_id": account},
        ),
    ]  # fmt: skip


@case(
    138, "booked",
    "Contacts of A and B share a number. A call with a Task on A a minute later (90 s, untagged); "
    "another with a Task on C. No phone system by the roster.",
    "Formats §6.9: same user, same account, same time: one call, and it was with A; C is another call.",
)  # fmt: skip
def the_tasks_account_decides_between_two(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(cti="none"), scene.number_of(1)
    a, b, c = scene.account(), scene.account(), scene.account()
    scene.contact(number, account=a)
    scene.contact(number, account=b)
    scene.call(rep, jst(5, 12), number, talk=90)
    scene.call(rep, jst(5, 13), number, talk=90)
    scene.task(rep, jst(5, 12, 10, 2), "Call", what=a)
    scene.task(rep, jst(5, 13, 10, 2), "Call", what=c)
    where = {"rep_id": rep.rep_id}
    return [
        Expect("kpi_rep_daily", where | {"date": day(5, 12)}, {"dials": 1, "unidentified_party": 1}),
        Expect("kpi_rep_daily", where | {"date": day(5, 13)}, {"dials": 2, "unidentified_party": 1}),
        Expect(
            "fct_calls",
            where | {"called_on": day(5, 12)},
            {"_rows": 1, "match_level": "account", "match_basis": "crm_activity", "account_id": a,
             "person_id": None},
        ),
    ]  # fmt: skip


@case(
    139, "booked",
    "Two contacts of one account are called one after the other. A Task on the account lies nearest to "
    "the first call, a Task on the first contact further off. No phone system by the roster.",
    "Formats §6.9(3): the Task that names the person is surer of its call; both calls count once.",
)  # fmt: skip
def the_task_on_the_person_goes_first(scene: Scene) -> list[Expect]:
    rep, account = scene.rep(cti="none"), scene.account()
    contact = scene.contact(scene.number_of(1), account=account)
    scene.contact(scene.number_of(2), account=account)
    scene.call(rep, jst(5, 12), scene.number_of(1))
    scene.call(rep, jst(5, 12, 10, 2), scene.number_of(2), talk=20)
    on_account = scene.task(rep, jst(5, 12, 10, 0, 12), "Call", what=account)
    on_person = scene.task(rep, jst(5, 12, 10, 2, 32), "Call", who=contact)
    where = {"rep_id": rep.rep_id}
    return [
        Expect("kpi_rep_daily", where, {"dials": 2}),
        Expect("fct_calls", where | {"crm_activity_id": on_person}, {"_rows": 1, "talk_seconds": 0}),
        Expect("fct_calls", where | {"crm_activity_id": on_account}, {"_rows": 1, "talk_seconds": 20}),
    ]  # fmt: skip


@case(
    140, "booked",
    "A contact of A and a lead have one number, and nothing says they are one. 90 s untagged; later "
    "10 s tagged 本人接続.",
    "Formats §6.2.8: contact before lead: A; several persons: the account only, unidentified; the tag "
    "needs no person.",
)  # fmt: skip
def a_contact_and_a_lead_share_a_number(scene: Scene) -> list[Expect]:
    rep, number, account = scene.rep(), scene.number_of(1), scene.account()
    scene.contact(number, account=account)
    scene.lead(jst(4, 10), phone=number)
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
            {"rep_id": rep.rep_id},
            {"_rows": 2, "match_level": "account", "match_basis": "phone", "account_id": account,
             "person_id": None},
        ),
    ]  # fmt: skip


@case(
    141, "booked",
    "A contact's number also stands on a deleted lead; another's on a lead merged into one with "
    "another number. 90 s untagged to each contact.",
    "Formats §6.2.8: what was deleted or merged away does not share a number with the living: persons.",
)  # fmt: skip
def a_deleted_lead_blocks_nobody(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.channel("web")
    scene.contact(scene.number_of(1))
    scene.lead(jst(4, 10), source="web", phone=scene.number_of(1), deleted=jst(5, 1))
    scene.contact(scene.number_of(2))
    winner = scene.lead(jst(4, 12), source="web", phone=scene.number_of(3))
    scene.lead(
        jst(4, 10), source="web", phone=scene.number_of(2), deleted=jst(5, 1), merged_into=winner
    )
    scene.call(rep, jst(5, 12), scene.number_of(1), talk=90)
    scene.call(rep, jst(5, 13), scene.number_of(2), talk=90)
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"connects": 2, "unidentified_party": 0}),
        Expect(
            "fct_calls",
            {"rep_id": rep.rep_id},
            {"_rows": 2, "match_level": "person", "channel": "(none)"},
        ),
    ]


@case(
    142, "booked",
    "Two leads share a number; a contact without an account and a lead share another. 90 s each.",
    "Formats §6.2.8: a shared number leads to an account only, and here is none: unidentified.",
)  # fmt: skip
def a_shared_number_without_an_account(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.lead(jst(4, 10), phone=scene.number_of(1))
    scene.lead(jst(4, 11), phone=scene.number_of(1))
    scene.contact(scene.number_of(2))
    scene.lead(jst(4, 11), phone=scene.number_of(2))
    scene.call(rep, jst(5, 12), scene.number_of(1), talk=90)
    scene.call(rep, jst(5, 13), scene.number_of(2), talk=90)
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"connects": 0, "unidentified_party": 2}),
        Expect("fct_calls", {"rep_id": rep.rep_id}, {"_rows": 2, "match_level": "none"}),
    ]


@case(
    143, "booked",
    "A rep with a phone system dials a colleague, known only as a contact at our own domain, for 200 s "
    "tagged 本人接続; the colleague calls back, tagged too; then a prospect is dialled.",
    "§1 dials, formats §6.7.7: internal calls are excluded before any KPI: one dial.",
)  # fmt: skip
def dialling_a_colleague(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    scene.contact(number, email=f"{scene.tag('colleague')}@{INTERNAL_DOMAIN}")
    said: dict[str, Any] = {"talk": 200, "tags": ("本人接続",)}
    scene.call(rep, jst(5, 12), number, **said)
    scene.group(scene.leg("INCOMING_CALL", jst(5, 12, 11), number, rep=rep, **said))
    scene.call(rep, jst(5, 13), scene.number_of(2))
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 1, "answered_calls": 0, "human_reached": 0, "connects": 0,
             "inbound_connects": 0, "approaches": 1, "talk_seconds": 0},
        ),
        Expect(
            "fct_calls",
            {"rep_id": rep.rep_id, "direction": "internal"},
            {"_rows": 2, "is_dial": False, "is_connect": False, "is_human_reached": False},
        ),
    ]  # fmt: skip


@case(
    144, "booked",
    "Dialled: a number two colleagues share; one that a colleague and a prospect share; a colleague's, "
    "logged on a prospect; a prospect's, logged on the colleague.",
    "Formats §6.7.7: internal where everybody who has the number is ours; §9: a WhoId says who it was. "
    "Two dials.",
)  # fmt: skip
def colleagues_and_prospects(scene: Scene) -> list[Expect]:
    rep = scene.rep()

    def colleague(line: int, name: str) -> str:
        return scene.contact(scene.number_of(line), email=f"{scene.tag(name)}@{INTERNAL_DOMAIN}")

    colleague(1, "abe")
    colleague(1, "baba")
    colleague(2, "chiba")
    scene.contact(scene.number_of(2))
    own = colleague(3, "doi")
    prospect = scene.contact(scene.number_of(4))
    legs = [scene.call(rep, jst(5, 11 + line), scene.number_of(line)) for line in (1, 2, 3, 4)]
    scene.task(rep, jst(5, 14, 11), "Call", who=prospect, leg=legs[2])
    scene.task(rep, jst(5, 15, 11), "Call", who=own, leg=legs[3])
    where = {"rep_id": rep.rep_id}
    return [
        *(
            Expect("kpi_rep_daily", where | {"date": day(5, on)}, {"dials": dials})
            for on, dials in ((12, 0), (13, 1), (14, 1), (15, 0))
        ),
        Expect("fct_calls", where | {"direction": "internal"}, {"_rows": 2}),
    ]
