"""Nothing gets past the publisher, readers never see a mixture, and there is a way back."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib import gate, releases, verify
from dagster_project.lib.audit import AuditError, read_audit
from dagster_project.lib.candidate import read_manifest
from dagster_project.lib.checksums import file_sha256
from dagster_project.lib.errors import KuraError
from dagster_project.lib.query import WAREHOUSE
from dagster_project.lib.releases import NoSuchRelease, PublicationRefused
from dagster_project.settings import House, Retention
from tests.gate import company
from tests.gate.company import Company

NEXT = "20260701-20260702T050000000000"


@pytest.fixture
def ready(judged: Company, copy_of: Callable[[Company], Company]) -> Company:
    """A company with a candidate that passed every check."""
    return copy_of(judged)


@pytest.fixture(scope="session")
def two_releases(published: Company, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A company a night later: two releases kept, the second current. Nobody changes it."""
    later = company.found(published, tmp_path_factory.mktemp("later") / "house")
    later.next_run(NEXT)
    later.build()
    assert later.judge().verdict == "passed"
    releases.publish(later.house, later.settings)
    return later


def candidate_of(ready: Company) -> Path:
    return gate.the_candidate(ready.house)


def rewritten(path: Path, change: Callable[[str], str]) -> None:
    path.chmod(0o644)
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    path.chmod(0o444)


def refused(ready: Company) -> str:
    """What the publisher says; nothing may have become current."""
    before = ready.house.current.readlink() if ready.house.current.is_symlink() else None
    with pytest.raises(KuraError) as error:
        releases.publish(ready.house, ready.settings)
    after = ready.house.current.readlink() if ready.house.current.is_symlink() else None
    assert before == after
    return str(error.value)


def test_what_was_checked_is_what_ships(ready: Company) -> None:
    manifest = read_manifest(candidate_of(ready))
    release = releases.publish(ready.house, ready.settings)
    assert release.release_id == manifest.run_id == company.RUN
    assert read_manifest(ready.house.current) == manifest
    assert ready.house.current.readlink() == Path("releases") / company.RUN
    assert not list(ready.house.candidates.iterdir())
    assert verify.fresh(release.path) == []
    with duckdb.connect(str(ready.house.current / WAREHOUSE), read_only=True) as connection:
        assert connection.execute("select current_database()").fetchone() == ("warehouse",)


