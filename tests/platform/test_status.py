"""What monitors are told: the same facts in JSON, as a Nagios plugin and for Prometheus."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from dagster_project.lib import nights, releases, status_formats
from dagster_project.lib.acceptances import Acceptance
from dagster_project.lib.audit import SourceSummary
from dagster_project.lib.errors import ConfigError, KuraError
from dagster_project.lib.status import AcceptedException, HouseStatus, look
from dagster_project.settings import PROJECT_ROOT, House
from tests.conftest import DemoNight, kpi
from tests.gate import company

NOW = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
# The exposition format: name, labels, value, and nothing behind it.
SAMPLE = re.compile(
    r'[a-z_:][a-z0-9_:]*\{([a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\} -?[0-9][0-9.e+]*', re.ASCII
)
PERFORMANCE = re.compile(r"'[a-z_]+'=-?\d+(s|B|c)?(;(\d+:?)?){0,3}")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> HouseStatus:
    """A house with one release, an hour after its as-of day ended plus nine."""
    made = company.create(tmp_path_factory.mktemp("status") / "house")
    made.build()
    assert made.judge().verdict == "passed"
    releases.publish(made.house, made.settings)
    nights.begin(made.house, "night-1", date(2026, 6, 30), "kpi run")
    nights.end(
        made.house,
        "night-1",
        "published",
        release_id=company.RUN,
        seconds={"ingestion": 2.04, "gate": 5.0},
        counts=nights.Counts(12, 1, 2, 3400, 7, 1),
    )
    return look(made.house, made.settings, NOW, timedelta(hours=30))


def record(outcome: nights.Outcome, **more: object) -> nights.NightRecord:
    night = nights.NightRecord("n", date(2026, 6, 30), outcome, NOW - timedelta(hours=3))
    return replace(night, **more)  # type: ignore[arg-type]


def test_a_house_in_order_is_ok_with_its_numbers(good: HouseStatus) -> None:
    said, code = status_formats.as_nagios(replace(good, disk_free=10**12, disk_needed=10**9))
    assert code == 0
    text, _, data = said.splitlines()[0].partition(" | ")
    assert text == "KPI OK: as of 2026-06-30, ended 10 h ago, last night was published"
    assert all(PERFORMANCE.fullmatch(item) for item in data.split()), data
    assert "'age'=36000s;;108000;0" in data
    assert "'disk_free'=1000000000000B;1000000000:;;0" in data
    assert "'records_set_aside'=7;;;0" in data


UNCOVERED = SourceSummary(
    source_id="sf", system="salesforce", is_required=True, files=1, files_rejected=0, records_in=1,
    records_set_aside=0, covers_as_of=False, covered_to=None, covered_days_of_30=3,
)  # fmt: skip


def without_a_source(good: HouseStatus) -> HouseStatus:
    assert good.audit is not None
    summary = good.audit.summary.model_copy(update={"sources": (UNCOVERED,)})
    return replace(good, audit=good.audit.model_copy(update={"summary": summary}))


WORSE: dict[str, tuple[Callable[[HouseStatus], HouseStatus], int, str]] = {
    "killed": (lambda good: replace(good, night=record("died")), 1, "last night was killed"),
    "refused": (
        lambda good: replace(good, night=record("refused", causes=("a.b", "c.d"))),
        1,
        "last night was refused by a.b, c.d",
    ),
    "failed": (
        lambda good: replace(good, night=record("failed", error="DiskFull: The disk is full.")),
        1,
        "last night failed: DiskFull: The disk is full.",
    ),
    "not started": (
        lambda good: replace(good, night=record("not_started")), 1, "last night did not start"
    ),
    "too old": (lambda good: replace(good, age=timedelta(hours=31)), 2, "ended 1 d 7 h ago, over"),
    "nothing published": (
        lambda good: replace(good, release=None, audit=None, age=None), 2, "nothing is published"
    ),
    "a source is missing": (without_a_source, 1, "sf has no data for the as-of day"),
    "an exception ends": (
        lambda good: replace(
            good, exceptions=(AcceptedException("a.b", date(2026, 7, 3), "sato", "r", 3),)
        ),
        1,
        "the accepted failure a.b ends on 2026-07-03",
    ),
    "no room": (
        lambda good: replace(good, disk_free=10**6, disk_needed=10**9),
        1,
        "1.0 MB are free, a night may need 1.0 GB",
    ),
    "an orphan writes": (
        lambda good: replace(good, writer_lock="process 7"), 1, "process 7 of a killed night"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WORSE)
def test_what_needs_a_look_is_a_warning_and_what_readers_miss_is_critical(
    good: HouseStatus, what: str
) -> None:
    change, expected, says = WORSE[what]
    roomy = replace(good, disk_free=10**12, disk_needed=10**9)
    said, code = status_formats.as_nagios(change(roomy))
    assert (code, ("OK", "WARNING", "CRITICAL")[code]) == (expected, said.split()[1].rstrip(":"))
    assert says in said.splitlines()[0]
    document = json.loads(status_formats.as_json(change(roomy)))
    assert says in document["concerns"][0]["text"]


def test_an_exception_far_from_its_end_and_a_night_that_runs_alarm_nobody(
    good: HouseStatus,
) -> None:
    calm = replace(
        good,
        disk_free=10**12,
        night=record("running"),
        night_lock="process 7",
        writer_lock="process 8",
        exceptions=(AcceptedException("a.b", date(2026, 7, 4), "sato", "r", 4),),
    )
    assert calm.concerns == ()


def test_nothing_said_ends_the_line_or_begins_the_numbers(good: HouseStatus) -> None:
    odd = replace(good, night=record("failed", error="a | 'age'=0s\nb"))
    first, *more = status_formats.as_nagios(odd)[0].splitlines()
    assert first.count("|") == 1
    assert "|" not in "".join(more)
    said, code = status_formats.nagios_of_error(KuraError("x | y", where="a\nb", remedy="c"))
    assert (said, code) == ("KPI CRITICAL: x / y\na b\nc\n", 2)
    assert status_formats.nagios_of_error(ConfigError("x"))[1] == 3
    said, code = status_formats.nagios_of_error(PermissionError(13, "Permission denied", "state"))
    assert (said.splitlines()[:2], code) == (["KPI UNKNOWN: Permission denied", "state"], 3)


def samples(text: str) -> Iterator[tuple[str, str]]:
    """(name with labels, value) of a text that must be an exposition, each name declared once before."""
    assert text.endswith("\n")
    declared: list[str] = []
    closed: set[str] = set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            continue
        if line.startswith("# TYPE "):
            name, kind = line.removeprefix("# TYPE ").split(" ")
            assert kind == "gauge"
            assert name not in closed, f"{name} is declared twice"
            closed.update(declared)
            declared = [name]
            continue
        assert SAMPLE.fullmatch(line), line
        assert line.partition("{")[0] == declared[0], line
        yield tuple(line.rsplit(" ", 1))  # type: ignore[misc]


def test_prometheus_can_read_every_line_once(good: HouseStatus) -> None:
    accepted = AcceptedException('a"b\\c\nd', date(2026, 7, 3), "sato", "r", 3)
    found = dict(samples(status_formats.as_prometheus(replace(good, exceptions=(accepted,)))))
    house = f'house="{good.house.root}"'
    assert found[f"kpi_kura_release_present{{{house}}}"] == "1"
    assert found[f'kpi_kura_night_outcome{{{house},outcome="published"}}'] == "1"
    assert found[f'kpi_kura_night_outcome{{{house},outcome="died"}}'] == "0"
    assert found[f'kpi_kura_night_files{{{house},status="left_alone"}}'] == "2"
    assert found[f'kpi_kura_night_stage_duration_seconds{{{house},stage="gate"}}'] == "5"
    assert f'kpi_kura_accepted_exception_days_left{{{house},check="a\\"b\\\\c\\nd"}}' in found
    ended = float(found[f"kpi_kura_release_as_of_end_timestamp_seconds{{{house}}}"])
    assert datetime.fromtimestamp(ended, UTC) == datetime(2026, 6, 30, 15, tzinfo=UTC)


def test_accepted_failures_are_told_from_the_audit(good: HouseStatus) -> None:
    assert good.audit is not None
    check = next(check for check in good.audit.checks if check.can_be_accepted)
    says = Acceptance(check=check.id, reason="r", by="sato", until=date(2026, 7, 2))
    failed = check.model_copy(update={"status": "accepted", "accepted_by": says})
    from dagster_project.lib.status import _exceptions

    told = _exceptions(good.audit.model_copy(update={"checks": (failed,)}))
    assert told == (AcceptedException(check.id, date(2026, 7, 2), "sato", "r", 2),)


# The command


def test_the_command_tells_of_the_night_it_had(demo_night: DemoNight) -> None:
    root = demo_night.house.root
    text = kpi(root, "status").out
    assert re.search(r"^night +began .* took .*, was published$", text, flags=re.M)
    assert re.search(r"^lock +free$", text, flags=re.M)
    document = json.loads(kpi(root, "status", "--format", "json").out)
    assert document["night"]["outcome"] == "published"
    assert document["night"]["counts"]["files_read"] > 50
    assert document["release"]["id"] == demo_night.house.current.resolve().name
    assert set(document["night"]["stage_seconds"]) == {
        "ingestion", "transformation", "candidate", "gate", "publication",
    }  # fmt: skip


def test_exit_codes_are_the_formats_own(demo_night: DemoNight, tmp_path: Path) -> None:
    root = demo_night.house.root
    for output, fresh, old in (
        ("text", 0, 5), ("json", 0, 5), ("nagios", 0, 2), ("prometheus", 0, 0),
    ):  # fmt: skip
        assert kpi(root, "status", "--format", output).code == fresh, output
        aged = kpi(root, "status", "--format", output, "--max-age", "26h")
        assert aged.code == old, output
    nowhere = kpi(tmp_path, "status", "--format", "nagios")
    assert nowhere.code == 3
    assert nowhere.out.startswith("KPI UNKNOWN: This folder is not a house")
    for age in ("soon", "99999999999d"):
        wrong = kpi(root, "status", "--format", "nagios", "--max-age", age)
        assert (wrong.code, wrong.out.split(":")[0]) == (3, "KPI UNKNOWN"), age
    broken = House(tmp_path / "broken")
    assert kpi(broken.root, "init", os.fspath(broken.root)).code == 0
    assert kpi(broken.root, "status", "--format", "nagios").code == 2


def test_a_collectors_file_is_replaced_in_one_step(demo_night: DemoNight, tmp_path: Path) -> None:
    target = tmp_path / "kpi.prom"
    target.write_text("old\n", encoding="utf-8")
    old = os.umask(0o077)
    try:
        said = kpi(demo_night.house.root, "status", "--format", "prometheus", "--to", str(target))
    finally:
        os.umask(old)
    assert (said.code, said.out) == (0, "")
    assert dict(samples(target.read_text(encoding="utf-8")))
    assert [path.name for path in tmp_path.iterdir()] == ["kpi.prom"]
    assert target.stat().st_mode & 0o777 == 0o644, "also under a mask of 077"


def test_a_file_that_cannot_be_written_is_said_and_nothing_is_left_of_it(
    demo_night: DemoNight, tmp_path: Path
) -> None:
    root = demo_night.house.root
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "missing" / "kpi", tmp_path / "folder"):
        asked = kpi(root, "status", "--format", "nagios", "--to", os.fspath(target))
        assert (asked.code, asked.out.split(":")[0]) == (3, "KPI UNKNOWN")
        assert str(target) in asked.out.replace("/.", "/")
        assert kpi(root, "status", "--format", "json", "--to", os.fspath(target)).code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_text_for_people_is_not_dropped_when_a_file_is_asked_for(
    demo_night: DemoNight, tmp_path: Path
) -> None:
    said = kpi(demo_night.house.root, "status", "--to", os.fspath(tmp_path / "status"))
    assert said.code == 2
    assert "--format" in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_look_starts_fast_because_it_imports_no_engine_of_the_night(
    demo_night: DemoNight,
) -> None:
    script = (
        "import sys\n"
        "from dagster_project.cli import app\n"
        "app(sys.argv[1:], standalone_mode=False)\n"
        "heavy = {'dagster', 'dbt', 'great_expectations', 'apprise', 'sqlalchemy', 'openpyxl'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "status", "--format", "json"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "KPI_HOME": os.fspath(demo_night.house.root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
