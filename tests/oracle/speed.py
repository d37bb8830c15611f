"""Speed to lead: hand-raises and what answered them first (dictionary §4 first_response_minutes).

Choices where the text is silent:
- A hand-raise is one touch of a configured type; each of several of one person is one, and one
  attempt answers all before it.
- An attempt is a dial somebody was on, or an e-mail of a rep, to the same person, later than the
  touch; a dialler nobody joined is no person. What the CRM logs counts at the instant it was logged.
- Of a touch nobody can be named for nothing is known: it is neither answered nor open.
- The rep is who attempted first; while nobody did, whose lead it was at the touch: by the version in
  force, else by the first one that followed it.
- Within N minutes is judged of what was answered or has been open for N minutes; the same business
  day of what was answered or whose day is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from tests.oracle.calls import Call
from tests.oracle.channels import Channels
from tests.oracle.emails import Email
from tests.oracle.normalise import domain, email, local_date, salesforce_id
from tests.oracle.persons import Person, Persons
from tests.oracle.records import Record, Records, delivered
from tests.oracle.roster import Roster
from tests.oracle.settings import Settings, Source
from tests.oracle.worktime import WorkingTime

MINUTES = (5, 30, 60)


@dataclass(frozen=True)
class Attempt:
    """A dial or an e-mail."""

    at: datetime
    day: date
    kind: str  # dial | email
    id: str
    rep: str | None
    is_connect: bool


@dataclass
class HandRaise:
    """A touch by which somebody asks to be called back."""

    id: str
    at: datetime
    day: date
    touch_type: str
    person: Person | None
    attempt: Attempt | None = None
    connect: Attempt | None = None
    rep: str | None = None
    seconds_to_attempt: int | None = None
    seconds_to_connect: int | None = None
    seconds_to_end: int = 0
    start: tuple[datetime, date] | None = None
    hours_basis: str | None = None

    @property
    def is_open(self) -> bool:
        return self.person is not None and self.attempt is None

    def is_within(self, minutes: int) -> bool:
        return self.seconds_to_attempt is not None and self.seconds_to_attempt <= minutes * 60

    def is_due(self, minutes: int) -> bool:
        return self.attempt is not None or (
            self.person is not None and self.seconds_to_end >= minutes * 60
        )

    def row(self, as_of: date) -> dict[str, Any]:
        """Columns of fct_hand_raises but those of the rep and the channel."""
        attempt, connect = self.attempt, self.connect
        started_on = self.start[1] if self.start else None
        return {
            "hand_raise_id": self.id,
            "raised_on": self.day,
            "raised_at": self.at,
            "touch_type": self.touch_type,
            "account_id": self.person.account_id if self.person else None,
            "is_linked": self.person is not None,
            "is_attempted": attempt is not None,
            "is_connected": connect is not None,
            "is_open": self.is_open,
            "clock_started_at": self.start[0] if self.start else None,
            "clock_started_on": started_on,
            "hours_basis": self.hours_basis,
            "attempted_at": attempt.at if attempt else None,
            "attempted_on": attempt.day if attempt else None,
            "attempt_kind": attempt.kind if attempt else None,
            "attempt_id": attempt.id if attempt else None,
            "connected_at": connect.at if connect else None,
            "connect_call_id": connect.id if connect else None,
            "business_minutes_to_attempt": _minutes(self.seconds_to_attempt),
            "clock_minutes_to_attempt": _clock_minutes(self.at, attempt),
            "business_minutes_to_connect": _minutes(self.seconds_to_connect),
            "clock_minutes_to_connect": _clock_minutes(self.at, connect),
            "open_business_minutes": _minutes(self.seconds_to_end) if self.is_open else None,
            **{f"is_within_{minutes}_minutes": self.is_within(minutes) for minutes in MINUTES},
            **{f"is_due_{minutes}_minutes": self.is_due(minutes) for minutes in MINUTES},
            "is_within_same_day": attempt is not None
            and started_on is not None
            and attempt.day <= started_on,
            "is_due_same_day": attempt is not None
            or (self.person is not None and started_on is not None and started_on <= as_of),
        }


def hand_raises(
    records: Records,
    settings: Settings,
    persons: Persons,
    channels: Channels,
    roster: Roster,
    calls: Iterable[Call],
    emails: Iterable[Email],
    as_of: date,
) -> list[HandRaise]:
    """Every hand-raise up to the as-of date, answered or not."""
    hours = WorkingTime(records, settings)
    end = hours.end_of(as_of)
    attempts = _attempts(calls, emails)
    found = []
    for touched in _touches(records, settings, persons, channels):
        if touched.day > as_of:
            continue
        mine = attempts.get(touched.person.id, []) if touched.person else []
        later = [attempt for attempt in mine if attempt.at > touched.at]
        touched.attempt = next(iter(later), None)
        touched.connect = next((attempt for attempt in later if attempt.is_connect), None)
        touched.rep = (
            touched.attempt.rep if touched.attempt else _owner(touched, settings, roster, as_of)
        )
        if touched.attempt:
            touched.seconds_to_attempt = hours.seconds(touched.at, touched.attempt.at)
        if touched.connect:
            touched.seconds_to_connect = hours.seconds(touched.at, touched.connect.at)
        touched.seconds_to_end = hours.seconds(touched.at, end)
        touched.start = hours.start(touched.at)
        touched.hours_basis = hours.basis(touched.start[1]) if touched.start else None
        found.append(touched)
    return found


def _attempts(calls: Iterable[Call], emails: Iterable[Email]) -> dict[str, list[Attempt]]:
    """By person, earliest first; at one instant a dial before an e-mail, then by id."""
    found: dict[str, list[Attempt]] = defaultdict(list)
    for call in calls:
        if call.person and call.is_dial and call.has_agent:
            found[call.person.id].append(
                Attempt(call.started_at, call.day, "dial", call.id, call.rep, call.is_connect)
            )
    for mail in emails:
        if mail.person:
            found[mail.person.id].append(
                Attempt(mail.at, mail.day, "email", mail.id, mail.rep, False)
            )
    for attempts in found.values():
        attempts.sort(key=lambda attempt: (attempt.at, attempt.kind, attempt.id))
    return found


def _owner(raised: HandRaise, settings: Settings, roster: Roster, as_of: date) -> str | None:
    """Whose lead it was at the touch, else whose it became first."""
    states: list[tuple[datetime, str]] = []
    for record in raised.person.records if raised.person else ():
        if record.is_lead:
            states += [
                (row.get("SystemModstamp") or delivered(row)[0], row["OwnerId"])
                for row in record.versions
                if row.get("OwnerId")
            ]
    states = [state for state in states if local_date(state[0], settings.zone) <= as_of]
    before = [state for state in states if state[0] <= raised.at]
    chosen = max(before, default=None) or min(states, default=None)
    return roster.of_user(salesforce_id(chosen[1])) if chosen else None


def _touches(
    records: Records, settings: Settings, persons: Persons, channels: Channels
) -> Iterator[HandRaise]:
    known = {"form_submitted", "campaign_joined", "lead_created"}
    if settings.hand_raise_events - known:
        raise ValueError(f"the oracle knows no {sorted(settings.hand_raise_events - known)}")
    if "form_submitted" in settings.hand_raise_events:
        yield from _forms(records, settings, persons)
    if "campaign_joined" in settings.hand_raise_events:
        for person, touch in channels.memberships():
            yield _touch(
                f"campaign_member:{touch.member_id}", touch.at, "campaign_joined", person, settings
            )
    if "lead_created" in settings.hand_raise_events:
        for person in persons.all:
            for record in person.records:
                if record.is_lead:
                    identity = f"lead:{_system(record.source)}:{record.key[2]}"
                    yield _touch(identity, record.created_at, "lead_created", person, settings)


def _forms(records: Records, settings: Settings, persons: Persons) -> Iterator[HandRaise]:
    """Each submission once, as it was told last; those of colleagues are nobody's."""
    newest: dict[str, Record] = {}
    for row in records.get("hubspot.form_submissions", ()):
        source = settings.source(row, "hubspot")
        identity = f"{_system(source)}:form_submitted:{row['conversionId']}"
        if identity not in newest or delivered(row) > delivered(newest[identity]):
            newest[identity] = row
    of_address = _of_addresses(persons)
    for identity, row in newest.items():
        typed = (item["value"] for item in row["values"] if item["name"].lower() == "email")
        address = email(next(typed, None))
        if domain(address) not in settings.internal_domains:
            yield _touch(
                identity, row["submittedAt"], "form_submitted", of_address.get(address or ""),
                settings,
            )  # fmt: skip


