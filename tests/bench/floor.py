"""The yardstick of the benchmark: `kpi_rep_daily` from the exports of a simulated company by
hand-written SQL (`floor.sql`), without contracts, quarantine, coverage, provenance or receipts.

`python -m tests.bench.floor HOUSE` says how long each step takes. What DuckDB cannot read (cp932,
archives, workbooks) is made into UTF-8 files first, and that time counts. That floor and product
count alike is proven in `test_floor`; how much longer the product takes is the benchmark's question.
"""

from __future__ import annotations

import argparse
import codecs
import csv
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import yaml
from holidays import country_holidays

SQL = Path(__file__).with_name("floor.sql")
_BLOCK = 16 * 1024 * 1024
_STEP = "\n-- step: "
_SALESFORCE = (
    "Account", "Lead", "Contact", "Campaign", "CampaignMember", "Task", "Event", "Opportunity",
    "OpportunityHistory", "OpportunityStage",
)  # fmt: skip


@dataclass
class Timings:
    """Seconds per step, of the clock on the wall and of the processors."""

    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall[name] = time.perf_counter() - wall
        self.cpu[name] = time.process_time() - cpu

    def __str__(self) -> str:
        lines = [f"{name:<24}{self.wall[name]:>9.2f}{self.cpu[name]:>9.2f}" for name in self.wall]
        total = f"{'total':<24}{sum(self.wall.values()):>9.2f}{sum(self.cpu.values()):>9.2f}"
        return "\n".join([f"{'step':<24}{'wall s':>9}{'cpu s':>9}", *lines, total])


def run(
    exports: Path,
    as_of: date,
    threads: int = 2,
    memory_limit: str = "4GB",
    *,
    database: Path | None = None,
) -> Timings:
    """Compute `kpi_rep_daily` from the exports of a simulated house; keep it in `database` if named."""
    timings = Timings()
    with tempfile.TemporaryDirectory(
        prefix="kpi-floor-", dir=database and database.parent
    ) as folder:
        readable = Path(folder)
        with timings.step("decode"):
            variables = _variables(exports, as_of, readable)
        target = database or readable / "floor.duckdb"
        with duckdb.connect(os.fspath(target)) as connection:
            connection.execute(f"set threads = {threads}")
            connection.execute(f"set memory_limit = '{memory_limit}'")
            connection.execute(f"set temp_directory = '{readable / 'spill'}'")
            connection.execute("set preserve_insertion_order = false")
            for name, value in variables.items():
                connection.execute(f"set variable {name} = $value", {"value": value})
            for name, sql in steps():
                with timings.step(name):
                    connection.execute(sql)
    return timings


def steps() -> Iterator[tuple[str, str]]:
    """The script's parts, by the names it gives them."""
    for part in SQL.read_text(encoding="utf-8").split(_STEP)[1:]:
        name, _, sql = part.partition("\n")
        yield name, sql


def _variables(exports: Path, as_of: date, folder: Path) -> dict[str, Any]:
    """What the script asks for: files it can read, and what stands in no export."""
    configuration = exports.parent / "config" / "sources.yml"
    sources = yaml.safe_load(configuration.read_text(encoding="utf-8"))["sources"]
    salesforce = next(source for source in sources if source["system"] == "salesforce")
    history = next(source for source in sources if source["id"] == "miitel-history")
    first_day: date = salesforce["coverage"]["covers_from"]
    files: dict[str, list[str]] = {name: [] for name in _SALESFORCE}
    for path in _unpacked(sorted((exports / "sf").iterdir()), folder):
        name = path.name.partition("_")[0]
        if name in files:
            files[name].append(os.fspath(_in_utf8(path, folder)))
    files["hubspot"] = _paths(sorted((exports / "hubspot").glob("contacts_*")))
    files["osaka"] = _paths(
        _in_utf8(path, folder) for path in sorted((exports / "osaka").iterdir())
    )
    files["expo"] = _paths(
        _as_csv(path, folder) for path in sorted((exports / "expo").glob("*.xlsx"))
    )
    # the month in flow view is the one that came packed
    calls = sorted((exports / "miitel-history").iterdir())
    files["history_flow"] = _paths(path for path in calls if path.suffix == ".gz")
    files["history_list"] = _paths(
        _in_utf8(path, folder) for path in calls if path.suffix == ".csv"
    )
    nothing = folder / "nothing.csv"
    nothing.write_text("no rows\n", encoding="utf-8")
    return {
        **{name: found or [os.fspath(nothing)] for name, found in files.items()},
        "planning": f"{exports / 'planning'}/",
        "own_numbers": history["own_numbers"],
        "own_domain": "@" + salesforce["internal_domains"][0],
        "gate": salesforce["acceptance"]["stage"],
        "as_of": as_of,
        "first_day": first_day,
        "holidays": sorted(country_holidays("JP", years=range(first_day.year, as_of.year + 1))),
    }


def _paths(paths: Iterable[Path]) -> list[str]:
    return [os.fspath(path) for path in paths]


def _unpacked(paths: list[Path], folder: Path) -> Iterator[Path]:
    """The files, the members of archives under the names they would have had beside them."""
    for path in paths:
        if path.suffix != ".zip":
            yield path
            continue
        stamp = path.stem.rpartition("_")[2]
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                member = folder / f"{Path(name).stem}_{stamp}.csv"
                with archive.open(name) as packed, member.open("wb") as plain:
                    shutil.copyfileobj(packed, plain, _BLOCK)
                yield member


def _in_utf8(path: Path, folder: Path) -> Path:
    """The file itself, or a copy in UTF-8 where it is cp932."""
    if path.suffix == ".gz" or _is_utf8(path):
        return path
    copy = folder / path.name
    decoder = codecs.getincrementaldecoder("cp932")()
    with path.open("rb") as packed, copy.open("wb") as plain:
        while block := packed.read(_BLOCK):
            plain.write(decoder.decode(block).encode())
        plain.write(decoder.decode(b"", final=True).encode())
    return copy


def _is_utf8(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(64 * 1024)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _as_csv(path: Path, folder: Path) -> Path:
    """A workbook's first sheet."""
    copy = folder / f"{path.stem}.csv"
    sheet = openpyxl.load_workbook(path, read_only=True).worksheets[0]
    with copy.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(sheet.iter_rows(values_only=True))
    return copy


def main() -> None:
    """Say how long the floor takes for a house."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.floor", description=main.__doc__)
    parser.add_argument("house", type=Path)
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2026, 9, 30))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory-limit", default="4GB")
    parser.add_argument("--database", type=Path, help="keep kpi_rep_daily here")
    options = parser.parse_args()
    print(
        run(
            options.house / "exports",
            options.as_of,
            options.threads,
            options.memory_limit,
            database=options.database,
        )
    )


if __name__ == "__main__":
    main()
