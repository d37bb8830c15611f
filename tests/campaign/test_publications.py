"""Publications in bulk: under readers, by a jumping clock, and days and names that must hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dagster_project.lib import releases
from dagster_project.lib.audit import read_audit
from dagster_project.lib.errors import ConfigError
from dagster_project.lib.night import Night, default_as_of
from dagster_project.lib.releases import PublicationRefused
from dagster_project.settings import House, Settings
from tests.campaign import clock, readers
from tests.gate.company import Company
from tests.nights.company import write_company


def prepare_like_the_first(company: Company, run_id: str) -> None:
    readers.stamped(company, run_id, read_audit(company.house.current.resolve()))


def test_every_question_of_every_reader_is_answered_by_exactly_one_release(
    readers_company: Company,
) -> None:
    found = readers.run(readers_company, publications=6, readers=2)
    assert found.problems == ()
    assert found.questions > 10
    assert found.releases_seen > 2


def test_a_mixture_would_be_seen(readers_company: Company, tmp_path: Path) -> None:
    """The measure itself: two releases differ, and one under the other's name is found out."""
    house = readers_company.house
    first = readers.fingerprint(house.current / "warehouse.duckdb")
    prepare_like_the_first(readers_company, "20260630-20260801T000000000000")
    releases.publish(house, readers_company.settings)
    second = readers.fingerprint(house.current / "warehouse.duckdb")
    assert first[1] != second[1]
    log = tmp_path / "log"
    log.write_text(f'{{"holds": false, "release": "{first[0]}", "content": "{second[1]}"}}\n')
    assert "mixture" in readers.judged(1, dict([first, second]), [log]).problems[0]


def test_a_jumping_clock_changes_no_order_and_loses_no_release(readers_company: Company) -> None:
    tally = clock.jumping(readers_company, prepare_like_the_first, seed=4, times=6)
    assert tally.problems == []
    assert tally.back
    assert tally.rollbacks


def test_a_second_run_of_the_same_name_never_takes_the_place_of_the_first(
    readers_company: Company,
) -> None:
    """A clock set back may give two nights one name."""
    run_id = "20260630-20260801T000000000000"
    prepare_like_the_first(readers_company, run_id)
    releases.publish(readers_company.house, readers_company.settings)
    before = readers.fingerprint(readers_company.house.current / "warehouse.duckdb")
    prepare_like_the_first(readers_company, run_id)
    with pytest.raises(PublicationRefused, match="kept already"):
        releases.publish(readers_company.house, readers_company.settings)
    assert readers.fingerprint(readers_company.house.current / "warehouse.duckdb") == before


@pytest.mark.parametrize(
    "zone",
    ["Asia/Tokyo", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"],
)
def test_the_day_of_a_night_is_always_the_one_before_its_local_date(zone: str) -> None:
    """Every half hour of a year with both changes of the clock."""
    settings = Settings.model_validate({"company_name": "蔵", "reporting": {"timezone": zone}})
    local = ZoneInfo(zone)
    days = set()
    for half_hours in range(2 * 24 * 366):
        now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * half_hours)
        day = default_as_of(settings, now)
        assert day == now.astimezone(local).date() - timedelta(days=1)
        days.add(day)
    assert len(days) == (max(days) - min(days)).days + 1, "a day was left out"


def test_a_clock_set_back_before_the_day_of_the_night_runs_nothing(tmp_path: Path) -> None:
    house = House(tmp_path)
    write_company(house)
    with clock.moved() as wrong:
        wrong.off = datetime(2026, 9, 15, tzinfo=UTC) - datetime.now(UTC)
        with pytest.raises(ConfigError, match="is not over yet"):
            Night(house)
        with pytest.raises(ConfigError, match="is not over yet"):
            Night(house, as_of=date(2026, 9, 15))
        Night(house, as_of=date(2026, 9, 14))
