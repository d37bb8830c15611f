"""What customers say in surveys (dictionary §7 kpi_customer_voice).

Choices where the text is silent:
- A response counts on the day it was given; rep and team are those it is about, as of the day it is
  about: the stated day, else the meeting's, else that of the answer.
- The rep is the one named (whom the roster does not know is nobody), else the booker of the meeting
  named, else whoever made the event, else who has the credit of the opportunity named.
- Who answered is the contact or lead named, else whose address it is, else the meeting's person, else
  the opportunity's. A colleague is no customer.
- Scores of different scales become one of 0 to 100, to four decimals; promoters (9, 10), passives (from
  7) and detractors only of scores from 0 to 10.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tests.oracle.calendar import period
from tests.oracle.channels import UNLINKED, Channels
from tests.oracle.meetings import Event
from tests.oracle.metrics import Row
from tests.oracle.normalise import domain, email, local_date, salesforce_id
from tests.oracle.persons import Person, Persons
from tests.oracle.records import Record, Records, versions_of
from tests.oracle.roster import UNASSIGNED, Roster
from tests.oracle.settings import Settings

KEY = ("period_type", "period_start", "scope_type", "scope_key")
OBJECT = "mapped.survey_responses"
MINIMUM = 10
_NAME = "survey_responses"


@dataclass(frozen=True)
class Response:
    """One answer of a customer."""

    id: str
    answered_on: date
    about_on: date
    rep: str | None
    team: str
    person: Person | None
    account_id: str | None
    channel: str
    score: float | None
    of_100: float | None
    attitude: str | None


def responses(
    records: Records,
    settings: Settings,
    roster: Roster,
    persons: Persons,
    channels: Channels,
    events: Iterable[Event],
    deals: Mapping[str, Row],
    as_of: date,
) -> list[Response]:
    """Every answer given by the as-of date. deals: rows of fct_opportunities by id."""
    by_event = {event.id: event for event in events}
    people = {person.id: person for person in persons.all}
    addresses = _addresses(persons)
    found = []
    for (account, identity), row in _newest(records, settings).items():
        source = settings.source(row, "mapped")
        said = {name: source.said(_NAME, row, name) for name in (*row, "score_min", "score_max")}
        answered_on = local_date(said["answered_at"], settings.zone)
        address = email(said.get("email_raw"))
        event = by_event.get(salesforce_id(said.get("meeting_id")) or "")
        deal = deals.get(salesforce_id(said.get("opportunity_id")) or "", {})
        person = (
            persons.of_record(salesforce_id(said.get("contact_id")))
            or persons.of_record(salesforce_id(said.get("lead_id")))
            or (addresses.get(address) if address else None)
            or (event.person if event else None)
            or people.get(str(deal.get("person_id")))
        )
        is_colleague = domain(address) in settings.internal_domains or (
            person is not None and any(persons.is_internal(record) for record in person.records
                                       if record.key[1] != "ma_person")
        )  # fmt: skip
        if said.get("is_deleted") or answered_on > as_of or is_colleague:
            continue
        about_on = _day(said.get("about_at"), settings) or (
            event.meeting_on if event else answered_on
        )
        rep = _rep(said.get("rep_key"), records, event, deal)
        score = None if said.get("score") is None else float(said["score"])
        found.append(
            Response(
                id=f"mapped:{account}:{identity}",
                answered_on=answered_on,
                about_on=about_on,
                rep=rep,
                team=roster.attributes(rep, about_on).team,
                person=person,
                account_id=persons.accounts.known(salesforce_id(said.get("account_id")))
                or (person.account_id if person else None)
                or (event.account_id if event else None)
                or deal.get("account_id"),
                channel=channels.of_person(person)[1] if person else UNLINKED,
                score=score,
                **_judged(score, float(said["score_min"] or 0), float(said["score_max"] or 10)),
            )
        )
    return found


def _newest(records: Records, settings: Settings) -> dict[tuple[str, str], Record]:
    rows: dict[str, list[Record]] = defaultdict(list)
    for row in records.get(OBJECT, ()):
        source = settings.source(row, "mapped")
        rows[source.account or source.id].append(row)
    return {
        (account, identity): versions[-1]
        for account, found in rows.items()
        for identity, versions in versions_of(found, "response_id", "updated_at").items()
    }


def _addresses(persons: Persons) -> dict[str, Person]:
    """Whose an address is: the marketing record's, then the earliest record's."""
    best: dict[str, tuple[tuple[bool, datetime, str], Person]] = {}
    for person in persons.all:
        for record in person.records:
            if record.email:
                rank = (record.key[1] != "ma_person", record.created_at, record.key[2])
                if record.email not in best or rank < best[record.email][0]:
                    best[record.email] = (rank, person)
    return {address: person for address, (_, person) in best.items()}


def _day(said: Any, settings: Settings) -> date | None:
    if isinstance(said, datetime):
        return local_date(said, settings.zone)
    return said if isinstance(said, date) else None


def _rep(said: str | None, records: Records, event: Event | None, deal: Row) -> str | None:
    if said:
        word = said.strip().lower()
        named = {
            str(row["rep_id"])
            for row in records.get("planning.roster", ())
            for key in ("rep_id", "email", "crm_user_id")
            if row.get(key) and str(row[key]).strip().lower() == word
        }
        return named.pop() if len(named) == 1 else None
    if event and (event.meeting or event.creator):
        return event.meeting.booker if event.meeting else event.creator
    rep = deal.get("rep_id")
    return None if rep in (None, "(none)", UNASSIGNED) else str(rep)


def _judged(score: float | None, lowest: float, highest: float) -> dict[str, Any]:
    if score is None:
        return {"of_100": None, "attitude": None}
    attitude = "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"
    return {
        "of_100": round(100 * (score - lowest) / (highest - lowest), 4),
        "attitude": attitude if (lowest, highest) == (0, 10) else None,
    }


def voice(found: Iterable[Response], settings: Settings) -> list[Row]:
    """Rows of kpi_customer_voice that somebody answered in."""
    places: dict[tuple[str, date, str, str], list[Response]] = defaultdict(list)
    for response in found:
        for kind in ("month", "quarter"):
            start = period(
                response.answered_on,
                kind,
                first_weekday=settings.week_starts_on,
                fiscal_start=settings.fiscal_year_start_month,
            )
            for scope in (
                ("company", "company"),
                ("team", response.team),
                ("rep", response.rep or UNASSIGNED),
                ("channel", response.channel),
                ("account", response.account_id or UNLINKED),
            ):
                places[(kind, start, *scope)].append(response)
    return [dict(zip(KEY, place, strict=True)) | figures(rows) for place, rows in places.items()]


def figures(rows: list[Response]) -> Row:
    """Counts, sum, mean and net promoter score of some answers."""
    scores = [row.of_100 for row in rows if row.of_100 is not None]
    attitudes = [row.attitude for row in rows if row.attitude is not None]
    promoters, detractors = attitudes.count("promoter"), attitudes.count("detractor")
    return {
        "responses": len(scores),
        "comments_only": len(rows) - len(scores),
        "rated_responses": len(attitudes),
        "promoters": promoters,
        "passives": attitudes.count("passive"),
        "detractors": detractors,
        "score_sum": sum(scores),
        "mean_score": sum(scores) / len(scores) if scores else None,
        "net_promoter_score": 100 * (promoters - detractors) / len(attitudes)
        if attitudes
        else None,
    }
