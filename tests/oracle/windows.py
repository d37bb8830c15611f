"""Days that plans, forecasts and actions may look at (dictionary §0.2, §0.6), and the periods beside a day.

Choices where the text is silent:
- A window of days counts for everybody the days on which nothing is missing for anybody of the company.
- A cohort of a day is mature at the age at which a period's is; what waits for nothing is mature at once.
- `current` is the period the day lies in, also on its last day. A period beyond the end of the day's
  fiscal year is not known: its company holidays are not.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

from tests.oracle.calendar import days, is_business_day, period
from tests.oracle.coverage import needs_of
from tests.oracle.metrics import RATIOS, SCOPES, Row
from tests.oracle.scorecard import Place
from tests.oracle.settings import Settings
from tests.oracle.status import MATURITY, Judge
from tests.oracle.tables import Answer

ONE_DAY = timedelta(days=1)


class Span(NamedTuple):
    """A period beside the as-of day."""

    kind: str
    position: str
    start: date
    end: date


def span_of(day: date, kind: str, settings: Settings) -> tuple[date, date]:
    """First and last day of the period that holds a day."""

    def start_of(other: date) -> date:
        return period(
            other,
            kind,
            first_weekday=settings.week_starts_on,
            fiscal_start=settings.fiscal_year_start_month,
        )

    start = end = start_of(day)
    while start_of(end + ONE_DAY) == start:
        end += ONE_DAY
    return start, end


class Windows:
    """What one answer knows about days."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.as_of = answer.as_of
        self._judge = Judge(answer)
        self._covered: dict[tuple[frozenset[str], date], bool] = {}

    def is_covered(self, metric: str, day: date) -> bool:
        """Whether everything the metric needs is there for the whole company."""
        needs = needs_of(metric)
        if (needs, day) not in self._covered:
            company = Place("day", day, "company", "company")
            self._covered[(needs, day)] = day <= self.as_of and all(
                self._judge.is_met(need, day, company.scope_type, company.scope_key)
                for need in needs
            )
        return self._covered[(needs, day)]

    def last_settled(self, metric: str) -> date | None:
        """The last day that may be compared with older ones: 95 % of its outcomes are known."""
        kind = MATURITY.get(metric)
        return self.as_of if kind is None else self._judge.mature_until(kind, 0.95)

    def last_mature(self, metric: str) -> date | None:
        """The last day a cohort of which is mature; None while none is."""
        kind = MATURITY.get(metric)
        return self.as_of if kind is None else self._judge.mature_until(kind)

    def is_business_day(self, day: date) -> bool:
        return is_business_day(day, self.answer.roster._company_holidays)

    def business_days(self, first: date, last: date) -> int:
        return sum(self.is_business_day(day) for day in days(first, last))

    @cached_property
    def calendar_end(self) -> date:
        return span_of(self.as_of, "fiscal_year", self.answer.settings)[1]

    def spans(self, kinds: tuple[str, ...]) -> list[Span]:
        """The periods before, of and after the as-of day."""
        found = []
        for kind in kinds:
            start, end = span_of(self.as_of, kind, self.answer.settings)
            before = span_of(start - ONE_DAY, kind, self.answer.settings)
            after = span_of(end + ONE_DAY, kind, self.answer.settings)
            found += [
                Span(kind, position, *dates)
                for position, dates in (
                    ("previous", before),
                    ("current", (start, end)),
                    ("next", after),
                )
                if dates[1] <= self.calendar_end
            ]
        return found


def key_of(row: Row, scope_type: str) -> str | None:
    """Which scope of a kind a row lies in; None where it lies in none."""
    parts = [row.get(column) for column in SCOPES[scope_type]]
    return None if None in parts else (" × ".join(map(str, parts)) or scope_type)


def measures_of(metric: str) -> tuple[str, str | None]:
    """What is counted above and below the line."""
    return RATIOS.get(metric, (metric, None))
