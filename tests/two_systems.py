"""One company seen through Salesforce and through HubSpot: what may differ, and why.

A fact that differs must have a reason, said by `reason_of`; a figure that differs must lie where a
row with a reason lies, in a metric that is listed for it. Nothing else may differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from tests.agreement import place_of, same
from tests.oracle.channels import NONE, UNMAPPED
from tests.oracle.metrics import ADDITIVE, DISTINCT, RATIOS, Row
from tests.oracle.persons import Person
from tests.oracle.scorecard import Place, places_of
from tests.oracle.status import MATURITY
from tests.oracle.tables import Answer

Figures = Mapping[tuple[Place, str], Row]
Tables = Mapping[str, list[Row]]
IdOf = Callable[[str | None], str | None]  # the portal's id of a Salesforce record

KEYS: Final = {
    "fct_calls": "call_id",
    "fct_emails": "email_id",
    "fct_meetings": "event_id",
    "fct_opportunities": "opportunity_id",
    "fct_hand_raises": "hand_raise_id",
}
_IDS: Final = (
    *KEYS.values(), "meeting_id", "account_id", "crm_activity_id", "attempt_id", "connect_call_id",
)  # fmt: skip
# What is no fact: where a row was read, which outcome field said it, each side's name of a person.
_UNCOMPARED: Final = {
    "source_id", "source_file_id", "source_file", "source_record", "outcome_basis", "person_id",
}  # fmt: skip

# HubSpot's exports know no members of campaigns, so nobody is touched by one.
NO_CAMPAIGNS: Final = "no campaign members"
# A contact that never was a lead in Salesforce is one in HubSpot, and the first deal made with it
# is its conversion; Salesforce has only the account to tell whose deal it is.
EVERYBODY_IS_A_LEAD: Final = "whoever is in HubSpot is a lead"
# HubSpot says SCHEDULED until somebody says otherwise, and keeps saying so when the day is gone.
NEVER_TOUCHED: Final = "scheduled for good"
# A property never set has no line of history, so nobody says that a deal had no amount at first.
AMOUNT_NEVER_SET: Final = "an amount never set"
# Marketing's contacts are records of their own beside Salesforce. One that names no lead and has
# a role address is a second person of the same number; a portal has them once.
READERS_APART: Final = "marketing's contacts are persons of their own"
# And where a lead's source says nothing, the first campaign says its channel.
CHANNEL_OF_A_CAMPAIGN: Final = "a channel only a campaign tells"
# A converted lead keeps its owner and the contact gets another; a portal has one record and one owner,
# and who never was a lead in Salesforce is nobody's there.
ONE_OWNER: Final = "one owner of lead and contact"

_CREDIT: Final = (
    "accepted", "rejected", "pending", "expired", "decided", "effective_meeting_rate",
    "effective_meeting_rate_decided", "opportunities_created", "opportunities_closed",
    "opportunities_open_of_cohort", "opportunities_won_of_cohort", "wins", "win_rate",
    "win_rate_closed", "win_rate_open_share", "pipeline_created_yen", "pipeline_created_as_of_yen",
    "pipeline_amounts_missing", "pipeline_amounts_missing_as_of", "pipeline_amounts_unconverted",
    "pipeline_amounts_unconverted_as_of", "won_amount_yen", "won_amounts_missing",
    "won_amounts_unconverted",
)  # fmt: skip
# Whom a call was with decides whether it reached the right one where only speech can tell.
_WHO_WAS_CALLED: Final = (
    "leads_worked", "target_account_approaches", "key_person_connects", "known_title_connects",
    "key_person_share", "key_person_talk_seconds", "key_person_talk_seconds_per_working_day", "connects",
    "connects_by_speech", "connects_by_duration", "connect_rate", "connect_talk_seconds",
    "timed_connects", "talk_seconds_per_connect", "unidentified_party", "analysed_connects",
    "analysis_coverage", "meeting_conversion_rate", "meeting_conversion_rate_from_connect",
    "meetings_acquired_from_connect",
)  # fmt: skip
# And whose call answers a hand-raise.
_WHO_WAS_ANSWERED: Final = (
    "hand_raises_attempted", "hand_raises_connected", "hand_raises_open",
    "hand_raises_within_5_minutes", "hand_raises_due_5_minutes", "hand_raises_within_30_minutes",
    "hand_raises_due_30_minutes", "hand_raises_within_60_minutes", "hand_raises_due_60_minutes",
    "hand_raises_within_same_day", "hand_raises_due_same_day",
    "hand_raise_share_within_5_minutes", "hand_raise_share_within_30_minutes",
    "hand_raise_share_within_60_minutes", "hand_raise_share_within_same_day",
    "hand_raise_attempted_share", "hand_raise_connected_share", "hand_raises",
    "hand_raises_linked",
)  # fmt: skip
_LEADS: Final = (
    "leads_created", "leads_reached_meeting_of_cohort", "leads_reached_accepted_of_cohort",
    "leads_reached_won_of_cohort", "lead_to_meeting_rate", "lead_to_accepted_rate",
    "lead_to_won_rate",
)  # fmt: skip
# Through which channel a reader came, a lead's record says otherwise than a contact's.
_OF_READERS: Final = ("marketing_emails_sent", "seminar_registrations")
# In the scopes of channels whatever such a person did counts elsewhere, too.
CHANNEL_SCOPES: Final = ("channel", "team_channel")
_ELSEWHERE: Final = (READERS_APART, CHANNEL_OF_A_CAMPAIGN)
EXPLAINED: Final[dict[str, tuple[str, ...]]] = {
    EVERYBODY_IS_A_LEAD: (*_CREDIT, *_LEADS),
    READERS_APART: (*_WHO_WAS_CALLED, *_WHO_WAS_ANSWERED),
    ONE_OWNER: _WHO_WAS_ANSWERED,
    CHANNEL_OF_A_CAMPAIGN: (),
    NEVER_TOUCHED: (),
    AMOUNT_NEVER_SET: (),
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
    these = (
        _of_readers(found, id_of), _of_members(found, id_of), _of_contacts_alone(found, id_of),
    )  # fmt: skip
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
            reasons = set()
            for reason, excused in _excused(table, one, two, *these):
                if columns & excused:
                    reasons.add(reason)
                    columns -= excused
            told.problems += [
                f"{table} {name}: {column}: Salesforce {one[column]!r}, HubSpot {two[column]!r}"
                for column in sorted(columns)
            ]
            told.seen |= reasons
            for row in (one, two) if reasons - {NO_CAMPAIGNS} else ():
                for place in _touched(row, found):
                    told.reasons[table, place] |= reasons - {NO_CAMPAIGNS}
    return told


def _touched(row: Row, found: Answer) -> Iterable[Place]:
    for value in row.values():
        if type(value) is date:
            yield from places_of(row, value, found.settings)


def _excused(
    table: str,
    one: Row,
    two: Row,
    readers: set[str | None],
    members: set[str | None],
    never_leads: set[str | None],
) -> Iterator[tuple[str, set[str]]]:
    """(reason, the columns that may differ for it) of one row."""
    yield NO_CAMPAIGNS, {"campaign", "call_list"}
    if table == "fct_calls" and one["call_id"] in readers and one["match_level"] != "person":
        yield READERS_APART, _OF_THE_PERSON
    if two["channel"] == UNMAPPED and one[KEYS[table]] in members:
        yield CHANNEL_OF_A_CAMPAIGN, {"channel", "channel_group"}
    if table == "fct_meetings" and one["event_id"] in readers:
        yield READERS_APART, {"is_from_connect"}
    if table == "fct_hand_raises" and one["hand_raise_id"] in readers:
        yield READERS_APART, _OF_THE_ANSWER
    if table == "fct_hand_raises" and one["is_open"] and two["is_open"]:
        yield ONE_OWNER, _OF_THE_OWNER
    if table == "fct_meetings":
        yield (
            NEVER_TOUCHED,
            {
                column
                for column in ("outcome", "cohort_outcome")
                if (one.get(column), two.get(column)) == ("unknown", "scheduled")
            },
        )
    if table == "fct_opportunities" and two["is_amount_missing_at_creation"]:
        yield AMOUNT_NEVER_SET, {"is_amount_at_creation_recorded"}
    if one[KEYS[table]] in never_leads:
        if table == "fct_opportunities" and two["credit_basis"] == "converted_lead":
            yield EVERYBODY_IS_A_LEAD, _OF_THE_CREDIT
        if table == "fct_meetings" and one["is_booked"]:
            yield EVERYBODY_IS_A_LEAD, _OF_THE_DECISION


_OF_THE_PERSON: Final = {
    "match_level", "match_basis", "account_id", "is_target_account", "channel", "channel_group",
    "has_key_person", "is_connect", "connect_basis", "is_unidentified_party",
}  # fmt: skip
_OF_THE_ANSWER: Final = {
    "account_id", "channel", "channel_group", "rep_id", "team", "business_unit", "motion",
    "manager_rep_id", "is_attempted", "is_connected", "is_open", "attempted_at", "attempted_on",
    "attempt_kind", "attempt_id", "connected_at", "connect_call_id",
    "business_minutes_to_attempt", "clock_minutes_to_attempt", "business_minutes_to_connect",
    "clock_minutes_to_connect", "open_business_minutes", "is_within_5_minutes",
    "is_within_30_minutes", "is_within_60_minutes", "is_within_same_day", "is_due_5_minutes",
    "is_due_30_minutes", "is_due_60_minutes", "is_due_same_day",
}  # fmt: skip
_OF_THE_OWNER: Final = {"rep_id", "team", "business_unit", "motion", "manager_rep_id"}
_OF_THE_CREDIT: Final = {
    "credit_basis", "is_sourced", "meeting_id", "rep_id", "team", "business_unit", "motion",
    "manager_rep_id", "channel", "channel_group", "is_won_of_cohort", "is_open_of_cohort",
}  # fmt: skip
_OF_THE_DECISION: Final = {
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


def _of_members(found: Answer, id_of: IdOf) -> set[str | None]:
    """Whatever was done with people a campaign touched."""
    persons = found.persons
    booked_with = {meeting.id: meeting.person for meeting in found.meetings}
    with_person: list[tuple[str, Person | None]] = [
        *((call.id, call.person) for call in found.calls),
        *((email.id, email.person) for email in found.emails),
        *((event.id, event.person) for event in found.events),
        *((raised.id, raised.person) for raised in found.hand_raises),
        *((deal.id, persons.of_record(deal.contact_id)) for deal in found.opportunities.values()),
        *((deal, person) for person in persons.all for deal in person.converted_opportunities),
        *(
            (row["opportunity_id"], booked_with.get(row["meeting_id"]))
            for row in found.tables["fct_opportunities"]
        ),
    ]
    return {
        id_of(name) or name
        for name, person in with_person
        if person is not None and found.channels.first_campaign(person) != NONE
    }


def _of_readers(found: Answer, id_of: IdOf) -> set[str | None]:
    """Calls to a number that a marketing contact has beside the CRM's living records; meetings with and
    hand-raises of whoever has such a number or is such a contact."""

    def is_reader(person: Person) -> bool:
        kinds = {record.key[1] for record in person.records if record.is_living}
        return kinds == {"ma_person"}

    numbers = {
        number
        for person in found.persons.all
        if is_reader(person)
        for number in found.persons.numbers_of(person)
    }
    with_person = [
        *((event.id, event.person) for event in found.events),
        *((raised.id, raised.person) for raised in found.hand_raises),
    ]
    calls: set[str | None] = {call.id for call in found.calls if call.number in numbers}
    return calls | {
        id_of(name) or name
        for name, person in with_person
        if person is not None and (is_reader(person) or found.persons.numbers_of(person) & numbers)
    }


def unexplained_figures(
    ours: Figures, theirs: Figures, facts: Comparison
) -> tuple[list[str], dict[str, set[str]]]:
    """Figures that differ without a reason; and of each reason the metrics it moved."""
    problems: list[str] = []
    moved: dict[str, set[str]] = defaultdict(set)
    for key in ours.keys() | theirs.keys():
        place, metric = key
        if place.scope_type in ("campaign", "call_list"):
            continue
        one, two = ours.get(key, _NOTHING), theirs.get(key, _NOTHING)
        if all(same(one[name], two[name]) for name in _NOTHING):
            continue
        if place.scope_type in CHANNEL_SCOPES and _is_line_of_nothing(one, two) and facts.reasons:
            continue
        if _only_matures_otherwise(metric, one, two) and EVERYBODY_IS_A_LEAD in facts.seen:
            continue
        reasons = {
            reason
            for table in tables_of(metric)
            for reason in facts.reasons.get((table, place), ())
            if metric in EXPLAINED[reason]
            or (reason in _ELSEWHERE and place.scope_type in CHANNEL_SCOPES)
        }
        if metric in _LEADS:
            reasons = {EVERYBODY_IS_A_LEAD}
        if metric in _OF_READERS and place.scope_type in CHANNEL_SCOPES:
            continue
        if not reasons:
            problems.append(f"{place}: {metric}: Salesforce {one}, HubSpot {two}")
        for reason in reasons:
            if metric in EXPLAINED[reason]:
                moved[reason].add(metric)
    return problems, moved


def _is_line_of_nothing(one: Row, two: Row) -> bool:
    """A line of a channel lives as long as anything is counted in it; what is not, is shown as nothing."""
    return _NOTHING in (one, two) and not one["numerator"] and not two["numerator"]


def _only_matures_otherwise(metric: str, one: Row, two: Row) -> bool:
    """A deal more or less moves the day by which most outcomes are known, everywhere."""
    is_same = all(same(one[name], two[name]) for name in ("numerator", "denominator", "value"))
    return is_same and metric in MATURITY and "maturing" in (one["status"], two["status"])


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


def without_names(figures: Figures, scope_type: str) -> dict[tuple[Any, ...], float]:
    """Additive figures of all campaigns (or call lists) together, by period and metric."""
    sums: dict[tuple[Any, ...], float] = defaultdict(float)
    for (place, metric), row in figures.items():
        if place.scope_type == scope_type and metric in ADDITIVE:
            sums[place.period_type, place.period_start, metric] += float(row["numerator"] or 0)
    return sums
