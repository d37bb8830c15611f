"""Every number opens: from each metric of the scorecard to its rows, their exported records, and back."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from dagster_project.lib import explain as explaining
from dagster_project.lib.explain import ExplainError, Opened, Place
from dagster_project.lib.exported import Exported, ExportedError
from dagster_project.lib.query import WAREHOUSE, Answer, sandboxed
from dagster_project.lib.raw import RawStore
from dagster_project.settings import House
from tests.conftest import DemoNight, kpi

TOKYO = ZoneInfo("Asia/Tokyo")
PARTS = ("numerator", "denominator")

# How the record a row names is told from another: by the id that ends the row's key, or, where the key is
# made here, by the day the record speaks of. A person stands for several lead records and opens with the
# earliest one; a person's day is made of the roster's line and opens with it.
BY_ID = {
    "fct_approaches": "approach_id",
    "fct_calls": "call_id",
    "fct_emails": "email_id",
    "fct_hand_raises": "hand_raise_id",
    "fct_meetings": "event_id",
    "fct_opportunities": "opportunity_id",
    "fct_rep_days": "rep_id",
}
BY_DAY = {"fct_leads": "counted_on", "fct_nurture": "happened_on"}


@dataclass(frozen=True)
class Walked:
    """One part of one figure: the place, and the rows behind it by column."""

    metric: dict[str, Any]
    place: Place
    name: str
    rows: list[dict[str, Any]]

    @property
    def table(self) -> str:
        return str(self.metric[f"{self.name}_table"])

    @property
    def amount(self) -> float:
        """What the rows come to, in plain Python: distinct things, or a sum of exact decimals."""
        adds = [row["adds"] for row in self.rows]
        counts_things = "distinct" in self.metric[f"{self.name}_sql"]
        return float(len(set(adds)) if counts_things else sum(adds))


def listed(answer: Answer) -> list[dict[str, Any]]:
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def asked(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def release(demo_night: DemoNight) -> Iterator[Opened]:
    with explaining.opened(demo_night.house) as found:
        yield found


@pytest.fixture(scope="module")
def scorecard(demo_night: DemoNight) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same release by a connection of the test's own."""
    with sandboxed(demo_night.house.current.resolve() / WAREHOUSE) as connection:
        yield connection


