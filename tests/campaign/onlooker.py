"""Somebody who only looks: is the release readers see whole, and what does it say?

`python -m tests.campaign.onlooker HOUSE` looks in a process of its own, with DuckDB and the manifest's
own words alone: no module of the product is imported, so nothing of it can be wrong here too. Belongs
here as well: who still has a file of the house open, and whether two releases hold the same rows.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

# What names the night itself, not what it found; a kept stock may be of earlier code.
OF_THE_NIGHT = (
    "release_id", "run_id", "finished_at", "created_at", "published_at", "built_at", "code_version",
    "previous_release_id", "previous_as_of_date",
)  # fmt: skip
# Compares releases: what it says depends on which nights were published.
OF_RELEASES = ("kpi_restatements",)


@dataclass(frozen=True)
class Seen:
    """What readers see: the release `current` leads to, and everything that is wrong with it."""

    release_id: str | None
    problems: tuple[str, ...]


def look(house: Path) -> Seen:
    """What a process that was just started sees of a house."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaign.onlooker", os.fspath(house)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    if done.returncode != 0:
        return Seen(None, (f"the onlooker fell over: {done.stderr[-500:]}",))
    answer = json.loads(done.stdout)
    return Seen(answer["release_id"], tuple(answer["problems"]))


def seen(house: Path) -> Seen:
    """The same, by this process."""
    current = house / "published" / "current"
    if not current.is_symlink():
        return Seen(None, ("there is no current release",))
    folder = current.resolve()
    if not folder.is_dir():
        return Seen(folder.name, ("current leads nowhere",))
    try:
        return Seen(folder.name, tuple(_problems(folder)))
    except (OSError, ValueError, KeyError, duckdb.Error) as error:
        return Seen(folder.name, (f"{type(error).__name__}: {error}",))


def _problems(folder: Path) -> list[str]:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    audit = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    problems = []
    if audit["verdict"] != "passed":
        problems.append(f"the audit says {audit['verdict']}")
    if audit["manifest_sha256"] != _sha256(folder / "manifest.json"):
        problems.append("the audit is of another manifest")
    if {audit["run_id"], manifest["run_id"]} != {folder.name}:
        problems.append("folder, manifest and audit name different runs")
    problems += [
        f"{file['path']} is not what the manifest says"
        for file in manifest["files"]
        if _sha256(folder / file["path"]) != file["sha256"]
    ]
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        for table in manifest["tables"]:
            parquet = folder / "parquet" / f"{table['name']}.parquet"
            counts = {
                _one(connection, f'select count(*) from "{table["name"]}"'),
                _one(connection, f"select count(*) from read_parquet('{parquet}')"),
                table["rows"],
            }
            if len(counts) > 1:
                problems.append(f"{table['name']} has {sorted(counts)} rows")
        if _one(connection, "select release_id from release") != folder.name:
            problems.append("the table release names another run")
    return problems


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    found = connection.execute(sql).fetchone()
    return found[0] if found else None


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def unlike(release: Path, reference: Path) -> list[str]:
    """Published tables that do not hold the reference's rows, what names the run left out."""
    problems = []
    with duckdb.connect() as connection:
        connection.execute(f"attach '{release / 'warehouse.duckdb'}' as mine (read_only)")
        connection.execute(f"attach '{reference / 'warehouse.duckdb'}' as theirs (read_only)")
        names = {
            database: [
                str(name)
                for (name,) in connection.execute(
                    "select table_name from duckdb_tables() where database_name = ? order by all",
                    [database],
                ).fetchall()
            ]
            for database in ("mine", "theirs")
        }
        if names["mine"] != names["theirs"]:
            return [f"other tables: {set(names['mine']) ^ set(names['theirs'])}"]
        for table in (name for name in names["theirs"] if name not in OF_RELEASES):
            # Parallel sums differ in the last digits.
            columns = ", ".join(
                f"printf('%.10g', \"{name}\")" if kind == "DOUBLE" else f'"{name}"'
                for name, kind, *_ in connection.execute(f'describe theirs."{table}"').fetchall()
                if name not in OF_THE_NIGHT
            )
            both = [f'select {columns} from {database}."{table}"' for database in names]
            gone = connection.execute(f"({both[1]} except all {both[0]}) order by all").fetchall()
            new = connection.execute(f"({both[0]} except all {both[1]}) order by all").fetchall()
            if gone or new:
                problems.append(
                    f"{table}: {len(gone)} rows missing, {len(new)} too many: {gone[:2]} {new[:2]}"
                )
    return problems


def users_of(house: Path) -> dict[int, str]:
    """Processes that have a file of the house open or name it, but for this one: pid → command."""
    root = os.fspath(house)
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            opened = [os.fspath(link.readlink()) for link in (entry / "fd").iterdir()]
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if root in command or any(path.startswith(root) for path in opened):
            found[int(entry.name)] = command
    return found


def left_behind(house: Path, *, patience: float = 5.0) -> list[str]:
    """Who still works in the house after a kill, and whether anything in it is still written."""
    until = time.monotonic() + patience
    while (users := users_of(house)) and time.monotonic() < until:
        time.sleep(0.02)
    if users:
        return [f"process {pid} lives on: {command}" for pid, command in users.items()]
    before = _stamps(house)
    time.sleep(0.2)
    changed = [name for name, stamp in _stamps(house).items() if before.get(name) != stamp]
    return [f"{name} is written by nobody known" for name in changed]


def _stamps(house: Path) -> dict[str, tuple[int, int]]:
    return {
        os.fspath(path): (found.st_size, found.st_mtime_ns)
        for path in house.rglob("*")
        if (found := path.lstat())
    }


if __name__ == "__main__":
    answer = seen(Path(sys.argv[1]))
    print(json.dumps({"release_id": answer.release_id, "problems": answer.problems}))
