"""A mapped source: any export, described only in `config/sources.yml`."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from tests.ingestion.conftest import Company

CONFIG = """
sources:
  - id: other
    system: mapped
    class: sfa
    timezone: America/Sao_Paulo
    objects:
      - object: leads
        files: ["deals*"]
        format: FORMAT
        columns: {lead_id: 管理番号, company: 会社名, created_at: 登録日}
        constants: {lead_score: 5}
        values: {company: {"1": A社}}
        formats: {created_at: {timestamp: ["%d/%m/%Y %H:%M", "%d/%m/%Y"]}}
"""
ROWS = "select _record, lead_id, company, created_at from raw_mapped.leads order by 1"


def workbook(rows: list[list[object]], sheet: str = "案件") -> bytes:
    book = Workbook()
    first = book.active
    assert first is not None
    first.title = sheet
    for row in rows:
        first.append(row)
    book.create_sheet("別").append(["x", "y"])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def configure(company: Company, written: str, more: str = "") -> None:
    company.configure(CONFIG.replace("FORMAT", written + more))


@pytest.mark.parametrize(("written", "mark"), [("csv", ","), ("csv", ";"), ("tsv", "\t")])
def test_headers_become_canonical_columns(company: Company, written: str, mark: str) -> None:
    configure(company, written)
    text = "管理番号,会社名,備考,登録日\n7,株式会社あ,x,31/12/2025 23:30\n".replace(",", mark)
    reading = company.only("other/deals.txt", text.encode("cp932"))
    assert reading.object_name == "leads"
    assert str(reading.receipt.extracted_at) == "2026-01-01 02:30:00"
    assert company.read(ROWS) == [(1, "7", "株式会社あ", "31/12/2025 23:30")]


def test_a_header_the_configuration_names_must_be_there(company: Company) -> None:
    configure(company, "csv")
    reading = company.only("other/deals.csv", "管理番号,会社,登録日\n7,a,b\n")
    assert reading.reject_code == "missing_header"
    assert "company (as '会社名')" in (reading.reject_message or "")


def test_a_file_no_pattern_names_is_refused_unless_its_header_fits(company: Company) -> None:
    configure(company, "csv")
    assert company.only("other/x.csv", "a,b\n1,2\n").reject_code == "no_contract"
    assert company.only("other/y.csv", "管理番号,会社名,登録日\n7,a,b\n").status == "accepted"


def test_a_sheet_is_read_as_typed_cells(company: Company) -> None:
    configure(company, "xlsx", "\n        sheet: 案件")
    content = workbook(
        [
            ["管理番号", "会社名", "登録日", "数"],
            [7.0, "株式会社\nあ", datetime(2026, 7, 1, 9, 30), 1.5],
            ["08", True, date(2026, 7, 2), None],
            [None, None, None, None],
            [5.6353e15, "日付でない", 45000, 9012345678],
        ]
    )
    reading = company.only("other/deals.xlsx", content)
    assert (reading.records_in, reading.records_quarantined) == (3, 1)
    assert company.read(ROWS.replace("created_at", "created_at, _extra")) == [
        (1, "7", "株式会社\nあ", "2026-07-01 09:30:00", '{"数":"1.5"}'),
        (2, "08", "true", "2026-07-02 00:00:00", None),
    ]


def test_a_workbook_without_the_sheet_says_which_there_are(company: Company) -> None:
    configure(company, "xlsx", "\n        sheet: 商談")
    reading = company.only("other/deals.xlsx", workbook([["a", "b"]]))
    assert reading.reject_code == "missing_sheet"
    assert "案件, 別" in (reading.reject_message or "")


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 no workbook", b"a,b\n1,2\n", b"PK\x05\x06" + b"\0" * 18]
)
def test_what_is_no_workbook_is_refused(company: Company, content: bytes) -> None:
    configure(company, "xlsx")
    assert company.only("other/deals.xlsx", content).reject_code == "damaged_workbook"


def repacked(content: bytes, part: str, text: bytes, method: int) -> bytes:
    """The same workbook with one part replaced, packed another way."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", method) as new:
        for name in old.namelist():
            new.writestr(name, text if name == part else old.read(name))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "part", ["[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"]
)
@pytest.mark.parametrize("text", [b"", b"<a>", b"\0", b"<a/>"])
def test_a_workbook_with_a_damaged_part_is_refused_and_stops_nobody(
    company: Company, part: str, text: bytes
) -> None:
    configure(company, "xlsx")
    damaged = repacked(workbook([["管理番号"], ["1"]]), part, text, zipfile.ZIP_DEFLATED)
    assert company.only("other/deals.xlsx", damaged).reject_code == "damaged_workbook"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_workbook_whose_packing_is_damaged_is_refused(company: Company, method: int) -> None:
    configure(company, "xlsx")
    packed = bytearray(repacked(workbook([["管理番号"], ["1"]]), "", b"", method))
    for at in range(60, len(packed) // 2):
        packed[at] ^= 0xFF
    assert company.only("other/deals.xlsx", bytes(packed)).reject_code == "damaged_workbook"


def test_a_workbook_that_points_to_nowhere_is_refused(company: Company) -> None:
    """Its directory lies before its first byte."""
    configure(company, "xlsx")
    packed = bytearray(workbook([["管理番号", "会社名"], ["1", "a"]]))
    at = packed.rindex(b"PK\x05\x06") + 16
    packed[at : at + 4] = b"\xff\xff\xff\x7f"
    assert company.only("other/deals.xlsx", bytes(packed)).reject_code == "damaged_workbook"
    at = packed.index(b"PK\x01\x02") + 42
    packed[at : at + 4] = b"\xff\xff\xff\x7f"
    assert company.only("other/deals2.xlsx", bytes(packed)).reject_code == "damaged_workbook"


def test_json_members_become_canonical_columns(company: Company) -> None:
    company.configure(
        CONFIG.replace("FORMAT", "jsonl")
        .replace("管理番号", "$.id")
        .replace("会社名", "会社名")
        .replace("登録日", "$.at.created")
    )
    content = (
        '{"id": 9007199254740993, "会社名": "あ", "at": {"created": "01/07/2026 09:00"}}\n'
        '{"id": null}\n{bad\n{"id": "8", "会社名": ""}\n'
    )
    reading = company.only("other/deals.jsonl", content)
    assert (reading.records_in, reading.records_quarantined) == (4, 2)
    assert company.read(ROWS) == [
        (1, "9007199254740993", "あ", "01/07/2026 09:00"),
        (4, "8", "", None),
    ]


def test_a_damaged_id_of_a_json_number_is_seen(company: Company) -> None:
    company.configure(
        CONFIG.replace("FORMAT", "jsonl").replace("管理番号", "$.id").replace("登録日", "$.at")
    )
    company.only("other/deals.jsonl", '{"id": 5.6353E+15}\n{"id": 5635300000000000}\n')
    assert company.read("select lead_id from raw_mapped.leads order by _record") == [
        ("5.635300E+15",),
        ("5635300000000000",),
    ]


def test_a_true_date_cell_fits_whatever_format_is_configured(company: Company) -> None:
    configure(company, "xlsx")
    company.prepare()
    (spelled,) = company.rows(
        "select format from raw_kura.mapped_columns where column_name = 'created_at'"
    )
    assert json.loads(str(spelled[0])) == [
        "%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d",
    ]  # fmt: skip


def test_a_unit_reaches_the_casts(company: Company) -> None:
    company.configure(
        CONFIG.replace("FORMAT", "csv")
        .replace("created_at: 登録日}", "created_at: 登録日, lead_score: 点}")
        .replace("        constants: {lead_score: 5}\n", "")
        .replace("formats: {", "formats: {lead_score: {unit: [点, '¥']}, ")
    )
    company.prepare()
    assert company.rows(
        "select units from raw_kura.mapped_columns where column_name = 'lead_score'"
    ) == [('["点", "¥"]',)]


def test_formats_values_and_constants_reach_the_casts(company: Company) -> None:
    configure(company, "csv")
    company.prepare()
    assert company.rows(
        "select column_name, format, constant from raw_kura.mapped_columns order by 1"
    ) == [
        ("company", None, None),
        ("created_at", '["%d/%m/%Y %H:%M", "%d/%m/%Y"]', None),
        ("lead_id", None, None),
        ("lead_score", None, "5"),
    ]
    assert company.rows(
        "select object, column_name, from_value, to_value from raw_kura.value_maps"
    ) == [("leads", "company", "1", "A社")]
