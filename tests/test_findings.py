"""`kpi_findings` is what the diagnosing tables flag, and tells the demo's stories in words."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import Any

import pytest

from tests.conftest import DemoNight
from tests.harness import query

Row = dict[str, Any]

# Wider scopes first, as the table's description promises.
WIDTHS = (
    "company", "business_unit", "motion", "team", "channel", "call_list", "campaign", "team_channel",
    "rep",
)  # fmt: skip
GOOD_NEWS = {"strength", "habit", "improved"}


@pytest.fixture(scope="module")
def findings(demo_night: DemoNight) -> list[Row]:
    return query(demo_night.house, "select * from marts.kpi_findings")


@pytest.fixture(scope="module")
def flagged(demo_night: DemoNight) -> list[tuple[str, Row]]:
    """Every flagged row, with its table, of whatever published table flags and tells anything."""
    tables = query(
        demo_night.house,
        """select table_name from information_schema.columns
        where table_schema = 'marts' and column_name in ('is_flagged', 'finding_ja', 'finding_en')
        group by table_name having count(*) = 3 order by table_name""",
    )
    return [
        (table["table_name"], row)
        for table in tables
        for row in query(demo_night.house, f'select * from marts."{table["table_name"]}"')
        if row["is_flagged"]
    ]


def as_told(table: str, row: Row) -> tuple[Any, ...]:
    """(table, period, its first and last day, scope, sentences) as a reader of that table would say them."""
    if table == "kpi_actions":
        period = ("action", row["from_date"], row["after_to"])
    else:
        period = (row["period_type"], row["period_start"], row["period_end"])
    scope = (row.get("scope_type", "motion"), row.get("scope_key") or row["motion"])
    return (table, *period, *scope, row["finding_ja"], row["finding_en"])


def test_the_list_is_every_flag_of_every_table_once(
    findings: list[Row], flagged: list[tuple[str, Row]]
) -> None:
    assert len({row["finding_id"] for row in findings}) == len(findings) > 0
    columns = (
        "found_in", "period_type", "period_start", "period_end", "scope_type", "scope_key",
        "finding_ja", "finding_en",
    )  # fmt: skip
    assert Counter(tuple(row[column] for column in columns) for row in findings) == Counter(
        as_told(table, row) for table, row in flagged
    )


def test_what_a_finding_stands_for_is_the_part_of_its_step(
    findings: list[Row], flagged: list[tuple[str, Row]]
) -> None:
    parts = {row["finding_en"]: row.get("accepted_part") for _, row in flagged}
    for row in findings:
        assert row["accepted_difference"] == parts[row["finding_en"]]
        assert row["is_good_news"] == (row["kind"] in GOOD_NEWS)
        if row["found_in"] == "kpi_bottleneck":
            assert row["kind"] == ("strength" if " above " in row["finding_en"] else "weakness")


def test_the_company_comes_before_its_people_and_a_figure_told_again_last(
    findings: list[Row],
) -> None:
    def stake(row: Row) -> float:
        return abs(float(row["accepted_difference"] or 0))

    def period(row: Row) -> tuple[str, Any]:
        return row["period_type"], row["period_start"]

    for _, rows in groupby(sorted(findings, key=period), key=period):
        ordered = sorted(rows, key=lambda row: row["rank_in_period"])
        assert [row["rank_in_period"] for row in ordered] == list(range(1, len(ordered) + 1))
        seen: Counter[tuple[Any, ...]] = Counter()
        sought = []
        for row in ordered:
            figure: tuple[Any, ...] = (
                row["scope_type"], row["scope_key"], row["found_in"],
                # the conversion has a name of its own where it has a target
                row["subject"].replace("meetings_per_connect", "meeting_conversion_rate"),
            )  # fmt: skip
            if row["found_in"] == "kpi_actions":  # a second action is a second piece of news
                figure = (*figure, row["finding_id"])
            width = WIDTHS.index(row["scope_type"])
            sought.append((seen[figure], width, row["is_good_news"], -stake(row)))
            seen[figure] += 1
        assert sought == sorted(sought)


# story → what a manager must be able to read, in both languages, of whom
STORIES: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "bad list": (
        "購入リスト",
        ("チャネル「購入リスト」", "コネクト率", "下回ります", "架電リストの精度"),
        ("Channel 購入リスト", "connect rate", "below", "accuracy of the call list"),
    ),
    "weak talk": (
        "R02",
        ("商談化率", "同じ職種の他のメンバー", "下回ります", "トークスキル"),
        ("meeting conversion", "others in the same role", "below", "talk skill"),
    ),
    "gamed quarter": (
        "R01",
        ("期末の数日に商談が集中しています", "不参加が多くなっています"),
        ("bookings crowd the last days of the period", "many no-shows"),
    ),
    "a channel that converts": (
        "自然検索",
        ("チャネル「自然検索」", "商談化率", "上回ります", "強み"),
        ("Channel 自然検索", "meeting conversion", "above", "A strength to learn from"),
    ),
    "team change": (
        "R03",
        ("稼働日あたり架電数", "異動：SDR一課→BDR課"),
        ("dials per working day", "moved from SDR一課 to BDR課"),
    ),
    "late acceptances": (
        "SDR二課",
        ("有効商談の判断が期限より遅れています",),
        ("decisions came after they were due",),
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_each_planted_story_can_be_read_in_both_languages(
    story: str, findings: list[Row], demo_night: DemoNight
) -> None:
    key, ja, en = STORIES[story]
    names = {
        row["rep_id"]: row["rep_label"]
        for row in query(demo_night.house, "select rep_id, rep_label from marts.dim_reps")
    }
    told = [
        row
        for row in findings
        if row["scope_key"] == key
        and all(words in row["finding_ja"] for words in (*ja, names.get(key, key)))
        and all(words in row["finding_en"] for words in (*en, names.get(key, key)))
    ]
    assert told, "\n".join(row["finding_en"] for row in findings)
