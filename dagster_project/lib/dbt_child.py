"""The one process that writes the work database: dbt, in a child that cannot outlive its night.

Run as `python -m dagster_project.lib.dbt_child WRITER_LOCK PARENT_PID PLAN`, where PLAN is JSON:
`{"flags": [...], "commands": [[...], ...], "target": "…"}`. The child asks the kernel to be killed with
its parent (Linux), holds the writer lock while it lives (everywhere), parses the project once and runs
the commands on that one parse, stopping at the first that fails. `run` is what the parent calls.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dagster_project.lib.children import die_with
from dagster_project.lib.engine import memory_limit
from dagster_project.lib.lock import exclusive

LOG_BYTES = 10 * 1024**2
# dbt keeps a large project in memory; looking through it as often as Python does is a fifteenth of its time.
_SELDOM = (200_000, 50, 100)


def run(
    commands: Sequence[Sequence[str]],
    *,
    project: Path,
    target: Path,
    work_database: Path,
    writer_lock: Path,
    run_id: str = "",
    log_bytes: int = LOG_BYTES,
    on_line: Callable[[str], None] = lambda _line: None,
) -> int:
    """Parse `project`, then run each dbt command on `work_database`; artifacts and logs go to `target`.

    No command at all only parses (and so writes `target/manifest.json`). The results of each command are
    kept as `target/run_results.<command>.json` and name `run_id`, so that the gate can tell whose they are.
    log_bytes: how large dbt's log may grow before dbt begins another; it keeps five older ones.
    on_line receives each line dbt prints, while it runs. The child's folder is the work database's, which
    the profile names without a path. Returns the exit code.
    """
    flags = ["--project-dir", os.fspath(project), "--profiles-dir", os.fspath(project)]
    flags += ["--target-path", os.fspath(target), "--log-path", os.fspath(target)]
    flags += ["--log-file-max-bytes", str(log_bytes)]
    plan = {"flags": flags, "commands": [list(command) for command in commands]}
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "dagster_project.lib.dbt_child",
            os.fspath(writer_lock),
            str(os.getpid()),
            json.dumps({**plan, "target": os.fspath(target)}),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        cwd=work_database.parent,
        env=environment(os.environ, run_id),
    )
    try:
        assert process.stdout is not None  # PIPE was asked for above
        for line in process.stdout:
            on_line(line.rstrip())
        return process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise


def environment(base: Mapping[str, str], run_id: str) -> dict[str, str]:
    """The child's environment: run named, memory bounded, telemetry off, UTF-8 in any locale."""
    return {
        **base,
        "DBT_ENV_CUSTOM_ENV_KPI_RUN_ID": run_id,
        "KPI_ENGINE_MEMORY": memory_limit(),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_USE_COLORS": "false",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "PYTHONIOENCODING": "utf-8",
    }


def _invoke(flags: list[str], commands: list[list[str]], target: Path) -> int:
    from dbt.artifacts.schemas.run import RunExecutionResult
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    parsed = dbtRunner().invoke(["parse", *flags])
    if not parsed.success or not isinstance(parsed.result, Manifest):
        print(f"dbt could not read the project: {parsed.exception}", flush=True)
        return 2
    gc.freeze()
    for command in commands:
        # The parse has written the manifest; with every command again, it is a fourteenth of dbt's time.
        result = dbtRunner(manifest=parsed.result).invoke([*command, "--no-write-json", *flags])
        if isinstance(result.result, RunExecutionResult):
            result.result.write(os.fspath(target / f"run_results.{command[0]}.json"))
        if result.exception is not None:
            print(f"dbt {command[0]} could not run: {result.exception}", flush=True)
            return 2
        if not result.success:
            return 1
    return 0


def main(argv: Sequence[str]) -> int:
    """Entry of the child process."""
    lock, parent, plan_text = argv
    die_with(int(parent))
    gc.set_threshold(*_SELDOM)
    plan = json.loads(plan_text)
    with exclusive(Path(lock), wait_seconds=30, busy="Another writer holds the work database."):
        return _invoke(plan["flags"], plan["commands"], Path(plan["target"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
