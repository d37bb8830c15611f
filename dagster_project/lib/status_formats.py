"""The house's status as monitors read it: JSON, a Nagios plugin's answer, Prometheus' text format.

Nagios (and Icinga, Naemon, Checkmk): one line `KPI STATE: text | 'label'=value[unit];warn;crit;min`, more
lines of text after it, exit code 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (Monitoring Plugins' Development
Guidelines). Prometheus: the text exposition format as node_exporter's textfile collector takes it, gauges
in base units and without time stamps of their own; instants are seconds since 1970, so that rules can
compute ages.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import get_args

from dagster_project import __version__
from dagster_project.lib.errors import ConfigError, KuraError
from dagster_project.lib.nights import Outcome
from dagster_project.lib.status import HouseStatus, how_it_ended, in_words

OK, WARNING, CRITICAL, UNKNOWN = range(4)
_STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_PREFIX = "kpi_kura_"


def as_json(status: HouseStatus) -> str:
    """One document. Instants are ISO 8601, durations seconds, sizes bytes."""
    release, night = status.release, status.night
    document = {
        "house": str(status.house.root),
        "company": status.company,
        "at": status.at.isoformat(timespec="seconds"),
        "version": __version__,
        "release": release
        and {
            "id": release.release_id,
            "as_of": release.as_of,
            "published_at": release.published_at,
            "age_seconds": _seconds(status.age),
        },
        "max_age_seconds": _seconds(status.max_age),
        "is_too_old": status.is_too_old,
        "night": night
        and {
            "run_id": night.run_id,
            "as_of": night.as_of,
            "outcome": night.outcome,
            "launched_by": night.launched_by,
            "started_at": night.started_at,
            "ended_at": night.ended_at,
            "duration_seconds": night.duration_seconds,
            "stage_seconds": night.seconds,
            "causes": night.causes,
            "error": night.error,
            "counts": night.counts and vars(night.counts),
        },
        "sources": [source.model_dump(mode="json") for source in status.sources],
        "exceptions": [vars(item) for item in status.exceptions],
        "disk": {"free_bytes": status.disk_free, "needed_bytes": status.disk_needed},
        "locks": {"night": status.night_lock, "writer": status.writer_lock},
        "concerns": [vars(concern) for concern in status.concerns],
    }
    return json.dumps(document, ensure_ascii=False, indent=2, default=_plain) + "\n"


def as_nagios(status: HouseStatus) -> tuple[str, int]:
    """The plugin's answer and its exit code."""
    concerns = status.concerns
    state = max(
        (CRITICAL if concern.level == "critical" else WARNING for concern in concerns), default=OK
    )
    told = []
    if status.release is not None and status.age is not None:
        told.append(f"as of {status.release.as_of}, ended {in_words(status.age)} ago")
    if status.night is not None:
        told.append(f"last night {how_it_ended(status.night)}")
    head = concerns[0].text if concerns else ", ".join(told)
    more = [concern.text for concern in concerns[1:]] + (told if concerns else [])
    data = " ".join(_performance(status))
    first = f"KPI {_STATES[state]}: {_one_line(head)} | {data}"
    return "\n".join([first, *map(_one_line, more)]) + "\n", state


def nagios_of_error(error: KuraError | OSError) -> tuple[str, int]:
    """The answer when the house could not be asked: critical when the house is to blame, else unknown."""
    if isinstance(error, OSError):
        error = ConfigError(
            error.strerror or str(error),
            where=str(error.filename) if error.filename else None,
            remedy="Let the monitor ask as the user the nights run as.",
        )
    state = UNKNOWN if isinstance(error, ConfigError) else CRITICAL
    lines = [f"KPI {_STATES[state]}: {_one_line(error.message)}"]
    lines += [_one_line(text) for text in (error.where, error.remedy) if text]
    return "\n".join(lines) + "\n", state


