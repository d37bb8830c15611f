"""Questions to the release are answered from the release, and nothing else can be touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dagster_project.lib.query import QueryError, query, render
from dagster_project.settings import House
from tests.gate import company
from tests.gate.company import Company


def asked(published: Company, sql: str, style: str = "csv") -> str:
    with query(published.house, sql) as answer:
        return "".join(render(answer, style))  # type: ignore[arg-type]


def test_a_question_is_answered_from_the_current_release(published: Company) -> None:
    assert asked(published, "select release_id from release") == f"release_id\n{company.RUN}\n"


def test_csv_keeps_values_exactly(published: Company) -> None:
    sql = """select '=1+1' as a, 'x,"y"' as b, null as c, 1.10::decimal(9,2) as d, date '2026-01-02' as e"""
    assert asked(published, sql) == 'a,b,c,d,e\n=1+1,"x,""y""",,1.10,2026-01-02\n'


def test_json_is_one_object_per_line(published: Company) -> None:
    lines = asked(published, "select motion, count(*) as n from fct_calls group by 1", "json")
    rows = [json.loads(line) for line in lines.splitlines()]
    assert {row["motion"] for row in rows} == {"sdr", "bdr"}


def test_a_table_is_readable_and_says_when_it_is_cut(published: Company) -> None:
    text = asked(published, "select i from range(1500) as n(i)", "table")
    assert "999" in text
    assert "--format csv" in text
    assert "みらい商事" in asked(published, "from release", "table")


@pytest.mark.parametrize(
    "sql",
    [
        "copy (select 1) to '{folder}/out.csv'",
        "select * from read_text('/etc/passwd')",
        "select * from read_csv('/etc/passwd')",
        "from '{folder}/x.parquet'",
        "attach '{folder}/other.duckdb'",
        "install httpfs",
        "load httpfs",
        "export database '{folder}/all'",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "create table t (i integer)",
        "insert into release select * from release",
        "drop table release",
        "update release set company_name = 'x'",
        "select getenv('HOME')",
        "pragma profiling_output = '{folder}/profile.json'",
        "set log_query_path = '{folder}/log'",
    ],
)
def test_the_sandbox_refuses(published: Company, tmp_path: Path, sql: str) -> None:
    with pytest.raises(QueryError):
        asked(published, sql.format(folder=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_only_one_statement_at_a_time(published: Company) -> None:
    with pytest.raises(QueryError, match="One statement"):
        asked(published, "select 1; select 2")


def test_an_error_while_rows_are_read_is_ours(published: Company) -> None:
    with pytest.raises(QueryError):
        asked(published, "select cast('x' || i as integer) from range(3) as n(i)")


def test_without_a_release_there_is_nothing_to_ask(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="no release"), query(House(tmp_path), "select 1"):
        pass
