"""What every attack on a house shares: copies of a stock, somebody who looks, a last night that is right."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from dagster_project.settings import House
from tests.campaign.houses import Stock, forget, right
from tests.campaign.onlooker import Seen, left_behind, look
from tests.campaign.victim import Victims


@dataclass
class Tally:
    """What was tried and what was found. looks: of a fresh process. nights: whole ones, found right."""

    looks: int = 0
    nights: int = 0
    problems: list[str] = field(default_factory=list)


T = TypeVar("T", bound=Tally)


class Attack(Generic[T]):
    """Houses broken one after another. ends: the last night; what of its release is wrong."""

    tally_of: type[T]

    def __init__(
        self,
        stock: Stock,
        victims: Victims,
        seed: int,
        *,
        say: Callable[[str], None] = print,
        ends: Callable[[House], list[str]] | None = None,
    ) -> None:
        self.tally = self.tally_of()
        self._stock = stock
        self._victims = victims
        self._ends = ends or (lambda house: right(house, stock.reference))
        self._random = random.Random(seed)
        self._say = say

    def _look(self, house: House) -> tuple[Seen, list[str]]:
        """What readers see after an attack, and everything wrong: somebody goes on working, too."""
        self.tally.looks += 1
        lingering = left_behind(house.root)
        seen = look(house.root)
        return seen, [*lingering, *seen.problems]

    def _end(self, house: House, found: list[str], told: str) -> None:
        """The last night; count and tell what was found, and forget the house if that is nothing."""
        wrong = self._ends(house)
        if not wrong:
            self.tally.nights += 1
        problems = [*found, *wrong, *self._look(house)[1]]
        self.tally.problems += [f"{house.root.name}: {text}" for text in problems]
        self._say(f"{house.root.name}: {told}: {'; '.join(problems) or 'right'}")
        if not problems:
            forget(house)
