"""The published tables as the oracle sees them: lists of dicts under the published column names.

`tables(records, as_of, settings)` runs every rule once. Columns the oracle has no opinion on
(release facts, source files, display labels) are absent, not guessed. Rep `None` is published as
`(unassigned)`; rows of `kpi_rep_daily` stand only where something happened or a working day was.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tests.oracle.calls import Call, calls
from tests.oracle.channels import NONE, Channels
from tests.oracle.cohorts import STATES, STEPS, Lead, leads
from tests.oracle.emails import Email, emails
from tests.oracle.meetings import Event, Meeting, credit, events, meetings
from tests.oracle.opportunities import Opportunity, opportunities
from tests.oracle.persons import Person, Persons
from tests.oracle.records import Records
from tests.oracle.roster import UNASSIGNED, Roster
from tests.oracle.settings import Settings

Row = dict[str, Any]

ADDITIVE = (
    "dials", "emails_sent", "approaches", "answered_calls", "human_reached", "connects",
    "inbound_connects", "wrong_numbers", "do_not_call", "unidentified_party", "talk_seconds",
    "connect_talk_seconds", "turns", "analysed_calls", "analysed_connects", "meetings_booked",
    "meetings_acquired", "meetings_held", "no_shows", "accepted", "rejected", "pending", "expired",
    "opportunities_created", "wins", "pipeline_created_yen", "won_amount_yen",
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """Everything the oracle found, as things (for explaining) and as tables (for comparing)."""

    settings: Settings
    as_of: date
    roster: Roster
    persons: Persons
    calls: list[Call]
    emails: list[Email]
    events: list[Event]
    meetings: list[Meeting]
    opportunities: dict[str, Opportunity]
    leads: list[Lead]
    tables: dict[str, list[Row]]


def answer(records: Records, as_of: date, settings: Settings) -> Answer:
    """Apply the dictionary to the records as of the end of a local day."""
    roster = Roster(records)
    persons = Persons(records, settings, as_of)
    channels = Channels(records, persons)
    all_calls = calls(records, settings, roster, persons, as_of)
    all_emails = emails(records, settings, roster, persons, as_of)
    all_opportunities = opportunities(records, settings, roster, persons.accounts, as_of)
    calendar = events(records, settings, roster, persons, as_of)
    all_meetings = meetings(calendar, all_opportunities, persons, roster, settings, as_of)
    credited = credit(all_meetings, all_opportunities, settings, as_of)
    _mark_from_connect(all_meetings, all_calls)
    all_leads = leads(
        persons, channels, all_calls, all_emails, all_meetings, all_opportunities, settings, as_of
    )
    read = _Reader(roster, channels, settings, as_of)
    tables: dict[str, list[Row]] = {
        "fct_calls": [read.call(call) for call in all_calls],
        "fct_emails": [read.email(email) for email in all_emails],
        "fct_meetings": [read.event(event) for event in calendar],
        "fct_opportunities": [
            read.opportunity(opportunity, credited.get(opportunity.id))
            for opportunity in all_opportunities.values()
        ],
        "kpi_channel_conversion": _conversion(all_leads),
    }
    tables["kpi_rep_daily"] = _daily(tables, all_meetings, read)
    tables["leads_worked"] = _worked(tables)
    tables["working_days"] = _working_days(roster, as_of)
    return Answer(
        settings, as_of, roster, persons, all_calls, all_emails, calendar, all_meetings,
        all_opportunities, all_leads, tables,
    )  # fmt: skip


def _mark_from_connect(found: list[Meeting], all_calls: list[Call]) -> None:
    """SPEC R16: the booker had a connect with that person on the day of booking, begun before it.

    The CRM does not say when a call only it knows began: the day decides.
    """
    spoken: dict[tuple[str | None, str, date], list[Call]] = defaultdict(list)
    for call in all_calls:
        if call.person and call.is_dial and call.is_connect:
            spoken[(call.rep, call.person.id, call.day)].append(call)
    for meeting in found:
        that_day = spoken[(meeting.booker, meeting.person.id, meeting.booked_on)]
        meeting.is_from_connect = any(
            call.origin == "crm" or call.started_at <= meeting.booked_at for call in that_day
        )


@dataclass(frozen=True)
class _Reader:
    """Things to rows: attributes valid at the event, channel of the person, campaign before it."""

    roster: Roster
    channels: Channels
    settings: Settings
    as_of: date

    def _who(self, rep: str | None, day: date) -> Row:
        attributes = self.roster.attributes(rep, day)
        return {
            "rep_id": rep or UNASSIGNED,
            "team": attributes.team,
            "business_unit": attributes.business_unit,
            "motion": attributes.motion,
            "manager_rep_id": attributes.manager_rep_id,
        }

    def _whom(self, person: Person | None, at: datetime) -> Row:
        group, channel = self.channels.of_person(person)
        return {
            "person_id": person.id if person else None,
            "channel_group": group,
            "channel": channel,
            "campaign": self.channels.campaign(person, at),
        }

    def call(self, call: Call) -> Row:
        return {
            "call_id": call.id,
            "called_on": call.day,
            "started_at": call.started_at,
            "source_id": call.source.id,
            "call_origin": call.origin,
            **self._who(call.rep, call.day),
            **self._whom(call.person, call.started_at),
            "account_id": call.account_id,
            "match_level": call.match_level,
            "match_basis": call.match_basis,
            "call_list": call.call_list or NONE,
            "direction": "internal" if call.is_internal else call.direction,
            "is_dial": call.is_dial,
            "is_open": call.is_open,
            "is_answered": call.is_answered,
            "answered_by": call.answered_by,
            "is_machine": call.is_machine,
            "has_agent": call.has_agent,
            "is_human_reached": call.is_human_reached,
            "is_connect": call.is_connect,
            "connect_basis": call.connect_basis,
            "is_unidentified_party": call.is_unidentified_party,
            "is_inbound_connect": call.is_connect and call.direction == "inbound",
            "is_wrong_number": call.disposition == "wrong_number",
            "is_do_not_call": call.disposition == "do_not_call",
            "disposition": call.disposition,
            "has_disposition_conflict": call.has_disposition_conflict,
            "has_analysis": call.has_analysis,
            "talk_seconds": call.talk_seconds,
            "is_overlong": call.is_overlong,
            "turn_count": call.turns if call.has_analysis else None,
            "crm_activity_id": call.twin.id if call.twin else None,
        }

    def email(self, email: Email) -> Row:
        return {
            "email_id": email.id,
            "sent_on": email.day,
            **self._who(email.rep, email.day),
            **self._whom(email.person, email.at),
        }

    def event(self, event: Event) -> Row:
        meeting = event.meeting
        is_booked = meeting is not None and meeting.events[0] is event
        booker = meeting.booker if meeting else event.creator
        booked_on = meeting.booked_on if meeting else event.booked_on
        row: Row = {
            "event_id": event.id,
            "meeting_id": meeting.id if meeting else None,
            "booked_on": event.booked_on,
            "meeting_on": event.meeting_on,
            **self._who(booker, booked_on),
            **self._whom(event.person, event.booked_at),
            "field_rep_id": event.owner,
            "outcome": event.outcome,
            "ineligible_reason": event.ineligible_reason,
            "is_booked": is_booked,
            "is_rescheduled": meeting is not None and not is_booked,
            "is_held": meeting is not None and event.outcome == "held",
            "is_no_show": meeting is not None and event.outcome == "no_show",
        }
        if meeting is not None and is_booked:
            acquired_on = meeting.acquired_on(self.settings.shodan_event)
            decision = meeting.decision(self.as_of, self.settings.decision_expires_after_days)
            decided_on = meeting.decided_on(self.as_of, self.settings.decision_expires_after_days)
            outcome = meeting.last.outcome
            row |= {
                "is_acquired": acquired_on is not None,
                "acquired_on": acquired_on,
                "is_from_connect": meeting.is_from_connect,
                "cohort_outcome": "canceled" if outcome == "rescheduled" else outcome,
                "is_held_of_cohort": outcome == "held",
                "is_no_show_of_cohort": outcome == "no_show",
                "decision": decision,
                "days_to_decision": (decided_on - meeting.booked_on).days if decided_on else None,
                **{f"is_{name}": decision == name for name in
                   ("accepted", "rejected", "pending", "expired")},
                "last_scheduled_on": meeting.last.meeting_on,
            }  # fmt: skip
        return row

    def opportunity(self, found: Opportunity, owed: tuple[Meeting, str] | None) -> Row:
        meeting, basis = owed or (None, None)
        won, lost = found.is_won(self.as_of), found.is_lost
        who = self._who(meeting.booker, meeting.booked_on) if meeting else {"rep_id": NONE}
        return {
            "opportunity_id": found.id,
            "created_on": found.created_on,
            "close_on": found.close_on,
            **who,
            **(self._whom(meeting.person, found.created_at) if meeting else {}),
            "owner_rep_id": found.owner_rep,
            "account_id": found.account_id,
            "meeting_id": meeting.id if meeting else None,
            "credit_basis": basis,
            "is_sourced": meeting is not None,
            "deal_type": found.deal_type,
            "is_won": won,
            "is_open": not won and not lost,
            "is_lost": lost,
            "won_on": found.close_on if won else None,
            "lost_on": found.lost_on(self.as_of),
            "amount_at_creation_yen": found.yen(found.states[0].amount),
            "amount_yen": found.yen(found.now.amount),
            "is_amount_missing_at_creation": found.states[0].amount is None,
            "is_amount_missing": found.now.amount is None,
            "is_amount_unconverted": found.now.amount is not None and found.yen_rate is None,
            "is_accepted": found.is_accepted,
            "accepted_on": found.accepted_on,
        }


def _daily(tables: dict[str, list[Row]], found: list[Meeting], read: _Reader) -> list[Row]:
    """Every additive KPI per rep, date, channel and campaign (dictionary §8 kpi_rep_daily)."""
    sums: dict[tuple[str, date, str, str], Counter[str]] = defaultdict(Counter)

    def add(row: Row, day: date, **amounts: float | None) -> None:
        key = (row["rep_id"], day, row["channel"], row["campaign"])
        sums[key].update({name: amount or 0 for name, amount in amounts.items()})

    for row in tables["fct_calls"]:
        is_dial, connect = row["is_dial"], row["is_dial"] and row["is_connect"]
        human = is_dial and row["is_human_reached"]
        analysed = is_dial and row["has_analysis"]
        timed = not row["is_overlong"]
        add(
            row, row["called_on"],
            dials=is_dial,
            approaches=is_dial,
            answered_calls=is_dial and row["is_answered"],
            human_reached=human,
            connects=connect,
            inbound_connects=row["is_inbound_connect"],
            wrong_numbers=is_dial and row["is_wrong_number"],
            do_not_call=is_dial and row["is_do_not_call"],
            unidentified_party=is_dial and row["is_unidentified_party"],
            talk_seconds=row["talk_seconds"] if human and timed else 0,
            connect_talk_seconds=row["talk_seconds"] if connect and timed else 0,
            turns=row["turn_count"] if analysed and timed else 0,
            analysed_calls=analysed,
            analysed_connects=connect and row["has_analysis"],
        )  # fmt: skip
    for row in tables["fct_emails"]:
        add(row, row["sent_on"], emails_sent=1, approaches=1)
    by_event = {row["event_id"]: row for row in tables["fct_meetings"]}
    for meeting in found:
        booked = by_event[meeting.id]
        add(
            booked, meeting.booked_on,
            meetings_booked=1,
            accepted=booked["is_accepted"],
            rejected=booked["is_rejected"],
            pending=booked["is_pending"],
            expired=booked["is_expired"],
        )  # fmt: skip
        if booked["acquired_on"]:
            add(booked, booked["acquired_on"], meetings_acquired=1)
        for event in meeting.events:
            row = by_event[event.id]
            add(row, event.meeting_on, meetings_held=row["is_held"], no_shows=row["is_no_show"])
    for row in tables["fct_opportunities"]:
        if row["is_sourced"]:
            add(
                row, row["created_on"],
                opportunities_created=1,
                pipeline_created_yen=row["amount_at_creation_yen"],
            )  # fmt: skip
            if row["is_won"]:
                add(row, row["won_on"], wins=1, won_amount_yen=row["amount_yen"])
    return [
        {"rep_id": rep, "date": day, "channel": channel, "campaign": campaign}
        | read._who(None if rep == UNASSIGNED else rep, day)
        | {name: counted[name] for name in ADDITIVE}
        for (rep, day, channel, campaign), counted in sorted(sums.items())
        if any(counted.values())
    ]


def _worked(tables: dict[str, list[Row]]) -> list[Row]:
    """Who approached whom when: leads_worked is the distinct persons of any slice of it."""
    touched = {
        (row["rep_id"], row["called_on"], row["person_id"])
        for row in tables["fct_calls"]
        if row["is_dial"] and row["person_id"]
    } | {
        (row["rep_id"], row["sent_on"], row["person_id"])
        for row in tables["fct_emails"]
        if row["person_id"]
    }
    return [
        {"rep_id": rep, "date": day, "person_id": person} for rep, day, person in sorted(touched)
    ]


def _working_days(roster: Roster, as_of: date) -> list[Row]:
    """Working days of every rep from its first roster row to the as-of date."""
    found = []
    for rep, start, end, _ in roster.rows():
        day = start
        while day <= min(end, as_of):
            found.append({"rep_id": rep, "date": day, "working_days": roster.working_day(rep, day)})
            day += timedelta(days=1)
    return found


def _conversion(found: list[Lead]) -> list[Row]:
    """Distinct leads per cohort month and channel with every step and state."""
    groups: dict[tuple[date, str, str], list[Lead]] = defaultdict(list)
    for lead in found:
        groups[(lead.cohort_month, lead.channel_group, lead.channel)].append(lead)
    rows = []
    for (month, group, channel), members in sorted(groups.items()):
        row: Row = {
            "cohort_month": month,
            "channel_group": group,
            "channel": channel,
            "leads": len(members),
            "lead_records": sum(lead.lead_records for lead in members),
        }
        for step in (*STEPS, "lost"):
            row[f"reached_{step}"] = _count(members, lambda lead, step=step: step in lead.reached)
            row[f"observed_{step}"] = _count(members, lambda lead, step=step: step in lead.observed)
        for state in STATES:
            row[f"state_{state}"] = _count(members, lambda lead, state=state: lead.state == state)
        rows.append(row)
    return rows


def _count(members: list[Lead], holds: Callable[..., bool]) -> int:
    return sum(1 for lead in members if holds(lead))
