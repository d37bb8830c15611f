"""Meetings: which calendar events are one meeting, what became of it, whose opportunity it made.

Dictionary §3 meetings_booked, §9 Meetings and opportunities. The machine
walks one person's external events in the order they were booked.

Choices where the text is silent:
- The opportunity that keeps an episode open was created on or after the day the episode was booked
  (an older one cannot come of it) and hangs on one of the episode's own events or on the person's
  converted lead.
- A deal of the person's account keeps the episode open too, where the account rule would find it:
  created within its days after the held meeting, no other open then, tied to nobody else by an
  earlier event or a conversion. It must exist when the next event is booked.
- Follow-up events are no part of the meeting: their WhatId credits nobody.
- A loss is dated by its record (Opportunity.lost_recorded_on).
- A meeting's account is its person's; else that of its first event.
- A deletion or outcome recorded in the current row holds whatever the as-of date (dictionary §0.5:
  what the files say is known); only its meaning by date is cut.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.oracle.normalise import local_date, match_key, salesforce_id
from tests.oracle.opportunities import Opportunity
from tests.oracle.persons import Person, Persons
from tests.oracle.records import Record, Records, versions_of
from tests.oracle.roster import Roster
from tests.oracle.settings import Settings, Source

_NOT_TAKING_PLACE = {"canceled", "no_show", "rescheduled"}
_INSIDE_SALES = {"sdr", "bdr"}
# A CRM with an outcome of its own (E11): what nobody said is not read elsewhere, and a meeting of
# the past nobody touched stays scheduled; what became of it is as unknown.
_VENDORS: dict[str | None, tuple[str | None, str]] = {
    "unsaid": (None, "none"),
    **{
        said: (said, "vendor_field")
        for said in ("scheduled", "held", "no_show", "canceled", "rescheduled")
    },
}


@dataclass
class Event:
    """One calendar event (invitee copies dropped)."""

    id: str
    source: Source
    booked_at: datetime
    booked_on: date
    meeting_on: date
    outcome: str
    outcome_basis: str
    changed_on: date
    is_deleted_before_start: bool
    creator: str | None
    owner: str | None
    person: Person | None
    account_id: str | None
    opportunity_id: str | None
    ineligible_reason: str | None
    meeting: Meeting | None = None

    @property
    def broken_on(self) -> date | None:
        """The day from which re-booking is counted: a no-show's own day, a cancellation's."""
        if self.outcome == "no_show":
            return self.meeting_on
        if self.is_deleted_before_start:
            return self.changed_on
        if self.outcome in _NOT_TAKING_PLACE:
            return min(self.changed_on, self.meeting_on)
        return None


@dataclass
class Meeting:
    """One eligible meeting: its first event and every re-booking of it."""

    id: str
    person: Person
    booker: str | None
    booked_on: date
    events: list[Event] = field(default_factory=list)
    opportunities: list[tuple[Opportunity, str]] = field(default_factory=list)
    is_from_connect: bool = False

    @property
    def booked_at(self) -> datetime:
        """When it was first booked."""
        return self.events[0].booked_at

    @property
    def last(self) -> Event:
        return self.events[-1]

    @property
    def account_id(self) -> str | None:
        return self.person.account_id or self.events[0].account_id

    @property
    def held_on(self) -> date | None:
        held = [event.meeting_on for event in self.events if event.outcome == "held"]
        return min(held) if held else None

    def decision(self, as_of: date, expires_after: int) -> str:
        """accepted > rejected > undecided; undecided is pending up to and including day 30."""
        credited = [opportunity for opportunity, _ in self.opportunities]
        if any(opportunity.is_accepted for opportunity in credited):
            return "accepted"
        if any(opportunity.is_rejected for opportunity in credited):
            return "rejected"
        still_open = as_of <= self.last.meeting_on + timedelta(days=expires_after)
        return "pending" if still_open else "expired"

    def decided_on(self, as_of: date, expires_after: int) -> date | None:
        """The day field sales accepted or rejected it."""
        decision = self.decision(as_of, expires_after)
        days = [
            opportunity.accepted_on if decision == "accepted" else opportunity.lost_recorded_on
            for opportunity, _ in self.opportunities
            if decision == "accepted" or opportunity.is_rejected
        ]
        known = [day for day in days if day is not None]
        return min(known) if known and decision in ("accepted", "rejected") else None

    def acquired_on(self, shodan_event: str) -> date | None:
        """The day this meeting became a 商談, as the company counts them (§3)."""
        if shodan_event == "held":
            return self.held_on
        if shodan_event == "opportunity":
            created = [opportunity.created_on for opportunity, _ in self.opportunities]
            return min(created) if created else None
        return self.booked_on


def events(
    records: Records, settings: Settings, roster: Roster, persons: Persons, as_of: date
) -> list[Event]:
    """Every calendar event booked by the as-of date, with its outcome as at that date."""
    found = []
    for identity, rows in versions_of(
        records.get("salesforce.Event", ()), "Id", "SystemModstamp"
    ).items():
        row = rows[-1]
        booked_on = local_date(row["CreatedDate"], settings.zone)
        starts_at, meeting_on = _when(row, settings)
        if row.get("IsChild") or meeting_on is None or booked_on > as_of:
            continue
        source = settings.source(row, "salesforce")
        changed_at = row.get("SystemModstamp") or row["CreatedDate"]
        deleted_before = (
            bool(row.get("IsDeleted")) and starts_at is not None and (changed_at < starts_at)
        )
        outcome, basis = _outcome(row, source, meeting_on, as_of, deleted_before)
        who = persons.crm_record(salesforce_id(row.get("WhoId")))
        creator = roster.of_user(salesforce_id(row.get("CreatedById")))
        if who is None:
            reason: str | None = "no_person"
        elif persons.is_internal(who):
            reason = "internal"
        else:
            reason = None
        what = salesforce_id(row.get("WhatId"))
        deal = what if what and what.startswith("006") else row.get("OpportunityId")
        account = salesforce_id(row.get("AccountId"))
        found.append(
            Event(
                id=identity,
                source=source,
                booked_at=row["CreatedDate"],
                booked_on=booked_on,
                meeting_on=meeting_on,
                outcome=outcome,
                outcome_basis=basis,
                changed_on=local_date(changed_at, settings.zone),
                is_deleted_before_start=deleted_before,
                creator=creator,
                owner=roster.of_user(salesforce_id(row.get("OwnerId"))),
                person=persons.of_record(who.key[2]) if who else None,
                account_id=persons.accounts.winner(
                    account or (what if what and what.startswith("001") else None)
                ),
                opportunity_id=deal,
                ineligible_reason=reason,
            )
        )
    return sorted(found, key=lambda event: (event.booked_at, event.id))


def _when(row: Record, settings: Settings) -> tuple[datetime | None, date | None]:
    """Start instant and local day; an all-day event has only its ActivityDate."""
    if row.get("StartDateTime") is not None:
        return row["StartDateTime"], local_date(row["StartDateTime"], settings.zone)
    day = row.get("ActivityDate")
    if day is None:
        return None, None
    return datetime.combine(day, datetime.min.time(), tzinfo=settings.zone), day


def _outcome(
    row: Record, source: Source, meeting_on: date, as_of: date, deleted_before: bool
) -> tuple[str, str]:
    """Enum map E12; a held or missed meeting only once its day has come."""
    if deleted_before:
        return "canceled", "inferred"
    raw = row.get(source.outcome_field) if source.outcome_field else None
    said = source.outcome_map.get(match_key(str(raw))) if raw is not None else None
    said, basis = _VENDORS.get(row.get("Outcome"), (said, "custom_field"))
    if said in ("held", "no_show") and meeting_on > as_of:
        return "scheduled", "none"
    if said:
        return said, basis
    return ("scheduled" if meeting_on > as_of else "unknown"), "none"


def meetings(
    calendar: list[Event],
    opportunities: dict[str, Opportunity],
    persons: Persons,
    roster: Roster,
    settings: Settings,
    as_of: date,
) -> list[Meeting]:
    """Walk every person's external events and keep what inside sales booked."""
    by_person: dict[str, list[Event]] = defaultdict(list)
    for event in calendar:
        if event.ineligible_reason is None and event.person is not None:
            by_person[event.person.id].append(event)
    found: list[Meeting] = []
    tied = _tied(by_person, opportunities, persons)
    for own in by_person.values():
        running: Meeting | None = None
        counts = False
        for event in own:
            fate = _fate(running, event, opportunities, tied, settings, as_of)
            if fate == "follow_up":
                event.ineligible_reason = "follow_up"
                continue
            if fate == "new" or running is None:
                assert event.person is not None
                running = Meeting(event.id, event.person, event.creator, event.booked_on)
                motion = roster.attributes(event.creator, event.booked_on).motion
                counts = motion in _INSIDE_SALES
                if counts:
                    found.append(running)
            running.events.append(event)
            if counts:
                event.meeting = running
            else:
                event.ineligible_reason = "field_sales"
    return sorted(found, key=lambda meeting: (meeting.events[0].booked_at, meeting.id))


