"""However the files arrive, the marts are the same (architecture D4, D5).

One company's files are fixed: first deliveries, an overlapping re-export, a corrected record, an
edited disposition table. Hypothesis chooses what of it the first night finds. The marts after the
last night must be those of one night that found everything, read from nothing.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.settings import House
from tests.harness import marts, transform
from tests.simulator import Delivery, Plan, World, simulate, write_house

# What names the night itself, not what it found.
OF_THE_NIGHT = ("release_id", "run_id", "finished_at", "created_at", "published_at", "built_at")
PLAN = Plan(seed=3, reps=6, months=2, dials_per_day=5.0, history_months=1, overlap=True)
# From the exports' half past midnight to 23:00 the same day, as the later files are named.
_UNTIL_ELEVEN = timedelta(hours=22, minutes=30)
DISPOSITIONS = Path("planning/dispositions.csv")


@dataclass(frozen=True)
class Files:
    """Every export file in its final form, and the planning file as it was before an edit."""

    root: Path
    exports: tuple[Path, ...]  # relative to exports/, in order of delivery
    dispositions_before: bytes
    marts: dict[str, list[tuple[str, ...]]]


@cache
def company() -> World:
    world = simulate(PLAN)
    world.deliveries += [_exported_again(world), _corrected(world)]
    return world


def _of(world: World, object_name: str) -> list[Delivery]:
    return [delivery for delivery in world.deliveries if delivery.object_name == object_name]


def _exported_again(world: World) -> Delivery:
    """The last three days of the newest webhook file once more, in a file of their own."""
    newest = _of(world, "miitel.webhook_calls")[-1]
    since = world.plan.as_of - timedelta(days=2)
    rows = [
        dict(row)
        for row in newest.records
        if min(leg["dial_starts_at"] for leg in row["call"]["details"]).date() >= since
    ]
    assert rows
    as_of = world.plan.as_of
    again = replace(
        newest,
        file=f"calls_{since:%Y%m%d}-{as_of:%Y%m%d}_{as_of + timedelta(days=1):%Y%m%d}T2300.jsonl",
        extracted_at=newest.extracted_at + _UNTIL_ELEVEN,
        covers=(since, as_of),
        rows=list(rows),
        copies=(),
        dialect=replace(newest.dialect, gzip=False),
    )
    again.stamp()
    return again


def _corrected(world: World) -> Delivery:
    """A lead whose source was typed wrongly, in a later export."""
    newest = _of(world, "salesforce.Lead")[-1]
    lead = dict(next(row for row in newest.records if not row["IsDeleted"]))
    lead["LeadSource"] = "セミナー"
    lead["SystemModstamp"] = lead["SystemModstamp"] + timedelta(minutes=7)
    stamp = world.plan.as_of + timedelta(days=1)
    corrected = replace(
        newest,
        file=f"Lead_{stamp:%Y%m%d}T2300.csv",
        archive=None,
        extracted_at=newest.extracted_at + _UNTIL_ELEVEN,
        rows=[lead],
        copies=(),
        dialect=replace(newest.dialect, gzip=False),
    )
    corrected.stamp()
    return corrected


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The company's files, and the marts of one night that found them all."""
    root = tmp_path_factory.mktemp("two_nights")
    house = _empty_house(root / "reference")
    written = [path.relative_to(house.exports) for path in write_house(company(), house.root)]
    _settle(house)
    planning = house.exports / DISPOSITIONS
    before = planning.read_bytes()
    planning.write_bytes(_edited(before))
    transform(house, PLAN.as_of, full_refresh=True)
    exports = tuple(dict.fromkeys(written))
    return Files(house.root, exports, before, marts(house, without=OF_THE_NIGHT))


def _empty_house(root: Path) -> House:
    root.mkdir()
    return House(root)


def _settle(house: House) -> None:
    """Files of a test count as settled at once."""
    with house.house_file.open("a", encoding="utf-8") as text:
        text.write("\ningestion:\n  settle_seconds: 0\n")


def _edited(dispositions: bytes) -> bytes:
    """Somebody decides that the first tag mapped to connected meant the reception."""
    text = dispositions.decode("utf-8")
    assert "connected" in text
    return text.replace(",connected,", ",gatekeeper,", 1).encode("utf-8")


def _differences(
    expected: dict[str, list[tuple[str, ...]]], found: dict[str, list[tuple[str, ...]]]
) -> list[str]:
    problems = []
    for table in sorted(expected.keys() | found.keys()):
        mine, other = expected.get(table, []), found.get(table, [])
        if mine != other:
            gone = [row for row in mine if row not in set(other)][:3]
            new = [row for row in other if row not in set(mine)][:3]
            problems.append(f"{table}: {len(mine)} and {len(other)} rows; {gone}; {new}")
    return problems


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_two_nights_in_any_order_are_one(files: Files, data: Any) -> None:
    """The first night finds some of the files and the old meaning of a tag, the second the rest."""
    first = data.draw(st.sets(st.sampled_from(files.exports), min_size=1), label="first night")
    with_old_tags = data.draw(st.booleans(), label="dispositions edited between the nights")
    house = House(files.root.parent / f"nights-{data.draw(st.uuids(), label='name')}")
    shutil.copytree(House(files.root).config, house.config)
    for name in sorted(first | {path for path in files.exports if path.parts[0] == "planning"}):
        _arrive(files, house, name)
    if with_old_tags:
        (house.exports / DISPOSITIONS).write_bytes(files.dispositions_before)
    transform(house, PLAN.as_of)
    reference = House(files.root).exports
    for path in reference.rglob("*"):
        if path.is_file():
            _arrive(files, house, path.relative_to(reference))
    transform(house, PLAN.as_of)
    problems = _differences(files.marts, marts(house, without=OF_THE_NIGHT))
    shutil.rmtree(house.root)
    assert not problems, "\n".join(problems)


def test_a_second_night_over_the_same_files_changes_nothing(files: Files) -> None:
    house = House(files.root)
    transform(house, PLAN.as_of)
    problems = _differences(files.marts, marts(house, without=OF_THE_NIGHT))
    assert not problems, "\n".join(problems)


def _arrive(files: Files, house: House, name: Path) -> None:
    target = house.exports / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(House(files.root).exports / name, target)
