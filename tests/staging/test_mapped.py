"""Mapped sources: formats, separators, factors, constants and values, all from sources.yml."""

from __future__ import annotations

from datetime import date, datetime

from tests.staging.conftest import Staged
from tests.staging.workbench import csv_row

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
    assert made["call_group_id"] == "l1"
    assert made["disposition_values"] == ["接続", "アポ"]
    assert made["reject_reason"] is None


def test_a_factor_that_is_wrong_refuses_the_whole_file(staged: Staged) -> None:
    assert {staged(row)["reject_reason"] for row in MINUTES_TWICE} == {"unit_error:talk_seconds"}
