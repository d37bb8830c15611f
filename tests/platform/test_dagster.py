"""What Dagster sees, what it records of a night, and that no launch of it goes around the gate."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import duckdb
import pytest
import yaml

from dagster_project import dagster_records
from dagster_project.event_log import KeptEventLog
from dagster_project.lib import candidate, gate, releases, suites
from dagster_project.lib.contracts import load_contracts
from dagster_project.lib.errors import KuraError
from dagster_project.lib.readings import IngestionResult
from dagster_project.lib.transformation import (
    NodeResult,
    TransformationResult,
    manifest,
    note_tested,
)
from dagster_project.settings import DBT_PROJECT, EXPECTATIONS, PROJECT_ROOT, House, load_settings
from tests.conftest import DemoNight

CURRENT = dg.AssetKey(["release", "current"])
AUDIT = dg.AssetKey(["release", "audit"])
CANDIDATE = dg.AssetKey(["release", "candidate"])


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.Definitions]:
    """The definitions, loaded where there is no house."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KPI_HOME", os.fspath(tmp_path_factory.mktemp("nowhere")))
        from dagster_project.definitions import definitions

        yield definitions


@pytest.fixture
def automation(loaded: dg.Definitions) -> ModuleType:
    assert loaded
    from dagster_project.defs import automation

    return automation


@pytest.fixture
def settled(demo_night: DemoNight, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A copy of the demo house after its night, named by KPI_HOME."""
    root = tmp_path / "house"
    shutil.copytree(demo_night.house.root, root, symlinks=True)
    monkeypatch.setenv("KPI_HOME", os.fspath(root))
    monkeypatch.setenv("DAGSTER_HOME", os.fspath(House(root).dagster_home))
    return House(root)


def in_new_process(script: str, home: Path, *flags: str) -> Any:
    """What the script prints as JSON when run over the house at `home`."""
    done = subprocess.run(
        [sys.executable, *flags, "-c", script],
        cwd=PROJECT_ROOT,
        env={**os.environ, "KPI_HOME": os.fspath(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {**json.loads(done.stdout.splitlines()[-1]), "stderr": done.stderr}


def test_the_record_of_a_night_is_one_that_dagster_reads_by_itself(
    settled: House,
) -> None:
    runs = settled.dagster_home / "history" / "runs"
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.event_log_storage, KeptEventLog)
        (run,) = instance.get_runs()
        ours = [record.event_log_entry for record in records_of(instance, run.run_id)]
    assert len(ours) > 500
    assert all((runs / f"{name}.db").is_file() for name in ("index", run.run_id))
    (settled.dagster_home / "dagster.yaml").unlink()
    with dg.DagsterInstance.get() as plain:
        assert not isinstance(plain.event_log_storage, KeptEventLog)
        assert [record.event_log_entry for record in records_of(plain, run.run_id)] == ours


def test_a_log_opened_for_many_runs_keeps_few_files_open(tmp_path: Path) -> None:
    log = KeptEventLog(os.fspath(tmp_path))
    for number in range(30):
        assert log.get_records_for_run(f"run{number}").records == []
    open_files = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    held = {path.name for path in open_files if path.is_relative_to(tmp_path)}
    assert {name for name in held if name.endswith(".db")} == {f"run{n}.db" for n in range(22, 30)}
    log.dispose()


def records_of(instance: dg.DagsterInstance, run_id: str) -> list[Any]:
    return list(instance.event_log_storage.get_records_for_run(run_id).records)


# Definitions


def test_definitions_load_without_a_house_and_without_a_warning(tmp_path: Path) -> None:
    script = (
        "import json\n"
        "from dagster_project.definitions import definitions\n"
        "import dagster as dg\n"
        "dg.Definitions.validate_loadable(definitions)\n"
        "print(json.dumps({'assets': len(definitions.resolve_asset_graph().get_all_asset_keys())}))"
    )
    manifest()  # parsed once for this state of the project, as for every process
    told = in_new_process(script, tmp_path / "nowhere", "-W", "default")
    ours = [line for line in told["stderr"].splitlines() if "dagster_project" in line]
    assert ours == []
    assert "PreviewWarning" not in told["stderr"]
    assert told["assets"] > 150
    assert not (tmp_path / "nowhere").exists()


def test_every_asset_has_a_group_and_is_made_by_somebody(loaded: dg.Definitions) -> None:
    graph = loaded.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.group_name not in {"", "default"}, key
        assert node.is_materializable, key


def test_every_exported_object_is_an_asset(loaded: dg.Definitions) -> None:
    keys = loaded.resolve_asset_graph().get_all_asset_keys()
    contracts = list(load_contracts(DBT_PROJECT))
    assert contracts
    for contract in contracts:
        assert dg.AssetKey(["raw", contract.system, contract.object_name]) in keys


def test_every_dbt_model_is_an_asset_that_follows_its_inputs(loaded: dg.Definitions) -> None:
    graph = loaded.resolve_asset_graph()
    nodes = json.loads(manifest().read_text(encoding="utf-8"))["nodes"].values()
    models = [node for node in nodes if node["resource_type"] == "model"]
    assert models
    for node in models:
        assert dg.AssetKey([node["fqn"][1], node["name"]]) in graph.get_all_asset_keys()
    parents = graph.get(dg.AssetKey(["staging", "stg_salesforce__leads"])).parent_keys
    assert dg.AssetKey(["raw", "salesforce", "leads"]) in parents
    assert graph.get(CURRENT).parent_keys == {AUDIT}
    marts = {dg.AssetKey(["marts", table]) for table in suites.keys(EXPECTATIONS)}
    assert graph.get(CANDIDATE).parent_keys == marts


def test_every_dbt_test_and_every_suite_is_an_asset_check(loaded: dg.Definitions) -> None:
    checks = {key.name for key in loaded.resolve_asset_graph().asset_check_keys}
    nodes = json.loads(manifest().read_text(encoding="utf-8"))["nodes"].values()
    tests = {node["name"] for node in nodes if node["resource_type"] == "test"}
    assert len(tests) > 100
    assert tests <= checks
    assert {*suites.keys(EXPECTATIONS), "reconciliation", "dbt"} <= checks


# Schedule and sensor


SCHEDULE = """
import json, os
from datetime import datetime
from zoneinfo import ZoneInfo
import dagster as dg
from dagster_project.definitions import definitions
[schedule] = definitions.schedules
moment = datetime(2026, 3, 2, 6, 45, tzinfo=ZoneInfo("America/New_York"))
with dg.DagsterInstance.ephemeral() as instance:
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=moment)
    [request] = schedule.evaluate_tick(context).run_requests
