"""The normalisation macros against independent Python: phonenumbers, unicodedata, plain code."""

from __future__ import annotations

import random
import unicodedata
from typing import Any

import duckdb
import phonenumbers
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.oracle import normalise as oracle
from tests.staging.workbench import Workbench

Answer = dict[str, Any]
# Lists are asked at once because each question is a query; shrinking them would take minutes.
DRAWN = settings(
    max_examples=40, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)


class Probe:
    """A compiled macro, asked about many inputs at once."""

    def __init__(self, sql: str, table: str, columns: str) -> None:
        self.sql = sql
        self.table = table
        self.connection = duckdb.connect()
        self.connection.execute(f"create table {table} ({columns})")

    def __call__(self, rows: list[tuple[Any, ...]]) -> list[Answer]:
        self.connection.execute(f"delete from {self.table}")
        places = ", ".join("?" * len(rows[0]))
        self.connection.executemany(f"insert into {self.table} values ({places})", rows)
        relation = self.connection.sql(self.sql)
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


@pytest.fixture(scope="session")
def phones(workbench: Workbench) -> Probe:
    return Probe(
        workbench.compiled("probe_phones"),
        "numbers",
        "number varchar, repair boolean, bare boolean",
    )


@pytest.fixture(scope="session")
def texts(workbench: Workbench) -> Probe:
    return Probe(workbench.compiled("probe_texts"), "texts", "said varchar")


TABLE_OF_FORMATS_6_2 = [
    ("03-1234-5678", True, False, "+81312345678", "ok"),
    ("０３（１２３４）５６７８", True, False, "+81312345678", "ok"),
    ("090-1234-5678", True, False, "+819012345678", "ok"),
    ("+81 (0)90-1234-5678", True, False, "+819012345678", "ok"),
    ("81-3-1234-5678", True, True, "+81312345678", "ok"),
    ("81-3-1234-5678", True, False, None, "invalid"),
    ("9012345678", True, False, "+819012345678", "lost_leading_zero_repaired"),
    ("9012345678", False, False, None, "invalid"),
    ("9012345678.0", True, False, "+819012345678", "lost_leading_zero_repaired"),
    ("312345678", True, False, "+81312345678", "lost_leading_zero_repaired"),
    ("312345678", False, False, None, "invalid"),
    ("9.01235E+10", True, False, None, "sci_notation_lost"),
    ("05099999999", True, False, "+815099999999", "ok"),
    ("+15555550100", True, False, "+15555550100", "ok"),
    ("Anonymous", True, False, None, "anonymous"),
    ("blocked", True, False, None, "anonymous"),
    ("非通知", True, False, None, "anonymous"),
    ("client:sato", True, False, None, "sip_or_client"),
    ("内線 201", True, False, None, "extension"),
    ("201", True, False, None, "extension"),
    ("", True, False, None, "empty"),
    ("-", True, False, None, "empty"),
    (None, True, False, None, "empty"),
    ("scancall", True, False, None, "invalid"),
    ("0081-90-1234-5678", True, False, "+819012345678", "ok"),
    ("010-81-3-1234-5678", True, False, "+81312345678", "ok"),
    ("tel:03.1234.5678 内線 12", True, False, "+81312345678", "ok"),
    ("０９０ー１２３４ー５６７８", True, False, "+819012345678", "ok"),
    ("0120-123-456", True, False, "+81120123456", "ok"),
    ("0800-123-4567", True, False, "+818001234567", "ok"),
    ("080-1234-5678", True, False, "+818012345678", "ok"),
    ("110", True, False, None, "special"),
    ("0068577285", True, False, None, "invalid"),
    ("010-1-555-555-0100", True, False, "+15555550100", "ok"),
    ("090-1234-567", True, False, None, "invalid"),
]  # fmt: skip


def test_the_table_of_the_formats_document_holds(phones: Probe) -> None:
    answers = phones([case[:3] for case in TABLE_OF_FORMATS_6_2])
    for answer, (number, *_, e164, status) in zip(answers, TABLE_OF_FORMATS_6_2, strict=True):
        assert (answer["e164"], answer["said"]["status"]) == (e164, status), number


def test_free_and_paid_lines_belong_to_no_person(phones: Probe) -> None:
    numbers = ["0120-123-456", "0800-123-4567", "0570-123-456", "0990-123-456", "080-1234-5678"]
    answers = phones([(number, True, False) for number in numbers])
    assert [answer["is_special"] for answer in answers] == [True, True, True, True, False]
    assert [answer["said"]["is_special"] for answer in answers] == [True, True, True, True, False]


SEPARATORS = ["", "-", " ", "(", ")", ".", "ー", "－", "‐", "−", "—", "―", "ｰ", "　"]
digits = st.text("0123456789", min_size=0, max_size=13)
prefixes = st.sampled_from(
    ["", "0", "03", "090", "080", "0800", "0120", "0570", "0990", "050", "060", "070", "020", "06",
     "+81", "+81 0", "+81(0)", "0081", "010-81", "81", "81-0", "+1", "+44", "+86", "+", "9", "50",
     "tel:", "tel:+81"]
)  # fmt: skip
suffixes = st.sampled_from(["", "", "", "内線12", " ext 3", "x9", "#1", ",2", ".0", "E+10", "a"])


@st.composite
def written_numbers(draw: st.DrawFn) -> str:
    """What people, phone systems and spreadsheets write for a number."""
    plain = draw(prefixes) + draw(digits)
    separated = "".join(
        character + draw(st.sampled_from(SEPARATORS)) if draw(st.integers(0, 4)) == 0 else character
        for character in plain
    )
    if draw(st.booleans()):
        wide = str.maketrans("0123456789+", "０１２３４５６７８９＋")
        separated = separated.translate(wide)
    return separated + draw(suffixes)


