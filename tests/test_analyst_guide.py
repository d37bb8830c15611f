"""The analyst guide answers its ten questions: every query runs, and each answer is worked out again.

Expectations are computed in plain Python from the published facts, never by the guide's SQL; what the guide
says of the demo company in words is held to the same figures.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import Any

import pytest

from dagster_project.lib.query import WAREHOUSE, sandboxed
from dagster_project.settings import DBT_PROJECT
from tests.conftest import DemoNight

Row = dict[str, Any]

GUIDE = (DBT_PROJECT / "models" / "analyst_guide.md").read_text(encoding="utf-8")
PARTS = {
    int(number): (title, text)
    for number, title, text in re.findall(
        r"^## (\d+)\. (.+?)$\n(.*?)(?=^## |\Z)", GUIDE, flags=re.M | re.S
    )
}
AS_OF = date(2026, 9, 30)


class Release:
    """The demo's release as a reader's tool sees it."""

    def __init__(self, night: DemoNight) -> None:
        self._warehouse = night.house.current.resolve() / WAREHOUSE

    def rows(self, sql: str) -> list[Row]:
        with sandboxed(self._warehouse) as connection:
            found = connection.execute(sql)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def answer(self, number: int) -> list[Row]:
        (sql,) = re.findall(r"```sql\n(.*?)```", PARTS[number][1], flags=re.S)
        return self.rows(sql)

    @cached_property
    def calls(self) -> list[Row]:
        return self.rows("select * from fct_calls")

    @cached_property
    def meetings(self) -> list[Row]:
        return self.rows("select * from fct_meetings")

    @cached_property
    def business_days(self) -> list[date]:
        return [
            row["date"] for row in self.rows("select date from dim_dates where is_business_day")
        ]


@pytest.fixture(scope="module")
def release(demo_night: DemoNight) -> Release:
    return Release(demo_night)


def within(rows: Iterable[Row], column: str, start: date, end: date) -> list[Row]:
    return [row for row in rows if row[column] is not None and start <= row[column] <= end]


def test_there_are_ten_questions_with_query_reading_and_caveat_in_both_languages() -> None:
    assert list(PARTS) == list(range(1, 11))
    for title, text in PARTS.values():
        english, _, japanese = title.partition(" · ")
        assert english.endswith("?")
        assert japanese.endswith("か")
        assert len(re.findall(r"```sql\n", text)) == 1
        for word in ("**Read it.**", "**読み方**", "**Caveat.**", "**注意**"):
            assert text.count(word) == 1, (title, word)


def test_1_which_channels_leads_become_meetings(release: Release) -> None:
    leads: Counter[str] = Counter()
    met: Counter[str] = Counter()
    for row in release.rows("select * from fct_leads"):
        if row["cohort_month"] <= date(2026, 9, 1):
            leads[row["channel"]] += 1
            met[row["channel"]] += row["has_reached_meeting"]
    answer = release.answer(1)
    assert {row["channel"]: (row["leads"], row["met"]) for row in answer} == {
        channel: (count, met[channel]) for channel, count in leads.items()
    }
    shares = [met[row["channel"]] / leads[row["channel"]] for row in answer]
    assert shares == sorted(shares, reverse=True)
    large = [row["channel"] for row in answer if row["leads"] >= 100]
    assert large[0] == "自然検索", "the planted channel that converts"


def test_2_why_meetings_dropped_in_august(release: Release) -> None:
    july, august = (date(2026, 7, 1), date(2026, 7, 31)), (date(2026, 8, 1), date(2026, 8, 31))
    found: dict[str, list[float]] = {}
    for month in (july, august):
        dials = [row for row in within(release.calls, "called_on", *month) if row["is_dial"]]
        connects = sum(row["is_connect"] for row in dials)
        acquired = sum(
            row["is_acquired"] for row in within(release.meetings, "acquired_on", *month)
        )
        days = within(release.rows("select * from fct_rep_days"), "date", *month)
        for metric, value in {
            "dials": len(dials),
            "connect_rate": connects / len(dials),
            "meetings_acquired": acquired,
            "meeting_conversion_rate": acquired / connects,
            "working_days": sum(float(row["working_day"] or 0) for row in days),
        }.items():
            found.setdefault(metric, []).append(value)
    answer = {row["metric"]: row for row in release.answer(2)}
    assert answer.keys() == found.keys()
    for metric, (before, after) in found.items():
        assert answer[metric]["july"] == pytest.approx(before), metric
        assert answer[metric]["august"] == pytest.approx(after), metric
    assert answer["working_days"]["change"] == pytest.approx(-0.25, abs=0.03)
    assert answer["dials"]["change"] == pytest.approx(-0.25, abs=0.03)
    assert abs(answer["meeting_conversion_rate"]["change"]) < 0.05


def test_3_how_many_dials_a_day_the_second_half_needs(release: Release) -> None:
    steps = release.answer(3)
    assert steps[-1]["step"] == "dials"
    for above, step in pairwise(steps):
        share = step["rate"] if step["step"] == "won_amount_yen" else 1 / step["rate"]
        assert step["required"] == pytest.approx(above["required"] * share)
    dials, connects = steps[-1], steps[-2]
    window = [
        row
        for row in within(release.calls, "called_on", dials["rate_from"], dials["rate_to"])
        if row["is_dial"]
    ]
    rate = sum(row["is_connect"] for row in window) / len(window)
    done = [
        row for row in within(release.calls, "called_on", date(2026, 4, 1), AS_OF) if row["is_dial"]
    ]
    left = len([day for day in release.business_days if AS_OF < day <= date(2027, 3, 31)])
    assert left == dials["business_days_remaining"]
    assert dials["per_business_day"] == pytest.approx(
        (connects["required"] / rate - len(done)) / left
    )
    assert steps[0]["required"] == 79_200_000


def median_wait(raised: list[Row]) -> float | None:
    """When half of the hand-raises are answered, those that still wait counted for as long as they have."""
    waits = sorted(
        (row["business_minutes_to_attempt"], True)
        if row["is_attempted"]
        else (row["open_business_minutes"], False)
        for row in raised
    )
    waiting = 1.0
    for minutes in sorted({minutes for minutes, is_answered in waits if is_answered}):
        at_risk = sum(minutes <= wait for wait, _ in waits)
        waiting *= 1 - waits.count((minutes, True)) / at_risk
        if waiting <= 0.5:
            return float(minutes)
    return None


def test_4_how_fast_people_who_asked_are_called_back(release: Release) -> None:
    raised: dict[str, list[Row]] = {}
    for row in within(
        release.rows("select * from fct_hand_raises"), "raised_on", date(2026, 7, 1), AS_OF
    ):
        raised.setdefault(row["team"], []).append(row)
    answer = release.answer(4)
    assert {row["team"]: (row["hand_raises"], row["hand_raises_attempted"]) for row in answer} == {
        team: (len(rows), sum(row["is_attempted"] for row in rows))
        for team, rows in raised.items()
        if len(rows) >= 30
    }
    for row in answer:
        assert row["median_business_minutes_to_attempt"] == pytest.approx(
            median_wait(raised[row["team"]])
        )


def test_5_which_list_is_not_worth_calling(release: Release) -> None:
    dials: Counter[str] = Counter()
    connects: Counter[str] = Counter()
    for row in within(release.calls, "called_on", date(2026, 4, 1), date(2026, 6, 30)):
        if row["is_dial"]:
            dials[row["channel"]] += 1
            connects[row["channel"]] += row["is_connect"]
    answer = release.answer(5)
    assert answer[0]["channel"] == "購入リスト"
    for row in answer:
        counts = (row["dials"], row["connects"])
        assert counts == (dials[row["channel"]], connects[row["channel"]])
    others = [channel for channel in dials if channel != "購入リスト"]
    everybody_else = sum(connects[name] for name in others) / sum(dials[name] for name in others)
    assert answer[0]["connect_rate"] == pytest.approx(connects["購入リスト"] / dials["購入リスト"])
    assert answer[0]["connect_rate"] < 0.6 * everybody_else


def test_6_who_needs_coaching_and_in_what(release: Release) -> None:
    quarter = (date(2026, 4, 1), date(2026, 6, 30))
    connects = Counter(
        row["rep_id"]
        for row in within(release.calls, "called_on", *quarter)
        if row["is_dial"] and row["is_connect"]
    )
    booked = Counter(
        row["rep_id"]
        for row in within(release.meetings, "acquired_on", *quarter)
        if row["is_acquired"] and row["is_from_connect"]
    )
    answer = release.answer(6)
    assert {row["rep_id"]: (row["meetings"], row["connects"]) for row in answer} == {
        rep: (booked[rep], count) for rep, count in connects.items() if count >= 30
    }
    first = answer[0]
    assert first["rep_id"] == "R02", "the planted weak talk"
    talk: Counter[str] = Counter()
    conversation: Counter[str] = Counter()
    for row in within(release.calls, "called_on", *quarter):
        agent, customer = row["agent_talk_seconds"], row["customer_talk_seconds"]
        if row["is_dial"] and row["has_analysis"] and None not in (agent, customer):
            talk[row["rep_id"]] += agent
            conversation[row["rep_id"]] += agent + customer
    assert max(talk, key=lambda rep: talk[rep] / conversation[rep]) == "R02"
    ratios = [row for row in answer if row["agent_talk_ratio"] is not None]
    assert max(ratios, key=lambda row: float(row["agent_talk_ratio"]))["rep_id"] == "R02"
    assert first["agent_talk_ratio"] == pytest.approx(0.8, abs=0.05)


def test_7_who_fills_the_number(release: Release) -> None:
    june: dict[str, list[Row]] = {}
    for row in within(release.meetings, "acquired_on", date(2026, 6, 1), date(2026, 6, 30)):
        if row["is_acquired"]:
            june.setdefault(row["rep_id"], []).append(row)
    answer = release.answer(7)
    assert {row["rep_id"] for row in answer} == {
        rep for rep, rows in june.items() if len(rows) >= 5
    }
    for row in answer:
        rows = june[row["rep_id"]]
        last = within(rows, "booked_on", date(2026, 6, 24), date(2026, 6, 30))
        assert (row["booked"], row["booked_in_last_week"]) == (len(rows), len(last))
    gamer = answer[0]
    assert gamer["rep_id"] == "R01"
    assert gamer["booked_in_last_week"] >= gamer["booked"] / 2
    assert gamer["no_shows"] == sum(one["cohort_outcome"] == "no_show" for one in june["R01"])
    assert gamer["no_shows"] > gamer["outcome_known"] / 2
    assert any(
        row["scope_key"] == "R01" and "no_shows_up" in row["flags"]
        for row in release.rows("select * from kpi_balance where is_flagged")
    )


def test_8_whether_the_years_target_will_be_reached(release: Release) -> None:
    (row,) = release.answer(8)
    won = within(release.rows("select * from fct_opportunities"), "won_on", date(2026, 4, 1), AS_OF)
    sourced = [deal for deal in won if deal["is_sourced"] and deal["is_won"]]
    so_far = sum(float(deal["amount_yen"] or 0) for deal in sourced)
    assert row["value"] == pytest.approx(so_far)
    left = [day for day in release.business_days if AS_OF < day <= date(2027, 3, 31)]
    past = [day for day in release.business_days if date(2026, 7, 3) <= day <= AS_OF]
    lately = sum(float(deal["amount_yen"] or 0) for deal in sourced if deal["won_on"] >= min(past))
    assert row["landing"] == pytest.approx(so_far + lately / len(past) * len(left), rel=0.02)
    assert row["landing_low_80"] < row["landing"] < row["landing_high_80"]
    assert (row["outlook"] == "on_course") == (row["landing"] >= row["target"])


def test_9_which_target_accounts_are_not_reached(release: Release) -> None:
    steps = ("is_approached", "is_connected", "is_met")
    found: dict[str, Counter[str]] = {}
    for row in release.rows("select * from fct_target_accounts"):
        if row["as_of_on"] == AS_OF and row["look_back"] == "quarter_to_date":
            counts = found.setdefault(row["list_name"], Counter())
            counts["all"] += 1
            counts.update(step for step in steps if row[step])
    names = ("accounts_approached", "accounts_connected", "accounts_met")
    answer = release.answer(9)
    assert {
        row["list_name"]: [row["accounts"], *(row[name] for name in names)] for row in answer
    } == {
        name: [counts["all"], *(counts[step] for step in steps)] for name, counts in found.items()
    }
    assert any(0 < row["accounts_met"] < row["accounts"] for row in answer)


def test_10_why_the_summer_looked_as_if_nothing_was_accepted(release: Release) -> None:
    waits: dict[int, list[int]] = {}
    count: Counter[int] = Counter()
    for row in release.meetings:
        if row["is_acquired"]:
            month = row["acquired_on"].month
            count[month] += 1
            if row["is_accepted"]:
                waits.setdefault(month, []).append((row["accepted_on"] - row["booked_on"]).days)
    answer = {row["month"]: row for row in release.answer(10)}
    assert {month: (row["meetings"], row["accepted"]) for month, row in answer.items()} == {
        month: (count[month], len(waits[month])) for month in count
    }
    for month, row in answer.items():
        assert row["days_to_yes"] == pytest.approx(median(waits[month]), abs=1), month
    assert answer[7]["days_to_yes"] > answer[6]["days_to_yes"] + 30
    assert abs(answer[7]["accepted"] / count[7] - answer[6]["accepted"] / count[6]) < 0.1
