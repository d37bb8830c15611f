"""Cases about meetings: which events are one, and what became of it (dictionary §3, §9)."""

from __future__ import annotations

from tests.cases import case
from tests.cases.scene import INTERNAL_DOMAIN, Expect, Scene, day, jst


@case(
    34, "booked",
    "An SDR books a colleague, nobody at all, and one prospect.",
    "§3 meetings_booked: with an external person; internal events never count.",
)  # fmt: skip
def internal_and_nobody(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    colleague = scene.contact(email=f"{scene.tag('colleague')}@{INTERNAL_DOMAIN}")
    internal = scene.event(rep, jst(5, 11), jst(5, 18), colleague)
    nobody = scene.event(rep, jst(5, 11), jst(5, 19), None)
    real = scene.event(rep, jst(5, 11), jst(5, 20), scene.prospect())
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"meetings_booked": 1}),
        Expect("fct_meetings", {"event_id": internal}, {"meeting_id": None, "is_booked": False}),
        Expect("fct_meetings", {"event_id": nobody}, {"meeting_id": None, "is_booked": False}),
        Expect("fct_meetings", {"event_id": real}, {"meeting_id": real, "is_booked": True}),
    ]


@case(
    35, "booked",
    "Ten days after a held, still undecided meeting the SDR books the same person again.",
    "§3 meetings_booked: the first of the person's open sales episode; follow-ups never count.",
)  # fmt: skip
def follow_up(scene: Scene) -> list[Expect]:
    rep, person = scene.rep(), scene.prospect()
    first = scene.event(rep, jst(6, 1), jst(6, 8), person, outcome="実施")
    second = scene.event(rep, jst(6, 18), jst(6, 25), person, outcome="実施")
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"meetings_booked": 1, "meetings_held": 1, "pending": 1},
        ),
        Expect("fct_meetings", {"event_id": first}, {"meeting_id": first, "is_booked": True}),
        Expect("fct_meetings", {"event_id": second}, {"meeting_id": None, "is_booked": False}),
    ]


@case(
    36, "booked",
    "Field sales books a prospect itself; the SDR's later event with the same person follows it.",
    "§3 meetings_booked: created by a person who was SDR or BDR at booking, first of the episode.",
)  # fmt: skip
def made_by_field_sales(scene: Scene) -> list[Expect]:
    seller, sdr = scene.rep("field", "field_sales"), scene.rep("sdr")
    person = scene.prospect()
    scene.event(seller, jst(6, 1), jst(6, 8), person, outcome="実施")
    scene.event(sdr, jst(6, 10), jst(6, 17), person, outcome="実施")
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": seller.rep_id},
            {"meetings_booked": 0, "meetings_held": 0},
        ),
        Expect("kpi_rep_daily", {"rep_id": sdr.rep_id}, {"meetings_booked": 0, "meetings_held": 0}),
    ]


@case(
    37, "booked",
    "Two no-shows on 8 May; one person is booked again on 7 June, the other on 8 June.",
    "§3, §9: 8 May + 30 days = 7 June is still the same meeting rescheduled; 8 June is a new one.",
)  # fmt: skip
def rescheduled_within_thirty_days(scene: Scene) -> list[Expect]:
    rep, early, late = scene.rep(), scene.prospect(), scene.prospect()
    first = scene.event(rep, jst(5, 1), jst(5, 8), early, outcome="不参加", changed=jst(5, 9))
    again = scene.event(rep, jst(6, 7), jst(6, 15), early)
    scene.event(rep, jst(5, 1), jst(5, 8), late, outcome="不参加", changed=jst(5, 9))
    anew = scene.event(rep, jst(6, 8), jst(6, 15), late)
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"meetings_booked": 3, "no_shows": 2}),
        Expect(
            "fct_meetings",
            {"event_id": again},
            {"meeting_id": first, "is_booked": False, "is_rescheduled": True},
        ),
        Expect("fct_meetings", {"event_id": anew}, {"meeting_id": anew, "is_booked": True}),
    ]


@case(
    38, "booked",
    "Booked 1 May, missed 8 May, re-booked 10 May, held 20 May.",
    "§3: one meeting; the no-show counts on its day, the held one on its own; the cohort knows "
    "the last outcome only.",
)  # fmt: skip
def missed_then_held(scene: Scene) -> list[Expect]:
    rep, person = scene.rep(), scene.prospect()
    first = scene.event(rep, jst(5, 1), jst(5, 8), person, outcome="不参加", changed=jst(5, 8, 18))
    scene.event(rep, jst(5, 10), jst(5, 20), person, outcome="実施")
    where = {"rep_id": rep.rep_id}
    return [
        Expect("kpi_rep_daily", where, {"meetings_booked": 1, "no_shows": 1, "meetings_held": 1}),
        Expect("kpi_rep_daily", where | {"date": day(5, 1)}, {"meetings_booked": 1}),
        Expect("kpi_rep_daily", where | {"date": day(5, 8)}, {"no_shows": 1}),
        Expect("kpi_rep_daily", where | {"date": day(5, 20)}, {"meetings_held": 1}),
        Expect(
            "fct_meetings",
            {"event_id": first},
            {"cohort_outcome": "held", "is_held_of_cohort": True, "is_no_show_of_cohort": False,
             "last_scheduled_on": day(5, 20)},
        ),
    ]  # fmt: skip


