"""The work database before dbt: every raw table is there, and the facts about the run."""

from __future__ import annotations

import os

import duckdb
import pytest
import yaml

from dagster_project.lib import work_database
from dagster_project.lib.contracts import load_contracts
from dagster_project.lib.work_database import configuration_hash
from dagster_project.settings import DBT_PROJECT, Settings
from tests.ingestion.conftest import HISTORY, Company


def test_an_object_without_files_has_an_empty_table_with_all_its_columns(company: Company) -> None:
    company.prepare()
    rows = company.rows(
        """select column_name, data_type from information_schema.columns
        where table_schema = 'raw_miitel' and table_name = 'history_legs'
        order by ordinal_position"""
    )
    envelope = [
        ("_source_id", "VARCHAR"),
        ("_file_id", "VARCHAR"),
        ("_record", "BIGINT"),
        ("_extracted_at", "TIMESTAMP"),
    ]
    texts = ("leg_id", "agent_name", "started_at", "_extra")
    assert rows == [*envelope, *((name, "VARCHAR") for name in texts)]
    assert company.rows("select count(*) from raw_miitel.history_legs") == [(0,)]
    company.put("phone/h.csv", HISTORY + "a,b,2026-07-01 09:00:00\n")
    company.prepare()
    assert (
        company.rows(
            """select column_name, data_type from information_schema.columns
        where table_schema = 'raw_miitel' and table_name = 'history_legs'
        order by ordinal_position"""
        )
        == rows
    )


def test_preparing_twice_changes_nothing(company: Company) -> None:
    company.put("phone/h.csv", HISTORY + "a,b,2026-07-01 09:00:00\n")
    tables = ("run", "settings", "sources", "files", "holidays", "acceptances")

    def seen() -> list[object]:
        return [company.rows(f"select * from raw_kura.{table} order by all") for table in tables]

    company.prepare()
    first = seen()
    company.prepare()
    assert seen() == first


def test_a_failure_leaves_the_work_database_as_it_was(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.put("phone/h.csv", HISTORY + "a,b,2026-07-01 09:00:00\n")
    company.prepare()
    company.put("phone/h2.csv", HISTORY + "c,d,2026-07-02 09:00:00\n")

    def fail(*_: object) -> str:
        raise RuntimeError

    monkeypatch.setattr(work_database, "_raw_select", fail)
    with pytest.raises(RuntimeError):
        company.prepare()
    assert company.rows("select leg_id from raw_miitel.history_legs") == [("a",)]
    assert company.rows("select count(*) from raw_kura.files") == [(1,)]


def test_the_tables_of_the_run_are_those_dbt_expects(company: Company) -> None:
    described = DBT_PROJECT / "models" / "staging" / "kura" / "_kura__sources.yml"
    tables = yaml.safe_load(described.read_text(encoding="utf-8"))["sources"][0]["tables"]
    company.prepare()
    for table in tables:
        columns = company.rows(
            f"select column_name, column_type from (describe raw_kura.{table['name']})"
        )
        assert columns == [
            (column["name"], column["data_type"].upper()) for column in table["columns"]
        ]


def test_sources_say_what_the_models_need(company: Company) -> None:
    company.configure(
        """
sources:
  - id: phone
    system: miitel
    own_numbers: [0312345678, "050"]
    internal_domains: [Example.co.jp ]
    user_map: {山田: y@example.co.jp}
    required: true
    connect: {min_human_seconds: 7, speech: {min_turns: 3}}
  - id: crm
    system: salesforce
    acceptance: {mode: custom_field, field: Accepted__c, map: {true: accepted}}
    lead_status: {mql: [MQL], handed_back: [戻し]}
"""
    )
    company.prepare()
    assert company.rows(
        """select source_classes, is_required, min_human_seconds, speech_min_turns, default_currency
        from raw_kura.sources where source_id = 'phone'"""
    ) == [(["cti"], True, 7.0, 3.0, "JPY")]
    assert company.rows("select domain from raw_kura.internal_domains") == [("example.co.jp",)]
    assert company.rows("select user_key, email from raw_kura.user_map") == [
        ("山田", "y@example.co.jp")
    ]
    assert company.rows("select status, step from raw_kura.lead_status_steps order by 1") == [
        ("MQL", "mql"),
        ("戻し", "handed_back"),
    ]
    assert company.rows("select number_raw from raw_kura.own_numbers where number_raw = '050'")


def test_mountain_day_is_a_holiday(company: Company) -> None:
    company.prepare()
    assert company.rows(
        "select name_en, name_ja from raw_kura.holidays where holiday_date = date '2026-08-11'"
    ) == [("Mountain Day", "山の日")]


def test_what_people_accepted_is_a_fact_of_the_run(company: Company) -> None:
    company.house.acceptances.parent.mkdir(parents=True, exist_ok=True)
    company.house.acceptances.write_text(
        '{"check": "kpi_rep_daily.dials_changed", "reason": "展示会", "by": "田中", "until": "2026-07-31"}\n',
        encoding="utf-8",
    )
    company.prepare()
    assert company.rows(
        "select check_id, accepted_by, accepted_until::varchar from raw_kura.acceptances"
    ) == [("kpi_rep_daily.dials_changed", "田中", "2026-07-31")]


def test_the_configuration_hash_follows_the_configuration(company: Company) -> None:
    settings = Settings(company_name="蔵")
    before = configuration_hash(settings, company.sources, company.contracts)
    assert configuration_hash(settings, company.sources, company.contracts) == before
    company.configure("sources: [{id: phone, system: miitel, required: true}]")
    assert configuration_hash(settings, company.sources, company.contracts) != before


def test_many_files_are_one_quick_view(company: Company) -> None:
    for number in range(120):
        company.put(f"phone/{number}.csv", HISTORY + f"{number},b,2026-07-01 09:00:00\n")
    assert company.read(
        "select count(*), count(distinct _file_id), max(_record) from raw_miitel.history_legs"
    ) == [(120, 120, 1)]


def test_every_object_of_the_product_gets_its_raw_table(company: Company) -> None:
    company.contracts = load_contracts(DBT_PROJECT)
    company.configure("sources: []")
    company.prepare()
    with duckdb.connect(os.fspath(company.house.work_database), read_only=True) as connection:
        for contract in company.contracts:
            connection.execute(f'from raw_{contract.system}."{contract.object_name}"')
