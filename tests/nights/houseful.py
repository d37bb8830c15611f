"""Many small companies side by side in one house, each going through a tale of its own.

A night costs seconds whatever is in it, so a house holds as many companies as are asked about. Belongs
here: the files a tale makes come and go, what is configured and planned in which night. What a company
says stands in `world`, whether a tale ends well is `judge`'s.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from dagster_project.lib.readings import IngestionResult
from dagster_project.settings import House
from tests.cases.portal import OWN_RESULT
from tests.cases.scene import Record, day
from tests.nights.tale import Tale, copy_of
from tests.nights.world import AS_OF, COVERED, FIRST_NUMBER, PLANNING_TABLES, World, world
from tests.nights.world_edits import EDITS
from tests.simulator import write_records

Night = Callable[[House, date], IngestionResult]
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
HOUSE_EDITS: Final[Mapping[str, Mapping[str, Any]]] = {
    "house: shodan is held": {"definitions": {"shodan_event": "held"}},
    "house: shodan is an opportunity": {"definitions": {"shodan_event": "opportunity"}},
    "house: reporting zone is UTC": {"reporting": {"timezone": "UTC"}},
    "house: week starts on sunday": {"reporting": {"week_starts_on": "sunday"}},
    "house: reps by id": {"reporting": {"show_reps_by": "id"}},
    "house: matching window of 5 s": {"matching": {"window_seconds": 5}},
}


@dataclass(frozen=True)
class Houseful:
    """Tales told in one house, and what is the whole house's in nights before the last.

    days_before: how many days before AS_OF the first nights report, in turn.
    phones_told_covered: telephones are configured to be covered up to each extract. Else their rows prove
    it, from a file's first to its last, which depends on what stands together in a file.
    """

    # Who prints a houseful that fails has said which tale of it does.
    tales: tuple[Tale, ...] = field(repr=False)
    house_edits: tuple[str, ...] = ()
    days_before: tuple[int, ...] = ()
    phones_told_covered: bool = False

    @property
    def nights(self) -> int:
        return max(tale.nights for tale in self.tales)

    def as_of(self, night: int) -> date:
        before = dict(enumerate(self.days_before, start=1)) if night < self.nights else {}
        return AS_OF - timedelta(days=before.get(night, 0))


def live(houseful: Houseful, house: House, night_of: Night) -> None:
    """Let a fresh house go through all tales at once; `night_of` is what its nights do."""
    companies = [
        (tale, world(tale.kind, FIRST_NUMBER + place)) for place, tale in enumerate(houseful.tales)
    ]
    house.config.mkdir(parents=True)
    files = [_Files(house, tale, company) for tale, company in companies]
    for night in range(1, houseful.nights + 1):
        is_last = night == houseful.nights
        _configure(house, houseful, companies, night)
        _plan(house, companies, night)
        for one in files:
            one.arrive(night)
        result = night_of(house, houseful.as_of(night))
        if not is_last:
            for one in files:
                one.clean(night, result)


# --- files ------------------------------------------------------------------------------------


@dataclass
class _Files:
    """The files of one company, which come and go as its tale says."""

    house: House
    tale: Tale
    world: World

    def arrive(self, night: int) -> None:
        """Write what this night finds."""
        for file, sayings in self.tale.files().items():
            comes = self.tale.comes(file)
            if comes.night == night:
                self._write(file, sayings, file, comes.form)
            if comes.copied == night:
                self._write(
                    file, sayings, copy_of(comes).removesuffix(comes.copy_form), comes.copy_form
                )

    def clean(self, night: int, result: IngestionResult) -> None:
        """Delete what was read and is to go; of a file that could not be read nothing is kept."""
        unread = {reading.receipt.path for reading in result.rejected}
        read = {reading.receipt.path for reading in result.readings} - unread
        for file, sayings in self.tale.files().items():
            comes = self.tale.comes(file)
            if comes.gone_after == night:
                for path in self._folder(sayings).glob(f"{file}.*"):
                    if path.relative_to(self.house.exports).as_posix() in read:
                        path.unlink()

    def _folder(self, sayings: Sequence[str]) -> Path:
        return self.house.exports / self.world.sayings[sayings[0]].source

    def _write(self, file: str, sayings: Sequence[str], name: str, form: str) -> None:
        lines = [self.world.sayings[what] for what in sayings]
        object_name = lines[0].object_name
        is_csv = object_name.startswith("salesforce.") or object_name == "miitel.history_rows"
        ending = ".csv" if is_csv else ".jsonl"
        folder = self._folder(sayings)
        folder.mkdir(parents=True, exist_ok=True)
        rows = [dict(saying.line) for saying in lines]
        written = write_records(folder, object_name, rows, file=f"{name}{ending}")
        if form:
            content = written.read_bytes()
            written.unlink()
            packed = _packed(f"{file}{ending}", content, form)
            (folder / f"{name}{ending if form == '.gz' else ''}{form}").write_bytes(packed)


def _packed(name: str, content: bytes, form: str) -> bytes:
    """The same bytes whenever the same is packed."""
    if form == ".gz":
        return gzip.compress(content, mtime=0)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return stream.getvalue()


# --- configuration and planning -----------------------------------------------------------------


def _configure(
    house: House, houseful: Houseful, companies: Sequence[tuple[Tale, World]], night: int
) -> None:
    document: dict[str, Any] = {"company_name": "架空", "ingestion": {"settle_seconds": 0}}
    for edit in () if night == houseful.nights else houseful.house_edits:
        document |= HOUSE_EDITS[edit]
    _dump(house.house_file, document)
    phone = {"coverage": COVERED} if houseful.phones_told_covered else {}
    sources = [
        edited | phone if source["system"] == "miitel" else edited
        for tale, company in companies
        for source in company.sources
        for edited in _edited(source, str(source["id"]).partition("-")[0], tale, night)
    ]
    _dump(house.sources_file, {"sources": [*sources, {"id": "planning", "system": "planning"}]})


def _plan(house: House, companies: Sequence[tuple[Tale, World]], night: int) -> None:
    folder = house.exports / "planning"
    for table, rows in _OF_THE_HOUSE.items():
        write_records(folder, f"planning.{table}", rows, file=f"{table}.csv")
    for tale, company in companies:
        number = company.planning["roster"][0]["rep_id"][1:4]
        for table in PLANNING_TABLES:
            if tale.comes(table).night > night:
                continue
            rows = company.planning[table]
            kept = [one for row in rows for one in _edited(row, table, tale, night)]
            path = folder / f"{table}-{number}.csv"
            if kept:
                write_records(folder, f"planning.{table}", kept, file=path.name)
            else:
                path.write_text(",".join(rows[0]) + "\n", encoding="utf-8")


_OF_THE_HOUSE: Final[Mapping[str, list[Record]]] = {
    "dispositions": [
        {"source_id": "*", "value": value, "disposition": meaning, "rank": rank}
        for rank, (value, meaning) in enumerate(
            (("本人接続", "connected"), ("アポ獲得", "meeting_set"), ("受付", "gatekeeper"),
             (OWN_RESULT, "meeting_set")), start=1,
        )
    ],
    "currency_rates": [{"currency": "USD", "valid_from": day(4, 1), "rate": 150}],
    "title_map": [{"match": "contains", "value": "部長", "is_key_person": True}],
}  # fmt: skip


def _edited(entry: Mapping[str, Any], place: str, tale: Tale, night: int) -> list[dict[str, Any]]:
    """An entry or row under the edits in force: itself, another, or none."""
    kept: dict[str, Any] | None = dict(entry)
    for name in sorted(tale.edits(night)):
        if EDITS[name].place == place and kept is not None:
            kept = EDITS[name].change(kept)
    return [] if kept is None else [kept]


def _dump(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(document), allow_unicode=True), encoding="utf-8")
