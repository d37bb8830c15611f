"""What the `kpi` command shows: progress of a night, its closing table, errors in plain words."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from dagster_project.lib.errors import KuraError

if TYPE_CHECKING:
    from dagster_project.lib.audit import Audit, SourceSummary
    from dagster_project.lib.doctor import Finding
    from dagster_project.lib.explain import Explanation, Part
    from dagster_project.lib.night import Night, Observer
    from dagster_project.lib.quarantine import QuarantineRow
    from dagster_project.lib.query import Answer
    from dagster_project.lib.readings import FileProgress, IngestionResult
    from dagster_project.lib.releases import Release
    from dagster_project.lib.retention import Item
    from dagster_project.lib.status import HouseStatus

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

_STAGES = {
    "ingestion": "Reading exports 取込",
    "transformation": "Building KPIs 集計",
    "candidate": "Making the candidate 候補",
    "gate": "Checking 検査",
    "publication": "Publishing 公開",
}
_EXAMPLE_QUERY = (
    '"select period_start, metric, value, numerator, denominator, status from kpi_scorecard '
    "where period_type = 'month' and scope_type = 'company' and metric = 'connect_rate' "
    'order by period_start"'
)
_FINDINGS_SHOWN = 5
_FINDINGS_QUERY = (
    '"select period_type, period_start, finding_ja, finding_en from kpi_findings '
    'order by period_end desc, rank_in_period"'
)
_IDS = {"check", "release", "source"}
_PERIODS = {
    "week": "週 week",
    "month": "月 month",
    "quarter": "四半期 quarter",
    "fiscal_year": "年度 fiscal year",
}
_PARTS = {"numerator": "分子 numerator", "denominator": "分母 denominator"}
_FIGURE_STATUS = {
    "ok": "使える数字 – can be used",
    "small_sample": "件数が少ない参考値 – small sample: less than {minimum} below the line",
    "maturing": "確定前（結果待ちが残り、まだ動く） – maturing: outcomes are still to come",
    "partial": "一部欠け（データのない日 {days} 日） – partial: {days} days lack their exports",
    "unavailable": "データなし – unavailable: no day has its exports",
}
# How many reasons of a near miss are told one by one.
_REASONS = 6
_NOT_IN_TABLE = {"part", "source_file_id", "raw"}
_DBT_DONE = re.compile(r"\b(\d+) of (\d+) (?:OK|PASS|WARN|ERROR|FAIL)\b")


def speak_any_locale() -> None:
    """What the locale has no character for is shown escaped; it ends no command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write_document(pieces: Iterable[str]) -> None:
    """Text for programs on standard output: UTF-8, whatever the locale says."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    for piece in pieces:
        sys.stdout.write(piece)


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
    match = re.fullmatch(r"(\d{1,6})([mhd])", text.strip())
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
        # An id is there to be copied: never broken over lines.
        table.add_column(
            name,
            justify="right" if right else "left",
            overflow="ignore" if name in _IDS else "fold",
            no_wrap=name in _IDS,
        )
    return table


def show_night(night: Night) -> None:
    """The closing table of a night: files, rows, checks, last full month, and where to connect."""
    from dagster_project.lib import nights
    from dagster_project.lib.candidate import AUDIT_PAGE
    from dagster_project.lib.dictionary_page import DICTIONARY_PAGE

    if night.ingestion is not None:
        _show_files(night.ingestion, night.audit)
    if night.audit is not None:
        _show_checks(night.audit)
        _show_month(night.audit)
    if night.untidy is not None:
        warn(f"Tidying up failed: {nights.in_words(night.untidy)}. `kpi prune` tries again.")
    if night.release is None:
        return
    steps = " · ".join(f"{name} {seconds:.1f} s" for name, seconds in night.seconds.items())
    say(f"\nPublished {night.release.release_id} (as of {night.as_of}). {steps}")
    say(f"Connect read-only to  {night.house.current / night.release.warehouse.name}")
    say(f"Audit page            {night.house.current / AUDIT_PAGE}")
    say(f"KPI dictionary        {night.house.current / DICTIONARY_PAGE}")
    say(f"Try                   {_how_called()} query {_EXAMPLE_QUERY}")


def _how_called() -> str:
    """The command as a shell in this folder would find it: a newcomer's PATH has no `kpi` yet."""
    script = Path(sys.executable).with_name("kpi")
    on_path = shutil.which("kpi")
    if on_path is not None and Path(on_path).absolute() == script:
        return "kpi"
    here = Path.cwd()
    return str(script.relative_to(here) if script.is_relative_to(here) else script)