@case(
    39, "booked",
    "Deleted on 5 May before its day, 12 May; the same person is booked again on 5 June.",
    "§3: counted from the cancellation, 5 May + 30 = 4 June: a new meeting. Both stay booked.",
)  # fmt: skip
def canceled_by_deletion(scene: Scene) -> list[Expect]:
    rep, person = scene.rep(), scene.prospect()
    gone = scene.event(rep, jst(5, 1), jst(5, 12), person, changed=jst(5, 5), deleted=True)
    anew = scene.event(rep, jst(6, 5), jst(6, 12), person, outcome="実施")
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"meetings_booked": 2, "meetings_held": 1, "no_shows": 0},
        ),
        Expect("fct_meetings", {"event_id": gone}, {"cohort_outcome": "canceled"}),
        Expect("fct_meetings", {"event_id": anew}, {"meeting_id": anew, "is_booked": True}),
    ]


@case(
    7, "booked",
    "As of 30 June two meetings without an opportunity: one took place 31 May, one 30 May.",
    "§9: undecided until exactly 30 days after the meeting; the 31st day it is expired.",
)  # fmt: skip
def pending_then_expired(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    pending = scene.event(rep, jst(5, 20), jst(5, 31), scene.prospect(), outcome="実施")
    expired = scene.event(rep, jst(5, 20), jst(5, 30), scene.prospect(), outcome="実施")
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id},
            {"meetings_booked": 2, "pending": 1, "expired": 1, "accepted": 0, "rejected": 0},
        ),
        Expect("fct_meetings", {"event_id": pending}, {"decision": "pending"}),
        Expect("fct_meetings", {"event_id": expired}, {"decision": "expired"}),
    ]


@case(
    8, "booked",
    "Booked 28 April, held 12 May: which month has the held meeting?",
    "§0.8: two KPIs: meetings_held by the meeting's date (May), …_of_cohort by booking (April).",
)  # fmt: skip
def event_and_cohort(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    event = scene.event(rep, jst(4, 28), jst(5, 12), scene.prospect(), outcome="実施")
    month = {"scope_type": "rep", "scope_key": rep.rep_id, "period_type": "month"}
    return [
        Expect(
            "kpi_rep_daily",
            {"rep_id": rep.rep_id, "date": day(5, 12)},
            {"meetings_held": 1, "meetings_booked": 0},
        ),
        Expect(
            "fct_meetings",
            {"event_id": event},
            {"booked_on": day(4, 28), "meeting_on": day(5, 12), "is_held_of_cohort": True},
        ),
        Expect(
            "kpi_scorecard",
            month | {"period_start": day(4, 1), "metric": "meetings_held_of_cohort"},
            {"value": 1},
        ),
        Expect(
            "kpi_scorecard",
            month | {"period_start": day(5, 1), "metric": "meetings_held"},
            {"value": 1},
        ),
        Expect(
            "kpi_scorecard",
            month | {"period_start": day(4, 1), "metric": "meetings_held"},
            {"value": 0},
        ),
    ]


@case(
    40, "held",
    "Booked 12 May, held 2 June, in a company that calls a held meeting 商談.",
    "§3 meetings_acquired: with shodan_event held it is acquired on the day it was held.",
)  # fmt: skip
def acquired_when_held(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    scene.event(rep, jst(5, 12), jst(6, 2), scene.prospect(), outcome="実施")
    scene.event(rep, jst(5, 12), jst(6, 3), scene.prospect(), outcome="不参加")
    where = {"rep_id": rep.rep_id}
    return [
        Expect("kpi_rep_daily", where, {"meetings_booked": 2, "meetings_acquired": 1}),
        Expect("kpi_rep_daily", where | {"date": day(5, 12)}, {"meetings_acquired": 0}),
        Expect("kpi_rep_daily", where | {"date": day(6, 2)}, {"meetings_acquired": 1}),
    ]


@case(
    41, "opportunity",
    "Booked 7 April, held 14 April, its opportunity created 20 April; 商談 = opportunity.",
    "§3 meetings_acquired: with shodan_event opportunity it is acquired when that was created.",
)  # fmt: skip
def acquired_with_the_opportunity(scene: Scene) -> list[Expect]:
    rep = scene.rep()
    opportunity = scene.opportunity(jst(4, 20), [(jst(4, 20), "初回商談")])
    scene.event(rep, jst(4, 7), jst(4, 14), scene.prospect(), what=opportunity, outcome="実施")
    scene.event(rep, jst(4, 7), jst(4, 15), scene.prospect(), outcome="実施")
    where = {"rep_id": rep.rep_id}
    return [
        Expect("kpi_rep_daily", where, {"meetings_booked": 2, "meetings_acquired": 1}),
        Expect("kpi_rep_daily", where | {"date": day(4, 20)}, {"meetings_acquired": 1}),
    ]


@case(
    42, "booked",
    "Two meetings booked the same day: one person was connected that day, one only by e-mail.",
    "§2 meeting_conversion_rate: _from_connect counts only those booked from a connect.",
)  # fmt: skip
def booked_from_a_connect(scene: Scene) -> list[Expect]:
    rep, number = scene.rep(), scene.number_of(1)
    called, written = scene.contact(number), scene.prospect()
    scene.call(rep, jst(5, 12), number, talk=100, tags=("アポ獲得",))
    from_call = scene.event(rep, jst(5, 12, 11), jst(5, 20), called)
    from_mail = scene.event(rep, jst(5, 12, 11), jst(5, 20), written)
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"meetings_booked": 2, "connects": 1}),
        Expect("fct_meetings", {"event_id": from_call}, {"is_from_connect": True}),
        Expect("fct_meetings", {"event_id": from_mail}, {"is_from_connect": False}),
    ]


