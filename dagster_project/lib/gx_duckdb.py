"""Great Expectations on DuckDB: a small datasource of ours and the running of suites through it.

With either DuckDB dialect Great Expectations 1.24 loses its rows, because it closes the connection
before fetching from it [measured]; the subclasses here keep one read-only connection open (its public
extension points `SQLDatasource.execution_engine_type` and `SqlAlchemyExecutionEngine.get_connection`).
They live in a module, because a datasource class defined in `__main__` collides with itself.

`run` gives facts: which expectation ran, on how many values, what it observed, never a value of a
row. What the facts mean is left to `gate`. Importing this module imports Great Expectations, which
takes seconds: import it only where the gate runs; `warm_up` does so ahead of time, in a thread.
"""

from __future__ import annotations

import os
import warnings

# Before the import: it decides about telemetry while it is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import builtins
import contextlib
import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Literal

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
    from great_expectations.execution_engine.sqlalchemy_execution_engine import (
        SqlAlchemyExecutionEngine,
    )
    from great_expectations.expectations.core.unexpected_rows_expectation import (
        UnexpectedRowsExpectation,
    )
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

from dagster_project.lib.engine import settings as engine_settings
from dagster_project.lib.sql_text import literal
from dagster_project.lib.suites import BATCH, NO_ROWS, Check, Suite

# Counts only: no values of rows in any result.
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


class OneConnectionEngine(SqlAlchemyExecutionEngine):
    """Keeps its connection until `close`."""

    @contextmanager
    def get_connection(self) -> Iterator[Any]:
        if self._connection is None:
            self._connection = self.engine.connect()
        yield self._connection


class KuraDuckDBDatasource(SQLDatasource):
    """A DuckDB file, opened read-only once."""

    # The name its kind is registered under.
    type: Literal["kura_duckdb"] = "kura_duckdb"  # type: ignore[assignment]

    @property
    def execution_engine_type(self) -> builtins.type[OneConnectionEngine]:
        return OneConnectionEngine


