"""What a night found in the exports: one reading per file, and what became of it.

Belongs here: the result of an ingestion and its rows. Left to others: the walk that makes them
(`ingestion`), what is kept of them (`raw`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from dagster_project.lib.discovery import ExportFile
from dagster_project.lib.raw import Receipt, fingerprint_of, relocated, shown_path
from dagster_project.lib.reading import Content
from dagster_project.lib.sources import SourcesConfig


@dataclass(frozen=True)
class FileProgress:
    """One file is done. status: accepted, rejected, skipped_duplicate, unchanged, left_alone."""

    path: str
    index: int
    total: int
    status: str
    records: int
    seconds: float


@dataclass(frozen=True)
class Reading:
    """One row of `raw_kura.files`: a current reading, a current refusal, or a duplicate.

    covers_from, covers_to: local dates the file speaks for by its name or as an extract; None when
    its content says. cast_under: tonight's rules for this content; other than the receipt's
    fingerprint when the export is gone and what is kept of it does not suffice to read it anew.
    set_aside: (record, reason code, message), only from a dry read.
    """

    receipt: Receipt
    is_active: bool
    covers_from: date | None
    covers_to: date | None
    warnings: tuple[str, ...]
    is_new: bool
    is_present: bool
    cast_under: str = ""
    set_aside: tuple[tuple[int, str, str], ...] = ()

    @property
    def file_id(self) -> str:
        return self.receipt.file_id

    @property
    def source_id(self) -> str:
        return self.receipt.source_id

    @property
    def system(self) -> str:
        return self.receipt.system

    @property
    def object_name(self) -> str:
        """The object, or an empty text for a file refused before it was known."""
        return self.receipt.object_name or ""

    @property
    def path(self) -> str:
        """Path under exports/, with the archive's member after an exclamation mark."""
        return shown_path(self.receipt.path, self.receipt.member)

    @property
    def status(self) -> str:
        return self.receipt.status

    @property
    def records_in(self) -> int:
        return self.receipt.records_in

    @property
    def records_accepted(self) -> int:
        return self.receipt.records_accepted

    @property
    def records_quarantined(self) -> int:
        return self.receipt.records_quarantined

    @property
    def encoding(self) -> str | None:
        return self.receipt.encoding

    @property
    def reject_code(self) -> str | None:
        return self.receipt.reject_code

    @property
    def reject_message(self) -> str | None:
        return self.receipt.reject_message

    @property
    def remedy(self) -> str | None:
        return self.receipt.remedy


@dataclass(frozen=True)
class IngestionResult:
    """What lies in the house now. `left_alone`: files still being written, for the next night."""

    readings: tuple[Reading, ...]
    left_alone: tuple[str, ...]
    warnings: tuple[str, ...]

    def of_status(self, status: str) -> tuple[Reading, ...]:
        return tuple(reading for reading in self.readings if reading.status == status)

    @property
    def active(self) -> tuple[Reading, ...]:
        return tuple(reading for reading in self.readings if reading.is_active)

    @property
    def rejected(self) -> tuple[Reading, ...]:
        return self.of_status("rejected")


def left_alone(item: ExportFile, config: SourcesConfig) -> Reading:
    source = config.get(item.source_id)
    receipt = Receipt(
        file_id="",
        source_id=item.source_id,
        system=source.system if source else "",
        object_name=None,
        kind=None,
        path=item.path,
        member=None,
        sha256="",
        size_bytes=item.stamp.size,
        fingerprint="",
        content_key="",
        generation=0,
        status="left_alone",
        reject_message="The file is still being written; the next night reads it.",
    )
    return Reading(receipt, False, None, None, (), True, True)


def duplicate(twin: Receipt, content: Content) -> Receipt:
    """A row of its own for a second copy; its id says whose copy it is."""
    copy = relocated(twin, content.path, content.member)
    return replace(
        copy,
        file_id=copy_id(copy),
        status="skipped_duplicate",
        records_in=0,
        records_accepted=0,
        records_quarantined=0,
        warnings=(f"same content as {twin.path}",),
    )


def copy_id(receipt: Receipt) -> str:
    place = fingerprint_of(receipt.path, receipt.member or "")[:8]
    return f"{receipt.file_id}~{place}"
