"""CSV: every record is read as it stands or the file is refused with the record's number."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.lib.contracts import load_contracts
from dagster_project.settings import DBT_PROJECT, House
from tests.ingestion.conftest import HISTORY, LEADS, SOURCES, Company

ROWS = "select _record, leg_id, agent_name from raw_miitel.history_legs order by 1"
AT = "2026-07-01 09:00:00"


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "^", "`"])
def test_the_delimiter_is_sniffed_from_the_header_line(company: Company, delimiter: str) -> None:
    company.put(
        "phone/h.csv", HISTORY.replace(",", delimiter) + f"a,b c,{AT}\n".replace(",", delimiter)
    )
    assert company.read(ROWS) == [(1, "a", "b c")]


def test_a_configured_delimiter_is_used(company: Company) -> None:
    company.configure('sources: [{id: phone, system: miitel, delimiter: ";"}]')
    assert company.only("phone/h.csv", HISTORY + "a,b,c\n").reject_code == "single_column"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_understood(company: Company, end: str) -> None:
    company.put("phone/h.csv", (HISTORY + f"a,b,{AT}\nc,d,{AT}").replace("\n", end))
    assert company.read(ROWS) == [(1, "a", "b"), (2, "c", "d")]


def test_a_last_line_without_its_end_is_pointed_out_because_its_last_cell_may_be_cut(
    company: Company,
) -> None:
    ended = company.only("phone/whole.csv", HISTORY + f"a,b,{AT}\n")
    assert not any("no line end" in text for text in ended.warnings)
    (company.house.exports / "phone/whole.csv").unlink()
    cut = company.only("phone/cut.csv", HISTORY + f"a,b,{AT}"[:-3])
    assert any("no line end" in text for text in cut.warnings)


def test_mixed_line_ends_are_understood(company: Company) -> None:
    company.put("phone/h.csv", HISTORY + f"a,b,{AT}\r\nc,d,{AT}\ne,f,{AT}\r\n")
    assert company.read(ROWS) == [(1, "a", "b"), (2, "c", "d"), (3, "e", "f")]


def test_newlines_and_doubled_quotes_live_inside_cells(company: Company) -> None:
    company.put("phone/h.csv", HISTORY + f'"a","x\r\n""y"",\n\nz",{AT}\nc,d,{AT}\n')
    assert company.read(ROWS) == [(1, "a", 'x\r\n"y",\n\nz'), (2, "c", "d")]


def test_blank_lines_are_no_records_and_are_counted(company: Company) -> None:
    reading = company.only("phone/h.csv", "\n" + HISTORY + f"\na,b,{AT}\n\r\n\nc,d,{AT}\n\n")
    assert reading.records_in == 2
    assert "5 blank lines skipped" in reading.warnings
    assert company.read(ROWS) == [(1, "a", "b"), (2, "c", "d")]


@pytest.mark.parametrize(
    ("row", "record", "code"),
    [
        ("a,b\n", 2, "row_length"),
        ("a,b,c,d\n", 2, "row_length"),
        ("a,b,c,\n", 2, "row_length"),
        ("  \n", 2, "row_length"),
        ('a,"b"x,c\n', 2, "bad_quoting"),
        ('a,"b,c\n', 2, "bad_quoting"),
        ('a,"b" ,c\n', 2, "bad_quoting"),
        ('a,  "b",c\n', 2, "bad_quoting"),
        (' "a",b,c\n', 2, "bad_quoting"),
    ],
    ids=[
        "short",
        "long",
        "trailing delimiter",
        "spaces",
        "text after quote",
        "open quote",
        "space after quote",
        "spaces before quote",
        "space before the first quote",
    ],
)
def test_a_row_of_another_shape_rejects_the_whole_file_and_names_the_record(
    company: Company, row: str, record: int, code: str
) -> None:
    reading = company.only("phone/h.csv", HISTORY + f"a,b,{AT}\n{row}c,d,{AT}\n")
    assert (reading.status, reading.reject_code) == ("rejected", code)
    assert f"Record {record} " in (reading.reject_message or "")
    assert company.read(ROWS) == []


def test_a_quotation_mark_inside_an_unquoted_cell_is_text(company: Company) -> None:
    company.put("phone/h.csv", HISTORY + f'a,5" pipe,{AT}\nc,d,{AT}\n')
    assert company.read(ROWS) == [(1, "a", '5" pipe'), (2, "c", "d")]


def test_spaces_beside_quotation_marks_inside_cells_are_text(company: Company) -> None:
    company.put(
        "phone/h.csv", HISTORY + f'"a, ""b"" c","x ""y"" ",{AT}\nc,d "e" f,{AT}\n"g ", h,{AT}\n'
    )
    assert company.read(ROWS) == [(1, 'a, "b" c', 'x "y" '), (2, "c", 'd "e" f'), (3, "g ", " h")]


def test_nul_bytes_reject_the_file(company: Company) -> None:
    reading = company.only("phone/h.csv", HISTORY + f"a\0,b,{AT}\n")
    assert (reading.reject_code, reading.records_in) == ("nul_bytes", 1)


def test_a_file_without_bytes_is_an_error(company: Company) -> None:
    assert company.only("phone/h.csv", b"").reject_code == "empty_file"


@pytest.mark.parametrize("content", ["\n\n", "\ufeff", " \n"])
def test_a_file_without_a_header_is_an_error(company: Company, content: str) -> None:
    assert company.only("phone/h.csv", content).reject_code == "empty_file"


@pytest.mark.parametrize("content", [HISTORY, HISTORY.strip()])
def test_a_header_alone_is_a_valid_export_of_nothing(company: Company, content: str) -> None:
    reading = company.only("phone/h.csv", content)
    assert (reading.status, reading.records_in) == ("accepted", 0)
    assert company.read(ROWS) == []


def test_headers_match_whatever_their_width_case_and_spaces(company: Company) -> None:
    company.put("phone/h.csv", f"ＳＥＱＵＥＮＣＥ　ｉｄ, user  NAME ,DIAL BEGIN TIME\na,b,{AT}\n")
    assert company.read(ROWS) == [(1, "a", "b")]


def test_a_missing_required_header_rejects_the_file_and_names_it(company: Company) -> None:
    reading = company.only("phone/h.csv", "Sequence ID,User name\na,b\n")
    assert reading.reject_code == "missing_header"
    assert "started_at (as 'Dial begin time'" in (reading.reject_message or "")


def test_the_same_header_twice_rejects_the_file(company: Company) -> None:
    reading = company.only("phone/h.csv", "Sequence ID,Dial begin time,sequence id\na,b,c\n")
    assert reading.reject_code == "duplicate_header"


def test_an_unknown_header_may_stand_there_twice(company: Company) -> None:
    reading = company.only("crm/leads.csv", "Id,Company,Memo,Memo,memo\n1,a,b,c,d\n")
    assert reading.status == "accepted"
    assert company.read("select company, _extra from raw_salesforce.leads") == [
        ("a", '{"Memo":"b","Memo column 4":"c","memo":"d"}'),
    ]


def test_unknown_columns_are_kept_and_said(company: Company) -> None:
    reading = company.only("crm/leads.csv", 'Id,Foo__c,Bar "x"\n1,,\n2,"a\nb",\n3,c,"d"\n')
    assert reading.warnings == ('unknown columns kept: Foo__c, Bar "x"',)
    assert company.read("select _extra from raw_salesforce.leads order by _record") == [
        (None,),
        ('{"Foo__c":"a\\nb"}',),
        ('{"Foo__c":"c","Bar \\"x\\"":"d"}',),
    ]


def test_a_header_nobody_knows_is_not_repeated_in_the_report(company: Company) -> None:
    """A file without a header line has somebody's name where headers should be."""
    reading = company.only("crm/x.csv", "山田花子,09012345678\n佐藤,0312345678\n")
    assert reading.reject_code == "no_contract"
    assert "山田" not in repr(reading)


