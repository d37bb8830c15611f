"""The gate: every check on one candidate, and the verdict.

`judge` runs the suites on the candidate's own file, puts the reconciliation's questions to the work
database, reads dbt's results, applies what people have accepted, and writes `audit.json` and
`audit.html` into the candidate. A check that could not run, or that looked at nothing, never passes.
Shipping is left to `releases`, which believes nothing it cannot derive again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.lib import acceptances, reconciliation, suites
from dagster_project.lib.audit import NO_ROWS, Audit, CheckResult, Status
from dagster_project.lib.candidate import (
    AUDIT,
    AUDIT_PAGE,
    MANIFEST,
    FileKey,
    Manifest,
    read_manifest,
)
from dagster_project.lib.checksums import file_sha256
from dagster_project.lib.errors import KuraError
from dagster_project.lib.query import WAREHOUSE, sandboxed
from dagster_project.lib.suites import Check, Suite
from dagster_project.settings import EXPECTATIONS, House, Settings


class GateError(KuraError):
    """The gate could not do its work; nothing is published."""

    exit_code = 3


def judge(
    house: House,
    settings: Settings,
    candidate: Path | None = None,
    *,
    expectations: Path = EXPECTATIONS,
    dbt_target: Path | None = None,
) -> Audit:
    """Judge the candidate (by default the house's only one) and write the audit into it.

    A refusal is an audit with the verdict `refused`, not an exception. Raises GateError when there is
    no candidate, SuiteError when a suite would not protect its table.
    """
    from dagster_project.lib import audit_page

    folder = candidate or the_candidate(house)
    manifest = read_manifest(folder)
    for name in (AUDIT, AUDIT_PAGE):
        (folder / name).unlink(missing_ok=True)
    recorded = acceptances.read(house)
    loaded = suites.load(expectations, {table.name: table.columns for table in manifest.tables})
    last = last_release(house)
    checks = [
        *judge_tables(house, settings, folder / WAREHOUSE, manifest, loaded, last),
        *judge_books(house, settings, manifest, last),
    ]
    dbt_checks, models, tests = judge_dbt(dbt_target or house.dbt_target, manifest)
    checks += dbt_checks
    checks = [_accepted(check, recorded, manifest) for check in checks]
    summary = audit_page.summarise(house, folder, manifest, models=models, tests=tests)
    audit = Audit(
        run_id=manifest.run_id,
        as_of=manifest.as_of,
        company=manifest.company,
        manifest_sha256=file_sha256(folder / MANIFEST),
        expectations_sha256=suites.fingerprint(expectations),
        verdict="refused" if any(check.refuses for check in checks) else "passed",
        checks=tuple(checks),
        summary=summary,
    )
    _write(folder / AUDIT, audit.model_dump_json(indent=2) + "\n")
    _write(folder / AUDIT_PAGE, audit_page.render(audit, manifest))
    return audit


def the_candidate(house: House) -> Path:
    """The one candidate the house holds; GateError when there is none, or more than one."""
    found = sorted(house.candidates.iterdir()) if house.candidates.is_dir() else []
    whole = [path for path in found if (path / MANIFEST).is_file() and path.suffix != ".partial"]
    if len(whole) != 1:
        raise GateError(
            "There is no candidate to judge." if not whole else "There is more than one candidate.",
            where=str(house.candidates),
            remedy="Run the whole night: `kpi run`.",
        )
    return whole[0]


def expected_ids(expectations: Path) -> frozenset[str]:
    """The ids of all checks an audit must hold."""
    return suites.check_ids(expectations) | reconciliation.CHECK_IDS


def _write(path: Path, text: str) -> None:
    # Written whole or not at all: a half audit must not exist.
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    partial.chmod(0o444)
    partial.replace(path)


def judge_tables(
    house: House,
    settings: Settings,
    warehouse: Path,
    manifest: Manifest,
    loaded: Sequence[Suite],
    last: LastRelease,
) -> list[CheckResult]:
    """What the suites say about the tables of one warehouse file."""
    # Imported here: Great Expectations takes seconds to import.
    from dagster_project.lib import gx_duckdb

    skipped = {
        suite.check_id(check): reason
        for suite in loaded
        for check in suite.checks
        if (reason := _does_not_apply(suite, check, last))
    }
    outcomes = gx_duckdb.run(
        warehouse,
        loaded,
        {
            "as_of": manifest.as_of,
            "run_id": manifest.run_id,
            "max_change_share": settings.gate.max_change_share,
            "max_past_change_share": settings.gate.max_past_change_share,
        },
        last_release=last.warehouse,
        spill=house.spill,
        skip=frozenset(skipped),
    )
    by_check: dict[str, list[gx_duckdb.Outcome]] = {}
    for outcome in outcomes:
        by_check.setdefault(outcome.check_id, []).append(outcome)
    results = []
    for suite in loaded:
        table = manifest.table(suite.table)
        rows = table.rows if table else 0
        for check in suite.checks:
            name = suite.check_id(check)
            status: Status
            if name in skipped:
                status, observed, note = "not_applicable", "–", skipped.get(name)
            else:
                status, observed, note = _judged(suite, check, by_check.get(name, []), rows)
            results.append(
                CheckResult(
                    id=name,
                    table=suite.table,
                    kind=check.kind,
                    nature=check.nature,
                    status=status,
                    observed=observed,
                    expected=_expected(check),
                    says=check.says,
                    do=check.remedy,
                    note=note,
                )
            )
    return results


@dataclass(frozen=True)
class LastRelease:
    """The current release as something to compare with.

    warehouse, columns (by table): of its database; None and empty when it cannot be compared with.
    set_aside: records set aside of every file it was made of.
    trouble: why it cannot be read as it was published.
    """

    warehouse: Path | None = None
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    set_aside: Mapping[FileKey, int] = field(default_factory=dict)
    trouble: str | None = None

    @property
    def exists(self) -> bool:
        return self.warehouse is not None or self.trouble is not None


def last_release(house: House) -> LastRelease:
    """The current release; one that is damaged must not keep a good one from taking its place."""
    if not house.current.is_symlink():
        return LastRelease()
    folder = house.current.resolve()
    set_aside: dict[FileKey, int] = {}
    try:
        manifest = read_manifest(folder)
        set_aside = {
            item.key: item.records_set_aside
            for item in manifest.inputs
            if item.status == "accepted" and item.records_set_aside is not None
        }
        warehouse = folder / WAREHOUSE
        published = {file.path: file.sha256 for file in manifest.files}
        if file_sha256(warehouse) != published.get(WAREHOUSE):
            trouble = f"{WAREHOUSE} differs from the file that was published"
            return LastRelease(set_aside=set_aside, trouble=f"{folder.name}: {trouble}")
        return LastRelease(warehouse, _columns(warehouse), set_aside)
    except (KuraError, OSError, duckdb.Error) as error:
        what = error.message if isinstance(error, KuraError) else type(error).__name__
        return LastRelease(set_aside=set_aside, trouble=f"{folder.name}: {what}")


def _columns(warehouse: Path) -> dict[str, frozenset[str]]:
    columns: dict[str, set[str]] = {}
    with sandboxed(warehouse) as connection:
        for table, column in connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal"
        ).fetchall():
            columns.setdefault(table, set()).add(column)
    return {table: frozenset(names) for table, names in columns.items()}


def _does_not_apply(suite: Suite, check: Check, last: LastRelease) -> str | None:
    if not check.needs_last:
        return None
    if last.warehouse is None:
        return (
            "the last release cannot be read" if last.trouble else "no release to compare with yet"
        )
    missing = set(check.needs_last) - last.columns.get(suite.table, frozenset())
    if missing:
        return f"the last release has no {', '.join(sorted(missing))}"
    return None


def _judged(
    suite: Suite, check: Check, outcomes: Sequence[Any], rows: int
) -> tuple[Status, str, str | None]:
    """(status, observed, note) of a suite's check from what its expectations came to."""
    planned = max(1, len(check.columns))
    broken = [outcome for outcome in outcomes if not outcome.ran]
    if broken or len(outcomes) != planned:
        return "did_not_run", "–", broken[0].error if broken else "not every part of it ran"
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if failed:
        return "failed", _observed(failed), None
    if check.expect == "expect_table_row_count_to_be_between":
        return "passed", _observed(outcomes), None
    if rows == 0:
        # The table's emptiness itself is judged by `has_rows` and by the reconciliation.
        if suite.may_be_empty or check.may_be_empty:
            return "not_applicable", NO_ROWS, "the table may be empty, and is"
        return "failed", NO_ROWS, "it looked at nothing, so it proved nothing"
    vacuous = [outcome for outcome in outcomes if outcome.examined == 0]
    if vacuous and not check.may_be_null:
        names = ", ".join(outcome.column or suite.table for outcome in vacuous)
        return "failed", f"no values: {names}", "it looked at nothing, so it proved nothing"
    if vacuous and len(vacuous) == len(outcomes):
        return "not_applicable", "no values", "every value may be absent, and is"
    return "passed", _observed(outcomes), None


def _observed(outcomes: Sequence[Any]) -> str:
    parts = []
    for outcome in outcomes:
        where = f"{outcome.column}: " if outcome.column and len(outcomes) > 1 else ""
        if outcome.observed is not None:
            unit = "" if outcome.column else " rows"
            parts.append(f"{where}{outcome.observed}{unit}")
        elif outcome.violations:
            parts.append(f"{where}{outcome.violations} of {outcome.examined} values")
    if parts:
        return "; ".join(parts)
    examined = [outcome.examined for outcome in outcomes if outcome.examined is not None]
    return f"{max(examined)} values" if examined else "as expected"


def _expected(check: Check) -> str:
    if check.sql is not None:
        return "0 rows"
    low, high = check.with_.get("min_value"), check.with_.get("max_value")
    if low is not None or high is not None:
        bounds = [f"≥ {low}" if low is not None else "", f"≤ {high}" if high is not None else ""]
        return " and ".join(bound for bound in bounds if bound)
    if "value_set" in check.with_:
        return "one of " + ", ".join(str(value) for value in check.with_["value_set"])
    return (check.expect or "").removeprefix("expect_").replace("_", " ")


def judge_books(
    house: House, settings: Settings, manifest: Manifest, last: LastRelease
) -> list[CheckResult]:
    """What the reconciliation says about the work database."""
    terms = reconciliation.Terms(
        settings=settings,
        as_of=manifest.as_of,
        set_aside_before=last.set_aside,
        has_release=last.exists,
        trouble=last.trouble,
    )
    results = []
    with reconciliation.books(house.work_database) as connection:
        for question in reconciliation.QUESTIONS:
            note = None
            status: Status
            try:
                finding = question.ask(connection, terms)
            except duckdb.Error as error:
                status, observed, expected = "did_not_run", "–", "an answer"
                note = str(error).splitlines()[0][:200]
            else:
                observed, expected = finding.observed, finding.expected
                status = "failed" if finding.violations else "passed"
                if not finding.applies and not finding.violations:
                    status, note = "not_applicable", "nothing to compare"
            results.append(
                CheckResult(
                    id=question.id,
                    table="reconciliation",
                    kind=question.kind,
                    nature=question.nature,
                    status=status,
                    observed=observed,
                    expected=expected,
                    says=question.says,
                    do=question.do,
                    note=note,
                )
            )
    return results


def judge_dbt(target: Path, manifest: Manifest) -> tuple[list[CheckResult], int, int]:
    """What dbt's own results say, and how many models and tests they cover."""
    note = None
    findings: Mapping[str, reconciliation.Finding] = {}
    models = tests = 0
    try:
        contents = {table.name: table.content for table in manifest.tables}
        found = reconciliation.dbt_findings(target, manifest.run_id, contents)
        findings, models, tests = found.findings, found.models, found.tests
    except (OSError, ValueError, KeyError, TypeError) as error:
        note = f"dbt's results cannot be read: {type(error).__name__}"
    results = []
    for name, says in reconciliation.DBT_QUESTIONS.items():
        finding = findings.get(name)
        status: Status = "did_not_run"
        if finding is not None:
            status = "failed" if finding.violations else "passed"
        results.append(
            CheckResult(
                id=name,
                table="dbt",
                kind="critical",
                nature="integrity",
                status=status,
                observed=finding.observed if finding else "–",
                expected=finding.expected if finding else "dbt's results",
                says=says,
                do=suites.default_remedy("integrity"),
                note=note,
            )
        )
    return results, models, tests


def _accepted(
    check: CheckResult, recorded: Sequence[acceptances.Acceptance], manifest: Manifest
) -> CheckResult:
    if check.status != "failed" or not check.can_be_accepted:
        return check
    acceptance = acceptances.holding(recorded, check.id, manifest.as_of)
    if acceptance is None:
        return check
    return check.model_copy(update={"status": "accepted", "accepted_by": acceptance})
