"""Mapped sources: formats, separators, factors, constants and values, all from sources.yml."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from tests.staging.conftest import Staged
from tests.staging.workbench import Row, csv_row

LEAD = csv_row("mapped", "leads", lead_id="dac32acd", created_at="01/02/2018")
LEAD_IN_ISO = csv_row("mapped", "leads", lead_id="dac32acd", created_at="2018-02-01")
LEAD_OF_A_DAY_WITHOUT_MIDNIGHT = csv_row(
    "mapped", "leads", lead_id="dac32ace", created_at="15/10/2017"
)
DEAL = csv_row(
    "mapped", "opportunities", opportunity_id="o1", created_at="2018-02-01T10:00:00Z",
    stage_key="won", amount="1.234,50", close_date="03/02/2018", lead_id="dac32acd",
)  # fmt: skip
DEAL_OTHER_DATE = csv_row(
    "mapped", "opportunities", opportunity_id="o2", created_at="2018-02-01T10:00:00Z",
    stage_key="won", close_date="20180203",
)  # fmt: skip
MEETING = csv_row(
    "mapped", "events", meeting_id="m1", booked_at="2018-02-01T10:00:00Z",
    starts_at="2018-02-03T10:00:00Z", outcome="Feito",
)  # fmt: skip
MEETING_UNLISTED = csv_row(
    "mapped", "events", meeting_id="m2", booked_at="2018-02-01T10:00:00Z",
    starts_at="2018-02-03T10:00:00Z", outcome="talvez",
)  # fmt: skip
LEG = csv_row(
    "mapped", "call_legs", source="pbx", leg_id="L1", direction="発", started_at="20240401100000",
    ended_at="2024-04-01T10:03:00+0900", answered_flag="1", talk_seconds="2.5",
    disposition_values="接続;アポ",
)  # fmt: skip

MINUTES_TWICE = [
    csv_row(
        "mapped", "call_legs", source="pbx", file="minutes", leg_id=f"L{number}", direction="発",
        started_at="20240401100000", answered_at="2024-04-01T10:00:10+0900",
        ended_at="2024-04-01T10:02:10+0900", talk_seconds="120",
    )
    for number in range(20)
]  # fmt: skip


def leg(leg_id: str, file: str = "first", **columns: str | None) -> Row:
    said: dict[str, Any] = {"direction": "発", "started_at": "20240401100000", **columns}
    return csv_row("mapped", "call_legs", source="pbx", file=file, leg_id=leg_id, **said)


def deal(**columns: Any) -> Row:
    return csv_row(
        "mapped", "opportunities", source="sfa", opportunity_id="o9", stage_key="won",
        created_at="2024-02-01T10:00:00Z", **columns,
    )  # fmt: skip


AMOUNTS = [
    deal(amount=text)
    for text in (
        "¥1,200,000", "￥1,200,000", "1,200,000円", "JPY 1,200,000", "jpy1200000",
        "１，２００，０００", "1200000",
    )
]  # fmt: skip
OTHER_CURRENCY = deal(amount="$1,200,000")
REFUND = deal(amount="-¥1,200")
ON_HOLD = [
    leg(
        f"H{number}", file="hold", answered_at="2024-04-01T10:00:10+0900", talk_seconds="0.3333333",
        ended_at="2024-04-01T10:00:50+0900", hold_seconds="20",
    )
    for number in range(25)
]  # fmt: skip
HOLD_ALONE = leg(
    "H-1", answered_at="2024-04-01T10:00:10+0900", ended_at="2024-04-01T10:00:50+0900",
    hold_seconds="20",
)  # fmt: skip
RANG = leg("R-1", ring_seconds="03:05", answered_flag="0")
RANG_FOR_HOURS = leg("R-2", ring_seconds="1:03:05")
STILL_TALKING = leg("R-3", answered_at="2024-04-01T10:00:10+0900")
CASES = [leg("HsXQ8Pj"), leg("hSxq8pJ")]
ARRAY = leg("A-1", disposition_values='["担当者接続", " x "]')
SHORT_OWNER = deal(owner_id="0055h000001AbCe")
DAMAGED_OWNER = deal(owner_id="5.635300E+15")


def answer(**columns: str | None) -> Row:
    said: dict[str, Any] = {"response_id": "r1", "answered_at": "2024-04-01 09:30:00", **columns}
    return csv_row("mapped", "survey_responses", source="sfa", **said)


NINE_OF_TEN = answer(score="9", email_raw=" Taro@Prospect.example.com ", comment="良い")
FOUR_OF_FIVE = answer(response_id="r2", score="4", score_min="1", score_max="5")
COMMENT_ALONE = answer(response_id="r3", comment="特になし", about_at="2024-03-29 10:00:00")
OFF_THE_SCALE = [answer(score="11"), answer(score="0", score_min="1", score_max="5")]
NO_SCALE = answer(score="5", score_min="5", score_max="5")
UNDATED_ANSWER = answer(score="5", answered_at=None)


def test_a_score_is_on_the_scale_its_source_names_or_from_0_to_10(staged: Staged) -> None:
    made = staged(NINE_OF_TEN)
    assert (made["score"], made["score_min"], made["score_max"]) == (9, 0, 10)
    assert made["email_norm"] == "taro@prospect.example.com"
    assert made["answered_at"] == datetime(2024, 4, 1, 0, 30)
    made = staged(FOUR_OF_FIVE)
    assert (made["score"], made["score_min"], made["score_max"]) == (4, 1, 5)
    assert made["reject_reason"] is None


def test_a_comment_without_a_score_is_an_answer(staged: Staged) -> None:
    made = staged(COMMENT_ALONE)
    assert (made["score"], made["reject_reason"]) == (None, None)
    assert made["about_at"] == datetime(2024, 3, 29, 1)


def test_a_score_off_its_scale_is_refused(staged: Staged) -> None:
    assert {staged(row)["reject_reason"] for row in OFF_THE_SCALE} == {"out_of_range:score"}
    assert staged(NO_SCALE)["reject_reason"] == "out_of_range:score_max"
    assert staged(UNDATED_ANSWER)["reject_reason"] == "missing:answered_at"


def test_an_amount_is_read_with_the_unit_its_source_names(staged: Staged) -> None:
    for row in AMOUNTS:
        made = staged(row)
        assert (made["amount"], made["reject_reason"]) == (1200000.0, None), row
    assert staged(REFUND)["amount"] == -1200.0
    assert staged(OTHER_CURRENCY)["reject_reason"] == "bad_decimal:amount"


def test_hold_is_no_talk_and_no_unit_error(staged: Staged) -> None:
    for row in ON_HOLD:
        made = staged(row)
        assert (made["has_talk_mismatch"], made["reject_reason"]) == (False, None)
    assert staged(HOLD_ALONE)["talk_seconds"] == 20.0


def test_minutes_and_seconds_are_read_where_the_source_says_so(staged: Staged) -> None:
    made = staged(RANG)
    assert (made["ring_seconds"], made["telephony_result"]) == (185.0, "no_answer")
    assert staged(RANG_FOR_HOURS)["ring_seconds"] == 3785.0


def test_a_mapped_call_that_has_not_ended_is_in_progress(staged: Staged) -> None:
    assert staged(STILL_TALKING)["telephony_result"] == "in_progress"


def test_mapped_leg_ids_keep_their_case(staged: Staged) -> None:
    assert [staged(row)["leg_id"] for row in CASES] == ["HsXQ8Pj", "hSxq8pJ"]


def test_an_array_of_json_lines_is_several_values(staged: Staged) -> None:
    assert staged(ARRAY)["disposition_values"] == ["担当者接続", "x"]


def test_ids_of_a_mapped_source_follow_the_rule_of_planning(staged: Staged) -> None:
    assert staged(SHORT_OWNER)["owner_id"] == "0055h000001AbCeAAK"
    assert staged(DAMAGED_OWNER)["reject_reason"] == "damaged_id:owner_id"


def test_a_date_format_makes_local_midnight_of_an_instant(staged: Staged) -> None:
    made = staged(LEAD)
    assert made["created_at"] == datetime(2018, 2, 1, 2)
    assert made["reject_reason"] is None


def test_a_day_whose_midnight_the_clocks_skip_begins_at_its_first_instant(staged: Staged) -> None:
    made = staged(LEAD_OF_A_DAY_WITHOUT_MIDNIGHT)
    assert made["created_at"] == datetime(2017, 10, 15, 3)
    assert made["reject_reason"] is None


def test_a_text_that_is_not_in_the_format_is_refused(staged: Staged) -> None:
    assert staged(LEAD_IN_ISO)["reject_reason"] == "bad_timestamp:created_at"


def test_a_constant_fills_every_row(staged: Staged) -> None:
    assert staged(LEAD)["lead_source"] == "landing page"


def test_numbers_and_dates_follow_their_spelling(staged: Staged) -> None:
    made = staged(DEAL)
    assert (made["amount"], made["close_date"]) == (1234.5, date(2018, 2, 3))
    assert made["lead_id"] == "dac32acd"
    assert staged(DEAL_OTHER_DATE)["close_date"] == date(2018, 2, 3)


def test_a_value_map_gives_outcomes_and_the_rest_is_unknown(staged: Staged) -> None:
    made = staged(MEETING)
    assert (made["outcome"], made["outcome_raw"]) == ("held", "Feito")
    made = staged(MEETING_UNLISTED)
    assert (made["outcome"], made["outcome_raw"]) == ("unknown", "talvez")


def test_a_mapped_leg_is_completed_from_what_it_says(staged: Staged) -> None:
    made = staged(LEG)
    assert (made["direction"], made["leg_role"]) == ("outbound", "primary")
    assert made["started_at"] == datetime(2024, 4, 1, 1)
    assert made["ended_at"] == datetime(2024, 4, 1, 1, 3)
    assert (made["talk_seconds"], made["telephony_result"]) == (150.0, "answered")
    assert made["call_group_id"] == "L1"
    assert made["disposition_values"] == ["接続", "アポ"]
    assert made["reject_reason"] is None


def test_a_factor_that_is_wrong_refuses_the_whole_file(staged: Staged) -> None:
    assert {staged(row)["reject_reason"] for row in MINUTES_TWICE} == {"unit_error:talk_seconds"}
