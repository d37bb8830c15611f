"""One night, step by step: ingest, transform, build a candidate, judge it, publish it.

Dagster's assets and the command line both walk these steps; neither holds rules of its own. Steps leave
what the next one needs in the house, so a single step can be repeated, but publication believes only the
audit of the very candidate it ships (`releases`).
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

import duckdb

from dagster_project import __version__
from dagster_project.lib import (
    candidate,
    disk,
    engine,
    lock,
    logs,
    nights,
    quarantine,
    releases,
    retention,
    suites,
    upgrade,
    work_database,
)
from dagster_project.lib.audit import Audit
from dagster_project.lib.contracts import Contracts, load_contracts
from dagster_project.lib.errors import ConfigError, KuraError
from dagster_project.lib.ingestion import ingest
from dagster_project.lib.readings import FileProgress, IngestionResult
from dagster_project.lib.sources import SourcesConfig, load_sources
from dagster_project.lib.transformation import (
    TransformationFailed,
    TransformationResult,
    manifest,
    project_fingerprint,
    transform,
)
from dagster_project.settings import (
    DBT_PROJECT,
    EXPECTATIONS,
    PROJECT_ROOT,
    House,
    Settings,
    load_settings,
)


@dataclass(frozen=True)
class Observer:
    """Whoever watches a night: told of stages, of each file, and of each line dbt prints."""

    stage: Callable[[str], None] = lambda _name: None
    file: Callable[[FileProgress], None] = lambda _item: None
    line: Callable[[str], None] = lambda _text: None


@dataclass(frozen=True)
class NightReport:
    """How a night ended. `release_id` is None when it was stopped before publication."""

    run_id: str
    as_of: date
    ingestion: IngestionResult
    audit: Audit | None
    release_id: str | None
    seconds: dict[str, float] = field(default_factory=dict)


def default_as_of(settings: Settings, now: datetime) -> date:
    """The day a night is for: the house's fixed day if it has one, else yesterday where it reports.

    now: an aware instant, given by the caller.
    """
    if settings.reporting.fixed_as_of is not None:
        return settings.reporting.fixed_as_of
    return now.astimezone(ZoneInfo(settings.reporting.timezone)).date() - timedelta(days=1)


class Night:
    """One run over one house. Configuration is read and refused when the object is made."""

    def __init__(
        self,
        house: House,
        *,
        as_of: date | None = None,
        full_refresh: bool = False,
        publish_backdated: bool = False,
        observer: Observer | None = None,
        launched_by: str = "",
    ) -> None:
        self.house = house
        upgrade.check(house)
        self.settings: Settings = load_settings(house)
        self.contracts: Contracts = load_contracts(DBT_PROJECT)
        started = datetime.now(UTC)
        self.as_of = as_of or default_as_of(self.settings, started)
        self.run_id = f"{self.as_of:%Y%m%d}-{started:%Y%m%dT%H%M%S%f}"
        self.sources: SourcesConfig = self._configured()
        today = started.astimezone(ZoneInfo(self.settings.reporting.timezone)).date()
        if self.as_of >= today:
            raise ConfigError(
                f"{self.as_of} is not over yet in {self.settings.reporting.timezone}.",
                where="--as-of" if as_of else f"{house.house_file}: reporting.fixed_as_of",
                remedy="A night is for a day that is over: yesterday or earlier.",
            )
        self.full_refresh = full_refresh
        self.publish_backdated = publish_backdated
        self.observer = observer or Observer()
        self.launched_by = launched_by
        self.log = logs.silent(self.run_id)
        self.seconds: dict[str, float] = {}
        self.ingestion: IngestionResult | None = None
        self.audit: Audit | None = None
        self.release: releases.Release | None = None
        self.failure: BaseException | None = None
        self.untidy: BaseException | None = None

    def _configured(self) -> SourcesConfig:
        """The sources as configured. A night that may not begin because of them is on record, too."""
        try:
            return load_sources(
                self.house, self.contracts, default_timezone=self.settings.reporting.timezone
            )
        except ConfigError as error:
            nights.not_started(self.house, self.run_id, error)
            raise

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the house for this night, on record and in the log from beginning to end.

        Refuses while another night is at work.
        """
        with (
            lock.night(self.house.night_lock, self.house.writer_lock),
            logs.opened(self.house, self.settings.logs, self.run_id) as self.log,
        ):
            for step in upgrade.upgrade(self.house):
                self.log.info("house upgraded", layout=step.to, step=step.says)
            nights.begin(self.house, self.run_id, self.as_of, self.launched_by)
            self.log.info(
                "night started", as_of=self.as_of, by=self.launched_by, version=__version__
            )
            try:
                yield
            except BaseException as error:
                if self._was_the_disk(error):
                    # Also met between the stages: Dagster's records fail in words of their own.
                    if not isinstance(self.failure, disk.DiskFull):
                        self.failure = disk.full(self.house, "recording")
                    raise self.failure from error
                self.failure = self.failure or error
                raise
            else:
                self._tidy_up()
            finally:
                self._end()

    def _was_the_disk(self, error: BaseException) -> bool:
        if isinstance(error, KuraError) or not isinstance(error, Exception):
            return False
        return (
            isinstance(self.failure, disk.DiskFull)
            or disk.is_full(error)
            or disk.free_bytes(self.house.work) < disk.NOTHING
        )

    def _tidy_up(self) -> None:
        """After a published night, what the settings do not keep goes. That it cannot ends nothing."""
        if self.release is None:
            return
        self.log.stage = "retention"
        try:
            for item in retention.prune(self.house, self.settings, datetime.now(UTC)):
                self.log.info("removed", what=item.what, name=item.name, bytes=item.size)
        except (OSError, KuraError, duckdb.Error) as error:
            self.could_not_tidy(error)

    def could_not_tidy(self, error: BaseException) -> None:
        """Write down that something the settings do not keep is still there."""
        self.untidy = error
        self.log.error("tidying up failed", error=nights.in_words(error))

    def _end(self) -> None:
        self.log.stage = ""
        outcome, causes = self._outcome(), self._causes()
        error = self.failure if outcome in {"failed", "refused"} else self.untidy
        tell = self.log.info if outcome in nights.GOOD else self.log.error
        tell(
            "night ended",
            outcome=outcome,
            seconds=round(sum(self.seconds.values()), 1),
            causes=causes or None,
            error=nights.in_words(error) if error else None,
        )
        try:
            nights.end(
                self.house,
                self.run_id,
                outcome,
                release_id=self.release.release_id if self.release else None,
                causes=causes,
                error=error,
                seconds=self.seconds,
                counts=self._counts(),
            )
        except OSError as problem:
            self.log.error("the end is not on record", error=nights.in_words(problem))
            if self.failure is None:
                raise
        finally:
            self.log = logs.silent(self.run_id)

    def _outcome(self) -> nights.Outcome:
        if self.release is not None:
            return "published"
        if isinstance(self.failure, releases.PublicationRefused):
            return "refused"
        return "failed" if self.failure is not None else "unfinished"

    def _causes(self) -> list[str]:
        if self.release is not None or self.audit is None:
            return []
        return [check.id for check in self.audit.causes]

    def _counts(self) -> nights.Counts | None:
        found = self.ingestion
        if found is None:
            return None
        set_aside = sum(row.records_quarantined for row in found.active)
        if self.audit is not None:
            # Once judged, what the casts refused counts too.
            set_aside = sum(item.records_set_aside for item in self.audit.summary.sources)
        new = [row for row in found.readings if row.is_new]
        return nights.Counts(
            files_read=sum(row.status == "accepted" for row in new),
            files_rejected=len(found.rejected),
            files_left_alone=len(found.left_alone),
            records_read=sum(row.records_in for row in new),
            records_set_aside=set_aside,
            warnings=len(found.warnings),
        )

    def _facts(self) -> work_database.Run:
        return work_database.Run(
            as_of_date=self.as_of,
            run_id=self.run_id,
            code_version=f"{__version__}+{code_fingerprint()[:12]}",
            config_hash=work_database.configuration_hash(
                self.settings, self.sources, self.contracts
            ),
        )

    def ingest(self) -> IngestionResult:
        """Exports → raw files, quarantine and receipts; then the work database sees them."""
        with self._stage("ingestion"):
            result = ingest(
                self.house,
                self.sources,
                self.contracts,
                settings=self.settings.ingestion,
                progress=self._read,
            )
            previous = releases.before(self.house, self.as_of)
            work_database.prepare(
                self.house,
                self.settings,
                self.sources,
                self.contracts,
                result,
                self._facts(),
                previous.path if previous is not None else None,
            )
            self.log.info(
                "figures are compared with", release=previous.release_id if previous else None
            )
            self.ingestion = result
            self._tell_ingestion(result)
        return result

    def _read(self, item: FileProgress) -> None:
        self.observer.file(item)
        tell = {"unchanged": self.log.debug, "rejected": self.log.warning}.get(
            item.status, self.log.info
        )
        tell(
            "file",
            path=item.path,
            status=item.status,
            records=item.records,
            seconds=round(item.seconds, 2),
        )

    def _tell_ingestion(self, result: IngestionResult) -> None:
        for row in result.rejected:
            self.log.warning("file rejected", path=row.path, reason=row.reject_code)
        for text in result.warnings:
            self.log.warning("ingestion warning", text=text)
        counts = self._counts()
        assert counts is not None  # the result is there
        self.log.info("exports read", **vars(counts))

    def transform(self) -> TransformationResult:
        """Raw → staging → activity → marts, and all data tests."""
        with self._stage("transformation"):
            warm = threading.Thread(target=_warm_up_gate, daemon=True)
            warm.start()
            result = transform(
                self.house,
                self._ingested_run(),
                full_refresh=self.full_refresh,
                log_bytes=self.settings.logs.max_bytes,
                on_line=self.observer.line,
            )
            with engine.connect(self.house.work_database) as connection:
                quarantine.write_cast_rejects(self.house, connection)
            warm.join()
        return result

    def _ingested_run(self) -> str:
        """The run whose readings the work database holds: this one, unless a step is run by itself."""
        if self.ingestion is not None:
            return self.run_id
        if not self.house.work_database.is_file():
            raise TransformationFailed(
                "Nothing was ingested in this house yet.",
                where=str(self.house.work_database),
                remedy="Run the whole night: `kpi run`.",
            )
        with engine.connect(self.house.work_database, read_only=True) as connection:
            found = connection.execute("select run_id from raw_kura.run").fetchone()
        assert found is not None  # ingestion writes exactly one row
        return str(found[0])

    def build_candidate(self) -> Path:
        """Marts → a release nobody sees yet."""
        with self._stage("candidate"):
            return candidate.build(self.house, manifest())

    def judge(self) -> Audit:
        """Every check over the candidate; the audit is written into it."""
        from dagster_project.lib import gate

        with self._stage("gate"):
            self.audit = gate.judge(self.house, self.settings)
            for check in self.audit.causes:
                self.log.error("check refuses", check=check.id)
            for check in self.audit.warnings:
                self.log.warning("check warns", check=check.id)
            for check in self.audit.accepted:
                self.log.warning("failure is accepted", check=check.id)
            self.log.info("judged", verdict=self.audit.verdict, checks=len(self.audit.checks))
            return self.audit

    def publish(self) -> releases.Release:
        """The candidate becomes the release. Raises when its audit does not allow it."""
        with self._stage("publication"):
            self.release = releases.publish(
                self.house, self.settings, allow_backdate=self.publish_backdated
            )
            self.log.info("published", release=self.release.release_id)
            return self.release

    def run(self, *, stop_after: str | None = None) -> NightReport:
        """All steps in order, under the lock the caller holds.

        stop_after: "transform" ends before a candidate is built (for tests of the models).
        """
        ingestion = self.ingest()
        self.transform()
        if stop_after == "transform":
            return self._report(ingestion, None, None)
        self.build_candidate()
        audit = self.judge()
        release = self.publish()
        return self._report(ingestion, audit, release.release_id)

    def _report(
        self, ingestion: IngestionResult, audit: Audit | None, release_id: str | None
    ) -> NightReport:
        return NightReport(
            self.run_id, self.as_of, ingestion, audit, release_id, dict(self.seconds)
        )

    def _stage(self, name: str) -> AbstractContextManager[None]:
        return _Stage(self, name)


