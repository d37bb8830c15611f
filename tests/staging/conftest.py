"""Staging, run once over every row the test modules of this folder registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.staging.workbench import REGISTRY, Row, Workbench

Staged = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    bench = Workbench(tmp_path_factory.mktemp("staging"))
    bench.lay(REGISTRY)
    bench.dbt("run")
    return bench


@pytest.fixture(scope="session")
def tables(workbench: Workbench) -> dict[str, list[dict[str, Any]]]:
    """Every staged row, by model."""
    read: dict[str, list[dict[str, Any]]] = {}
    with workbench.connect() as connection:
        for model in {row.model for row, *_ in REGISTRY.rows}:
            relation = connection.sql(f"from staging.{model}")
            read[model] = [
                dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()
            ]
    return read


@pytest.fixture(scope="session")
def staged(tables: dict[str, list[dict[str, Any]]]) -> Staged:
    """What staging made of a registered row (of its `element`, where the record is a list)."""

    def look_up(row: Row, element: int | None = None) -> dict[str, Any]:
        found = [
            made
            for made in tables[row.model]
            if made["file_id"] == row.file_id
            and made["record"] == row.record
            and (element is None or made["element"] == element)
        ]
        assert len(found) == 1, f"{row} is staged {len(found)} times"
        return found[0]

    return look_up
