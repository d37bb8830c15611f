"""The companies that are measured: simulated ones, their last day kept apart.

A world is a house whose exports are complete but for the newest day's files, which wait beside it. Making
one takes a second per eight thousand calls, so it is kept and used again.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from tests.simulator.__main__ import main as simulate

AS_OF = date(2026, 9, 30)
_MONTHS = {10_000_000: 36}


@dataclass(frozen=True)
class BenchWorld:
    """exports: every day but the last, as exported; newest: the last day's files; config: of the house."""

    root: Path

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def newest(self) -> Path:
        return self.root / "newest"

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def export_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.exports.rglob("*") if path.is_file())

    def house(self, folder: Path) -> Path:
        """A fresh house over copies (hard links) of these exports."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.config, folder / "config")
        _link(self.exports, folder / "exports")
        return folder

    def deliver_newest(self, house: Path) -> None:
        """The newest day's files arrive."""
        _link(self.newest, house / "exports")


def make_world(folder: Path, calls: int) -> BenchWorld:
    """The world of `calls` calls below `folder`; made if it is not there."""
    world = BenchWorld(folder / f"world-{calls}")
    if (world.root / "made").is_file():
        return world
    shutil.rmtree(world.root, ignore_errors=True)
    months = _MONTHS.get(calls, 12)
    options = ["--out", str(world.root), "--calls", str(calls), "--months", str(months)]
    simulate([*options, "--feed", "history", "--newest-day", "--as-of", str(AS_OF)])
    _set_newest_apart(world)
    _without_webhook(world.config / "sources.yml")
    (world.root / "made").touch()
    return world


def _set_newest_apart(world: BenchWorld) -> None:
    """Files exported the day after the last day; planning stays, it is no day's."""
    stamp = f"_{AS_OF + timedelta(days=1):%Y%m%d}T"
    for path in sorted(world.exports.rglob("*")):
        if stamp in path.name:
            target = world.newest / path.relative_to(world.exports)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)


def _without_webhook(sources: Path) -> None:
    """The phone exports history CSV alone in these worlds, so the webhook is not required."""
    text = sources.read_text(encoding="utf-8")
    entry = re.search(r"(  - id: miitel-webhook\n(?:    .*\n|\n)*)", text)
    assert entry is not None
    sources.write_text(text.replace(entry[1], ""), encoding="utf-8")


def _link(origin: Path, target: Path) -> None:
    shutil.copytree(
        origin, target, copy_function=lambda a, b: Path(b).hardlink_to(a), dirs_exist_ok=True
    )