def _tied(
    by_person: dict[str, list[Event]], opportunities: dict[str, Opportunity], persons: Persons
) -> dict[str, set[str]]:
    """Opportunity id -> the persons an event booked before it or a conversion ties it to."""
    found: dict[str, set[str]] = defaultdict(set)
    for person in persons.all:
        for identity in person.converted_opportunities:
            found[identity].add(person.id)
    for events_of_person in by_person.values():
        for event in events_of_person:
            named = opportunities.get(event.opportunity_id or "")
            if named and event.person and event.booked_on <= named.created_on:
                found[named.id].add(event.person.id)
    return found


def _fate(
    running: Meeting | None,
    event: Event,
    opportunities: dict[str, Opportunity],
    tied: dict[str, set[str]],
    settings: Settings,
    as_of: date,
) -> str:
    """new | rescheduled | follow_up: what a newly booked event is to the running episode."""
    if running is None:
        return "new"
    broken_on = running.last.broken_on
    if broken_on is not None:
        again = event.booked_on <= broken_on + timedelta(days=settings.rebooking_days)
        return "rescheduled" if again else "new"
    end = _episode_end(running, event, opportunities, tied, settings, as_of)
    return "follow_up" if end is None or event.booked_on <= end else "new"


def _episode_end(
    running: Meeting,
    event: Event,
    opportunities: dict[str, Opportunity],
    tied: dict[str, set[str]],
    settings: Settings,
    as_of: date,
) -> date | None:
    """The last day of the episode; None while its opportunity is open."""
    explicit = {event.opportunity_id for event in running.events}
    named = explicit | running.person.converted_opportunities
    own = [
        opportunity
        for identity, opportunity in opportunities.items()
        if (identity in named and opportunity.created_on >= running.booked_on)
        or (
            opportunity.created_on <= event.booked_on
            and (identity not in tied or running.person.id in tied[identity])
            and _within_reach(running, opportunity, settings)
            and not _another_was_open(opportunity, opportunities, as_of)
        )
    ]
    if not own:
        return running.last.meeting_on + timedelta(days=settings.decision_expires_after_days)
    closed = [opportunity.over_on(as_of) for opportunity in own]
    if any(day is None for day in closed):
        return None
    return max(day for day in closed if day is not None)


