"""Running the dbt project over the work database, once a night, and reading what it said.

Business rules live in `dbt_project/`; this module knows only how to run it. Models run first and all
data tests after them, so that a failed test is a finding for the gate and not a half-built warehouse.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.lib import dbt_child, lock
from dagster_project.lib.candidate import work_contents
from dagster_project.lib.errors import KuraError
from dagster_project.settings import DBT_PROJECT, House

_CODE_SUFFIXES = {".sql", ".yml", ".yaml"}
PARSED = DBT_PROJECT / "target" / "parsed"
_TESTED = "tested_tables.json"
_PARSING = "parsing-"
_WRITER_LOCK = "writer.lock"
_SECONDS_UNTIL_LOCKED = 3_600
# Above this much Parquet in raw two models at once need more memory than the engine may hold.
_LARGE_BYTES = 256 * 1024**2


class TransformationFailed(KuraError):
    """A model could not be built, so there is nothing to judge or publish."""


@dataclass(frozen=True)
class NodeResult:
    """What became of one model or test: dbt's unique id, status, seconds, message."""

    unique_id: str
    status: str
    seconds: float
    message: str | None


@dataclass(frozen=True)
class TransformationResult:
    """One run of the project: models built and tests run, in dbt's order."""

    models: tuple[NodeResult, ...]
    tests: tuple[NodeResult, ...]
    full_refresh: bool


