"""Which layout a house has, and the steps that bring an older one up to this program's.

`state/house.json` names the layout; a house without it has the first. Every step may be killed and done
again: the number is written after it, and doing a step twice gives what doing it once gives. Steps change
the house's own bookkeeping only. What is computed from raw files needs none: raw files name the rules they
were read under (`raw`), staging tables the SQL that made them, and everything else is made anew each
night.

A new layout is a `Step` at the end of `STEPS`, with a test that takes a house of the layout before it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from dagster_project import __version__
from dagster_project.lib import journal
from dagster_project.lib.errors import KuraError
from dagster_project.settings import House

_RUN_ID = re.compile(r"(\d{8})-(\d{8}T\d{12})")


class HouseVersion(KuraError):
    """This program must not open this house; nothing in it was touched."""

    exit_code = 2


@dataclass(frozen=True)
class Step:
    """What leads to a layout. says: one sentence for the log. do: may be killed and called again."""

    to: int
    says: str
    do: Callable[[House], None]


def _begin_the_record_of_nights(house: House) -> None:
    """Layout 2 has `state/nights.jsonl`: what was published before stands in it, too.

    The bookkeeping of layout 1 was as open as the user's mask in a house that `kpi init` had not made.
    """
    for path, mode in (
        (house.state, 0o700),
        (house.logs, 0o700),
        (house.publications, 0o600),
        (house.acceptances, 0o600),
    ):
        if path.exists():
            path.chmod(mode)
    journal.rewrite(house.nights, lambda there: _with_nights_before(house, there))


def _with_nights_before(house: House, there: list[journal.Line]) -> list[journal.Line] | None:
    """The record of nights led by those only the journal of publications knows; None if it knows no more."""
    known = {line.get("run_id") for line in there}
    before: list[journal.Line] = []
    for line in journal.read(house.publications):
        named = _RUN_ID.fullmatch(str(line.get("release_id")))
        if named is None or line.get("what") != "published" or named[0] in known:
            continue
        try:
            at = journal.instant(line.get("at"))
            as_of = date.fromisoformat(named[1])
            started = datetime.strptime(named[2], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
        except ValueError:
            # A damaged line says nothing of a night, and must keep no house from being upgraded.
            continue
        known.add(named[0])
        before.append(
            {
                "what": "ended",
                "at": at.isoformat(timespec="seconds"),
                "run_id": named[0],
                "as_of": as_of.isoformat(),
                "started_at": started.isoformat(timespec="seconds"),
                "outcome": "published",
                "release_id": named[0],
            }
        )
    return [*before, *there] if before else None


STEPS: tuple[Step, ...] = (Step(2, "the record of nights begins", _begin_the_record_of_nights),)
LAYOUT = STEPS[-1].to


def layout_of(house: House) -> int:
    """The house's layout. Raises HouseVersion when the file that names it says nothing."""
    return _read(house)[0]


def check(house: House) -> None:
    """Refuse a house of a newer layout, whatever is wanted of it."""
    layout, made_by = _read(house)
    if layout > LAYOUT:
        raise HouseVersion(
            f"This house has layout {layout}; this program ({__version__}) knows layouts up to {LAYOUT}.",
            where=str(house.version_file),
            remedy=f"Use the program that last opened it ({made_by}) or a newer one. There is no way back "
            "but a copy of the house from before.",
        )


def upgrade(house: House) -> tuple[Step, ...]:
    """Bring the house up to this program's layout; the steps that were done.

    The caller holds the night's lock. Raises HouseVersion for a newer house.
    """
    check(house)
    layout = layout_of(house)
    done = []
    for step in STEPS:
        if step.to > layout:
            step.do(house)
            _write(house, step.to)
            done.append(step)
    return tuple(done)


def mark_new(house: House) -> None:
    """A house just made has this program's layout."""
    _write(house, LAYOUT)


def _read(house: House) -> tuple[int, str]:
    try:
        document: dict[str, Any] = json.loads(house.version_file.read_text(encoding="utf-8"))
        return int(document["layout"]), str(document.get("by", "unknown"))
    except FileNotFoundError:
        return 1, "unknown"
    except (ValueError, KeyError, TypeError) as error:
        raise HouseVersion(
            "The file that names the house's layout is damaged.",
            where=str(house.version_file),
            remedy=f'Write {{"layout": {LAYOUT}}} into it if this program made the house.',
        ) from error


def _write(house: House, layout: int) -> None:
    house.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = house.version_file.with_name(f".{house.version_file.name}.new")
    with half.open("w", encoding="utf-8") as stream:
        json.dump({"layout": layout, "by": __version__}, stream)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    half.replace(house.version_file)
