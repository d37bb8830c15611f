"""`make bench SCALE=1000000`: a full night and a night with one new day, beside the floor, in one run.

Prints a table for the README. Nothing is compared with a clock of another day: every ratio is of times
taken in this run on this machine, which should do nothing else meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dagster_project.lib.transformation import manifest
from dagster_project.settings import PROJECT_ROOT, House
from tests.bench.measure import Watched, watch
from tests.bench.world import AS_OF, BenchWorld, make_world

_STAGES = ("ingestion", "transformation", "candidate", "gate", "publication")
# What a night costs whatever it reads: measured on the smallest company whose every object is exported
# on the last days.
_SMALLEST = 5_000
_GIB = 1024**3
# What is made for the scorecard: days and periods of every measure.
_SUMS = ("act_metric_days", "act_metric_list_days", "act_metric_facts")


@dataclass(frozen=True)
class NightMeasured:
    """Seconds and peak bytes per stage; when kpi_rep_daily stood, in seconds from the start.

    scorecard: seconds of `kpi_scorecard`, and of it together with the sums it reads (_SUMS).
    """

    seconds: float
    stages: dict[str, float]
    peaks: dict[str, int]
    to_rep_daily: float
    scorecard: tuple[float, float]

    @property
    def peak(self) -> int:
        return max(self.peaks.values())


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--calls", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--folder", type=Path, default=PROJECT_ROOT / "data" / "bench")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    manifest()  # parsed once, as in every house after its first night
    log = options.folder / "bench.log"
    log.write_text("", encoding="utf-8")
    smallest = make_world(options.folder, _SMALLEST)
    fixed = _night(smallest.house(options.folder / "house"), AS_OF - timedelta(days=1), log)
    _say(f"fixed cost of a night: {fixed.seconds:.1f} s")
    rows = [
        _measure(make_world(options.folder, calls), calls, fixed, log) for calls in options.calls
    ]
    _print(rows, fixed)
    return 0


def _measure(world: BenchWorld, calls: int, fixed: NightMeasured, log: Path) -> dict[str, Any]:
    eve = AS_OF - timedelta(days=1)
    floor = _floor(world, log)
    _say(f"{calls:,} calls: floor {floor['seconds']:.1f} s, {floor['peak'] / _GIB:.1f} GiB")
    house = world.house(log.parent / "house")
    full = _night(house, eve, log)
    _say(f"{calls:,} calls: full night {full.seconds:.1f} s, {full.peak / _GIB:.1f} GiB")
    world.deliver_newest(house)
    day = _night(house, AS_OF, log)
    _say(f"{calls:,} calls: one new day {day.seconds:.1f} s, {day.peak / _GIB:.1f} GiB")
    return {
        "calls": calls,
        "bytes": world.export_bytes,
        "floor": floor,
        "full": full,
        "day": day,
        "fixed": fixed.seconds,
    }


def _environment(house: Path) -> dict[str, str]:
    return {**os.environ, "KPI_HOME": str(house), "DO_NOT_TRACK": "1"}


def _night(house: Path, as_of: Any, log: Path) -> NightMeasured:
    command = [sys.executable, "-m", "tests.bench.night", str(as_of)]
    watched = watch(command, env=_environment(house), cwd=PROJECT_ROOT, log=log)
    if watched.code != 0:
        raise SystemExit(f"The night failed: {watched.lines[-1:]}; see {log}")
    return NightMeasured(
        watched.seconds,
        dict(watched.lines[-1]["seconds"]),
        _peaks(watched),
        _stood(House(house), "kpi_rep_daily") - watched.began,
        (_took(House(house), "kpi_scorecard"), _took(House(house), "kpi_scorecard", *_SUMS)),
    )


def _peaks(watched: Watched) -> dict[str, int]:
    starts = [(line["stage"], line["at"]) for line in watched.lines]
    return {
        stage: watched.peak_between(at, starts[place + 1][1])
        for place, (stage, at) in enumerate(starts[:-1])
    }


def _timings(house: House, *models: str) -> list[tuple[datetime, datetime]]:
    """When dbt began and ended to compute each model."""
    results = json.loads((house.dbt_target / "run_results.run.json").read_text(encoding="utf-8"))
    found = {
        node["unique_id"].rsplit(".", 1)[-1]: [
            (
                datetime.fromisoformat(step["started_at"]),
                datetime.fromisoformat(step["completed_at"]),
            )
            for step in node["timing"]
            if step["name"] == "execute"
        ]
        for node in results["results"]
    }
    return [timing for model in models for timing in found[model]]


def _stood(house: House, model: str) -> float:
    """When dbt had written a model, in epoch seconds."""
    return max(ended.timestamp() for _, ended in _timings(house, model))


def _took(house: House, *models: str) -> float:
    return sum((ended - began).total_seconds() for began, ended in _timings(house, *models))


def _floor(world: BenchWorld, log: Path) -> dict[str, Any]:
    eve = AS_OF - timedelta(days=1)
    command = [sys.executable, "-m", "tests.bench.floor", str(world.root), "--as-of", str(eve)]
    watched = watch(command, env=_environment(world.root), cwd=PROJECT_ROOT, log=log)
    if watched.code != 0:
        raise SystemExit(f"The floor failed; see {log}")
    return {
        "seconds": watched.seconds,
        "peak": watched.peak_between(watched.began, watched.ended),
    }


def _print(rows: list[dict[str, Any]], fixed: NightMeasured) -> None:
    heads = [f"{row['calls']:,} calls" for row in rows]
    lines = [["", "fixed", *heads]]
    lines.append(["exports", "", *(f"{row['bytes'] / 1e6:,.0f} MB" for row in rows)])
    lines.append(["floor.sql (s)", "", *(f"{row['floor']['seconds']:.1f}" for row in rows)])
    lines.append(
        [
            "exports → kpi_rep_daily (s)",
            f"{fixed.to_rep_daily:.1f}",
            *(f"{row['full'].to_rep_daily:.1f}" for row in rows),
        ]
    )
    lines.append(
        [
            "… ÷ floor",
            "",
            *(f"{row['full'].to_rep_daily / row['floor']['seconds']:.2f}" for row in rows),
        ]
    )
    for stage in _STAGES:
        lines.append(
            [
                stage + " (s, share, peak)",
                f"{fixed.stages[stage]:.1f}",
                *(
                    f"{row['full'].stages[stage]:.1f} · "
                    f"{row['full'].stages[stage] / row['full'].seconds:.0%} · "
                    f"{row['full'].peaks[stage] / _GIB:.1f} GiB"
                    for row in rows
                ),
            ]
        )
    lines.append(
        ["full night (s)", f"{fixed.seconds:.1f}", *(f"{row['full'].seconds:.1f}" for row in rows)]
    )
    lines.append(["one new day (s)", "", *(f"{row['day'].seconds:.1f}" for row in rows)])
    lines.append(
        [
            "new day ÷ full, less the fixed time",
            "",
            *(
                f"{(row['day'].seconds - fixed.seconds) / (row['full'].seconds - fixed.seconds):.0%}"
                for row in rows
            ),
        ]
    )
    for place, name in enumerate(("kpi_scorecard (s)", "… with the sums of every measure (s)")):
        lines.append(
            [
                name,
                f"{fixed.scorecard[place]:.1f}",
                *(f"{row['full'].scorecard[place]:.1f}" for row in rows),
            ]
        )
    lines.append(
        [
            "peak memory",
            f"{fixed.peak / _GIB:.1f} GiB",
            *(f"{_peak(row) / _GIB:.1f} GiB" for row in rows),
        ]
    )
    if len(rows) > 1:
        first, last = rows[0], rows[-1]
        _say(
            f"{last['calls'] / first['calls']:.0f}× the calls take "
            f"{last['full'].seconds / first['full'].seconds:.1f}× the time"
        )
    for place, line in enumerate(lines):
        print("| " + " | ".join(line) + " |")
        if place == 0:
            print("|" + "---|" * len(line))


def _peak(row: dict[str, Any]) -> int:
    full, day = row["full"], row["day"]
    assert isinstance(full, NightMeasured)
    assert isinstance(day, NightMeasured)
    return max(full.peak, day.peak)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
