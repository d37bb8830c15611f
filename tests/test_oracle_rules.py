"""The oracle's own small rules against the vectors the formats document gives."""

from __future__ import annotations

from datetime import date

import pytest

from tests.oracle.calendar import is_business_day, period
from tests.oracle.normalise import email, is_role_email, match_key, phone, salesforce_id
from tests.oracle.persons import Union


@pytest.mark.parametrize(
    ("raw", "e164", "status"),
    [
        ("03-1234-5678", "+81312345678", "ok"),
        ("０３（１２３４）５６７８", "+81312345678", "ok"),
        ("090-1234-5678", "+819012345678", "ok"),
        ("+81 (0)90-1234-5678", "+819012345678", "ok"),
        ("81-3-1234-5678", None, "invalid"),
        ("9012345678", "+819012345678", "lost_leading_zero_repaired"),
        ("312345678", "+81312345678", "lost_leading_zero_repaired"),
        ("9.01235E+10", None, "sci_notation_lost"),
        ("05099999999", "+815099999999", "ok"),
        ("+15555550100", "+15555550100", "ok"),
        ("Anonymous", None, "anonymous"),
        ("非通知", None, "anonymous"),
        ("client:sato", None, "sip_or_client"),
        ("内線 201", None, "extension"),
        ("201", None, "extension"),
        ("", None, "empty"),
        ("-", None, "empty"),
        (None, None, "empty"),
    ],
)
def test_the_table_of_numbers_in_the_formats_document(
    raw: str | None, e164: str | None, status: str
) -> None:
    """§6.2, for a source that repairs lost zeros."""
    found = phone(raw, repair_leading_zero=True)
    assert (found.e164, found.status) == (e164, status)


def test_a_lost_zero_is_not_repaired_unless_the_source_says_so() -> None:
    assert phone("9012345678").e164 is None
    assert phone("312345678").e164 is None


def test_a_bare_81_is_a_number_only_where_allowed() -> None:
    assert phone("81-3-1234-5678", allow_bare_81=True).e164 == "+81312345678"


@pytest.mark.parametrize("raw", ["0120-123-456", "0800-123-4567", "0570-012-345", "0990-123456"])
def test_special_numbers_are_kept_but_belong_to_no_person(raw: str) -> None:
    found = phone(raw)
    assert found.e164 is not None
    assert found.person_key is None


def test_a_salesforce_id_of_fifteen_characters_gets_its_suffix() -> None:
    assert salesforce_id("0015000000Gv7qJ") == "0015000000Gv7qJAAR"


def test_an_address_is_one_however_it_was_typed() -> None:
    assert email(" <Kato@Example.CO.JP>; other@example.com") == "kato@example.co.jp"
    assert email("mailto:kato@example.co.jp.") == "kato@example.co.jp"
    assert email("no address") is None
    assert is_role_email("info@example.com")
    assert not is_role_email("information@example.com")


def test_labels_match_whatever_their_width_and_case() -> None:
    assert match_key(" ＡＢＣ　本人 接続 ") == match_key("abc 本人 接続")


def test_golden_week_is_no_business() -> None:
    assert not is_business_day(date(2026, 5, 6))  # the substitute holiday
    assert is_business_day(date(2026, 5, 7))
    assert not is_business_day(date(2026, 5, 7), [date(2026, 5, 7)])


@pytest.mark.parametrize(
    ("period_type", "start"),
    [
        ("week", date(2026, 3, 30)),
        ("month", date(2026, 3, 1)),
        ("quarter", date(2026, 1, 1)),
        ("fiscal_year", date(2025, 4, 1)),
    ],
)
def test_the_last_day_of_march_ends_a_fiscal_year(period_type: str, start: date) -> None:
    assert period(date(2026, 3, 31), period_type, first_weekday=1, fiscal_start=4) == start


def test_merges_are_followed_however_long_the_chain() -> None:
    union = Union()
    for one, other in (("a", "b"), ("c", "d"), ("b", "c")):
        union.join(one, other)
    assert union.find("a") == union.find("d")
    assert union.find("a") != union.find("e")
