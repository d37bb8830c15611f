"""Cases about target accounts and their coverage (dictionary §4)."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.cases import case
from tests.cases.scene import Expect, Rep, Scene, day, jst

_JUNE = day(6, 30)


def _month(rep: Rep, month: int) -> dict[str, Any]:
    return {
        "period_type": "month",
        "period_start": day(month, 1),
        "scope_type": "rep",
        "scope_key": rep.rep_id,
        "metric": "target_account_approaches",
    }


def _line(
    name: str, rep: Rep | None = None, *, on: date = _JUNE, look_back: str = "quarter_to_date"
) -> dict[str, Any]:
    return {
        "list_name": name,
        "as_of_on": on,
        "look_back": look_back,
        "scope_type": "rep" if rep else "company",
        "scope_key": rep.rep_id if rep else "company",
    }


@case(
    223, "booked",
    "An account is on one list in May and on another from 15 May to the 31st; it is dialled on 30 April, "
    "1 May, 31 May and 1 June and written to on 20 May.",
    "§4: approaches to accounts on a list that day, first and last day included; two lists make none "
    "twice: 3.",
)  # fmt: skip
def approaches_to_target_accounts(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    account = scene.account(number)
    contact = scene.contact(account=account, email=f"{scene.tag()}@prospect.example.com")
    scene.target(account, "a", start=day(5, 1), end=day(5, 31))
    scene.target(account, "b", start=day(5, 15), end=day(5, 31))
    for at in (jst(4, 30), jst(5, 1), jst(5, 31), jst(6, 1)):
        scene.call(rep, at, number)
    scene.task(rep, jst(5, 20), "Email", who=contact)
    return [
        Expect("kpi_scorecard", _month(rep, 4), {"value": 0}),
        Expect("kpi_scorecard", _month(rep, 5), {"value": 3}),
        Expect("kpi_scorecard", _month(rep, 6), {"value": 0}),
        Expect("fct_calls", {"rep_id": rep.rep_id, "is_target_account": True}, {"_rows": 2}),
    ]


@case(
    224, "booked",
    "One person of an account on two lists is called three times (two connects) and met; another is met, "
    "too, and both meetings became opportunities.",
    "§4, fan-out: 3 calls × 2 meetings × 2 deals × 2 lists are one account, one person reached, on each "
    "list.",
)  # fmt: skip
def three_calls_and_two_opportunities(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(motion="bdr"), scene.number_of(1)
    account = scene.account()
    called = scene.contact(number, account=account)
    other = scene.contact(account=account, email=f"{scene.tag()}@prospect.example.com")
    lists = [scene.target(account, name, start=day(4, 1)) for name in ("a", "b")]
    scene.call(rep, jst(5, 11), number, talk=60, tags=("本人接続",))
    scene.call(rep, jst(5, 12), number)
    scene.call(rep, jst(5, 13), number, talk=60, tags=("アポ獲得",))
    for who in (called, other):
        deal = scene.opportunity(jst(5, 21), [(jst(5, 21), "初回商談")], account=account)
        scene.event(rep, jst(5, 13), jst(5, 20), who, what=deal, outcome="実施")
    line = {
        "accounts": 1, "accounts_unknown": 0, "accounts_approached": 1, "accounts_connected": 1,
        "accounts_met": 1, "accounts_with_opportunity": 1, "opportunity_share": 1,
        "persons_approached": 1, "persons_reached": 1, "persons_per_account_reached": 1,
    }  # fmt: skip
    found: list[Expect] = []
    for name in lists:
        found += [
            Expect("kpi_account_coverage", _line(name), line),
            Expect("kpi_account_coverage", _line(name, rep), line),
            Expect(
                "fct_target_accounts",
                {"list_name": name, "as_of_on": _JUNE, "look_back": "quarter_to_date"},
                {
                    "_rows": 1, "approaches": 3, "connects": 2, "meetings_held": 2,
                    "opportunities_created": 2, "persons_reached": 1,
                    "first_connected_on": day(5, 11), "first_met_on": day(5, 20),
                    "first_opportunity_on": day(5, 21), "approached_by": rep.rep_id,
                },
            ),
        ]  # fmt: skip
    return found


@case(
    225, "booked",
    "A list ends on 15 May, within the quarter; its account is dialled on 20 April and 10 May.",
    "§4: the list as it was that day, and nothing later: April knows one call, the end of May no list.",
)  # fmt: skip
def a_list_that_ends_within_the_look_back(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    account = scene.account(number)
    name = scene.target(account, start=day(4, 1), end=day(5, 15))
    scene.call(rep, jst(4, 20), number)
    scene.call(rep, jst(5, 10), number)
    return [
        Expect(
            "fct_target_accounts",
            {"list_name": name, "as_of_on": day(4, 30), "look_back": "quarter_to_date"},
            {"_rows": 1, "account_id": account, "approaches": 1, "first_approached_on": day(4, 20)},
        ),
        *(
            Expect(table, {"list_name": name, "as_of_on": on}, {"_rows": 0})
            for table in ("fct_target_accounts", "kpi_account_coverage")
            for on in (day(5, 31), _JUNE)
        ),
    ]


@case(
    226, "booked",
    "A list names an account, another that was merged into it, and an id nobody knows; somebody of the "
    "merged one was dialled.",
    "§4, §9: two ids of one account are one; the unknown is kept, counted beside, and part of the list: "
    "1 of 2.",
)  # fmt: skip
def two_ids_of_one_account(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    winner = scene.account()
    loser = scene.account(merged_into=winner)
    scene.contact(number, account=loser)
    unknown = scene.id("001")
    for account in (winner, loser, unknown):
        name = scene.target(account, start=day(4, 1))
    scene.call(rep, jst(5, 12), number)
    listed = {"list_name": name, "as_of_on": _JUNE, "look_back": "trailing"}
    return [
        Expect(
            "kpi_account_coverage",
            _line(name, look_back="trailing"),
            {
                "accounts": 2,
                "accounts_unknown": 1,
                "accounts_approached": 1,
                "approached_share": 0.5,
            },
        ),
        Expect(
            "fct_target_accounts", listed | {"account_id": winner}, {"_rows": 1, "approaches": 1}
        ),
        Expect(
            "fct_target_accounts",
            listed | {"account_id": unknown},
            {"_rows": 1, "is_known": False, "is_approached": False, "approaches": 0},
        ),
    ]


@case(
    227, "booked",
    "As of 30 June: an account dialled on 1 April, and one dialled on 2 April; two reps dialled the second.",
    "§4: ninety days to 30 June begin on 2 April, the quarter on 1 April. Each rep covers by own dials "
    "alone.",
)  # fmt: skip
def first_day_of_the_look_back(scene: Scene) -> list[Expect]:
    a, b = scene.rep("a"), scene.rep("b", team=f"team {scene.tag('b')}")
    early, late = scene.account(scene.number_of(1)), scene.account(scene.number_of(2))
    for account in (early, late):
        name = scene.target(account, start=day(4, 1))
    scene.call(a, jst(4, 1), scene.number_of(1))
    scene.call(a, jst(4, 2), scene.number_of(2))
    scene.call(b, jst(4, 3), scene.number_of(2))

    def approached(look_back: str, rep: Rep | None, accounts: int) -> Expect:
        where = _line(name, rep, look_back=look_back)
        return Expect(
            "kpi_account_coverage", where, {"accounts_approached": accounts, "accounts": 2}
        )

    return [
        approached("trailing", None, 1),
        approached("quarter_to_date", None, 2),
        approached("trailing", a, 1),
        approached("quarter_to_date", a, 2),
        approached("trailing", b, 1),
        approached("quarter_to_date", b, 1),
        Expect(
            "fct_target_accounts",
            {"list_name": name, "account_id": late, "as_of_on": _JUNE, "look_back": "trailing"},
            {"approached_by": f"{a.rep_id}, {b.rep_id}", "window_start": day(4, 2)},
        ),
    ]


@case(
    228, "booked",
    "A person of a target account calls us and is spoken to; another is only written to; a third booked a "
    "meeting and did not come.",
    "§1, §4: an incoming call is no approach and no connect; an e-mail is an approach; who did not come was "
    "not met.",
)  # fmt: skip
def what_does_not_cover(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    account, written = scene.account(), scene.account()
    scene.contact(number, account=account)
    mailed = scene.contact(account=written, email=f"{scene.tag()}@prospect.example.com")
    for one in (account, written):
        name = scene.target(one, start=day(4, 1))
    scene.group(
        scene.leg("INCOMING_CALL", jst(5, 12), number, rep=rep, talk=90, tags=("本人接続",))
    )
    scene.task(rep, jst(5, 12), "Email", who=mailed)
    scene.event(rep, jst(5, 12), jst(5, 20), mailed, outcome="不参加")
    return [
        Expect(
            "kpi_account_coverage",
            _line(name),
            {
                "accounts": 2, "accounts_approached": 1, "accounts_connected": 0, "accounts_met": 0,
                "accounts_with_opportunity": 0, "connected_share": 0,
                "persons_per_account_reached": None,
            },
        )
    ]  # fmt: skip


@case(
    229, "held",
    "Nobody ever exported an e-mail, and the phone's files leave 11–20 April out; a list is looked at at the "
    "end of April, after a connect on the 3rd.",
    "§0.2: absent is not zero: whom an e-mail approached is not known; the connect stands, the look-back is "
    "partial.",
)  # fmt: skip
def coverage_without_mails(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    name = scene.target(scene.account(number), start=day(4, 1))
    scene.call(rep, jst(4, 3), number, talk=60, tags=("本人接続",))
    return [
        Expect(
            "kpi_account_coverage",
            _line(name, on=day(4, 30)),
            {
                "accounts_approached": None, "approached_share": None, "accounts_connected": 1,
                "connected_share": 1, "covered_days": 30, "uncovered_days": 30, "status": "partial",
            },
        )
    ]  # fmt: skip


@case(
    230, "unnamed",
    "Nobody plans a target list; a rep dials.",
    "§0.2: who has no list approaches nobody from one: unavailable, not 0.",
)  # fmt: skip
def no_target_list(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.call(rep, jst(5, 12), scene.number_of(1))
    return [Expect("kpi_scorecard", _month(rep, 5), {"value": None, "status": "unavailable"})]
