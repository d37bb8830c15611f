"""The KPI catalogue for MetricFlow (`mf`), of a release or of the work database.

MetricFlow reads a dbt project folder: what is measured (`semantic_manifest.json`) and where the tables are.
The candidate keeps the first beside its tables, so that a release is asked by the definitions it was made
with; `lay_out` adds the rest. What a metric means is the catalogue's business
(`dbt_project/models/marts/metrics`), how a query becomes SQL is MetricFlow's.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dagster_project.lib.errors import KuraError
from dagster_project.lib.query import WAREHOUSE
from dagster_project.settings import House

SEMANTIC_MANIFEST = "semantic_manifest.json"
_PROJECT = """name: kpi_kura
version: "1.0.0"
config-version: 2
profile: kpi_kura
flags: {send_anonymous_usage_stats: false}
"""


class SemanticLayerError(KuraError):
    """MetricFlow cannot be asked."""


def for_release(dbt_manifest: Path) -> str:
    """The semantic manifest beside dbt's manifest, as it is true of a release (its tables lie in `main`)."""
    return json.dumps(_read(dbt_manifest.with_name(SEMANTIC_MANIFEST), schema="main"), indent=1)


def lay_out(house: House, folder: Path, *, of_work: bool) -> None:
    """Write the dbt project folder that `mf` has to be started in.

    of_work: ask the work database of the last night instead of the current release. Raises
    SemanticLayerError when there is nothing to ask.
    """
    if of_work:
        database = house.work_database
        manifest = house.dbt_target / SEMANTIC_MANIFEST
        schema = "marts"
    else:
        # The link is followed once: a query is answered by one release.
        release = house.current.resolve()
        database, manifest, schema = release / WAREHOUSE, release / SEMANTIC_MANIFEST, "main"
    if not database.is_file() or not manifest.is_file():
        raise SemanticLayerError(
            "There is nothing to ask metrics of.",
            where=str(manifest if database.is_file() else database),
            remedy="Run a night with `kpi run`; releases of older versions do not know their metrics.",
        )
    target = folder / "target"
    target.mkdir(parents=True, exist_ok=True)
    (target / SEMANTIC_MANIFEST).write_text(
        json.dumps(_read(manifest, schema=schema)), encoding="utf-8"
    )
    (folder / "dbt_project.yml").write_text(_PROJECT, encoding="utf-8")
    (folder / "profiles.yml").write_text(_profile(database), encoding="utf-8")


def ask(house: House, arguments: Sequence[str], *, of_work: bool) -> int:
    """Run `mf` with these arguments over a folder made for it, and return its exit code."""
    if find_spec("dbt_metricflow") is None:
        raise SemanticLayerError(
            "MetricFlow is not installed.",
            remedy="It is an extra: pip install 'kpi-kura[semantic]'.",
        )
    folder = Path(tempfile.mkdtemp(prefix="kpi-mf-"))
    try:
        lay_out(house, folder, of_work=of_work)
        return subprocess.run(
            [sys.executable, "-m", "dagster_project.lib.mf_child", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            check=False,
        ).returncode
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read(path: Path, *, schema: str) -> dict[str, Any]:
    """A semantic manifest whose tables lie in `schema` and whose dimensions are those of the rep credited.

    dbt wants an entity of its own for every table, and people want to ask several tables at once: `rep__team`
    is the team of the rep at the time of the event, of calls, meetings and opportunities alike. MetricFlow
    takes one name for all as long as nobody can join by it.
    """
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for model in found["semantic_models"]:
        model["entities"] = []
        model["primary_entity"] = "rep"
    for metric in found["metrics"]:
        if (measure := metric["type_params"]["measure"]) is not None:
            # Nobody won, some lost: the rate is 0, not unknown.
            measure["fill_nulls_with"] = 0
    for owner in (*found["semantic_models"], *found["project_configuration"]["time_spines"]):
        relation = owner["node_relation"]
        relation |= {
            "database": "warehouse",
            "schema_name": schema,
            "relation_name": f'"warehouse"."{schema}"."{relation["alias"]}"',
        }
    return found


def _profile(database: Path) -> str:
    return json.dumps(
        {
            "kpi_kura": {
                "target": "readers",
                "outputs": {
                    "readers": {
                        "type": "duckdb",
                        "path": os.fspath(database),
                        "threads": 1,
                        "config_options": {
                            "access_mode": "READ_ONLY",
                            "enable_external_access": "false",
                        },
                        "settings": {"TimeZone": "UTC"},
                    }
                },
            }
        },
        indent=1,
    )