def test_a_file_whose_name_says_nothing_is_known_by_its_header(company: Company) -> None:
    reading = company.only("crm/extract.csv", "Id,Title,CreatedDate\n1,部長,2026-07-01\n")
    assert reading.object_name == "contacts"


def test_a_header_close_to_an_object_says_what_is_missing(company: Company) -> None:
    reading = company.only("crm/extract.csv", "Company,CreatedDate,SystemModstamp\na,b,c\n")
    assert reading.reject_code == "unknown_header"
    assert "salesforce.leads" in (reading.reject_message or "")
    assert "lead_id (as 'Id'" in (reading.reject_message or "")


def test_a_custom_header_fills_its_canonical_column(company: Company) -> None:
    company.put("crm/leads.csv", "Id,Score__c,lead_score\n1,7,9\n")
    query = "select lead_score, _extra from raw_salesforce.leads"
    assert company.read(query) == [(None, '{"Score__c":"7","lead_score":"9"}')]
    company.configure("sources: [{id: crm, system: salesforce, custom: {lead_score: Score__c}}]")
    assert company.read(query) == [("7", '{"lead_score":"9"}')]


@pytest.mark.parametrize("configured", ["No_Show__c", "no_show__c", "NoShow__c"])
def test_a_custom_header_is_found_in_a_connectors_spelling(
    company: Company, configured: str
) -> None:
    custom = f"custom: {{lead_score: {configured}}}"
    company.configure(f"sources: [{{id: crm, system: salesforce, {custom}}}]")
    company.put("crm/leads.csv", "id,no_show_c\n1,7\n")
    assert company.read("select lead_score, _extra from raw_salesforce.leads") == [("7", None)]


