"""How models get into the work database (macros/build), in a small project of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib import dbt_child
from dagster_project.settings import DBT_PROJECT

_MODELS = {
    "numbers": "select 1 as number union all select 2",
    "doubled": "{{ config(materialized='view') }} select number * 2 as number from {{ ref('numbers') }}",
    "broken": "select 1 / cast('none' as integer) as number",
    "promised": "{{ config(contract={'enforced': true}) }} select 1 as other",
    "hooked": "{{ config(post_hook='select 1') }} select 1 as number",
    "noted": "{{ config(persist_docs={'relation': true}) }} select 1 as number",
}
_PROMISE = """\
models:
  - name: promised
    columns:
      - {name: number, data_type: integer}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `warehouse.duckdb` and dbt's results, after one run of all these models.

    Before it, what is a table now was a view and the other way round, and `broken` was whole.
    """
    root = tmp_path_factory.mktemp("project")
    (root / "models").mkdir()
    for name, sql in _MODELS.items():
        (root / "models" / f"{name}.sql").write_text(sql, encoding="utf-8")
    (root / "models" / "promised.yml").write_text(_PROMISE, encoding="utf-8")
    (root / "dbt_project.yml").write_text(
        "name: small\nversion: '1.0.0'\nconfig-version: 2\nprofile: kpi_kura\n"
        "models: {small: {+materialized: table, +schema: main}}\n",
        encoding="utf-8",
    )
    shutil.copytree(DBT_PROJECT / "macros", root / "macros")
    shutil.copy(DBT_PROJECT / "profiles.yml", root)
    with duckdb.connect(str(root / "warehouse.duckdb")) as connection:
        connection.execute("create view numbers as select 0 as number")
        connection.execute("create table doubled as select 0 as number")
        connection.execute("create table broken as select 7 as number")
    told: list[str] = []
    code = dbt_child.run(
        [["run"]],
        project=root,
        target=root / "target",
        work_database=root / "warehouse.duckdb",
        writer_lock=root / "writer.lock",
        on_line=told.append,
    )
    assert code == 1, "\n".join(told)  # some of the models fail on purpose
    return root


def _asked(built: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(built / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def _told(built: Path) -> dict[str, tuple[str, str]]:
    results = json.loads((built / "target" / "run_results.run.json").read_text(encoding="utf-8"))
    return {
        result["unique_id"].rpartition(".")[2]: (result["status"], result["message"])
        for result in results["results"]
    }


def test_a_table_takes_the_place_of_a_view_and_a_view_of_a_table(built: Path) -> None:
    kinds = "select table_name, table_type from information_schema.tables order by 1"
    assert dict(_asked(built, kinds)) == {  # type: ignore[arg-type]
        "broken": "BASE TABLE",
        "doubled": "VIEW",
        "numbers": "BASE TABLE",
    }
    assert sorted(_asked(built, "select number from doubled")) == [(2,), (4,)]


def test_a_model_that_fails_leaves_what_stood_there(built: Path) -> None:
    assert _told(built)["broken"][0] == "error"
    assert _asked(built, "select number from broken") == [(7,)]


def test_a_model_that_breaks_its_contract_is_not_built(built: Path) -> None:
    status, message = _told(built)["promised"]
    assert (status, "contract" in message) == ("error", True)


@pytest.mark.parametrize("name", ["hooked", "noted"])
def test_what_the_materialisations_do_not_know_is_refused(built: Path, name: str) -> None:
    status, message = _told(built)[name]
    assert (status, f"take them from {name}" in message) == ("error", True)
