"""Says of tales whether they end as they must: a houseful of them at a time.

A row that differs bears the mark of its company. Where no row does (a figure of the whole house), every
company is asked alone. Nothing is asked twice.
"""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, Final

from dagster_project.lib.readings import IngestionResult
from dagster_project.settings import House
from tests.nights.houseful import Houseful, live
from tests.nights.quick import Quick
from tests.nights.tale import at_once, gathered
from tests.nights.unlike import SET_ASIDE, Difference
from tests.nights.world import FIRST_NUMBER

# Numbers from FIRST_NUMBER on in any id; see `world.mark_of` and the ids of `tests.cases.scene`.
_MARK: Final = re.compile(r"(?:w|KURA0C)(9\d\d)", re.IGNORECASE)
# Where a row was read, and what is said of files, is another thing when records lie in other files.
_OF_THE_FILES: Final = ("source_file_id", "source_file", "source_record")
_ABOUT_FILES: Final = ("marts.kpi_data_quality", SET_ASIDE)
# Rows that no other company has a part in; whether a figure is covered, all of a house decide.
_COMPANYS_OWN: Final = ("marts.fct_", *_ABOUT_FILES)

# Per company (its place in the houseful) what differs, in words.
Unlike = dict[int, list[str]]


@dataclass
class Judge:
    """Says of each tale of a houseful whether it ends as it must.

    spoil: a planted defect, done to the house after each of its nights.
    """

    quick: Quick
    root: Path
    spoil: Callable[[House], None] | None = None
    _numbers: Iterator[int] = field(default_factory=count, repr=False)
    _known: dict[tuple[Houseful, Houseful], Unlike] = field(default_factory=dict, repr=False)

    def by_arrival(self, houseful: Houseful) -> Unlike:
        """Tales that end otherwise than the same files read in one night by a fresh house."""
        fresh = Houseful(tuple(map(at_once, houseful.tales)))
        return self._judged(houseful, fresh, self.by_arrival)

    def by_split(self, houseful: Houseful) -> Unlike:
        """Tales whose files, gathered to one per object and extract, give other marts in one night."""
        split = Houseful(tuple(map(at_once, houseful.tales)), phones_told_covered=True)
        one_each = replace(split, tales=tuple(map(gathered, houseful.tales)))
        return self._judged(split, one_each, self.by_split, _OF_THE_FILES, _ABOUT_FILES)

    def _judged(
        self,
        told: Houseful,
        reference: Houseful,
        judge: Callable[[Houseful], Unlike],
        without: Sequence[str] = (),
        but: Sequence[str] = (),
    ) -> Unlike:
        key = (told, reference)
        if key not in self._known:
            found = [
                difference
                for difference in self._differences(told, reference, without)
                if difference.table not in but
            ]
            self._known[key] = self._by_company(found, told, judge)
        return self._known[key]

    def _differences(
        self, told: Houseful, reference: Houseful, without: Sequence[str]
    ) -> list[Difference]:
        with self._built(told) as house, self._built(reference) as other:
            return self.quick.differences(house, other, without)

    def _by_company(
        self, found: list[Difference], told: Houseful, judge: Callable[[Houseful], Unlike]
    ) -> Unlike:
        if not found:
            return {}
        if len(told.tales) == 1:
            return {0: [str(difference) for difference in found]}
        own = [difference for difference in found if difference.table.startswith(_COMPANYS_OWN)]
        marked = _marked(own) or _marked(found)
        if marked:
            return marked
        alone = [judge(replace(told, tales=(tale,))) for tale in told.tales]
        return {place: unlike[0] for place, unlike in enumerate(alone) if unlike}

    @contextmanager
    def _built(self, houseful: Houseful) -> Iterator[House]:
        house = House(self.root / f"houseful-{next(self._numbers)}")
        try:
            live(houseful, house, self._night)
            self.quick.build(house)
            yield house
        finally:
            shutil.rmtree(house.root, ignore_errors=True)

    def _night(self, house: House, as_of: date) -> IngestionResult:
        result = self.quick.night(house, as_of)
        if self.spoil is not None:
            self.spoil(house)
        return result


def _marked(found: Sequence[Difference]) -> Unlike:
    """Differences by the company whose mark a row bears."""
    unlike: Unlike = defaultdict(list)
    for difference in found:
        rows: dict[int, tuple[list[Any], list[Any]]] = defaultdict(lambda: ([], []))
        for side, of_side in enumerate((difference.missing, difference.too_many)):
            for row in of_side:
                for number in {int(mark) for mark in _MARK.findall(" ".join(map(str, row)))}:
                    rows[number - FIRST_NUMBER][side].append(row)
        for place, (missing, too_many) in rows.items():
            own = replace(difference, missing=tuple(missing), too_many=tuple(too_many))
            unlike[place].append(str(own))
    return dict(unlike)
