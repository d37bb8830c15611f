"""Rows as export files hold them, laid on one small work database that staging runs over once.

A test module registers its rows while it is imported (`csv_row`, `json_row`) and asks for what
staging made of them (`staged(row)`), so that a whole suite costs one dbt run. Raw tables are made
from the contracts as ingestion makes them. Nothing of ingestion is used.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
EXTRACTED_AT = datetime(2024, 6, 1, 0, 0, 0)

SOURCES: dict[str, dict[str, Any]] = {
    "sf": {"system": "salesforce", "timezone": "Asia/Tokyo", "account": "org"},
    "sf-la": {"system": "salesforce", "timezone": "America/Los_Angeles", "account": "us"},
    "mii": {"system": "miitel", "timezone": "Asia/Tokyo", "account": "acme"},
    "mii-csv": {
        "system": "miitel",
        "timezone": "Asia/Tokyo",
        "account": "acme",
        "memo_separator": "/",
    },
    "sf-unzoned": {"system": "salesforce", "timezone": None, "day_timezone": "Asia/Tokyo"},
    "hs-scored": {"system": "hubspot", "timezone": None, "day_timezone": "Asia/Tokyo"},
    "hs-la": {"system": "hubspot", "timezone": None, "day_timezone": "America/Los_Angeles"},
    "sfa": {"system": "mapped", "timezone": "Asia/Tokyo", "account": "kintone"},
    "hs": {"system": "hubspot", "timezone": "Asia/Tokyo", "account": "portal"},
    "plan": {"system": "planning", "timezone": "Asia/Tokyo"},
    "olist": {"system": "mapped", "timezone": "America/Sao_Paulo", "account": "olist"},
    "pbx": {"system": "mapped", "timezone": "Asia/Tokyo", "memo_separator": ";"},
}
USUAL_SOURCE = {
    "salesforce": "sf",
    "miitel": "mii",
    "hubspot": "hs",
    "planning": "plan",
    "mapped": "olist",
}
VALUE_MAPS = [
    ("sf", "events", "meeting_outcome", "TRUE", "no_show"),
    ("sf", "events", "meeting_outcome", "実施済み", "held"),
    ("sf", "opportunities", "acceptance", "受領", "accepted"),
    ("hs-scored", "deals", "acceptance", "yes", "accepted"),
    ("olist", "events", "outcome", "feito", "held"),
    ("pbx", "call_legs", "direction", "発", "outbound"),
]
# source_id, object, column_name, type, format, decimal, thousands, unit_factor, constant
MAPPED_COLUMNS = [
    ("olist", "leads", "created_at", None, "%d/%m/%Y", None, None, None, None),
    ("olist", "leads", "lead_source", None, None, None, None, None, "landing page"),
    ("olist", "opportunities", "amount", None, None, ",", ".", None, None),
    (
        "olist",
        "opportunities",
        "close_date",
        None,
        '["%d/%m/%Y", "%Y%m%d"]',
        None,
        None,
        None,
        None,
    ),
    ("pbx", "call_legs", "started_at", None, "%Y%m%d%H%M%S", None, None, None, None),
    ("pbx", "call_legs", "ended_at", None, "%Y-%m-%dT%H:%M:%S%z", None, None, None, None),
    ("pbx", "call_legs", "talk_seconds", "decimal", None, None, None, 60.0, None),
    ("pbx", "call_legs", "leg_role", None, None, None, None, None, "primary"),
    ("pbx", "call_legs", "ring_seconds", None, "mm:ss", None, None, None, None),
]
# source_id, object, column_name, units
UNITS = [("sfa", "opportunities", "amount", '["¥", "円", "JPY"]')]
# source_id, object, column_name, path
CUSTOM_PATHS = [
    ("hs-scored", "contacts", "lead_score", '$.properties."fit_score"'),
    ("hs-scored", "deals", "acceptance", '$.properties."handover"'),
]


@dataclass(frozen=True)
class Row:
    """One registered row and where staging will put it."""

    system: str
    object_name: str
    file_id: str
    record: int

    @property
    def model(self) -> str:
        return f"stg_{self.system}__{self.object_name}"


@dataclass
class Registry:
    """What the imported test modules want laid on the work database."""

    rows: list[tuple[Row, str, datetime, dict[str, str | None] | str]] = field(default_factory=list)

    def add(
        self,
        system: str,
        object_name: str,
        content: dict[str, str | None] | str,
        source: str | None,
        extracted_at: datetime,
        file: str,
    ) -> Row:
        source_id = source or USUAL_SOURCE[system]
        row = Row(system, object_name, f"{source_id}.{object_name}.{file}", len(self.rows) + 1)
        self.rows.append((row, source_id, extracted_at, content))
        return row


REGISTRY = Registry()


def csv_row(
    system: str,
    object_name: str,
    *,
    source: str | None = None,
    extracted_at: datetime = EXTRACTED_AT,
    file: str = "first",
    **columns: str | None,
) -> Row:
    """Register a row of a CSV (or mapped) reading, by canonical column."""
    return REGISTRY.add(system, object_name, columns, source, extracted_at, file)


def json_row(
    system: str,
    object_name: str,
    document: dict[str, Any] | str,
    *,
    source: str | None = None,
    extracted_at: datetime = EXTRACTED_AT,
    file: str = "first",
) -> Row:
    """Register a record of a JSON-lines reading."""
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    return REGISTRY.add(system, object_name, text, source, extracted_at, file)


class Workbench:
    """A work database with raw tables, and dbt over the staging part of the project."""

    def __init__(self, folder: Path, models: tuple[str, ...] = ()) -> None:
        """Over all staging models, or over `models` alone, which is quicker to parse."""
        self.folder = folder
        self.database = folder / "warehouse.duckdb"
        self.project = folder / "project"
        self._copy_project()
        if models:
            self._keep_only(models)
        with self.connect() as connection:
            self._make_raw(connection)

    def connect(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(os.fspath(self.database))

    def _copy_project(self) -> None:
        """Staging alone, so that no half-written mart of a neighbour can stop these tests."""
        for part in ("dbt_project.yml", "profiles.yml", "macros/generate_schema_name.sql"):
            (self.project / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / part, self.project / part)
        for part in ("macros/build", "macros/cast", "macros/normalise", "models/staging"):
            shutil.copytree(PROJECT / part, self.project / part)
        (self.project / "models" / "activity").mkdir(parents=True)
        for half in ("sql", "yml"):
            name = f"models/activity/act_rejected_records.{half}"
            shutil.copy(PROJECT / name, self.project / name)
        probes = Path(__file__).with_name("probes")
        shutil.copytree(probes, self.project / "models" / "probes")

    def _keep_only(self, models: tuple[str, ...]) -> None:
        for path in (self.project / "models").rglob("*.*"):
            if path.stem not in models and not path.name.endswith("__sources.yml"):
                path.unlink()

    def _make_raw(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("create table numbers (number varchar, repair boolean, bare boolean)")
        connection.execute("create table texts (said varchar)")
        for path in sorted(PROJECT.glob("models/staging/*/_*__sources.yml")):
            for source in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]:
                connection.execute(f"create schema {source['schema']}")
                for table in source["tables"]:
                    connection.execute(
                        f"create table {source['schema']}.{table['name']} "
                        f"({_raw_columns(source['name'], table)})"
                    )
        for source_id, said in SOURCES.items():
            facts = {"source_id": source_id, "day_timezone": said.get("timezone"), **said}
            connection.execute(
                f"insert into raw_kura.sources ({', '.join(facts)}) "
                f"values ({', '.join('?' * len(facts))})",
                list(facts.values()),
            )
        connection.executemany("insert into raw_kura.value_maps values (?, ?, ?, ?, ?)", VALUE_MAPS)
        connection.executemany(
            "insert into raw_kura.mapped_columns values (?, ?, ?, ?, ?, ?, ?, ?, ?, null)",
            MAPPED_COLUMNS,
        )
        connection.executemany(
            "insert into raw_kura.mapped_columns values (?, ?, ?, null, null, null, null, null, null, ?)",
            UNITS,
        )
        connection.executemany(
            "insert into raw_kura.custom_paths values (?, ?, ?, ?)", CUSTOM_PATHS
        )

    def lay(self, registry: Registry) -> None:
        with self.connect() as connection:
            for row, source_id, extracted_at, content in registry.rows:
                self._insert(connection, row, source_id, extracted_at, content)
                connection.execute(
                    "insert into raw_kura.files (file_id, source_id, system, object_name, is_active) "
                    "select ?, ?, ?, ?, true where ? not in (select file_id from raw_kura.files)",
                    [row.file_id, source_id, row.system, row.object_name, row.file_id],
                )

    @staticmethod
    def _insert(
        connection: duckdb.DuckDBPyConnection,
        row: Row,
        source_id: str,
        extracted_at: datetime,
        content: dict[str, str | None] | str,
    ) -> None:
        said: dict[str, Any] = {
            "_source_id": source_id,
            "_file_id": row.file_id,
            "_record": row.record,
            "_extracted_at": extracted_at,
            **({"record": content} if isinstance(content, str) else content),
        }
        names = ", ".join(f'"{name}"' for name in said)
        connection.execute(
            f"insert into raw_{row.system}.{row.object_name} ({names}) "
            f"values ({', '.join('?' * len(said))})",
            list(said.values()),
        )

    def dbt(self, *arguments: str) -> None:
        done = subprocess.run(
            [
                sys.executable, "-m", "dbt.cli.main", "--quiet", *arguments,
                "--project-dir", os.fspath(self.project),
                "--profiles-dir", os.fspath(self.project),
                "--target-path", os.fspath(self.folder / "target"),
                "--log-path", os.fspath(self.folder / "logs"),
            ],
            cwd=self.database.parent,
            env={**os.environ, "DO_NOT_TRACK": "1"},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def compiled(self, model: str) -> str:
        """The SQL dbt made of a probe."""
        return next((self.folder / "target" / "compiled").rglob(f"{model}.sql")).read_text("utf-8")


def _raw_columns(system: str, table: dict[str, Any]) -> str:
    if system == "kura":
        return ", ".join(f'"{item["name"]}" {item["data_type"]}' for item in table["columns"])
    envelope = "_source_id varchar, _file_id varchar, _record bigint, _extracted_at timestamp"
    if table["config"]["meta"]["contract"]["format"] == "jsonl":
        return f"{envelope}, record varchar"
    columns = ", ".join(f'"{item["name"]}" varchar' for item in table["columns"])
    return f"{envelope}, {columns}, _extra varchar"
