"""How the house stands, for whoever watches it: release, last night, sources, exceptions, disk, lock.

Belongs here: gathering the facts and saying which of them somebody should look at. Nothing is changed and
no night is kept waiting. Left to others: how it is written for monitors (`status_formats`) and people
(`terminal`), and whether the house itself is sound (`doctor`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from dagster_project.lib import disk, lock, nights, releases
from dagster_project.lib.audit import Audit, SourceSummary
from dagster_project.lib.nights import NightRecord
from dagster_project.lib.releases import Release
from dagster_project.settings import House, Settings

Level = Literal["warning", "critical"]

# An accepted failure that ends within this many as-of days is told while there is time to decide.
ENDS_SOON = 3


@dataclass(frozen=True)
class Concern:
    """Something somebody should look at. critical: readers have nothing, or it is too old."""

    level: Level
    text: str


@dataclass(frozen=True)
class AcceptedException:
    """A failure of a check that the current release was published with."""

    check: str
    until: date
    by: str
    reason: str
    days_left: int


@dataclass(frozen=True)
class HouseStatus:
    """Facts about one house at one instant.

    age: how long ago the current release's as-of day ended where the house reports. night: the newest on
    record. night_lock, writer_lock: who holds them now. disk_needed: what a night may need, in bytes.
    """

    house: House
    company: str
    at: datetime
    release: Release | None
    audit: Audit | None
    as_of_ended: datetime | None
    age: timedelta | None
    max_age: timedelta | None
    night: NightRecord | None
    exceptions: tuple[AcceptedException, ...]
    disk_free: int
    disk_needed: int
    night_lock: str | None
    writer_lock: str | None

    @property
    def sources(self) -> tuple[SourceSummary, ...]:
        return self.audit.summary.sources if self.audit else ()

    @property
    def uncovered(self) -> tuple[str, ...]:
        """Required sources without data for the as-of day (the release was accepted without it)."""
        return tuple(
            source.source_id
            for source in self.sources
            if source.is_required and source.covers_as_of is False
        )

    @property
    def is_too_old(self) -> bool:
        return self.max_age is not None and self.age is not None and self.age > self.max_age

    @property
    def concerns(self) -> tuple[Concern, ...]:
        """What to look at, the worst first."""
        found = [
            *self._of_release(),
            *self._of_night(),
            *(
                Concern("warning", f"{name} has no data for the as-of day")
                for name in self.uncovered
            ),
            *(
                Concern("warning", f"the accepted failure {item.check} ends on {item.until}")
                for item in self.exceptions
                if item.days_left <= ENDS_SOON
            ),
        ]
        if self.disk_free < self.disk_needed:
            found.append(
                Concern(
                    "warning",
                    f"{disk.in_words(self.disk_free)} are free, a night may need "
                    f"{disk.in_words(self.disk_needed)}",
                )
            )
        if self.writer_lock is not None and self.night_lock is None:
            found.append(
                Concern("warning", f"{self.writer_lock} of a killed night is still writing")
            )
        return tuple(sorted(found, key=lambda concern: concern.level))

    def _of_release(self) -> list[Concern]:
        if self.release is None:
            return [Concern("critical", "nothing is published")]
        if self.is_too_old and self.age is not None and self.max_age is not None:
            return [
                Concern(
                    "critical",
                    f"the as-of day ended {in_words(self.age)} ago, over {in_words(self.max_age)}",
                )
            ]
        return []

    def _of_night(self) -> list[Concern]:
        night = self.night
        if night is None or (night.outcome in nights.GOOD and night.error is None):
            return []
        return [Concern("warning", f"last night {how_it_ended(night)}")]


def look(
    house: House, settings: Settings, now: datetime, max_age: timedelta | None = None
) -> HouseStatus:
    """Gather everything. now: an aware instant, given by the caller.

    Raises CandidateError or AuditError when the current release cannot be read.
    """
    release = releases.current_release(house)
    audit = releases.release_audit(release) if release else None
    ended = None
    if release is not None:
        zone = ZoneInfo(settings.reporting.timezone)
        ended = datetime.combine(release.as_of + timedelta(days=1), time(), tzinfo=zone)
    return HouseStatus(
        house=house,
        company=settings.company_name,
        at=now,
        release=release,
        audit=audit,
        as_of_ended=ended,
        age=now - ended if ended is not None else None,
        max_age=max_age,
        night=nights.last(house),
        exceptions=_exceptions(audit),
        disk_free=disk.free_bytes(house.work),
        disk_needed=disk.needed_bytes(house),
        night_lock=lock.holder(house.night_lock),
        writer_lock=lock.holder(house.writer_lock),
    )


def how_it_ended(night: NightRecord) -> str:
    """`was refused by x, y`, after `last night`."""
    if night.outcome == "refused" and night.causes:
        return f"was refused by {', '.join(night.causes)}"
    said = {
        "published": "was published",
        "refused": "was refused",
        "failed": "failed",
        "unfinished": "ended before publication",
        "not_started": "did not start",
        "running": "is running",
        "died": "was killed",
    }[night.outcome]
    if night.outcome == "published" and night.error:
        return f"{said}, but tidying up failed: {night.error}"
    return f"{said}: {night.error}" if night.error else said


def in_words(duration: timedelta) -> str:
    """`3 d 4 h`, `5 h`, `12 min` or `40 s` of a duration."""
    seconds = int(duration.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    hours = seconds // 3600
    return f"{hours // 24} d {hours % 24} h" if hours >= 24 else f"{hours} h"


def _exceptions(audit: Audit | None) -> tuple[AcceptedException, ...]:
    if audit is None:
        return ()
    return tuple(
        AcceptedException(
            check.id,
            check.accepted_by.until,
            check.accepted_by.by,
            check.accepted_by.reason,
            (check.accepted_by.until - audit.as_of).days,
        )
        for check in audit.accepted
        if check.accepted_by is not None
    )
