"""Whatever bytes arrive, no reader crashes and every record is accounted for."""

from __future__ import annotations

import csv
import io
import itertools
import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.lib import decoding, quarantine
from dagster_project.lib.contracts import Contracts
from dagster_project.settings import House
from tests.ingestion.conftest import HISTORY, SOURCES, Company

CALM = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_number = itertools.count()

NASTY = st.sampled_from(
    [b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"\0", b"\t", b";", b"|", b"a", b"\x83\x41", b"\xe3",
     "髙".encode(), "あ".encode(), b"{", b"}", b"[", b"null", b":", b" ", b"\x01", b"\xef\xbb\xbf",
     b'{"call":{"id":1,"details":[]}}\n', b'{"challenge":1}\n', b"5.6E+15", b"2026-07-01 09:00:00"]
)  # fmt: skip
SOUP = st.lists(NASTY, max_size=30).map(b"".join) | st.binary(max_size=60)


def accounted(company: Company, path: str, content: bytes) -> None:
    reading = company.only(path, content)
    assert reading.status in ("accepted", "rejected")
    assert reading.records_in == (
        reading.records_accepted + reading.records_quarantined
        if reading.status == "accepted"
        else reading.records_in
    )
    if reading.status == "accepted":
        parquet = next(company.house.raw.rglob(f"{reading.file_id}.parquet"))
        with duckdb.connect() as connection:
            row = connection.execute(f"select count(*) from '{parquet}'").fetchone()
        assert row == (reading.records_accepted,)
        listed = sum(row.records for row in quarantine.list_quarantine(company.house))
        assert listed == reading.records_quarantined
    else:
        assert reading.reject_code
        assert reading.remedy


def fresh(contracts: Contracts) -> tuple[tempfile.TemporaryDirectory[str], Company]:
    folder = tempfile.TemporaryDirectory()
    company = Company(House(Path(folder.name)), contracts)
    company.configure(SOURCES)
    return folder, company


@CALM
@given(SOUP)
def test_any_bytes_after_a_csv_header_are_accounted_for(contracts: Contracts, body: bytes) -> None:
    folder, company = fresh(contracts)
    with folder:
        accounted(company, "phone/h.csv", HISTORY.encode() + body)


@CALM
@given(SOUP)
def test_any_bytes_under_any_name_are_accounted_for(contracts: Contracts, body: bytes) -> None:
    folder, company = fresh(contracts)
    with folder:
        accounted(company, f"phone/{next(_number)}", body)


@CALM
@given(SOUP)
def test_any_bytes_as_json_lines_are_accounted_for(contracts: Contracts, body: bytes) -> None:
    folder, company = fresh(contracts)
    with folder:
        accounted(company, "phone/w.jsonl", body)


CELL = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=8
)


@CALM
@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_what_a_csv_writer_writes_is_read_cell_by_cell(
    contracts: Contracts, rows: list[tuple[str, str, str]], end: str
) -> None:
    folder, company = fresh(contracts)
    with folder:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator=end, quoting=csv.QUOTE_ALL)
        writer.writerow(HISTORY.strip().split(","))
        writer.writerows(rows)
        company.put("phone/h.csv", buffer.getvalue())
        found = company.read(
            "select leg_id, agent_name, started_at from raw_miitel.history_legs order by _record"
        )
        damaged = quarantine.list_quarantine(company.house)
        expected = [tuple(cell or None for cell in row) for row in rows]
        assert len(found) + sum(row.records for row in damaged) == len(expected)
        if not damaged:
            assert found == expected


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([b'"', b",", b"\n", b"\r\n", b"x" * 40, b"y" * 200]), max_size=60),
    st.integers(1, 64),
)
def test_counting_does_not_depend_on_where_the_chunks_end(parts: list[bytes], size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(b"".join(parts))
        whole = decoding.count_records(path, ",")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(decoding, "_CHUNK", size)
            assert decoding.count_records(path, ",") == whole
        text, inside, newlines, delimiters = path.read_bytes(), False, 0, 0
        for byte in text:
            inside ^= byte == 34
            newlines += byte == 10 and not inside
            delimiters += byte == 44 and not inside
        ends_open = bool(text.strip(b"\r")) and not text.endswith(b"\n")
        assert whole.delimiters == delimiters
        if not inside:
            assert whole.lines + whole.blank_lines - newlines in (0, int(ends_open))
