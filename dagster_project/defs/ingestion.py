"""The first stop: export files become raw tables, one asset per exported object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import dagster as dg

from dagster_project.lib.contracts import load_contracts
from dagster_project.lib.night import Night
from dagster_project.lib.work_database import FACT_TABLES
from dagster_project.settings import DBT_PROJECT

_CONTRACTS = load_contracts(DBT_PROJECT)
_SPECS = {
    (contract.system, contract.object_name): dg.AssetSpec(
        key=["raw", contract.system, contract.object_name],
        group_name=f"raw_{contract.system}",
        kinds={"parquet"},
    )
    for contract in _CONTRACTS
}
# A dict, because Dagster's loader takes every list of specs in a module for assets of its own.
_FACTS = {
    table: dg.AssetSpec(
        key=["raw", "kura", table],
        group_name="raw_kura",
        description="What the night knows of itself: its day, its configuration, the files it read.",
        kinds={"duckdb"},
    )
    for table in (*FACT_TABLES, "file_quarantine")
}


@dg.multi_asset(specs=[*_SPECS.values(), *_FACTS.values()], name="ingestion")
def raw_exports(night: dg.ResourceParam[Night]) -> Iterator[dg.MaterializeResult[None]]:
    """Reads new export files, sets bad records aside, and shows the work database the raw tables."""
    result = night.ingest()
    files: Counter[tuple[str, str]] = Counter()
    accepted: Counter[tuple[str, str]] = Counter()
    quarantined: Counter[tuple[str, str]] = Counter()
    for row in result.active:
        key = (row.receipt.system, str(row.receipt.object_name))
        files[key] += 1
        accepted[key] += row.receipt.records_accepted
        quarantined[key] += row.receipt.records_quarantined
    for key, spec in _SPECS.items():
        yield dg.MaterializeResult(
            asset_key=spec.key,
            metadata={
                "files": files[key],
                "dagster/row_count": accepted[key],
                "quarantined": quarantined[key],
            },
        )
    told: dict[str, str | int] = {
        "as_of": str(night.as_of),
        "run_id": night.run_id,
        "new_files": sum(1 for row in result.readings if row.is_new),
        "files_rejected": len(result.rejected),
        "files_left_alone": len(result.left_alone),
    }
    if result.warnings:
        told["warnings"] = "\n".join(result.warnings)
    for spec in _FACTS.values():
        yield dg.MaterializeResult(asset_key=spec.key, metadata=told)
