"""Which release a night's figures are compared with, and that it stays as long as it may be asked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from dagster_project.lib import journal, previous_release, releases
from dagster_project.lib.candidate import MANIFEST, PARQUET, Manifest, TableFacts, read_manifest
from dagster_project.settings import House
from tests.gate.company import AS_OF, RUN, Company

MAY, JUNE, JULY = date(2026, 5, 31), date.fromisoformat(AS_OF), date(2026, 7, 31)


@pytest.fixture
def house(published: Company, copy_of: Callable[[Company], Company]) -> House:
    """A house with a release for 30 June."""
    return copy_of(published).house


def shown(house: House, release_id: str, as_of: date) -> None:
    """The same release once more, published as another night's."""
    folder = house.releases / release_id
    shutil.copytree(house.releases / RUN, folder)
    manifest = read_manifest(folder).model_copy(update={"run_id": release_id, "as_of": as_of})
    (folder / MANIFEST).chmod(0o644)
    (folder / MANIFEST).write_text(manifest.model_dump_json(), encoding="utf-8")
    note(house, "published", release_id)


def note(house: House, what: str, release_id: str) -> None:
    at = datetime.now(UTC).isoformat()
    journal.append(house.publications, {"at": at, "what": what, "release_id": release_id})
    house.current.unlink()
    house.current.symlink_to(house.releases / release_id)


def compared(house: House, as_of: date) -> str | None:
    found = releases.before(house, as_of)
    return found.release_id if found is not None else None


def test_a_first_night_is_compared_with_nothing(house: House) -> None:
    assert compared(house, JUNE) is None
    assert compared(House(house.root / "elsewhere"), JUNE) is None


def test_every_night_of_one_day_is_compared_with_the_newest_release_for_a_day_before(
    house: House,
) -> None:
    assert compared(house, JULY) == RUN
    shown(house, "july", JULY)
    assert compared(house, JULY) == RUN
    shown(house, "july-again", JULY)
    assert compared(house, JULY) == RUN
    assert compared(house, date(2026, 8, 1)) == "july-again"


def test_a_release_for_an_earlier_day_that_was_published_later_is_the_newest(house: House) -> None:
    shown(house, "july", JULY)
    shown(house, "may", MAY)
    assert compared(house, date(2026, 8, 1)) == "may"


def test_a_release_that_was_rolled_back_from_was_never_stated(house: House) -> None:
    shown(house, "wrong", JULY)
    note(house, "rolled back to", RUN)
    assert compared(house, date(2026, 8, 1)) == RUN
    # until somebody goes forward to it after all
    note(house, "rolled back to", "wrong")
    assert compared(house, date(2026, 8, 1)) == "wrong"


def test_a_damaged_release_is_passed_over(house: House) -> None:
    shown(house, "july", JULY)
    parquet = house.releases / "july" / PARQUET / "kpi_scorecard.parquet"
    parquet.chmod(0o644)
    parquet.write_bytes(parquet.read_bytes()[:-1])
    assert compared(house, date(2026, 8, 1)) == RUN
    parquet.unlink()
    assert compared(house, date(2026, 8, 1)) == RUN


def test_a_pruned_release_is_compared_with_no_more(house: House) -> None:
    shown(house, "july", JULY)
    shown(house, "august", date(2026, 8, 31))
    releases.remove(house, next(r for r in releases.list_releases(house) if r.release_id == "july"))
    assert compared(house, date(2026, 8, 31)) == RUN


def test_current_stands_also_when_nobody_wrote_it_down(house: House) -> None:
    house.publications.unlink()
    assert compared(house, JULY) == RUN


def test_however_often_a_night_is_repeated_what_it_is_compared_with_stays(house: House) -> None:
    for number in range(4):
        shown(house, f"july-{number}", JULY)
    going = [release.release_id for release in releases.surplus(house, 2)]
    assert going == ["july-0", "july-1"]
    assert compared(house, JULY) == RUN


def test_a_release_is_comparable_where_it_has_every_column_that_is_asked_for(house: House) -> None:
    manifest = read_manifest(house.releases / RUN)
    tables = {table.published_as: table for table in previous_release.tables()}
    calls = tables["fct_calls"]

    def having(columns: dict[str, str]) -> Manifest:
        facts = TableFacts(name="fct_calls", description="", columns=columns, rows=0, content="")
        return manifest.model_copy(update={"tables": (facts,)})

    whole = dict(calls.columns)
    assert previous_release.is_comparable(having(whole | {"of_newer_code": "varchar"}), calls)
    whole.popitem()
    assert not previous_release.is_comparable(having(whole), calls)
    assert not previous_release.is_comparable(having(whole), tables["fct_emails"])
