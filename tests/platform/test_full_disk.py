"""A disk that fills up in the middle of a night costs that night and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from dagster_project.lib import archives, csv_reading, dbt_child, disk, transformation
from dagster_project.lib.errors import KuraError
from dagster_project.lib.night import Night
from dagster_project.settings import PROJECT_ROOT, House
from tests.conftest import DemoNight
from tests.harness import make_house

# Runs where only this process sees a small file system of its own, so that it can really be full.
SCRIPT = r"""
import gzip, json, os, random, shutil, subprocess, sys, zipfile
from datetime import date
from pathlib import Path
from openpyxl import Workbook
from dagster_project.lib import disk, nights
from dagster_project.lib.night import Night
from dagster_project.settings import House
from tests.harness import make_house

small = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(small)], check=True)
columns = {"lead_id": "nr", "company_name": "firm", "created_at": "at"}
objects = lambda kind: [{"object": "leads", "files": ["*"], "format": kind, "columns": columns}]
sources = [
    {"id": name, "system": "mapped", "class": "sfa", "account": name, "objects": objects(kind)}
    for name, kind in (("plain", "csv"), ("quoted", "csv"), ("packed", "csv"), ("book", "xlsx"),
                       ("lines", "jsonl"))
]
house = make_house(small / "house", {"company_name": "x"}, {"sources": sources})
rows = random.Random(1)
def cells(number):
    return [str(number), "2026-06-01", "".join(rows.choices("abcdefghij0123456789", k=60))]
data = [cells(number) for number in range(6000)]
def table(quote):
    return "nr,at,firm\n" + "".join(f'{a},{b},{quote}{c}{quote}\n' for a, b, c in data)
for source in sources:
    (house.exports / source["id"]).mkdir()
