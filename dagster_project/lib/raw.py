"""The raw store: immutable Parquet files and the receipt beside each.

Belongs here: names, fingerprints, atomic writes, and which reading of a content counts. The receipt
is written last and by rename, so a reading exists exactly when its receipt does: whatever a crash
leaves behind without one is read again. Left to others: making the Parquet file.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

# left_alone is never kept: such a file is judged by the next night.
Status = Literal["accepted", "rejected", "skipped_duplicate", "left_alone"]

# Raised when the reading code itself gives different raw files from the same bytes and rules.
READING_VERSION = 2
# How much of the content's hash a reading's name begins with.
_SHA256_SHOWN = 16


@dataclass(frozen=True)
class Receipt:
    """What reading one file (or archive member) under one rule-set gave. Times are UTC.

    header, placed: the cells of a CSV header line, and the column each feeds (empty: none), so that the
    file can be written anew; likewise has_bom and sheet. names: every (path, member) it was found under.
    """

    file_id: str
    source_id: str
    system: str
    object_name: str | None
    kind: str | None
    path: str
    member: str | None
    sha256: str
    size_bytes: int
    fingerprint: str
    content_key: str
    generation: int
    status: Status
    encoding: str | None = None
    delimiter: str | None = None
    extracted_at: datetime | None = None
    extracted_at_basis: str | None = None
    reject_code: str | None = None
    reject_message: str | None = None
    remedy: str | None = None
    records_in: int = 0
    records_accepted: int = 0
    records_quarantined: int = 0
    warnings: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    has_record: bool = False
    header: tuple[str, ...] = ()
    placed: tuple[str, ...] = ()
    has_bom: bool = False
    sheet: str | None = None
    names: tuple[tuple[str, str | None], ...] = ()


def file_id_of(sha256: str, fingerprint: str) -> str:
    return f"{sha256[:_SHA256_SHOWN]}.{fingerprint[:12]}"


def fingerprint_of(*parts: str) -> str:
    """One hash over everything a reading depends on besides the bytes."""
    text = json.dumps([READING_VERSION, *parts], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


class RawStore:
    """`raw/<system>/<object>/<file_id>.{parquet,json}`; rejections under `raw/<system>/rejected/`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._receipts: dict[str, Receipt] = {}
        self._lost: list[Receipt] = []
        self._damaged: list[Path] = []
        self._generation = 0
        for path in sorted(root.glob("*/*/*.json")):
            receipt = _loaded(path)
            if receipt is None:
                self._damaged.append(path)
                continue
            if receipt.status == "accepted" and not self.parquet_of(receipt).is_file():
                self._lost.append(receipt)
                continue
            self._receipts[receipt.file_id] = receipt
            self._generation = max(self._generation, receipt.generation)
        self._generation += 1

    @property
    def generation(self) -> int:
        """Number of this night; says only which of two old readings is the newer."""
        return self._generation

    @property
    def lost(self) -> tuple[Receipt, ...]:
        """Accepted readings whose Parquet file somebody removed; read again if exports has them."""
        return tuple(item for item in self._lost if item.file_id not in self._receipts)

    @property
    def damaged(self) -> tuple[Path, ...]:
        """Receipts that cannot be read: as if there were none, so that the export is read again."""
        return tuple(self._damaged)

    def get(self, file_id: str) -> Receipt | None:
        return self._receipts.get(file_id)

    def __iter__(self) -> Iterator[Receipt]:
        return iter(self._receipts.values())

    def parquet_of(self, receipt: Receipt) -> Path:
        return self._folder(receipt) / f"{receipt.file_id}.parquet"

    def aside_of(self, receipt: Receipt) -> Path:
        """What this reading set aside. Quarantine shows what counts tonight; this copy stays."""
        return self._folder(replace(receipt, status="accepted")) / f"{receipt.file_id}.aside"

    def keep_aside(self, receipt: Receipt, shown: Path) -> None:
        """Keep what a reading set aside; before its receipt is written."""
        target = self.aside_of(receipt)
        private_folder(target.parent)
        _copy(shown, target)

    def give_aside(self, receipt: Receipt, shown: Path) -> bool:
        """Show in quarantine again what a reading set aside; whether it is still there."""
        kept = self.aside_of(receipt)
        if not kept.is_file():
            return False
        private_folder(shown.parent)
        _copy(kept, shown)
        return True

    def commit(self, receipt: Receipt, parquet: Path | None) -> None:
        """Make a reading exist: Parquet first, then its receipt, each complete on disk."""
        folder = self._folder(receipt)
        private_folder(folder)
        if parquet is not None:
            parquet.chmod(0o600)
            _sync(parquet)
            parquet.replace(self.parquet_of(receipt))
        target = self._receipt_of(receipt)
        temporary = folder / f".{receipt.file_id}.new"
        with temporary.open("w", encoding="utf-8") as stream:
            # One call and no indent: the encoder in C, for thousands of receipts.
            stream.write(json.dumps(vars(receipt), ensure_ascii=False, default=_plain))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
        _sync(folder)
        self._receipts[receipt.file_id] = receipt

    def files_of(self, receipt: Receipt) -> tuple[Path, ...]:
        """Everything a reading is kept in, its receipt first."""
        return (self._receipt_of(receipt), self.parquet_of(receipt), self.aside_of(receipt))

    def forget(self, receipt: Receipt) -> None:
        """Make a reading not exist: its receipt first, so that what a crash leaves is an orphan."""
        gone, *rest = self.files_of(receipt)
        gone.unlink(missing_ok=True)
        _sync(gone.parent)
        self._receipts.pop(receipt.file_id, None)
        for path in rest:
            path.unlink(missing_ok=True)

    def orphans(self) -> tuple[Path, ...]:
        """Files of readings that do not exist, because a crash came before or after their receipt."""
        receipts = {
            (path.parent.parent, path.name.removesuffix(".json"))
            for path in self._root.glob("*/*/*.json")
        }
        return tuple(
            path
            for path in sorted(self._root.glob("*/*/*"))
            if path.suffix in {".parquet", ".aside"}
            and (path.parent.parent, path.name.removesuffix(path.suffix)) not in receipts
        )

    def is_read_otherwise(self, orphan: Path) -> bool:
        """Whether an accepted reading of the same bytes exists: an orphan then holds nothing of its own."""
        return orphan.name.partition(".")[0] in {
            receipt.sha256[:_SHA256_SHOWN]
            for receipt in self._receipts.values()
            if receipt.status == "accepted"
        }

    def _receipt_of(self, receipt: Receipt) -> Path:
        return self._folder(receipt) / f"{receipt.file_id}.json"

    def _folder(self, receipt: Receipt) -> Path:
        last = receipt.object_name if receipt.status == "accepted" else "rejected"
        return self._root / receipt.system / str(last)

    def clean(self) -> None:
        """Remove half-written receipts. A Parquet file without one is written over when re-read."""
        for path in self._root.glob("*/*/.*.new"):
            path.unlink(missing_ok=True)


