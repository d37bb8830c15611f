"""One real night of the demo company, run by the real command, shared by every test that only looks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from dagster_project.settings import PROJECT_ROOT, House

# What takes minutes begins first, so that no worker is left with it at the end.
_LONGEST_FIRST = (
    "test_two_nights", "test_demo_gate", "test_hand_worked_cases", "test_small_companies",
    "test_killed_nights", "test_canary", "test_old_houses", "test_dagster", "test_oracle",
    "test_retention", "test_two_accounts", "test_two_systems",
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
    root = tmp_path_factory.mktemp("demo") / "house"
    init = kpi(root, "init", os.fspath(root), "--demo")
    run = kpi(root, "run")
    assert run.code == 0, f"{run.out}\n{run.err}"
    return DemoNight(House(root), init, run)
