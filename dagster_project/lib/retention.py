"""What the house need not keep, by the settings under `retention`, and removing it.

`plan` says what may go and why; `prune` removes exactly that. Killed anywhere and done again it ends the
same: whatever is removed in several steps is first made to be nothing (a release loses its name, a reading
its receipt) and its rest is found as a leftover. Readers that have an old release open keep it: its files
are unlinked, not emptied.

Never removed: the current release and the one `kpi rollback` would show, every reading that counts, and a
reading that does not unless a newer one holds the very same records, so that raw can always be read under
any rules as if the exports still lay there. A raw file without its receipt goes only when another reading
of the same bytes is there: it may be all that is left of an export. Planning readings stay, because people
edit these files in place and raw alone knows what they said before. Quarantine is emptied by every night
(`ingestion`). Left to others: Dagster's own records (`dagster_records`).
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import duckdb

from dagster_project.lib import disk, engine, lock, nights, releases
from dagster_project.lib.contracts import Contract, load_contracts
from dagster_project.lib.raw import RawStore, Receipt, private_folder
from dagster_project.lib.rebuilding import NotRebuilt, rebuild
from dagster_project.lib.sources import PLANNING
from dagster_project.lib.transformation import abandoned_parses, read_tested
from dagster_project.settings import DBT_PROJECT, House, Settings

# The same cells in the same order: a newer reading like this can give whatever the older one could.
_ALIKE = (
    "source_id", "system", "object_name", "sha256", "encoding", "delimiter", "header", "has_bom",
    "has_record", "records_in",
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One thing that may go. what: its kind. name: as people know it. size: bytes on the disk."""

    what: str
    name: str
    size: int
    remove: Callable[[], object]


def plan(house: House, settings: Settings, now: datetime) -> tuple[Item, ...]:
    """Everything that may go now; nothing is changed. The caller holds the night's lock."""
    keep = settings.retention
    return (
        *_releases(house, keep.releases),
        *_readings(house, keep.superseded_raw_days, now),
        *leftovers(house),
        *_old_logs(house, settings.logs.keep),
        *_old_nights(house, keep.nights),
    )


def prune(house: House, settings: Settings, now: datetime) -> Iterator[Item]:
    """Remove everything `plan` names, giving each when it is gone. The caller holds the night's lock."""
    for item in plan(house, settings, now):
        item.remove()
        yield item


def leftovers(house: House) -> Iterator[Item]:
    """What killed nights and commands left half done. Nobody can use it, whatever the settings say."""
    for path in sorted(_stale(house)):
        yield _file("leftover", house, path)


def _releases(house: House, keep: int) -> Iterator[Item]:
    for release in releases.surplus(house, keep):
        yield Item(
            "release",
            release.release_id,
            disk.size_of(release.path),
            partial(releases.remove, house, release),
        )


def _readings(house: House, days: int | None, now: datetime) -> Iterator[Item]:
    """Readings that a newer reading of the same bytes replaces, and files no receipt speaks of."""
    store = RawStore(house.raw)
    for path in store.orphans():
        if store.is_read_otherwise(path):
            yield _file("raw file without a receipt", house, path)
    if days is None:
        return
    old_enough = [
        (old, new)
        for old, new in _superseded(house, store)
        if now.timestamp() - store.parquet_of(new).stat().st_mtime >= days * 86400
    ]
    if not old_enough:
        return
    contracts = load_contracts(DBT_PROJECT)
    for old, new in old_enough:
        contract = contracts.get(new.system, str(new.object_name))
        if contract is None or not _holds_everything(house, store, new, contract):
            continue
        size = sum(disk.size_of(path) for path in store.files_of(old))
        yield Item(
            "superseded reading",
            f"{old.path} ({old.file_id})",
            size,
            partial(_forget, store, old, new),
        )


