"""Business days and reporting periods (dictionary §0.3, §1 working_days)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache

import holidays


@cache
def _japan(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("JP", years=[year]))


def is_holiday(day: date) -> bool:
    """A public holiday of Japan, on whatever weekday."""
    return day in _japan(day.year)


def is_business_day(day: date, company_holidays: Iterable[date] = ()) -> bool:
    """Neither Saturday nor Sunday nor a Japanese holiday nor one the company names itself."""
    return (
        day.weekday() < 5 and day not in _japan(day.year) and day not in frozenset(company_holidays)
    )


def days(start: date, end: date) -> list[date]:
    """Every day from start to end, both included."""
    return [start + timedelta(days=i) for i in range((end - start).days + 1)]


def period(day: date, period_type: str, *, first_weekday: int, fiscal_start: int) -> date:
    """The first day of the period that holds `day`. first_weekday: 1 = Monday.

    Quarters are those of the fiscal year: with an April start, April, July, October, January.
    """
    if period_type == "day":
        return day
    if period_type == "week":
        return day - timedelta(days=(day.isoweekday() - first_weekday) % 7)
    if period_type == "month":
        return day.replace(day=1)
    months = (day.month - fiscal_start) % 12
    back = months % 3 if period_type == "quarter" else months
    year, month = divmod(day.year * 12 + day.month - 1 - back, 12)
    return date(year, month + 1, 1)
