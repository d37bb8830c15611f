"""Hand-kept tables: strict, and saying what is allowed."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.staging.conftest import Staged
from tests.staging.workbench import Row, csv_row


def rep(**columns: str | None) -> Row:
    said: dict[str, Any] = {
        "rep_id": "R1", "rep_name": "佐藤", "motion": "SDR", "valid_from": "2024/4/1", **columns
    }  # fmt: skip
    return csv_row("planning", "roster", **said)


PLAIN = rep(email="Sato@Example.co.jp", crm_user_id="0055000000Gv7qJ", cti="no")
HUBSPOT_OWNER = rep(crm_user_id="1234567890")
BACKWARDS = rep(valid_from="2024-04-02", valid_to="2024-04-01")
ONE_DAY = rep(valid_from="2024-04-01", valid_to="2024-04-01")
OPEN = rep(valid_to="9999-12-31")
UNKNOWN_MOTION = rep(motion="営業")
NO_MOTION = rep(motion=None)


def test_a_roster_row_is_read_as_people_write_it(staged: Staged) -> None:
    made = staged(PLAIN)
    assert (made["motion"], made["valid_from"], made["valid_to"]) == ("sdr", date(2024, 4, 1), None)
    assert (made["email"], made["cti"]) == ("sato@example.co.jp", "none")
    assert made["reject_reason"] is None
    assert staged(HUBSPOT_OWNER)["cti"] == "yes"


def test_only_salesforce_ids_are_lengthened(staged: Staged) -> None:
    assert len(staged(PLAIN)["crm_user_id"]) == 18
    assert staged(HUBSPOT_OWNER)["crm_user_id"] == "1234567890"


def test_a_period_may_not_end_before_it_begins(staged: Staged) -> None:
    assert staged(BACKWARDS)["reject_reason"] == "end_before_start"
    assert staged(ONE_DAY)["reject_reason"] is None
    assert staged(OPEN)["valid_to"] == date(9999, 12, 31)


def test_a_value_outside_the_list_is_refused_with_the_list(staged: Staged) -> None:
    assert staged(UNKNOWN_MOTION)["reject_reason"] == (
        "not_allowed:motion (sdr, bdr, field_sales, manager, other)"
    )
    assert staged(NO_MOTION)["reject_reason"] == "missing:motion"


COST = csv_row("planning", "costs", month="2024-04", channel="展示会", amount="1,500,000")
COST_MID_MONTH = csv_row("planning", "costs", month="2024/04/20", channel="展示会", amount="1")
NEGATIVE_COST = csv_row("planning", "costs", month="2024-04", channel="展示会", amount="-1")
BAD_CURRENCY = csv_row(
    "planning", "costs", month="2024-04", channel="展示会", amount="1", currency="円"
)


def test_costs_belong_to_the_first_of_their_month(staged: Staged) -> None:
    assert (staged(COST)["month"], staged(COST)["amount"]) == (date(2024, 4, 1), 1500000.0)
    assert staged(COST_MID_MONTH)["month"] == date(2024, 4, 1)
    assert staged(NEGATIVE_COST)["reject_reason"] == "out_of_range:amount"
    assert staged(BAD_CURRENCY)["reject_reason"] == "not_allowed:currency (^[A-Z]{3}$)"


FOR_ALL = csv_row("planning", "dispositions", value="担当者接続", disposition="connected")
FOR_ONE = csv_row(
    "planning", "dispositions", for_source_id="mii", value="不在", disposition="NO_ANSWER", rank="9"
)
NO_MEANING = csv_row("planning", "dispositions", value="不在", disposition="absent")


def test_a_disposition_without_a_source_is_for_all(staged: Staged) -> None:
    assert (staged(FOR_ALL)["for_source_id"], staged(FOR_ALL)["source_id"]) == ("*", "plan")
    made = staged(FOR_ONE)
    assert (made["for_source_id"], made["disposition"], made["rank"]) == ("mii", "no_answer", 9)
    assert staged(NO_MEANING)["reject_reason"].startswith("not_allowed:disposition (connected, ")


ABSENCE = csv_row("planning", "absences", rep_id="R1", from_date="2024-04-01", kind=None)
ABSENCE_BACKWARDS = csv_row(
    "planning", "absences", rep_id="R1", from_date="2024-04-02", to_date="2024-04-01"
)


def test_an_absence_without_an_end_is_one_full_day(staged: Staged) -> None:
    made = staged(ABSENCE)
    assert (made["to_date"], made["kind"]) == (date(2024, 4, 1), "full")
    assert staged(ABSENCE_BACKWARDS)["reject_reason"] == "end_before_start"


TARGET: dict[str, Any] = {
    "period_type": "month", "period_start": "2024-04-01", "metric": "dials", "value": "400",
    "valid_from": "2024-03-01",
}  # fmt: skip
COMPANY_TARGET = csv_row("planning", "targets", scope_type="company", **TARGET)
NOBODYS_TARGET = csv_row("planning", "targets", scope_type="team", **TARGET)


def test_a_target_of_a_team_names_the_team(staged: Staged) -> None:
    assert staged(COMPANY_TARGET)["reject_reason"] is None
    assert staged(NOBODYS_TARGET)["reject_reason"] == "missing:scope_key"


HOURS = csv_row(
    "planning", "working_hours", valid_from="2024-04-01", weekday="1", opens="9:00", closes="18:00"
)
HOURS_OF_NO_DAY = csv_row(
    "planning", "working_hours", valid_from="2024-04-01", weekday="8", opens="9:00", closes="18:00"
)
HOURS_PAST_MIDNIGHT = csv_row(
    "planning", "working_hours", valid_from="2024-04-01", weekday="1", opens="9:00", closes="25:00"
)


def test_hours_are_of_a_weekday_and_of_a_clock(staged: Staged) -> None:
    assert staged(HOURS)["opens"] == "09:00"
    assert staged(HOURS_OF_NO_DAY)["reject_reason"] == "out_of_range:weekday"
    assert staged(HOURS_PAST_MIDNIGHT)["reject_reason"].startswith("not_allowed:closes")


RULE = csv_row(
    "planning", "channel_rules", priority="1", field="utm_source", match="exact", value="google",
    channel_group="広告", channel="リスティング",
)  # fmt: skip
TITLE = csv_row("planning", "title_map", match="contains", value="部長", is_key_person="はい")
CALL_LIST = csv_row(
    "planning", "call_lists", field="campaign_type", match="exact", value="List", list_name=" "
)
NO_FIELD = csv_row("planning", "call_lists", field="owner", match="exact", value="x")
RATE = csv_row("planning", "currency_rates", currency="USD", valid_from="2024-04-01", rate="0")


def test_rules_titles_and_rates_are_read(staged: Staged) -> None:
    assert staged(RULE)["priority"] == 1
    assert staged(TITLE)["is_key_person"] is True
    assert staged(CALL_LIST)["list_name"] is None
    assert staged(NO_FIELD)["reject_reason"].startswith("not_allowed:field")
    assert staged(RATE)["reject_reason"] == "out_of_range:rate"
