"""Running the nightly Dagster job in this very process, for people at a terminal.

The run is recorded in the house's own Dagster instance, so the UI shows it beside scheduled nights.
"""

from __future__ import annotations

import os
import sqlite3

from dagster_project.lib.errors import KuraError, of_the_machine
from dagster_project.lib.night import Night
from dagster_project.settings import House, Settings

_MADE = "# Made by kpi"
# Ticks of the schedule and the sensors are records, too, and one comes every five minutes.
_INSTANCE = f"""\
{_MADE}; Dagster's records of runs in this house. Nothing is sent anywhere.
telemetry:
  enabled: false
event_log_storage:
  module: dagster_project.event_log
  class: KeptEventLog
  config:
    base_dir:
      env: DAGSTER_HOME
retention:
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days:
      skipped: 7
      success: 90
      failure: 90
"""


def prepare_home(house: House) -> dict[str, str]:
    """Make the house's Dagster home; the environment variables that point Dagster at it."""
    house.dagster_home.mkdir(parents=True, exist_ok=True)
    instance = house.dagster_home / "dagster.yaml"
    there = instance.read_text(encoding="utf-8") if instance.is_file() else ""
    # A file somebody wrote himself is left as it is; an empty one a full disk left says nothing.
    if there != _INSTANCE and (there.startswith(_MADE) or not there.strip()):
        # In one step: Dagster may be reading it, and half a file would be taken for somebody's own.
        half = instance.with_name(f".{instance.name}.{os.getpid()}")
        half.write_text(_INSTANCE, encoding="utf-8")
        half.replace(instance)
    return {
        "DAGSTER_HOME": os.fspath(house.dagster_home),
        "KPI_HOME": os.fspath(house.root),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }


def execute(night: Night) -> BaseException | None:
    """Run the job with `night` as its resource; the error that stopped it, or None.

    The caller holds the night's lock. The instance's old runs are pruned by the house's retention; that
    they cannot be stops no night.
    """
    os.environ.update(prepare_home(night.house))
    import dagster as dg
    from sqlalchemy.exc import SQLAlchemyError

    from dagster_project import dagster_records
    from dagster_project.definitions import definitions
    from dagster_project.defs.automation import LAUNCHED_BY

    try:
        with dg.DagsterInstance.get() as instance:
            result = definitions.resolve_job_def("nightly").execute_in_process(
                instance=instance,
                resources={"night": night},
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                tags={LAUNCHED_BY: "cli", "kpi/as_of": str(night.as_of)},
                raise_on_error=False,
            )
            try:
                keep = night.settings.retention.dagster_runs
                dagster_records.prune(instance, night.house, keep=keep)
            except (OSError, sqlite3.Error, SQLAlchemyError) as error:
                night.could_not_tidy(error)
    except Exception as error:
        # Dagster's own records, on a full disk: the night is told of like any other that failed.
        night.failure = night.failure or of_the_machine(error)
        if night.failure is None:
            raise
        return night.failure
    if result.success:
        return None
    night.failure = night.failure or KuraError(
        "Dagster stopped the run between two steps.",
        where=f"run {result.run_id}",
        remedy="Its page in `make dev` says why; check that the disk has room, then run it again.",
    )
    return night.failure


def prune(house: House, settings: Settings, *, dry_run: bool) -> tuple[int, int]:
    """Forget Dagster's runs beyond the house's retention; how many (would) go, and how many bytes."""
    if not house.dagster_events.is_dir():
        return 0, 0
    os.environ.update(prepare_home(house))
    import dagster as dg

    from dagster_project import dagster_records

    with dg.DagsterInstance.get() as instance:
        keep = settings.retention.dagster_runs
        if dry_run:
            return dagster_records.surplus(instance, house, keep=keep)
        return dagster_records.prune(instance, house, keep=keep)
