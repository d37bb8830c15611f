"""Houses that older programs really made go on with this one, as if it had made them.

`houses/layout-1.tar.xz`: a simulated company of three reps and two months (`Plan(seed=5, reps=3, months=2,
dials_per_day=1.0, history_months=1)`, no source required) after a refused night and a published one, by
the program of 2026-11-23 (commit 46a3aad), without its work folder, which can be made anew. A house of a
layout to come is packed the same way by the last program of that layout.
"""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

from dagster_project.lib import nights, releases, upgrade
from dagster_project.lib.candidate import read_manifest
from dagster_project.settings import House
from tests.conftest import kpi

HOUSES = Path(__file__).parent / "houses"
OLD_RELEASE = "20260930-20261128T130753482126"


def unpacked(name: str, root: Path) -> House:
    with tarfile.open(HOUSES / name) as packed:
        packed.extractall(root, filter="tar")
    return House(root)


def contents(house: House) -> dict[str, str]:
    """Every published table but the one that names the release, by what it holds."""
    tables = read_manifest(house.current.resolve()).tables
    return {table.name: table.content for table in tables if table.name != "release"}


@pytest.fixture
def old(tmp_path: Path) -> House:
    return unpacked("layout-1.tar.xz", tmp_path / "old")


def test_an_old_house_can_be_looked_at_before_it_is_upgraded(old: House) -> None:
    before = sorted((path, path.lstat().st_mtime_ns) for path in old.state.rglob("*"))
    assert kpi(old.root, "status").code == 0
    assert OLD_RELEASE in kpi(old.root, "releases").out
    assert kpi(old.root, "query", "select count(*) from fct_calls").code == 0
    assert "layout 1" in kpi(old.root, "doctor").out
    assert sorted((path, path.lstat().st_mtime_ns) for path in old.state.rglob("*")) == before
    assert upgrade.layout_of(old) == 1


def test_the_next_night_in_an_old_house_publishes_what_a_fresh_house_does(
    old: House, tmp_path: Path
) -> None:
    """Half of the exports are gone by then: what the old program kept of them in raw must do."""
    fresh = House(tmp_path / "fresh")
    for folder in ("config", "exports"):
        shutil.copytree(old.root / folder, fresh.root / folder)
    shutil.rmtree(old.exports / "sf")
    upgraded = kpi(old.root, "run")
    assert upgraded.code == 0, upgraded.err
    assert upgrade.layout_of(old) == upgrade.LAYOUT
    made = kpi(fresh.root, "run")
    assert made.code == 0, made.err
    assert contents(old) == contents(fresh)
    assert len(contents(old)) > 10
    # What was before is still there, and the way back is open.
    assert [night.run_id == OLD_RELEASE for night in nights.history(old)] == [True, False]
    assert [night.outcome for night in nights.history(old)] == ["published", "published"]
    assert releases.rollback(old).release_id == OLD_RELEASE
    examined = kpi(old.root, "doctor")
    assert examined.code == 0, examined.out


def test_there_is_a_house_of_every_layout_before_this_one() -> None:
    packed = {path.name for path in HOUSES.iterdir()}
    assert packed == {f"layout-{number}.tar.xz" for number in range(1, upgrade.LAYOUT)}