print(json.dumps({
    "name": schedule.name, "job": schedule.job_name, "cron": schedule.cron_schedule,
    "zone": schedule.execution_timezone, "config": request.run_config, "key": request.run_key,
    "status": schedule.default_status.value,
}))
"""


class NightWithAFailedTest:
    """A night in which dbt's tests fail; it writes down how far Dagster carried it."""

    class Reached(Exception):
        pass

    def __init__(self, house: House) -> None:
        self.house, self.as_of, self.run_id = house, date(2026, 9, 30), "run"
        self.reached: list[str] = []

    def ingest(self) -> IngestionResult:
        return IngestionResult((), (), ())

    def transform(self) -> TransformationResult:
        nodes = json.loads(manifest().read_text(encoding="utf-8"))["nodes"]
        above = {name: node["depends_on"].get("nodes", []) for name, node in nodes.items()}
        done = {
            kind: tuple(
                NodeResult(name, status, 0.1, None)
                for name in TopologicalSorter(above).static_order()
                if name in nodes and nodes[name]["resource_type"] == kind
            )
            for kind, status in (("model", "success"), ("test", "fail"))
        }
        assert done["test"]
        return TransformationResult(done["model"], done["test"], False)

    def build_candidate(self) -> Path:
        self.reached.append("candidate")
        return Path("candidate")

    def judge(self) -> Any:
        self.reached.append("gate")
        raise self.Reached


def test_a_failed_dbt_test_is_judged_by_the_gate_and_does_not_end_the_night_before_it(
    loaded: dg.Definitions, tmp_path: Path
) -> None:
    night = NightWithAFailedTest(House(tmp_path))
    loaded.resolve_job_def("nightly").execute_in_process(
        resources={"night": night}, raise_on_error=False
    )
    assert night.reached == ["candidate", "gate"]


