"""One file's bytes to a Parquet file and a verdict.

Belongs here: the order of the steps (decode, which object, which reader, when exported) and the
reading rules that name a reading. Left to others: each step; keeping the result (`raw`), and which
files there are (`ingestion`).
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

import duckdb

from dagster_project.lib.archives import ArchiveLimits
from dagster_project.lib.contracts import MAPPED, Contract, Contracts
from dagster_project.lib.csv_reading import Parsed, SetAside, read_csv, read_table_of_records
from dagster_project.lib.decoding import decode
from dagster_project.lib.headers import choose, read_header
from dagster_project.lib.instants import NameFacts, latest_instant, name_facts
from dagster_project.lib.json_reading import choose_by_shape, read_json_lines
from dagster_project.lib.raw import Receipt, file_id_of, fingerprint_of
from dagster_project.lib.rejections import FileRejected
from dagster_project.lib.sources import Source
from dagster_project.lib.spreadsheets import is_workbook, sheet_as_csv

_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_NOT_TEXT = (b"%PDF", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PK")


@dataclass(frozen=True)
class Content:
    """Bytes to be read: a plain file or one member of an archive."""

    source: Source
    path: str
    member: str | None
    sha256: str
    size_bytes: int

    @property
    def names(self) -> tuple[str, ...]:
        """Base names that may carry facts: the member's, then the file's."""
        names = [PurePosixPath(self.path).name]
        if self.member:
            names.insert(0, PurePosixPath(self.member).name)
        return tuple(names)


@dataclass(frozen=True)
class Rules:
    """Under which rules a content is read tonight."""

    candidates: tuple[Contract, ...]
    all_contracts: tuple[Contract, ...]
    facts: NameFacts
    fingerprint: str
    file_id: str
    content_key: str


@dataclass(frozen=True)
class Outcome:
    """The receipt to be kept, the Parquet file in scratch, and what was set aside."""

    receipt: Receipt
    parquet: Path | None
    set_aside: tuple[SetAside, ...]


def rules_for(content: Content, contracts: Contracts) -> Rules:
    """The rules of a reading, without looking at the bytes."""
    source = content.source
    all_contracts = source.contracts(contracts)
    base = content.names[0]
    candidates = tuple(
        contract for contract in all_contracts if _fits(base, _patterns(source, contract))
    )
    facts = name_facts(source, content.names)
    fingerprint = fingerprint_of(source.reading_rules(candidates or all_contracts), facts.key)
    return Rules(
        candidates,
        all_contracts,
        facts,
        fingerprint,
        file_id_of(content.sha256, fingerprint),
        f"{source.id}|{content.sha256}|{facts.key}",
    )


def read(
    connection: duckdb.DuckDBPyConnection,
    content: Content,
    rules: Rules,
    location: Path,
    scratch: Path,
    limits: ArchiveLimits,
    generation: int,
    *,
    was_sheet: bool = False,
) -> Outcome:
    """Read one content. A rejected file is an outcome, not an error.

    was_sheet: `location` holds, as comma CSV, the sheet of a workbook that is gone.
    """
    receipt = Receipt(
        file_id=rules.file_id,
        source_id=content.source.id,
        system=content.source.system,
        object_name=rules.candidates[0].object_name if len(rules.candidates) == 1 else None,
        kind=None,
        path=content.path,
        member=content.member,
        sha256=content.sha256,
        size_bytes=content.size_bytes,
        fingerprint=rules.fingerprint,
        content_key=rules.content_key,
        generation=generation,
        status="rejected",
        extracted_at=rules.facts.extracted_at,
        extracted_at_basis="file_name" if rules.facts.extracted_at else None,
    )
    try:
        return _accepted(connection, receipt, content, rules, location, scratch, limits, was_sheet)
    except FileRejected as rejected:
        return rejected_outcome(receipt, rejected)
    except PermissionError:
        return rejected_outcome(receipt, FileRejected("unreadable", "The file cannot be opened."))


def rejected_outcome(receipt: Receipt, rejected: FileRejected) -> Outcome:
    """The receipt of a refusal."""
    return Outcome(
        replace(
            receipt,
            status="rejected",
            reject_code=rejected.code,
            reject_message=rejected.message,
            remedy=rejected.remedy,
            records_in=rejected.records,
        ),
        None,
        (),
    )


def _accepted(
    connection: duckdb.DuckDBPyConnection,
    receipt: Receipt,
    content: Content,
    rules: Rules,
    location: Path,
    scratch: Path,
    limits: ArchiveLimits,
    was_sheet: bool,
) -> Outcome:
    source = content.source
    with location.open("rb") as stream:
        head = stream.read(512)
    if not head:
        raise FileRejected("empty_file", "The file has no bytes.")
    delimiter_policy = str(source.delimiter)
    encoding_policy = str(source.encoding)
    mapped_formats = {
        mapped.format
        for contract in rules.candidates
        if (mapped := source.mapped_object(contract.object_name))
    }
    if mapped_formats == {"xlsx"}:
        sheets = {
            mapped.sheet
            for contract in rules.candidates
            if (mapped := source.mapped_object(contract.object_name))
        }
        if not was_sheet and not is_workbook(location):
            raise FileRejected("damaged_workbook", "The file is not an .xlsx workbook.")
        if len(sheets) > 1:
            raise FileRejected("ambiguous_object", "Several sheets of this workbook are mapped.")
        receipt = replace(receipt, sheet=sheets.pop())
        if not was_sheet:
            location = sheet_as_csv(location, receipt.sheet, scratch, limits)
        delimiter_policy, encoding_policy = ",", "utf-8"
    elif _may_be_workbook(rules) and (was_sheet or is_workbook(location)):
        if not was_sheet:
            location = sheet_as_csv(location, None, scratch, limits)
        delimiter_policy, encoding_policy = ",", "utf-8"
        receipt = replace(receipt, encoding="xlsx")
    elif head.startswith((_OLD_WORKBOOK, *_NOT_TEXT)):
        raise FileRejected("unsupported_format", "The file is not text.")
    elif mapped_formats == {"tsv"} and delimiter_policy == "auto":
        delimiter_policy = "\t"
    decoded = decode(location, encoding_policy, scratch)
    receipt = replace(
        receipt,
        encoding="xlsx" if mapped_formats == {"xlsx"} else receipt.encoding or decoded.encoding,
        has_bom=decoded.has_bom,
    )
    warnings: list[str] = []
    if _is_json_lines(source, rules, decoded.location):
        of_format = tuple(
            contract
            for contract in (rules.candidates or rules.all_contracts)
            if "jsonl" in _formats(source, contract)
        )
        contract = (
            of_format[0]
            if len(rules.candidates) == 1 and of_format
            else choose_by_shape(decoded.location, of_format, source)
        )
        parsed = read_json_lines(
            connection, decoded.location, contract, source, receipt.file_id, scratch
        )
    else:
        try:
            header = read_header(decoded.location, delimiter_policy)
        except UnicodeError as error:  # an invalid surrogate: decoded, yet not text
            raise FileRejected("undecodable", f"The header line is not text: {error}.") from error
        of_format = tuple(
            contract for contract in rules.all_contracts if "csv" in _formats(source, contract)
        )
        by_name = tuple(contract for contract in rules.candidates if contract in of_format)
        if rules.candidates and not by_name:
            raise FileRejected("not_json_lines", "The file holds no JSON objects.")
        columns = choose(header, source, by_name, of_format)
        contract = columns.contract
        read_rows = read_table_of_records if contract.is_also_table else read_csv
        parsed = read_rows(connection, decoded.location, header, columns, receipt.file_id, scratch)
        receipt = replace(
            receipt,
            delimiter=header.delimiter,
            header=header.cells,
            placed=(
                columns.named_properties(header.cells)
                if contract.is_also_table
                else columns.placed(len(header.cells))
            ),
        )
    extracted_at: datetime | None = receipt.extracted_at
    basis = receipt.extracted_at_basis
    if extracted_at is None:
        extracted_at = latest_instant(connection, parsed.location, contract, source)
        basis = "content" if extracted_at is not None else None
    if source.extracted_at is not None and rules.facts.extracted_at is None:
        warnings.append("the file name has no instant where extracted_at.pattern expects one")
    if source.coverage.basis == "file_name" and rules.facts.covers_from is None:
        warnings.append("the file name has no date where coverage.pattern expects one")
    return _outcome(
        replace(
            receipt,
            object_name=contract.object_name,
            kind=contract.kind,
            extracted_at=extracted_at,
            extracted_at_basis=basis,
        ),
        parsed,
        tuple(warnings),
    )


def _outcome(receipt: Receipt, parsed: Parsed, warnings: tuple[str, ...]) -> Outcome:
    quarantined = len(parsed.set_aside)
    return Outcome(
        replace(
            receipt,
            status="accepted",
            records_in=parsed.records_in,
            records_accepted=parsed.records_in - quarantined,
            records_quarantined=quarantined,
            warnings=(*warnings, *parsed.warnings),
            columns=parsed.columns,
            has_record=parsed.has_record,
        ),
        parsed.location,
        parsed.set_aside,
    )


def _is_json_lines(source: Source, rules: Rules, text: Path) -> bool:
    formats = {name for contract in rules.candidates for name in _formats(source, contract)}
    if len(formats) == 1:
        return formats == {"jsonl"}
    with text.open(encoding="utf-8-sig") as stream:
        return stream.read(4096).lstrip().startswith(("{", "["))


def _may_be_workbook(rules: Rules) -> bool:
    return any(contract.is_also_table for contract in rules.candidates or rules.all_contracts)


def _formats(source: Source, contract: Contract) -> tuple[str, ...]:
    mapped = source.mapped_object(contract.object_name)
    if mapped is not None:
        return ("jsonl",) if mapped.format == "jsonl" else ("csv",)
    return ("jsonl", "csv") if contract.is_also_table else (contract.format,)


def _patterns(source: Source, contract: Contract) -> tuple[str, ...]:
    if source.system == MAPPED:
        mapped = source.mapped_object(contract.object_name)
        return mapped.files if mapped else ()
    return contract.files


def _fits(base: str, patterns: tuple[str, ...]) -> bool:
    folded = base.casefold().removesuffix(".gz")
    return any(fnmatch.fnmatchcase(folded, pattern.casefold()) for pattern in patterns)
