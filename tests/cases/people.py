"""Cases about leads: who is one person, which cohort and channel is hers (dictionary §9 Leads)."""

from __future__ import annotations

from tests.cases import case
from tests.cases.scene import Expect, Scene, day, jst


@case(
    29, "booked",
    "A lead of the fair (April) is merged into a lead of the web form (May).",
    "§9 Leads: one person; cohort month and channel of the earliest record, merge losers included.",
)  # fmt: skip
def merged_leads(scene: Scene) -> list[Expect]:
    fair, web = scene.channel("fair"), scene.channel("web")
    winner = scene.lead(jst(5, 20), source="web")
    scene.lead(jst(4, 10), source="fair", deleted=jst(5, 21), merged_into=winner)
    return [
        Expect(
            "kpi_channel_conversion",
            {"channel": fair, "cohort_month": day(4, 1)},
            {"leads": 1, "lead_records": 2},
        ),
        Expect("kpi_channel_conversion", {"channel": web}, {"leads": 0}),
    ]


@case(
    30, "booked",
    "A lead is called for 90 s, then deleted without being merged.",
    "§9 Leads: it leaves its cohort; the call stays with the rep, as the connect it was.",
)  # fmt: skip
def deleted_lead(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    channel = scene.channel("list")
    scene.lead(jst(4, 10), source="list", phone=number, deleted=jst(5, 20))
    scene.call(rep, jst(4, 13), number, talk=90)
    return [
        Expect("kpi_channel_conversion", {"channel": channel}, {"leads": 0}),
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 1, "connects": 1}),
    ]


@case(
    31, "booked",
    "Two leads with one address (one typed in capitals), and two with one info@ address.",
    "§9 Leads, formats §6.3.1: duplicates on one e-mail are one; a role address joins nobody.",
)  # fmt: skip
def duplicate_and_role_addresses(scene: Scene) -> list[Expect]:
    channel = scene.channel("web")
    scene.lead(jst(4, 10), source="web", email=f"{scene.tag('kato')}@prospect.example.com")
    scene.lead(
        jst(4, 20), source="web", email=f" {scene.tag('KATO').upper()}@Prospect.Example.COM "
    )
    scene.lead(jst(4, 11), source="web", email=f"info@{scene.tag()}.example.com")
    scene.lead(jst(4, 12), source="web", email=f"info@{scene.tag()}.example.com")
    return [
        Expect(
            "kpi_channel_conversion",
            {"channel": channel, "cohort_month": day(4, 1)},
            {"leads": 3, "lead_records": 4},
        )
    ]


@case(
    32, "booked",
    "A lead never called nor written to, and never an MQL, is converted with a won opportunity.",
    "§9 Cohort steps are nested: who reached won reached every step; observed_ stands beside.",
)  # fmt: skip
def steps_are_nested(scene: Scene) -> list[Expect]:
    channel = scene.channel("web")
    account = scene.account()
    contact = scene.contact(account=account)
    opportunity = scene.opportunity(
        jst(5, 1), [(jst(5, 1), "初回商談"), (jst(6, 1), "受注")], account=account, closes=day(6, 1)
    )
    scene.lead(
        jst(4, 10),
        source="web",
        converted={"contact": contact, "account": account, "opportunity": opportunity},
    )
    scene.lead(jst(4, 11), source="web", status="MQL")
    return [
        Expect(
            "kpi_channel_conversion",
            {"channel": channel},
            {
                "leads": 2, "reached_mql": 2, "reached_worked": 1, "reached_connected": 1,
                "reached_meeting": 1, "reached_accepted": 1, "reached_opportunity": 1,
                "reached_won": 1, "observed_mql": 1, "observed_worked": 0, "observed_meeting": 0,
                "observed_opportunity": 1, "observed_won": 1, "state_won": 1,
                "state_nurturing": 1, "state_lead": 0,
            },
        )
    ]  # fmt: skip


