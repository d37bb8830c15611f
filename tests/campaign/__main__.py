"""The whole campaign, from a seed that is printed: `python -m tests.campaign [PART…] [--seed N]`."""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.campaign import disk, houses, kills
from tests.campaign.victim import Victims


def _kills(folder: Path, seed: int, options: argparse.Namespace) -> list[str]:
    stock = houses.prepare(folder)
    tally = kills.Campaign(stock, seed, _say).run(options.kills)
    _say(tally.told())
    return tally.problems


def _disk(folder: Path, seed: int, options: argparse.Namespace) -> list[str]:
    stock = houses.prepare(folder / "stock")
    victims = Victims()
    campaign = disk.Campaign(stock, victims, seed, _say)
    try:
        with disk.small_disk(folder / "disk") as small:
            campaign.fill(small, rounds=options.full_disks)
    except disk.CannotMount as reason:
        _say(f"no real full disk was tried: {reason}")
    campaign.inject(options.full_disks * 10)
    victims.close()
    _say(campaign.tally.told())
    return campaign.tally.problems


PARTS: dict[str, Callable[[Path, int, argparse.Namespace], list[str]]] = {
    "kills": _kills,
    "disk": _disk,
}


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    """Run the parts asked for; 1 when any of them found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--kills", type=int, default=300, help="how many kills")
    parser.add_argument(
        "--folder", type=Path, help="where the houses go; they stay when problems are found"
    )
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
        found = PARTS[name](folder, options.seed, options)
        _say(f"== {name}: {len(found)} problem(s), {time.monotonic() - started:.0f} s")
        for problem in found:
            _say(f"   {problem}")
        problems += found
        if not found:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
