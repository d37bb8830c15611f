"""Making a house: the folder one company's warehouse lives in, empty or as the demo company's."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path

from dagster_project.lib import upgrade
from dagster_project.lib.contracts import (
    MAPPED,
    Column,
    Contract,
    Contracts,
    load_contracts,
)
from dagster_project.lib.errors import KuraError
from dagster_project.lib.sources import PLANNING
from dagster_project.settings import DBT_PROJECT, DEMO, TEMPLATES, House, load_settings

_EXPORTED = re.compile(r"_(?P<day>\d{8})T\d{4}")


class HouseExists(KuraError):
    """The folder already holds something; nothing in it was touched."""

    exit_code = 2


class NotTheDemo(KuraError):
    """The folder is not the demo company's house; nothing in it was touched."""

    exit_code = 2


def create(root: Path, *, demo: bool = False, exported_by: date | None = None) -> House:
    """Make a house at `root`: commented configuration and empty folders, or the demo company's exports.

    exported_by: of the demo's exports, only those made up to this day; `arrive` brings the others.
    Raises HouseExists when the folder is not empty. A half-made house is never left behind under `root`.
    """
    root = root.expanduser().resolve()
    if root.exists() and any(root.iterdir()):
        raise HouseExists(
            "The folder is not empty.", where=str(root), remedy="Name a new or an empty folder."
        )
    root.parent.mkdir(parents=True, exist_ok=True)
    making = root.with_name(f".{root.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    house = House(making)
    if demo:
        if not DEMO.is_dir():
            raise KuraError(
                "The demo company is not here.", where=str(DEMO), remedy="Run `make demo` once."
            )
        shutil.copytree(DEMO, making, ignore=_later_than(exported_by))
    else:
        house.config.mkdir(parents=True)
        for name, target in (("house.yml", house.house_file), ("sources.yml", house.sources_file)):
            text = (TEMPLATES / name).read_text(encoding="utf-8")
            target.write_text(text.replace("{company}", root.name), encoding="utf-8")
        contracts = load_contracts(DBT_PROJECT)
        _write_planning(house, contracts)
        _write_mapped(house, contracts)
    for folder in (house.raw, house.quarantine, house.work, house.state, house.logs):
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    house.releases.mkdir(parents=True, exist_ok=True)
    upgrade.mark_new(house)
    if root.exists():
        root.rmdir()
    making.rename(root)
    return House(root)


def arrive(root: Path) -> int:
    """Bring the demo house at `root` the exports it does not have yet; returns how many they are.

    Raises NotTheDemo when the house is another company's, or none.
    """
    house = House(root.expanduser().resolve())
    if not house.house_file.is_file() or _company(house) != _company(House(DEMO)):
        raise NotTheDemo(
            "This is not the demo company's house.",
            where=str(house.root),
            remedy="`kpi init DIR --demo` makes one.",
        )
    arrived = 0
    for export in sorted(path for path in House(DEMO).exports.rglob("*") if path.is_file()):
        place = house.exports / export.relative_to(House(DEMO).exports)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(export, place)
            arrived += 1
    return arrived


def _company(house: House) -> str:
    return load_settings(house).company_name


def _later_than(day: date | None) -> Callable[[str, list[str]], set[str]]:
    """What `copytree` leaves out: the demo's files say in their names when they were exported."""

    def later(_folder: str, names: list[str]) -> set[str]:
        return {
            name
            for name in names
            if day is not None
            and (stamp := _EXPORTED.search(name)) is not None
            and date.fromisoformat(stamp["day"]) > day
        }

    return later


def _write_planning(house: House, contracts: Contracts) -> None:
    """Empty planning tables to fill in, and a page that says what each column means."""
    folder = house.exports / PLANNING
    folder.mkdir(parents=True)
    tables = contracts.of_system(PLANNING)
    for contract in tables:
        headers = [column.aliases[0] for column in contract.columns]
        # The byte order mark tells Excel that this is UTF-8.
        (folder / f"{contract.object_name}.csv").write_text(
            ",".join(headers) + "\n", encoding="utf-8-sig"
        )
    page = _page(
        "計画表 Planning tables",
        "CSV files in `exports/planning/`, edited with any spreadsheet program. They count as they lie "
        "there; a table without rows keeps its header line. Headers may also be the others named here.",
        tables,
        {
            "column": lambda column: column.aliases[0],
            "other headers": lambda column: "、".join(column.aliases[1:]),
            "needed": _needed,
            "meaning": lambda column: column.description,
        },
    )
    (house.config / "planning.md").write_text(page, encoding="utf-8")


def _write_mapped(house: House, contracts: Contracts) -> None:
    """A page of the columns a mapped source can fill, with the words its `values` may say."""
    page = _page(
        "その他のシステム Mapped sources",
        "What `columns` of an entry with `system: mapped` in `sources.yml` may name, by object. Words of "
        "your tool become the words listed here through `values`.",
        contracts.of_system(MAPPED),
        {
            "column": lambda column: column.name,
            "type": lambda column: column.type,
            "needed": _needed,
            "words": lambda column: ", ".join(column.allowed),
            "meaning": lambda column: column.description,
        },
    )
    (house.config / "mapped.md").write_text(page, encoding="utf-8")


def _needed(column: Column) -> str:
    return "yes" if column.required else ""


def _page(
    title: str,
    text: str,
    contracts: Iterable[Contract],
    cells: Mapping[str, Callable[[Column], str]],
) -> str:
    """Markdown with a table of columns per object; cells: heading → what stands below it."""
    lines = [f"# {title}", "", text]
    for contract in contracts:
        lines += ["", f"## {contract.object_name}", ""]
        lines += [f"| {' | '.join(cells)} |", "|---" * len(cells) + "|"]
        lines += [
            f"| {' | '.join(cell(column) for cell in cells.values())} |"
            for column in contract.columns
        ]
    return "\n".join(lines) + "\n"
