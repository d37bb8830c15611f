"""Every path under the house and every setting a person may change in `config/house.yml`.

The house is the folder `KPI_HOME` names (default `data/house` beside this project). No other module
builds a path inside it. How each export is read stands in `config/sources.yml`
(`dagster_project.lib.sources`); what values mean stands in the planning tables.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dagster_project.lib.errors import ConfigError
from dagster_project.lib.strict_yaml import read_configuration

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT_ROOT / "dbt_project"
EXPECTATIONS = PROJECT_ROOT / "expectations"
DEMO = PROJECT_ROOT / "data" / "demo"
TEMPLATES = PROJECT_ROOT / "dagster_project" / "templates"
SPILL = "spill"
HOUSE_VARIABLE = "KPI_HOME"


@dataclass(frozen=True)
class House:
    """The folders and files of one company's warehouse."""

    root: Path

    @classmethod
    def from_environment(cls) -> House:
        """The house `KPI_HOME` names, else `data/house` beside the project."""
        named = os.environ.get(HOUSE_VARIABLE)
        return cls(Path(named).expanduser().resolve() if named else PROJECT_ROOT / "data" / "house")

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def house_file(self) -> Path:
        return self.config / "house.yml"

    @property
    def sources_file(self) -> Path:
        return self.config / "sources.yml"

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def work_database(self) -> Path:
        return self.work / "warehouse.duckdb"

    @property
    def scratch(self) -> Path:
        """Decoded text and half-written files; emptied at the start of every night."""
        return self.work / "scratch"

    def dry_scratch(self, pid: int) -> Path:
        """The same for who only looks (a dry read, `kpi doctor`), perhaps beside a night."""
        return self.work / f"dry-{pid}"

    def dry_scratches(self) -> tuple[Path, ...]:
        return tuple(self.work.glob("dry-*"))

    @property
    def dbt_target(self) -> Path:
        return self.work / "dbt"

    @property
    def dagster_home(self) -> Path:
        return self.work / "dagster"

    @property
    def dagster_events(self) -> Path:
        """A database of events per run, and `index.db` over all of them."""
        return self.dagster_home / "history" / "runs"

    @property
    def dagster_storage(self) -> Path:
        """What the processes of a run printed, a folder per run."""
        return self.dagster_home / "storage"

    @property
    def dagster_databases(self) -> tuple[Path, ...]:
        """The databases that outlive every run."""
        return (
            self.dagster_home / "history" / "runs.db",
            self.dagster_events / "index.db",
            self.dagster_home / "schedules" / "schedules.db",
        )

    @property
    def spill(self) -> Path:
        """Where an engine writes what does not fit into its memory."""
        return self.work / SPILL

    @property
    def candidates(self) -> Path:
        return self.work / "candidate"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def releases(self) -> Path:
        return self.published / "releases"

    @property
    def current(self) -> Path:
        """The directory symlink readers connect through."""
        return self.published / "current"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def night_lock(self) -> Path:
        return self.state / "night.lock"

    @property
    def writer_lock(self) -> Path:
        return self.state / "writer.lock"

    @property
    def version_file(self) -> Path:
        """Which layout this house has (`lib.upgrade`)."""
        return self.state / "house.json"

    @property
    def nights(self) -> Path:
        """When which night began and how it ended, a line each."""
        return self.state / "nights.jsonl"

    @property
    def acceptances(self) -> Path:
        return self.state / "acceptances.jsonl"

    @property
    def publications(self) -> Path:
        """When which release was on its way and became current, one line each."""
        return self.state / "publications.jsonl"

    @property
    def publication_lock(self) -> Path:
        return self.state / "publication.lock"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def log_file(self) -> Path:
        """What every night, pruning and rollback says; older parts end in .1, .2 …"""
        return self.logs / "kpi.log"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Reporting(_Strict):
    """How days, weeks and years are cut, and how people are shown."""

    timezone: str = "Asia/Tokyo"
    week_starts_on: Literal[
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
    ] = "monday"
    fiscal_year_start_month: int = Field(4, ge=1, le=12)
    show_reps_by: Literal["name", "id"] = "name"
    default_currency: str = Field("JPY", pattern=r"^[A-Z]{3}$")
    fixed_as_of: date | None = None
    """A house whose data has ended, such as the demo company's, always reports this day."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("is not an IANA time zone such as Asia/Tokyo") from error
        return value

    @property
    def first_weekday(self) -> int:
        """1 = Monday … 7 = Sunday."""
        return _WEEKDAYS.index(self.week_starts_on) + 1


HandRaise = Literal[
    "form_submitted",
    "email_clicked",
    "event_registered",
    "event_attended",
    "webinar_registered",
    "webinar_attended",
    "asset_viewed",
    "campaign_joined",
    "lead_created",
]


class Definitions(_Strict):
    """The business choices that change what a number means."""

    shodan_event: Literal["booked", "held", "opportunity"] = "booked"
    decision_expires_after_days: int = Field(30, ge=1, le=365)
    rebooking_days: int = Field(30, ge=0, le=365)
    account_rule_days: int = Field(90, ge=0, le=730)
    coverage_days: int = Field(90, ge=1, le=730)
    maturity_percentile: float = Field(0.8, gt=0, lt=1)
    hand_raise_events: tuple[HandRaise, ...] = Field(("form_submitted",), min_length=1)
    """What a prospect does to be called back at once; speed to lead starts its clock there."""
    working_hours: str = "09:00-18:00"
    """Of business days for which planning's working_hours names none; `09:00-12:00, 13:00-18:00`."""
    score_bands: tuple[int, ...] = Field((20, 40, 60, 80), min_length=1, max_length=20)

    @field_validator("working_hours")
    @classmethod
    def _openings_in_order(cls, value: str) -> str:
        previous = ""
        for opens, closes in _openings(value):
            if opens < previous or closes <= opens:
                raise ValueError("must name openings in their order, each closing after it opens")
            previous = closes
        return value

    @property
    def openings(self) -> tuple[tuple[str, str], ...]:
        """(opens, closes) of each opening of a business day, HH:MM local; the end may be 24:00."""
        return tuple(_openings(self.working_hours))

    @field_validator("score_bands")
    @classmethod
    def _ascending(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(upper <= lower for lower, upper in pairwise(value)):
            raise ValueError("must ascend, as in [20, 40, 60, 80]")
        return value


_OPENING = re.compile(r"((?:[01]\d|2[0-3]):[0-5]\d)\s*-\s*((?:[01]\d|2[0-3]):[0-5]\d|24:00)")


def _openings(written: str) -> Iterator[tuple[str, str]]:
    for part in written.split(","):
        read = _OPENING.fullmatch(part.strip())
        if read is None:
            raise ValueError("is not openings such as 09:00-12:00, 13:00-18:00")
        yield read[1], read[2]


class Plan(_Strict):
    """How far back the plan, the forecast and the judgement of actions look."""

    trailing_days: int = Field(180, ge=30, le=730)
    forecast_days: int = Field(90, ge=28, le=365)
    action_days: int = Field(60, ge=14, le=365)


class Matching(_Strict):
    """When a CTI call and a CRM call are the same call."""

    window_seconds: int = Field(180, ge=0, le=3600)


class Ingestion(_Strict):
    """Limits that protect the house from what may lie in an export folder."""

    settle_seconds: float = Field(2.0, ge=0, le=600)
    max_archive_bytes: int = Field(20 * 1024**3, ge=1)
    max_archive_members: int = Field(10_000, ge=1)
    max_archive_ratio: int = Field(200, ge=2)
    processes: int = Field(0, ge=0, le=64)
    """How many processes read many or large exports; 0: one for each processor."""


class Gate(_Strict):
    """What the gate tolerates before it refuses a night."""

    max_quarantine_share: float = Field(0.05, ge=0, le=1)
    max_quarantine_rows: int = Field(50, ge=0)
    max_change_share: float = Field(0.5, gt=0)
    max_past_change_share: float = Field(0.05, gt=0)


class Retention(_Strict):
    """How many past things are kept."""

    releases: int = Field(14, ge=2)
    dagster_runs: int = Field(60, ge=2)
    nights: int = Field(400, ge=2)
    superseded_raw_days: int | None = Field(30, ge=0)
    """None keeps for ever what was read under rules that are not in force any more."""


class Logs(_Strict):
    """What `logs/kpi.log` says, how, and how much of it is kept."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"
    max_bytes: int = Field(5 * 1024**2, ge=4096)
    keep: int = Field(9, ge=1, le=999)


class Schedule(_Strict):
    """When the night starts, in the reporting time zone."""

    at: time = time(5, 0)


class Notify(_Strict):
    """Where notices go. The Apprise URLs are secrets: the environment holds them, this names it."""

    urls_variable: str = Field("KPI_NOTIFY_URLS", pattern=r"^[A-Z][A-Z0-9_]*$")
    on_success: bool = False
    on_failure: bool = True


class Settings(_Strict):
    """`config/house.yml`, checked."""

    company_name: str = Field(min_length=1)
    reporting: Reporting = Reporting()
    definitions: Definitions = Definitions()
    plan: Plan = Plan()
    matching: Matching = Matching()
    ingestion: Ingestion = Ingestion()
    gate: Gate = Gate()
    retention: Retention = Retention()
    logs: Logs = Logs()
    schedule: Schedule = Schedule()
    notify: Notify = Notify()


def load_settings(house: House) -> Settings:
    """Read and check `config/house.yml`.

    Raises ConfigError naming the file, the key and what is allowed.
    """
    path = house.house_file
    if not path.is_file():
        raise ConfigError(
            "This folder is not a house: it has no config/house.yml.",
            where=str(path),
            remedy="Run `kpi init DIR` to make one, or point KPI_HOME at an existing house.",
        )
    document = read_configuration(path)
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        raise validation_error(error, path) from error


def validation_error(error: ValidationError, path: Path) -> ConfigError:
    """One ConfigError listing every offending key of a pydantic failure."""
    problems = [
        f"{'.'.join(str(part) for part in item['loc']) or '(top level)'}: {item['msg']}"
        for item in error.errors()
    ]
    return ConfigError(
        "Not allowed: " + "; ".join(problems),
        where=str(path),
        remedy="Correct the keys named above; `kpi sources check` checks again without running.",
    )
