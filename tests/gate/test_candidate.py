"""A candidate is the marts, completely and nothing else, in files any tool can open."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib import candidate, gate, verify
from dagster_project.lib.candidate import CandidateError, read_manifest
from dagster_project.lib.query import WAREHOUSE
from tests.gate import company
from tests.gate.company import Company


@pytest.fixture
def folder(judged: Company) -> Path:
    return gate.the_candidate(judged.house)


def test_a_candidate_opens_with_plain_duckdb_and_carries_its_descriptions(folder: Path) -> None:
    with duckdb.connect(str(folder / WAREHOUSE), read_only=True) as connection:
        rows = connection.execute("select release_id from release").fetchall()
        comments = connection.execute(
            "select comment from duckdb_columns() where table_name = 'fct_calls' and column_name = 'rep_id'"
        ).fetchall()
        indexes = connection.execute("select count(*) from duckdb_indexes()").fetchall()
        version = connection.execute(
            "select tags['storage_version'] from duckdb_databases() where not internal"
        ).fetchall()
    assert rows == [(company.RUN,)]
    assert comments == [("The rep_id.",)]
    assert indexes == [(0,)]
    assert "v1.0.0" in version[0][0]


def test_a_candidate_has_no_write_ahead_log_and_cannot_be_written(folder: Path) -> None:
    assert not list(folder.rglob("*.wal"))
    modes = {
        stat.S_IMODE(path.stat().st_mode)
        for path in folder.rglob("*")
        if path.suffix in {".duckdb", ".parquet", ".json", ".html"}
    }
    assert modes == {0o444}


def test_every_table_has_its_parquet_twin(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert {table.name for table in manifest.tables} == set(company.MARTS)
    for table in manifest.tables:
        path = folder / "parquet" / f"{table.name}.parquet"
        found = duckdb.sql(f"select count(*) from read_parquet('{path}')").fetchone()
        assert found == (table.rows,)
    assert verify.check(folder) == []


def test_the_manifest_names_as_of_inputs_versions_and_checksums(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert str(manifest.as_of) == company.AS_OF
    assert manifest.company == "みらい商事"
    assert {item.path for item in manifest.inputs} >= {"miitel/calls.csv", "sf/lead.csv"}
    assert all(len(item.sha256) == 64 for item in manifest.inputs)
    assert {"python", "duckdb", "dbt-core", "great-expectations"} <= set(manifest.packages)
    assert {file.path for file in manifest.files} == {
        WAREHOUSE,
        *(f"parquet/{name}.parquet" for name in company.MARTS),
    }


def test_the_same_marts_give_the_same_fingerprints(
    judged: Company, copy_of: Callable[[Company], Company]
) -> None:
    again = copy_of(judged)
    before = read_manifest(gate.the_candidate(again.house))
    after = read_manifest(again.build())
    assert after.tables == before.tables
    parquet = [[f for f in m.files if f.path.endswith(".parquet")] for m in (before, after)]
    assert parquet[0] == parquet[1]


def test_only_declared_columns_are_copied(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    leaky = copy_of(untouched)
    leaky.change(
        "alter table marts.fct_calls add column customer_phone varchar default '0312345678'"
    )
    folder = leaky.build()
    facts = read_manifest(folder).table("fct_calls")
    assert facts is not None
    assert "customer_phone" not in facts.columns
    assert b"customer_phone" not in (folder / WAREHOUSE).read_bytes()


def test_a_mart_without_a_declared_column_is_refused(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    broken = copy_of(untouched)
    broken.change("alter table marts.fct_calls drop column is_dial")
    with pytest.raises(CandidateError, match="fct_calls"):
        broken.build()


def test_a_work_database_of_another_run_is_refused(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    other = copy_of(untouched)
    with pytest.raises(CandidateError, match="not prepared by this run"):
        candidate.build(other.house, other.house.dbt_target / "manifest.json", run_id="another-run")


def test_a_run_id_cannot_leave_the_folder(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    other = copy_of(untouched)
    other.change("update raw_kura.run set run_id = '../../outside'")
    with pytest.raises(CandidateError, match="letters"):
        other.build()


def test_what_a_killed_night_left_is_cleared_away(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    again = copy_of(untouched)
    half = again.house.candidates / "an-earlier-run.partial"
    half.mkdir(parents=True)
    (half / "warehouse.duckdb").write_bytes(b"half")
    folder = again.build()
    assert list(again.house.candidates.iterdir()) == [folder]
