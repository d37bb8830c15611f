"""`python -m tests.simulator --out DIR`: write a simulated company's exports, of any size.

python -m tests.simulator --demo                        # data/demo, as it lies in git
python -m tests.simulator --out /tmp/w --seed 3 --months 2
python -m tests.simulator --out /tmp/big --reps 120 --months 24 --calls 10000000 --feed history
"""

from __future__ import annotations

import argparse
import math
import shutil
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

from tests.simulator import Plan, Simulation
from tests.simulator.group import demo_world
from tests.simulator.house import write_configuration, write_house
from tests.simulator.writers import DeliveryWriter

DEMO = Path(__file__).resolve().parent.parent.parent / "data" / "demo"
# Above this many calls one file a day and one CRM extract a week keep memory flat.
_LARGE = 50_000


def main(arguments: list[str] | None = None) -> int:
    """Write a house and say what was written."""
    options = _parse(arguments)
    started = time.monotonic()
    if options.demo:
        world = demo_world()
        for folder in ("config", "exports"):
            shutil.rmtree(DEMO / folder, ignore_errors=True)
        paths = write_house(world, DEMO)
        root, calls = DEMO, None
    else:
        root = options.out
        plan = _plan(options)
        simulation = Simulation(plan)
        write_configuration(simulation.settings(), root)
        writer = DeliveryWriter(root / "exports")
        for delivery in simulation.run():
            writer.write(delivery)
            if sys.stderr.isatty():
                print(f"\r{delivery.file:<60}{simulation.call_count:>12,}", end="", file=sys.stderr)
        paths, calls = writer.close(), simulation.call_count
    size = sum(path.stat().st_size for path in paths)
    said = f"{len(paths)} files, {size / 1e6:.1f} MB"
    if calls is not None:
        said += f", {calls:,} calls"
    print(f"{said} below {root} in {time.monotonic() - started:.0f} s")
    return 0


def _plan(options: argparse.Namespace) -> Plan:
    calls = options.calls
    # Three of four people dial, some seventy times a day at most.
    enough = math.ceil((calls or 0) / (options.months * 20 * 70 * 0.75))
    reps = options.reps or max(12, enough)
    plan = Plan(
        seed=options.seed,
        reps=reps,
        months=options.months,
        as_of=options.as_of,
        calls=calls,
        dials_per_day=8.0 * options.scale,
        newest_day_apart=options.newest_day,
    )
    if options.feed == "webhook":
        plan = replace(plan, history_months=0, overlap=False)
    elif options.feed == "history":
        plan = replace(plan, history_months=options.months, overlap=False)
    dialled = 8.0 * options.scale * reps * 0.75 * options.months * 20
    if max(calls or 0, dialled) > _LARGE:
        plan = replace(plan, cut_calls="day", cut_crm="week", keep_truth=False)
    return plan


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--out", type=Path, help="folder of the house to write")
    parser.add_argument("--demo", action="store_true", help="write data/demo again")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reps", type=int, help="default 12, or enough for the calls asked for")
    parser.add_argument("--months", type=int, default=6)
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2026, 9, 30))
    parser.add_argument("--calls", type=int, help="calls in all, about")
    parser.add_argument("--scale", type=float, default=1.0, help="dials per rep and day, 1 = 8")
    parser.add_argument("--newest-day", action="store_true", help="its files apart")
    parser.add_argument("--feed", choices=("both", "webhook", "history"), default="both")
    options = parser.parse_args(arguments)
    if not options.demo and options.out is None:
        parser.error("--out DIR or --demo")
    return options


if __name__ == "__main__":
    sys.exit(main())