def _show_files(ingestion: IngestionResult, audit: Audit | None) -> None:
    # Once judged, what the casts refused counts too.
    set_aside = (
        {item.source_id: item.records_set_aside for item in audit.summary.sources} if audit else {}
    )
    files: Counter[str] = Counter()
    records: Counter[str] = Counter()
    quarantined: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for row in ingestion.readings:
        receipt = row.receipt
        files[receipt.source_id] += 1
        if row.is_active:
            records[receipt.source_id] += receipt.records_in
            quarantined[receipt.source_id] += receipt.records_quarantined
        if receipt.status == "rejected":
            rejected[receipt.source_id] += 1
    table = _table("source", "files", "records", "quarantined", "rejected files")
    for source in sorted(files):
        table.add_row(
            escape(source),
            f"{files[source]:,}",
            f"{records[source]:,}",
            f"{set_aside.get(source, quarantined[source]):,}",
            str(rejected[source]),
        )
    out.print(table)
    for row in ingestion.rejected:
        warn(f"rejected {row.path}: {row.reject_message} → {row.remedy}")
    for path in ingestion.left_alone:
        warn(f"left alone, still being written: {path}")
    for text in ingestion.warnings:
        warn(text)
    noted: dict[str, list[str]] = {}
    for row in ingestion.active:
        for text in row.warnings if row.is_new else ():
            noted.setdefault(text, []).append(row.path)
    for text, paths in noted.items():
        others = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        warn(f"{paths[0]}{others}: {text}")


def _show_checks(audit: Audit) -> None:
    say(f"\nChecks: {_counted(audit)}; verdict {audit.verdict}.")
    failed = [*audit.causes, *audit.warnings]
    if not failed:
        return
    table = _table("check", "", "expected", "observed", "can be accepted")
    for check in failed:
        table.add_row(
            escape(check.id),
            "[bold red]refuses[/bold red]" if check.refuses else check.kind,
            escape(check.expected),
            escape(f"{check.observed} {check.note or ''}".strip()),
            ("yes" if check.can_be_accepted else "no") if check.refuses else "–",
        )
    out.print(table)
    if len(audit.refusals) > len(audit.causes):
        more = len(audit.refusals) - len(audit.causes)
        say(f"{more} more checks of tables without rows had nothing to look at.")


def _counted(audit: Audit) -> str:
    statuses = Counter("to watch" if check.is_to_watch else check.status for check in audit.checks)
    return ", ".join(
        f"{count} {status.replace('_', ' ')}" for status, count in sorted(statuses.items())
    )


def _show_month(audit: Audit) -> None:
    from dagster_project.lib.audit import written

    if audit.summary.month is None:
        return
    title = f"Last full month: {audit.summary.month:%Y-%m}"
    table = _table("KPI", "value", "numerator", "denominator", "status", title=title)
    for figure in audit.summary.figures:
        if not figure.is_headline:
            continue
        table.add_row(
            escape(f"{figure.ja} {figure.en}"),
            written(figure.value, figure.unit),
            written(figure.numerator),
            written(figure.denominator),
            figure.status,
        )
    out.print()
    out.print(table)
    moved = _moved(audit)
    if moved:
        say(f"{moved}. Why: kpi_restatements.")
    _show_findings(audit)


def _show_findings(audit: Audit) -> None:
    """How many findings, the first few in words, and the query that lists all."""
    summary = audit.summary
    say(f"\nFindings 指摘: {summary.findings_count}")
    for told in summary.findings[:_FINDINGS_SHOWN]:
        say(f"• {told.ja}\n  {told.en}")
    if summary.findings_count > _FINDINGS_SHOWN:
        say(f"All of them           {_how_called()} query {_FINDINGS_QUERY}")


def _moved(audit: Audit) -> str | None:
    """How many figures the release before this day's showed otherwise; None where there is none."""
    summary = audit.summary
    if summary.compared_with is None:
        return None
    count = summary.restated or 0
    return f"{count:,} monthly headline figures moved since the release of {summary.compared_with}"


def show_status(status: HouseStatus) -> None:
    """Release, last night, coverage, exceptions, room and lock, and what somebody should look at."""
    from dagster_project.lib import disk
    from dagster_project.lib.status import in_words

    if status.release is None or status.audit is None:
        warn(f"Nothing is published in {status.house.root} yet.")
    else:
        age = f" (ended {in_words(status.age)} ago)" if status.age is not None else ""
        say(f"release   {status.release.release_id}")
        say(f"as of     {status.release.as_of}{age}")
        say(f"path      {status.house.current}")
        say(f"checks    {_counted(status.audit)}")
        if moved := _moved(status.audit):
            say(f"restated  {moved}")
    _show_last_night(status)
    say(
        f"disk      {disk.in_words(status.disk_free)} free, a night may need "
        f"{disk.in_words(status.disk_needed)}"
    )
    say(f"lock      {status.night_lock or 'free'}")
    if status.sources:
        _show_sources(status.sources)
    for item in status.exceptions:
        warn(f"accepted   {item.check} until {item.until} by {item.by}: {item.reason}")
    for check in status.audit.warnings if status.audit else ():
        warn(f"warning    {check.id}: {check.observed}")
    for concern in status.concerns:
        if status.release is not None:
            warn(f"{concern.level:<10} {concern.text}")


