"""What people have accepted: failures of plausibility checks, with reason, name and last day.

`state/acceptances.jsonl` is only ever appended to. An acceptance holds for runs whose **as-of date**
is not later than its last day; the clock is never asked, so a rerun is judged as the run was. That an
integrity failure cannot be accepted is enforced here and again by `audit`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dagster_project.lib import journal, suites
from dagster_project.lib.errors import KuraError
from dagster_project.lib.reconciliation import ACCEPTABLE as ACCEPTABLE_RECONCILIATION
from dagster_project.lib.reconciliation import CHECK_IDS as RECONCILIATION_IDS
from dagster_project.lib.reconciliation import WARNINGS as RECONCILIATION_WARNINGS
from dagster_project.settings import EXPECTATIONS, House


class AcceptanceError(KuraError):
    """The acceptance was not recorded."""

    exit_code = 2


class Acceptance(BaseModel):
    """One line of `state/acceptances.jsonl`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: str
    reason: str = Field(min_length=1)
    by: str = Field(min_length=1)
    until: date

    def holds_for(self, check: str, as_of: date) -> bool:
        return self.check == check and as_of <= self.until


def accept(
    house: House,
    check: str,
    *,
    reason: str,
    by: str,
    until: date,
    expectations: Path = EXPECTATIONS,
) -> Acceptance:
    """Record that failures of this plausibility check are accepted for as-of dates to `until`.

    Raises AcceptanceError for a check nobody knows, an integrity check, a warning, or empty words.
    """
    known = suites.check_ids(expectations) | RECONCILIATION_IDS
    if check not in known and not check.startswith("dbt."):
        raise AcceptanceError(
            f"There is no check called {check}.",
            where=check,
            remedy="The ids stand in the night's table and in audit.json, for example "
            + ", ".join(sorted(acceptable(expectations))[:3])
            + ".",
        )
    if check in suites.warning_ids(expectations) | RECONCILIATION_WARNINGS:
        raise AcceptanceError(
            f"{check} is a warning: it never holds a release back.",
            where=check,
            remedy="There is nothing to accept.",
        )
    if check not in acceptable(expectations):
        raise AcceptanceError(
            f"{check} is an integrity check: its failure is an error, not a surprise, and can "
            "never be accepted.",
            where=check,
            remedy="Correct the cause and run the night again.",
        )
    try:
        acceptance = Acceptance(check=check, reason=reason.strip(), by=by.strip(), until=until)
    except ValidationError as error:
        raise AcceptanceError("An acceptance needs a reason and a name.", where=check) from error
    journal.append(house.acceptances, acceptance.model_dump(mode="json"))
    return acceptance


def acceptable(expectations: Path = EXPECTATIONS) -> frozenset[str]:
    """The ids of every check whose failure a person may accept."""
    return suites.acceptable_ids(expectations) | ACCEPTABLE_RECONCILIATION


def read(house: House) -> tuple[Acceptance, ...]:
    """Every acceptance ever recorded, oldest first; AcceptanceError when a line is damaged."""
    if not house.acceptances.is_file():
        return ()
    found = []
    # Split by bytes: a reason may hold what Unicode takes for a line break.
    for number, line in enumerate(house.acceptances.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append(Acceptance.model_validate_json(line))
        except ValidationError as error:
            raise AcceptanceError(
                "A recorded acceptance cannot be read.",
                where=f"{house.acceptances}, line {number}",
                remedy="Remove that line and accept the check again.",
            ) from error
    return tuple(found)


def holding(recorded: Iterable[Acceptance], check: str, as_of: date) -> Acceptance | None:
    """The latest acceptance of this check that holds for this as-of date."""
    found = None
    for acceptance in recorded:
        if acceptance.holds_for(check, as_of):
            found = acceptance
    return found
