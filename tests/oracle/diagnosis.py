"""What is too little or too much, and whether that can be chance (dictionary §7, §0.6), with scipy.

Choices where the text is silent, as the tables describe them:

- Volume is dials per working day of SDRs and BDRs. Conversion is tested on meetings from a connect and split
  on all meetings; a target is one of all meetings, and tested as such.
- Wins are those of the opportunities created in the period: accepted meetings, times opportunities created
  per accepted meeting, times the win rate.
- A list, else a channel, is blamed for more than half of the missing connects where the rest is known not to
  be low as well, or others to reach less on it than elsewhere, and neither speaks against it; too few dials
  to expect ten connects of tell nothing.
- In a split, what has no benchmark (a step without a target) is as it is.
- A share is expected as the benchmark plus half a success; people, channels and lists ordinarily differ by
  0.15, one of them over time by 0.10 (standard deviation of log odds); amounts by 12 % and 8 %. Reps and
  teams that differ more among themselves are granted what they differ by.
- First response is the share of hand-raises answered the same business day; it has no part in the split.
- Compared with its past or a target, a cohort waits for 95 % of outcomes.
- Every test of a release is corrected with all others.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import permutations
from typing import Any

from scipy import stats

from tests.oracle.calendar import days, is_business_day
from tests.oracle.metrics import SCOPES, Row
from tests.oracle.scorecard import Place, Scorecard, places_of
from tests.oracle.status import MATURITY, Judge
from tests.oracle.tables import Answer

PEOPLE = ("company", "business_unit", "team", "rep", "motion")
DIALLING = ("sdr", "bdr")
TRAILING = 90
FACTORS = (
    "volume",
    "connect_rate",
    "meetings_per_connect",
    "effective_meeting_rate",
    "opportunities_per_accepted",
    "win_rate",
)
STEPS = (*FACTORS, "meeting_conversion_rate", "first_response")
# Lines of what cannot be attributed.
NOBODY = {"(unassigned)", "(unlinked)", "(unmapped)", "(none)"}
SPREAD = {
    ("share", True): 0.15,
    ("share", False): 0.10,
    ("amount", True): 0.12,
    ("amount", False): 0.08,
}
CAUSES = {
    "volume": "activity",
    "meeting_conversion_rate": "talk_skill",
    "meetings_per_connect": "talk_skill",
    "effective_meeting_rate": "handover_quality",
    "win_rate": "field_sales_offer",
    "first_response": "first_response",
}
SIGNS: dict[str, tuple[tuple[str, str], ...]] = {
    "dials_up_connect_rate_down": (("volume", "above"), ("connect_rate", "below")),
    "very_short_connects": (("talk_per_connect", "below"),),
    "meetings_without_connect": (("without_connect", "above"),),
    "bookings_up_acceptance_down": (("bookings", "above"), ("effective_meeting_rate", "below")),
    "no_shows_up": (("no_shows", "above"),),
    "bookings_at_period_end": (("period_end_bookings", "above"),),
    "late_decisions": (("late_decisions", "above"),),
}


@dataclass(frozen=True)
class Figure:
    """What is compared: its two counts, whose status it has, what difference is looked for and matters."""

    kind: str
    metric: str
    above: str
    below: str
    side: str
    notable: float
    tested: tuple[str, ...] = ("target", "own_trailing", "peers", "calendar")


FIGURES = {
    "volume": Figure("amount", "dials", "dials", "inside", "both", 0.2),
    "connect_rate": Figure("share", "connect_rate", "connects", "dials", "both", 0.2),
    "meeting_conversion_rate": Figure(
        "share", "meeting_conversion_rate_from_connect", "meetings_acquired_from_connect",
        "connects", "both", 0.25,
    ),
    "effective_meeting_rate": Figure(
        "share", "effective_meeting_rate", "accepted", "meetings_acquired_of_cohort", "both", 0.2
    ),
    "win_rate": Figure(
        "share", "win_rate", "opportunities_won_of_cohort", "opportunities_created", "both", 0.25
    ),
    "first_response": Figure(
        "share", "hand_raise_share_within_same_day", "hand_raises_within_same_day",
        "hand_raises_due_same_day", "both", 0.2,
    ),
    "meetings_per_connect": Figure(
        "share", "meeting_conversion_rate", "meetings_acquired", "connects", "both", 0.25, ("target",)
    ),
    "opportunities_per_accepted": Figure(
        "amount", "effective_meeting_rate", "opportunities_created", "accepted", "both", 0.25, ()
    ),
    "bookings": Figure("amount", "meetings_acquired", "meetings_acquired", "inside", "above", 0.2),
    "talk_per_connect": Figure(
        "amount", "talk_seconds_per_connect", "connect_talk_seconds", "timed_connects", "below", 0.3
    ),
    "without_connect": Figure(
        "share", "meetings_acquired_from_connect", "without_connect", "meetings_acquired", "above", 0.5
    ),
    "no_shows": Figure(
        "share", "no_show_rate", "no_shows_of_cohort", "meetings_outcome_known_of_cohort", "above", 0.5
    ),
    "period_end_bookings": Figure(
        "share", "meetings_acquired", "ending_meetings", "meetings_acquired", "above", 0.5
    ),
    "late_decisions": Figure("share", "pending", "overdue", "due", "above", 0.2),
}  # fmt: skip


@dataclass(frozen=True)
class Counts:
    """Two counts over a window, day by day."""

    pairs: tuple[tuple[float, float], ...]

    @cached_property
    def above(self) -> float:
        return sum(one for one, _ in self.pairs)

    @cached_property
    def below(self) -> float:
        return sum(other for _, other in self.pairs)

    @property
    def value(self) -> float | None:
        return self.above / self.below if self.below else None

    @cached_property
    def days(self) -> int:
        return sum(1 for one, other in self.pairs if one > 0 or other > 0)

    @cached_property
    def variance(self) -> float | None:
        """Of the amount per unit, by its days."""
        if self.days < 2 or not self.below:
            return None
        amount = self.above / self.below
        squares = sum((one - amount * other) ** 2 for one, other in self.pairs)
        return squares * self.days / (self.days - 1) / self.below**2

    @cached_property
    def dispersion(self) -> float:
        """Pearson's chi square of the days per degree of freedom, at least 1."""
        tried = [(one, other) for one, other in self.pairs if other > 0]
        total = sum(one for one, _ in tried)
        if self.days < 10 or not 0 < total < self.below:
            return 1.0
        share = total / self.below
        chi = sum(one**2 / other for one, other in tried) - total * share
        return max(1.0, chi / (share * (1 - share)) / (self.days - 1))


