"""Parses of the dbt project: one per state of its files, and nothing of killed ones for ever."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dagster_project.lib import lock, transformation


def test_what_a_killed_parse_left_is_forgotten_and_a_parse_at_work_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transformation, "PARSED", tmp_path)
    for name in ("parsing-mine", "parsing-now", "parsing-long", "parsing-killed", "earlier"):
        (tmp_path / name).mkdir()
    with lock.exclusive(tmp_path / "parsing-long" / "writer.lock", busy="-"):
        long_ago = time.time() - 4_000
        for name in ("parsing-long", "parsing-killed"):
            os.utime(tmp_path / name, (long_ago, long_ago))
        assert [path.name for path in transformation.abandoned_parses()] == ["parsing-killed"]
        transformation._take_place(tmp_path / "parsing-mine", tmp_path / "state")
    assert {path.name for path in tmp_path.iterdir()} == {"state", "parsing-now", "parsing-long"}
