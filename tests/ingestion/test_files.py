"""Which files are read, and what an archive may not do."""

from __future__ import annotations

import errno
import gzip
import io
import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

from dagster_project.lib import archives, csv_reading, discovery, ingestion, json_reading
from dagster_project.lib.archives import Unpacked
from dagster_project.lib.discovery import ExportFile
from dagster_project.lib.ingestion import dry_read
from dagster_project.settings import Ingestion
from tests.ingestion.conftest import HISTORY, LEADS, Company

AT = "2026-07-01 09:00:00"
GOOD = HISTORY + f"a,b,{AT}\n"


def zipped(members: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "name", [".h.csv", "_h.csv", "~h.csv", "h.csv.part", "h.csv.tmp", "h.csv.crdownload"]
)
def test_hidden_and_unfinished_files_are_not_looked_at(company: Company, name: str) -> None:
    company.put(f"phone/{name}", GOOD)
    company.put("phone/.git/h.csv", GOOD)
    assert company.night().readings == ()


def test_files_are_found_in_folders_below_their_source(company: Company) -> None:
    assert company.only("phone/2026/07/h.csv", GOOD).status == "accepted"


def test_a_folder_nobody_configured_is_named(company: Company) -> None:
    company.put("stranger/h.csv", GOOD)
    assert "exports/stranger belongs to no source" in company.night().warnings[0]


