"""The whole campaign, from a seed that is printed: `python -m tests.campaign [PART…] [--seed N]`."""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from dagster_project.lib import releases
from dagster_project.lib.audit import read_audit
from tests.campaign import breaking, clock, disk, houses, kills, mutations, onlooker, pairs, readers
from tests.campaign.victim import Victims
from tests.gate import company
from tests.gate.company import Company

_NIGHT = ("steps", "ingestion", "transformation", "candidate", "gate", "publication")
Part = Callable[[Path, argparse.Namespace], list[str]]


def _kills(folder: Path, options: argparse.Namespace) -> list[str]:
    stock = houses.prepare(options.stock or folder / "stock")
    with closing(Victims()) as victims:
        tally = kills.Campaign(stock, victims, options.seed, say=_say).run(options.kills)
    _say(tally.told())
    return tally.problems


def _disk(folder: Path, options: argparse.Namespace) -> list[str]:
    stock = houses.prepare(options.stock or folder / "stock")
    with closing(Victims()) as victims:
        campaign = disk.Campaign(stock, victims, options.seed, say=_say)
        try:
            with disk.small_disk(folder / "disk") as small:
                campaign.fill(small, rounds=options.disks)
        except disk.CannotMount as reason:
            _say(f"no real full disk was tried: {reason}")
        campaign.inject(options.disks * 10)
    _say(campaign.tally.told())
    return campaign.tally.problems


def _pairs(folder: Path, options: argparse.Namespace) -> list[str]:
    stock = houses.prepare(options.stock or folder / "stock")
    tally = pairs.Tally()
    house = stock.copy(stock.waiting, "pairs")
    pairs.beside(house, ("ingestion", "transformation", "gate"), tally)
    _say(tally.told())
    return [*tally.problems, *onlooker.unlike(house.current.resolve(), stock.reference)]


def _published(folder: Path) -> Company:
    made = company.create(folder / "house")
    made.build()
    made.judge()
    releases.publish(made.house, made.settings)
    return made


def _readers(folder: Path, options: argparse.Namespace) -> list[str]:
    found = readers.run(_published(folder), options.publications, readers=4)
    _say(found.told())
    return list(found.problems)


def _clock(folder: Path, options: argparse.Namespace) -> list[str]:
    made = _published(folder)
    audit = read_audit(made.house.current.resolve())
    tally = clock.jumping(
        made,
        lambda changed, run_id: readers.stamped(changed, run_id, audit),
        options.seed,
        options.publications,
    )
    _say(tally.told())
    stock = houses.prepare(options.stock or folder / "stock")
    problems = tally.problems
    with closing(Victims()) as victims:
        for number, hours in enumerate(_jumps()):
            house = stock.copy(stock.waiting, f"clock-{number}")
            fate = victims.run(house.root, 0, _NIGHT, hours=hours)
            if fate.code != 0:
                problems.append(f"{hours}: the night ended with {fate.code}: {fate.said[-1500:]}")
            problems += onlooker.unlike(house.current.resolve(), stock.reference)
            problems += houses.right(house, stock.reference)
            _say(f"a night whose clock jumps by {hours} hours, and the next by the true clock")
    return problems


def _jumps() -> list[dict[str, float]]:
    """Hours the clock is off, step by step: back during a night, forward, and back by years after."""
    return [
        {"transformation": -2, "candidate": -2, "gate": -25, "publication": -25},
        {"ingestion": 0, "transformation": 1, "candidate": 1, "gate": 700, "publication": 700},
        dict.fromkeys(_NIGHT, 24 * 400),
    ]


def _mutations(folder: Path, options: argparse.Namespace) -> list[str]:
    undamaged = breaking.originals(folder)
    exports = mutations.Exports(undamaged, options.seed).run(options.inputs)
    _say(f"exports: {exports.told()}")
    configuration = mutations.Configuration(undamaged, options.seed).run(options.inputs // 5)
    _say(f"configuration: {configuration.told()}")
    return [*exports.problems, *configuration.problems]


PARTS: dict[str, Part] = {
    "mutations": _mutations,
    "readers": _readers,
    "pairs": _pairs,
    "clock": _clock,
    "disk": _disk,
    "kills": _kills,
}


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    """Run the parts asked for; 1 when any of them found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--kills", type=int, default=300, help="how many kills")
    parser.add_argument("--disks", type=int, default=10, help="rounds of full disks")
    parser.add_argument(
        "--publications", type=int, default=200, help="under readers; by bad clocks"
    )
    parser.add_argument("--inputs", type=int, default=20_000, help="broken exports")
    parser.add_argument("--folder", type=Path, help="where houses go; they stay if found wrong")
    parser.add_argument("--stock", type=Path, help="where prepared houses are, or are to be kept")
    options = parser.parse_args()
    unknown = set(options.parts) - PARTS.keys()
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    _say(f"seed {options.seed}")
    problems: list[str] = []
    for name in options.parts or PARTS:
        started = time.monotonic()
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=options.folder))
        _say(f"== {name} in {folder}")
        found = PARTS[name](folder, options)
        _say(f"== {name}: {len(found)} problem(s), {time.monotonic() - started:.0f} s")
        for problem in found:
            _say(f"   {problem}")
        problems += found
        if not found:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
