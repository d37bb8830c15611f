"""One night at a time, whatever was killed before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project.lib.lock import HouseLocked, exclusive, night

HOLDER = """
import sys, time
from pathlib import Path
from dagster_project.lib.lock import exclusive
with exclusive(Path(sys.argv[1]), busy="busy"):
    print("held", flush=True)
    time.sleep(600)
"""

PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", '''
import sys, time
from pathlib import Path
from dagster_project.lib import children
from dagster_project.lib.lock import exclusive
children.die_with(int(sys.argv[2]))
with exclusive(Path(sys.argv[1]), busy="busy"):
    print(__import__("os").getpid(), flush=True)
    time.sleep(600)
''', sys.argv[1], str(os.getpid())])
time.sleep(600)
"""


def start(script: str, lock: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(lock)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_a_second_night_is_refused_and_told_who_holds_the_house(tmp_path: Path) -> None:
    process, said = start(HOLDER, tmp_path / "night.lock")
    try:
        assert said == "held"
        with (
            pytest.raises(HouseLocked, match=f"process {process.pid}"),
            night(tmp_path / "night.lock", tmp_path / "writer.lock"),
        ):
            pass
    finally:
        process.kill()
        process.wait()


def test_the_lock_of_a_killed_night_is_free_at_once(tmp_path: Path) -> None:
    process, _ = start(HOLDER, tmp_path / "night.lock")
    process.kill()
    process.wait()
    with night(tmp_path / "night.lock", tmp_path / "writer.lock"):
        pass


def test_a_night_waits_for_the_writer_an_earlier_night_left_behind(tmp_path: Path) -> None:
    process, _ = start(HOLDER, tmp_path / "writer.lock")
    try:
        with (
            pytest.raises(HouseLocked, match="left behind"),
            night(tmp_path / "night.lock", tmp_path / "writer.lock", orphan_wait_seconds=0.3),
        ):
            pass
    finally:
        process.kill()
        process.wait()
    with night(tmp_path / "night.lock", tmp_path / "writer.lock"):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a child with its parent")
def test_a_killed_parent_takes_the_writing_child_with_it(tmp_path: Path) -> None:
    lock = tmp_path / "writer.lock"
    parent, child = start(PARENT, lock)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    with exclusive(lock, wait_seconds=10, busy="the child lives on"):
        assert (
            not Path(f"/proc/{child}").exists()
            or "Z" in (Path(f"/proc/{child}/stat").read_text().split()[2])
        )


def test_the_lock_says_nothing_but_the_process(tmp_path: Path) -> None:
    lock = tmp_path / "night.lock"
    with exclusive(lock, busy="busy"):
        assert lock.read_text() == f"process {os.getpid()}"
        assert lock.stat().st_mode & 0o777 == 0o600
