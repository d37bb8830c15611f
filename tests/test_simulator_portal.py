"""A simulated portal says what HubSpot says, and nothing the world it is told of did not."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.simulator import Plan, World, simulate, write_world
from tests.simulator.group import BOUGHT, PARENT, demo_world
from tests.simulator.hubspot import SOURCE, in_hubspot
from tests.simulator.portal import DEFAULT_DISPOSITIONS, OWN_DISPOSITIONS

PLAN = Plan(seed=11, months=5, history_months=1, dials_per_day=4, cut_crm="week")
_OBJECTS = ("contacts", "companies", "deals", "calls", "meetings", "emails")


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(PLAN)


@pytest.fixture(scope="module")
def portal(world: World) -> World:
    return in_hubspot(world)


def _of(portal: World, name: str) -> list[dict[str, Any]]:
    return portal.records[f"hubspot.{name}"]


def _newest(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in rows}


def test_every_property_is_text_and_every_id_too(portal: World) -> None:
    for name in _OBJECTS:
        for row in _of(portal, name):
            assert isinstance(row["id"], str)
            assert row["id"].isdigit()
            assert all(isinstance(value, str) for value in row["properties"].values()), row


def test_owners_are_not_their_users(portal: World) -> None:
    owners = _of(portal, "owners")
    ids = {owner["id"] for owner in owners}
    users = {str(owner["userIdIncludingInactive"]) for owner in owners}
    assert not ids & users
    gone = [owner for owner in owners if owner["archived"]]
    assert gone
    assert all(owner["userId"] is None for owner in gone), "a former user has no user id any more"
    for name in ("calls", "meetings", "deals"):
        for row in _of(portal, name):
            assert row["properties"]["hubspot_owner_id"] in ids
            assert row["properties"]["hs_created_by_user_id"] in users


def test_an_address_belongs_to_one_contact(portal: World) -> None:
    addresses = Counter(
        row["properties"]["email"] for row in _newest(_of(portal, "contacts")).values()
    )
    addresses.pop("")
    assert max(addresses.values()) == 1
    assert all(address == address.strip().lower() for address in addresses)


def test_whoever_was_one_person_is_one_contact(world: World, portal: World) -> None:
    """Leads, their contacts and second forms come together; merged ones stay two that name each other."""
    merged = {
        loser
        for row in _of(portal, "contacts")
        for loser in row["properties"].get("hs_merged_object_ids", "").split(";")
        if loser
    }
    people = [human for human in world.truth.people.values() if human.lead_ids or human.contact_ids]
    living = _newest(_of(portal, "contacts")).keys() - merged
    assert len(living) == len(people)


def test_a_merged_contact_is_exported_no_more_and_its_winner_says_when(portal: World) -> None:
    told: dict[str, datetime] = {}
    for row in _of(portal, "contacts"):
        losers = row["properties"].get("hs_merged_object_ids", "").split(";")
        vids = row["properties"].get("hs_calculated_merged_vids", "").split(";")
        assert [vid.partition(":")[0] for vid in vids] == losers
        for loser in losers:
            if loser:
                told.setdefault(loser, row["_extracted_at"])
    exported = {row["id"] for row in _of(portal, "contacts")}
    assert told.keys() & exported, "some were seen before they were merged"
    for row in _of(portal, "contacts"):
        assert row["id"] not in told or row["_extracted_at"] < told[row["id"]]


def test_what_was_deleted_is_archived_and_says_when(portal: World) -> None:
    archived = [row for name in _OBJECTS for row in _of(portal, name) if row["archived"]]
    assert archived
    assert all(row["archivedAt"] <= row["_extracted_at"] for row in archived)


def test_stages_are_known_by_ids_that_their_labels_do_not_tell(portal: World) -> None:
    stages = {stage["id"]: stage for row in _of(portal, "pipelines") for stage in row["stages"]}
    assert all(stage["id"] != stage["label"] for stage in stages.values())
    assert any(stage["archived"] for stage in stages.values())
    won = [stage for stage in stages.values() if stage["metadata"]["probability"] == "1.0"]
    assert [stage["metadata"]["isClosed"] for stage in won] == ["true"]
    assert {row["properties"]["dealstage"] for row in _of(portal, "deals")} <= stages.keys()


def test_results_are_guids_and_planning_explains_the_portals_own(portal: World) -> None:
    said = {row["properties"]["hs_call_disposition"] for row in _of(portal, "calls")} - {""}
    assert said <= {*DEFAULT_DISPOSITIONS.values(), *OWN_DISPOSITIONS.values()}
    explained = {
        row["value"]
        for row in portal.records["planning.dispositions"]
        if row["source_id"] == SOURCE
    }
    assert len(said - explained - {*DEFAULT_DISPOSITIONS.values()}) == 2, "two nobody explains"
    assert not explained & {*DEFAULT_DISPOSITIONS.values()}


def test_calls_last_milliseconds_and_may_wait_or_fail(portal: World) -> None:
    calls = [row["properties"] for row in _of(portal, "calls")]
    assert all(int(said["hs_call_duration"] or 0) % 1000 == 0 for said in calls)
    assert {"COMPLETED", "NO_ANSWER", "BUSY", "FAILED", "CANCELED", "QUEUED"} == {
        said["hs_call_status"] for said in calls
    }
    legs = {
        leg["id"]
        for record in portal.records["miitel.webhook_calls"]
        for leg in record["call"]["details"]
    } | {row["Sequence ID"] for row in portal.records["miitel.history_rows"]}
    named = {said["hs_call_external_id"] for said in calls} - {""}
    assert named
    assert named <= legs


def test_associations_stand_in_the_record_or_in_a_file_of_their_own(portal: World) -> None:
    apart = defaultdict(set)
    for edge in _of(portal, "associations"):
        apart[edge["fromObjectType"], edge["_extracted_at"]].add(edge["fromObjectId"])
    inside = [row for row in _of(portal, "calls") if row.get("associations")]
    assert inside
    assert {kind for kind, _ in apart} == {"contacts", "deals", "calls", "meetings", "emails"}
    for row in _of(portal, "calls"):
        told = apart.get(("calls", row["_extracted_at"]), set())
        assert bool(row.get("associations")) != (row["id"] in told)


def test_the_files_are_the_vendors(portal: World, tmp_path: Path) -> None:
    paths = [path for path in write_world(portal, tmp_path) if path.parent.name == SOURCE]
    packed = {path.name.split("_2026")[0]: gzip.decompress(path.read_bytes()).decode()
              for path in sorted(paths) if path.suffix == ".gz"}  # fmt: skip
    line = json.loads(packed["deal_property_history"].splitlines()[0])
    assert isinstance(line["timestamp"], int)
    assert line["timestamp"] > 1_700_000_000_000
    deal = json.loads(packed["deals"].splitlines()[0])
    assert deal["createdAt"].endswith(".000Z")
    assert deal["associations"]["companies"]["results"][0]["type"] == "deal_to_company_primary"
    tables = {path.name for path in paths if ".csv" in path.suffixes}
    assert {name.partition("_")[0] for name in tables} == {"companies", "emails"}
    header = next(
        gzip.decompress(path.read_bytes()).decode().splitlines()[0]
        for path in paths
        if path.name in tables and path.name.startswith("companies")
    )
    assert header.startswith('"hs_object_id","name","phone","domain"')
    assert any(path.suffix == ".jsonl" for path in paths), "the newest are not packed yet"


def test_nothing_else_of_the_world_changes(world: World, portal: World) -> None:
    for name, rows in world.records.items():
        told = portal.records.get(name, [])
        if name.startswith("salesforce."):
            assert told == []
        elif name.startswith(("miitel.", "mapped.")):
            assert told == rows


def test_the_demo_companys_two_halves_keep_their_own_bytes() -> None:
    both, parent = demo_world(), simulate(PARENT)
    for name in ("salesforce.Task", "miitel.webhook_calls", "mapped.call_legs"):
        assert both.records[name] == parent.records[name]
    roster = both.records["planning.roster"]
    assert roster[: len(parent.records["planning.roster"])] == parent.records["planning.roster"]
    units = {row["rep_id"]: row["business_unit"] for row in roster}
    assert {rep for rep, unit in units.items() if unit in BOUGHT.identity.business_units} == {
        "Z01", "Z02", "Z03", "ZM01",
    }  # fmt: skip
