"""Cases about the figures themselves: null, days, periods, attributes, coverage (dictionary §0)."""

from __future__ import annotations

from typing import Any

from tests.cases import case
from tests.cases.scene import Expect, Rep, Scene, day, jst


def _month(rep: Rep, month: int, metric: str) -> dict[str, Any]:
    return {
        "period_type": "month",
        "period_start": day(month, 1),
        "scope_type": "rep",
        "scope_key": rep.rep_id,
        "metric": metric,
    }


@case(
    1, "booked",
    "The connect rate of a rep who dialled nobody in May.",
    "§0.1: denominator 0 → null, never 0; her dials on covered days are 0.",
)  # fmt: skip
def zero_denominator(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.task(rep, jst(5, 12), "Email", who=scene.prospect())
    return [
        Expect("kpi_scorecard", _month(rep, 5, "dials"), {"value": 0}),
        Expect(
            "kpi_scorecard",
            _month(rep, 5, "connect_rate"),
            {"numerator": 0, "denominator": 0, "value": None},
        ),
    ]


@case(
    2, "booked",
    "A dial at 2026-04-30T15:30:00Z: April or May?",
    "§0.3: days are local dates of the reporting zone: 00:30 of 1 May in Tokyo.",
)  # fmt: skip
def day_boundary_in_tokyo(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.call(rep, jst(5, 1, 0, 30), scene.number_of(1))
    scene.call(rep, jst(4, 30, 23, 59, 59), scene.number_of(1))
    where = {"rep_id": rep.rep_id}
    return [
        Expect("kpi_rep_daily", where | {"date": day(5, 1)}, {"dials": 1}),
        Expect("kpi_rep_daily", where | {"date": day(4, 30)}, {"dials": 1}),
        Expect("kpi_scorecard", _month(rep, 4, "dials"), {"value": 1}),
        Expect("kpi_scorecard", _month(rep, 5, "dials"), {"value": 1}),
    ]


@case(
    3, "booked",
    "Dials on Tuesday 31 March, Sunday 5 April and Monday 6 April: which weeks, quarters, years?",
    "§0.3: weeks start on Monday, the fiscal year in April: 31 March is fiscal 2025, Q4.",
)  # fmt: skip
def weeks_and_fiscal_years(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    for at in (jst(3, 31), jst(4, 5), jst(4, 6)):
        scene.call(rep, at, scene.number_of(1))
    base = {"scope_type": "rep", "scope_key": rep.rep_id, "metric": "dials"}

    def of(period_type: str, start: Any, value: int) -> Expect:
        where = base | {"period_type": period_type, "period_start": start}
        return Expect("kpi_scorecard", where, {"value": value})

    return [
        of("week", day(3, 30), 2),
        of("week", day(4, 6), 1),
        of("quarter", day(1, 1), 1),
        of("quarter", day(4, 1), 2),
        of("fiscal_year", day(4, 1).replace(year=2025), 1),
        of("fiscal_year", day(4, 1), 2),
    ]


@case(
    4, "booked",
    "A rep moves from team East to West on 1 May; she dials on 30 April and 1 May.",
    "§0.4: team and motion are those valid at the time of the event.",
)  # fmt: skip
def team_at_the_event(scene: Scene) -> list[Expect]:
    east, west = f"east {scene.tag()}", f"west {scene.tag()}"
    rep = scene.rep(team=east, valid_to=day(4, 30))
    scene.moves(rep, "bdr", west, day(5, 1))
    scene.call(rep, jst(4, 30), scene.number_of(1))
    scene.call(rep, jst(5, 1), scene.number_of(1))
    scene.call(rep, jst(5, 7), scene.number_of(1))
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id, "team": east}, {"dials": 1}),
        Expect(
            "kpi_rep_daily", {"rep_id": rep.rep_id, "team": west, "motion": "bdr"}, {"dials": 2}
        ),
        Expect(
            "kpi_scorecard",
            _month(rep, 5, "dials") | {"scope_type": "team", "scope_key": west},
            {"value": 2},
        ),
    ]


@case(
    5, "booked",
    "A rep leaves after 15 May (valid_to): her last day's dial, and one logged on 18 May.",
    "§0.4, §9 Roster: leavers stay, valid_to is inclusive; a late dial keeps her last team.",
)  # fmt: skip
def leaver(scene: Scene) -> list[Expect]:
    rep = scene.rep(valid_to=day(5, 15))
    scene.call(rep, jst(5, 15), scene.number_of(1))
    scene.call(rep, jst(5, 18), scene.number_of(1))
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id, "team": rep.team}, {"dials": 2}),
        # 1, 7, 8, 11–15 May: the 4th to the 6th are holidays.
        Expect("kpi_scorecard", _month(rep, 5, "working_days"), {"value": 8}),
    ]