def credit(
    found: list[Meeting],
    opportunities: dict[str, Opportunity],
    settings: Settings,
    as_of: date,
) -> dict[str, tuple[Meeting, str]]:
    """Opportunity id -> (the one meeting it is owed to, basis); §3, §9."""
    credited: dict[str, tuple[Meeting, str]] = {}
    for opportunity in sorted(opportunities.values(), key=lambda o: (o.created_at, o.id)):
        owed = _owed_to(opportunity, found, opportunities, settings, as_of)
        if owed:
            credited[opportunity.id] = owed
            owed[0].opportunities.append((opportunity, owed[1]))
    return credited


def _owed_to(
    opportunity: Opportunity,
    found: list[Meeting],
    opportunities: dict[str, Opportunity],
    settings: Settings,
    as_of: date,
) -> tuple[Meeting, str] | None:
    earlier = [meeting for meeting in found if meeting.booked_on <= opportunity.created_on]

    def booked(meeting: Meeting) -> tuple[datetime, str]:
        return meeting.events[0].booked_at, meeting.id

    explicit = [
        meeting
        for meeting in earlier
        if any(event.opportunity_id == opportunity.id for event in meeting.events)
    ]
    if explicit:
        return max(explicit, key=booked), "explicit"
    converted = [
        meeting for meeting in earlier if opportunity.id in meeting.person.converted_opportunities
    ]
    if converted:
        return max(converted, key=booked), "converted_lead"
    if opportunity.account_id is None or _another_was_open(opportunity, opportunities, as_of):
        return None
    same_account = [
        (meeting.held_on, booked(meeting), meeting)
        for meeting in earlier
        if _within_reach(meeting, opportunity, settings)
    ]
    if same_account:
        return max(same_account, key=lambda item: item[:2])[2], "account"
    return None


def _within_reach(meeting: Meeting, opportunity: Opportunity, settings: Settings) -> bool:
    """Same account, created in the account rule's days after the meeting was held."""
    held_on = meeting.held_on
    return (
        opportunity.account_id is not None
        and meeting.account_id == opportunity.account_id
        and held_on is not None
        and held_on
        <= opportunity.created_on
        <= held_on + timedelta(days=settings.account_rule_days)
    )


def _another_was_open(
    opportunity: Opportunity, opportunities: dict[str, Opportunity], as_of: date
) -> bool:
    """Dictionary §9: no opportunity of the account was open when this one was created."""
    for other in opportunities.values():
        if other.id == opportunity.id or other.account_id != opportunity.account_id:
            continue
        closed_on = other.over_on(as_of)
        if other.created_at < opportunity.created_at and (
            closed_on is None or closed_on > opportunity.created_on
        ):
            return True
    return False
