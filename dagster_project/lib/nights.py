"""The house's record of its nights: when each began, how it ended, and which never came to an end.

`state/nights.jsonl` gets a line when a night has the house and a line when it lets go of it. A night that
is killed writes no second line; whoever reads knows it by the lock, which the kernel took back. Holds
names of files' sources, ids of checks and counts, never a record. Left to others: what a night does
(`night`), who is told (`notify`, `status`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Literal, cast

from dagster_project import __version__
from dagster_project.lib import journal, lock
from dagster_project.lib.errors import KuraError
from dagster_project.settings import House

# unfinished: steps launched singly, or a run that ended before it could publish without any error.
Outcome = Literal[
    "published", "refused", "failed", "unfinished", "not_started", "running", "died"
]  # fmt: skip
_ENDED: frozenset[str] = frozenset({"published", "refused", "failed", "unfinished", "not_started"})
GOOD: frozenset[Outcome] = frozenset({"published", "running"})

_STARTED, _END, _NOT_STARTED = "started", "ended", "not_started"


@dataclass(frozen=True)
class Counts:
    """What a night found: files by what became of them, records set aside in all that counts."""

    files_read: int = 0
    files_rejected: int = 0
    files_left_alone: int = 0
    records_read: int = 0
    records_set_aside: int = 0
    warnings: int = 0


@dataclass(frozen=True)
class NightRecord:
    """One night. ended_at, seconds and counts are None or empty while it runs and when it was killed.

    causes: ids of the checks that refused it. error: what went wrong otherwise, in our own words; of a
    published night, what could not be tidied up after it.
    """

    run_id: str
    as_of: date | None
    outcome: Outcome
    started_at: datetime
    ended_at: datetime | None = None
    launched_by: str = ""
    release_id: str | None = None
    causes: tuple[str, ...] = ()
    error: str | None = None
    seconds: dict[str, float] | None = None
    counts: Counts | None = None

    @property
    def duration_seconds(self) -> float | None:
        return None if self.ended_at is None else (self.ended_at - self.started_at).total_seconds()


def begin(house: House, run_id: str, as_of: date, launched_by: str) -> None:
    """Write down that a night has the house; the caller holds the night's lock."""
    journal.append(
        house.nights,
        {
            "what": _STARTED,
            "at": _now(),
            "run_id": run_id,
            "as_of": as_of.isoformat(),
            "by": launched_by,
            "pid": os.getpid(),
            "version": __version__,
        },
    )


def end(
    house: House,
    run_id: str,
    outcome: Outcome,
    *,
    release_id: str | None = None,
    causes: Iterable[str] = (),
    error: BaseException | None = None,
    seconds: dict[str, float] | None = None,
    counts: Counts | None = None,
) -> None:
    """Write down how the night ended; the caller still holds the lock."""
    journal.append(
        house.nights,
        {
            "what": _END,
            "at": _now(),
            "run_id": run_id,
            "outcome": outcome,
            "release_id": release_id,
            "causes": list(causes),
            "error": in_words(error) if error is not None else None,
            "seconds": {name: round(value, 1) for name, value in (seconds or {}).items()},
            "counts": vars(counts) if counts is not None else None,
        },
    )


def not_started(house: House, run_id: str, error: BaseException) -> None:
    """Write down that a night could not even begin, though the house is there."""
    if house.state.is_dir():
        journal.append(
            house.nights,
            {"what": _NOT_STARTED, "at": _now(), "run_id": run_id, "error": in_words(error)},
        )


def in_words(error: BaseException) -> str:
    """An error for records people may pass on: our own sentence, or the kind of somebody else's.

    Where it happened and its remedy stay out, because dbt's and DuckDB's words may quote a value.
    """
    if isinstance(error, KuraError):
        return f"{type(error).__name__}: {error.message}"
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return type(error).__name__


def history(house: House) -> tuple[NightRecord, ...]:
    """Every night on record, oldest first, as far as its lines can be read."""
    found, pids = _recorded(house)
    while (died := _last_without_an_end(found)) is not None:
        if lock.holder(house.night_lock) == lock.process(pids[died]):
            found[died] = replace(found[died], outcome="running")
            break
        # A night writes its end before it lets go: without one now, as before, it has died.
        before, (found, pids) = found, _recorded(house)
        if found == before:
            break
    return tuple(found.values())


def _recorded(house: House) -> tuple[dict[str, NightRecord], dict[str, int]]:
    """Nights and their processes by run. Who has no end is taken for dead; the lock is not asked."""
    found: dict[str, NightRecord] = {}
    pids: dict[str, int] = {}
    for line in journal.read(house.nights):
        try:
            run_id = str(line["run_id"])
            if line["what"] == _STARTED:
                pids[run_id] = int(line["pid"])
                found[run_id] = NightRecord(
                    run_id,
                    date.fromisoformat(line["as_of"]),
                    "died",
                    journal.instant(line["at"]),
                    launched_by=str(line.get("by") or ""),
                )
            elif line["what"] in {_END, _NOT_STARTED}:
                found[run_id] = _ended(line, found.get(run_id))
        except (KeyError, ValueError, TypeError):
            # A line of a newer program or a damaged one: it says nothing this one can use.
            continue
    return found, pids


def _last_without_an_end(found: dict[str, NightRecord]) -> str | None:
    """The newest night that began and has no end; one that could not even begin may be newer."""
    began = (run_id for run_id in reversed(found) if found[run_id].outcome != "not_started")
    newest = next(began, None)
    return newest if newest is not None and found[newest].outcome == "died" else None


def last(house: House) -> NightRecord | None:
    """The newest night, or None when none is on record."""
    nights = history(house)
    return nights[-1] if nights else None


def keep(house: House, count: int) -> None:
    """Forget all but the newest `count` nights."""

    def newest(lines: list[journal.Line]) -> list[journal.Line] | None:
        runs = list(dict.fromkeys(str(line.get("run_id")) for line in lines))
        kept = set(runs[-count:])
        staying = [line for line in lines if str(line.get("run_id")) in kept]
        return staying if len(staying) < len(lines) else None

    journal.rewrite(house.nights, newest)


def surplus(house: House, count: int) -> int:
    """How many nights `keep` would forget."""
    return max(0, len({line.get("run_id") for line in journal.read(house.nights)}) - count)


def _ended(line: dict[str, Any], started: NightRecord | None) -> NightRecord:
    at = journal.instant(line["at"])
    outcome = "not_started" if line["what"] == _NOT_STARTED else str(line["outcome"])
    if outcome not in _ENDED:
        raise ValueError(outcome)
    counts = line.get("counts")
    return NightRecord(
        run_id=str(line["run_id"]),
        as_of=started.as_of if started else _day(line.get("as_of")),
        outcome=cast(Outcome, outcome),
        started_at=started.started_at if started else journal.instant(line.get("started_at") or at),
        ended_at=at,
        launched_by=started.launched_by if started else "",
        release_id=line.get("release_id"),
        causes=tuple(str(cause) for cause in line.get("causes") or ()),
        error=line.get("error"),
        seconds=dict(line.get("seconds") or {}),
        counts=Counts(
            **{name: int(value) for name, value in counts.items() if hasattr(Counts, name)}
        )
        if counts
        else None,
    )


def _day(text: object) -> date | None:
    return date.fromisoformat(str(text)) if text else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