class ExpectNoRowsFromQuery(UnexpectedRowsExpectation):
    """Passes when the query returns no row. Only counts: the rows themselves are never fetched."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        rows = metrics["unexpected_rows_query.row_count"]
        return {"success": rows == 0, "result": {"observed_value": rows}}


@dataclass(frozen=True)
class Outcome:
    """What became of one expectation.

    ran: it was evaluated without an error.
    examined: values (or rows) it looked at; None when the expectation does not say.
    """

    check_id: str
    column: str | None
    ran: bool
    passed: bool
    examined: int | None
    violations: int | None
    observed: str | None
    error: str | None


def warm_up() -> None:
    """Does nothing; importing this module is what takes the seconds."""


def problem_with(table: str, check: Check) -> str | None:
    """Why this check could not run as it is written, or None."""
    if check.sql is not None:
        return None if BATCH in check.sql else f"The SQL must read from {BATCH}, its own table."
    assert check.expect is not None
    if check.expect not in list_registered_expectation_implementations():
        return f"Unknown expectation type {check.expect}."
    implementation = get_expectation_impl(check.expect)
    parameters = {
        "as_of": "2000-01-01",
        "run_id": "run",
        "max_change_share": 0.5,
        "max_past_change_share": 0.05,
    }
    for _, arguments in check.expectations(table, parameters):
        try:
            implementation(**arguments)
        except Exception as error:
            return f"{check.expect} does not take these arguments: {_first_line(error)}"
        if not _asks_anything(check.expect, arguments):
            return f"{check.expect} without a bound or set holds for everything."
    return None


def _asks_anything(name: str, arguments: Mapping[str, Any]) -> bool:
    if name.endswith("_between"):
        return any(arguments.get(bound) is not None for bound in ("min_value", "max_value"))
    return True


def run(
    warehouse: Path,
    suites: Sequence[Suite],
    parameters: Mapping[str, Any],
    *,
    last_release: Path | None,
    spill: Path,
    skip: frozenset[str] = frozenset(),
) -> list[Outcome]:
    """Run every check of every suite on the tables of `warehouse`, which stays read-only.

    last_release: the warehouse file of the current release, attached as `last`.
    spill: a folder for what does not fit into memory.
    skip: ids of checks that do not apply to this run.
    """
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    # What Great Expectations prints while it works is of no use to the person watching the night.
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return _run(warehouse, suites, parameters, last_release, spill, skip)


def _run(
    warehouse: Path,
    suites: Sequence[Suite],
    parameters: Mapping[str, Any],
    last_release: Path | None,
    spill: Path,
    skip: frozenset[str],
) -> list[Outcome]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    # The name of the method is made from the datasource's `type`.
    source = context.data_sources.add_kura_duckdb(
        "candidate",
        connection_string=f"duckdb:///{warehouse}",
        kwargs={"connect_args": {"read_only": True, "config": engine_settings(spill)}},
    )
    engine = source.get_execution_engine()
    outcomes: list[Outcome] = []
    try:
        with engine.get_connection() as connection:
            if last_release is not None:
                connection.exec_driver_sql(
                    f"attach {literal(str(last_release))} as last (read_only)"
                )
            connection.exec_driver_sql("set enable_external_access = false")
            connection.exec_driver_sql("set lock_configuration = true")
        for suite in suites:
            outcomes += _run_suite(source, suite, parameters, skip)
    finally:
        if engine._connection is not None:
            engine._connection.close()
        engine.engine.dispose()
        source.get_engine().dispose()
    return outcomes


def _run_suite(
    source: Any, suite: Suite, parameters: Mapping[str, Any], skip: frozenset[str]
) -> list[Outcome]:
    asset = source.add_table_asset(suite.table, table_name=suite.table)
    batch = asset.add_batch_definition_whole_table("whole").get_batch()
    expectations = gx.ExpectationSuite(name=suite.table)
    planned: dict[str, tuple[Check, str | None]] = {}
    for check in suite.checks:
        if suite.check_id(check) in skip:
            continue
        for number, (name, arguments) in enumerate(check.expectations(suite.table, parameters)):
            mark = f"{check.id}#{number}"
            planned[mark] = (check, arguments.get("column"))
            expectations.add_expectation(
                get_expectation_impl(name)(**arguments, meta={"kura": mark})
            )
    results = batch.validate(expectations, result_format=_RESULT_FORMAT)
    found = {
        (result.expectation_config.meta or {}).get("kura"): result for result in results.results
    }
    return [
        _outcome(suite.check_id(check), column, found.get(mark))
        for mark, (check, column) in planned.items()
    ]


def _outcome(check_id: str, column: str | None, result: Any) -> Outcome:
    if result is None:
        return Outcome(check_id, column, False, False, None, None, None, "it was not run")
    error = _raised(result.exception_info or {})
    if error is not None:
        return Outcome(check_id, column, False, False, None, None, None, error)
    facts = result.result or {}
    elements, missing = facts.get("element_count"), facts.get("missing_count") or 0
    examined = None if elements is None else int(elements) - int(missing)
    observed = facts.get("observed_value")
    if "observed_value" in facts and observed is None:
        # An aggregate of nothing: Great Expectations calls that a success.
        examined = 0
    return Outcome(
        check_id=check_id,
        column=column,
        ran=True,
        passed=bool(result.success),
        examined=examined,
        violations=facts.get("unexpected_count"),
        # Texts and sets of values could quote rows; numbers and dates cannot.
        observed=str(observed) if isinstance(observed, int | float | Decimal | date) else None,
        error=None,
    )


def _raised(info: Mapping[str, Any]) -> str | None:
    if "raised_exception" in info:
        return _first_line(info.get("exception_message")) if info["raised_exception"] else None
    for detail in info.values():
        if isinstance(detail, dict) and detail.get("raised_exception"):
            return _first_line(detail.get("exception_message"))
    return None


def _first_line(error: object) -> str:
    # The rest of such messages may quote the SQL or values of rows.
    return (str(error).strip().splitlines() or ["unknown error"])[0][:200]


# The suites name the class by the name Great Expectations derives from it.
assert NO_ROWS in list_registered_expectation_implementations()
