"""Salesforce's real column sets, up to 382 of them in a connector's spelling, load with every loss explained.

The seeds of Fivetran's dbt packages (shared/data/README.md): true shapes, values hashed or blanked. In
some of them the letter t was taken out of every value, ids included.
"""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from dagster_project.lib import house as houses
from dagster_project.settings import House
from tests.harness import query
from tests.nights.quick import Quick

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "fivetran_seeds" / "salesforce"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="shared/data/fivetran_seeds lies outside the repository"
)

HOUSE = """\
company_name: Seeds
reporting: {timezone: UTC}
ingestion: {settle_seconds: 0}
"""
SOURCES = """\
sources:
  - id: sf
    system: salesforce
    timezone: UTC
    coverage: {basis: content}
    custom:
      meeting_outcome: {field: no_show__c, map: {"true": no_show}}
      utm_source: source_last_utm_source__c
      utm_medium: source_last_utm_medium__c
      utm_campaign: source_last_utm_campaign__c
"""
#: File → the object it holds.
WANTED = {
    "sf_account_data.csv": "accounts",
    "sf_contact_data.csv": "contacts",
    "sf_event_data.csv": "events",
    "sf_lead_data.csv": "leads",
    "sf_opportunity_data.csv": "opportunities",
    "sf_task_data.csv": "tasks",
    "sf_user_data.csv": "users",
}
#: File → why it is refused. The three histories are the connector's own versions of Account, Contact and
#: Opportunity under the record's id: none of them is Salesforce's OpportunityHistory, whatever its name.
UNWANTED = {
    "sf_account_history_data.csv": "history_table",
    "sf_contact_history_data.csv": "history_table",
    "sf_opportunity_history_data.csv": "history_table",
    "sf_opportunity_line_item_data.csv": "no_contract",
    "sf_order_data.csv": "no_contract",
    "sf_product_2_data.csv": "no_contract",
    "sf_user_role_data.csv": "no_contract",
}
#: (file, record) → the reason of staging, and what stands in the file.
SET_ASIDE = {
    # Ids of 17 characters: the letter t is gone.
    ("sf_contact_data.csv", 1): ("bad_salesforce_id:contact_id", "id", "0033700000JmrFPAA"),
    ("sf_contact_data.csv", 2): ("bad_salesforce_id:contact_id", "id", "0031G00000q9jPQAQ"),
    ("sf_contact_data.csv", 3): (
        "bad_salesforce_id:account_id", "account_id", "0011G00000f8NwQAU",
    ),
    ("sf_contact_data.csv", 4): ("bad_salesforce_id:owner_id", "owner_id", "0051G000005MreQAC"),
    # Nothing is ten times certain.
    ("sf_opportunity_data.csv", 1): ("out_of_range:probability", "probability", "1000"),
}  # fmt: skip


def records(file: str) -> list[dict[str, str]]:
    """The file's rows, read without the product."""
    with (FOLDER / file).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def house(quick: Quick, tmp_path_factory: pytest.TempPathFactory) -> House:
    made = houses.create(tmp_path_factory.mktemp("seeds") / "house")
    made.house_file.write_text(HOUSE, encoding="utf-8")
    made.sources_file.write_text(SOURCES, encoding="utf-8")
    exports = made.exports / "sf"
    exports.mkdir()
    for file in FOLDER.glob("*.csv"):
        shutil.copy(file, exports / file.name)
    quick.marts(made, date(2019, 11, 30))
    return made


@pytest.fixture(scope="module")
def files(house: House) -> dict[str, dict[str, object]]:
    found = query(house, "select * from raw_kura.files where source_id = 'sf'")
    return {Path(str(row["path"])).name: row for row in found}


def test_every_file_of_the_folder_is_wanted_or_not(files: dict[str, dict[str, object]]) -> None:
    assert set(files) == set(WANTED) | set(UNWANTED) == {file.name for file in FOLDER.glob("*.csv")}


def test_every_object_of_the_contract_is_accepted_whatever_its_width(
    files: dict[str, dict[str, object]],
) -> None:
    accepted = {
        name: row["object_name"] for name, row in files.items() if row["status"] == "accepted"
    }
    assert accepted == WANTED
    assert max(len(records(name)[0]) for name in WANTED) == 382


def test_every_other_file_is_refused_with_a_reason_and_a_remedy(
    files: dict[str, dict[str, object]],
) -> None:
    refused = {name: row for name, row in files.items() if row["status"] == "rejected"}
    assert {name: row["reject_code"] for name, row in refused.items()} == UNWANTED
    for row in refused.values():
        assert str(row["reject_message"]).endswith(".")
        assert str(row["remedy"]).endswith(".")


def test_every_row_of_a_wanted_file_is_accepted_or_explained(
    house: House, files: dict[str, dict[str, object]]
) -> None:
    name_of = {row["file_id"]: name for name, row in files.items()}
    for name, object_name in WANTED.items():
        row = files[name]
        staged = query(
            house,
            f"select count(*) as rows_in, count(*) filter (where reject_reason is null) as accepted "
            f"from staging.stg_salesforce__{object_name} where file_id = ?",
            [row["file_id"]],
        )[0]
        explained = Counter(file for file, _ in SET_ASIDE)[name]
        assert row["records_in"] == staged["rows_in"] == len(records(name)), name
        assert row["records_quarantined"] == 0, name
        assert staged["accepted"] + explained == len(records(name)), name
    found = {
        (name_of[row["file_id"]], row["record"]): row["reject_reason"]
        for row in query(house, "select * from activity.act_rejected_records")
    }
    assert found == {place: reason for place, (reason, _, _) in SET_ASIDE.items()}


def test_what_is_said_about_a_row_set_aside_stands_in_its_file() -> None:
    for (file, record), (_, column, value) in SET_ASIDE.items():
        assert records(file)[record - 1][column] == value, (file, record)


def test_a_naive_instant_is_utc_and_a_date_loses_its_clock(house: House) -> None:
    [lead] = query(house, "select * from staging.stg_salesforce__leads")
    assert str(lead["created_at"]) == "2019-11-11 17:23:34"
    assert str(lead["converted_date"]) == "2019-11-11"
    closing = query(house, "select close_date from staging.stg_salesforce__opportunities")
    assert sorted(str(row["close_date"]) for row in closing) == sorted(
        row["close_date"].split(" ")[0] for row in records("sf_opportunity_data.csv")
    )


def test_custom_fields_are_found_in_the_connectors_spelling(house: House) -> None:
    [lead] = query(house, "select * from staging.stg_salesforce__leads")
    [said] = records("sf_lead_data.csv")
    assert lead["utm_source"] == said["source_last_utm_source_c"]
    assert lead["utm_medium"] == said["source_last_utm_medium_c"]
    assert lead["utm_campaign"] == said["source_last_utm_campaign_c"]
    outcomes = query(
        house, "select outcome_raw from staging.stg_salesforce__events order by record"
    )
    assert [row["outcome_raw"] for row in outcomes] == [
        row["no_show_c"] for row in records("sf_event_data.csv")
    ]
