"""However the files arrive and whatever is edited meanwhile, the marts are the same (architecture D4, D5).

One company's files are fixed (`nights.company`), and so is what may be edited (`nights.edits`). Hypothesis
tells stories: which night finds, loses and believes what. After the last night every file has come and
every text is final, and the marts must be those of a fresh house that found everything in one night with
`--full-refresh`. Nights are quick ones (`nights.quick`); the reference and two tests take whole nights.

CI tells the same few stories each time. Fresh ones, as many as wanted:

    KURA_EXAMPLES=60 .venv/bin/pytest tests/test_two_nights.py -k "any_order or any_story"
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, note, settings
from hypothesis import strategies as st

from dagster_project.lib import retention
from dagster_project.lib.contracts import Contracts, load_contracts
from dagster_project.lib.readings import IngestionResult
from dagster_project.lib.sources import load_sources
from dagster_project.settings import DBT_PROJECT, House, Retention, load_settings
from tests.harness import transform
from tests.nights.company import PLAN, company, file_names, write_company
from tests.nights.edits import EDITS, edited
from tests.nights.quick import Quick
from tests.nights.story import Story, forget, live, stories
from tests.nights.unlike import Difference

WANTED = "KURA_EXAMPLES"
_NUMBERS = count()


@dataclass(frozen=True)
class Library:
    """Every file in its final form, in a house of one whole night, and the comparison with it."""

    house: House
    files: tuple[str, ...]
    quick: Quick


@cache
def names() -> tuple[str, ...]:
    return file_names(company())


@cache
def contracts() -> Contracts:
    return load_contracts(DBT_PROJECT)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    house = House(tmp_path_factory.mktemp("nights") / "reference")
    house.root.mkdir()
    assert set(write_company(house)) == set(names())
    transform(house, PLAN.as_of, full_refresh=True)
    quick = Quick(house, house.root.parent)
    yield Library(house, names(), quick)
    quick.close()


def _unlike(library: Library, story: Story) -> list[Difference]:
    """What is not as in the reference after a story."""
    house = House(library.house.root.parent / f"story-{next(_NUMBERS)}")
    try:
        live(story, library.house, library.files, house, library.quick.night)
        library.quick.build(house)
        return library.quick.differences(house)
    finally:
        forget(house.root)


@settings(
    max_examples=int(os.environ.get(WANTED, "1")),
    derandomize=WANTED not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(story=st.deferred(lambda: stories(names())))
@example(
    Story(
        nights=2,
        late=(("sf", 2), ("planning", 2)),
        edits=(
            ("miitel-history: in Los Angeles", 1, 1),
            ("miitel-webhook: names say no instant", 1, 1),
            ("osaka: read as UTF-8", 1, 1),
        ),
        days_before=(7,),
    )
)
@example(
    Story(
        nights=2,
        late=(("sf/Lead_20261001T0030.csv.gz", 2), ("miitel-history", 2)),
        cleaned=(("sf", 1), ("miitel-webhook", 1), ("expo", 1), ("osaka", 1), ("hubspot", 1)),
        edits=(
            ("sf: outcome in another field", 1, 1),
            ("sf: in Los Angeles", 1, 1),
            ("osaka: tags not mapped", 1, 1),
            ("expo: another source", 1, 1),
            ("dispositions: connected was gatekeeper", 1, 1),
        ),
        days_before=(0,),
    )
)
def test_any_order_any_nights_any_edits_are_one_full_refresh(
    library: Library, story: Story
) -> None:
    # The first story Hypothesis tells is the plainest, and would be CI's only one.
    assume(story.late)
    problems = _unlike(library, story)
    for problem in problems:
        note(str(problem))
    assert not problems, "after the last night these are not the reference's: " + ", ".join(
        problem.table for problem in problems
    )


@settings(
    max_examples=6 * int(os.environ.get(WANTED, "1")),
    derandomize=WANTED not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(story=st.deferred(lambda: stories(names())))
def test_after_any_story_the_models_are_told_what_one_night_tells_them(
    library: Library, story: Story
) -> None:
    """Ingestion alone, so that many more stories can be told."""
    house = House(library.house.root.parent / f"read-{next(_NUMBERS)}")
    try:
        live(story, library.house, library.files, house, library.quick.read)
        problems = library.quick.read_differences(house)
    finally:
        forget(house.root)
    for problem in problems:
        note(str(problem))
    assert not problems, "told otherwise: " + ", ".join(problem.table for problem in problems)


@settings(
    max_examples=4 * int(os.environ.get(WANTED, "1")),
    derandomize=WANTED not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(story=st.deferred(lambda: stories(names())))
@example(
    Story(
        nights=3,
        cleaned=(("sf", 1), ("miitel-webhook", 1), ("expo", 1), ("osaka", 1), ("hubspot", 1)),
        edits=(
            ("sf: in Los Angeles", 2, 2),
            ("miitel-history: in Los Angeles", 2, 2),
            ("osaka: tags not mapped", 2, 2),
            ("osaka: read as UTF-8", 2, 2),
            ("expo: another source", 2, 2),
        ),
        days_before=(0, 0),
    )
)
def test_what_retention_takes_away_after_every_night_is_missed_by_none(
    library: Library, story: Story
) -> None:
    """Nothing superseded is kept for a day, whatever was deleted and edited meanwhile."""
    removed: list[retention.Item] = []
    keep = load_settings(library.house).model_copy(
        update={"retention": Retention(superseded_raw_days=0)}
    )

    def read_and_prune(house: House, as_of: date) -> IngestionResult:
        found = library.quick.read(house, as_of)
        removed.extend(retention.prune(house, keep, datetime.now(UTC)))
        return found

    house = House(library.house.root.parent / f"pruned-{next(_NUMBERS)}")
    try:
        live(story, library.house, library.files, house, read_and_prune)
        problems = library.quick.read_differences(house)
    finally:
        forget(house.root)
    note(f"{len(removed)} removed")
    assert not problems, "told otherwise: " + ", ".join(problem.table for problem in problems)


def test_a_whole_second_night_over_the_same_files_changes_nothing(library: Library) -> None:
    """By dbt itself, all models, in a house that was copied: every file is looked at once more."""
    house = House(library.house.root.parent / "copied")
    shutil.copytree(library.house.root, house.root)
    transform(house, PLAN.as_of)
    problems = library.quick.differences(house)
    forget(house.root)
    assert not problems, "\n".join(map(str, problems))


def _final(library: Library) -> dict[str, str]:
    return {
        edit.file: (library.house.root / edit.file).read_text(encoding="utf-8")
        for edit in EDITS.values()
    }


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_changes_its_file_and_is_allowed(
    library: Library, name: str, tmp_path: Path
) -> None:
    final = _final(library)
    texts = edited(final, [name])
    assert [file for file in texts if texts[file] != final[file]] == [EDITS[name].file]
    house = House(tmp_path)
    house.config.mkdir()
    house.house_file.write_text(texts["config/house.yml"], encoding="utf-8")
    house.sources_file.write_text(texts["config/sources.yml"], encoding="utf-8")
    load_settings(house)
    load_sources(house, contracts())
