"""A night's ingestion: every export file judged once under tonight's rules.

Belongs here: the walk over the files, skipping what is known, and which readings count. Left to
others: reading one file (`reading`), what a reading tells (`readings`), keeping it (`raw`,
`quarantine`), telling dbt (`work_database`). Doing it again changes nothing; a crash anywhere and
doing it again gives the same.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb

from dagster_project.lib import archives, disk, engine, quarantine
from dagster_project.lib.contracts import Contracts
from dagster_project.lib.discovery import (
    ExportFile,
    KnownFiles,
    Member,
    is_changed,
    list_exports,
    settle,
    unknown_folders,
)
from dagster_project.lib.errors import KuraError
from dagster_project.lib.instants import extract_covers_to, name_facts
from dagster_project.lib.lock import abandoned
from dagster_project.lib.raw import (
    RawStore,
    Receipt,
    file_id_of,
    fingerprint_of,
    named,
    private_folder,
    relocated,
    shown_path,
)
from dagster_project.lib.read_ahead import (
    WORTH_BYTES,
    WORTH_FILES,
    Found,
    ReadAhead,
    Terms,
    connect,
)
from dagster_project.lib.reading import Content, Outcome, Rules, read, rejected_outcome, rules_for
from dagster_project.lib.readings import (
    FileProgress,
    IngestionResult,
    Reading,
    copy_id,
    duplicate,
    left_alone,
)
from dagster_project.lib.rebuilding import NotRebuilt, rebuild
from dagster_project.lib.rejections import FileRejected
from dagster_project.lib.sources import PLANNING, Source, SourcesConfig
from dagster_project.settings import House, Settings
from dagster_project.settings import Ingestion as Limits

_KNOWN_FILES = "known_files.json"
_SPILL = "duckdb"


class PlanningMissing(KuraError):
    """A planning table that counted before is not there; nothing was changed."""


def _silent(progress: FileProgress) -> None:
    pass


def ingest(
    house: House,
    config: SourcesConfig,
    contracts: Contracts,
    *,
    settings: Limits | None = None,
    progress: Callable[[FileProgress], None] = _silent,
) -> IngestionResult:
    """Read what is new under `exports/`, and say which readings count.

    Files are read whatever the night's as-of day is; dbt cuts events by it.
    """
    limits = settings or Limits()
    _prepare_folders(house)
    with (
        _emptied(house.scratch),
        connect(house.scratch / _SPILL) as connection,
    ):
        night = _Night(house, config, contracts, limits, connection, house.scratch)
        night.store.clean()
        night.walk(progress)
        night.refuse_missing_planning()
        night.walk_kept()
        return night.result()


def waiting_files(house: House, config: SourcesConfig) -> tuple[str, ...]:
    """What lies in `exports/` and was not there, or not so, when a night last looked.

    One text per file: its path, size and time of writing. Two equal answers in a row mean that nothing
    was written in between.
    """
    known = KnownFiles(house.work / _KNOWN_FILES)
    files = list_exports(house, [source.id for source in config.sources])
    return tuple(
        f"{item.path} {item.stamp.size} {item.stamp.mtime_ns}"
        for item in files
        if known.remembered(item) is None
    )


def dry_read(
    house: House,
    config: SourcesConfig,
    contracts: Contracts,
    settings: Settings | None = None,
    *,
    progress: Callable[[FileProgress], None] = _silent,
) -> IngestionResult:
    """Read the new files and keep nothing. Only files a night would read again are listed."""
    limits = settings.ingestion if settings else Limits()
    scratch = house.dry_scratch(os.getpid())
    private_folder(scratch)
    try:
        with connect(scratch / _SPILL) as connection:
            night = _Night(house, config, contracts, limits, connection, scratch, keeps=False)
            night.walk(progress)
            return IngestionResult(tuple(night.dry), tuple(night.left_alone), tuple(night.warnings))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class _Night:
    """State of one walk over the exports."""

    def __init__(
        self,
        house: House,
        config: SourcesConfig,
        contracts: Contracts,
        limits: Limits,
        connection: duckdb.DuckDBPyConnection,
        scratch: Path,
        *,
        keeps: bool = True,
    ) -> None:
        self.store = RawStore(house.raw)
        self.dry: list[Reading] = []
        self.left_alone: list[str] = []
        self.warnings: list[str] = []
        self._house = house
        self._config = config
        self._contracts = contracts
        self._settle_seconds = limits.settle_seconds
        self._limits = archives.ArchiveLimits(
            limits.max_archive_bytes, limits.max_archive_members, limits.max_archive_ratio
        )
        self._connection = connection
        self._scratch = scratch
        self._keeps = keeps
        self._known = KnownFiles(house.work / _KNOWN_FILES)
        self._rows: list[tuple[Receipt, bool]] = []
        self._gone: set[str] = set()
        self._stale: dict[str, str] = {}
        self._file_ids: set[str] = set()
        self._accepted_contents: dict[str, Receipt] = {}
        self._containers: set[str] = set()
        self._processes = limits.processes or os.cpu_count() or 1
        self._ahead: ReadAhead | None = None
        self._hashes: dict[str, str] = {}
        self._outcomes: dict[str | None, Outcome] = {}
        self._rules_of: dict[tuple[str, str | None, str], Rules] = {}

    def walk(self, progress: Callable[[FileProgress], None]) -> None:
        ids = [source.id for source in self._config.sources]
        files = list_exports(self._house, ids)
        unsettled = settle(
            (item for item in files if self._known.remembered(item) is None), self._settle_seconds
        )
        self.warnings += [
            f"exports/{folder} belongs to no source in config/sources.yml; nothing in it is read"
            for folder in unknown_folders(self._house, ids)
        ]
        settled = [item for item in files if item.path not in unsettled]
        with self._reading_ahead(settled) as look_ahead:
            self._walk(files, unsettled, look_ahead, progress)
        if self._keeps:
            self._known.save(files, self._containers)

    def _walk(
        self,
        files: Sequence[ExportFile],
        unsettled: frozenset[str],
        look_ahead: Callable[[], None],
        progress: Callable[[FileProgress], None],
    ) -> None:
        for index, item in enumerate(files, start=1):
            started = time.perf_counter()
            look_ahead()
            before = len(self._rows)
            status = "left_alone"
            if item.path not in unsettled:
                status = self._judge(item)
            if status == "left_alone":
                self.left_alone.append(item.path)
                if not self._keeps:
                    self.dry.append(left_alone(item, self._config))
            progress(
                FileProgress(
                    item.path,
                    index,
                    len(files),
                    status,
                    sum(receipt.records_in for receipt, _ in self._rows[before:]),
                    time.perf_counter() - started,
                )
            )

    @contextmanager
    def _reading_ahead(self, files: Sequence[ExportFile]) -> Iterator[Callable[[], None]]:
        """What to call before each file, so that other processes read those after it."""
        new = [item for item in files if self._may_be_new(item)]
        is_worth_it = len(new) >= WORTH_FILES or sum(item.stamp.size for item in new) >= WORTH_BYTES
        if self._processes < 2 or not is_worth_it:
            yield lambda: None
            return
        terms = Terms(
            self._config,
            self._contracts,
            self._limits,
            self.store.generation,
            self._scratch / _SPILL,
            engine.memory_limit(self._processes),
        )
        ahead = ReadAhead(terms, self._scratch, self._processes)
        self._ahead = ahead
        waiting = iter(new)

        def look_ahead() -> None:
            while ahead.has_room and (item := next(waiting, None)) is not None:
                self._ask(ahead, item)

        try:
            yield look_ahead
        finally:
            self._ahead = None
            ahead.close()

    def _may_be_new(self, item: ExportFile) -> bool:
        """Whether nothing is known yet of this file under tonight's rules, as far as its name tells."""
        sha256 = self._known.remembered(item)
        return sha256 is None or not self._is_read(item, sha256)

    def _is_read(self, item: ExportFile, sha256: str) -> bool:
        members = self._known.members_of(sha256)
        if members is not None:
            return all(map(self._has_reading, self._members(item, members)))
        source = self._source(item)
        content = Content(source, item.path, None, sha256, item.stamp.size)
        refused = self._archive_rules(item, source, sha256)
        return self._has_reading(content) or self.store.get(refused.file_id) is not None

    def _has_reading(self, content: Content) -> bool:
        return self.store.get(self._rules(content).file_id) is not None

    def _ask(self, ahead: ReadAhead, item: ExportFile) -> None:
        """Have a file read if it is new. What cannot be opened is the walk's matter."""
        if not item.has_text_name:
            return
        try:
            sha256 = self._known.hash_of(item)
            kind = archives.archive_kind(item.location)
        except OSError:
            return
        self._hashes[item.path] = sha256
        if not self._is_read(item, sha256):
            ahead.ask(item, sha256, kind)

    def _source(self, item: ExportFile) -> Source:
        source = self._config.get(item.source_id)
        assert source is not None
        return source

    def _members(self, item: ExportFile, members: Sequence[Member]) -> list[Content]:
        return [
            Content(
                self._source(item), item.path, member.name or None, member.sha256, member.size_bytes
            )
            for member in members
        ]

    def _rules(self, content: Content) -> Rules:
        key = (content.path, content.member, content.sha256)
        if key not in self._rules_of:
            self._rules_of[key] = rules_for(content, self._contracts)
        return self._rules_of[key]

    def _judge(self, item: ExportFile) -> str:
        source = self._source(item)
        if not item.has_text_name:
            return self._refused_unread(item, source, "file_name", "Its name is not UTF-8 text.")
        try:
            sha256 = self._hashes.pop(item.path, None) or self._known.hash_of(item)
            kind = archives.archive_kind(item.location)
        except PermissionError:
            return self._refused_unread(
                item, source, "unreadable", "This user may not read the file."
            )
        except OSError:
            # A file that is being replaced is for the next night; a full disk must end this one.
            if is_changed(item):
                return "left_alone"
            raise
        with self._taken(item, sha256) as found:
            if is_changed(item):
                return "left_alone"
            if kind is None:
                content = Content(source, item.path, None, sha256, item.stamp.size)
                kept = self._keep(content, item.location, item)
                return "left_alone" if kept is None else kept
            unpacked = found.members if found is not None else None
            return self._judge_archive(item, source, sha256, kind, unpacked)

    @contextmanager
    def _taken(self, item: ExportFile, sha256: str) -> Iterator[Found | None]:
        """What other processes read of this file; `_read` finds it while the context lasts."""
        if self._ahead is None:
            yield None
            return
        with self._ahead.taken(item, sha256) as found:
            if found is not None:
                self._outcomes = {outcome.receipt.member: outcome for outcome in found.outcomes}
            try:
                yield found
            finally:
                self._outcomes = {}

    def _judge_archive(
        self,
        item: ExportFile,
        source: Source,
        sha256: str,
        kind: str,
        unpacked: Sequence[archives.Unpacked] | None,
    ) -> str:
        self._containers.add(sha256)
        members = self._known.members_of(sha256)
        if members is not None:
            contents = self._members(item, members)
            if all(self._is_known(content) for content in contents):
                statuses = [self._keep(content, None, item) for content in contents]
                return _together(statuses)
        rules = self._archive_rules(item, source, sha256)
        known = self.store.get(rules.file_id)
        if known is not None:
            self._note(relocated(known, item.path, None), is_new=False)
            return "unchanged"
        found: list[Member] = []
        statuses = []
        rows_before = len(self._rows)
        try:
            for member in unpacked or archives.unpack(
                item.location, kind, self._scratch, self._limits
            ):
                found.append(Member(member.name, member.sha256, member.size_bytes))
                (content,) = self._members(item, found[-1:])
                status = self._keep(content, member.location, item)
                if status is None:
                    return "left_alone"
                statuses.append(status)
        except FileRejected as rejected:
            if is_changed(item):
                return "left_alone"
            del self._rows[rows_before:]
            self._add(
                rejected_outcome(self._archive_receipt(item, source, rules, sha256), rejected)
            )
            return "rejected"
        except OSError as error:
            # A file that is being replaced is for the next night; a full disk must end this one.
            if is_changed(item) and not disk.is_full(error):
                return "left_alone"
            raise
        self._known.remember_members(sha256, found)
        return _together(statuses)

    def _archive_rules(self, item: ExportFile, source: Source, sha256: str) -> Rules:
        content = Content(source, item.path, None, sha256, item.stamp.size)
        facts = name_facts(source, content.names)
        fingerprint = fingerprint_of("archive", source.id, repr(self._limits))
        return Rules(
            (), (), facts, fingerprint, file_id_of(sha256, fingerprint), f"{source.id}|{sha256}"
        )

    def _archive_receipt(
        self, item: ExportFile, source: Source, rules: Rules, sha256: str
    ) -> Receipt:
        return Receipt(
            file_id=rules.file_id,
            source_id=source.id,
            system=source.system,
            object_name=None,
            kind=None,
            path=item.path,
            member=None,
            sha256=sha256,
            size_bytes=item.stamp.size,
            fingerprint=rules.fingerprint,
            content_key=rules.content_key,
            generation=self.store.generation,
            status="rejected",
        )

    def _refused_unread(self, item: ExportFile, source: Source, code: str, message: str) -> str:
        """No bytes, so no hash: reported every night until somebody mends it."""
        rules = self._archive_rules(item, source, f"{code}:{item.path}")
        receipt = self._archive_receipt(item, source, rules, "")
        outcome = rejected_outcome(
            replace(receipt, file_id=file_id_of(fingerprint_of(item.path), rules.fingerprint)),
            FileRejected(code, message),
        )
        if not self._keeps:
            self.dry.append(self._reading(outcome.receipt, is_new=True, is_present=True))
        self._note(outcome.receipt, is_new=True)
        return "rejected"

    def _is_known(self, content: Content) -> bool:
        return self._kept(self._rules(content)) is not None

    def _kept(self, rules: Rules) -> Receipt | None:
        """The reading under these rules, if all of it is still there."""
        known = self.store.get(rules.file_id)
        if known is not None and known.records_quarantined:
            shown = quarantine.set_aside_file(self._house, known.file_id)
            if not shown.is_file() and not self._give_aside(known, shown):
                return None
        return known

    def _give_aside(self, known: Receipt, shown: Path) -> bool:
        """Whether what a reading set aside is still there; a dry read shows it nowhere."""
        if self._keeps:
            return self.store.give_aside(known, shown)
        return self.store.aside_of(known).is_file()

    def _keep(self, content: Content, location: Path | None, item: ExportFile) -> str | None:
        """Judge one content; None when its file was changed meanwhile."""
        rules = self._rules(content)
        twin = self._accepted_contents.get(rules.content_key)
        if twin is not None:
            self._remember_name(twin, content)
            self._rows.append((duplicate(twin, content), False))
            return "skipped_duplicate"
        known = self._kept(rules)
        if known is not None:
            self._remember_name(known, content)
            self._note(relocated(known, content.path, content.member), is_new=False)
            return "unchanged"
        assert location is not None
        outcome = self._read(content, rules, location)
        if is_changed(item):
            return None
        self._add(outcome)
        return outcome.receipt.status

    def _read(
        self, content: Content, rules: Rules, location: Path, *, was_sheet: bool = False
    ) -> Outcome:
        return self._outcomes.pop(content.member, None) or read(
            self._connection,
            content,
            rules,
            location,
            self._scratch,
            self._limits,
            self.store.generation,
            was_sheet=was_sheet,
        )

    def _add(self, outcome: Outcome) -> None:
        receipt = outcome.receipt
        if self._keeps:
            if outcome.set_aside:
                quarantine.write_set_aside(
                    self._house,
                    self._connection,
                    quarantine.SetAsideFile(
                        receipt.file_id,
                        receipt.source_id,
                        receipt.system,
                        receipt.object_name or "",
                        receipt.path,
                        receipt.member,
                        outcome.set_aside,
                    ),
                )
                self.store.keep_aside(
                    receipt, quarantine.set_aside_file(self._house, receipt.file_id)
                )
            before = self.store.get(receipt.file_id)
            receipt = replace(receipt, names=before.names if before else ())
            receipt = named(receipt, receipt.path, receipt.member)
            self.store.commit(receipt, outcome.parquet)
        else:
            reading = self._reading(receipt, is_new=True, is_present=True)
            self.dry.append(
                replace(
                    reading,
                    set_aside=tuple(
                        (one.record, one.reason_code, one.message) for one in outcome.set_aside
                    ),
                )
            )
        self._note(receipt, is_new=True)

    def _note(self, receipt: Receipt, *, is_new: bool) -> None:
        if receipt.file_id in self._file_ids:
            # A second copy of a refused content: refused too, under an id of its own.
            receipt = replace(receipt, file_id=copy_id(receipt))
        self._file_ids.add(receipt.file_id)
        self._rows.append((receipt, is_new))
        if receipt.status == "accepted":
            self._accepted_contents[receipt.content_key] = receipt

    def _remember_name(self, known: Receipt, content: Content) -> None:
        """A name says when a file was exported, so each must outlive the file."""
        kept = self.store.get(known.file_id)
        if self._keeps and kept is not None and kept.status == "accepted":
            renamed = named(kept, content.path, content.member)
            if renamed is not kept:
                self.store.commit(renamed, None)

    def walk_kept(self) -> None:
        """What was read of exports that are gone, under tonight's rules.

        An export that was cleaned away counts as if it still lay there: what raw and quarantine keep
        of it is read again when its rules changed. Of each content the newest reading is asked.
        """
        noted = {receipt.content_key for receipt, _ in self._rows}
        seen = {(receipt.path, receipt.member) for receipt, _ in self._rows}
        for receipt in sorted(
            (item for item in self.store if item.status == "accepted" and item.kind != "snapshot"),
            key=lambda item: (item.generation, item.file_id),
            reverse=True,
        ):
            source = self._config.get(receipt.source_id)
            names = receipt.names or ((receipt.path, receipt.member),)
            if source is None or (receipt.file_id in self._file_ids and seen.issuperset(names)):
                continue
            for path, member in sorted(names, key=_order_of_names):
                content = Content(source, path, member, receipt.sha256, receipt.size_bytes)
                rules = self._rules(content)
                if rules.content_key not in noted:
                    noted.add(rules.content_key)
                    self._keep_gone(receipt, content, rules)
                elif (path, member) not in seen:
                    self._note_gone_name(content, rules)
                seen.add((path, member))

    def _note_gone_name(self, content: Content, rules: Rules) -> None:
        """A copy that is gone. Of all names a content was found under the first is its own."""
        twin = self._accepted_contents.get(rules.content_key)
        if twin is None:
            return
        if (content.path, content.member or "") < (twin.path, twin.member or ""):
            place = next(at for at, row in enumerate(self._rows) if row[0].file_id == twin.file_id)
            first = relocated(twin, content.path, content.member)
            self._rows[place] = (first, self._rows[place][1])
            self._accepted_contents[rules.content_key] = first
            content = replace(content, path=twin.path, member=twin.member)
            twin = first
        self._rows.append((duplicate(twin, content), False))

    def _keep_gone(self, receipt: Receipt, content: Content, rules: Rules) -> None:
        """The reading of a content whose export is gone, read again where its rules changed."""
        known = self._kept(rules)
        if known is None:
            try:
                outcome = self._read_kept(receipt, content, rules)
            except NotRebuilt as reason:
                self._stale[receipt.file_id] = rules.fingerprint
                self.warnings.append(
                    f"{shown_path(receipt.path, receipt.member)}: its export is gone and its rules "
                    f"changed, but it cannot be read again: {reason}"
                )
                self._note(receipt, is_new=False)
            else:
                self._add(outcome)
        else:
            self._note(relocated(known, content.path, content.member), is_new=False)
        self._gone.add(self._rows[-1][0].file_id)

    def _read_kept(self, receipt: Receipt, content: Content, rules: Rules) -> Outcome:
        """Read what is kept of an export that is gone. Raises NotRebuilt."""
        contract = self._contracts.get(receipt.system, str(receipt.object_name))
        if contract is None:
            raise NotRebuilt(f"there is no object {receipt.object_name} any more")
        was_sheet = receipt.encoding == "xlsx"
        if was_sheet and not _same_sheet(receipt, content.source):
            raise NotRebuilt("only the sheet that was read is kept of the workbook")
        location = rebuild(
            self._connection,
            receipt,
            contract,
            self.store.parquet_of(receipt),
            self.store.aside_of(receipt),
            self._scratch,
        )
        return self._read(content, rules, location, was_sheet=was_sheet)

    def refuse_missing_planning(self) -> None:
        """Raise PlanningMissing when a table people keep by hand is gone or just being saved.

        Without it calls lose their meaning in silence. Removing a table for good is said by a file that
        holds its header alone.
        """
        systems = {source.id: source.system for source in self._config.sources}
        saved = [path for path in self.left_alone if systems[path.split("/")[0]] == PLANNING]
        if saved:
            raise PlanningMissing(
                "A planning file is just being written.",
                where=", ".join(f"exports/{path}" for path in saved),
                remedy="Run the night again when it is saved.",
            )
        kept = {item.object_name for item in self.store if item.system == PLANNING and item.kind}
        gone = kept - {item.object_name for item, _ in self._rows if item.system == PLANNING}
        if gone:
            raise PlanningMissing(
                "Planning tables of earlier nights are gone: " + ", ".join(sorted(map(str, gone))),
                where=str(self._house.exports / PLANNING),
                remedy="Put the file back, or one with its header line alone if it has no rows now.",
            )

    def result(self) -> IngestionResult:
        """Tonight's readings, and those whose export is gone and that still count."""
        rows = [
            self._reading(receipt, is_new=is_new, is_present=receipt.file_id not in self._gone)
            for receipt, is_new in self._rows
        ]
        present = {receipt.content_key for receipt, _ in self._rows}
        gone_sources = sorted(
            {receipt.source_id for receipt in self.store if not self._config.get(receipt.source_id)}
        )
        self.warnings += [
            f"source {source_id} is not in config/sources.yml any more; what was read of it stays "
            "in raw and does not count"
            for source_id in gone_sources
        ]
        self.warnings += [
            f"{receipt.path}: its raw file is missing and its export is gone"
            for receipt in self.store.lost
            if receipt.content_key not in present
        ]
        result = IngestionResult(
            tuple(sorted(rows, key=lambda reading: (reading.path, reading.file_id))),
            tuple(self.left_alone),
            tuple(self.warnings),
        )
        quarantine.keep_only(self._house, (row.receipt.file_id for row in result.active))
        quarantine.write_rejected_files(
            self._house,
            (
                quarantine.RejectedFile(
                    row.receipt.file_id,
                    row.receipt.source_id,
                    row.receipt.object_name,
                    row.receipt.path,
                    row.receipt.member,
                    row.receipt.reject_code or "",
                    row.receipt.reject_message or "",
                    row.receipt.remedy,
                )
                for row in result.rejected
            ),
        )
        return result

    def _reading(self, receipt: Receipt, *, is_new: bool, is_present: bool) -> Reading:
        source = self._config.get(receipt.source_id)
        assert source is not None
        content = Content(source, receipt.path, receipt.member, receipt.sha256, receipt.size_bytes)
        facts = name_facts(source, content.names)
        covers_from, covers_to = facts.covers_from, facts.covers_to
        if source.coverage.basis == "extract":
            covers_from = source.coverage.covers_from
            covers_to = extract_covers_to(receipt.extracted_at, source)
        warnings = receipt.warnings
        cast_under = self._stale.get(receipt.file_id, receipt.fingerprint)
        if cast_under != receipt.fingerprint:
            warnings = (*warnings, "read under earlier rules; the export is gone")
        return Reading(
            receipt,
            receipt.status == "accepted",
            covers_from,
            covers_to,
            warnings,
            is_new,
            is_present,
            cast_under,
        )


def _order_of_names(name: tuple[str, str | None]) -> tuple[str, str]:
    return name[0], name[1] or ""


def _same_sheet(receipt: Receipt, source: Source) -> bool:
    mapped = source.mapped_object(str(receipt.object_name))
    if mapped is None:  # a table of records: its only sheet
        return receipt.sheet is None
    return mapped.format == "xlsx" and mapped.sheet == receipt.sheet


def _together(statuses: list[str | None]) -> str:
    for status in ("rejected", "accepted", "unchanged", "skipped_duplicate"):
        if status in statuses:
            return status
    return "unchanged"


def _prepare_folders(house: House) -> None:
    for folder in (house.raw, house.quarantine, house.work, house.scratch):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    for left_behind in abandoned(house.dry_scratches()):
        shutil.rmtree(left_behind, ignore_errors=True)


@contextmanager
def _emptied(scratch: Path) -> Iterator[None]:
    """Scratch without what a killed night left behind, and empty again afterwards."""
    _empty(scratch)
    try:
        yield
    finally:
        _empty(scratch)


def _empty(scratch: Path) -> None:
    for entry in scratch.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
