"""How far the speech and duration rules agree with written results (formats §7.2; dictionary §8).

Choices where the text is silent:
- Only dials the rule would have had to judge are held against their result: answered, by no machine as
  far as the telephone knows, with an agent, not of the CRM alone; of a person (dictionary §1: without a
  person-level match no rule makes a connect).
- Which rule it would have been is decided as if nobody had written a result: analysis first, then the
  duration, which a source that requires results does not have.
- The sweep tries the duration rule at 10, 20 … 120 seconds on the same dials, over all months.
- Fewer than 200 such dials are too few (formats §7.2). All months together are a sample: days that are
  not covered make a month partial, not the sample.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from math import sqrt

from tests.oracle.calls import INTENDED, NOT_INTENDED, Call
from tests.oracle.metrics import Row
from tests.oracle.roster import UNASSIGNED, Roster

KEY = ("rule", "setting", "period_type", "scope_type", "scope_key")
THRESHOLDS = tuple(range(10, 121, 10))
MINIMUM = 200
AS_CONFIGURED = "as_configured"
COUNTS = (
    "true_positives", "false_positives", "false_negatives", "true_negatives",
    "dials_without_person", "connects_by_rule", "connects",
)  # fmt: skip
_SETTINGS: tuple[tuple[str, int | None], ...] = (
    ("speech", None), ("duration", None), *(("duration", seconds) for seconds in THRESHOLDS),
)  # fmt: skip
Place = tuple[str, date | None, str, str]


def calibration(calls: Iterable[Call], roster: Roster) -> list[Row]:
    """Rows of kpi_connect_calibration that count anything; period_start is None for all months."""
    found: dict[tuple[str, int | None, Place], Counter[str]] = defaultdict(Counter)
    for call in calls:
        if not call.is_dial:
            continue
        for rule, threshold in _SETTINGS:
            counts = _counted(call, rule, threshold)
            for place in _places(call, roster) if counts else ():
                if threshold is None or place[0] == "all":
                    found[(rule, threshold, place)].update(counts)
    return [
        {
            "rule": rule,
            "setting": AS_CONFIGURED if threshold is None else f"{threshold} s",
            "threshold_seconds": threshold,
            "period_type": place[0],
            "period_start": place[1],
            "scope_type": place[2],
            "scope_key": place[3],
            **_figures(counts),
        }
        for (rule, threshold, place), counts in found.items()
    ]


def _places(call: Call, roster: Roster) -> Iterator[Place]:
    team = roster.attributes(call.rep, call.day).team
    scopes = (("company", "company"), ("team", team), ("rep", call.rep or UNASSIGNED))
    for scope in scopes:
        yield ("month", call.day.replace(day=1), *scope)
        yield ("all", None, *scope)


def _counted(call: Call, rule: str, threshold: int | None) -> Counter[str]:
    counts: Counter[str] = Counter()
    judged_by = _rule_of(call)
    passes = judged_by == rule and _passes(call, rule, threshold)
    is_connect = call.is_connect
    if threshold is not None and call.is_connect and call.connect_basis == "duration":
        is_connect = False
    is_told = call.disposition in INTENDED or call.disposition in NOT_INTENDED
    if judged_by == rule:
        if call.match_level != "person":
            counts["dials_without_person"] += int(is_told)
        elif is_told:
            is_intended = call.disposition in INTENDED
            right = "true" if passes == is_intended else "false"
            counts[f"{right}_{'positives' if passes else 'negatives'}"] += 1
        elif passes:
            counts["connects_by_rule"] += 1
            is_connect = True
    counts["connects"] += int(is_connect)
    return +counts


def _rule_of(call: Call) -> str | None:
    """Which rule would decide without a result."""
    if call.origin == "crm" or call.is_internal or call.is_open or not call.has_agent:
        return None
    if not call.is_answered or call.answered_by in ("machine", "fax"):
        return None
    if call.has_analysis:
        return "speech"
    return None if call.source.require_disposition else "duration"


def _passes(call: Call, rule: str, threshold: int | None) -> bool:
    source = call.source
    if call.talk_seconds < source.min_human_seconds:
        return False
    if rule == "duration":
        wanted = source.duration_min_seconds if threshold is None else threshold
        return call.talk_seconds >= wanted
    return call.talk_seconds >= source.speech_min_seconds and (
        (call.turns or 0) >= source.speech_min_turns
        or call.customer_talk_seconds >= source.speech_min_customer_seconds
        or call.customer_spoke
    )


def _figures(counts: Counter[str]) -> Row:
    right = counts["true_positives"]
    judged, told = right + counts["false_positives"], right + counts["false_negatives"]
    dials = judged + counts["false_negatives"] + counts["true_negatives"]
    by_rule = counts["connects_by_rule"]
    low, high = wilson(right, judged)
    recall_low, recall_high = wilson(right, told)
    return {
        **{name: counts[name] for name in COUNTS},
        "calibration_dials": dials,
        "judged_connects": judged,
        "told_connects": told,
        "precision_rate": right / judged if judged else None,
        "precision_rate_low": low,
        "precision_rate_high": high,
        "recall_rate": right / told if told else None,
        "recall_rate_low": recall_low,
        "recall_rate_high": recall_high,
        "connects_by_rule_rate": by_rule / counts["connects"] if counts["connects"] else None,
    }


def wilson(successes: int, trials: int) -> tuple[float | None, float | None]:
    """The proportions whose distance from the one seen is 1.96 of their own standard errors."""
    if not trials:
        return None, None
    z, share = 1.959963984540054, successes / trials
    # (share - p)² = z² p (1 - p) / n, solved for p.
    a = 1 + z * z / trials
    b = -(2 * share + z * z / trials)
    root = sqrt(max(b * b - 4 * a * share * share, 0.0))
    return max((-b - root) / (2 * a), 0.0), min((-b + root) / (2 * a), 1.0)


def nothing() -> Row:
    """The figures of a place in which nothing was dialled."""
    return _figures(Counter())
