"""Whatever a company's systems say, in whichever files and nights: the marts are the same (D5).

`test_two_nights` takes one company's files as they are. Here hypothesis draws the company: which versions
of which records were ever exported (corrections, archived and deleted records, merges, late links), in
which files of which extracts, how those are packed and copied, which night finds them, and what is edited
in between (`nights.tale`). Two things must hold of every tale: its marts are those of a fresh house that
finds the same files in one night, and they do not depend on which file of an extract a record stands in.

Many companies lie side by side in one house (`nights.houseful`). A failing one is cut down until nothing
of it can be spared (`nights.smallest`), and is printed. CI tells the same tales each time. More of them:

    KURA_EXAMPLES=20 .venv/bin/pytest tests/test_small_companies.py -k any_company
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from dagster_project.lib.readings import IngestionResult
from dagster_project.lib.sources import load_sources
from dagster_project.settings import House, load_settings
from tests.nights.houseful import HOUSE_EDITS, Houseful, live
from tests.nights.judge import Judge, Unlike
from tests.nights.quick import Quick
from tests.nights.smallest import smallest
from tests.nights.tale import Comes, Edited, Tale, Told, tales, whole
from tests.nights.world_edits import EDITS
from tests.test_two_nights import WANTED, contracts

COMPANIES = 12
_TOLD_HERE = settings(
    max_examples=int(os.environ.get(WANTED, "1")),
    derandomize=WANTED not in os.environ,
    database=None,
    deadline=None,
    phases=[Phase.generate],  # what fails is cut down by `smallest`
    suppress_health_check=list(HealthCheck),
)


@st.composite
def housefuls(draw: st.DrawFn) -> Houseful:
    edits = st.lists(st.sampled_from(sorted(HOUSE_EDITS)), max_size=2, unique=True)
    days = st.lists(st.sampled_from([0, 0, 1, 7]), min_size=3, max_size=3)
    told = tuple(draw(tales()) for _ in range(COMPANIES))
    # The first example Hypothesis draws is the plainest, and would be the only one in CI.
    assume(len(set(told)) == COMPANIES)
    return Houseful(told, tuple(draw(edits)), tuple(draw(days)))


@pytest.fixture
def judge(quick: Quick, tmp_path: Path) -> Judge:
    return Judge(quick, tmp_path)


@_TOLD_HERE
@given(houseful=housefuls())
def test_any_company_in_any_nights_is_one_full_refresh(judge: Judge, houseful: Houseful) -> None:
    _none_fails(judge.by_arrival, houseful)


@_TOLD_HERE
@given(houseful=housefuls())
def test_any_company_says_the_same_in_whichever_files_of_an_extract(
    judge: Judge, houseful: Houseful
) -> None:
    _none_fails(judge.by_split, houseful)


def _none_fails(judged: Callable[[Houseful], Unlike], houseful: Houseful) -> None:
    """Raise with the smallest tale of a company that fails, if one does."""
    unlike = judged(houseful)
    if not unlike:
        return
    place = min(unlike, key=lambda place: len(houseful.tales[place].pieces))
    tale, told = _cut_down(judged, houseful, houseful.tales[place])
    pytest.fail(
        f"{len(unlike)} of {len(houseful.tales)} companies. The smallest tale of one of them:\n"
        f"{_said(told)}{tale}\n" + "\n".join(judged(replace(told, tales=(tale,)))[0])
    )


def _cut_down(
    judged: Callable[[Houseful], Unlike], houseful: Houseful, tale: Tale
) -> tuple[Tale, Houseful]:
    """The smallest tale, and the houseful it fails in: one in which nothing is edited, if that will do."""
    plain = Houseful((tale,))
    told = plain if judged(plain) else replace(houseful, tales=(tale,))

    def fails(candidates: Sequence[Tale]) -> list[bool]:
        unlike = judged(replace(told, tales=tuple(candidates)))
        return [place in unlike for place in range(len(candidates))]

    return smallest(tale, fails, COMPANIES), told


def _said(houseful: Houseful) -> str:
    said = [
        *houseful.house_edits,
        *(f"{days} days before" for days in houseful.days_before if days),
    ]
    return f"(before the last night: {', '.join(said)})\n" if said else ""


# --- the tests can fail --------------------------------------------------------------------------


@dataclass
class Spoiler:
    """A planted defect of what staging keeps: rows that a condition names leave after every night.

    condition: SQL over the model's rows and `is_late`: whether its file came after the first night.
    """

    model: str
    condition: str
    _seen: dict[Path, set[str]] = field(default_factory=dict)

    def __call__(self, house: House) -> None:
        with duckdb.connect(str(house.work_database)) as connection:
            rows = connection.execute(f"select distinct file_id from staging.{self.model}")
            punctual = self._seen.setdefault(house.root, {str(row[0]) for row in rows.fetchall()})
            connection.execute(
                f"""delete from staging.{self.model} as staged
                where not list_contains(?, file_id) and {self.condition}""",
                [sorted(punctual)],
            )


KEEPS_THE_FIRST = Spoiler(
    "stg_hubspot__contacts",
    """exists (
        select 1 from staging.stg_hubspot__contacts as kept
        where kept.source_id = staged.source_id and kept.person_id = staged.person_id
            and kept.file_id <> staged.file_id
    )""",
)
FORGETS_LATE_LINKS = Spoiler("stg_hubspot__associations", "true")

_SPOILT = {
    "a house that keeps the first version of a contact": (
        KEEPS_THE_FIRST,
        (
            Told("contact 1", 0),
            Told("contact 1 with number 3", 1, 1),
            Told("contact 2", 0, 1),
            Comes("contacts_20260603_b", night=2),
        ),
        """
  night 1: contacts_20260520_a holds contact 1
  night 2: contacts_20260603_b holds contact 1 with number 3
