"""What the settings do not keep goes, nothing else does, and a killed pruning ends as if it had not been."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from dagster_project import dagster_records
from dagster_project.lib import disk, journal, nights, releases, retention
from dagster_project.lib.night import Night
from dagster_project.lib.raw import RawStore
from dagster_project.nightly_job import prepare_home
from dagster_project.settings import PROJECT_ROOT, House, Logs, Retention, Settings, load_settings
from tests.conftest import DemoNight, kpi
from tests.gate import company
from tests.gate.company import Company
from tests.harness import make_house

AS_OF = date(2026, 9, 30)
LATER = datetime.now(UTC) + timedelta(days=100)
OBJECT = (
    "{object: leads, files: ['*'], format: csv, "
    "columns: {lead_id: nr, company_name: %s, created_at: at}}"
)
GOOD = "".join(f"{number},2026-07-01,a,b\n" for number in range(40))
# One record carries what Excel left of its id.
ROWS = f"nr,at,firm,other\n{GOOD}5.63E+15,2026-07-02,c,d\n"


def configure(house: House, column: str = "firm", more: str = "") -> None:
    house.sources_file.write_text(
        "sources: [{id: expo, system: mapped, class: sfa"
        f"{more}, objects: [{OBJECT % column}]}}]\n",
        encoding="utf-8",
    )


def export(house: House, name: str = "a.csv", text: str = ROWS) -> Path:
    path = house.exports / "expo" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def night(house: House) -> None:
    """A night up to the raw tables."""
    opened = Night(house, as_of=AS_OF)
    with opened.lock():
        opened.ingest()


def told(house: House) -> list[tuple[object, ...]]:
    """What models are told of the export."""
    with duckdb.connect(str(house.work_database), read_only=True) as connection:
        return [
            *connection.execute(
                "select * exclude (_file_id) from raw_mapped.leads order by all"
            ).fetchall(),
            *connection.execute(
                "select path, status, records_in, records_quarantined from raw_kura.files order by all"
            ).fetchall(),
            *connection.execute(
                "select record, reason_code from raw_kura.file_quarantine"
            ).fetchall(),
        ]


def prune(house: House, **keep: object) -> list[tuple[str, str]]:
    settings = Settings.model_validate(
        {"company_name": "x", "retention": {"superseded_raw_days": 0, **keep}}
    )
    return [(item.what, item.name) for item in retention.prune(house, settings, LATER)]


def accepted(house: House) -> set[str]:
    return {receipt.file_id for receipt in RawStore(house.raw) if receipt.status == "accepted"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = make_house(tmp_path / "house", {"company_name": "x"}, {"sources": []})
    configure(made)
    return made


# Readings


@pytest.mark.parametrize("is_gone", [False, True], ids=["export lies there", "export is gone"])
def test_a_reading_under_rules_no_longer_in_force_goes_and_can_be_had_again(
    house: House, is_gone: bool
) -> None:
    exported = export(house)
    night(house)
    first, before = accepted(house), told(house)
    if is_gone:
        exported.unlink()
    configure(house, column="other")
    night(house)
    assert len(accepted(house)) == 2
    after = told(house)
    assert after != before
    [(what, name)] = prune(house)
    assert what == "superseded reading"
    assert "a.csv" in name
    assert not accepted(house) & first
    night(house)
    assert told(house) == after
    configure(house)
    night(house)
    assert told(house) == before


def test_a_reading_is_kept_for_the_days_the_settings_say_and_for_ever_if_they_say_so(
    house: House,
) -> None:
    export(house)
    night(house)
    configure(house, column="other")
    night(house)
    for days in (101, None):
        assert prune(house, superseded_raw_days=days) == []
    assert len(prune(house, superseded_raw_days=99)) == 1


UNLIKE: dict[str, Callable[[House], object]] = {
    # Cells cut elsewhere: what one reading holds cannot be cut as the other was.
    "another delimiter": lambda house: configure(house, more=", delimiter: ';'"),
    "another encoding": lambda house: configure(house, more=", encoding: cp932"),
    # Nothing newer counts instead.
    "a refusal": lambda house: configure(house, more=", encoding: utf-16"),
    "no source any more": lambda house: house.sources_file.write_text("sources: []\n"),
}


@pytest.mark.parametrize("what", UNLIKE)
def test_a_reading_that_nothing_replaces_alike_stays(house: House, what: str) -> None:
    exported = export(house)
    night(house)
    first, before = accepted(house), told(house)
    exported.unlink()
    UNLIKE[what](house)
    night(house)
    prune(house)
    assert first <= accepted(house)
    configure(house)
    night(house)
    assert told(house) == before


def test_a_reading_stays_whose_successor_has_lost_what_it_set_aside(house: House) -> None:
    export(house)
    night(house)
    configure(house, column="other")
    night(house)
    store = RawStore(house.raw)
    newest = max(store, key=lambda receipt: receipt.generation)
    assert newest.records_quarantined == 1
    store.aside_of(newest).unlink()
    assert prune(house) == []
    assert len(accepted(house)) == 2


def test_names_only_the_older_reading_knew_are_not_forgotten(house: House) -> None:
    """The first name of a content in order is its own, also when that copy is gone."""
    export(house, "a.csv").unlink()
    export(house, "b.csv")
    export(house, "a.csv")
    night(house)
    (house.exports / "expo" / "a.csv").unlink()
    configure(house, column="other")
    night(house)
    before = told(house)
    prune(house)
    [kept] = [receipt for receipt in RawStore(house.raw) if receipt.status == "accepted"]
    assert {path for path, _ in kept.names} == {"expo/a.csv", "expo/b.csv"}
    night(house)
    assert told(house) == before


def test_a_planning_table_that_was_edited_stays_as_it_was_before(house: House) -> None:
    house.sources_file.write_text("sources: [{id: planning, system: planning}]\n", encoding="utf-8")
    table = house.exports / "planning" / "title_map.csv"
    table.parent.mkdir()
    table.write_text("title_pattern,seniority\n部長,director\n", encoding="utf-8")
    night(house)
    table.write_text("title_pattern,seniority\n部長,manager\n", encoding="utf-8")
    night(house)
    readings = list(house.raw.rglob("*.json"))
    assert len(readings) == 2
    assert prune(house) == []
    assert sorted(house.raw.rglob("*.json")) == sorted(readings)


def test_without_a_work_database_nobody_says_what_counts_and_every_reading_stays(
    house: House,
) -> None:
    export(house)
    night(house)
    configure(house, column="other")
    night(house)
    house.work_database.unlink()
    assert prune(house) == []


# Releases


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Company:
    made = company.create(tmp_path_factory.mktemp("retention") / "house")
    made.build()
    assert made.judge().verdict == "passed"
    releases.publish(made.house, made.settings)
    return made


def release_of(number: int) -> str:
    return f"2026070{number}-2026070{number + 1}T050000000000"


def give_releases(published: Company, house: House, count: int, current: int) -> None:
    """`count` releases, first published in their order, of which one is current."""
    house.releases.mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        target = house.releases / release_of(number)
        shutil.copytree(published.house.current.resolve(), target)
        manifest = target / "manifest.json"
        document = {**json.loads(manifest.read_text()), "run_id": target.name}
        manifest.chmod(0o644)
        manifest.write_text(json.dumps(document))
        line = {"at": f"2026-07-0{number}T00:00:00+00:00", "what": "published"}
        journal.append(house.publications, {**line, "release_id": target.name})
    house.current.symlink_to(Path("releases") / release_of(current), target_is_directory=True)


def kept(house: House) -> list[int]:
    return [int(path.name[7]) for path in sorted(house.releases.iterdir())]


@pytest.mark.parametrize(
    ("current", "keep", "expected"),
    [
        (5, 3, [3, 4, 5]),
        (5, 5, [1, 2, 3, 4, 5]),
        # After a rollback the one before is who the next rollback shows.
        (2, 2, [1, 2]),
        (2, 3, [1, 2, 5]),
        (1, 2, [1, 5]),
    ],
)
def test_the_current_release_and_the_one_to_go_back_to_always_stay(
    published: Company, house: House, current: int, keep: int, expected: list[int]
) -> None:
    give_releases(published, house, 5, current)
    prune(house, releases=keep)
    assert kept(house) == expected
    found = releases.current_release(house)
    assert found is not None
    assert found.release_id == release_of(current)


def test_a_reader_of_an_old_release_is_not_hurt(published: Company, house: House) -> None:
    give_releases(published, house, 3, 3)
    old = house.releases / release_of(1) / "warehouse.duckdb"
    with duckdb.connect(str(old), read_only=True) as reader:
        [(before,)] = reader.execute("select count(*) from dim_dates").fetchall()
        prune(house, releases=2)
        assert not old.exists()
        # Tables the reader has not looked at yet are read from the disk now.
        [(calls,)] = reader.execute(
            "select count(*) from fct_calls where talk_seconds > 0"
        ).fetchall()
        assert calls > 0
        assert reader.execute("select count(*) from dim_dates").fetchall() == [(before,)]


# Leftovers, logs, the record


def test_what_killed_nights_left_goes_and_what_is_in_use_stays(house: House) -> None:
    export(house)
    night(house)
    [parquet] = house.raw.rglob("*.parquet")
    same_bytes = parquet.name.partition(".")[0]
    gone = [
        parquet.with_name(f"{same_bytes}.0123456789ab.parquet"),
        parquet.with_name(f"{same_bytes}.0123456789ab.aside"),
        parquet.with_name(".x.new"),
        house.quarantine / "structure" / ".x.parquet.new",
        house.quarantine / ".cast_rejects.parquet.new",
        house.state / ".nights.jsonl.new",
        house.candidates / "20260930-x.partial" / "warehouse.duckdb",
        house.scratch / "reading.parquet",
        house.dry_scratch(2**22 + 1) / "reading.parquet",
        house.releases / ".20260930-x.removed" / "warehouse.duckdb",
        house.published / ".current.x",
        house.dbt_target / "compiled" / "old.sql",
        house.logs / "kpi.log.12",
    ]
    stays = [
        house.dry_scratch(os.getpid()) / "reading.parquet",
        house.candidates / "20260930-refused" / "warehouse.duckdb",
        house.dbt_target / "partial_parse.msgpack",
        house.dbt_target / "compiled" / "model.sql",
        house.logs / "kpi.log.9",
        house.logs / "kpi.log.old",
        *house.raw.rglob("*.*"),
    ]
    for path in [*gone, *stays]:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text("x", encoding="utf-8")
    os.utime(house.dbt_target / "compiled" / "old.sql", (1, 1))
    os.utime(house.dbt_target / "partial_parse.msgpack", (2, 2))
    # While dbt has not come to its end, what it did not write yet is no leftover.
    named = [Path(item.name).name for item in retention.leftovers(house)]
    assert "old.sql" not in named
    (house.dbt_target / "tested_tables.json").write_text('{"release": "0"}', encoding="utf-8")
    shown = retention.plan(house, Settings(company_name="x"), LATER)
    assert all(path.exists() for path in gone)
    removed = prune(house)
    assert [(item.what, item.name) for item in shown] == removed
    assert [path for path in gone if path.exists()] == []
    assert [path for path in stays if not path.exists()] == []
    assert prune(house) == []


def test_a_raw_file_without_a_receipt_stays_while_nothing_else_holds_its_export(
    house: House,
) -> None:
    """A night was killed before its receipt, the export cleaned away: the file is all there is."""
    exported = export(house)
    night(house)
    [receipt] = house.raw.rglob("*.json")
    kept = receipt.read_bytes()
    receipt.unlink()
    exported.unlink()
    assert prune(house) == []
    assert list(house.raw.rglob("*.parquet"))
    receipt.write_bytes(kept)
    assert accepted(house) == {receipt.name.removesuffix(".json")}


def test_a_receipt_that_cannot_be_read_keeps_its_files(house: House) -> None:
    export(house)
    night(house)
    [receipt] = house.raw.rglob("*.json")
    receipt.write_text("{", encoding="utf-8")
    assert prune(house) == []
    assert list(house.raw.rglob("*.parquet"))


# Killed


def everything(house: House, published: Company) -> None:
    """Something of every kind that may go."""
    export(house, "a.csv")
    export(house, "b.csv", ROWS.replace("a,b", "g,h"))
    night(house)
    (house.exports / "expo" / "b.csv").unlink()
    configure(house, column="other")
    night(house)
    give_releases(published, house, 4, 4)
    orphan = next(house.raw.rglob("*.parquet")).name.partition(".")[0] + ".0.parquet"
    for path in (house.raw / "mapped" / "leads" / orphan, house.logs / "kpi.log.99"):
        path.write_text("x", encoding="utf-8")
    stale = house.candidates / "x.partial" / "parquet"
    stale.mkdir(parents=True)
    (stale / "a.parquet").write_text("x", encoding="utf-8")


def tree(house: House) -> dict[str, object]:
    """Every path with its content; receipts by what they say of names alone, in any order."""
    return {
        str(path.relative_to(house.root)): path.read_bytes()
        for path in sorted(house.root.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.suffix != ".lock"
    }


def killed_at(house: House, number: int) -> bool:
    """Prune in a process that is killed before its `number`-th change of the disk; whether it was."""
    child = os.fork()
    if child == 0:
        count = 0

        def dying(real: Callable[..., object]) -> Callable[..., object]:
            def changing(*arguments: object, **more: object) -> object:
                nonlocal count
                count += 1
                if count == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*arguments, **more)

            return changing

        for name in ("unlink", "rename", "replace", "rmdir", "fsync", "write"):
            setattr(os, name, dying(getattr(os, name)))
        try:
            prune(house, releases=2, nights=2)
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def test_killed_anywhere_and_done_again_it_ends_the_same(house: House, published: Company) -> None:
    everything(house, published)
    for _ in range(2):
        with Night(house, as_of=AS_OF).lock():
            pass
    undisturbed = House(house.root.with_name("undisturbed"))
    shutil.copytree(house.root, undisturbed.root, symlinks=True)
    assert {what for what, _ in prune(undisturbed, releases=2, nights=2)} == {
        "release", "superseded reading", "raw file without a receipt", "leftover", "log",
        "record of nights",
    }  # fmt: skip
    expected = tree(undisturbed)
    number, kills = 0, 0
    while True:
        number += 1
        copy = House(house.root.with_name("copy"))
        shutil.copytree(house.root, copy.root, symlinks=True)
        was_killed = killed_at(copy, number)
        kills += was_killed
        # In between the house can be read: who looks sees a release and every reading that counts.
        assert releases.current_release(copy) is not None
        prune(copy, releases=2, nights=2)
        assert tree(copy) == expected, number
        shutil.rmtree(copy.root)
        if not was_killed:
            break
    assert kills > 20


# Dagster


@dg.op
def nothing() -> None:
    return None


@dg.job
def trivial() -> None:
    nothing()


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    house = House(tmp_path / "house")
    for name, value in prepare_home(house).items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.get() as opened:
        yield opened


def test_forgotten_runs_leave_no_file_and_the_disk_shrinks(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    house = House(tmp_path / "house")
    runs = [trivial.execute_in_process(instance=instance).run_id for _ in range(12)]
    # As an earlier version left it: the rows are gone, the file is as large as ever.
    instance.run_storage.delete_run(runs[0])
    before = disk.size_of(house.dagster_home)
    assert len(list(house.dagster_events.glob("*-*.db"))) == 12
    would, would_size = dagster_records.surplus(instance, house, keep=2)
    assert (would, len(instance.get_runs())) == (9, 11)
    count, freed = dagster_records.prune(instance, house, keep=2)
    assert (count, freed) == (9, before - disk.size_of(house.dagster_home))
    assert 0 < would_size <= freed
    assert {path.stem for path in house.dagster_events.glob("*-*.db")} == set(runs[-2:])
    assert {path.name.split(".")[0] for path in house.dagster_events.iterdir()} == {
        "index", *runs[-2:],
    }  # fmt: skip
    for run_id in runs[-2:]:
        assert instance.all_logs(run_id), "what is kept can still be read"
    assert trivial.execute_in_process(instance=instance).success
    assert dagster_records.prune(instance, house, keep=3)[0] == 0


def test_files_of_a_house_whose_records_lie_elsewhere_are_left_alone(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    house = House(tmp_path / "house")
    run = trivial.execute_in_process(instance=instance).run_id
    with dg.DagsterInstance.ephemeral() as other:
        assert trivial.execute_in_process(instance=other).success
        assert dagster_records.prune(other, house, keep=2) == (0, 0)
    assert (house.dagster_events / f"{run}.db").is_file()


def test_a_database_in_use_is_shrunk_another_time(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path / "house")
    index = house.dagster_events / "index.db"
    for _ in range(2):
        assert trivial.execute_in_process(instance=instance).success
    with sqlite3.connect(index) as filled:
        filled.execute(
            "create table filling as with recursive n(i) as (select 1 union all "
            "select i + 1 from n where i < 20000) select hex(randomblob(50)) as t from n"
        )
        filled.execute("drop table filling")
    filled.close()
    size = index.stat().st_size
    monkeypatch.setattr(dagster_records, "_BUSY_SECONDS", 0.1)
    with sqlite3.connect(index, isolation_level=None) as other:
        other.execute("begin immediate")
        dagster_records.prune(instance, house, keep=5)
        assert index.stat().st_size == size
        other.execute("rollback")
    other.close()
    dagster_records.prune(instance, house, keep=5)
    assert index.stat().st_size < size / 2


# The command, and the night


def test_a_dry_run_says_what_the_real_one_does_and_changes_nothing(
    demo_night: DemoNight, tmp_path: Path
) -> None:
    root = tmp_path / "house"
    shutil.copytree(demo_night.house.root, root, symlinks=True)
    copy = House(root)
    left = copy.candidates / "x.partial"
    left.mkdir(parents=True)
    dry = kpi(root, "prune", "--dry-run")
    assert dry.code == 0
    assert "would be removed: leftover × 1" in dry.out
    assert "work/candidate/x.partial" in dry.out
    assert left.is_dir()
    done = kpi(root, "prune")
    assert "removed: leftover × 1" in done.out
    assert not left.exists()
    assert "removed what=leftover" in copy.log_file.read_text(encoding="utf-8")
    assert "Nothing is kept beyond" in kpi(root, "prune").out


def test_a_published_night_tidies_up_and_says_when_it_cannot(
    house: House, published: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_releases(published, house, 3, 3)
    text = house.house_file.read_text(encoding="utf-8")
    house.house_file.write_text(text + "retention: {releases: 2}\n", encoding="utf-8")

    def ends_published() -> None:
        opened = Night(house, as_of=AS_OF)
        with opened.lock():
            opened.release = releases.current_release(house)

    with monkeypatch.context() as patch:
        patch.setattr(releases, "remove", lambda *_: Path("/proc/1/x").write_text("x"))
        ends_published()
    last = nights.last(house)
    assert last is not None
    assert last.outcome == "published"
    assert "Error" in str(last.error)
    assert kept(house) == [1, 2, 3]
    ends_published()
    assert kept(house) == [2, 3]
    last = nights.last(house)
    assert last is not None
    assert last.error is None


def test_what_went_is_in_the_log_also_when_something_would_not_go(
    house: House, published: Company
) -> None:
    give_releases(published, house, 3, 3)
    text = house.house_file.read_text(encoding="utf-8")
    house.house_file.write_text(text + "retention: {releases: 2}\n", encoding="utf-8")
    immovable = house.logs / "kpi.log.99"
    immovable.parent.mkdir(exist_ok=True)
    immovable.write_text("x", encoding="utf-8")
    script = (
        "import sys\n"
        "from dagster_project import cli\n"
        "from dagster_project.lib import retention\n"
        "real = retention._remove\n"
        "def refuses(path):\n"
        "    if path.name == 'kpi.log.99': raise PermissionError(13, 'Permission denied')\n"
        "    real(path)\n"
        "retention._remove = refuses\n"
        "sys.argv = ['kpi', 'prune']\n"
        "cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT_ROOT,
        env={**os.environ, "KPI_HOME": os.fspath(house.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Permission denied" in done.stderr
    assert f"removed what=release name={release_of(1)}" in house.log_file.read_text("utf-8")


def test_a_rollback_is_in_the_log(published: Company, tmp_path: Path) -> None:
    copy = House(tmp_path / "copy")
    shutil.copytree(published.house.root, copy.root, symlinks=True)
    copy.config.mkdir(exist_ok=True)
    copy.house_file.write_text("company_name: x\n", encoding="utf-8")
    current = copy.current.resolve().name
    done = kpi(copy.root, "rollback", current)
    assert done.code == 0, done.err
    assert f"rolled back release={current}" in copy.log_file.read_text(encoding="utf-8")


def test_the_settings_have_bounds_that_keep_a_way_back() -> None:
    for wrong in ({"releases": 1}, {"nights": 1}, {"superseded_raw_days": -1}):
        with pytest.raises(ValueError, match="greater than"):
            Retention.model_validate(wrong)
    with pytest.raises(ValueError, match="greater than"):
        Logs(max_bytes=10)


def test_a_new_house_shows_every_setting_of_retention_and_logs(tmp_path: Path) -> None:
    root = tmp_path / "house"
    assert kpi(root, "init", str(root)).code == 0
    settings = load_settings(House(root))
    assert settings.retention == Retention()
    assert settings.logs == Logs()
    said = (root / "config" / "house.yml").read_text(encoding="utf-8")
    for name in (*Retention.model_fields, *Logs.model_fields):
        assert f"\n  {name}:" in said, name
