"""Notices reach the channel the environment names, say what matters, and give nothing away."""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from dagster_project import cli, nightly_job
from dagster_project.lib import notify, retention
from dagster_project.lib.candidate import clean
from dagster_project.lib.errors import KuraError
from dagster_project.lib.night import Night
from dagster_project.lib.notify import Notice, about_night
from dagster_project.lib.readings import IngestionResult
from dagster_project.settings import House, Settings
from tests.conftest import DemoNight
from tests.platform.test_dagster import as_another_run

SECRET = "s3cr3t-t0ken"
DAY = date(2026, 9, 30)


@dataclass
class Receiver:
    """A channel on this machine that keeps what it is sent."""

    port: int
    got: list[dict[str, str]] = field(default_factory=list)
    answers: int = 200

    @property
    def url(self) -> str:
        return f"json://user:{SECRET}@127.0.0.1:{self.port}/{SECRET}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver(0)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.append(json.loads(body))
            self.send_response(made.answers)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet: the tests look at what is said."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def nobody() -> str:
    """A channel where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return f"json://user:{SECRET}@127.0.0.1:{port}/{SECRET}"


def settings(**wants: bool | str) -> Settings:
    return Settings.model_validate({"company_name": "みらい商事", "notify": wants})


REFUSED = about_night("run-1", DAY, KuraError("佐藤様 090-0000-0000"), ["fct_calls.key_is_unique"])
DONE = about_night("run-1", DAY, None)


# What is sent


def test_a_failure_is_told_with_its_checks_and_nothing_personal(receiver: Receiver) -> None:
    assert notify.send(settings(), REFUSED, {"KPI_NOTIFY_URLS": receiver.url})
    [told] = receiver.got
    assert told["type"] == "failure"
    assert "2026-09-30 is NOT published" in told["title"]
    assert "fct_calls.key_is_unique" in told["message"]
    assert "run-1" in told["message"]
    # Errors may quote what they met; a notice goes to places nobody here controls.
    assert "佐藤" not in json.dumps(told, ensure_ascii=False)
    assert "090" not in json.dumps(told)


def test_a_failure_without_checks_names_only_its_kind(receiver: Receiver) -> None:
    notice = about_night("run-1", DAY, ValueError("佐藤様"))
    assert notify.send(settings(), notice, {"KPI_NOTIFY_URLS": receiver.url})
    assert "ValueError" in receiver.got[0]["message"]
    assert "佐藤" not in json.dumps(receiver.got, ensure_ascii=False)


@pytest.mark.parametrize(
    ("wants", "notice", "count"),
    [
        ({}, DONE, 0),
        ({"on_success": True}, DONE, 1),
        ({}, REFUSED, 1),
        ({"on_failure": False}, REFUSED, 0),
    ],
)
def test_the_settings_say_which_nights_are_told(
    receiver: Receiver, wants: dict[str, bool], notice: Notice, count: int
) -> None:
    assert notify.send(settings(**wants), notice, {"KPI_NOTIFY_URLS": receiver.url})
    assert len(receiver.got) == count


def test_several_channels_and_another_variable_are_served(receiver: Receiver) -> None:
    told = settings(urls_variable="OUR_CHANNELS")
    assert notify.send(told, REFUSED, {"OUR_CHANNELS": f"{receiver.url} {receiver.url}?again=1"})
    assert len(receiver.got) == 2
    assert notify.send(told, REFUSED, {"KPI_NOTIFY_URLS": receiver.url})
    assert len(receiver.got) == 2


@pytest.mark.parametrize("environment", [{}, {"KPI_NOTIFY_URLS": "  "}])
def test_without_a_url_nothing_is_sent_and_nothing_imported(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    assert notify.send(settings(on_success=True), DONE, environment)


def test_a_channel_that_cannot_be_reached_or_understood_is_said_to_have_failed(
    nobody: str,
    receiver: Receiver,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert not notify.send(settings(), REFUSED, {"KPI_NOTIFY_URLS": nobody})
    assert not notify.send(settings(), REFUSED, {"KPI_NOTIFY_URLS": f"nonsense://{SECRET}"})
    receiver.answers = 500
    assert not notify.send(settings(), REFUSED, {"KPI_NOTIFY_URLS": receiver.url})
    said = capfd.readouterr()
    assert SECRET not in said.out + said.err + caplog.text


# The command line, with the two slow steps of the night left out


@pytest.fixture
def late_night(
    demo_night: DemoNight, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], House]:
    """A copy of the demo house whose next `kpi run` begins after the transformation.

    What is done to its marts is SQL; candidate, gate and publication are the real ones, under Dagster.
    """

    def prepare(sql: str) -> House:
        root = tmp_path / "house"
        shutil.copytree(demo_night.house.root, root, symlinks=True)
        house = House(root)
        clean(house)

        def ingest(night: Night) -> IngestionResult:
            as_another_run(house, night.run_id)
            with duckdb.connect(str(house.work_database)) as connection:
                connection.execute(sql)
            return IngestionResult((), (), ())

        monkeypatch.setattr(Night, "ingest", ingest)
        monkeypatch.setattr(Night, "transform", lambda _night: None)
        monkeypatch.setattr(nightly_job, "execute", _execute_without_dagster)
        monkeypatch.setenv("KPI_HOME", os.fspath(root))
        return house

    return prepare


def _execute_without_dagster(night: Night) -> BaseException | None:
    try:
        night.ingest()
        night.build_candidate()
        night.judge()
        night.publish()
    except KuraError as error:
        return error
    return None


def run_command(monkeypatch: pytest.MonkeyPatch) -> int:
    """`kpi run` in this process; its exit code."""
    monkeypatch.setattr("sys.argv", ["kpi", "run"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


BROKEN = "update marts.kpi_rep_daily set connect_rate = 1.2 where dials > 0 and rep_id = 'R01'"
NOTHING = "select 1"


def test_a_refused_night_tells_its_checks_and_ends_with_3(
    late_night: Callable[[str], House],
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    late_night(BROKEN)
    monkeypatch.setenv("KPI_NOTIFY_URLS", receiver.url)
    assert run_command(monkeypatch) == 3
    [told] = receiver.got
    assert told["type"] == "failure"
    assert "kpi_rep_daily.shares_lie_between_0_and_1" in told["message"]
    assert "kpi_rep_daily.rates_are_ratios_of_their_counts" in told["message"]
    said = capfd.readouterr()
    assert SECRET not in said.out + said.err


def test_a_night_that_ended_badly_is_not_said_to_have_never_begun(
    late_night: Callable[[str], House],
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Between two stages, where Dagster's records and ours are written."""
    late_night(NOTHING)
    monkeypatch.setenv("KPI_NOTIFY_URLS", receiver.url)

    def breaks(_night: Night) -> None:
        raise PermissionError(13, "Permission denied", "work/dagster")

    monkeypatch.setattr(nightly_job, "execute", breaks)
    assert run_command(monkeypatch) == 1
    [told] = receiver.got
    assert "is NOT published" in told["title"]
    assert "Permission denied" in capfd.readouterr().err


