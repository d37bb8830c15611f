"""Hand-worked cases: a few records, a question, the right answer and one line of reasoning.

Worked out from kpi_dictionary.md §0–3 and §9 before the SQL was known. `cases()` lists them;
`night(house)` puts all cases of one house together after checking that they do not collide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.cases.houses import HOUSES, CaseHouse
from tests.cases.scene import TOKYO, Case, Expect, Record, Scene

_CASES: list[Case] = []
_IDENTITY = {
    "planning.roster": ("rep_id", "email", "crm_user_id"),
    "planning.channel_rules": ("value", "channel", "priority"),
    "salesforce.Lead": ("Id", "Email", "Phone"),
    "salesforce.Contact": ("Id", "Email", "Phone"),
}


def case(
    number: int, house: str, question: str, why: str
) -> Callable[[Callable[[Scene], list[Expect]]], Callable[[Scene], list[Expect]]]:
    """Register a hand-worked case."""

    def register(build: Callable[[Scene], list[Expect]]) -> Callable[[Scene], list[Expect]]:
        _CASES.append(Case(number, question, why, house, build))
        return build

    return register


def cases() -> list[Case]:
    """Every case, in order of number."""
    from tests.cases import (  # noqa: F401
        accounts,
        calls,
        catalogue,
        channels,
        coverage,
        diagnosis,
        feeds,
        figures,
        links,
        lists,
        meetings,
        opportunities,
        people,
        performers,
        pipeline,
        planning,
        speed,
    )

    found = sorted(_CASES, key=lambda case: case.number)
    numbers = [case.number for case in found]
    if len(set(numbers)) != len(numbers):
        raise ValueError(f"two cases share a number: {numbers}")
    return found


class Collision(Exception):
    """Two cases of one house share something that must be a case's own."""


@dataclass(frozen=True)
class Night:
    """All cases of one house as one set of records, with what each case expects."""

    house: CaseHouse
    records: dict[str, list[Record]]
    expectations: dict[int, list[Expect]]


def night(house_name: str) -> Night:
    """Put the cases of a house together; raises Collision when two of them touch."""
    house = HOUSES[house_name]
    records: dict[str, list[Record]] = defaultdict(list)
    expectations: dict[int, list[Expect]] = {}
    owner: dict[tuple[str, str, Any], int] = {}
    scenes = [house.anchors()]
    for one in cases():
        if one.house == house_name:
            scene = Scene(one.number, house.as_of)
            expectations[one.number] = one.build(scene)
            scenes.append(scene)
    for scene in scenes:
        for object_name, rows in scene.records.items():
            for row in rows:
                for column in _IDENTITY.get(object_name, ("Id",)):
                    if row.get(column) is None:
                        continue
                    key = (object_name.split(".")[0], column, row[column])
                    if owner.setdefault(key, scene.number) != scene.number:
                        raise Collision(
                            f"cases {owner[key]} and {scene.number} share {column}={row[column]}"
                        )
            records[object_name] += rows
    for object_name, rows in house.planning().items():
        records[object_name] += [{**row, "_delivered": _next_day(house.as_of)} for row in rows]
    _stamp(records, house)
    return Night(house, dict(records), expectations)


def _stamp(records: dict[str, list[Record]], house: CaseHouse) -> None:
    """Give every record its envelope, as the file that will hold it does."""
    positions: dict[str, int] = defaultdict(int)
    for object_name, rows in records.items():
        system = object_name.split(".")[0]
        for row in rows:
            delivered = row.pop("_delivered")
            delivered = min(delivered, house.last_exported.get(object_name, delivered))
            if object_name == "miitel.webhook_calls" and delivered > house.as_of:
                delivered = _file_of(row, house)
            file = file_name(object_name, delivered)
            positions[file] += 1
            # A name that states a day means its midnight where the source is, else where the company is.
            zone = TOKYO if system == "miitel" else house.zone
            midnight = datetime.combine(delivered, datetime.min.time(), tzinfo=zone)
            row |= {
                "_source_id": system,
                "_file": f"{system}/{file}",
                "_extracted_at": midnight.astimezone(UTC),
                "_record": positions[file],
            }


def file_name(object_name: str, delivered: date) -> str:
    """The export file a record of this object arrives in."""
    system, _, name = object_name.partition(".")
    stem = {"webhook_calls": "call_analysis_completed", "history_rows": "history"}.get(name, name)
    if system == "planning":
        return f"{name}.csv"
    suffix = ".jsonl" if name in ("webhook_calls", "form_submissions") else ".csv"
    events = ("webhook_calls", "email_events", "event_participations")
    suffix = ".jsonl" if name in events else ".csv"
    return f"{stem}_{delivered:%Y%m%d}{suffix}"


def _file_of(record: Record, house: CaseHouse) -> date:
    """A call lies in the file that covers its day, so that gaps between files stay gaps."""
    started = min(leg["dial_starts_at"] for leg in record["call"]["details"])
    on = started.astimezone(TOKYO).date()
    for first, last in house.cti_files:
        if first <= on <= last:
            return _next_day(last)
    raise Collision(f"no file of house {house.name} covers a call on {on}")


def _next_day(day: date) -> date:
    return day + timedelta(days=1)
