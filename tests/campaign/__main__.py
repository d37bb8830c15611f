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
from dagster_project.settings import House
from tests.campaign import (
    breaking,
    casts,
    clock,
    disk,
    houses,
    kills,
    mutations,
    onlooker,
    pairs,
    readers,
    worlds,
)
from tests.campaign.victim import Victims
from tests.gate import company
from tests.gate.company import Company
from tests.nights.company import write_company
from tests.nights.quick import Quick

_NIGHT = ("steps", "ingestion", "transformation", "candidate", "gate", "publication")
# What was tried, in words, and what was found wrong.
Found = tuple[str, list[str]]
Part = Callable[[Path, argparse.Namespace], Found]


def _kills(folder: Path, options: argparse.Namespace) -> Found:
    stock = houses.prepare(options.stock or folder / "stock")
    with closing(Victims()) as victims:
        ends = kills.published_by_steps(stock, victims)
        flip = kills.Campaign(stock, victims, options.seed, say=_say, ends=ends).through_the_flip()
        tally = kills.Campaign(stock, victims, options.seed, say=_say).run(options.kills)
    told = f"every step to a flip and through it: kills {flip.kills}, published right then {flip.nights}"
    return f"{told}; {tally.told()}", [*flip.problems, *tally.problems]


def _disk(folder: Path, options: argparse.Namespace) -> Found:
    stock = houses.prepare(options.stock or folder / "stock")
    with closing(Victims()) as victims:
        campaign = disk.Campaign(stock, victims, options.seed, say=_say)
        try:
            with disk.small_disk(folder / "disk") as small:
                campaign.fill(small, rounds=options.disks)
        except disk.CannotMount as reason:
            _say(f"no real full disk was tried: {reason}")
        campaign.inject(options.disks * 10)
    return campaign.tally.told(), campaign.tally.problems


def _pairs(folder: Path, options: argparse.Namespace) -> Found:
    stock = houses.prepare(options.stock or folder / "stock")
    tally = pairs.Tally()
    house = stock.copy(stock.waiting, "pairs")
    pairs.beside(house, ("ingestion", "transformation", "gate"), tally)
    unlike = onlooker.unlike(house.current.resolve(), stock.reference)
    return tally.told(), [*tally.problems, *unlike]


def _published(folder: Path) -> Company:
    made = company.create(folder / "house")
    made.build()
    made.judge()
    releases.publish(made.house, made.settings)
    return made


def _readers(folder: Path, options: argparse.Namespace) -> Found:
    found = readers.run(_published(folder), options.publications, readers=4)
    return found.told(), list(found.problems)


def _clock(folder: Path, options: argparse.Namespace) -> Found:
    made = _published(folder)
    audit = read_audit(made.house.current.resolve())
    tally = clock.jumping(
        made,
        lambda changed, run_id: readers.stamped(changed, run_id, audit),
        options.seed,
        options.publications,
    )
    stock = houses.prepare(options.stock or folder / "stock")
    problems = list(tally.problems)
    with closing(Victims()) as victims:
        for number, hours in enumerate(_jumps()):
            house = stock.copy(stock.waiting, f"clock-{number}")
            fate = victims.run(house.root, 0, _NIGHT, hours=hours)
            if fate.code != 0:
                problems.append(f"{hours}: the night ended with {fate.code}: {fate.said[-1500:]}")
            problems += onlooker.unlike(house.current.resolve(), stock.reference)
            problems += houses.right(house, stock.reference)
    nights = f"nights whose clock jumps between their steps {len(_jumps())}"
    return f"{nights}; {tally.told()}", problems


def _jumps() -> list[dict[str, float]]:
    """Hours the clock is off, step by step: back during a night, forward, and back by years after."""
    return [
        {"transformation": -2, "candidate": -2, "gate": -25, "publication": -25},
        {"ingestion": 0, "transformation": 1, "candidate": 1, "gate": 700, "publication": 700},
        dict.fromkeys(_NIGHT, 24 * 400),
    ]


def _mutations(folder: Path, options: argparse.Namespace) -> Found:
    undamaged = breaking.originals(folder)
    exports = mutations.Exports(undamaged, options.seed).run(options.inputs)
    configuration = mutations.Configuration(undamaged, options.seed).run(options.inputs // 5)
    rows, unlike = casts.through_staging(folder, undamaged, options.seed, options.inputs // 20)
    told = (
        f"exports: {exports.told()}; configuration: {configuration.told()}; rows of "
        f"{options.inputs // 20:,} broken exports followed through dbt's casts {rows:,}"
    )
    return told, [*exports.problems, *configuration.problems, *unlike]


def _worlds(folder: Path, options: argparse.Namespace) -> Found:
    reference = House(folder / "reference")
    write_company(reference)
    houses.night(reference)
    with closing(Quick(reference, folder)) as quick:
        first = options.seed * 1000
        tally = worlds.run(
            quick,
            folder,
            range(first, first + options.worlds),
            range(first, first + options.worlds // 10),
            _say,
        )
    return tally.words(), tally.problems


PARTS: dict[str, Part] = {
    "mutations": _mutations,
    "readers": _readers,
    "pairs": _pairs,
    "clock": _clock,
    "disk": _disk,
    "kills": _kills,
    "worlds": _worlds,
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
    parser.add_argument(
        "--worlds", type=int, default=200, help="without a story; a tenth as many with stories"
    )
    parser.add_argument("--folder", type=Path, help="where houses go; they stay if found wrong")
    parser.add_argument("--stock", type=Path, help="where prepared houses are, or are to be kept")
    options = parser.parse_args()
    unknown = set(options.parts) - PARTS.keys()
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    _say(f"seed {options.seed}")
    table = ["| part | what was tried | found wrong | minutes |", "|---|---|---|---|"]
    problems: list[str] = []
    for name in options.parts or PARTS:
        started = time.monotonic()
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=options.folder))
        _say(f"== {name} in {folder}")
        told, found = PARTS[name](folder, options)
        minutes = (time.monotonic() - started) / 60
        _say(f"{told}\n== {name}: {len(found)} problem(s), {minutes:.0f} min")
        table.append(
            f"| {name} | {told.rpartition('; problems')[0] or told} | {len(found)} | {minutes:.0f} |"
        )
        for problem in found:
            _say(f"   {problem}")
        problems += found
        if not found:
            shutil.rmtree(folder, ignore_errors=True)
    _say("\n".join(["", *table]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
