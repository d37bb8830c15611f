"""Nights at a sixth of the price, over the product's own ingestion, staging models and SQL.

A night takes thirty seconds of processor, nearly all of it dbt's care for 188 models and 203 tests. What
houses differ in, and what is *kept* between nights, are raw files, receipts and staging tables. So a quick
night reads the exports and runs dbt on the staging models that have something to stage, as the product
does, in a fork of a process that has imported dbt and parsed the project. The models behind them are
rebuilt every night, whatever was there: their SQL is the same in every house, and is run, as dbt compiled
it for a house after a whole night, once, after the last night.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.lib.dbt_child import environment
from dagster_project.lib.night import Night
from dagster_project.lib.readings import IngestionResult
from dagster_project.lib.transformation import manifest
from dagster_project.settings import DBT_PROJECT, PROJECT_ROOT, House
from tests.nights.unlike import OF_THE_NIGHT, Difference, differences, published

_STAGING_TABLES = "select table_name from duckdb_tables() where schema_name = 'staging'"
# What reading told on the way (a line without an end, say) is no fact about the records.
_OF_THE_WAY = ("warnings",)


class DbtFailed(AssertionError):
    """A staging model could not be built."""


class Dbt:
    """A process that has dbt and the parsed project in memory; every run is a fork of it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.nights.quick", os.fspath(manifest().parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT_ROOT,
            # It is stopped in the middle of its work, as a night may be: nothing to warn of.
            env={
                **environment(os.environ, "quick"),
                "PYTHONWARNINGS": "ignore:resource_tracker",
            },
        )

    def run(self, house: House, models: Sequence[str]) -> None:
        """`dbt run` of these models on a house's work database. Raises DbtFailed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        log = house.work / "quick.log"
        asked = {"work": os.fspath(house.work), "models": list(models), "log": os.fspath(log)}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        if answer != "0":
            raise DbtFailed(log.read_text(encoding="utf-8")[-3000:] if log.is_file() else answer)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True)
class Compiled:
    """One model behind staging: its relation and its SQL, in an order in which they can be run."""

    relation: str
    sql: str


class Quick:
    """Quick nights of any house, and the comparison with a reference.

    reference: a house after a whole night; `folder` is for what is kept of it.
    """

    def __init__(self, reference: House, folder: Path) -> None:
        self._reference = reference
        self._compiled = _compiled(reference)
        self._dbt = Dbt()
        self._blank = folder / "blank.duckdb"
        shutil.copyfile(reference.work_database, self._blank)
        with duckdb.connect(str(self._blank)) as connection:
            for (model,) in connection.execute(_STAGING_TABLES).fetchall():
                # Without its comment, which says what made it, dbt makes the table anew when it is asked to.
                connection.execute(
                    f"create or replace table staging.{model} as from staging.{model} limit 0"
                )

    def close(self) -> None:
        self._dbt.close()

    def marts(self, house: House, as_of: date) -> None:
        """The only night of a house, up to its marts."""
        self.night(house, as_of)
        self.build(house)

    def night(self, house: House, as_of: date) -> IngestionResult:
        """Read the exports and stage them, over what earlier nights of this house kept."""
        night = Night(house, as_of=as_of)
        if not house.work_database.is_file():
            house.work.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._blank, house.work_database)
        with night.lock():
            result = night.ingest()
        self._dbt.run(house, _to_stage(house))
        return result

    def read(self, house: House, as_of: date) -> IngestionResult:
        """Read the exports alone: everything that models are told, and none of them."""
        night = Night(house, as_of=as_of)
        with night.lock():
            return night.ingest()

    def build(self, house: House) -> None:
        """Everything behind staging, by the SQL dbt compiled for the reference."""
        with duckdb.connect(str(house.work_database), config={"threads": 2}) as connection:
            connection.execute("set TimeZone = 'UTC'")
            views = {
                f'"{database}"."{schema}"."{name}"'
                for database, schema, name in connection.execute(
                    "select database_name, schema_name, view_name from duckdb_views()"
                ).fetchall()
            }
            for model in self._compiled:
                if model.relation in views:
                    continue
                connection.execute(f"create or replace table {model.relation} as ({model.sql}\n)")

    def fails(self, house: House, test: str) -> bool:
        """Whether a data test (its name in `dbt_project/tests`) finds a row in a house that was built."""
        (sql,) = (
            item["compiled_code"]
            for item in _results(self._reference, "test")
            if item["unique_id"].split(".")[2] == test
        )
        with duckdb.connect(str(house.work_database), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(sql).fetchone() is not None

    def differences(
        self, house: House, reference: House | None = None, without: Sequence[str] = ()
    ) -> list[Difference]:
        """Published tables (and records set aside) that are not the reference's.

        reference: another house than this one's own that was built, too.
        """
        return self._compared(house, reference or self._reference, published, without)

    def _compared(
        self,
        house: House,
        reference: House,
        tables: Callable[[duckdb.DuckDBPyConnection], Iterable[str]],
        without: Sequence[str] = (),
    ) -> list[Difference]:
        with duckdb.connect(str(house.work_database), read_only=True) as connection:
            connection.execute(f"attach '{reference.work_database}' as reference (read_only)")
            return differences(connection, tables(connection), {*OF_THE_NIGHT, *without})

    def read_differences(self, house: House) -> list[Difference]:
        """What the models of this house are told otherwise than the reference's."""
        return self._compared(house, self._reference, _told_to_models, _OF_THE_WAY)


