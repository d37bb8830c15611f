"""Cases about deals day by day, the worth of the connect rules and customers' answers (dictionary §7, §8)."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.cases import case
from tests.cases.scene import INTERNAL_DOMAIN, Expect, Rep, Scene, day, jst


def _on(opportunity: str, on: date, **values: Any) -> Expect:
    """What kpi_pipeline says of a deal on a day."""
    return Expect("kpi_pipeline", {"opportunity_id": opportunity, "date": on}, values)


def _days(opportunity: str, count: int, **where: Any) -> Expect:
    return Expect("kpi_pipeline", {"opportunity_id": opportunity, **where}, {"_rows": count})


@case(
    260, "booked",
    "Created 1 June; on 5 June first 提案, then back to 有効商談 with ¥0.5 M more and a month later.",
    "§8 kpi_pipeline: a day is how it stood at its end; moves are against the end of the day before.",
)  # fmt: skip
def a_deal_moves_twice_in_a_day(scene: Scene) -> list[Expect]:
    deal = scene.opportunity(jst(6, 1), [(jst(6, 1), "初回商談"), (jst(6, 5, 9), "提案")])
    scene.opportunity(
        jst(6, 1),
        [(jst(6, 5, 17), "有効商談")],
        amount=1_500_000,
        closes=day(10, 31),
        identity=deal,
    )
    return [
        _days(deal, 30, state="open"),
        _on(deal, day(6, 1), has_entered=True, age_days=0, days_in_stage=0, amount_change_yen=None,
            stage_move=None, is_sourced=False, rep_id="(none)"),
        _on(deal, day(6, 4), stage="初回商談", age_days=3, days_in_stage=3, amount_yen=1_000_000,
            close_on=day(9, 30), has_entered=False),
        _on(deal, day(6, 5), stage="有効商談", stage_move="advanced", from_stage="初回商談",
            days_in_stage=0, amount_yen=1_500_000, amount_change_yen=500_000, close_moved_days=31,
            probability=0.1),
        _on(deal, day(6, 6), stage="有効商談", stage_move=None, from_stage=None, days_in_stage=1,
            amount_change_yen=0, close_moved_days=0),
        _on(deal, day(6, 30), is_open=True, age_days=29, days_in_stage=25),
    ]  # fmt: skip


@case(
    261, "booked",
    "Created 1 June, lost 10 June, taken up again 15 June in 提案, won 25 June.",
    "A loss taken back is no loss of fct_opportunities; the deal is in the pipeline again from 15 June.",
)  # fmt: skip
def lost_and_reopened(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    deal = scene.opportunity(
        jst(6, 1),
        [(jst(6, 1), "初回商談"), (jst(6, 10), "失注"), (jst(6, 15), "提案"), (jst(6, 25), "受注")],
        closes=day(6, 25),
    )
    scene.event(rep, jst(5, 25), jst(5, 30), scene.prospect(), what=deal, outcome="実施")
    return [
        _days(deal, 9 + 1 + 10 + 1),
        _on(deal, day(6, 10), state="lost", is_taken_back=True, is_lost=False, has_left=True,
            stage_move=None, from_stage="初回商談", is_sourced=True, rep_id=rep.rep_id, team=rep.team),
        _days(deal, 0, date=day(6, 12)),
        _on(deal, day(6, 15), is_open=True, is_reopened=True, has_entered=True, stage="提案",
            stage_move=None, days_in_stage=0, is_taken_back=False),
        _on(deal, day(6, 25), state="won", is_won=True, is_taken_back=False, has_left=True,
            from_stage="提案", age_days=24),
        Expect("fct_opportunities", {"opportunity_id": deal}, {"won_on": day(6, 25), "lost_on": None}),
    ]  # fmt: skip


@case(
    262, "booked",
    "Won on 18 June, written down on 20 June; another one written down on 20 June for 15 July.",
    "§9: wins count on the close date: none of its days after 18 June; a win ahead is still open.",
)  # fmt: skip
def won_before_and_after_it_is_recorded(scene: Scene) -> list[Expect]:
    stages = [(jst(6, 1), "提案"), (jst(6, 20), "受注")]
    before = scene.opportunity(jst(6, 1), stages, closes=day(6, 18))
    ahead = scene.opportunity(jst(6, 1), stages, closes=day(7, 15))
    return [
        _days(before, 18),
        _on(before, day(6, 17), is_open=True, stage="提案"),
        _on(before, day(6, 18), is_won=True, has_left=True, stage="受注"),
        _days(ahead, 30, state="open"),
        _on(ahead, day(6, 20), stage="受注", stage_move="advanced", is_won=False),
    ]


@case(
    263, "booked",
    "Recorded lost on 10 June: one with a close date of 20 June, one of 30 September, one of 5 June.",
    "§9: a loss counts on its close date; what is recorded lost is no longer open (as in case 85).",
)  # fmt: skip
def lost_before_and_after_the_close_date(scene: Scene) -> list[Expect]:
    stages = [(jst(6, 1), "提案"), (jst(6, 10), "失注")]
    ahead, far, late = (
        scene.opportunity(jst(6, 1), stages, closes=closes)
        for closes in (day(6, 20), day(9, 30), day(6, 5))
    )
    return [
        _days(ahead, 11),
        _on(ahead, day(6, 9), is_open=True),
        _on(ahead, day(6, 10), state="lost_ahead", is_lost=False, is_open=False, has_left=True),
        _on(ahead, day(6, 20), state="lost", is_lost=True, has_left=False, is_taken_back=False),
        _days(far, 10),
        _on(far, day(6, 10), state="lost_ahead", is_lost=False, has_left=True),
        _days(late, 5),
        _on(late, day(6, 5), state="lost", is_lost=True, has_left=True),
    ]


@case(
    264, "booked",
    "An opportunity of 1 June is deleted on 20 June.",
    "§9: a deleted opportunity leaves all counts, those of the days before included.",
)  # fmt: skip
def deleted(scene: Scene) -> list[Expect]:
    deal = scene.opportunity(jst(6, 1), [(jst(6, 1), "提案")])
    again = scene.opportunity(jst(6, 1), [(jst(6, 20), "提案")], identity=deal)
    scene.records["salesforce.Opportunity"][-1]["IsDeleted"] = True
    return [_days(again, 0)]


@case(
    265, "booked",
    "Created 20 May; the first thing known of it is a record of 10 June, in 提案.",
    "§0.2: the stage and amount of the days before are not known, and not guessed; it was open.",
)  # fmt: skip
def nothing_recorded_before_a_day(scene: Scene) -> list[Expect]:
    deal = scene.opportunity(jst(5, 20), [(jst(6, 10), "提案")])
    return [
        _days(deal, 12 + 30, state="open"),
        _on(deal, day(6, 9), is_stage_known=False, stage=None, days_in_stage=None, amount_yen=None,
            is_amount_known=False, is_amount_missing=False, is_overdue=False, close_on=None),
        _on(deal, day(6, 10), is_stage_known=True, stage="提案", is_stage_start_known=False,
            days_in_stage=0, amount_yen=1_000_000, amount_change_yen=None, has_entered=False,
            stage_move=None),
    ]  # fmt: skip


@case(
    266, "booked",
    "¥ unknown, $1,000 created in May, €1,000: all open on 15 June, when the dollar costs ¥155.",
    "§3: planning's rate of the day of creation; a null amount stays null; no rate: apart.",
)  # fmt: skip
def amounts_of_a_day(scene: Scene) -> list[Expect]:
    missing, dollars, euros = (
        scene.opportunity(jst(5, 20), [(jst(5, 20), "初回商談")], amount=amount, currency=currency)
        for amount, currency in ((None, None), (1000, "USD"), (1000, "EUR"))
    )
    on = day(6, 15)
    return [
        _on(missing, on, amount_yen=None, is_amount_known=True, is_amount_missing=True,
            is_amount_unconverted=False),
        _on(dollars, on, amount_yen=150_000, is_amount_missing=False),
        _on(euros, on, amount_yen=None, is_amount_missing=False, is_amount_unconverted=True),
    ]  # fmt: skip


@case(
    267, "booked",
    "In 提案 with a close date of 10 June; on 15 June back to 初回商談, put off to 31 July.",
    "Overdue begins the day after the close date known that day; going back is a move by position.",
)  # fmt: skip
def overdue_and_put_off(scene: Scene) -> list[Expect]:
    deal = scene.opportunity(jst(6, 1), [(jst(6, 1), "提案")], closes=day(6, 10))
    scene.opportunity(jst(6, 1), [(jst(6, 15), "初回商談")], closes=day(7, 31), identity=deal)
    return [
        _on(deal, day(6, 10), is_overdue=False),
        _on(deal, day(6, 11), is_overdue=True),
        _on(deal, day(6, 14), is_overdue=True, close_on=day(6, 10)),
        _on(deal, day(6, 15), is_overdue=False, stage_move="went_back", close_moved_days=51),
    ]


def _judged(rep: Rep, rule: str, setting: str = "as_configured", **values: Any) -> Expect:
    """A rep's line of kpi_connect_calibration over all months."""
    where = {
        "rule": rule, "setting": setting, "period_type": "all", "scope_type": "rep",
        "scope_key": rep.rep_id,
    }  # fmt: skip
    return Expect("kpi_connect_calibration", where, values)


