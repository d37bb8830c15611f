"""`kpi doctor` finds what is broken, says what to do, and changes nothing it was not asked to."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib import disk, doctor, journal, lock, nights, releases
from dagster_project.lib.doctor import Finding
from dagster_project.lib.errors import ConfigError
from dagster_project.lib.night import Night
from dagster_project.settings import House
from tests.conftest import DemoNight, Said, kpi
from tests.gate import company
from tests.gate.company import Company
from tests.harness import make_house

AS_OF = date(2026, 6, 30)
SOURCE = {
    "id": "expo", "system": "mapped", "class": "sfa",
    "objects": [{
        "object": "leads", "files": ["*"], "format": "csv",
        "columns": {"lead_id": "nr", "company_name": "firm", "created_at": "at"},
    }],
}  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Company:
    made = company.create(tmp_path_factory.mktemp("doctor") / "house")
    made.build()
    assert made.judge().verdict == "passed"
    releases.publish(made.house, made.settings)
    return made


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, published: Company) -> House:
    """A small house in order: one export read, one release current, one night on record."""
    house = make_house(
        tmp_path_factory.mktemp("sound") / "house", {"company_name": "x"}, {"sources": [SOURCE]}
    )
    exported = house.exports / "expo" / "a.csv"
    exported.parent.mkdir()
    rows = "".join(f"{number},2026-06-01,a\n" for number in range(40))
    exported.write_text(f"nr,at,firm\n{rows}5.63E+15,2026-06-02,b\n", encoding="utf-8")
    opened = Night(house, as_of=AS_OF)
    with opened.lock():
        opened.ingest()
        shutil.copytree(published.house.published, house.published, symlinks=True)
        shutil.copy(published.house.publications, house.publications)
        house.publications.chmod(0o600)
        opened.release = releases.current_release(house)
    return house


@pytest.fixture
def house(original: House, tmp_path: Path) -> House:
    root = tmp_path / "house"
    shutil.copytree(original.root, root, symlinks=True)
    return House(root)


def examined(house: House) -> dict[str, Finding]:
    return {item.check: item for item in doctor.examine(house, datetime.now(UTC))}


def tree(house: House) -> dict[str, tuple[int, bytes | str]]:
    return {
        str(path.relative_to(house.root)): (
            path.lstat().st_mode,
            str(path.readlink())
            if path.is_symlink()
            else path.read_bytes()
            if path.is_file()
            else "",
        )
        for path in house.root.rglob("*")
    }


def test_a_house_in_order_has_no_finding_and_is_not_changed(house: House) -> None:
    before = tree(house)
    found = examined(house)
    assert {name: item for name, item in found.items() if item.state != "ok"} == {}
    assert list(found) == list(doctor.CHECKS)
    assert all(item.found for item in found.values())
    assert tree(house) == before


def receipt(house: House) -> Path:
    [path] = house.raw.rglob("*.json")
    return path


def release(house: House) -> Path:
    return house.current.resolve()


def write(path: Path, text: str | bytes = "x", mode: int = 0o600) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.chmod(0o644)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    write(path, bytes(content), 0o444)


def with_line(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text + "\n")


def of_another_storage_version(house: House) -> None:
    warehouse = release(house) / "warehouse.duckdb"
    warehouse.unlink()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as newer (storage_version 'v1.5.0')")
        connection.execute("create table newer.release as select 1 as i")


def on_its_way(house: House) -> None:
    journal.append(
        house.publications,
        {
            "at": "2026-07-01T00:00:00+00:00",
            "what": "publishing",
            "release_id": release(house).name,
        },
    )


def of_the_future(house: House) -> None:
    text = (release(house) / "manifest.json").read_text(encoding="utf-8")
    write(release(house) / "manifest.json", text.replace('"2026-06-30"', '"2999-06-30"'))


def night_of_the_future(house: House) -> None:
    at = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    line = {"what": "started", "at": at, "run_id": "x", "as_of": "2026-06-30", "by": "", "pid": 1}
    journal.append(house.nights, line)


def died(house: House) -> None:
    nights.begin(house, "killed", AS_OF, "kpi run")


def gone_for_good(house: House) -> None:
    next(house.raw.rglob("*.parquet")).unlink()
    (house.exports / "expo" / "a.csv").unlink()


def replaced_by_another_export(house: House) -> None:
    next(house.raw.rglob("*.parquet")).unlink()
    write(house.exports / "expo" / "a.csv", "nr,at,firm\n1,2026-06-09,z\n")


def under_its_other_name(house: House) -> None:
    kept = json.loads(receipt(house).read_text(encoding="utf-8"))
    write(
        receipt(house), json.dumps({**kept, "names": [["expo/a.csv", None], ["expo/b.csv", None]]})
    )
    (house.exports / "expo" / "a.csv").rename(house.exports / "expo" / "b.csv")
    next(house.raw.rglob("*.parquet")).unlink()


def pointing_nowhere(house: House) -> None:
    house.current.unlink()
    house.current.symlink_to("releases/gone")


def no_link(house: House) -> None:
    house.current.unlink()
    house.current.mkdir()


BROKEN: dict[str, tuple[str, str, Callable[[House], object], str]] = {
    "a wrong setting": (
        "configuration", "problem",
        lambda house: with_line(house.house_file, "retention: {release: 3}"), "retention.release",
    ),
    "a wrong source": (
        "configuration", "problem",
        lambda house: write(house.sources_file, "sources: [{id: a, system: zoom}]"), "sources.yml",
    ),
    "an older house": (
        "house version", "warning", lambda house: house.version_file.unlink(), "layout 1",
    ),
    "a newer house": (
        "house version", "problem",
        lambda house: write(house.version_file, '{"layout": 99}'), "layout 99",
    ),
    "an open folder": ("permissions", "problem", lambda house: house.raw.chmod(0o755), "raw has mode 0755"),
    "an open log folder": (
        "permissions", "problem", lambda house: house.logs.chmod(0o755), "logs has mode 0755",
    ),
    "an open record in quarantine": (
        "permissions", "problem",
        lambda house: next(house.quarantine.rglob("*.parquet")).chmod(0o644), "mode 0644, not 0600",
    ),
    "a killed night": ("last night", "warning", died, "was killed"),
    "scratch of a killed night": (
        "leftovers", "warning", lambda house: write(house.scratch / "reading.parquet"),
        "work/scratch/reading.parquet",
    ),
    "a half candidate": (
        "leftovers", "warning", lambda house: write(house.candidates / "x.partial" / "f"), "x.partial",
    ),
    "a half removed release": (
        "leftovers", "warning", lambda house: write(house.releases / ".x.removed" / "f"), ".x.removed",
    ),
    "a receipt that says nothing": (
        "raw", "problem", lambda house: write(receipt(house), "{"), "cannot be read",
    ),
    "a raw file that is gone and can be had": (
        "raw", "warning", lambda house: next(house.raw.rglob("*.parquet")).unlink(),
        "raw file of expo/a.csv is missing",
    ),
    "a raw file that is gone for good": (
        "raw", "problem",
        gone_for_good,
        "raw file of expo/a.csv is missing",
    ),
    "a raw file that is gone while its export was written over": (
        "raw", "problem", replaced_by_another_export, "raw file of expo/a.csv is missing",
    ),
    "a raw file that is gone and can be had under another name": (
        "raw", "warning", under_its_other_name, "raw file of expo/a.csv is missing",
    ),
    "a raw file nobody speaks of": (
        "raw", "warning", lambda house: write(receipt(house).with_name("0.1.parquet")),
        "1 raw files have no receipt",
    ),
    "what was set aside is gone": (
        "raw", "warning", lambda house: next(house.raw.rglob("*.aside")).unlink(), "set aside is missing",
    ),
    "a damaged work database": (
        "work database", "problem", lambda house: write(house.work_database, "x" * 5000),
        "cannot be opened",
    ),
    "a damaged release": (
        "releases", "problem", lambda house: flip_a_byte(release(house) / "warehouse.duckdb"),
        "readers see it; release 20260630",
    ),
    "a file too many in a release": (
        "releases", "problem", lambda house: write(release(house) / "mine.csv"), "mine.csv does not belong",
    ),
    "a folder that is no release": (
        "releases", "problem", lambda house: write(house.releases / "copy" / "f"),
        "release copy: it does not say what it is",
    ),
    "a link to nothing": (
        "releases", "problem",
        pointing_nowhere,
        "points at releases/gone",
    ),
    "a folder in the place of the link": (
        "releases", "problem",
        no_link, "is no link",
    ),
    "a publication that was killed": ("releases", "warning", on_its_way, "was on its way"),
    "a release only newer tools can open": (
        "storage version", "problem", of_another_storage_version, "v1.5.0",
    ),
    "a torn line": (
        "journals", "warning", lambda house: with_line(house.publications, '{"at": "2026'), "1 of 3 lines",
    ),
    "a journal that is gone": (
        "journals", "warning", lambda house: house.publications.unlink(), "no line says",
    ),
    "a damaged acceptance": (
        "journals", "problem", lambda house: write(house.acceptances, "{\n"), "acceptance cannot be read",
    ),
    "a release of tomorrow": ("clock", "problem", of_the_future, "2999-06-30"),
    "a night of tomorrow": ("clock", "problem", night_of_the_future, "last night began"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_found_with_what_to_do(house: House, what: str) -> None:
    check, state, breaks, says = BROKEN[what]
    breaks(house)
    before = tree(house)
    finding = examined(house)[check]
    assert (finding.state, says in finding.found) == (state, True), finding
    assert finding.do, finding
    assert tree(house) == before


def test_a_house_before_its_first_night_has_no_problem(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house", {"company_name": "x"}, {"sources": [SOURCE]})
    found = examined(house)
    assert {name for name, item in found.items() if item.state == "problem"} == set()


def test_too_little_room_is_a_problem_and_little_room_a_warning(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for free, state in ((10, "problem"), (250, "warning"), (400, "ok")):
        with monkeypatch.context() as patch:
            patch.setattr(disk, "free_bytes", lambda _path, free=free: free)
            patch.setattr(disk, "needed_bytes", lambda _house: 100)
            assert examined(house)["disk"].state == state, free


def test_a_package_out_of_its_bounds_is_named(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = doctor.importlib.metadata.version  # type: ignore[attr-defined]
    for version, found in (("2.0.0", "duckdb 2.0.0"), ("1.4.5", "duckdb 1.4.5"), ("1.5.6", "")):
        with monkeypatch.context() as patch:
            patch.setattr(
                "importlib.metadata.version",
                lambda name, version=version: version if name == "duckdb" else real(name),
            )
            finding = examined(house)["packages"]
        assert (finding.state == "problem") == bool(found), finding
        assert found in finding.found
        if found:
            assert ">=1.5.5" in finding.found


def test_a_dagster_home_of_another_house_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "/somewhere/else")
    assert examined(house)["DAGSTER_HOME"].state == "warning"
    monkeypatch.setenv("DAGSTER_HOME", os.fspath(house.dagster_home))
    assert examined(house)["DAGSTER_HOME"].state == "ok"


HOLDER = """
import sys, time
from pathlib import Path
from dagster_project.lib.lock import exclusive
with exclusive(Path(sys.argv[1]), busy="busy"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def held() -> Iterator[Callable[[Path], int]]:
    """Hold a lock file by another process; its number."""
    holders = []

    def hold(path: Path) -> int:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, os.fspath(path)], stdout=subprocess.PIPE, text=True
        )
        holders.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "held"
        return process.pid

    yield hold
    for process in holders:
        process.kill()
        process.wait()


