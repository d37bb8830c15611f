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
    "human_evidence_coverage": ("answered_with_evidence", "answered_calls"),
    "talk_seconds_per_connect": ("connect_talk_seconds", "timed_connects"),
    "turns_per_analysed_call": ("turns", "calls_with_turns"),
    "analysis_coverage": ("analysed_connects", "connects"),
}
# Counts of calls that no daily row carries.
_OF_CALLS: dict[str, Callable[[Row], bool]] = {
    "answered_with_evidence": lambda row: (
        row["is_dial"]
        and row["is_answered"]
        and (
            row["disposition"] is not None
            or row["has_analysis"]
            or row["answered_by"] != "not_measured"
        )
    ),
    "timed_connects": lambda row: row["is_dial"] and row["is_connect"] and not row["is_overlong"],
    "overlong_calls": lambda row: row["is_dial"] and row["is_human_reached"] and row["is_overlong"],
    "calls_with_turns": lambda row: (
        row["is_dial"] and row["turn_count"] is not None and not row["is_overlong"]
    ),
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

    def counted(name: str) -> Any:
        if name not in _OF_CALLS:
            return total("kpi_rep_daily", name)
        return sum(
            _OF_CALLS[name](row)
            for row in answer.tables["fct_calls"]
            if inside(row["called_on"]) and in_scope(row, row["called_on"])
        )

    if metric in ADDITIVE or metric in _OF_CALLS:
        return _count(counted(metric))
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
        return _ratio(counted(above), counted(below))
    raise KeyError(f"the oracle has no rule for the metric {metric}")


KNOWN: Callable[[str], bool] = {
    *ADDITIVE,
    *_RATES,
    *_OF_COHORT,
    *_OF_CALLS,
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
