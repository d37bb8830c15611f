"""The `kpi` command as a person meets it: help, refusals, exit codes, and what a night shows."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest

from dagster_project.cli import app
from dagster_project.lib import acceptances
from dagster_project.settings import DEMO, PROJECT_ROOT, House, load_settings
from tests.conftest import DemoNight, Said, kpi


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    root = tmp_path / "house"
    assert kpi(root, "init", str(root)).code == 0
    return root


def said(result: Said) -> str:
    return " ".join((result.out + result.err).split())


def test_help_shows_examples_and_exit_codes(tmp_path: Path) -> None:
    top = said(kpi(tmp_path, "--help"))
    assert "3 the gate refused" in top
    for command in commands():
        assert f"Example: kpi {' '.join(command)}" in said(kpi(tmp_path, *command, "--help"))


def test_the_check_of_the_help_text_can_be_accepted(tmp_path: Path) -> None:
    example = re.search(r"kpi gate accept (\S+)", said(kpi(tmp_path, "gate", "accept", "--help")))
    assert example is not None
    assert example[1] in acceptances.acceptable()


def commands() -> list[tuple[str, ...]]:
    """Every command a person can type, by its words."""
    return [
        (*((group.name or "",) if group else ()), info.name or info.callback.__name__)
        for group, typed in [(None, app), *((g, g.typer_instance) for g in app.registered_groups)]
        if typed
        for info in typed.registered_commands
        if info.callback
    ]


def test_a_new_house_is_private_commented_and_in_order(empty: Path) -> None:
    assert "# what you call 商談" in (empty / "config" / "house.yml").read_text(encoding="utf-8")
    for folder in ("raw", "work", "quarantine", "state"):
        assert (empty / folder).stat().st_mode & 0o077 == 0, folder
    checked = kpi(empty, "sources", "check")
    assert checked.code == 0, said(checked)
    assert "rejected" not in checked.out
    assert "quarantined" in checked.out


def test_a_new_house_has_empty_planning_tables_and_says_what_goes_into_them(empty: Path) -> None:
    page = (empty / "config" / "planning.md").read_text(encoding="utf-8")
    tables = {path.stem for path in (empty / "exports" / "planning").glob("*.csv")}
    assert tables == {path.stem for path in (DEMO / "exports" / "planning").glob("*.csv")}
    for table in tables:
        described = page.split(f"## {table}\n")[1].split("\n## ")[0]
        (header,) = (
            (empty / "exports" / "planning" / f"{table}.csv")
            .read_text(encoding="utf-8-sig")
            .splitlines()
        )
        for name in header.split(","):
            assert re.search(rf"^\| {name} \|.*\| \S.* \|$", described, flags=re.M), (table, name)


def test_the_examples_of_a_new_house_are_valid_and_read_a_file_of_another_phone_system(
    empty: Path,
) -> None:
    """What a newcomer does: take the comments away, put a file there, look."""
    sources = empty / "config" / "sources.yml"
    before, _, examples = sources.read_text(encoding="utf-8").partition("\n# sources:\n")
    assert "\nsources: []" in before
    shown = "".join(line[2:] or "\n" for line in examples.splitlines(keepends=True))
    sources.write_text("sources:\n" + shown, encoding="utf-8")
    folder = empty / "exports" / "pbx"
    folder.mkdir()
    (folder / "通話明細_20260401-20260430_20260501T0130.csv").write_text(
        "通話番号,区分,発信日時,応答日時,通話時間,担当者メール,相手先番号,応対結果\n"
        "1,発信,2026/04/01 10:00:00,2026/04/01 10:00:09,02:31,sato@example.co.jp,03-1234-5678,本人接続\n"
        "2,発信,きのう,,00:00,sato@example.co.jp,03-1234-5679,不在\n",
        encoding="cp932",
    )
    checked = said(kpi(empty, "sources", "check"))
    assert "通話明細_20260401-20260430_20260501T0130.csv" in checked
    assert "call_legs" in checked
    assert "きのう" not in checked
    assert "Not allowed" not in checked


def test_a_new_house_lists_the_columns_and_words_of_mapped_sources(empty: Path) -> None:
    page = (empty / "config" / "mapped.md").read_text(encoding="utf-8")
    assert "| leg_id | text | yes |  | Leg id. |" in page
    assert "outbound, inbound, inherit, internal, unknown | Direction of the leg. |" in page


def test_init_never_touches_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    refused = kpi(tmp_path, "init", str(tmp_path))
    assert refused.code == 2
    assert "not empty" in said(refused)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_is_no_house_is_said_to_be_none(tmp_path: Path) -> None:
    accept = ("gate", "accept", "x", "--reason", "y", "--by", "z", "--until", "2099-01-01")
    for command in (
        ("run",), ("status",), ("sources", "check"), ("releases",), ("rollback",), accept,
        ("quarantine", "list"),
    ):  # fmt: skip
        refused = kpi(tmp_path, *command)
        assert refused.code == 2, command
        assert "kpi init" in said(refused)
        assert "Traceback" not in said(refused)
    assert list(tmp_path.iterdir()) == []


def test_a_day_that_is_not_over_has_no_night(empty: Path) -> None:
    for day in (date.today() + timedelta(days=1), date.today() + timedelta(days=100)):
        refused = kpi(empty, "run", "--as-of", str(day))
        assert refused.code == 2
        assert f"{day} is not over yet in Asia/Tokyo" in said(refused)


def test_a_failure_of_yesterday_cannot_be_accepted_in_hindsight(empty: Path) -> None:
    refused = kpi(
        empty, "gate", "accept", "fct_calls.past_changed_little",
        "--reason", "x", "--by", "y", "--until", "2020-01-01",
    )  # fmt: skip
    assert refused.code == 2
    assert "before the night's day" in said(refused)


def test_a_key_that_stands_twice_is_refused(empty: Path) -> None:
    for name, text in (
        ("house.yml", "company_name: a\ngate: {max_quarantine_rows: 1}\ngate: {}\n"),
        ("sources.yml", "sources:\n- {id: a, system: miitel, required: true, required: false}\n"),
    ):
        before = (empty / "config" / name).read_text(encoding="utf-8")
        (empty / "config" / name).write_text(text, encoding="utf-8")
        refused = kpi(empty, "sources", "check")
        assert refused.code == 2, name
        assert "stands twice" in said(refused)
        assert name in said(refused)
        (empty / "config" / name).write_text(before, encoding="utf-8")


def test_what_the_file_system_refuses_is_said_without_a_traceback(empty: Path) -> None:
    refused = kpi(empty, "quarantine", "export", str(empty / "nowhere" / "x.csv"))
    assert refused.code == 1
    assert "Traceback" not in said(refused)
    assert str(empty / "nowhere" / "x.csv") in said(refused)
    assert "remedy" in said(refused)


def test_ids_are_not_broken_over_lines_in_a_narrow_terminal(demo_night: DemoNight) -> None:
    narrow = {"COLUMNS": "40"}
    shown = kpi(demo_night.house.root, "releases", environment=narrow).out
    assert demo_night.house.current.resolve().name in shown
    shown = kpi(demo_night.house.root, "status", environment=narrow).out
    assert "miitel-webhook" in shown


@pytest.mark.parametrize(
    ("file", "text", "key"),
    [
        ("house.yml", "company_name: x\nreporting: {timezone: Mars/Base}\n", "reporting.timezone"),
        ("house.yml", "company_name: x\ndefinitions: {shodan_event: signed}\n", "shodan_event"),
        ("house.yml", "company_name: x\nretention: {release: 3}\n", "retention.release"),
        ("sources.yml", "sources:\n  - {id: a, system: zoom}\n", "system"),
        ("sources.yml", "sources:\n  - {id: a, system: miitel, colour: red}\n", "colour"),
        ("sources.yml", "sources: [\n", "YAML"),
    ],
)
def test_a_configuration_error_names_file_and_key_and_nothing_runs(
    empty: Path, file: str, text: str, key: str
) -> None:
    (empty / "config" / file).write_text(text, encoding="utf-8")
    refused = kpi(empty, "run")
    assert refused.code == 2, said(refused)
    assert file in said(refused)
    assert key in said(refused)
    assert not (empty / "work" / "warehouse.duckdb").exists()


def test_status_and_query_say_when_nothing_is_published(empty: Path) -> None:
    status = kpi(empty, "status")
    assert status.code == 5
    assert "Nothing is published" in said(status)
    asked = kpi(empty, "query", "select 1")
    assert asked.code == 1
    assert "kpi run" in said(asked)


def test_an_acceptance_of_an_unknown_check_is_refused(empty: Path) -> None:
    refused = kpi(
        empty, "gate", "accept", "no.such", "--reason", "x", "--by", "y", "--until", "2099-01-01"
    )
    assert refused.code == 2
    assert "There is no check called no.such" in said(refused)


def test_a_night_ends_with_files_checks_kpis_path_and_a_query_to_paste(
    demo_night: DemoNight,
) -> None:
    shown = said(demo_night.run)
    assert "verdict passed" in shown
    assert "Last full month: 2026-09" in shown
    assert "架電数" in shown
    assert str(House(demo_night.house.root).current / "warehouse.duckdb") in shown
    assert "kpi query" in shown


def test_the_closing_lines_tell_the_first_findings_and_where_all_of_them_are(
    demo_night: DemoNight,
) -> None:
    lines = demo_night.run.out.splitlines()
    answer = kpi(
        demo_night.house.root, "query", "--format", "json",
        "select rank_in_period, finding_ja, finding_en from kpi_findings "
        "where period_end >= date '2026-09-30'",
    )  # fmt: skip
    rows = [json.loads(line) for line in answer.out.splitlines()]
    assert f"Findings 指摘: {len(rows)}" in lines
    shown = [line.removeprefix("• ") for line in lines if line.startswith("• ")]
    assert len(shown) == min(5, len(rows))
    assert {row["finding_ja"] for row in rows if row["rank_in_period"] == 1} <= set(shown)
    for row in rows:
        assert (row["finding_ja"] in shown) == (f"  {row['finding_en']}" in lines)
    (asked,) = (line for line in lines if line.startswith("All of them"))
    query = asked.partition(' query "')[2].removesuffix('"')
    assert kpi(demo_night.house.root, "query", query).code == 0


def test_a_warning_is_no_failure_but_something_to_watch(demo_night: DemoNight) -> None:
    """Two results of calls that nobody explained: the demo's, in both of its sales systems."""
    checks = next(line for line in said(demo_night.run).splitlines() if "Checks: " in line)
    assert "1 to watch" in checks
    assert "failed" not in checks
    page = (demo_night.house.current / "audit.html").read_text(encoding="utf-8")
    assert "to watch" in page