def test_a_published_night_that_could_not_tidy_up_says_so_and_ends_with_0(
    late_night: Callable[[str], House],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    late_night(NOTHING)

    def refuses(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(retention, "prune", refuses)
    assert run_command(monkeypatch) == 0
    said = capfd.readouterr()
    assert "Tidying up failed: PermissionError: Permission denied. `kpi prune`" in said.err
    assert "Published" in said.out


def test_a_receiver_that_is_gone_is_a_warning_and_changes_no_exit_code(
    late_night: Callable[[str], House],
    nobody: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    house = late_night(BROKEN)
    before = house.current.readlink()
    monkeypatch.setenv("KPI_NOTIFY_URLS", nobody)
    assert run_command(monkeypatch) == 3
    said = capfd.readouterr()
    assert "A notice could not be delivered" in said.err
    assert SECRET not in said.out + said.err
    assert house.current.readlink() == before


def test_a_published_night_tells_only_when_asked_to_and_ends_with_0(
    late_night: Callable[[str], House],
    receiver: Receiver,
    nobody: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    house = late_night(NOTHING)
    monkeypatch.setenv("KPI_NOTIFY_URLS", receiver.url)
    assert run_command(monkeypatch) == 0
    assert receiver.got == []
    text = house.house_file.read_text(encoding="utf-8")
    house.house_file.write_text(text + "\nnotify: {on_success: true}\n", encoding="utf-8")
    assert run_command(monkeypatch) == 0
    assert [told["type"] for told in receiver.got] == ["success"]
    assert "2026-09-30 is published" in receiver.got[0]["title"]
    monkeypatch.setenv("KPI_NOTIFY_URLS", nobody)
    assert run_command(monkeypatch) == 0
    said = capfd.readouterr()
    assert "A notice could not be delivered" in said.err
    assert SECRET not in said.out + said.err


# Nights nobody watches: Dagster's own sensors


@dg.op
def breaks() -> None:
    raise ValueError("佐藤様 090-0000-0000")


@dg.job
def nightly_that_breaks() -> None:
    breaks()


def test_a_scheduled_night_that_fails_is_told_and_one_of_the_command_line_only_once(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dagster_project.defs import automation

    monkeypatch.setattr(automation, "_SETTINGS", settings())
    monkeypatch.setenv("KPI_NOTIFY_URLS", receiver.url)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    for tags in ({}, {automation.LAUNCHED_BY: "cli"}):
        with dg.DagsterInstance.ephemeral() as instance:
            result = nightly_that_breaks.execute_in_process(
                instance=instance, raise_on_error=False, tags=tags, run_config=quiet
            )
            context = dg.build_run_status_sensor_context(
                sensor_name="tell_failure",
                dagster_event=result.get_run_failure_event(),
                dagster_instance=instance,
                dagster_run=result.dagster_run,
            ).for_run_failure()
            automation.tell_failure(context)
    [told] = receiver.got
    assert told["type"] == "failure"
    assert result.dagster_run.run_id not in told["message"]
    assert "佐藤" not in json.dumps(told, ensure_ascii=False)
