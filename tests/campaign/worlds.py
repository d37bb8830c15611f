"""Worlds without a story, in which the diagnosis must say nothing, and worlds whose stories it must name.

A world is one simulated company and one night over its exports. A false alarm is any flag of the tables that
judge whether something can be chance. What a plan or a target cannot reach is arithmetic, and no alarm.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dagster_project.settings import House
from tests.harness import query
from tests.nights.quick import Quick
from tests.simulator import Plan, World, simulate, write_house

Row = dict[str, object]

JUDGING = ("kpi_bottleneck", "kpi_balance", "kpi_high_performers", "kpi_review", "kpi_actions")


@dataclass(frozen=True)
class Told:
    """The flagged rows of one release."""

    flagged: dict[str, list[Row]]

    @property
    def bottlenecks(self) -> list[Row]:
        return self.flagged["kpi_bottleneck"]

    @property
    def balances(self) -> list[Row]:
        return self.flagged["kpi_balance"]

    @property
    def findings(self) -> list[str]:
        return [
            f"{table}: {row['finding_en']}" for table, rows in self.flagged.items() for row in rows
        ]

    def has_step(self, **wanted: object) -> bool:
        """Whether a flagged step says all this."""
        return any(
            all(row[name] == value for name, value in wanted.items()) for row in self.bottlenecks
        )

    def has_sign(self, code: str, scope_keys: Iterable[str]) -> bool:
        """Whether one of these reps or teams shows a sign."""
        return any(
            code in str(row["flags"]).split(", ") and row["scope_key"] in set(scope_keys)
            for row in self.balances
        )


def told_by(house: House) -> Told:
    """What the diagnosis of a built house says."""
    return Told(
        {table: query(house, f"select * from marts.{table} where is_flagged") for table in JUDGING}
    )


def calm(seed: int) -> Plan:
    """A world without a story."""
    return Plan(seed=seed, stories=False, calm=True)


def with_stories(seed: int) -> Plan:
    """A world with all six."""
    return Plan(seed=seed)


# How each planted story is named: the row that must be flagged.
STORIES: dict[str, Callable[[Told], bool]] = {
    "bad list": lambda told: told.has_step(
        scope_type="channel", scope_key="購入リスト", step="connect_rate", direction="below",
        probable_cause="list_accuracy", carried_by="購入リスト",
    ),
    "weak talk": lambda told: told.has_step(
        scope_type="rep", scope_key="R02", step="meeting_conversion_rate", direction="below",
        benchmark="peers", probable_cause="talk_skill",
    ),
    "gamed quarter": lambda told: (
        told.has_sign("bookings_at_period_end", ["R01"])
        and (
            # one person's no-shows are few: the team may show them where the person cannot
            told.has_sign("meetings_without_connect", ["R01", "SDR一課"])
            or told.has_sign("no_shows_up", ["R01", "SDR一課"])
        )
    ),
    "a channel that converts": lambda told: told.has_step(
        scope_type="channel", scope_key="自然検索", step="meeting_conversion_rate",
        direction="above", probable_cause="strength",
    ),
    "team change": lambda told: told.has_step(
        scope_type="rep", scope_key="R03", step="volume", direction="below",
        benchmark="own_trailing", membership_note_en="moved from SDR一課 to BDR課",
    ),
    "late acceptances": lambda told: any(
        "late_decisions" in str(row["flags"]) for row in told.balances
    ),
}  # fmt: skip


def diagnosed(quick: Quick, plan: Plan, root: Path, world: World | None = None) -> Told:
    """The diagnosis of a plan's company; its house is cleared away."""
    house = House(root)
    write_house(world or simulate(plan), house.root)
    quick.marts(house, plan.as_of)
    told = told_by(house)
    shutil.rmtree(root, ignore_errors=True)
    return told


@dataclass
class Tally:
    """False alarms and stories named, world by world."""

    calm: int = 0
    alarmed: int = 0
    told: int = 0
    named: Counter[str] = field(default_factory=Counter)
    alarms: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)

    def words(self) -> str:
        power = ", ".join(f"{story} {self.named[story]}/{self.told}" for story in STORIES)
        return (
            f"worlds without a story {self.calm}, with any flag {self.alarmed} "
            f"({self.alarmed / max(1, self.calm):.1%}); stories named: {power}"
        )

    @property
    def problems(self) -> list[str]:
        """A share of false alarms above 5 % is one; a story that goes unnamed is a figure."""
        if self.alarmed > 0.05 * self.calm:
            return [f"{self.alarmed} of {self.calm} worlds raise an alarm", *self.alarms]
        return []


def run(
    quick: Quick,
    folder: Path,
    calms: Sequence[int],
    stories: Sequence[int],
    say: Callable[[str], None],
) -> Tally:
    """Diagnose worlds by their seeds."""
    tally = Tally()
    for seed in calms:
        told = diagnosed(quick, calm(seed), folder / f"calm-{seed}")
        tally.calm += 1
        tally.alarmed += bool(told.findings)
        tally.alarms += [f"calm world {seed}: {finding}" for finding in told.findings]
        if told.findings or tally.calm % 10 == 0:
            say(f"{tally.words()} {told.findings}")
    for seed in stories:
        told = diagnosed(quick, with_stories(seed), folder / f"told-{seed}")
        tally.told += 1
        named = [story for story, is_named in STORIES.items() if is_named(told)]
        tally.named.update(named)
        tally.silent += [f"world {seed}: {story}" for story in STORIES if story not in named]
        say(f"world {seed}: {len(told.findings)} findings, unnamed {STORIES.keys() - set(named)}")
    return tally
