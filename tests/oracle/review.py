"""The monthly and quarterly review (dictionary §7 kpi_review), of headline metrics.

What the text leaves open and the model's description decides:
- Trend: least squares over the last six periods that are over, of those whose figure is ok or a small
  sample and 95 % of whose outcomes are known, counts and amounts by working day of the scope; four are
  needed. What is one line but for rounding has no error.
- Link: Spearman between a metric and the outcome one step later, in the same month of the same person,
  over the twelve months up to the period (a running one: up to the last month that is over). Months
  with five working days as SDR or BDR, both figures ok; in a team only months wholly spent there.
  Twenty are needed. It earns its place when q <= 0.05 and the sign is the expected one. No link
  is said of the company from sixty months on, where not even 0.1 fits.
- q of trends: of all missed targets of periods that are over. q of links: of all links there are, a
  link being one of a last month, scope and metric.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from math import atanh, sqrt, tanh
from typing import NamedTuple

from scipy import stats

from tests.oracle.calendar import days
from tests.oracle.metrics import Row
from tests.oracle.scorecard import Place
from tests.oracle.status import MATURITY, Judge
from tests.oracle.tables import Answer

_KNOWN = ("ok", "small_sample")
Figures = Mapping[tuple[Place, str], Row]  # numerator, denominator, value, status


class Metric(NamedTuple):
    """What the catalogue says of a headline metric."""

    direction: str
    next_step: str | None
    next_direction: str | None

    @property
    def sign(self) -> int:
        signs = {"up": 1, "down": -1}
        return signs.get(self.direction, 0) * signs.get(self.next_direction or "", 0)


class Link(NamedTuple):
    rep_months: int
    correlation: float | None
    low: float | None
    high: float | None
    p_value: float | None


def slope_of(points: list[tuple[float, float]]) -> Row:
    """Slope, its 95 % interval and p; nothing below four points."""
    row: Row = dict.fromkeys(
        ("trend_slope", "trend_slope_low", "trend_slope_high", "trend_p_value")
    )
    row["trend"] = "unknown"
    if len(points) < 4:
        return row
    xs, ys = zip(*points, strict=True)
    fitted = stats.linregress(xs, ys)
    freedom = len(points) - 2
    spread = sum((y - sum(ys) / len(ys)) ** 2 for y in ys)
    left = sum((y - fitted.intercept - fitted.slope * x) ** 2 for x, y in points)
    is_line = left <= 1e-11 * spread
    error = 0.0 if is_line else float(fitted.stderr)
    reach = float(stats.t.ppf(0.975, freedom)) * error
    low, high = fitted.slope - reach, fitted.slope + reach
    row |= {
        "trend_slope": float(fitted.slope),
        "trend_slope_low": float(low),
        "trend_slope_high": float(high),
        "trend": "rising" if low > 0 else "falling" if high < 0 else "no clear trend",
    }
    if not is_line:
        row["trend_p_value"] = float(2 * stats.t.sf(abs(fitted.slope) / error, freedom))
    elif fitted.slope:
        row["trend_p_value"] = 0.0
    return row


def link_of(pairs: list[tuple[float, float]]) -> Link:
    """Spearman, its interval by Fisher's transform with Fieller's error, and p."""
    if len(pairs) < 20:
        return Link(len(pairs), None, None, None, None)
    xs, ys = zip(*pairs, strict=True)
    if len(set(xs)) == 1 or len(set(ys)) == 1:
        return Link(len(pairs), None, None, None, None)
    found = stats.spearmanr(xs, ys)
    rho = float(found.statistic)
    reach = float(stats.norm.isf(0.025)) * sqrt(1.06 / (len(pairs) - 3))
    bounded = atanh(max(min(rho, 0.999999), -0.999999))
    return Link(len(pairs), rho, tanh(bounded - reach), tanh(bounded + reach), float(found.pvalue))


def rep_months(found: Answer) -> dict[tuple[str, date], tuple[str | None, float]]:
    """Months of inside sales by person, with the team when it was one, and the days worked."""
    teams: dict[tuple[str, date], set[str]] = defaultdict(set)
    worked: dict[tuple[str, date], float] = defaultdict(float)
    first = found.coverage.first_day or found.as_of
    for rep in found.roster.reps:
        for day in days(first, found.as_of):
            row = found.roster.valid_on(rep, day)
            if row is not None:
                month = (rep, day.replace(day=1))
                teams[month].add(row.team)
                if row.motion in ("sdr", "bdr"):
                    worked[month] += found.roster.working_day(rep, day)
    return {
        month: (next(iter(teams[month])) if len(teams[month]) == 1 else None, amount)
        for month, amount in worked.items()
        if amount >= 5
    }


def reviewed_teams(found: Answer) -> set[str]:
    """Teams anybody ever did inside sales in, on a day the exports speak of."""
    first = found.coverage.first_day or found.as_of
    return {
        row.team
        for rep in found.roster.reps
        for day in days(first, found.as_of)
        if (row := found.roster.valid_on(rep, day)) and row.motion in ("sdr", "bdr")
    }


class Review:
    """Rows of kpi_review from figures that are already proven equal."""

    def __init__(
        self,
        found: Answer,
        figures: Figures,
        metrics: Mapping[str, Metric],
        ends: Mapping[Place, date],
    ) -> None:
        self._found, self._figures, self._metrics, self._ends = found, figures, metrics, ends
        self._months = rep_months(found)
        self._links: dict[tuple[date, str, str, str], Link] = {}
        self._pairs = self._all_pairs()
        self._waited = Judge(found)

    def rows(self) -> list[Row]:
        """Trend, link and verdicts of every headline figure of the company and of its teams."""
        teams = reviewed_teams(self._found)
        rows = []
        for (place, metric), figure in self._figures.items():
            if metric not in self._metrics or place.period_type not in ("month", "quarter"):
                continue
            if place.scope_type == "company" or (
                place.scope_type == "team" and place.scope_key in teams
            ):
                rows.append(self._row(place, metric, figure))
        self._add_q(rows)
        return rows

    def _is_over(self, place: Place) -> bool:
        return self._ends[place] <= self._found.as_of

    def _is_settled(self, place: Place, metric: str, figure: Row) -> bool:
        kind = MATURITY.get(metric)
        until = self._found.as_of if kind is None else self._waited.mature_until(kind, 0.95)
        return figure["status"] in _KNOWN and until is not None and self._ends[place] <= until

    def _row(self, place: Place, metric: str, figure: Row) -> Row:
        points = self._points(place, metric)
        target, value = figure["target"], figure["value"]
        missed = None
        if target is not None and value is not None:
            missed = {"up": value < target, "down": value > target}.get(
                self._metrics[metric].direction
            )
        link = self._link(self._link_month(place), place, metric)
        return {
            **place._asdict(),
            "metric": metric,
            "is_target_missed": missed,
            "trend_periods": len(points),
            **slope_of(points),
            "trend_q_value": None,
            "next_metric": self._metrics[metric].next_step,
            "rep_months": link.rep_months,
            "rank_correlation": link.correlation,
            "rank_correlation_low": link.low,
            "rank_correlation_high": link.high,
            "link_p_value": link.p_value,
            "link_q_value": None,
            "_is_settled": self._is_settled(place, metric, figure),
        }

    def _points(self, place: Place, metric: str) -> list[tuple[float, float]]:
        starts = sorted(
            {
                other.period_start
                for other in self._ends
                if other.period_type == place.period_type
                and self._is_over(other)
                and other.period_start <= place.period_start
            }
        )[-6:]
        found = []
        for start in starts:
            figure = self._figures.get((place._replace(period_start=start), metric))
            worked = self._worked(place._replace(period_start=start), metric)
            at = place._replace(period_start=start)
            if not figure or figure["value"] is None or not self._is_settled(at, metric, figure):
                continue
            value = float(figure["value"])
            if figure["denominator"] is None:
                if not worked:
                    continue
                value /= worked
            found.append((float(_month_number(start)), value))
        step = 1 if place.period_type == "month" else 3
        return [(x / step, y) for x, y in found]

    def _worked(self, place: Place, metric: str) -> float:
        """Working days; of the company those of inside sales, unless the whole company is counted."""
        places = [place]
        if place.scope_type == "company" and not metric.startswith("company_"):
            places = [
                place._replace(scope_type="motion", scope_key=motion) for motion in ("sdr", "bdr")
            ]
        figures = [self._figures.get((one, "working_days")) for one in places]
        return sum(float(figure["value"] or 0) for figure in figures if figure)

    def _link_month(self, place: Place) -> date:
        if self._is_over(place):
            return self._ends[place].replace(day=1)
        return max(
            other.period_start
            for other in self._ends
            if other.period_type == "month" and self._is_over(other)
        )

    def _all_pairs(self) -> dict[str, list[tuple[date, str | None, float, float]]]:
        found = defaultdict(list)
        for metric, said in self._metrics.items():
            if not said.sign or said.next_step is None:
                continue
            for (rep, month), (team, worked) in self._months.items():
                place = Place("month", month, "rep", rep)
                sides = [self._figures.get((place, name)) for name in (metric, said.next_step)]
                if self._ends.get(place, date.max) > self._found.as_of:
                    continue
                values = [
                    side["value"] / (worked if side["denominator"] is None else 1)
                    for side in sides
                    if side is not None and side["status"] == "ok" and side["value"] is not None
                ]
                if len(values) == 2:
                    found[metric].append((month, team, values[0], values[1]))
        return found

    def _link(self, last: date, place: Place, metric: str) -> Link:
        key = (last, place.scope_type, place.scope_key, metric)
        if key not in self._links:
            self._links[key] = link_of(
                [
                    (x, y)
                    for month, team, x, y in self._pairs.get(metric, ())
                    if _month_number(last) - 12 < _month_number(month) <= _month_number(last)
                    and place.scope_type in ("company", "team" if team == place.scope_key else "")
                ]
            )
        return self._links[key]

    def _add_q(self, rows: list[Row]) -> None:
        asked = [
            row
            for row in rows
            if row["is_target_missed"]
            and self._is_over(_place(row))
            and row["_is_settled"]
            and row["trend_p_value"] is not None
        ]
        if asked:
            for row, q in zip(
                asked,
                stats.false_discovery_control([row["trend_p_value"] for row in asked]),
                strict=True,
            ):
                row["trend_q_value"] = float(q)
        teams = sorted({team for team, _ in self._months.values() if team})
        over = [
            place.period_start
            for place in self._ends
            if place.period_type == "month" and self._is_over(place)
        ]
        scopes = [("company", "company"), *(("team", team) for team in teams)]
        for last in set(over):
            for scope_type, scope_key in scopes:
                for metric in self._metrics:
                    self._link(last, Place("month", last, scope_type, scope_key), metric)
        tested = {
            key: link.p_value for key, link in self._links.items() if link.p_value is not None
        }
        q_values = dict(
            zip(
                tested,
                stats.false_discovery_control(list(tested.values())) if tested else (),
                strict=True,
            )
        )
        for row in rows:
            place = _place(row)
            q = q_values.get(
                (self._link_month(place), place.scope_type, place.scope_key, row["metric"])
            )
            row["link_q_value"] = None if q is None else float(q)
            self._judge(row)

    def _judge(self, row: Row) -> None:
        said = self._metrics[row["metric"]]
        if not said.sign:
            verdict = "not tested"
        elif row["link_p_value"] is None:
            verdict = "too few rep-months"
        elif row["link_q_value"] <= 0.05 and row["rank_correlation"] * said.sign > 0:
            verdict = "yes"
        else:
            verdict = "no evidence"
        row["earns_its_place"] = verdict
        is_worse = row["trend"] == {"up": "falling", "down": "rising"}.get(said.direction, "")
        q = row["trend_q_value"]
        best = row["rank_correlation_high" if said.sign > 0 else "rank_correlation_low"]
        row["is_flagged"] = bool(
            (q is not None and q <= 0.05 and is_worse)
            or (
                self._is_over(_place(row))
                and verdict == "no evidence"
                and best is not None
                and best * said.sign < 0.1
                and row["scope_type"] == "company"
                and row["rep_months"] >= 60
            )
        )


def _place(row: Row) -> Place:
    return Place(row["period_type"], row["period_start"], row["scope_type"], row["scope_key"])


def _month_number(day: date) -> int:
    return day.year * 12 + day.month
