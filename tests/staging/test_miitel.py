"""MiiTel legs from the webhook and from the history CSV (formats §5.1, §10.1, §10.2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.staging.conftest import Staged
from tests.staging.workbench import Row, csv_row, json_row

AGENT = {
    "id": "p1", "from_to": "FROM", "name": "佐藤", "company_name": None,
    "login_id": "Sato@Example.co.jp", "analysis": {"speechrate": 8.84},
}  # fmt: skip
CUSTOMER = {
    "id": "p2", "from_to": "TO", "name": "鈴木", "company_name": "蔵商事", "login_id": None,
    "analysis": {"speechrate": 7.5},
}  # fmt: skip


def swapped(person: dict[str, Any]) -> dict[str, Any]:
    return {**person, "from_to": "TO" if person["from_to"] == "FROM" else "FROM"}


def detail(**said: Any) -> dict[str, Any]:
    return {
        "id": "AAAA-1",
        "previous_id": None,
        "call_type": "OUTGOING_CALL",
        "dial_starts_at": "2024-04-01T01:00:00+00:00",
        "dial_answered_at": "2024-04-01T01:00:10+00:00",
        "dial_ends_at": "2024-04-01T01:02:10+00:00",
        "queueing_starts_at": None,
        "queueing_answered_at": None,
        "queueing_ends_at": None,
        "circuit_number": "05099999999",
        "circuit_name": "代表",
        "from_number": None,
        "to_number": "09000000000",
        "dtmf": None,
        "analysis": None,
        "participants": [
            {**AGENT, "analysis": None},
            {**CUSTOMER, "analysis": None},
        ],
        "tags": [],
        "comments": [],
        "keywords": [],
        "phrases": [],
        "speech_recognition": {"raw": "", "summary": ""},
        **said,
    }


def delivery(*details: dict[str, Any], call_id: str = "CALL-1", **options: Any) -> Row:
    return json_row(
        "miitel",
        "webhook_legs",
        {"call": {"id": call_id, "tenant_code": "acme", "details": list(details)}},
        **options,
    )


UNANSWERED = delivery(detail(dial_answered_at=None))
ANSWERED = delivery(
    detail(
        analysis={
            "score": 313.35, "tlr": 0.8095, "rally_count": 12, "overlap_count": 3,
            "silence_count": 1, "silence_positions": [[1.0, 5.0], [9.0, 12.5]],
        },
        participants=[AGENT, CUSTOMER],
        tags=[
            {"value": "担当者接続", "created_by": "sato", "creator_type": "TENANT_USER"},
            {"value": "自動タグ", "created_by": None, "creator_type": "SYSTEM"},
            {"value": "アポ獲得", "created_by": "sato", "creator_type": "TENANT_USER"},
        ],
        speech_recognition={"raw": "もしもし", "summary": ""},
    )
)  # fmt: skip


def test_an_unanswered_dial_is_no_answer_and_has_no_analysis(staged: Staged) -> None:
    made = staged(UNANSWERED)
    assert (made["answered_flag"], made["telephony_result"]) == (False, "no_answer")
    assert (made["talk_seconds"], made["ring_seconds"]) == (None, 130.0)
    assert (made["has_analysis"], made["turn_count"], made["customer_spoke"]) == (
        False,
        None,
        False,
    )
    assert made["reject_reason"] is None


def test_an_answered_dial_gives_talk_and_speech_of_both_sides(staged: Staged) -> None:
    made = staged(ANSWERED)
    assert (made["talk_seconds"], made["ring_seconds"]) == (120.0, 10.0)
    assert made["telephony_result"] == "answered"
    assert (made["vendor_score"], made["agent_talk_ratio"]) == (313.35, 0.8095)
    assert (made["turn_count"], made["overlap_count"], made["silence_count"]) == (12, 3, 1)
    assert made["silence_seconds"] == 7.5
    assert (made["agent_speech_rate"], made["customer_speech_rate"]) == (8.84, 7.5)
    assert (made["customer_spoke"], made["has_transcript"]) == (True, True)


def test_only_tags_of_people_are_dispositions_and_keep_their_order(staged: Staged) -> None:
    assert staged(ANSWERED)["disposition_values"] == ["担当者接続", "アポ獲得"]
    assert staged(UNANSWERED)["disposition_values"] is None


def test_the_leg_says_who_called_whom(staged: Staged) -> None:
    made = staged(ANSWERED)
    assert (made["agent_email"], made["agent_name"]) == ("sato@example.co.jp", "佐藤")
    assert (made["contact_name_raw"], made["company_name_raw"]) == ("鈴木", "蔵商事")
    assert (made["customer_number_raw"], made["own_number_raw"]) == ("09000000000", "05099999999")
    assert (made["leg_id"], made["call_group_id"], made["account"]) == ("aaaa-1", "call-1", "acme")


INCOMING = delivery(
    detail(
        call_type="INCOMING_CALL_USER", from_number="0312345678", to_number="05099999999",
        dial_answered_at=None, participants=[swapped(AGENT), swapped(CUSTOMER)],
    )
)  # fmt: skip
TRANSFER = delivery(
    detail(id="T1", call_type="INCOMING_CALL", from_number="0312345678", to_number="05099999999"),
    detail(id="T2", previous_id="T1", call_type="QUEUEING_CALL", dial_answered_at=None,
           queueing_starts_at="2024-04-01T01:00:10+00:00",
           queueing_ends_at="2024-04-01T01:00:40+00:00"),
    detail(id="T3", previous_id="T2", call_type="EXTENSION_TRANSFER",
           participants=[swapped(CUSTOMER), swapped(AGENT)]),
)  # fmt: skip
VOICEMAIL = delivery(detail(call_type="AUTOMATIC_RECORD"))
IVR = delivery(detail(call_type="READ_DTMF"))
PREDICTIVE = delivery(
    detail(call_type="PREDICTIVE_DIAL", dial_answered_at=None, participants=[
        {**AGENT, "login_id": None, "name": None}, CUSTOMER,
    ])
)  # fmt: skip
INTERNAL = delivery(detail(call_type="EXTENSION"))
NEW_TYPE = delivery(detail(call_type="HOLOGRAM_CALL"))


def test_an_unanswered_incoming_call_is_abandoned(staged: Staged) -> None:
    made = staged(INCOMING)
    assert (made["direction"], made["leg_role"]) == ("inbound", "agent")
    assert made["telephony_result"] == "abandoned"
    assert made["agent_email"] == "sato@example.co.jp"
    assert made["customer_number_raw"] == "0312345678"


def test_a_transfer_is_one_call_of_several_legs(staged: Staged) -> None:
    legs = [staged(TRANSFER, element) for element in range(3)]
    assert {leg["call_group_id"] for leg in legs} == {"call-1"}
    assert [leg["previous_leg_id"] for leg in legs] == [None, "t1", "t2"]
    assert [leg["direction"] for leg in legs] == ["inbound", "inbound", "inherit"]
    assert [leg["leg_role"] for leg in legs] == ["primary", "queue", "transfer"]
    assert legs[1]["queue_seconds"] == 30.0
    assert legs[2]["agent_name"] == "佐藤"


def test_a_recording_is_a_machine_and_a_menu_is_no_talk(staged: Staged) -> None:
    made = staged(VOICEMAIL)
    assert (made["telephony_result"], made["answered_by"], made["is_voicemail"]) == (
        "voicemail", "machine", True,
    )  # fmt: skip
    assert staged(IVR)["telephony_result"] == "ivr_only"
    assert staged(ANSWERED)["answered_by"] == "not_measured"


def test_a_predictive_dial_nobody_took_has_no_agent(staged: Staged) -> None:
    made = staged(PREDICTIVE)
    assert (made["leg_role"], made["agent_email"], made["agent_user_key"]) == ("dialer", None, None)


def test_an_unknown_call_type_is_kept_and_counted(staged: Staged) -> None:
    made = staged(NEW_TYPE)
    assert (made["direction"], made["leg_role"]) == ("unknown", "unknown")
    assert (made["has_unknown_call_type"], made["reject_reason"]) == (True, None)
    assert (staged(INTERNAL)["direction"], staged(INTERNAL)["has_unknown_call_type"]) == (
        "internal", False,
    )  # fmt: skip


EMPTY = delivery()
NO_LEG_ID = delivery(detail(id=None))
BACKWARDS = delivery(detail(dial_ends_at="2024-04-01T00:59:00+00:00"))
TOO_EARLY_ANSWER = delivery(detail(dial_answered_at="2024-04-01T00:59:59+00:00"))
FROM_THE_FUTURE = delivery(detail(
    dial_starts_at="2024-06-01T00:05:01+00:00", dial_answered_at=None,
    dial_ends_at="2024-06-01T00:06:00+00:00",
))  # fmt: skip
JUST_NOW = delivery(detail(
    dial_starts_at="2024-06-01T00:05:00+00:00", dial_answered_at=None,
    dial_ends_at="2024-06-01T00:06:00+00:00",
))  # fmt: skip
OVERLONG = delivery(detail(dial_ends_at="2024-04-01T14:00:00+00:00"))
STILL_OPEN = delivery(detail(dial_answered_at=None, dial_ends_at=None))
ANSWERED_AND_OPEN = delivery(detail(dial_ends_at=None))
PERCENT_TEXT = delivery(detail(analysis={"tlr": "81%", "rally_count": 1}))
PERCENT = delivery(detail(analysis={"tlr": 80.95, "rally_count": 1}))
BAD_RATIO = delivery(detail(analysis={"tlr": 180, "rally_count": 1}))
SILENT_FOREVER = delivery(detail(analysis={"tlr": 0.5, "silence_positions": [[0, 5000]]}))
SPOKE_BY_PHRASES = delivery(detail(
    analysis={"tlr": 0.5}, phrases=[
        {"participant_id": "p2", "raw": [{"order": 1, "phrase": "はい"}], "summary": []},
    ],
))  # fmt: skip
SAID_NOTHING = delivery(detail(
    analysis={"tlr": 1.0}, phrases=[{"participant_id": "p2", "raw": [], "summary": []}],
))  # fmt: skip


def test_a_call_without_legs_is_refused_not_lost(staged: Staged) -> None:
    assert staged(EMPTY)["reject_reason"] == "missing:leg_id"
    assert staged(NO_LEG_ID)["reject_reason"] == "missing:leg_id"


def test_instants_that_contradict_each_other_are_refused(staged: Staged) -> None:
    assert staged(BACKWARDS)["reject_reason"] == "end_before_start"
    assert staged(TOO_EARLY_ANSWER)["reject_reason"] == "end_before_start"
    assert staged(FROM_THE_FUTURE)["reject_reason"] == "starts_after_extraction"
    assert staged(JUST_NOW)["reject_reason"] is None


def test_a_call_of_half_a_day_is_kept_and_flagged(staged: Staged) -> None:
    made = staged(OVERLONG)
    assert (made["is_overlong"], made["reject_reason"]) == (True, None)
    assert staged(ANSWERED)["is_overlong"] is False


def test_a_call_that_has_not_ended_is_in_progress(staged: Staged) -> None:
    made = staged(STILL_OPEN)
    assert (made["telephony_result"], made["ended_at"]) == ("in_progress", None)
    assert staged(ANSWERED_AND_OPEN)["telephony_result"] == "in_progress"


def test_a_talk_ratio_in_percent_becomes_a_share(staged: Staged) -> None:
    assert abs(staged(PERCENT)["agent_talk_ratio"] - 0.8095) < 1e-9
    assert staged(PERCENT_TEXT)["agent_talk_ratio"] == 0.81
    assert staged(BAD_RATIO)["reject_reason"] == "out_of_range:agent_talk_ratio"


def test_silence_longer_than_the_call_is_not_believed(staged: Staged) -> None:
    made = staged(SILENT_FOREVER)
    assert (made["silence_seconds"], made["has_analysis"]) == (None, True)


def test_a_customer_spoke_when_analysis_or_phrases_say_so(staged: Staged) -> None:
    assert staged(SPOKE_BY_PHRASES)["customer_spoke"] is True
    assert staged(SAID_NOTHING)["customer_spoke"] is False


def history(*, file: str = "first", **columns: str | None) -> Row:
    said: dict[str, Any] = {
        "leg_id": "S-1",
        "agent_name": "佐藤",
        "call_from": "05099999999",
        "call_to": "03-1234-5678",
        "vendor_call_type": "発信",
        "started_at": "2024-04-01 10:00:00",
        "answered_at": "2024-04-01 10:00:10",
        "ended_at": "2024-04-01 10:02:10",
        "ring_seconds": "0:00:10",
        "talk_seconds": "0:02:00",
        **columns,
    }
    return csv_row("miitel", "history_legs", source="mii-csv", file=file, **said)


PLAIN = history(company_name_raw="㈱蔵", memo="担当者接続/アポ獲得")
BY_SECONDS = history(ring_seconds="10", talk_seconds="120")
BLANK_ANSWER = history(
    vendor_call_type="発信(不在)", answered_at="", agent_name="-", talk_seconds=""
)
FULL_WIDTH_TYPE = history(vendor_call_type="発信（不在）", answered_at=None)
ENGLISH = history(vendor_call_type="Outbound  Call (No Answer)", answered_at=None)
FLOW = history(
    leg_id="S-3",
    parent_sequence_id="S-1",
    previous_leg_id="S-2",
    vendor_call_type="転送",
    agent_name="転送",
    call_from="0312345678",
    call_to="佐藤",
)
RECORDED = history(vendor_call_type="留守番電話")
DIALER = history(vendor_call_type="predictive_dial", agent_name="プレディクティブコール")
MENU = history(vendor_call_type="read_dtmf")
INSIDE = history(vendor_call_type="内線", agent_name="内線")
MISSED = history(vendor_call_type="着信(不在)", answered_at=None, call_from="0312345678")
SPACED_TYPES = [
    history(vendor_call_type=said, answered_at=None)
    for said in (
        "発信 (不在)",
        "Outbound  call(No Answer)",
        "ＯｕｔｂｏｕｎｄＣａｌｌ",
        "発 信",
        "OutboundCall",
    )
]
NEVER_ANSWERED = history(answered_at="", ended_at="", talk_seconds=None, ring_seconds=None)
ANSWERED_WITHOUT_END = history(ended_at="")
ANSWERED_AND_NOTHING_MORE = history(ended_at="", talk_seconds="")
GUESSED = history(
    agent_talk_ratio="45:55", turn_count="十回", overlap_count="0.5", silence_count="-1"
)
GUESSED_PERCENT = history(agent_talk_ratio="45%")
GUESSED_WRONG = history(agent_talk_ratio="良い")
UNKNOWN_TYPE = history(vendor_call_type="テレパシー")
BAD_DURATION = history(talk_seconds="2:00")
WRONG_UNIT = history(talk_seconds="2")
NEGATIVE = history(talk_seconds="-3")


def test_a_history_row_is_a_leg_in_local_time(staged: Staged) -> None:
    made = staged(PLAIN)
    assert made["started_at"] == datetime(2024, 4, 1, 1)
    assert (made["ring_seconds"], made["talk_seconds"]) == (10.0, 120.0)
    assert (made["call_group_id"], made["leg_id"]) == ("s-1", "s-1")
    assert (made["customer_number_raw"], made["own_number_raw"]) == ("03-1234-5678", "05099999999")
    assert made["company_name_raw"] == "㈱蔵"
    assert made["disposition_values"] == ["担当者接続", "アポ獲得"]
    assert (made["account"], made["has_talk_mismatch"]) == ("acme", False)


def test_durations_are_clocks_or_seconds(staged: Staged) -> None:
    assert staged(BY_SECONDS)["talk_seconds"] == staged(PLAIN)["talk_seconds"]
    assert staged(BAD_DURATION)["reject_reason"] == "bad_duration:talk_seconds"
    assert staged(NEGATIVE)["reject_reason"] == "negative:talk_seconds"


def test_talk_the_instants_contradict_is_counted(staged: Staged) -> None:
    made = staged(WRONG_UNIT)
    assert (made["has_talk_mismatch"], made["reject_reason"]) == (True, None)


def test_a_blank_answer_is_not_answered_and_a_dash_is_nobody(staged: Staged) -> None:
    made = staged(BLANK_ANSWER)
    assert (made["answered_flag"], made["telephony_result"]) == (False, "no_answer")
    assert (made["agent_name"], made["talk_seconds"]) == (None, None)


def test_call_types_are_read_in_every_width_and_case(staged: Staged) -> None:
    for row in (FULL_WIDTH_TYPE, ENGLISH):
        made = staged(row)
        assert (made["direction"], made["telephony_result"]) == ("outbound", "no_answer")


def test_spaces_in_a_call_type_mean_nothing(staged: Staged) -> None:
    for row in SPACED_TYPES:
        made = staged(row)
        assert (made["direction"], made["telephony_result"]) == ("outbound", "no_answer"), row


def test_a_finished_call_nobody_answered_needs_no_end(staged: Staged) -> None:
    assert staged(NEVER_ANSWERED)["telephony_result"] == "no_answer"
    made = staged(ANSWERED_WITHOUT_END)
    assert (made["telephony_result"], made["talk_seconds"]) == ("answered", 120.0)
    assert staged(ANSWERED_AND_NOTHING_MORE)["telephony_result"] == "in_progress"


def test_a_guessed_header_never_refuses_a_call(staged: Staged) -> None:
    made = staged(GUESSED)
    assert made["agent_talk_ratio"] == 0.45
    assert (made["turn_count"], made["overlap_count"], made["silence_count"]) == (None, None, None)
    assert made["reject_reason"] is None
    assert staged(GUESSED_PERCENT)["agent_talk_ratio"] == 0.45
    made = staged(GUESSED_WRONG)
    assert (made["agent_talk_ratio"], made["has_analysis"], made["reject_reason"]) == (
        None, False, None,
    )  # fmt: skip


def test_the_flow_view_links_legs(staged: Staged) -> None:
    made = staged(FLOW)
    assert (made["call_group_id"], made["previous_leg_id"]) == ("s-1", "s-2")
    assert (made["direction"], made["leg_role"], made["agent_name"]) == (
        "inherit",
        "transfer",
        None,
    )
    assert made["customer_number_raw"] == "0312345678"


def test_machines_menus_and_insiders_are_told_apart(staged: Staged) -> None:
    recorded = staged(RECORDED)
    assert (recorded["telephony_result"], recorded["answered_by"]) == ("voicemail", "machine")
    assert recorded["answered_flag"] is False
    assert staged(MENU)["telephony_result"] == "ivr_only"
    assert (staged(DIALER)["leg_role"], staged(DIALER)["agent_name"]) == ("dialer", None)
    assert staged(INSIDE)["direction"] == "internal"
    missed = staged(MISSED)
    assert (missed["telephony_result"], missed["customer_number_raw"]) == (
        "abandoned",
        "0312345678",
    )


def test_an_unknown_history_type_is_kept_and_counted(staged: Staged) -> None:
    made = staged(UNKNOWN_TYPE)
    assert (made["direction"], made["has_unknown_call_type"]) == ("unknown", True)
    assert made["reject_reason"] is None


def unit_error(file: str, *talks: str) -> list[Row]:
    """A history file whose legs all lasted 120 s, with these durations stated."""
    return [
        history(leg_id=f"{file}-{number}", talk_seconds=talk, file=file)
        for number, talk in enumerate(talks)
    ]


IN_MINUTES = unit_error("minutes", *["2"] * 11, *["120"] * 9)
IN_MINUTES_AND_MISSED = [
    *unit_error("missed", *["2"] * 20),
    history(leg_id="missed-x", answered_at=None, talk_seconds="", file="missed"),
    history(leg_id="missed-y", talk_seconds="two", file="missed"),
]
HALF_WRONG = unit_error("half", *["2"] * 10, *["120"] * 10)
TOO_FEW_TO_JUDGE = unit_error("few", *["2"] * 19)
NOTHING_STATED = unit_error("silent", *[""] * 25)


def test_a_file_most_of_whose_talk_is_wrong_is_refused_with_all_its_rows(staged: Staged) -> None:
    assert {staged(row)["reject_reason"] for row in IN_MINUTES} == {"unit_error:talk_seconds"}


def test_missed_and_unreadable_calls_go_with_the_file_but_do_not_judge_it(staged: Staged) -> None:
    reasons = {staged(row)["reject_reason"] for row in IN_MINUTES_AND_MISSED}
    assert reasons == {"unit_error:talk_seconds"}


def test_half_of_the_talk_or_too_few_calls_condemn_no_file(staged: Staged) -> None:
    for row in (*HALF_WRONG, *TOO_FEW_TO_JUDGE, *NOTHING_STATED):
        assert staged(row)["reject_reason"] is None
    assert staged(HALF_WRONG[0])["has_talk_mismatch"] is True
