"""Cases about decisions, credit, wins and money (dictionary §3, §9 Meetings and opportunities)."""

from __future__ import annotations

from tests.cases import case
from tests.cases.scene import Expect, Scene, day, jst


@case(
    43, "booked",
    "Five meetings with an opportunity each: gate stage; a later open stage; lost at once; gate "
    "stage, then lost; won without ever standing in the gate.",
    "§9: accepted = ever in the gate stage or a later open one, or won; rejected = lost before it.",
)  # fmt: skip
def accepted_and_rejected(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    decisions = {}
    for stages, closes, decision in (
        ([(jst(6, 10), "有効商談")], day(9, 30), "accepted"),
        ([(jst(6, 10), "提案")], day(9, 30), "accepted"),
        ([(jst(6, 10), "失注")], day(6, 10), "rejected"),
        ([(jst(6, 10), "有効商談"), (jst(6, 20), "失注")], day(6, 20), "accepted"),
        ([(jst(6, 20), "受注")], day(6, 20), "accepted"),
    ):
        opportunity = scene.opportunity(
            jst(6, 8), [(jst(6, 8), "初回商談"), *stages], closes=closes
        )
        event = scene.event(
            rep, jst(6, 1), jst(6, 8, 9), scene.prospect(), what=opportunity, outcome="実施"
        )
        decisions[event] = decision
    waiting = scene.opportunity(jst(6, 8), [(jst(6, 8), "初回商談")])
    scene.event(rep, jst(6, 1), jst(6, 8, 9), scene.prospect(), what=waiting, outcome="実施")
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"meetings_booked": 6, "accepted": 4, "rejected": 1, "pending": 1, "expired": 0,
             "opportunities_created": 6, "wins": 1},
        ),
        *(
            Expect("fct_meetings", {"event_id": event}, {"decision": decision})
            for event, decision in decisions.items()
        ),
    ]  # fmt: skip


@case(
    44, "booked",
    "Meetings held 1 April and 31 March; each account gets an opportunity on 30 June.",
    "§3 opportunities_created: same account within 90 days: 1 April + 90 = 30 June; 31 March: 91.",
)  # fmt: skip
def ninety_days_of_the_account_rule(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    inside, outside = scene.account(), scene.account()
    for account, held in ((inside, jst(4, 1)), (outside, jst(3, 31))):
        person = scene.contact(
            account=account, email=f"{scene.tag(account[-8:])}@prospect.example.com"
        )
        scene.event(rep, jst(3, 20), held, person, outcome="実施")
    credited = scene.opportunity(jst(6, 30), [(jst(6, 30), "初回商談")], account=inside)
    nobodys = scene.opportunity(jst(6, 30), [(jst(6, 30), "初回商談")], account=outside)
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"opportunities_created": 1}),
        Expect(
            "fct_opportunities",
            {"opportunity_id": credited},
            {"credit_basis": "account", "is_sourced": True, "rep_id": rep.rep_id},
        ),
        Expect(
            "fct_opportunities",
            {"opportunity_id": nobodys},
            {"credit_basis": None, "is_sourced": False, "rep_id": "(none)"},
        ),
    ]


@case(
    45, "booked",
    "Held 11 May; the account's opportunity of 20 May finds another one, open since 1 May.",
    "§9: the account rule needs that none of the account's was open when it was created.",
)  # fmt: skip
def another_opportunity_was_open(scene: Scene) -> list[Expect]:
    rep, account = scene.rep(), scene.account()
    person = scene.contact(account=account, email=f"{scene.tag('x')}@prospect.example.com")
    scene.event(rep, jst(5, 7), jst(5, 11), person, outcome="実施")
    scene.opportunity(jst(5, 1), [(jst(5, 1), "初回商談")], account=account)
    second = scene.opportunity(jst(5, 20), [(jst(5, 20), "初回商談")], account=account)
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"opportunities_created": 0}),
        Expect("fct_opportunities", {"opportunity_id": second}, {"is_sourced": False}),
    ]


