"""The last stops: candidate, gate, release. Each can be launched alone; none can go around the gate."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from dagster_project.lib.audit import SUITES_OF_THE_GATE, suite_names
from dagster_project.lib.night import Night
from dagster_project.settings import EXPECTATIONS

_TABLES = suite_names(EXPECTATIONS)
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
    check_specs=[
        dg.AssetCheckSpec(name=name, asset=_AUDIT) for name in (*_TABLES, *SUITES_OF_THE_GATE)
    ],
)
def audit(night: dg.ResourceParam[Night]) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Every expectation, dbt test and reconciliation over the candidate, written down beside it."""
    judged = night.judge()
    for name in (*_TABLES, *SUITES_OF_THE_GATE):
        checks = [check for check in judged.checks if check.suite == name]
        blocking = [check for check in checks if check.blocks]
        failed = [check for check in checks if not check.passed]
        yield dg.AssetCheckResult(
            asset_key=_AUDIT,
            check_name=name,
            passed=not failed,
            severity=dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN,
            metadata={
                "checks": len(checks),
                "failed": ", ".join(check.id for check in failed) or "none",
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
