"""Figures of every period and scope: sums, ratios of sums, distinct counts (dictionary §0.1, §1–3).

Which periods and scopes the product publishes is not decided here; what nobody counted is 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from tests.oracle.calendar import period
from tests.oracle.metrics import ADDITIVE, DISTINCT, KNOWN, RATIOS, SCOPES, Row, scopes_of
from tests.oracle.settings import Settings
from tests.oracle.tables import Answer

PERIODS = ("week", "month", "quarter", "fiscal_year")


class Place(NamedTuple):
    """Where a figure stands."""

    period_type: str
    period_start: date
    scope_type: str
    scope_key: str


class Scorecard:
    """Every figure of one answer, counted once."""

    def __init__(self, answer: Answer) -> None:
        self._settings = answer.settings
        self._sums: dict[Place, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for row in answer.tables["list_days"]:
            for place in places_of(row, row["date"], answer.settings):
                if place.scope_type == "call_list":
                    for name in row["counted"]:
                        self._sums[place][name] += row["counted"][name]
        things: dict[tuple[Place, str], set[str]] = defaultdict(set)
        for row in answer.tables["days"]:
            amounts = {name: row[name] for name in ADDITIVE if row[name]}
            for place in places_of(row, row["date"], answer.settings):
                for name, amount in amounts.items():
                    if place.scope_type in scopes_of(name):
                        self._sums[place][name] += amount
        for metric, (table, day, thing) in DISTINCT.items():
            for row in answer.tables[table]:
                for place in places_of(row, row[day], answer.settings):
                    if place.scope_type in scopes_of(metric):
                        things[(place, metric)].add(row[thing])
        for (place, metric), found in things.items():
            self._sums[place][metric] = len(found)

    @property
    def places(self) -> dict[Place, dict[str, float]]:
        """Every figure that is not nothing, by place and measure."""
        return self._sums

    def figure(self, metric: str, place: Place) -> Row:
        """numerator, denominator and value of one metric; denominator 0 gives value None."""
        if metric not in KNOWN:
            raise KeyError(f"the oracle has no rule for the metric {metric}")
        sums = self._sums.get(place, {})
        if metric not in RATIOS:
            count = sums.get(metric, 0)
            return {"numerator": count, "denominator": None, "value": count}
        above, below = (sums.get(measure, 0) for measure in RATIOS[metric])
        return {
            "numerator": above,
            "denominator": below,
            "value": above / below if below else None,
        }


def places_of(row: Row, day: date, settings: Settings) -> Iterator[Place]:
    """Every period and scope a row lies in; a row without the attribute lies in no such scope."""
    starts = {
        kind: period(
            day,
            kind,
            first_weekday=settings.week_starts_on,
            fiscal_start=settings.fiscal_year_start_month,
        )
        for kind in PERIODS
    }
    for scope, columns in SCOPES.items():
        parts = [row.get(column) for column in columns]
        if None not in parts:
            key = " × ".join(map(str, parts)) or scope
            yield from (Place(kind, start, scope, key) for kind, start in starts.items())