def test_headers_every_object_has_do_not_make_a_file_that_object(tmp_path: Path) -> None:
    real = Company(House(tmp_path / "house"), load_contracts(DBT_PROJECT))
    real.configure(SOURCES)
    order = "Id,OrderNumber,AccountId,Status,Type,OwnerId,CreatedDate,CreatedById,EndDate,IsDeleted"
    refused = real.only("crm/extract.csv", f"{order}\n{',' * 9}\n")
    assert refused.reject_code == "no_contract"
    task = "Id,Subject,WhoId,ActivityDate,OwnerId,CreatedDate,IsClosed"
    assert real.only("crm/other.csv", f"{task}\n{',' * 6}\n").object_name == "tasks"


@pytest.mark.parametrize(
    ("file", "header", "missing"),
    [
        ("Task.csv", "Id,Status,TaskSubtype,CreatedDate", "IsClosed"),
        ("OpportunityStage.csv", "Id,ApiName,MasterLabel", "IsWon"),
        ("Opportunity.csv", "Id,Name,OwnerId,StageName,CreatedDate,IsClosed", "IsWon"),
        ("CampaignMember.csv", "Id,CampaignId,Status,CreatedDate", "HasResponded"),
    ],
)
def test_what_would_count_as_nought_when_absent_must_be_there(
    tmp_path: Path, file: str, header: str, missing: str
) -> None:
    real = Company(House(tmp_path / "house"), load_contracts(DBT_PROJECT))
    real.configure(SOURCES)
    refused = real.only(f"crm/{file}", f"{header}\n{',' * header.count(',')}\n")
    assert refused.reject_code == "missing_header"
    assert f"'{missing}'" in (refused.reject_message or "")


def test_a_connectors_history_table_is_refused_by_whatever_name(company: Company) -> None:
    reading = company.only("crm/leads.csv", "id,company,_fivetran_start,_fivetran_end\n1,a,b,c\n")
    assert reading.reject_code == "history_table"


def test_ids_that_excel_turned_into_numbers_are_set_aside(company: Company) -> None:
    reading = company.only(
        "crm/leads.csv",
        LEADS + "5.63530E+15,a,2026-07-01,\n00Q1,5.6E+15,2026-07-01,\n5E3,c,2026-07-02,\n",
    )
    assert (reading.records_in, reading.records_accepted, reading.records_quarantined) == (3, 1, 2)
    rows = company.read("select _record, lead_id, company from raw_salesforce.leads")
    assert rows == [(2, "00Q1", "5.6E+15")]
    assert company.rows("select record, reason_code from raw_kura.file_quarantine order by 1") == [
        (1, "excel_scientific:lead_id"),
        (3, "excel_scientific:lead_id"),
    ]


def test_a_large_file_keeps_its_order_and_its_numbers(company: Company) -> None:
    lines = [f'{number},"x""{number}\n",{AT}\n' for number in range(1, 60_001)]
    company.put("phone/h.csv", HISTORY + "".join(lines))
    assert company.read(
        "select count(*), bool_and(leg_id = _record::varchar) from raw_miitel.history_legs"
    ) == [(60_000, True)]


@pytest.mark.parametrize("end", ['"Memo', '",","","Memo', '"Memo"x'])
def test_a_header_line_whose_quoting_is_broken_is_no_table_without_rows(
    company: Company, end: str
) -> None:
    header = f"Sequence ID,User name,Dial begin time,{end}"
    assert company.only("phone/h.csv", header).reject_code == "bad_quoting"
