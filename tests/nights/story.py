"""How one company's history may reach its house: which night finds, loses and believes what."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from hypothesis import strategies as st

from dagster_project.lib.readings import IngestionResult
from dagster_project.settings import House
from tests.nights.company import PLAN, arrive, folder_of
from tests.nights.edits import EDITS, edited

Night = Callable[[House, date], IngestionResult]


@dataclass(frozen=True)
class Story:
    """Nights are numbered from 1; in the last one every file has come and all texts are final.

    late: (file, or folder for all in it; the night that finds it), else the first does.
    cleaned: (file, the night after which it is deleted if it was read).
    edits: (edit, first and last night it is in force).
    days_before: how many days before the last night's as-of day each night reports.
    """

    nights: int
    late: tuple[tuple[str, int], ...] = ()
    cleaned: tuple[tuple[str, int], ...] = ()
    edits: tuple[tuple[str, int, int], ...] = ()
    days_before: tuple[int, ...] = ()

    def arrives(self, name: str) -> int:
        """The night that finds a file."""
        nights = [night for what, night in self.late if what in (name, folder_of(name))]
        return min(self.nights, max(nights, default=1))


@st.composite
def stories(draw: st.DrawFn, files: Sequence[str]) -> Story:
    """Any story over these files."""
    nights = draw(st.sampled_from([2, 3, 1]))
    if nights == 1:
        return Story(1)
    folders = sorted({folder_of(name) for name in files})
    exports = [name for name in files if folder_of(name) != "planning"]
    later, earlier = st.integers(2, nights), st.integers(1, nights - 1)
    late = st.tuples(st.sampled_from([*folders, *files]), later)
    cleaned = st.tuples(st.sampled_from([*sorted({*folders} - {"planning"}), *exports]), earlier)
    edits = st.tuples(st.sampled_from(sorted(EDITS)), earlier, earlier).map(
        lambda edit: (edit[0], min(edit[1:]), max(edit[1:]))
    )
    days = st.lists(st.sampled_from([0, 0, 0, 1, 7, 31]), min_size=nights - 1, max_size=nights - 1)
    return Story(
        nights,
        tuple(draw(st.lists(late, max_size=16, unique_by=lambda pair: pair[0]))),
        tuple(draw(st.lists(cleaned, max_size=4, unique_by=lambda pair: pair[0]))),
        tuple(draw(st.lists(edits, max_size=7, unique_by=lambda triple: triple[0]))),
        tuple(draw(days)),
    )


def live(story: Story, library: House, files: Sequence[str], house: House, night_of: Night) -> None:
    """Let a fresh house go through a story; `night_of` is what its nights do."""
    final = {
        edit.file: (library.root / edit.file).read_text(encoding="utf-8") for edit in EDITS.values()
    }
    for night in range(1, story.nights + 1):
        for name in files:
            if story.arrives(name) == night:
                arrive(library, house, name)
        in_force = [name for name, first, last in story.edits if first <= night <= last]
        _write(house, edited(final, in_force))
        before = story.days_before[night - 1] if night < story.nights else 0
        result = night_of(house, PLAN.as_of - timedelta(days=before))
        if night < story.nights:
            _clean(house, [what for what, last in story.cleaned if last == night], result)


def _write(house: House, texts: dict[str, str]) -> None:
    """The files people edit; a planning file only when it has arrived."""
    for file, text in texts.items():
        path = house.root / file
        if file.startswith("config/"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif path.is_file() and path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _clean(house: House, names: Sequence[str], result: IngestionResult) -> None:
    """Delete these exports, but none that could not be read: nothing is kept of such a file."""
    unread = {reading.receipt.path for reading in result.readings if reading.status == "rejected"}
    read = {reading.receipt.path for reading in result.readings} - unread
    for path in sorted(read):
        if path in names or folder_of(path) in names:
            (house.exports / path).unlink(missing_ok=True)


def forget(root: Path) -> None:
    """Remove a house that is not needed any more."""
    shutil.rmtree(root, ignore_errors=True)
