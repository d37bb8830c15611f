"""Salesforce rows: ids, instants, units, deletes, meetings (formats §5.8, §6.4, §10.9)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from tests.staging.conftest import Staged
from tests.staging.workbench import Row, csv_row

LEAD_ID = "00Q5000000Gv7qJEAR"


def lead(source: str = "sf", **columns: str | None) -> Row:
    said: dict[str, Any] = {
        "lead_id": LEAD_ID, "created_at": "2024-04-01T10:00:00.000Z", "status": "New",
        "owner_id": "0055000000Gv7qJAAR", **columns,
    }  # fmt: skip
    return csv_row("salesforce", "leads", source=source, **said)


def task(**columns: str | None) -> Row:
    said: dict[str, Any] = {
        "activity_id": "00T5000000Gv7qJEAR", "created_at": "2024-04-01T10:00:00Z", **columns
    }  # fmt: skip
    return csv_row("salesforce", "tasks", **said)


def event(source: str = "sf", **columns: str | None) -> Row:
    said: dict[str, Any] = {
        "meeting_id": "00U5000000Gv7qJEAR",
        "booked_at": "2024-04-01T10:00:00Z",
        "starts_at": "2024-05-01T01:00:00Z",
        **columns,
    }
    return csv_row("salesforce", "events", source=source, **said)


def opportunity(**columns: str | None) -> Row:
    said: dict[str, Any] = {
        "opportunity_id": "0065000000Gv7qJAAR",
        "created_at": "2024-04-01T10:00:00Z",
        "stage_key": "初回商談",
        "name": "商談",
        "owner_id": "0055000000Gv7qJAAR",
        **columns,
    }
    return csv_row("salesforce", "opportunities", **said)


SHORT_ID = lead(lead_id="0015000000Gv7qJ")
SAME_BUT_FOR_CASE = (lead(lead_id="00Q5000000Gv7qJ"), lead(lead_id="00Q5000000gV7Qj"))


def test_an_id_of_15_characters_becomes_the_one_of_18(staged: Staged) -> None:
    assert staged(SHORT_ID)["lead_id"] == "0015000000Gv7qJAAR"


def test_ids_that_differ_only_by_case_stay_two_records(staged: Staged) -> None:
    first, second = (staged(row)["lead_id"] for row in SAME_BUT_FOR_CASE)
    assert first.lower() != second.lower()


DAMAGED_ID = lead(lead_id="5.63530E+15")
CUT_ID = lead(lead_id="00Q5000000Gv")
NO_ID = lead(lead_id="  ")
MASKED_OWNER = lead(owner_id="rQhle3uwQbFgFmLTF1WByg==")


def test_an_id_a_spreadsheet_destroyed_is_refused(staged: Staged) -> None:
    assert staged(DAMAGED_ID)["reject_reason"] == "damaged_id:lead_id"


def test_an_id_of_another_length_is_refused(staged: Staged) -> None:
    assert staged(CUT_ID)["reject_reason"] == "bad_salesforce_id:lead_id"


def test_a_row_without_its_key_is_refused(staged: Staged) -> None:
    assert staged(NO_ID)["reject_reason"] == "missing:lead_id"


def test_an_id_hashed_by_a_connector_is_taken_as_it_stands(staged: Staged) -> None:
    made = staged(MASKED_OWNER)
    assert (made["owner_id"], made["reject_reason"]) == ("rQhle3uwQbFgFmLTF1WByg==", None)


SPELLINGS = {
    lead(created_at=text): expected
    for text, expected in {
        "2024-04-01T10:00:00.000Z": datetime(2024, 4, 1, 10),
        "2024-04-01T10:00:00.000+0000": datetime(2024, 4, 1, 10),
        "2024-04-01T19:00:00+09:00": datetime(2024, 4, 1, 10),
        "2024-04-01T06:30:00.000-0330": datetime(2024, 4, 1, 10),
        "2024-04-01 19:00:00": datetime(2024, 4, 1, 10),
        "2024/4/1 19:00": datetime(2024, 4, 1, 10),
        "2024-04-01T19:00:00.250": datetime(2024, 4, 1, 10, 0, 0, 250000),
        "1711965600000": datetime(2024, 4, 1, 10),
        "1711965600": datetime(2024, 4, 1, 10),
        "2024-04-01": datetime(2024, 3, 31, 15),
    }.items()
}


def test_every_spelling_of_an_instant_becomes_utc(staged: Staged) -> None:
    for row, expected in SPELLINGS.items():
        made = staged(row)
        assert (made["created_at"], made["reject_reason"]) == (expected, None), row


UNZONED = lead("sf-unzoned", created_at="2024-04-01 16:30:00")
UNZONED_DAY = lead("sf-unzoned", created_at="2024-04-01")
UNZONED_WITH_OFFSET = lead("sf-unzoned", created_at="2024-04-01T16:30:00.000+0000")
UNZONED_ALL_DAY = event(
    "sf-unzoned", is_all_day="true", starts_at="2024-05-01T00:00:00Z", activity_date="2024-05-01"
)


def test_a_time_of_an_unknown_zone_is_refused_not_taken_for_local(staged: Staged) -> None:
    assert staged(UNZONED)["reject_reason"] == "no_time_zone:created_at"
    assert staged(UNZONED_DAY)["reject_reason"] == "no_time_zone:created_at"
    made = staged(UNZONED_WITH_OFFSET)
    assert (made["created_at"], made["reject_reason"]) == (datetime(2024, 4, 1, 16, 30), None)


def test_an_all_day_meeting_needs_no_zone_of_its_source(staged: Staged) -> None:
    made = staged(UNZONED_ALL_DAY)
    assert (made["starts_at"], made["reject_reason"]) == (datetime(2024, 4, 30, 15), None)


STAGE = csv_row(
    "salesforce", "opportunity_stages", stage_key="受注", label="受注", sort_order="4",
    is_closed="true", is_won="true",
)  # fmt: skip
STAGE_OF_UNKNOWN_END = csv_row(
    "salesforce", "opportunity_stages", stage_key="提案", label="提案", sort_order="3",
    is_closed="true",
)  # fmt: skip


def test_a_stage_that_does_not_say_whether_it_is_won_is_refused(staged: Staged) -> None:
    assert staged(STAGE)["reject_reason"] is None
    assert staged(STAGE_OF_UNKNOWN_END)["reject_reason"] == "missing:is_won"


SERIES = event(starts_at="", is_recurrence="true")
CHILD_WITHOUT_START = event(starts_at="", is_child="true")
OCCURRENCE = event(is_recurrence="true")


def test_what_is_no_meeting_of_its_own_needs_no_start(staged: Staged) -> None:
    for row in (SERIES, CHILD_WITHOUT_START):
        assert (staged(row)["is_child"], staged(row)["reject_reason"]) == (True, None)
    assert staged(OCCURRENCE)["is_child"] is False


IMPOSSIBLE = {
    lead(created_at=text): reason
    for text, reason in {
        "2024-02-30T10:00:00Z": "bad_timestamp:created_at",
        "2022-02-30": "bad_timestamp:created_at",
        "01/04/2024": "bad_timestamp:created_at",
        "infinity": "bad_timestamp:created_at",
        "yesterday": "bad_timestamp:created_at",
        "1999-12-31T23:59:59Z": "out_of_range:created_at",
        "2024-06-03T00:00:01Z": "out_of_range:created_at",
        "": "missing:created_at",
        "#REF!": "missing:created_at",
    }.items()
}


def test_an_impossible_instant_is_refused_and_said_so(staged: Staged) -> None:
    for row, reason in IMPOSSIBLE.items():
        assert staged(row)["reject_reason"] == reason, row


UNTIL_TWO_DAYS_AHEAD = lead(created_at="2024-06-03T00:00:00Z")


def test_an_instant_may_lie_two_days_after_the_extraction(staged: Staged) -> None:
    assert staged(UNTIL_TWO_DAYS_AHEAD)["reject_reason"] is None


SKIPPED_HOUR = lead("sf-la", created_at="2024-03-10 02:30:00")
HOUR_PASSED_TWICE = lead("sf-la", created_at="2023-11-05 01:30:00")
SUMMER = lead("sf-la", created_at="2023-07-05 01:30:00")
WINTER = lead("sf-la", created_at="2024-01-05 01:30:00")
TWICE_BUT_WITH_OFFSET = lead("sf-la", created_at="2023-11-05T01:30:00-0800")


def test_a_local_time_the_clocks_skipped_is_refused(staged: Staged) -> None:
    assert staged(SKIPPED_HOUR)["reject_reason"] == "nonexistent_local_time:created_at"


def test_a_local_time_passed_twice_is_the_first_and_flagged(staged: Staged) -> None:
    made = staged(HOUR_PASSED_TWICE)
    assert made["created_at"] == datetime(2023, 11, 5, 8, 30)
    assert made["is_ambiguous_time"] is True
    assert made["reject_reason"] is None


def test_an_offset_settles_an_hour_passed_twice(staged: Staged) -> None:
    made = staged(TWICE_BUT_WITH_OFFSET)
    assert (made["created_at"], made["is_ambiguous_time"]) == (datetime(2023, 11, 5, 9, 30), False)


def test_local_time_follows_the_clocks_of_its_zone(staged: Staged) -> None:
    assert staged(SUMMER)["created_at"] == datetime(2023, 7, 5, 8, 30)
    assert staged(WINTER)["created_at"] == datetime(2024, 1, 5, 9, 30)
    assert staged(WINTER)["is_ambiguous_time"] is False


CONVERTED = lead(
    is_converted="TRUE", converted_date="2024-04-03", converted_contact_id="0035000000Gv7qJ"
)
CONVERTED_BY_A_CONNECTOR = lead(converted_date="2024-04-03 00:00:00")
SHIFTED_DATE = lead(converted_date="2024-04-03T15:00:00Z")
NO_SUCH_DAY = lead(converted_date="2022-02-30")


def test_a_date_stays_a_date(staged: Staged) -> None:
    made = staged(CONVERTED)
    assert made["converted_date"] == date(2024, 4, 3)
    assert made["converted_contact_id"] == "0035000000Gv7qJAAR"
    assert staged(CONVERTED_BY_A_CONNECTOR)["converted_date"] == date(2024, 4, 3)


def test_a_date_that_an_offset_could_shift_or_that_never_was_is_refused(staged: Staged) -> None:
    assert staged(SHIFTED_DATE)["reject_reason"] == "bad_date:converted_date"
    assert staged(NO_SUCH_DAY)["reject_reason"] == "bad_date:converted_date"


BY_SYSTEM_MODSTAMP = lead(
    updated_at="2024-05-01T00:00:00Z", last_modified_at="2024-04-30T00:00:00Z"
)
BY_LAST_MODIFIED = lead(last_modified_at="2024-04-30T00:00:00Z")
MERGED = lead(is_deleted="true", merged_into_id="00Q5000000Gv7qK")
PLAIN = lead(
    email_raw=" Ａ.Sato@Example.CO.JP ", company_name="㈱蔵　", employees="1,200", lead_score="12.5",
    owner_id="00G5000000Gv7qJEAA", phone_raw="#N/A",
)  # fmt: skip


def test_the_version_is_system_modstamp_else_the_last_modification(staged: Staged) -> None:
    assert staged(BY_SYSTEM_MODSTAMP)["updated_at"] == datetime(2024, 5, 1)
    assert staged(BY_LAST_MODIFIED)["updated_at"] == datetime(2024, 4, 30)


def test_a_merge_loser_names_its_winner(staged: Staged) -> None:
    made = staged(MERGED)
    assert (made["is_deleted"], made["merged_into_id"]) == (True, "00Q5000000Gv7qKEAR")


def test_texts_are_trimmed_numbers_read_and_spreadsheet_errors_empty(staged: Staged) -> None:
    made = staged(PLAIN)
    assert made["email_raw"] == "Ａ.Sato@Example.CO.JP"
    assert made["email_norm"] == "a.sato@example.co.jp"
    assert made["company_name"] == "㈱蔵"
    assert (made["employees"], made["lead_score"]) == (1200, 12.5)
    assert made["phone_raw"] is None
    assert made["owner_id"].startswith("00G")
    assert made["is_deleted"] is False


BAD_BOOLEAN = lead(is_converted="maybe")
BAD_NUMBER = lead(employees="1.2E+03")


def test_what_is_not_of_its_type_is_never_silently_empty(staged: Staged) -> None:
    assert staged(BAD_BOOLEAN)["reject_reason"] == "bad_boolean:is_converted"
    assert staged(BAD_NUMBER)["reject_reason"] == "bad_integer:employees"


AMOUNT = opportunity(
    amount="1200000.0", probability="30", close_date="2024/9/30", acceptance="受領"
)
NO_AMOUNT = opportunity(amount="", acceptance="保留")
TOO_PROBABLE = opportunity(probability="130")


def test_probability_is_a_share_and_an_empty_amount_is_not_zero(staged: Staged) -> None:
    made = staged(AMOUNT)
    assert (made["amount"], made["probability"]) == (1200000.0, 0.3)
    assert made["close_date"] == date(2024, 9, 30)
    assert made["pipeline_id"] == "default"
    assert staged(NO_AMOUNT)["amount"] is None
    assert staged(TOO_PROBABLE)["reject_reason"] == "out_of_range:probability"


def test_a_value_map_translates_what_it_lists_and_leaves_the_rest(staged: Staged) -> None:
    assert staged(AMOUNT)["acceptance"] == "accepted"
    assert staged(NO_AMOUNT)["acceptance"] == "保留"


CALL = task(task_subtype="Call", call_type="Outbound", call_duration_seconds="61",
            person_ref_id="00Q5000000Gv7qJ", related_ref_id="0065000000Gv7qJ",
            completed_at="2024-04-02T10:00:00Z")  # fmt: skip
CALL_BY_DURATION = task(task_subtype="Task", call_duration_seconds="0")
MAIL = task(task_subtype="Email", person_ref_id="0035000000Gv7qJ", related_ref_id="7015000000Gv7qJ")
LIST_MAIL = task(task_subtype="ListEmail")
TO_DO = task(task_subtype="Task")


def test_a_task_is_a_call_a_mail_or_a_task(staged: Staged) -> None:
    kinds = [
        staged(row)["activity_kind"] for row in (CALL, CALL_BY_DURATION, MAIL, LIST_MAIL, TO_DO)
    ]
    assert kinds == ["call", "call", "email", "list_email", "task"]


def test_a_task_is_dated_by_its_completion_else_its_creation(staged: Staged) -> None:
    assert staged(CALL)["activity_at"] == datetime(2024, 4, 2, 10)
    assert staged(MAIL)["activity_at"] == datetime(2024, 4, 1, 10)


def test_prefixes_say_what_an_id_points_to(staged: Staged) -> None:
    call, mail = staged(CALL), staged(MAIL)
    assert (call["person_ref_type"], call["related_ref_type"]) == ("lead", "opportunity")
    assert (mail["person_ref_type"], mail["related_ref_type"]) == ("contact", "campaign")
    assert call["call_direction"] == "outbound"
    assert mail["call_direction"] is None


NEGATIVE = task(call_duration_seconds="-5")


def test_a_negative_duration_is_refused(staged: Staged) -> None:
    assert staged(NEGATIVE)["reject_reason"] == "out_of_range:call_duration_seconds"


CHILD = event(is_child="true")
NO_SHOW = event(meeting_outcome="true")
HELD = event(meeting_outcome="実施済み", meeting_type="初回", type="Call")
UNLISTED_OUTCOME = event(meeting_outcome="false")
NEXT_YEAR = event(starts_at="2025-05-01T01:00:00Z", ends_at="2025-05-01T02:00:00Z")
BACKWARDS = event(starts_at="2024-05-01T02:00:00Z", ends_at="2024-05-01T01:00:00Z")
ALL_DAY = event(
    "sf-la", is_all_day="true", starts_at="2024-05-01T00:00:00Z", activity_date="2024-05-01"
)
ALL_DAY_TOKYO = event(is_all_day="true", starts_at="2024-05-01T00:00:00Z")
NEVER_STARTS = event(starts_at="")


def test_an_invitees_copy_is_told_apart(staged: Staged) -> None:
    assert staged(CHILD)["is_child"] is True


def test_an_outcome_comes_from_the_configured_field_through_its_map(staged: Staged) -> None:
    made = staged(NO_SHOW)
    assert (made["outcome"], made["outcome_raw"], made["outcome_basis"]) == (
        "no_show", "true", "custom_field",
    )  # fmt: skip
    assert staged(HELD)["outcome"] == "held"
    assert staged(UNLISTED_OUTCOME)["outcome"] == "unknown"
    assert (staged(CHILD)["outcome"], staged(CHILD)["outcome_basis"]) == ("unknown", "none")


def test_the_configured_meeting_type_wins(staged: Staged) -> None:
    assert staged(HELD)["meeting_type_raw"] == "初回"


def test_a_meeting_may_lie_ahead_but_not_end_before_it_starts(staged: Staged) -> None:
    assert staged(NEXT_YEAR)["reject_reason"] is None
    assert staged(BACKWARDS)["reject_reason"] == "end_before_start"
    assert staged(NEVER_STARTS)["reject_reason"] == "missing:starts_at"


def test_an_all_day_meeting_starts_at_local_midnight_of_its_day(staged: Staged) -> None:
    assert staged(ALL_DAY)["starts_at"] == datetime(2024, 5, 1, 7)
    assert staged(ALL_DAY_TOKYO)["starts_at"] == datetime(2024, 4, 30, 15)


HISTORY = csv_row(
    "salesforce", "opportunity_history", snapshot_id="0085000000Gv7qJ",
    opportunity_id="0065000000Gv7qJ", snapshot_at="2024-04-01T10:00:00Z", amount="5",
    probability="10", close_date="2024-09-30",
)  # fmt: skip


def test_a_history_row_without_a_stage_change_is_a_snapshot_all_the_same(staged: Staged) -> None:
    made = staged(HISTORY)
    assert (made["stage_key"], made["amount"], made["reject_reason"]) == (None, 5.0, None)


CONTACT = csv_row(
    "salesforce", "contacts", contact_id="0035000000Gv7qJ", created_at="2024-04-01T10:00:00Z",
    home_phone_raw="03-1", assistant_phone_raw="03-2",
)  # fmt: skip
ACCOUNT = csv_row(
    "salesforce", "accounts", account_id="0015000000Gv7qJ", created_at="2024-04-01T10:00:00Z",
    website="https://www.Kura.example/jp?x=1", name="蔵",
)  # fmt: skip


def test_further_telephones_are_kept_together(staged: Staged) -> None:
    assert staged(CONTACT)["other_phones_raw"] == ["03-1", "03-2"]


def test_a_web_site_is_its_host(staged: Staged) -> None:
    assert staged(ACCOUNT)["website_domain"] == "kura.example"
