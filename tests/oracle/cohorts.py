"""Lead cohorts and the steps they reached (dictionary §5, §9 Cohort steps).

Choices where the text is silent:
- A lead *was* an MQL if any version of one of its lead records, known by the as-of date, had a
  status mapped to mql (statuses are overwritten in place, formats §6.6.7), or if any version of its
  marketing record known by then is at marketingqualifiedlead or later.
- "Handed back" is the status its newest living lead record had at the as-of date; it overrides
  worked and connected, not what came later.
- An opportunity came of a lead by conversion, by a meeting's WhatId, or by the credit of a meeting.
- connected = a connect by a dial; inbound connects do not make the step.
- A lead's line: the campaign that touched it first; the motion of the rep who first approached it
  (nobody's approach has none), else of who booked its first meeting.
- Of an opportunity of several leads the amount is the earliest lead's: under first touch the credit
  is whole and one's (§5), and that lead was touched first.
- A day on which a record is known to be an MQL is that of its version, or of its history.
- Whoever first approached a lead (or booked, see above) has it: rep, team and motion of that day.
- Touches after the first booking brought no meeting; of a lead without a meeting those after the day
  of its first opportunity did not bring that.
- lead_records counts the records that keep the person in the cohort (merge losers included).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tests.oracle.calls import Call
from tests.oracle.channels import Channels, ChannelTouch
from tests.oracle.emails import Email
from tests.oracle.meetings import Meeting
from tests.oracle.normalise import local_date, match_key
from tests.oracle.opportunities import Opportunity
from tests.oracle.persons import Person, PersonRecord, Persons
from tests.oracle.records import Record
from tests.oracle.roster import UNASSIGNED, Roster
from tests.oracle.settings import Settings

STEPS = ("lead", "mql", "worked", "connected", "meeting", "opportunity", "accepted", "won")
STATES = (
    "won", "lost", "accepted", "opportunity", "meeting", "connected", "worked", "nurturing", "lead",
)  # fmt: skip

_MQL_OR_LATER = {
    "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist",
}  # fmt: skip


@dataclass(frozen=True)
class Lead:
    """One distinct lead with the steps it was seen at."""

    person: Person
    cohort_month: date
    channel_group: str
    channel: str
    campaign: str
    motion: str
    lead_records: int
    observed: frozenset[str]
    state: str
    opportunities: tuple[Opportunity, ...]
    is_still_open: bool
    is_handed_back: bool
    touches: tuple[ChannelTouch, ...]  # up to the meeting, first to last
    rep: str | None
    rep_day: date | None
    days: Mapping[str, date]  # step -> the day it was first seen at it

    @property
    def created(self) -> tuple[datetime, str]:
        """When its earliest record was made."""
        return self.person.leads[0].created_at, self.person.id

    @property
    def days_to_outcome(self) -> int | None:
        """Days to the first win, else to the last loss."""
        end = self.days.get("won") or self.days.get("lost")
        return None if end is None else max((end - self.days["lead"]).days, 0)

    @property
    def reached(self) -> frozenset[str]:
        """Nested: whoever reached a later step has reached the earlier ones."""
        last = max(STEPS.index(step) for step in self.observed if step in STEPS)
        nested = set(STEPS[: last + 1])
        if "lost" in self.observed:
            nested |= set(STEPS[: STEPS.index("opportunity") + 1]) | {"lost"}
        return frozenset(nested)


def leads(
    persons: Persons,
    channels: Channels,
    touches: Mapping[str, Sequence[ChannelTouch]],
    calls: Iterable[Call],
    emails: Iterable[Email],
    meetings: Iterable[Meeting],
    opportunities: Mapping[str, Opportunity],
    roster: Roster,
    settings: Settings,
    as_of: date,
) -> list[Lead]:
    calls, emails, meetings = list(calls), list(emails), list(meetings)
    worked = {call.person.id for call in calls if call.person and call.is_dial}
    worked |= {email.person.id for email in emails if email.person}
    connected = {
        call.person.id for call in calls if call.person and call.is_dial and call.is_connect
    }
    met = {meeting.person.id for meeting in meetings}
    accepted = {
        meeting.person.id
        for meeting in meetings
        if meeting.decision(as_of, settings.decision_expires_after_days) == "accepted"
    }
    made: dict[str, set[str]] = {}
    for meeting in meetings:
        own_ids = made.setdefault(meeting.person.id, set())
        own_ids |= {event.opportunity_id for event in meeting.events if event.opportunity_id}
        own_ids |= {opportunity.id for opportunity, _ in meeting.opportunities}
    whose = _first_reps(calls, emails, meetings, roster)
    days = _days(calls, emails, meetings, settings, as_of)
    booked: dict[str, datetime] = {}
    for meeting in sorted(meetings, key=lambda meeting: meeting.booked_at):
        booked.setdefault(meeting.person.id, meeting.booked_at)
    found = []
    for person in persons.all:
        if not person.leads:
            continue
        first = person.leads[0]
        group, channel = channels.of_person(person)
        own = [
            opportunities[identity]
            for identity in person.converted_opportunities | made.get(person.id, set())
            if identity in opportunities
        ]
        observed = {"lead"}
        mql_days = _mql_days(person, settings, as_of)
        if mql_days:
            observed.add("mql")
        for step, who in (
            ("worked", worked),
            ("connected", connected),
            ("meeting", met),
            ("accepted", accepted),
        ):
            if person.id in who:
                observed.add(step)
        if own:
            observed.add("opportunity")
        has_won = any(opportunity.is_won(as_of) for opportunity in own)
        if has_won:
            observed.add("won")
        elif own and all(opportunity.is_lost for opportunity in own):
            observed.add("lost")
        seen = {"lead": local_date(first.created_at, settings.zone), **days.get(person.id, {})}
        if mql_days:
            seen["mql"] = min(mql_days)
        if own:
            seen["opportunity"] = min(opportunity.created_on for opportunity in own)
        wins = [deal.close_on for deal in own if deal.is_won(as_of) and deal.close_on]
        if wins:
            seen["won"] = min(wins)
        if "lost" in observed:
            seen["lost"] = max(day for deal in own if (day := deal.over_on(as_of)))
        until = booked.get(person.id)
        rep, rep_day = whose.get(person.id, (None, None))
        is_back = _handed_back(person, settings, as_of)
        found.append(
            Lead(
                person=person,
                cohort_month=local_date(first.created_at, settings.zone).replace(day=1),
                channel_group=group,
                channel=channel,
                campaign=channels.first_campaign(person),
                motion=roster.attributes(rep, rep_day).motion if rep_day else UNASSIGNED,
                lead_records=len(person.leads),
                observed=frozenset(observed),
                state=_state(observed, is_back),
                opportunities=tuple(own),
                is_still_open=not has_won and any(not opportunity.is_lost for opportunity in own),
                is_handed_back=is_back,
                touches=tuple(
                    touch
                    for touch in sorted(touches.get(person.id, ()), key=lambda touch: touch.place)
                    if (
                        touch.at <= until
                        if until
                        else touch.day <= seen.get("opportunity", date.max)
                    )
                ),
                rep=rep,
                rep_day=rep_day,
                days=seen,
            )
        )
    return found


def _first_reps(
    calls: Iterable[Call], emails: Iterable[Email], meetings: Iterable[Meeting], roster: Roster
) -> dict[str, tuple[str | None, date]]:
    """Person -> the rep who first approached it, else booked with it, and the day."""
    approaches = [
        (call.started_at, call.id, call.person, call.rep, call.day)
        for call in calls
        if call.is_dial
    ] + [(email.at, email.id, email.person, email.rep, email.day) for email in emails]
    bookings = [
        (meeting.booked_at, meeting.id, meeting.person, meeting.booker, meeting.booked_on)
        for meeting in meetings
    ]
    found: dict[str, tuple[str | None, date]] = {}
    for _, _, person, rep, day in (*sorted(approaches, key=_at), *sorted(bookings, key=_at)):
        if person is not None and roster.attributes(rep, day).motion != UNASSIGNED:
            found.setdefault(person.id, (rep, day))
    return found


def _days(
    calls: Iterable[Call],
    emails: Iterable[Email],
    meetings: Iterable[Meeting],
    settings: Settings,
    as_of: date,
) -> dict[str, dict[str, date]]:
    """Person -> step -> the first day a rep or field sales was seen at it."""
    found: dict[str, dict[str, date]] = {}

    def note(person: Person | None, step: str, day: date | None) -> None:
        if person is not None and day is not None:
            days = found.setdefault(person.id, {})
            days[step] = min(day, days.get(step, day))

    for call in calls:
        if call.is_dial:
            note(call.person, "worked", call.day)
            if call.is_connect:
                note(call.person, "connected", call.day)
    for email in emails:
        note(email.person, "worked", email.day)
    for meeting in meetings:
        note(meeting.person, "meeting", meeting.booked_on)
        expires = settings.decision_expires_after_days
        if meeting.decision(as_of, expires) == "accepted":
            note(meeting.person, "accepted", meeting.decided_on(as_of, expires))
    return found


def _at(event: tuple[datetime, str, Person | None, str | None, date]) -> tuple[datetime, str]:
    return event[:2]


def _state(observed: set[str], handed_back: bool) -> str:
    """Exactly one state: the furthest, nurturing before working when handed back."""
    for state in ("won", "lost", "accepted", "opportunity", "meeting"):
        if state in observed:
            return state
    if handed_back:
        return "nurturing"
    for state in ("connected", "worked"):
        if state in observed:
            return state
    return "nurturing" if "mql" in observed else "lead"


def _step(record: PersonRecord, status: str | None) -> str | None:
    steps = {match_key(key): step for key, step in record.source.lead_status.items()}
    return steps.get(match_key(status))


def _mql_days(person: Person, settings: Settings, as_of: date) -> list[date]:
    """Every day on which a record is known to be an MQL, or to have been one."""
    found = []
    for record in person.records:
        for version in _known(record, settings, as_of):
            day = local_date(_dated(record, version), settings.zone)
            if record.is_lead and _step(record, version.get("Status")) == "mql":
                found.append(day)
            stage = version.get("LifecycleStage")
            if record.key[1] == "ma_person":
                stage = version["properties"].get("lifecyclestage")
            if match_key(stage) in _MQL_OR_LATER:
                found.append(day)
        for at, name, value in record.fields.get("StatusHistory") or ():
            day = local_date(at, settings.zone)
            if not record.is_lead or day > as_of:
                continue
            if name == "lifecyclestage" and match_key(value) in _MQL_OR_LATER:
                found.append(day)
            if name == "hs_lead_status" and _step(record, value) == "mql":
                found.append(day)
    return found


def _dated(record: PersonRecord, version: Record) -> datetime:
    at: datetime = version.get("SystemModstamp") or version.get("updatedAt") or record.created_at
    return at


def _known(record: PersonRecord, settings: Settings, as_of: date) -> list[Record]:
    """The versions of a record dated by the as-of date, oldest first."""
    return [
        version
        for version in record.versions
        if local_date(_dated(record, version), settings.zone) <= as_of
    ]


def _handed_back(person: Person, settings: Settings, as_of: date) -> bool:
    """By the newest record still living: what a merged record said last is history."""
    living = [record for record in person.leads if not record.is_deleted]
    if not living:
        return False
    newest = max(living, key=lambda record: (record.created_at, record.key[2]))
    known = _known(newest, settings, as_of)
    return bool(known) and _step(newest, known[-1].get("Status")) in ("handed_back", "nurturing")


def back_days(person: Person, settings: Settings, as_of: date) -> list[date]:
    """Every day on which one of its lead records was handed back to nurturing."""
    found = []
    for record in person.leads:
        told = [
            (_dated(record, version), version.get("Status"))
            for version in _known(record, settings, as_of)
        ]
        told += [
            (at, value)
            for at, name, value in record.fields.get("StatusHistory") or ()
            if name == "hs_lead_status" and local_date(at, settings.zone) <= as_of
        ]
        was_back = False
        for at, is_back in sorted(
            (at, _step(record, status) in ("handed_back", "nurturing")) for at, status in told
        ):
            if is_back and not was_back:
                found.append(local_date(at, settings.zone))
            was_back = is_back
    return found