def project_fingerprint(*folders: str) -> str:
    """sha256 over names and bytes of the project's SQL and YAML (below `folders`, or all of it)."""
    digest = hashlib.sha256()
    roots = [DBT_PROJECT / folder for folder in folders] or [DBT_PROJECT]
    for root in roots:
        files = [path for path in root.rglob("*") if path.suffix in _CODE_SUFFIXES]
        for path in sorted(files):
            relative = path.relative_to(DBT_PROJECT)
            if relative.parts[0] in {"target", "logs"}:
                continue
            digest.update(str(relative).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def manifest() -> Path:
    """dbt's manifest of the project as it stands; parsed once per state of its files.

    The parse lies beside the project, not in a house: it is the same for every house, because the work
    database is named relative to the child's folder. Raises TransformationFailed when dbt cannot read
    the project.
    """
    parsed = PARSED / project_fingerprint()[:16]
    if not (parsed / "manifest.json").is_file():
        PARSED.mkdir(parents=True, exist_ok=True)
        parsing = Path(tempfile.mkdtemp(prefix=_PARSING, dir=PARSED))
        lines: list[str] = []
        code = dbt_child.run(
            [],
            project=DBT_PROJECT,
            target=parsing,
            work_database=parsing / "warehouse.duckdb",
            writer_lock=parsing / _WRITER_LOCK,
            on_line=lines.append,
        )
        if code != 0:
            shutil.rmtree(parsing)
            raise TransformationFailed(
                "The dbt project cannot be read.",
                where=str(DBT_PROJECT),
                remedy="\n".join(lines[-15:]),
            )
        _take_place(parsing, parsed)
    return parsed / "manifest.json"


def _take_place(parsing: Path, parsed: Path) -> None:
    """The finished parse under its name; parses of earlier states of the project are forgotten."""
    try:
        parsing.rename(parsed)
    except OSError:
        shutil.rmtree(parsing)  # another process was as quick, and its parse is the same
    earlier = (path for path in PARSED.iterdir() if not path.name.startswith(_PARSING))
    for other in (*abandoned_parses(), *earlier):
        if other != parsed:
            shutil.rmtree(other, ignore_errors=True)


def abandoned_parses() -> Iterator[Path]:
    """Folders of killed parses. A parse at work holds a lock, made a moment after its folder."""
    for folder in PARSED.glob(f"{_PARSING}*"):
        try:
            age = time.time() - folder.stat().st_mtime
        except FileNotFoundError:  # it has just taken its place
            continue
        if age > _SECONDS_UNTIL_LOCKED and lock.holder(folder / _WRITER_LOCK) is None:
            yield folder


def transform(
    house: House,
    run_id: str,
    *,
    full_refresh: bool = False,
    log_bytes: int = dbt_child.LOG_BYTES,
    on_line: Callable[[str], None] = lambda _line: None,
) -> TransformationResult:
    """Build every model, then run every data test. run_id: whose results these are.

    The models that keep rows between nights (staging) are rebuilt when their own code changed since they
    were built. Raises TransformationFailed naming the models that failed; failing tests do not raise:
    the gate judges them.
    """
    stamp = house.dbt_target / "staging.sha256"
    staging_code = project_fingerprint("models/staging", "macros")
    kept = house.work_database.is_file() and stamp.is_file()
    full_refresh = full_refresh or not kept or stamp.read_text() != staging_code
    parse = manifest().with_name("partial_parse.msgpack")
    house.dbt_target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(parse, house.dbt_target / parse.name)
    for name in ("run", "test"):
        (house.dbt_target / f"run_results.{name}.json").unlink(missing_ok=True)
    (house.dbt_target / _TESTED).unlink(missing_ok=True)
    stamp.unlink(missing_ok=True)
    options = ["--full-refresh"] if full_refresh else []
    if _is_large(house):
        options += ["--threads", "1"]
    lines: list[str] = []

    def heard(line: str) -> None:
        lines.append(line)
        on_line(line)

    dbt_child.run(
        [["run", *options], ["test", "--exclude-resource-type", "unit_test"]],
        project=DBT_PROJECT,
        target=house.dbt_target,
        work_database=house.work_database,
        writer_lock=house.writer_lock,
        run_id=run_id,
        log_bytes=log_bytes,
        on_line=heard,
    )
    models = _results(house.dbt_target / "run_results.run.json")
    broken = [node for node in models if node.status not in {"success", "pass"}]
    if broken or not models:
        errors = [node for node in broken if node.status == "error"] or broken
        raise TransformationFailed(
            f"{len(errors)} model(s) could not be built."
            if models
            else "dbt stopped before building anything.",
            where=", ".join(node.unique_id for node in errors) or str(house.dbt_target / "dbt.log"),
            remedy="\n".join(node.message or "" for node in errors) or "\n".join(lines[-15:]),
        )
    stamp.write_text(staging_code)
    note_tested(house, manifest())
    return TransformationResult(
        models=models,
        tests=_results(house.dbt_target / "run_results.test.json"),
        full_refresh=full_refresh,
    )


def _is_large(house: House) -> bool:
    """Whether models share the engine's memory badly, so that each has it for itself."""
    sizes = (path.stat().st_size for path in house.raw.rglob("*.parquet"))
    return sum(sizes) > _LARGE_BYTES


def note_tested(house: House, dbt_manifest: Path) -> None:
    """Write down, beside dbt's results, the content of every published table these results speak of."""
    text = json.dumps(work_contents(house, dbt_manifest), indent=2)
    (house.dbt_target / _TESTED).write_text(text + "\n", encoding="utf-8")


def read_tested(target: Path) -> dict[str, str]:
    """Published table → fingerprint of its content when the tests had run; empty when none ran to the end."""
    path = target / _TESTED
    if not path.is_file():
        return {}
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _results(path: Path) -> tuple[NodeResult, ...]:
    if not path.is_file():
        return ()
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        # dbt goes on when its results cannot be written, and says nothing.
        raise TransformationFailed(
            "dbt did not write its results to the end.",
            where=str(path),
            remedy="The disk was full, most likely: make room (`kpi doctor` says how much a night needs), "
            "then run the night again.",
        ) from error
    return tuple(
        NodeResult(
            unique_id=item["unique_id"],
            status=item["status"],
            seconds=float(item["execution_time"]),
            message=item.get("message"),
        )
        for item in document["results"]
    )
