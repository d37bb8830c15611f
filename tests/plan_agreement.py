"""What the comparisons of plans share: the catalogue as people decided it, the oracle's planned tables."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from dagster_project.settings import DBT_PROJECT
from tests.oracle.actions import Judge
from tests.oracle.metrics import Row
from tests.oracle.planning import actions, known_scopes, targets
from tests.oracle.records import Records
from tests.oracle.scorecard import Scorecard
from tests.oracle.tables import Answer
from tests.oracle.windows import Windows

_METRICS = DBT_PROJECT / "models" / "marts" / "metrics"


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """What people decided of each metric: unit, direction, minimum sample, headline."""
    found = {}
    for path in _METRICS.glob("*_metrics.yml"):
        for metric in yaml.safe_load(path.read_text(encoding="utf-8"))["metrics"]:
            found[metric["name"]] = metric["config"]["meta"]
    return found


@cache
def summed_measures() -> set[str]:
    """Measures that add up amounts or seconds instead of counting."""
    text = (_METRICS / "_semantic_models.yml").read_text(encoding="utf-8")
    models = yaml.safe_load(text)["semantic_models"]
    return {one["name"] for model in models for one in model["measures"] if one["agg"] == "sum"}


def judged_actions(
    records: Records, found: Answer, windows: Windows, scorecard: Scorecard
) -> list[Row]:
    """kpi_actions as the oracle has it."""
    judge = Judge(windows, known_scopes(found, scorecard), catalogue(), summed_measures())
    return [judge.row(action) for action in actions(records)]


def planned_tables(records: Records, found: Answer) -> dict[str, list[Row]]:
    """The tables of planning that the hand-worked cases ask about."""
    scorecard, windows = Scorecard(found), Windows(found)
    return {
        "kpi_targets": targets(records, found, scorecard),
        "kpi_actions": judged_actions(records, found, windows, scorecard),
    }