def _show_last_night(status: HouseStatus) -> None:
    from dagster_project.lib.status import how_it_ended, in_words

    night = status.night
    if night is None:
        say("night     none on record")
        return
    began = f"{night.started_at:%Y-%m-%d %H:%M} UTC"
    if night.outcome == "running":
        say(f"night     for {night.as_of} is running since {began}")
        return
    took = (
        f", took {in_words(timedelta(seconds=night.duration_seconds))}"
        if night.duration_seconds is not None and night.outcome != "not_started"
        else ""
    )
    say(f"night     began {began}{took}, {how_it_ended(night)}")
    if night.counts is not None:
        counts = night.counts
        say(
            f"files     {counts.files_read:,} read, {counts.files_rejected:,} rejected, "
            f"{counts.files_left_alone:,} left alone; {counts.records_set_aside:,} records set aside"
        )


def _show_sources(sources: Sequence[SourceSummary]) -> None:
    table = _table(
        "source", "required", "covers the as-of day", "covered to", "days of last 30", "set aside"
    )
    for source in sources:
        covers = {True: "yes", False: "NO", None: "–"}[source.covers_as_of]
        table.add_row(
            escape(source.source_id),
            "yes" if source.is_required else "",
            covers,
            str(source.covered_to or "–"),
            str(source.covered_days_of_30 if source.covered_days_of_30 is not None else "–"),
            f"{source.records_set_aside:,} of {source.records_in:,}",
        )
    out.print(table)


def show_pruned(items: Sequence[Item], runs: int, runs_size: int, *, dry_run: bool) -> None:
    """What went, or would go, by kind; single names where they matter."""
    from dagster_project.lib import disk

    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(item.what, []).append(item)
    verb = "would be removed" if dry_run else "removed"
    for what, group in found.items():
        say(f"{verb}: {what} × {len(group)}, {disk.in_words(sum(item.size for item in group))}")
        for item in group:
            say(f"    {item.name}")
    if runs or runs_size:
        say(f"{verb}: Dagster's records of runs × {runs}, {disk.in_words(runs_size)}")
    if not items and not runs and not runs_size:
        say("Nothing is kept beyond the settings under retention.")


def show_findings(findings: Sequence[Finding], mended: Sequence[str]) -> None:
    """A line per check of the house, and what to do below it."""
    for text in mended:
        say(f"mended: {text}")
    colours = {"ok": "green", "warning": "yellow", "problem": "bold red"}
    for item in findings:
        colour = colours[item.state]
        out.print(f"[{colour}]{item.state:<8}[/{colour}] {item.check:<16} {escape(item.found)}")
        if item.do is not None and item.state != "ok":
            out.print(f"{'':<25} → {escape(item.do)}")


def show_releases(found: Sequence[Release]) -> None:
    """Releases, newest first."""
    table = _table("release", "as of", "published", "current", "rows", "exceptions")
    for release in reversed(found):
        published = release.published_at
        table.add_row(
            escape(release.release_id),
            str(release.as_of),
            f"{published:%Y-%m-%d %H:%M} UTC" if published else "never",
            "←" if release.is_current else "",
            f"{release.rows:,}",
            str(release.accepted_exceptions),
        )
    out.print(table)


def show_quarantine(rows: Sequence[QuarantineRow]) -> None:
    """Set-aside records by file and reason."""
    if not rows:
        say("Nothing is set aside.")
        return
    path = None
    for row in rows:
        if row.path != path:
            path = row.path
            say(path)
        if row.records:
            say(f"    {row.records} × {row.reason_code}")
            say(f"        kpi quarantine show {row.file_id} {row.first_record}")
        else:
            say(f"    whole file: {row.reason_code}: {row.message}")