def is_of_japan(e164: str | None) -> bool:
    """No number, or one of Japan: after +81 no zero (00…) and no 10… (010 dials abroad)."""
    return e164 is None or (e164.startswith("+81") and not e164.startswith(("+810", "+8110")))


@DRAWN
@given(
    st.lists(st.tuples(written_numbers(), st.booleans(), st.booleans()), min_size=40, max_size=80)
)
def test_every_way_to_write_a_number_is_read_as_python_reads_it(
    phones: Probe, rows: list[tuple[str, bool, bool]]
) -> None:
    for answer, (number, repair, bare) in zip(phones(rows), rows, strict=True):
        expected = oracle.phone(number, repair_leading_zero=repair, allow_bare_81=bare)
        if not is_of_japan(expected.e164):
            continue  # foreign numbers have a test of their own
        said = answer["said"]
        assert (said["e164"], said["status"], said["is_special"]) == (
            expected.e164, expected.status, expected.is_special,
        ), (number, repair, bare)  # fmt: skip


def test_thousands_of_domestic_numbers_agree_with_the_library(phones: Probe) -> None:
    draw = random.Random(2024)
    numbers = [
        "0" + "".join(draw.choices("0123456789", k=draw.randint(7, 11))) for _ in range(4000)
    ]
    answers = phones([(number, False, False) for number in numbers])
    assert any(answer["e164"] for answer in answers)
    for answer, number in zip(answers, numbers, strict=True):
        if (answer["e164"] or "").startswith("+81"):
            read = phonenumbers.parse(number, "JP")
            assert phonenumbers.is_possible_number(read)
            assert answer["e164"] == phonenumbers.format_number(
                read, phonenumbers.PhoneNumberFormat.E164
            )


def test_lengths_of_foreign_numbers_agree_with_the_library(phones: Probe) -> None:
    numbers = [
        f"+{code}{'2' * length}"
        for code in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
        if code != 81
        for length in range(2, 16)
    ]
    answers = phones([(number, False, False) for number in numbers])
    for answer, number in zip(answers, numbers, strict=True):
        read = phonenumbers.parse(number, None)
        assert (answer["e164"] == number) == phonenumbers.is_possible_number(read), number


KANA = "".join(chr(code) for code in range(0xFF66, 0xFFA0))
WIDE = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "　￥①⑨"


@DRAWN
@given(st.lists(st.text(KANA + WIDE + "漢字ガabcXYZ 12\t", max_size=12), min_size=20, max_size=60))
def test_match_keys_are_what_unicode_normalisation_makes(texts: Probe, said: list[str]) -> None:
    for answer, text in zip(texts([(text,) for text in said]), said, strict=True):
        expected = " ".join(unicodedata.normalize("NFKC", text).split()).lower().lstrip(" '")
        assert answer["match_key"] == expected, text


def test_what_cp932_and_unicode_spell_differently_is_one_label(texts: Probe) -> None:
    spellings = [
        ("再架電（〜17時）",),
        ("再架電（～17時）",),
        ("ー−1",),
        ("ー－1",),
        ("∥",),
        ("‖",),
    ]
    keys = [answer["match_key"] for answer in texts(spellings)]
    assert keys[::2] == keys[1::2] == ["再架電(~17時)", "ー-1", "‖"]


def test_the_apostrophe_of_a_spreadsheet_is_no_part_of_a_label(texts: Probe) -> None:
    answers = texts([("'不在",), ("＇=1+1",), ("it's",)])
    assert [answer["match_key"] for answer in answers] == ["不在", "=1+1", "it's"]


def test_company_signs_fold(texts: Probe) -> None:
    (answer,) = texts([("㈱蔵",)])
    assert answer["match_key"] == "(株)蔵"


ADDRESSES = {
    " Sato@Example.CO.JP ": "sato@example.co.jp",
    "Ｓａｔｏ＠ｅｘａｍｐｌｅ．ｃｏ．ｊｐ": "sato@example.co.jp",
    "佐藤 <sato@example.jp>": "sato@example.jp",
    "mailto:sato@example.jp": "sato@example.jp",
    "<sato@example.jp>;": "sato@example.jp",
    "sato+kura@example.jp.": "sato+kura@example.jp",
    "a@example.jp; b@example.jp": "a@example.jp",
    "a@example.jp,b@example.jp": "a@example.jp",
    "a@b@c": None,
    "sato": None,
    "@example.jp": None,
    "": None,
}


def test_addresses_are_normalised(texts: Probe) -> None:
    answers = texts([(address,) for address in ADDRESSES])
    assert {a: answer["email"] for a, answer in zip(ADDRESSES, answers, strict=True)} == ADDRESSES


def test_shared_boxes_are_told_from_persons(texts: Probe) -> None:
    boxes = ["info@a.jp", "Sales@a.jp", "contact@a.jp", "support@a.jp", "noreply@a.jp", "sato@a.jp"]
    answers = texts([(box,) for box in boxes])
    assert [answer["is_role"] for answer in answers] == [True, True, True, True, True, False]
    assert {answer["domain"] for answer in answers} == {"a.jp"}


@DRAWN
@given(st.lists(st.text("abcdefXYZ0189", min_size=15, max_size=15), min_size=20, max_size=40))
def test_salesforce_ids_get_the_suffix_that_keeps_their_case(texts: Probe, ids: list[str]) -> None:
    for answer, short in zip(texts([(short,) for short in ids]), ids, strict=True):
        assert answer["id_18"] == oracle.salesforce_id(short)
