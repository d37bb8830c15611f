"""How much of the machine an engine takes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagster_project.settings import PROJECT_ROOT

_GIB = 1024**3
# Where a memory limit of a group of processes is written, by the kernel's first and second interface.
_INTERFACES = (
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
    (Path("/sys/fs/cgroup"), "memory.max"),
)


@pytest.fixture
def container() -> Iterator[Path]:
    """A group of processes that may have 1 GiB, as a container's."""
    for root, limit in _INTERFACES:
        group = root / f"kura-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / limit).write_text(str(_GIB), encoding="ascii")
            yield group
            return
        except OSError:
            continue
        finally:
            group.rmdir()
    pytest.skip("this machine lets nobody limit the memory of a group of processes")


def test_an_engine_in_a_container_holds_at_most_half_of_what_the_container_has(
    container: Path,
) -> None:
    program = (
        f"import os; open('{container}/cgroup.procs', 'w').write(str(os.getpid()));"
        "from dagster_project.lib import engine; print(engine.memory_limit())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    held = int(done.stdout.strip().removesuffix("MiB"))
    assert 500 <= held <= 512