def as_prometheus(status: HouseStatus) -> str:
    """Every metric of one house, ready for a `.prom` file."""
    house = {"house": str(status.house.root)}
    release, night = status.release, status.night
    lines: list[str] = []

    def gauge(name: str, text: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> None:
        found = list(samples)
        if found:
            lines.append(f"# HELP {_PREFIX}{name} {text}")
            lines.append(f"# TYPE {_PREFIX}{name} gauge")
            lines.extend(
                f"{_PREFIX}{name}{_labels({**house, **labels})} {value:.15g}"
                for labels, value in found
            )

    def one(name: str, text: str, value: float | datetime | None) -> None:
        if value is not None:
            number = value.timestamp() if isinstance(value, datetime) else value
            gauge(name, text, [({}, number)])

    gauge("info", "The program that wrote this.", [({"version": __version__}, 1)])
    one("release_present", "Whether readers see a release.", float(release is not None))
    if release is not None:
        gauge(
            "release_info",
            "The current release.",
            [({"release": release.release_id, "as_of": str(release.as_of)}, 1)],
        )
        one("release_published_timestamp_seconds", "When it became current.", release.published_at)
    one("release_as_of_end_timestamp_seconds", "When its as-of day ended.", status.as_of_ended)
    if night is not None:
        gauge(
            "night_outcome",
            "How the newest night ended; the one that holds is 1.",
            [({"outcome": name}, float(night.outcome == name)) for name in get_args(Outcome)],
        )
        one("night_start_timestamp_seconds", "When the newest night began.", night.started_at)
        one("night_end_timestamp_seconds", "When the newest night ended.", night.ended_at)
        one("night_duration_seconds", "How long it took.", night.duration_seconds)
        gauge(
            "night_stage_duration_seconds",
            "How long each stage of it took.",
            [({"stage": stage}, seconds) for stage, seconds in (night.seconds or {}).items()],
        )
        if night.counts is not None:
            gauge(
                "night_files",
                "Export files by what became of them in it.",
                [
                    ({"status": "read"}, night.counts.files_read),
                    ({"status": "rejected"}, night.counts.files_rejected),
                    ({"status": "left_alone"}, night.counts.files_left_alone),
                ],
            )
            one(
                "night_records_set_aside",
                "Records that count nowhere.",
                night.counts.records_set_aside,
            )
    gauge(
        "source_covers_as_of",
        "Whether a source has data for the as-of day.",
        [
            (
                {"source": item.source_id, "required": str(item.is_required).lower()},
                float(item.covers_as_of),
            )
            for item in status.sources
            if item.covers_as_of is not None
        ],
    )
    gauge(
        "source_records_set_aside",
        "Records of a source that count nowhere.",
        [({"source": item.source_id}, item.records_set_aside) for item in status.sources],
    )
    gauge(
        "accepted_exception_days_left",
        "As-of days for which a failure stays accepted.",
        [({"check": item.check}, item.days_left) for item in status.exceptions],
    )
    one("disk_free_bytes", "Room on the house's file system.", status.disk_free)
    one("disk_needed_bytes", "What a night may need.", status.disk_needed)
    one("locked", "Whether somebody holds the house.", float(status.night_lock is not None))
    return "\n".join(lines) + "\n"


def _performance(status: HouseStatus) -> Iterable[str]:
    age, most = _seconds(status.age), _seconds(status.max_age)
    if age is not None:
        yield f"'age'={age}s;;{most if most is not None else ''};0"
    night = status.night
    if night is not None and night.duration_seconds is not None:
        yield f"'night_duration'={night.duration_seconds:.0f}s;;;0"
    if night is not None and night.counts is not None:
        yield f"'files_read'={night.counts.files_read};;;0"
        yield f"'files_rejected'={night.counts.files_rejected};;;0"
        yield f"'files_left_alone'={night.counts.files_left_alone};;;0"
        yield f"'records_set_aside'={night.counts.records_set_aside};;;0"
    # `N:` warns below N.
    yield f"'disk_free'={status.disk_free}B;{status.disk_needed}:;;0"


def _labels(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _one_line(text: str) -> str:
    """Text without what would end the line or begin the performance data."""
    return " ".join(text.replace("|", "/").split())


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else int(duration.total_seconds())


def _plain(value: object) -> str:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)
