"""The candidate: the marts of one night, copied into the very files a release will be.

`build` writes `work/candidate/<run_id>/` with `warehouse.duckdb`, one Parquet file per published
table, the dictionary page and `manifest.json`, which says what went in and carries the fingerprints.
Only columns the dbt contract declares are copied, so nothing else of the work database can slip out.
Whether the numbers are believable is left to `gate`, whether the files are intact to `verify`, shipping
to `releases`.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import duckdb
from pydantic import BaseModel, ConfigDict

from dagster_project.lib import dictionary_page, engine, suites
from dagster_project.lib.checksums import file_sha256, table_content
from dagster_project.lib.errors import KuraError
from dagster_project.lib.query import WAREHOUSE
from dagster_project.lib.semantic_layer import SEMANTIC_MANIFEST, for_release
from dagster_project.lib.sql_text import identifier, literal
from dagster_project.settings import EXPECTATIONS, House

MANIFEST = "manifest.json"
AUDIT = "audit.json"
AUDIT_PAGE = "audit.html"
PARQUET = "parquet"
# Files written by newer storage versions cannot be opened by older 1.x tools [measured].
STORAGE_VERSION = "v1.0.0"
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PACKAGES = (
    "kpi-kura",
    "dagster",
    "dagster-dbt",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "great-expectations",
)


# A file by its source, object, SHA-256 and archive member.
FileKey = tuple[str, str | None, str, str | None]


class CandidateError(KuraError):
    """The candidate could not be made; the current release is untouched."""


@dataclass(frozen=True)
class Column:
    """One column as the dbt contract declares it."""

    name: str
    data_type: str
    description: str


@dataclass(frozen=True)
class PublishedTable:
    """One published table as the dbt project declares it; `key` orders its rows, unless it is a fact.

    Facts stay as the work database holds them, export by export: in the order of their ids the days would
    be torn apart, the file twice as large and twice as slow to write [measured].
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def is_fact(self) -> bool:
        return self.name.startswith("fct_")

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputFile(_Model):
    """One export file (or archive member) that was read, or refused, on the way to this release."""

    source_id: str
    system: str
    # None when nobody could tell what the file holds.
    object_name: str | None
    path: str
    member: str | None
    sha256: str
    size_bytes: int | None
    status: str
    reject_code: str | None
    records_in: int | None
    records_accepted: int | None
    records_quarantined: int | None
    # Quarantined while reading or refused while converting; None in manifests of before it was kept.
    records_set_aside: int | None = None
    # Whether its rows count: edited files stand here as they were before, too. None in older manifests.
    is_active: bool | None = None

    @property
    def key(self) -> FileKey:
        """What the file held and whose it is, whatever it was called and under which rules it was read."""
        return self.source_id, self.object_name, self.sha256, self.member


class TableFacts(_Model):
    """What a published table held when the candidate was built."""

    name: str
    description: str
    columns: dict[str, str]
    rows: int
    content: str


class FileFacts(_Model):
    """One file of the candidate, relative to its folder."""

    path: str
    size_bytes: int
    sha256: str


