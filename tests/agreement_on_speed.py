"""Where the warehouse and the oracle differ about speed to lead; shared by the tests that compare the two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC
from fractions import Fraction
from typing import Any

from dagster_project.settings import House
from tests.agreement import Reader, same, unequal_rows
from tests.harness import query
from tests.oracle.metrics import Row
from tests.oracle.scorecard import Place, places_of
from tests.oracle.speed import HandRaise, quantile
from tests.oracle.tables import Answer

COLUMNS = (
    "raised_on", "raised_at", "touch_type", "rep_id", "team", "business_unit", "motion",
    "manager_rep_id", "account_id", "channel_group", "channel", "campaign", "is_linked",
    "is_attempted", "is_connected", "is_open", "clock_started_at", "clock_started_on",
    "hours_basis", "attempted_at", "attempted_on", "attempt_kind", "attempt_id", "connected_at",
    "connect_call_id", "business_minutes_to_attempt", "clock_minutes_to_attempt",
    "business_minutes_to_connect", "clock_minutes_to_connect", "open_business_minutes",
    "is_within_5_minutes", "is_due_5_minutes", "is_within_30_minutes", "is_due_30_minutes",
    "is_within_60_minutes", "is_due_60_minutes", "is_within_same_day", "is_due_same_day",
)  # fmt: skip
COUNTS = (
    "hand_raises", "hand_raises_linked", "hand_raises_attempted", "hand_raises_connected",
    "hand_raises_open", "hand_raises_within_5_minutes", "hand_raises_due_5_minutes",
    "hand_raises_within_30_minutes", "hand_raises_due_30_minutes",
    "hand_raises_within_60_minutes", "hand_raises_due_60_minutes", "hand_raises_within_same_day",
    "hand_raises_due_same_day",
)  # fmt: skip
SHARES = (
    "hand_raise_share_within_5_minutes", "hand_raise_share_within_30_minutes",
    "hand_raise_share_within_60_minutes", "hand_raise_share_within_same_day",
    "hand_raise_attempted_share", "hand_raise_connected_share",
)  # fmt: skip
_INSTANTS = ("raised_at", "clock_started_at", "attempted_at", "connected_at")
_REACHED = {"median": Fraction(1, 2), "p90": Fraction(9, 10)}

Waits = list[tuple[int, bool]]


def unequal_hand_raises(found: Answer, house: House) -> list[str]:
    """fct_hand_raises, column by column; ids of persons and accounts are each side's own business."""
    theirs = query(house, "select * from marts.fct_hand_raises")
    columns = [column for column in COLUMNS if column != "account_id"]
    return unequal_rows(
        found.tables["fct_hand_raises"], map(_aware, theirs), "hand_raise_id", columns
    )


def _aware(row: Row) -> Row:
    return row | {name: row[name] and row[name].replace(tzinfo=UTC) for name in _INSTANTS}


def waits_of(found: Answer) -> dict[Place, dict[str, Waits]]:
    """How long the hand-raises of known persons waited: seconds and whether for an answer."""
    waits: dict[Place, dict[str, Waits]] = defaultdict(lambda: {"attempt": [], "connect": []})
    for raised, row in _linked(found):
        for place in places_of(row, raised.day, found.settings):
            for answer, seconds in (
                ("attempt", raised.seconds_to_attempt),
                ("connect", raised.seconds_to_connect),
            ):
                waits[place][answer].append(
                    (raised.seconds_to_end, False) if seconds is None else (seconds, True)
                )
    return waits


def _linked(found: Answer) -> Iterator[tuple[HandRaise, Row]]:
    rows = {row["hand_raise_id"]: row for row in found.tables["fct_hand_raises"]}
    for raised in found.hand_raises:
        if raised.person is not None:
            yield raised, rows[raised.id]


def unequal_speeds(found: Answer, reader: Reader, house: House) -> list[str]:
    """kpi_speed_to_lead: counts, shares and status of the scorecard, quantiles and the oldest open one."""
    waits = waits_of(found)
    problems, seen = [], set()
    for row in query(house, "select * from marts.kpi_speed_to_lead"):
        place = Place(row["period_type"], row["period_start"], row["scope_type"], row["scope_key"])
        seen.add(place)
        mine = speed_of(waits, reader, place)
        problems += [
            f"{place}: {column}: oracle {said!r}, warehouse {row[column]!r}"
            for column, said in mine.items()
            if not same(said, row[column])
        ]
    return problems + [f"{place}: only the oracle has it" for place in waits.keys() - seen]


def speed_of(waits: dict[Place, dict[str, Waits]], reader: Reader, place: Place) -> Row:
    """One row of kpi_speed_to_lead."""
    judged = reader.row("hand_raise_attempted_share", place)
    row: dict[str, Any] = {
        **{name: reader.row(name, place)["value"] for name in (*COUNTS, *SHARES)},
        "status": judged["status"],
    }
    here = waits.get(place, {"attempt": [], "connect": []})
    for answer, found in here.items():
        for name, reached in _REACHED.items():
            seconds = quantile(found, reached) if judged["status"] != "unavailable" else None
            row[f"{name}_business_minutes_to_{answer}"] = None if seconds is None else seconds / 60
    still = [seconds for seconds, is_over in here["attempt"] if not is_over]
    row["oldest_open_business_minutes"] = (
        max(still) / 60 if still and judged["status"] != "unavailable" else None
    )
    return row
