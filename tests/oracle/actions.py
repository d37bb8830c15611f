"""What improvement actions moved (dictionary §6: before and after, with counts and an interval).

Choices where the text is silent:
- 60 days before and up to 60 after, both ending with the last day 95 % of whose outcomes are known; days
  without a gap only.
- Shares of countable things: Newcombe's interval, of so many fewer things as the days vary more than single
  things would make them (ten days at least tell that). Counts: per day worked by the scope (per business day
  for channels and the like), Poisson with the overdispersion the days show, never below it. Other ratios:
  linearised, days as clusters.
- Fewer than 10 business days after the beginning are too early; a rate below the metric's minimum sample,
  fewer than 10 things, or 10 that did not happen, are too few.
- A finding must hold at 99 %.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import sqrt
from typing import Any

from scipy import stats

from tests.oracle.calendar import days
from tests.oracle.metrics import ADDITIVE, KNOWN, RATIOS, Row, scopes_of
from tests.oracle.windows import ONE_DAY, Windows, key_of, measures_of

WINDOW_DAYS = 60
LEAST = 10
PEOPLE = ("company", "business_unit", "team", "rep", "motion")


@dataclass
class Side:
    """The days of one window, of the scope or of everybody else: (x, y) by day."""

    by_day: dict[date, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))

    def pairs(self) -> list[tuple[float, float]]:
        return [(x, y) for x, y in self.by_day.values()]

    def sums(self) -> tuple[float, float]:
        return sum(x for x, _ in self.pairs()), sum(y for _, y in self.pairs())


class Judge:
    """kpi_actions of one answer. meta: catalogue's direction, unit and minimum_sample of each metric."""

    def __init__(
        self,
        windows: Windows,
        known: set[tuple[str, str]],
        meta: Mapping[str, Mapping[str, Any]],
        sums: set[str],
    ) -> None:
        self._windows = windows
        self._known = known
        self._meta = meta
        self._sums = sums  # measures that are sums of amounts or seconds, not counts

    def row(self, action: Row) -> Row:
        scope = action["scope_type"]
        key = "company" if scope == "company" else action.get("scope_key") or None
        metric, begins = action["metric"], action["from_date"]
        as_of = self._windows.as_of
        last = (self._windows.last_settled(metric) if metric in KNOWN else None) or as_of
        window_ends = begins + timedelta(days=WINDOW_DAYS - 1)
        after_to = min(window_ends, last, as_of)
        row: Row = {
            "action_id": action["action_id"],
            "scope_type": scope,
            "scope_key": key or "(none)",
            "metric": metric,
            "from_date": begins,
            "expected_effect": action.get("expected_effect"),
            "is_metric_known": metric in KNOWN,
            "is_scope_known": (scope, key) in self._known,
            "before_from": begins - timedelta(days=WINDOW_DAYS),
            "before_to": min(begins - ONE_DAY, last),
            "after_to": after_to if after_to >= begins else None,
        }
        row |= dict.fromkeys(
            (
                "method", "before_numerator", "before_denominator", "before_value", "after_numerator",
                "after_denominator", "after_value", "difference", "difference_low",
                "difference_high", "rest_before_value", "rest_after_value", "rest_difference",
                "difference_in_differences",
            )
        ) | {"before_days": 0, "after_days": 0, "is_flagged": False}  # fmt: skip
        reason = self._obstacle(metric, scope, key, begins)
        error = None
        if reason is None:
            error = self._compare(row, metric, scope, key, begins, after_to)
            reason = self._doubt(row, metric, window_ends > last)
        row["reason"] = reason
        if reason in ("not_begun", "few_days_since"):
            row["verdict"] = "too_early"
        elif reason is not None:
            row["verdict"] = "cannot_be_concluded"
        else:
            is_up = row["difference"] > 0
            row["verdict"] = (
                "improved" if is_up == (self._meta[metric]["direction"] == "up") else "worsened"
            )
            row["is_flagged"] = abs(row["difference"]) > stats.norm.ppf(0.995) * error
        return row

    def _obstacle(self, metric: str, scope: str, key: str | None, begins: date) -> str | None:
        if metric not in KNOWN:
            return "unknown_metric"
        if (scope, key) not in self._known:
            return "unknown_scope"
        if scope not in scopes_of(metric):
            return "not_shown_for_scope"
        if metric not in ADDITIVE and metric not in RATIOS:
            return "not_additive"
        return "not_begun" if begins > self._windows.as_of else None

    def _compare(
        self, row: Row, metric: str, scope: str, key: str | None, begins: date, after_to: date
    ) -> float | None:
        """Fill both sides and the difference in; returns the standard error."""
        is_simple = metric not in RATIOS
        spans = {
            "before": (row["before_from"], row["before_to"]),
            "after": (begins, after_to),
        }
        own, rest = {}, {}
        for side, (first, until) in spans.items():
            covered = [d for d in days(first, until) if self._windows.is_covered(metric, d)]
            business = [d for d in covered if self._windows.is_business_day(d)]
            row[f"{side}_days"] = len(business)
            own[side], rest[side] = self._sides(metric, scope, key, set(covered))
            for one in (own[side], rest[side]):
                if is_simple and scope not in PEOPLE:
                    self._per_business_day(one, business)
                elif is_simple:
                    for day in [d for d, (_, y) in one.by_day.items() if y <= 0]:
                        del one.by_day[day]
            x, y = own[side].sums()
            row[f"{side}_numerator"] = x if business else None
            row[f"{side}_denominator"] = y if business else None
            row[f"{side}_value"] = x / y if business and y else None
            if scope != "company":
                x, y = rest[side].sums()
                row[f"rest_{side}_value"] = x / y if y else None
        row["method"] = method = self._method(row, metric)
        before, after = row["before_value"], row["after_value"]
        if row["rest_before_value"] is not None and row["rest_after_value"] is not None:
            row["rest_difference"] = row["rest_after_value"] - row["rest_before_value"]
        if before is None or after is None:
            return None
        row["difference"] = after - before
        if row["rest_difference"] is not None:
            row["difference_in_differences"] = row["difference"] - row["rest_difference"]
        variances = [self._variance(own[side], method, metric) for side in spans]
        if None in variances:
            return None
        error = sqrt(sum(found for found in variances if found is not None))
        if method == "two_shares":
            low, high = newcombe(*(
                row[f"{side}_{part}"] / dispersion(own[side].pairs())
                for side in spans for part in ("numerator", "denominator")
            ))  # fmt: skip
        else:
            half = stats.norm.ppf(0.975) * error
            low, high = row["difference"] - half, row["difference"] + half
        row["difference_low"], row["difference_high"] = low, high
        return error

    def _sides(
        self, metric: str, scope: str, key: str | None, covered: set[date]
    ) -> tuple[Side, Side]:
        above, below = measures_of(metric)
        own, rest = Side(), Side()
        for row in self._windows.answer.tables["days"]:
            if row["date"] in covered:
                side = own if key_of(row, scope) == key else rest
                found = side.by_day[row["date"]]
                found[0] += row[above]
                is_theirs = row["motion"] in ("sdr", "bdr") or above.startswith("company_")
                if below or is_theirs or scope not in ("company", "business_unit"):
                    found[1] += row[below or "working_days"]
        return own, rest

    @staticmethod
    def _per_business_day(side: Side, business: list[date]) -> None:
        counted = {day: side.by_day[day][0] if day in side.by_day else 0.0 for day in business}
        side.by_day.clear()
        side.by_day.update({day: [x, 1.0] for day, x in counted.items()})

    def _method(self, row: Row, metric: str) -> str:
        if metric not in RATIOS:
            return "per_working_day"
        is_counted = not self._sums & set(RATIOS[metric])
        parts = [
            (row[f"{side}_numerator"], row[f"{side}_denominator"]) for side in ("before", "after")
        ]
        is_part = all(x is not None and x <= y for x, y in parts)
        is_share = self._meta[metric]["unit"] == "ratio" and is_counted and is_part
        return "two_shares" if is_share else "ratio_of_sums"

    def _variance(self, side: Side, method: str, metric: str) -> float | None:
        pairs = [(x, y) for x, y in side.pairs() if y > 0 or method == "ratio_of_sums"]
        x, y = sum(x for x, _ in pairs), sum(y for _, y in pairs)
        n = sum(1 for _, amount in pairs if amount > 0)
        if not y:
            return None
        mean = x / y
        if method == "two_shares":
            share = side.sums()[0] / y
            return share * (1 - share) / y * dispersion(pairs)
        if n < 2:
            return None
        if method == "per_working_day":
            spread = sum((a - mean * b) ** 2 / b for a, b in pairs) / (n - 1)
            return (spread if metric in self._sums else max(spread, mean)) / y
        return n / (n - 1) * sum((a - mean * b) ** 2 for a, b in pairs) / y**2

    def _doubt(self, row: Row, metric: str, is_window_open: bool) -> str | None:
        meta = self._meta[metric]
        if row["after_days"] < LEAST and is_window_open:
            return "few_days_since"
        if min(row["before_days"], row["after_days"]) < LEAST:
            return "few_days_covered"
        counts = [row["before_numerator"] or 0, row["after_numerator"] or 0]
        below = [row["before_denominator"] or 0, row["after_denominator"] or 0]
        if metric in RATIOS and min(below) < int(meta["minimum_sample"]):
            return "small_sample"
        if row["method"] in ("per_working_day", "two_shares") and sum(counts) < LEAST:
            return "small_sample"
        if row["method"] == "two_shares" and sum(below) - sum(counts) < LEAST:
            return "small_sample"
        if row["difference_low"] is None:
            return "small_sample"
        if meta["direction"] == "none":
            return "no_better_direction"
        return "within_noise" if row["difference_low"] <= 0 <= row["difference_high"] else None


