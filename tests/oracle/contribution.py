"""What each rep adds to the team's goal (dictionary §7 kpi_contribution).

What the text leaves open and the model's description decides:
- A rep stands in every team the days' events put them in; everybody with a working day as SDR or BDR
  is there, others only where they counted something.
- Rates are the team's own: of the days of the period, and of 90 days at least (a year for the size of
  deals), up to the last day of the period or the last mature one; a day counts when both sides of the
  rate were exported. Below the catalogue's minimum sample (five wins with an amount for the average)
  there is no rate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

from tests.oracle.calendar import period
from tests.oracle.metrics import Row
from tests.oracle.scorecard import Place
from tests.oracle.status import Judge
from tests.oracle.tables import Answer

PERIODS = ("month", "quarter", "fiscal_year")
PARTS = (
    "approaches", "connects", "meetings_acquired", "accepted", "accepted_mature", "wins",
    "won_amount_yen",
)  # fmt: skip
_CONVERSION = ("cti", "sfa_events", "shodan_event")
_ACCEPTANCE = ("sfa_events", "sfa_opportunities", "shodan_event", "acceptance")
_DEAL = ("sfa_events", "sfa_opportunities")


def contribution(found: Answer, judge: Judge, minimum: Mapping[str, int]) -> list[Row]:
    """Rows of kpi_contribution; `minimum` holds the catalogue's minimum samples."""
    return _Contribution(found, judge, minimum).rows()


class _Contribution:
    def __init__(self, found: Answer, judge: Judge, minimum: Mapping[str, int]) -> None:
        self._found, self._judge, self._minimum = found, judge, minimum
        self._mature = {kind: judge.mature_until(kind) for kind in ("decision", "win")}
        self._team_days: dict[str, dict[date, dict[str, float]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(float))
        )

    def rows(self) -> list[Row]:
        sums: dict[tuple[str, date, str, str], dict[str, float]] = defaultdict(
            lambda: defaultdict(float)
        )
        until = self._mature["decision"]
        for row in self._found.tables["days"]:
            amounts = {name: row[name] for name in PARTS if name in row}
            amounts["accepted_mature"] = (
                row["accepted"] if until is not None and row["date"] <= until else 0
            )
            amounts["working_days"] = row["working_days"]
            amounts["inside"] = row["working_days"] if row["motion"] in ("sdr", "bdr") else 0
            for kind in PERIODS:
                start = period(
                    row["date"],
                    kind,
                    first_weekday=self._found.settings.week_starts_on,
                    fiscal_start=self._found.settings.fiscal_year_start_month,
                )
                for name, amount in amounts.items():
                    sums[(kind, start, row["team"], row["rep_id"])][name] += amount
            self._add_team_day(row)
        members = {
            key: counted
            for key, counted in sums.items()
            if counted["inside"] > 0 or any(counted[part] for part in PARTS)
        }
        teams: dict[tuple[str, date, str], dict[str, float]] = defaultdict(
            lambda: defaultdict(float)
        )
        for (kind, start, team, _), counted in members.items():
            for part in PARTS:
                teams[(kind, start, team)][part] += counted[part]
                teams[(kind, start, "")][part] += counted[part]
        return [self._row(key, counted, teams) for key, counted in members.items()]

    def _add_team_day(self, row: Row) -> None:
        day = self._team_days[row["team"]][row["date"]]
        for name in (
            "connects", "meetings_acquired", "meetings_acquired_of_cohort", "accepted",
            "opportunities_won_of_cohort", "won_amount_yen",
        ):  # fmt: skip
            day[name] += row[name]
        day["deals"] += row["wins"] - row["won_amounts_missing"] - row["won_amounts_unconverted"]

    def _row(
        self,
        key: tuple[str, date, str, str],
        counted: Mapping[str, float],
        teams: Mapping[tuple[str, date, str], Mapping[str, float]],
    ) -> Row:
        kind, start, team, rep = key
        place = Place(kind, start, "team", team)
        company = Place(kind, start, "company", "company")
        row: Row = {
            "period_type": kind,
            "period_start": start,
            "team": team,
            "rep_id": rep,
            "working_days": counted["working_days"],
        }
        covered = []
        for part in PARTS:
            metric = "accepted" if part == "accepted_mature" else part
            days, all_days = self._judge.covered_days(metric, place)
            covered.append((days, all_days))
            value = counted[part] if days else None
            whole = teams[(kind, start, team)][part] if days else None
            everything = (
                teams[(kind, start, "")][part]
                if self._judge.covered_days(metric, company)[0]
                else None
            )
            row |= {
                part: value,
                f"team_{part}": whole,
                f"company_{part}": everything,
                f"{part}_share_of_team": _share(value, whole),
                f"{part}_share_of_company": _share(value, everything),
            }
        row |= self._rates(place)
        row |= self._expected(row)
        row["status"] = self._status(covered, place, row)
        return row

    def _rates(self, place: Place) -> Row:
        end = min(self._judge.end(place), self._found.as_of)
        decided, won = self._mature["decision"], self._mature["win"]
        row: Row = {}
        for above, below, rate, needs, last, days, minimum, numerator, denominator in (
            (
                "conversion_meetings", "conversion_connects", "meetings_per_connect", _CONVERSION,
                end, 90, self._minimum["meeting_conversion_rate"], "meetings_acquired", "connects",
            ),
            (
                "acceptance_accepted", "acceptance_meetings", "accepted_per_meeting", _ACCEPTANCE,
                decided and min(end, decided), 90, self._minimum["effective_meeting_rate"],
                "accepted", "meetings_acquired_of_cohort",
            ),
            (
                "win_wins", "win_accepted", "wins_per_accepted", _ACCEPTANCE,
                won and min(end, won), 90, self._minimum["win_rate"],
                "opportunities_won_of_cohort", "accepted",
            ),
            (
                "deal_amount_yen", "deal_wins", "average_won_amount_yen", _DEAL,
                end, 365, 5, "won_amount_yen", "deals",
            ),
        ):  # fmt: skip
            found = [
                counted
                for day, counted in self._team_days[place.scope_key].items()
                if last is not None
                and min(place.period_start, last - timedelta(days=days - 1)) <= day <= last
                and all(
                    self._judge.is_met(need, day, place.scope_type, place.scope_key)
                    for need in needs
                )
            ]
            top, bottom = (
                sum(counted[name] for counted in found) for name in (numerator, denominator)
            )
            row |= {
                above: top,
                below: bottom,
                rate: top / bottom if bottom and bottom >= minimum else None,
            }
        return row

    def _expected(self, row: Row) -> Row:
        chain = (
            ("expected_yen_of_accepted", "accepted", "wins_per_accepted"),
            ("expected_yen_of_meetings", "meetings_acquired", "accepted_per_meeting"),
            ("expected_yen_of_connects", "connects", "meetings_per_connect"),
        )
        worth, expected = row["average_won_amount_yen"], {}
        for name, part, rate in chain:
            worth = None if worth is None or row[rate] is None else worth * row[rate]
            expected[name] = None if worth is None or row[part] is None else row[part] * worth
        expected["_worth_of_a_connect"] = worth
        return expected

    def _status(self, covered: list[tuple[int, int]], place: Place, row: Row) -> str:
        if not any(days for days, _ in covered):
            return "unavailable"
        if any(days < all_days for days, all_days in covered):
            return "partial"
        decided = self._mature["decision"]
        if decided is None or self._judge.end(place) > decided:
            return "maturing"
        return "small_sample" if row["_worth_of_a_connect"] is None else "ok"


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