def _superseded(house: House, store: RawStore) -> Iterator[tuple[Receipt, Receipt]]:
    """(reading that does not count, newer reading that does) of the same bytes, read alike."""
    active = _active(house)
    accepted: dict[tuple[object, ...], list[Receipt]] = defaultdict(list)
    for receipt in store:
        # A workbook's other sheets are in no reading of this one.
        is_book = receipt.encoding == "xlsx"
        if receipt.status == "accepted" and receipt.system != PLANNING and not is_book:
            accepted[tuple(getattr(receipt, name) for name in _ALIKE)].append(receipt)
    for readings in accepted.values():
        counting = [item for item in readings if item.file_id in active]
        if not counting:
            continue
        newest = max(counting, key=lambda item: (item.generation, item.file_id))
        for old in sorted(readings, key=lambda item: item.file_id):
            if old.file_id not in active and old.generation < newest.generation:
                yield old, newest


def _active(house: House) -> frozenset[str]:
    """The readings the last night counted; none when nobody can say, so that nothing goes."""
    if not house.work_database.is_file():
        return frozenset()
    with engine.connect(house.work_database, read_only=True) as connection:
        try:
            rows = connection.execute(
                "select file_id from raw_kura.files where is_active"
            ).fetchall()
        except duckdb.CatalogException:
            return frozenset()
    return frozenset(str(file_id) for (file_id,) in rows)


def _holds_everything(house: House, store: RawStore, receipt: Receipt, contract: Contract) -> bool:
    """Whether the export can be written anew from this reading alone."""
    scratch = house.scratch / "proof"
    private_folder(scratch)
    try:
        with engine.connect() as connection:
            rebuild(
                connection,
                receipt,
                contract,
                store.parquet_of(receipt),
                store.aside_of(receipt),
                scratch,
            )
    except NotRebuilt:
        return False
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return True


def _forget(store: RawStore, old: Receipt, new: Receipt) -> None:
    """Remove a reading; every name its content was found under stays known."""
    kept = store.get(new.file_id)
    assert kept is not None  # it is the reason why the old one may go
    names = (*kept.names, *(name for name in old.names if name not in kept.names))
    if names != kept.names:
        store.commit(replace(kept, names=names), None)
    store.forget(old)


def _stale(house: House) -> Iterator[Path]:
    yield from house.raw.glob("*/*/.*.new")
    yield from house.quarantine.glob(".*.new")
    yield from house.quarantine.glob("*/.*.new")
    yield from house.state.glob(".*.new")
    yield from house.work.glob("*.new")
    yield from house.published.glob(".current.*")
    yield from house.releases.glob(".*.removed")
    yield from house.candidates.glob("*.partial")
    if house.scratch.is_dir():
        yield from house.scratch.iterdir()
    yield from lock.abandoned(house.dry_scratches())
    yield from _compiled_before(house)
    yield from abandoned_parses()


def _compiled_before(house: House) -> Iterator[Path]:
    """SQL of models and tests the project does not have any more: dbt did not write it this time."""
    parse = house.dbt_target / "partial_parse.msgpack"
    # A night that was killed or failed did not come to write all of it anew.
    if not parse.is_file() or not read_tested(house.dbt_target):
        return
    began = parse.stat().st_mtime
    for name in ("compiled", "run"):
        for path in (house.dbt_target / name).rglob("*"):
            if path.is_file() and path.stat().st_mtime < began:
                yield path


def _old_logs(house: House, keep: int) -> Iterator[Item]:
    """Older parts of the log beyond a number that was lowered since."""
    for path in sorted(house.logs.glob(f"{house.log_file.name}.*")):
        number = path.name.rpartition(".")[2]
        if number.isdigit() and int(number) > keep:
            yield _file("log", house, path)


def _old_nights(house: House, keep: int) -> Iterator[Item]:
    surplus = nights.surplus(house, keep)
    if surplus:
        yield Item("record of nights", f"{surplus} nights", 0, partial(nights.keep, house, keep))


def _file(what: str, house: House, path: Path) -> Item:
    name = path.relative_to(house.root) if path.is_relative_to(house.root) else path
    return Item(what, str(name), disk.size_of(path), partial(_remove, path))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
