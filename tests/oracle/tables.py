"""The published tables as the oracle sees them: lists of dicts under the published column names.

`tables(records, as_of, settings)` runs every rule once. Columns the oracle has no opinion on
(release facts, source files, display labels) are absent, not guessed. Rep `None` is published as
`(unassigned)`; rows of `kpi_rep_daily` stand only where something happened or a working day was.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tests.oracle.calibration import calibration
from tests.oracle.calls import Call, calls
from tests.oracle.channels import NONE, Channels
from tests.oracle.cohorts import STEPS, Lead, leads
from tests.oracle.conversion import conversion
from tests.oracle.coverage import Coverage
from tests.oracle.emails import Email, emails
from tests.oracle.hubspot import retold
from tests.oracle.lists import CallLists
from tests.oracle.marketing import activities
from tests.oracle.meetings import Event, Meeting, credit, events, meetings
from tests.oracle.metrics import ADDITIVE, Row, facts, scopes_of
from tests.oracle.nurture import by_month, nurture
from tests.oracle.opportunities import Opportunity, opportunities, stage_names
from tests.oracle.persons import Person, Persons
from tests.oracle.pipeline import pipeline
from tests.oracle.records import Records
from tests.oracle.roster import UNASSIGNED, Roster
from tests.oracle.settings import Settings
from tests.oracle.speed import HandRaise, hand_raises
from tests.oracle.target_lists import TargetLists
from tests.oracle.titles import Titles
from tests.oracle.voice import responses, voice


@dataclass(frozen=True)
class Answer:
    """Everything the oracle found, as things (for explaining) and as tables (for comparing)."""

    settings: Settings
    as_of: date
    coverage: Coverage
    roster: Roster
    persons: Persons
    channels: Channels
    calls: list[Call]
    emails: list[Email]
    events: list[Event]
    meetings: list[Meeting]
    opportunities: dict[str, Opportunity]
    leads: list[Lead]
    hand_raises: list[HandRaise]
    stages: frozenset[str]  # every name of a stage seen anywhere
    has_title_map: bool
    tables: dict[str, list[Row]]


def answer(records: Records, as_of: date, settings: Settings) -> Answer:
    """Apply the dictionary to the records as of the end of a local day."""
    coverage = Coverage(records, settings)
    records = retold(records, settings)
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
    noted = activities(records, persons, settings, as_of)
    touches = channels.touches(persons, noted, settings.zone, as_of)
    all_leads = leads(
        persons, channels, touches, all_calls, all_emails, all_meetings, all_opportunities, roster,
        settings, as_of,
    )  # fmt: skip
    all_hand_raises = hand_raises(
        records, settings, persons, channels, roster, all_calls, all_emails, as_of
    )
    targets = TargetLists(records, persons.accounts)
    read = _Reader(
        roster, channels, persons, Titles(records), CallLists(records, channels), targets,
        settings, as_of,
    )  # fmt: skip
    tables: dict[str, list[Row]] = {
        "fct_calls": [read.call(call) for call in all_calls],
        "fct_emails": [read.email(email) for email in all_emails],
        "fct_meetings": [read.event(event) for event in calendar],
        "fct_opportunities": [
            read.opportunity(opportunity, credited.get(opportunity.id))
            for opportunity in all_opportunities.values()
        ],
        "fct_hand_raises": [read.hand_raise(raised) for raised in all_hand_raises],
        "fct_leads": [read.lead(lead, coverage.first_day) for lead in all_leads],
        "fct_nurture": nurture(
            noted, all_leads, all_calls, all_emails, all_meetings, channels, settings, as_of
        ),
        "working_days": _working_days(roster, coverage.first_day or as_of, as_of),
        "target_lists": targets.rows,
        "kpi_channel_conversion": conversion(all_leads, channels, records, settings, as_of),
    }
    tables["kpi_nurture"] = by_month(tables["fct_nurture"])
    deals = {row["opportunity_id"]: row for row in tables["fct_opportunities"]}
    tables["kpi_pipeline"] = pipeline(all_opportunities.values(), deals, as_of)
    tables["kpi_connect_calibration"] = calibration(all_calls, roster)
    tables["kpi_customer_voice"] = voice(
        responses(records, settings, roster, persons, channels, calendar, deals, as_of), settings
    )
    tables["approaches"] = _approaches(tables)
    tables["days"] = _days(tables)
    tables["list_days"] = _list_days(tables)
    tables["dim_call_lists"] = _call_lists(tables["fct_calls"])
    tables["kpi_rep_daily"] = _daily(tables["days"], read)
    return Answer(
        settings, as_of, coverage, roster, persons, channels, all_calls, all_emails, calendar,
        all_meetings, all_opportunities, all_leads, all_hand_raises, stage_names(records),
        bool(records.get("planning.title_map")), tables,
    )  # fmt: skip


def _mark_from_connect(found: list[Meeting], all_calls: list[Call]) -> None:
    """§2 `_from_connect`: the booker had a connect with that person on the day of booking, begun
    before it.

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
    persons: Persons
    titles: Titles
    lists: CallLists
    targets: TargetLists
    settings: Settings
    as_of: date

    def who(self, rep: str | None, day: date) -> Row:
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
            **self.who(call.rep, call.day),
            **self._whom(call.person, call.started_at),
            "account_id": call.account_id,
            "match_level": call.match_level,
            "match_basis": call.match_basis,
            "call_list": self.lists.of_call(call),
            "is_target_account": self.targets.hold(call.account_id, call.day),
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
            "agent_talk_seconds": call.agent_talk_seconds,
            "customer_talk_seconds": call.customer_talk_seconds,
            "has_key_person": self.titles.is_key_person(call.person),
            "crm_activity_id": call.twin.id if call.twin else None,
            "hour": None
            if call.origin == "crm"
            else call.started_at.astimezone(self.settings.zone).hour,
            "keywords": call.keywords,
            "can_tell_keywords": call.feed == "webhook" and call.has_analysis,
        }

    def email(self, email: Email) -> Row:
        return {
            "email_id": email.id,
            "sent_on": email.day,
            **self.who(email.rep, email.day),
            **self._whom(email.person, email.at),
            "account_id": email.account_id,
            "is_target_account": self.targets.hold(email.account_id, email.day),
        }

    def hand_raise(self, raised: HandRaise) -> Row:
        return {
            **raised.row(self.as_of),
            **self.who(raised.rep, raised.day),
            **self._whom(raised.person, raised.at),
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
            **self.who(booker, booked_on),
            **self._whom(event.person, event.booked_at),
            "account_id": (event.person.account_id if event.person else None) or event.account_id,
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
            outcome, is_over = meeting.last.outcome, meeting.last.meeting_on <= self.as_of
            row |= {
                "is_acquired": acquired_on is not None,
                "acquired_on": acquired_on,
                "is_from_connect": meeting.is_from_connect,
                "cohort_outcome": "canceled" if outcome == "rescheduled" else outcome,
                "is_over": is_over,
                "is_held_of_cohort": is_over and outcome == "held",
                "is_no_show_of_cohort": is_over and outcome == "no_show",
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
        who = (
            self.who(meeting.booker, meeting.booked_on)
            if meeting
            else dict.fromkeys(("rep_id", "team", "business_unit", "motion"), NONE)
        )
        return {
            "opportunity_id": found.id,
            "created_on": found.created_on,
            "close_on": found.close_on,
            **who,
            **self._whom(meeting.person if meeting else self._grew_from(found), found.created_at),
            "owner_rep_id": found.owner_rep,
            "account_id": found.account_id,
            "meeting_id": meeting.id if meeting else None,
            "credit_basis": basis,
            "is_sourced": meeting is not None,
            "deal_type": found.deal_type,
            "is_won": won,
            "is_open": not won and not lost and found.now.is_known,
            "is_lost": lost,
            "won_on": found.close_on if won else None,
            "lost_on": found.lost_on(self.as_of),
            "amount_at_creation_yen": found.yen(found.states[0].amount),
            "amount_yen": found.yen(found.now.amount),
            "is_amount_missing_at_creation": found.states[0].amount is None,
            "is_amount_missing": found.now.amount is None,
            "is_amount_unconverted_at_creation": found.states[0].amount is not None
            and found.yen_rate is None,
            "is_amount_unconverted": found.now.amount is not None and found.yen_rate is None,
            "is_accepted": found.is_accepted,
            "accepted_on": found.accepted_on,
        }

    def _grew_from(self, found: Opportunity) -> Person | None:
        """Whose deal it is when no meeting gets the credit: the lead's, else its contact's."""

        def age(person: Person) -> tuple[bool, datetime, str]:
            return not person.leads, (person.leads or person.records)[0].created_at, person.id

        leads = [
            person for person in self.persons.all if found.id in person.converted_opportunities
        ]
        return min(leads, key=age, default=None) or self.persons.of_record(found.contact_id)

    def lead(self, found: Lead, first_day: date | None) -> Row:
        rep = {} if found.rep_day is None else self.who(found.rep, found.rep_day)
        last = found.touches[-1].line if found.touches else None
        first = (found.channel_group, found.channel, found.campaign)
        return {
            "person_id": found.person.id,
            **(rep or dict.fromkeys(("rep_id", "team", "business_unit", "motion"), UNASSIGNED)),
            **dict(zip(("channel_group", "channel", "campaign"), first, strict=True)),
            **dict(
                zip(
                    ("last_touch_channel_group", "last_touch_channel", "last_touch_campaign"),
                    last or first,
                    strict=True,
                )
            ),
            "account_id": found.person.account_id,
            "state": found.state,
            "lead_records": found.lead_records,
            "opportunities": len(found.opportunities),
            "days_to_outcome": found.days_to_outcome,
            "is_handed_back": found.is_handed_back,
            "is_still_open": found.is_still_open,
            **{
                column: step in found.observed
                for column, step in {
                    "is_mql": "mql", "is_worked": "worked", "is_connected": "connected",
                    "is_met": "meeting", "is_accepted": "accepted",
                    "is_opportunity": "opportunity", "is_won": "won", "is_lost": "lost",
                }.items()
            },
            **{f"has_reached_{step}": step in found.reached for step in (*STEPS[1:], "lost")},
            "created_on": found.days["lead"],
            "counted_on": found.days["lead"]
            if first_day is not None and found.days["lead"] >= first_day
            else None,
            "cohort_month": found.cohort_month,
            **{
                column: found.days.get(step)
                for column, step in {
                    "mql_on": "mql", "worked_on": "worked", "connected_on": "connected",
                    "met_on": "meeting", "accepted_on": "accepted",
                    "opportunity_on": "opportunity", "won_on": "won", "lost_on": "lost",
                }.items()
            },
        }  # fmt: skip


def _days(tables: dict[str, list[Row]]) -> list[Row]:
    """Every additive KPI per day and everything a scope is made of (dictionary §8)."""
    keys = ("rep_id", "team", "business_unit", "motion", "channel", "campaign")
    sums: dict[tuple[str | date | None, ...], Counter[str]] = defaultdict(Counter)
    for metric, day, row, amount in facts(tables):
        sums[(day, *(row.get(key) for key in keys))][metric] += amount  # type: ignore[assignment]
    return [
        dict(zip(("date", *keys), found, strict=True)) | dict.fromkeys(ADDITIVE, 0) | counted
        for found, counted in sums.items()
    ]


def _list_days(tables: dict[str, list[Row]]) -> list[Row]:
    """Every additive KPI of calls per day and call list (dictionary §5)."""
    sums: dict[tuple[date, str], Counter[str]] = defaultdict(Counter)
    for metric, day, row, amount in facts(tables):
        if "call_list" in scopes_of(metric):
            sums[(day, row["call_list"])][metric] += amount  # type: ignore[assignment]
    return [
        {"date": day, "call_list": name, "counted": counted}
        for (day, name), counted in sums.items()
    ]


def _call_lists(calls_: list[Row]) -> list[Row]:
    """What was dialled from every list that any call names."""
    found = []
    for name in {row["call_list"] for row in calls_}:
        dials = [row for row in calls_ if row["is_dial"] and row["call_list"] == name]
        found.append(
            {
                "call_list": name,
                "first_dialled_on": min((row["called_on"] for row in dials), default=None),
                "last_dialled_on": max((row["called_on"] for row in dials), default=None),
                "dials": len(dials),
                "persons_dialled": len({row["person_id"] for row in dials} - {None}),
            }
        )
    return found


def _daily(days: list[Row], read: _Reader) -> list[Row]:
    """kpi_rep_daily: additive counts per rep, date, channel and campaign (dictionary §8)."""
    keys = ("rep_id", "date", "channel", "campaign")
    sums: dict[tuple[str | date, ...], Counter[str]] = defaultdict(Counter)
    for row in days:
        if row["channel"] is not None and row["rep_id"] is not None:
            sums[tuple(row[key] for key in keys)].update({name: row[name] for name in ADDITIVE})
    return [
        dict(zip(keys, found, strict=True))
        | read.who(None if found[0] == UNASSIGNED else str(found[0]), found[1])  # type: ignore[arg-type]
        | {name: counted[name] for name in ADDITIVE}
        for found, counted in sorted(sums.items())
    ]


def _approaches(tables: dict[str, list[Row]]) -> list[Row]:
    """Whom somebody approached when: leads_worked is the distinct persons of any slice of it."""
    dials = [row | {"date": row["called_on"]} for row in tables["fct_calls"] if row["is_dial"]]
    mails = [row | {"date": row["sent_on"]} for row in tables["fct_emails"]]
    return [row for row in (*dials, *mails) if row["person_id"]]


def _working_days(roster: Roster, first: date, as_of: date) -> list[Row]:
    """Working days of every rep on the roster; days no export speaks of are nobody's (§0.2)."""
    found = []
    for rep, start, end, _ in roster.rows():
        day = max(start, first)
        while day <= min(end, as_of):
            attributes = roster.attributes(rep, day)
            found.append(
                {
                    "rep_id": rep,
                    "date": day,
                    "team": attributes.team,
                    "business_unit": attributes.business_unit,
                    "motion": attributes.motion,
                    "working_days": roster.working_day(rep, day),
                }
            )
            day += timedelta(days=1)
    return found