def test_a_candidate_that_was_never_judged_is_refused(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    fresh = copy_of(untouched)
    fresh.build()
    with pytest.raises(AuditError, match="never judged"):
        releases.publish(fresh.house, fresh.settings)


def test_without_a_candidate_there_is_nothing_to_publish(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    assert "no candidate" in refused(copy_of(untouched))


def test_a_poisoned_candidate_is_refused_with_its_check(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    poisoned = copy_of(untouched)
    poisoned.change("update marts.fct_calls set is_human_reached = false")
    poisoned.build()
    audit = poisoned.judge()
    assert audit.verdict == "refused"
    said = refused(poisoned)
    assert "fct_calls.connect_is_a_reached_human" in said
    assert "expected 0 rows" in said


def test_an_audit_of_another_run_is_refused(ready: Company, two_releases: Company) -> None:
    other = two_releases.house.current.resolve() / "audit.json"
    mine = candidate_of(ready) / "audit.json"
    mine.chmod(0o644)
    shutil.copyfile(other, mine)
    assert "another run" in refused(ready)


def test_a_candidate_rebuilt_after_its_audit_is_refused(ready: Company) -> None:
    audit = (candidate_of(ready) / "audit.json").read_bytes()
    ready.change("update marts.dim_accounts set industry = 'retail'")
    folder = ready.build()
    (folder / "audit.json").write_bytes(audit)
    assert "changed after it was judged" in refused(ready)


@pytest.mark.parametrize("name", [WAREHOUSE, "parquet/fct_calls.parquet"])
def test_a_flipped_byte_is_refused(ready: Company, name: str) -> None:
    path = candidate_of(ready) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(0o444)
    assert f"{name} differs" in refused(ready)


def test_an_edited_manifest_is_refused(ready: Company) -> None:
    rewritten(
        candidate_of(ready) / "manifest.json",
        lambda text: text.replace("miitel/calls", "other/calls"),
    )
    assert "changed after it was judged" in refused(ready)


def test_a_table_added_after_the_audit_is_refused_even_with_new_checksums(ready: Company) -> None:
    folder = candidate_of(ready)
    warehouse = folder / WAREHOUSE
    warehouse.chmod(0o644)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create table extra as select 1 as i")
    warehouse.chmod(0o444)
    assert any(f"{WAREHOUSE} differs" in problem for problem in verify.check(folder))
    document = json.loads((folder / "manifest.json").read_text())
    for file in document["files"]:
        if file["path"] == WAREHOUSE:
            file["sha256"] = file_sha256(warehouse)
    rewritten(folder / "manifest.json", lambda _: json.dumps(document))
    assert "the table main.extra is not in the manifest" in verify.check(folder)
    assert "changed after it was judged" in refused(ready)


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (lambda folder: (folder / "notes.txt").write_text("x"), "does not belong here"),
        (lambda folder: (folder / f"{WAREHOUSE}.wal").write_bytes(b""), "does not belong here"),
        (lambda folder: (folder / "more").mkdir(), "does not belong here"),
        (lambda folder: (folder / "link").symlink_to("/etc/passwd"), "is a link"),
        (lambda folder: (folder / "parquet/release.parquet").unlink(), "is missing"),
        (lambda folder: (folder / WAREHOUSE).chmod(0o644), "is writable"),
    ],
)
def test_a_folder_with_more_or_less_than_the_manifest_is_refused(
    ready: Company, plant: Callable[[Path], object], said: str
) -> None:
    plant(candidate_of(ready))
    assert said in refused(ready)


def test_a_file_replaced_by_a_link_to_itself_is_refused(ready: Company, tmp_path: Path) -> None:
    path = candidate_of(ready) / WAREHOUSE
    moved = tmp_path / "elsewhere.duckdb"
    path.rename(moved)
    path.symlink_to(moved)
    assert "is a link" in refused(ready)


def test_a_candidate_outside_the_house_is_refused(ready: Company, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / company.RUN
    shutil.copytree(candidate_of(ready), elsewhere)
    with pytest.raises(PublicationRefused, match="not a candidate of this house"):
        releases.publish(ready.house, ready.settings, elsewhere)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda audit: audit["checks"].pop(3), "Not every check"),
        (lambda audit: audit["checks"].append(audit["checks"][3]), "Not every check"),
        (lambda audit: audit["checks"][3].update(status="did_not_run"), "refuse this candidate"),
        (lambda audit: audit["checks"][3].update(status="failed"), "refuse this candidate"),
        (lambda audit: audit["checks"][3].update(status="accepted"), "Nobody has accepted"),
        (lambda audit: audit.update(expectations_sha256="0" * 64), "suites changed"),
        (lambda audit: audit.update(as_of="2026-07-05"), "another run"),
        (lambda audit: audit.update(verdict="refused"), "says refused"),
        (lambda audit: audit.update(colour="red"), "cannot be read"),
        (lambda audit: audit["summary"].update(dbt_tests=7), "audit page"),
    ],
)
def test_an_edited_audit_is_refused(
    ready: Company, change: Callable[[dict[str, object]], object], said: str
) -> None:
    path = candidate_of(ready) / "audit.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    rewritten(path, lambda _: json.dumps(document, ensure_ascii=False))
    assert said in refused(ready)


def test_an_earlier_as_of_day_never_replaces_a_later_one_unless_told_to(
    published: Company, copy_of: Callable[[Company], Company]
) -> None:
    back = copy_of(published)
    early = "20260529-20260702T060000000000"
    back.change(
        "delete from marts.fct_calls where called_on > date '2026-05-29'",
        "delete from marts.fct_emails",
        "delete from marts.fct_opportunities",
        "delete from marts.fct_meetings",
        "delete from marts.kpi_rep_daily",
        "delete from marts.kpi_scorecard",
        "delete from marts.kpi_channel_conversion",
        "delete from marts.fct_hand_raises",
        "delete from marts.kpi_speed_to_lead",
        "delete from marts.kpi_pipeline",
        "delete from marts.kpi_connect_calibration",
        "delete from marts.kpi_customer_voice",
    )
    back.next_run(early, "2026-05-29")
    back.build()
    folder = gate.the_candidate(back.house)
    back.judge()
    # What the marts hold is not the point here: the audit is made to pass.
    document = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    document["verdict"] = "passed"
    for check in document["checks"]:
        if check["status"] in {"failed", "did_not_run"}:
            check["status"] = "not_applicable"
    rewritten(folder / "audit.json", lambda _: json.dumps(document, ensure_ascii=False))
    audit = read_audit(folder)
    from dagster_project.lib import audit_page

    page = audit_page.render(audit, read_manifest(folder))
    rewritten(folder / "audit.html", lambda _: page)
    assert "readers already have 2026-06-30" in refused(back)
    release = releases.publish(back.house, back.settings, allow_backdate=True)
    assert release.release_id == early


