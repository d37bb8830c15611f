"""A disk that fills up while a night is at work, at every stage.

Two ways. The house lies on a small tmpfs, and when a stage has been announced somebody else's file takes
all room but a little: the night must end by itself with a plain sentence. And at the n-th thing Python does
to a file of the house the operating system answers "no space left" (`victim`), because a flip needs
hardly any room and a real full disk rarely catches it. Either way the release stays whole, and when there
is room again the next night is right.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dagster_project.settings import House
from tests.campaign import attack
from tests.campaign.attack import Attack
from tests.campaign.houses import forget
from tests.campaign.kills import STEPS, Watched, place, undisturbed

_SIZE = 400 * 1024**2
_STAGES = ("ingestion", "transformation", "candidate", "gate", "publication")


@dataclass
class Tally(attack.Tally):
    """What was tried and what was found."""

    full: Counter[str] = field(default_factory=Counter)
    injected: Counter[str] = field(default_factory=Counter)
    enough: int = 0

    def told(self) -> str:
        def counted(found: Counter[str]) -> str:
            stages = ", ".join(f"{stage} {count}" for stage, count in found.most_common())
            return f"{sum(found.values())} ({stages})"

        return (
            f"nights stopped by a full disk {counted(self.full)}; room enough after all "
            f"{self.enough}; file operations answered with ENOSPC {counted(self.injected)}; "
            f"releases looked at {self.looks}; complete nights afterwards equal to the reference "
            f"{self.nights}; problems {len(self.problems)}"
        )


class CannotMount(Exception):
    """This machine lets nobody mount a tmpfs."""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A tmpfs of its own. Raises CannotMount with the system's words."""
    folder.mkdir(parents=True)
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", os.fspath(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise CannotMount("there is no mount command") from error
    if done.returncode != 0:
        raise CannotMount(done.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", os.fspath(folder)], check=True)


@contextmanager
def taken(disk: Path) -> Iterator[Callable[[int], None]]:
    """A function that takes all room of the disk but so many bytes; given back at the end."""
    ballast = disk / "somebody-elses.bin"

    def take(left: int) -> None:
        with ballast.open("ab") as stream:
            share = 1.0  # the night takes room at the same time
            while (size := int((shutil.disk_usage(disk).free - left) * share)) > 0:
                try:
                    os.posix_fallocate(stream.fileno(), ballast.stat().st_size, size)
                except OSError:
                    share /= 2

    try:
        yield take
    finally:
        ballast.unlink(missing_ok=True)


class Campaign(Attack[Tally]):
    """Full disks over copies of a stock."""

    tally_of = Tally

    # A real full disk ----------------------------------------------------------------------------

    def fill(self, disk: Path, stages: tuple[str, ...] = _STAGES, *, rounds: int = 1) -> None:
        """One house on that disk; each round fills it up once in each stage, then a night is right."""
        for number in range(rounds):
            house = House(disk / f"full-{number}")
            shutil.copytree(self._stock.waiting.root, house.root, symlinks=True)
            found = []
            for stage in stages:
                left = self._random.choice((0, 4096, 40_000, 400_000, 1_500_000, 4_000_000))
                found += self._fill(house, disk, stage, left)
            self._end(house, found, ", ".join(stages))
            forget(house)  # a house found wrong would leave no room for the next

    def _fill(self, house: House, disk: Path, stage: str, left: int) -> list[str]:
        before = self._look(house)[0].release_id
        with taken(disk) as take, Watched(house, ("run",)) as watched:
            if watched.wait_for(stage) is None:
                return [f"{stage} never began: {watched.end()[1][-800:]}"]
            take(left)
            code, told = watched.end()
            hit = watched.stage
        seen, found = self._look(house)
        if code == 0:
            self.tally.enough += 1
            return found
        self.tally.full[hit] += 1
        if "Error:" not in told or "Traceback" in told:
            found.append(f"no plain sentence, code {code}: …{told[-1200:]}")
        if seen.release_id != before and hit != "publication":
            found.append(f"readers saw {before}, now {seen.release_id}")
        return [f"full in {hit} with {left} bytes left: {text}" for text in found]

    # No space at the n-th file operation -----------------------------------------------------------

    def inject(self, times: int) -> None:
        """So many failing operations, four to a house, over all steps from candidate to prune."""
        counts = [0]
        for at in range(2, len(STEPS) + 1):
            fate = undisturbed(self._stock, self._victims, self._stock.made, STEPS[:at])
            counts.append(fate.events)
        while sum(self.tally.injected.values()) < times:
            self._inject(counts)

    def _inject(self, counts: list[int]) -> None:
        name = f"injected-{sum(self.tally.injected.values())}"
        house = self._stock.copy(self._stock.made, name)
        found: list[str] = []
        told = []
        for step in self._random.choices((1, 2, 3, 3, 3), k=4):
            before = self._look(house)[0].release_id
            point = self._random.randint(counts[step - 1] + 1, counts[step])
            fate = self._victims.run(house.root, point, STEPS, full=True)
            if fate.code == 0:
                self.tally.enough += 1
                break
            hit = place(house, STEPS[step], before or "")
            told.append(hit)
            self.tally.injected[hit] += 1
            seen, problems = self._look(house)
            if seen.release_id != before and hit not in ("flip", "prune"):
                problems.append(f"readers saw {before}, now {seen.release_id}")
            found += [f"ENOSPC at event {point} ({hit}): {text}" for text in problems]
            if hit in ("flip", "prune"):
                break  # this run's name is taken now
        self._end(house, found, ", ".join(told))
