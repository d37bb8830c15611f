"""The simulator: the same plan gives the same bytes, the demo company's stories can be seen in its
records, nothing in them is real, and every header it writes is one the contracts know."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from dagster_project.settings import DBT_PROJECT, DEMO
from tests.simulator import (
    Dialect,
    Plan,
    Simulation,
    World,
    configuration,
    simulate,
    write_house,
    write_records,
    write_world,
)
from tests.simulator.company import OWN_NUMBERS
from tests.simulator.group import demo_world
from tests.simulator.identifiers import salesforce_suffix
from tests.simulator.world import local_day

SMALL = Plan(seed=11, months=2, history_months=1, dials_per_day=4)


@pytest.fixture(scope="module")
def demo() -> World:
    return demo_world()


@pytest.fixture(scope="module")
def small() -> World:
    return simulate(SMALL)


def _hashes(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def _unpacked(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every file's content with compression undone; compressors may differ between machines."""
    for path in sorted(root.rglob("*")):
        if not path.is_file():
            continue
        name, content = path.relative_to(root).as_posix(), path.read_bytes()
        if name.endswith(".gz"):
            yield name, gzip.decompress(content)
        elif name.endswith((".zip", ".xlsx")):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for member in archive.namelist():
                    yield f"{name}!{member}", archive.read(member)
        else:
            yield name, content


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp932")


# -- reproducible ---------------------------------------------------------------------------------


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_house(simulate(SMALL), tmp_path / name)
    assert _hashes(tmp_path / "one") == _hashes(tmp_path / "two")


def test_another_seed_gives_another_company(small: World) -> None:
    other = simulate(Plan(seed=12, months=2, history_months=1, dials_per_day=4))
    assert other.records["salesforce.Lead"] != small.records["salesforce.Lead"]


def test_the_demo_in_git_is_what_the_simulator_writes(demo: World, tmp_path: Path) -> None:
    write_house(demo, tmp_path)
    made, kept = dict(_unpacked(tmp_path)), dict(_unpacked(DEMO))
    assert sorted(made) == sorted(kept)
    assert [name for name in made if made[name] != kept[name]] == []


def test_the_demo_is_small() -> None:
    assert sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file()) < 4_200_000


def test_a_large_world_is_cut_by_the_day_and_lets_go_of_what_it_wrote() -> None:
    plan = Plan(seed=5, reps=12, months=2, history_months=0, cut_calls="day", cut_crm="week")
    simulation = Simulation(plan)
    sizes: Counter[str] = Counter()
    for delivery in simulation.run():
        sizes[delivery.object_name] = max(sizes[delivery.object_name], len(delivery.rows))
    assert simulation.call_count > 1_500
    assert sizes["miitel.webhook_calls"] < 200
    assert not simulation.lines or simulation.lines[0][0] > datetime(
        2026, 9, 30, 14, 59, tzinfo=UTC
    )
    assert not any(simulation.dirty.values())


# -- nothing real ---------------------------------------------------------------------------------


def test_mail_and_web_addresses_lie_under_example_domains() -> None:
    found: set[str] = set()
    for name, content in _unpacked(DEMO):
        if name.endswith((".rels", "[Content_Types].xml")) or "!docProps" in name or "!xl/" in name:
            if "sharedStrings" not in name and "sheet" not in name:
                continue
            content = re.sub(rb'xmlns(:\w+)?="[^"]*"', b"", content)
        text = _text(content)
        found |= {match.lower() for match in re.findall(r"[@＠]([\w.-]+)", text)}
        found |= {match.lower() for match in re.findall(r"https?://([\w.-]+)", text)}
    hosts = {host.removesuffix(".prod").rstrip(".") for host in found}
    odd = {host for host in hosts if not re.search(r"(^|\.)example\.(jp|com)$", host)}
    assert odd == set()


def test_phone_numbers_come_from_ranges_nobody_has(demo: World) -> None:
    numbers: set[str] = set()
    for name, fields in (
        ("salesforce.Lead", ("Phone", "MobilePhone")),
        ("salesforce.Contact", ("Phone", "MobilePhone")),
        ("salesforce.Account", ("Phone",)),
        ("mapped.leads", ("phone_raw",)),
        ("mapped.call_legs", ("customer_number_raw",)),
        ("miitel.history_rows", ("Call from", "Call to")),
    ):
        for record in demo.records[name]:
            numbers |= {record[field] for field in fields if record[field]}
    for record in demo.records["miitel.webhook_calls"]:
        for detail in record["call"]["details"]:
            numbers |= {detail["from_number"], detail["to_number"]} - {None}
    assert len(numbers) > 1_000
    odd = [raw for raw in numbers if not _is_unassigned(raw)]
    assert odd == []


