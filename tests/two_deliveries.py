"""A company of hand-made records before and after its second delivery, and what moved in between.

Nights for 31 May and 30 June of one house: the second with what had come by then, or with an edit alone.
Who does what, and which figures that moves, is said by the test modules.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from dagster_project.settings import House
from tests.cases import file_name
from tests.cases.houses import CaseHouse
from tests.cases.scene import TOKYO, Record, Scene, day
from tests.harness import deliver, make_house, publish_unjudged, query
from tests.nights.quick import Quick

FIRST, SECOND = day(5, 31), day(6, 30)
_NUMBERS = count()

Row = dict[str, Any]


@dataclass
class Company:
    """Its records with the day each was delivered, and planning as it lies there."""

    scene: Scene
    planning: dict[str, list[Record]] = field(default_factory=dict)

    def again(self, object_name: str, identity: str, at: datetime, **changes: Any) -> None:
        """A newer version of a record, delivered now."""
        row = next(row for row in self.scene.records[object_name] if row.get("Id") == identity)
        newer = deepcopy(row) | changes | {"SystemModstamp": at}
        newer["_delivered"] = self.scene.as_of.fromordinal(self.scene.as_of.toordinal() + 1)
        self.scene.records[object_name].append(newer)

    def files(self, until: date) -> dict[str, list[Record]]:
        """What was delivered by the night of this day, in its files."""
        positions: dict[str, int] = defaultdict(int)
        found: dict[str, list[Record]] = defaultdict(list)
        planned = {
            name: [{**row, "_delivered": FIRST} for row in rows]
            for name, rows in self.planning.items()
        }
        for name, rows in (*self.scene.records.items(), *planned.items()):
            for row in rows:
                delivered = row["_delivered"]
                if delivered.toordinal() > until.toordinal() + 1:
                    continue
                system, file = name.split(".")[0], file_name(name, delivered)
                positions[file] += 1
                midnight = datetime.combine(delivered, datetime.min.time(), tzinfo=TOKYO)
                found[name].append(
                    {key: value for key, value in row.items() if key != "_delivered"}
                    | {
                        "_source_id": system,
                        "_file": f"{system}/{file}",
                        "_extracted_at": midnight.astimezone(UTC),
                        "_record": positions[file],
                    }
                )
        return found


class Played(Protocol):
    """Who does what in a company."""

    @property
    def company(self) -> Company: ...


C = TypeVar("C", bound=Played)


@dataclass(frozen=True)
class Houses(Generic[C]):
    """The house after the night for 31 May, and copies of it that go on in their own way."""

    first: House
    cast: C
    quick: Quick

    def after(
        self, *, exports: bool, edit: Callable[[House, Company], None] | None = None
    ) -> House:
        """A copy after the night for 30 June: with what had come by then, or with the edit alone."""
        house = House(self.first.root.with_name(f"second-{next(_NUMBERS)}"))
        shutil.copytree(self.first.root, house.root, symlinks=True)
        house.current.unlink()
        (release,) = house.releases.iterdir()
        house.current.symlink_to(release)
        company = deepcopy(self.cast.company)
        if edit is not None:
            edit(house, company)
        deliver(house, company.files(SECOND if exports else FIRST))
        self.quick.marts(house, SECOND)
        return house


def first_night(cast: C, made: CaseHouse, root: Path, quick: Quick) -> Houses[C]:
    """The house after the night for 31 May, published."""
    house = make_house(root, made.house_yml, made.sources_yml)
    deliver(house, cast.company.files(FIRST))
    quick.marts(house, FIRST)
    publish_unjudged(house)
    return Houses(house, cast, quick)


def moved(house: House, scope_key: str, *metrics: str, scope_type: str = "rep") -> list[Row]:
    """Rows of May, in order of metric and cause."""
    return query(
        house,
        f"""
        select metric, cause, things, old_numerator, new_numerator, numerator_part, denominator_part
        from marts.kpi_restatements
        where period_type = 'month' and period_start = date '2026-05-01' and scope_type = ?
            and scope_key = ? and metric in ({", ".join("?" * len(metrics))})
        order by metric, cause
        """,
        [scope_type, scope_key, *metrics],
    )


def row(
    metric: str,
    cause: str,
    things: int | None,
    old: float | None,
    new: float | None,
    part: float,
    below: float | None,
) -> Row:
    names = (
        "metric", "cause", "things", "old_numerator", "new_numerator", "numerator_part",
        "denominator_part",
    )  # fmt: skip
    return dict(zip(names, (metric, cause, things, old, new, part, below), strict=True))
