"""A candidate is the marts, completely and nothing else, in files any tool can open."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib import audit_page, candidate, gate, night, verify
from dagster_project.lib.candidate import CandidateError, read_manifest
from dagster_project.lib.dictionary_page import DICTIONARY_PAGE
from dagster_project.lib.query import WAREHOUSE
from dagster_project.lib.semantic_layer import SEMANTIC_MANIFEST
from dagster_project.settings import EXPECTATIONS, PROJECT_ROOT
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
        DICTIONARY_PAGE,
        SEMANTIC_MANIFEST,
        *(f"parquet/{name}.parquet" for name in company.MARTS),
    }


def test_the_manifest_counts_what_was_set_aside_of_every_file(folder: Path) -> None:
    """Of the calls one line was no record and one had a bad timestamp."""
    aside = {item.path: item.records_set_aside for item in read_manifest(folder).inputs}
    assert aside == {"miitel/calls.csv": 2, "sf/lead.csv": 0, "planning/roster.csv": 0}


def test_a_file_nobody_could_recognise_is_named_without_an_object(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    odd = copy_of(untouched)
    odd.change(
        "insert into raw_kura.files values ('f9', 'sf', 'salesforce', null, 'sf/notes.csv', null, "
        "repeat('d', 64), 9, 'rejected', 'unknown_header', null, null, null, false, 'rules', 'rules')"
    )
    odd.build()
    audit = odd.judge()
    assert audit.verdict == "passed"
    assert [check.id for check in audit.warnings] == ["reconciliation.no_file_is_rejected"]
    told = read_manifest(gate.the_candidate(odd.house))
    assert [item.object_name for item in told.inputs if item.path == "sf/notes.csv"] == [None]
    assert "<td>sf</td><td>–</td>" in audit_page.render(audit, told)


def test_the_code_version_changes_with_sql_suites_and_python(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(EXPECTATIONS, tmp_path / "expectations")
    shutil.copytree(
        PROJECT_ROOT / "dagster_project",
        tmp_path / "dagster_project",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    before = night.code_fingerprint()
    monkeypatch.setattr(night, "EXPECTATIONS", tmp_path / "expectations")
    monkeypatch.setattr(night, "PROJECT_ROOT", tmp_path)
    assert night.code_fingerprint() == before
    seen = {before}
    for name in ("expectations/release.yml", "dagster_project/lib/decoding.py"):
        with (tmp_path / name).open("a") as stream:
            stream.write("# changed\n")
        seen.add(night.code_fingerprint())
    monkeypatch.setattr(night, "project_fingerprint", lambda: "other SQL")
    seen.add(night.code_fingerprint())
    assert len(seen) == 4


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
        candidate.build(broken.house, broken.dbt_manifest)


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
