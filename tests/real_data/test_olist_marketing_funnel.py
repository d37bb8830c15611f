"""A real funnel through a mapped source gives the figures others published about it, exactly.

Olist's 8,000 marketing-qualified leads and 842 closed deals reach the warehouse by configuration alone.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from dagster_project.lib import house as houses
from dagster_project.settings import House
from tests.harness import query
from tests.nights.quick import Quick

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "olist_marketing_funnel"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="shared/data/olist_marketing_funnel lies outside the repository"
)

HOUSE = """\
company_name: Olist
reporting: {timezone: America/Sao_Paulo, fiscal_year_start_month: 1, default_currency: BRL}
"""
SOURCES = """\
sources:
  - id: olist
    system: mapped
    class: sfa
    timezone: America/Sao_Paulo
    default_currency: BRL
    coverage: {basis: content}
    objects:
      - object: leads
        files: ["*marketing_qualified_leads*.csv"]
        columns: {lead_id: mql_id, created_at: first_contact_date, lead_source: origin}
        formats: {created_at: {timestamp: "%Y-%m-%d"}}
        constants: {status: MQL, is_converted: "false", owner_id: olist}
      - object: opportunities
        files: ["*closed_deals*.csv"]
        columns:
          opportunity_id: seller_id
          lead_id: mql_id
          created_at: won_date
          close_date: won_date
          owner_id: sr_id
          created_by_id: sdr_id
        formats:
          created_at: {timestamp: "%Y-%m-%d %H:%M:%S"}
          close_date: {date: "%Y-%m-%d %H:%M:%S"}
        constants: {name: deal, stage_key: won, is_closed: "true", is_won: "true"}
"""
#: origin → leads, won, conversion in percent as published (shared/data/README.md).
PUBLISHED = {
    "organic_search": (2296, 271, 11.80),
    "paid_search": (1586, 195, 12.30),
    "social": (1350, 75, 5.56),
    "unknown": (1099, 179, 16.29),
    "direct_traffic": (499, 56, 11.22),
    "email": (493, 15, 3.04),
    "referral": (284, 24, 8.45),
    "other": (150, 4, 2.67),
    "display": (118, 6, 5.08),
    "other_publicities": (65, 3, 4.62),
    "(none)": (60, 14, 23.33),
}
DEALS_BY_MONTH = {
    "2017-12": 3, "2018-01": 73, "2018-02": 113, "2018-03": 147, "2018-04": 207, "2018-05": 122,
    "2018-06": 57, "2018-07": 37, "2018-08": 33, "2018-09": 23, "2018-10": 21, "2018-11": 6,
}  # fmt: skip


@pytest.fixture(scope="module")
def house(quick: Quick, tmp_path_factory: pytest.TempPathFactory) -> House:
    made = houses.create(tmp_path_factory.mktemp("olist") / "house")
    made.house_file.write_text(HOUSE, encoding="utf-8")
    made.sources_file.write_text(SOURCES, encoding="utf-8")
    exports = made.exports / "olist"
    exports.mkdir()
    for file in FOLDER.glob("*.csv"):
        shutil.copy(file, exports / file.name)
    planning = made.exports / "planning"
    rules = "".join(
        f"{number},lead_source,exact,{origin},{origin},{origin}\n"
        for number, origin in enumerate(PUBLISHED, start=1)
        if origin != "(none)"
    )
    (planning / "channel_rules.csv").write_text(
        "priority,field,match,value,channel_group,channel\n" + rules, encoding="utf-8"
    )
    quick.marts(made, date(2018, 11, 30))
    return made


def test_leads_and_won_deals_by_origin_are_the_published_ones(house: House) -> None:
    rows = query(
        house,
        "select channel, sum(leads)::bigint as leads, sum(reached_won)::bigint as won "
        "from marts.kpi_channel_conversion where attribution_model = 'first_touch' group by channel",
    )
    found = {
        row["channel"]: (row["leads"], row["won"], round(100 * row["won"] / row["leads"], 2))
        for row in rows
    }
    assert found == PUBLISHED


def test_the_totals_are_the_published_ones(house: House) -> None:
    [row] = query(
        house,
        "select sum(leads)::bigint as leads, sum(reached_won)::bigint as won "
        "from marts.kpi_channel_conversion where attribution_model = 'first_touch'",
    )
    assert (row["leads"], row["won"]) == (8000, 842)
    assert round(100 * row["won"] / row["leads"], 3) == 10.525


def test_deals_won_per_month_are_the_published_ones(house: House) -> None:
    rows = query(
        house,
        "select strftime(won_on, '%Y-%m') as month, count(*) as deals "
        "from marts.fct_opportunities where is_won group by month",
    )
    assert {row["month"]: row["deals"] for row in rows} == DEALS_BY_MONTH


def test_every_record_of_both_files_is_accounted_for(house: House) -> None:
    [row] = query(
        house,
        "select sum(records_in)::bigint as records, sum(records_quarantined)::bigint as quarantined "
        "from raw_kura.files where status = 'accepted' and source_id = 'olist'",
    )
    [rejected] = query(house, "select count(*) as records from activity.act_rejected_records")
    assert (row["records"], row["quarantined"], rejected["records"]) == (8842, 0, 0)


def test_leads_of_the_day_that_had_no_midnight_are_leads_of_that_day(house: House) -> None:
    rows = query(
        house,
        "select timezone('America/Sao_Paulo', timezone('UTC', created_at))::varchar as local "
        "from staging.stg_mapped__leads where created_at::date = date '2017-10-15'",
    )
    assert [row["local"] for row in rows] == ["2017-10-15 01:00:00"] * 7
