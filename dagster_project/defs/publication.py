"""The last stops: candidate, gate, release. Each can be launched alone; none can go around the gate."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from dagster_project.lib import suites
from dagster_project.lib.night import Night
from dagster_project.settings import EXPECTATIONS

_TABLES = tuple(sorted(suites.keys(EXPECTATIONS)))
# What the gate asks besides the suites: the books of the work database, and dbt's own tests.
_BOOKS = ("reconciliation", "dbt")
_CANDIDATE = dg.AssetKey(["release", "candidate"])
_AUDIT = dg.AssetKey(["release", "audit"])


@dg.asset(
    key=_CANDIDATE,
    deps=[dg.AssetKey(["marts", table]) for table in _TABLES],
    group_name="release",
    kinds={"duckdb", "parquet"},
)
def candidate(night: dg.ResourceParam[Night]) -> dg.MaterializeResult[None]:
    """The marts copied into a release that nobody sees yet."""
    folder = night.build_candidate()
    return dg.MaterializeResult(metadata={"candidate": folder.name})


@dg.asset(
    key=_AUDIT,
    deps=[_CANDIDATE],
    group_name="release",
    kinds={"greatexpectations"},
    check_specs=[dg.AssetCheckSpec(name=name, asset=_AUDIT) for name in (*_TABLES, *_BOOKS)],
)
def audit(
    night: dg.ResourceParam[Night],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Every expectation, dbt test and reconciliation over the candidate, written down beside it."""
    judged = night.judge()
    for name in (*_TABLES, *_BOOKS):
        checks = [check for check in judged.checks if check.table == name]
        refusing = [check.id for check in checks if check.refuses]
        failed = [check.id for check in checks if not check.passed]
        yield dg.AssetCheckResult(
            asset_key=_AUDIT,
            check_name=name,
            passed=not failed,
            severity=dg.AssetCheckSeverity.ERROR if refusing else dg.AssetCheckSeverity.WARN,
            metadata={
                "checks": len(checks),
                "failed": ", ".join(failed) or "none",
            },
        )
    yield dg.MaterializeResult(
        asset_key=_AUDIT,
        metadata={"verdict": judged.verdict, "checks": len(judged.checks)},
    )


@dg.asset(key=["release", "current"], deps=[_AUDIT], group_name="release", kinds={"duckdb"})
def release(night: dg.ResourceParam[Night]) -> dg.MaterializeResult[None]:
    """The candidate becomes the release readers see, if and only if its own audit allows it."""
    published = night.publish()
    return dg.MaterializeResult(
        metadata={"release": published.release_id, "as_of": str(published.as_of)}
    )