def _is_unassigned(raw: str) -> bool:
    """Subscriber numbers beginning with 0 behind the area code, 090-0, 050-0, or NANP 555."""
    text = re.sub(r"内線.*|ext.*", "", raw).translate(
        str.maketrans("０１２３４５６７８９－（）", "0123456789-()")
    )
    if "E+" in text or text in ("scancall", "Anonymous"):
        return True
    if text.startswith("+1"):
        return text.startswith("+1555555")
    digits = re.sub(r"\D", "", re.sub(r"^\+81\s*(\(0\))?\s*", "0", text))
    if len(digits) == 3 or raw in OWN_NUMBERS:
        return True
    if not digits.startswith("0"):
        digits = "0" + digits
    return re.match(r"0(3|6|52|11|90|50)0", digits) is not None


# -- the records ------------------------------------------------------------------------------------


def test_every_header_is_known_to_its_contract(demo: World) -> None:
    """API names are aliases of the contract, custom fields stand in sources.yml."""
    _, sources = configuration(demo.settings)
    custom: set[str] = set()
    for source in sources:
        for field in source.get("custom", {}).values():
            custom.add(field if isinstance(field, str) else field["field"])
    custom.add("Priority")  # known to nobody: kept as an extra column
    unknown = set()
    for system, prefix in (("salesforce", "salesforce"), ("planning", "planning")):
        path = DBT_PROJECT / f"models/staging/{system}/_{system}__sources.yml"
        tables = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"][0]["tables"]
        aliases = {
            alias.casefold()
            for table in tables
            for column in table["columns"]
            for alias in (*column["config"]["meta"].get("aliases", ()), column["name"])
        }
        for name, records in demo.records.items():
            if name.startswith(prefix + ".") and records:
                unknown |= {
                    f"{name}.{field}"
                    for field in records[0]
                    if field[0] != "_" and field.casefold() not in aliases and field not in custom
                }
    # Id and dates of lookup rows that the contract leaves out, kept as extra columns.
    assert {name for name in unknown if not name.endswith(("Date", "Modstamp", ".Id"))} == set()


def test_every_record_says_where_it_stands(demo: World) -> None:
    for delivery in demo.deliveries:
        numbers = [record["_record"] for record in delivery.records]
        assert sorted(numbers + [row.number for row in delivery.bad_rows]) == list(
            range(1, len(delivery.rows) + 1)
        )
        assert {record["_source_id"] for record in delivery.records} <= {delivery.source_id}


def test_nothing_is_recorded_before_it_happened(demo: World) -> None:
    for record in demo.records["miitel.webhook_calls"]:
        for detail in record["call"]["details"]:
            assert detail["dial_starts_at"] <= detail["dial_ends_at"] < record["_extracted_at"]
    for name in ("Lead", "Task", "Event", "Opportunity"):
        for record in demo.records[f"salesforce.{name}"]:
            assert record["CreatedDate"] <= record["SystemModstamp"] < record["_extracted_at"]


def test_ids_are_whole_and_differ(demo: World) -> None:
    for name in ("Lead", "Contact", "Account", "Opportunity", "Task", "Event"):
        for record in demo.records[f"salesforce.{name}"]:
            assert len(record["Id"]) == 18
            assert record["Id"][15:] == salesforce_suffix(record["Id"][:15])
    assert salesforce_suffix("0015000000Gv7qJ") == "AAR"


def test_the_files_arrive_as_real_files_do(demo: World) -> None:
    dialects = [delivery.dialect for delivery in demo.deliveries]
    assert {"cp932", "utf-8"} == {dialect.encoding for dialect in dialects}
    assert any(dialect.bom for dialect in dialects)
    assert any(dialect.gzip for dialect in dialects)
    assert any(delivery.archive for delivery in demo.deliveries)
    assert {"api", "caps", "snake", "ja"} == {dialect.header for dialect in dialects}
    assert {"csv", "jsonl", "xlsx"} == {dialect.format for dialect in dialects}
    assert sum(len(delivery.copies) for delivery in demo.deliveries) == 1
    seen = Counter((row["Id"], row["SystemModstamp"]) for row in demo.records["salesforce.Task"])
    assert max(seen.values()) == 2, "the overlapping re-export delivers a version twice"


def test_bad_rows_of_every_kind_are_planted_and_no_record_is_one_of_them(demo: World) -> None:
    kinds = {row.reason for row in demo.bad_rows}
    assert kinds == {
        "impossible_date",
        "end_before_start",
        "missing_key",
        "broken_json",
        "verification",
    }
    places = {(row.file, row.number) for row in demo.bad_rows}
    for records in demo.records.values():
        assert not any((record["_file"], record["_record"]) in places for record in records)


