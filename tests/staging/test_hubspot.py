"""HubSpot marketing: string types, epoch milliseconds, merges, forms, bots (formats §5.6, §10.7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.staging.conftest import Staged
from tests.staging.workbench import Row, json_row


def contact(properties: dict[str, Any], source: str | None = None, **said: Any) -> Row:
    return json_row(
        "hubspot",
        "contacts",
        {
            "id": "151",
            "createdAt": "2024-04-01T01:00:00.000Z",
            "updatedAt": "2024-04-02T01:00:00.000Z",
            "archived": False,
            "properties": properties,
            **said,
        },
        source=source,
    )


PLAIN = contact({
    "email": "Sato@Example.co.jp", "hs_email_optout": "false", "hubspotscore": "12",
    "company": "", "lifecyclestage": "marketingqualifiedlead",
    "hs_analytics_first_url":
        "https://kura.example/?utm_source=Google&utm_campaign=%E6%98%A5+Sale&utm_medium=CPC#x",
})  # fmt: skip
ARCHIVED = contact({"hs_email_optout": "true"}, archived=True)
MERGED = contact({
    "hs_merged_object_ids": "77;88", "hs_calculated_merged_vids": "88:1711933200000;99:1711933200001",
})  # fmt: skip
LONG_ID = contact({}, id=9007199254740993)
NULLS = contact({"email": None, "hubspotscore": None}, createdAt=None)
BAD_SCORE = contact({"hubspotscore": "high"})
OWN_SCORE = contact({"hubspotscore": "12", "fit_score": "70"}, source="hs-scored")
DAMAGED_ID = contact({}, id=5.6353e15)
DAMAGED_OWNER = contact({"hubspot_owner_id": "5.6E+15"})


def test_strings_become_what_they_mean(staged: Staged) -> None:
    made = staged(PLAIN)
    assert (made["is_unsubscribed"], made["lead_score"]) == (False, 12.0)
    assert (made["company_name"], made["email_norm"]) == (None, "sato@example.co.jp")
    assert made["created_at"] == datetime(2024, 4, 1, 1)


def test_the_configured_score_property_is_read(staged: Staged) -> None:
    assert staged(OWN_SCORE)["lead_score"] == 70.0


def test_an_id_that_was_a_floating_point_number_is_refused(staged: Staged) -> None:
    assert staged(DAMAGED_ID)["reject_reason"] == "damaged_id:person_id"
    assert staged(DAMAGED_OWNER)["reject_reason"] == "damaged_id:owner_key"


def test_utm_values_are_decoded_once_and_only_source_and_medium_lose_case(staged: Staged) -> None:
    made = staged(PLAIN)
    assert (made["utm_source"], made["utm_medium"], made["utm_campaign"]) == (
        "google", "cpc", "春 Sale",
    )  # fmt: skip


def test_archived_is_deleted(staged: Staged) -> None:
    made = staged(ARCHIVED)
    assert (made["is_deleted"], made["is_unsubscribed"]) == (True, True)
    assert staged(PLAIN)["is_deleted"] is False


def test_merged_ids_come_from_both_properties(staged: Staged) -> None:
    assert staged(MERGED)["merged_ids"] == ["77", "88", "99"]
    assert staged(PLAIN)["merged_ids"] is None


def test_a_number_beyond_two_to_the_53_stays_exact(staged: Staged) -> None:
    assert staged(LONG_ID)["person_id"] == "9007199254740993"


def test_json_null_is_null_and_text_in_a_number_is_refused(staged: Staged) -> None:
    made = staged(NULLS)
    assert (made["email_raw"], made["lead_score"], made["reject_reason"]) == (None, None, None)
    assert staged(BAD_SCORE)["reject_reason"] == "bad_decimal:lead_score"


def mail(**said: Any) -> Row:
    return json_row(
        "hubspot",
        "email_events",
        {
            "id": "e-1", "created": 1711933200123, "type": "SENT", "recipient": "A@Example.jp",
            "portalId": 12345, "emailCampaignId": 9007199254740993, **said,
        },
    )  # fmt: skip


SENT = mail()
OPENED = mail(id="e-2", type="OPEN", sentBy={"id": "e-1", "created": 1}, filteredEvent=True)
CLICKED = mail(
    id="e-3", type="CLICK", url="https://kura.example/?utm_source=News", filteredEvent=False
)
LEFT = mail(type="STATUSCHANGE", portalSubscriptionStatus="UNSUBSCRIBED")
LEFT_A_LIST = mail(type="STATUSCHANGE", subscriptions=[{"id": 1, "status": "UNSUBSCRIBED"}])
CAME_BACK = mail(type="STATUSCHANGE", portalSubscriptionStatus="SUBSCRIBED")
DEFERRED = mail(type="DEFERRED")
IN_SECONDS = mail(created=1711933200)


def test_an_event_is_named_by_id_and_instant(staged: Staged) -> None:
    made = staged(SENT)
    assert made["activity_id"] == "e-1|1711933200123"
    assert made["activity_at"] == datetime(2024, 4, 1, 1, 0, 0, 123000)
    assert (made["asset_id"], made["account"]) == ("9007199254740993", "12345")


def test_events_of_one_mail_share_its_send_key(staged: Staged) -> None:
    assert staged(SENT)["send_key"] == staged(OPENED)["send_key"] == "e-1"
    assert staged(CLICKED)["send_key"] is None


def test_filtered_events_are_bots_and_silence_is_not_a_no(staged: Staged) -> None:
    assert [staged(row)["is_bot"] for row in (OPENED, CLICKED, SENT)] == [True, False, None]


def test_event_types_become_activities(staged: Staged) -> None:
    rows = (SENT, OPENED, CLICKED, LEFT, LEFT_A_LIST, CAME_BACK, DEFERRED)
    assert [staged(row)["activity_type"] for row in rows] == [
        "email_sent", "email_opened", "email_clicked", "email_unsubscribed", "email_unsubscribed",
        "other", "other",
    ]  # fmt: skip
    assert staged(CLICKED)["utm_source"] == "news"


def test_epochs_below_1e11_are_seconds(staged: Staged) -> None:
    assert staged(IN_SECONDS)["activity_at"] == datetime(2024, 4, 1, 1)


FORM = {
    "submittedAt": 1711933200000, "formId": "f-1",
    "values": [{"name": "lastname", "value": "佐藤"}, {"name": "email", "value": "A@Example.jp"}],
    "pageUrl": "https://kura.example/dl?utm_campaign=Spring",
}  # fmt: skip
SUBMISSION = json_row("hubspot", "form_submissions", FORM)
SAME_SUBMISSION = json_row("hubspot", "form_submissions", FORM)
NAMED_SUBMISSION = json_row("hubspot", "form_submissions", {**FORM, "conversionId": "c-1"})


def test_a_submission_without_an_id_gets_one_that_repeats(staged: Staged) -> None:
    made = staged(SUBMISSION)
    assert made["activity_id"] == staged(SAME_SUBMISSION)["activity_id"]
    assert made["activity_id_is_synthetic"] is True
    named = staged(NAMED_SUBMISSION)
    assert (named["activity_id"], named["activity_id_is_synthetic"]) == ("c-1", False)


def test_a_submission_is_the_typed_address_and_the_pages_campaign(staged: Staged) -> None:
    made = staged(SUBMISSION)
    assert (made["email_norm"], made["utm_campaign"]) == ("a@example.jp", "Spring")
    assert made["activity_type"] == "form_submitted"


def participation(state: str) -> Row:
    return json_row("hubspot", "event_participations", {
        "id": f"p-{state}",
        "associations": {
            "marketingEvent": {"marketingEventId": "m-1", "name": "ウェビナー"},
            "contact": {"contactId": "151", "email": "a@example.jp"},
        },
        "properties": {
            "attendanceState": state, "occurredAt": 1711933200000,
            "attendanceDurationSeconds": 1800, "attendancePercentage": "0.5",
        },
    })  # fmt: skip


STATES = {
    "REGISTERED": "registered", "ATTENDED": "attended", "NO_SHOW": "no_show",
    "CANCELLED": "cancelled", "EMPTY": "other",
}  # fmt: skip
PARTICIPATIONS = {state: participation(state) for state in STATES}


def test_attendance_states_are_mapped_and_the_empty_one_is_other(staged: Staged) -> None:
    for state, row in PARTICIPATIONS.items():
        made = staged(row)
        assert made["attendance_state"] == STATES[state]
        assert (made["program_id"], made["person_id"]) == ("m-1", "151")
        assert (made["attended_seconds"], made["attended_pct"]) == (1800.0, 0.5)
    assert staged(PARTICIPATIONS["ATTENDED"])["activity_type"] == "webinar_attended"


def visit(**said: Any) -> Row:
    return json_row("hubspot", "page_views", {
        "id": "v-1", "objectType": "CONTACT", "objectId": "9007199254740993",
        "eventType": "e_visited_page", "occurredAt": "2024-04-01T01:00:00.123Z",
        "properties": {
            "hs_url": "https://kura.example/price", "hs_referrer": "https://search.example/",
            "hs_utm_source": "Google", "hs_utm_medium": "CPC", "hs_utm_campaign": "春 Sale",
        },
        **said,
    })  # fmt: skip


VISIT = visit()
VISIT_OF_NOBODY = visit(objectType="VISITOR", occurredAt=1711933200123)
OTHER_EVENT = visit(eventType="e_clicked_cta")


def test_a_page_seen_is_the_contacts_with_the_campaign_that_brought_it(staged: Staged) -> None:
    made = staged(VISIT)
    assert (made["activity_type"], made["person_id"]) == ("page_viewed", "9007199254740993")
    assert (made["activity_id"], made["url"]) == ("v-1", "https://kura.example/price")
    assert made["activity_at"] == datetime(2024, 4, 1, 1, 0, 0, 123000)
    assert (made["utm_source"], made["utm_medium"], made["utm_campaign"]) == (
        "google", "cpc", "春 Sale",
    )  # fmt: skip


def test_only_a_contact_is_a_person_and_only_a_visited_page_is_a_page_view(staged: Staged) -> None:
    made = staged(VISIT_OF_NOBODY)
    assert (made["person_id"], made["activity_at"]) == (None, staged(VISIT)["activity_at"])
    assert staged(OTHER_EVENT)["activity_type"] == "other"
