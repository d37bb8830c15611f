"""`logs/kpi.log`: one line per event of a night, as text or JSON, in files that rotate.

Every line names the run, the stage and the event. Values of records never come here: callers give names of
files, ids of checks, counts and our own sentences. What dbt says of itself stays in its own log
(`work/dbt/dbt.log`), which dbt rotates.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from typing import Any

from dagster_project.settings import House, Logs

_NAME = "kpi_kura"


class Log:
    """Where one run writes its events. `stage` is part of every line until it is set anew."""

    def __init__(self, logger: logging.Logger, run_id: str) -> None:
        self._logger = logger
        self._run_id = run_id
        self.stage = ""

    def debug(self, event: str, **facts: object) -> None:
        self._write(logging.DEBUG, event, facts)

    def info(self, event: str, **facts: object) -> None:
        self._write(logging.INFO, event, facts)

    def warning(self, event: str, **facts: object) -> None:
        self._write(logging.WARNING, event, facts)

    def error(self, event: str, **facts: object) -> None:
        self._write(logging.ERROR, event, facts)

    def _write(self, level: int, event: str, facts: dict[str, object]) -> None:
        said = {"run": self._run_id, "stage": self.stage, "event": event, **facts}
        self._logger.log(level, event, extra={"said": said})


def silent(run_id: str = "") -> Log:
    """A log that keeps nothing, for steps nobody opened a log for."""
    logger = logging.Logger(_NAME)
    logger.addHandler(logging.NullHandler())
    return Log(logger, run_id)


@contextmanager
def opened(house: House, settings: Logs, run_id: str) -> Iterator[Log]:
    """The house's log, for whoever holds the night's lock, so that one process writes at a time."""
    house.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = _PrivateFile(house, settings)
    handler.setFormatter(_Json() if settings.format == "json" else _Text())
    # Not in logging's tree: Dagster and dbt rearrange what hangs there.
    logger = logging.Logger(_NAME, settings.level.upper())
    logger.addHandler(handler)
    try:
        yield Log(logger, run_id)
    finally:
        handler.close()


class _PrivateFile(RotatingFileHandler):
    """Rotates by size, 0600. A line that cannot be written ends no night; that is said once."""

    def __init__(self, house: House, settings: Logs) -> None:
        self._failed = False
        super().__init__(
            house.log_file,
            maxBytes=settings.max_bytes,
            backupCount=settings.keep,
            encoding="utf-8",
            errors="backslashreplace",
        )

    def _open(self) -> io.TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "a", encoding=self.encoding, errors=self.errors)

    def handleError(self, record: logging.LogRecord) -> None:
        self._say(sys.exc_info()[1])

    def close(self) -> None:
        try:
            super().close()
        except OSError as error:  # what a full disk did not take is still waiting to be written
            self._say(error)

    def _say(self, error: BaseException | None) -> None:
        if not self._failed:
            self._failed = True
            print(f"{self.baseFilename} cannot be written: {error}", file=sys.stderr)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = getattr(record, "said", {})
        line = {"at": _at(record), "level": record.levelname.lower(), **said}
        return json.dumps(line, ensure_ascii=False, default=str)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = dict(getattr(record, "said", {}))
        run, stage, event = said.pop("run"), said.pop("stage"), said.pop("event")
        facts = " ".join(
            f"{name}={_quoted(value)}" for name, value in said.items() if value is not None
        )
        return f"{_at(record)} {record.levelname:<7} {run} {stage or '-'} {event} {facts}".rstrip()


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _quoted(value: object) -> str:
    """Plain where it can be, else as JSON: a line break in a name must not begin a line."""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, default=str)
    if not value.isprintable():
        return json.dumps(value)
    return value if value and not set(value) & set(' "=') else json.dumps(value, ensure_ascii=False)
