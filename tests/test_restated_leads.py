"""Why figures of leads, hand-raises and nurturing moved: one planted edit per cause, in the house `inbound`.

Every cause has a rep or a channel of its own, so that what the others did does not show. The house works
09:00–12:00 and 13:00–18:00 on business days. Numbers are worked out by hand. Cases 350–369.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime

import pytest

from dagster_project.settings import House
from tests.cases.houses import HOUSES
from tests.cases.scene import Rep, Scene, day, jst
from tests.harness import query
from tests.nights.quick import Quick
from tests.two_deliveries import FIRST, SECOND, Company, Houses, Row, first_night, moved, row

HAND_RAISES = ("hand_raises", "hand_raises_attempted", "hand_raises_open")
LEADS = (
    "leads_created",
    "leads_reached_meeting_of_cohort",
    "leads_reached_accepted_of_cohort",
    "leads_reached_won_of_cohort",
)


@dataclass(frozen=True)
class Cast:
    """Who does what in the company: reps, and channels (rule's value → name), by what happens to them."""

    company: Company
    reps: dict[str, Rep]
    channels: dict[str, str]


def cast() -> Cast:
    scene = Scene(350, FIRST)
    company = Company(scene, deepcopy(HOUSES["inbound"].planning()))
    reps = {
        name: scene.rep(name)
        for name in (
            "writer", "answers", "delayed", "unwrites", "raised", "silent", "clock", "caller", "corrects",
        )
    } | {"taker": scene.rep("taker", "bdr")}  # fmt: skip
    anchor = scene.rep("anchor", "manager")
    channels = {
        name: scene.channel(name)
        for name in (
            "met", "told", "nobody", "accepted", "won", "gone", "merged", "found", "edited", "editor",
            "mailed", "attended", "ruled",
        )
    }  # fmt: skip

    def lead(name: str, created: datetime, *, owner: str | None = None, line: int = 0) -> str:
        return scene.lead(
            created,
            source=name,
            email=scene.address(name),
            phone=scene.number_of(line) if line else None,
            owner=reps[owner] if owner else None,
        )

    def mail(name: str, at: datetime, who: str) -> str:
        return scene.task(reps[name], at, "Email", who=who)

    def held(who: str, what: str | None = None) -> str:
        """A meeting of the 20th of May."""
        return scene.event(
            reps["writer"], jst(5, 18), jst(5, 20, 9), who, what=what, outcome="実施"
        )

    for at in (jst(3, 30, 8), jst(5, 31, 8)):
        scene.call(anchor, at, scene.number_of(0))

    # leads of May, each written to the day after
    names = (
        "met",
        "told",
        "nobody",
        "accepted",
        "won",
        "gone",
        "merged",
        "edited",
        "ruled",
        "joined",
    )
    leads = {name: lead(name, jst(5, 11)) for name in names}
    for who in leads.values():
        mail("writer", jst(5, 12), who)
    other = scene.lead(jst(5, 13), source="merged", email=scene.address("other"))
    leads["taker"] = lead("taker", jst(5, 11))
    misled, accepted = held(leads["nobody"]), held(leads["accepted"])
    deal = scene.opportunity(jst(5, 20), [(jst(5, 20), "初回商談")])
    held(leads["won"], deal)
    # hand-raises of May: Monday the 25th; the 31st is a Sunday
    for name in ("answers", "delayed", "unwrites", "raised", "silent", "clock"):
        leads[name] = lead(name, jst(5, 4), owner=name)
    for line, name in enumerate(("caller", "corrects"), start=1):
        leads[name] = lead(name, jst(5, 4), owner=name, line=line)
    for name in ("answers", "delayed", "unwrites", "clock", "caller", "corrects"):
        scene.form(jst(5, 25, 17), scene.address(name))
    scene.form(jst(5, 31, 12), scene.address("silent"))
    unwritten = mail("unwrites", jst(5, 25, 17, 10), leads["unwrites"])
    mail("clock", jst(5, 25, 17, 20), leads["clock"])
    mail("caller", jst(5, 25, 17, 20), leads["caller"])
    leg = scene.leg(
        "OUTGOING_CALL", jst(5, 26), scene.number_of(2), rep=reps["corrects"], talk=20,
        tags=("本人接続",),
    )  # fmt: skip
    call = scene.group(leg)
    # nurturing of May
    for name in ("mailed", "attended"):
        leads[name] = lead(name, jst(5, 4))
    scene.mail_event("SENT", jst(5, 6), scene.uuid(), email=scene.address("mailed"))
    campaign = scene.campaign("fair")

    # June: what had not happened by the earlier day
    scene.as_of = SECOND
    for at in (jst(6, 1, 8), jst(6, 30, 8)):
        scene.call(anchor, at, scene.number_of(0))
    scene.event(reps["writer"], jst(6, 2), jst(6, 9), leads["met"])
    later = scene.opportunity(jst(6, 3), [(jst(6, 3), "有効商談")])
    company.again("salesforce.Event", accepted, jst(6, 3), WhatId=later)
    scene.opportunity(
        jst(5, 20),
        [(jst(5, 20), "初回商談"), (jst(6, 11), "受注")],
        identity=deal,
        closes=day(6, 11),
    )
    mail("taker", jst(6, 3), leads["taker"])
    mail("answers", jst(6, 1), leads["answers"])
    scene.call(reps["caller"], jst(6, 2), scene.number_of(1), talk=20, tags=("本人接続",))
    scene.joins(leads["joined"], campaign, jst(6, 4))
    # what nobody exported by then
    held(leads["told"])
    lead("found", jst(5, 11))
    mail("delayed", jst(5, 25, 17, 4), leads["delayed"])
    scene.form(jst(5, 25, 17), scene.address("raised"))
    scene.mail_event("SENT", jst(5, 7), scene.uuid(), email=scene.address("mailed"))
    scene.participation("REGISTERED", jst(5, 8), email=scene.address("attended"))
    # what is told otherwise
    company.again("salesforce.Event", misled, jst(6, 1), WhoId=None)
    company.again("salesforce.Lead", leads["gone"], jst(6, 11), IsDeleted=True)
    company.again(
        "salesforce.Lead", other, jst(6, 11), IsDeleted=True, MasterRecordId=leads["merged"]
    )
    company.again("salesforce.Lead", leads["edited"], jst(6, 11), LeadSource=scene.tag("editor"))
    company.again("salesforce.Task", unwritten, jst(6, 12), IsDeleted=True)
    scene.group(leg | {"tags": [leg["tags"][0] | {"value": "受付"}]}, call_id=call)
    return Cast(company, reps, channels)


@pytest.fixture(scope="module")
def houses(quick: Quick, tmp_path_factory: pytest.TempPathFactory) -> Houses[Cast]:
    root = tmp_path_factory.mktemp("leads") / "first"
    return first_night(cast(), HOUSES["inbound"], root, quick)


@pytest.fixture(scope="module")
def june(houses: Houses[Cast]) -> House:
    return houses.after(exports=True)


def of_channel(houses: Houses[Cast], house: House, name: str, *metrics: str) -> list[Row]:
    return moved(house, houses.cast.channels[name], *metrics, scope_type="channel")


# --- leads ------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["met", "told"])
def test_a_lead_that_was_met_later_or_whose_meeting_was_told_later_is_a_late_fact(
    houses: Houses[Cast], june: House, how: str
) -> None:
    assert of_channel(houses, june, how, *LEADS, "lead_to_meeting_rate") == [
        row("lead_to_meeting_rate", "late_fact", 1, 0, 1, 1, 0),
        row("leads_reached_meeting_of_cohort", "late_fact", 1, 0, 1, 1, None),
    ]


@pytest.mark.parametrize(
    ("step", "reached"), [("accepted", ["accepted"]), ("won", ["accepted", "won"])]
)
def test_a_lead_accepted_or_won_after_the_earlier_day_is_a_late_fact(
    houses: Houses[Cast], june: House, step: str, reached: list[str]
) -> None:
    """Whoever is won was accepted."""
    assert of_channel(houses, june, step, *LEADS) == [
        row(f"leads_reached_{one}_of_cohort", "late_fact", 1, 0, 1, 1, None) for one in reached
    ]


def test_a_meeting_that_turns_out_to_be_with_nobody_is_a_correction_of_its_lead(
    houses: Houses[Cast], june: House
) -> None:
    assert of_channel(houses, june, "nobody", *LEADS) == [
        row("leads_reached_meeting_of_cohort", "correction", 1, 1, 0, -1, None)
    ]


def test_a_deleted_lead_is_a_delete_and_two_that_are_one_are_a_merge(
    houses: Houses[Cast], june: House
) -> None:
    assert of_channel(houses, june, "gone", *LEADS) == [
        row("leads_created", "delete", 1, 1, 0, -1, None)
    ]
    assert of_channel(houses, june, "merged", *LEADS) == [
        row("leads_created", "merge", 1, 2, 1, -1, None)
    ]


def test_a_lead_exported_later_is_a_late_fact(houses: Houses[Cast], june: House) -> None:
    assert of_channel(houses, june, "found", *LEADS) == [
        row("leads_created", "late_fact", 1, None, 1, 1, None)
    ]


def test_a_lead_taken_up_after_the_earlier_day_is_a_late_fact(june: House) -> None:
    """It was nobody's then: the only lead of BDR."""
    assert moved(june, "bdr", *LEADS, scope_type="motion") == [
        row("leads_created", "late_fact", 1, 0, 1, 1, None)
    ]


def test_a_lead_whose_origin_is_edited_is_a_correction_and_a_campaign_it_joins_a_late_fact(
    houses: Houses[Cast], june: House
) -> None:
    assert of_channel(houses, june, "edited", *LEADS) == [
        row("leads_created", "correction", 1, 1, None, -1, None)
    ]
    assert of_channel(houses, june, "editor", *LEADS) == [
        row("leads_created", "correction", 1, None, 1, 1, None)
    ]
    campaign = houses.cast.company.scene.tag("fair")
    assert moved(june, campaign, *LEADS, scope_type="campaign") == [
        row("leads_created", "late_fact", 1, None, 1, 1, None)
    ]


# --- hand-raises ------------------------------------------------------------------------------


def test_a_hand_raise_answered_after_the_earlier_day_is_a_late_fact(
    houses: Houses[Cast], june: House
) -> None:
    rep = houses.cast.reps["answers"].rep_id
    assert moved(june, rep, *HAND_RAISES, "hand_raise_attempted_share") == [
        row("hand_raise_attempted_share", "late_fact", 1, 0, 1, 1, 0),
        row("hand_raises_attempted", "late_fact", 1, 0, 1, 1, None),
        row("hand_raises_open", "late_fact", 1, 1, 0, -1, None),
    ]


def test_an_answer_nobody_had_exported_is_a_late_fact(houses: Houses[Cast], june: House) -> None:
    rep = houses.cast.reps["delayed"].rep_id
    assert moved(june, rep, *HAND_RAISES, "hand_raises_within_5_minutes") == [
        row("hand_raises_attempted", "late_fact", 1, 0, 1, 1, None),
        row("hand_raises_open", "late_fact", 1, 1, 0, -1, None),
        row("hand_raises_within_5_minutes", "late_fact", 1, 0, 1, 1, None),
    ]


def test_a_connect_after_the_earlier_day_is_a_late_fact(houses: Houses[Cast], june: House) -> None:
    rep = houses.cast.reps["caller"].rep_id
    assert moved(june, rep, *HAND_RAISES, "hand_raises_connected") == [
        row("hand_raises_connected", "late_fact", 1, 0, 1, 1, None)
    ]


def test_what_happens_to_its_answer_happens_to_the_hand_raise(
    houses: Houses[Cast], june: House
) -> None:
    """An e-mail that is deleted, and a call whose memo is corrected."""
    reps = houses.cast.reps
    assert moved(june, reps["unwrites"].rep_id, *HAND_RAISES) == [
        row("hand_raises_attempted", "delete", 1, 1, 0, -1, None),
        row("hand_raises_open", "delete", 1, 0, 1, 1, None),
    ]
    assert moved(june, reps["corrects"].rep_id, *HAND_RAISES, "hand_raises_connected") == [
        row("hand_raises_connected", "correction", 1, 1, 0, -1, None)
    ]


def test_a_form_exported_later_is_a_late_fact(houses: Houses[Cast], june: House) -> None:
    rep = houses.cast.reps["raised"].rep_id
    assert moved(june, rep, *HAND_RAISES) == [
        row("hand_raises", "late_fact", 1, 0, 1, 1, None),
        row("hand_raises_open", "late_fact", 1, 0, 1, 1, None),
    ]


def test_time_that_went_by_without_an_answer_is_a_late_fact(houses: Houses[Cast]) -> None:
    house = houses.after(exports=False)
    rep = houses.cast.reps["silent"].rep_id
    assert moved(house, rep, *HAND_RAISES, "hand_raises_due_5_minutes") == [
        row("hand_raises_due_5_minutes", "late_fact", 1, 0, 1, 1, None)
    ]


def test_other_working_hours_are_a_configuration(houses: Houses[Cast]) -> None:
    """From 17:10 on nobody works: the answer of 17:20 came within ten minutes of working time."""

    def edit(_house: House, company: Company) -> None:
        for hours in company.planning["planning.working_hours"]:
            if hours["closes"] == "18:00":
                hours["closes"] = "17:04"

    house = houses.after(exports=False, edit=edit)
    rep = houses.cast.reps["clock"].rep_id
    assert moved(house, rep, *HAND_RAISES, "hand_raises_within_5_minutes") == [
        row("hand_raises_within_5_minutes", "configuration", 1, 0, 1, 1, None)
    ]


def test_other_hand_raises_in_the_settings_are_a_configuration(houses: Houses[Cast]) -> None:
    def edit(house: House, _company: Company) -> None:
        text = house.house_file.read_text(encoding="utf-8")
        house.house_file.write_text(
            text.replace("definitions:", "definitions:\n  hand_raise_events: [webinar_attended]"),
            encoding="utf-8",
        )

    house = houses.after(exports=False, edit=edit)
    rep = houses.cast.reps["clock"].rep_id
    assert moved(house, rep, *HAND_RAISES) == [
        row("hand_raises", "configuration", 1, 1, None, -1, None),
        row("hand_raises_attempted", "configuration", 1, 1, None, -1, None),
    ]


# --- nurturing --------------------------------------------------------------------------------


def test_mails_and_registrations_exported_later_are_late_facts(
    houses: Houses[Cast], june: House
) -> None:
    metrics = ("marketing_emails_sent", "seminar_registrations")
    assert of_channel(houses, june, "mailed", *metrics) == [
        row("marketing_emails_sent", "late_fact", 1, 1, 2, 1, None)
    ]
    assert of_channel(houses, june, "attended", *metrics) == [
        row("seminar_registrations", "late_fact", 1, None, 1, 1, None)
    ]


def test_an_edited_channel_rule_is_a_configuration_of_leads_and_mails(
    houses: Houses[Cast],
) -> None:
    scene = houses.cast.company.scene

    def edit(_house: House, company: Company) -> None:
        for rule in company.scene.records["planning.channel_rules"]:
            if rule["value"] in (scene.tag("ruled"), scene.tag("mailed")):
                rule["channel"] = "new channel"

    house = houses.after(exports=False, edit=edit)
    metrics = ("leads_created", "marketing_emails_sent")
    assert moved(house, "new channel", *metrics, scope_type="channel") == [
        row("leads_created", "configuration", 2, None, 2, 2, None),
        row("marketing_emails_sent", "configuration", 1, None, 1, 1, None),
    ]


def test_nothing_is_left_without_a_cause(june: House) -> None:
    assert not query(
        june, "select * from marts.kpi_restatements where cause in ('unexplained', 'definition')"
    )
