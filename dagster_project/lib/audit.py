"""The audit: what was checked on one candidate, what came out, and whether it may be shown.

The verdict is never stored as a fact to be believed: `Audit.refusals` derives it from the checks each
time, and the publisher asks it again. Making an audit is left to `gate`, showing it to `audit_page`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from dagster_project.lib.acceptances import Acceptance
from dagster_project.lib.candidate import AUDIT
from dagster_project.lib.errors import KuraError
from dagster_project.lib.pages import written as written
from dagster_project.lib.suites import HAS_ROWS, Kind, Nature, Words

# What a check observed that looked at a table without rows.
NO_ROWS = "no rows"

Status = Literal["passed", "failed", "accepted", "not_applicable", "did_not_run"]


class AuditError(KuraError):
    """There is no usable audit of this candidate."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CheckResult(_Model):
    """One check: what was expected, what was seen."""

    id: str
    table: str
    kind: Kind
    nature: Nature
    status: Status
    observed: str
    expected: str
    says: Words
    do: Words
    # Why it did not apply or could not run.
    note: str | None = None
    accepted_by: Acceptance | None = None

    @property
    def ran(self) -> bool:
        return self.status != "did_not_run"

    @property
    def passed(self) -> bool:
        return self.status in {"passed", "not_applicable"}

    @property
    def is_to_watch(self) -> bool:
        """Failed, and only a warning: no reason to refuse anything."""
        return self.status == "failed" and self.kind == "warning"

    @property
    def can_be_accepted(self) -> bool:
        return self.nature == "plausibility" and self.kind == "critical"

    @property
    def refuses(self) -> bool:
        """Whether this check alone keeps the candidate from being shown."""
        if not self.ran:
            return True
        if self.kind == "warning" or self.passed:
            return False
        return not (
            self.status == "accepted" and self.can_be_accepted and self.accepted_by is not None
        )


class SourceSummary(_Model):
    """One source as the manager sees it: how much came, how much was set aside, what is covered."""

    source_id: str
    system: str
    is_required: bool
    files: int
    files_rejected: int
    records_in: int
    records_set_aside: int
    covers_as_of: bool | None
    covered_to: date | None
    covered_days_of_30: int | None


class SetAside(_Model):
    """Records of one source that were not counted, by reason. Never the records themselves."""

    source_id: str
    object_name: str | None
    reason: str
    records: int
    files: int


class Figure(_Model):
    """One KPI of the last full month for the whole company."""

    metric: str
    ja: str
    en: str
    category: str
    unit: str
    numerator: float | None
    denominator: float | None
    value: float | None
    target: float | None
    previous: float | None
    status: str
    is_headline: bool = False


class Told(_Model):
    """One finding of the diagnosis, in both languages."""

    ja: str
    en: str


class Summary(_Model):
    """What the page shows beside the checks."""

    month: date | None = None
    figures: tuple[Figure, ...] = ()
    sources: tuple[SourceSummary, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    dbt_models: int = 0
    dbt_tests: int = 0
    last_release: str | None = None
    last_as_of: date | None = None
    # As-of date of the release figures are compared with, and how many monthly headline figures of the
    # company moved since; None without such a release.
    compared_with: date | None = None
    restated: int | None = None
    # How many findings there are of periods that end with that month or later, and the first of them.
    findings_count: int = 0
    findings: tuple[Told, ...] = ()


class Audit(_Model):
    """`audit.json`."""

    format: int = 1
    run_id: str
    as_of: date
    company: str
    manifest_sha256: str
    expectations_sha256: str
    verdict: Literal["passed", "refused"]
    checks: tuple[CheckResult, ...]
    summary: Summary = Summary()

    @property
    def refusals(self) -> tuple[CheckResult, ...]:
        """Every check that keeps the candidate from being shown."""
        return tuple(check for check in self.checks if check.refuses)

    @property
    def causes(self) -> tuple[CheckResult, ...]:
        """The refusals a person must read: of a table that wrongly has no rows, that alone."""
        empty = {check.table for check in self.refusals if check.id == f"{check.table}.{HAS_ROWS}"}
        return tuple(
            check
            for check in self.refusals
            if check.table not in empty or check.observed != NO_ROWS
        )

    @property
    def accepted(self) -> tuple[CheckResult, ...]:
        return tuple(check for check in self.checks if check.status == "accepted")

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """Checks that failed without refusing."""
        return tuple(check for check in self.checks if check.is_to_watch)

    @property
    def passed_count(self) -> int:
        return sum(check.status == "passed" for check in self.checks)


def read_audit(folder: Path) -> Audit:
    """The audit of a candidate or release folder; AuditError when there is none or it is damaged."""
    path = folder / AUDIT
    try:
        return Audit.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise AuditError(
            "This candidate was never judged.",
            where=str(folder),
            remedy="Run the whole night: `kpi run`.",
        ) from error
    except (OSError, ValueError) as error:
        raise AuditError(
            "The audit cannot be read.", where=str(path), remedy="Run the night again."
        ) from error
