"""Call lists, target lists and account coverage: the warehouse and the oracle say the same."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.agreement import told, unequal_rows, unequal_sums
from tests.conftest import DemoNight
from tests.harness import query
from tests.oracle.account_coverage import coverage
from tests.oracle.channels import NONE
from tests.oracle.metrics import ADDITIVE, Row, scopes_of
from tests.oracle.status import Judge
from tests.test_oracle import Company, companies, company

__all__ = ("companies", "company")  # the fixtures of the other comparisons

_ACCOUNT = ("as_of_on", "list_name", "account_id", "look_back")
_LINE = ("as_of_on", "list_name", "look_back", "scope_type", "scope_key")


def _keyed(rows: list[Row], columns: tuple[str, ...]) -> list[Row]:
    return [row | {"key": " | ".join(str(row[column]) for column in columns)} for row in rows]


@pytest.mark.parametrize(
    ("table", "key"), [("fct_target_accounts", _ACCOUNT), ("kpi_account_coverage", _LINE)]
)
def test_every_row_of_the_coverage_is_equal(
    company: Company, table: str, key: tuple[str, ...]
) -> None:
    """Rows and every column, on every day looked at."""
    ours = coverage(company.found, Judge(company.found))[table]
    theirs = query(company.house, f"select * from marts.{table}")
    assert set(ours[0]) == set(theirs[0])
    assert len(theirs) > 500
    problems = unequal_rows(_keyed(ours, key), _keyed(theirs, key), "key", ours[0])
    assert not problems, told(problems)


def test_every_kind_of_coverage_occurs_in_this_company(company: Company) -> None:
    """Equal zeros prove nothing."""
    lines = query(company.house, "select * from marts.kpi_account_coverage")
    accounts = query(company.house, "select * from marts.fct_target_accounts")
    assert {row["status"] for row in lines} == {"ok", "partial"}
    for column in (
        "accounts_unknown", "accounts_approached", "accounts_connected", "accounts_met",
        "accounts_with_opportunity", "persons_reached",
    ):  # fmt: skip
        assert any(row[column] for row in lines), column
        assert any(row[column] == 0 for row in lines), column
    on_lists = Counter((row["as_of_on"], row["account_id"], row["look_back"]) for row in accounts)
    assert 2 in on_lists.values(), "no account is on two lists"
    assert any(row["persons_reached"] > 1 for row in accounts)
    assert any(", " in (row["approached_by"] or "") for row in accounts)
    first, last = (
        {row["list_name"] for row in accounts if row["as_of_on"] == day}
        for day in (
            min(row["as_of_on"] for row in accounts),
            max(row["as_of_on"] for row in accounts),
        )
    )
    assert last < first, "no list ends"


def test_every_call_list_has_the_same_calls(company: Company) -> None:
    theirs = query(company.house, "select * from marts.dim_call_lists")
    ours = company.found.tables["dim_call_lists"]
    problems = unequal_rows(ours, theirs, "call_list", ours[0])
    assert not problems, told(problems)
    assert {row["call_list"] for row in theirs if row["dials"]} > {NONE}


def test_every_kpi_of_calls_is_equal_list_by_list_and_day_by_day(company: Company) -> None:
    names = tuple(name for name in ADDITIVE if "call_list" in scopes_of(name))
    ours = [
        {"date": row["date"], "call_list": row["call_list"]}
        | {name: row["counted"][name] for name in names}
        for row in company.found.tables["list_days"]
    ]
    theirs = query(company.house, "select * from activity.act_metric_list_days")
    problems = unequal_sums(ours, theirs, ("date", "call_list"), names)
    assert not problems, told(problems)
    assert {"date", "call_list", *names} == set(theirs[0])


def test_the_demo_names_its_bad_list(demo_night: DemoNight) -> None:
    """The planted story: half as many connects as elsewhere, several times as many wrong numbers."""
    figures = {
        (row["scope_key"], row["metric"]): row
        for row in query(
            demo_night.house,
            "select * from marts.kpi_scorecard where scope_type = 'call_list' "
            "and period_type = 'fiscal_year' and metric in ('connect_rate', 'wrong_number_share')",
        )
    }
    assert {key for key, _ in figures} == {NONE, "購入リスト_202605", "大阪ターゲット"}
    assert all(row["status"] == "ok" for row in figures.values())
    bad, others = (
        {
            metric: figures[name, metric]["value"]
            for metric in ("connect_rate", "wrong_number_share")
        }
        for name in ("購入リスト_202605", NONE)
    )
    assert bad["connect_rate"] < 0.5 * others["connect_rate"]
    assert bad["wrong_number_share"] > 4 * others["wrong_number_share"]