def test_the_schedule_runs_at_the_houses_hour_for_the_day_before(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.config.mkdir()
    house.house_file.write_text(
        "company_name: x\nreporting: {timezone: America/New_York}\nschedule: {at: '06:45'}\n",
        encoding="utf-8",
    )
    told = in_new_process(SCHEDULE, tmp_path)
    assert (told["name"], told["job"]) == ("every_night", "nightly")
    assert (told["cron"], told["zone"]) == ("45 6 * * *", "America/New_York")
    assert told["config"] == {"resources": {"night": {"config": {"as_of": "2026-03-01"}}}}
    assert told["key"] == "2026-03-02"


def test_the_schedule_of_a_house_whose_data_has_ended_keeps_to_its_day(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.config.mkdir()
    house.house_file.write_text(
        "company_name: x\nreporting: {fixed_as_of: 2026-01-31}\n", encoding="utf-8"
    )
    told = in_new_process(SCHEDULE, tmp_path)
    assert told["config"] == {"resources": {"night": {"config": {"as_of": "2026-01-31"}}}}


def test_the_nightly_job_holds_every_asset(loaded: dg.Definitions) -> None:
    job = loaded.resolve_job_def("nightly")
    assert set(job.asset_layer.executable_asset_keys) == set(
        loaded.resolve_asset_graph().get_all_asset_keys()
    )


def look(automation: ModuleType, cursor: str | None) -> dg.SensorResult | dg.SkipReason:
    found = automation.arriving_files(dg.build_sensor_context(cursor=cursor))
    assert isinstance(found, dg.SensorResult | dg.SkipReason)
    return found


def test_the_sensor_skips_when_no_file_waits(
    demo_night: DemoNight, automation: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not a copy: files are known by inode and change time too, so copied ones are looked at again.
    monkeypatch.setenv("KPI_HOME", os.fspath(demo_night.house.root))
    found = look(automation, None)
    assert isinstance(found, dg.SkipReason)
    assert "No export file waits" in str(found.skip_message)


def test_the_sensor_needs_two_equal_looks_before_it_starts_a_night(
    settled: House, automation: ModuleType
) -> None:
    arriving = settled.exports / "sf" / "Lead_20261002T0030.csv"
    arriving.write_text("Id,Name\n00Q5h0000000E5GEAU,a\n", encoding="utf-8")
    first = look(automation, None)
    assert isinstance(first, dg.SensorResult)
    assert not first.run_requests
    with arriving.open("a", encoding="utf-8") as stream:
        stream.write("00Q5h0000000E5rEAE,b\n")
    second = look(automation, first.cursor)
    assert isinstance(second, dg.SensorResult)
    assert not second.run_requests, "the file was still growing"
    third = look(automation, second.cursor)
    assert isinstance(third, dg.SensorResult)
    assert len(third.run_requests or ()) == 1


# What is recorded


@pytest.fixture
def recorded(
    demo_night: DemoNight, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """Dagster's own records of the demo night, copied."""
    home = tmp_path / "dagster"
    shutil.copytree(demo_night.house.dagster_home, home)
    monkeypatch.setenv("DAGSTER_HOME", os.fspath(home))
    with dg.DagsterInstance.from_config(os.fspath(home)) as instance:
        yield instance


def test_the_night_is_recorded_as_one_successful_run_of_its_day(
    recorded: dg.DagsterInstance,
) -> None:
    [run] = recorded.get_runs()
    assert run.job_name == "nightly"
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert run.tags["kpi/as_of"] == "2026-09-30"
    assert run.tags["kpi/launched_by"] == "cli"


def test_raw_assets_are_recorded_with_their_row_counts(
    recorded: dg.DagsterInstance, demo_night: DemoNight
) -> None:
    with duckdb.connect(str(demo_night.house.work_database), read_only=True) as connection:
        for system, name in (("salesforce", "leads"), ("miitel", "webhook_legs")):
            [record] = recorded.fetch_materializations(
                dg.AssetKey(["raw", system, name]), limit=1
            ).records
            materialization = record.asset_materialization
            assert materialization is not None
            rows = connection.execute(f"select count(*) from raw_{system}.{name}").fetchone()
            assert materialization.metadata["dagster/row_count"].value == (rows or (0,))[0] > 0


def test_every_asset_is_recorded_as_made_and_every_check_as_asked(
    recorded: dg.DagsterInstance, loaded: dg.Definitions
) -> None:
    [run] = recorded.get_runs()
    events = [entry.dagster_event for entry in recorded.all_logs(run.run_id) if entry.dagster_event]
    made = {
        event.asset_key for event in events if event.event_type_value == "ASSET_MATERIALIZATION"
    }
    graph = loaded.resolve_asset_graph()
    assert graph.get_all_asset_keys() - made == set()
    evaluations = [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type_value == "ASSET_CHECK_EVALUATION"
    ]
    asked = {evaluation.asset_check_key for evaluation in evaluations}
    assert graph.asset_check_keys - asked == set()
    refusing = [
        evaluation.check_name
        for evaluation in evaluations
        if not evaluation.passed and evaluation.severity is dg.AssetCheckSeverity.ERROR
    ]
    assert refusing == []


def test_nothing_is_told_to_dagsters_makers(demo_night: DemoNight) -> None:
    home = demo_night.house.dagster_home
    configured = yaml.safe_load((home / "dagster.yaml").read_text(encoding="utf-8"))
    assert configured["telemetry"] == {"enabled": False}
    assert not (home / "logs").exists(), "Dagster keeps what it would send there"
    assert not (home / ".telemetry").exists()


def test_only_the_newest_runs_are_kept(tmp_path: Path) -> None:
    @dg.op
    def nothing() -> None:
        return None

    @dg.job
    def trivial() -> None:
        nothing()

    with dg.DagsterInstance.ephemeral() as instance:
        runs = [trivial.execute_in_process(instance=instance).run_id for _ in range(5)]
        dagster_records.prune(instance, House(tmp_path), keep=2)
        assert {run.run_id for run in instance.get_runs()} == set(runs[-2:])
        dagster_records.prune(instance, House(tmp_path), keep=2)
        assert len(instance.get_runs()) == 2


def test_the_houses_retention_says_how_many_runs_are_kept(
    settled: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The very call the command line makes after a night, with the night itself left out."""
    from dagster_project import nightly_job
    from dagster_project.lib.night import Night

    kept: list[int] = []
    monkeypatch.setattr(dagster_records, "prune", lambda _instance, _house, keep: kept.append(keep))
    monkeypatch.setattr(Night, "ingest", lambda _night: 1 / 0)
    text = settled.house_file.read_text(encoding="utf-8")
    settled.house_file.write_text(text + "\nretention: {dagster_runs: 3}\n", encoding="utf-8")
    night = Night(settled)
    failure = nightly_job.execute(night)
    assert failure is not None
    assert kept == [3]


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), sqlite3.OperationalError("disk I/O error")]
)
def test_records_that_cannot_be_forgotten_fail_no_night(
    settled: House, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    from dagster_project import nightly_job
    from dagster_project.lib.night import Night

    def refuses(*_: object, **__: object) -> None:
        raise error

    stopped = KuraError("left out")

    def left_out(night: Night) -> None:
        night.failure = stopped
        raise stopped

    monkeypatch.setattr(dagster_records, "prune", refuses)
    monkeypatch.setattr(Night, "ingest", left_out)
    night = Night(settled)
    assert nightly_job.execute(night) is stopped
    assert night.untidy is error


def test_dagsters_configuration_is_never_half_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dagster_project import nightly_job

    house = House(tmp_path)
    configured = house.dagster_home / "dagster.yaml"

    def full(path: Path, *_: object, **__: object) -> None:
        path.touch()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match="No space"):
            nightly_job.prepare_home(house)
    assert not configured.exists()
    configured.touch()  # what an earlier version left on a full disk
    nightly_job.prepare_home(house)
    assert yaml.safe_load(configured.read_text(encoding="utf-8"))["telemetry"] == {"enabled": False}
    before = configured.stat()
    nightly_job.prepare_home(house)
    assert configured.stat().st_ino == before.st_ino
    configured.write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    nightly_job.prepare_home(house)
    assert configured.read_text(encoding="utf-8") == "telemetry: {enabled: false}\n"


# No launch goes around the gate


def as_another_run(house: House, run_id: str = "20260930-again") -> None:
    """The work database and dbt's results as if a second night had made them."""
    with duckdb.connect(str(house.work_database)) as connection:
        connection.execute("update raw_kura.run set run_id = ?", [run_id])
        connection.execute("update marts.release set release_id = ?", [run_id])
    for name in ("run", "test"):
        path = house.dbt_target / f"run_results.{name}.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        document["metadata"]["env"]["KPI_RUN_ID"] = run_id
        path.write_text(json.dumps(document), encoding="utf-8")
    note_tested(house, manifest())


@pytest.fixture(scope="module")
def judged(demo_night: DemoNight, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A copy of the demo house with a second candidate that passed the gate. Nobody changes it."""
    root = tmp_path_factory.mktemp("judged") / "house"
    shutil.copytree(demo_night.house.root, root, symlinks=True)
    house = House(root)
    as_another_run(house)
    candidate.build(house, manifest())
    audit = gate.judge(house, load_settings(house))
    assert audit.verdict == "passed", [check.id for check in audit.refusals]
    return house


@pytest.fixture
def waiting(judged: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A copy of that house, named by KPI_HOME, that a test may break."""
    root = tmp_path / "house"
    shutil.copytree(judged.root, root, symlinks=True)
    monkeypatch.setenv("KPI_HOME", os.fspath(root))
    return House(root)


def launch(definitions: dg.Definitions, *keys: dg.AssetKey) -> dg.ExecuteInProcessResult:
    """Materialise these assets and no other, as a click in Dagster's UI does."""
    job = definitions.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(
            instance=instance,
            asset_selection=list(keys),
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    return "\n".join(
        str(event.event_specific_data) for event in result.all_events if event.is_failure
    )


def published(house: House) -> tuple[str, list[str]]:
    return str(house.current.readlink()), [
        release.release_id for release in releases.list_releases(house)
    ]


def writable(path: Path) -> Path:
    path.chmod(0o644)
    return path


def without_audit(house: House) -> None:
    (gate.the_candidate(house) / "audit.json").unlink()


def with_audit_of_another_run(house: House) -> None:
    shutil.copyfile(
        house.current / "audit.json", writable(gate.the_candidate(house) / "audit.json")
    )


def with_fewer_checks(house: House) -> None:
    path = writable(gate.the_candidate(house) / "audit.json")
    audit = json.loads(path.read_text(encoding="utf-8"))
    audit["checks"] = audit["checks"][1:]
    path.write_text(json.dumps(audit), encoding="utf-8")


def with_changed_numbers(house: House) -> None:
    warehouse = writable(gate.the_candidate(house) / "warehouse.duckdb")
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update kpi_rep_daily set dials = dials + 1")
    warehouse.chmod(0o444)


def with_refused_audit(house: House) -> None:
    with duckdb.connect(str(house.work_database)) as connection:
        connection.execute("update marts.kpi_rep_daily set connect_rate = 1.2 where dials > 0")
    candidate.build(house, manifest())
    assert gate.judge(house, load_settings(house)).verdict == "refused"


def with_refusal_rewritten_as_pass(house: House) -> None:
    with_refused_audit(house)
    path = writable(gate.the_candidate(house) / "audit.json")
    path.write_text(
        path.read_text(encoding="utf-8").replace('"verdict": "refused"', '"verdict": "passed"'),
        encoding="utf-8",
    )


def without_candidate(house: House) -> None:
    candidate.clean(house)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (without_candidate, "There is no candidate"),
        (without_audit, "was never judged"),
        (with_audit_of_another_run, "The audit is of another run"),
        (with_fewer_checks, "Not every check was made"),
        (with_changed_numbers, "The candidate is not what was judged"),
        (with_refused_audit, "refuse this candidate"),
        (with_refusal_rewritten_as_pass, "refuse this candidate"),
    ],
)
def test_launching_the_release_alone_publishes_nothing_the_gate_did_not_pass(
    loaded: dg.Definitions, waiting: House, spoil: Callable[[House], None], says: str
) -> None:
    spoil(waiting)
    before = published(waiting)
    result = launch(loaded, CURRENT)
    assert not result.success
    assert says in failure_of(result)
    assert published(waiting) == before


def test_launching_the_release_alone_publishes_a_candidate_that_passed(
    loaded: dg.Definitions, waiting: House
) -> None:
    assert launch(loaded, CURRENT).success
    assert waiting.current.readlink().name == "20260930-again"


def test_launching_candidate_or_audit_alone_publishes_nothing(
    loaded: dg.Definitions, waiting: House
) -> None:
    before = published(waiting)
    candidate.clean(waiting)
    assert launch(loaded, CANDIDATE).success
    folder = gate.the_candidate(waiting)
    assert not (folder / "audit.json").exists()
    assert published(waiting) == before
    result = launch(loaded, AUDIT)
    assert result.success
    evaluations = result.get_asset_check_evaluations()
    assert {evaluation.check_name for evaluation in evaluations} == {
        *suites.keys(EXPECTATIONS),
        "reconciliation",
        "dbt",
    }
    assert (folder / "audit.json").exists()
    assert published(waiting) == before


HOLDER = """
import sys, time
from pathlib import Path
from dagster_project.lib.lock import exclusive
with exclusive(Path(sys.argv[1]), busy="busy"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_house_where_another_process_works_refuses_a_dagster_run(
    loaded: dg.Definitions, waiting: House
) -> None:
    before = published(waiting)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, os.fspath(waiting.night_lock)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT_ROOT,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        result = launch(loaded, CURRENT)
    finally:
        holder.kill()
        holder.wait()
    assert not result.success
    assert f"process {holder.pid}" in failure_of(result)
    assert published(waiting) == before