def test_the_world_is_not_tame(demo: World) -> None:
    calls = list(demo.truth.calls.values())
    parties = Counter(call.party for call in calls if call.direction == "outbound")
    assert {"intended", "gatekeeper", "colleague", "wrong_party", "machine", "nobody"} == set(
        parties
    )
    directions = {call.direction for call in calls}
    assert directions == {"outbound", "inbound", "internal", "unknown"}
    latest = {}
    for record in demo.records["miitel.webhook_calls"]:
        latest[record["call"]["id"]] = record["call"]["details"]
    answered = [legs for legs in latest.values() if legs[0]["dial_answered_at"]]
    analysed = sum(any(leg["analysis"] for leg in legs) for legs in answered)
    assert 0.35 < analysed / len(answered) < 0.6
    kinds = Counter(leg["call_type"] for legs in latest.values() for leg in legs)
    assert {"PREDICTIVE_DIAL", "EXTENSION_TRANSFER", "AUTOMATIC_RECORD", "READ_DTMF"} <= set(kinds)
    untagged = sum(
        not any(leg["tags"] for leg in legs)
        for legs in answered
        if demo.truth.calls[legs[0]["id"]].party == "intended"
    )
    spoken = sum(demo.truth.calls[legs[0]["id"]].party == "intended" for legs in answered)
    assert 0.12 < untagged / spoken < 0.4
    wrongly = [
        legs
        for legs in answered
        if demo.truth.calls[legs[0]["id"]].party == "gatekeeper"
        and any(tag["value"] == "担当者接続" for leg in legs for tag in leg["tags"])
    ]
    assert wrongly, "somebody tagged a reception as the person"
    events = demo.records["salesforce.Event"]
    assert {"実施", "不参加", "キャンセル", "日程変更", None} == {
        event["MeetingOutcome__c"] for event in events
    }
    assert any(
        event["IsDeleted"] and event["SystemModstamp"] < event["StartDateTime"] for event in events
    )
    assert any(event["IsChild"] for event in events)
    assert any(lead["MasterRecordId"] for lead in demo.records["salesforce.Lead"])
    assert any(event["filteredEvent"] for event in demo.records["hubspot.email_events"])


def test_a_memo_written_later_comes_as_a_second_delivery(demo: World) -> None:
    told: dict[str, list[set[str]]] = {}
    for record in demo.records["miitel.webhook_calls"]:
        tags = {tag["value"] for leg in record["call"]["details"] for tag in leg["tags"]}
        told.setdefault(record["call"]["id"], []).append(tags)
    assert any(len(tags) > 1 and tags[0] != tags[-1] and tags[-1] for tags in told.values())


# -- the stories of the demo company ------------------------------------------------------------------


def _dials(world: World) -> list[tuple[str | None, str, str]]:
    """(rep, true party, channel) of every dial."""
    return [
        (call.rep_id, call.party, world.truth.people[call.person].channel)
        for call in world.truth.calls.values()
        if call.direction == "outbound" and call.person is not None
    ]


def _share(parties: list[str], wanted: str) -> float:
    return sum(party == wanted for party in parties) / len(parties)


def test_the_bought_list_is_bad(demo: World) -> None:
    dials = _dials(demo)
    bought = [party for _, party, channel in dials if channel == "bought_list"]
    others = [party for _, party, channel in dials if channel != "bought_list"]
    assert len(bought) > 300
    assert _share(bought, "intended") < 0.5 * _share(others, "intended")
    assert _share(bought, "wrong_party") > 4 * _share(others, "wrong_party")


def test_one_rep_gets_through_and_loses_them_all(demo: World) -> None:
    dials = _dials(demo)
    connects = Counter(rep for rep, party, _ in dials if party == "intended")
    total = Counter(rep for rep, _, _ in dials)
    meetings = Counter(meeting.booker for meeting in demo.truth.meetings.values())
    rates = {rep: connects[rep] / total[rep] for rep in total if rep}
    conversion = {rep: meetings[rep] / connects[rep] for rep in rates}
    assert max(rates, key=lambda rep: rates[rep]) == "R02"
    assert min(conversion, key=lambda rep: conversion[rep]) == "R02"
    assert conversion["R02"] < 0.5 * (sum(meetings.values()) / sum(connects[rep] for rep in rates))


