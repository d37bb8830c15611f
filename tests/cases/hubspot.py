"""Cases of a company whose only CRM is a HubSpot portal (dictionary §0-3 and §9, formats §5.6 and §6).

The house is of its own: `build()` makes its exports and what they must come to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.cases.portal import (
    ACCOUNT,
    CONNECTED,
    NO_ANSWER,
    OWN_RESULT,
    UNMAPPED_RESULT,
    Portal,
    epoch,
    iso,
    key,
)
from tests.cases.scene import INTERNAL_DOMAIN, Expect, Rep, day, jst

AS_OF = date(2026, 6, 30)
EARLIER = date(2026, 6, 1)
HOUSE_YML: dict[str, Any] = {"company_name": "架空 hubspot"}
SOURCES_YML: dict[str, Any] = {
    "sources": [
        {
            "id": "miitel", "system": "miitel", "account": "kura", "timezone": "Asia/Tokyo",
            "extracted_at": {"pattern": r"_(?P<date>\d{8})"},
        },
        {
            "id": "hubcrm", "system": "hubspot", "class": ["sfa"], "account": ACCOUNT,
            "default_currency": "JPY", "internal_domains": [INTERNAL_DOMAIN],
            "extracted_at": {"pattern": r"_(?P<date>\d{8})"},
            "coverage": {"basis": "extract", "covers_from": "2026-03-01"},
            "acceptance": {"mode": "stage", "stage": "有効商談"},
            "lead_status": {"mql": ["MQL"], "handed_back": ["差し戻し"]},
        },
        {"id": "planning", "system": "planning"},
    ]
}  # fmt: skip
DISPOSITIONS = (("本人接続", "connected"), (OWN_RESULT, "meeting_set"))


@dataclass(frozen=True)
class PortalCase:
    """A question about the portal, and why the answer is what it is."""

    question: str
    why: str
    build: Callable[[Portal], list[Expect]]


CASES: list[PortalCase] = []


def case(question: str, why: str) -> Callable[[Callable[[Portal], list[Expect]]], None]:
    """Register a case of the portal."""

    def register(build: Callable[[Portal], list[Expect]]) -> None:
        CASES.append(PortalCase(question, why, build))

    return register


def of_rep(rep: Rep, **values: Any) -> Expect:
    return Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, values)


@case(
    "Somebody without a telephone system logs: Connected, an own result the company maps to "
    "meeting_set, an own result nobody maps, No answer, no result but the state BUSY, and a call "
    "still running.",
    "E9 gives the default results their meaning and planning its own; E10: BUSY is no answer, what "
    "runs is no call yet. §9: answered unless the result says otherwise, connect by result alone.",
)
def results_of_calls(portal: Portal) -> list[Expect]:
    rep = portal.rep("results")
    person = portal.contact(jst(4, 1), email="results@prospect.example.com")
    calls = [
        portal.call(rep, jst(6, 1, 10), person, result=CONNECTED),
        portal.call(rep, jst(6, 1, 11), person, result=OWN_RESULT),
        portal.call(rep, jst(6, 1, 12), person, result=UNMAPPED_RESULT, seconds=300),
        portal.call(rep, jst(6, 1, 13), person, result=NO_ANSWER),
        portal.call(rep, jst(6, 1, 14), person, state="BUSY"),
    ]
    running = portal.call(rep, jst(6, 1, 15), person, result=CONNECTED, state="IN_PROGRESS")
    return [
        # talk: 60 s of Connected, 60 s of the own result, 300 s of the unmapped one (milliseconds!)
        of_rep(rep, dials=5, connects=2, answered_calls=3, human_reached=3, talk_seconds=420),
        Expect("fct_calls", {"call_id": key(calls[3])}, {"disposition": "no_answer"}),
        Expect("fct_calls", {"call_id": key(calls[2])}, {"disposition": None, "is_connect": False}),
        Expect("fct_calls", {"call_id": key(running)}, {"_rows": 0}),
        # E9: a GUID nobody maps is unknown, and somebody is told
        Expect(
            "kpi_data_quality",
            {"source_id": "hubcrm", "check_name": "call_results_unmapped"},
            {"observed": 1, "severity": "warning", "passed": False},
        ),
    ]


@case(
    "Somebody logs a call of thirteen hours: the clock was never stopped.",
    "Formats §6.4: longer than twelve hours is kept, flagged and in no average. It is a dial and a "
    "connect whose talk counts nowhere, and no reason to publish nothing.",
)
def clock_never_stopped(portal: Portal) -> list[Expect]:
    rep = portal.rep("overlong")
    person = portal.contact(jst(4, 1), email="overlong@prospect.example.com")
    call = portal.call(rep, jst(6, 1, 9), person, result=CONNECTED, seconds=13 * 3600)
    return [
        of_rep(rep, dials=1, connects=1, talk_seconds=0),
        Expect("fct_calls", {"call_id": key(call)}, {"is_overlong": True, "is_connect": True}),
    ]


@case(
    "A call of the telephone system is logged in HubSpot with its id and Connected; another one by "
    "its rep a minute after it ended, to the person of that number.",
    "Formats §6.9: hs_call_external_id is the reference, else rep, number and time; §9: the CRM's "
    "result fills in. The same call in both counts once.",
)
def twins(portal: Portal) -> list[Expect]:
    rep = portal.rep("twins", cti="yes")
    person = portal.contact(jst(4, 1), phone="03-9700-0001")
    other = portal.contact(jst(4, 1), phone="03-9700-0002")
    first = portal.phone.call(rep, jst(6, 2, 10), "03-9700-0001", talk=20)
    second = portal.phone.call(rep, jst(6, 2, 11), "03-9700-0002", talk=20)
    named = portal.call(rep, jst(6, 2, 18), person, result=CONNECTED, reference=str(first["id"]))
    timed = portal.call(rep, jst(6, 2, 11, 1), other, result=CONNECTED)
    return [
        of_rep(rep, dials=2, connects=2),
        Expect(
            "fct_calls",
            {"call_id": f"miitel:kura:{first['id']}"},
            {"crm_activity_id": key(named), "disposition": "connected", "match_level": "person"},
        ),
        Expect(
            "fct_calls",
            {"call_id": f"miitel:kura:{second['id']}"},
            {"crm_activity_id": key(timed), "is_connect": True},
        ),
    ]


@case(
    "A mail sent, one that bounced, one that failed, one only scheduled, and the prospect's answer.",
    "§1 emails_sent: sent by the rep to a prospect; what never left or came in is not.",
)
def emails(portal: Portal) -> list[Expect]:
    rep = portal.rep("emails")
    person = portal.contact(jst(4, 1), email="emails@prospect.example.com")
    for direction, status in (
        ("EMAIL", "SENT"), ("EMAIL", "BOUNCED"), ("EMAIL", "FAILED"), ("EMAIL", "SCHEDULED"),
        ("INCOMING_EMAIL", ""), ("FORWARDED_EMAIL", ""),
    ):  # fmt: skip
        portal.email(rep, jst(6, 3), person, direction, status)
    return [of_rep(rep, emails_sent=2, approaches=2)]


@case(
    "A prospect misses the meeting of 5 June; it is booked again on 10 June and held on 12 June.",
    "§3 meetings_booked: within 30 days of a no-show it is the same meeting; E11 gives the outcomes.",
)
def missed_and_booked_again(portal: Portal) -> list[Expect]:
    rep = portal.rep("missed")
    person = portal.contact(jst(4, 1), email="missed@prospect.example.com")
    first = portal.meeting(rep, jst(6, 1), jst(6, 5), person, outcome="NO_SHOW")
    again = portal.meeting(rep, jst(6, 10), jst(6, 12), person, outcome="COMPLETED")
    return [
        of_rep(rep, meetings_booked=1, meetings_held=1, no_shows=1),
        Expect(
            "fct_meetings",
            {"event_id": key(again)},
            {"meeting_id": key(first), "is_rescheduled": True, "outcome_basis": "vendor_field"},
        ),
    ]


@case(
    "A colleague is the first contact of a meeting, the prospect the second; another meeting was with "
    "the colleague alone.",
    "§3: booked with an external person counts, whoever came along; an internal event never does.",
)
def colleague_came_along(portal: Portal) -> list[Expect]:
    rep = portal.rep("along")
    colleague = portal.contact(jst(4, 1), email=f"colleague@{INTERNAL_DOMAIN}")
    prospect = portal.contact(jst(4, 1), email="along@prospect.example.com")
    said = {
        "hs_meeting_start_time": iso(jst(6, 8)), "hs_meeting_outcome": "COMPLETED",
        "hubspot_owner_id": rep.user_id, "hs_created_by_user_id": portal.users[rep.user_id],
    }  # fmt: skip
    both, alone = (
        portal.record("meetings", jst(6, 1), said, links={"contacts": contacts})
        for contacts in ([colleague, prospect], [colleague])
    )
    return [
        of_rep(rep, meetings_booked=1, meetings_held=1),
        Expect("fct_meetings", {"event_id": key(both)}, {"is_booked": True}),
        Expect("fct_meetings", {"event_id": key(alone)}, {"ineligible_reason": "internal"}),
    ]


@case(
    "Inside sales books for field sales; the seller's owner id is the booker's user id.",
    "Formats §6.10.9: created by is a user id and is looked up in owners.userId, never among owner "
    "ids. The booking is the booker's.",
)
def owners_and_users(portal: Portal) -> list[Expect]:
    number = portal.id()
    booker = portal.rep("booker", user=number)
    seller = portal.rep("seller", "field_sales", owner=number)
    person = portal.contact(jst(4, 1), email="users@prospect.example.com")
    meeting = portal.meeting(
        booker, jst(6, 1), jst(6, 8), person, outcome="COMPLETED", owner=seller
    )
    return [
        of_rep(booker, meetings_booked=1, meetings_held=1),
        Expect(
            "fct_meetings",
            {"event_id": key(meeting)},
            {"rep_id": booker.rep_id, "field_rep_id": seller.rep_id},
        ),
    ]


@case(
    "The contact of the fair (April) was merged into one of May, that one into one of June; a meeting "
    "still hangs on the first, which only an earlier export has.",
    "§9 Leads: one person, cohort of the earliest record; formats §6.3.5: merges are transitive. "
    "Activities of a merged record stay with the person.",
)
def merged_contacts(portal: Portal) -> list[Expect]:
    rep = portal.rep("merged")
    first = portal.contact(jst(4, 10), source="MERGED_CASE", delivered=EARLIER)
    second = portal.contact(jst(5, 10), merged=[first], delivered=EARLIER, source="MERGED_CASE")
    last = portal.contact(jst(6, 10), merged=[second], source="MERGED_CASE")
    meeting = portal.meeting(rep, jst(6, 11), jst(6, 20), first, outcome="COMPLETED")
    also = portal.meeting(rep, jst(6, 21), jst(6, 25), last, outcome="COMPLETED")
    return [
        Expect(
            "kpi_channel_conversion",
            {"channel": "channel MERGED_CASE", "cohort_month": day(4, 1)},
            {"leads": 1, "lead_records": 3, "reached_meeting": 1},
        ),
        Expect("kpi_channel_conversion", {"channel": "channel MERGED_CASE"}, {"leads": 1}),
        of_rep(rep, meetings_booked=1),
        Expect("fct_meetings", {"event_id": key(also)}, {"ineligible_reason": "follow_up"}),
        Expect("fct_meetings", {"event_id": key(meeting)}, {"is_booked": True}),
    ]


@case(
    "A contact is MQL; another is archived, a third deleted at its own wish.",
    "A HubSpot contact is lead and contact in one and counts once; a deleted lead leaves its cohort.",
)
def leads_are_contacts(portal: Portal) -> list[Expect]:
    company = portal.company()
    portal.contact(jst(5, 2), source="LEAD_CASE", status="MQL", company=company)
    portal.contact(jst(5, 3), source="LEAD_CASE", archived=jst(6, 1))
    portal.record(
        "contacts", jst(5, 4), {"hs_analytics_source": "LEAD_CASE", "hs_gdpr_deleted": "true"}
    )
    return [
        Expect(
            "kpi_channel_conversion",
            {"channel": "channel LEAD_CASE", "cohort_month": day(5, 1)},
            {"leads": 1, "lead_records": 1, "observed_mql": 1, "state_nurturing": 1},
        ),
    ]


@case(
    "Nobody has a company. A contact's meeting is held, a deal is made with it, and weeks later another "
    "one, its renewal; an archived deal was made by mistake before both.",
    "§3: converted lead. A lead converts once, so the renewal is not what the meeting brought.",
)
def renewal(portal: Portal) -> list[Expect]:
    rep = portal.rep("renewal")
    person = portal.contact(jst(4, 1))
    meeting = portal.meeting(rep, jst(4, 6), jst(4, 8), person, outcome="COMPLETED")
    portal.deal(jst(4, 8, 18), "5001", contacts=[person], archived=jst(4, 9))
    first = portal.deal(jst(4, 9), "5004", contacts=[person], closes=jst(4, 20), changed=jst(4, 20))
    second = portal.deal(jst(6, 10), "5001", contacts=[person])
    return [
        of_rep(rep, meetings_booked=1, opportunities_created=1, wins=1),
        Expect(
            "fct_opportunities",
            {"opportunity_id": key(first)},
            {"credit_basis": "converted_lead", "meeting_id": key(meeting)},
        ),
        Expect(
            "fct_opportunities",
            {"opportunity_id": key(second)},
            {"credit_basis": None, "is_sourced": False, "is_open": True},
        ),
    ]


@case(
    "After a held meeting a deal with its contact is won: the stage is closed with probability 1, the "
    "deal itself says nothing. It was made with 500,000 yen and has 800,000 now.",
    "Formats §5.6: won = closed and probability 1.0; closedate is a day by Tokyo's clocks. The deal's "
    "contact is the lead it grew from. Amount at creation comes from the property history.",
)
def won_by_probability(portal: Portal) -> list[Expect]:
    rep = portal.rep("won")
    person = portal.contact(jst(5, 1), source="WON_CASE")
    meeting = portal.meeting(rep, jst(5, 11), jst(5, 18), person, outcome="COMPLETED")
    deal = portal.deal(
        jst(5, 19), "5004", amount="800000", closes=jst(6, 20, 0, 30), contacts=[person],
        changed=jst(6, 20),
    )  # fmt: skip
    portal.history(
        deal,
        (jst(5, 19), "dealstage", "5001"), (jst(5, 19), "amount", "500000"),
        (jst(6, 1), "amount", "800000"), (jst(6, 20), "dealstage", "5004"),
    )  # fmt: skip
    return [
        of_rep(
            rep, meetings_booked=1, opportunities_created=1, wins=1, accepted=1,
            pipeline_created_yen=500_000, won_amount_yen=800_000,
        ),
        Expect(
            "fct_opportunities",
            {"opportunity_id": key(deal)},
            {
                "is_won": True, "won_on": day(6, 20), "credit_basis": "converted_lead",
                "meeting_id": key(meeting), "amount_at_creation_yen": 500_000,
                "is_amount_at_creation_recorded": True, "is_open": False,
            },
        ),
        Expect(
            "kpi_channel_conversion", {"channel": "channel WON_CASE"},
            {"leads": 1, "reached_won": 1, "won_yen": 800_000},
        ),
    ]  # fmt: skip


@case(
    "A deal passed the gate on 14 June and was lost on 20 June; only its history tells.",
    "§9: accepted = it ever was in the gate stage; the gate is named by its label, stages are ids.",
)
def accepted_by_history(portal: Portal) -> list[Expect]:
    rep = portal.rep("accepted")
    person = portal.contact(jst(5, 1), email="accepted@prospect.example.com")
    portal.meeting(rep, jst(6, 1), jst(6, 8), person, outcome="COMPLETED")
    deal = portal.deal(jst(6, 9), "5005", contacts=[person], changed=jst(6, 20), closes=jst(6, 20))
    portal.history(
        deal, (jst(6, 9), "dealstage", "5001"), (jst(6, 14), "dealstage", "5002"),
        (jst(6, 20), "dealstage", "5005"),
    )  # fmt: skip
    return [
        of_rep(rep, accepted=1, rejected=0, opportunities_created=1),
        Expect(
            "fct_opportunities",
            {"opportunity_id": key(deal)},
            # a history asked for without amounts does not say that there was none
            {
                "is_lost": True,
                "accepted_on": day(6, 14),
                "lost_on": day(6, 20),
                "amount_at_creation_yen": 1_000_000,
                "is_amount_at_creation_recorded": False,
            },
        ),
    ]


@case(
    "A deal says itself that it entered the gate on 14 June and was lost on 20 June; nobody exported its "
    "history.",
    "Formats §2.3: entry times stand in hs_v2_date_entered_<stage>. §9: accepted = it ever was in the "
    "gate stage. An end of such a name that is no stage's id says nothing.",
)
def accepted_by_its_own_word(portal: Portal) -> list[Expect]:
    rep = portal.rep("own-word")
    person = portal.contact(jst(5, 1), email="own-word@prospect.example.com")
    portal.meeting(rep, jst(6, 1), jst(6, 8), person, outcome="COMPLETED")
    deal = portal.deal(
        jst(6, 9), "5005", contacts=[person], changed=jst(6, 20), closes=jst(6, 20),
        says={
            "hs_v2_date_entered_5001": iso(jst(6, 9)), "hs_v2_date_entered_5002": iso(jst(6, 14)),
            "hs_date_entered_5005": str(epoch(jst(6, 20))), "hs_v2_date_entered_5003": "",
            "hs_v2_date_entered_old_stage_17": iso(jst(6, 12)),
        },
    )  # fmt: skip
    return [
        of_rep(rep, accepted=1, rejected=0, opportunities_created=1),
        Expect(
            "fct_opportunities",
            {"opportunity_id": key(deal)},
            {"is_lost": True, "accepted_on": day(6, 14), "lost_on": day(6, 20)},
        ),
    ]


@case(
    "Three open deals: in another pipeline at its stage of the gate's label; there in the stage after "
    "it; and far along in a pipeline without such a stage.",
    "A label that two pipelines have is the gate of both; positions mean something in one pipeline only.",
)
def gates_of_pipelines(portal: Portal) -> list[Expect]:
    at_gate = portal.deal(jst(6, 9), "7001", pipeline="7000")
    behind = portal.deal(jst(6, 9), "7002", pipeline="7000")
    no_gate = portal.deal(jst(6, 9), "8003", pipeline="8000")
    return [
        Expect("fct_opportunities", {"opportunity_id": key(deal)}, {"is_accepted": is_accepted})
        for deal, is_accepted in ((at_gate, True), (behind, True), (no_gate, False))
    ]


@case(
    "A deal stands in a stage no exported pipeline has and says nothing itself; another says that it "
    "is closed and lost.",
    "What nobody knows is neither open nor lost, and is shown. What the deal itself says is believed "
    "(formats §5.6: hs_is_closed, hs_is_closed_won).",
)
def unknown_stage(portal: Portal) -> list[Expect]:
    unknown = portal.deal(jst(6, 9), "999999", pipeline="9999")
    told = portal.deal(
        jst(6, 9), "999998", pipeline="9999", closes=jst(6, 20), changed=jst(6, 20),
        says={"hs_is_closed": "true", "hs_is_closed_won": "false"},
    )  # fmt: skip
    nothing = {"is_stage_known": False, "is_open": False, "is_won": False}
    return [
        Expect(
            "fct_opportunities",
            {"opportunity_id": key(unknown)},
            {**nothing, "is_lost": False, "stage": "999999"},
        ),
        Expect("fct_opportunities", {"opportunity_id": key(told)}, {**nothing, "is_lost": True}),
    ]


@case(
    "A deal is archived; two deals were merged, the loser known from an earlier export only.",
    "§9: a deleted opportunity leaves all counts; what was merged away lives on in its winner.",
)
def archived_and_merged_deals(portal: Portal) -> list[Expect]:
    archived = portal.deal(jst(5, 9), "5001", archived=jst(6, 2))
    loser = portal.deal(jst(5, 9), "5001", delivered=EARLIER)
    winner = portal.deal(jst(5, 10), "5001", merged=[loser])
    return [
        Expect("fct_opportunities", {"opportunity_id": key(deal)}, {"_rows": rows})
        for deal, rows in ((archived, 0), (loser, 0), (winner, 1))
    ]


@case(
    "Two companies were merged; a contact still names the loser, a deal of the winner follows a held "
    "meeting with that contact, with another contact of the company.",
    "§3: same account within 90 days after a held meeting; merged companies are one account.",
)
def account_rule(portal: Portal) -> list[Expect]:
    rep = portal.rep("account")
    loser = portal.company(delivered=EARLIER)
    winner = portal.company(merged=[loser])
    person = portal.contact(jst(4, 1), company=loser)
    portal.meeting(rep, jst(5, 11), jst(5, 18), person, outcome="COMPLETED")
    deal = portal.deal(jst(5, 25), "5001", company=winner)
    return [
        of_rep(rep, opportunities_created=1),
        Expect(
            "fct_opportunities",
            {"opportunity_id": key(deal)},
            {"credit_basis": "account", "account_id": key(winner)},
        ),
    ]


@case(
    "A table of the exports API brings two deals: one without an amount, one in a foreign currency.",
    "Asked for internal names and values, a table says what the API says; no amount is none, not 0.",
)
def table_of_deals(portal: Portal) -> list[Expect]:
    empty, foreign = portal.id(), portal.id()
    for identity, amount, currency in ((empty, "", ""), (foreign, "1000", "USD")):
        portal.tables[(day(7, 1), "deals_table")].append({
            "Record ID": identity, "dealname": "案件, 表\n二行目", "pipeline": "default",
            "dealstage": "5001", "amount": amount, "deal_currency_code": currency,
            "closedate": "2026-07-31", "createdate": iso(jst(6, 9)),
            "hs_lastmodifieddate": iso(jst(6, 9)), "hs_is_closed": "false",
        })  # fmt: skip
    return [
        Expect(
            "fct_opportunities",
            {"opportunity_id": key(empty)},
            {"is_amount_missing": True, "is_open": True, "close_on": day(7, 31)},
        ),
        Expect(
            "fct_opportunities",
            {"opportunity_id": key(foreign)},
            {"amount_yen": 150_000, "is_amount_missing": False, "created_on": day(6, 9)},
        ),
    ]


def planning(portal: Portal) -> dict[str, list[dict[str, Any]]]:
    """The planning tables of the house."""
    sources = ("MERGED_CASE", "LEAD_CASE", "WON_CASE")
    return {
        "planning.roster": portal.roster,
        "planning.dispositions": [
            {"source_id": "*", "value": value, "disposition": meaning, "rank": rank}
            for rank, (value, meaning) in enumerate(DISPOSITIONS, start=1)
        ],
        "planning.currency_rates": [{"currency": "USD", "valid_from": day(4, 1), "rate": 150}],
        "planning.channel_rules": [
            {
                "priority": place, "field": "lead_source", "match": "exact", "value": source,
                "channel_group": "group", "channel": f"channel {source}",
            }
            for place, source in enumerate(sources, start=1)
        ],
    }  # fmt: skip
