"""What moved between two answers: the same days, counted with what was known then and with what is known now.

Dictionary §0.5, §8. A figure of the earlier answer stands for days up to its as-of date; the later answer is
cut to the same days before it is counted. Choices where the text is silent:
- A figure that was, or is, unavailable (§0.2) counts as nothing in the difference and stays absent as a
  value.
- Of a period under way on the earlier day the later answer says unavailable only if the whole of it has no
  data.
- Restatements are shown for the scopes of one attribute.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date

from tests.oracle.metrics import KNOWN, RATIOS, Row, scopes_of
from tests.oracle.scorecard import Place, Scorecard
from tests.oracle.status import Judge
from tests.oracle.tables import Answer

SCOPES = ("company", "business_unit", "team", "rep", "motion", "channel", "campaign")


def moves(before: Answer, after: Answer) -> dict[tuple[Place, str], Row]:
    """(place, metric) → old and new numerator, denominator and value, of everything that moved."""
    old, new = _Side(before, before), _Side(after, _until(after, before))
    places = {
        place
        for place in old.counted.places.keys() | new.counted.places.keys()
        if place.scope_type in SCOPES
    }
    found = {}
    for place in places:
        for metric in KNOWN:
            if place.scope_type not in scopes_of(metric):
                continue
            was, now = old.figure(metric, place), new.figure(metric, place)
            names = ("numerator", "denominator")
            if any(abs((was[name] or 0) - (now[name] or 0)) > 1e-6 for name in names):
                found[(place, metric)] = {
                    **{f"old_{name}": value for name, value in was.items()},
                    **{f"new_{name}": value for name, value in now.items()},
                    **{f"{name}_difference": (now[name] or 0) - (was[name] or 0) for name in names},
                }
                if metric not in RATIOS:
                    found[(place, metric)]["denominator_difference"] = None
    return found


@dataclass(frozen=True)
class Reached:
    """Of how many things of a month a flag changed: for what came to pass later, and otherwise."""

    later: int
    otherwise: int


def reached(before: Answer, after: Answer) -> dict[tuple[str, date], Reached]:
    """(metric, first of the month) → what changed in it, company-wide.

    What came to pass after the earlier day, nobody could know then: no cause but the late fact is its.
    """
    found: dict[tuple[str, date], Reached] = {}
    for metric, flag in _FLAGS.items():
        then, now = _rows(before, flag), _rows(after, flag)
        counts: dict[date, list[int]] = defaultdict(lambda: [0, 0])
        for key in then.keys() | now.keys():
            old, new = then.get(key, {}), now.get(key, {})
            if bool(old.get(flag.name)) == bool(new.get(flag.name)):
                continue
            days = [new[day] for day in flag.days if new.get(day) is not None]
            is_later = bool(new.get(flag.name)) and bool(old) and min(days) > before.as_of
            for row in (old, new):
                if row and row[flag.dated] is not None and row[flag.dated] <= before.as_of:
                    counts[row[flag.dated].replace(day=1)][not is_later] += 1
                    break
        found |= {(metric, month): Reached(*counted) for month, counted in counts.items()}
    return found


@dataclass(frozen=True)
class _Flag:
    """A flag of a table, and the days the first of which made it true."""

    table: str
    key: str
    dated: str
    name: str
    days: tuple[str, ...]


_FLAGS = {
    "leads_reached_meeting_of_cohort": _Flag(
        "fct_leads", "person_id", "counted_on", "has_reached_meeting", ("met_on", "opportunity_on")
    ),
    "leads_reached_accepted_of_cohort": _Flag(
        "fct_leads",
        "person_id",
        "counted_on",
        "has_reached_accepted",
        ("accepted_on", "won_on"),
    ),
    "leads_reached_won_of_cohort": _Flag(
        "fct_leads", "person_id", "counted_on", "has_reached_won", ("won_on",)
    ),
    "hand_raises_attempted": _Flag(
        "fct_hand_raises", "hand_raise_id", "raised_on", "is_attempted", ("attempted_on",)
    ),
}


def _rows(answer: Answer, flag: _Flag) -> dict[str, Row]:
    return {row[flag.key]: row for row in answer.tables[flag.table]}


def _until(after: Answer, before: Answer) -> Answer:
    """The later answer without what lies after the earlier as-of date."""
    tables = {
        name: [row for row in after.tables[name] if row["date"] <= before.as_of]
        for name in ("days", "approaches")
    }
    return replace(after, tables=after.tables | tables)


class _Side:
    """One answer's figures, absent where it says unavailable."""

    def __init__(self, judged: Answer, counted: Answer) -> None:
        self._judge = Judge(judged)
        self.counted = Scorecard(counted)

    def figure(self, metric: str, place: Place) -> Row:
        figure = self.counted.figure(metric, place)
        if self._judge.status(metric, place, figure["denominator"], 0) == "unavailable":
            return dict.fromkeys(figure)
        return figure
