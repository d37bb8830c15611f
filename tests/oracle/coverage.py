"""What a figure needs, and which days the exports speak of (dictionary §0.2).

Cadences of delivery and content of other objects than MiiTel's calls are not judged. Choices where
the text is silent:

- A file name that states days speaks for these; an extract of a CRM for every day from covers_from
  to the day before it was made, each object for itself.
- The feeds of one telephone account stand in for each other; two accounts do not. Other objects are
  needed of every source that ever delivered them.
- Who delivers is missed from the first day it speaks of, or covers_from; the company did not have it
  before.
- Before the first day any source speaks of nothing is known of anybody, working days included.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cached_property

from tests.oracle.calendar import days
from tests.oracle.calls import days_of_accounts
from tests.oracle.metrics import ADDITIVE, DISTINCT, RATIOS
from tests.oracle.normalise import local_date
from tests.oracle.records import Record, Records, delivered
from tests.oracle.settings import Settings, Source

_NEED_OF_TABLE = {
    "fct_calls": "cti",
    "fct_emails": "sfa_emails",
    "fct_meetings": "sfa_events",
    "fct_opportunities": "sfa_opportunities",
    "working_days": "known_day",
    "fct_hand_raises": "hand_raises",
    "fct_leads": "people",
}
_DECISIONS = {"accepted", "rejected", "pending", "expired", "decided"}
_OUTCOMES = {
    "meetings_held", "no_shows", "meetings_held_of_cohort", "no_shows_of_cohort",
    "meetings_outcome_known_of_cohort", "meetings_outcome_unknown_of_cohort",
}  # fmt: skip
_NURTURE = {"marketing_emails_sent": "marketing_emails", "seminar_registrations": "seminars"}
_KEY_PERSONS = {"key_person_connects", "known_title_connects", "key_person_talk_seconds"}
_OBJECTS = {
    "sfa_tasks": ("salesforce.Task", "hubspot.calls"),
    "sfa_emails": ("salesforce.Task", "hubspot.emails"),
    "sfa_events": ("salesforce.Event", "hubspot.meetings"),
    "sfa_opportunities": ("salesforce.Opportunity", "hubspot.deals"),
    "marketing_emails": ("hubspot.email_events",),
    "seminars": ("hubspot.event_participations",),
    "survey": ("mapped.survey_responses",),
    "people": ("salesforce.Lead", "salesforce.Contact", "mapped.leads", "hubspot.contacts"),
}


# Who tells of which touch; without its own exports a hand-raise cannot be told from none.
_TOLD_BY = {
    "form_submitted": ("hubspot.form_submissions",),
    "campaign_joined": ("salesforce.CampaignMember",),
    "lead_created": _OBJECTS["people"],
}
_OF_MARKETING = {
    "hubspot.form_submissions",
    "hubspot.email_events",
    "hubspot.event_participations",
}


def needs_of(metric: str) -> frozenset[str]:
    """What must be there for the metric to be more than absence."""
    if metric in RATIOS:
        return frozenset().union(*(needs_of(measure) for measure in RATIOS[metric]))
    if metric in DISTINCT:
        return needs_of("approaches")
    if metric in _NURTURE:
        return frozenset({_NURTURE[metric]})
    needs = {_NEED_OF_TABLE[part.table] for part in ADDITIVE[metric]}
    if metric.startswith("leads_reached"):
        needs |= {"sfa_events", "sfa_opportunities"}  # what became of it hangs on both
    if metric == "leads_reached_accepted_of_cohort":
        needs.add("acceptance")
    if "sfa_opportunities" in needs and not metric.startswith("company_"):
        needs.add("sfa_events")  # whose deal it is hangs on the meeting
    if metric in _DECISIONS:
        needs |= {"sfa_opportunities", "acceptance"}
    if metric in _DECISIONS or metric.startswith("meetings_acquired"):
        needs.add("shodan_event")
    if metric == "meetings_acquired_from_connect":
        needs.add("cti")
    if metric in _OUTCOMES:
        needs.add("meeting_outcome")
    if "hand_raises" in needs and metric != "hand_raises":
        needs.add("people")  # whose it is
        if metric != "hand_raises_linked":
            needs.add("cti")
        if metric not in ("hand_raises_linked", "hand_raises_connected"):
            needs.add("sfa_emails")
    if metric == "target_account_approaches":
        needs.add("target_list")
    if metric in _KEY_PERSONS:
        needs |= {"people", "title_map"}
    return frozenset(needs)


class Coverage:
    """The days every kind of export speaks of."""

    def __init__(self, records: Records, settings: Settings) -> None:
        self._records, self._settings = records, settings

    @cached_property
    def first_day(self) -> date | None:
        """The first day any source speaks of."""
        firsts = [source.covers_from for source in self._settings.sources.values()]
        firsts += [min(found) for found in self._of_accounts.values() if found]
        return min((day for day in firsts if day is not None), default=None)

    def of_need(self, need: str) -> set[date]:
        """Every day on which all deliverers of the exports a need names are there."""
        if need == "cti":
            return _shared(self._of_accounts.values())
        objects = self._objects(need)
        return _shared(
            _shared(self._of_object(source, name) for name in objects if self._files(source, name))
            for source in self._settings.sources.values()
            if any(self._files(source, name) for name in objects)
        )

    def _objects(self, need: str) -> tuple[str, ...]:
        if need != "hand_raises":
            return _OBJECTS[need]
        return tuple(
            name for kind in sorted(self._settings.hand_raise_events) for name in _TOLD_BY[kind]
        )

    @cached_property
    def _of_accounts(self) -> dict[str, set[date]]:
        mapped = {
            source.account or source.id: self._of_object(source, "mapped.call_legs")
            for source in self._settings.sources.values()
            if self._files(source, "mapped.call_legs")
        }
        return days_of_accounts(self._records, self._settings) | mapped

    def _of_object(self, source: Source, name: str) -> set[date]:
        covered: set[date] = set()
        for file, extracted_at in self._files(source, name):
            named = re.search(source.coverage_pattern or "$^", file)
            if named:
                covered |= set(days(_date(named["from"]), _date(named["to"])))
            elif source.coverage_basis == "extract" and source.covers_from:
                made_on = local_date(extracted_at, self._settings.zone)
                covered |= set(days(source.covers_from, made_on - timedelta(days=1)))
        return covered

    def _files(self, source: Source, name: str) -> set[tuple[str, datetime]]:
        told_as = "ma" if name in _OF_MARKETING else "sfa"
        if source.system == "hubspot" and told_as not in source.classes:
            return set()  # marketing's contacts are nobody's leads
        return self._by_source.get((source.id, name), set())

    @cached_property
    def _by_source(self) -> dict[tuple[str, str], set[tuple[str, datetime]]]:
        found: dict[tuple[str, str], set[tuple[str, datetime]]] = defaultdict(set)
        for name, rows in self._records.items():
            for row in rows:
                found[(str(row.get("_source_id")), name)].add(_file(row))
        return found


def _file(row: Record) -> tuple[str, datetime]:
    extracted_at, file, _ = delivered(row)
    return file, extracted_at


def _shared(found: Iterable[set[date]]) -> set[date]:
    """The days on which nobody is missed who is there by then, and somebody is."""
    sets = list(found)
    starts = [min(covered, default=date.min) for covered in sets]
    return {
        day
        for day in set().union(*sets)
        if all(day in covered or day < start for covered, start in zip(sets, starts, strict=True))
    }


def _date(text: str) -> date:
    return datetime.strptime(text.replace("-", ""), "%Y%m%d").date()
