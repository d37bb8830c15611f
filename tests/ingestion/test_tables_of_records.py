"""The exports API writes as a table what the other APIs write as records: both are read as records."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from io import BytesIO

import pytest
from openpyxl import Workbook

from tests.ingestion.conftest import Company

CRM = "sources: [{id: hub, system: hubspot, class: [sfa]%s}]"
HEADER = "Record ID,createdate,hubspotscore,archived,Note\n"
ROWS = "select _record, record from raw_hubspot.contacts order by 1"


def records(company: Company) -> list[tuple[int, dict[str, object]]]:
    return [(int(str(number)), json.loads(str(record))) for number, record in company.read(ROWS)]


@pytest.fixture
def portal(company: Company) -> Company:
    company.configure(CRM % "")
    return company


def test_every_cell_is_a_property_and_an_empty_one_is_none(portal: Company) -> None:
    portal.put(
        "hub/contacts_1.csv", HEADER + '9007199254740993,2026-07-01T00:00:00Z,,true,"a, ""b"""\n'
    )
    assert records(portal) == [
        (
            1,
            {
                "id": "9007199254740993",
                "archived": "true",
                "properties": {
                    "Record ID": "9007199254740993",
                    "createdate": "2026-07-01T00:00:00Z",
                    "archived": "true",
                    "Note": 'a, "b"',
                },
            },
        )
    ]


def test_a_header_in_capitals_names_the_same_property(portal: Company) -> None:
    portal.put("hub/contacts_1.csv", "HS_OBJECT_ID,CREATEDATE\n1,2026-07-01T00:00:00Z\n")
    [(_, record)] = records(portal)
    assert record["id"] == "1"
    assert record["properties"] == {"HS_OBJECT_ID": "1", "createdate": "2026-07-01T00:00:00Z"}


def test_a_table_and_lines_of_one_object_lie_beside_each_other(portal: Company) -> None:
    line = '{"id": "2", "properties": {"createdate": "2026-07-02T00:00:00Z"}}'
    portal.put(
        "hub/contacts_1.csv.gz", gzip.compress((HEADER + "1,2026-07-01T00:00:00Z,5,,\n").encode())
    )
    portal.put("hub/contacts_2.jsonl", line)
    assert sorted(str(record["id"]) for _, record in records(portal)) == ["1", "2"]


def test_a_table_is_dated_by_its_latest_instant(portal: Company) -> None:
    reading = portal.only("hub/contacts_1.csv", HEADER + "1,2026-07-01T10:00:00Z,5,,\n")
    assert str(reading.receipt.extracted_at) == "2026-07-01 10:00:00"


def test_a_table_with_labels_for_headers_is_refused(portal: Company) -> None:
    reading = portal.only("hub/deals.csv", "Record ID,Deal Name,Deal Stage\n1,案件,提案\n")
    assert (reading.receipt.status, reading.receipt.reject_code) == ("rejected", "missing_header")
    assert "dealstage" in str(reading.receipt.reject_message)


def test_a_table_under_any_name_is_known_by_its_headers(portal: Company) -> None:
    reading = portal.only("hub/hubspot-crm-exports-1.csv", "Record ID,dealstage\n1,55\n")
    assert (reading.receipt.status, reading.receipt.object_name) == ("accepted", "deals")


def test_what_a_source_is_here_decides_what_it_may_bring(company: Company) -> None:
    company.configure("sources: [{id: hub, system: hubspot}]")
    reading = company.only("hub/deals.csv", "Record ID,dealstage\n1,55\n")
    assert reading.receipt.status == "rejected"


def test_a_workbook_is_read_as_the_records_it_is_made_of(portal: Company) -> None:
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(["Record ID", "createdate", "hubspotscore", "archived", "phone", "Note"])
    sheet.append([19732910159, datetime(2026, 7, 1, 9, 30), 12.0, False, 9012345678.0, None])
    sheet.append([9007199254740993, "2026-07-01T00:00:00Z", None, True, "090-1234-5678", 45000])
    content = BytesIO()
    workbook.save(content)
    portal.put("hub/contacts_1.xlsx", content.getvalue())
    (_, first), (_, second) = records(portal)
    assert first == {
        "id": "19732910159",
        "archived": "false",
        "properties": {
            "Record ID": "19732910159", "createdate": "2026-07-01 09:30:00", "hubspotscore": "12",
            "archived": "false", "phone": "9012345678",
        },
    }  # fmt: skip
    # an id beyond Excel's digits is seen to be damaged; a number is no date unless its cell is one
    assert second == {
        "id": "9.00719925474099E+15",
        "archived": "true",
        "properties": {
            "Record ID": "9.00719925474099E+15", "createdate": "2026-07-01T00:00:00Z",
            "archived": "true", "phone": "090-1234-5678", "Note": "45000",
        },
    }  # fmt: skip