@case(
    46, "booked",
    "Two SDRs met two people of one deal; both events name the same opportunity.",
    "§3 opportunities_created: one credit, to the booker, of several meetings the latest booked.",
)  # fmt: skip
def one_credit(scene: Scene) -> list[Expect]:
    a, b = scene.rep("a"), scene.rep("b")
    opportunity = scene.opportunity(
        jst(5, 25), [(jst(5, 25), "初回商談"), (jst(6, 1), "有効商談")], amount=3_000_000
    )
    scene.event(a, jst(5, 10), jst(5, 18), scene.prospect(), what=opportunity, outcome="実施")
    scene.event(b, jst(5, 20), jst(5, 22), scene.prospect(), what=opportunity, outcome="実施")
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": b.rep_id},
            {"opportunities_created": 1, "pipeline_created_yen": 3_000_000, "accepted": 1},
        ),
        Expect(
            "kpi_rep_daily",
            {"rep_id": a.rep_id},
            {"opportunities_created": 0, "pipeline_created_yen": 0, "accepted": 0},
        ),
        Expect("fct_opportunities", {"opportunity_id": opportunity}, {"rep_id": b.rep_id}),
    ]


@case(
    47, "booked",
    "A deal won without an amount, one in dollars created in May, one in euros without a rate.",
    "§9: a null amount adds 0 and is counted; §3: other currencies by planning's rate, or apart.",
)  # fmt: skip
def amounts(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    found = []
    for amount, currency in ((None, None), (1000, "USD"), (1000, "EUR")):
        opportunity = scene.opportunity(
            jst(5, 20), [(jst(5, 20), "初回商談"), (jst(6, 10), "受注")],
            amount=amount, currency=currency, closes=day(6, 10),
        )  # fmt: skip
        scene.event(rep, jst(5, 10), jst(5, 18), scene.prospect(), what=opportunity, outcome="実施")
        found.append(opportunity)
    missing, dollars, euros = found
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"opportunities_created": 3, "wins": 3, "pipeline_created_yen": 150_000,
             "won_amount_yen": 150_000},
        ),
        Expect(
            "fct_opportunities",
            {"opportunity_id": missing},
            {"amount_yen": None, "is_amount_missing": True, "is_amount_unconverted": False},
        ),
        Expect("fct_opportunities", {"opportunity_id": dollars}, {"amount_yen": 150_000}),
        Expect(
            "fct_opportunities",
            {"opportunity_id": euros},
            {"amount_yen": None, "is_amount_missing": False, "is_amount_unconverted": True},
        ),
    ]  # fmt: skip


@case(
    48, "booked",
    "Three deals in the won stage: recorded 20 June for 19 June; recorded 1 July for 30 June; "
    "recorded 20 June for 15 July.",
    "§9: wins count on the close date once the stage is recorded by the as-of date (30 June).",
)  # fmt: skip
def wins_around_the_as_of_date(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    made = []
    for recorded, closes in (
        (jst(6, 20), day(6, 19)),
        (jst(7, 1, 9), day(6, 30)),
        (jst(6, 20), day(7, 15)),
    ):
        opportunity = scene.opportunity(
            jst(5, 20),
            [(jst(5, 20), "有効商談"), (recorded, "受注")],
            closes=closes,
            delivered=day(7, 2),
        )
        scene.event(rep, jst(5, 10), jst(5, 18), scene.prospect(), what=opportunity, outcome="実施")
        made.append(opportunity)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"opportunities_created": 3, "accepted": 3, "wins": 1, "won_amount_yen": 1_000_000},
        ),
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id, "date": day(6, 19)}, {"wins": 1}),
        Expect("fct_opportunities", {"opportunity_id": made[0]}, {"won_on": day(6, 19)}),
        Expect("fct_opportunities", {"opportunity_id": made[1]}, {"is_won": False}),
        Expect("fct_opportunities", {"opportunity_id": made[2]}, {"is_won": False}),
    ]


