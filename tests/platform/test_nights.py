"""How a night ended is on record, whoever killed it, and looking at the record disturbs nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from dagster_project.lib import journal, lock, nights, releases
from dagster_project.lib.errors import ConfigError, KuraError
from dagster_project.lib.night import Night
from dagster_project.settings import House
from tests.harness import make_house

AS_OF = date(2026, 9, 30)
SLEEPER = """
import sys, time
from datetime import date
from pathlib import Path
from dagster_project.lib.night import Night
from dagster_project.settings import House
night = Night(House(Path(sys.argv[1])), as_of=date(2026, 9, 30), launched_by="a test")
with night.lock():
    print(night.run_id, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    return make_house(tmp_path / "house", {"company_name": "x"}, {"sources": []})


def asleep(house: House) -> tuple[subprocess.Popen[str], str]:
    """A night of another process that has begun and does not end."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, os.fspath(house.root)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def last(house: House) -> nights.NightRecord:
    found = nights.last(house)
    assert found is not None
    return found


def test_a_night_that_runs_is_running_and_one_that_was_killed_is_not(house: House) -> None:
    process, run_id = asleep(house)
    try:
        record = last(house)
        assert (record.run_id, record.outcome, record.as_of) == (run_id, "running", AS_OF)
        assert record.launched_by == "a test"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert last(house).outcome == "died"
    # Somebody else at work in the house does not bring it back to life.
    with lock.night(house.night_lock, house.writer_lock):
        assert last(house).outcome == "died"
    again = Night(house, as_of=AS_OF)
    with again.lock():
        assert [night.outcome for night in nights.history(house)] == ["died", "running"]
    assert [night.outcome for night in nights.history(house)] == ["died", "unfinished"]


def test_a_night_that_ends_while_somebody_looks_was_not_killed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is read, the night ends, and only then the lock is looked at."""
    house.state.mkdir()
    nights.begin(house, "first", AS_OF, "a test")
    real = lock.holder

    def ends_first(_path: Path) -> str | None:
        if nights._recorded(house)[0]["first"].ended_at is None:
            nights.end(house, "first", "published")
            nights.begin(house, "second", AS_OF, "a test")
            return None
        return lock.process(os.getpid())

    monkeypatch.setattr(lock, "holder", ends_first)
    assert [night.outcome for night in nights.history(house)] == ["published", "running"]
    monkeypatch.setattr(lock, "holder", real)
    assert [night.outcome for night in nights.history(house)] == ["published", "died"]


def test_a_night_at_work_is_running_also_when_another_could_not_begin(house: House) -> None:
    opened = Night(house, as_of=AS_OF)
    with opened.lock():
        nights.not_started(house, "another", ConfigError("Not allowed."))
        assert [night.outcome for night in nights.history(house)] == ["running", "not_started"]


@pytest.mark.parametrize("what", ["started", "ended"])
def test_an_instant_nobody_knows_the_zone_of_is_a_damaged_line(house: House, what: str) -> None:
    house.state.mkdir()
    nights.begin(house, "good", AS_OF, "a test")
    nights.end(house, "good", "published")
    line = {"what": what, "at": "2026-01-01T00:00:00", "run_id": "x", "as_of": "2026-01-01"}
    journal.append(house.nights, {**line, "pid": 1, "outcome": "published"})
    journal.append(house.publications, {**line, "release_id": "x"})
    assert [night.run_id for night in nights.history(house)] == ["good"]
    assert releases._journal(house) == []


def fails(night: Night) -> None:
    with night._stage("transformation"):
        raise KuraError("Two models could not be built.", where="09012345678", remedy="山田様")


def is_refused(night: Night) -> None:
    with night._stage("publication"):
        raise releases.PublicationRefused("The run is for an earlier day.")


def breaks(night: Night) -> None:
    with night._stage("ingestion"):
        raise ValueError("09012345678")


def is_interrupted(_night: Night) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("happens", "outcome", "error"),
    [
        (fails, "failed", "KuraError: Two models could not be built."),
        (is_refused, "refused", "PublicationRefused: The run is for an earlier day."),
        (breaks, "failed", "ValueError"),
        (is_interrupted, "failed", "KeyboardInterrupt"),
    ],
)
def test_how_a_night_failed_is_on_record_without_a_value_of_any_record(
    house: House, happens: Callable[[Night], None], outcome: str, error: str
) -> None:
    night = Night(house, as_of=AS_OF)
    with pytest.raises((KuraError, ValueError, KeyboardInterrupt)), night.lock():
        happens(night)
    record = last(house)
    assert (record.outcome, record.error) == (outcome, error)
    assert record.duration_seconds is not None
    for path in (house.nights, house.log_file):
        assert "09012345678" not in path.read_text(encoding="utf-8")
        assert "山田" not in path.read_text(encoding="utf-8")


