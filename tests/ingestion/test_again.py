"""Doing it again changes nothing; changed rules read again; nothing that was exported is lost."""

from __future__ import annotations

import itertools
import os
import random

import pytest

from dagster_project.lib import discovery, ingestion, quarantine, raw
from dagster_project.lib.ingestion import PlanningMissing
from tests.ingestion.conftest import CONTRACTS, HISTORY, LEADS, SOURCES, Company, write_contracts

AT = "2026-07-01 09:00:00"
ROWS = "select _file_id, _record, leg_id, _extracted_at from raw_miitel.history_legs order by all"


def history(*names: str, day: int = 1) -> str:
    return HISTORY + "".join(f"{name},x,2026-07-{day:02} 09:00:00\n" for name in names)


def states(company: Company) -> dict[str, int]:
    return {
        os.fspath(path): path.stat().st_mtime_ns
        for path in company.house.raw.rglob("*")
        if path.is_file()
    }


def test_a_second_night_reads_nothing_and_changes_nothing(company: Company) -> None:
    company.put("phone/h.csv", history("a"))
    company.put("phone/w.jsonl", "{bad\n")
    company.put("phone/z.csv", b"")
    first = company.read(ROWS)
    before = states(company)
    result = company.night()
    assert [item.status for item in company.progress] == ["unchanged"] * 3
    assert states(company) == before
    company.prepare(result)
    assert company.rows(ROWS) == first


def test_a_rejection_is_reported_every_night_until_its_file_is_gone(company: Company) -> None:
    path = company.put("phone/z.csv", b"")
    assert [len(company.night().rejected) for _ in range(2)] == [1, 1]
    path.unlink()
    assert company.night().rejected == ()


def test_records_set_aside_and_then_deleted_are_set_aside_again(company: Company) -> None:
    company.put("phone/w.jsonl", "{bad\n")
    company.prepare()
    for path in company.house.quarantine.rglob("*.parquet"):
        path.unlink()
    assert company.read("select reason_code from raw_kura.file_quarantine") == [("bad_json",)]


def test_the_same_content_under_two_names_counts_once(company: Company) -> None:
    company.put("phone/b.csv", history("a"))
    first = company.read(ROWS)
    company.put("phone/a copy.csv", history("a"))
    result = company.night()
    assert {item.path: item.status for item in result.readings} == {
        "phone/a copy.csv": "accepted",
        "phone/b.csv": "skipped_duplicate",
    }
    assert len({item.file_id for item in result.readings}) == 2
    company.prepare(result)
    assert company.rows(ROWS) == first


def test_two_empty_days_of_one_content_are_two_readings_when_names_say_the_day(
    company: Company,
) -> None:
    company.configure(
        """
sources:
  - id: phone
    system: miitel
    coverage: {basis: file_name, pattern: '_(?P<date>\\d{8})'}
"""
    )
    company.put("phone/h_20260701.csv", HISTORY)
    company.put("phone/h_20260702.csv", HISTORY)
    company.put("phone/h_20260702 (1).csv", HISTORY)
    assert company.read(
        "select status, covers_from::varchar, covers_to::varchar from raw_kura.files order by path"
    ) == [
        ("accepted", "2026-07-01", "2026-07-01"),
        ("accepted", "2026-07-02", "2026-07-02"),
        ("skipped_duplicate", "2026-07-02", "2026-07-02"),
    ]


def test_refused_copies_have_ids_of_their_own(company: Company) -> None:
    company.put("phone/a.csv", b"")
    company.put("phone/b.csv", b"")
    ids = [item.file_id for item in company.night().readings]
    assert len(set(ids)) == 2
    assert ids == [item.file_id for item in company.night().readings]


def test_an_export_that_is_gone_still_counts(company: Company) -> None:
    path = company.put("phone/h.csv", history("a"))
    first = company.read(ROWS)
    path.unlink()
    assert company.read(ROWS) == first
    path.write_text(history("b"))
    assert [row[2] for row in company.read(ROWS)] == ["a", "b"]


def test_a_planning_table_counts_only_while_it_lies_there(company: Company) -> None:
    path = company.put("planning/roster.csv", "rep_id,氏名\nr1,山田\n")
    query = "select rep_id from raw_planning.roster"
    assert company.read(query) == [("r1",)]
    path.write_text("rep_id,氏名\nr2,山田\n")
    assert company.read(query) == [("r2",)]
    path.write_text("rep_id,氏名\n")
    assert company.read(query) == []
    path.write_text("rep_id,氏名\nr1,山田\n")
    assert company.read(query) == [("r1",)]


def test_a_planning_table_that_vanished_stops_the_night(company: Company) -> None:
    path = company.put("planning/roster.csv", "rep_id,氏名\nr1,山田\n")
    company.night()
    path.unlink()
    with pytest.raises(PlanningMissing, match="roster"):
        company.night()
    path.write_text("rep_id,氏名\nr1,山田\n")
    assert company.read("select rep_id from raw_planning.roster") == [("r1",)]


