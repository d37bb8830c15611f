"""What the assets share: one night over one house, held under its lock while the run lasts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import dagster as dg

from dagster_project.lib.night import Night, Observer
from dagster_project.settings import House

_CONFIG = {
    "as_of": dg.Field(
        str,
        default_value="",
        description="The day the night is for; empty means yesterday in the reporting time zone.",
    ),
    "full_refresh": dg.Field(
        bool, default_value=False, description="Rebuild staging from the raw files."
    ),
    "publish_backdated": dg.Field(
        bool,
        default_value=False,
        description="Let a day before the current release's become current.",
    ),
}


@dg.resource(config_schema=_CONFIG, description="One night over the house KPI_HOME names.")
def night(context: dg.InitResourceContext) -> Iterator[Night]:
    """Opens the house and holds its lock until the run ends."""
    config = context.resource_config
    log = context.log

    def announce(stage: str) -> None:
        if log is not None:
            log.info(stage)

    opened = Night(
        House.from_environment(),
        as_of=date.fromisoformat(config["as_of"]) if config["as_of"] else None,
        full_refresh=config["full_refresh"],
        publish_backdated=config["publish_backdated"],
        observer=Observer(stage=announce),
        launched_by=f"dagster run {context.run_id}" if context.run_id else "dagster",
    )
    with opened.lock():
        yield opened


RESOURCES: dict[str, object] = {"night": night}
EXECUTOR = dg.in_process_executor
