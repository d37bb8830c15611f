"""One company seen through Salesforce and through HubSpot: what may differ, and why.

A fact that differs must have a reason, said by `reason_of`; a figure that differs must lie where a
row with a reason lies, in a metric that is listed for it. Nothing else may differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from tests.agreement import place_of, same
from tests.oracle.metrics import ADDITIVE, DISTINCT, RATIOS, Row
from tests.oracle.persons import Person
from tests.oracle.scorecard import Place, places_of
from tests.oracle.tables import Answer

Figures = Mapping[tuple[Place, str], Row]
Tables = Mapping[str, list[Row]]
IdOf = Callable[[str | None], str | None]  # the portal's id of a Salesforce record

KEYS: Final = {
    "fct_calls": "call_id",
    "fct_emails": "email_id",
    "fct_meetings": "event_id",
    "fct_opportunities": "opportunity_id",
}
_IDS: Final = (*KEYS.values(), "meeting_id", "account_id", "crm_activity_id")
# What is no fact: where a row was read, which outcome field said it, each side's name of a person.
_UNCOMPARED: Final = {
    "source_id", "source_file_id", "source_file", "source_record", "outcome_basis", "person_id",
}  # fmt: skip

# HubSpot's exports know no members of campaigns, so nobody is touched by one.
NO_CAMPAIGNS: Final = "no campaign members"
# A contact that never was a lead in Salesforce is one in HubSpot, and the first deal made with it
# is its conversion; Salesforce has only the account to tell whose deal it is.
EVERYBODY_IS_A_LEAD: Final = "whoever is in HubSpot is a lead"
# Of a call nobody took HubSpot's status says so; Salesforce says it in the rep's words or not.
TELEPHONE_STATUS: Final = "the telephone's own status"
# HubSpot says SCHEDULED until somebody says otherwise, and keeps saying so when the day is gone.
NEVER_TOUCHED: Final = "scheduled for good"
# Marketing's contacts are records of their own beside Salesforce. One that names no lead and has
# a role address is a second person of the same number; a portal has them once.
READERS_APART: Final = "marketing's contacts are persons of their own"

_CREDIT: Final = (
    "accepted", "decided", "expired", "effective_meeting_rate", "effective_meeting_rate_decided",
    "opportunities_created", "opportunities_open_of_cohort", "pipeline_amounts_missing",
    "pipeline_amounts_missing_as_of", "win_rate", "win_rate_open_share",
)  # fmt: skip
_WHO_WAS_CALLED: Final = (
    "leads_worked", "key_person_connects", "known_title_connects", "key_person_share",
    "key_person_talk_seconds", "key_person_talk_seconds_per_working_day",
)  # fmt: skip
# In the scopes of channels a call whose person is known counts elsewhere, too.
CHANNEL_SCOPES: Final = ("channel", "team_channel")
EXPLAINED: Final[dict[str, tuple[str, ...]]] = {
    EVERYBODY_IS_A_LEAD: _CREDIT,
    READERS_APART: _WHO_WAS_CALLED,
    TELEPHONE_STATUS: (),
    NEVER_TOUCHED: (),
}


def _in_portal(tables: Tables, id_of: IdOf) -> Tables:
    """Rows of the company with Salesforce under the ids its portal would have given."""

    def told(row: Row) -> Row:
        return {
            name: id_of(value) or value if name in _IDS else value for name, value in row.items()
        }

    return {name: [told(row) for row in tables[name]] for name in KEYS}


@dataclass
class Comparison:
    """What differs between the facts of the two."""

    problems: list[str] = field(default_factory=list)
    # (table, place) -> reasons of the differing rows that lie there
    reasons: dict[tuple[str, Place], set[str]] = field(default_factory=lambda: defaultdict(set))
    seen: set[str] = field(default_factory=set)


def compared(ours: Tables, theirs: Tables, found: Answer, id_of: IdOf) -> Comparison:
    """Every fact in every column both have. `found`: the oracle's answer for Salesforce."""
    told = Comparison()
    readers, never_leads = _calls_to_readers(found), _of_contacts_alone(found, id_of)
    ours = _in_portal(ours, id_of)
    for table, key in KEYS.items():
        mine = {row[key]: row for row in ours[table]}
        other = {row[key]: row for row in theirs[table]}
        told.problems += [f"{table} {name}: only one has it" for name in mine.keys() ^ other.keys()]
        for name in mine.keys() & other.keys():
            one, two = mine[name], other[name]
            columns = {
                column
                for column in (one.keys() & two.keys()) - _UNCOMPARED
                if not same(one[column], two[column])
            }
            if "campaign" in columns:
                columns.discard("campaign")
                told.seen.add(NO_CAMPAIGNS)
            if not columns:
                continue
            reason = _reason_of(table, one, two, columns, readers, never_leads)
            if reason is None:
                told.problems += [
                    f"{table} {name}: {column}: Salesforce {one[column]!r}, HubSpot {two[column]!r}"
                    for column in sorted(columns)
                ]
                continue
            told.seen.add(reason)
            for row in (one, two):
                for place in _touched(row, found):
                    told.reasons[table, place].add(reason)
    return told