def code_fingerprint() -> str:
    """sha256 over everything that decides what a night computes: SQL, suites and Python."""
    digest = hashlib.sha256()
    digest.update(project_fingerprint().encode())
    digest.update(suites.fingerprint(EXPECTATIONS).encode())
    package = PROJECT_ROOT / "dagster_project"
    for path in sorted(package.rglob("*.py")):
        digest.update(
            path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0"
        )
    return digest.hexdigest()


class _Stage(AbstractContextManager[None]):
    """Announces a stage, keeps how long it took, and tells a full disk from other failures."""

    def __init__(self, night: Night, name: str) -> None:
        self._night = night
        self._name = name

    def __enter__(self) -> None:
        self._night.log.stage = self._name
        self._night.log.info("stage started")
        self._night.observer.stage(self._name)
        self._started = time.monotonic()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        night = self._night
        night.failure = error
        night.seconds[self._name] = seconds = time.monotonic() - self._started
        if error is None:
            night.log.info("stage ended", seconds=round(seconds, 1))
            return
        if disk.is_full(error) and not isinstance(error, disk.DiskFull):
            night.failure = disk.full(night.house, self._name)
        night.log.error(
            "stage failed", seconds=round(seconds, 1), error=nights.in_words(night.failure or error)
        )
        if night.failure is not error and night.failure is not None:
            raise night.failure from error


def _warm_up_gate() -> None:
    # Great Expectations takes seconds to import: let that happen while dbt works.
    from dagster_project.lib import gx_duckdb

    gx_duckdb.warm_up()


def run_night(
    house: House,
    *,
    as_of: date | None = None,
    full_refresh: bool = False,
    publish_backdated: bool = False,
    observer: Observer | None = None,
    stop_after: str | None = None,
) -> NightReport:
    """One whole night without Dagster, lock and all."""
    night = Night(
        house,
        as_of=as_of,
        full_refresh=full_refresh,
        publish_backdated=publish_backdated,
        observer=observer,
        launched_by="run_night",
    )
    with night.lock():
        return night.run(stop_after=stop_after)
