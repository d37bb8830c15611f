"""Bytes become text strictly, and what was decided is said (formats §6.1.1-4)."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from dagster_project.lib.decoding import decode
from dagster_project.lib.rejections import FileRejected
from tests.ingestion.conftest import HISTORY, Company

TEXT = HISTORY + "a-1,髙﨑 ①㈱,2026-07-01 09:00:00\n"
ROWS = "select leg_id, agent_name from raw_miitel.history_legs"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8"),
        (TEXT.encode("cp932"), "cp932"),
        (TEXT.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
    ],
    ids=["utf-8", "bom", "cp932", "utf-16-le", "utf-16-be"],
)
def test_every_encoding_gives_the_same_text(
    company: Company, content: bytes, encoding: str
) -> None:
    assert company.only("phone/h.csv", content).encoding == encoding
    assert company.read(ROWS) == [("a-1", "髙﨑 ①㈱")]


def test_pure_ascii_counts_as_utf_8(company: Company) -> None:
    assert company.only("phone/h.csv", HISTORY + "a,b,c\n").encoding == "utf-8"


def test_a_bom_never_sticks_to_the_first_header(company: Company) -> None:
    reading = company.only("phone/h.csv", codecs.BOM_UTF8 + TEXT.encode())
    assert reading.status == "accepted"
    assert reading.warnings == ()


@pytest.mark.parametrize("cut", [1, 2])
def test_utf_8_cut_inside_a_character_is_no_cp932(company: Company, cut: int) -> None:
    content = (HISTORY + "a-1,山田はなこのメモです,2026-07-01 09:00:00\n" * 3 + "a-2,のの").encode()
    reading = company.only("phone/h.csv", content[:-cut])
    assert reading.reject_code in ("mojibake", "undecodable")


def test_damaged_utf_8_is_recognised_by_its_mojibake(company: Company) -> None:
    content = (HISTORY + "a-1,こんにちは,x\n").encode().replace(b"a-1", b"a\x83\x41")
    reading = company.only("phone/h.csv", content)
    assert (reading.status, reading.reject_code) == ("rejected", "mojibake")


def test_bytes_of_no_encoding_reject_the_file(company: Company) -> None:
    reading = company.only("phone/h.csv", HISTORY.encode() + b"\xff\xfe\xfd,\x81\x00\n")
    assert reading.reject_code == "undecodable"
    assert "Byte" in (reading.reject_message or "")


def test_the_configured_encoding_wins_over_sniffing(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes("あ".encode())
    assert decode(path, "auto", tmp_path).encoding == "utf-8"
    assert decode(path, "utf-8", tmp_path).encoding == "utf-8"
    path.write_bytes("髙".encode("cp932"))
    with pytest.raises(FileRejected, match="not UTF-8"):
        decode(path, "utf-8", tmp_path)
    path.write_bytes("abc".encode("utf-16-le"))
    assert decode(path, "utf-16", tmp_path).location.read_text(encoding="utf-8") == "abc"


def test_a_character_divided_between_two_chunks_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for shift in range(4):
        text = "a" * shift + "髙" * (1 << 19)
        path.write_bytes(text.encode())
        assert decode(path, "auto", tmp_path).location == path
        path.write_bytes(text.encode("cp932"))
        assert decode(path, "auto", tmp_path).location.read_text(encoding="utf-8") == text


def test_the_wave_dash_is_what_windows_wrote(company: Company) -> None:
    company.put("phone/h.csv", HISTORY.encode() + b"a-1,\x81\x60,2026-07-01 09:00:00\n")
    assert company.read(ROWS) == [("a-1", "～")]
