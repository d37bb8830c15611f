"""When nights happen by themselves, and who hears of it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from dagster_project import dagster_records
from dagster_project.lib import notify
from dagster_project.lib.contracts import load_contracts
from dagster_project.lib.errors import ConfigError
from dagster_project.lib.ingestion import waiting_files
from dagster_project.lib.sources import load_sources
from dagster_project.settings import DBT_PROJECT, House, Settings, load_settings

#: Runs that `kpi run` launches tell their own story on the terminal and send their own notice.
LAUNCHED_BY = "kpi/launched_by"

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    description="Exports in, a checked release out.",
    executor_def=dg.in_process_executor,
)


def _settings() -> Settings | None:
    try:
        return load_settings(House.from_environment())
    except ConfigError:
        return None  # no house yet, as in a fresh clone: definitions must load all the same


_SETTINGS = _settings()
_ZONE = _SETTINGS.reporting.timezone if _SETTINGS else "Asia/Tokyo"
_AT = _SETTINGS.schedule.at if _SETTINGS else None


@dg.schedule(
    job=nightly,
    cron_schedule=f"{_AT.minute} {_AT.hour} * * *" if _AT else "0 5 * * *",
    execution_timezone=_ZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def every_night(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Runs for the day before its date in the reporting time zone, or for the house's fixed day."""
    scheduled = context.scheduled_execution_time.astimezone(ZoneInfo(_ZONE))
    fixed = _SETTINGS.reporting.fixed_as_of if _SETTINGS else None
    as_of = fixed or scheduled.date() - timedelta(days=1)
    return dg.RunRequest(
        run_key=str(scheduled.date()),
        run_config={"resources": {"night": {"config": {"as_of": str(as_of)}}}},
    )


@dg.sensor(
    job=nightly,
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def arriving_files(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Starts a night when new export files have lain unchanged for one round of this sensor."""
    house = House.from_environment()
    listing = waiting_files(house, load_sources(house, load_contracts(DBT_PROJECT)))
    if not listing:
        return dg.SkipReason("No export file waits to be read.")
    digest = hashlib.sha256("\n".join(listing).encode()).hexdigest()
    if digest != context.cursor:
        return dg.SensorResult(
            skip_reason=f"{len(listing)} file(s) arrived; waiting until they stay unchanged.",
            cursor=digest,
        )
    # Files still waiting after a night did not get through it: tried again, but not every round.
    key = f"{digest} {datetime.now(UTC):%Y-%m-%dT%H}"
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=key)], cursor=digest)


def _tell(context: dg.RunStatusSensorContext, *, success: bool) -> None:
    run = context.dagster_run
    if LAUNCHED_BY in run.tags or _SETTINGS is None:
        return
    dagster_records.prune(
        context.instance, House.from_environment(), keep=_SETTINGS.retention.dagster_runs
    )
    outcome = "published" if success else "failed; yesterday's release stays"
    notice = notify.Notice(
        subject=f"KPI Kura: the night {outcome}",
        body=f"run {run.run_id}. Details: kpi status",
        success=success,
    )
    if not notify.send(_SETTINGS, notice):
        context.log.warning("A notice could not be delivered.")


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[nightly],
    name="tell_success",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def tell_success(context: dg.RunStatusSensorContext) -> None:
    """Tells of a published night and removes runs beyond the retention."""
    _tell(context, success=True)


@dg.run_failure_sensor(
    monitored_jobs=[nightly],
    name="tell_failure",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def tell_failure(context: dg.RunFailureSensorContext) -> None:
    """Tells of a night that did not publish and removes runs beyond the retention."""
    _tell(context, success=False)