@case(
    268, "booked",
    "Dials to one person, not analysed: reached 70 s and 30 s, reception 90 s and 20 s, voicemail 65 s, "
    "no result 80 s and 40 s, nobody 0 s; 70 s of 本人接続 with a stranger.",
    "Formats §7.2: the duration rule (60 s) against results; a callee's voicemail looks answered (§7.3).",
)  # fmt: skip
def the_duration_rule_against_results(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.contact(scene.number_of(1), account=scene.account())
    for hour, (talk, tags) in enumerate(
        (
            (70, ("本人接続",)), (30, ("本人接続",)), (90, ("受付",)), (20, ("受付",)),
            (65, ("留守電",)), (80, ()), (40, ()), (None, ("不在",)),
        ),
        start=9,
    ):  # fmt: skip
        scene.call(rep, jst(6, 3, hour), scene.number_of(1), talk=talk, tags=tags)
    scene.call(rep, jst(6, 4), scene.number_of(2), talk=70, tags=("本人接続",))
    return [
        _judged(rep, "duration", calibration_dials=5, true_positives=1, false_negatives=1,
                false_positives=2, true_negatives=1, dials_without_person=1, connects_by_rule=1,
                connects=4, precision_rate=1 / 3, recall_rate=1 / 2, connects_by_rule_rate=1 / 4,
                status="small_sample"),
        _judged(rep, "duration", "30 s", true_positives=2, false_negatives=0, false_positives=2,
                true_negatives=1, connects_by_rule=2, connects=5),
        _judged(rep, "duration", "90 s", true_positives=0, false_negatives=2, false_positives=1,
                true_negatives=2, connects_by_rule=0, connects=3, precision_rate=0),
        _judged(rep, "speech", calibration_dials=0, connects=4, precision_rate=None),
    ]  # fmt: skip


@case(
    269, "booked",
    "Analysed dials: reached with 6 turns; reached, 1 turn of mere listening; reception, 6 turns; "
    "reception, 10 s; no result, 6 turns.",
    "Formats §7.2.3: who is analysed is judged by speech alone, however long the talk.",
)  # fmt: skip
def the_speech_rule_against_results(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.contact(scene.number_of(1), account=scene.account())
    for hour, (talk, turns, tags, share) in enumerate(
        (
            (40, 6, ("本人接続",), 0.5), (90, 1, ("本人接続",), 0.95), (40, 6, ("受付",), 0.5),
            (10, 6, ("受付",), 0.5), (40, 6, (), 0.5),
        ),
        start=9,
    ):  # fmt: skip
        scene.call(
            rep, jst(6, 3, hour), scene.number_of(1),
            talk=talk, turns=turns, tags=tags, agent_share=share,
        )  # fmt: skip
    return [
        _judged(rep, "speech", calibration_dials=4, true_positives=1, false_negatives=1,
                false_positives=1, true_negatives=1, connects_by_rule=1, connects=3,
                precision_rate=1 / 2, recall_rate=1 / 2),
        _judged(rep, "duration", calibration_dials=0, connects_by_rule=0, connects=3),
    ]  # fmt: skip


@case(
    270, "opportunity",
    "A source that requires results: 90 s with a result, 90 s without; 40 s analysed with a result.",
    "Formats §7.2.4: there is no duration rule there, so nothing of it can be judged; speech remains.",
)  # fmt: skip
def where_results_are_required_no_duration_is_judged(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.contact(scene.number_of(1), account=scene.account())
    scene.call(rep, jst(5, 20, 9), scene.number_of(1), talk=90, tags=("本人接続",))
    scene.call(rep, jst(5, 20, 10), scene.number_of(1), talk=90)
    scene.call(rep, jst(5, 20, 11), scene.number_of(1), talk=40, turns=6, tags=("受付",))
    return [
        _judged(rep, "duration", calibration_dials=0, connects_by_rule=0, connects=1),
        _judged(rep, "speech", calibration_dials=1, false_positives=1, connects=1),
    ]


@case(
    271, "booked",
    "A person without CTI: the CRM tells of a call of 120 s with 本人接続.",
    "§9: such calls rest on their result alone: a connect, but no dial any rule could be held against.",
)  # fmt: skip
def a_call_only_the_crm_tells_of_judges_no_rule(scene: Scene) -> list[Expect]:
    rep = scene.rep(cti="no")
    scene.task(rep, jst(6, 3), "Call", who=scene.prospect(), duration=120, result="本人接続")
    return [_judged(rep, "duration", calibration_dials=0, connects=1, connects_by_rule_rate=0)]


def _heard(scope_type: str, scope_key: str, start: date, **values: Any) -> Expect:
    """A month of kpi_customer_voice."""
    where = {
        "period_type": "month", "period_start": start, "scope_type": scope_type,
        "scope_key": scope_key,
    }  # fmt: skip
    return Expect("kpi_customer_voice", where, values)


@case(
    272, "booked",
    "Answers of June: 10 and 6 of 10 about talks of May, when the rep was in the old team; 4 of 1–5 "
    "about one of June; a comment alone.",
    "§7 kpi_customer_voice, §0.4: whose team a response is says the day it is about; scales become one.",
)  # fmt: skip
def a_response_is_the_teams_of_the_time_it_was_about(scene: Scene) -> list[Expect]:
    rep = scene.rep(valid_to=day(5, 31))
    scene.moves(rep, "bdr", f"{rep.team} new", day(6, 1))
    account = scene.account()
    who = scene.contact(email=f"{scene.tag()}@prospect.example.com", account=account)
    scene.answer(jst(6, 2), 10, contact_id=who, rep_key=rep.email, about_at=jst(5, 31, 23))
    scene.answer(jst(6, 3), 6, email_raw=f"{scene.tag()}@prospect.example.com".upper(),
                 rep_key=rep.rep_id, about_at=jst(5, 20))  # fmt: skip
    scene.answer(jst(6, 4), 4, score_min=1, score_max=5, rep_key=rep.user_id, about_at=jst(6, 1, 0))
    scene.answer(jst(6, 5), None, rep_key=rep.email, about_at=jst(6, 1), comment="ありがとう")
    june = day(6, 1)
    return [
        _heard("rep", rep.rep_id, june, responses=3, comments_only=1, rated_responses=2, promoters=1,
               passives=0, detractors=1, score_sum=100 + 60 + 75, mean_score=235 / 3,
               net_promoter_score=0, status="small_sample"),
        _heard("team", rep.team, june, responses=2, mean_score=80, comments_only=0),
        _heard("team", f"{rep.team} new", june, responses=1, mean_score=75, comments_only=1,
               net_promoter_score=None),
        _heard("account", account, june, responses=2),
        Expect("kpi_customer_voice", {"scope_type": "rep", "scope_key": rep.rep_id,
                                      "period_start": day(5, 1)}, {"_rows": 0}),
    ]  # fmt: skip


@case(
    273, "booked",
    "An answer names a meeting; another the same meeting and somebody the roster does not know; one "
    "an opportunity inside sales made. The first is corrected from 9 to 2 later, a fourth deleted.",
    "The booker's, nobody's, who has the credit's; the newest delivery of a response holds.",
)  # fmt: skip
def whose_a_response_is(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    channel = scene.channel("fair")
    lead = scene.lead(jst(4, 1), source="fair", email=f"{scene.tag()}@prospect.example.com")
    deal = scene.opportunity(jst(6, 2), [(jst(6, 2), "初回商談")])
    meeting = scene.event(rep, jst(5, 25), jst(6, 1), lead, what=deal, outcome="実施")
    first = scene.answer(jst(6, 3), 9, meeting_id=meeting, delivered=day(6, 5))
    scene.answer(jst(6, 3), 2, meeting_id=meeting, identity=first)
    scene.answer(jst(6, 4), 8, meeting_id=meeting, rep_key=scene.tag("stranger"))
    scene.answer(jst(6, 5), 7, opportunity_id=deal)
    scene.answer(jst(6, 6), 0, meeting_id=meeting, is_deleted=True)
    return [
        _heard("rep", rep.rep_id, day(6, 1), responses=2, detractors=1, passives=1, score_sum=90),
        _heard("channel", channel, day(6, 1), responses=3, score_sum=170),
    ]


@case(
    274, "booked",
    "Answers of 30 June 23:30 and 1 July 00:30; one from a colleague's address; a person of no channel.",
    "As of 30 June: local days; a colleague who tries the survey out is no customer.",
)  # fmt: skip
def answers_around_the_as_of_day(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.answer(jst(6, 30, 23, 30), 5, rep_key=rep.email)
    scene.answer(jst(7, 1, 0, 30), 10, rep_key=rep.email, delivered=day(7, 2))
    scene.answer(jst(6, 10), 10, rep_key=rep.email, email_raw=f"me@{INTERNAL_DOMAIN}")
    return [
        _heard("rep", rep.rep_id, day(6, 1), responses=1, mean_score=50, detractors=1),
        Expect("kpi_customer_voice", {"scope_type": "rep", "scope_key": rep.rep_id}, {"_rows": 2}),
    ]


@case(
    275, "held",
    "A company that asks its customers nothing.",
    "§0.2: without a survey there is no satisfaction, not one of 0: the table is empty.",
)  # fmt: skip
def nobody_was_asked(_: Scene) -> list[Expect]:
    return [Expect("kpi_customer_voice", {}, {"_rows": 0})]
