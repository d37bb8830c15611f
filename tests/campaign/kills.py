"""kill -9 of a night, of its dbt child, of `kpi rollback` and `kpi prune`, at any point of any stage.

A chain begins with a copy of a prepared house, suffers some kills, and ends with a whole night that must
give what an undisturbed night gives. After every kill the release readers see must be whole and either
the one before or the one on its way, and nobody may go on working in the house. Two kinds of kill: at a
random moment after a stage was announced (whatever is running then, DuckDB and Dagster included), and at
the n-th thing done to a file of the house (`victim`), because flip, prune and rollback take milliseconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from dagster_project.settings import PROJECT_ROOT, House
from tests.campaign import attack
from tests.campaign.attack import Attack
from tests.campaign.houses import Stock, forget
from tests.campaign.onlooker import unlike
from tests.campaign.victim import Fate, Moment, Victims

# How the command announces its stages.
_ANNOUNCED = {
    "Reading exports": "ingestion",
    "Building KPIs": "transformation",
    "Making the candidate": "candidate",
    "Checking": "gate",
    "Publishing": "publication",
}
_CHILD = "dagster_project.lib.dbt_child"
DBT = "dbt child"
# A night takes a minute, on a machine with other work a quarter of an hour.
_PATIENCE = 1800
STEPS = ("steps", "candidate", "gate", "publication")
_PRUNE = ("prune",)
_ROLLBACK = ("rollback",)


@dataclass
class Tally(attack.Tally):
    """What was tried and what was found."""

    hits: Counter[str] = field(default_factory=Counter)
    missed: int = 0

    @property
    def kills(self) -> int:
        return sum(self.hits.values())

    def told(self) -> str:
        stages = ", ".join(f"{stage} {count}" for stage, count in self.hits.most_common())
        return (
            f"kills {self.kills} ({stages}); ended before they were killed {self.missed}; "
            f"releases looked at in a fresh process {self.looks}; "
            f"complete nights afterwards equal to the reference {self.nights}; "
            f"problems {len(self.problems)}"
        )


@dataclass(frozen=True)
class Kill:
    """One kill to come. share: how far into its stage, or into its events, 0 to 1."""

    what: tuple[str, ...]
    stage: str
    share: float
    by_event: bool = False


class Campaign(Attack[Tally]):
    """Chains of kills over copies of a stock."""

    tally_of = Tally

    @cached_property
    def _seconds(self) -> dict[str, float]:
        """Longest seen, so that a moment late in a stage can be drawn."""
        stages = {"ingestion": 1.5, "transformation": 20.0, "candidate": 0.8, "gate": 4.0}
        return stages | {"publication": 1.2, DBT: 20.0}

    # What a chain may be made of -----------------------------------------------------------------

    def chains(self) -> Iterator[tuple[House, list[Kill]]]:
        """Chains for ever, in turn: killed nights, steps, publications, rollbacks and prunings."""
        draw = self._random.random
        while True:
            yield self._stock.waiting, [self._of_night() for _ in range(4)]
            early = [name for name in ("candidate", "gate") for _ in range(4)]
            yield (
                self._stock.made,
                [
                    *(self._of_steps(name, draw()) for name in early),
                    *(self._of_steps("publication", self._early()) for _ in range(2)),
                    *(self._publication_alone() for _ in range(2)),
                ],
            )
            yield self._stock.waiting, [*(self._rollback() for _ in range(8)), self._of_night()]
            yield (
                self._stock.made,
                [
                    self._of_steps("publication", 0.6 + 0.4 * draw()),
                    self._publication_alone(),
                    *(self._rollback() for _ in range(5)),
                ],
            )
            if self._stock.crowded is not None:
                yield self._stock.crowded, [*(self._prune() for _ in range(4)), self._of_night()]

    def _of_night(self) -> Kill:
        stage = self._random.choices(
            [*self._seconds], weights=[4, 3, 1, 1, 1, 4][: len(self._seconds)]
        )[0]
        return Kill(("run",), stage, self._random.random())

    def _of_steps(self, stage: str, share: float) -> Kill:
        by_event = stage == "publication" or self._random.random() < 0.6
        return Kill(STEPS, stage, share, by_event)

    def _early(self) -> float:
        """Most of what a publication does to files is removing old ones; the flip is an eighth in."""
        return self._random.betavariate(2, 12)

    def _publication_alone(self) -> Kill:
        """Somebody publishes what the kill before it left."""
        return Kill(("steps", "publication"), "publication", self._early(), True)

    def _rollback(self) -> Kill:
        """Each goes to the release that is not shown, so that there is one to go to."""
        return Kill(_ROLLBACK, "rollback", self._random.random(), True)

    def _prune(self) -> Kill:
        """Each leaves less for the next one."""
        return Kill(_PRUNE, "kpi prune", self._random.random() / 3, True)

    # One chain -----------------------------------------------------------------------------------

    def run(self, kills: int) -> Tally:
        """Chains until so many kills were made."""
        for number, (prepared, chain) in enumerate(self.chains()):
            if self.tally.kills >= kills:
                break
            self.chain(prepared, chain, f"chain-{number}")
        return self.tally

    def through_the_flip(self) -> Tally:
        """A publication killed at one thing it does to a file after the other, until readers have it."""
        any_of_it = Kill(STEPS, "publication", 0, by_event=True)
        first, last = self._events_of(any_of_it)
        for number in range(last - first):
            kill = replace(any_of_it, share=(number + 0.5) / (last - first))
            self.chain(self._stock.made, [kill], f"event-{number}")
            if self.tally.hits["prune"]:
                break
        return self.tally

    def chain(self, prepared: House, chain: list[Kill], name: str) -> None:
        """Kill, look, kill again, and let one night end."""
        house = self._stock.copy(prepared, name)
        found: list[str] = []
        told = []
        before = self._look(house)[0].release_id
        for kill in chain:
            hit = self.strike(house, kill)
            told.append(hit or f"({kill.stage} missed)")
            if hit:
                self.tally.hits[hit] += 1
            else:
                self.tally.missed += 1
            seen, wrong = self._look(house)
            after = seen.release_id
            if after is None or not self._may_follow(house, before, after, kill):
                wrong.append(f"readers saw {before}, now {after}")
            found += [f"{kill}: {text}" for text in wrong]
            before = after
        self._end(house, found, ", ".join(told))

    def _may_follow(self, house: House, before: str | None, after: str, kill: Kill) -> bool:
        if before == after:
            return True
        if kill.what == _PRUNE:
            return False
        if kill.what == _ROLLBACK or kill.stage == "publication":
            return True
        # A night killed late may have come further than the moment was meant for.
        return (house.releases / after).is_dir() and after > (before or "")

    def strike(self, house: House, kill: Kill) -> str | None:
        """Do one kill; the stage it hit, or None when what was to be killed ended before."""
        if kill.by_event:
            first, last = self._events_of(kill)
            return self._one_victim(house, kill, 1 + first + int(kill.share * (last - first)), None)
        if kill.what == STEPS:
            self._count(STEPS, self._stock.made)
            return self._one_victim(
                house, kill, 0, (kill.stage, kill.share * self._seconds[kill.stage])
            )
        return self._at_moment(house, kill)

    # At the n-th event, or at a moment of a step -------------------------------------------------

    def _one_victim(
        self, house: House, kill: Kill, point: int, moment: Moment | None
    ) -> str | None:
        before = current_of(house)
        what = kill.what
        if what == _ROLLBACK:
            what = (*what, *[name for name in releases_of(house) if name != before][:1])
        fate = self._victims.run(house.root, point, what, moment)
        # Else it was done before, or refused (a candidate that was published already).
        return place(house, kill.stage, before) if fate.code == -signal.SIGKILL else None

    def _events_of(self, kill: Kill) -> tuple[int, int]:
        """The events of a stage: after which one it begins and with which it ends."""
        if kill.what == _ROLLBACK:
            return 0, self._count(kill.what, self._stock.waiting)
        if kill.what == _PRUNE:
            assert self._stock.crowded is not None
            return 0, self._count(kill.what, self._stock.crowded)
        at = STEPS.index(kill.stage)
        first = self._count(STEPS[:at], self._stock.made) if at > 1 else 0
        last = self._count(STEPS[: at + 1], self._stock.made)
        return (first, last) if kill.what == STEPS else (0, last - first)

    def _count(self, what: tuple[str, ...], prepared: House) -> int:
        fate = undisturbed(self._stock, self._victims, prepared, what)
        for line in fate.said.splitlines():
            if line.startswith("took "):
                _, step, seconds = line.split()
                self._seconds[step] = float(seconds)
        return fate.events

    # At a moment of a whole night --------------------------------------------------------------------------

    def _at_moment(self, house: House, kill: Kill) -> str | None:
        before = current_of(house)
        announced = "transformation" if kill.stage == DBT else kill.stage
        with Watched(house, kill.what) as watched:
            begun = watched.wait_for(announced)
            if begun is None:
                return None
            if kill.stage == DBT and not watched.wait_for_child():
                return None
            time.sleep(kill.share * self._seconds[kill.stage])
            if kill.stage == DBT:
                return self._child(house, watched)
            stage = watched.stage
            if not watched.kill():
                return None
            return place(house, stage, before)

    def _child(self, house: House, watched: Watched) -> str | None:
        """Kill dbt alone: the night must end by itself and say so."""
        child = watched.child()
        if child is None:
            return None
        os.kill(child, signal.SIGKILL)
        code, told = watched.end()
        if code != 1 or "Error:" not in told or "Traceback" in told:
            self.tally.problems.append(
                f"{house.root.name}: dbt was killed, the night ended with {code}: {told[-1500:]}"
            )
        return DBT


def undisturbed(stock: Stock, victims: Victims, prepared: House, what: tuple[str, ...]) -> Fate:
    """What happens if nobody is killed: how many events there are, and how long steps take."""
    key = (prepared.root, what)
    if key not in victims.undisturbed:
        house = stock.copy(prepared, "counted")
        fate = victims.run(house.root, 0, what)
        assert fate.code == 0, fate.said[-2000:]
        forget(house)
        victims.undisturbed[key] = fate
    return victims.undisturbed[key]


def published_by_steps(stock: Stock, victims: Victims) -> Callable[[House], list[str]]:
    """An end without a whole night: the steps that are left publish what an undisturbed night does."""

    def ends(house: House) -> list[str]:
        last = house.publications.read_text(encoding="utf-8").splitlines()[-1]
        is_on_its_way = '"publishing"' in last
        problems = []
        if is_on_its_way or current_of(house) == current_of(stock.made):
            left = ("steps", "publication") if is_on_its_way else STEPS
            fate = victims.run(house.root, 0, left)
            problems = [] if fate.code == 0 else [fate.said[-1500:]]
        return [*problems, *unlike(house.current.resolve(), stock.reference)]

    return ends


def place(house: House, stage: str, before: str) -> str:
    """Where in a publication a kill hit, by what it left. before: the release that was current."""
    if stage != "publication":
        return stage
    last = house.publications.read_text(encoding="utf-8").splitlines()[-1]
    if '"publishing"' in last:
        return "flip"
    return stage if current_of(house) == before else "prune"


def releases_of(house: House) -> list[str]:
    """Names of whole releases, oldest first."""
    return sorted(path.name for path in house.releases.iterdir() if path.name[0] != ".")


def current_of(house: House) -> str:
    return house.current.readlink().name


class Watched:
    """A `kpi` command whose announcements are heard."""

    def __init__(self, house: House, what: tuple[str, ...]) -> None:
        self.stage = "start"
        self._lines: list[str] = []
        self._heard = threading.Condition()
        self._ended = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dagster_project.cli", *what],
            cwd=PROJECT_ROOT,
            env={**os.environ, "KPI_HOME": os.fspath(house.root), "COLUMNS": "160"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._listener.join(10)

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._heard:
                self._lines.append(line)
                for words, stage in _ANNOUNCED.items():
                    if line.startswith(words):
                        self.stage = stage
                self._heard.notify_all()
        with self._heard:
            self._ended = True
            self._heard.notify_all()

    def wait_for(self, stage: str) -> float | None:
        """Until the stage is announced; None when the command ended without."""
        with self._heard:
            self._heard.wait_for(lambda: self._has_come(stage) or self._ended, timeout=_PATIENCE)
            return time.monotonic() if self._has_come(stage) and not self._ended else None

    def _has_come(self, stage: str) -> bool:
        order = ["start", *_ANNOUNCED.values()]
        return order.index(self.stage) >= order.index(stage)

    def child(self) -> int | None:
        """The process that writes the work database, while it lives."""
        try:
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
            found = [
                int(pid)
                for task in children.parent.parent.iterdir()
                for pid in (task / "children").read_text().split()
            ]
        except (FileNotFoundError, ProcessLookupError):
            return None
        for pid in found:
            try:
                if _CHILD.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
            except (FileNotFoundError, ProcessLookupError):
                continue
        return None

    def wait_for_child(self) -> bool:
        until = time.monotonic() + 60
        while time.monotonic() < until and self._process.poll() is None:
            if self.child() is not None:
                return True
            time.sleep(0.02)
        return False

    def kill(self) -> bool:
        """Kill -9, if it still lives."""
        if self._process.poll() is not None:
            return False
        self._process.kill()
        return self._process.wait() == -signal.SIGKILL

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def end(self) -> tuple[int, str]:
        """Wait until it ends by itself; exit code and what it said."""
        code = self._process.wait(timeout=_PATIENCE)
        self._listener.join(10)
        return code, "".join(self._lines)
