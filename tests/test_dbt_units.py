"""Every dbt unit test of the project, run once over empty tables and reported one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """Status and message of each unit test, by model.name."""
    made = house.create(tmp_path_factory.mktemp("units") / "house")
    night = Night(made)
    night.ingest()
    lines: list[str] = []
    dbt_child.run(
        [["run", "--empty"], ["test", "--select", "test_type:unit"]],
        project=DBT_PROJECT,
        target=made.dbt_target,
        work_database=made.work_database,
        writer_lock=made.writer_lock,
        on_line=lines.append,
    )
    results = made.dbt_target / "run_results.test.json"
    assert results.is_file(), "\n".join(lines[-40:])
    return {
        ".".join(item["unique_id"].split(".")[2:4]): (item["status"], item.get("message") or "")
        for item in json.loads(Path(results).read_text(encoding="utf-8"))["results"]
    }


@pytest.mark.parametrize("name", list(unit_tests()))
def test_the_formula_gives_the_answer_worked_out_by_hand(
    name: str, outcomes: dict[str, tuple[str, str]]
) -> None:
    status, message = outcomes.get(name, ("missing", "dbt did not run it"))
    assert status == "pass", message
