"""Cases about the feeds of one phone system and about who a record is (formats §4.0, §6.3, §6.6)."""

from __future__ import annotations

from tests.cases import case
from tests.cases.scene import Expect, Scene, day, jst


@case(
    115, "unnamed",
    "sources.yml names no account. Two calls come by webhook, and again in the CSV under other ids.",
    "Formats §4.0: the tenant is in the webhook's rows and both feeds are one source: two dials.",
)  # fmt: skip
def account_only_in_the_rows(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    for hour in (10, 11):
        scene.call(rep, jst(5, 12, hour), number, talk=20, tags=("受付",))
        scene.history_row(rep, jst(5, 12, hour), number, talk=20, memo="受付")
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 2, "talk_seconds": 40}),
        Expect("fct_calls", {"rep_id": rep.rep_id}, {"_rows": 2}),
    ]


@case(
    116, "opportunity",
    "sources.yml writes KURA, the rows kura. Five calls come by both feeds under the same ids.",
    "Formats §4.0, §6.6.4: one tenant, one leg per id: five dials, neither ten nor twenty.",
)  # fmt: skip
def account_in_another_case(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    for hour in range(10, 15):
        leg = scene.call(rep, jst(5, 12, hour), number, talk=20, tags=("受付",))
        scene.history_row(rep, jst(5, 12, hour), number, talk=20, memo="受付", leg_id=leg["id"])
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 5, "talk_seconds": 100}),
        Expect("fct_calls", {"rep_id": rep.rep_id}, {"_rows": 5}),
    ]


@case(
    117, "opportunity",
    "The feeds share their ids. The rep wrote 本人接続 into one call a week later: only the newer "
    "CSV has it. A second call's memo is newer in the webhook than in the CSV; a third's memo "
    "stands in the webhook alone.",
    "Formats §6.6.4: the webhook wins unless the CSV is newer; what the CSV leaves empty stays.",
)  # fmt: skip
def memo_of_a_newer_csv(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    # The webhook's one file is exported on 1 June.
    newer, older = day(6, 8), day(5, 20)
    edited = scene.call(rep, jst(5, 12, 10), number, talk=20, tags=("受付",))
    scene.history_row(
        rep, jst(5, 12, 10), number, talk=20, memo="本人接続", leg_id=edited["id"], delivered=newer
    )
    settled = scene.call(rep, jst(5, 13, 10), number, talk=30, tags=("受付",))
    scene.history_row(
        rep, jst(5, 13, 10), number, talk=30, memo="本人接続", leg_id=settled["id"], delivered=older
    )
    kept = scene.call(rep, jst(5, 14, 10), number, talk=40, tags=("本人接続",))
    scene.history_row(rep, jst(5, 14, 10), number, talk=40, leg_id=kept["id"], delivered=newer)
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"dials": 3, "human_reached": 3, "connects": 2, "connect_talk_seconds": 60},
        ),
        Expect(
            "fct_calls",
            {"rep_id": rep.rep_id, "called_on": day(5, 13)},
            {"_rows": 1, "disposition": "gatekeeper"},
        ),
    ]


@case(
    118, "unnamed",
    "A HubSpot contact names lead A of Salesforce and has the e-mail of lead B.",
    "Formats §6.3.3: the CRM id goes before the e-mail: the contact is A's person, B stays apart.",
)  # fmt: skip
def crm_id_before_email(scene: Scene) -> list[Expect]:
    channel = scene.channel("web")
    address = f"{scene.tag('kato')}@prospect.example.com"
    named = scene.lead(jst(4, 10), source="web", email=f"{scene.tag('ito')}@prospect.example.com")
    scene.lead(jst(4, 11), source="web", email=address)
    scene.marketing_contact(jst(4, 9), email=address, lead=named)
    return [
        Expect(
            "kpi_channel_conversion",
            {"channel": channel, "cohort_month": day(4, 1)},
            {"leads": 2, "lead_records": 2},
        )
    ]


@case(
    119, "unnamed",
    "The roster spells the login Tanaka.T119, the phone system TANAKA.t119, and no name stands "
    "on the call.",
    "Formats §4.1, §5.1: the agent's key is a login; logins differ by more than case.",
)  # fmt: skip
def login_in_another_case(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.records["planning.roster"][-1]["cti_user_key"] = "Tanaka.T119"
    leg = scene.leg("OUTGOING_CALL", jst(5, 12), scene.number_of(1), rep=rep, talk=20)
    leg["participants"][0] |= {"login_id": "TANAKA.t119", "name": None}
    scene.group(leg)
    return [Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 1, "human_reached": 1})]


@case(
    120, "unnamed",
    "Three HubSpot contacts with one e-mail name three leads; a fourth has that e-mail and no lead.",
    "Formats §6.3.3: an e-mail joins only records that no CRM id has placed: three leads.",
)  # fmt: skip
def crm_ids_of_one_address(scene: Scene) -> list[Expect]:
    channel = scene.channel("web")
    address = f"{scene.tag('mori')}@prospect.example.com"
    for hour in (9, 10, 11):
        lead = scene.lead(jst(4, 10, hour), source="web")
        scene.marketing_contact(jst(4, 11, hour), email=address, lead=lead)
    scene.marketing_contact(jst(4, 12), email=address)
    return [
        Expect(
            "kpi_channel_conversion",
            {"channel": channel, "cohort_month": day(4, 1)},
            {"leads": 3, "lead_records": 3},
        )
    ]
