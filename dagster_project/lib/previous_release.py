"""The release tonight's figures are compared with, as tables the models can read.

Belongs here: which tables of it that are (dbt's source `kura` declares them as `previous_*`, with the columns
that are compared), the SQL that shows them from its Parquet files, and what its manifest says it was made of.
Nothing is copied: a view reads only the columns a model asks for. Left to others: which release that is
(`releases.before`), the work database (`work_database`), and everything that is concluded (dbt).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from dagster_project.lib.candidate import PARQUET, Manifest, read_manifest
from dagster_project.lib.checksums import file_sha256
from dagster_project.lib.errors import KuraError
from dagster_project.lib.sql_text import identifier, literal
from dagster_project.settings import DBT_PROJECT

_SOURCE = DBT_PROJECT / "models" / "staging" / "kura" / "_kura__sources.yml"
_PREFIX = "previous_"


@dataclass(frozen=True)
class PreviousTable:
    """One table of `raw_kura` that shows the previous release.

    columns: (name, type), as dbt's source declares them. published_as: the published table it is taken
    from; None where the manifest says it.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    published_as: str | None

    @property
    def column_definitions(self) -> str:
        return ", ".join(f"{identifier(name)} {kind}" for name, kind in self.columns)

    def select(self, folder: Path | None) -> str:
        """Its rows in a release that has its columns; no row for None."""
        if folder is None:
            nulls = (f"null::{kind} as {identifier(name)}" for name, kind in self.columns)
            return f"select {', '.join(nulls)} where false"
        casts = (f"{identifier(name)}::{kind} as {identifier(name)}" for name, kind in self.columns)
        parquet = folder / PARQUET / f"{self.published_as}.parquet"
        return f"select {', '.join(casts)} from read_parquet({literal(str(parquet))})"


@cache
def tables() -> tuple[PreviousTable, ...]:
    """Every table of `raw_kura` that shows the previous release, as dbt's source declares it."""
    (source,) = yaml.safe_load(_SOURCE.read_text(encoding="utf-8"))["sources"]
    return tuple(
        PreviousTable(
            table["name"],
            tuple((column["name"], column["data_type"]) for column in table["columns"]),
            table.get("config", {}).get("meta", {}).get("published_as"),
        )
        for table in source["tables"]
        if table["name"].startswith(_PREFIX)
    )


def is_intact(folder: Path) -> bool:
    """Whether everything that would be compared is still what was published."""
    try:
        manifest = read_manifest(folder)
        published = {file.path: file.sha256 for file in manifest.files}
        return all(file_sha256(folder / path) == published.get(path) for path in _files(manifest))
    except (KuraError, OSError):
        return False


def is_comparable(manifest: Manifest, table: PreviousTable) -> bool:
    """Whether a release has the table with every column that is compared; one of older code may not."""
    facts = manifest.table(table.published_as) if table.published_as is not None else None
    return facts is not None and {name for name, _ in table.columns} <= facts.columns.keys()


def said_by(manifest: Manifest) -> dict[str, list[tuple[object, ...]]]:
    """Rows of the tables that show no published one."""
    return {
        "previous_files": [
            (
                item.source_id,
                item.system,
                item.object_name,
                item.sha256,
                item.member,
                item.status,
                item.is_active,
            )
            for item in manifest.inputs
        ],
        "previous_tables": [
            (table.published_as, is_comparable(manifest, table))
            for table in tables()
            if table.published_as is not None
        ],
    }


def _files(manifest: Manifest) -> Iterator[str]:
    """The files that are read, relative to the release's folder."""
    for table in tables():
        if is_comparable(manifest, table):
            yield f"{PARQUET}/{table.published_as}.parquet"