def test_a_night_at_work_is_no_trouble_and_its_files_no_leftovers(
    house: House, held: Callable[[Path], int]
) -> None:
    write(house.scratch / "reading.parquet")
    pid = held(house.night_lock)
    found = examined(house)
    assert found["lock"] == Finding("lock", "ok", f"process {pid} is at work.")
    assert found["leftovers"].state == "ok"
    assert kpi(house.root, "doctor", "--fix").code == 4
    assert (house.scratch / "reading.parquet").exists()


def test_a_writer_without_a_night_is_told(house: House, held: Callable[[Path], int]) -> None:
    pid = held(house.writer_lock)
    finding = examined(house)["lock"]
    assert finding.state == "warning"
    assert f"process {pid}" in finding.found


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_what_this_user_may_not_touch_is_told(house: House) -> None:
    (house.exports / "expo" / "a.csv").chmod(0)
    house.state.chmod(0o500)
    found = examined(house)
    assert found["exports"].state == "problem"
    assert found["owner"].state == "problem"
    house.state.chmod(0o700)


def test_a_house_of_another_user_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    finding = examined(house)["owner"]
    assert finding.state == "problem"
    assert f"belongs to user {me}, this is user {me + 1}" in finding.found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_what_a_night_of_another_user_left_deep_in_the_house_is_told(house: House) -> None:
    """`sudo kpi run`, once: every later night fails at a file root owns."""
    for path in (receipt(house), house.night_lock, release(house) / "warehouse.duckdb"):
        os.chown(path, os.geteuid() + 1, -1)
    finding = examined(house)["owner"]
    assert finding.state == "problem"
    assert "3 files and folders belong to others" in finding.found
    assert "chown" in str(finding.do)


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
@pytest.mark.parametrize("name", ["raw", "published/releases"])
def test_a_folder_work_is_renamed_into_on_another_file_system_is_told(
    house: House, name: str
) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        if Path(elsewhere).stat().st_dev == house.work.stat().st_dev:
            pytest.skip("needs a second file system")
        shutil.rmtree(house.root / name)
        (house.root / name).symlink_to(elsewhere)
        finding = examined(house)["file system"]
    assert finding.state == "problem"
    assert f"work and {name} lie on two file systems" in finding.found


