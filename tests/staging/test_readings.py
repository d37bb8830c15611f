"""Staging as a union over active readings: appended, removed, never doubled (design D4, D5)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.staging.workbench import EXTRACTED_AT, PROJECT, Registry, Row, Workbench

MODELS = ("stg_salesforce__accounts", "stg_miitel__webhook_legs")


@pytest.fixture(scope="module")
def second_night(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Nights on a bench of its own: two files; one leaves, one comes, a model grows; nothing; a zone
    is edited after the exports were deleted."""
    bench = Workbench(tmp_path_factory.mktemp("nights"), MODELS)
    first = Registry()
    for file in ("stays", "leaves"):
        _account(first, file)
        _delivery(first, file)
    bench.lay(first)
    bench.dbt("run")
    seen = {"first": _files(bench)}
    second = Registry()
    _account(second, "comes")
    _delivery(second, "comes")
    bench.lay(second)
    with bench.connect() as connection:
        connection.execute(
            "update raw_kura.files set is_active = false where file_id like '%leaves'"
        )
        connection.execute("delete from raw_salesforce.accounts where _file_id like '%leaves'")
    _broaden(bench.project)
    bench.dbt("run")
    seen["second"] = _files(bench)
    bench.dbt("run")
    seen["quiet"] = _files(bench)
    with bench.connect() as connection:
        connection.execute(
            "update raw_kura.sources set timezone = case source_id when 'sf' then "
            "'America/Los_Angeles' else 'Asia/Tokyo' end where source_id like 'sf%'"
        )
        connection.execute(
            "update raw_kura.files set fingerprint = 'then', cast_under = 'tonight' "
            "where file_id like 'sf.%' and is_active"
        )
    bench.dbt("run")
    seen["moved"] = _files(bench)
    return seen


def _account(registry: Registry, file: str) -> Row:
    said: dict[str, str | None] = {
        "account_id": "0015000000Gv7qJ",
        "created_at": "2024-04-01 00:00:00",
    }
    return registry.add("salesforce", "accounts", said, None, EXTRACTED_AT, file)


def _delivery(registry: Registry, file: str) -> Row:
    document = (
        '{"call": {"id": "c", "details": [{"id": "x", "dial_starts_at": "2024-04-01T00:00:00Z"}]}}'
    )
    return registry.add("miitel", "webhook_legs", document, None, EXTRACTED_AT, file)


def _broaden(project: Path) -> None:
    """A model gains a column overnight, as a release of the product may bring it."""
    path = project / "models" / "staging" / "salesforce" / "stg_salesforce__accounts.sql"
    text = path.read_text(encoding="utf-8")
    changed = text.replace("derived={", "derived={\n        'name_length': 'length(name)',")
    assert changed != text
    path.write_text(changed, encoding="utf-8")


def _files(bench: Workbench) -> dict[str, Any]:
    with bench.connect() as connection:
        seen: dict[str, Any] = {
            model: sorted(
                name.rsplit(".", 1)[1]
                for (name,) in connection.execute(f"select file_id from staging.{model}").fetchall()
            )
            for model in MODELS
        }
        seen["columns"] = [
            name for (name,) in connection.execute(
                "select column_name from duckdb_columns() where table_name = 'stg_salesforce__accounts'"
            ).fetchall()
        ]  # fmt: skip
        seen["created"] = {
            value.isoformat()
            for (value,) in connection.execute(
                "select created_at from staging.stg_salesforce__accounts"
            ).fetchall()
        }
    return seen


@pytest.mark.parametrize("model", MODELS)
def test_a_night_appends_new_readings_and_drops_those_that_no_longer_count(
    second_night: dict[str, Any], model: str
) -> None:
    assert second_night["first"][model] == ["leaves", "stays"]
    assert second_night["second"][model] == ["comes", "stays"]


@pytest.mark.parametrize("model", MODELS)
def test_a_night_without_new_files_changes_nothing(
    second_night: dict[str, Any], model: str
) -> None:
    assert second_night["quiet"][model] == second_night["second"][model]


def test_a_changed_model_casts_every_reading_anew(second_night: dict[str, Any]) -> None:
    assert "name_length" not in second_night["first"]["columns"]
    assert "name_length" in second_night["second"]["columns"]


def test_a_zone_edited_after_its_export_was_deleted_counts_for_the_rows_kept(
    second_night: dict[str, Any],
) -> None:
    assert second_night["quiet"]["created"] == {"2024-03-31T15:00:00"}
    assert second_night["moved"]["created"] == {"2024-04-01T07:00:00"}


def test_every_refused_row_is_listed_with_its_reason(workbench: Workbench) -> None:
    with workbench.connect() as connection:
        listed = dict(
            connection.execute(
                "select system || '.' || object_name, count(*) from activity.act_rejected_records group by 1"
            ).fetchall()
        )
        for path in sorted((PROJECT / "models" / "staging").glob("*/stg_*.sql")):
            if path.parent.name == "kura":
                continue
            refused = connection.execute(
                f"select count(*) from staging.{path.stem} where reject_reason is not null"
            ).fetchone()
            name = path.stem.removeprefix("stg_").replace("__", ".")
            assert refused == (listed.get(name, 0),), name


def test_every_staging_model_describes_exactly_its_columns(workbench: Workbench) -> None:
    with workbench.connect() as connection:
        for path in sorted((PROJECT / "models" / "staging").glob("*/stg_*.sql")):
            twin = path.with_suffix(".yml")
            described = yaml.safe_load(twin.read_text(encoding="utf-8"))["models"][0]["columns"]
            columns = connection.execute(
                "select column_name, lower(data_type) from duckdb_columns() "
                "where schema_name = 'staging' and table_name = ? order by column_index",
                [path.stem],
            ).fetchall()
            assert [(item["name"], item["data_type"]) for item in described] == columns, path.stem


def test_every_staging_model_holds_what_its_contract_promises(workbench: Workbench) -> None:
    with workbench.connect() as connection:
        for path in sorted((PROJECT / "models" / "staging").glob("*/_*__sources.yml")):
            for source in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]:
                if source["name"] == "kura":
                    continue
                for table in source["tables"]:
                    promised = {
                        (item["name"], item["data_type"])
                        for item in table["columns"]
                        if item["config"]["meta"].get("cast", {}).get("staged", True)
                    }
                    made = set(
                        connection.execute(
                            "select column_name, lower(data_type) from duckdb_columns() "
                            "where schema_name = 'staging' and table_name = ?",
                            [f"stg_{source['name']}__{table['name']}"],
                        ).fetchall()
                    )
                    assert promised <= made, f"{source['name']}.{table['name']}: {promised - made}"
