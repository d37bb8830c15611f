"""A command watched from outside: its JSON lines, its wall time, the memory of its process tree.

Resident memory is read from /proc every tenth of a second and added up over the process and all its
children, so that the parent and dbt's child count together; it holds for Linux only.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_EVERY_SECONDS = 0.1
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Watched:
    """What a command printed (JSON lines), when it began and ended (epoch seconds), and its memory.

    samples: (epoch seconds, bytes resident in the whole process tree).
    """

    began: float
    ended: float
    code: int
    lines: list[dict[str, Any]] = field(default_factory=list)
    samples: list[tuple[float, int]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    def peak_between(self, first: float, last: float) -> int:
        """The most bytes resident between two instants; 0 where none was sampled."""
        return max((size for at, size in self.samples if first <= at <= last), default=0)


def watch(command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> Watched:
    """Run a command to its end; standard error and what is no JSON go to `log`."""
    with log.open("a", encoding="utf-8") as errors:
        began = time.time()
        process = subprocess.Popen(
            list(command), stdout=subprocess.PIPE, stderr=errors, text=True, env=dict(env), cwd=cwd
        )
        watched = Watched(began, began, -1)
        over = threading.Event()
        sampler = threading.Thread(target=_sample, args=(process.pid, watched, over), daemon=True)
        sampler.start()
        assert process.stdout is not None  # PIPE was asked for above
        for line in process.stdout:
            if line.startswith("{"):
                watched.lines.append(json.loads(line))
            else:
                errors.write(line)
        watched.code = process.wait()
        watched.ended = time.time()
        over.set()
        sampler.join()
    return watched


def _sample(root: int, watched: Watched, over: threading.Event) -> None:
    while not over.wait(_EVERY_SECONDS):
        watched.samples.append((time.time(), sum(map(_resident, _tree(root)))))


def _tree(root: int) -> list[int]:
    found = [root]
    for pid in found:
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue  # it ended while we looked
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0
