"""One night, step by step: ingest, transform, build a candidate, judge it, publish it.

Dagster's assets and the command line both walk these steps; neither holds rules of its own. Steps leave
what the next one needs in the house, so a single step can be repeated, but publication believes only the
audit of the very candidate it ships (`releases`).
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

import duckdb

from dagster_project import __version__
from dagster_project.lib import candidate, lock, quarantine, releases, suites, work_database
from dagster_project.lib.audit import Audit
from dagster_project.lib.contracts import Contracts, load_contracts
from dagster_project.lib.errors import ConfigError
from dagster_project.lib.ingestion import FileProgress, IngestionResult, ingest
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
    ) -> None:
        self.house = house
        self.settings: Settings = load_settings(house)
        self.contracts: Contracts = load_contracts(DBT_PROJECT)
        self.sources: SourcesConfig = load_sources(
            house, self.contracts, default_timezone=self.settings.reporting.timezone
        )
        started = datetime.now(UTC)
        self.as_of = as_of or default_as_of(self.settings, started)
        today = started.astimezone(ZoneInfo(self.settings.reporting.timezone)).date()
        if self.as_of >= today:
            raise ConfigError(
                f"{self.as_of} is not over yet in {self.settings.reporting.timezone}.",
                where="--as-of" if as_of else f"{house.house_file}: reporting.fixed_as_of",
                remedy="A night is for a day that is over: yesterday or earlier.",
            )
        self.run_id = f"{self.as_of:%Y%m%d}-{started:%Y%m%dT%H%M%S%f}"
        self.full_refresh = full_refresh
        self.publish_backdated = publish_backdated
        self.observer = observer or Observer()
        self.seconds: dict[str, float] = {}
        self.ingestion: IngestionResult | None = None
        self.audit: Audit | None = None
        self.release: releases.Release | None = None
        self.failure: BaseException | None = None

    def lock(self) -> AbstractContextManager[None]:
        """Hold the house for this night; refuses while another night is at work."""
        return lock.night(self.house.night_lock, self.house.writer_lock)

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
                progress=self.observer.file,
            )
            work_database.prepare(
                self.house, self.settings, self.sources, self.contracts, result, self._facts()
            )
        self.ingestion = result
        return result

    def transform(self) -> TransformationResult:
        """Raw → staging → activity → marts, and all data tests."""
        with self._stage("transformation"):
            warm = threading.Thread(target=_warm_up_gate, daemon=True)
            warm.start()
            result = transform(
                self.house,
                self._ingested_run(),
                full_refresh=self.full_refresh,
                on_line=self.observer.line,
            )
            with duckdb.connect(str(self.house.work_database)) as connection:
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
        with duckdb.connect(str(self.house.work_database), read_only=True) as connection:
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
            return self.audit

    def publish(self) -> releases.Release:
        """The candidate becomes the release. Raises when its audit does not allow it."""
        with self._stage("publication"):
            self.release = releases.publish(
                self.house, self.settings, allow_backdate=self.publish_backdated
            )
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
    """Announces a stage and keeps how long it took."""

    def __init__(self, night: Night, name: str) -> None:
        self._night = night
        self._name = name

    def __enter__(self) -> None:
        self._night.observer.stage(self._name)
        self._started = time.monotonic()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._night.failure = error
        self._night.seconds[self._name] = time.monotonic() - self._started


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
    )
    with night.lock():
        return night.run(stop_after=stop_after)
