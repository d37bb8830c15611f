"""The houses under attack: one small company, prepared once, copied for every chain of faults.

`Stock` holds the company after two nights with files still to come (`waiting`), the same with
tonight's marts made but no candidate (`made`), the same published (`crowded`: all three keep more than
their settings now say), and the release an undisturbed night gives (`reference`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dagster_project.settings import PROJECT_ROOT, House
from tests.campaign.onlooker import unlike
from tests.conftest import kpi
from tests.nights.company import write_company
from tests.nights.edits import EDITS

# Exported the evening after: the nights before have not seen them.
_LATE = "T23"
_READY = "ready"
_KEEP_LITTLE = "retention: {releases: 2, superseded_raw_days: 0, nights: 2, dagster_runs: 2}\n"
_KEEP_MORE = "retention: {releases: 9}\n"
_READ_OTHERWISE = EDITS["sf: in Los Angeles"]


@dataclass(frozen=True)
class Stock:
    """Folders of prepared houses; `copy` gives one to break."""

    folder: Path
    waiting: House
    made: House
    reference: Path
    crowded: House | None = None

    def copy(self, prepared: House, name: str) -> House:
        house = House(self.folder / name)
        forget(house)
        shutil.copytree(prepared.root, house.root, symlinks=True)
        return house


def forget(house: House) -> None:
    """Remove a house, read-only release files and all."""
    shutil.rmtree(house.root, ignore_errors=True)


def prepare(folder: Path) -> Stock:
    """Three whole nights: two that find most files, and the undisturbed one that finds all.

    What was prepared in this folder before is taken as it is.
    """
    if (folder / _READY).is_file():
        return kept_stock(folder)
    folder.mkdir(parents=True, exist_ok=True)
    library = House(folder / "library")
    names = write_company(library)
    with library.house_file.open("a", encoding="utf-8") as text:
        text.write(f"\n{_KEEP_LITTLE}")
    waiting = House(folder / "waiting")
    shutil.copytree(library.root, waiting.root, ignore=shutil.ignore_patterns(f"*{_LATE}*"))
    with edited(waiting.house_file, _keep_more):
        with edited(waiting.root / _READ_OTHERWISE.file, _READ_OTHERWISE.change):
            steps(waiting, "ingestion")
        for _ in range(2):
            night(waiting)
    for name in names:
        if _LATE in name:
            shutil.copy2(library.exports / name, waiting.exports / name)
    made = House(folder / "made")
    shutil.copytree(waiting.root, made.root, symlinks=True)
    steps(made, "ingestion", "transformation")
    finished = House(folder / "finished")
    shutil.copytree(made.root, finished.root, symlinks=True)
    night(finished)
    crowded = House(folder / "crowded")
    shutil.copytree(made.root, crowded.root, symlinks=True)
    with edited(crowded.house_file, _keep_more):
        steps(crowded, "candidate", "gate", "publication")
    (folder / _READY).touch()
    return kept_stock(folder)


def prepare_small(folder: Path) -> Stock:
    """One whole night and the marts of a second: the first is the reference, its files are read again."""
    waiting = House(folder / "waiting")
    write_company(waiting)
    night(waiting)
    for object_name in ("leads", "webhook_legs", "history_legs"):
        for kept in waiting.raw.glob(f"*/{object_name}/*"):
            kept.unlink()
    reference = folder / "reference"
    shutil.copytree(waiting.current.resolve(), reference)
    made = House(folder / "made")
    shutil.copytree(waiting.root, made.root, symlinks=True)
    steps(made, "ingestion", "transformation")
    return Stock(folder, waiting, made, reference)


def kept_stock(folder: Path) -> Stock:
    """What `prepare` made here earlier."""
    finished = House(folder / "finished")
    return Stock(
        folder,
        House(folder / "waiting"),
        House(folder / "made"),
        finished.current.resolve(),
        House(folder / "crowded"),
    )


def _keep_more(text: str) -> str:
    return text.replace(_KEEP_LITTLE, _KEEP_MORE)


@contextmanager
def edited(path: Path, change: Callable[[str], str]) -> Iterator[None]:
    """The file says something else for a while."""
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before, f"{path} is as it was"
    path.write_text(after, encoding="utf-8")
    yield
    path.write_text(before, encoding="utf-8")


def night(house: House) -> None:
    """A whole night by the command people use; it must publish."""
    said = kpi(house.root, "run")
    if said.code != 0:
        raise AssertionError(f"the night ended with {said.code}: {said.err[-3000:]}")


def steps(house: House, *names: str) -> None:
    """Steps of a night, undisturbed, without Dagster."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.campaign.victim",
            os.fspath(house.root),
            "0",
            "steps",
            *names,
        ],
        cwd=PROJECT_ROOT,
        check=True,
        capture_output=True,
    )


def right(house: House, reference: Path) -> list[str]:
    """Run the next night and say what of its release is not as after an undisturbed one."""
    said = kpi(house.root, "run")
    if said.code != 0:
        return [f"the next night ended with {said.code}: {said.err[-1500:]}"]
    return unlike(house.current.resolve(), reference)
