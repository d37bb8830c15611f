"""Every dbt unit test of the project, run once over empty tables and reported one by one; and the dbt docs.

Both need the models built, which one run over nothing does for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from dagster_project.lib import dbt_child, house
from dagster_project.lib.night import Night
from dagster_project.settings import DBT_PROJECT


def unit_tests() -> Iterator[str]:
    for path in sorted((DBT_PROJECT / "models").rglob("*.yml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for item in document.get("unit_tests", ()):
            yield f"{item['model']}.{item['name']}"


@dataclass(frozen=True)
class Run:
    """What dbt left in its target folder, and what it said last."""

    target: Path
    said: str

    def read(self, name: str) -> dict[str, Any]:
        path = self.target / name
        assert path.is_file(), self.said
        return dict(json.loads(path.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def over_nothing(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Models over empty tables, the docs, and every unit test."""
    made = house.create(tmp_path_factory.mktemp("units") / "house")
    night = Night(made)
    night.ingest()
    lines: list[str] = []
    dbt_child.run(
        [
            ["run", "--empty"],
            # before the tests: a formula that is wrong keeps nobody from the docs
            ["docs", "generate", "--no-compile"],
            ["test", "--select", "test_type:unit"],
        ],
        project=DBT_PROJECT,
        target=made.dbt_target,
        work_database=made.work_database,
        writer_lock=made.writer_lock,
        on_line=lines.append,
    )
    return Run(made.dbt_target, "\n".join(lines[-40:]))


@pytest.fixture(scope="session")
def outcomes(over_nothing: Run) -> dict[str, tuple[str, str]]:
    """Status and message of each unit test, by model.name."""
    return {
        ".".join(item["unique_id"].split(".")[2:4]): (item["status"], item.get("message") or "")
        for item in over_nothing.read("run_results.test.json")["results"]
    }


@pytest.mark.parametrize("name", list(unit_tests()))
def test_the_formula_gives_the_answer_worked_out_by_hand(
    name: str, outcomes: dict[str, tuple[str, str]]
) -> None:
    status, message = outcomes.get(name, ("missing", "dbt did not run it"))
    assert status == "pass", message


def test_the_docs_open_with_the_analyst_guide(over_nothing: Run) -> None:
    assert (over_nothing.target / "index.html").is_file()
    guide = over_nothing.read("manifest.json")["docs"]["doc.kpi_kura.__overview__"]
    assert "Ten questions a manager asks" in guide["block_contents"]


def test_the_docs_describe_every_column_readers_see(over_nothing: Run) -> None:
    """What the database has (the catalogue of the docs), not only what somebody declared."""
    nodes = over_nothing.read("manifest.json")["nodes"]
    tables = {
        name: table
        for name, table in over_nothing.read("catalog.json")["nodes"].items()
        if table["metadata"]["schema"] == "marts"
    }
    assert {name.split(".")[-1] for name in tables} == {
        path.stem for path in (DBT_PROJECT / "models" / "marts").glob("*.sql")
    }
    undescribed = [
        f"{name}.{column}"
        for name, table in tables.items()
        for column in table["columns"]
        if not nodes[name]["columns"].get(column, {}).get("description", "").strip()
    ]
    assert not undescribed


def test_the_docs_describe_every_model_source_metric_and_whatever_they_declare(
    over_nothing: Run,
) -> None:
    manifest = over_nothing.read("manifest.json")
    undescribed: list[str] = []
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    for node in (*models, *manifest["sources"].values()):
        undescribed += [node["unique_id"]] if not node["description"].strip() else []
        undescribed += [
            f"{node['unique_id']}.{name}"
            for name, column in node["columns"].items()
            if not column["description"].strip()
        ]
    undescribed += [
        name for name, metric in manifest["metrics"].items() if not metric["description"].strip()
    ]
    for name, model in manifest["semantic_models"].items():
        parts = [model, *model["entities"], *model["dimensions"], *model["measures"]]
        undescribed += [f"{name}.{part['name']}" for part in parts if not part["description"]]
    assert not undescribed
