"""The second stop: dbt turns raw tables into staging, activity and marts; its tests are checks."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets

from dagster_project.lib.night import Night
from dagster_project.lib.transformation import manifest


class RoomTranslator(DagsterDbtTranslator):
    """Names assets by room: raw/<system>/<object>, then <layer>/<model>."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey(
                ["raw", dbt_resource_props["source_name"], dbt_resource_props["name"]]
            )
        return dg.AssetKey([_room(dbt_resource_props), dbt_resource_props["name"]])

    def get_asset_check_spec(self, *args: Any, **kwargs: Any) -> dg.AssetCheckSpec | None:
        # A failed test is for the gate to judge; a blocking check would end the night before it.
        spec = super().get_asset_check_spec(*args, **kwargs)
        return spec and spec._replace(blocking=False)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return _room(dbt_resource_props)


def _room(properties: Mapping[str, Any]) -> str:
    return str(properties["fqn"][1]) if len(properties["fqn"]) > 1 else "dbt"


def _shown() -> Mapping[str, Any]:
    """dbt's manifest, with a test of several models attached to the last mart (or model) it reads.

    dagster-dbt shows no test that is attached to nothing.
    """
    parsed: dict[str, Any] = json.loads(manifest().read_text(encoding="utf-8"))
    nodes = parsed["nodes"]
    for node in nodes.values():
        if node["resource_type"] == "test" and not node.get("attached_node"):
            models = [name for name in node["depends_on"]["nodes"] if name in nodes]
            marts = [name for name in models if nodes[name]["schema"] == "marts"]
            node["attached_node"] = (marts or models)[-1]
    return parsed


@dbt_assets(manifest=_shown(), dagster_dbt_translator=RoomTranslator(), name="transformation")
def models(
    context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Runs every model, then every data test, in one child process that cannot outlive this one."""
    result = night.transform()
    keys = {key.path[-1]: key for key in context.selected_asset_keys}
    for node in result.models:
        key = keys.get(node.unique_id.split(".")[-1])
        if key is not None:
            yield dg.MaterializeResult(asset_key=key, metadata={"seconds": node.seconds})
    checks = {key.name: key for key in context.selected_asset_check_keys}
    for node in result.tests:
        check = checks.get(node.unique_id.split(".")[2])
        if check is not None:
            yield dg.AssetCheckResult(
                asset_key=check.asset_key,
                check_name=check.name,
                passed=node.status in {"pass", "warn"},
                severity=dg.AssetCheckSeverity.WARN
                if node.status == "warn"
                else dg.AssetCheckSeverity.ERROR,
                metadata={"status": node.status, "seconds": node.seconds},
            )
