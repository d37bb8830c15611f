"""Readers that ask again and again while hundreds of publications take each other's place.

Every publication is the product's own (`candidate.build`, `releases.publish`: checks, fresh process, sync,
rename, flip, prune); only the judging is not done anew each time, because it takes longer than all the
rest: the first candidate's audit is stamped with the later ones' names. Each release differs from the one
before it in several tables, so a mixture cannot go unseen. Readers are processes of their own that know
DuckDB and the path, as a BI tool does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.lib import audit_page, releases
from dagster_project.lib.audit import Audit, read_audit
from dagster_project.lib.candidate import AUDIT, AUDIT_PAGE, MANIFEST, read_manifest
from dagster_project.lib.checksums import file_sha256
from dagster_project.settings import PROJECT_ROOT, Retention
from tests.gate.company import Company

_CHANGES = (
    "update marts.dim_accounts set industry = '{}'",
    "update marts.fct_calls set call_list = '{}'",
    "update marts.dim_metrics set label_en = '{}'",
    "update marts.dim_reps set manager_rep_id = '{}'",
)


@dataclass(frozen=True)
class Reading:
    """What all readers together saw."""

    publications: int
    questions: int
    releases_seen: int
    problems: tuple[str, ...]

    def told(self) -> str:
        return (
            f"publications {self.publications}; questions asked meanwhile {self.questions}, of "
            f"{self.releases_seen} different releases; mixtures and errors {len(self.problems)}"
        )


def run(company: Company, publications: int, readers: int) -> Reading:
    """Publish so often while so many readers open the release anew, and one keeps it open.

    company: its marts are ready, and one release is published.
    """
    truth: dict[str, str] = {}
    release = releases.current_release(company.house)
    assert release is not None
    audit = read_audit(release.path)
    truth[release.release_id] = fingerprint(release.warehouse)[1]
    # As few as may be kept, so that releases go while somebody reads them.
    few = company.settings.model_copy(update={"retention": Retention(releases=2)})
    logs = [company.house.root.parent / f"reader-{number}.jsonl" for number in range(readers + 1)]
    processes = [_start(company, log, holds=number == readers) for number, log in enumerate(logs)]
    try:
        for number in range(publications):
            run_id = f"20260630-20260801T{number:012}"
            stamped(company, run_id, audit)
            candidate = company.house.candidates / run_id
            truth[run_id] = fingerprint(candidate / "warehouse.duckdb")[1]
            releases.publish(company.house, few)
    finally:
        for process in processes:
            # Dagster takes SIGTERM for SIGINT, which a job in the background ignores, and so would they.
            process.kill()
        for process in processes:
            process.wait()
    return judged(publications, truth, logs)


def stamped(company: Company, run_id: str, audit: Audit) -> None:
    """A candidate of changed marts, with the audit that judging it would give."""
    company.next_run(run_id)
    company.change(*(text.format(run_id) for text in _CHANGES))
    folder = company.build()
    manifest = read_manifest(folder)
    stamped = audit.model_copy(
        update={"run_id": run_id, "manifest_sha256": file_sha256(folder / MANIFEST)}
    )
    (folder / AUDIT).write_text(stamped.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (folder / AUDIT_PAGE).write_text(audit_page.render(stamped, manifest), encoding="utf-8")


def _start(company: Company, log: Path, *, holds: bool) -> subprocess.Popen[bytes]:
    warehouse = company.house.current / "warehouse.duckdb"
    return subprocess.Popen(
        [
            sys.executable, "-m", "tests.campaign.readers",
            os.fspath(warehouse), os.fspath(log), "holds" if holds else "opens",
        ],
        cwd=PROJECT_ROOT,
    )  # fmt: skip


def judged(publications: int, truth: dict[str, str], logs: list[Path]) -> Reading:
    problems, seen, questions = [], set(), 0
    for log in logs:
        held = set()
        holds = False
        # The reader was ended in the middle of its last line.
        lines = log.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
        for line in lines:
            said = json.loads(line)
            questions += 1
            if "error" in said:
                problems.append(f"{log.name}: {said['error']}")
                continue
            seen.add(said["release"])
            held.add(said["release"])
            holds = said["holds"]
            if said["content"] != truth[said["release"]]:
                problems.append(f"{log.name}: a mixture under the name {said['release']}")
        if holds and len(held) > 1:
            problems.append(f"{log.name}: one connection saw {sorted(held)}")
    return Reading(publications, questions, len(seen), tuple(problems))


def fingerprint(warehouse: Path) -> tuple[str, str]:
    """The release a file says it is, and one value made of every row of every table."""
    with duckdb.connect(str(warehouse), read_only=True, config={"threads": 1}) as connection:
        return _asked(connection)


def _asked(connection: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    tables = [name for (name,) in connection.execute("show tables").fetchall()]
    parts = [
        f"select sum(hash(t))::varchar as part, '{name}' as name from \"{name}\" as t"
        for name in tables
    ]
    content = connection.execute(
        f"select string_agg(name || part, ' ' order by name) from ({' union all '.join(parts)})"
    ).fetchone()
    release = connection.execute("select release_id from release").fetchone()
    assert content is not None
    assert release is not None
    return str(release[0]), str(content[0])


def _read(warehouse: Path, log: Path, *, holds: bool) -> None:
    """Ask until somebody ends this process, or the one that started it is gone."""
    parent = os.getppid()
    with log.open("a", encoding="utf-8") as out:
        connection = duckdb.connect(str(warehouse), read_only=True) if holds else None
        while os.getppid() == parent:
            said: dict[str, object] = {"holds": holds}
            try:
                found = _asked(connection) if connection else fingerprint(warehouse)
                said |= {"release": found[0], "content": found[1]}
            except (duckdb.Error, OSError) as error:
                said["error"] = f"{type(error).__name__}: {error}"
            out.write(json.dumps(said) + "\n")
            out.flush()


if __name__ == "__main__":
    _read(Path(sys.argv[1]), Path(sys.argv[2]), holds=sys.argv[3] == "holds")