def shapley(after: Sequence[float], before: Sequence[float]) -> list[float]:
    """What each factor adds to the difference of the products, averaged over every order of changing them."""
    parts = [0.0] * len(after)
    orders = list(permutations(range(len(after))))
    for order in orders:
        factors = list(before)
        for at in order:
            old = math.prod(factors)
            factors[at] = after[at]
            parts[at] += (math.prod(factors) - old) / len(orders)
    return parts


class Diagnosis:
    """Every comparison of one answer.

    minimum: the catalogue's minimum sample by metric, which the dictionary leaves to it.
    records: planning's targets and holidays.
    published: the months reported, by metric; one that is not is no gap in somebody's past.
    """

    def __init__(
        self,
        answer: Answer,
        records: Mapping[str, list[Row]],
        minimum: Mapping[str, int],
        published: Mapping[str, set[Place]],
    ) -> None:
        self._answer, self._minimum, self._published = answer, minimum, published
        self._judge, self._scorecard = Judge(answer), Scorecard(answer)
        self._closed = {row["holiday_date"] for row in records.get("planning.company_holidays", ())}
        self._targets = self._read_targets(records.get("planning.targets", ()))
        self._days = self._counted()
        self._windows: dict[tuple[str, str, str, date, date], Counts] = {}

    # -- counting ----------------------------------------------------------------------------------

    def _counted(self) -> dict[tuple[str, str], dict[date, Counter[str]]]:
        found: dict[tuple[str, str], dict[date, Counter[str]]] = defaultdict(
            lambda: defaultdict(Counter)
        )
        for row in self._answer.tables["days"]:
            counts: Counter[str] = Counter(
                {name: row[name] for name in row if isinstance(row[name], int | float)}
            )
            counts["inside"] = row["working_days"] if row["motion"] in DIALLING else 0
            counts["without_connect"] = (
                row["meetings_acquired"] - row["meetings_acquired_from_connect"]
            )
            for scope in self._scopes_of(row):
                found[scope][row["date"]].update(counts)
        for row in self._answer.tables["list_days"]:
            if row["call_list"] is not None and row["call_list"] not in NOBODY:
                found["call_list", row["call_list"]][row["date"]].update(row["counted"])
        expiry = timedelta(days=self._answer.settings.decision_expires_after_days)
        for row in self._answer.tables["fct_meetings"]:
            if not row["is_booked"] or row["days_to_decision"] is None or not row["is_acquired"]:
                continue
            expired = row["last_scheduled_on"] + expiry
            if expired < self._answer.as_of:
                late = row["booked_on"] + timedelta(days=row["days_to_decision"]) > expired
                for scope in self._scopes_of(row, ("company", "rep", "team")):
                    found[scope][row["booked_on"]].update(due=1, overdue=int(late))
        return found

    @staticmethod
    def _scopes_of(row: Row, wanted: Iterable[str] = SCOPES) -> list[tuple[str, str]]:
        found = []
        for scope in wanted:
            columns = SCOPES[scope]
            if len(columns) > 1 or scope == "campaign":
                continue
            key = row.get(columns[0]) if columns else "company"
            if key is not None and str(key) not in NOBODY:
                found.append((scope, str(key)))
        return found

    def _window(self, scope: str, key: str, figure: str, first: date, last: date) -> Counts:
        at = (scope, key, figure, first, last)
        if at not in self._windows:
            of_scope = self._days.get((scope, key), {})
            one, other = self._columns(figure)
            self._windows[at] = Counts(
                tuple(
                    (float(counts[one]), float(counts[other]))
                    for day, counts in of_scope.items()
                    if first <= day <= last
                )
            )
        return self._windows[at]

    @staticmethod
    def _columns(figure: str) -> tuple[str, str]:
        return FIGURES[figure].above, FIGURES[figure].below

    def _ending(self, place: Place) -> date:
        """The first of the last business days of a period."""
        wanted = 3 if place.period_type == "month" else 5
        day = self._judge.end(place)
        while True:
            wanted -= is_business_day(day, self._closed)
            if not wanted:
                return day
            day -= timedelta(days=1)

    def actual(self, place: Place, figure: str) -> Counts:
        """The counts of the period itself."""
        first, last = place.period_start, min(self._judge.end(place), self._answer.as_of)
        if figure == "period_end_bookings":
            ending = self._ending(place)
            whole = self._days.get((place.scope_type, place.scope_key), {})
            return Counts(
                tuple(
                    (
                        float(counts["meetings_acquired"]) if day >= ending else 0.0,
                        float(counts["meetings_acquired"]),
                    )
                    for day, counts in whole.items()
                    if first <= day <= last
                )
            )
        return self._window(place.scope_type, place.scope_key, figure, first, last)

    def trailing(self, place: Place, figure: str) -> Counts:
        """The counts of the 90 days before it."""
        first = place.period_start - timedelta(days=TRAILING)
        return self._window(
            place.scope_type, place.scope_key, figure, first, place.period_start - timedelta(days=1)
        )

    # -- benchmarks --------------------------------------------------------------------------------

    @cached_property
    def _mostly(self) -> dict[tuple[str, date, str, str], str]:
        """What each rep and team mostly did in a period."""
        worked: dict[tuple[str, date, str, str], Counter[str]] = defaultdict(Counter)
        answer = self._answer
        for row in answer.tables["working_days"]:
            if row["motion"] not in DIALLING or row["date"] > answer.as_of:
                continue
            for place in places_of(row, row["date"], answer.settings):
                if place.period_type in ("month", "quarter") and place.scope_type in (
                    "rep",
                    "team",
                ):
                    worked[tuple(place)][row["motion"]] += row["working_days"]  # type: ignore[index]
        return {
            place: min(counted, key=lambda motion: (-counted[motion], motion))
            for place, counted in worked.items()
        }

    def peers(self, place: Place, figure: str) -> list[Counts]:
        """Everybody else who mostly did the same; for channels and lists in which anything was done, all
        others."""
        if place.scope_type in ("rep", "team"):
            mine = self._mostly.get(place)
            if mine is None:
                return []
            others = [
                place._replace(scope_key=key)
                for (kind, start, scope, key), motion in self._mostly.items()
                if (kind, start, scope) == place[:3] and motion == mine and key != place.scope_key
            ]
        elif place.scope_type in PEOPLE or not self.actual(place, figure).pairs:
            return []
        else:
            others = [
                place._replace(scope_key=key)
                for scope, key in self._days
                if scope == place.scope_type and key != place.scope_key
            ]
        counted = [self.actual(other, figure) for other in others]
        return [counts for counts in counted if counts.below > 0]

    def _read_targets(self, rows: Iterable[Row]) -> dict[tuple[Place, str], float]:
        found: dict[tuple[Place, str], tuple[date, float]] = {}
        for row in rows:
            place = Place(
                row["period_type"],
                row["period_start"],
                row["scope_type"],
                row["scope_key"] or row["scope_type"],
            )
            since = row.get("valid_from") or row["period_start"]
            known = found.get((place, row["metric"]))
            if since <= self._answer.as_of and (known is None or since >= known[0]):
                found[(place, row["metric"])] = since, float(row["value"])
        return {key: value for key, (_, value) in found.items()}

    def target(self, place: Place, figure: str) -> float | None:
        return self._targets.get((place, FIGURES[figure].metric))

    def _paced(self, place: Place, target: float) -> float:
        """What a target asks for so far: by business days, of a rep by his own working days if he has any."""
        if place.scope_type == "rep":
            own = {
                day: self._answer.roster.working_day(place.scope_key, day)
                for day in days(place.period_start, self._judge.end(place))
            }
            if any(own.values()):
                over = sum(part for day, part in own.items() if day <= self._answer.as_of)
                return target * over / sum(own.values())
        whole = [
            day
            for day in days(place.period_start, self._judge.end(place))
            if is_business_day(day, self._closed)
        ]
        return target * sum(day <= self._answer.as_of for day in whole) / len(whole)

    # -- comparing ---------------------------------------------------------------------------------

    def status_of(self, place: Place, figure: str) -> str:
        metric = FIGURES[figure].metric
        below = self._scorecard.figure(metric, place)["denominator"]
        return self._judge.status(metric, place, below, self._minimum[metric])

    def _is_unsettled(self, place: Place, figure: str) -> bool:
        kind = MATURITY.get(FIGURES[figure].metric)
        return kind is not None and not self._judge.is_settled(place, kind, 0.95)

    def _has_gaps(self, place: Place, figure: str) -> bool:
        """Whether a month of the 90 days before is there in part only."""
        first = place.period_start - timedelta(days=TRAILING)
        months = {day.replace(day=1) for day in days(first, place.period_start - timedelta(days=1))}
        return any(
            (month_place := Place("month", month, place.scope_type, place.scope_key))
            in self._published.get(FIGURES[figure].metric, ())
            and self.status_of(month_place, figure) in ("unavailable", "partial")
            for month in months
        )

    def compare(self, place: Place, figure: str, benchmark: str) -> Row:
        """One comparison; q_value is for `all` to say."""
        asked = FIGURES[figure]
        status = self.status_of(place, figure)
        own, peers = self.actual(place, figure), self.peers(place, figure)
        past = self.trailing(place, figure)
        above: float | None
        below: float | None
        share: float | None = None
        if benchmark == "own_trailing":
            known = past.days > 0 or self._was_there(place)
            above, below = (past.above, past.below) if known else (None, None)
        elif benchmark == "peers":
            above, below = sum(one.above for one in peers), sum(one.below for one in peers)
        elif benchmark == "calendar":
            first, last = place.period_start, min(self._judge.end(place), self._answer.as_of)
            args = place.scope_type, place.scope_key, "volume"
            above = self._window(*args, self._ending(place), last).below
            below = self._window(*args, first, last).below
        else:
            target = self.target(place, figure)
            assert target is not None
            share = target if asked.kind == "share" else None
            above = self._paced(place, target) if asked.kind == "amount" else None
            below = own.below if asked.kind == "amount" and status != "unavailable" else None
        wanted = (
            share if share is not None else above / below if above is not None and below else None
        )
        is_there = status != "unavailable"
        row: Row = {
            "numerator": own.above if is_there else None,
            "denominator": own.below if is_there else None,
            "value": own.value if is_there else None,
            "benchmark_value": wanted,
            "p_value": None,
        }
        if benchmark in ("own_trailing", "peers") and above is not None and below is not None:
            expected: float | None = (above + 0.5) / (below + 1)
        else:
            expected = wanted
        minimum = self._minimum[asked.metric]
        two = benchmark in ("own_trailing", "peers")
        if status == "ok":
            if benchmark in ("own_trailing", "target") and self._is_unsettled(place, figure):
                status = "maturing"
            elif benchmark == "own_trailing" and self._has_gaps(place, figure):
                status = "partial"
            elif figure == "period_end_bookings" and self._judge.end(place) > self._answer.as_of:
                status = "maturing"
            elif wanted is None or expected is None or (benchmark == "peers" and not peers):
                status = "no_benchmark"
            elif (
                own.below == 0
                or own.below < minimum
                or (
                    asked.kind == "share"
                    and (
                        (two and (below or 0) < minimum)
                        or (asked.side == "both" and own.below * expected < 10)
                        or (asked.side != "both" and own.below < 10)
                        or (asked.side != "both" and two and (below or 0) < 10)
                    )
                )
                or (
                    asked.kind == "amount"
                    and (
                        own.below * wanted < 10
                        or own.days < 10
                        or (benchmark == "own_trailing" and past.days < 10)
                    )
                )
            ):
                status = "small_sample"
        row["status"] = status
        if status != "ok" or benchmark not in asked.tested:
            return row
        assert wanted is not None
        assert expected is not None
        if asked.kind == "amount":
            variance = self._spread_of_amount(place, asked, benchmark, wanted, own, past, peers)
            if variance is None or variance <= 0:
                return row
            z = ((own.value or 0.0) - wanted) / math.sqrt(variance)
            at_least, at_most = float(stats.norm.sf(z)), float(stats.norm.cdf(z))
        else:
            if not 0 < expected < 1:
                return row
            variance = self._spread_of_share(place, benchmark, expected, own, past, peers)
            knowledge = max(expected * (1 - expected) / variance - 1, 0.01)
            seen = min(own.above, own.below)
            chance = stats.betabinom(
                int(own.below), expected * knowledge, (1 - expected) * knowledge
            )
            at_most, at_least = float(chance.cdf(seen)), float(chance.sf(seen - 1))
        row["p_value"] = {
            "both": min(1.0, 2 * min(at_least, at_most)), "above": at_least, "below": at_most,
        }[asked.side]  # fmt: skip
        row["chance_deviation"] = math.sqrt(variance)
        return row

    def _was_there(self, place: Place) -> bool:
        first = place.period_start - timedelta(days=TRAILING)
        return any(
            first <= day < place.period_start
            for day in self._days.get((place.scope_type, place.scope_key), {})
        )

    def _between(self, place: Place, expected: float, kind: str, peers: list[Counts]) -> float:
        """DerSimonian and Laird's variance between peers; that of an ordinary spread if more."""
        scale = expected * (1 - expected) if kind == "share" else expected
        ordinary = (SPREAD[(kind, True)] * scale) ** 2
        if place.scope_type not in ("rep", "team"):
            return ordinary
        weights = [one.below for one in peers]
        total = sum(weights)
        mean = sum(one.above for one in peers) / total
        apart = sum(one.below * (one.above / one.below - mean) ** 2 for one in peers)
        if kind == "share":
            by_chance = scale * (len(peers) - 1)
        else:
            by_chance = sum(
                one.below * (one.variance or 0) * (1 - one.below / total) for one in peers
            )
        free = total - sum(weight**2 for weight in weights) / total
        return max(ordinary, (apart - by_chance) / free if free > 1e-9 else 0.0)

    def _spread_of_share(
        self,
        place: Place,
        benchmark: str,
        expected: float,
        own: Counts,
        past: Counts,
        peers: list[Counts],
    ) -> float:
        trial = expected * (1 - expected)
        ordinary = (SPREAD[("share", False)] * trial) ** 2
        if benchmark == "peers":
            between = self._between(place, expected, "share", peers)
            total = sum(one.below for one in peers)
            uneven = sum(one.below**2 for one in peers) / total**2
            return between * (1 + uneven) + trial / total
        if benchmark == "own_trailing":
            return (
                ordinary
                + past.dispersion * trial / past.below
                + (past.dispersion - 1) * trial / own.below
            )
        if benchmark == "target":
            return ordinary + (own.dispersion - 1) * trial / own.below
        return ordinary

    def _spread_of_amount(
        self,
        place: Place,
        asked: Figure,
        benchmark: str,
        wanted: float,
        own: Counts,
        past: Counts,
        peers: list[Counts],
    ) -> float | None:
        if own.variance is None:
            return None
        ordinary = (SPREAD[("amount", False)] * wanted) ** 2
        if benchmark == "peers":
            between = self._between(place, wanted, asked.kind, peers)
            total = sum(one.below for one in peers)
            uneven = sum(one.below**2 for one in peers) / total**2
            within = sum(one.below**2 * (one.variance or 0) for one in peers) / total**2
            return own.variance + between * (1 + uneven) + within
        if benchmark == "own_trailing":
            return None if past.variance is None else ordinary + own.variance + past.variance
        return ordinary + own.variance

    def all(self, asked: Iterable[tuple[Place, str, str]]) -> dict[tuple[Place, str, str], Row]:
        """Every comparison asked for, corrected together."""
        found = {key: self.compare(*key) for key in asked}
        tested = [row for row in found.values() if row["p_value"] is not None]
        corrected = stats.false_discovery_control([row["p_value"] for row in tested])
        for row, q in zip(tested, corrected, strict=True):
            row["q_value"] = float(q)
        for (_, figure, _), row in found.items():
            row.setdefault("q_value", None)
            row["is_notable"] = bool(
                row["q_value"] is not None
                and row["q_value"] < 0.05
                and abs(row["value"] - row["benchmark_value"])
                >= FIGURES[figure].notable * row["benchmark_value"]
            )
        return found

    # -- what it means -----------------------------------------------------------------------------

    def parts(self, place: Place, benchmark: str, found: Mapping[Any, Row]) -> Row:
        """The difference of accepted meetings and of wins, split over the steps."""
        after: list[float | None] = []
        before: list[float | None] = []
        for figure in FACTORS:
            row = found.get((place, figure, benchmark), {})
            is_known = row.get("status") in ("ok", "small_sample", "no_benchmark")
            now = row.get("value") if is_known else None
            then = row.get("benchmark_value")
            as_it_is = self._own(place, figure, "value", found)
            after.append(next((one for one in (now, then, as_it_is) if one is not None), None))
            before.append(next((one for one in (then, now, as_it_is) if one is not None), None))
        if not any(
            found.get((place, figure, benchmark), {}).get("benchmark_value") is not None
            for figure in FACTORS
        ):
            return {}  # compared with nothing, nothing is missing
        has_people = place.scope_type in PEOPLE
        base = self._own(place, "volume" if has_people else "connect_rate", "denominator", found)
        if not has_people:
            after[0], before[0] = 1.0, 1.0
        result: Row = {}
        for name, count in (("accepted", 4), ("wins", 6)):
            some = [*after[:count], *before[:count]]
            if base is None or None in some:
                continue
            ends = [float(one) for one in after[:count] if one is not None]
            starts = [float(one) for one in before[:count] if one is not None]
            result[f"{name}_difference"] = base * (math.prod(ends) - math.prod(starts))
            for step, part in zip(FACTORS, shapley(ends, starts), strict=False):
                if step == "meetings_per_connect" and benchmark != "target":
                    step = "meeting_conversion_rate"
                result[f"{step}_{name}_part"] = base * part
        return result

    @staticmethod
    def _own(place: Place, figure: str, column: str, found: Mapping[Any, Row]) -> float | None:
        """What a figure is, which no benchmark changes."""
        rows = (found.get((place, figure, one)) for one in ("target", "own_trailing", "peers"))
        value: float | None = next((row[column] for row in rows if row is not None), None)
        return value

    def cause(
        self, place: Place, figure: str, benchmark: str, found: Mapping[Any, Row]
    ) -> str | None:
        """The probable cause of a flagged step."""
        row = found[(place, figure, benchmark)]
        if not row["is_notable"]:
            return None
        if row["value"] > row["benchmark_value"]:
            return "strength"
        if figure in ("connect_rate", "meeting_conversion_rate", "meetings_per_connect"):
            connects = found.get((place, "connect_rate", benchmark))
            if (
                connects is not None
                and connects["is_notable"]
                and connects["value"] < connects["benchmark_value"]
            ):
                is_itself = place.scope_type in ("channel", "call_list")
                named = is_itself or self.carrier(place, connects["benchmark_value"])
                return "list_accuracy" if named else "reach"
            if place.scope_type not in PEOPLE:
                return "lead_quality"
        return CAUSES[figure]

    def carrier(self, place: Place, benchmark_value: float) -> tuple[str, str, float] | None:
        """What a low rate's missing connects are lacking in, its kind, and its share: a call list, else a
        channel."""
        last = min(self._judge.end(place), self._answer.as_of)
        columns = SCOPES[place.scope_type]
        dials = [
            call
            for call in self._answer.tables["fct_calls"]
            if call["is_dial"] and place.period_start <= call["called_on"] <= last
        ]

        own = [call for call in dials if not columns or call[columns[0]] == place.scope_key]
        others = [
            call
            for call in dials
            if columns
            and call[columns[0]] != place.scope_key
            and call["motion"] in DIALLING
            and call["rep_id"] not in (None, *NOBODY)
        ]
        for kind in ("call_list", "channel"):
            lacking: Counter[str | None] = Counter()
            for call in own:
                lacking[call[kind]] += benchmark_value - call["is_connect"]
            named = {
                name: lack
                for name, lack in lacking.items()
                if name is not None and name not in NOBODY
            }
            if not named:
                continue
            worst = min(named, key=lambda name: (-named[name], name))
            share = named[worst] / sum(lack for lack in lacking.values() if lack > 0)
            evidence = [
                self._is_low([call for call in own if call[kind] != worst], benchmark_value),
                self._is_low_for(others, kind, worst),
            ]
            if share > 0.5 and evidence in ([False, None], [None, True], [False, True]):
                return worst, kind, min(1.0, share)
        return None

    @staticmethod
    def _is_low(calls: Sequence[Row], level: float) -> bool | None:
        """Whether notably less than `level` of the calls reached somebody; None where too few tell."""
        if len(calls) * level < 10:
            return None
        limit = len(calls) * level * (1 - FIGURES["connect_rate"].notable)
        return sum(bool(call["is_connect"]) for call in calls) < limit

    def _is_low_for(self, others: Sequence[Row], kind: str, name: str) -> bool | None:
        """Whether those of the others who call a list or channel reach notably less on it than elsewhere."""
        here = [call for call in others if call[kind] == name]
        callers = {call["rep_id"] for call in here}
        there = [call for call in others if call[kind] != name and call["rep_id"] in callers]
        reached = sum(bool(call["is_connect"]) for call in there)
        return self._is_low(here, reached / len(there)) if reached >= 10 else None

    def signs(self, place: Place, found: Mapping[Any, Row]) -> list[str]:
        """The signs of a number being gamed that a rep or team shows."""

        def is_seen(figure: str, direction: str, benchmark: str) -> bool:
            row = found.get((place, figure, benchmark))
            return (
                row is not None
                and row["is_notable"]
                and (row["value"] < row["benchmark_value"]) == (direction == "below")
            )

        return [
            code
            for code, needed in SIGNS.items()
            if any(
                all(is_seen(figure, direction, benchmark) for figure, direction in needed)
                for benchmark in ("own_trailing", "peers", "calendar")
            )
        ]
