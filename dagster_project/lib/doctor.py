"""Is this house sound, and what to do where it is not.

Every check looks at one thing and changes nothing, but for a folder in the house that is made to try the file
system and removed again. `mend` does what is safe without knowing more: permissions, and what killed
nights left behind. How the house stands tonight is `status`; whether numbers are right is the gate's.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import stat
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import duckdb
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from dagster_project.lib import (
    acceptances,
    disk,
    engine,
    journal,
    lock,
    nights,
    releases,
    retention,
    upgrade,
    verify,
)
from dagster_project.lib.archives import archive_kind
from dagster_project.lib.candidate import STORAGE_VERSION
from dagster_project.lib.contracts import load_contracts
from dagster_project.lib.discovery import list_exports, sha256_of
from dagster_project.lib.errors import KuraError
from dagster_project.lib.query import sandboxed
from dagster_project.lib.raw import RawStore, Receipt
from dagster_project.lib.sources import load_sources
from dagster_project.lib.status import how_it_ended
from dagster_project.settings import DBT_PROJECT, PROJECT_ROOT, House, Settings, load_settings

State = Literal["ok", "warning", "problem"]
_NAMED = 3
_FOLDER, _FILE = 0o700, 0o600


@dataclass(frozen=True)
class Finding:
    """What one check found. do: what a person should do, when there is something to do."""

    check: str
    state: State
    found: str
    do: str | None = None


@dataclass(frozen=True)
class _Trouble:
    """One thing that is not as it should be. mend: the safe way to mend it, if there is one."""

    state: State
    found: str
    do: str
    mend: Callable[[], object] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class _Look:
    """What checks look at. settings: None when the configuration cannot be read."""

    house: House
    now: datetime
    settings: Settings | None


def examine(house: House, now: datetime) -> tuple[Finding, ...]:
    """Every check, in order. A check that cannot even look is a problem that says so."""
    look = _look(house, now)
    return tuple(_finding(name, check, look) for name, check in CHECKS.items())


def mend(house: House, now: datetime) -> tuple[str, ...]:
    """Do what is safe; what was done. The caller holds the night's lock."""
    look = _look(house, now)
    done = []
    for trouble in (*_permissions(look), *_stale_items(look)):
        if isinstance(trouble, _Trouble) and trouble.mend is not None:
            with suppress(OSError):  # it stays a finding, and so does whose it is
                trouble.mend()
                done.append(trouble.found)
    return tuple(done)


def _look(house: House, now: datetime) -> _Look:
    try:
        return _Look(house, now, load_settings(house))
    except KuraError:
        return _Look(house, now, None)


def _finding(name: str, check: _Check, look: _Look) -> Finding:
    try:
        said = list(check(look))
    except KuraError as error:
        return Finding(name, "problem", _sentence(error), error.remedy)
    except (OSError, duckdb.Error) as error:
        text = f"This cannot be looked at: {(str(error) or type(error).__name__).splitlines()[0]}"
        return Finding(name, "problem", text, "Run it as the user the nights run as.")
    troubles = [item for item in said if isinstance(item, _Trouble)]
    if not troubles:
        return Finding(name, "ok", " ".join(item for item in said if isinstance(item, str)))
    state: State = (
        "problem" if any(trouble.state == "problem" for trouble in troubles) else "warning"
    )
    worst = [trouble for trouble in troubles if trouble.state == state]
    found = "; ".join(trouble.found for trouble in worst[:_NAMED])
    more = f"; and {len(worst) - _NAMED} more" if len(worst) > _NAMED else ""
    does = list(dict.fromkeys(trouble.do for trouble in worst))
    return Finding(name, state, found + more, " ".join(does[:_NAMED]))


def _sentence(error: KuraError) -> str:
    return f"{error.message} ({error.where})" if error.where else error.message


# Each check yields troubles, or words that say what is in order.
_Check = Callable[[_Look], Iterable["_Trouble | str"]]


