"""The SQL of speed to lead, as dbt compiled it, against libraries that know nothing of it.

Working time in zones whose clocks change against `zoneinfo`, quantiles of waits that are not over
against `scipy.stats.ecdf`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import duckdb
import pytest
from scipy.stats import CensoredData, ecdf

from tests.conftest import DemoNight
from tests.oracle.calendar import is_holiday
from tests.oracle.settings import Settings
from tests.oracle.speed import quantile
from tests.oracle.worktime import WorkingTime

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
# Sundays, when clocks change, are worked; what opens or closes in the hour that moves, too.
HOURS = [
    *((weekday, "09:00", "12:00") for weekday in range(1, 6)),
    *((weekday, "13:00", "18:30") for weekday in range(1, 6)),
    (6, "22:00", "24:00"),
    (7, "00:00", "01:20"),
    (7, "01:30", "02:10"),
    (7, "02:15", "02:45"),
    (7, "03:00", "05:00"),
]
ZONES = (
    "Asia/Tokyo", "America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Havana",
    "Asia/Beirut", "America/St_Johns", "Pacific/Chatham",
)  # fmt: skip


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty warehouse with the schemas of the models."""
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse; use warehouse")
        for schema in ("staging", "activity", "marts"):
            connection.execute(f"create schema {schema}")
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def compiled(night: DemoNight, model: str) -> str:
    """The SQL of a model."""
    path = night.house.dbt_target / "run_results.run.json"
    (sql,) = (
        item["compiled_code"]
        for item in json.loads(path.read_text(encoding="utf-8"))["results"]
        if item["unique_id"].endswith(f".{model}")
    )
    return str(sql)


@pytest.mark.parametrize("zone", ZONES)
def test_openings_are_the_same_instants_as_by_zoneinfo(
    zone: str, warehouse: duckdb.DuckDBPyConnection, demo_night: DemoNight
) -> None:
    warehouse.execute(
        "create table activity.act_settings as select ? as reporting_timezone, "
        "cast(null as interval) as reporting_offset",
        [zone],
    )
    warehouse.execute(
        """create table activity.act_dates as
        select cast(day as date) as date, cast(isodow(day) as integer) as weekday,
            false as is_business_day, null::varchar as holiday_name, false as is_company_holiday
        from range(?::date, ?::date + 1, interval 1 day) as days (day)""",
        [FIRST, LAST],
    )
    warehouse.execute(
        """create table staging.stg_planning__working_hours (valid_from date, weekday integer,
        opens varchar, closes varchar, extracted_at timestamp, file_id varchar, reject_reason varchar);
        create table staging.stg_kura__default_working_hours (opens varchar, closes varchar)"""
    )
    for hours in HOURS:
        warehouse.execute(
            "insert into staging.stg_planning__working_hours values (?, ?, ?, ?, null, 'f', null)",
            [FIRST, *hours],
        )
    for model in ("act_clock_spans", "act_business_hours"):
        sql = compiled(demo_night, model)
        warehouse.execute(f"create table activity.{model} as ({sql}\n)")
    rows = warehouse.execute(
        "select date, opens_at, closes_at from activity.act_business_hours order by opens_at"
    ).fetchall()
    # The table of dates above has no holidays, the oracle has Japan's.
    theirs = [(day, opens, closes) for day, opens, closes in rows if not is_holiday(day)]
    ours = _openings(zone)
    assert theirs == ours


def _openings(zone: str) -> list[tuple[date, datetime, datetime]]:
    records = {
        "planning.working_hours": [
            {"valid_from": FIRST, "weekday": weekday, "opens": opens, "closes": closes}
            for weekday, opens, closes in HOURS
        ]
    }
    hours = WorkingTime(records, Settings(timezone=zone))
    return [
        (day, opens.astimezone(UTC).replace(tzinfo=None), closes.replace(tzinfo=None))
        for day in (FIRST + timedelta(days=i) for i in range((LAST - FIRST).days + 1))
        for opens, closes in hours.openings(day)
    ]


def test_quantiles_of_open_waits_are_those_of_scipy(
    warehouse: duckdb.DuckDBPyConnection, demo_night: DemoNight
) -> None:
    """A rep for every sample: few and many, tied, all answered, none answered, most of them open."""
    draw = random.Random("waits")
    samples = {
        f"r{number:03d}": [
            (draw.choice((60, 120, 300)) if number % 3 == 0 else draw.randrange(1, 5000),
             draw.random() < draw.choice((0, 0.3, 0.6, 1)))
            for _ in range(draw.choice((1, 2, 3, 10, 200)))
        ]
        for number in range(120)
    }  # fmt: skip
    warehouse.execute(
        """create table activity.act_dates as select date '2026-06-01' as date,
            date '2026-06-01' as week_start, date '2026-06-01' as month_start,
            date '2026-04-01' as quarter_start, date '2026-04-01' as fiscal_year_start;
        create table marts.kpi_scorecard (period_type varchar, period_start date, period_end date,
            is_period_over boolean, scope_type varchar, scope_key varchar, metric varchar,
            value double, covered_days bigint, uncovered_days bigint, status varchar);
        create table activity.act_hand_raises (raised_on date, rep_id varchar, team varchar,
            business_unit varchar, motion varchar, channel varchar, campaign varchar,
            is_linked boolean, is_attempted boolean, is_connected boolean,
            seconds_to_attempt bigint, seconds_to_connect bigint, seconds_to_end bigint)"""
    )
    for rep, waits in samples.items():
        warehouse.execute(
            """insert into marts.kpi_scorecard values ('week', date '2026-06-01', date '2026-06-07',
            true, 'rep', ?, 'hand_raise_attempted_share', 1, 7, 0, 'ok')""",
            [rep],
        )
        warehouse.executemany(
            """insert into activity.act_hand_raises select date '2026-06-01', ?, 'East', 'A', 'sdr',
            'Web', '(none)', true, ?, false, ?, null, ?""",
            [
                (rep, is_over, seconds if is_over else None, 99999 if is_over else seconds)
                for seconds, is_over in waits
            ],
        )
    rows = warehouse.execute(compiled(demo_night, "kpi_speed_to_lead")).fetchall()
    columns = [column[0] for column in warehouse.description or ()]
    found = {
        row["scope_key"]: row for row in (dict(zip(columns, row, strict=True)) for row in rows)
    }
    assert found.keys() == samples.keys()
    for rep, waits in samples.items():
        for name, share in (("median", Fraction(1, 2)), ("p90", Fraction(9, 10))):
            published = found[rep][f"{name}_business_minutes_to_attempt"]
            seconds = None if published is None else round(published * 60)
            assert seconds == _by_scipy(waits, float(1 - share)), (rep, name)
            assert seconds == quantile(waits, share), (rep, name)


def _by_scipy(waits: list[tuple[int, bool]], share: float) -> int | None:
    """The first wait after which no more than this share still waits."""
    data = CensoredData(
        uncensored=[seconds for seconds, is_over in waits if is_over],
        right=[seconds for seconds, is_over in waits if not is_over],
    )
    survival = ecdf(data).sf
    reached = (
        int(seconds)
        for seconds, still in zip(survival.quantiles, survival.probabilities, strict=True)
        if still <= share + 1e-9
    )
    return next(reached, None)