(house.exports / "plain" / "a.csv").write_text(table(""))
(house.exports / "quoted" / "a.csv").write_text(table('"').replace('"\n2,', '\nx"\n2,'))
with zipfile.ZipFile(house.exports / "packed" / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("a.csv", table("").replace("firm", "firm"))
book = Workbook()
for row in [["nr", "at", "firm"], *data[:2000]]:
    book.active.append(row)
book.save(house.exports / "book" / "a.xlsx")
(house.exports / "lines" / "a.jsonl").write_text(
    "".join(json.dumps(dict(zip(("nr", "at", "firm"), row))) + "\n" for row in data))

def night(at):
    opened = Night(at, as_of=date(2026, 6, 30))
    with opened.lock():
        found = opened.ingest()
    return sorted((r.path, r.status, r.records_in, r.records_accepted) for r in found.readings)

def copied(name):
    target = House(small / name)
    shutil.copytree(house.root, target.root)
    return target

sound = copied("sound")
expected = night(sound)
shutil.rmtree(sound.root)
told = {"expected": expected, "tries": []}
for spare in range(0, 2_400_000, 80_000):
    at = copied("full")
    at.work.mkdir(exist_ok=True)
    ballast = small / "ballast"
    free = disk.free_bytes(small)
    with ballast.open("wb") as stream:
        stream.write(b"x" * max(free - spare, 0))
    error = None
    try:
        found = night(at)
    except Exception as problem:
        error = [type(problem).__name__, str(problem)]
    ballast.unlink()
    last = nights.last(at)
    told["tries"].append({
        "spare": spare, "error": error, "record": last and [last.outcome, last.error],
        "again": night(at),
    })
    shutil.rmtree(at.root)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    own = ["unshare", "--map-root-user", "--mount"]
    may = shutil.which("unshare") and subprocess.run(
        [*own, "mount", "-t", "tmpfs", "tmpfs", os.fspath(tmp_path_factory.mktemp("try"))],
        capture_output=True,
        check=False,
    )
    if not may or may.returncode != 0:
        pytest.skip("this machine lets no test mount a file system of its own")
    small = tmp_path_factory.mktemp("small")
    done = subprocess.run(
        [*own, sys.executable, "-c", SCRIPT, os.fspath(small)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_full_disk_is_what_the_night_says_with_folder_and_room(told: dict[str, Any]) -> None:
    failed = [one["error"] for one in told["tries"] if one["error"]]
    assert len(failed) > 5, "the disk was hardly ever full"
    for kind, text in failed:
        # Without room for the very first line of the record no night begins at all.
        assert kind == "DiskFull" or "No space left" in text, (kind, text)
    night = [text for kind, text in failed if kind == "DiskFull"]
    assert len(night) > 5
    for text in night:
        assert "are free, a night of this house needs about" in text
        assert "/full/work (while: ingestion)" in text
        assert "kpi prune" in text


def test_no_file_is_blamed_for_a_full_disk_and_the_next_night_reads_all(
    told: dict[str, Any],
) -> None:
    assert {status for _, status, _, _ in told["expected"]} == {"accepted"}
    assert len({path.split("/")[0] for path, *_ in told["expected"]}) == 5
    for one in told["tries"]:
        assert one["again"] == told["expected"], one["spare"]


def test_the_record_says_that_the_disk_was_full(told: dict[str, Any]) -> None:
    said = [one["record"] for one in told["tries"] if one["error"] and one["record"]]
    assert any(
        outcome == "failed" and error.startswith("DiskFull: The disk is full")
        for outcome, error in said
    )
    # A line that had no room was not written in part: then the night is one that did not end.
    assert {outcome for outcome, _ in said} <= {"failed", "died"}


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (OSError(28, "No space left on device"), True),
        (OSError(122, "Disk quota exceeded"), True),
        (OSError(13, "Permission denied"), False),
        (KuraError("x", remedy="IO Error: Could not write file: No space left on device"), True),
        (sqlite3.OperationalError("database or disk is full"), True),
        (ValueError("x"), False),
    ],
)
def test_a_full_disk_is_known_whoever_met_it(error: Exception, is_full: bool) -> None:
    assert disk.is_full(error) is is_full
    outer = RuntimeError()
    outer.__cause__ = error
    assert disk.is_full(outer) is is_full


def test_what_fails_between_the_stages_for_want_of_room_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite calls a full disk an I/O error when it cannot make its shared memory."""
    house = make_house(tmp_path / "house", {"company_name": "x"}, {"sources": []})

    def breaks() -> None:
        with Night(house, as_of=date(2026, 6, 30)).lock():
            raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(sqlite3.OperationalError):
        breaks()
    monkeypatch.setattr(disk, "free_bytes", lambda _path: 4096)
    with pytest.raises(disk.DiskFull, match="while: recording"):
        breaks()


@pytest.mark.parametrize(
    ("free", "says"), [(40, "Make 60 bytes of room"), (100, "Make more room than that")]
)
def test_a_full_disk_is_never_told_to_make_no_room_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, says: str
) -> None:
    """A quota, or a night whose scratch is gone again when the disk is looked at."""
    monkeypatch.setattr(disk, "free_bytes", lambda _path: free)
    monkeypatch.setattr(disk, "needed_bytes", lambda _house: 100)
    told = disk.full(House(tmp_path), "gate")
    assert str(told.remedy).startswith(says)
    assert "kpi prune --dry-run" in str(told.remedy)


def test_sizes_are_those_the_disk_gives(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 10_000)
    with (tmp_path / "sparse").open("wb") as stream:
        stream.truncate(10**9)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert 10_000 <= disk.size_of(tmp_path) < 100_000
    assert disk.size_of(tmp_path / "nothing") == 0
    assert disk.free_bytes(tmp_path / "not" / "yet") > 0
    assert disk.in_words(1_400_000_000) == "1.4 GB"


def test_what_a_night_needs_is_told_before_the_first_and_is_no_less_than_it_took(
    demo_night: DemoNight, tmp_path: Path
) -> None:
    before = House(tmp_path / "before")
    shutil.copytree(demo_night.house.exports, before.exports)
    took = sum(
        disk.size_of(path)
        for path in demo_night.house.root.iterdir()
        if path.name not in {"exports", "config"}
    )
    assert took < disk.needed_bytes(before) < 5 * took
    assert disk.needed_bytes(demo_night.house) < 5 * took


def test_exports_that_lie_elsewhere_need_room_too(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house", {"company_name": "x"}, {"sources": []})
    elsewhere = tmp_path / "share"
    elsewhere.mkdir()
    before = disk.needed_bytes(house)
    (elsewhere / "calls.csv").write_bytes(b"x" * 10**6)
    house.exports.mkdir(exist_ok=True)
    (house.exports / "phone").symlink_to(elsewhere, target_is_directory=True)
    assert disk.needed_bytes(house) >= before + 10**7


def never_room(*_: object, **__: object) -> int:
    raise duckdb.IOException('IO Error: Could not write file "x": No space left on device')


def no_room_to_unpack(*_: object, **__: object) -> object:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("name", "owner", "attribute", "instead"),
    [
        ("a.csv", csv_reading, "_parse", never_room),
        ("a.zip", archives, "unpack", no_room_to_unpack),
    ],
)
def test_a_reader_without_room_rejects_no_file_and_leaves_none_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    owner: ModuleType,
    attribute: str,
    instead: Callable[..., object],
) -> None:
    """A refusal would be believed for ever, and a file left alone would be missing in what is published."""
    columns = {"lead_id": "nr", "company_name": "firm", "created_at": "at"}
    leads = {"object": "leads", "files": ["*"], "format": "csv", "columns": columns}
    source = {"id": "expo", "system": "mapped", "class": "sfa", "objects": [leads]}
    house = make_house(tmp_path / "house", {"company_name": "x"}, {"sources": [source]})
    exported = house.exports / "expo" / name
    exported.parent.mkdir()
    if name.endswith(".zip"):
        with zipfile.ZipFile(exported, "w") as archive:
            archive.writestr("a.csv", "nr,at,firm\n1,2026-06-01,a\n")
    else:
        exported.write_text("nr,at,firm\n1,2026-06-01,a\n", encoding="utf-8")

    def read() -> list[str]:
        opened = Night(house, as_of=date(2026, 6, 30))
        with opened.lock():
            return [reading.status for reading in opened.ingest().readings]

    with monkeypatch.context() as patch:
        patch.setattr(owner, attribute, instead)
        with pytest.raises(disk.DiskFull):
            read()
    assert list(house.raw.rglob("*.json")) == []
    assert read() == ["accepted"]


def test_results_dbt_could_not_write_to_the_end_are_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dbt opens its results, meets the full disk, and goes on without a word."""
    house = House(tmp_path)
    house.raw.mkdir(parents=True)

    def dbt(_commands: object, *, target: Path, **_more: object) -> int:
        (target / "run_results.run.json").touch()
        return 0

    parse = tmp_path / "manifest.json"
    parse.with_name("partial_parse.msgpack").touch()
    monkeypatch.setattr(transformation, "manifest", lambda: parse)
    monkeypatch.setattr(dbt_child, "run", dbt)
    with pytest.raises(transformation.TransformationFailed, match=r"did not write its results"):
        transformation.transform(house, "tonight")
