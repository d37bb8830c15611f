"""Where the warehouse and the oracle differ, in words; shared by the tests that compare the two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import yaml

from dagster_project.settings import DBT_PROJECT, House
from tests.cases import night
from tests.harness import query
from tests.oracle.account_coverage import coverage
from tests.oracle.conversion import COUNTS, INTERVALS, LINE, RATES, WAITS
from tests.oracle.metrics import ADDITIVE, Row
from tests.oracle.scorecard import Place, Scorecard
from tests.oracle.settings import settings_from
from tests.oracle.status import Judge
from tests.oracle.tables import Answer, answer

GRAINS = (
    ("rep_id", "date"),
    ("rep_id", "date", "channel", "campaign"),
    ("date", "team", "business_unit", "motion"),
)
# Every lead is at step lead, so that step goes unpublished.
CONVERSION = tuple(
    name for name in (*COUNTS, "cost_yen", *RATES) if name not in ("reached_lead", "observed_lead")
)
_SPREAD = {name: f"median_days_{name}" for name in WAITS}.values()
_OF_YEN = tuple(name for name in RATES if "cost" in name)


@cache
def oracle_of(house: str) -> Answer:
    """What the oracle says of all hand-worked cases of a house."""
    made = night(house)
    settings = settings_from(made.house.house_yml, made.house.sources_yml["sources"])
    found = answer(made.records, made.house.as_of, settings)
    found.tables.update(coverage(found, Judge(found)))
    return found


def same(one: Any, other: Any) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(float(one) - float(other)) < 1e-6 * max(1.0, abs(float(one)))
    return bool(one == other)


def told(problems: list[str]) -> str:
    """The message of a failed comparison: forty lines say enough."""
    return f"{len(problems)} differences\n" + "\n".join(problems[:40])


def unequal_rows(
    ours: Iterable[Row], theirs: Iterable[Row], key: str, columns: Iterable[str]
) -> list[str]:
    """What differs, thing by thing."""
    mine = {row[key]: row for row in ours}
    other = {row[key]: row for row in theirs}
    problems = [f"{name}: only the oracle has it" for name in sorted(mine.keys() - other.keys())]
    problems += [
        f"{name}: only the warehouse has it" for name in sorted(other.keys() - mine.keys())
    ]
    for name in sorted(mine.keys() & other.keys()):
        problems += [
            f"{name}: {column}: oracle {mine[name][column]!r}, warehouse {other[name][column]!r}"
            for column in columns
            if column in mine[name] and not same(mine[name][column], other[name][column])
        ]
    return problems


def unequal_days(found: Answer, house: House, keys: tuple[str, ...]) -> list[str]:
    """Every additive metric of the catalogue, day by day."""
    days = query(house, "select * from activity.act_metric_days")
    return unequal_sums(found.tables["days"], days, keys, tuple(ADDITIVE))


def unequal_sums(
    ours: Iterable[Row], theirs: Iterable[Row], keys: tuple[str, ...], names: tuple[str, ...]
) -> list[str]:
    mine, other = _sums(ours, keys, names), _sums(theirs, keys, names)
    nothing = dict.fromkeys(names, 0.0)
    return [
        f"{key}: {name}: oracle {mine.get(key, nothing)[name]}, "
        f"warehouse {other.get(key, nothing)[name]}"
        for key in sorted(mine.keys() | other.keys(), key=str)
        for name in names
        if not same(mine.get(key, nothing)[name], other.get(key, nothing)[name])
    ]


def _sums(
    rows: Iterable[Mapping[str, Any]], keys: tuple[str, ...], names: Iterable[str]
) -> dict[Any, dict[str, float]]:
    found: dict[Any, dict[str, float]] = defaultdict(lambda: dict.fromkeys(names, 0.0))
    for row in rows:
        for name in names:
            found[tuple(row[key] for key in keys)][name] += float(row[name] or 0)
    return {key: counted for key, counted in found.items() if any(counted.values())}


def unequal_lines(found: Answer, house: House) -> list[str]:
    """kpi_channel_conversion: steps, states, days, deals, amounts, cost, and the rates made of them.

    What several lines share they share in whole yen: an amount may differ by less than one for every
    lead in the line, a cost for every cost; rates of yen are those of the published yen.
    """
    theirs = _by_line(query(house, "select * from marts.kpi_channel_conversion"))
    ours = _by_line(found.tables["kpi_channel_conversion"])
    known = {row["line"]: row for row in theirs}
    for mine in ours:
        other = known.get(mine["line"], {})
        for name, parts in (("pipeline_yen", "_leads"), ("won_yen", "_leads"), ("cost_yen", "")):
            said, wanted = other.get(name), mine[name]
            is_shared = name == "cost_yen" or mine["attribution_model"] == "linear"
            if None not in (said, wanted) and is_shared:
                is_near = abs(said - wanted) < max(mine.get(parts, 0), 3)
                mine[name] = said if is_near else wanted
        for name in _OF_YEN:
            above, below = (mine[part] for part in RATES[name])
            mine[name] = None if above is None or not below else above / below
    columns = (*CONVERSION, *_SPREAD, *INTERVALS)
    return unequal_rows(ours, theirs, "line", columns)


def _by_line(rows: Iterable[Row]) -> list[Row]:
    return [row | {"line": " | ".join(str(row[key]) for key in LINE)} for row in rows]


@cache
def minimum_samples() -> dict[str, int]:
    """The catalogue's thresholds: the dictionary asks for some and names none."""
    found = {}
    for path in (DBT_PROJECT / "models" / "marts" / "metrics").glob("*_metrics.yml"):
        for metric in yaml.safe_load(path.read_text(encoding="utf-8"))["metrics"]:
            found[metric["name"]] = int(metric["config"]["meta"]["minimum_sample"])
    return found


class Reader:
    """The oracle's scorecard with the status of every figure: unavailable shows nothing (§0.2)."""

    def __init__(self, found: Answer) -> None:
        self.scorecard = Scorecard(found)
        self._judge = Judge(found)

    def row(self, metric: str, place: Place) -> Row:
        figure = self.scorecard.figure(metric, place)
        status = self._judge.status(metric, place, figure["denominator"], minimum_samples()[metric])
        if status == "unavailable":
            figure = dict.fromkeys(figure)
        return figure | {"status": status}


def unequal_figures(reader: Reader, published: Iterable[Row]) -> list[str]:
    """Numerator, denominator, value and status of rows of kpi_scorecard."""
    problems = []
    for row in published:
        mine = reader.row(row["metric"], place_of(row))
        problems += [
            f"{place_of(row)}: {row['metric']}: {column}: oracle {said}, warehouse {row[column]}"
            for column, said in mine.items()
            if not same(said, row[column])
        ]
    return problems


def place_of(row: Row) -> Place:
    return Place(row["period_type"], row["period_start"], row["scope_type"], row["scope_key"])
