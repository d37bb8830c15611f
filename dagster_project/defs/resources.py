"""What the assets share: one night over one house, held under its lock for the length of the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import dagster as dg

from dagster_project.lib.night import Night, Observer
from dagster_project.settings import House


class NightResource(dg.ConfigurableResourceFactory[Night]):
    """Opens the house `KPI_HOME` names.

    as_of: the day the night is for (ISO date); empty means yesterday in the reporting time zone.
    full_refresh: rebuild staging from the raw files.
    publish_backdated: let a night for an earlier day than the current release's become current.
    """

    as_of: str = ""
    full_refresh: bool = False
    publish_backdated: bool = False

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Night]:
        log = context.log

        def info(text: str) -> None:
            if log is not None:
                log.info(text)

        night = Night(
            House.from_environment(),
            as_of=date.fromisoformat(self.as_of) if self.as_of else None,
            full_refresh=self.full_refresh,
            publish_backdated=self.publish_backdated,
            observer=Observer(stage=info),
        )
        with night.lock():
            yield night


RESOURCES: dict[str, object] = {"night": NightResource.configure_at_launch()}
EXECUTOR = dg.in_process_executor
