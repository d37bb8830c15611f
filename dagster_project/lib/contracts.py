"""The contract of every export object, read from the dbt source YAML beside the staging models.

Belongs here: turning `models/staging/<system>/_<system>__sources.yml` into frozen values, refusing
a malformed contract, and the contract's fingerprint. Left to others: finding files, reading them,
casting them (dbt). There is no second list of columns anywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from dagster_project.lib.errors import KuraError

Format = Literal["csv", "jsonl"]
Kind = Literal["events", "records", "snapshot"]

FORMATS = ("csv", "jsonl")
KINDS = ("events", "records", "snapshot")
TYPES = (
    "text",
    "salesforce_id",
    "email",
    "phone",
    "integer",
    "decimal",
    "percent",
    "share",
    "boolean",
    "date",
    "timestamp",
    "epoch_ms",
    "duration",
    "json",
    "list",
)
# Facts about the run, written by ingestion itself: a dbt source without an export behind it.
_NOT_EXPORTED = "kura"
MAPPED = "mapped"

_CONTRACT_KEYS = {
    "version",
    "format",
    "files",
    "kind",
    "key",
    "version_column",
    "event_column",
    "unnest",
    "record_required",
    "control_records",
    "null_markers",
    "is_also_table",
    "classes",
}
_COLUMN_KEYS = {
    "type",
    "required",
    "header_required",
    "aliases",
    "path",
    "configurable",
    "cast",
}


# Where the records of an API keep what is the customer's, and what a table of them has for headers.
_PROPERTIES = "$.properties."


class ContractError(KuraError):
    """A source YAML does not say what a contract must say: a mistake in the product."""


@dataclass(frozen=True)
class Column:
    """One canonical column. `path` is the JSON path of a JSON-lines column."""

    name: str
    type: str
    data_type: str
    aliases: tuple[str, ...] = ()
    path: str | None = None
    required: bool = False
    header_required: bool = False
    configurable: bool = False
    may_be_ahead: bool = False
    # For people; no part of the fingerprint.
    description: str = field(default="", repr=False)
    allowed: tuple[str, ...] = field(default=(), repr=False)

    @property
    def property_name(self) -> str | None:
        """The header of a JSON column in a table of records: the name of its property."""
        name = (self.path or "").removeprefix(_PROPERTIES)
        return name.strip('"') if name and name != self.path else None

    @property
    def is_identifier(self) -> bool:
        """Whether the text names something, so that a digit lost in it cannot be made good."""
        return self.type == "salesforce_id" or (
            self.type == "text" and self.name.endswith(("_id", "_key"))
        )


@dataclass(frozen=True)
class Contract:
    """What one object of one system promises about its export files."""

    system: str
    object_name: str
    version: int
    format: Format
    kind: Kind
    files: tuple[str, ...]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    version_column: str | None = None
    event_column: str | None = None
    unnest: str | None = None
    record_required: tuple[str, ...] = ()
    control_records: tuple[str, ...] = ()
    null_markers: tuple[str, ...] = ()
    # The vendor writes these records as a table, too: its headers are the names of the properties.
    is_also_table: bool = False
    # What a source must be to deliver the object; empty: whatever the system is.
    classes: tuple[str, ...] = ()
    other: str = field(default="{}", repr=False)

    @property
    def name(self) -> str:
        return f"{self.system}.{self.object_name}"

    @property
    def fingerprint(self) -> str:
        """Changes with everything that changes how a file of this object is read or cast."""
        return hashlib.sha256(repr(self).encode() + self.other.encode()).hexdigest()

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Contracts:
    """All contracts, by (system, object)."""

    by_name: Mapping[tuple[str, str], Contract]

    def __iter__(self) -> Iterator[Contract]:
        return iter(self.by_name.values())

    def get(self, system: str, object_name: str) -> Contract | None:
        return self.by_name.get((system, object_name))

    def of_system(self, system: str) -> tuple[Contract, ...]:
        return tuple(contract for contract in self if contract.system == system)

    @property
    def systems(self) -> tuple[str, ...]:
        return tuple(sorted({contract.system for contract in self}))


def load_contracts(dbt_project: Path) -> Contracts:
    """Read every contract of a dbt project.

    Raises ContractError naming the file and the key.
    """
    staging = dbt_project / "models" / "staging"
    found: dict[tuple[str, str], Contract] = {}
    for path in sorted(staging.glob("*/_*__sources.yml")):
        for contract in _contracts_of(path):
            place = (contract.system, contract.object_name)
            if place in found:
                raise ContractError(f"{contract.name} has two contracts.", where=str(path))
            found[place] = contract
    return Contracts(found)


def _contracts_of(path: Path) -> Iterator[Contract]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractError(f"The file is not valid YAML: {error}", where=str(path)) from error
    for source in (document or {}).get("sources") or []:
        system = _text(source, "name", str(path))
        if system == _NOT_EXPORTED:
            continue
        for table in source.get("tables") or []:
            yield _contract(system, table, path)


def _contract(system: str, table: dict[str, Any], path: Path) -> Contract:
    object_name = _text(table, "name", str(path))
    where = f"{path}: {object_name}"
    meta = ((table.get("config") or {}).get("meta") or {}).get("contract")
    if not isinstance(meta, dict):
        raise ContractError("config.meta.contract is missing.", where=where)
    _known_keys(meta, _CONTRACT_KEYS, where)
    format_name = _one_of(meta, "format", FORMATS, where)
    kind = _one_of(meta, "kind", KINDS, where)
    key = _texts(meta, "key", where)
    columns = tuple(_column(item, key, where) for item in table.get("columns") or [])
    names = [column.name for column in columns]
    if len(set(names)) != len(names):
        raise ContractError("A column is listed twice.", where=where)
    if not columns:
        raise ContractError("columns is empty.", where=where)
    if not key:
        raise ContractError("key is empty: say which columns name a record.", where=where)
    version_column = meta.get("version_column")
    event_column = meta.get("event_column")
    for wanted in (*key, version_column, event_column):
        if wanted is not None and wanted not in names:
            raise ContractError(f"{wanted} is not among the columns.", where=where)
    if not isinstance(meta.get("version"), int):
        raise ContractError("version must be a whole number.", where=where)
    return Contract(
        system=system,
        object_name=object_name,
        version=meta["version"],
        format=cast(Format, format_name),
        kind=cast(Kind, kind),
        files=_texts(meta, "files", where),
        key=key,
        columns=columns,
        version_column=version_column,
        event_column=event_column,
        unnest=meta.get("unnest"),
        record_required=_texts(meta, "record_required", where),
        control_records=_texts(meta, "control_records", where),
        null_markers=_texts(meta, "null_markers", where),
        is_also_table=_is_also_table(meta, format_name, where),
        classes=_texts(meta, "classes", where),
        other=json.dumps(
            [meta, [(item.get("config") or {}).get("meta") for item in table["columns"]]],
            sort_keys=True,
            default=str,
        ),
    )


def _column(item: dict[str, Any], key: tuple[str, ...], where: str) -> Column:
    name = _text(item, "name", where)
    where = f"{where}.{name}"
    meta = (item.get("config") or {}).get("meta") or {}
    _known_keys(meta, _COLUMN_KEYS, where)
    return Column(
        name=name,
        type=_one_of(meta, "type", TYPES, where),
        data_type=_text(item, "data_type", where),
        aliases=_texts(meta, "aliases", where),
        path=meta.get("path"),
        required=bool(meta.get("required", False)),
        header_required=bool(meta.get("header_required", name in key)),
        configurable=bool(meta.get("configurable", False)),
        may_be_ahead=bool((meta.get("cast") or {}).get("may_be_ahead", False)),
        description=" ".join(str(item.get("description") or "").split()),
        allowed=tuple(map(str, (meta.get("cast") or {}).get("allowed") or ())),
    )


def _is_also_table(meta: dict[str, Any], format_name: str, where: str) -> bool:
    value = meta.get("is_also_table", False)
    if not isinstance(value, bool) or (value and format_name != "jsonl"):
        raise ContractError("is_also_table is true or false, and of jsonl alone.", where=where)
    return value


def _known_keys(meta: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(meta) - known)
    if unknown:
        raise ContractError(
            f"Unknown keys {', '.join(unknown)}; known are {', '.join(sorted(known))}.",
            where=where,
        )


def _text(item: dict[str, Any], key: str, where: str) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not value:
        raise ContractError(f"{key} must be a text.", where=where)
    return value


def _texts(item: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = item.get(key) or []
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise ContractError(f"{key} must be a list of texts.", where=where)
    return tuple(value)


def _one_of(item: dict[str, Any], key: str, allowed: tuple[str, ...], where: str) -> str:
    value = item.get(key)
    if value not in allowed:
        raise ContractError(
            f"{key} must be one of {', '.join(allowed)}, not {value!r}.", where=where
        )
    return cast(str, value)