def test_a_reader_of_the_old_release_keeps_it_and_new_readers_see_the_new_one(
    published: Company, copy_of: Callable[[Company], Company]
) -> None:
    later = copy_of(published)
    later.next_run(NEXT)
    later.build()
    later.judge()
    with duckdb.connect(str(later.house.current / WAREHOUSE), read_only=True) as old_reader:
        releases.publish(later.house, later.settings)
        assert old_reader.execute("select release_id from release").fetchone() == (company.RUN,)
        assert old_reader.execute("select count(*) from fct_calls").fetchone() != (0,)
    with duckdb.connect(str(later.house.current / WAREHOUSE), read_only=True) as new_reader:
        assert new_reader.execute("select release_id from release").fetchone() == (NEXT,)


def test_there_is_never_a_moment_without_a_whole_release(
    two_releases: Company, copy_of: Callable[[Company], Company]
) -> None:
    house = copy_of(two_releases).house
    seen: set[tuple[str, str]] = set()
    failures: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                folder = house.current.resolve(strict=True)
                run = json.loads((folder / "manifest.json").read_text())["run_id"]
                with duckdb.connect(str(folder / WAREHOUSE), read_only=True) as connection:
                    row = connection.execute("select release_id from release").fetchone()
                assert row is not None
                seen.add((run, row[0]))
        except BaseException as error:
            failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    both = [house.releases / company.RUN, house.releases / NEXT]
    for number in range(60):
        releases._flip(house, both[number % 2])
    stop.set()
    reader.join()
    assert not failures
    assert seen <= {(company.RUN, company.RUN), (NEXT, NEXT)}
    assert seen


def test_rollback_goes_back_one_release_at_a_time(
    two_releases: Company, copy_of: Callable[[Company], Company]
) -> None:
    house = copy_of(two_releases).house
    assert [release.release_id for release in releases.list_releases(house)] == [company.RUN, NEXT]
    assert releases.rollback(house).release_id == company.RUN
    with pytest.raises(NoSuchRelease):
        releases.rollback(house)
    assert releases.rollback(house, NEXT).release_id == NEXT
    with pytest.raises(NoSuchRelease):
        releases.rollback(house, "20200101-x")


def test_rollback_refuses_a_damaged_release(
    two_releases: Company, copy_of: Callable[[Company], Company]
) -> None:
    house = copy_of(two_releases).house
    damaged = house.releases / company.RUN / "parquet" / "release.parquet"
    damaged.chmod(0o644)
    damaged.write_bytes(b"PAR1")
    with pytest.raises(PublicationRefused, match="not as it was published"):
        releases.rollback(house)
    current = releases.current_release(house)
    assert current is not None
    assert current.release_id == NEXT


def test_only_so_many_releases_are_kept_and_never_not_the_current_one(
    two_releases: Company, copy_of: Callable[[Company], Company]
) -> None:
    house = copy_of(two_releases).house
    releases.rollback(house)
    releases._remove(house, releases.surplus(house, 1)[0])
    kept = releases.list_releases(house)
    assert [(release.release_id, release.is_current) for release in kept] == [(company.RUN, True)]
    assert [path.name for path in house.releases.iterdir()] == [company.RUN]


class Killed(BaseException):
    """The power goes out."""


