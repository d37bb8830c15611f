"""Exports read by other processes are what the walk reads by itself, and no process is needed for it."""

from __future__ import annotations

import gzip
import io
import os
import signal
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib import engine, ingestion, read_ahead
from dagster_project.lib.archives import ArchiveLimits
from dagster_project.lib.contracts import Contracts
from dagster_project.lib.discovery import list_exports, sha256_of
from dagster_project.lib.lock import is_alive
from dagster_project.settings import House, Ingestion
from tests.ingestion.conftest import HISTORY, LEADS, SOURCES, Company

_MANY = 60


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


def exports() -> dict[str, bytes]:
    """Everything that can lie in a folder: plain, packed, double, refused and damaged."""
    found: dict[str, bytes] = {}
    for number in range(_MANY):
        rows = "".join(f"{number}-{row},x,2026-07-01 09:00:00\n" for row in range(number))
        found[f"phone/history_{number:03}.csv"] = (HISTORY + rows).encode("cp932")
    lead = LEADS.encode() + "00Q1,髙﨑㈱,2026-07-01T00:00:00.000Z\n".encode()
    found["crm/Lead_1.csv"] = lead
    found["crm/Lead_2.csv"] = lead
    found["crm/Lead_3.csv.gz"] = gzip.compress(lead + b"00Q2,x,2026-07-02T00:00:00.000Z\n", mtime=0)
    found["crm/Lead_cut.csv.gz"] = found["crm/Lead_3.csv.gz"][:-9]
    found["crm/all.zip"] = zipped(
        {
            "Lead.csv": lead + b"00Q3,y,2026-07-03T00:00:00.000Z\n",
            "again/Lead.csv": lead + b"00Q3,y,2026-07-03T00:00:00.000Z\n",
            "Lead_bad.csv": b"Id,Company\n1,2,3\n",
            "again/Lead_bad.csv": b"Id,Company\n1,2,3\n",
        }
    )
    found["crm/all_again.zip"] = found["crm/all.zip"]
    found["phone/calls.jsonl"] = b"{bad\n"
    found["phone/empty.csv"] = b""
    return found


def raw_files(house: House) -> dict[str, bytes]:
    return {
        path.relative_to(house.root).as_posix(): path.read_bytes()
        for folder in (house.raw, house.quarantine)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def alone(tmp_path: Path, contracts: Contracts) -> Company:
    """The same exports in a house that is read by one process."""
    company = Company(House(tmp_path / "alone"), contracts)
    company.configure(SOURCES)
    company.limits = Ingestion.model_validate({"settle_seconds": 0, "processes": 1})
    return company


@pytest.fixture
def together(company: Company, monkeypatch: pytest.MonkeyPatch) -> Company:
    monkeypatch.setattr(ingestion, "WORTH_FILES", 1)
    company.limits = Ingestion.model_validate({"settle_seconds": 0, "processes": 2})
    return company


def terms_of(company: Company) -> read_ahead.Terms:
    return read_ahead.Terms(
        company.sources,
        company.contracts,
        ArchiveLimits(1, 1, 2),
        1,
        company.house.scratch,
        "64MiB",
    )


def delivered(company: Company) -> None:
    for path, content in exports().items():
        company.put(path, content)


def test_several_processes_read_what_one_reads(alone: Company, together: Company) -> None:
    for company in (alone, together):
        delivered(company)
    expected, found = alone.night(), together.night()
    assert [item.receipt for item in found.readings] == [item.receipt for item in expected.readings]
    assert raw_files(together.house) == raw_files(alone.house)
    assert list(together.house.scratch.iterdir()) == []
    assert {item.status for item in together.night().readings} == {
        item.status for item in expected.readings
    }


def test_a_process_that_is_killed_leaves_its_files_to_the_walk(
    alone: Company, together: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = read_ahead._Process._send
    killed: list[int] = []

    def killing(self: read_ahead._Process, what: object) -> None:
        asked(self, what)  # type: ignore[arg-type]
        if isinstance(what, read_ahead._Asked) and what.item.path.endswith("_007.csv"):
            self._process.send_signal(signal.SIGKILL)
            killed.append(self._process.pid)

    monkeypatch.setattr(read_ahead._Process, "_send", killing)
    for company in (alone, together):
        delivered(company)
    expected, found = alone.night(), together.night()
    assert len(killed) == 1
    assert [item.receipt for item in found.readings] == [item.receipt for item in expected.readings]
    assert raw_files(together.house) == raw_files(alone.house)


def test_processes_killed_before_they_were_told_anything_leave_all_to_the_walk(
    alone: Company, together: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a machine without memory does; what they are told is more than a pipe holds."""
    for company in (alone, together):
        delivered(company)
    expected = alone.night()
    monkeypatch.setattr(read_ahead.sys, "executable", "/bin/false")  # type: ignore[attr-defined]
    found = together.night()
    assert [item.receipt for item in found.readings] == [item.receipt for item in expected.readings]


def test_a_process_without_room_or_memory_leaves_its_file_to_the_walk_and_lives(
    together: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = together.put("crm/Lead_1.csv", exports()["crm/Lead_1.csv"])
    [item] = list_exports(together.house, ["crm"])
    reader = read_ahead._Reader(terms_of(together))
    asked = read_ahead._Asked(item, sha256_of(path), None, together.house.scratch / "ahead-0")
    for error in (duckdb.OutOfMemoryException("full"), duckdb.IOException("No space left")):
        with monkeypatch.context() as patch:
            patch.setattr(read_ahead, "read", raising(error))
            assert reader.read(asked) is None
    assert reader.read(asked) is not None


def raising(error: Exception) -> Callable[..., object]:
    def raises(*_: object) -> object:
        raise error

    return raises


def test_all_reading_processes_together_hold_what_one_engine_may() -> None:
    whole, part = (int(engine.memory_limit(count).removesuffix("MiB")) for count in (1, 8))
    assert whole - 8 < 8 * part <= whole


def test_a_night_that_ends_with_an_error_leaves_no_process_reading(
    together: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    begin = read_ahead._Process.__init__

    def beginning(self: read_ahead._Process, terms: read_ahead.Terms) -> None:
        begin(self, terms)
        begun.append(self._process.pid)

    def fails(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(read_ahead._Process, "__init__", beginning)
    monkeypatch.setattr("dagster_project.lib.raw.RawStore.commit", fails)
    delivered(together)
    with pytest.raises(OSError, match="No space left"):
        together.night()
    assert len(begun) == 2
    assert not any(is_alive(pid) for pid in begun)


def test_a_reading_process_ends_when_nobody_asks_any_more(together: Company) -> None:
    terms = terms_of(together)
    process = read_ahead._Process(terms)
    pid = process._process.pid
    os.kill(pid, 0)
    started = time.monotonic()
    process.close()
    assert not is_alive(pid)
    assert time.monotonic() - started < 30
