"""How far a figure can be trusted (dictionary §0.2, §0.6): ok, small_sample, maturing, partial, unavailable.

Choices where the text is silent:
- Of several things to say of a figure the gravest is said: unavailable, partial, maturing,
  small_sample, ok.
- Calls of people without CTI are the CRM's Tasks, so only a scope that has such people needs them.
  Who could call on a day is said by the roster; where it names nobody of a scope, of the company.
- What nobody ever records (outcomes of meetings, the gate) or plans (titles) is missing every day;
  before the first target list nobody could be approached from one.
- The percentile is the smallest number of days within which 80 % of the outcomes known so far came:
  from booking to decision, from booking to the last planned day, from creation to the close date. A
  period matures with its last day. Without any outcome a decision falls due by its expiry.
- Counts of a cohort mature like their rates; what is pending, expired or unknown is shown as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cached_property
from math import ceil

from tests.oracle.calendar import days, period
from tests.oracle.coverage import needs_of
from tests.oracle.metrics import RATIOS, SCOPES
from tests.oracle.normalise import match_key
from tests.oracle.scorecard import Place
from tests.oracle.tables import Answer

PERCENTILE = 0.8
STATUSES = {"unavailable", "partial", "maturing", "small_sample", "ok"}
MATURITY = {
    **dict.fromkeys(("effective_meeting_rate", "accepted", "rejected", "decided"), "decision"),
    **dict.fromkeys(
        (
            "meeting_held_rate", "no_show_rate", "meetings_held_of_cohort", "no_shows_of_cohort",
            "meetings_outcome_known_of_cohort",
        ),
        "held",
    ),
    **dict.fromkeys(("win_rate", "opportunities_won_of_cohort"), "win"),
    **dict.fromkeys(
        (
            "lead_to_meeting_rate", "lead_to_accepted_rate", "lead_to_won_rate",
            "leads_reached_meeting_of_cohort", "leads_reached_accepted_of_cohort",
            "leads_reached_won_of_cohort",
        ),
        "lead",
    ),
}  # fmt: skip


class Judge:
    """The status of every figure of one answer."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._exports = {
            need: answer.coverage.of_need(need)
            for need in (
                "cti",
                "sfa_tasks",
                "sfa_emails",
                "sfa_events",
                "sfa_opportunities",
                "people",
                "hand_raises",
                "marketing_emails",
                "seminars",
            )
        }
        self._covered: dict[tuple[Place, frozenset[str]], tuple[int, int]] = {}
        self._ends: dict[tuple[str, date], date] = {}

    def status(
        self, metric: str, place: Place, denominator: float | None, minimum_sample: int
    ) -> str:
        """`minimum_sample` is the catalogue's: the dictionary names no thresholds."""
        covered, all_days = self.covered_days(metric, place)
        if covered == 0:
            return "unavailable"
        if covered < all_days:
            return "partial"
        if self._is_maturing(metric, place):
            return "maturing"
        if metric in RATIOS and (denominator or 0) < minimum_sample:
            return "small_sample"
        return "ok"

    def is_recorded(self, need: str) -> bool:
        """Whether anybody records what no export brings (outcomes, the gate, titles)."""
        return self._recorded[need]

    def mature_until(self, kind: str, share: float = PERCENTILE) -> date | None:
        """The last day whose cohort is old enough (decision, held, win)."""
        waited = self._days_until(kind, share)
        return None if waited is None else self._answer.as_of - timedelta(days=waited)

    def _days(self, place: Place) -> list[date]:
        return days(place.period_start, min(self.end(place), self._answer.as_of))

    def end(self, place: Place) -> date:
        """The last day of a period: the one before the next begins."""
        settings, day = self._answer.settings, place.period_start
        named = (place.period_type, place.period_start)
        if named not in self._ends:
            while place.period_start == period(
                day,
                place.period_type,
                first_weekday=settings.week_starts_on,
                fiscal_start=settings.fiscal_year_start_month,
            ):
                day += timedelta(days=1)
            self._ends[named] = day - timedelta(days=1)
        return self._ends[named]

    def covered_days(self, metric: str, place: Place) -> tuple[int, int]:
        """Days of the period so far on which everything a metric needs was exported, and all of them."""
        needs = needs_of(metric)
        if (place, needs) not in self._covered:
            met = [
                all(self.is_met(need, day, place.scope_type, place.scope_key) for need in needs)
                for day in self._days(place)
            ]
            self._covered[(place, needs)] = sum(met), len(met)
        return self._covered[(place, needs)]

    def is_met(self, need: str, day: date, scope_type: str, scope_key: str) -> bool:
        """Whether a day of a scope has what a figure needs."""
        if need == "cti":
            return self._are_calls_there(day, scope_type, scope_key)
        if need in self._exports:
            return day in self._exports[need]
        if need == "known_day":
            first = self._answer.coverage.first_day
            return first is not None and day >= first
        if need == "target_list":
            starts = [row["valid_from"] for row in self._answer.tables["target_lists"]]
            return bool(starts) and day >= min(starts)
        if need == "shodan_event":
            counted = self._answer.settings.shodan_event
            if counted == "opportunity":
                return day in self._exports["sfa_opportunities"]
            return counted == "booked" or self._recorded["meeting_outcome"]
        return self._recorded[need]

    @cached_property
    def _recorded(self) -> dict[str, bool]:
        """What is known on every day or on none."""
        answer = self._answer
        gates = [
            source
            for source in answer.settings.sources.values()
            if source.acceptance_stage or source.acceptance_mode != "stage"
        ]
        return {
            "meeting_outcome": any(
                row["is_held"] or row["is_no_show"] for row in answer.tables["fct_meetings"]
            ),
            "acceptance": any(
                source.acceptance_mode != "stage"
                or match_key(source.acceptance_stage) in answer.stages
                for source in gates
            ),
            "title_map": answer.has_title_map,
        }

    def _are_calls_there(self, day: date, scope_type: str, scope_key: str) -> bool:
        phones, by_hand = self.callers.get(
            (day, scope_type, scope_key), self.callers.get((day, "company", "company"))
        ) or (True, False)
        return (day in self._exports["cti"] or not phones) and (
            day in self._exports["sfa_tasks"] or not by_hand
        )

    @cached_property
    def callers(self) -> dict[tuple[date, str, str], tuple[bool, bool]]:
        """Whether anybody of a scope had a telephone system that day, and anybody had none."""
        found: dict[tuple[date, str, str], tuple[bool, bool]] = defaultdict(lambda: (False, False))
        roster = self._answer.roster
        first = self._answer.coverage.first_day or self._answer.as_of
        for rep in roster.reps:
            for day in days(first, self._answer.as_of):
                row = roster.valid_on(rep, day)
                if row is None:
                    continue
                said = {"rep_id": rep, **vars(row)}
                for scope, columns in SCOPES.items():
                    if {"channel", "campaign", "call_list"} & set(columns):
                        continue
                    key = (day, scope, " × ".join(said[column] for column in columns) or scope)
                    phones, by_hand = found[key]
                    found[key] = (phones or row.has_cti, by_hand or not row.has_cti)
        return dict(found)

    def _is_maturing(self, metric: str, place: Place) -> bool:
        kind = MATURITY.get(metric)
        if kind is None:
            return False
        needed = self._days_to_maturity[kind]
        return needed is None or self.end(place) + timedelta(days=needed) > self._answer.as_of

    def is_settled(self, place: Place, kind: str, share: float) -> bool:
        """Whether a period is as old as the outcomes of `kind` that come within `share` of all."""
        needed = self._days_until(kind, share)
        return needed is not None and self.end(place) + timedelta(days=needed) <= self._answer.as_of

    @cached_property
    def _days_to_maturity(self) -> dict[str, int | None]:
        return {kind: self._days_until(kind, PERCENTILE) for kind in self._waits}

    def _days_until(self, kind: str, share: float) -> int | None:
        needed = percentile(self._waits[kind], share)
        if needed is None and kind == "decision":
            return self._answer.settings.decision_expires_after_days
        return needed

    @cached_property
    def _waits(self) -> dict[str, list[int]]:
        """Days to every outcome known so far, by what a cohort waits for."""
        booked = [row for row in self._answer.tables["fct_meetings"] if row["is_booked"]]
        return {
            "decision": [
                row["days_to_decision"]
                for row in booked
                if row["acquired_on"] and row["days_to_decision"] is not None
            ],
            "held": [
                (row["last_scheduled_on"] - row["booked_on"]).days
                for row in booked
                if row["is_over"] and row["cohort_outcome"] not in ("unknown", "scheduled")
            ],
            "lead": [
                row["days_to_outcome"]
                for row in self._answer.tables["fct_leads"]
                if row["days_to_outcome"] is not None
            ],
            "win": [
                ((row["won_on"] or row["lost_on"]) - row["created_on"]).days
                for row in self._answer.tables["fct_opportunities"]
                if row["is_sourced"] and (row["won_on"] or row["lost_on"])
            ],
        }


def percentile(waits: Iterable[int], share: float = PERCENTILE) -> int | None:
    """The number of days within which most of the outcomes known so far came."""
    ordered = sorted(waits)
    return ordered[ceil(share * len(ordered)) - 1] if ordered else None
