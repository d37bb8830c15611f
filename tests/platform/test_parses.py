"""Parses of the dbt project: one per state of its files, and nothing of killed ones for ever."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dagster_project.lib import transformation


def test_what_a_killed_parse_left_is_forgotten_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transformation, "PARSED", tmp_path)
    for name in ("parsing-mine", "parsing-now", "parsing-killed", "earlier"):
        (tmp_path / name).mkdir()
    long_ago = time.time() - 90_000
    os.utime(tmp_path / "parsing-killed", (long_ago, long_ago))
    transformation._take_place(tmp_path / "parsing-mine", tmp_path / "state")
    assert {path.name for path in tmp_path.iterdir()} == {"state", "parsing-now"}