def test_the_query_to_paste_can_be_pasted_where_kpi_is_on_no_path(demo_night: DemoNight) -> None:
    """A newcomer's shell, right after `make nightly`."""
    line = next(line for line in demo_night.run.out.splitlines() if line.startswith("Try"))
    pasted = subprocess.run(
        ["/bin/sh", "-c", line.removeprefix("Try").strip()],
        cwd=PROJECT_ROOT,
        env={"KPI_HOME": str(demo_night.house.root), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert pasted.returncode == 0, pasted.stderr
    assert "connect_rate" in pasted.stdout


def test_progress_is_shown_file_by_file(demo_night: DemoNight) -> None:
    assert "Reading exports" in demo_night.run.err
    files = len(list(demo_night.house.exports.rglob("*.*")))
    for number in (1, files // 2, files):
        assert f"  {number}/{files} " in demo_night.run.err


def test_a_query_answers_as_table_csv_and_json(demo_night: DemoNight) -> None:
    root = demo_night.house.root
    sql = "select as_of_date, company_name from release"
    assert "2026-09-30" in kpi(root, "query", sql).out
    [row] = csv.DictReader(io.StringIO(kpi(root, "query", "--format", "csv", sql).out))
    assert row["as_of_date"] == "2026-09-30"
    record = json.loads(kpi(root, "query", "--format", "json", sql).out)
    assert record["as_of_date"] == "2026-09-30"


def test_a_locale_without_the_characters_ends_no_command_and_programs_get_utf_8(
    demo_night: DemoNight,
) -> None:
    root, environment = demo_night.house.root, {"PYTHONIOENCODING": "ascii"}
    for command in (("status",), ("releases",), ("query", "select '架電'")):
        shown = kpi(root, *command, environment=environment)
        assert shown.code == 0, shown.err
        assert "Traceback" not in shown.err
    assert "\\u2190" in kpi(root, "releases", environment=environment).out
    for style in ("csv", "json"):
        asked = ("query", "--format", style, "select '架電'")
        assert "架電" in kpi(root, *asked, environment=environment).out
    told = kpi(root, "status", "--format", "json", environment=environment)
    assert json.loads(told.out)["company"] == load_settings(demo_night.house).company_name


@pytest.mark.parametrize(
    "sql",
    [
        "copy (select 1) to '/tmp/kpi-leak.csv'",
        "select * from read_text('/etc/passwd')",
        "attach '/tmp/kpi-other.duckdb' as other",
        "set enable_external_access = true",
        "create table mine as select 1",
    ],
)
def test_a_query_can_neither_write_nor_leave_the_release(demo_night: DemoNight, sql: str) -> None:
    refused = kpi(demo_night.house.root, "query", sql)
    assert refused.code == 1
    assert "root:" not in refused.out


def test_a_locale_that_would_read_other_file_names_is_refused(empty: Path) -> None:
    """The same files must not be other files because cron has another locale than a person."""
    name = "電話.csv"
    (empty / "exports" / "planning" / name).write_text("a\n", encoding="utf-8")
    posix = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for command in (("run",), ("sources", "check")):
        refused = kpi(empty, *command, environment=posix)
        assert refused.code == 2, said(refused)
        assert "PYTHONUTF8=1" in said(refused)
    examined = kpi(empty, "doctor", environment=posix)
    assert examined.code == 1
    assert "PYTHONUTF8=1" in said(examined)
    assert kpi(empty, "doctor").code == 0


def test_status_tells_a_monitor_when_the_release_is_too_old(demo_night: DemoNight) -> None:
    root = demo_night.house.root
    fresh = kpi(root, "status")
    assert fresh.code == 0
    assert "2026-09-30" in fresh.out
    # The demo company's data ended on 2026-09-30, so any short age is exceeded.
    assert kpi(root, "status", "--max-age", "26h").code == 5
    assert kpi(root, "status", "--max-age", "soon").code == 2


def test_set_aside_records_can_be_listed_opened_and_exported(
    demo_night: DemoNight, tmp_path: Path
) -> None:
    root = demo_night.house.root
    exported = tmp_path / "quarantine.csv"
    assert kpi(root, "quarantine", "export", str(exported)).code == 0
    assert exported.stat().st_mode & 0o777 == 0o600
    with exported.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows
    listed = kpi(root, "quarantine", "list", environment={"COLUMNS": "60"}).out
    pasted = re.search(r"kpi (quarantine show \S+ \d+)$", listed, flags=re.M)
    assert pasted is not None
    shown = kpi(root, *pasted[1].split())
    assert shown.code == 0
    assert shown.out.strip()
