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

from dataclasses import replace

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
