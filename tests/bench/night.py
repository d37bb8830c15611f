"""One night in a process of its own, telling when each stage began: `python -m tests.bench.night AS_OF`.

The house is the one `KPI_HOME` names. One JSON line per stage goes to standard output, the last one says
how it ended. What `kpi run` does, without its screen.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import date

from dagster_project import nightly_job
from dagster_project.lib.night import Night, Observer
from dagster_project.settings import House


def _tell(**facts: object) -> None:
    print(json.dumps({"at": time.time(), **facts}), flush=True)


def main(as_of: str) -> int:
    """Exit code 0 when a release was published."""
    night = Night(
        House.from_environment(),
        as_of=date.fromisoformat(as_of),
        observer=Observer(stage=lambda name: _tell(stage=name)),
    )
    with night.lock():
        failure = nightly_job.execute(night)
    _tell(stage="end", seconds=night.seconds, failure=None if failure is None else str(failure))
    return 0 if failure is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