def _told_to_models(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [
        str(table)
        for (table,) in connection.execute(
            """select table_schema || '.' || table_name from information_schema.tables
            where table_catalog = 'reference' and table_schema like 'raw_%'
                and table_name <> 'run' order by all"""
        ).fetchall()
    ]


def _compiled(reference: House) -> list[Compiled]:
    return [
        Compiled(item["relation_name"], item["compiled_code"])
        for item in _results(reference, "run")
        if '"staging"' not in item["relation_name"]
    ]


def _results(reference: House, command: str) -> list[dict[str, Any]]:
    path = reference.dbt_target / f"run_results.{command}.json"
    return list(json.loads(path.read_text(encoding="utf-8"))["results"])


def _to_stage(house: House) -> list[str]:
    """Staging models of the objects that were read, and those that hold rows of nights before."""
    with duckdb.connect(str(house.work_database), read_only=True) as connection:
        models = connection.execute(
            f"""select distinct 'stg_' || system || '__' || object_name from raw_kura.files
            where is_active union ({_STAGING_TABLES} and estimated_size > 0) order by all"""
        ).fetchall()
    return [str(model) for (model,) in models]


def _serve(parsed: Path) -> None:
    """Answer requests on stdin, one JSON line each, with the exit code of a fork that did it."""
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what dbt prints is no answer
    flags = ["--project-dir", os.fspath(DBT_PROJECT), "--profiles-dir", os.fspath(DBT_PROJECT)]
    parsed_again = parsed.parent / f"quick-{os.getpid()}"
    shutil.copytree(parsed, parsed_again)
    found = dbtRunner().invoke(["parse", *flags, "--target-path", os.fspath(parsed_again), "-q"])
    if not isinstance(found.result, Manifest):
        raise RuntimeError(f"dbt could not parse the project: {found.exception}")
    shutil.rmtree(parsed_again)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(log, 1)
                os.dup2(log, 2)
                os.chdir(asked["work"])
                target = ["--target-path", os.fspath(Path(asked["work"]) / "dbt")]
                logs = ["--log-path", os.fspath(Path(asked["work"]) / "dbt")]
                done = dbtRunner(manifest=found.result).invoke(
                    ["--no-write-json", "run", "--select", *asked["models"], *flags, *target, *logs]
                )
                code = 0 if done.success else 1
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()
    os._exit(0)  # dbt's threads would wait for each other


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