@case(
    92, "booked",
    "Three bookings at 09:00, 11:00 and 11:00; the person is connected at 15:00, at 10:58 the same "
    "day, and the day before.",
    "§2 _from_connect: booked from a connect, so the call began before the booking was logged.",
)  # fmt: skip
def connected_only_after_booking(scene: Scene) -> list[Expect]:
    rep, marked = scene.rep(), {}
    for line, called, booked, is_from_connect in (
        (1, jst(5, 12, 15), jst(5, 12, 9), False),
        (2, jst(5, 12, 10, 58), jst(5, 12, 11), True),
        (3, jst(5, 11, 10), jst(5, 12, 11), False),
    ):
        number = scene.number_of(line)
        person = scene.contact(number)
        scene.call(rep, called, number, talk=300, tags=("本人接続",))
        marked[scene.event(rep, booked, jst(5, 20), person)] = is_from_connect
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"meetings_booked": 3, "connects": 3}),
        *(
            Expect("fct_meetings", {"event_id": event}, {"is_from_connect": is_from_connect})
            for event, is_from_connect in marked.items()
        ),
    ]


@case(
    88, "booked",
    "Four people are met on 20 April and booked again on 25 May: the account has an open deal "
    "since 25 April; since 10 June; one lost on 15 May; one a colleague's meeting made.",
    "§3, §9: only a deal the account rule finds, open on 25 May, keeps the first's episode open.",
)  # fmt: skip
def the_accounts_deal_keeps_the_episode_open(scene: Scene) -> list[Expect]:
    rep, expected = scene.rep(), []

    def met_twice(account: str, email: str) -> str:
        person = scene.contact(account=account, email=f"{scene.tag(email)}@prospect.example.com")
        scene.event(rep, jst(4, 14), jst(4, 20), person, outcome="実施")
        return scene.event(rep, jst(5, 25), jst(6, 1), person, outcome="実施")

    for name, created, last_stage, is_new in (
        ("open", jst(4, 25), (jst(5, 1), "有効商談"), False),
        ("late", jst(6, 10), (jst(6, 10), "初回商談"), True),
        ("lost", jst(4, 25), (jst(5, 15), "失注"), True),
    ):
        account = scene.account()
        again = met_twice(account, name)
        closes = day(5, 15) if name == "lost" else day(9, 30)
        scene.opportunity(
            created, [(created, "初回商談"), last_stage], account=account, closes=closes
        )
        expected.append((again, is_new))
    account = scene.account()
    colleagues = scene.opportunity(jst(4, 25), [(jst(4, 25), "初回商談")], account=account)
    colleague = scene.contact(account=account, email=f"{scene.tag('c')}@prospect.example.com")
    scene.event(rep, jst(4, 14), jst(4, 21), colleague, what=colleagues, outcome="実施")
    expected.append((met_twice(account, "other"), True))
    return [
        Expect("kpi_rep_daily", {"rep_id": rep.rep_id}, {"meetings_booked": 8}),
        *(
            Expect("fct_meetings", {"event_id": again}, {"is_booked": is_new})
            for again, is_new in expected
        ),
    ]