def _configuration(look: _Look) -> Iterator[_Trouble | str]:
    settings = load_settings(look.house)
    sources = load_sources(
        look.house, load_contracts(DBT_PROJECT), default_timezone=settings.reporting.timezone
    )
    yield f"house.yml and sources.yml are valid, {len(sources.sources)} sources."


def _version(look: _Look) -> Iterator[_Trouble | str]:
    upgrade.check(look.house)
    layout = upgrade.layout_of(look.house)
    if layout < upgrade.LAYOUT:
        yield _Trouble(
            "warning",
            f"layout {layout}, this program has {upgrade.LAYOUT}",
            "The next night upgrades it; copy the house first if you may want to go back.",
        )
    yield f"Layout {layout}."


def _owner(look: _Look) -> Iterator[_Trouble | str]:
    me = os.geteuid()
    for path in (look.house.root, *_folders(look.house)):
        owner = path.stat().st_uid
        if owner != me:
            yield _Trouble(
                "problem",
                f"{_short(look, path)} belongs to user {owner}, this is user {me}",
                "Let one user own the house and run the nights: chown -R USER HOUSE.",
            )
        elif not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            yield _Trouble(
                "problem", f"{_short(look, path)} cannot be written", f"chmod u+rwx {path}"
            )
    others = [path for path in _everything(look.house) if path.lstat().st_uid != me]
    if others:
        yield _Trouble(
            "problem",
            f"{len(others)} files and folders belong to others, {_short(look, others[0])} among them",
            "Give them back, and let nobody else run nights here: chown -R USER HOUSE.",
        )
    yield f"User {me} owns it and may write everywhere."


def _permissions(look: _Look) -> Iterator[_Trouble | str]:
    """Raw exports and what was set aside are personal data: nobody but the owner may read them."""
    for path in _folders(look.house):
        if path in (look.house.published, look.house.releases):
            continue
        yield from _too_open(look, path, _FOLDER)
    for path in sorted(look.house.quarantine.rglob("*")):
        yield from _too_open(look, path, _FOLDER if path.is_dir() else _FILE)
    yield "Only the owner may read raw, quarantine, work, state and logs."


def _too_open(look: _Look, path: Path, most: int) -> Iterator[_Trouble]:
    mode = stat.S_IMODE(path.lstat().st_mode)
    if mode & ~most and not path.is_symlink():
        yield _Trouble(
            "problem",
            f"{_short(look, path)} has mode {mode:04o}, not {most:04o}",
            "`kpi doctor --fix` closes it.",
            lambda: path.chmod(mode & most),
        )


def _room(look: _Look) -> Iterator[_Trouble | str]:
    free, needed = disk.free_bytes(look.house.work), disk.needed_bytes(look.house)
    said = f"{disk.in_words(free)} free, a night may need {disk.in_words(needed)}"
    if free < needed:
        yield _Trouble(
            "problem",
            said,
            f"Make {disk.in_words(needed - free)} of room; `kpi prune --dry-run` shows what may go.",
        )
    elif free < 3 * needed:
        yield _Trouble("warning", said, "Room for less than three nights: watch it.")
    yield f"{said}."