def test_a_trial_that_was_killed_is_a_leftover_and_disturbs_no_later_one(house: House) -> None:
    left = [house.dry_scratch(os.getpid()), house.dry_scratch(2**22 + 1)]
    for folder in left:
        folder.mkdir()
        (folder / "other").symlink_to("a")
    found = examined(house)
    assert found["file system"].state == "ok"
    assert left[1].name in found["leftovers"].found
    assert not left[0].exists()


def test_a_work_database_somebody_looks_into_is_not_one_to_remove(house: House) -> None:
    script = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print(flush=True); time.sleep(600)"
    process = subprocess.Popen(
        [sys.executable, "-c", script, os.fspath(house.work_database)], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        finding = examined(house)["work database"]
    finally:
        process.kill()
        process.wait()
    assert finding.state == "problem"
    assert "another program has work/warehouse.duckdb open" in finding.found
    assert "Remove" not in str(finding.do)


def test_what_cannot_be_mended_keeps_nothing_else_from_being_mended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.raw.chmod(0o755)
    house.logs.chmod(0o755)
    real = Path.chmod

    def refuses(path: Path, mode: int) -> None:
        if path == house.raw:
            raise PermissionError(1, "Operation not permitted")
        real(path, mode)

    monkeypatch.setattr(Path, "chmod", refuses)
    assert doctor.mend(house, datetime.now(UTC)) == ("logs has mode 0755, not 0700",)


def test_a_night_that_could_not_begin_is_not_looked_for_in_the_log(house: House) -> None:
    nights.not_started(house, "x", ConfigError("Not allowed."))
    finding = examined(house)["last night"]
    assert finding.state == "warning"
    assert "kpi sources check" in str(finding.do)


def test_a_file_system_without_links_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(Path, "symlink_to", no_links)
    finding = examined(house)["file system"]
    assert finding.state == "problem"
    assert "Operation not supported" in finding.found
    assert house.dry_scratches() == ()


def test_fix_mends_permissions_and_leftovers_and_nothing_else(house: House) -> None:
    house.raw.chmod(0o755)
    aside = next(house.quarantine.rglob("*.parquet"))
    aside.chmod(0o644)
    write(house.scratch / "reading.parquet")
    write(house.candidates / "x.partial" / "f")
    flip_a_byte(release(house) / "warehouse.duckdb")
    before = tree(house)
    said = kpi(house.root, "doctor", "--fix")
    after = tree(house)
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed - {"state/night.lock", "state/writer.lock"} == {
        "raw", str(aside.relative_to(house.root)), "work/scratch/reading.parquet",
        "work/candidate/x.partial", "work/candidate/x.partial/f",
    }  # fmt: skip
    assert house.raw.stat().st_mode & 0o777 == 0o700
    assert said.code == 1, "the damaged release stays a problem"
    assert said.out.count("mended:") == 4
    assert states(said)["releases"] == "problem"
    assert states(said)["permissions"] == states(said)["leftovers"] == "ok"


def states(said: Said) -> dict[str, str]:
    lines = re.findall(r"^(ok|warning|problem) +(\S.{15}) ", said.out, flags=re.M)
    return {check.strip(): state for state, check in lines}


def test_the_command_says_it_for_people_and_programs(demo_night: DemoNight) -> None:
    root = demo_night.house.root
    said = kpi(root, "doctor")
    assert said.code == 0, said.out
    assert set(states(said)) == set(doctor.CHECKS)
    document = json.loads(kpi(root, "doctor", "--format", "json").out)
    assert [item["check"] for item in document["findings"]] == list(doctor.CHECKS)
    assert {item["state"] for item in document["findings"]} <= {"ok", "warning"}


def test_the_command_examines_a_house_whose_configuration_is_broken(house: House) -> None:
    with_line(house.house_file, "nonsense: 1")
    said = kpi(house.root, "doctor")
    assert said.code == 1
    assert states(said)["configuration"] == "problem"
    assert states(said)["releases"] == "ok"


def test_a_folder_that_is_no_house_is_refused(tmp_path: Path) -> None:
    refused = kpi(tmp_path, "doctor")
    assert refused.code == 2
    assert "kpi init" in refused.err


def test_an_examination_imports_no_engine_of_the_night(house: House) -> None:
    script = (
        "import sys\n"
        "from dagster_project.cli import app\n"
        "app(['doctor', '--format', 'json'], standalone_mode=False)\n"
        "heavy = {'dagster', 'dbt', 'great_expectations', 'apprise', 'sqlalchemy', 'openpyxl'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "KPI_HOME": os.fspath(house.root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert lock.holder(house.night_lock) is None
