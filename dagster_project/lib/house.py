"""Making a house: the folder one company's warehouse lives in, empty or as the demo company's."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
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
from dagster_project.settings import DBT_PROJECT, DEMO, TEMPLATES, House


class HouseExists(KuraError):
    """The folder already holds something; nothing in it was touched."""

    exit_code = 2


def create(root: Path, *, demo: bool = False) -> House:
    """Make a house at `root`: commented configuration and empty folders, or the demo company's exports.

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
        shutil.copytree(DEMO, making)
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
