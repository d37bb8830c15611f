"""What marketing's systems noted of people: forms, mails, seminars (formats §5.8, §6.8, E8).

HubSpot's event exports are read here and nowhere else. Choices where the text is silent:
- The same event told again is one, as it was told last; a participation is one event per state.
- Whose event it is: the contact it names (or whoever that contact was merged into), else the address;
  of several records with the address marketing's speaks, then the earliest.
- What a colleague did is a test (§6.8(8)).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import parse_qs, urlsplit

from tests.oracle.normalise import domain, local_date
from tests.oracle.normalise import email as address
from tests.oracle.persons import Person, Persons
from tests.oracle.records import Record, Records, delivered
from tests.oracle.settings import Settings, Source

_MAILS = {
    "SENT": "email_sent",
    "DELIVERED": "email_delivered",
    "OPEN": "email_opened",
    "CLICK": "email_clicked",
    "BOUNCE": "email_bounced",
}
_SEMINARS = {
    "REGISTERED": "webinar_registered",
    "ATTENDED": "webinar_attended",
    "NO_SHOW": "webinar_no_show",
    "CANCELLED": "webinar_cancelled",
}


@dataclass(frozen=True)
class Activity:
    """One event of one person."""

    id: str  # as touches are named: system, what happened, the vendor's id
    system: str
    kind: str
    at: datetime
    day: date
    person: Person | None
    who: str  # somebody, even when nobody knows who
    utm: Mapping[str, str]
    asset: str | None = None
    seminar: str | None = None
    name: str | None = None
    send: str | None = None
    is_machine: bool | None = None


def activities(
    records: Records, persons: Persons, settings: Settings, as_of: date
) -> list[Activity]:
    """Every event by the as-of date of people outside the company."""
    told: dict[str, tuple[tuple[datetime, str, int], Activity]] = {}
    people = _People(persons)
    for row, activity, mail in (
        *_forms(records, settings, people),
        *_mails(records, settings, people),
        *_participations(records, settings, people),
    ):
        if domain(mail) in settings.internal_domains:
            continue
        known = told.get(activity.id)
        if known is None or known[0] < delivered(row):
            told[activity.id] = delivered(row), activity
    return [activity for _, activity in told.values() if activity.day <= as_of]


class _People:
    """Who a contact id or an address is."""

    def __init__(self, persons: Persons) -> None:
        self._by_address: dict[str, tuple[tuple[bool, datetime, str], Person]] = {}
        self._by_contact: dict[tuple[str, str], Person] = {}
        for person in persons.all:
            for record in person.records:
                is_marketing = record.key[1] == "ma_person"
                if record.email:
                    place = (not is_marketing, record.created_at, record.key[2])
                    known = self._by_address.get(record.email)
                    if known is None or place < known[0]:
                        self._by_address[record.email] = place, person
                if is_marketing:
                    said = record.fields.get("properties") or {}
                    merged = (said.get("hs_merged_object_ids") or "").split(";")
                    for identity in (record.key[2], *merged):
                        self._by_contact[(record.source.account, identity.strip())] = person

    def of(self, source: Source, contact: str | None, mail: str | None) -> Person | None:
        named = self._by_contact.get((source.account, str(contact)))
        found = self._by_address.get(mail or "")
        return named or (found[1] if found else None)


_Told = Iterator[tuple[Record, Activity, str | None]]


def _forms(records: Records, settings: Settings, people: _People) -> _Told:
    for row in records.get("hubspot.form_submissions", ()):
        source = settings.source(row, "hubspot")
        typed = {one["name"].lower(): one["value"] for one in row.get("values") or ()}
        mail, at = address(typed.get("email")), row["submittedAt"]
        yield (
            row,
            _activity(
                source, "form_submitted", str(row["conversionId"]), at, settings,
                people.of(source, None, mail), mail, utm_of(row.get("pageUrl")),
            ),
            mail,
        )  # fmt: skip


def _mails(records: Records, settings: Settings, people: _People) -> _Told:
    for row in records.get("hubspot.email_events", ()):
        source = settings.source(row, "hubspot")
        mail, at, said = address(row.get("recipient")), row["created"], str(row["type"]).upper()
        kind = _MAILS.get(said, "other")
        if said == "STATUSCHANGE" and row.get("portalSubscriptionStatus") == "UNSUBSCRIBED":
            kind = "email_unsubscribed"
        send = (row.get("sentBy") or {}).get("id") or (row["id"] if said == "SENT" else None)
        asset = row.get("emailCampaignId")
        yield (
            row,
            _activity(
                source, kind, f"{row['id']}|{at.isoformat()}", at, settings,
                people.of(source, None, mail), mail, utm_of(row.get("url")),
                asset=None if asset is None else str(asset), send=send,
                is_machine=row.get("filteredEvent"),
            ),
            mail,
        )  # fmt: skip


def _participations(records: Records, settings: Settings, people: _People) -> _Told:
    for row in records.get("hubspot.event_participations", ()):
        source, said = settings.source(row, "hubspot"), row["properties"]
        contact, event = row["associations"]["contact"], row["associations"]["marketingEvent"]
        mail = address(contact.get("email"))
        yield (
            row,
            _activity(
                source, _SEMINARS.get(said["attendanceState"], "other"), str(row["id"]),
                said["occurredAt"], settings, people.of(source, contact.get("contactId"), mail),
                contact.get("contactId") or mail, {},
                seminar=event.get("marketingEventId") or event.get("externalEventId"),
                name=event.get("name"),
            ),
            mail,
        )  # fmt: skip


def _activity(
    source: Source,
    kind: str,
    identity: str,
    at: datetime,
    settings: Settings,
    person: Person | None,
    who: str | None,
    utm: Mapping[str, str],
    *,
    asset: str | None = None,
    seminar: str | None = None,
    name: str | None = None,
    send: str | None = None,
    is_machine: bool | None = None,
) -> Activity:
    system = f"hubspot:{source.account}" if source.account else "hubspot"
    return Activity(
        id=f"{system}:{kind}:{identity}",
        system=system,
        kind=kind,
        at=at,
        day=local_date(at, settings.zone),
        person=person,
        who=person.id if person else (who or identity),
        utm=utm,
        asset=asset,
        seminar=seminar,
        name=name,
        send=send,
        is_machine=is_machine,
    )


def utm_of(url: str | None) -> dict[str, str]:
    """utm_source, utm_medium and utm_campaign of a URL."""
    said = parse_qs(urlsplit(url or "").query)
    return {
        name: said[name][0] for name in ("utm_source", "utm_medium", "utm_campaign") if name in said
    }
