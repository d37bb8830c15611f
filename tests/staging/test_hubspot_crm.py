"""HubSpot as a CRM: opaque ids, milliseconds, result GUIDs, merges, archives (formats §5.6, §6, §10.7)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from tests.staging.conftest import Staged
from tests.staging.workbench import Row, json_row

CREATED = "2024-04-01T01:00:00.000Z"
CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"


def record(object_name: str, properties: dict[str, Any], **said: Any) -> Row:
    source = said.pop("source", None)
    return json_row(
        "hubspot",
        object_name,
        {
            "id": "9007199254740993",
            "createdAt": CREATED,
            "updatedAt": "2024-04-02T01:00:00.000Z",
            "archived": False,
            "properties": properties,
            **said,
        },
        source=source,
    )


def deal(properties: dict[str, Any] | None = None, **said: Any) -> Row:
    return record(
        "deals", {"dealstage": "1234567", "dealname": "案件", **(properties or {})}, **said
    )


OPEN_DEAL = deal({"amount": "1500000", "hs_is_closed": "false", "hs_is_closed_won": "false"})
WON_DEAL = deal({"hs_is_closed": "true", "hs_is_closed_won": "true", "deal_currency_code": "USD"})
NO_AMOUNT = deal({"amount": "", "hs_is_closed": ""})
LATE_EVENING = deal({"closedate": "2024-03-31T15:30:00Z"})
CLOSE_DAY = deal({"closedate": "2024-03-31"})
CLOSE_EPOCH = deal({"closedate": "1711898999000"})
CLOSE_IN_LA = deal({"closedate": "2024-04-01T03:00:00Z"}, source="hs-la")
CLOSE_IN_A_TABLE = deal({"closedate": "2024-03-31 23:30"})
CLOSE_IN_A_CELL = deal({"closedate": "2024-04-01 00:00:00"})
CLOSE_NOWHERE = deal({"closedate": "2024-03-31 23:30"}, source="hs-scored")
BAD_CLOSE = deal({"closedate": "soon"})
LABEL_CURRENCY = deal({"deal_currency_code": "円"})
NO_STAGE = deal({"dealstage": ""})
STAGES_ENTERED = deal(
    {
        "hs_v2_date_entered_1234567": "2024-04-01T01:00:00.500Z",
        "hs_date_entered_1234567": "1711933200500",
        "hs_v2_date_entered_closed_won": "2024-04-02 10:00:00",
        "hs_v2_date_exited_1234567": "2024-04-02T01:00:00Z",
        "hs_v2_date_entered_99": "",
        "hs_v2_date_entered_": "2024-04-01",
    }
)
ENTERED_NOWHERE = deal({"hs_v2_date_entered_1": "2024-04-02 10:00:00"}, source="hs-scored")
BAD_ENTRY = deal({"hs_v2_date_entered_1": "in spring"})
ARCHIVED_DEAL = deal(archived=True, archivedAt="2024-04-05T00:00:00Z")
MERGED_DEAL = deal({"hs_merged_object_ids": "5;7"})
DEAL_LINKS = deal(
    associations={
        "companies": {
            "results": [
                {"id": "1", "type": "deal_to_company_unlabeled"},
                {"id": "2", "type": "deal_to_company"},
                {"id": "3", "type": "primary_deal_to_company"},
            ]
        },
        "contacts": {"results": [{"id": "22", "type": "deal_to_contact"}, {"id": "11"}]},
    }
)
LOST_DIGITS = deal(associations={"contacts": {"results": [{"id": "11"}, {"id": 5.6353e15}]}})
NUMBERED = deal(associations={"companies": {"results": [{"id": 9007199254740993}]}})
ACCEPTED_DEAL = deal({"handover": "yes"}, source="hs-scored")


def test_an_empty_amount_is_no_amount_and_numbers_are_strings(staged: Staged) -> None:
    assert staged(OPEN_DEAL)["amount"] == 1_500_000.0
    made = staged(NO_AMOUNT)
    assert (made["amount"], made["is_closed"], made["reject_reason"]) == (None, None, None)


def test_booleans_are_words(staged: Staged) -> None:
    assert [(staged(row)["is_closed"], staged(row)["is_won"]) for row in (OPEN_DEAL, WON_DEAL)] == [
        (False, False),
        (True, True),
    ]


def test_ids_beyond_two_to_the_53_stay_text(staged: Staged) -> None:
    made = staged(OPEN_DEAL)
    assert (made["opportunity_id"], made["stage_key"]) == ("9007199254740993", "1234567")


def test_a_close_date_is_the_day_by_the_clocks_of_the_portal(staged: Staged) -> None:
    assert staged(LATE_EVENING)["close_date"] == date(2024, 4, 1)
    assert staged(CLOSE_EPOCH)["close_date"] == date(2024, 4, 1)
    assert staged(CLOSE_IN_LA)["close_date"] == date(2024, 3, 31)


def test_a_close_date_without_a_clock_is_that_day(staged: Staged) -> None:
    assert staged(CLOSE_DAY)["close_date"] == date(2024, 3, 31)
    assert staged(BAD_CLOSE)["reject_reason"] == "bad_date:close_date"


def test_a_close_date_by_local_clocks_is_its_own_day_where_the_zone_is_configured(
    staged: Staged,
) -> None:
    assert staged(CLOSE_IN_A_TABLE)["close_date"] == date(2024, 3, 31)
    assert staged(CLOSE_IN_A_CELL)["close_date"] == date(2024, 4, 1)
    assert staged(CLOSE_IN_A_TABLE)["reject_reason"] is None
    assert staged(CLOSE_NOWHERE)["reject_reason"] == "no_time_zone:close_date"


def test_a_currency_is_a_code_and_absent_where_the_portals_counts(staged: Staged) -> None:
    assert (staged(WON_DEAL)["currency"], staged(OPEN_DEAL)["currency"]) == ("USD", None)
    assert staged(LABEL_CURRENCY)["reject_reason"] == "not_allowed:currency (^[A-Z]{3}$)"


def test_a_deal_without_a_stage_is_set_aside(staged: Staged) -> None:
    assert staged(NO_STAGE)["reject_reason"] == "missing:stage_key"


def test_a_deal_says_which_stages_it_entered_by_properties_named_after_them(staged: Staged) -> None:
    # both spellings of one entry are one; Tokyo's clocks show ten when UTC has one
    assert staged(STAGES_ENTERED)["stage_entries"] == [
        {"stage_key": "1234567", "entered_at": datetime(2024, 4, 1, 1, 0, 0, 500_000)},
        {"stage_key": "closed_won", "entered_at": datetime(2024, 4, 2, 1)},
    ]
    assert staged(STAGES_ENTERED)["reject_reason"] is None
    assert staged(OPEN_DEAL)["stage_entries"] == []
    for row in (ENTERED_NOWHERE, BAD_ENTRY):
        assert staged(row)["reject_reason"] == "bad_timestamp:stage_entries"


def test_an_archived_deal_is_deleted_and_dated_by_its_archiving(staged: Staged) -> None:
    made = staged(ARCHIVED_DEAL)
    assert (made["is_deleted"], made["updated_at"]) == (True, datetime(2024, 4, 5))


def test_the_winner_of_a_merge_names_whom_it_absorbed(staged: Staged) -> None:
    assert staged(MERGED_DEAL)["merged_ids"] == ["5", "7"]


def test_the_primary_association_comes_first(staged: Staged) -> None:
    made = staged(DEAL_LINKS)
    assert made["company_refs"] == ["3", "2", "1"]
    assert made["contact_refs"] == ["22", "11"]
    assert staged(OPEN_DEAL)["company_refs"] is None


def test_an_association_whose_id_went_through_a_floating_point_number_is_refused(
    staged: Staged,
) -> None:
    assert staged(LOST_DIGITS)["reject_reason"] == "damaged_id:contact_refs"
    made = staged(NUMBERED)
    assert (made["company_refs"], made["reject_reason"]) == (["9007199254740993"], None)


def test_acceptance_is_read_only_from_a_property_sources_yml_names(staged: Staged) -> None:
    assert staged(ACCEPTED_DEAL)["acceptance"] == "accepted"
    assert staged(OPEN_DEAL)["acceptance"] is None


def call(properties: dict[str, Any] | None = None, **said: Any) -> Row:
    return record("calls", {"hs_timestamp": "2024-04-01T02:00:00Z", **(properties or {})}, **said)


TIMED_CALL = call({
    "hs_call_duration": "90000", "hs_call_disposition": CONNECTED, "hs_call_status": "COMPLETED",
    "hs_call_direction": "OUTBOUND", "hs_call_external_id": "call-1", "hs_created_by_user_id": "77",
    "hubspot_owner_id": "88",
})  # fmt: skip
DISPOSITIONS = {
    CONNECTED: "connected",
    "9d9162e7-6cf3-4944-bf63-4dff82258764": "busy",
    "73a0d17f-1163-4015-bdd5-ec830791da20": "no_answer",
    "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": "left_live_message",
    "b2cf5968-551e-4856-9783-52b3da59a7d0": "left_voicemail",
    "17b47fee-58de-441e-a44c-c6300d46f273": "wrong_number",
    "f240bbac-87c9-4f6e-bf70-924b57d47db8": None,
    "": None,
}
RESULTS = {guid: call({"hs_call_disposition": guid}) for guid in DISPOSITIONS}
STATES = {
    "COMPLETED": (True, None),
    "BUSY": (True, "busy"),
    "NO_ANSWER": (True, "no_answer"),
    "FAILED": (True, "failed"),
    "CANCELED": (True, "canceled"),
    "MISSED": (True, "abandoned"),
    "QUEUED": (False, "in_progress"),
    "RINGING": (False, "in_progress"),
    "CONNECTING": (False, "in_progress"),
    "CALLING_CRM_USER": (False, "in_progress"),
    "IN_PROGRESS": (False, "in_progress"),
    "": (True, None),
}
CALL_STATES = {state: call({"hs_call_status": state}) for state in STATES}
UNDATED_CALL = record("calls", {"hs_timestamp": ""})
NEGATIVE_CALL = call({"hs_call_duration": "-1"})


def test_the_length_of_a_call_is_in_milliseconds(staged: Staged) -> None:
    assert staged(TIMED_CALL)["call_duration_seconds"] == 90.0
    assert staged(NEGATIVE_CALL)["reject_reason"] == "out_of_range:call_duration_ms"


def test_only_the_default_results_have_a_meaning_of_their_own(staged: Staged) -> None:
    for guid, meaning in DISPOSITIONS.items():
        made = staged(RESULTS[guid])
        assert (made["call_disposition"], made["call_disposition_raw"]) == (meaning, guid or None)


def test_the_state_of_a_call_says_whether_it_is_over(staged: Staged) -> None:
    for state, (is_closed, result) in STATES.items():
        made = staged(CALL_STATES[state])
        assert (made["is_closed"], made["telephony_result"]) == (is_closed, result), state


def test_owners_and_users_are_two_spaces_of_ids(staged: Staged) -> None:
    made = staged(TIMED_CALL)
    assert (made["owner_id"], made["created_by_user_id"]) == ("88", "77")
    assert (made["call_direction"], made["cti_call_ref"]) == ("outbound", "call-1")


def test_a_call_without_an_instant_is_set_aside(staged: Staged) -> None:
    assert staged(UNDATED_CALL)["reject_reason"] == "missing:completed_at"


def meeting(properties: dict[str, Any] | None = None, **said: Any) -> Row:
    return record(
        "meetings", {"hs_meeting_start_time": "2024-06-20T02:00:00Z", **(properties or {})}, **said
    )


OUTCOMES = {
    "SCHEDULED": ("scheduled", "vendor_field"),
    "COMPLETED": ("held", "vendor_field"),
    "RESCHEDULED": ("rescheduled", "vendor_field"),
    "NO_SHOW": ("no_show", "vendor_field"),
    "CANCELED": ("canceled", "vendor_field"),
    "": ("unknown", "none"),
}
MEETINGS = {said: meeting({"hs_meeting_outcome": said}) for said in OUTCOMES}
ATTENDED = meeting({"hs_attendee_owner_ids": "1;2; "})
BACKWARDS = meeting({"hs_meeting_end_time": "2024-06-20T01:00:00Z"})
ON_THE_TIMELINE = record("meetings", {"hs_timestamp": "2024-06-20T02:00:00Z"})


def test_what_became_of_a_meeting(staged: Staged) -> None:
    for said, meant in OUTCOMES.items():
        made = staged(MEETINGS[said])
        assert (made["outcome"], made["outcome_basis"]) == meant


def test_a_meeting_may_lie_ahead_and_was_booked_when_it_was_created(staged: Staged) -> None:
    made = staged(MEETINGS["SCHEDULED"])
    assert (made["booked_at"], made["starts_at"]) == (
        datetime(2024, 4, 1, 1),
        datetime(2024, 6, 20, 2),
    )
    assert staged(ON_THE_TIMELINE)["starts_at"] == datetime(2024, 6, 20, 2)
    assert staged(BACKWARDS)["reject_reason"] == "end_before_start"


def test_attendees_are_owners(staged: Staged) -> None:
    assert staged(ATTENDED)["attendee_user_ids"] == ["1", "2"]


def email(direction: str, status: str = "") -> Row:
    return record("emails", {
        "hs_timestamp": "2024-04-01T02:00:00Z", "hs_email_direction": direction,
        "hs_email_status": status,
    })  # fmt: skip


EMAILS = {
    ("EMAIL", "SENT"): ("email", True),
    ("EMAIL", "BOUNCED"): ("email", True),
    ("EMAIL", ""): ("email", True),
    ("EMAIL", "SCHEDULED"): ("email", False),
    ("EMAIL", "SENDING"): ("email", False),
    ("EMAIL", "FAILED"): ("email", False),
    ("INCOMING_EMAIL", ""): ("other", True),
    ("FORWARDED_EMAIL", ""): ("other", True),
}
EMAIL_ROWS = {said: email(*said) for said in EMAILS}


def test_only_what_left_the_house_is_an_email_of_the_rep(staged: Staged) -> None:
    for said, meant in EMAILS.items():
        made = staged(EMAIL_ROWS[said])
        assert (made["activity_kind"], made["is_closed"]) == meant, said


COMPANY = record("companies", {
    "name": "架空商事", "domain": "https://www.Kakuu.example/ja", "numberofemployees": "120",
    "hs_merged_object_ids": "41;42",
})  # fmt: skip
CRM_CONTACT = record("contacts", {
    "hs_lead_status": "OPEN", "associatedcompanyid": "500", "email": "a@example.jp",
})  # fmt: skip
FORGOTTEN = record("contacts", {
    "email": "a@example.jp", "firstname": "花子", "phone": "03-1234-5678", "jobtitle": "部長",
    "hs_gdpr_deleted": "true",
    "hs_analytics_first_url": "https://kura.example/?utm_source=News",
})  # fmt: skip


def test_a_company_has_a_host_and_names_whom_it_absorbed(staged: Staged) -> None:
    made = staged(COMPANY)
    assert (made["website_domain"], made["employees"]) == ("kakuu.example", 120)
    assert made["merged_ids"] == ["41", "42"]


def test_a_contact_says_its_lead_status_and_primary_company(staged: Staged) -> None:
    made = staged(CRM_CONTACT)
    assert (made["lead_status"], made["account_id"]) == ("OPEN", "500")


def test_of_a_forgotten_person_nothing_personal_is_kept(staged: Staged) -> None:
    made = staged(FORGOTTEN)
    assert made["is_deleted"] is True
    kept = ("email_raw", "email_norm", "first_name", "phone_raw", "job_title", "utm_source")
    assert [made[column] for column in kept] == [None] * len(kept)


def owner(**said: Any) -> Row:
    return json_row("hubspot", "owners", {
        "id": "88", "email": "Sato@Example.jp", "firstName": "花子", "lastName": "佐藤",
        "userId": 77, "archived": False, "updatedAt": CREATED, **said,
    })  # fmt: skip


OWNER = owner(teams=[{"id": "1", "name": "東", "primary": False},
                     {"id": "2", "name": "西", "primary": True}])  # fmt: skip
LEAVER = owner(userId=None, userIdIncludingInactive=78, archived=True, teams=[])


def test_an_owner_has_a_user_id_of_its_own_also_after_leaving(staged: Staged) -> None:
    made, left = staged(OWNER), staged(LEAVER)
    assert (made["user_id"], made["alt_user_id"], made["email"]) == ("88", "77", "sato@example.jp")
    assert (made["name"], made["department"], made["is_active"]) == ("花子 佐藤", "西", True)
    assert (left["alt_user_id"], left["department"], left["is_active"]) == ("78", None, False)


def stage(id_: str, closed: str, probability: str, **said: Any) -> dict[str, Any]:
    return {
        "id": id_, "label": f"段階{id_}", "displayOrder": 2, "archived": False,
        "metadata": {"isClosed": closed, "probability": probability}, **said,
    }  # fmt: skip


STAGES = [
    stage("1", "false", "0.2"),
    stage("2", "true", "1.0"),
    stage("3", "true", "0.0", archived=True),
    stage("4", "false", "1.0"),
    {"id": "5", "label": "?", "displayOrder": 5, "metadata": {}},
]
PIPELINE = json_row("hubspot", "pipelines", {
    "id": "default", "label": "新規", "archived": False, "updatedAt": CREATED, "stages": STAGES,
})  # fmt: skip
OLD_PIPELINE = json_row(
    "hubspot", "pipelines", {"id": "old", "archived": True, "stages": [stage("6", "false", "0.5")]}
)


def test_won_is_closed_with_probability_one(staged: Staged) -> None:
    made = [staged(PIPELINE, element=place) for place in range(4)]
    assert [row["is_won"] for row in made] == [False, True, False, False]
    assert [row["is_active"] for row in made] == [True, True, False, True]
    assert (made[0]["pipeline_id"], made[0]["probability"]) == ("default", 0.2)


def test_the_stages_of_an_archived_pipeline_stay_and_are_not_active(staged: Staged) -> None:
    made = staged(OLD_PIPELINE, element=0)
    assert (made["stage_key"], made["is_active"], made["reject_reason"]) == ("6", False, None)


def test_a_stage_that_does_not_say_whether_it_is_closed_is_set_aside(staged: Staged) -> None:
    assert staged(PIPELINE, element=4)["reject_reason"] == "missing:is_closed"


def edge(from_type: str, to_type: str, **said: Any) -> Row:
    return json_row("hubspot", "associations", {
        "fromObjectType": from_type, "fromObjectId": "1", "toObjectType": to_type,
        "toObjectId": "2", **said,
    })  # fmt: skip


PRIMARY_EDGE = edge("DEAL", "companies", type="deal_to_company", label="Primary")
CODED_EDGE = edge("0-48", "0-1", type="194")
UNLABELED_EDGE = edge("tickets", "company", type="ticket_to_company_unlabeled")


def test_objects_of_an_association_are_known_by_name_or_type_id(staged: Staged) -> None:
    rows = (PRIMARY_EDGE, CODED_EDGE, UNLABELED_EDGE)
    assert [(staged(row)["from_object"], staged(row)["to_object"]) for row in rows] == [
        ("deal", "company"), ("call", "contact"), ("other", "company"),
    ]  # fmt: skip
    assert [staged(row)["rank"] for row in rows] == [1, 2, 3]


def change(object_name: str, **said: Any) -> Row:
    return json_row("hubspot", object_name, {"timestamp": 1711933200123, **said})


STAGE_CHANGE = change("deal_property_history", dealId="9", property="dealstage", value="12",
                      source="CRM_UI", sourceId="userId:77")  # fmt: skip
NAMED_CHANGE = change("deal_property_history", objectId="9", name="amount", value="",
                      sourceType="INTEGRATION")  # fmt: skip
CLOSE_CHANGES = [
    change("deal_property_history", dealId="9", property="closedate", value=value, timestamp=at)
    for at, value in ((1711933200124, "2024-03-31T15:30:00Z"), (1711933200125, "2024-03-31 23:30"))
]
LEAD_CHANGE = change("contact_property_history", contactId="5", property="hs_lead_status",
                     value="MQL", timestamp="2024-04-01T01:00:00Z")  # fmt: skip


def test_a_change_is_named_by_record_property_and_instant(staged: Staged) -> None:
    made = staged(STAGE_CHANGE)
    assert made["change_id"] == "9|dealstage|1711933200123"
    assert made["changed_at"] == datetime(2024, 4, 1, 1, 0, 0, 123000)
    assert (made["new_value"], made["change_source"]) == ("12", "CRM_UI")


def test_a_change_may_be_spelled_either_way(staged: Staged) -> None:
    made = staged(NAMED_CHANGE)
    assert (made["opportunity_id"], made["field"], made["new_value"]) == ("9", "amount", None)
    assert made["change_source"] == "INTEGRATION"
    assert staged(LEAD_CHANGE)["changed_at"] == datetime(2024, 4, 1, 1)


def test_a_close_date_of_the_past_is_a_day_as_todays_is(staged: Staged) -> None:
    made = [staged(row) for row in CLOSE_CHANGES]
    assert [row["close_date"] for row in made] == [date(2024, 4, 1), date(2024, 3, 31)]