def test_acceptances_of_the_summer_came_in_the_last_days(demo: World) -> None:
    gate = demo.settings.acceptance_stage
    accepted = [
        local_day(row["CreatedDate"])
        for row in demo.records["salesforce.OpportunityHistory"]
        if row["StageName"] == gate
    ]
    last_week = [day for day in accepted if day > demo.plan.as_of - timedelta(days=8)]
    assert len(last_week) > 0.25 * len(accepted)
    summer = [
        day for day in accepted if date(2026, 8, 1) <= day < demo.plan.as_of - timedelta(days=8)
    ]
    assert len(last_week) > len(summer), "one week beats the seven before it"


def test_one_rep_changed_teams_one_left_one_has_no_phone_system(demo: World) -> None:
    rows: dict[str, list[dict[str, object]]] = {}
    for row in demo.records["planning.roster"]:
        rows.setdefault(row["rep_id"], []).append(row)
    assert len([rep for rep in rows if rep.startswith("R")]) == 12
    assert [row["motion"] for row in rows["R03"]] == ["sdr", "bdr"]
    assert rows["R03"][1]["valid_from"] == date(2026, 7, 1)
    assert rows["R05"][0]["valid_to"] == date(2026, 8, 14)
    assert rows["R04"][0]["cti"] == "none"
    motions = Counter(rows[rep][0]["motion"] for rep in rows)
    assert motions == {"sdr": 6, "bdr": 5, "field_sales": 4, "manager": 3}
    assert not any(
        call.rep_id == "R05" and call.day > date(2026, 8, 14) for call in demo.truth.calls.values()
    )


def test_the_demo_covers_its_last_day_and_half_a_fiscal_year(demo: World) -> None:
    assert demo.plan.first_day == date(2026, 4, 1)
    assert 6_000 < len(demo.truth.calls) < 10_000
    last = {
        delivery.source_id: max(
            other.extracted_at for other in demo.deliveries if other.source_id == delivery.source_id
        )
        for delivery in demo.deliveries
        if delivery.source_id != "miitel-history"
    }
    midnight = datetime(2026, 9, 30, 15, 0, tzinfo=UTC)
    assert all(at > midnight for at in last.values())
    assert any(call.day == date(2026, 9, 30) for call in demo.truth.calls.values())


# -- writing by hand ----------------------------------------------------------------------------------


def test_hand_made_records_are_written_in_the_plainest_real_format(tmp_path: Path) -> None:
    path = write_records(
        tmp_path,
        "salesforce.Lead",
        [
            {
                "Id": "00Q5h0000000011AAA",
                "Name": '山田 "太郎"',
                "CreatedDate": datetime(2026, 4, 1, tzinfo=UTC),
                "ConvertedDate": date(2026, 4, 2),
                "IsDeleted": False,
                "Phone": None,
                "_source_id": "sf",
            }
        ],
    )
    assert path.name == "Lead.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert path.read_text(encoding="utf-8-sig") == (
        '"Id","Name","CreatedDate","ConvertedDate","IsDeleted","Phone"\n'
        '"00Q5h0000000011AAA","山田 ""太郎""","2026-04-01T00:00:00.000Z","2026-04-02","false",""\n'
    )


def test_a_history_row_is_written_in_both_views(tmp_path: Path) -> None:
    row = {
        "Sequence ID": "a",
        "Parent sequence ID": "b",
        "Call type": "発信",
        "Dial begin time": datetime(2026, 4, 1, 0, 0, 5, tzinfo=UTC),
        "Call duration": 754,
    }
    listed = write_records(
        tmp_path,
        "miitel.history_rows",
        [row],
        dialect=Dialect(encoding="cp932", header="ja", quote_all=False),
    ).read_text(encoding="cp932")
    assert listed.splitlines()[0].startswith("シーケンスID,ユーザー名")
    assert "2026-04-01 09:00:05" in listed
    assert "0:12:34" in listed
    flow = write_records(
        tmp_path,
        "miitel.history_rows",
        [row],
        dialect=Dialect(view="flow", durations="seconds", quote_all=False),
    ).read_text(encoding="utf-8")
    assert flow.startswith("Sequence ID,Parent sequence ID,Previous sequence ID")
    assert ",Outbound call," in flow
    assert ",754," in flow


def test_hubspot_instants_are_milliseconds(tmp_path: Path) -> None:
    at = datetime(2026, 4, 1, tzinfo=UTC)
    path = write_records(tmp_path, "hubspot.email_events", [{"id": "e", "created": at}])
    assert path.read_text(encoding="utf-8") == '{"id":"e","created":1775001600000}\n'


def test_a_small_world_is_written_below_its_sources(small: World, tmp_path: Path) -> None:
    paths = write_world(small, tmp_path)
    assert {path.relative_to(tmp_path).parts[0] for path in paths} >= {
        "miitel-webhook",
        "miitel-history",
        "sf",
        "hubspot",
        "osaka",
        "planning",
    }