@case(
    33, "booked",
    "A lead source without a rule, and a lead without any source.",
    "§5: a value without a rule is (unmapped), an empty one (none); neither is dropped.",
)  # fmt: skip
def unmapped_and_none(scene: Scene) -> list[Expect]:
    rep, number, other = scene.rep(), scene.number_of(1), scene.number_of(2)
    scene.lead(jst(4, 10), source="no rule", phone=number)
    scene.lead(jst(4, 10), phone=other)
    scene.call(rep, jst(5, 12), number)
    scene.call(rep, jst(5, 13), other)
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id, "channel": "(unmapped)"}, {"dials": 1}),
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id, "channel": "(none)"}, {"dials": 1}),
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 2}),
    ]


@case(
    90, "booked",
    "A lead is merged into another, then that one is deleted; a third is merged into one that lives.",
    "§9 Leads: a deleted lead leaves its cohort, and with it what was merged into it.",
)  # fmt: skip
def merged_then_deleted(scene: Scene) -> list[Expect]:
    gone, kept = scene.channel("gone"), scene.channel("kept")
    deleted = scene.lead(jst(5, 20), source="gone", deleted=jst(5, 25))
    middle = scene.lead(jst(4, 12), source="gone", deleted=jst(5, 22), merged_into=deleted)
    scene.lead(jst(4, 10), source="gone", deleted=jst(5, 21), merged_into=middle)
    living = scene.lead(jst(5, 20), source="kept")
    scene.lead(jst(4, 10), source="kept", deleted=jst(5, 21), merged_into=living)
    return [
        Expect("kpi_channel_conversion", {"channel": gone}, {"leads": 0, "lead_records": 0}),
        Expect("kpi_channel_conversion", {"channel": kept}, {"leads": 1, "lead_records": 2}),
    ]


@case(
    91, "booked",
    "Two leads are connected in June; one is handed back on 29 June, one on 1 July at 03:00.",
    "§5: exactly one state at the as-of date: what was recorded after 30 June is not known on it.",
)  # fmt: skip
def handed_back_after_the_as_of_date(scene: Scene) -> list[Expect]:
    rep, channel = scene.rep(), scene.channel("web")
    for line, changed in ((1, jst(6, 29)), (2, jst(7, 1, 3))):
        number = scene.number_of(line)
        scene.lead(jst(5, 10), source="web", phone=number, status="差し戻し", changed=changed)
        scene.call(rep, jst(6, 10), number, talk=90)
    return [
        Expect(
            "kpi_channel_conversion",
            {"channel": channel},
            {"leads": 2, "state_nurturing": 1, "state_connected": 1, "reached_connected": 2},
        )
    ]


@case(
    87, "booked",
    "A lead is converted without an opportunity and met on 20 April; its account's opportunity of "
    "25 April is won on 20 May for ¥1 M.",
    "§3 account rule, §5: the credited meeting's person reached opportunity and won; ¥1 M is hers.",
)  # fmt: skip
def credited_by_the_account_rule(scene: Scene) -> list[Expect]:
    rep, channel, account = scene.rep(), scene.channel("web"), scene.account()
    contact = scene.contact(account=account)
    scene.lead(jst(4, 3), source="web", converted={"contact": contact, "account": account})
    scene.event(rep, jst(4, 14), jst(4, 20), contact, outcome="実施")
    opportunity = scene.opportunity(
        jst(4, 25), [(jst(4, 25), "初回商談"), (jst(5, 20), "受注")],
        account=account, closes=day(5, 20),
    )  # fmt: skip
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"wins": 1, "won_amount_yen": 1_000_000}),
        Expect("fct_opportunities", {"opportunity_id": opportunity}, {"credit_basis": "account"}),
        Expect(
            "kpi_channel_conversion",
            {"channel": channel},
            {"leads": 1, "reached_opportunity": 1, "observed_opportunity": 1, "reached_won": 1,
             "state_won": 1, "won_yen": 1_000_000},
        ),
    ]  # fmt: skip