def test_a_file_that_grows_while_it_settles_is_left_for_the_next_night(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = company.put("phone/h.csv", GOOD)
    company.put("phone/other.csv", HISTORY)

    def grow(_: float) -> None:
        with path.open("a") as stream:
            stream.write(f"c,d,{AT}\n")

    monkeypatch.setattr("dagster_project.lib.discovery.time.sleep", grow)
    company.limits = Ingestion(settle_seconds=5)
    result = company.night()
    assert result.left_alone == ("phone/h.csv",)
    assert [item.path for item in result.readings] == ["phone/other.csv"]
    company.limits = Ingestion(settle_seconds=0)
    assert {item.records_in for item in company.night().readings} == {0, 2}


def test_a_file_written_while_it_is_read_is_left_for_the_next_night(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.put("phone/h.csv", GOOD)
    answers = iter([False, True])
    monkeypatch.setattr(ingestion, "is_changed", lambda _: next(answers))
    result = company.night()
    assert result.left_alone == ("phone/h.csv",)
    assert result.readings == ()
    monkeypatch.undo()
    assert len(company.night().active) == 1


def test_a_hash_is_not_believed_after_a_write_that_keeps_size_and_time(company: Company) -> None:
    path = company.put("phone/h.csv", GOOD)
    long_ago = 1_700_000_000
    os.utime(path, (long_ago, long_ago))
    first = company.night().readings[0]
    path.write_text(GOOD.replace("a,b", "x,b"))
    os.utime(path, (long_ago, long_ago))
    second = {item.receipt.sha256 for item in company.night().readings if item.is_active}
    assert first.receipt.sha256 in second
    assert len(second) == 2


def test_a_file_whose_name_came_through_as_cp932_is_refused_by_a_name_people_can_read(
    company: Company,
) -> None:
    path = company.put("phone/h.csv", GOOD)
    path.rename(path.with_name(os.fsdecode("履歴.csv".encode("cp932"))))
    refused = company.night().readings[0]
    assert (refused.status, refused.reject_code) == ("rejected", "file_name")
    assert refused.path == "phone/履歴.csv"
    assert refused.remedy is not None
    dry = dry_read(company.house, company.sources, company.contracts)
    assert [item.reject_code for item in dry.readings] == ["file_name"]


def test_an_unreadable_file_is_reported_and_stops_nobody(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.put("phone/a.csv", GOOD)
    company.put("phone/b.csv", HISTORY)

    def refuse(_: discovery.KnownFiles, item: ExportFile) -> str:
        if item.name == "a.csv":
            raise PermissionError(item.path)
        return discovery.sha256_of(item.location)

    monkeypatch.setattr(discovery.KnownFiles, "hash_of", refuse)
    assert [(item.path, item.status) for item in company.night().readings] == [
        ("phone/a.csv", "rejected"),
        ("phone/b.csv", "accepted"),
    ]


def test_gzip_is_read_whatever_its_name(company: Company) -> None:
    company.put("phone/h.csv.gz", gzip.compress(GOOD.encode()))
    company.put("phone/h2.csv", gzip.compress((HISTORY + f"c,d,{AT}\n").encode()))
    assert company.read("select leg_id from raw_miitel.history_legs order by 1") == [("a",), ("c",)]


def test_a_truncated_gzip_is_rejected_whole(company: Company) -> None:
    content = gzip.compress((HISTORY + f"a,b,{AT}\n" * 5000).encode())
    for cut in (len(content) - 1, len(content) - 9, len(content) // 2, 12):
        reading = company.only(f"phone/h{cut}.csv.gz", content[:cut])
        assert (reading.status, reading.reject_code) == ("rejected", "truncated_archive")
    assert company.read("select count(*) from raw_miitel.history_legs") == [(0,)]


def test_a_damaged_gzip_is_rejected(company: Company) -> None:
    content = bytearray(gzip.compress(GOOD.encode()))
    content[-6] ^= 1
    assert company.only("phone/h.csv.gz", bytes(content)).reject_code == "damaged_archive"


def test_each_member_of_a_zip_is_a_file_of_its_own(company: Company) -> None:
    company.put(
        "crm/weekly.zip",
        zipped(
            {
                "Lead.csv": LEADS + "1,a,2026-07-01,\n",
                "folder/Contact.csv": "Id,Title\n2,b\n",
                "__MACOSX/._Lead.csv": b"\0\0",
                "Product2.csv": "Id,Family\n3,c\n",
            }
        ),
    )
    found = {item.path: (item.status, item.object_name) for item in company.night().readings}
    assert found == {
        "crm/weekly.zip!Lead.csv": ("accepted", "leads"),
        "crm/weekly.zip!folder/Contact.csv": ("accepted", "contacts"),
        "crm/weekly.zip!Product2.csv": ("rejected", ""),
    }


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def encrypted(content: bytes) -> bytes:
    """Set the encryption bit in the local and the central header."""
    changed = bytearray(content)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = changed.index(mark) + offset
        struct.pack_into("<H", changed, place, 1)
    return bytes(changed)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (zipped({"../Lead.csv": LEADS}), "archive_path"),
        (zipped({"/etc/Lead.csv": LEADS}), "archive_path"),
        (zipped({"..\\Lead.csv": LEADS}), "archive_path"),
        (zipped({"C:\\Lead.csv": LEADS}), "archive_path"),
        (encrypted(zipped({"Lead.csv": LEADS})), "archive_encrypted"),
        (zipped({"Lead.csv": LEADS, "inner.zip": zipped({"Lead.csv": LEADS})}), "archive_nested"),
        (zipped({"Lead.csv.gz": gzip.compress(LEADS.encode())}), "archive_nested"),
        (gzip.compress(zipped({"Lead.csv": LEADS})), "archive_nested"),
        (zipped({"Lead.csv": LEADS})[:-10], "damaged_archive"),
        (zipped({str(n): "" for n in range(11)}), "archive_too_many"),
        (zipped({"Lead.csv": b"0" * 1_000_001}), "archive_too_large"),
        (gzip.compress(b"0" * 1_000_001), "archive_too_large"),
    ],
)
def test_an_archive_that_could_do_harm_is_refused_whole(
    company: Company, content: bytes, code: str
) -> None:
    company.limits = Ingestion.model_validate(
        {"settle_seconds": 0, "max_archive_bytes": 1_000_000, "max_archive_members": 10}
    )
    reading = company.only("crm/x.zip", content)
    assert (reading.status, reading.reject_code) == ("rejected", code)
    assert reading.remedy


def test_a_link_in_a_zip_is_refused(company: Company) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link("Lead.csv"), "/etc/passwd")
    assert company.only("crm/x.zip", buffer.getvalue()).reject_code == "archive_link"


def test_a_bomb_is_refused_by_its_ratio(company: Company) -> None:
    company.limits = Ingestion.model_validate({"settle_seconds": 0, "max_archive_ratio": 100})
    bomb = gzip.compress(b"0" * 70_000_000)
    assert company.only("crm/x.csv.gz", bomb).reject_code == "archive_ratio"


def test_a_zip_with_one_damaged_member_gives_nothing(company: Company) -> None:
    good = zipped({"Contact.csv": "Id,Title\n2,b\n", "Lead.csv": LEADS}, zipfile.ZIP_STORED)
    damaged = good.replace(LEADS.encode(), LEADS.replace("Id", "ID").encode())
    result = company.night() if company.put("crm/x.zip", damaged) else None
    assert result is not None
    assert [(item.path, item.reject_code) for item in result.readings] == [
        ("crm/x.zip", "damaged_archive")
    ]
    assert company.read("select count(*) from raw_salesforce.contacts") == [(0,)]


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_zip_whose_packing_is_damaged_is_refused_however_it_is_packed(
    company: Company, method: int
) -> None:
    packed = bytearray(zipped({"Lead.csv": LEADS + "1,a,,\n" * 200}, method))
    for at in range(45, 75):
        packed[at] ^= 0xFF
    assert company.only("crm/x.zip", bytes(packed)).reject_code == "damaged_archive"


def test_a_disk_that_is_full_while_an_archive_is_unpacked_ends_the_night(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left for the next night, it would be missing from tonight's figures and nobody would know."""
    company.put("crm/Lead.csv.gz", gzip.compress(LEADS.encode()))

    def full(*_: object) -> Iterator[Unpacked]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archives, "unpack", full)
    with pytest.raises(OSError, match="No space left"):
        company.night()
    monkeypatch.undo()
    assert len(company.night().active) == 1


@pytest.mark.parametrize(
    ("reader", "name", "content"),
    [
        (csv_reading, "h.csv", GOOD),
        (csv_reading, "h.csv", GOOD + "\n"),
        (json_reading, "w.jsonl", "{}\n"),
    ],
)
def test_a_disk_that_is_full_while_a_file_is_read_ends_the_night_and_refuses_nothing(
    company: Company,
    monkeypatch: pytest.MonkeyPatch,
    reader: ModuleType,
    name: str,
    content: str,
) -> None:
    """A refusal would be kept, and the file never be read again."""
    company.put(f"phone/{name}", content)

    def full(*_: object) -> int:
        raise duckdb.IOException("Could not write file: No space left on device")

    monkeypatch.setattr(reader, "_parse", full)
    with pytest.raises(duckdb.IOException):
        company.night()
    monkeypatch.undo()
    assert [item.status for item in company.night().readings] == ["accepted"]


@pytest.mark.parametrize("name", ["h.xls", "h.csv"])
def test_a_format_nobody_can_read_is_refused(company: Company, name: str) -> None:
    reading = company.only(f"phone/{name}", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    assert reading.reject_code == "unsupported_format"


def test_a_dry_read_says_what_a_night_would_and_keeps_nothing(company: Company) -> None:
    company.put("phone/h.csv", GOOD)
    company.put("phone/bad.csv", b"")
    company.put("phone/w.jsonl", "{bad\n")
    (company.house.exports / "fone").mkdir()
    dry = dry_read(company.house, company.sources, company.contracts)
    found = {item.path: item for item in dry.readings}
    assert any(text.startswith("exports/fone belongs to no source") for text in dry.warnings)
    assert {path: item.status for path, item in found.items()} == {
        "phone/bad.csv": "rejected",
        "phone/h.csv": "accepted",
        "phone/w.jsonl": "accepted",
    }
    assert found["phone/w.jsonl"].set_aside == ((1, "bad_json", "The line is not valid JSON."),)
    kept = [path for path in company.house.root.rglob("*") if path.is_file()]
    assert all(
        path.is_relative_to(company.house.exports) or path.is_relative_to(company.house.config)
        for path in kept
    )
    company.night()
    assert dry_read(company.house, company.sources, company.contracts).readings == ()


def test_progress_is_told_file_by_file(company: Company) -> None:
    company.put("phone/a.csv", GOOD)
    company.put("phone/b.csv", HISTORY)
    company.night()
    assert [(p.path, p.index, p.total, p.status, p.records) for p in company.progress] == [
        ("phone/a.csv", 1, 2, "accepted", 1),
        ("phone/b.csv", 2, 2, "accepted", 0),
    ]


def test_only_the_owner_may_look_into_raw_work_and_quarantine(company: Company) -> None:
    company.put("phone/h.csv", GOOD)
    company.put("phone/w.jsonl", "{bad\n")
    company.night()
    for folder in (company.house.raw, company.house.work, company.house.quarantine):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files: list[Path] = [
        path
        for folder in (company.house.quarantine, company.house.raw)
        for path in folder.rglob("*.parquet")
    ]
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
