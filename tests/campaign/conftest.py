"""A published company for tests that publish again and again, and a small house for whole nights."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.lib import releases
from tests.campaign.houses import Stock, prepare_small
from tests.gate import company
from tests.gate.company import Company


@pytest.fixture(scope="session")
def published_company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A company with one release. Nobody changes it."""
    made = company.create(tmp_path_factory.mktemp("published") / "house")
    made.build()
    assert made.judge().verdict == "passed"
    releases.publish(made.house, made.settings)
    return made


@pytest.fixture
def readers_company(published_company: Company, tmp_path: Path) -> Company:
    """A copy of it."""
    return company.found(published_company, tmp_path / "house")


@pytest.fixture(scope="session")
def small_stock(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """A house after one night that has something to read again, and the same with its marts made."""
    return prepare_small(tmp_path_factory.mktemp("nights"))