def _touched(row: Row, found: Answer) -> Iterable[Place]:
    for value in row.values():
        if type(value) is date:
            yield from places_of(row, value, found.settings)


def _reason_of(
    table: str,
    one: Row,
    two: Row,
    columns: set[str],
    readers: set[str],
    never_leads: set[str | None],
) -> str | None:
    if table == "fct_calls":
        if columns == {"disposition"} and not one["is_answered"]:
            nobody = one["disposition"] is None and two["disposition"] == "no_answer"
            return TELEPHONE_STATUS if nobody else None
        is_known_now = (one["match_level"], two["match_level"]) != ("person", "person")
        return READERS_APART if one["call_id"] in readers and is_known_now else None
    if table == "fct_meetings" and columns <= {"outcome", "cohort_outcome"}:
        said = {(one[column], two[column]) for column in columns}
        return NEVER_TOUCHED if said == {("unknown", "scheduled")} else None
    if one[KEYS[table]] not in never_leads:
        return None
    if table == "fct_opportunities":
        return EVERYBODY_IS_A_LEAD if two["credit_basis"] == "converted_lead" else None
    if table == "fct_meetings":
        return EVERYBODY_IS_A_LEAD if columns <= _DECISION and one["is_booked"] else None
    return None


_DECISION: Final = {
    "decision", "days_to_decision", "accepted_on", "is_accepted", "is_rejected", "is_pending",
    "is_expired", "opportunity_id", "reject_reason",
}  # fmt: skip


def _of_contacts_alone(found: Answer, id_of: IdOf) -> set[str | None]:
    """Deals and events of people who were contacts and never leads."""

    def is_contact_alone(person: Person | None) -> bool:
        return person is not None and not any(record.is_lead for record in person.records)

    deals = {
        id_of(deal.id)
        for deal in found.opportunities.values()
        if is_contact_alone(found.persons.of_record(deal.contact_id))
    }
    return deals | {id_of(event.id) for event in found.events if is_contact_alone(event.person)}


def _calls_to_readers(found: Answer) -> set[str]:
    """Calls to a number that some marketing contact, nobody's lead, has for itself."""

    def is_reader(person: Person) -> bool:
        return all(record.key[1] == "ma_person" for record in person.records)

    numbers = {
        number
        for person in found.persons.all
        if is_reader(person)
        for number in found.persons.numbers_of(person)
    }
    return {call.id for call in found.calls if call.number in numbers}


def unexplained_figures(
    ours: Figures, theirs: Figures, facts: Comparison
) -> tuple[list[str], dict[str, set[str]]]:
    """Figures that differ without a reason; and of each reason the metrics it moved."""
    problems: list[str] = []
    moved: dict[str, set[str]] = defaultdict(set)
    for key in ours.keys() | theirs.keys():
        place, metric = key
        if place.scope_type == "campaign":
            continue
        one, two = ours.get(key, _NOTHING), theirs.get(key, _NOTHING)
        if all(same(one[name], two[name]) for name in _NOTHING):
            continue
        reasons = {
            reason
            for table in tables_of(metric)
            for reason in facts.reasons.get((table, place), ())
            if metric in EXPLAINED[reason]
            or (reason == READERS_APART and place.scope_type in CHANNEL_SCOPES)
        }
        if not reasons:
            problems.append(f"{place}: {metric}: Salesforce {one}, HubSpot {two}")
        for reason in reasons:
            if metric in EXPLAINED[reason]:
                moved[reason].add(metric)
    return problems, moved


_NOTHING: Final[Row] = {"numerator": 0, "denominator": None, "value": 0, "status": None}


def tables_of(metric: str) -> set[str]:
    """The tables whose rows a metric counts."""
    if metric in RATIOS:
        return set().union(*(tables_of(measure) for measure in RATIOS[metric]))
    if metric in DISTINCT:
        return {"fct_calls", "fct_emails"}
    return {part.table for part in ADDITIVE[metric]}


def figures_of(rows: Iterable[Row]) -> Figures:
    """Rows of kpi_scorecard by place and metric."""
    return {(place_of(row), row["metric"]): row for row in rows}


def without_campaigns(figures: Figures) -> dict[tuple[Any, ...], float]:
    """Additive figures of all campaigns together, by period and metric."""
    sums: dict[tuple[Any, ...], float] = defaultdict(float)
    for (place, metric), row in figures.items():
        if place.scope_type == "campaign" and metric in ADDITIVE:
            sums[place.period_type, place.period_start, metric] += float(row["numerator"] or 0)
    return sums
