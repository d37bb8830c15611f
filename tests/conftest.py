"""One real night of the demo company, run by the real command, shared by every test that only looks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from dagster_project.lib.lock import exclusive
from dagster_project.settings import PROJECT_ROOT, House
from tests.nights.quick import Quick

# What takes minutes begins first, so that no worker is left with it at the end.
_LONGEST_FIRST = (
    "test_two_nights", "test_demo_gate", "test_hand_worked_cases", "test_small_companies",
    "test_killed_nights", "test_canary", "test_old_houses", "test_dagster", "test_oracle",
    "test_retention", "test_two_systems",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest files first; `make test` hands them out file by file (`--dist loadfile`)."""
    ranks = {name: rank for rank, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))


@dataclass(frozen=True)
class Said:
    """What one `kpi` command did: exit code and both streams."""

    code: int
    out: str
    err: str


def kpi(root: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Said:
    """Run the `kpi` command on the house at `root`, as a person would."""
    done = subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", *arguments],
        cwd=PROJECT_ROOT,
        env={**os.environ, "COLUMNS": "160", **(environment or {}), "KPI_HOME": os.fspath(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class DemoNight:
    """The demo company after one night."""

    house: House
    init: Said
    run: Said


@pytest.fixture(scope="session")
def demo_night(tmp_path_factory: pytest.TempPathFactory) -> DemoNight:
    """One night for all workers of a test run: whoever needs it first makes it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    root, said = shared / "demo" / "house", shared / "demo" / "said.json"
    with exclusive(shared / "demo.lock", wait_seconds=600, busy="Another worker makes the night."):
        if not said.is_file():
            init = kpi(root, "init", os.fspath(root), "--demo")
            run = kpi(root, "run")
            assert run.code == 0, f"{run.out}\n{run.err}"
            said.write_text(json.dumps([asdict(init), asdict(run)]), encoding="utf-8")
    init, run = (Said(**told) for told in json.loads(said.read_text(encoding="utf-8")))
    return DemoNight(House(root), init, run)


@pytest.fixture(scope="session")
def quick(demo_night: DemoNight, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quick]:
    """Quick nights for every house whose marts are asked, and not its night."""
    made = Quick(demo_night.house, tmp_path_factory.mktemp("quick"))
    yield made
    made.close()
