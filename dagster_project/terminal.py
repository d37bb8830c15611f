"""What the `kpi` command shows: progress while a night works, its closing table, and errors in plain words."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from dagster_project.lib.errors import KuraError

if TYPE_CHECKING:
    from dagster_project.lib.ingestion import FileProgress, Reading
    from dagster_project.lib.night import Night, Observer
    from dagster_project.lib.releases import Release
    from dagster_project.settings import House

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

_STAGES = {
    "ingestion": "Reading exports 取込",
    "transformation": "Building KPIs 集計",
    "candidate": "Making the candidate 候補",
    "gate": "Checking 検査",
    "publication": "Publishing 公開",
}
_DBT_DONE = re.compile(r"\b(\d+) of (\d+) (?:OK|PASS|WARN|ERROR|FAIL)\b")


def say(text: str) -> None:
    """One plain line on standard output."""
    out.print(escape(text))


def warn(text: str) -> None:
    """One plain line on standard error."""
    err.print(f"[yellow]{escape(text)}[/yellow]")


def show_error(error: KuraError) -> None:
    """An error of ours: what, where, and what to do."""
    err.print(f"[bold red]Error:[/bold red] {escape(error.message)}")
    if error.where:
        err.print(f"  [bold]where[/bold]   {escape(error.where)}")
    if error.remedy:
        err.print(f"  [bold]remedy[/bold]  {escape(error.remedy)}")


def parse_duration(text: str) -> timedelta:
    """`90m`, `26h` or `3d` as a timedelta. Raises typer.BadParameter for anything else."""
    match = re.fullmatch(r"(\d+)([mhd])", text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is not a duration such as 90m, 26h or 3d.")
    unit = {"m": "minutes", "h": "hours", "d": "days"}[match[2]]
    return timedelta(**{unit: int(match[1])})


class NightView:
    """Progress of a night: a live bar per stage on a terminal, a line per stage elsewhere."""

    def __init__(self) -> None:
        self._live = err.is_terminal
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=err,
            disable=not self._live,
        )
        self._task: Any = None

    def __enter__(self) -> NightView:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end_stage()
        self._progress.stop()

    @property
    def observer(self) -> Observer:
        from dagster_project.lib.night import Observer

        return Observer(stage=self._stage, file=self._file, line=self._line)

    def _end_stage(self) -> None:
        if self._task is not None:
            task = self._progress.tasks[self._task]
            total = task.total if task.total is not None else 1
            self._progress.update(self._task, total=total, completed=total, note="")

    def _stage(self, name: str) -> None:
        self._end_stage()
        title = _STAGES.get(name, name)
        self._task = self._progress.add_task(title, total=None, note="")
        if not self._live:
            err.print(f"{escape(title)} …")

    def _file(self, item: FileProgress) -> None:
        if self._task is not None:
            self._progress.update(
                self._task, total=item.total, completed=item.index, note=escape(item.path)
            )
        if not self._live:
            done = f"  {item.index}/{item.total} {item.path}: {item.status}, {item.records} records"
            err.print(escape(done))

    def _line(self, text: str) -> None:
        match = _DBT_DONE.search(text)
        if match and self._task is not None:
            self._progress.update(
                self._task,
                completed=int(match[1]),
                total=int(match[2]),
                note=escape(text.split(" ... ")[0][-60:]),
            )


def _table(*columns: str, title: str | None = None) -> Table:
    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    for name in columns:
        right = name in {"files", "records", "quarantined", "value", "numerator", "denominator"}
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    return table


def show_night(night: Night) -> None:
    """The closing table of a night: files, rows, checks, last full month, and where to connect."""
    from dagster_project.lib import night_summary

    summary = night_summary.of(night)
    if summary.files is not None:
        table = _table("source", "files", "records", "quarantined", "rejected files")
        for row in summary.files:
            table.add_row(*(escape(str(value)) for value in row))
        out.print(table)
    if night.audit is not None:
        say(f"\nChecks: {summary.checks_passed} of {summary.checks_run} passed.")
        if summary.failed_checks:
            failed = _table("check", "kind", "expected", "observed", "can be accepted")
            for row in summary.failed_checks:
                failed.add_row(*(escape(str(value)) for value in row))
            out.print(failed)
    if summary.month:
        month = _table(
            "KPI", "指標", "value", "numerator", "denominator", "status", title=summary.month_title
        )
        for row in summary.month:
            month.add_row(*(escape(str(value)) for value in row))
        out.print()
        out.print(month)
    if night.release is not None:
        seconds = " · ".join(f"{name} {value:.1f} s" for name, value in night.seconds.items())
        say(f"\nPublished {night.release.release_id} (as of {night.as_of}). {seconds}")
        say(f"Connect read-only to  {summary.connect_to}")
        say(f"Audit page            {summary.audit_page}")
        say(f"Try                   {summary.example_query}")


def show_status(house: House, release: Release | None) -> None:
    """As-of day, coverage and exceptions of the current release."""
    from dagster_project.lib import releases

    if release is None:
        warn(f"Nothing is published in {house.root} yet.")
        return
    say(f"release   {release.release_id}")
    say(f"as of     {release.as_of}")
    say(f"path      {house.current}")
    facts = releases.status_facts(release)
    table = _table("source", "covers the as-of day", "last covered day", "quarantined", "required")
    for row in facts.coverage:
        table.add_row(*(escape(str(value)) for value in row))
    out.print(table)
    say(f"checks    {facts.checks_passed} of {facts.checks_run} passed")
    for line in facts.exceptions:
        warn(f"exception {line}")


def show_releases(found: Sequence[Release]) -> None:
    """Releases, newest first."""
    table = _table("release", "as of", "current", "checks")
    for release in found:
        table.add_row(
            escape(release.release_id),
            str(release.as_of),
            "←" if release.is_current else "",
            escape(release.verdict),
        )
    out.print(table)


def show_quarantine(rows: Sequence[Any]) -> None:
    """Set-aside records by file and reason."""
    table = _table("file id", "source", "path", "reason", "records", "first record")
    for row in rows:
        table.add_row(
            escape(row.file_id),
            escape(row.source_id),
            escape(row.path),
            escape(row.reason_code),
            str(row.records),
            str(row.first_record),
        )
    out.print(table)
    say("Open one:  kpi quarantine show FILE_ID RECORD")


def show_record(text: str) -> None:
    """A record as it was exported."""
    sys.stdout.write(text.rstrip("\n") + "\n")


def show_readings(readings: Sequence[Reading]) -> None:
    """What a dry read found, file by file."""
    table = _table("file", "object", "status", "records", "quarantined", "encoding", "reason")
    for reading in readings:
        table.add_row(
            escape(reading.path),
            escape(f"{reading.system}.{reading.object_name}"),
            reading.status,
            str(reading.records_in),
            str(reading.records_quarantined),
            escape(reading.encoding or ""),
            escape(reading.reject_message or ""),
        )
    out.print(table)