def _file_system(look: _Look) -> Iterator[_Trouble | str]:
    """What a publication stands on: links, rename over what is there, fsync, one file system."""
    house = look.house
    if not house.work.is_dir():
        yield "The first night tells."
        return
    trial = house.dry_scratch(os.getpid())
    shutil.rmtree(trial, ignore_errors=True)  # of a killed process of this number
    trial.mkdir(mode=0o700)
    file, link, other = trial / "file", trial / "link", trial / "other"
    try:
        file.write_bytes(b"x")
        descriptor = os.open(trial, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        for target in ("a", "b"):
            other.symlink_to(target, target_is_directory=True)
            other.replace(link)
        if os.readlink(link) != "b":  # noqa: PTH115
            yield _Trouble(
                "problem", "a link is not replaced by a rename", "Use a local file system."
            )
        with lock.exclusive(trial / "lock", busy="-"):
            if lock.holder(trial / "lock") is None:
                yield _Trouble(
                    "problem",
                    "locks keep nobody out",
                    "Use a local file system, or NFS with locks.",
                )
    except OSError as error:
        yield _Trouble(
            "problem",
            f"{error.strerror} (links, renames, fsync or locks in {trial.parent})",
            "Put the house on a local file system that knows links and locks.",
        )
    finally:
        shutil.rmtree(trial, ignore_errors=True)
    for path in (house.raw, house.releases):
        if path.is_dir() and path.stat().st_dev != house.work.stat().st_dev:
            yield _Trouble(
                "problem",
                f"work and {_short(look, path)} lie on two file systems",
                "What is finished in work takes its place by a rename: put the whole house on one.",
            )
    yield "Links, renames, fsync and locks work."


def _locks(look: _Look) -> Iterator[_Trouble | str]:
    night, writer = lock.holder(look.house.night_lock), lock.holder(look.house.writer_lock)
    if writer is not None and night is None:
        yield _Trouble(
            "warning",
            f"{writer} writes the work database though no night runs",
            "A killed night left it behind. The next night waits a minute for it; stop it if it hangs.",
        )
    yield f"{night} is at work." if night else "Nobody is at work."


def _last_night(look: _Look) -> Iterator[_Trouble | str]:
    last = nights.last(look.house)
    if last is None:
        yield "No night is on record."
    elif last.outcome in nights.GOOD and last.error is None:
        yield f"The last night {how_it_ended(last)}."
    elif last.outcome == "not_started":
        yield _Trouble(
            "warning",
            f"the last night {how_it_ended(last)}",
            "`kpi sources check` says what is not allowed; correct it and run again.",
        )
    else:
        yield _Trouble(
            "warning",
            f"the last night {how_it_ended(last)}",
            f"logs/{look.house.log_file.name} says more of run {last.run_id}; mend it and run again.",
        )


def _stale(look: _Look) -> Iterator[_Trouble | str]:
    if lock.holder(look.house.night_lock) is None:
        # While a night works its own unfinished files look the same.
        yield from _stale_items(look)
    yield "Nothing was left half done."


def _stale_items(look: _Look) -> Iterator[_Trouble]:
    for item in retention.leftovers(look.house):
        yield _Trouble(
            "warning",
            f"{item.name} ({disk.in_words(item.size)}) was left behind",
            "`kpi doctor --fix` or `kpi prune` removes it; so does the next published night.",
            item.remove,
        )


def _packages(_look: _Look) -> Iterator[_Trouble | str]:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    if not SpecifierSet(project["requires-python"]).contains(platform.python_version()):
        yield _Trouble(
            "problem",
            f"Python {platform.python_version()}, {project['requires-python']} is needed",
            "Make the environment anew: make clean && make nightly PYTHON=…",
        )
    needed = [Requirement(text) for text in project["dependencies"]]
    for one in needed:
        try:
            found = importlib.metadata.version(one.name)
        except importlib.metadata.PackageNotFoundError:
            found = "none"
        if found == "none" or not one.specifier.contains(found, prereleases=True):
            yield _Trouble(
                "problem",
                f"{one.name} {found}, {one.specifier} is needed",
                "Make the environment anew from requirements.lock: make clean && make nightly.",
            )
    yield f"Python {platform.python_version()} and {len(needed)} packages are within their bounds."


def _work_database(look: _Look) -> Iterator[_Trouble | str]:
    house = look.house
    if lock.holder(house.writer_lock) or lock.holder(house.night_lock):
        yield "In use."
        return
    if not house.work_database.is_file():
        yield "None yet; a night makes it."
        return
    try:
        with engine.connect(house.work_database, read_only=True) as connection:
            connection.execute("select count(*) from duckdb_tables()")
    except duckdb.Error as error:
        if "Could not set lock" in str(error):
            yield _Trouble(
                "problem",
                f"another program has {_short(look, house.work_database)} open",
                "Close it there: no night can work meanwhile. Whoever wants numbers reads published/current.",
            )
            return
        yield _Trouble(
            "problem",
            f"the work database cannot be opened: {str(error).splitlines()[0]}",
            f"Remove {_short(look, house.work_database)}: the next night makes it anew from raw.",
        )
    yield "It opens."


def _releases(look: _Look) -> Iterator[_Trouble | str]:
    house = look.house
    kept = {release.path: release for release in releases.list_releases(house)}
    if house.current.is_symlink() and house.current.resolve() not in {
        path.resolve() for path in kept
    }:
        yield _Trouble(
            "problem",
            f"`current` points at {house.current.readlink()}, which is no release",
            "`kpi rollback` points it at a kept release; or run a night.",
        )
    elif house.current.exists() and not house.current.is_symlink():
        yield _Trouble(
            "problem",
            "`current` is no link",
            "Move it away; a night or `kpi rollback` makes the link.",
        )
    for path in sorted(house.releases.iterdir()) if house.releases.is_dir() else ():
        if path.name.startswith("."):
            continue
        release = kept.get(path)
        problems = verify.files(path) if release else ["it does not say what it is"]
        if problems:
            readers = "readers see it; " if release and release.is_current else ""
            yield _Trouble(
                "problem",
                f"{readers}release {path.name}: {problems[0]}",
                "Nobody can mend a release: `kpi rollback` to another or run a night, then move it away.",
            )
    on_its_way = releases.unfinished(house)
    if on_its_way is not None:
        yield _Trouble(
            "warning",
            f"{on_its_way.name} was on its way to become current when its night was killed",
            "Run a night: it publishes anew.",
        )
    yield f"{len(kept)} releases are byte for byte what was published."


def _storage(look: _Look) -> Iterator[_Trouble | str]:
    current = releases.current_release(look.house)
    if current is None:
        yield "Nothing is published."
        return
    with sandboxed(current.warehouse) as connection:
        row = connection.execute(
            "select tags['storage_version'] from duckdb_databases() where not internal"
        ).fetchone()
    found = str(row[0] if row else None)
    if found.rstrip("+") != STORAGE_VERSION:
        yield _Trouble(
            "problem",
            f"the current release has DuckDB's storage version {found}, not {STORAGE_VERSION}",
            "Readers with DuckDB 1.0 cannot open it: run a night.",
        )
    yield f"DuckDB's storage version is {found}."


def _journals(look: _Look) -> Iterator[_Trouble | str]:
    house = look.house
    accepted = acceptances.read(house)
    for path in (house.publications, house.nights):
        if not path.is_file():
            continue
        lines = [line for line in path.read_bytes().split(b"\n") if line.strip()]
        torn = len(lines) - len(journal.read(path))
        if torn:
            yield _Trouble(
                "warning",
                f"{torn} of {len(lines)} lines of {_short(look, path)} cannot be read",
                "A power cut tears a line; every other line counts. Nothing to do if it was one.",
            )
    for release in releases.list_releases(house):
        if release.published_at is None and release.is_current:
            yield _Trouble(
                "warning",
                f"{release.release_id} is current, but no line says it was published",
                "The link counts. If the journal was removed, put it back from a copy.",
            )
    yield f"The journals can be read; {len(accepted)} acceptances."


def _raw(look: _Look) -> Iterator[_Trouble | str]:
    store = RawStore(look.house.raw)
    for path in store.damaged:
        yield _Trouble(
            "problem",
            f"the receipt {_short(look, path)} cannot be read",
            "Put it back from a copy of the house; or remove it, and its export is read anew if it lies "
            "there.",
        )
    for receipt in store.lost:
        lies_there = _lies_there(look.house, receipt)
        yield _Trouble(
            "warning" if lies_there else "problem",
            f"the raw file of {receipt.path} is missing",
            "The next night reads the export again."
            if lies_there
            else "Put the raw file back from a copy of the house, or the export into its folder.",
        )
    for receipt in store:
        kept_aside = receipt.status == "accepted" and receipt.records_quarantined
        if kept_aside and not store.aside_of(receipt).is_file():
            yield _Trouble(
                "warning",
                f"what {receipt.path} set aside is missing in raw",
                "The next night reads the export again if it lies there; else put it back from a copy.",
            )
    orphans = store.orphans()
    if orphans:
        yield _Trouble(
            "warning",
            f"{len(orphans)} raw files have no receipt, {_short(look, orphans[0])} among them",
            "A killed night leaves such files. `kpi prune` removes those whose export was read anew; put the "
            "receipt of any other back from a copy, or its export into its folder.",
        )
    yield f"{sum(1 for _ in store)} receipts have what they speak of."


def _lies_there(house: House, receipt: Receipt) -> bool:
    """Whether these bytes are in exports under a name they had; of an archive its being there must do."""
    for path, _ in receipt.names or ((receipt.path, receipt.member),):
        location = house.exports / path
        if location.is_file() and (
            archive_kind(location) is not None or sha256_of(location) == receipt.sha256
        ):
            return True
    return False


def _exports(look: _Look) -> Iterator[_Trouble | str]:
    if look.settings is None:
        yield "Unknown while the configuration is not valid."
        return
    sources = load_sources(
        look.house,
        load_contracts(DBT_PROJECT),
        default_timezone=look.settings.reporting.timezone,
    )
    files = list_exports(look.house, [source.id for source in sources.sources])
    for item in files:
        if not os.access(item.location, os.R_OK):
            yield _Trouble(
                "problem",
                f"exports/{item.path} cannot be read",
                "Let the user who runs the nights read it; until then it counts as rejected.",
            )
    yield f"{len(files)} export files can be read."


def _clock(look: _Look) -> Iterator[_Trouble | str]:
    soon = look.now + timedelta(minutes=5)
    do = (
        "Set the clock (NTP). If it was wrong before, run a night for the right day with --publish."
    )
    current = releases.current_release(look.house)
    if current is not None and look.settings is not None:
        today = look.now.astimezone(ZoneInfo(look.settings.reporting.timezone)).date()
        if current.as_of >= today:
            yield _Trouble(
                "problem", f"the current release is for {current.as_of}, today is {today}", do
            )
    if current is not None and current.published_at is not None and current.published_at > soon:
        yield _Trouble(
            "problem", f"the current release was published at {current.published_at}", do
        )
    last = nights.last(look.house)
    if last is not None and last.started_at > soon:
        yield _Trouble("problem", f"the last night began at {last.started_at}", do)
    yield f"It is {look.now.astimezone(UTC):%Y-%m-%d %H:%M} UTC, after everything on record."


def _dagster_home(look: _Look) -> Iterator[_Trouble | str]:
    named = os.environ.get("DAGSTER_HOME")
    if named is not None and Path(named).resolve() != look.house.dagster_home.resolve():
        yield _Trouble(
            "warning",
            f"DAGSTER_HOME is {named}",
            "dagster-daemon and dagster-webserver started here would not see this house's runs: "
            f"export DAGSTER_HOME={look.house.dagster_home}. `kpi` itself sets it.",
        )
    yield "Dagster's records lie in the house." if look.house.dagster_home.is_dir() else "None yet."


CHECKS: dict[str, _Check] = {
    "configuration": _configuration,
    "house version": _version,
    "owner": _owner,
    "permissions": _permissions,
    "disk": _room,
    "file system": _file_system,
    "packages": _packages,
    "lock": _locks,
    "last night": _last_night,
    "leftovers": _stale,
    "exports": _exports,
    "raw": _raw,
    "work database": _work_database,
    "releases": _releases,
    "storage version": _storage,
    "journals": _journals,
    "clock": _clock,
    "DAGSTER_HOME": _dagster_home,
}


def _folders(house: House) -> list[Path]:
    named = (
        house.raw, house.quarantine, house.work, house.state, house.logs, house.published,
        house.releases,
    )  # fmt: skip
    return [path for path in named if path.is_dir()]


def _everything(house: House) -> Iterator[Path]:
    """Whatever lies in the folders nights write, as far as this user may look."""
    for top in _folders(house):
        if top == house.published:
            continue  # its releases are a top of their own
        for folder, folders, names in os.walk(top):
            for name in (*folders, *names):
                yield Path(folder) / name


def _short(look: _Look, path: Path) -> str:
    return str(path.relative_to(look.house.root)) if path != look.house.root else str(path)
