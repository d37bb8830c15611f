"""When a file was exported, and which days it speaks for; never the file system's clock."""

from __future__ import annotations

import os

import pytest

from tests.ingestion.conftest import HISTORY, LEADS, Company

PATTERN = r"(?P<date>\d{4}-?\d{2}-?\d{2})(?:T(?P<time>\d{4,6}))?"


def source(more: str, zone: str = "Asia/Tokyo") -> str:
    return f"sources: [{{id: phone, system: miitel, timezone: {zone}, {more}}}]"


@pytest.mark.parametrize(
    ("name", "instant"),
    [
        ("h_20260701T0930.csv", "2026-07-01 00:30:00"),
        ("h_2026-07-01T093015.csv", "2026-07-01 00:30:15"),
        ("h_20260701.csv", "2026-07-01 14:59:59"),
    ],
)
def test_the_file_name_may_say_when(company: Company, name: str, instant: str) -> None:
    company.configure(source(f"extracted_at: {{pattern: '{PATTERN}'}}"))
    reading = company.only(f"phone/{name}", HISTORY + "a,b,2026-06-01 09:00:00\n")
    assert str(reading.receipt.extracted_at) == instant
    assert reading.receipt.extracted_at_basis == "file_name"


def test_a_name_without_the_pattern_falls_back_to_the_content_and_says_so(company: Company) -> None:
    company.configure(source(f"extracted_at: {{pattern: '{PATTERN}'}}"))
    reading = company.only("phone/h.csv", HISTORY + "a,b,2026-06-01 09:00:00\n")
    assert reading.receipt.extracted_at_basis == "content"
    assert "extracted_at.pattern" in reading.warnings[0]


def test_the_same_file_copied_later_has_the_same_instant(company: Company) -> None:
    path = company.put("phone/h.csv", HISTORY + "a,b,2026-06-01 09:00:00\n")
    os.utime(path, (0, 0))
    assert str(company.night().readings[0].receipt.extracted_at) == "2026-06-01 00:00:00"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-07-01T00:00:00.000Z", "2026-07-01 00:00:00"),
        ("2026-07-01T00:00:00.000+0530", "2026-06-30 18:30:00"),
        ("2026-07-01T09:00:00+09:00", "2026-07-01 00:00:00"),
        ("2026-07-01 09:00:00", "2026-07-01 00:00:00"),
        ("2026-07-01", "2026-06-30 15:00:00"),
        ("2026-02-30", "None"),
        ("soon", "None"),
        ("", "None"),
        ("1999-12-31 09:00:00", "None"),
    ],
)
def test_an_instant_is_read_in_the_zone_it_is_written_in(
    company: Company, text: str, instant: str
) -> None:
    reading = company.only("phone/h.csv", HISTORY + f"a,b,{text}\n")
    assert str(reading.receipt.extracted_at) == instant


def test_version_and_event_columns_both_count(company: Company) -> None:
    reading = company.only(
        "crm/leads.csv", LEADS + "1,a,2026-07-01T00:00:00Z,2026-07-05T00:00:00Z\n2,b,,\n"
    )
    assert str(reading.receipt.extracted_at) == "2026-07-05 00:00:00"


def test_every_instant_that_cannot_lie_ahead_counts(company: Company) -> None:
    reading = company.only(
        "crm/leads.csv",
        "Id,CreatedDate,LastModifiedDate,Expected\n"
        "1,2026-03-01T00:00:00Z,2026-06-01T00:00:00Z,2026-07-20T00:00:00Z\n",
    )
    assert str(reading.receipt.extracted_at) == "2026-06-01 00:00:00"


def test_a_time_without_its_zone_says_nothing_about_when(company: Company) -> None:
    reading = company.only(
        "crm/leads.csv", LEADS + "1,a,2026-07-01T00:00:00Z,2026-07-05 00:00:00\n"
    )
    assert str(reading.receipt.extracted_at) == "2026-07-01 00:00:00"


@pytest.mark.parametrize("text", ["1782864000000", "1782864000"])
def test_seconds_and_milliseconds_since_1970_are_instants(company: Company, text: str) -> None:
    reading = company.only("phone/h.csv", HISTORY + f"a,b,{text}\n")
    assert str(reading.receipt.extracted_at) == "2026-07-01 00:00:00"


def test_one_mistyped_year_is_not_when_the_file_was_exported(company: Company) -> None:
    rows = "".join(f"{day},b,2026-07-{day:02} 09:00:00\n" for day in range(1, 20))
    reading = company.only("phone/h.csv", HISTORY + "x,b,2062-07-01 09:00:00\n" + rows)
    assert str(reading.receipt.extracted_at) == "2026-07-19 00:00:00"


def test_one_unreadable_instant_hides_no_other_of_its_day(company: Company) -> None:
    rows = "a,b,2026-07-01 99:99:99\nc,d,2026-07-01 09:00:00\n"
    reading = company.only("phone/h.csv", HISTORY + rows)
    assert str(reading.receipt.extracted_at) == "2026-07-01 00:00:00"


@pytest.mark.parametrize(
    ("pattern", "name", "days"),
    [
        (r"(?P<date>\d{8})", "h_20260701.csv", ("2026-07-01", "2026-07-01")),
        (r"(?P<date>\d{4}-\d{2})", "h_2026-02.csv", ("2026-02-01", "2026-02-28")),
        (r"(?P<from>\d{8})_(?P<to>\d{8})", "20260701_20260703.csv", ("2026-07-01", "2026-07-03")),
        (r"(?P<from>\d{8})_(?P<to>\d{8})", "20260703_20260701.csv", ("None", "None")),
        (r"(?P<date>\d{8})", "h_20260231.csv", ("None", "None")),
    ],
)
def test_the_file_name_may_say_which_days_it_covers(
    company: Company, pattern: str, name: str, days: tuple[str, str]
) -> None:
    company.configure(source(f"coverage: {{basis: file_name, pattern: '{pattern}'}}"))
    reading = company.only(f"phone/{name}", HISTORY)
    assert (str(reading.covers_from), str(reading.covers_to)) == days
    assert bool(reading.warnings) == (days[0] == "None")


def test_an_extract_covers_up_to_the_day_before_it_was_made(company: Company) -> None:
    company.configure(source("coverage: {basis: extract, covers_from: 2026-04-01}"))
    reading = company.only("phone/h.csv", HISTORY + "a,b,2026-07-02 00:10:00\n")
    assert (str(reading.covers_from), str(reading.covers_to)) == ("2026-04-01", "2026-07-01")


def test_content_coverage_is_left_to_the_models(company: Company) -> None:
    reading = company.only("phone/h.csv", HISTORY + "a,b,2026-07-02 00:10:00\n")
    assert (reading.covers_from, reading.covers_to) == (None, None)
