"""Cases about who gets the credit for a lead, and what nurturing came to (dictionary §5)."""

from __future__ import annotations

from tests.cases import case
from tests.cases.scene import Expect, Scene, day, jst

TABLE = "kpi_channel_conversion"


@case(
    240, "booked",
    "A lead of the web joins a webinar, books a meeting, and joins a fair five days later.",
    "§5: first touch is the web's, last touch before the meeting the webinar's, linear gives each a "
    "half; the fair came too late to bring anything.",
)  # fmt: skip
def three_models_of_one_lead(scene: Scene) -> list[Expect]:
    rep, web = scene.rep(), scene.channel("web")
    webinar, fair = scene.rule("campaign_name", "webinar"), scene.rule("campaign_name", "fair")
    number = scene.number_of(1)
    lead = scene.lead(jst(4, 10), source="web", phone=number)
    scene.joins(lead, scene.campaign("webinar"), jst(4, 15))
    scene.joins(lead, scene.campaign("fair"), jst(4, 25))
    scene.event(rep, jst(4, 20), jst(4, 22), lead, outcome="実施")

    def credit(model: str, channel: str, leads: float) -> Expect:
        where = {"attribution_model": model, "channel": channel}
        return Expect(TABLE, where, {"leads": leads, "reached_meeting": leads})

    return [
        credit("first_touch", web, 1), credit("first_touch", webinar, 0),
        credit("last_touch", web, 0), credit("last_touch", webinar, 1),
        credit("last_touch", fair, 0), credit("linear", web, 0.5), credit("linear", webinar, 0.5),
        credit("linear", fair, 0),
        Expect("fct_leads", {"channel": web},
               {"last_touch_channel": webinar, "met_on": day(4, 20), "_rows": 1}),
    ]  # fmt: skip


@case(
    241, "booked",
    "A lead is called three times, met once and has two opportunities, won for ¥1 M and lost for ¥2 M.",
    "§0.7: joins do not multiply: one lead, two opportunities, ¥3 M of which ¥1 M is won.",
)  # fmt: skip
def three_calls_and_two_opportunities(scene: Scene) -> list[Expect]:
    rep, channel, number, account = (
        scene.rep(), scene.channel("web"), scene.number_of(1), scene.account(),
    )  # fmt: skip
    contact = scene.contact(account=account)
    won = scene.opportunity(
        jst(5, 1),
        [(jst(5, 1), "初回商談"), (jst(5, 20), "受注")],
        account=account,
        closes=day(5, 20),
    )
    lost = scene.opportunity(
        jst(5, 2), [(jst(5, 2), "有効商談"), (jst(5, 25), "失注")],
        account=account, closes=day(5, 25), amount=2_000_000,
    )  # fmt: skip
    scene.lead(
        jst(4, 10), source="web", phone=number,
        converted={"contact": contact, "account": account, "opportunity": won},
    )  # fmt: skip
    for date in (13, 14, 15):
        scene.call(rep, jst(4, date), number, talk=90)
    scene.event(rep, jst(4, 16), jst(4, 20), contact, what=lost, outcome="実施")
    values = {
        "leads": 1, "opportunities": 2, "pipeline_yen": 3_000_000, "won_yen": 1_000_000,
        "reached_won": 1, "state_won": 1, "observed_connected": 1,
    }  # fmt: skip
    return [
        *(
            Expect(TABLE, {"channel": channel, "attribution_model": model}, values)
            for model in ("first_touch", "last_touch", "linear")
        ),
        Expect(
            "fct_leads", {"channel": channel},
            {"_rows": 1, "opportunities": 2, "worked_on": day(4, 13), "won_on": day(5, 20),
             "rep_id": rep.rep_id, "team": rep.team, "days_to_outcome": 40},
        ),
    ]  # fmt: skip


@case(
    242, "booked",
    "A lead is made on 10 May of a deal opened on 1 May and won on 5 May; nobody ever met it.",
    "A wait is never negative: it took 0 days; and no meeting is invented: it has no day.",
)  # fmt: skip
def a_win_older_than_its_lead(scene: Scene) -> list[Expect]:
    channel, account = scene.channel("web"), scene.account()
    contact = scene.contact(account=account)
    deal = scene.opportunity(
        jst(5, 1), [(jst(5, 1), "初回商談"), (jst(5, 5), "受注")], account=account, closes=day(5, 5)
    )
    scene.lead(
        jst(5, 10), source="web",
        converted={"contact": contact, "account": account, "opportunity": deal},
    )  # fmt: skip
    return [
        Expect(
            "fct_leads", {"channel": channel},
            {"days_to_outcome": 0, "met_on": None, "has_reached_meeting": True, "is_met": False},
        ),
    ]  # fmt: skip


@case(
    243, "booked",
    "A cost of ¥100,001 for a channel whose two leads of the month are two motions'.",
    "§5: the channel's cost is shared by its leads in whole yen and adds up to exactly the whole.",
)  # fmt: skip
def a_cost_that_does_not_divide(scene: Scene) -> list[Expect]:
    channel = scene.channel("web")
    for line, motion in ((1, "sdr"), (2, "bdr")):
        number = scene.number_of(line)
        scene.lead(jst(4, 10), source="web", phone=number)
        scene.call(scene.rep(motion, motion), jst(4, 13), number)
    scene._add(
        "planning.costs",
        {"month": day(4, 1), "channel": channel, "campaign": None, "amount": 100_001,
         "currency": "JPY"},
    )  # fmt: skip
    return [
        Expect(TABLE, {"channel": channel, "attribution_model": model}, {"cost_yen": 100_001})
        for model in ("first_touch", "last_touch", "linear")
    ]


