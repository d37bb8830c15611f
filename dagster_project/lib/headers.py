"""Which contract a CSV header line belongs to, and which column each header is.

Belongs here: the delimiter, header spelling (NFKC, spaces, case), aliases, and the choice among
several contracts. Left to others: rows. Rules: formats §6.1.5 and §6.1.7.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dagster_project.lib.contracts import MAPPED, Contract
from dagster_project.lib.decoding import MAX_RECORD_BYTES
from dagster_project.lib.rejections import FileRejected
from dagster_project.lib.sources import DELIMITERS, Source

csv.field_size_limit(MAX_RECORD_BYTES)
# Where the file's name says nothing, so many headers must tell its object from the others. A header
# tells when at most two objects know it: every Salesforce object has an Id, an owner and dates, and an
# Order is no Task for having them.
_TELLING = 3
_KNOWN_TO = 2
# A connector's history table: a row per version of a record, under the record's own id.
_HISTORY_HEADER = "_fivetran_start"


@dataclass(frozen=True)
class HeaderLine:
    """The first record of a CSV file. `begins_file`: no blank line stands before it."""

    cells: tuple[str, ...]
    delimiter: str
    begins_file: bool


@dataclass(frozen=True)
class Columns:
    """Which cell feeds which canonical column; the other cells are extra."""

    contract: Contract
    position_of: dict[str, int]
    extra: dict[str, int]
    warnings: tuple[str, ...]

    def placed(self, width: int) -> tuple[str, ...]:
        """For every cell of the header line a column it feeds, or an empty text."""
        return _placed(width, self.position_of)

    def properties(self, cells: Sequence[str]) -> dict[str, int]:
        """The property every cell of a table of records holds, and its place."""
        names = self.named_properties(cells)
        return {
            names[place] or label: place
            for label, place in extra_labels(cells, ("",) * len(cells)).items()
        }

    def named_properties(self, cells: Sequence[str]) -> tuple[str, ...]:
        """For every cell that names a property of the contract that name, else an empty text."""
        known = {
            fold(column.property_name): column.property_name
            for column in self.contract.columns
            if column.property_name
        }
        return tuple(known.get(fold(cell), "") for cell in cells)


def read_header(location: Path, delimiter: str) -> HeaderLine:
    """Read the header line of UTF-8 text; delimiter `auto` is sniffed from that line alone."""
    candidates = DELIMITERS if delimiter == "auto" else (delimiter,)
    best: tuple[str, ...] = ()
    chosen = candidates[0]
    for candidate in candidates:
        with location.open(encoding="utf-8-sig", newline="") as stream:
            try:
                row = next((row for row in csv.reader(stream, delimiter=candidate) if row), [])
            except csv.Error:
                continue
        if len(row) > len(best):
            best, chosen = tuple(row), candidate
    with location.open(encoding="utf-8-sig", newline="") as stream:
        begins_file = stream.read(1) not in ("\r", "\n")
    if not any(cell.strip() for cell in best):
        raise FileRejected("empty_file", "The file holds no header line.")
    if any("\0" in cell for cell in best):
        raise FileRejected("nul_bytes", "The header line holds NUL bytes.")
    if len(best) == 1:
        raise FileRejected(
            "single_column",
            "The header line has one column; no delimiter among , tab ; | ^ ` divides it."
            if delimiter == "auto"
            else f"The header line has one column when divided by {delimiter!r}.",
        )
    return HeaderLine(best, chosen, begins_file)


def choose(
    header: HeaderLine, source: Source, by_name: tuple[Contract, ...], all_: tuple[Contract, ...]
) -> Columns:
    """The contract this header belongs to.

    by_name: contracts whose file patterns fit. One alone is decided; otherwise the header decides
    among them, or among all CSV contracts of the source. Raises FileRejected.
    """
    if source.system != MAPPED:
        _refuse_history_tables(header)
    columns = _chosen(header, source, by_name, all_)
    _refuse_duplicates(header, _spellings(source, columns.contract))
    return columns


def _chosen(
    header: HeaderLine, source: Source, by_name: tuple[Contract, ...], all_: tuple[Contract, ...]
) -> Columns:
    """The columns of the contract the header fits best. Raises FileRejected."""
    if len(by_name) == 1:
        columns, missing = match(header, source, by_name[0])
        if missing:
            raise FileRejected(
                "missing_header",
                f"{by_name[0].name} needs {_expected(source, by_name[0], missing)}.",
            )
        return columns
    candidates = by_name or all_
    judged = [(*match(header, source, contract), contract) for contract in candidates]
    telling = _telling_headers(source, candidates)
    fitting = [
        columns
        for columns, missing, _ in judged
        if not missing and _tells(header, source, columns, telling)
    ]
    if fitting:
        ranked = sorted(fitting, key=lambda columns: len(columns.position_of), reverse=True)
        if len(ranked) > 1 and len(ranked[0].position_of) == len(ranked[1].position_of):
            raise FileRejected(
                "ambiguous_object",
                "The header fits "
                + " and ".join(sorted(columns.contract.name for columns in ranked[:2]))
                + " equally well.",
            )
        return ranked[0]
    if not judged:
        raise FileRejected("no_contract", f"No object of {source.system} is a CSV file.")
    closest, missing, contract = max(judged, key=lambda item: _told(header, item[0], telling))
    if not missing or not _tells(header, source, closest, telling):
        # The cells are not repeated: without a header line they would be somebody's data.
        raise FileRejected(
            "no_contract",
            f"Too few of the {len(header.cells)} headers tell an object of {source.system}; there "
            f"are {', '.join(contract.object_name for contract in candidates)}.",
        )
    raise FileRejected(
        "unknown_header",
        f"No object of {source.system} has this header. Closest is {contract.name} "
        f"({len(closest.position_of)} of {len(contract.columns)} columns), which also needs "
        f"{_expected(source, contract, missing)}.",
    )


def match(header: HeaderLine, source: Source, contract: Contract) -> tuple[Columns, list[str]]:
    """Columns by header, and the names of required headers that are missing."""
    places = {fold(cell): place for place, cell in reversed(list(enumerate(header.cells)))}
    position_of: dict[str, int] = {}
    warnings = []
    missing = []
    mapped = source.mapped_object(contract.object_name)
    for column in contract.columns:
        spellings = source.headers_of(contract)[column.name]
        found = list(
            dict.fromkeys(
                places[fold(spelling)] for spelling in spellings if fold(spelling) in places
            )
        )
        if found:
            position_of[column.name] = found[0]
            if len(found) > 1:
                warnings.append(
                    f"{column.name} is read from {header.cells[found[0]]!r}, not from "
                    + ", ".join(repr(header.cells[place]) for place in found[1:])
                )
        elif (mapped is not None and column.name in mapped.columns) or (
            column.header_required and mapped is None
        ):
            missing.append(column.name)
    extra = extra_labels(header.cells, _placed(len(header.cells), position_of))
    return Columns(contract, position_of, extra, tuple(warnings)), missing


def _placed(width: int, position_of: Mapping[str, int]) -> tuple[str, ...]:
    fed = {place: name for name, place in position_of.items()}
    return tuple(fed.get(place, "") for place in range(width))


def extra_labels(cells: Sequence[str], placed: Sequence[str]) -> dict[str, int]:
    """A label for every cell that feeds no column (`placed` is empty), and its place."""
    extra: dict[str, int] = {}
    for place, cell in enumerate(cells):
        if not placed[place]:
            label = cell.strip()
            nameless = not label or label in extra
            extra[f"{label} column {place + 1}".strip() if nameless else label] = place
    return extra


def fold(header: str) -> str:
    """A header as it is compared: NFKC, trimmed, spaces collapsed, case folded."""
    text = unicodedata.normalize("NFKC", header).replace("\ufeff", "")
    return re.sub(r"\s+", " ", text).strip().casefold()


def _refuse_duplicates(header: HeaderLine, known: set[str]) -> None:
    """Two columns of one known header: which of them counts nobody can tell."""
    seen: set[str] = set()
    for place, cell in enumerate(header.cells, start=1):
        folded = fold(cell)
        if folded in known and folded in seen:
            raise FileRejected(
                "duplicate_header", f"The header of column {place} stands there twice."
            )
        seen.add(folded)


def _refuse_history_tables(header: HeaderLine) -> None:
    if any(fold(cell) == _HISTORY_HEADER for cell in header.cells):
        raise FileRejected(
            "history_table",
            "A connector's history table: it repeats a record for each of its versions.",
        )


def _telling_headers(source: Source, candidates: tuple[Contract, ...]) -> set[str]:
    known = Counter(
        spelling for contract in candidates for spelling in _spellings(source, contract)
    )
    return {spelling for spelling, objects in known.items() if objects <= _KNOWN_TO}


def _spellings(source: Source, contract: Contract) -> set[str]:
    return {
        fold(spelling)
        for spellings in source.headers_of(contract).values()
        for spelling in spellings
    }


def _told(header: HeaderLine, columns: Columns, telling: set[str]) -> int:
    return sum(fold(header.cells[place]) in telling for place in columns.position_of.values())


def _tells(header: HeaderLine, source: Source, columns: Columns, telling: set[str]) -> bool:
    """Whether enough headers speak for the object, or all that could where an object has few."""
    possible = sum(
        any(fold(spelling) in telling for spelling in spellings)
        for spellings in source.headers_of(columns.contract).values()
    )
    return _told(header, columns, telling) >= min(_TELLING, possible) > 0


def _expected(source: Source, contract: Contract, missing: list[str]) -> str:
    headers = source.headers_of(contract)
    return ", ".join(
        f"{name} (as {' or '.join(repr(header) for header in headers[name][:3])})"
        for name in missing
    )