@pytest.fixture(scope="module")
def figures(scorecard: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    """Metric → its places and figures that are walked.

    The company's last complete month; its newest quarter or week with something in it; and of every kind
    of scope the metric is shown for, in turn with the metrics, the key with most in the newest period.
    """
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    columns = (
        "period_type, period_start, scope_type, scope_key, numerator, denominator, value, status"
    )
    metrics = asked(scorecard, "select metric, position, scopes from dim_metrics order by position")
    for metric, position, scopes in metrics:
        of = f"select {columns} from kpi_scorecard where metric = '{metric}'"
        company = f"{of} and scope_type = 'company'"
        other = ("quarter", "week")[position % 2]
        found[metric] += asked(
            scorecard,
            f"{company} and period_type = 'month' and is_period_over order by period_start desc limit 1",
        )
        found[metric] += asked(
            scorecard,
            f"""{company} and period_type = '{other}'
            order by numerator <> 0 desc, period_start desc limit 1""",
        )
        kinds = [kind for kind in scopes.split(", ") if kind != "company"]
        for kind in {kinds[position % len(kinds)], kinds[(position + 3) % len(kinds)]}:
            found[metric] += asked(
                scorecard,
                f"""{of} and scope_type = '{kind}' order by numerator <> 0 desc,
                period_type <> 'month', period_start desc, numerator desc, scope_key limit 1""",
            )
    return found


@pytest.fixture(scope="module")
def walks(release: Opened, figures: dict[str, list[tuple[Any, ...]]]) -> list[Walked]:
    found = []
    for name, places in figures.items():
        metric = release.metric(name)
        for place in (Place(*figure[:4]) for figure in places):
            for part in PARTS[: 2 if metric["denominator"] else 1]:
                rows = listed(release.rows(metric, part, place))
                found.append(Walked(metric, place, part, rows))
    return found


def test_every_metric_comes_back_from_its_rows(
    walks: Sequence[Walked], figures: dict[str, list[tuple[Any, ...]]]
) -> None:
    amounts = {(walk.metric["metric"], walk.place, walk.name): walk.amount for walk in walks}
    wrong = []
    for metric, places in figures.items():
        for *where, numerator, denominator, value, status in places:
            place = Place(*where)
            above = amounts[metric, place, "numerator"]
            below = amounts.get((metric, place, "denominator"))
            again = above if below is None else above / below if below else None
            if status == "unavailable":
                assert numerator is None, f"{metric} {place}"
            elif (above, below) != (numerator, denominator) or again != pytest.approx(value):
                wrong.append((metric, place, (above, below, again), (numerator, denominator)))
    assert not wrong


def test_the_walk_sees_every_metric_and_kind_of_scope_with_something_in_it(
    walks: Sequence[Walked], scorecard: duckdb.DuckDBPyConnection
) -> None:
    """Only what the demo company nowhere has, such as amounts without a rate, is walked in vain."""
    seen = {walk.metric["metric"] for walk in walks if walk.name == "numerator" and walk.rows}
    ever = "select distinct metric from kpi_scorecard where numerator <> 0"
    assert seen == {metric for (metric,) in asked(scorecard, ever)}
    scopes = {walk.place.scope_type for walk in walks if walk.rows}
    assert scopes == {scope for (scope,) in asked(scorecard, "select scope_type from dim_scopes")}
    assert {walk.place.period_type for walk in walks} >= {"month", "quarter", "week"}
    tables = {walk.table for walk in walks}
    assert tables == BY_ID.keys() | BY_DAY.keys()


def test_every_row_opens_to_the_record_it_was_made_of(
    walks: Sequence[Walked], demo_night: DemoNight
) -> None:
    rows = {
        (walk.table, row["source_file_id"], row["source_record"], _told_by(walk.table, row)): row
        for walk in walks
        for row in walk.rows
    }
    assert not [row for row in rows.values() if row["source_file"] is None]
    records = Exported(demo_night.house).records({key[1:3] for key in rows})
    foreign = []
    for (table, file_id, number, told_by), row in rows.items():
        record = records[file_id, number]
        if table in BY_ID:
            opens = str(told_by).rpartition(":")[2] in json.dumps(record, ensure_ascii=False)
        else:
            opens = told_by in days_in(record)
        if not opens:
            foreign.append((table, told_by, row["source_file"], number))
    assert not foreign


def _told_by(table: str, row: dict[str, Any]) -> Any:
    return row[BY_ID.get(table) or BY_DAY[table]]


def days_in(record: Any) -> set[date]:
    """Every day a record speaks of, in Tokyo; a time without a zone may be written in either zone."""
    days = set()
    for text in _texts(record):
        try:
            at = datetime.fromisoformat(text.replace("/", "-"))
        except ValueError:
            if re.fullmatch(r"\d{13}", text):
                days.add(datetime.fromtimestamp(int(text) / 1000, UTC).astimezone(TOKYO).date())
            continue
        if at.tzinfo is None:
            days.add(at.date())
            at = at.replace(tzinfo=UTC)
        days.add(at.astimezone(TOKYO).date())
    return days


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
    elif value is not None:
        yield str(value)


def test_what_nearly_counts_opens_too_and_is_nothing_that_counts(
    release: Opened, scorecard: duckdb.DuckDBPyConnection, demo_night: DemoNight
) -> None:
    ((month,),) = asked(
        scorecard,
        "select max(period_start) from kpi_scorecard where period_type = 'month' and is_period_over",
    )
    place = Place("month", month, "company", "company")
    keys = set()
    for (name,) in asked(scorecard, "select metric from dim_metrics"):
        metric = release.metric(name)
        for part in release.explain(metric, place).parts:
            counted = listed(release.rows(metric, part.name, place))
            nearly = listed(release.near_rows(metric, part.name, place))
            assert len(nearly) == sum(miss.rows for miss in part.near_misses)
            assert not set(map(_whole_key, counted)) & set(map(_whole_key, nearly)), name
            keys |= {
                (row["source_file_id"], row["source_record"])
                for row in nearly
                # the score of a lead is no export's record
                if row.get("subject") != "score_band"
            }
    assert keys
    assert Exported(demo_night.house).records(keys).keys() == keys


def _whole_key(row: dict[str, Any]) -> tuple[Any, ...]:
    """The row without what tells why it is shown; a person's day has two columns of key."""
    return tuple(value for name, value in row.items() if name not in ("part", "fails", "adds"))


def test_a_person_is_called_by_name_and_a_team_with_its_channel(release: Opened) -> None:
    by_name = release.place({"rep": "太田悟"}, "2026-08")
    assert by_name == release.place({"rep": "R02"}, "2026-08")
    assert by_name == Place("month", date(2026, 8, 1), "rep", "R02")
    both = release.place({"team": "SDR一課", "channel": "ウェビナー"}, "2026-08-05")
    assert both == Place("week", date(2026, 8, 3), "team_channel", "SDR一課 × ウェビナー")
    assert release.place({"call_list": "x"}, "fy2026q2") == Place(
        "quarter", date(2026, 7, 1), "call_list", "x"
    )
    assert release.place({}, "FY2026") == Place(
        "fiscal_year", date(2026, 4, 1), "company", "company"
    )
    assert release.metric("コネクト率") == release.metric("Connect rate")
    with pytest.raises(ExplainError, match="one scope"):
        release.place({"team": "SDR一課", "rep": "R02"}, None)


@pytest.mark.parametrize(
    "period", ["2026-13", "2026-02-30", "FY2099", "FY2026-Q5", "yesterday", ""]
)
def test_a_period_nobody_knows_is_refused_with_examples(release: Opened, period: str) -> None:
    with pytest.raises(ExplainError, match="FY2026-Q2"):
        release.place({}, period)


def test_what_is_missing_is_said_with_what_there_is(release: Opened) -> None:
    dials, leads = release.metric("dials"), release.metric("leads_created")
    place = Place("month", date(2026, 8, 1), "team", "SDR一課")
    with pytest.raises(ExplainError, match="company, motion, channel, campaign"):
        release.explain(leads, place)
    with pytest.raises(ExplainError, match="Near it: SDR一課"):
        release.explain(dials, replace(place, scope_key="SDR1課"))
    with pytest.raises(ExplainError, match="Near it: R02 太田 悟"):
        release.explain(dials, Place("month", date(2026, 8, 1), "rep", "太田"))
    with pytest.raises(ExplainError, match="month 2026-04-01 to 2026-09-01"):
        release.explain(dials, replace(place, period_start=date(2025, 8, 1)))
    with pytest.raises(ExplainError, match="no denominator"):
        release.rows(dials, "denominator", place)
    with pytest.raises(ExplainError, match="no denominator"):
        release.near_rows(dials, "denominator", place)


def test_a_wrong_metric_is_answered_by_the_nearest_or_by_the_table_that_knows_it(
    release: Opened,
) -> None:
    for wrong, remedy in {
        "conect_rate": "connect_rate (コネクト率)",
        "コネクト": "コネクト率",
        "account_coverage": 'kpi query "select * from kpi_account_coverage"',
        "forecast": 'kpi query "select * from kpi_forecast"',
        "landing": 'kpi query "select * from kpi_forecast"',
        "'; drop table release; --": "select metric, name_ja, name_en from dim_metrics",
    }.items():
        with pytest.raises(ExplainError, match=re.escape(remedy)):
            release.metric(wrong)


def test_the_command_tells_a_manager_what_a_figure_is_made_of(demo_night: DemoNight) -> None:
    root = demo_night.house.root
    where = ("--team", "SDR一課", "--period", "2026-08")
    said = kpi(root, "explain", "コネクト率", *where, "--limit", "1", "--raw")
    assert said.code == 0, said.err
    for words in (
        "Connects divided by dials.", "チーム Team: SDR一課", "月 month 2026-08-01 – 2026-08-31",
        "架電数 Dials", "分子 numerator", "分母 denominator", "使える数字", "is_connect – 有効接触",
        "disposition no_answer", ", record ",
    ):  # fmt: skip
        assert words in said.out
    (rate,) = re.findall(r"= ([\d,]+) ÷ ([\d,]+) = ([\d.]+)%", said.out)
    above, below = (int(count.replace(",", "")) for count in rate[:2])
    assert f"{above / below:.1%}" == f"{rate[2]}%"

    lines = kpi(root, "explain", "connect_rate", *where, "--format", "json", "--raw").out
    rows = [json.loads(line) for line in lines.splitlines()]
    assert len(rows) == above
    assert all(row["call_id"].rpartition(":")[2] in json.dumps(row["raw"]) for row in rows)
    csv = kpi(root, "explain", "connect_rate", *where, "--format", "csv", "--part", "denominator")
    assert len(csv.out.splitlines()) == below + 1
    nearly = kpi(root, "explain", "connect_rate", *where, "--near-misses", "--format", "csv")
    assert nearly.out.splitlines()[0].startswith("part,fails,call_id,")


def test_the_command_says_what_is_wrong_in_plain_words(
    demo_night: DemoNight, tmp_path: Path
) -> None:
    root = demo_night.house.root
    for words, remedy in {
        ("connect_rat",): "connect_rate",
        ("dials", "--team", "o'clock"): "Near it",
        ("dials", "--rep", ""): "Near it",
        ("dials", "--period", "2026-00"): "FY2026-Q2",
        ("dials", "--format", "csv", "--part", "denominator"): "no denominator",
    }.items():
        said = kpi(root, "explain", *words)
        assert (said.code, said.out) == (1, "")
        assert remedy in said.err
        assert "remedy" in said.err
        assert "Traceback" not in said.err
    empty = tmp_path / "house"
    assert kpi(empty, "init", os.fspath(empty)).code == 0
    said = kpi(empty, "explain", "dials")
    assert said.code == 1
    assert "kpi run" in said.err


def test_a_record_that_is_gone_or_damaged_is_said_to_be(
    demo_night: DemoNight, tmp_path: Path
) -> None:
    store = RawStore(demo_night.house.raw)
    receipt = next(item for item in store if item.status == "accepted" and item.records_in)
    house = House(tmp_path)
    parquet = house.raw / store.parquet_of(receipt).relative_to(demo_night.house.raw)
    with pytest.raises(ExportedError, match="no longer has"):
        Exported(house).records([(receipt.file_id, 1)])
    parquet.parent.mkdir(parents=True)
    for path in store.files_of(receipt)[:2]:
        shutil.copyfile(path, parquet.with_name(path.name))
    assert Exported(house).records([(receipt.file_id, 1)])
    with pytest.raises(ExportedError, match="no such record"):
        Exported(house).records([(receipt.file_id, receipt.records_in + 1)])
    parquet.write_bytes(parquet.read_bytes()[:100])
    with pytest.raises(ExportedError, match="cannot be read"):
        Exported(house).records([(receipt.file_id, 1)])
    parquet.unlink()
    with pytest.raises(ExportedError, match="Put the export back"):
        Exported(house).records([(receipt.file_id, 1)])


# A release small enough to see through. March 2026, as of the 20th; the team is called o'clock.
SMALL = """
    create table release as select 'small' as release_id, date '2026-03-20' as as_of_date;
    create table dim_scopes (scope_type varchar, name_ja varchar, name_en varchar, columns varchar,
        key_sql varchar);
    insert into dim_scopes values
        ('company', '全社', 'Company', null, '''company'''),
        ('team', 'チーム', 'Team', 'team', 'coalesce(team, ''(unassigned)'')'),
        ('rep', '担当者', 'Rep', 'rep_id', 'coalesce(rep_id, ''(unassigned)'')');
    create table dim_reps (rep_id varchar, rep_label varchar, valid_from date);
    insert into dim_reps values ('A', '佐藤 花', '2026-01-01'), ('B', '佐藤　花', '2026-01-01');
    create table dim_metrics (metric varchar, name_ja varchar, name_en varchar, label_ja varchar,
        label_en varchar, scopes varchar, numerator varchar, numerator_table varchar,
        numerator_date varchar, numerator_rows varchar, numerator_each varchar, numerator_sql varchar,
        denominator varchar, denominator_table varchar);
    insert into dim_metrics values
        ('met', '商談', 'Met', '商談', 'Met', 'company, team', 'met', 'fct_meetings', 'acquired_on',
            'is_acquired and (size = ''o''''k'' or size is null)', '1', 'sum(1)', null, null),
        ('yen', '金額', 'Yen', '金額', 'Yen', 'company, team', 'yen', 'fct_meetings', 'booked_on',
            '(case when is_acquired and not is_small then yen end) <> 0',
            'case when is_acquired and not is_small then yen end', 'sum(yen)', null, null),
        ('who', '人', 'Who', '人', 'Who', 'company, team', 'who', 'fct_meetings', 'booked_on',
            'case when is_acquired then person_id end is not null', 'person_id',
            'count(distinct person_id)', null, null);
    create table fct_meetings (event_id varchar, team varchar, rep_id varchar, person_id varchar,
        is_acquired boolean, is_small boolean, size varchar, yen decimal(18, 4), booked_on date,
        acquired_on date, source_file varchar, source_record bigint, source_file_id varchar);
    insert into fct_meetings
    select event_id, team, rep_id, person_id, is_acquired, is_small, size, yen,
        ('2026-' || booked)::date, ('2026-' || acquired)::date, 'f.csv', record, 'f'
    from (values
        ('counts', 'o''clock', 'A', 'p', true, false, 'o''k', 10, '03-02', '03-03', 1),
        ('again', 'o''clock', 'A', 'p', true, null, null, 5, '03-04', '03-04', 2),
        ('size', 'o''clock', 'A', 'q', true, true, 'xl', 7, '03-05', '03-05', 3),
        ('began', 'o''clock', 'A', 'q', false, false, 'o''k', 7, '03-06', null, 4),
        ('undated', 'o''clock', 'A', null, true, false, null, 0, '03-07', null, 5),
        ('two wrong', 'o''clock', 'A', null, false, true, 'xl', 0, '03-08', '03-08', 6),
        ('tomorrow', 'o''clock', 'A', 'r', true, false, null, 9, '03-21', '03-21', 7),
        ('elsewhere', 'x', 'B', 's', true, false, null, 9, '03-02', '03-02', 8),
        ('February', 'o''clock', 'A', 't', true, false, null, 9, '02-28', '02-28', 9)
    ) as t (event_id, team, rep_id, person_id, is_acquired, is_small, size, yen, booked, acquired, record);
    comment on column fct_meetings.size is '大きさ';
    create table kpi_scorecard as select metrics.metric, 'month' as period_type,
        date '2026-03-01' as period_start, date '2026-03-31' as period_end, 'team' as scope_type,
        'o''clock' as scope_key, 2.0 as numerator, null::double as denominator, 2.0 as value, 'ok' as status
    from dim_metrics as metrics;
"""
OCLOCK = Place("month", date(2026, 3, 1), "team", "o'clock")


def laid_out(root: Path, sql: str) -> House:
    house = House(root)
    folder = house.published / "releases" / "small"
    folder.mkdir(parents=True)
    house.current.symlink_to(folder)
    with duckdb.connect(str(folder / WAREHOUSE)) as connection:
        connection.execute(sql)
    return house


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Opened]:
    with explaining.opened(laid_out(tmp_path, SMALL)) as found:
        yield found


