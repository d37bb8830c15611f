"""The `kpi` command: what a person types. It wires `lib` and the nightly job; rules live elsewhere.

Exit codes: 0 done · 1 failed · 2 wrong usage or configuration · 3 the gate refused · 4 another night is
running · 5 `kpi status`: nothing published, or older than allowed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project import __version__, terminal
from dagster_project.lib.errors import ConfigError, KuraError, of_the_machine
from dagster_project.settings import HOUSE_VARIABLE, House, Settings, load_settings

if TYPE_CHECKING:
    from dagster_project.lib.logs import Log
    from dagster_project.lib.night import Night
    from dagster_project.lib.notify import Notice
    from dagster_project.lib.status import HouseStatus

EXIT_STALE = 5

app = typer.Typer(
    name="kpi",
    help="KPI Kura (蔵): exports in, a checked release out.",
    epilog="Exit codes: 0 done · 1 failed · 2 wrong usage or configuration · 3 the gate refused · "
    "4 another night is running · 5 status: nothing published, or too old.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


class Style(StrEnum):
    """Formats of `kpi query`."""

    table = "table"
    csv = "csv"
    json = "json"


class Part(StrEnum):
    """The sides of a rate."""

    numerator = "numerator"
    denominator = "denominator"


class StatusFormat(StrEnum):
    """Formats of `kpi status`."""

    text = "text"
    json = "json"
    nagios = "nagios"
    prometheus = "prometheus"


class DoctorFormat(StrEnum):
    """Formats of `kpi doctor`."""

    text = "text"
    json = "json"


gate_app = typer.Typer(help="Accept a plausibility failure for a while.", no_args_is_help=True)
quarantine_app = typer.Typer(help="Records that were set aside.", no_args_is_help=True)
sources_app = typer.Typer(help="What is read, and how.", no_args_is_help=True)
app.add_typer(gate_app, name="gate")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(sources_app, name="sources")


def _house() -> House:
    """The house KPI_HOME names; refused when it is none, so that a typo never looks empty, or too new."""
    from dagster_project.lib import upgrade

    house = House.from_environment()
    upgrade.check(house)
    load_settings(house)
    return house


@contextmanager
def _at_work(
    house: House, settings: Settings, what: str, *, changes_it: bool = True
) -> Iterator[Log]:
    """The house under its lock and in its log, and brought up to date if it is to be changed."""
    from dagster_project.lib import lock, logs, upgrade

    with (
        lock.night(house.night_lock, house.writer_lock),
        logs.opened(house, settings.logs, f"{what}-{datetime.now(UTC):%Y%m%dT%H%M%S}") as log,
    ):
        for step in upgrade.upgrade(house) if changes_it else ():
            log.info("house upgraded", layout=step.to, step=step.says)
        yield log


@app.command(epilog="Example: kpi init ~/kpi-house --demo")
def init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    demo: Annotated[bool, typer.Option("--demo", help="With the demo company's exports.")] = False,
    exported_by: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Of the demo's exports, only those made up to this day."
        ),
    ] = None,
    rest: Annotated[
        bool, typer.Option("--rest", help="Let the demo's other exports arrive in its house.")
    ] = False,
) -> None:
    """Make a house: commented configuration and empty folders, or the demo company.

    The demo can live through two nights: `--demo --exported-by DAY`, a night, `--demo --rest`, a night.
    """
    from dagster_project.lib import house

    if (not demo and (rest or exported_by is not None)) or (rest and exported_by is not None):
        raise typer.BadParameter("--exported-by or --rest, one of them, is for --demo.")
    if rest:
        terminal.say(f"{house.arrive(folder)} more exports of the demo company arrived in {folder}")
        return
    made = house.create(folder, demo=demo, exported_by=exported_by.date() if exported_by else None)
    terminal.say(f"Made {made.root}")
    if not demo:
        terminal.say("Next: describe your exports in config/sources.yml, then `kpi sources check`.")
    if House.from_environment().root != made.root:
        terminal.say(f"Work with it by:  export {HOUSE_VARIABLE}={made.root}")


@app.command(epilog="Example: kpi run --as-of 2026-09-30")
def run(
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day the night is for; default yesterday."),
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild everything from the raw files.")
    ] = False,
    publish: Annotated[
        bool,
        typer.Option("--publish", help="Let a day before the current release's become current."),
    ] = False,
) -> None:
    """Run one night: ingest, transform, check, and publish only if every critical check passed."""
    from dagster_project import nightly_job
    from dagster_project.lib.night import Night

    house = House.from_environment()
    night: Night | None = None
    try:
        with terminal.NightView() as view:
            night = Night(
                house,
                as_of=as_of.date() if as_of else None,
                full_refresh=full_refresh,
                publish_backdated=publish,
                observer=view.observer,
                launched_by="kpi run",
            )
            with night.lock():
                failure = nightly_job.execute(night)
    except (KuraError, OSError) as error:
        if night is not None and (night.failure or night.release):
            _tell(night, night.failure)
        else:
            _tell_not_started(house, error)
        raise
    terminal.show_night(night)
    _tell(night, failure)
    if failure is not None:
        raise failure


def _tell_not_started(house: House, error: Exception) -> None:
    from dagster_project.lib import notify

    try:
        settings = load_settings(house)
    except (KuraError, OSError):
        return  # where notices go stands in the very file that cannot be used
    _send(settings, notify.about_no_night(error))


def _tell(night: Night, failure: BaseException | None) -> None:
    from dagster_project.lib import notify

    refused = [check.id for check in night.audit.causes] if night.audit else []
    _send(night.settings, notify.about_night(night.run_id, night.as_of, failure, refused))


def _send(settings: Settings, notice: Notice) -> None:
    from dagster_project.lib import notify

    if not notify.send(settings, notice):
        terminal.warn("A notice could not be delivered; see your KPI_NOTIFY_URLS.")


@app.command(epilog="Example: kpi status --max-age 26h")
def status(
    max_age: Annotated[
        str | None, typer.Option(help="Exit 5 when the as-of day ended longer ago (26h, 3d).")
    ] = None,
    output: Annotated[
        StatusFormat,
        typer.Option("--format", help="For people, programs, Nagios and Icinga, or Prometheus."),
    ] = StatusFormat.text,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Write it to this file in one step, such as a .prom file."),
    ] = None,
) -> None:
    """What readers see now, how the last night ended, what needs a look. Made for monitors.

    With --format nagios the exit codes are a plugin's: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
    """
    if to is not None and output is StatusFormat.text:
        raise typer.BadParameter("--to is for programs: say --format json, nagios or prometheus.")
    if output is StatusFormat.nagios:
        raise typer.Exit(_nagios_status(max_age, to))
    found = _status(max_age)
    if output is StatusFormat.text:
        terminal.show_status(found)
    else:
        from dagster_project.lib import status_formats

        if output is StatusFormat.json:
            _write_out(status_formats.as_json(found), to)
        else:
            # What it says is a monitor's to judge: saying it went well.
            _write_out(status_formats.as_prometheus(found), to)
            return
    if found.release is None or found.is_too_old:
        raise typer.Exit(EXIT_STALE)


def _status(max_age: str | None) -> HouseStatus:
    from dagster_project.lib.status import look

    house = _house()
    most = terminal.parse_duration(max_age) if max_age is not None else None
    return look(house, load_settings(house), datetime.now(UTC), most)


def _nagios_status(max_age: str | None, to: Path | None) -> int:
    from dagster_project.lib import status_formats

    try:
        text, code = status_formats.as_nagios(_status(max_age))
    except (KuraError, OSError) as error:
        text, code = status_formats.nagios_of_error(error)
    except typer.BadParameter as error:
        text, code = status_formats.nagios_of_error(ConfigError(error.message))
    try:
        _write_out(text, to)
    except OSError as error:
        text, code = status_formats.nagios_of_error(error)
        terminal.write_document([text])
    return code


def _write_out(text: str, to: Path | None) -> None:
    """On standard output, or as a file that is there whole or not at all, readable for a collector."""
    if to is None:
        terminal.write_document([text])
        return
    half = to.with_name(f".{to.name}.{os.getpid()}")
    try:
        half.write_text(text, encoding="utf-8", errors="backslashreplace")
        half.chmod(0o644)
        half.replace(to)
    finally:
        half.unlink(missing_ok=True)


@app.command("releases", epilog="Example: kpi releases")
def list_releases() -> None:
    """The releases kept, newest first; the current one is marked."""
    from dagster_project.lib import releases

    terminal.show_releases(releases.list_releases(_house()))


@app.command(epilog="Example: kpi rollback        (to the release before the current one)")
def rollback(
    release: Annotated[str | None, typer.Argument(help="A release id of `kpi releases`.")] = None,
) -> None:
    """Point readers at an earlier release. Nothing is deleted."""
    from dagster_project.lib import releases

    house = _house()
    with _at_work(house, load_settings(house), "rollback") as log:
        chosen = releases.rollback(house, release)
        log.info("rolled back", release=chosen.release_id)
    terminal.say(f"Readers now see {chosen.release_id} (as of {chosen.as_of}).")


@app.command(epilog="Example: kpi prune --dry-run")
def prune(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")
    ] = False,
) -> None:
    """Remove what the settings under `retention` do not keep, as every published night does."""
    from dagster_project import nightly_job
    from dagster_project.lib import retention

    house = _house()
    settings = load_settings(house)
    with _at_work(house, settings, "prune", changes_it=not dry_run) as log:
        walk = retention.plan if dry_run else retention.prune
        items = []
        for item in walk(house, settings, datetime.now(UTC)):
            items.append(item)
            if not dry_run:
                log.info("removed", what=item.what, name=item.name, bytes=item.size)
        runs, size = nightly_job.prune(house, settings, dry_run=dry_run)
    terminal.show_pruned(items, runs, size, dry_run=dry_run)


@app.command(epilog="Example: kpi doctor --fix")
def doctor(
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Mend what is safe: permissions, and what killed nights left."),
    ] = False,
    output: Annotated[
        DoctorFormat, typer.Option("--format", help="For people or for programs.")
    ] = DoctorFormat.text,
) -> None:
    """Is this house sound? Says what to do; exit 1 when there is a problem. Changes nothing by itself."""
    from dagster_project.lib import doctor as checks
    from dagster_project.lib import lock, upgrade

    house = House.from_environment()
    if not house.house_file.is_file():
        load_settings(house)  # a folder that is no house is refused in the same words everywhere
    mended: tuple[str, ...] = ()
    if fix:
        upgrade.check(house)
        with lock.night(house.night_lock, house.writer_lock):
            mended = checks.mend(house, datetime.now(UTC))
    found = checks.examine(house, datetime.now(UTC))
    if output is DoctorFormat.json:
        document = {"mended": mended, "findings": [vars(item) for item in found]}
        terminal.write_document([json.dumps(document, ensure_ascii=False, indent=2) + "\n"])
    else:
        terminal.show_findings(found, mended)
    if any(item.state == "problem" for item in found):
        raise typer.Exit(1)


@gate_app.command(
    "accept",
    epilog='Example: kpi gate accept kpi_rep_daily.past_changed_little --reason "campaign doubled the list" '
    "--by sato --until 2026-10-03",
)
def gate_accept(
    check: Annotated[str, typer.Argument(help="The check's id, as the table of a run shows it.")],
    reason: Annotated[str, typer.Option(help="Why the number is right after all.")],
    by: Annotated[str, typer.Option(help="Who says so.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last as-of day.")],
) -> None:
    """Accept a plausibility failure until a day. Integrity failures cannot be accepted."""
    from dagster_project.lib import acceptances
    from dagster_project.lib.night import default_as_of

    house = _house()
    day = default_as_of(load_settings(house), datetime.now(UTC))
    if until.date() < day:
        raise typer.BadParameter(f"{until:%Y-%m-%d} is before the night's day, {day}.")
    accepted = acceptances.accept(house, check, reason=reason, by=by, until=until.date())
    terminal.say(f"Accepted {accepted.check} for as-of days up to {accepted.until}.")


@quarantine_app.command("list", epilog="Example: kpi quarantine list --source sf")
def quarantine_list(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
) -> None:
    """How many records of which file were set aside, and why."""
    from dagster_project.lib import quarantine

    rows = quarantine.list_quarantine(_house())
    terminal.show_quarantine([row for row in rows if source in {None, row.source_id}])


@quarantine_app.command(
    "show", epilog="Example: kpi quarantine show 0a1b2c3d4e5f6071.8293a4b5c6d7 12"
)
def quarantine_show(
    file: Annotated[str, typer.Argument(help="File id of `kpi quarantine list`.")],
    record: Annotated[int, typer.Argument(help="Record number in that file.")],
) -> None:
    """One record as it was exported, with the reason. May hold personal data."""
    from dagster_project.lib import quarantine

    terminal.show_record(quarantine.show(_house(), file, record))


@quarantine_app.command("export", epilog="Example: kpi quarantine export ~/set-aside.csv")
def quarantine_export(
    path: Annotated[Path, typer.Argument(help="CSV file to write (mode 0600).")],
) -> None:
    """Every record set aside, with file, number, reason and its text, as CSV."""
    from dagster_project.lib import quarantine

    count = quarantine.export(_house(), path)
    terminal.say(f"Wrote {count} record(s) to {path}. It may hold personal data.")


@sources_app.command("check", epilog="Example: kpi sources check")
def sources_check() -> None:
    """Check the configuration and dry-read new files; nothing is kept."""
    from dagster_project.lib.contracts import load_contracts
    from dagster_project.lib.ingestion import dry_read
    from dagster_project.lib.sources import load_sources, undated
    from dagster_project.settings import DBT_PROJECT

    house = _house()
    settings = load_settings(house)
    contracts = load_contracts(DBT_PROJECT)
    sources = load_sources(house, contracts, default_timezone=settings.reporting.timezone)
    terminal.say(f"{house.house_file.name} and {house.sources_file.name} are in order.")
    for source_id in undated(sources):
        terminal.warn(
            f"{source_id}: without extracted_at.pattern an older period exported again counts as "
            "older than a file with later calls, and edited results (応対メモ) are lost. Put the "
            "day of export into the file names and name it in sources.yml."
        )
    found = dry_read(house, sources, contracts, settings)
    terminal.show_readings(found)
    if found.rejected:
        raise typer.Exit(1)


@app.command(
    epilog="Example: kpi query \"select metric, value from kpi_scorecard where period_type = 'month'\""
)
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT over the current release.")],
    output: Annotated[Style, typer.Option("--format", help="How to print it.")] = Style.table,
) -> None:
    """Ask the current release, read-only and shut off from files and network."""
    from dagster_project.lib import query as releases_only
    from dagster_project.lib import upgrade

    house = House.from_environment()
    upgrade.check(house)
    with releases_only.query(house, sql) as answer:
        pieces = releases_only.render(answer, output.value)
        if output is Style.table:
            sys.stdout.writelines(pieces)
        else:
            terminal.write_document(pieces)


@app.command(epilog="Example: kpi explain connect_rate --team SDR一課 --period 2026-09")
def explain(
    metric: Annotated[str, typer.Argument(help="Name or label: connect_rate, コネクト率.")],
    rep: Annotated[str | None, typer.Option(help="Id or name.")] = None,
    team: Annotated[str | None, typer.Option()] = None,
    business_unit: Annotated[str | None, typer.Option()] = None,
    motion: Annotated[str | None, typer.Option(help="sdr, bdr, …")] = None,
    channel: Annotated[str | None, typer.Option(help="With --team: the team's channel.")] = None,
    campaign: Annotated[str | None, typer.Option()] = None,
    call_list: Annotated[str | None, typer.Option()] = None,
    period: Annotated[
        str | None,
        typer.Option(
            help="2026-09, 2026-09-14 (its week), FY2026-Q2 or FY2026; the newest month if not said."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Rows shown of each part.")] = 10,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="With each row's record as exported. May hold personal data."),
    ] = False,
    near_misses: Annotated[
        bool, typer.Option("--near-misses", help="Show the rows that nearly counted instead.")
    ] = False,
    output: Annotated[
        Style, typer.Option("--format", help="csv and json write every row of one part.")
    ] = Style.table,
    part: Annotated[Part, typer.Option(help="Which rows csv and json write.")] = Part.numerator,
) -> None:
    """Open a number: its definition, the rows behind it, what nearly counted, and the exported records."""
    from dagster_project.lib import explain as explaining
    from dagster_project.lib.exported import Exported
    from dagster_project.lib.query import Format, render

    scopes = {
        "rep": rep, "team": team, "business_unit": business_unit, "motion": motion,
        "channel": channel, "campaign": campaign, "call_list": call_list,
    }  # fmt: skip
    house = _house()
    form: Format = output.value
    exported = Exported(house) if raw else None
    with explaining.opened(house) as release:
        found = release.metric(metric)
        place = release.place(
            {kind: key for kind, key in scopes.items() if key is not None}, period
        )
        explanation = release.explain(found, place)
        rows_of = release.near_rows if near_misses else release.rows
        if output is not Style.table:
            rows = rows_of(found, part.value, place)
            terminal.write_document(render(exported.beside(rows) if exported else rows, form))
            return
        terminal.show_explanation(explanation)
        for opened in explanation.parts:
            rows = rows_of(found, opened.name, place, limit)
            terminal.show_rows(opened, exported.beside(rows) if exported else rows)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="Example: kpi mf query --metrics connect_rate --group-by metric_time__week,rep__team",
)
def mf(
    arguments: typer.Context,
    work: Annotated[
        bool, typer.Option("--work", help="Ask the work database of the last night.")
    ] = False,
    project: Annotated[
        Path | None,
        typer.Option(help="Only write the folder in which `mf` itself can be started."),
    ] = None,
) -> None:
    """Ask the metrics of the current release through MetricFlow (extra `semantic`)."""
    from dagster_project.lib import semantic_layer

    house = _house()
    if project is not None:
        semantic_layer.lay_out(house, project, of_work=work)
        terminal.say(f"Made {project}: start `mf` in it.")
        return
    raise typer.Exit(semantic_layer.ask(house, arguments.args, of_work=work))


@app.command(epilog="Example: kpi dev --port 3001")
def dev(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 3000,
) -> None:
    """Open Dagster's UI over this house."""
    from dagster_project.nightly_job import prepare_home

    house = _house()
    environment = {**os.environ, **prepare_home(house)}
    command = ["dagster", "dev", "-m", "dagster_project.definitions", "-p", str(port)]
    os.execvpe(str(Path(sys.executable).with_name("dagster")), command, environment)


def _version(show: bool) -> None:
    if show:
        terminal.say(f"kpi-kura {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """KPI Kura (蔵): exports in, a checked release out."""


def main() -> None:
    """Entry point: our own errors become a few plain lines and their exit code."""
    terminal.speak_any_locale()
    try:
        app()
    except KuraError as error:
        terminal.show_error(error)
        sys.exit(error.exit_code)
    except OSError as error:
        from dagster_project.lib import disk

        terminal.show_error(
            disk.full(House.from_environment(), "beginning")
            if disk.is_full(error)
            else KuraError(
                error.strerror or str(error),
                where=str(error.filename) if error.filename else None,
                remedy="Check that this user may read and write there and that the disk has room.",
            )
        )
        sys.exit(KuraError.exit_code)
    except Exception as error:
        told = of_the_machine(error)
        if told is None:
            raise
        terminal.show_error(told)
        sys.exit(told.exit_code)


if __name__ == "__main__":
    main()