class Manifest(_Model):
    """`manifest.json`: what a release is made of. Holds no clock time, so reruns are comparable."""

    format: int = 1
    run_id: str
    as_of: date
    company: str
    reporting_timezone: str
    code_version: str
    config_hash: str
    packages: dict[str, str]
    tables: tuple[TableFacts, ...]
    files: tuple[FileFacts, ...]
    inputs: tuple[InputFile, ...]

    def table(self, name: str) -> TableFacts | None:
        return next((table for table in self.tables if table.name == name), None)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a candidate or release folder; CandidateError when it is not readable."""
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CandidateError(
            "The manifest is missing or not as it was written.",
            where=str(path),
            remedy="Run the night again; never edit a candidate or release.",
        ) from error


def published_tables(
    dbt_manifest: Path, keys: dict[str, tuple[str, ...]] | None = None
) -> tuple[PublishedTable, ...]:
    """Every model of the schema `marts` in dbt's manifest.json, with its declared columns.

    keys: the key of each table (the suites know them).
    """
    try:
        nodes = json.loads(dbt_manifest.read_text(encoding="utf-8"))["nodes"]
    except (OSError, ValueError, KeyError) as error:
        raise CandidateError(
            "dbt's manifest is missing or unreadable.",
            where=str(dbt_manifest),
            remedy="Let the transformation run first.",
        ) from error
    tables = []
    for node in nodes.values():
        if node["resource_type"] != "model" or node["schema"] != "marts":
            continue
        columns = tuple(
            Column(name, column.get("data_type") or "", " ".join(column["description"].split()))
            for name, column in node["columns"].items()
        )
        if not columns:
            raise CandidateError(
                f"The published model {node['name']} declares no columns.",
                where=node["original_file_path"],
                remedy="Declare every column, with type and description, in the model's YAML.",
            )
        tables.append(
            PublishedTable(
                name=node["name"],
                description=" ".join(node["description"].split()),
                columns=columns,
                key=(keys or {}).get(node["name"], ()),
            )
        )
    if not tables:
        raise CandidateError("dbt knows no published table.", where=str(dbt_manifest))
    return tuple(sorted(tables, key=lambda table: table.name))


def build(
    house: House,
    dbt_manifest: Path,
    *,
    run_id: str | None = None,
    expectations: Path = EXPECTATIONS,
) -> Path:
    """Copy the marts of the work database into `work/candidate/<run_id>/` and return that folder.

    dbt_manifest: dbt's manifest.json, which names the published tables and their columns.
    run_id: the run the work database must have been prepared by; by default, the one it says.
    Earlier candidates are removed: only one night is under way at a time. The folder gets its name
    when it is complete, so a candidate that exists is whole.
    """
    catalogue = published_tables(dbt_manifest, suites.keys(expectations))
    run = _run_facts(house, run_id)
    clean(house)
    building = house.candidates / f"{run['run_id']}.partial"
    (building / PARQUET).mkdir(parents=True)
    inputs, tables = _copy(house, catalogue, building)
    page = dictionary_page.of_release(building / WAREHOUSE)
    (building / dictionary_page.DICTIONARY_PAGE).write_text(page, encoding="utf-8", newline="\n")
    (building / SEMANTIC_MANIFEST).write_text(for_release(dbt_manifest) + "\n", encoding="utf-8")
    files = tuple(
        FileFacts(
            path=path.relative_to(building).as_posix(),
            size_bytes=path.stat().st_size,
            sha256=file_sha256(path),
        )
        for path in sorted(building.rglob("*"))
        if path.is_file()
    )
    manifest = Manifest(**run, packages=_packages(), tables=tables, files=files, inputs=inputs)
    (building / MANIFEST).write_text(
        manifest.model_dump_json(indent=2) + "\n", encoding="utf-8", newline="\n"
    )
    for path in building.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o444)
    building.chmod(0o755)
    finished = house.candidates / manifest.run_id
    building.rename(finished)
    return finished


def work_contents(house: House, dbt_manifest: Path) -> dict[str, str]:
    """The content fingerprint of every published table as it stands in the work database."""
    with engine.connect(spill=house.spill) as connection:
        connection.execute(f"attach {literal(str(house.work_database))} as work (read_only)")
        return {
            table.name: table_content(
                connection, f"work.marts.{identifier(table.name)}", table.column_names
            )[1]
            for table in published_tables(dbt_manifest)
        }


def clean(house: House) -> None:
    """Remove every candidate an earlier night left behind, whole or half."""
    with suppress(FileNotFoundError):
        for left in list(house.candidates.iterdir()):
            if left.is_symlink() or not left.is_dir():
                left.unlink()
            else:
                shutil.rmtree(left)


def _run_facts(house: House, run_id: str | None) -> dict[str, Any]:
    if not house.work_database.is_file():
        raise CandidateError(
            "There is no work database to publish from.",
            where=str(house.work_database),
            remedy="Let ingestion and transformation run first.",
        )
    with engine.connect(spill=house.spill) as connection:
        connection.execute(f"attach {literal(str(house.work_database))} as work (read_only)")
        found = connection.execute(
            """
            select run.run_id, run.as_of_date, run.code_version, run.config_hash,
                   settings.company_name, settings.reporting_timezone
            from work.raw_kura.run as run cross join work.raw_kura.settings as settings
            """
        ).fetchall()
    if len(found) != 1 or (run_id is not None and found[0][0] != run_id):
        raise CandidateError(
            "The work database was not prepared by this run.",
            where=f"run {run_id}, raw_kura.run holds {[row[0] for row in found]}",
            remedy="Run the whole night: `kpi run`.",
        )
    found_id, as_of, code_version, config_hash, company, zone = found[0]
    if not RUN_ID.fullmatch(found_id):
        raise CandidateError(
            "A run id is made of letters, digits, dots, dashes and underscores.", where=found_id
        )
    return {
        "run_id": found_id,
        "as_of": as_of,
        "company": company,
        "reporting_timezone": zone,
        "code_version": code_version,
        "config_hash": config_hash,
    }


def _copy(
    house: House, catalogue: Sequence[PublishedTable], building: Path
) -> tuple[tuple[InputFile, ...], tuple[TableFacts, ...]]:
    warehouse = building / WAREHOUSE
    # In memory, with both files attached: the work database cannot be written from here.
    with engine.connect(spill=house.spill) as connection:
        connection.execute(f"attach {literal(str(house.work_database))} as work (read_only)")
        connection.execute(
            f"attach {literal(str(warehouse))} as release (storage_version '{STORAGE_VERSION}')"
        )
        inputs = _inputs(connection)
        tables = tuple(_copy_table(connection, table, building) for table in catalogue)
        connection.execute("checkpoint release")
        connection.execute("detach release")
    left = [path.name for path in building.glob("*.wal")]
    if left:
        raise CandidateError("The copy was not written to the end.", where=", ".join(left))
    return inputs, tables


def _inputs(connection: duckdb.DuckDBPyConnection) -> tuple[InputFile, ...]:
    names = tuple(InputFile.model_fields)
    rows = connection.execute(
        f"""
        select {", ".join(names)} from ({files_with_set_aside("work.")})
        order by source_id, path, member nulls first, object_name nulls first, sha256
        """
    ).fetchall()
    return tuple(InputFile(**dict(zip(names, row, strict=True))) for row in rows)


def files_with_set_aside(database: str = "") -> str:
    """SQL of the night's files with `records_set_aside`: while reading, and while converting.

    database: what the work database is attached as, with a dot, where it is not the default.
    """
    return f"""
        select files.*,
            coalesce(files.records_quarantined, 0) + coalesce(refused.records, 0)
                as records_set_aside
        from {database}raw_kura.files as files
        left join (
            select file_id, count(distinct record) as records
            from {database}activity.act_rejected_records
            group by file_id
        ) as refused using (file_id)
    """


def _copy_table(
    connection: duckdb.DuckDBPyConnection, table: PublishedTable, building: Path
) -> TableFacts:
    source = f"work.marts.{identifier(table.name)}"
    target = f"release.main.{identifier(table.name)}"
    columns = _listed(table.column_names)
    order = "" if table.is_fact else f" order by {_listed(table.key) or columns}"
    parquet = building / PARQUET / f"{table.name}.parquet"
    try:
        connection.execute(f"create table {target} as select {columns} from {source}{order}")
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise CandidateError(
            f"The published table {table.name} is not as its contract says.",
            where=str(error).splitlines()[0],
            remedy="Let the transformation run; its contract names the columns.",
        ) from error
    connection.execute(f"comment on table {target} is {literal(table.description)}")
    for column in table.columns:
        connection.execute(
            f"comment on column {target}.{identifier(column.name)} is {literal(column.description)}"
        )
    connection.execute(
        f"copy {target} to {literal(str(parquet))} (format parquet, compression zstd)"
    )
    rows, content = table_content(connection, target, table.column_names)
    types = connection.execute(f"describe {target}").fetchall()
    return TableFacts(
        name=table.name,
        description=table.description,
        columns={name: data_type for name, data_type, *_ in types},
        rows=rows,
        content=content,
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(identifier(name) for name in names)


def _packages() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