marts.""",
    ),
    "a house that forgets late associations": (
        FORGETS_LATE_LINKS,
        (
            Told("contact 1", 0),
            Told("contact 2", 0),
            Told("call 1", 0),
            Told("call 1 was with contact 2", 0),
            Comes("associations_20260520_a", night=2, form=".gz"),
        ),
        """
  night 1: contacts_20260520_a holds contact 2
  night 1: calls_20260520_a holds call 1
  night 2: associations_20260520_a holds call 1 was with contact 2
marts.""",
    ),
}
_IN_CI = ("a house that forgets late associations",)


@pytest.mark.parametrize("name", _SPOILT if WANTED in os.environ else _IN_CI)
def test_a_planted_defect_is_found_and_told_by_the_smallest_tale(judge: Judge, name: str) -> None:
    judge.spoil, pieces, told = _SPOILT[name]
    with pytest.raises(pytest.fail.Exception) as failed:
        _none_fails(judge.by_arrival, Houseful((Tale("portal", 2, pieces),)))
    assert told in str(failed.value)


def test_the_smallest_tale_is_found_whatever_it_takes() -> None:
    """Two sayings of which the second comes late, among everything else there is to say."""
    portal = whole("portal")
    late = (Comes("deals_20260616_a", 3, ".zip", 2, ".gz", 2), Comes("contacts_20260520_a", 2))
    asked: list[int] = []

    def fails(tales: Sequence[Tale]) -> list[bool]:
        asked.append(len(tales))
        return [
            {"contact 2", "deal 1 won for more"} <= {piece.what for piece in tale.told}
            and tale.comes("deals_20260616_a").night > 1
            for tale in tales
        ]

    found = smallest(replace(portal, nights=4, pieces=(*portal.pieces, *late)), fails, COMPANIES)
    assert str(found) == (
        "A company with portal and a telephone, 2 nights:\n"
        "  night 1: contacts_20260520_a holds contact 2\n"
        "  night 2: deals_20260616_a holds deal 1 won for more"
    )
    assert len(asked) < 30
    assert max(asked) <= COMPANIES


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for name, edit in EDITS.items() for kind in edit.kinds]
)
def test_every_edit_of_a_small_company_is_another_night_and_allowed(
    kind: str, name: str, tmp_path: Path
) -> None:
    tale = replace(whole(kind), nights=2, pieces=(Edited(name, 1, 1),))
    first, last = _read_by_nights(Houseful((tale,)), House(tmp_path))
    assert first != last


@pytest.mark.parametrize("name", HOUSE_EDITS)
def test_every_edit_of_the_house_is_another_night_and_allowed(name: str, tmp_path: Path) -> None:
    tale = replace(whole("portal"), nights=2, pieces=())
    first, last = _read_by_nights(Houseful((tale,), (name,)), House(tmp_path))
    assert first != last


def _read_by_nights(houseful: Houseful, house: House) -> list[dict[str, str]]:
    """Texts of configuration and planning in each night, which must be allowed."""
    found: list[dict[str, str]] = []

    def night(house: House, _as_of: date) -> IngestionResult:
        load_settings(house)
        load_sources(house, contracts())
        paths = [*house.config.iterdir(), *(house.exports / "planning").iterdir()]
        found.append({path.name: path.read_text(encoding="utf-8") for path in paths})
        return IngestionResult((), (), ())

    live(houseful, house, night)
    return found