@case(
    244, "unnamed",
    "A mail is delivered, opened twice by a person and once by a scanner that clicks; another bounces.",
    "§9 E-mail: opens and clicks are unique per send, filtered events are nobody's.",
)  # fmt: skip
def opens_of_people_and_of_scanners(scene: Scene) -> list[Expect]:
    address = f"{scene.tag('reader')}@prospect.example.com"
    channel = scene.channel("web")
    scene.lead(jst(4, 3), source="web", email=address)
    first, second = scene.uuid(), scene.uuid()
    for kind, date, send, machine in (
        ("SENT", 10, first, False), ("DELIVERED", 10, first, False), ("OPEN", 10, first, True),
        ("CLICK", 10, first, True), ("OPEN", 11, first, False), ("OPEN", 12, first, False),
        ("SENT", 20, second, False), ("BOUNCE", 20, second, False),
    ):  # fmt: skip
        scene.mail_event(kind, jst(4, date), send, email=address, machine=machine)
    return [
        Expect(
            "kpi_nurture", {"subject": "email", "channel": channel, "month": day(4, 1)},
            {"emails_sent": 2, "emails_delivered": 1, "emails_opened": 1, "emails_clicked": 0,
             "emails_bounced": 1, "open_rate": 1.0, "click_rate": 0.0, "bounce_rate": 0.5},
        ),
    ]  # fmt: skip


@case(
    245, "unnamed",
    "Of three registrations for a seminar one attends after missing its first session, one misses it, "
    "one says nothing; the first registered in April, the others in May.",
    "Registrations count in the month they were told first, with what became of them since.",
)  # fmt: skip
def seminar_registrations(scene: Scene) -> list[Expect]:
    channel = scene.channel("web")
    told = {
        "first": (("REGISTERED", 4, 20), ("NO_SHOW", 5, 10), ("ATTENDED", 5, 11)),
        "second": (("REGISTERED", 5, 1), ("NO_SHOW", 5, 10)),
        "third": (("REGISTERED", 5, 2),),
    }
    for name, states in told.items():
        address = f"{scene.tag(name)}@prospect.example.com"
        scene.lead(jst(4, 3), source="web", email=address)
        for state, month, date in states:
            scene.participation(state, jst(month, date), email=address)
    where = {"subject": "seminar", "channel": channel}
    return [
        Expect("kpi_nurture", where | {"month": day(4, 1)},
               {"registered": 1, "attended": 1, "no_shows": 0, "attendance_rate": 1.0}),
        Expect("kpi_nurture", where | {"month": day(5, 1)},
               {"registered": 2, "attended": 0, "no_shows": 1, "attendance_rate": 0.0}),
    ]  # fmt: skip


@case(
    246, "booked",
    "A lead called on 1 June is handed back on the 10th, called again that day and on the 12th, and "
    "booked on the 15th.",
    "§5: it comes back as the same lead on the 12th: within a day nobody can say which came first.",
)  # fmt: skip
def back_from_nurturing(scene: Scene) -> list[Expect]:
    rep, channel, number = scene.rep(), scene.channel("web"), scene.number_of(1)
    lead = scene.lead(
        jst(5, 10), source="web", phone=number, status="差し戻し", changed=jst(6, 10, 9)
    )
    for date in (1, 10, 12):
        scene.call(rep, jst(6, date), number)
    scene.event(rep, jst(6, 15), jst(6, 18), lead)
    return [
        Expect(
            "kpi_nurture", {"subject": "return", "channel": channel},
            {"_rows": 1, "segment": "handed_back", "month": day(6, 1), "leads": 1, "leads_met": 1,
             "leads_won": 0},
        ),
        Expect(
            "fct_nurture", {"subject": "return", "channel": channel},
            {"happened_on": day(6, 12), "has_met": True},
        ),
        Expect(TABLE, {"channel": channel, "attribution_model": "first_touch"}, {"leads": 1}),
    ]  # fmt: skip


@case(
    247, "booked",
    "An MQL of 10 May is first called on the 12th; another is called on the day it became one.",
    "§5: an MQL nobody has worked is in nurturing; the first came back from it, the second never was.",
)  # fmt: skip
def an_mql_nobody_had_worked(scene: Scene) -> list[Expect]:
    rep, channel = scene.rep(), scene.channel("web")
    for line, called in ((1, 12), (2, 10)):
        number = scene.number_of(line)
        scene.lead(jst(5, 9), source="web", phone=number, status="MQL", changed=jst(5, 10))
        scene.call(rep, jst(5, called), number)
    return [
        Expect(
            "kpi_nurture", {"subject": "return", "channel": channel},
            {"_rows": 1, "segment": "never_worked", "leads": 1},
        ),
        Expect(
            "kpi_nurture", {"subject": "score_band", "channel": channel},
            {"segment": "(none)", "leads": 2, "leads_met": 0, "meeting_rate": 0.0},
        ),
    ]  # fmt: skip