@pytest.mark.parametrize(
    ("metric", "counts", "nearly"),
    [
        (
            "met",
            ["counts", "again"],
            {
                ("is_acquired", "began"),
                ("(size = 'o''k') OR (size IS NULL)", "size"),
                ("acquired_on IS NOT NULL", "undated"),
            },
        ),
        (
            "yen",
            ["counts"],
            {
                ("is_acquired", "began"),
                ("NOT is_small", "again"),
                ("NOT is_small", "size"),
                ("yen != 0", "undated"),
            },
        ),
        (
            "who",
            ["counts", "again", "size"],
            {("is_acquired", "began"), ("person_id IS NOT NULL", "undated")},
        ),
    ],
)
def test_a_near_miss_fails_exactly_one_condition(
    small: Opened, metric: str, counts: list[str], nearly: set[tuple[str, str]]
) -> None:
    row = small.metric(metric)
    assert [found["event_id"] for found in listed(small.rows(row, "numerator", OCLOCK))] == counts
    found = listed(small.near_rows(row, "numerator", OCLOCK))
    assert {(miss["fails"], miss["event_id"]) for miss in found} == nearly
    (part,) = small.explain(row, OCLOCK).parts
    assert part.rows == len(counts)
    assert sum(miss.rows for miss in part.near_misses) == len(nearly)


def test_near_misses_are_told_in_the_words_of_the_table(small: Opened) -> None:
    (part,) = small.explain(small.metric("met"), OCLOCK).parts
    told = {miss.description for miss in part.near_misses}
    assert "大きさ" in told
    assert part.near_misses_by == "booked_on"


def test_distinct_things_are_counted_once_and_rows_can_be_limited(small: Opened) -> None:
    who = small.metric("who")
    (part,) = small.explain(who, OCLOCK).parts
    assert (part.rows, part.amount) == (3, 2)
    assert len(listed(small.rows(who, "numerator", OCLOCK, 1))) == 1


def test_two_people_of_one_name_are_told_apart_by_id(small: Opened) -> None:
    with pytest.raises(ExplainError, match="--rep A"):
        small.place({"rep": "佐藤花"}, "2026-03")
    assert small.place({"rep": "B"}, "2026-03").scope_key == "B"


def test_a_release_of_other_rules_is_said_to_be_one(tmp_path: Path) -> None:
    house = laid_out(tmp_path, "create table dim_metrics as select 'dials' as metric")
    with pytest.raises(ExplainError, match="another version"), explaining.opened(house) as found:
        found.metric("dials")
