"""Cases about metrics kpi_rep_daily does not carry: talk shares, key persons, cohorts, the company."""

from __future__ import annotations

from typing import Any

from tests.cases import case
from tests.cases.scene import Expect, Rep, Scene, day, jst


def _figures(scope: tuple[str, str], month: int, **values: Any) -> list[Expect]:
    """One expectation per metric of a month; a tuple is numerator, denominator and value."""
    where = {
        "period_type": "month",
        "period_start": day(month, 1),
        "scope_type": scope[0],
        "scope_key": scope[1],
    }
    return [
        Expect(
            "kpi_scorecard",
            where | {"metric": metric},
            dict(zip(("numerator", "denominator", "value"), value, strict=True))
            if isinstance(value, tuple)
            else {"value": value},
        )
        for metric, value in values.items()
    ]


def _of(rep: Rep) -> tuple[str, str]:
    return "rep", rep.rep_id


@case(
    121, "booked",
    "Dials of 100 s, the agent talking 60 % of it, and of 50 s, 20 %; one of 200 s not analysed.",
    "§2 agent_talk_ratio: agent ÷ both, weighted by seconds, analysed calls only: 70 ÷ 150.",
)  # fmt: skip
def share_of_talk(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    for line, (talk, turns, share) in enumerate(((100, 6, 0.6), (50, 2, 0.2), (200, None, 0.9))):
        scene.call(
            rep, jst(5, 12, 10 + line), scene.number_of(line), talk=talk, turns=turns,
            agent_share=share,
        )  # fmt: skip
    return _figures(
        _of(rep), 5,
        agent_talk_seconds=70, conversation_seconds=150, agent_talk_ratio=(70, 150, 70 / 150),
        analysed_calls=2, turns=8, calls_with_turns=2, talk_seconds=350,
    )  # fmt: skip


@case(
    122, "tool",
    "A telephone tool writes the agent's share as 80 in one row and as 0.5 in another.",
    "formats §4.1 agent_talk_ratio: 0 to 1, percent where it is more than 1: 80 s + 30 s of 160 s.",
)  # fmt: skip
def share_of_talk_in_percent(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    for line, (talk, share) in enumerate(((100, 80), (60, 0.5))):
        scene.tool_leg(
            f"call{line}", "primary", jst(5, 12, 10 + line), scene.number_of(line), rep=rep,
            talk=talk, turns=4, agent_talk_ratio=share,
        )  # fmt: skip
    return _figures(_of(rep), 5, agent_talk_ratio=(110, 160, 110 / 160))


@case(
    123, "booked",
    "Connects with a director the title map names, with a clerk it has no rule for, and with "
    "somebody without a title.",
    "§2 key_person_share: key persons ÷ connects with a known title: 1 of 2.",
)  # fmt: skip
def key_persons(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.key_title("営業")
    titles = (scene.tag("営業部長"), scene.tag("担当"), None)
    for line, title in enumerate(titles):
        scene.contact(scene.number_of(line), title=title)
        scene.call(
            rep, jst(5, 12, 10 + line), scene.number_of(line), talk=100 - line, tags=("本人接続",)
        )
    return _figures(
        _of(rep), 5,
        connects=3, connects_by_disposition=3, key_person_connects=1, known_title_connects=2,
        key_person_share=(1, 2, 0.5), key_person_talk_seconds=100,
    )  # fmt: skip


@case(
    124, "booked",
    "Six deals won in June that no meeting led to: new ¥1 M, existing ¥2 M, of a partner ¥3 M, of no "
    "type ¥4 M, one without an amount, one in euros.",
    "§3 won_amount_yen: beside it the company's whole; §0.7: other types are lines of their own; "
    "null amounts and currencies without a rate are counted apart.",
)  # fmt: skip
def the_company_s_whole_won_amount(scene: Scene) -> list[Expect]:
    channel = scene.channel("own")
    for deal_type, amount, currency in (
        ("New Business", 1_000_000, None),
        ("既存顧客", 2_000_000, None),
        ("パートナー", 3_000_000, "JPY"),
        (None, 4_000_000, None),
        ("新規", None, None),
        ("新規", 5_000, "EUR"),
    ):
        deal = scene.opportunity(
            jst(5, 20), [(jst(5, 20), "初回商談"), (jst(6, 10), "受注")],
            amount=amount, currency=currency, closes=day(6, 10), deal_type=deal_type,
        )  # fmt: skip
        scene.lead(jst(5, 2), source="own", converted={"opportunity": deal})
    return _figures(
        ("channel", channel), 6,
        company_wins=6, company_won_amount_yen=10_000_000, company_won_amount_new_yen=1_000_000,
        company_won_amount_existing_yen=2_000_000, company_won_amount_other_yen=3_000_000,
        company_won_amount_untyped_yen=4_000_000, company_won_amounts_missing=1,
        company_won_amounts_unconverted=1, wins=0, won_amount_yen=0,
    )  # fmt: skip


@case(
    125, "booked",
    "One deal of ¥1 M, won, that two leads were converted into: one came on 20 April from the fair, "
    "one on 2 May from the web.",
    "§5 first touch: the credit is whole and the fair's; both leads have won.",
)  # fmt: skip
def a_deal_of_two_leads(scene: Scene) -> list[Expect]:
    fair, web = scene.channel("fair"), scene.channel("web")
    deal = scene.opportunity(
        jst(5, 20), [(jst(5, 20), "初回商談"), (jst(6, 10), "受注")], closes=day(6, 10)
    )
    scene.lead(jst(5, 2), source="web", converted={"opportunity": deal})
    scene.lead(jst(4, 20), source="fair", converted={"opportunity": deal})
    return [
        Expect(
            "kpi_channel_conversion",
            {"channel": fair},
            {"reached_won": 1, "opportunities": 1, "pipeline_yen": 1e6, "won_yen": 1e6},
        ),
        Expect(
            "kpi_channel_conversion",
            {"channel": web},
            {"reached_won": 1, "opportunities": 0, "pipeline_yen": 0, "won_yen": 0},
        ),
        *_figures(("channel", fair), 6, company_wins=1),
    ]


@case(
    126, "booked",
    "Booked in May: held; missed; canceled; no outcome written; planned for 10 July and canceled in "
    "June. As of 30 June.",
    "§2 meeting_held_rate: of those whose time has passed and whose outcome is known: 1 of 3; unknown "
    "outcomes beside it; July has not come.",
)  # fmt: skip
def outcomes_of_a_cohort(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    for outcome in ("実施", "不参加", "中止", None):
        scene.event(rep, jst(5, 11), jst(5, 20), scene.prospect(), outcome=outcome)
    scene.event(rep, jst(5, 11), jst(7, 10), scene.prospect(), outcome="中止", changed=jst(6, 15))
    return _figures(
        _of(rep), 5,
        meetings_booked=5, meetings_held_of_cohort=1, no_shows_of_cohort=1,
        meetings_outcome_known_of_cohort=3, meetings_outcome_unknown_of_cohort=1,
        meeting_held_rate=(1, 3, 1 / 3), no_show_rate=(1, 3, 1 / 3),
    )  # fmt: skip


@case(
    127, "held",
    "商談 means held here. Two meetings booked in May whose deals field sales took over; one was held, "
    "of the other nobody wrote an outcome.",
    "§2, §0.7: accepted is a part of meetings_acquired: only the one that was held counts.",
)  # fmt: skip
def accepted_without_being_acquired(scene: Scene) -> list[Expect]:
    rep, seller = scene.rep("sdr"), scene.rep("field", "field_sales")
    for outcome in ("実施", None):
        deal = scene.opportunity(jst(5, 20), [(jst(5, 20), "初回商談")], owner=seller)
        scene.event(rep, jst(5, 11), jst(5, 18), scene.prospect(), what=deal, outcome=outcome)
    return _figures(
        _of(rep), 5,
        meetings_booked=2, meetings_acquired_of_cohort=1, accepted=1, decided=1,
        effective_meeting_rate=(1, 1, 1), effective_meeting_rate_decided=(1, 1, 1),
    )  # fmt: skip


@case(
    128, "booked",
    "Two connects by disposition: a minute, and a line left open for thirteen hours.",
    "formats §6.4: longer than twelve hours is kept, and in no average: 60 s ÷ 1.",
)  # fmt: skip
def a_line_left_open(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    for line, talk in enumerate((60, 13 * 3600)):
        scene.contact(scene.number_of(line))
        scene.call(
            rep, jst(5, 12, 10), scene.number_of(line), talk=talk, tags=("本人接続",), turns=4
        )
    return _figures(
        _of(rep), 5,
        connects=2, timed_connects=1, overlong_calls=1, connect_talk_seconds=60, talk_seconds=60,
        talk_seconds_per_connect=(60, 1, 60), turns=4, calls_with_turns=1, analysed_connects=2,
    )  # fmt: skip


@case(
    129, "booked",
    "Created in May: in euros; without an amount, and lost in June; ¥1 M, still open.",
    "§3 pipeline: what has no amount or no rate adds 0 and is counted; win_rate_closed counts by close "
    "date, win_rate by creation.",
)  # fmt: skip
def pipeline_of_a_cohort(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    for amount, currency, stages in (
        (5_000, "EUR", [(jst(5, 20), "初回商談"), (jst(6, 10), "受注")]),
        (None, None, [(jst(5, 20), "初回商談"), (jst(6, 10), "失注")]),
        (1_000_000, None, [(jst(5, 20), "初回商談")]),
    ):
        deal = scene.opportunity(
            jst(5, 20), stages, amount=amount, currency=currency, closes=day(6, 10)
        )
        scene.event(rep, jst(5, 11), jst(5, 18), scene.prospect(), what=deal, outcome="実施")
    return [
        *_figures(
            _of(rep), 5,
            opportunities_created=3, pipeline_created_yen=1_000_000,
            pipeline_created_as_of_yen=1_000_000, pipeline_amounts_missing=1,
            pipeline_amounts_missing_as_of=1, pipeline_amounts_unconverted=1,
            pipeline_amounts_unconverted_as_of=1, opportunities_won_of_cohort=1,
            opportunities_open_of_cohort=1, win_rate=(1, 3, 1 / 3),
            win_rate_open_share=(1, 3, 1 / 3), wins=0, opportunities_closed=0,
        ),
        *_figures(
            _of(rep), 6,
            wins=1, won_amount_yen=0, won_amounts_missing=0, won_amounts_unconverted=1,
            opportunities_closed=2, win_rate_closed=(1, 2, 0.5),
        ),
    ]  # fmt: skip