def test_a_planning_table_that_is_just_being_saved_stops_the_night(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.put("planning/roster.csv", "rep_id,氏名\nr1,山田\n")
    monkeypatch.setattr(
        "dagster_project.lib.ingestion.settle", lambda files, _: frozenset(f.path for f in files)
    )
    with pytest.raises(PlanningMissing, match="being written"):
        company.night()


def test_a_changed_rule_reads_again_and_retries_what_was_refused(company: Company) -> None:
    company.put("phone/h.csv", history("a"))
    company.put("phone/u.csv", history("b").encode("utf-16-le"))
    result = company.night()
    assert [item.status for item in result.readings] == ["accepted", "rejected"]
    company.configure(SOURCES.replace("account: acme", "account: acme, encoding: utf-16"))
    assert [item.status for item in company.night().readings] == ["rejected", "accepted"]
    company.configure(SOURCES)
    again = company.night()
    assert [item.status for item in again.readings] == ["accepted", "rejected"]
    assert [item.file_id for item in again.readings] == [item.file_id for item in result.readings]


def test_a_file_read_under_two_rule_sets_counts_once(company: Company) -> None:
    company.put("phone/h.csv", history("a"))
    first = company.read(ROWS)
    company.configure(SOURCES.replace("account: acme", "account: acme, timezone: UTC"))
    second = company.read(ROWS)
    assert len(first) == len(second) == 1
    assert first[0][0] != second[0][0]
    assert str(first[0][3]) == "2026-07-01 00:00:00"
    assert str(second[0][3]) == "2026-07-01 09:00:00"


def test_a_changed_threshold_reads_nothing_again(company: Company) -> None:
    company.put("phone/h.csv", history("a"))
    before = company.night()
    company.configure(
        SOURCES.replace("account: acme", "account: acme, own_numbers: ['0312345678']")
    )
    assert [item.file_id for item in company.night().readings] == [
        item.file_id for item in before.readings
    ]


def test_rules_edited_after_an_export_was_deleted_read_again_what_was_kept_of_it(
    company: Company,
) -> None:
    path = company.put("phone/h.csv", history("a"))
    company.put("phone/w.jsonl", "{bad\n")
    company.night()
    path.unlink()
    company.configure(SOURCES.replace("account: acme", "account: acme, timezone: UTC"))
    result = company.night()
    kept = next(item for item in result.readings if item.path == "phone/h.csv")
    assert kept.is_active
    assert not kept.is_present
    assert kept.cast_under == kept.receipt.fingerprint
    company.prepare(result)
    assert [str(row[3]) for row in company.rows(ROWS)] == ["2026-07-01 09:00:00"]


def test_a_column_added_to_a_contract_is_empty_in_readings_whose_export_is_gone(
    company: Company,
) -> None:
    gone = company.put("crm/leads.csv", LEADS + "1,a,2026-07-01,\n")
    company.night()
    gone.unlink()
    company.put("crm/leads2.csv", LEADS + "2,b,2026-07-02,\n")
    added = CONTRACTS["salesforce"].replace(
        "          - name: company\n",
        "          - name: city\n            data_type: varchar\n"
        "            config: {meta: {type: text, aliases: [City]}}\n"
        "          - name: company\n",
        1,
    )
    company.contracts = write_contracts(
        company.house.root / "dbt", {**CONTRACTS, "salesforce": added}
    )
    assert company.read("select lead_id, city, company from raw_salesforce.leads order by 1") == [
        ("1", None, "a"),
        ("2", None, "b"),
    ]


def test_a_source_taken_out_of_the_configuration_no_longer_counts_and_is_named(
    company: Company,
) -> None:
    company.put("phone/h.csv", history("a"))
    company.night()
    company.configure("sources: [{id: crm, system: salesforce}]")
    result = company.night()
    assert result.active == ()
    assert any("source phone is not in config/sources.yml" in text for text in result.warnings)
    company.configure(SOURCES)
    assert len(company.night().active) == 1


def test_a_raw_file_somebody_removed_is_read_again(company: Company) -> None:
    path = company.put("phone/h.csv", history("a"))
    first = company.read(ROWS)
    for parquet in company.house.raw.rglob("*.parquet"):
        parquet.unlink()
    assert company.read(ROWS) == first
    for parquet in company.house.raw.rglob("*.parquet"):
        parquet.unlink()
    path.unlink()
    assert "its raw file is missing" in company.night().warnings[0]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[:4])
def test_the_order_of_arrival_does_not_matter(company: Company, order: tuple[int, ...]) -> None:
    files = [
        ("phone/1.csv", history("a", "b")),
        ("phone/2.csv", history("b", "c", day=2)),
        ("phone/3.csv", history("d", day=3)),
    ]
    for place in order:
        company.put(*files[place])
        company.night()
    split = company.read(ROWS)
    for path in company.house.raw.rglob("*.*"):
        path.unlink()
    assert company.read(ROWS) == split


@pytest.mark.parametrize("seed", range(12))
def test_a_crash_anywhere_and_another_night_give_the_same(
    company: Company, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.put("phone/1.csv", history("a", "b"))
    company.put("phone/w.jsonl", '{bad\n{"call": {"id": 1, "details": []}}\n')
    company.put("phone/z.csv", b"")
    expected = company.read(ROWS)
    quarantined = company.rows("select * from raw_kura.file_quarantine order by all")
    for folder in (company.house.raw, company.house.quarantine, company.house.work):
        for path in folder.rglob("*"):
            if path.is_file():
                path.unlink()

    class Killed(BaseException):
        pass

    left = random.Random(seed).randint(0, 8)

    def dying(function: object) -> object:
        def called(*arguments: object, **named: object) -> object:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return function(*arguments, **named)  # type: ignore[operator]

        return called

    with monkeypatch.context() as patched:
        patched.setattr(raw, "_sync", dying(raw._sync))
        patched.setattr(quarantine, "write_set_aside", dying(quarantine.write_set_aside))
        patched.setattr(ingestion, "is_changed", dying(discovery.is_changed))
        try:
            company.night()
        except Killed:
            company.house.scratch.mkdir(exist_ok=True)
            (company.house.scratch / "half.parquet").write_bytes(b"PAR1")
        else:
            pytest.skip("the night ended before the crash")
    assert company.read(ROWS) == expected
    assert company.rows("select * from raw_kura.file_quarantine order by all") == quarantined
    assert list(company.house.scratch.iterdir()) == []