def private_folder(path: Path) -> None:
    """A folder only its owner may enter, with every missing folder above it."""
    if not path.is_dir():
        # `parents=True` would make those above as open as the user's mask.
        private_folder(path.parent)
        path.mkdir(exist_ok=True, mode=0o700)


def shown_path(path: str, member: str | None) -> str:
    """A file as people see it; the member of an archive after an exclamation mark."""
    return f"{path}!{member}" if member else path


def relocated(receipt: Receipt, path: str, member: str | None) -> Receipt:
    """The same reading, found under another name tonight."""
    if (receipt.path, receipt.member) == (path, member):
        return receipt
    return replace(receipt, path=path, member=member)


def named(receipt: Receipt, path: str, member: str | None) -> Receipt:
    """The same reading, with one more name it was found under."""
    if (path, member) in receipt.names:
        return receipt
    return replace(receipt, names=(*receipt.names, (path, member)))


def _loaded(path: Path) -> Receipt | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name for field in fields(Receipt)}
        values = {key: value for key, value in document.items() if key in known}
        if values.get("extracted_at"):
            values["extracted_at"] = datetime.fromisoformat(values["extracted_at"])
        for key in ("warnings", "columns", "header", "placed"):
            values[key] = tuple(values.get(key) or ())
        values["names"] = tuple((path, member) for path, member in values.get("names") or ())
        return Receipt(**values)
    except (OSError, ValueError, TypeError):
        return None


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not belong into a receipt")


def _copy(origin: Path, target: Path) -> None:
    """A private copy, complete on disk before it has its name."""
    temporary = target.with_name(f".{target.name}.new")
    shutil.copyfile(origin, temporary)
    temporary.chmod(0o600)
    _sync(temporary)
    temporary.replace(target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
