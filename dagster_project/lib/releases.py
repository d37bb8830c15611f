"""Releases: the one way out, and the way back.

`publish` turns the candidate into the release readers see. It trusts nobody: whoever calls it, the
candidate must carry the audit of this very run and these very bytes, every check there is must have
run, no unaccepted critical failure may stand, and a fresh process must find every checksum as it was.
Then the folder is renamed into `published/releases/` and the directory link `current` is replaced in
one step, so a reader sees the old release or the new one and never a mixture; whoever has the old one
open keeps it. Killed at any point, it ends the same when it is run again.

`rollback` points `current` at an earlier release that is still what was published. Judging is left
to `gate`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from dagster_project.lib import acceptances, gate, journal, suites, verify
from dagster_project.lib.audit import Audit, CheckResult, read_audit
from dagster_project.lib.candidate import (
    AUDIT_PAGE,
    MANIFEST,
    RUN_ID,
    CandidateError,
    Manifest,
    clean,
    read_manifest,
)
from dagster_project.lib.checksums import file_sha256
from dagster_project.lib.errors import KuraError
from dagster_project.lib.lock import exclusive
from dagster_project.lib.previous_release import is_intact
from dagster_project.lib.query import WAREHOUSE
from dagster_project.settings import EXPECTATIONS, House, Settings

_SECONDS_TO_WAIT = 60.0
_AGAIN = "Run the whole night again: `kpi run`."
# What the journal says of a release that is about to be moved to its place.
_PUBLISHING = "publishing"
_ROLLED_BACK = "rolled back to"


class PublicationRefused(KuraError):
    """The candidate may not be shown; `current` still points at the release before it."""

    exit_code = 3

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        remedy: str | None = None,
        checks: tuple[CheckResult, ...] = (),
    ) -> None:
        super().__init__(message, where=where, remedy=remedy)
        self.checks = checks


class NoSuchRelease(KuraError):
    """The release asked for is not kept."""

    exit_code = 2


@dataclass(frozen=True)
class Release:
    """One kept release.

    published_at: when it first became current (UTC), None if it never did or nobody wrote it down.
    """

    release_id: str
    path: Path
    as_of: date
    is_current: bool
    published_at: datetime | None
    rows: int
    accepted_exceptions: int

    @property
    def warehouse(self) -> Path:
        return self.path / WAREHOUSE


def publish(
    house: House,
    settings: Settings,
    candidate: Path | None = None,
    *,
    allow_backdate: bool = False,
    expectations: Path = EXPECTATIONS,
) -> Release:
    """Make the candidate (by default the house's only one) the current release.

    allow_backdate: let a run with an earlier as-of date than the current release's take its place.
    Raises PublicationRefused (with the checks that refuse it), AuditError, CandidateError, GateError.
    """
    with _alone(house):
        _clear_half_flips(house)
        left_over = unfinished(house)
        if candidate is not None or left_over is None:
            _write_down_flip(house)
        folder = candidate or left_over or gate.the_candidate(house)
        manifest = _acceptable(house, folder, expectations)
        current: Release | None = None
        # A damaged release keeps no good one back; the gate has named it.
        with suppress(CandidateError):
            current = _current(house)
        if current is not None and manifest.as_of < current.as_of and not allow_backdate:
            raise PublicationRefused(
                f"The run is for {manifest.as_of}, readers already have {current.as_of}.",
                where=manifest.run_id,
                remedy="Add --publish if the earlier day is really what readers should see.",
            )
        release = _moved(house, folder, manifest)
        _flip(house, release)
        _note(house, "published", manifest.run_id)
        # Readers have it: that room cannot be made is for `retention` to tell, no failure of the night.
        with suppress(OSError):
            for old in surplus(house, settings.retention.releases):
                _remove(house, old)
            clean(house)
        found = _current(house)
        assert found is not None
        return found


def rollback(house: House, release_id: str | None = None) -> Release:
    """Point `current` at a kept release, by default the one published before it.

    Raises NoSuchRelease when it is not kept, PublicationRefused when its files are not intact.
    """
    with _alone(house):
        _clear_half_flips(house)
        _write_down_flip(house)
        kept = _kept(house)
        if release_id is None:
            target = _before_current(kept)
        else:
            target = next((r for r in kept if r.release_id == release_id), None)
        if target is None:
            raise NoSuchRelease(
                "There is no such release to go back to.",
                where=release_id or str(house.releases),
                remedy="`kpi releases` lists what is kept.",
            )
        problems = _flaws(target.path)
        if problems:
            raise PublicationRefused(
                f"The release {target.release_id} is not as it was published.",
                where="; ".join(problems),
                remedy="Choose another one; `kpi releases` lists what is kept.",
            )
        _flip(house, target.path)
        _note(house, _ROLLED_BACK, target.release_id)
        found = _current(house)
        assert found is not None
        return found


def list_releases(house: House) -> tuple[Release, ...]:
    """Every kept release, oldest first."""
    return _kept(house)


def current_release(house: House) -> Release | None:
    """The release readers see, or None."""
    return _current(house)


def before(house: House, as_of: date) -> Release | None:
    """The release figures of a night for `as_of` are compared with; None when there is none.

    It is the newest that readers were shown and that stands, for a day before: the same for every night of
    one day, however often it is run. One that was rolled back from never stood, and a damaged one is passed
    over.
    """
    return next((old for old in _before(house, as_of, _kept(house)) if is_intact(old.path)), None)


def _before(house: House, as_of: date, kept: tuple[Release, ...]) -> Iterator[Release]:
    """Kept releases for a day before that readers were shown and that stand, newest first."""
    by_id = {release.release_id: release for release in kept}
    for release_id in reversed(_standing(house)):
        release = by_id.get(release_id)
        if release is not None and release.as_of < as_of:
            yield release


def release_audit(release: Release) -> Audit:
    """The audit a release was published with."""
    return read_audit(release.path)


def _acceptable(house: House, folder: Path, expectations: Path) -> Manifest:
    """The manifest of a candidate that may be shown; raises otherwise."""
    where = folder.name
    inside = {house.candidates.resolve(), house.releases.resolve()}
    if folder.is_symlink() or not folder.is_dir() or folder.resolve().parent not in inside:
        raise PublicationRefused(
            "This is not a candidate of this house.", where=str(folder), remedy=_AGAIN
        )
    manifest, audit = _audited(folder)
    if audit.expectations_sha256 != suites.fingerprint(expectations):
        raise PublicationRefused(
            "The suites changed after the candidate was judged.", where=where, remedy=_AGAIN
        )
    _every_check_ran(audit, expectations)
    _exceptions_hold(house, audit)
    _passed(audit, where)
    from dagster_project.lib import audit_page

    page = folder / AUDIT_PAGE
    if not page.is_file() or page.read_text(encoding="utf-8") != audit_page.render(audit, manifest):
        raise PublicationRefused(
            "The audit page does not say what the audit says.",
            where=f"{where}/{AUDIT_PAGE}",
            remedy=_AGAIN,
        )
    problems = verify.fresh(folder)
    if problems:
        raise PublicationRefused(
            "The candidate is not what was judged.", where="; ".join(problems), remedy=_AGAIN
        )
    return manifest


def _audited(folder: Path) -> tuple[Manifest, Audit]:
    """Manifest and audit of a folder, both of this very run and the audit of this very manifest."""
    where = folder.name
    manifest = read_manifest(folder)
    if manifest.run_id != folder.name or not RUN_ID.fullmatch(manifest.run_id):
        raise PublicationRefused("The manifest is of another run.", where=where, remedy=_AGAIN)
    audit = read_audit(folder)
    if audit.run_id != manifest.run_id or audit.as_of != manifest.as_of:
        raise PublicationRefused("The audit is of another run.", where=where, remedy=_AGAIN)
    if audit.manifest_sha256 != file_sha256(folder / MANIFEST):
        raise PublicationRefused(
            "The candidate changed after it was judged.", where=f"{where}/{MANIFEST}", remedy=_AGAIN
        )
    return manifest, audit


def _passed(audit: Audit, where: str) -> None:
    """Raises PublicationRefused when a check of the audit refuses, whatever its verdict says."""
    refusals = audit.refusals
    if refusals or audit.verdict != "passed":
        first = audit.causes[0] if refusals else None
        remedy = "Correct the cause and run the night again."
        if first is not None:
            remedy = first.do.en
            if all(check.can_be_accepted and check.ran for check in refusals):
                remedy += f" To accept: kpi gate accept {first.id} --reason … --by … --until DATE"
        raise PublicationRefused(
            f"{len(refusals)} check(s) refuse this candidate."
            if refusals
            else "The audit says refused.",
            where="; ".join(
                f"{check.id}: expected {check.expected}, observed {check.observed}"
                + (f" ({check.note})" if check.note else "")
                for check in audit.causes
            )
            or where,
            remedy=remedy,
            checks=refusals,
        )


def _flaws(folder: Path) -> list[str]:
    """Why a kept release may not be shown again.

    The suites of today are not asked: they may have changed since, and so may the page's looks.
    """
    try:
        _, audit = _audited(folder)
        _passed(audit, folder.name)
    except KuraError as error:
        return [error.message]
    return verify.fresh(folder)


def _every_check_ran(audit: Audit, expectations: Path) -> None:
    ids = [check.id for check in audit.checks]
    missing = gate.expected_ids(expectations) - set(ids)
    if missing or len(ids) != len(set(ids)):
        raise PublicationRefused(
            "Not every check was made.",
            where=", ".join(sorted(missing)) or "a check stands twice in the audit",
            remedy="Run the whole night again: `kpi run`.",
        )


def _exceptions_hold(house: House, audit: Audit) -> None:
    """An accepted failure must be of an acceptable check and still stand in the house's record."""
    recorded = acceptances.read(house)
    for check in audit.accepted:
        holds = check.can_be_accepted and check.accepted_by in recorded
        if not holds or acceptances.holding(recorded, check.id, audit.as_of) is None:
            raise PublicationRefused(
                f"Nobody has accepted that {check.id} fails.",
                where=check.id,
                remedy="`kpi gate accept` records who accepts it and why.",
            )


def unfinished(house: House) -> Path | None:
    """The release the last call was killed over: on its way, and nothing has been written down since.

    A later publication or rollback was somebody's decision, and outranks what was left before it.
    """
    if house.candidates.is_dir() and any(house.candidates.iterdir()):
        return None
    history = _journal(house)
    if not history or history[-1].what != _PUBLISHING:
        return None
    left = house.releases / history[-1].release_id
    return left if left.is_dir() else None


def _moved(house: House, folder: Path, manifest: Manifest) -> Path:
    """The candidate's folder under its place among the releases, on disk for certain."""
    target = house.releases / manifest.run_id
    if folder.resolve() == target.resolve():
        return target
    house.releases.mkdir(parents=True, exist_ok=True)
    if target.exists() or target.is_symlink():
        raise PublicationRefused(
            "A release of this run is kept already.",
            where=manifest.run_id,
            remedy="Run the night again: every run has a name of its own.",
        )
    for path in sorted(folder.rglob("*"), reverse=True):
        _fsync(path)
    _fsync(folder)
    _note(house, _PUBLISHING, manifest.run_id)
    folder.rename(target)
    _fsync(house.releases)
    _fsync(house.candidates)
    return target


def _flip(house: House, release: Path) -> None:
    """Replace the directory link `current` in one step."""
    if house.current.exists() and not house.current.is_symlink():
        raise PublicationRefused(
            "`current` is not a link but a folder; something else writes here.",
            where=str(house.current),
            remedy="Move it away; the releases stay in published/releases.",
        )
    half = house.published / f".current.{release.name}"
    half.unlink(missing_ok=True)
    half.symlink_to(Path("releases") / release.name, target_is_directory=True)
    half.replace(house.current)
    _fsync(house.published)


def _clear_half_flips(house: House) -> None:
    for left in house.published.glob(".current.*"):
        left.unlink()


def _write_down_flip(house: House) -> None:
    """A publication killed between its flip and its note was seen by readers all the same."""
    history = _journal(house)
    current = _current_path(house)
    if current is None or not history:
        return
    if (history[-1].what, history[-1].release_id) == (_PUBLISHING, current.name):
        _note(house, "published", current.name)


def surplus(house: House, keep: int) -> tuple[Release, ...]:
    """The oldest releases beyond `keep`.

    Never the current one, the one `rollback` would show, or the one another night for the same day would
    be compared with.
    """
    kept = _kept(house)
    staying = {release.release_id for release in kept if release.is_current}
    current = next((release for release in kept if release.is_current), None)
    compared = next(_before(house, current.as_of, kept), None) if current is not None else None
    staying |= {release.release_id for release in (_before_current(kept), compared) if release}
    going = [release for release in kept if release.release_id not in staying]
    return tuple(going[: max(0, len(kept) - keep)])


def remove(house: House, release: Release) -> None:
    """Forget a kept release. Whoever has its files open keeps them."""
    with _alone(house):
        if _current_path(house) == release.path:
            raise PublicationRefused(
                "The current release is not removed.",
                where=release.release_id,
                remedy="`kpi rollback` makes another one current first.",
            )
        _remove(house, release)


def _remove(house: House, release: Release) -> None:
    # Renamed first: a half-deleted folder is not a release.
    going = house.releases / f".{release.release_id}.removed"
    release.path.rename(going)
    shutil.rmtree(going)


def _before_current(kept: tuple[Release, ...]) -> Release | None:
    """The release published before the current one.

    `kept` is in order of first publication, so going back twice goes back further.
    """
    current = next((release for release in kept if release.is_current), None)
    before = kept if current is None else kept[: kept.index(current)]
    shown = [release for release in before if release.published_at is not None]
    return shown[-1] if shown else None


def _kept(house: House) -> tuple[Release, ...]:
    current = _current_path(house)
    published = _publications(house)
    found = []
    for path in house.releases.iterdir() if house.releases.is_dir() else ():
        if path.name.startswith(".") or path.is_symlink() or not path.is_dir():
            continue
        try:
            found.append(_release(path, path == current, published.get(path.name)))
        except KuraError:
            # What cannot say what it is is not offered; `publish` never leaves such a folder.
            continue
    # By place in the journal: a clock may have been set back between two nights.
    places = {release_id: place for place, release_id in enumerate(published)}
    return tuple(sorted(found, key=lambda r: (places.get(r.release_id, -1), r.release_id)))


def _release(path: Path, is_current: bool, published_at: datetime | None) -> Release:
    manifest = read_manifest(path)
    return Release(
        release_id=manifest.run_id,
        path=path,
        as_of=manifest.as_of,
        is_current=is_current,
        published_at=published_at,
        rows=sum(table.rows for table in manifest.tables),
        accepted_exceptions=len(read_audit(path).accepted),
    )


def _current_path(house: House) -> Path | None:
    if not house.current.is_symlink():
        return None
    return house.releases / house.current.readlink().name


def _current(house: House) -> Release | None:
    path = _current_path(house)
    if path is None:
        return None
    try:
        return _release(path, True, _publications(house).get(path.name))
    except KuraError as error:
        raise CandidateError(
            "`current` points at something that is not a release.",
            where=str(path),
            remedy="`kpi rollback` points it at a kept release.",
        ) from error


def _note(house: House, what: str, release_id: str) -> None:
    """Write down what happens to which release. The link is the truth; this is its history."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    journal.append(house.publications, {"at": at, "what": what, "release_id": release_id})


@dataclass(frozen=True)
class _Entry:
    """One line of the journal of publications."""

    at: datetime
    what: str
    release_id: str


def _journal(house: House) -> list[_Entry]:
    """What happened to which release, oldest first."""
    found = []
    for line in journal.read(house.publications):
        try:
            at = journal.instant(line["at"])
            found.append(_Entry(at, str(line["what"]), str(line["release_id"])))
        except (ValueError, KeyError, TypeError):
            # Not a line of ours: it says nothing of a release.
            continue
    return found


def _standing(house: House) -> list[str]:
    """Releases readers were shown and nobody took back, oldest first; the last is the current one."""
    line: list[str] = []
    for entry in _journal(house):
        if entry.what == _PUBLISHING:
            continue
        if entry.what == _ROLLED_BACK and entry.release_id in line:
            del line[line.index(entry.release_id) + 1 :]
        else:
            line = [shown for shown in line if shown != entry.release_id] + [entry.release_id]
    current = _current_path(house)
    if current is not None and (not line or line[-1] != current.name):
        # Whoever lost or never wrote the journal: the link is the truth.
        line = [shown for shown in line if shown != current.name] + [current.name]
    return line


def _publications(house: House) -> dict[str, datetime]:
    """Release id → when it first became current."""
    found: dict[str, datetime] = {}
    for entry in _journal(house):
        if entry.what != _PUBLISHING:
            found.setdefault(entry.release_id, entry.at)
    return found


@contextmanager
def _alone(house: House) -> Iterator[None]:
    with exclusive(
        house.publication_lock,
        wait_seconds=_SECONDS_TO_WAIT,
        busy="Another publication or rollback is under way.",
    ):
        house.published.mkdir(parents=True, exist_ok=True)
        yield


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
