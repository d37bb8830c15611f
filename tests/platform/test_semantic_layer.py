"""A metric means the same wherever it is asked: in the catalogue, on the scorecard, through MetricFlow."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

from dagster_project.lib.semantic_layer import lay_out
from dagster_project.settings import House
from tests.conftest import DemoNight, kpi

# Scope of the scorecard -> dimensions of MetricFlow, as macros/kpi/catalogue.sql has them.
DIMENSIONS = {
    "company": (),
    "business_unit": ("rep__business_unit",),
    "team": ("rep__team",),
    "rep": ("rep__rep_id",),
    "motion": ("rep__motion",),
    "channel": ("rep__channel",),
    "campaign": ("rep__campaign",),
    "call_list": ("rep__call_list",),
    "team_channel": ("rep__team", "rep__channel"),
}
# Period of the scorecard -> granularity of dim_dates.
TIMES = {
    "week": "metric_time__company_week",
    "month": "metric_time__month",
    "quarter": "metric_time__fiscal_quarter",
    "fiscal_year": "metric_time__fiscal_year",
}
Key = tuple[date, str]


class MetricFlow:
    """MetricFlow over the demo company's release, and the release itself."""

    def __init__(self, house: House, folder: Path) -> None:
        self._release = house.current.resolve() / "warehouse.duckdb"
        # A process cannot open one file in two ways, and MetricFlow never lets go of the file it asks.
        asked = House(folder / "asked")
        shutil.copytree(self._release.parent, asked.releases / self._release.parent.name)
        asked.current.symlink_to(asked.releases / self._release.parent.name)
        lay_out(asked, folder, of_work=False)
        self._configuration = CLIConfiguration()
        self._configuration.setup(folder, folder, configure_file_logging=False)

    def ask(self, sql: str) -> list[dict[str, Any]]:
        with duckdb.connect(str(self._release), read_only=True) as connection:
            cursor = connection.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def figures(self, metrics: list[str], time: str, dimensions: tuple[str, ...]) -> dict[Key, Any]:
        """Every metric by period and scope; what nobody counted is not there."""
        request = MetricFlowQueryRequest.create(
            metric_names=metrics, group_by_names=[time, *dimensions]
        )
        table = self._configuration.mf.query(request).result_df
        assert table is not None
        found: dict[Key, Any] = {}
        for row in table.rows:
            named = dict(zip(table.column_names, row, strict=True))
            start = named.pop(time)
            key = " × ".join(str(named.pop(dimension)) for dimension in dimensions) or "company"
            if start is None:
                # Things without that date (a deal not won): nothing of them may count.
                assert not any(named.values()), named
                continue
            assert isinstance(start, datetime)
            found[(start.date(), key)] = named
        return found


@pytest.fixture(scope="module")
def metricflow(
    demo_night: DemoNight, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MetricFlow]:
    folder = tmp_path_factory.mktemp("semantic")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # dbt writes its log where it stands
        yield MetricFlow(demo_night.house, folder)


def test_every_scope_of_the_scorecard_is_asked_here(metricflow: MetricFlow) -> None:
    shown = metricflow.ask("select distinct scope_type, period_type from kpi_scorecard")
    assert {row["scope_type"] for row in shown} == set(DIMENSIONS)
    assert {row["period_type"] for row in shown} == set(TIMES)


@pytest.mark.parametrize(
    ("scope", "period"),
    [*((scope, "month") for scope in DIMENSIONS), *(("company", period) for period in TIMES)],
)
def test_every_metric_is_the_same_on_the_scorecard_and_through_metricflow(
    metricflow: MetricFlow, scope: str, period: str
) -> None:
    metrics = [
        row["metric"]
        for row in metricflow.ask("select metric, scopes from dim_metrics order by metric")
        if scope in row["scopes"].split(", ")
    ]
    assert len(metrics) > 25
    found = metricflow.figures(metrics, TIMES[period], DIMENSIONS[scope])
    shown = metricflow.ask(
        f"""select period_start, scope_key, metric, value, denominator, covered_days
        from kpi_scorecard where period_type = '{period}' and scope_type = '{scope}'"""
    )
    assert {row["metric"] for row in shown} == set(metrics)
    differing = []
    for row in shown:
        asked = found.get((row["period_start"], row["scope_key"]), {}).get(row["metric"])
        if row["covered_days"] and not _same(row["value"], asked, row["denominator"] is not None):
            differing.append((row, asked))
    assert not differing, differing[:5]
    places = {(row["period_start"], row["scope_key"]) for row in shown}
    counted = {place for place, figures in found.items() if any(figures.values())}
    assert counted <= places


def _same(shown: float | None, asked: Any, is_ratio: bool) -> bool:
    """Absent is 0 for a count, and a ratio of nothing is nothing."""
    if shown is None or asked is None:
        return asked is None and (shown is None or (shown == 0 and not is_ratio))
    return math.isclose(shown, float(asked), rel_tol=1e-9)


@pytest.mark.parametrize("of", [(), ("--work",)], ids=["release", "work"])
def test_a_person_asks_for_a_metric_by_week_and_team(
    demo_night: DemoNight, of: tuple[str, ...]
) -> None:
    said = kpi(
        demo_night.house.root,
        "mf", *of, "query",
        "--metrics", "connect_rate",
        "--group-by", "metric_time__week,rep__team",
        "--limit", "3",
    )  # fmt: skip
    assert said.code == 0, said.out + said.err
    assert "metric_time__week" in said.out
    assert "rep__team" in said.out


def test_a_house_without_a_release_says_what_to_do(tmp_path: Path) -> None:
    said = kpi(tmp_path, "init", str(tmp_path / "house"))
    assert said.code == 0
    said = kpi(tmp_path / "house", "mf", "query", "--metrics", "dials")
    assert said.code != 0
    assert "kpi run" in said.out + said.err
