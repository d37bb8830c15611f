"""What customers say of the talk they had: a survey tool's export, one file a month.

`surveyed` adds it to a finished world. It draws from a generator of its own, so that nothing else of
the world moves. Answers are known by the address they were given from and the rep they are about, as
a survey tool knows them: it has never heard of the CRM's ids.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from tests.simulator.world import Delivery, Dialect, Record, World, local_day, utc

SURVEY_COLUMNS: Final = (
    ("response_id", "回答番号"),
    ("answered_at", "回答日時"),
    ("about_at", "商談日"),
    ("email_raw", "回答者メール"),
    ("rep_key", "担当者メール"),
    ("score", "満足度"),
    ("comment", "ご意見"),
)
_COMMENTS: Final = (
    None, None, None, "丁寧に説明していただきました。", "資料が分かりやすかったです。",
    "導入時期が未定です。", "少し急かされた印象でした。", "次回は技術の方とも話したいです。",
)  # fmt: skip
_HOUR: Final = 3600


def surveyed(world: World) -> World:
    """The same world, its customers asked after their first talk."""
    rng = random.Random(f"{world.plan.seed}:survey")
    months: dict[date, list[Record]] = defaultdict(list)
    for row in _answers(world, rng):
        months[local_day(row["answered_at"]).replace(day=1)].append(row)
    deliveries = [_delivery(world, month, rows) for month, rows in sorted(months.items())]
    settings = replace(world.settings, has_survey=True)
    return World(world.plan, settings, [*world.deliveries, *deliveries], world.truth)


def _answers(world: World, rng: random.Random) -> list[Record]:
    """One answer of nearly every second person who was met, some without a score."""
    starts = {row["Id"]: row["StartDateTime"] for row in world.records["salesforce.Event"]}
    addresses = {
        row["Id"]: row["Email"]
        for name in ("salesforce.Lead", "salesforce.Contact")
        for row in world.records[name]
        if row.get("Email")
    }
    emails = {row["rep_id"]: row["email"] for row in world.records["planning.roster"]}
    found: list[Record] = []
    for key in sorted(world.truth.meetings):
        meeting = world.truth.meetings[key]
        person = world.truth.people[meeting.person]
        email = next(
            (addresses[one] for one in (*person.contact_ids, *person.lead_ids) if one in addresses),
            None,
        )
        held_on = local_day(starts[meeting.event_ids[-1]])
        answered = utc(
            held_on + timedelta(days=rng.randint(1, 6)), rng.randint(9 * _HOUR, 19 * _HOUR)
        )
        is_answered = meeting.fate == "held" and rng.random() < 0.45
        score = min(10, max(0, round(rng.gauss(7.6, 1.9))))
        comment, is_comment_alone = rng.choice(_COMMENTS), rng.random() < 0.06
        if is_answered and local_day(answered) <= world.plan.as_of:
            found.append(
                {
                    "answered_at": answered,
                    "about_at": held_on,
                    "email_raw": email,
                    "rep_key": emails.get(meeting.booker),
                    "score": None if is_comment_alone else score,
                    "comment": comment or ("特にありません。" if is_comment_alone else None),
                }
            )
    found.sort(key=lambda row: (row["answered_at"], str(row["email_raw"])))
    return [{"response_id": f"A{number:04d}", **row} for number, row in enumerate(found, start=1)]


def _delivery(world: World, month: date, rows: list[Record]) -> Delivery:
    next_month = (month + timedelta(days=32)).replace(day=1)
    last = min(next_month - timedelta(days=1), world.plan.as_of)
    made_on = last + timedelta(days=1)
    delivery = Delivery(
        "survey",
        "mapped.survey_responses",
        f"アンケート_{made_on:%Y%m%d}T0930.csv",
        utc(made_on, 9 * _HOUR + 1800),
        list(rows),
        Dialect(
            bom=True,
            newline="\r\n",
            quote_all=False,
            columns=SURVEY_COLUMNS,
            datetime_format="%Y/%m/%d %H:%M",
            date_format="%Y/%m/%d",
        ),
    )
    delivery.stamp()
    return delivery
