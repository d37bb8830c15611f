"""Targets with their revisions, success factors and actions as planning wrote them (dictionary §6).

Choices where the text is silent:
- A revision holds from its valid_from, without one from the start of its period, until the day before the
  next. Of two for the same day the one written last stands.
- Specific: the scope is known and the metric is shown for scopes of its kind. Time-bound: a due date, else
  the end of the period.
- A scope is known when it is on the roster since the first exported day or anything was counted for it.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from tests.oracle.calendar import days
from tests.oracle.metrics import KNOWN, SCOPES, Row, scopes_of
from tests.oracle.records import Records
from tests.oracle.scorecard import Scorecard
from tests.oracle.tables import Answer
from tests.oracle.windows import ONE_DAY, key_of, span_of


def written(records: Records, table: str) -> list[dict[str, Any]]:
    """Rows of a planning table, the one written last at the end."""
    rows = [dict(row) for row in records.get(f"planning.{table}", ())]
    return sorted(rows, key=lambda row: (str(row.get("_extracted_at") or ""), _place(row)))


def _place(row: Row) -> int:
    return int(row.get("_record") or 0)


def known_scopes(found: Answer, scorecard: Scorecard) -> set[tuple[str, str]]:
    known = {(place.scope_type, place.scope_key) for place in scorecard.places}
    known.add(("company", "company"))
    first = found.coverage.first_day or found.as_of
    for rep in found.roster.reps:
        for day in days(first, found.as_of):
            said = found.roster.valid_on(rep, day)
            if said is not None:
                row = {"rep_id": rep, **vars(said)}
                known |= {
                    (scope, str(key_of(row, scope)))
                    for scope in SCOPES
                    if key_of(row, scope) is not None
                }
    return known


def targets(records: Records, found: Answer, scorecard: Scorecard) -> list[Row]:
    """kpi_targets."""
    known = known_scopes(found, scorecard)
    standing: dict[tuple[Any, ...], dict[date, Row]] = defaultdict(dict)
    for row in written(records, "targets"):
        start, end = span_of(row["period_start"], row["period_type"], found.settings)
        scope = row["scope_type"]
        key = "company" if scope == "company" else row.get("scope_key") or None
        named = (row["period_type"], start, end, scope, key, row["metric"])
        standing[named][row.get("valid_from") or start] = row
    tables = []
    for (kind, start, end, scope, key, metric), revisions in standing.items():
        ordered = sorted(revisions)
        for number, begins in enumerate(ordered):
            row = revisions[begins]
            following = ordered[number + 1] if number + 1 < len(ordered) else None
            before = float(revisions[ordered[number - 1]]["value"]) if number else None
            value = float(row["value"])
            is_current = begins <= found.as_of and (following is None or following > found.as_of)
            smart = {
                "is_specific": (scope, key) in known
                and metric in KNOWN
                and scope in scopes_of(metric),
                "is_measurable": metric in KNOWN,
                "is_achievable": bool((row.get("achievable") or "").strip()),
                "is_relevant": bool((row.get("relevant") or "").strip()),
                "is_time_bound": True,
            }
            tables.append(
                {
                    "period_type": kind,
                    "period_start": start,
                    "period_end": end,
                    "scope_type": scope,
                    "scope_key": key or "(none)",
                    "metric": metric,
                    "revision": number + 1,
                    "valid_from": begins,
                    "valid_to": following - ONE_DAY if following else None,
                    "state": "in_force"
                    if is_current
                    else "upcoming"
                    if begins > found.as_of
                    else "superseded",
                    "is_current": is_current,
                    "value": value,
                    "previous_value": before,
                    "change": None if before is None else value - before,
                    "change_share": None if not before else (value - before) / before,
                    "owner": row.get("owner") or None,
                    "due_on": row.get("due_date") or end,
                    "has_due_date": bool(row.get("due_date")),
                    "achievable": row.get("achievable") or None,
                    "relevant": row.get("relevant") or None,
                    "is_metric_known": metric in KNOWN,
                    "is_scope_known": (scope, key) in known,
                    **smart,
                    "smart_parts": sum(smart.values()),
                    "is_smart": all(smart.values()),
                    "is_revised_in_period": number > 0 and start < begins <= end,
                    "is_made_after_period_end": begins > end,
                }
            )
    return tables


class Targets:
    """What is aimed at on the as-of day."""

    def __init__(self, rows: list[Row], calendar_end: date) -> None:
        self._in_force = {
            (row["period_type"], row["period_start"], row["scope_type"], row["scope_key"], row["metric"]):
            row["value"]
            for row in rows
            if row["is_current"] and row["period_start"] <= calendar_end
        }  # fmt: skip

    def of(self, kind: str, start: date, scope: str, key: str, metric: str) -> float | None:
        return self._in_force.get((kind, start, scope, key, metric))

    def have(self, metric: str, scope: str) -> bool:
        """Whether the metric has a target for a scope of the kind in any period."""
        return any(named[2] == scope and named[4] == metric for named in self._in_force)

    def scopes_with(self, kind: str, start: date, metric: str) -> set[tuple[str, str]]:
        return {
            (named[2], named[3])
            for named in self._in_force
            if named[:2] == (kind, start) and named[4] == metric
        }


def factors(records: Records) -> list[Row]:
    """Success factors, one per KGI, factor and metric."""
    found = {
        (row["kgi_metric"], row["factor_id"], row["metric"]): row
        for row in written(records, "success_factors")
    }
    return list(found.values())


def actions(records: Records) -> list[Row]:
    """Improvement actions, one per id."""
    found = {row["action_id"]: row for row in written(records, "actions")}
    return list(found.values())
