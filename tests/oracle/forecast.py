"""Where a running period lands (dictionary §6: pacing by working days, landing forecast with an interval).

Choices where the text is silent:
- The pace is the mean per working day of the last 90 mature days without a gap. A rep's working days are
  his own; a group's the business days on which anybody of it is on the roster; a channel's the calendar's.
- What comes on another day belongs to the working day before it.
- The days to come vary as those gone by did: variance per working day, proportional to the work of a day;
  the mean itself is uncertain, too. Normal approximation at 80 % and 95 %.
- Days since the last mature one count at the pace, not at what is known of them so far.
- What is still needed, too, is asked of all these days, beside what the mature ones brought.
- Without anything counted in the window there is no interval.
- A call list has no days of work; nothing is forecast for it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from math import sqrt

from tests.oracle.calendar import days
from tests.oracle.metrics import SCOPES, Row
from tests.oracle.scorecard import Place
from tests.oracle.status import MATURITY
from tests.oracle.windows import Windows, key_of

PACE_DAYS = 90
QUANTILES = {"80": 1.2815515655446004, "95": 1.959963984540054}
PERIODS = ("week", "month", "quarter", "fiscal_year")
GROUPS = ("business_unit", "team", "motion")
LEAST_DAYS = 10


class Forecaster:
    """kpi_forecast of one answer."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        spans = windows.spans(PERIODS)
        self._spans = {span.kind: span for span in spans if span.position == "current"}
        roster = windows.answer.roster
        first = windows.answer.coverage.first_day or windows.as_of
        last = max(span.end for span in self._spans.values())
        self._work: dict[tuple[str, str], dict[date, float]] = defaultdict(dict)
        for rep in roster.reps:
            for day in days(first, last):
                said = roster.valid_on(rep, day)
                if said is None:
                    continue
                row = {"rep_id": rep, **vars(said)}
                self._work[("rep", rep)][day] = roster.working_day(rep, day)
                for group in GROUPS:
                    of_group = self._work[(group, str(key_of(row, group)))]
                    of_group[day] = float(windows.is_business_day(day))
        self._counted: dict[tuple[str, str], dict[str, dict[date, float]]] = {}
        for row in windows.answer.tables["days"]:
            for scope in SCOPES:
                key = key_of(row, scope)
                if key is None:
                    continue
                metrics = self._counted.setdefault((scope, key), {})
                for metric, amount in row.items():
                    if isinstance(amount, int | float) and amount:
                        of_day = metrics.setdefault(metric, {})
                        of_day[row["date"]] = of_day.get(row["date"], 0.0) + amount

    def row(
        self, place: Place, metric: str, figure: Mapping[str, object], target: float | None
    ) -> Row:
        """figure: value, status, covered and uncovered days as the scorecard publishes them."""
        span = self._spans[place.period_type]
        scope = (place.scope_type, place.scope_key)
        as_of = self._windows.as_of
        last = self._windows.last_mature(metric) or as_of
        first = last - timedelta(days=PACE_DAYS - 1)
        work = {
            day: amount
            for day, amount in self._work_of(scope, first, span.end).items()
            if amount > 0
        }
        pace = [
            d for d in sorted(work) if first <= d <= last and self._windows.is_covered(metric, d)
        ]
        counted = self._counted.get(scope, {}).get(metric, {})
        things = dict.fromkeys(pace, 0.0)
        for day, amount in counted.items():
            at = bisect_right(pace, day) - 1
            if at >= 0 and first <= day <= last and self._windows.is_covered(metric, day):
                things[pace[at]] += amount
        worked = sum(work[day] for day in pace)
        total = sum(things.values())
        mean = total / worked if worked else None
        open_days = sum(w for d, w in work.items() if span.start <= d <= span.end and d > last)
        to_come = sum(w for d, w in work.items() if span.start <= d <= span.end and d > as_of)
        value = figure["value"]
        assert value is None or isinstance(value, int | float)
        landing = error = None
        days_with_any = sum(1 for amount in things.values() if amount)
        unripe = 0.0
        if metric in MATURITY:
            unripe = sum(a for d, a in counted.items() if span.start <= d <= span.end and d > last)
        if open_days == 0:
            landing, error = value, 0.0
        elif value is not None and mean is not None:
            landing = max(value - unripe + open_days * mean, value)
            if days_with_any and len(pace) > 1:
                spread = sum((things[d] - mean * work[d]) ** 2 / work[d] for d in pace)
                error = sqrt(
                    spread / (len(pace) - 1) * (open_days + open_days * open_days / worked)
                )
        needed = None
        if target is not None and value is not None:
            if value >= target:
                needed = 0.0
            elif open_days:
                needed = (target - (value - unripe)) / open_days
        row: Row = {
            "value": value,
            "target": target,
            "business_days": self._windows.business_days(span.start, span.end),
            "business_days_remaining": sum(
                self._windows.is_business_day(d) for d in days(span.start, span.end) if d > as_of
            ),
            "days_remaining": to_come,
            "pace_days": len(pace),
            "pace_from": pace[0] if pace else None,
            "pace_to": pace[-1] if pace else None,
            "pace_per_day": mean,
            "needed_per_day": needed,
            "short_per_day": needed - mean if needed is not None and mean is not None else None,
            "landing": landing,
            "landing_attainment": landing / target if landing is not None and target else None,
            "is_still_maturing": metric in MATURITY,
        }
        row["business_days_elapsed"] = row["business_days"] - row["business_days_remaining"]
        for level, quantile in QUANTILES.items():
            low = high = None
            if landing is not None and error is not None and value is not None:
                low, high = max(landing - quantile * error, value), landing + quantile * error
            row[f"landing_low_{level}"], row[f"landing_high_{level}"] = low, high
        row["outlook"] = _outlook(row)
        row["status"] = _status(figure, metric, days_with_any)
        return row

    def _work_of(self, scope: tuple[str, str], first: date, last: date) -> Mapping[date, float]:
        return self._work.get(scope) or self._calendar(first, last)

    @cache  # noqa: B019
    def _calendar(self, first: date, last: date) -> Mapping[date, float]:
        return {day: float(self._windows.is_business_day(day)) for day in days(first, last)}


def _outlook(row: Row) -> str:
    target, value, landing = row["target"], row["value"], row["landing"]
    if target is None:
        return "no_target"
    if landing is None:
        return "unknown"
    if value >= target:
        return "reached"
    if landing >= target:
        return "on_course"
    high = row["landing_high_80"]
    return "at_risk" if high is not None and high >= target else "off_course"


def _status(figure: Mapping[str, object], metric: str, days_with_any: int) -> str:
    if figure["covered_days"] == 0:
        return "unavailable"
    if figure["uncovered_days"]:
        return "partial"
    if metric in MATURITY:
        return "maturing"
    return "small_sample" if days_with_any < LEAST_DAYS else "ok"
