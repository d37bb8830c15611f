"""Cases of speed to lead: which attempt answers a hand-raise, and how long it took in working time.

House `inbound` works 09:00–12:00 and 13:00–18:00 from April on, from June on Saturdays, too, 10:00–12:00;
before April its setting says 10:00–16:00. House `newyork` works 09:00–17:00 and Sundays 01:00–04:00,
when New York changes its clocks.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.cases import case
from tests.cases.scene import Expect, Rep, Scene, day, jst

_NEW_YORK = ZoneInfo("America/New_York")


def est(month: int, day_: int, hour: int, minute: int = 0, *, fold: int = 0) -> datetime:
    """An instant of 2026 by the clock in New York, as UTC; `fold` 1: the second time it shows it."""
    return datetime(2026, month, day_, hour, minute, tzinfo=_NEW_YORK, fold=fold).astimezone(UTC)


def _raised(identity: str, **values: Any) -> Expect:
    return Expect("fct_hand_raises", {"hand_raise_id": identity}, values)


def _prospect(scene: Scene, line: int = 1, *, owner: Rep | None = None) -> str:
    """A lead with an address and a number of its own; returns the address."""
    address = scene.address(f"p{line}")
    scene.lead(jst(3, 30), email=address, phone=scene.number_of(line), owner=owner)
    return address


@case(
    200, "inbound",
    "A form comes on a Tuesday at 21:30; it is dialled on Wednesday at 09:04:30.",
    "§4: the clock starts at the next opening: 4.5 minutes of 694.5, within 5, and the same business day.",
)  # fmt: skip
def at_night(scene: Scene) -> list[Expect]:
    rep, address = scene.rep(), _prospect(scene)
    raised = scene.form(jst(5, 12, 21, 30), address)
    scene.call(rep, jst(5, 13, 9, 4, 30), scene.number_of(1))
    return [
        _raised(
            raised, raised_on=day(5, 12), clock_started_on=day(5, 13), hours_basis="planning",
            rep_id=rep.rep_id, attempt_kind="dial", is_connected=False, is_within_5_minutes=True,
            is_within_same_day=True, business_minutes_to_attempt=4.5,
            clock_minutes_to_attempt=694.5,
        )
    ]  # fmt: skip


@case(
    201, "inbound",
    "A form comes on a Friday at 17:50; it is dialled on Monday at 09:20.",
    "10 minutes of Friday and 20 of Monday: exactly 30 are within 30; Friday was its business day.",
)  # fmt: skip
def over_the_weekend(scene: Scene) -> list[Expect]:
    rep, address = scene.rep(), _prospect(scene)
    raised = scene.form(jst(5, 15, 17, 50), address)
    scene.call(rep, jst(5, 18, 9, 20), scene.number_of(1))
    return [
        _raised(
            raised, clock_started_on=day(5, 15), business_minutes_to_attempt=30,
            is_within_5_minutes=False, is_within_30_minutes=True, is_within_same_day=False,
            is_due_same_day=True,
        )
    ]  # fmt: skip


@case(
    202, "inbound",
    "Before Golden Week at 17:30, dialled after it at 10:00; and at 18:00 sharp on the eve of the company's "
    "own holiday, dialled on Monday at 09:01.",
    "Holidays are no working time: 30 + 60. At 18:00 the day is over, Friday is free, Saturday is worked in "
    "June: the clock starts there, 120 + 1.",
)  # fmt: skip
def over_holidays(scene: Scene) -> list[Expect]:
    rep, golden, eve = scene.rep(), _prospect(scene), _prospect(scene, 2)
    weeks = scene.form(jst(5, 1, 17, 30), golden)
    scene.call(rep, jst(5, 7, 10), scene.number_of(1))
    closing = scene.form(jst(6, 18, 18), eve)
    scene.call(rep, jst(6, 22, 9, 1), scene.number_of(2))
    return [
        _raised(weeks, business_minutes_to_attempt=90, clock_started_on=day(5, 1)),
        _raised(closing, business_minutes_to_attempt=121, clock_started_on=day(6, 20)),
    ]


@case(
    203, "inbound",
    "A form comes at 11:50, one at 12:30; both are dialled at 13:10.",
    "Nobody works from 12:00 to 13:00: 10 + 10 minutes, and 10 from the opening after lunch.",
)  # fmt: skip
def over_lunch(scene: Scene) -> list[Expect]:
    rep, before, during = scene.rep(), _prospect(scene), _prospect(scene, 2)
    first, second = scene.form(jst(5, 12, 11, 50), before), scene.form(jst(5, 12, 12, 30), during)
    for line in (1, 2):
        scene.call(rep, jst(5, 12, 13, 10), scene.number_of(line))
    return [
        _raised(first, business_minutes_to_attempt=20, clock_minutes_to_attempt=80),
        _raised(second, business_minutes_to_attempt=10, clock_minutes_to_attempt=40),
    ]


@case(
    204, "inbound",
    "The prospect is dialled a second before the form and at its very instant, and never again.",
    "Only what comes after it answers: open for 2 + 5 hours of Monday and 8 of Tuesday, the as-of day.",
)  # fmt: skip
def a_second_before(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    address, at = _prospect(scene, owner=rep), jst(6, 29, 10)
    raised = scene.form(at, address)
    scene.call(rep, at - timedelta(seconds=1), scene.number_of(1), talk=90)
    scene.call(rep, at, scene.number_of(1), talk=90)
    return [
        _raised(
            raised, is_attempted=False, is_connected=False, is_open=True, rep_id=rep.rep_id,
            open_business_minutes=900, attempted_at=None, business_minutes_to_attempt=None,
        ),
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"dials": 2}),
    ]  # fmt: skip


@case(
    205, "inbound",
    "After the form a list mail goes out at once, and the rep writes forty minutes later.",
    "Automated mail is not the rep's and answers nothing; the rep's own mail does.",
)  # fmt: skip
def automated_mail(scene: Scene) -> list[Expect]:
    rep, address = scene.rep(), scene.address()
    lead = scene.lead(jst(3, 30), email=address)
    raised = scene.form(jst(5, 12, 10), address)
    scene.task(rep, jst(5, 12, 10, 1), "ListEmail", who=lead)
    written = scene.task(rep, jst(5, 12, 10, 40), "Email", who=lead)
    return [
        _raised(
            raised, attempt_kind="email", attempt_id=written, business_minutes_to_attempt=40,
            is_within_60_minutes=True, is_within_30_minutes=False, is_connected=False,
        )
    ]  # fmt: skip


@case(
    206, "inbound",
    "The prospect calls in five minutes after the form and is spoken to; the rep dials after 65 minutes.",
    "An incoming call is no outbound attempt: the dial answers, 65 minutes after.",
)  # fmt: skip
def incoming_call(scene: Scene) -> list[Expect]:
    rep, address = scene.rep(), _prospect(scene)
    raised = scene.form(jst(5, 12, 10), address)
    scene.group(
        scene.leg(
            "INCOMING_CALL", jst(5, 12, 10, 5), scene.number_of(1), rep=rep, talk=100,
            tags=("本人接続",),
        )
    )  # fmt: skip
    scene.call(rep, jst(5, 12, 11, 5), scene.number_of(1), talk=90)
    return [
        _raised(
            raised, attempt_kind="dial", business_minutes_to_attempt=65,
            business_minutes_to_connect=65, is_connected=True, is_within_60_minutes=False,
        )
    ]  # fmt: skip


@case(
    207, "inbound",
    "The same person sends forms at 10:00 and 10:20 and is reached at 10:30; the second is exported twice.",
    "Each hand-raise is one, however often it is exported, and the one answer answers both: 30 and 10.",
)  # fmt: skip
def two_forms_one_answer(scene: Scene) -> list[Expect]:
    rep, address = scene.rep(), _prospect(scene)
    first, again = scene.form(jst(5, 12, 10), address), scene.uuid()
    for _ in range(2):
        second = scene.form(jst(5, 12, 10, 20), address, conversion=again)
    scene.call(rep, jst(5, 12, 10, 30), scene.number_of(1), talk=90, tags=("本人接続",))
    where = {"period_type": "month", "period_start": day(5, 1), "scope_type": "rep"}
    of_rep = where | {"scope_key": rep.rep_id}
    return [
        _raised(first, business_minutes_to_attempt=30, business_minutes_to_connect=30),
        _raised(second, business_minutes_to_attempt=10, business_minutes_to_connect=10, _rows=1),
        Expect("kpi_scorecard", of_rep | {"metric": "hand_raises"}, {"value": 2}),
        Expect(
            "kpi_scorecard",
            of_rep | {"metric": "hand_raise_share_within_30_minutes"},
            {"numerator": 2, "denominator": 2, "value": 1},
        ),
    ]


@case(
    208, "inbound",
    "Two minutes before the as-of day ends a form comes; another has waited since Monday's last half hour.",
    "Who is younger than five minutes is not judged; half an hour of Monday and all Tuesday is late for all.",
)  # fmt: skip
def too_young_to_judge(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    young = scene.form(jst(6, 30, 17, 58), _prospect(scene, owner=rep))
    old = scene.form(jst(6, 29, 17, 30), _prospect(scene, 2, owner=rep))
    month = {
        "period_type": "month", "period_start": day(6, 1), "scope_type": "rep",
        "scope_key": rep.rep_id,
    }  # fmt: skip
    return [
        _raised(
            young, open_business_minutes=2, is_due_5_minutes=False, is_due_60_minutes=False,
            is_due_same_day=True,
        ),
        _raised(old, open_business_minutes=510, is_due_60_minutes=True, is_due_same_day=True),
        Expect("kpi_scorecard", month | {"metric": "hand_raises_open"}, {"value": 2}),
        Expect(
            "kpi_scorecard",
            month | {"metric": "hand_raise_share_within_5_minutes"},
            {"numerator": 0, "denominator": 1, "value": 0},
        ),
        Expect(
            "kpi_scorecard",
            month | {"metric": "hand_raise_attempted_share"},
            {"numerator": 0, "denominator": 2, "value": 0},
        ),
    ]  # fmt: skip


@case(
    209, "inbound",
    "A predictive dialler calls and no agent joins; a rep dials an hour later and is not answered.",
    "§4: an attempt by a person: the machine's is none, the rep's is one though nobody took it.",
)  # fmt: skip
def dialled_by_a_machine(scene: Scene) -> list[Expect]:
    rep, address = scene.rep(), _prospect(scene)
    raised = scene.form(jst(5, 12, 10), address)
    scene.group(scene.leg("PREDICTIVE_DIAL", jst(5, 12, 10, 2), scene.number_of(1), talk=8))
    scene.call(rep, jst(5, 12, 11), scene.number_of(1))
    return [_raised(raised, business_minutes_to_attempt=60, rep_id=rep.rep_id, is_connected=False)]


@case(
    210, "inbound",
    "A form comes from an address no record has, and one from a colleague's.",
    "Nobody can say whether the first was called: counted, a line of its own, neither answered nor open. A "
    "colleague is no prospect.",
)  # fmt: skip
def of_nobody(scene: Scene) -> list[Expect]:
    raised = scene.form(jst(5, 12, 10), scene.address("nobody"))
    own = scene.form(jst(5, 12, 10), f"{scene.tag('test')}@kura.example.co.jp")
    return [
        _raised(
            raised, is_linked=False, is_attempted=False, is_open=False, is_due_5_minutes=False,
            is_due_same_day=False, rep_id="(unassigned)", channel="(unlinked)",
            open_business_minutes=None,
        ),
        _raised(own, _rows=0),
    ]  # fmt: skip


@case(
    211, "inbound",
    "One rep dials in vain after five minutes and writes after ten; another reaches her after an hour.",
    "First attempt and first connect apart: 5 and 60 minutes; who attempted first has the credit.",
)  # fmt: skip
def attempt_and_connect_apart(scene: Scene) -> list[Expect]:
    first, second, channel = scene.rep("a"), scene.rep("b"), scene.channel("web")
    address = scene.address()
    lead = scene.lead(jst(3, 30), source="web", email=address, phone=scene.number_of(1))
    raised = scene.form(jst(5, 12, 10), address)
    scene.call(first, jst(5, 12, 10, 5), scene.number_of(1))
    scene.task(first, jst(5, 12, 10, 10), "Email", who=lead)
    scene.call(second, jst(5, 12, 11), scene.number_of(1), talk=90)
    return [
        _raised(
            raised, rep_id=first.rep_id, channel=channel, attempt_kind="dial",
            business_minutes_to_attempt=5, business_minutes_to_connect=60,
            is_within_5_minutes=True, is_connected=True,
        )
    ]  # fmt: skip


@case(
    212, "inbound",
    "A form comes on the last day before planning's hours begin, at 15:50, and is dialled the next at 09:10.",
    "No silent default: until 31 March the setting's 10:00–16:00, then planning's 09:00: 10 + 10 minutes.",
)  # fmt: skip
def before_planning_begins(scene: Scene) -> list[Expect]:
    rep, address = scene.rep(), _prospect(scene)
    raised = scene.form(jst(3, 31, 15, 50), address)
    scene.call(rep, jst(4, 1, 9, 10), scene.number_of(1))
    return [_raised(raised, business_minutes_to_attempt=20, hours_basis="setting")]


@case(
    213, "inbound",
    "A lead is one rep's, from 20 May another's; forms of 15 and 25 May wait. The first rep moved on 18 May.",
    "While it is open it is whose the lead was then; team and motion as on the day of the hand-raise.",
)  # fmt: skip
def whose_lead_it_was(scene: Scene) -> list[Expect]:
    before = scene.rep("a", team=f"team {scene.tag('old')}", valid_to=day(5, 17))
    scene.moves(before, "bdr", f"team {scene.tag('new')}", day(5, 18))
    after, address = scene.rep("b"), scene.address()
    lead = scene.lead(jst(4, 1), email=address, owner=before)
    scene.lead(jst(4, 1), email=address, owner=after, identity=lead, changed=jst(5, 20))
    early, late = scene.form(jst(5, 15, 10), address), scene.form(jst(5, 25, 10), address)
    return [
        _raised(
            early, is_open=True, rep_id=before.rep_id, team=f"team {scene.tag('old')}", motion="sdr"
        ),
        _raised(late, is_open=True, rep_id=after.rep_id),
    ]


@case(
    214, "inbound",
    "Somebody without a telephone system logs a call fifteen minutes after the form, and one before it.",
    "What only the CRM tells of counts at the instant it was logged.",
)  # fmt: skip
def logged_in_the_crm_alone(scene: Scene) -> list[Expect]:
    rep, address = scene.rep(cti="none"), scene.address()
    lead = scene.lead(jst(3, 30), email=address)
    raised = scene.form(jst(5, 12, 10), address)
    scene.task(rep, jst(5, 12, 9, 59), "Call", who=lead, result="本人接続", duration=60)
    logged = scene.task(rep, jst(5, 12, 10, 15), "Call", who=lead, result="本人接続", duration=60)
    return [
        _raised(
            raised, attempt_id=logged, business_minutes_to_attempt=15,
            business_minutes_to_connect=15, rep_id=rep.rep_id,
        )
    ]  # fmt: skip


@case(
    215, "inbound",
    "The rep answers a form after two minutes, at 18:01, and one sent at 19:00 by 19:30, after hours.",
    "Of the first minute one was worked; an answer before the next opening took no working time.",
)  # fmt: skip
def answered_after_hours(scene: Scene) -> list[Expect]:
    rep, evening, night = scene.rep(), _prospect(scene), _prospect(scene, 2)
    first, second = scene.form(jst(5, 12, 17, 59), evening), scene.form(jst(5, 12, 19), night)
    scene.call(rep, jst(5, 12, 18, 1), scene.number_of(1))
    scene.call(rep, jst(5, 12, 19, 30), scene.number_of(2))
    return [
        _raised(first, business_minutes_to_attempt=1, clock_minutes_to_attempt=2),
        _raised(
            second, business_minutes_to_attempt=0, clock_minutes_to_attempt=30,
            clock_started_on=day(5, 13), is_within_5_minutes=True, is_within_same_day=True,
        ),
    ]  # fmt: skip


@case(
    216, "newyork",
    "A form comes on Friday, 6 March, at 16:50 in New York and is dialled on Monday at 09:10.",
    "On Sunday, 8 March, the clocks skip 02:00–03:00: 01:00–04:00 are two hours. 10 + 120 + 10 minutes.",
)  # fmt: skip
def over_a_sunday_of_23_hours(scene: Scene) -> list[Expect]:
    rep, address = scene.rep(), scene.address()
    scene.lead(est(3, 2, 10), email=address, phone=scene.number_of(1))
    raised = scene.form(est(3, 6, 16, 50), address)
    scene.call(rep, est(3, 9, 9, 10), scene.number_of(1))
    return [_raised(raised, business_minutes_to_attempt=140, raised_on=day(3, 6))]


@case(
    217, "newyork",
    "A form comes ten minutes before the clocks jump from 02:00 to 03:00 and is dialled at 03:10.",
    "Twenty minutes have passed and been worked, whatever the clocks show.",
)  # fmt: skip
def across_the_hour_that_is_skipped(scene: Scene) -> list[Expect]:
    rep, address = scene.rep(), scene.address()
    scene.lead(est(3, 2, 10), email=address, phone=scene.number_of(1))
    raised = scene.form(est(3, 8, 1, 50), address)
    scene.call(rep, est(3, 8, 3, 10), scene.number_of(1))
    return [
        _raised(
            raised, business_minutes_to_attempt=20, clock_minutes_to_attempt=20,
            clock_started_on=day(3, 8), is_within_same_day=True,
        )
    ]  # fmt: skip


@case(
    218, "newyork",
    "A form comes when the clocks show 01:30 on 1 November and is dialled when they show 01:30 again.",
    "An hour has passed and been worked: the clocks pass 01:00–02:00 twice.",
)  # fmt: skip
def between_two_half_past_ones(scene: Scene) -> list[Expect]:
    rep, address = scene.rep(), scene.address()
    scene.lead(est(3, 2, 10), email=address, phone=scene.number_of(1))
    raised = scene.form(est(11, 1, 1, 30), address)
    scene.call(rep, est(11, 1, 1, 30, fold=1), scene.number_of(1))
    return [
        _raised(
            raised, business_minutes_to_attempt=60, is_within_60_minutes=True,
            is_within_30_minutes=False,
        )
    ]  # fmt: skip


@case(
    219, "newyork",
    "A form comes on Friday, 30 October, at 17:30, after hours, and is dialled on Monday at 09:01.",
    "Sunday's 01:00–04:00 last four hours: 240 + 1; the clock started there.",
)  # fmt: skip
def over_a_sunday_of_25_hours(scene: Scene) -> list[Expect]:
    rep, address = scene.rep(), scene.address()
    scene.lead(est(3, 2, 10), email=address, phone=scene.number_of(1))
    raised = scene.form(est(10, 30, 17, 30), address)
    scene.call(rep, est(11, 2, 9, 1), scene.number_of(1))
    return [_raised(raised, business_minutes_to_attempt=241, clock_started_on=day(11, 1))]
