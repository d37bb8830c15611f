"""A suite that would not protect its table is refused before anything is judged."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from dagster_project.lib import gate, suites
from dagster_project.lib.candidate import read_manifest
from dagster_project.lib.suites import SuiteError
from dagster_project.settings import EXPECTATIONS
from tests.gate.company import Company

COLUMNS = {"things": {"id": "VARCHAR", "amount": "DOUBLE", "day": "DATE"}}
GOOD: dict[str, Any] = {
    "table": "things",
    "description": "Things.",
    "key": ["id"],
    "checks": [
        {
            "id": "amounts_are_positive",
            "kind": "critical",
            "nature": "integrity",
            "expect": "expect_column_values_to_be_between",
            "columns": ["amount"],
            "with": {"min_value": 0},
            "says": {"ja": "正", "en": "positive"},
            "why": "Because.",
        }
    ],
}


def written(folder: Path, **changes: object) -> Path:
    check = {**GOOD["checks"][0], **changes.pop("check", {})}  # type: ignore[dict-item]
    document = {**GOOD, "checks": [check], **changes}
    (folder / "things.yml").write_text(yaml.safe_dump(document, allow_unicode=True))
    return folder


def test_a_good_suite_loads_with_the_checks_every_table_has(tmp_path: Path) -> None:
    (suite,) = suites.load(written(tmp_path), COLUMNS)
    assert [check.id for check in suite.checks] == [
        "has_rows",
        "key_is_unique",
        "key_is_present",
        "holds_no_email_address",
        "amounts_are_positive",
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"checks": []}, "checks"),
        ({"check": {"expect": "expect_miracles"}}, "Unknown expectation type expect_miracles"),
        ({"check": {"columns": ["colour"]}}, "no column colour"),
        ({"key": ["number"]}, "no column number"),
        ({"check": {"with": {"least": 3}}}, "does not take these arguments"),
        ({"check": {"with": {}}}, "does not take these arguments"),
        ({"check": {"kind": "fatal"}}, "kind"),
        ({"check": {"says": {"en": "only English"}}}, "ja"),
        ({"check": {"sql": "select 1 from {batch}"}}, "either `expect` or `sql`"),
        ({"check": {"id": "has_rows"}}, "same check id twice"),
        ({"check": {"colour": "red"}}, "colour"),
        ({"table": "others"}, "lies in another file"),
    ],
)
def test_a_suite_that_would_not_protect_is_refused(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(SuiteError, match=said):
        suites.load(written(tmp_path, **changes), COLUMNS)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select 1 from things", "read from"),
        ("select 1 from {batch} where day > $yesterday", r"Unknown parameter \$yesterday"),
    ],
)
def test_sql_that_would_not_check_its_table_is_refused(tmp_path: Path, sql: str, said: str) -> None:
    check = dict(GOOD["checks"][0])
    for key in ("expect", "columns", "with"):
        check.pop(key)
    document = {**GOOD, "checks": [{**check, "sql": sql}]}
    (tmp_path / "things.yml").write_text(yaml.safe_dump(document, allow_unicode=True))
    with pytest.raises(SuiteError, match=said):
        suites.load(tmp_path, COLUMNS)


def test_the_same_id_twice_is_refused(tmp_path: Path) -> None:
    check = GOOD["checks"][0]
    document = {**GOOD, "checks": [check, check]}
    (tmp_path / "things.yml").write_text(yaml.safe_dump(document, allow_unicode=True))
    with pytest.raises(SuiteError, match="same check id twice"):
        suites.load(tmp_path, COLUMNS)


def test_a_key_written_twice_in_the_yaml_is_refused(tmp_path: Path) -> None:
    text = (written(tmp_path) / "things.yml").read_text()
    (tmp_path / "things.yml").write_text(text + "description: Again.\n")
    with pytest.raises(SuiteError, match="twice"):
        suites.load(tmp_path, COLUMNS)


def test_a_published_table_without_a_suite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="published table others has no suite"):
        suites.load(written(tmp_path), {**COLUMNS, "others": {"id": "VARCHAR"}})


def test_a_suite_without_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="protects no published table"):
        suites.load(written(tmp_path), {})


def test_no_suite_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="no suite at all"):
        suites.load(tmp_path, {})


def judged_table(judged: Company, tmp_path: Path, statement: str, **changes: object) -> str:
    """The status of the one written check on a tiny table `things`."""
    folder = tmp_path / "suites"
    folder.mkdir()
    warehouse = tmp_path / "things.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create table things (id varchar, amount double, day date)")
        connection.execute(statement)
        found = connection.execute("select count(*) from things").fetchone()
    assert found is not None
    loaded = suites.load(written(folder, **changes), COLUMNS)
    manifest = read_manifest(gate.the_candidate(judged.house))
    facts = manifest.tables[0].model_copy(
        update={"name": "things", "columns": COLUMNS["things"], "rows": found[0]}
    )
    manifest = manifest.model_copy(update={"tables": (facts,)})
    last = gate.last_release(judged.house)
    results = gate.judge_tables(judged.house, judged.settings, warehouse, manifest, loaded, last)
    return next(result.status for result in results if result.id == "things.amounts_are_positive")


def test_a_check_that_looked_at_no_rows_does_not_pass(judged: Company, tmp_path: Path) -> None:
    assert judged_table(judged, tmp_path, "select 1") == "failed"


def test_a_check_that_looked_at_nulls_only_does_not_pass(judged: Company, tmp_path: Path) -> None:
    status = judged_table(judged, tmp_path, "insert into things values ('a', null, null)")
    assert status == "failed"


def test_an_aggregate_of_nothing_does_not_pass(judged: Company, tmp_path: Path) -> None:
    check = {"expect": "expect_column_max_to_be_between", "with": {"max_value": 9}}
    statement = "insert into things values ('a', null, null)"
    assert judged_table(judged, tmp_path, statement, check=check) == "failed"


def test_a_column_that_may_be_null_is_not_applicable_when_it_is(
    judged: Company, tmp_path: Path
) -> None:
    status = judged_table(
        judged,
        tmp_path,
        "insert into things values ('a', null, null)",
        check={"may_be_null": True},
    )
    assert status == "not_applicable"


def test_a_table_that_may_be_empty_is_not_applicable_when_it_is(
    judged: Company, tmp_path: Path
) -> None:
    assert judged_table(judged, tmp_path, "select 1", may_be_empty=True) == "not_applicable"


def test_a_check_that_cannot_run_is_not_a_pass(judged: Company, tmp_path: Path) -> None:
    sql = "select 1 from {batch} where cast(id as integer) > 3"
    check: dict[str, object] = {"expect": None, "columns": [], "with": {}, "sql": sql}
    statement = "insert into things values ('not a number', 1, null)"
    assert judged_table(judged, tmp_path, statement, check=check) == "did_not_run"


def test_every_suite_of_this_product_is_named_like_its_table() -> None:
    for suite in suites.read(EXPECTATIONS):
        assert (EXPECTATIONS / f"{suite.table}.yml").is_file()


def test_the_fingerprint_changes_with_any_suite(tmp_path: Path) -> None:
    folder = tmp_path / "expectations"
    shutil.copytree(EXPECTATIONS, folder)
    before = suites.fingerprint(folder)
    assert before == suites.fingerprint(EXPECTATIONS)
    with (folder / "release.yml").open("a") as stream:
        stream.write("# softened\n")
    assert suites.fingerprint(folder) != before
