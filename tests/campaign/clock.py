"""A wall clock that jumps: set back, set forward, between nights and in the middle of one.

No process may set the machine's clock for a test, and a time namespace moves only the monotonic clocks. So
the clock is moved where the product reads it: in every module of the product that knows `datetime`, and in
`time.time`. Other processes of the night (dbt, the verifier) keep the true time, as if the jump fell
between their start and their parent's.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo

from dagster_project.lib import releases
from dagster_project.settings import Retention
from tests.gate.company import Company

_true_time, _true_time_ns = time.time, time.time_ns


class Clock:
    """How far the wall clock is off, and the `datetime` that tells it."""

    def __init__(self) -> None:
        self.off = timedelta()
        clock = self

        class Told(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Told:
                return cls.fromisoformat((datetime.now(tz) + clock.off).isoformat())

        self.told = Told


@contextmanager
def moved() -> Iterator[Clock]:
    """The product reads this clock while the context lasts."""
    clock = Clock()
    patched = []
    for name, module in list(sys.modules.items()):
        if name.startswith("dagster_project.") and vars(module).get("datetime") is datetime:
            patched.append(module)
            vars(module)["datetime"] = clock.told
    time.time = lambda: _true_time() + clock.off.total_seconds()
    time.time_ns = lambda: _true_time_ns() + int(clock.off.total_seconds() * 1e9)
    try:
        yield clock
    finally:
        time.time, time.time_ns = _true_time, _true_time_ns
        for module in patched:
            vars(module)["datetime"] = datetime


@dataclass
class Tally:
    """What was tried and what was found."""

    publications: int = 0
    rollbacks: int = 0
    back: int = 0
    problems: list[str] = field(default_factory=list)

    def told(self) -> str:
        return (
            f"publications by a jumping clock {self.publications} (set back before {self.back} of "
            f"them), rollbacks among them {self.rollbacks}; problems {len(self.problems)}"
        )


def jumping(
    company: Company,
    prepare: Callable[[Company, str], None],
    seed: int,
    times: int,
    kept: int = 3,
) -> Tally:
    """Publish and roll back by a clock that jumps before each; what is kept must follow the order of things.

    company: one release is published. prepare: makes a candidate of that run, judged.
    """
    chance = random.Random(seed)
    tally = Tally()
    settings = company.settings.model_copy(update={"retention": Retention(releases=kept)})
    company = replace(company, settings=settings)
    first = releases.current_release(company.house)
    assert first is not None
    order = [first.release_id]
    with moved() as clock:
        for number in range(times):
            before = clock.off
            clock.off = timedelta(hours=chance.choice((-9000, -300, -25, -1, 0, 1, 25, 300, 9000)))
            tally.back += clock.off < before
            run_id = f"20260630-{datetime.now() + clock.off:%Y%m%dT%H%M%S}{number:06}"
            prepare(company, run_id)
            releases.publish(company.house, company.settings)
            tally.publications += 1
            order.append(run_id)
            tally.problems += _unlike(company, order[-kept:], run_id)
            if chance.random() < 0.3:
                back = releases.rollback(company.house).release_id
                tally.rollbacks += 1
                tally.problems += _unlike(company, order[-kept:], order[-2])
                if back != order[-2]:
                    tally.problems.append(f"rolled back to {back}, before it was {order[-2]}")
                releases.rollback(company.house, run_id)
    return tally


def _unlike(company: Company, expected: list[str], current: str) -> Iterator[str]:
    found = releases.list_releases(company.house)
    if [release.release_id for release in found] != expected:
        yield f"kept {[release.release_id for release in found]}, published {expected}"
    if [release.release_id for release in found if release.is_current] != [current]:
        yield f"{current} is not current"
