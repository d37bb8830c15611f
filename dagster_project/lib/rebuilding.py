"""An export that is gone, written once more from what the house keeps of it.

Belongs here: records of raw and of quarantine, in their order and under their own headers, as text in
the encoding and with the delimiter the file had. Reading that text under other rules gives what reading
the export itself would give, so that deleting exports never decides what an edited configuration means.
Left to others: reading (`reading`), and when it is needed (`ingestion`).
"""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import duckdb

from dagster_project.lib.contracts import Contract
from dagster_project.lib.decoding import MAX_RECORD_BYTES
from dagster_project.lib.headers import extra_labels
from dagster_project.lib.raw import Receipt
from dagster_project.lib.sql_text import identifier, literal

# JSON lines of a mapped source keep the whole line here; of CSV, the cells nothing is read from.
_EXTRA = "_extra"


class NotRebuilt(Exception):
    """What is kept of the export does not suffice; the text says what is missing."""


def rebuild(
    connection: duckdb.DuckDBPyConnection,
    receipt: Receipt,
    contract: Contract,
    parquet: Path,
    set_aside: Path,
    scratch: Path,
) -> Path:
    """Write the export of an accepted reading anew and give its place. Raises NotRebuilt.

    contract: of the receipt's object, as it stands. set_aside: where quarantine keeps the records this
    reading set aside; needed only if it set any aside.
    """
    if receipt.records_quarantined and not set_aside.is_file():
        raise NotRebuilt("the records it set aside are not in quarantine any more")
    aside = _set_aside(connection, set_aside) if receipt.records_quarantined else {}
    text = scratch / "rebuilt.utf8"
    if receipt.header:
        _write_cells(connection, receipt, parquet, aside, text)
    elif receipt.delimiter is None:
        _write_lines(connection, receipt, contract, parquet, aside, text)
    else:
        raise NotRebuilt("its header line was not written down")
    return _encoded(text, receipt, scratch)


def _set_aside(connection: duckdb.DuckDBPyConnection, location: Path) -> dict[int, str]:
    return dict(
        connection.execute(
            f"select record, raw from read_parquet({literal(str(location))})"
        ).fetchall()
    )


def _records(receipt: Receipt, parquet: Path) -> str:
    """SQL of the raw records with their numbers."""
    number = "_record" if receipt.has_record else "file_row_number + 1"
    return (
        f"select *, ({number})::bigint as number from read_parquet({literal(str(parquet))}, "
        f"file_row_number = {str(not receipt.has_record).lower()})"
    )


def _write_cells(
    connection: duckdb.DuckDBPyConnection,
    receipt: Receipt,
    parquet: Path,
    aside: dict[int, str],
    target: Path,
) -> None:
    """CSV: the header line as it was, then every record, those set aside among the others."""
    delimiter = receipt.delimiter or ","
    width = len(receipt.header)
    # a table of an API's records is kept as those records
    is_of_records = "record" in receipt.columns
    kept, within = ("record", "$.properties") if is_of_records else (_EXTRA, "$")
    placed = ("",) * width if is_of_records else receipt.placed
    labels = {place: label for label, place in extra_labels(receipt.header, placed).items()}
    if is_of_records:
        labels = {place: receipt.placed[place] or label for place, label in labels.items()}
    cells = ", ".join(
        (
            identifier(placed[place])
            if placed[place]
            else f"json_extract_string({kept}, {literal(_member(labels[place], within))})"
        )
        + f" as c{place}"
        for place in range(width)
    )
    columns = ", ".join(f"c{place} varchar" for place in range(width))
    connection.execute(f"create or replace temp table aside (number bigint, {columns})")
    for number, raw in aside.items():
        connection.execute(
            f"insert into aside values ({', '.join('?' * (width + 1))})",
            [number, *_cells(raw, delimiter, width)],
        )
    rows = target.with_name("rebuilt.rows")
    shown = ", ".join(f"c{place}" for place in range(width))
    connection.execute(
        f"""copy (
            select {shown} from (
                select number, {cells} from ({_records(receipt, parquet)})
                union all
                from aside
            ) order by number
        ) to {literal(str(rows))}
        (format csv, header false, delimiter {literal(delimiter)}, quote '"', escape '"',
            force_quote *, use_tmp_file false)"""
    )
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(receipt.header)
    with target.open("ab") as out, rows.open("rb") as found:
        shutil.copyfileobj(found, out)
    rows.unlink()


def _member(label: str, within: str) -> str:
    """The JSON path of a plain member, whatever its name holds."""
    escaped = label.replace("\\", "\\\\").replace('"', '\\"')
    return f'{within}."{escaped}"'


def _cells(raw: str, delimiter: str, width: int) -> list[str | None]:
    csv.field_size_limit(MAX_RECORD_BYTES)
    found = next(csv.reader([raw], delimiter=delimiter, strict=True), [])
    if len(found) != width:
        raise NotRebuilt("a record it set aside has another number of cells than its header")
    return [cell or None for cell in found]


def _write_lines(
    connection: duckdb.DuckDBPyConnection,
    receipt: Receipt,
    contract: Contract,
    parquet: Path,
    aside: dict[int, str],
    target: Path,
) -> None:
    """JSON lines: every record at its own number; what was no record at all gets a stand-in."""
    line = "record" if "record" in receipt.columns else _EXTRA
    found = connection.execute(
        f"select number, {line} from ({_records(receipt, parquet)}) order by number"
    )
    waiting = sorted(aside.items(), reverse=True)
    written = 0
    with target.open("w", encoding="utf-8", newline="\n") as stream:

        def write(number: int, text: str) -> None:
            nonlocal written
            while written < number - 1:
                stream.write(_no_record(contract) + "\n")
                written += 1
            stream.write(text + "\n")
            written += 1

        while batch := found.fetchmany(10_000):
            for number, text in batch:
                if text is None:
                    raise NotRebuilt("its lines were not kept whole")
                while waiting and waiting[-1][0] < number:
                    write(*waiting.pop())
                write(number, text)
        while waiting:
            write(*waiting.pop())


def _no_record(contract: Contract) -> str:
    """A line of a file that counts as none of its records, such as a webhook's challenge."""
    if not contract.control_records:
        raise NotRebuilt("its lines do not follow each other")
    document: object = ""
    for part in reversed(contract.control_records[0].removeprefix("$.").split(".")):
        document = {part: document}
    return json.dumps(document)


def _encoded(text: Path, receipt: Receipt, scratch: Path) -> Path:
    """The text in the encoding the export had, so that tonight's encoding rule judges the same."""
    codec = {"utf-8": "utf-8-sig" if receipt.has_bom else "utf-8", "cp932": "cp932"}.get(
        receipt.encoding or "", "utf-8"
    )
    if receipt.encoding == "utf-16":
        codec = "utf-16" if receipt.has_bom else "utf-16-le"
    target = scratch / "rebuilt"
    with (
        text.open(encoding="utf-8", newline="") as stream,
        target.open("w", encoding=codec, newline="") as out,
    ):
        shutil.copyfileobj(stream, out)
    text.unlink()
    return target
