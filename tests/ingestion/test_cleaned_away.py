"""An export that was cleaned away counts as if it still lay there, whatever is edited afterwards."""

from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from dagster_project.lib.contracts import Contracts
from dagster_project.settings import House
from tests.ingestion.conftest import CONTRACTS, HISTORY, LEADS, SOURCES, Company, write_contracts

PHONE = "sources: [{id: phone, system: miitel, account: acme%s}]"
CRM = "sources: [{id: crm, system: salesforce%s}]"
EXPO = """
sources:
  - id: expo
    system: mapped
    class: sfa
    objects:
      - {object: leads, files: ["*"], format: %s, columns: {lead_id: nr, company: %s, created_at: at}}
"""
PORTAL = "sources: [{id: hub, system: hubspot%s}]"
STAMPED = ", extracted_at: {pattern: '_(?P<date>\\d{8})T(?P<time>\\d{4})'%s}"
CALLS = (
    '{"challenge": "x"}\n'
    '{"call": {"id": "1", "details": [{"id": "a", "dial_starts_at": "2026-07-01T09:00:00Z"}]}}\n'
    "{bad\n"
    '{"challenge": "y"}\n'
    '{"call": {"id": "2", "details": [{"id": "b", "dial_starts_at": "2026-07-02T09:00:00"}]}}\n'
    '{"call": {"id": "3"}}\n'
)
RECORDS = (
    "Record ID,CREATEDATE,hubspotscore,fit_score,archived,note\n"
    '901,2026-07-01T00:00:00Z,1,2,false,"あ, ""い""\nう"\n902,2026-07-02T00:00:00Z,,,true,\n'
)
ROWS = (
    LEADS
    + '1,"あ, ""い""",2026-07-01,\n5.63E+15,う,2026-07-02,2026-07-03T00:00:00Z\n3,"え\nお",,\n'
)


_FAIR = (("nr", "at", "firm", "other"), ("1", "2026-07-01 10:00", "あ", "い"))