@case(
    49, "held",
    "Acceptance by owner: one opportunity passes from the SDR to field sales, one stays.",
    "§9, gate by owner_role: accepted once a field-sales person owns it; the other is undecided.",
)  # fmt: skip
def accepted_by_owner(scene: Scene) -> list[Expect]:
    sdr, seller = scene.rep("sdr"), scene.rep("field", "field_sales")
    passed = scene.opportunity(jst(6, 2), [(jst(6, 2), "初回商談")], owner=sdr, delivered=day(6, 3))
    again = scene.opportunity(jst(6, 2), [(jst(6, 5), "初回商談")], owner=seller, identity=passed)
    kept = scene.opportunity(jst(6, 2), [(jst(6, 2), "初回商談")], owner=sdr)
    scene.event(sdr, jst(5, 25), jst(6, 1), scene.prospect(), what=again, outcome="実施")
    scene.event(sdr, jst(5, 25), jst(6, 1), scene.prospect(), what=kept, outcome="実施")
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": sdr.rep_id},
            {"meetings_booked": 2, "accepted": 1, "pending": 1, "opportunities_created": 2},
        )
    ]


@case(
    50, "opportunity",
    "Acceptance by a field of the company's own: 可 on one opportunity, 否 on the other.",
    "§9, gate by custom_field: only the value mapped to accepted accepts.",
)  # fmt: skip
def accepted_by_field(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    for said in ("可", "否"):
        opportunity = scene.opportunity(jst(5, 20), [(jst(5, 20), "有効商談")], accepted=said)
        scene.event(rep, jst(5, 10), jst(5, 18), scene.prospect(), what=opportunity, outcome="実施")
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"meetings_booked": 2, "meetings_acquired": 2, "accepted": 1, "pending": 1},
        )
    ]


@case(
    85, "booked",
    "Booked 10 May; lost on 1 June with a close date still on 30 September; as of 30 June.",
    "§9 rejected = closed lost; the day is that of the record. §3 win_rate_closed counts a loss on "
    "its close date, so not yet; a deal recorded lost is no longer open.",
)  # fmt: skip
def lost_with_a_close_date_ahead(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    opportunity = scene.opportunity(
        jst(5, 20), [(jst(5, 20), "初回商談"), (jst(6, 1), "失注")], closes=day(9, 30)
    )
    event = scene.event(
        rep, jst(5, 10), jst(5, 18), scene.prospect(), what=opportunity, outcome="実施"
    )
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"rejected": 1, "wins": 0}),
        Expect(
            "fct_meetings", {"event_id": event}, {"decision": "rejected", "days_to_decision": 22}
        ),
        Expect(
            "fct_opportunities",
            {"opportunity_id": opportunity},
            {"is_open": False, "is_lost": True, "lost_on": None},
        ),
    ]


@case(
    86, "booked",
    "Two deals created 29 June; all that is known of them was recorded 1 July at 00:30: the one "
    "stands in the gate stage, the other is lost. As of 30 June.",
    "§0.6, as-of: what was recorded after the as-of date decides nothing on it: both undecided.",
)  # fmt: skip
def decided_after_the_as_of_date(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    for stage in ("有効商談", "失注"):
        opportunity = scene.opportunity(
            jst(6, 29), [(jst(7, 1, 0, 30), stage)], closes=day(6, 29), delivered=day(7, 2)
        )
        scene.event(rep, jst(6, 20), jst(6, 28), scene.prospect(), what=opportunity, outcome="実施")
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"opportunities_created": 2, "pending": 2, "accepted": 0, "rejected": 0},
        )
    ]


@case(
    89, "booked",
    "Created without an amount, given ¥3 M ten days later.",
    "§3 pipeline: at creation it adds 0 and is missing; at the as-of date it adds ¥3 M.",
)  # fmt: skip
def an_amount_that_came_later(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    first = scene.opportunity(jst(5, 20), [(jst(5, 20), "初回商談")], amount=None)
    opportunity = scene.opportunity(
        jst(5, 20), [(jst(5, 30), "初回商談")], amount=3_000_000, identity=first
    )
    scene.event(rep, jst(5, 10), jst(5, 18), scene.prospect(), what=opportunity, outcome="実施")
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"pipeline_created_yen": 0}),
        Expect(
            "fct_opportunities",
            {"opportunity_id": opportunity},
            {"amount_at_creation_yen": None, "is_amount_missing_at_creation": True,
             "amount_yen": 3_000_000, "is_amount_missing": False},
        ),
    ]  # fmt: skip
