"""The house's log: a line per event, valid whatever stands in a name, in files that do not grow."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from pathlib import Path

import pytest

from dagster_project.lib import logs
from dagster_project.lib.night import Night
from dagster_project.settings import House, Logs
from tests.conftest import DemoNight
from tests.harness import make_house

ODD = 'a\nb\r\x1b[31m"c" = \u2028 d\udcff|.csv'


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "house")


def lines(house: House) -> list[str]:
    return house.log_file.read_text(encoding="utf-8").split("\n")[:-1]


def test_every_line_of_json_is_valid_and_names_run_stage_and_event(house: House) -> None:
    with logs.opened(house, Logs(format="json"), "run-1") as log:
        log.stage = "ingestion"
        log.info("file", path=ODD, records=3, day=date(2026, 9, 30))
        log.error("check refuses", check="架電")
    first, second = (json.loads(line) for line in lines(house))
    assert (first["run"], first["stage"], first["event"]) == ("run-1", "ingestion", "file")
    assert first["records"] == 3
    assert first["path"].startswith("a\nb\r")
    assert datetime.fromisoformat(first["at"]).tzinfo is not None
    assert (second["level"], second["check"]) == ("error", "架電")


def test_a_name_with_line_breaks_begins_no_line_of_the_text_log(house: House) -> None:
    with logs.opened(house, Logs(), "run-1") as log:
        log.info("file", path=ODD, status="accepted", nothing=None)
        log.info("file", path="sf/Lead.csv")
    said = house.log_file.read_text(encoding="utf-8")
    assert len(said.splitlines()) == 2
    assert "\x1b" not in said
    assert said.splitlines()[1].endswith("run-1 - file path=sf/Lead.csv")


def test_the_level_says_what_is_left_out(house: House) -> None:
    with logs.opened(house, Logs(level="warning"), "run-1") as log:
        log.debug("unchanged")
        log.info("file")
        log.warning("file rejected")
    assert [line.split(" run-1 - ")[1] for line in lines(house)] == ["file rejected"]


def test_logs_rotate_by_size_and_only_so_many_are_kept(house: House) -> None:
    settings = Logs(max_bytes=4096, keep=2)
    for run in range(20):
        with logs.opened(house, settings, f"run-{run}") as log:
            for number in range(40):
                log.info("file", path=f"sf/{number}.csv", filling="x" * 40)
    found = sorted(path.name for path in house.logs.iterdir())
    assert found == ["kpi.log", "kpi.log.1", "kpi.log.2"]
    for path in house.logs.iterdir():
        assert path.stat().st_size <= 4096
        assert path.stat().st_mode & 0o777 == 0o600
    assert lines(house)[-1].split()[2] == "run-19"


def test_a_log_that_cannot_be_written_ends_no_night_and_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = make_house(tmp_path / "house", {"company_name": "x"}, {"sources": []})

    def full(*_: object) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(logs._PrivateFile, "shouldRollover", full)
    with Night(house, as_of=date(2026, 9, 30)).lock():
        pass
    said = capfd.readouterr().err
    assert said.count("cannot be written") == 1
    assert "kpi.log" in said


def test_lines_that_wait_for_room_when_the_log_is_closed_end_no_night_either(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    house = make_house(tmp_path / "house", {"company_name": "x"}, {"sources": []})
    house.logs.mkdir()
    # Takes no byte, as a full disk does, when what was buffered is flushed.
    house.log_file.symlink_to("/dev/full")
    with Night(house, as_of=date(2026, 9, 30)).lock():
        pass
    assert capfd.readouterr().err.count("cannot be written") == 1


def test_a_whole_night_is_in_the_log_by_stage_file_and_end(demo_night: DemoNight) -> None:
    said = lines(demo_night.house)
    pattern = re.compile(r"^\S+ (DEBUG|INFO|WARNING|ERROR) +2026093\S+ \S+ \w+")
    assert [line for line in said if not pattern.match(line)] == []
    files = [line for line in said if " ingestion file " in line]
    exports = [path for path in demo_night.house.exports.rglob("*.*") if path.is_file()]
    assert len(files) == len(exports)
    for stage in ("ingestion", "transformation", "candidate", "gate", "publication"):
        assert any(f" {stage} stage started" in line for line in said), stage
        assert any(f" {stage} stage ended" in line for line in said), stage
    assert "night ended outcome=published" in said[-1]
