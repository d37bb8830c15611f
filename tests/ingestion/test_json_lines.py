"""JSON lines: a bad line is set aside by its number, the others are read."""

from __future__ import annotations

import json

import pytest

from dagster_project.lib import quarantine
from tests.ingestion.conftest import Company

ROWS = "select _record, record from raw_miitel.webhook_legs order by 1"


def call(number: int) -> str:
    leg = {"id": f"l{number}", "dial_starts_at": f"2026-07-0{number}T01:00:00+00:00"}
    return json.dumps({"call": {"id": f"c{number}", "details": [leg]}}, ensure_ascii=False)


def test_every_line_is_one_record_with_its_number(company: Company) -> None:
    company.put("phone/w.jsonl", call(1) + "\r\n" + call(2))
    assert company.read(ROWS) == [(1, call(1)), (2, call(2))]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{bad", "bad_json"),
        ('{"call": {"id": "x", "details": []}', "bad_json"),
        ('{"a":\x001}', "bad_json"),
        ('{"a":"\x01"}', "bad_json"),
        ('{"a":1}{"b":2}', "bad_json"),
        ("[1]", "not_an_object"),
        ("null", "not_an_object"),
        ('{"call": {"details": []}}', "missing:$.call.id"),
        ('{"call": {"id": null, "details": []}}', "missing:$.call.id"),
        ('{"call": {"id": "x", "details": null}}', "missing:$.call.details"),
        ('{"other": 1}', "missing:$.call.id"),
    ],
)
def test_a_bad_line_is_set_aside_with_its_reason_and_text(
    company: Company, line: str, code: str
) -> None:
    reading = company.only("phone/w.jsonl", call(1) + "\n\n" + line + "\n   \n" + call(2) + "\n")
    assert (reading.records_in, reading.records_accepted, reading.records_quarantined) == (3, 2, 1)
    assert company.read(ROWS) == [(1, call(1)), (3, call(2))]
    rows = quarantine.list_quarantine(company.house)
    assert [(row.reason_code, row.first_record) for row in rows] == [(code, 2)]
    assert quarantine.show(company.house, reading.file_id, 2) == line


def test_a_file_cut_off_in_its_last_line_is_rejected_for_its_days_would_look_quiet(
    company: Company,
) -> None:
    reading = company.only("phone/w.jsonl", call(1) + "\n" + call(2)[:40])
    assert (reading.status, reading.reject_code, reading.records_in) == (
        "rejected",
        "truncated_file",
        2,
    )


def test_a_bad_last_line_that_is_whole_is_set_aside(company: Company) -> None:
    reading = company.only("phone/w.jsonl", call(1) + "\n" + call(2)[:40] + "\n")
    assert (reading.status, reading.records_accepted, reading.records_quarantined) == (
        "accepted",
        1,
        1,
    )


def test_a_verification_challenge_is_no_record(company: Company) -> None:
    reading = company.only("phone/w.jsonl", '{"challenge": "abc"}\n' + call(1) + "\n")
    assert (reading.records_in, reading.records_accepted) == (1, 1)
    assert reading.warnings == ("1 control records (a challenge, or another event) skipped",)
    assert company.read(ROWS) == [(2, call(1))]


def test_a_lone_carriage_return_between_tokens_divides_no_record(company: Company) -> None:
    company.put("phone/w.jsonl", call(1).replace(": ", ":\r", 1) + "\n" + call(2) + "\n")
    assert [row[0] for row in company.read(ROWS)] == [1, 2]


@pytest.mark.parametrize("content", ['{\n "call": 1\n}\n', '[\n{"call": 1}\n]\n'])
def test_json_over_several_lines_is_refused(company: Company, content: str) -> None:
    assert company.only("phone/w.jsonl", content).reject_code == "not_json_lines"


def test_an_unknown_name_is_known_by_its_records(company: Company) -> None:
    assert company.only("phone/received", call(1)).object_name == "webhook_legs"
    reading = company.only("phone/other", '{"video": {"id": 1}}\n')
    assert reading.reject_code == "no_contract"


def test_the_latest_start_is_when_the_file_was_received(company: Company) -> None:
    reading = company.only("phone/w.jsonl", call(3) + "\n" + call(1) + "\n")
    assert str(reading.receipt.extracted_at) == "2026-07-03 01:00:00"
    assert reading.receipt.extracted_at_basis == "content"


def test_japanese_and_long_lines_survive(company: Company) -> None:
    long = json.dumps(
        {"call": {"id": "長", "details": [{"id": "x"}], "t": "あ" * 1_500_000}}, ensure_ascii=False
    )
    company.put("phone/w.jsonl", long + "\n" + call(1) + "\n")
    assert company.read(ROWS) == [(1, long), (2, call(1))]
