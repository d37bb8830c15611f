"""A process that does what the product does and kills itself at the n-th thing it does to the house.

`python -m tests.campaign.victim HOUSE POINT WHAT…` where WHAT is a `kpi` command line, or `steps` and the
names of steps of a night (candidate, gate, publication), which go on from where the house stands. POINT
counts what Python does to files of the house (open for writing, rename, remove, link, lock, sync …; for
a sync before and after it); 0 kills nobody and prints how many there were. What DuckDB writes by itself is
no such event: kills at random moments are there for that (`kills`).

`Victims` forks them from one process that has imported everything, so that a victim costs what it does.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from dagster_project.settings import PROJECT_ROOT

# A step of a night and how many seconds into it.
Moment = tuple[str, float]

_CHANGING = {
    "os.rename", "os.remove", "os.unlink", "os.mkdir", "os.rmdir", "os.symlink", "os.link",
    "os.chmod", "os.truncate", "shutil.rmtree", "shutil.copyfile",
}  # fmt: skip


class _Counter:
    def __init__(self, house: Path, point: int, full: bool) -> None:
        self._house = os.fspath(house)
        self._point = point
        self._full = full
        self.count = 0

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = arguments[:3]
            if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self._at(path)
        elif event in _CHANGING:
            # rmtree names what it removes relative to an open folder.
            relative = isinstance(arguments[-1], int) and arguments[-1] != -1
            self._at(self._house if relative else arguments[0])
        elif event == "fcntl.flock":
            self._at(self._house)

    def _at(self, path: object) -> None:
        if not isinstance(path, str | os.PathLike) or not os.fspath(path).startswith(self._house):
            return
        self.count += 1
        if self.count == self._point:
            if self._full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(path))
            os.kill(os.getpid(), signal.SIGKILL)

    def synced(self, sync: Callable[[int], None]) -> Callable[[int], None]:
        def counted(descriptor: int) -> None:
            self._at(self._house)
            sync(descriptor)
            self._at(self._house)

        return counted


def _steps(
    house: Path, steps: list[str], moment: Moment | None, hours: Mapping[str, float]
) -> None:
    from dagster_project.lib.night import Night
    from dagster_project.settings import House
    from tests.campaign.clock import moved

    night = Night(House(house))
    does: dict[str, Callable[[], object]] = {
        "ingestion": night.ingest,
        "transformation": night.transform,
        "candidate": night.build_candidate,
        "gate": night.judge,
        "publication": night.publish,
    }
    with night.lock(), moved() as clock:
        for step in steps:
            clock.off = timedelta(hours=hours.get(step, 0.0))
            if moment is not None and moment[0] == step:
                _kill_in(moment[1])
            started = time.monotonic()
            does[step]()
            print(f"took {step} {time.monotonic() - started}", flush=True)


def _kill_in(seconds: float) -> None:
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
    timer.daemon = True
    timer.start()


def main(
    house: Path,
    point: int,
    what: Sequence[str],
    moment: Moment | None = None,
    *,
    full: bool = False,
    hours: Mapping[str, float] | None = None,
) -> None:
    """Do it; the last line on standard output says how many events there were.

    moment: a step and after how many seconds of it to die. full: no death at `point`, but the operating
    system's word that there is no space left. hours: by how much the clock is wrong in a step.
    """
    importlib.import_module("dagster_project.lib.night")
    os.environ["KPI_HOME"] = os.fspath(house)
    counter = _Counter(house, point, full)
    os.fsync = counter.synced(os.fsync)  # type: ignore[assignment]
    sys.addaudithook(counter.hook)
    if what[0] == "steps":
        _steps(house, [*what[1:]], moment, hours or {})
    else:
        sys.argv = ["kpi", *what]
        try:
            from dagster_project import cli

            cli.main()
        except SystemExit as end:
            if end.code:
                raise
    print(counter.count)


@dataclass(frozen=True)
class Fate:
    """How a victim ended: its exit code, or minus the signal; events: how many there were; what it said."""

    code: int
    events: int
    said: str


class Victims:
    """A process that has imported the product; every victim is a fork of it."""

    def __init__(self) -> None:
        self.undisturbed: dict[tuple[Path, tuple[str, ...]], Fate] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.campaign.victim"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT_ROOT,
        )

    def run(
        self,
        house: Path,
        point: int,
        what: Sequence[str],
        moment: Moment | None = None,
        *,
        full: bool = False,
        hours: Mapping[str, float] | None = None,
    ) -> Fate:
        """One victim; everything as in `main`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        log = house.with_name(f"said-by-{house.name}")
        asked = {
            "house": os.fspath(house),
            "point": point,
            "what": list(what),
            "moment": moment,
            "full": full,
            "hours": hours,
            "log": os.fspath(log),
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        said = log.read_text(encoding="utf-8")
        log.unlink()
        events = int(said.split()[-1]) if code == 0 else 0
        return Fate(code, events, said)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def _serve() -> None:
    """Fork for every line on standard input; answer with how the fork ended."""
    from dagster_project.lib import gx_duckdb

    for module in ("cli", "lib.night", "lib.audit_page"):
        importlib.import_module(f"dagster_project.{module}")
    gx_duckdb.warm_up()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(log, 1)
                os.dup2(log, 2)
                main(
                    Path(asked["house"]),
                    asked["point"],
                    asked["what"],
                    asked["moment"],
                    full=asked["full"],
                    hours=asked["hours"],
                )
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()


if __name__ == "__main__" and len(sys.argv) == 1:
    _serve()
elif __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
