"""Is this folder, byte for byte and row for row, what its manifest says?

`check` looks at a candidate or release: only the listed files and nothing else, no links, no
write-ahead log, every SHA-256, every table's rows and content, every Parquet file's content equal to
its table. `python -m dagster_project.lib.verify DIR` does so in a process of its own that shares no
open file and no memory with the one that wrote, which is how the publisher uses it (`fresh`).
Whether the numbers are believable is left to `gate`.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import duckdb

from dagster_project.lib import engine
from dagster_project.lib.candidate import (
    AUDIT,
    AUDIT_PAGE,
    MANIFEST,
    PARQUET,
    CandidateError,
    Manifest,
    read_manifest,
)
from dagster_project.lib.checksums import file_sha256, table_content
from dagster_project.lib.query import WAREHOUSE, sandboxed
from dagster_project.lib.sql_text import identifier, literal
from dagster_project.settings import PROJECT_ROOT


def check(folder: Path) -> list[str]:
    """Every way in which the folder differs from its manifest; empty means intact."""
    problems = files(folder)
    return problems or _tables(folder, read_manifest(folder))


def files(folder: Path) -> list[str]:
    """Every way in which the folder's files differ from its manifest, byte by byte."""
    if folder.is_symlink() or not folder.is_dir():
        return [f"{folder.name} is not a folder"]
    try:
        manifest = read_manifest(folder)
    except CandidateError as error:
        return [error.message]
    problems = _entries(folder, manifest)
    if problems:
        # Contents of files that should not be here are not opened.
        return problems
    return [
        f"{file.path} differs from the file that was checked"
        for file in manifest.files
        if file_sha256(folder / file.path) != file.sha256
    ]


def fresh(folder: Path) -> list[str]:
    """`check`, run by a new Python process."""
    done = subprocess.run(
        [sys.executable, "-m", "dagster_project.lib.verify", str(folder)],
        capture_output=True,
        text=True,
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    try:
        answer = json.loads(done.stdout)
        problems = [str(problem) for problem in answer["problems"]]
        of_this = answer["folder"] == str(folder)
    except (ValueError, KeyError, TypeError):
        return ["the verifying process gave no answer"]
    if done.returncode != (1 if problems else 0) or not of_this:
        return [*problems, "the verifying process did not end as it should"]
    return problems


def _entries(folder: Path, manifest: Manifest) -> list[str]:
    listed = {file.path for file in manifest.files}
    allowed = listed | {MANIFEST, AUDIT, AUDIT_PAGE}
    problems: list[str] = []
    seen: set[str] = set()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            problems.append(f"{name} is a link")
        elif stat.S_ISDIR(mode):
            if name != PARQUET:
                problems.append(f"{name} is a folder that does not belong here")
        elif not stat.S_ISREG(mode):
            problems.append(f"{name} is not a file")
        elif name not in allowed:
            problems.append(f"{name} does not belong here")
        else:
            seen.add(name)
            if name in listed and stat.S_IMODE(mode) & 0o222:
                problems.append(f"{name} is writable")
    problems += [f"{name} is missing" for name in sorted(listed - seen)]
    expected = {WAREHOUSE} | {f"{PARQUET}/{table.name}.parquet" for table in manifest.tables}
    problems += [f"{name} is not listed in the manifest" for name in sorted(expected - listed)]
    return problems


def _tables(folder: Path, manifest: Manifest) -> list[str]:
    problems: list[str] = []
    with sandboxed(folder / WAREHOUSE) as connection:
        found = {
            f"{schema}.{name}"
            for schema, name in connection.execute(
                "select schema_name, table_name from duckdb_tables() "
                "union all select schema_name, view_name from duckdb_views() where not internal"
            ).fetchall()
        }
        declared = {f"main.{table.name}" for table in manifest.tables}
        problems += [
            f"the table {name} is not in the manifest" for name in sorted(found - declared)
        ]
        problems += [f"the table {name} is missing" for name in sorted(declared - found)]
        if problems:
            return problems
        for table in manifest.tables:
            columns = {
                name: data_type
                for name, data_type, *_ in connection.execute(
                    f"describe {identifier(table.name)}"
                ).fetchall()
            }
            if columns != table.columns:
                problems.append(f"{table.name} has other columns than the manifest says")
            elif table_content(connection, identifier(table.name), list(table.columns)) != (
                table.rows,
                table.content,
            ):
                problems.append(f"{table.name} holds other rows than the manifest says")
    with engine.connect() as connection:
        for table in manifest.tables:
            path = folder / PARQUET / f"{table.name}.parquet"
            relation = f"read_parquet({literal(str(path))})"
            if table_content(connection, relation, list(table.columns)) != (
                table.rows,
                table.content,
            ):
                problems.append(f"{PARQUET}/{table.name}.parquet holds other rows than the table")
    return problems


def main(arguments: list[str]) -> int:
    """Print the verdict as JSON; 0 intact, 1 not."""
    if len(arguments) != 1:
        print("usage: python -m dagster_project.lib.verify DIR", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    try:
        problems = check(folder)
    except (OSError, duckdb.Error) as error:
        problems = [f"the folder could not be read: {type(error).__name__}"]
    print(json.dumps({"folder": str(folder), "problems": problems}, ensure_ascii=False))
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
