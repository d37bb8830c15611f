"""What marketing's nurturing came to: mails, seminars, hand-overs, returns (dictionary §5, §9 E-mail).

Choices where the text is silent:
- A mail is what shares a send id. It is a send when its sending, delivery or bounce is told, on the
  first of these; else it stands apart, (unlinked), on the first thing told of it.
- Who opened or clicked a mail has it; a machine's opens and clicks are nobody's.
- A seminar has a person once: attended, else missed, else cancelled, on the day first told of.
- A lead is handed over on the first day it is an MQL, worked or met. Its score is the one said last by
  the end of that day, by marketing or by the CRM; (unknown) when one is said only later.
- A lead comes back when a rep approaches it on a later day than it was handed back (a status not of the
  steps handed_back or nurturing before), or became an MQL nobody had worked. Its meeting or win since
  belongs to the last return before it.
- Channel is the person's, as of everything else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from tests.oracle.calls import Call
from tests.oracle.channels import NONE, UNLINKED, Channels
from tests.oracle.cohorts import Lead, back_days
from tests.oracle.emails import Email
from tests.oracle.marketing import Activity
from tests.oracle.meetings import Meeting
from tests.oracle.metrics import Row
from tests.oracle.normalise import local_date
from tests.oracle.persons import Person, PersonRecord
from tests.oracle.records import Record
from tests.oracle.settings import Settings

FLAGS = (
    "is_sent", "is_delivered", "is_bounced", "is_opened", "is_opened_unchecked", "is_clicked",
    "is_clicked_unchecked", "is_unsubscribed", "is_registered", "is_attended", "is_no_show",
    "is_cancelled", "is_handed_over", "is_returned", "has_met", "has_won",
)  # fmt: skip
COUNTS: dict[str, dict[str, tuple[str, ...]]] = {
    # subject: column of kpi_nurture -> any of these flags
    "email": {
        "emails_sent": ("is_sent",),
        "emails_delivered": ("is_delivered",),
        "emails_bounced": ("is_bounced",),
        "emails_opened": ("is_opened",),
        "emails_opened_unchecked": ("is_opened_unchecked",),
        "emails_clicked": ("is_clicked",),
        "emails_clicked_unchecked": ("is_clicked_unchecked",),
        "emails_unsubscribed": ("is_unsubscribed",),
    },
    "seminar": {
        "registered": ("is_registered",),
        "attended": ("is_attended",),
        "no_shows": ("is_no_show",),
        "cancelled": ("is_cancelled",),
        "attendance_known": ("is_attended", "is_no_show"),
    },
    "score_band": {
        "leads": ("is_handed_over",),
        "leads_met": ("has_met",),
        "leads_won": ("has_won",),
    },
    "return": {
        "leads": ("is_returned",),
        "leads_met": ("has_met",),
        "leads_won": ("has_won",),
    },
}
RATES = {
    "delivered_rate": ("emails_delivered", "emails_sent"),
    "bounce_rate": ("emails_bounced", "emails_sent"),
    "open_rate": ("emails_opened", "emails_delivered"),
    "click_rate": ("emails_clicked", "emails_delivered"),
    "unsubscribe_rate": ("emails_unsubscribed", "emails_delivered"),
    "attendance_rate": ("attended", "attendance_known"),
    "no_show_rate": ("no_shows", "attendance_known"),
    "meeting_rate": ("leads_met", "leads"),
    "won_rate": ("leads_won", "leads"),
}
KEYS = ("month", "subject", "segment", "channel_group", "channel")


def nurture(
    noted: Sequence[Activity],
    leads: Sequence[Lead],
    calls: Iterable[Call],
    emails: Iterable[Email],
    meetings: Iterable[Meeting],
    channels: Channels,
    settings: Settings,
    as_of: date,
) -> list[Row]:
    """fct_nurture without its ids and origins."""
    approached: dict[str, set[date]] = defaultdict(set)
    for call in calls:
        if call.person and call.is_dial:
            approached[call.person.id].add(call.day)
    for email in emails:
        if email.person:
            approached[email.person.id].add(email.day)
    met: dict[str, set[date]] = defaultdict(set)
    for meeting in meetings:
        met[meeting.person.id].add(meeting.booked_on)

    def row(subject: str, segment: str, day: date, person: Person | None, **said: Any) -> Row:
        group, channel = channels.of_person(person)
        return (
            dict.fromkeys(FLAGS, False)
            | {
                "subject": subject,
                "segment": segment,
                "happened_on": day,
                "person_id": person.id if person else None,
                "channel_group": group,
                "channel": channel,
            }
            | said
        )

    found = [row("email", *mail[:3], **mail[3]) for mail in _mails(noted)]
    found += [row("seminar", *one[:3], **one[3]) for one in _registrations(noted)]
    for lead in leads:
        handed = [lead.days[step] for step in ("mql", "worked", "meeting") if step in lead.days]
        if handed:
            band, score = _band(lead, min(handed), settings)
            found.append(
                row(
                    "score_band", band, min(handed), lead.person, is_handed_over=True, score=score,
                    has_met="meeting" in lead.reached, has_won="won" in lead.reached,
                )
            )  # fmt: skip
        for day, kind, until in _returns(lead, approached[lead.person.id], settings, as_of):
            won = {
                deal.close_on for deal in lead.opportunities if deal.is_won(as_of) and deal.close_on
            }
            found.append(
                row(
                    "return", kind, day, lead.person, is_returned=True,
                    has_met=any(day <= booked < until for booked in met[lead.person.id]),
                    has_won=any(day <= closed < until for closed in won),
                )
            )  # fmt: skip
    return found


def by_month(rows: Iterable[Row]) -> list[Row]:
    """kpi_nurture; what a subject has nothing to do with is None."""
    sums: dict[tuple[object, ...], Row] = {}
    columns = dict.fromkeys(column for counted in COUNTS.values() for column in counted)
    for row in rows:
        key = (
            row["happened_on"].replace(day=1),
            *(row[name] for name in KEYS[1:]),
        )
        counted = COUNTS[row["subject"]]
        line = sums.setdefault(key, columns | dict.fromkeys(counted, 0))
        for column, flags in counted.items():
            line[column] += any(row[flag] for flag in flags)

    def ratio(line: Row, above: str, below: str) -> float | None:
        return None if not line[below] else line[above] / line[below]

    return [
        dict(zip(KEYS, key, strict=True))
        | line
        | {rate: ratio(line, *parts) for rate, parts in RATES.items()}
        for key, line in sums.items()
    ]


_OUT = ("email_sent", "email_delivered", "email_bounced")
_Thing = tuple[str, date, Person | None, dict[str, Any]]


def _mails(noted: Sequence[Activity]) -> Iterator[_Thing]:
    sends: dict[tuple[str, str], list[Activity]] = defaultdict(list)
    for activity in noted:
        if activity.kind.startswith("email_"):
            sends[(activity.system, activity.send or activity.id)].append(activity)
    tells = {one.system for one in noted if one.kind == "email_delivered"}
    for (system, _), told in sends.items():
        told.sort(key=lambda one: (one.at, one.kind, one.id))
        kinds = {one.kind for one in told}
        sent = [one for one in told if one.kind in _OUT]
        opened = [one for one in told if one.kind == "email_opened" and not one.is_machine]
        clicked = [one for one in told if one.kind == "email_clicked" and not one.is_machine]
        if not (sent or opened or clicked or "email_unsubscribed" in kinds):
            continue
        is_out = bool(sent) and system not in tells and "email_bounced" not in kinds
        asset = next((one.asset for one in told if one.asset), None)
        person = next((one.person for one in told if one.person), None)
        yield (
            (asset or NONE) if sent else UNLINKED,
            (sent or told)[0].day,
            person,
            {
                "is_sent": bool(sent),
                "is_delivered": "email_delivered" in kinds or bool(opened or clicked) or is_out,
                "is_bounced": "email_bounced" in kinds,
                "is_opened": bool(opened),
                "is_clicked": bool(clicked),
                "is_opened_unchecked": bool(opened)
                and all(one.is_machine is None for one in opened),
                "is_clicked_unchecked": bool(clicked)
                and all(one.is_machine is None for one in clicked),
                "is_unsubscribed": "email_unsubscribed" in kinds,
            },
        )


def _registrations(noted: Iterable[Activity]) -> Iterator[_Thing]:
    people: dict[tuple[str, str, str], list[Activity]] = defaultdict(list)
    names: dict[tuple[str, str], tuple[tuple[datetime, str], str]] = {}
    for one in noted:
        if one.kind.startswith("webinar_"):
            held = (one.system, one.seminar or one.name or NONE)
            people[(*held, one.who)].append(one)
            called = ((one.at, one.id), one.name or one.seminar or NONE)
            names[held] = max(names.get(held, called), called)
    for (system, seminar, _), told in people.items():
        told.sort(key=lambda one: one.at)
        kinds = {one.kind for one in told}
        attended, missed = "webinar_attended" in kinds, "webinar_no_show" in kinds
        yield (
            names[(system, seminar)][1],
            told[0].day,
            told[0].person,
            {
                "is_registered": True,
                "is_attended": attended,
                "is_no_show": missed and not attended,
                "is_cancelled": "webinar_cancelled" in kinds and not attended and not missed,
            },
        )


def _band(lead: Lead, day: date, settings: Settings) -> tuple[str, float | None]:
    """The band of the score said last by that day."""
    told = []
    for record in lead.person.records:
        for version in record.versions:
            said = _score(record, version)
            if said not in (None, ""):
                at = version.get("SystemModstamp") or version.get("updatedAt")
                at = at or version["_extracted_at"]
                told.append((at, record.key[1], record.key[2], float(str(said))))
    by_then = [one for one in told if local_date(one[0], settings.zone) <= day]
    if not by_then:
        return ("(unknown)" if told else NONE), None
    score = max(by_then)[3]
    bounds = settings.score_bands
    if score < bounds[0]:
        return f"<{bounds[0]}", score
    for lower, upper in pairwise(bounds):
        if score < upper:
            return f"{lower}–<{upper}", score
    return f"≥{bounds[-1]}", score


def _score(record: PersonRecord, version: Record) -> Any:
    if record.key[1] == "ma_person":
        return version["properties"].get("hubspotscore")
    if not record.is_lead:
        return None
    named = record.source.custom_fields.get("lead_score")
    return version.get("Score") or (version.get(named) if named else None)


def _returns(
    lead: Lead, approached: set[date], settings: Settings, as_of: date
) -> Iterator[tuple[date, str, date]]:
    """(day, from what, the next return or the end of days)."""
    starts = set(back_days(lead.person, settings, as_of))
    mql = lead.days.get("mql")
    if mql and not any(day <= mql for day in approached):
        starts.add(mql)
    found: Mapping[date, set[date]] = defaultdict(set)
    for start in starts:
        later = [day for day in approached if day > start]
        if later:
            found[min(later)].add(start)
    days = sorted(found)
    for day, until in pairwise([*days, date.max]):
        worked = any(approach <= max(found[day]) for approach in approached)
        yield day, "handed_back" if worked else "never_worked", until
