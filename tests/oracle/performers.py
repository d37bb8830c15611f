"""What the top reps do differently (dictionary §7 kpi_high_performers), one plain calculation.

What the text leaves open and the model's description decides:
- People are compared within a motion, quarter by quarter and fiscal year by fiscal year.
- Outcome: accepted meetings booked on mature days, by working day; where nobody records what field
  sales accepts, the meetings acquired. Only days count whose exports are there.
- Top: the outcome exceeds the person's share of all working days by more than the best of as many
  equal people would once in twenty times (square roots of counts, normal, Bonferroni), scatter of
  everybody's own months taken into account. Four people of ten days, five expected outcomes.
- A trait is a ratio of sums; who has fewer than ten below the line is not in it. People scatter about
  the value of their group with one variance, freed of what the weights of the group value take away.
- q: Benjamini and Hochberg over all comparisons there are.
- A keyword is a trait from twenty calls and three people on; only analysed calls of the webhook tell.
- A call only the CRM knows has no hour.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from math import sqrt

from scipy import stats

from tests.oracle.calendar import period
from tests.oracle.metrics import ADDITIVE, RATIOS, Row
from tests.oracle.roster import UNASSIGNED
from tests.oracle.scorecard import Place
from tests.oracle.status import Judge
from tests.oracle.tables import Answer

PERIODS = ("quarter", "fiscal_year")
BANDS = ((0, 9), (9, 11), (11, 13), (13, 15), (15, 17), (17, 24))
METRICS = (
    "talk_seconds_per_connect", "key_person_share", "turns_per_analysed_call", "agent_talk_ratio",
    "hand_raise_share_within_same_day",
)  # fmt: skip
Group = tuple[str, date, str]  # period type, its first day, motion


@dataclass
class Person:
    """One person of one motion in one period."""

    rep: str
    outcome: float = 0.0
    days: float = 0.0
    months: dict[date, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))
    sums: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    hours: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    persons: set[str] = field(default_factory=set)
    dials_to_persons: int = 0
    telling: int = 0
    keywords: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    is_top: bool = False

    def traits(self, keywords: Iterable[str]) -> dict[str, tuple[float, float]]:
        """(above, below) of everything that is compared."""
        sums = self.sums
        found = {
            "dials_per_working_day": (sums["dials"], sums["working_days"]),
            "key_person_talk_seconds_per_connect": (
                sums["key_person_talk_seconds"],
                sums["timed_connects"],
            ),
            "attempts_per_lead": (self.dials_to_persons, len(self.persons)),
        }
        for metric in METRICS:
            above, below = RATIOS[metric]
            found[metric] = sums[above], sums[below]
        for first, end in BANDS:
            in_band = sum(dials for hour, dials in self.hours.items() if first <= hour < end)
            found[f"dials_from_{first:02d}_to_{end:02d}_share"] = (
                in_band,
                sum(self.hours.values()),
            )
        for word in keywords:
            found[f"keyword:{word}"] = self.keywords[word], self.telling
        return {trait: (float(above), float(below)) for trait, (above, below) in found.items()}


def high_performers(found: Answer, judge: Judge) -> list[Row]:
    """Rows of kpi_high_performers without names and sentences."""
    groups = _people(found, judge)
    rows: list[Row] = []
    for group, everybody in groups.items():
        people = [person for person in everybody if person.days >= 10]
        if not people:
            continue
        can_be_compared = _mark_top(people)
        keywords = _keywords(everybody)
        for trait in people[0].traits(keywords):
            rows.append(
                dict(zip(("period_type", "period_start", "motion"), group, strict=True))
                | {"trait": trait, "people_compared": len(people)}
                | _outcomes(people)
                | _compared(trait, people, keywords)
                | {"status": _status(judge, group, can_be_compared)}
            )
    tested = [row for row in rows if row["p_value"] is not None]
    if tested:
        corrected = stats.false_discovery_control([row["p_value"] for row in tested])
        for row, q_value in zip(tested, corrected, strict=True):
            row["q_value"] = float(q_value)
    for row in rows:
        row["is_flagged"] = row["q_value"] is not None and row["q_value"] <= 0.05
    return rows


def _people(found: Answer, judge: Judge) -> dict[Group, list[Person]]:
    people: dict[tuple[Group, str], Person] = {}
    has_acceptance = judge.is_recorded("acceptance")
    outcome = "accepted" if has_acceptance else "meetings_acquired"
    mature_until = judge.mature_until("decision")
    calls_of = found.coverage.of_need("cti"), found.coverage.of_need("sfa_tasks")
    needs = ["sfa_events", "shodan_event"] + (["sfa_opportunities"] if has_acceptance else [])

    def of(row: Row, day: date) -> list[Person]:
        if row["motion"] not in ("sdr", "bdr") or row["rep_id"] == UNASSIGNED:
            return []
        groups = [(kind, _start(found, day, kind), row["motion"]) for kind in PERIODS]
        return [
            people.setdefault((group, row["rep_id"]), Person(row["rep_id"])) for group in groups
        ]

    for row in found.tables["days"]:
        day = row["date"]
        attributes = found.roster.valid_on(row["rep_id"], day)
        has_calls = day in calls_of[0 if attributes is None or attributes.has_cti else 1]
        has_outcome = all(judge.is_met(need, day, "company", "company") for need in needs) and (
            not has_acceptance or (mature_until is not None and day <= mature_until)
        )
        for person in of(row, day):
            if has_outcome:
                person.outcome += row[outcome]
                person.days += row["working_days"]
                person.months[day.replace(day=1)][0] += row[outcome]
                person.months[day.replace(day=1)][1] += row["working_days"]
            if has_calls:
                for name in ADDITIVE:
                    person.sums[name] += row[name]
    for row in found.tables["fct_calls"]:
        if not row["is_dial"]:
            continue
        for person in of(row, row["called_on"]):
            if row["hour"] is not None:
                person.hours[row["hour"]] += 1
            if row["person_id"]:
                person.dials_to_persons += 1
                person.persons.add(row["person_id"])
            person.telling += row["can_tell_keywords"]
            for word in row["keywords"] if row["has_analysis"] else ():
                person.keywords[word] += 1
    groups: dict[Group, list[Person]] = defaultdict(list)
    for (group, _), person in people.items():
        groups[group].append(person)
    return groups


def _mark_top(people: list[Person]) -> bool:
    """Mark who is reliably above the rest; says whether people can be compared at all."""
    outcome, days = sum(one.outcome for one in people), sum(one.days for one in people)
    expected = {one.rep: outcome * one.days / days for one in people}
    if len(people) < 4 or max(expected.values()) < 5:
        return False
    squares, freedom = 0.0, 0
    for one in people:
        worked = [month for month in one.months.values() if month[1] > 0]
        if one.outcome > 0 and worked:
            for count, worked_days in worked:
                due = one.outcome * worked_days / one.days
                squares += (count - due) ** 2 / due
            freedom += len(worked) - 1
    dispersion = max(1.0, squares / freedom) if freedom else 1.0
    reach = stats.norm.isf(0.05 / len(people))
    for one in people:
        due = expected[one.rep]
        surprise = 2 * (sqrt(one.outcome) - sqrt(due)) / sqrt(dispersion * (1 - one.days / days))
        one.is_top = bool(due >= 5 and surprise > reach)
    return True


def _keywords(everybody: list[Person]) -> list[str]:
    words = {word for one in everybody for word in one.keywords}
    return sorted(
        word
        for word in words
        if sum(one.keywords.get(word, 0) for one in everybody) >= 20
        and sum(one.keywords.get(word, 0) > 0 for one in everybody) >= 3
    )


def _outcomes(people: list[Person]) -> Row:
    row: Row = {"top_reps_count": sum(one.is_top for one in people)}
    for name, is_top in (("top", True), ("others", False)):
        side = [one for one in people if one.is_top == is_top]
        row[f"{name}_outcome"] = sum(one.outcome for one in side) if side else None
        row[f"{name}_outcome_days"] = sum(one.days for one in side) if side else None
        row[f"{name}_outcome_per_day"] = (
            row[f"{name}_outcome"] / row[f"{name}_outcome_days"] if side else None
        )
    return row


def _compared(trait: str, people: list[Person], keywords: Iterable[str]) -> Row:
    row: Row = dict.fromkeys(
        (
            "difference",
            "difference_low",
            "difference_high",
            "degrees_of_freedom",
            "p_value",
            "q_value",
        )
    )
    squares, divisor, weight, values, count = 0.0, 0.0, 0.0, {}, 0
    for name, is_top in (("top", True), ("others", False)):
        side = [
            (one, *one.traits(keywords)[trait])
            for one in people
            if one.is_top == is_top and one.traits(keywords)[trait][1] >= 10
        ]
        above, below = sum(one[1] for one in side), sum(one[2] for one in side)
        row |= {
            f"{name}_people": len(side) if side else None,
            f"{name}_dials": sum(one[0].sums["dials"] for one in side) if side else None,
            f"{name}_numerator": above if side else None,
            f"{name}_denominator": below if side else None,
            f"{name}_value": above / below if side else None,
        }
        if side:
            values[name] = above / below
            shares = [each / below for _, _, each in side]
            concentration = sum(share**2 for share in shares)
            squares += sum((a / b - above / below) ** 2 for _, a, b in side)
            divisor += sum(1 - 2 * share + concentration for share in shares)
            weight += concentration
            count += len(side)
    if len(values) == 2:
        row["difference"] = values["top"] - values["others"]
        freedom = count - 2
        error = sqrt(squares / divisor * weight) if divisor > 1e-12 else 0.0
        if freedom >= 2 and error > 1e-9:
            reach = float(stats.t.ppf(0.975, freedom)) * error
            row |= {
                "difference_low": row["difference"] - reach,
                "difference_high": row["difference"] + reach,
                "degrees_of_freedom": freedom,
                "p_value": float(2 * stats.t.sf(abs(row["difference"]) / error, freedom)),
            }
    return row


def _status(judge: Judge, group: Group, can_be_compared: bool) -> str:
    kind, start, motion = group
    place = Place(kind, start, "motion", motion)
    covered, days = judge.covered_days("dials", place)
    if not covered:
        return "unavailable"
    if covered < days:
        return "partial"
    until = judge.mature_until("decision")
    if judge.is_recorded("acceptance") and (until is None or judge.end(place) > until):
        return "maturing"
    return "ok" if can_be_compared else "small_sample"


def _start(found: Answer, day: date, kind: str) -> date:
    return period(
        day,
        kind,
        first_weekday=found.settings.week_starts_on,
        fiscal_start=found.settings.fiscal_year_start_month,
    )
