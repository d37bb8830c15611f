"""One small company whose files come late, twice, corrected, deleted, merged and linked.

The files are fixed; which night finds them is the story's choice. A file's name is its path under
exports/.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from dagster_project.settings import House
from tests.simulator import BadRow, Delivery, Dialect, Plan, World, simulate, write_house
from tests.simulator.exports import OSAKA_COLUMNS

PLAN = Plan(seed=3, reps=4, months=2, dials_per_day=2.0, history_months=1, overlap=True)
Change = dict[str, Any]
NAIVE_CONTACTS = "sf/Contact_20261001T2340.csv"


@cache
def company() -> World:
    """The simulated company and what its systems exported once more, later or changed."""
    world = simulate(PLAN)
    world.deliveries += [
        _exported_again(world),
        _retagged(world),
        _changed(world, "Lead", "2300", _is_alive, {"LeadSource": "セミナー"}),
        _changed(world, "Lead", "2310", _is_alive, {"Status": "育成"}, moved=-timedelta(days=20)),
        _changed(world, "Task", "2300", _is_mail, {"IsDeleted": True}),
        _changed(world, "Event", "2300", _has_person, {"IsDeleted": True}),
        _changed(world, "Event", "2310", _is_last_of_person, {"WhatId": _opportunity(world)}),
        _changed(world, "Contact", "2340", _has_phone, {"Title": "部長"}),
        _merged(world),
        _osaka(world),
    ]
    return world


def write_company(house: House) -> tuple[str, ...]:
    """Write configuration and every file in its final form; the names in order of delivery."""
    written = write_house(company(), house.root)
    with house.house_file.open("a", encoding="utf-8") as text:
        text.write("\ningestion:\n  settle_seconds: 0\n")
    # A tool that drops the zone: readable only where sources.yml names one.
    naive = house.exports / NAIVE_CONTACTS
    naive.write_bytes(naive.read_bytes().replace(b".000Z", b""))
    return tuple(dict.fromkeys(path.relative_to(house.exports).as_posix() for path in written))


def file_names(world: World) -> tuple[str, ...]:
    """The names of all files, in order of delivery, without writing them."""
    found: dict[str, None] = {}
    for delivery in world.deliveries:
        for name in (delivery.archive or delivery.file, *delivery.copies):
            found[f"{delivery.source_id}/{name}"] = None
    return tuple(found)


def _of(world: World, object_name: str) -> list[Delivery]:
    return [delivery for delivery in world.deliveries if delivery.object_name == object_name]


def _later(
    delivery: Delivery,
    file: str,
    rows: list[Any],
    covers: tuple[Any, Any] | None = None,
) -> Delivery:
    """These rows in an uncompressed file of their own, exported the evening after."""
    later = replace(
        delivery,
        file=file,
        archive=None,
        extracted_at=delivery.extracted_at + timedelta(hours=22, minutes=30),
        covers=covers,
        rows=rows,
        copies=(),
        dialect=replace(delivery.dialect, gzip=False),
    )
    later.stamp()
    return later


def _exported_again(world: World) -> Delivery:
    """The last three days of the newest webhook file once more."""
    newest = _of(world, "miitel.webhook_calls")[-1]
    as_of = world.plan.as_of
    since = as_of - timedelta(days=2)
    rows = [dict(row) for row in newest.records if _begins(row).date() >= since]
    assert rows
    name = f"calls_{since:%Y%m%d}-{as_of:%Y%m%d}_{as_of + timedelta(days=1):%Y%m%d}T2300.jsonl"
    return _later(newest, name, rows, (since, as_of))


def _retagged(world: World) -> Delivery:
    """The tag of one call was corrected and the call sent again; it spoke for nobody, now for one."""
    newest = _of(world, "miitel.webhook_calls")[-1]
    row = next(row for row in newest.records if row["call"]["details"][0]["tags"])
    leg = row["call"]["details"][0]
    tags = [{**tag, "value": "アポ獲得"} for tag in leg["tags"]]
    details = [{**leg, "tags": tags}, *row["call"]["details"][1:]]
    as_of = world.plan.as_of
    name = f"calls_{as_of:%Y%m%d}-{as_of:%Y%m%d}_{as_of + timedelta(days=1):%Y%m%d}T2310.jsonl"
    return _later(newest, name, [{"call": {**row["call"], "details": details}}], (as_of, as_of))


def _begins(row: dict[str, Any]) -> datetime:
    begins: datetime = min(leg["dial_starts_at"] for leg in row["call"]["details"])
    return begins


def _is_alive(row: Change) -> bool:
    return not row["IsDeleted"]


def _is_mail(row: Change) -> bool:
    return row["TaskSubtype"] == "Email" and not row["IsDeleted"]


def _has_person(row: Change) -> bool:
    return row["WhoId"] is not None and not row["IsDeleted"]


def _is_last_of_person(row: Change) -> bool:
    return _has_person(row) and str(row["WhoId"]).startswith("00Q")


def _has_phone(row: Change) -> bool:
    return row["Phone"] is not None


def _opportunity(world: World) -> str:
    return str(_of(world, "salesforce.Opportunity")[-1].records[-1]["Id"])


def _changed(
    world: World,
    name: str,
    clock: str,
    is_meant: Callable[[Change], bool],
    change: Change,
    moved: timedelta = timedelta(minutes=7),
) -> Delivery:
    """One record of the newest export, changed, in a later file; `moved`: how its version lies."""
    newest = _of(world, f"salesforce.{name}")[-1]
    row = next(dict(row) for row in newest.records if is_meant(row)) | change
    row["SystemModstamp"] = row["SystemModstamp"] + moved
    row["LastModifiedDate"] = row["LastModifiedDate"] + moved
    return _later(
        newest, f"{name}_{world.plan.as_of + timedelta(days=1):%Y%m%d}T{clock}.csv", [row]
    )


def _merged(world: World) -> Delivery:
    """Two leads turned out to be one person."""
    newest = _of(world, "salesforce.Lead")[-1]
    kept, gone = [dict(row) for row in newest.records if _is_alive(row)][1:3]
    gone |= {"IsDeleted": True, "MasterRecordId": kept["Id"]}
    gone["SystemModstamp"] = gone["SystemModstamp"] + timedelta(minutes=9)
    return _later(newest, f"Lead_{world.plan.as_of + timedelta(days=1):%Y%m%d}T2320.csv", [gone])


def _osaka(world: World) -> Delivery:
    """The Osaka office's tool, which only sources.yml describes; two of its rows are damaged."""
    as_of = world.plan.as_of
    extracted_at = _of(world, "miitel.webhook_calls")[-1].extracted_at
    reps = [row["email"] for row in world.records["planning.roster"][:2]]
    phones = [row["Phone"] for row in world.records["salesforce.Lead"] if row["Phone"]][:6]
    rows: list[Any] = [_osaka_leg(number, extracted_at, reps, phones) for number in range(6)]
    damaged = dict(rows[0])
    rows.insert(2, BadRow("mapped.call_legs", "missing_key", damaged | {"leg_id": None}))
    rows.insert(
        4,
        BadRow(
            "mapped.call_legs",
            "impossible_date",
            damaged | {"leg_id": "o-bad", "started_at": "2026/02/30 10:00:00"},
        ),
    )
    since = as_of - timedelta(days=6)
    file = f"通話明細_{since:%Y%m%d}-{as_of:%Y%m%d}_{as_of + timedelta(days=1):%Y%m%d}T0030.csv"
    dialect = Dialect(
        encoding="cp932",
        newline="\r\n",
        quote_all=False,
        columns=OSAKA_COLUMNS,
        datetime_format="%Y/%m/%d %H:%M:%S",
    )
    delivery = Delivery(
        "osaka", "mapped.call_legs", file, extracted_at, rows, dialect, (since, as_of)
    )
    delivery.stamp()
    return delivery


def _osaka_leg(number: int, until: datetime, reps: list[str], phones: list[str]) -> Change:
    started_at = until - timedelta(days=number % 5, hours=13, minutes=7 * number)
    answered_at = started_at + timedelta(seconds=11)
    talked = 15 + 20 * number
    return {
        "leg_id": f"o-{number}",
        "direction": "発信",
        "started_at": started_at,
        "answered_at": answered_at,
        "ended_at": answered_at + timedelta(seconds=talked),
        "telephony_result": "応答",
        "talk_seconds": talked,
        "agent_email": reps[number % len(reps)],
        "own_number_raw": "06-0000-0200",
        "customer_number_raw": phones[number % len(phones)],
        "disposition_values": ("担当者", "受付", None)[number % 3],
    }


def arrive(library: House, house: House, name: str) -> None:
    """Put one file into the exports of a house, with the time of writing it has."""
    target = house.exports / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(library.exports / name, target)


def folder_of(name: str) -> str:
    return Path(name).parts[0]
