"""The way back from the goal to the dials (dictionary §6, §0.6).

Choices where the text is silent:
- Steps: company's won amount → inside sales' won amount (× their share) → wins (÷ amount per win) →
  opportunities (÷ win rate) → accepted (÷ opportunities per accepted meeting) → acquired meetings
  (÷ effective meeting rate) → connects (÷ meeting conversion rate) → dials (÷ connect rate).
- A rate is that of the last 180 mature days without a gap. Below the metric's minimum sample the company's
  is borrowed; money counts by wins, against the minimum of the win rate.
- A goal without a target of its own is the company's, by working days of SDRs and BDRs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

from tests.oracle.calendar import days
from tests.oracle.metrics import RATIOS, Row
from tests.oracle.planning import Targets
from tests.oracle.scorecard import Place
from tests.oracle.windows import ONE_DAY, Span, Windows, key_of

TRAILING_DAYS = 180
PERIODS = ("month", "quarter", "fiscal_year")
SCOPE_TYPES = ("company", "team", "rep")


@dataclass(frozen=True)
class Step:
    """A step and the rate that leads to it from the one before."""

    metric: str
    rate: str | None = None
    above: str = ""
    below: str = ""
    sample: str = ""
    # The metric whose needs and maturity hold, and the one whose minimum sample does.
    like: str = ""
    minimum_of: str = ""

    @property
    def is_share(self) -> bool:
        return self.rate == "inside_sales_share_of_won_amount"

    @property
    def is_proportion(self) -> bool:
        return self.rate in RATIOS


def _catalogue(step: str, rate: str) -> Step:
    above, below = RATIOS[rate]
    return Step(step, rate, above, below, below, rate, rate)


STEPS = (
    Step("company_won_amount_yen"),
    Step(
        "won_amount_yen", "inside_sales_share_of_won_amount", "won_amount_yen",
        "company_won_amount_yen", "company_wins", "won_amount_yen", "win_rate",
    ),
    Step("wins", "won_amount_per_win", "won_amount_yen", "wins", "wins", "won_amount_yen", "win_rate"),
    _catalogue("opportunities_created", "win_rate"),
    Step(
        "accepted", "opportunities_per_accepted", "opportunities_created", "accepted", "accepted",
        "accepted", "effective_meeting_rate",
    ),
    _catalogue("meetings_acquired", "effective_meeting_rate"),
    _catalogue("connects", "meeting_conversion_rate"),
    _catalogue("dials", "connect_rate"),
)  # fmt: skip
NAMES = tuple(step.metric for step in STEPS)


@dataclass(frozen=True)
class Sample:
    """What a rate rests on."""

    above: float
    below: float
    things: float
    first: date
    last: date


class Planner:
    """kpi_backward_plan of one answer.

    figures: what the scorecard publishes, place and metric -> value and status; minimum: metric -> smallest
    sample.
    """

    def __init__(
        self,
        windows: Windows,
        targets: Targets,
        kgis: set[str],
        figures: Mapping[tuple[Place, str], Row],
        minimum: Mapping[str, int],
    ) -> None:
        self._windows = windows
        self._targets = targets
        self._figures = figures
        self._minimum = minimum
        named = kgis & set(NAMES)
        self._kgis = named or {
            metric
            for metric in ("won_amount_yen", "company_won_amount_yen")
            if targets.have(metric, "company")
        }
        self._samples = {
            step.metric: self._sampled(step) for step in STEPS if step.rate is not None
        }
        self._known_spans = {place[:2] for place, _ in figures}
        self._months: dict[tuple[str, str], set[Place]] = defaultdict(set)
        for place, _ in figures:
            if place.period_type == "month" and _month_end(place.period_start) <= windows.as_of:
                self._months[(place.scope_type, place.scope_key)].add(place)
        self._business_days = {
            first: windows.business_days(first, _month_end(first))
            for first in {place.period_start for found in self._months.values() for place in found}
        }
        self._best_rates: dict[tuple[tuple[str, str], str], tuple[float | None, date | None]] = {}
        self._best_paces: dict[tuple[tuple[str, str], str], tuple[float | None, date | None]] = {}

    def rows(self) -> list[Row]:
        return [
            row
            for span in self._windows.spans(PERIODS)
            for kgi in sorted(self._kgis)
            for row in self._of_span(span, kgi)
        ]

    # --- what there is to work with ----------------------------------------------------------

    def _sampled(self, step: Step) -> dict[tuple[str, str], Sample]:
        last = self._windows.last_mature(step.like)
        if last is None:
            return {}
        first = last - timedelta(days=TRAILING_DAYS - 1)
        sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
        for row in self._windows.answer.tables["days"]:
            if first <= row["date"] <= last and self._windows.is_covered(step.like, row["date"]):
                for scope in ("company",) if step.is_share else SCOPE_TYPES:
                    found = sums[(scope, str(key_of(row, scope)))]
                    for place, measure in enumerate((step.above, step.below, step.sample)):
                        found[place] += row[measure]
        return {
            scope: Sample(above, below, things, first, last)
            for scope, (above, below, things) in sums.items()
        }

    def _people(self, span: Span) -> dict[tuple[str, str], tuple[float, float]]:
        """Scope -> working days of inside sales in the period, and those to come."""
        roster, as_of = self._windows.answer.roster, self._windows.as_of
        first = max(span.start, self._windows.answer.coverage.first_day or span.start)
        sums: dict[tuple[str, str], tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
        for rep in roster.reps:
            for day in days(first, span.end):
                said = roster.valid_on(rep, day)
                if said is None or said.motion not in ("sdr", "bdr"):
                    continue
                work = roster.working_day(rep, day)
                for scope in (("company", "company"), ("team", said.team), ("rep", rep)):
                    whole, rest = sums[scope]
                    sums[scope] = (whole + work, rest + (work if day > as_of else 0))
        return sums

    def _rate(
        self, span: Span, scope: tuple[str, str], step: Step, basis: str
    ) -> tuple[str, float | None, Sample | None]:
        """Source, rate and sample of the rate that leads to a step."""
        assert step.rate is not None
        if basis == "planned":
            for of, source in ((scope, "target"), (("company", "company"), "company_target")):
                planned = self._targets.of(*span[:1], span.start, *of, step.rate)
                if planned is not None:
                    return source, planned, None
        own = self._samples[step.metric].get(scope)
        company = self._samples[step.metric].get(("company", "company"))
        if own is not None and own.things >= self._minimum[step.minimum_of]:
            source, sample = "own", own
        elif company is not None and company.things > 0 and scope[0] != "company":
            source, sample = "company", company
        elif own is not None and own.things > 0:
            source, sample = "own", own
        else:
            return "none", None, None
        return source, sample.above / sample.below if sample.below else None, sample

    # --- the way -----------------------------------------------------------------------------

    def _of_span(self, span: Span, kgi: str) -> list[Row]:
        people = self._people(span)
        company = ("company", "company")
        whole = people.get(company, (0.0, 0.0))[0]
        goal_of_company = self._targets.of(span.kind, span.start, *company, kgi)
        places = {scope for scope, (work, _) in people.items() if work > 0}
        places |= {
            scope
            for scope in self._targets.scopes_with(span.kind, span.start, kgi)
            if scope[0] in SCOPE_TYPES and any(scope in found for found in self._samples.values())
        }
        if span.position != "previous" or (span.kind, span.start) in self._known_spans:
            places.add(company)
        first_to_come = max(span.start, self._windows.as_of + ONE_DAY)
        business = {
            "business_days": self._windows.business_days(span.start, span.end),
            "business_days_remaining": self._windows.business_days(first_to_come, span.end),
        }
        rows = []
        for scope in sorted(places):
            own = self._targets.of(span.kind, span.start, *scope, kgi)
            work, to_come = people.get(scope, (0.0, 0.0))
            share = work / whole if whole else None
            if scope[0] != "company" and own is None and (goal_of_company is None or work <= 0):
                continue
            shared = None
            if goal_of_company is not None and share is not None:
                shared = goal_of_company * share
            head = business | {
                "goal": shared if own is None else own,
                "goal_source": "own_target"
                if own is not None
                else "none"
                if goal_of_company is None
                else "share_of_company",
                "goal_share": 1 if scope[0] == "company" else share if own is None else None,
                "working_days": work,
                "working_days_remaining": to_come,
            }
            steps = STEPS[NAMES.index(kgi) :]
            has_plan = any(
                self._targets.of(span.kind, span.start, *of, str(step.rate)) is not None
                for step in steps[1:]
                for of in (scope, company)
            )
            for basis in ("mature", "planned") if has_plan else ("mature",):
                rows += self._way(span, scope, kgi, basis, steps, head)
        return rows

    def _way(
        self,
        span: Span,
        scope: tuple[str, str],
        kgi: str,
        basis: str,
        steps: tuple[Step, ...],
        head: Row,
    ) -> list[Row]:
        rows = []
        required, has_small_sample = head["goal"], False
        business, to_come = head["business_days"], head["business_days_remaining"]
        for number, step in enumerate(steps):
            source, rate, sample = ("goal", None, None)
            if number:
                source, rate, sample = self._rate(span, scope, step, basis)
                if source in ("own", "company"):
                    things = sample.things if sample else 0
                    has_small_sample |= things < self._minimum[step.minimum_of]
                if required is None or rate is None:
                    required = None
                elif step.is_share:
                    required *= rate
                else:
                    required = required / rate if rate else None
            place = Place(span.kind, span.start, *scope)
            figure = self._figures.get((place, step.metric), {})
            actual = figure.get("value")
            known = figure.get("status")
            missing = None
            if required is not None and known != "unavailable":
                missing = max(required - (actual or 0), 0)
            per_day = missing / to_come if missing is not None and to_come else None
            asked = per_day
            if not to_come and required is not None and business:
                asked = required / business
            best_rate, best_rate_month = self._best_rate(scope, step) if number else (None, None)
            best_pace, best_pace_month = self._best_pace(scope, step.metric)
            beyond = []
            if source in ("target", "company_target") and best_rate is not None:
                assert rate is not None
                beyond.append(rate > best_rate)
            if asked is not None and best_pace is not None:
                beyond.append(asked > best_pace)
            low, high = (
                _wilson(sample) if number and step.is_proportion and sample else (None, None)
            )
            work = head["working_days_remaining"]
            samples = self._samples.get(step.metric, {})
            seen = samples.get(scope) or samples.get(("company", "company"))
            if not number or "target" in source:
                seen = None
            rows.append(
                head
                | {
                    "period_type": span.kind,
                    "period_start": span.start,
                    "period_end": span.end,
                    "position": span.position,
                    "is_period_over": span.end <= self._windows.as_of,
                    "scope_type": scope[0],
                    "scope_key": scope[1],
                    "kgi_metric": kgi,
                    "rate_basis": basis,
                    "step_number": number,
                    "step": step.metric,
                    "required": required,
                    "actual": actual,
                    "actual_status": figure.get("status"),
                    "step_target": self._targets.of(span.kind, span.start, *scope, step.metric),
                    "still_required": missing,
                    "per_business_day": per_day,
                    "per_working_day": missing / work
                    if missing is not None and to_come and work
                    else None,
                    "rate_metric": step.rate if number else None,
                    "rate": rate,
                    "rate_numerator": sample.above if sample else None,
                    "rate_denominator": sample.below if sample else None,
                    "rate_sample": sample.things if sample else None,
                    "rate_low": low,
                    "rate_high": high,
                    "rate_source": source,
                    "rate_from": seen.first if seen else None,
                    "rate_to": seen.last if seen else None,
                    "best_rate": best_rate,
                    "best_rate_month": best_rate_month,
                    "best_per_business_day": best_pace,
                    "best_per_business_day_month": best_pace_month,
                    "asks_for_more_than_ever": any(beyond) if beyond else None,
                    "status": "no_target"
                    if head["goal"] is None
                    else "no_rate"
                    if required is None
                    else known
                    if known in ("unavailable", "partial")
                    else "small_sample"
                    if has_small_sample
                    else "ok",
                }
            )
        return rows

    # --- what was ever reached ---------------------------------------------------------------

    def _ok(self, place: Place, metric: str) -> float | None:
        figure = self._figures.get((place, metric))
        return figure["value"] if figure and figure["status"] == "ok" else None

    def _best_rate(self, scope: tuple[str, str], step: Step) -> tuple[float | None, date | None]:
        if (scope, step.metric) in self._best_rates:
            return self._best_rates[(scope, step.metric)]
        found = []
        for place in sorted(self._months[scope]):
            if step.is_proportion:
                rate = self._ok(place, str(step.rate))
            else:
                above, below = self._ok(place, step.above), self._ok(place, step.below)
                enough = below is not None and below >= self._minimum[step.minimum_of]
                rate = above / below if above is not None and below and enough else None
            if rate is not None:
                found.append((rate, place.period_start))
        self._best_rates[(scope, step.metric)] = _highest(found)
        return self._best_rates[(scope, step.metric)]

    def _best_pace(self, scope: tuple[str, str], metric: str) -> tuple[float | None, date | None]:
        if (scope, metric) in self._best_paces:
            return self._best_paces[(scope, metric)]
        found = []
        for place in sorted(self._months[scope]):
            value, business = self._ok(place, metric), self._business_days[place.period_start]
            if value is not None and business:
                found.append((value / business, place.period_start))
        self._best_paces[(scope, metric)] = _highest(found)
        return self._best_paces[(scope, metric)]


def _month_end(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _highest(found: list[tuple[float, date]]) -> tuple[float | None, date | None]:
    """The highest; of equals the earliest."""
    if not found:
        return None, None
    return min(found, key=lambda pair: (-pair[0], pair[1]))


def _wilson(sample: Sample) -> tuple[float | None, float | None]:
    n, k, z = sample.below, sample.above, 1.959963984540054
    if not n or k > n:
        return None, None
    center = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * sqrt(k * (n - k) / n + z * z / 4)
    return max(center - half, 0), min(center + half, 1)
