"""A house that an older program made is brought up to date; one of a newer program is left alone."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from dagster_project.lib import journal, nights, upgrade
from dagster_project.lib.night import Night
from dagster_project.settings import House
from tests.conftest import kpi
from tests.harness import make_house

RUN = "20260630-20260701T050000123456"


@pytest.fixture
def old(tmp_path: Path) -> House:
    """As layout 1 left it: no number, journals as open as the user's mask."""
    house = make_house(tmp_path / "house", {"company_name": "x"}, {"sources": []})
    house.state.mkdir()
    lines = [
        {"at": "2026-07-01T05:01:00+00:00", "what": "publishing", "release_id": RUN},
        {"at": "2026-07-01T05:01:01+00:00", "what": "published", "release_id": RUN},
        {"at": "2026-07-02T05:01:01+00:00", "what": "rolled back to", "release_id": RUN},
        {"at": "2026-07-02T05:01:01+00:00", "what": "published", "release_id": "by-hand"},
    ]
    house.publications.write_text("".join(json.dumps(line) + "\n" for line in lines))
    house.publications.chmod(0o644)
    house.state.chmod(0o755)
    return house


def is_as_made_by_this_program(house: House) -> None:
    assert upgrade.layout_of(house) == upgrade.LAYOUT
    [night] = nights.history(house)
    assert (night.run_id, night.outcome, night.release_id) == (RUN, "published", RUN)
    assert night.as_of == date(2026, 6, 30)
    assert night.started_at == datetime(2026, 7, 1, 5, tzinfo=UTC)
    assert night.duration_seconds == 61
    assert house.publications.stat().st_mode & 0o777 == 0o600
    assert house.state.stat().st_mode & 0o777 == 0o700


def test_the_first_night_upgrades_an_old_house_and_says_so(old: House) -> None:
    assert upgrade.layout_of(old) == 1
    with Night(old, as_of=date(2026, 7, 1)).lock():
        pass
    assert upgrade.layout_of(old) == upgrade.LAYOUT
    assert [night.outcome for night in nights.history(old)] == ["published", "unfinished"]
    assert "house upgraded layout=2" in old.log_file.read_text(encoding="utf-8")
    with Night(old, as_of=date(2026, 7, 1)).lock():
        pass
    assert old.log_file.read_text(encoding="utf-8").count("house upgraded") == 1


def test_upgrading_twice_changes_nothing_more(old: House) -> None:
    assert [step.to for step in upgrade.upgrade(old)] == [2]
    is_as_made_by_this_program(old)
    assert upgrade.upgrade(old) == ()
    is_as_made_by_this_program(old)


@pytest.mark.parametrize(
    "line",
    [
        {"what": "published", "release_id": "20260629-20260630T050000123456"},
        {"what": "published", "release_id": "20269999-20260630T050000123456", "at": "2026-07-01"},
        {"what": "published", "release_id": "20260629-20260630T999999123456", "at": "2026-07-01"},
    ],
    ids=["no instant", "no day", "no time"],
)
def test_a_damaged_line_of_the_journal_keeps_no_house_from_being_upgraded(
    old: House, line: dict[str, str]
) -> None:
    journal.append(old.publications, line)
    upgrade.upgrade(old)
    is_as_made_by_this_program(old)


class Killed(BaseException):
    pass


@pytest.mark.parametrize("name", ["journal.rewrite", "chmod", "_write"])
def test_an_upgrade_that_was_killed_is_done_by_the_next(
    old: House, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every place something is written, before it and after it."""

    for is_after in (False, True):
        copy = House(old.root.with_name(f"{name}-{is_after}"))
        shutil.copytree(old.root, copy.root)
        owner, attribute = {
            "journal.rewrite": (journal, "rewrite"),
            "chmod": (Path, "chmod"),
            "_write": (upgrade, "_write"),
        }[name]
        real = getattr(owner, attribute)

        def dying(*args: object, _real: object = real, _after: bool = is_after) -> None:
            if _after:
                _real(*args)  # type: ignore[operator]
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(owner, attribute, dying)
            with pytest.raises(Killed):
                upgrade.upgrade(copy)
        upgrade.upgrade(copy)
        is_as_made_by_this_program(copy)


def test_a_house_of_a_newer_program_is_refused_by_every_command_and_not_touched(
    tmp_path: Path,
) -> None:
    root = tmp_path / "house"
    assert kpi(root, "init", str(root)).code == 0
    house = House(root)
    assert upgrade.layout_of(house) == upgrade.LAYOUT
    house.version_file.write_text('{"layout": 99, "by": "9.9.9"}', encoding="utf-8")
    # What a newer program may have put there must not be what is complained about.
    with house.house_file.open("a", encoding="utf-8") as text:
        text.write("\nsomething_new: 1\n")
    before = sorted((path, path.stat().st_mtime_ns) for path in root.rglob("*"))
    for command in (
        ("run",), ("status",), ("releases",), ("rollback",), ("quarantine", "list"),
        ("sources", "check"), ("query", "select 1"),
    ):  # fmt: skip
        refused = kpi(root, *command)
        assert refused.code == 2, command
        assert "layout 99" in refused.err, command
        assert "9.9.9" in refused.err, command
    assert sorted((path, path.stat().st_mtime_ns) for path in root.rglob("*")) == before


def test_a_damaged_number_is_refused_with_what_to_do(old: House) -> None:
    old.version_file.write_text("{", encoding="utf-8")
    with pytest.raises(upgrade.HouseVersion, match="Write") as refused:
        upgrade.upgrade(old)
    assert str(old.version_file) in str(refused.value)


def test_layouts_are_numbered_without_a_gap() -> None:
    assert [step.to for step in upgrade.STEPS] == list(range(2, upgrade.LAYOUT + 1))