def dispersion(pairs: Sequence[tuple[float, float]]) -> float:
    """How many times more a share varies over days than single trials would make it; at least 1."""
    tried = [(x, y) for x, y in pairs if y > 0]
    above, below = sum(x for x, _ in tried), sum(y for _, y in tried)
    if len(tried) < LEAST or not 0 < above < below:
        return 1.0
    share = above / below
    chi = sum((x - y * share) ** 2 / (y * share * (1 - share)) for x, y in tried)
    return max(1.0, chi / (len(tried) - 1))


def wilson(k: float, n: float) -> tuple[float, float]:
    """95 % interval of a share of n things, which need not be whole."""
    z2 = stats.norm.ppf(0.975) ** 2
    middle = (k + z2 / 2) / (n + z2)
    half = sqrt(z2) / (n + z2) * sqrt(k * (n - k) / n + z2 / 4)
    return middle - half, middle + half


def newcombe(k1: float, n1: float, k2: float, n2: float) -> tuple[float, float]:
    """95 % interval of k2/n2 - k1/n1 (Newcombe 1998, method 10)."""
    (low1, high1), (low2, high2) = wilson(k1, n1), wilson(k2, n2)
    p1, p2 = k1 / n1, k2 / n2
    return (
        p2 - p1 - sqrt((p2 - low2) ** 2 + (high1 - p1) ** 2),
        p2 - p1 + sqrt((high2 - p2) ** 2 + (p1 - low1) ** 2),
    )