@pytest.mark.parametrize("step", ["_fsync", "_flip", "_note", "surplus", "clean"])
def test_killed_at_any_point_a_second_call_ends_the_same(
    published: Company,
    copy_of: Callable[[Company], Company],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    later = copy_of(published)
    later.next_run(NEXT)
    later.build()
    later.judge()

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(releases, step, die)
        with pytest.raises(Killed):
            releases.publish(later.house, later.settings)
    # Whatever happened, readers have a whole release.
    assert verify.fresh(later.house.current.resolve()) == []
    if releases.current_release(later.house).release_id != NEXT or step == "_note":  # type: ignore[union-attr]
        releases.publish(later.house, later.settings)
    current = releases.current_release(later.house)
    assert current is not None
    assert current.release_id == NEXT
    assert [release.release_id for release in releases.list_releases(later.house)] == [
        company.RUN,
        NEXT,
    ]
    assert not list(later.house.published.glob(".current*"))


def test_killed_between_flip_and_its_note_a_second_call_writes_it_down(
    published: Company, copy_of: Callable[[Company], Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = night_after(copy_of(published))
    killed_at_the_flip(later, monkeypatch, step="surplus", noted=False)
    assert current_id(later) == NEXT
    assert releases.list_releases(later.house)[0].release_id == NEXT  # nobody wrote it down
    releases.publish(later.house, later.settings)
    assert [release.release_id for release in releases.list_releases(later.house)] == [
        company.RUN,
        NEXT,
    ]


def test_an_old_release_that_cannot_be_removed_does_not_make_the_new_one_a_failure(
    two_releases: Company, copy_of: Callable[[Company], Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    third = "20260701-20260702T060000000000"
    later = night_after(copy_of(two_releases), third)
    settings = later.settings.model_copy(update={"retention": Retention(releases=2)})

    def refuses(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", refuses)
        assert releases.publish(later.house, settings).release_id == third
    assert current_id(later) == third
    assert releases.rollback(later.house).release_id == NEXT


def test_after_a_kill_between_flip_and_its_note_a_rollback_finds_the_release_before(
    published: Company, copy_of: Callable[[Company], Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = night_after(copy_of(published))
    killed_at_the_flip(later, monkeypatch, step="clean", noted=False)
    assert releases.rollback(later.house).release_id == company.RUN


def test_a_release_readers_saw_is_gone_back_to_though_its_night_was_killed_before_its_note(
    published: Company, copy_of: Callable[[Company], Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = night_after(copy_of(published))
    killed_at_the_flip(later, monkeypatch, step="clean", noted=False)
    night_after(later, "20260701-20260702T060000000000")
    releases.publish(later.house, later.settings)
    assert releases.rollback(later.house).release_id == NEXT


def test_a_clock_that_was_set_back_does_not_change_which_release_came_before(
    two_releases: Company, copy_of: Callable[[Company], Company]
) -> None:
    """The third night runs by a clock a month slow: the journal's order counts, not its times."""
    later = night_after(copy_of(two_releases), "20260701-20260602T060000000000")
    publications = later.house.publications
    releases.publish(later.house, later.settings)
    lines = publications.read_text(encoding="utf-8").splitlines()
    slow = [
        re.sub(r'"at": "[^"]*"', '"at": "2020-01-01T00:00:00+00:00"', line) for line in lines[-2:]
    ]
    publications.write_text("\n".join([*lines[:-2], *slow, ""]), encoding="utf-8")
    assert [release.release_id for release in releases.list_releases(later.house)] == [
        company.RUN,
        NEXT,
        "20260701-20260602T060000000000",
    ]
    assert releases.rollback(later.house).release_id == NEXT


def night_after(company_: Company, run_id: str = NEXT) -> Company:
    """The same company with the next night's candidate, passed."""
    company_.next_run(run_id)
    company_.build()
    assert company_.judge().verdict == "passed"
    return company_


def current_id(company_: Company) -> str:
    return company_.house.current.readlink().name


def killed_at_the_flip(
    company_: Company,
    monkeypatch: pytest.MonkeyPatch,
    *,
    step: str = "_flip",
    noted: bool = True,
) -> None:
    """A publication that ends at `step`; noted: whether what became current was written down."""

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(releases, step, die)
        with pytest.raises(Killed):
            releases.publish(company_.house, company_.settings)
    if not noted:
        lines = company_.house.publications.read_text().splitlines(keepends=True)
        company_.house.publications.write_text("".join(lines[:-1]))


def test_the_very_first_publication_is_ended_too(
    ready: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_at_the_flip(ready, monkeypatch)
    assert not ready.house.current.is_symlink()
    releases.publish(ready.house, ready.settings)
    assert current_id(ready) == company.RUN


def test_a_publication_once_killed_never_replaces_a_later_one(
    published: Company, copy_of: Callable[[Company], Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two nights of one day: the first is killed between rename and flip, the second is published."""
    later = night_after(copy_of(published))
    killed_at_the_flip(later, monkeypatch)
    second = "20260701-20260702T060000000000"
    night_after(later, second)
    releases.publish(later.house, later.settings)
    assert current_id(later) == second
    assert "no candidate" in refused(later)
    # What readers never saw is nothing to go back to, unless somebody asks for it.
    assert releases.rollback(later.house).release_id == company.RUN
    assert "no candidate" in refused(later)
    assert releases.rollback(later.house, NEXT).release_id == NEXT


def test_a_publication_once_killed_never_undoes_a_rollback(
    two_releases: Company, copy_of: Callable[[Company], Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = night_after(copy_of(two_releases), "20260701-20260702T060000000000")
    killed_at_the_flip(later, monkeypatch)
    releases.rollback(later.house)
    assert current_id(later) == company.RUN
    assert "no candidate" in refused(later)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("manifest.json", "miitel/calls", "other/calls", "changed after it was judged"),
        ("audit.json", '"status": "passed"', '"status": "failed"', "refuse this candidate"),
        ("audit.json", '"verdict": "passed"', '"verdict": "refused"', "says refused"),
        ("audit.json", company.RUN, NEXT, "audit is of another run"),
    ],
)
def test_rollback_refuses_a_release_that_was_tampered_with_or_refused(
    two_releases: Company,
    copy_of: Callable[[Company], Company],
    name: str,
    old: str,
    new: str,
    said: str,
) -> None:
    house = copy_of(two_releases).house
    rewritten(house.releases / company.RUN / name, lambda text: text.replace(old, new))
    with pytest.raises(PublicationRefused, match=said):
        releases.rollback(house, company.RUN)
    assert house.current.readlink().name == NEXT


def test_rollback_takes_a_release_judged_by_suites_of_its_time(
    two_releases: Company, copy_of: Callable[[Company], Company]
) -> None:
    house = copy_of(two_releases).house
    rewritten(
        house.releases / company.RUN / "audit.json",
        lambda text: text.replace(json.loads(text)["expectations_sha256"], "0" * 64),
    )
    assert releases.rollback(house).release_id == company.RUN


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / WAREHOUSE).write_bytes(b"not a database"),
        lambda folder: (folder / WAREHOUSE).unlink(),
        lambda folder: shutil.rmtree(folder),
        lambda folder: rewritten(folder / "manifest.json", lambda _: "{"),
        lambda folder: flip_a_byte(folder / WAREHOUSE),
    ],
)
def test_a_good_night_replaces_a_damaged_release_and_says_so(
    published: Company, copy_of: Callable[[Company], Company], damage: Callable[[Path], object]
) -> None:
    later = copy_of(published)
    folder = later.house.current.resolve()
    folder.joinpath(WAREHOUSE).chmod(0o644)
    damage(folder)
    later.next_run(NEXT)
    later.build()
    audit = later.judge()
    assert audit.verdict == "passed"
    (warning,) = audit.warnings
    assert warning.id == "reconciliation.last_release_can_be_compared_with"
    assert company.RUN in warning.observed
    compared = next(c for c in audit.checks if c.id == "fct_calls.past_changed_little")
    assert (compared.status, compared.note) == (
        "not_applicable",
        "the last release cannot be read",
    )
    releases.publish(later.house, later.settings)
    assert current_id(later) == NEXT


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_verify_is_a_command_of_its_own(published: Company, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dagster_project.lib.verify"]
    release = str(published.house.current.resolve())
    good = subprocess.run([*command, release], capture_output=True, text=True, check=False)
    assert good.returncode == 0
    assert json.loads(good.stdout) == {"folder": release, "problems": []}
    bad = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert json.loads(bad.stdout)["problems"]


def test_a_house_without_releases_has_none(tmp_path: Path) -> None:
    house = House(tmp_path)
    assert releases.list_releases(house) == ()
    assert releases.current_release(house) is None
    with pytest.raises(NoSuchRelease):
        releases.rollback(house)