def show_explanation(explanation: Explanation) -> None:
    """What a figure means, what it is made of and what nearly counted, in Japanese and English."""
    from dagster_project.lib.audit import written

    metric, place, figure = explanation.metric, explanation.place, explanation.figure
    release = explanation.release
    out.print(f"[bold]{escape(metric['label_ja'])}  {escape(metric['label_en'])}[/]")
    say(f"  {metric['definition_ja']}\n  {metric['definition_en']}")
    say("")
    period = _PERIODS[place.period_type]
    scope = "" if place.scope_type == "company" else f": {explanation.scope_name}"
    say(f"対象 for      {explanation.scope['name_ja']} {explanation.scope['name_en']}{scope}")
    say(f"期間 period   {period} {figure['period_start']} – {figure['period_end']}")
    say(f"基準日 as of  {release['as_of_date']}  (release {release['release_id']})")
    formula = " ÷ ".join(f"{part.label_ja} {part.label_en}" for part in explanation.parts)
    counts = [figure["numerator"], figure["denominator"]][: len(explanation.parts)]
    told = f"{' ÷ '.join(map(written, counts))} = " if len(counts) == 2 else ""
    value = f"[bold]{escape(written(figure['value'], metric['unit']))}[/]"
    out.print(f"値 value      {escape(formula)} = {escape(told)}{value}")
    words = _FIGURE_STATUS[figure["status"]].format(
        minimum=metric["minimum_sample"], days=figure["uncovered_days"]
    )
    say(f"状態 status   {words}")
    if figure["target"] is not None:
        say(f"目標 target   {written(figure['target'], metric['unit'])}")
    for part in explanation.parts:
        _show_part(part, metric[part.name + "_rows"])


def _show_part(part: Part, rule: str) -> None:
    from dagster_project.lib.audit import written

    say("")
    title = f"{_PARTS[part.name]}: {part.label_ja} {part.label_en} = {written(part.amount)}"
    out.print(f"[bold]{escape(title)}[/]")
    say(f"  {part.rows:,} 行 rows of {part.table}, by {part.date}, where  {rule}")
    for miss in part.near_misses:
        say(f"  数えなかった行 not counted: {miss.rows:,}, only because this does not hold:")
        say(f"      {miss.condition}" + (f" – {miss.description}" * bool(miss.description)))
        for reason, rows in miss.reasons[:_REASONS]:
            say(f"      {rows:>7,} × {reason}")
        if rest := miss.reasons[_REASONS:]:
            say(f"      {sum(rows for _, rows in rest):>7,} × ほか others")
    if part.near_misses and part.near_misses_by:
        say(f"  (a row not counted that has no {part.date} is placed by its {part.near_misses_by})")


def show_rows(part: Part, rows: Answer) -> None:
    """Rows that count, or nearly, for a part: a table, and below it the records a column `raw` brings."""
    shown = [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]
    if not shown:
        return
    columns = [
        name
        for name in rows.columns
        # what the rule asks of every row tells nothing of one
        if name not in _NOT_IN_TABLE and not all(row[name] is True for row in shown)
    ]
    nearly = "fails" in rows.columns
    every = sum(miss.rows for miss in part.near_misses) if nearly else part.rows
    what = f"{_PARTS[part.name]}{' 数えなかった行 nearly' * nearly}"
    title = f"{what}: {part.label_ja} {part.label_en}, {len(shown)} of {every:,} rows"
    say("")
    table = _table(*columns, title=escape(title))
    for row in shown:
        table.add_row(*(escape("–" if row[name] is None else str(row[name])) for name in columns))
    out.print(table)
    for row in shown:
        if "raw" in row:
            _show_raw(row)


def _show_raw(row: Mapping[str, Any]) -> None:
    if row["raw"] is None:
        say(f"{next(islice(row.values(), 1, None))}: no exported record is this row's own.")
        return
    say(f"{row['source_file']}, record {row['source_record']}:")
    for line in json.dumps(row["raw"], ensure_ascii=False, indent=2).splitlines()[1:-1]:
        say(f"  {line}")


def show_record(text: str) -> None:
    """A record as it was exported."""
    sys.stdout.write(text.rstrip("\n") + "\n")


def show_readings(found: IngestionResult) -> None:
    """What a dry read found, file by file."""
    for text in found.warnings:
        warn(text)
    if not found.readings:
        say("No new file waits to be read.")
        return
    for reading in found.readings:
        receipt = reading.receipt
        say(reading.path)
        if receipt.reject_message:
            warn(f"    rejected: {receipt.reject_message} → {receipt.remedy}")
            continue
        facts = (
            f"{receipt.object_name}, {receipt.records_in:,} records, "
            f"{receipt.records_quarantined:,} quarantined, {receipt.encoding}"
        )
        say(f"    {receipt.status}" + (f": {facts}" if receipt.object_name else ""))
        reasons = sorted({f"{code}: {message}" for _, code, message in reading.set_aside})
        for text in (*reasons, *reading.warnings):
            warn(f"    {text}")