@case(
    6, "booked",
    "A rep on the roster does nothing at all on Thursday 21 May, a covered working day.",
    "§0.4, §8 kpi_rep_daily: one row of zeros, marked (no activity); its rates are null.",
)  # fmt: skip
def idle_day(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.call(rep, jst(5, 20), scene.number_of(1))
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id, "date": day(5, 21)},
            {"_rows": 1, "has_activity": False, "dials": 0, "connects": 0},
        ),
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 1}),
    ]


@case(
    51, "booked",
    "One rep connects 1 of 2 dials, her team-mate 1 of 8: the team's connect rate?",
    "§0.1: a rate is a ratio of sums: 2 ÷ 10 = 20 %, not the mean of 50 % and 12.5 %.",
)  # fmt: skip
def rate_of_sums(scene: Scene) -> list[Expect]:
    team = f"team {scene.tag()}"
    a, b = scene.rep("a", team=team), scene.rep("b", team=team)
    for rep, dials in ((a, 2), (b, 8)):
        for hour in range(dials):
            answered = {"talk": 10, "tags": ("本人接続",)} if hour == 0 else {}
            scene.call(rep, jst(5, 12, 9 + hour), scene.number_of(1), **answered)
    return [
        Expect(
            "kpi_scorecard",
            _month(a, 5, "connect_rate") | {"scope_type": "team", "scope_key": team},
            {"numerator": 2, "denominator": 10, "value": 0.2},
        ),
        Expect("kpi_scorecard", _month(a, 5, "connect_rate"), {"value": 0.5}),
        Expect("kpi_scorecard", _month(b, 5, "connect_rate"), {"value": 0.125}),
    ]


@case(
    52, "booked",
    "Working days of May 2026 with a half day off on the 11th and full days on the 12th and 13th.",
    "§1 working_days: 21 weekdays − 3 holidays (4–6 May) − 0.5 − 2 = 15.5.",
)  # fmt: skip
def working_days(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.absence(rep, day(5, 11), day(5, 11), "half")
    scene.absence(rep, day(5, 12), day(5, 13), "full")
    return [Expect("kpi_scorecard", _month(rep, 5, "working_days"), {"value": 15.5})]


@case(
    53, "held",
    "The phone system's files leave 11–20 April out. Week 12–18 April, month April, month May?",
    "§0.2: absent is not zero: the week is unavailable, April partial, May ok (or small sample).",
)  # fmt: skip
def absent_is_not_zero(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.call(rep, jst(4, 3), scene.number_of(1))
    scene.call(rep, jst(5, 12), scene.number_of(1))
    week = _month(rep, 4, "dials") | {"period_type": "week", "period_start": day(4, 12)}
    return [
        Expect("kpi_scorecard", week, {"value": None, "status": "unavailable"}),
        Expect("kpi_scorecard", _month(rep, 4, "dials"), {"value": 1, "status": "partial"}),
        Expect("kpi_scorecard", _month(rep, 5, "dials"), {"value": 1, "status": "ok"}),
    ]


@case(
    54, "booked",
    "One person is called twice by A and mailed once by B: leads worked by each and by the team?",
    "§1 leads_worked: distinct within each scope and period: 1, 1 and 1, not additive.",
)  # fmt: skip
def leads_worked_are_distinct(scene: Scene) -> list[Expect]:
    team = f"team {scene.tag()}"
    a, b = scene.rep("a", team=team), scene.rep("b", team=team)
    number = scene.number_of(1)
    contact = scene.contact(number)
    scene.call(a, jst(5, 12), number)
    scene.call(a, jst(5, 13), number)
    scene.task(b, jst(5, 14), "Email", who=contact)
    return [
        Expect("kpi_scorecard", _month(a, 5, "leads_worked"), {"value": 1}),
        Expect("kpi_scorecard", _month(b, 5, "leads_worked"), {"value": 1}),
        Expect(
            "kpi_scorecard",
            _month(a, 5, "leads_worked") | {"scope_type": "team", "scope_key": team},
            {"value": 1},
        ),
    ]