def _of_addresses(persons: Persons) -> dict[str, Person]:
    """Whose an address is: the marketing record's before any other, then the earliest record's."""
    found: dict[str, tuple[tuple[bool, datetime, str], Person]] = {}
    for person in persons.all:
        for record in person.records:
            if record.email is None:
                continue
            rank = (record.key[1] != "ma_person", record.created_at, record.key[2])
            if record.email not in found or rank < found[record.email][0]:
                found[record.email] = rank, person
    return {address: person for address, (_, person) in found.items()}


def _touch(
    identity: str, at: datetime, touch_type: str, person: Person | None, settings: Settings
) -> HandRaise:
    return HandRaise(identity, at, local_date(at, settings.zone), touch_type, person)


def _system(source: Source) -> str:
    """The account a record lives in."""
    if source.system == "mapped":
        return f"mapped:{source.account or source.id}"
    return f"{source.system}:{source.account}" if source.account else source.system


def _minutes(seconds: int | None) -> float | None:
    return None if seconds is None else seconds / 60


def _clock_minutes(raised_at: datetime, attempt: Attempt | None) -> float | None:
    if attempt is None:
        return None
    waited = attempt.at.replace(microsecond=0) - raised_at.replace(microsecond=0)
    return _minutes(int(waited.total_seconds()))


def quantile(waits: Iterable[tuple[int, bool]], reached: Fraction) -> int | None:
    """The smallest wait by which this share is answered, after Kaplan and Meier; None when it is not.

    waits: seconds, and whether the wait ended with an answer.
    """
    ordered = sorted(waits)
    kept = Fraction(1)
    for seconds in sorted({seconds for seconds, is_over in ordered if is_over}):
        still = sum(1 for other, _ in ordered if other >= seconds)
        ended = sum(1 for other, is_over in ordered if is_over and other == seconds)
        kept *= Fraction(still - ended, still)
        if kept <= 1 - reached:
            return seconds
    return None
