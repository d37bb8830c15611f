"""One good company for all tests of the gate; tests that break something take a copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.lib import releases
from tests.gate import company
from tests.gate.company import Company


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A company whose marts are ready. Nobody changes it."""
    return company.create(tmp_path_factory.mktemp("untouched") / "house")


@pytest.fixture(scope="session")
def judged(untouched: Company, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The same with a candidate that passed every check. Nobody changes it."""
    copy = company.found(untouched, tmp_path_factory.mktemp("judged") / "house")
    copy.build()
    audit = copy.judge()
    assert audit.verdict == "passed", [check.id for check in audit.refusals]
    return copy


@pytest.fixture(scope="session")
def published(judged: Company, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The same with that candidate published. Nobody changes it."""
    copy = company.found(judged, tmp_path_factory.mktemp("published") / "house")
    releases.publish(copy.house, copy.settings)
    return copy


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Company], Company]:
    """A copy of a company that a test may break."""
    return lambda original: company.found(original, tmp_path / "house")
