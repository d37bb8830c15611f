"""Figures of a period and scope: sums, ratios of sums, distinct counts (dictionary §0.1, §1–3).

One figure at a time, from the oracle's own tables; which periods and scopes the product publishes
is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from tests.oracle.calendar import period
from tests.oracle.tables import ADDITIVE, Answer, Row

_RATES = {
    "connect_rate": ("connects", "dials"),
    "answer_rate": ("answered_calls", "dials"),
    "human_rate": ("human_reached", "dials"),
    "meeting_conversion_rate": ("meetings_acquired", "connects"),
    "effective_meeting_rate": ("accepted", "meetings_acquired"),
}
_OF_COHORT = {
    "meetings_held_of_cohort": "is_held_of_cohort",
    "no_shows_of_cohort": "is_no_show_of_cohort",
}


def figure(
    answer: Answer,
    metric: str,
    *,
    period_type: str,
    period_start: date,
    scope_type: str,
    scope_key: str,
) -> Row:
    """numerator, denominator and value of one metric; denominator 0 gives value None."""
    roster, settings = answer.roster, answer.settings

    def inside(day: date) -> bool:
        start = period(
            day,
            period_type,
            first_weekday=settings.week_starts_on,
            fiscal_start=settings.fiscal_year_start_month,
        )
        return start == period_start

    def in_scope(row: Row, day: date) -> bool:
        if scope_type == "company":
            return True
        if scope_type == "rep":
            return bool(row["rep_id"] == scope_key)
        attributes = roster.attributes(row["rep_id"], day)
        return bool(getattr(attributes, scope_type) == scope_key)

    def total(table: str, column: str, day_column: str = "date") -> Any:
        return sum(
            row.get(column) or 0
            for row in answer.tables[table]
            if inside(row[day_column]) and in_scope(row, row[day_column])
        )

    if metric in ADDITIVE:
        return _count(total("kpi_rep_daily", metric))
    if metric == "working_days":
        return _count(total("working_days", "working_days"))
    if metric in _OF_COHORT:
        return _count(total("fct_meetings", _OF_COHORT[metric], "booked_on"))
    if metric == "leads_worked":
        return _count(
            len(
                {
                    row["person_id"]
                    for row in answer.tables["leads_worked"]
                    if inside(row["date"]) and in_scope(row, row["date"])
                }
            )
        )
    if metric in _RATES:
        above, below = _RATES[metric]
        return _ratio(total("kpi_rep_daily", above), total("kpi_rep_daily", below))
    raise KeyError(f"the oracle has no rule for the metric {metric}")


KNOWN: Callable[[str], bool] = {
    *ADDITIVE,
    *_RATES,
    *_OF_COHORT,
    "working_days",
    "leads_worked",
}.__contains__


def _count(value: float) -> Row:
    return {"numerator": value, "denominator": None, "value": value}


def _ratio(above: float, below: float) -> Row:
    return {
        "numerator": above,
        "denominator": below,
        "value": above / below if below else None,
    }