def _book(*rows: tuple[str, ...]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows or _FAIR:
        sheet.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _zip(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, text)
    return packed.getvalue()


@dataclass(frozen=True)
class Edit:
    """A file read under one configuration, and the configuration of the night after."""

    file: str
    content: bytes
    before: str
    after: str


EDITS = {
    "a zone of naive times": Edit(
        "phone/h.csv", (HISTORY + "a,x,2026-07-01 09:00:00\n").encode(), PHONE % "",
        PHONE % ", timezone: America/Los_Angeles",
    ),
    "a zone of file names": Edit(
        "phone/h_20260702T0300.csv", (HISTORY + "a,x,2026-07-01 09:00:00\n").encode(),
        PHONE % STAMPED % ", timezone: UTC", PHONE % STAMPED % "",
    ),
    "what a file name says": Edit(
        "phone/h_20260702T0300.csv.gz",
        gzip.compress((HISTORY + "a,x,2026-07-01 09:00:00\n").encode()), PHONE % "",
        PHONE % STAMPED % "",
    ),
    "a custom field": Edit(
        "crm/leads.csv", ROWS.encode("utf-8-sig"), CRM % "",
        CRM % ", custom: {leads.company: SystemModstamp}",
    ),
    "a custom field that nothing was read from": Edit(
        "crm/leads.csv", ROWS.replace("Company", "Firma.\"x\" [y]").encode("cp932")
        .replace(b'"x"', b"x"), CRM % "", CRM % ", custom: {leads.company: 'Firma.x [y]'}",
    ),
    "an encoding that cannot be": Edit(
        "crm/leads.csv", ROWS.encode(), CRM % "", CRM % ", encoding: utf-16"
    ),
    "an encoding with a mark before it": Edit(
        "crm/leads.csv", ROWS.encode("utf-8-sig"), CRM % "", CRM % ", encoding: cp932"
    ),
    "a delimiter": Edit(
        "crm/leads.csv", ROWS.replace(",", ";").encode(), CRM % "", CRM % ", delimiter: ';'"
    ),
    "a delimiter that is another": Edit(
        "crm/leads.csv", ROWS.encode(), CRM % "", CRM % ", delimiter: ';'"
    ),
    "a member of an archive": Edit(
        "crm/all.zip", _zip("leads.csv", ROWS), CRM % "", CRM % ", timezone: Asia/Tokyo"
    ),
    "lines of JSON": Edit(
        "phone/w.jsonl", CALLS.encode(), PHONE % "", PHONE % ", timezone: America/Los_Angeles"
    ),
    "members of JSON that nothing was read from": Edit(
        "expo/e.jsonl",
        '{"nr": 1, "at": "2026-07-01", "firm": "あ", "other": {"b": "い"}}\n{"nr": null}\n'.encode(),
        EXPO % ("jsonl", "firm"), EXPO % ("jsonl", "$.other.b"),
    ),
    "a column of a workbook": Edit(
        "expo/e.xlsx", _book(), EXPO % ("xlsx", "firm"), EXPO % ("xlsx", "other")
    ),
    "a property of a table of records": Edit(
        "hub/contacts.csv", RECORDS.encode("utf-8-sig"), PORTAL % "",
        PORTAL % ", class: [ma, sfa], custom: {contacts.lead_score: fit_score}",
    ),
    "a workbook of records": Edit(
        "hub/contacts.xlsx",
        _book(("hs_object_id", "createdate", "hubspotscore"), ("901", "2026-07-01T00:00:00Z", "1")),
        PORTAL % "", PORTAL % ", timezone: Asia/Tokyo, delimiter: ';'",
    ),
    "an object that is not in the file": Edit(
        "expo/e.csv", b"nr,at,firm\n1,2026-07-01,x\n", EXPO % ("csv", "firm"),
        EXPO % ("csv", "nothing"),
    ),
}  # fmt: skip


def _company(root: Path, contracts: Contracts) -> Company:
    company = Company(House(root), contracts)
    company.configure(SOURCES)
    return company


def _said(company: Company) -> dict[str, Any]:
    """Everything the models are told, in the house as it lies."""
    company.prepare()
    return {
        "files": company.rows(
            """select file_id, path, member, object_name, status, reject_code, extracted_at,
                covers_from, records_in, records_accepted, records_quarantined, is_active
            from raw_kura.files order by all"""
        ),
        "set aside": company.rows("from raw_kura.file_quarantine order by all"),
    } | {
        table: company.rows(f"from {table} order by all")
        for table in (
            "raw_miitel.webhook_legs",
            "raw_miitel.history_legs",
            "raw_salesforce.leads",
            "raw_mapped.leads",
            "raw_hubspot.contacts",
        )
    }


@pytest.mark.parametrize("name", EDITS)
def test_edited_rules_read_a_deleted_export_as_if_it_lay_there(
    name: str, tmp_path: Path, contracts: Contracts
) -> None:
    edit = EDITS[name]
    lying, cleaned = _company(tmp_path / "a", contracts), _company(tmp_path / "b", contracts)
    for company in (lying, cleaned):
        company.configure(edit.before)
        company.put(edit.file, edit.content)
        first = _said(company)
    (cleaned.house.exports / edit.file).unlink()
    for text in (edit.after, edit.before, edit.after):
        for company in (lying, cleaned):
            company.configure(text)
        assert _said(cleaned) == _said(lying)
    cleaned.configure(edit.before)
    assert _said(cleaned) == first


@pytest.mark.parametrize("is_cleaned", [False, True])
def test_a_file_whose_name_says_something_else_today_counts_once(
    company: Company, is_cleaned: bool
) -> None:
    company.configure(PHONE % STAMPED % "")
    company.put("phone/h_20260702T0300.csv", HISTORY + "a,x,2026-07-01 09:00:00\n")
    company.night()
    if is_cleaned:
        (company.house.exports / "phone/h_20260702T0300.csv").unlink()
    company.configure(PHONE % (STAMPED % "" + ", timezone: UTC"))
    assert [str(row[0]) for row in company.read("select extracted_at from raw_kura.files")] == [
        "2026-07-02 03:00:00"
    ]


def test_every_name_of_a_deleted_content_says_what_it_says_today(company: Company) -> None:
    company.put("phone/h_20260701.csv", HISTORY)
    company.put("phone/h_20260702.csv", HISTORY)
    company.night()
    for path in (company.house.exports / "phone").iterdir():
        path.unlink()
    days = ", coverage: {basis: file_name, pattern: '_(?P<date>\\d{8})'}"
    company.configure(PHONE % days)
    assert company.read("select status, covers_from::varchar from raw_kura.files order by 2") == [
        ("accepted", "2026-07-01"),
        ("accepted", "2026-07-02"),
    ]


def test_a_deleted_copy_is_still_a_copy_and_the_first_name_counts(company: Company) -> None:
    for name in ("b", "a"):
        company.put(f"phone/{name}.csv", HISTORY)
        company.night()
    query = "select path, status from raw_kura.files order by 1"
    expected = [("phone/a.csv", "accepted"), ("phone/b.csv", "skipped_duplicate")]
    assert company.read(query) == expected
    (company.house.exports / "phone/a.csv").unlink()
    assert company.read(query) == expected
    (company.house.exports / "phone/b.csv").unlink()
    assert company.read(query) == expected


def test_records_set_aside_come_back_with_their_source(company: Company) -> None:
    path = company.put("phone/w.jsonl", CALLS)
    expected = _said(company)
    path.unlink()
    company.configure("sources: []")
    company.night()
    company.configure(SOURCES)
    assert _said(company) == expected


def test_records_set_aside_survive_a_night_that_refused_their_file(company: Company) -> None:
    path = company.put("crm/leads.csv", ROWS)
    expected = _said(company)
    company.configure(CRM % ", encoding: utf-16")
    assert [item.status for item in company.night().readings] == ["rejected"]
    path.unlink()
    assert [item.status for item in company.night().readings] == ["rejected"]
    company.configure(SOURCES)
    assert _said(company) == expected


def test_what_cannot_be_read_again_keeps_its_rows_and_says_so(company: Company) -> None:
    company.configure(EXPO % ("xlsx", "firm"))
    company.put("expo/e.xlsx", _book())
    company.night()
    (company.house.exports / "expo/e.xlsx").unlink()
    company.configure((EXPO % ("xlsx", "firm")).replace("xlsx, ", "xlsx, sheet: other, "))
    result = company.night()
    assert [item.is_active for item in result.readings] == [True]
    assert result.readings[0].cast_under != result.readings[0].receipt.fingerprint
    assert any("only the sheet that was read is kept" in text for text in result.warnings)
    company.configure(EXPO % ("xlsx", "firm"))
    assert company.night().warnings == ()


def test_a_column_added_to_a_contract_is_read_from_what_was_kept(
    company: Company, tmp_path: Path
) -> None:
    company.put("crm/leads.csv", LEADS.replace("Company", "Company,City") + "1,a,Kyoto,,\n")
    company.night()
    (company.house.exports / "crm/leads.csv").unlink()
    added = CONTRACTS["salesforce"].replace(
        "          - name: company\n",
        "          - name: city\n            data_type: varchar\n"
        "            config: {meta: {type: text, aliases: [City]}}\n"
        "          - name: company\n",
        1,
    )
    company.contracts = write_contracts(tmp_path / "dbt", {**CONTRACTS, "salesforce": added})
    assert company.read("select city, company from raw_salesforce.leads") == [("Kyoto", "a")]