def test_a_night_its_configuration_kept_from_starting_is_on_record(house: House) -> None:
    house.state.mkdir()
    house.sources_file.write_text("sources: [{id: a, system: zoom}]\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        Night(house, as_of=AS_OF)
    assert last(house).outcome == "not_started"
    assert "ConfigError: Not allowed" in str(last(house).error)


def test_a_day_that_is_not_over_is_a_wrong_word_and_no_night(house: House) -> None:
    house.state.mkdir()
    with pytest.raises(ConfigError):
        Night(house, as_of=date(2999, 1, 1))
    assert nights.last(house) is None


def test_the_record_is_private_and_kept_to_the_nights_asked_for(house: House) -> None:
    for _ in range(5):
        with Night(house, as_of=AS_OF).lock():
            pass
    assert house.nights.stat().st_mode & 0o777 == 0o600
    ids = [night.run_id for night in nights.history(house)]
    assert nights.surplus(house, 2) == 3
    nights.keep(house, 2)
    assert [night.run_id for night in nights.history(house)] == ids[-2:]
    assert nights.surplus(house, 2) == 0


def test_a_torn_line_hides_no_line_before_or_after_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "journal.jsonl"
    journal.append(path, {"n": 1})
    journal.append(path, {"n": 2})
    whole = path.read_bytes()
    for cut in range(len(whole.splitlines()[0]) + 1, len(whole)):
        path.write_bytes(whole[:cut])
        journal.append(path, {"n": 3})
        told = [line["n"] for line in journal.read(path)]
        # Only its line break was lost: the line is whole.
        assert told == ([1, 2, 3] if cut == len(whole) - 1 else [1, 3]), cut


def test_a_line_the_disk_could_not_take_whole_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: write(fd, data[:5]))
        with pytest.raises(OSError, match="No space left"):
            journal.append(path, {"n": 1})
    journal.append(path, {"n": 2})
    assert journal.read(path) == [{"n": 2}]


def test_looking_who_holds_the_house_keeps_no_night_from_starting(house: House) -> None:
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            lock.holder(house.night_lock)
            nights.last(house)

    watchers = [threading.Thread(target=look) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    try:
        for _ in range(200):
            with lock.night(house.night_lock, house.writer_lock):
                assert lock.holder(house.night_lock) == f"process {os.getpid()}"
    finally:
        stop.set()
        for watcher in watchers:
            watcher.join()
    assert lock.holder(house.night_lock) is None


def test_a_line_written_while_the_record_is_cut_short_is_not_lost(house: House) -> None:
    journal.append(house.nights, {"run_id": "old"})
    journal.append(house.nights, {"run_id": "new"})
    refused = threading.Thread(
        target=nights.not_started, args=(house, "refused", KuraError("Somebody else has it."))
    )

    def cut(lines: list[journal.Line]) -> list[journal.Line]:
        refused.start()
        refused.join(0.3)
        assert refused.is_alive(), "it waits for its turn"
        return lines[1:]

    journal.rewrite(house.nights, cut)
    refused.join(10)
    assert [line["run_id"] for line in journal.read(house.nights)] == ["new", "refused"]
