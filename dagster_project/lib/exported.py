"""Records as they were exported, looked up by reading and number: the end of every number's trail.

Fact rows name their record (`source_file_id`, `source_record`); the raw store keeps what was read, every
value as text. Which record a row names is decided by the models.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import duckdb

from dagster_project.lib import engine
from dagster_project.lib.errors import KuraError, of_the_machine
from dagster_project.lib.query import Answer
from dagster_project.lib.raw import RawStore, Receipt
from dagster_project.lib.sql_text import literal
from dagster_project.settings import House

Key = tuple[str, int]
Record = dict[str, Any]

_OURS: Final = ("_file_id", "_record", "_is_blank", "_verdict", "file_row_number")
_AT_A_TIME: Final = 2_000


class ExportedError(KuraError):
    """The raw store cannot show that record."""


class Exported:
    """The raw store of a house, opened for look-ups. What it shows is personal data: print, never log."""

    def __init__(self, house: House) -> None:
        self._store = RawStore(house.raw)

    def records(self, keys: Iterable[Key]) -> dict[Key, Record]:
        """(file id, record number) → column → value as exported, without what is empty; one read per file.

        A record of JSON lines is the object itself. Raises ExportedError when one is not there any more.
        """
        numbers: dict[str, set[int]] = defaultdict(set)
        for file_id, number in keys:
            numbers[file_id].add(number)
        found: dict[Key, Record] = {}
        with engine.connect() as connection:
            for file_id, wanted in numbers.items():
                receipt = self._receipt(file_id)
                for number, record in self._read(connection, receipt, wanted):
                    found[file_id, number] = record
                for number in sorted(wanted):
                    if (file_id, number) not in found:
                        raise ExportedError(
                            "That reading has no such record.",
                            where=f"{receipt.path}, record {number} ({file_id})",
                            remedy="Run the night again, so that release and raw store fit together.",
                        )
        return found

    def beside(self, rows: Answer) -> Answer:
        """The same rows with a last column `raw`: their exported record, null for rows that have none."""
        file_id, number = (rows.columns.index(name) for name in ("source_file_id", "source_record"))

        def pairs() -> Iterator[tuple[Any, ...]]:
            while some := list(islice(rows.rows, _AT_A_TIME)):
                keys = [(row[file_id], row[number]) for row in some]
                records = self.records(key for key in keys if None not in key)
                for row, key in zip(some, keys, strict=True):
                    yield (*row, records.get(key))

        return Answer((*rows.columns, "raw"), pairs())

    def _receipt(self, file_id: str) -> Receipt:
        receipt = self._store.get(file_id)
        if receipt is None or receipt.status != "accepted":
            raise ExportedError(
                "The raw store no longer has what was read from that file.",
                where=f"reading {file_id}",
                remedy="Put the export back into exports and run the night again.",
            )
        return receipt

    def _read(
        self, connection: duckdb.DuckDBPyConnection, receipt: Receipt, numbers: set[int]
    ) -> Iterator[tuple[int, Record]]:
        number = "_record" if receipt.has_record else "file_row_number + 1"
        parquet = self._store.parquet_of(receipt)
        try:
            cursor = connection.execute(
                f"""select {number} as kura_number, *
                from read_parquet({literal(str(parquet))}, file_row_number = true)
                where kura_number in (select unnest(?))""",
                [sorted(numbers)],
            )
            names = [column[0] for column in cursor.description or ()]
            rows = cursor.fetchall()
        except duckdb.Error as error:
            if not isinstance(error, duckdb.IOException) and of_the_machine(error):
                raise
            raise ExportedError(
                "The raw file cannot be read: " + str(error).splitlines()[0],
                where=str(parquet),
                remedy="Remove it, put the export back into exports and run the night again.",
            ) from error
        for found, *values in rows:
            record = {
                name: value
                for name, value in zip(names[1:], values, strict=True)
                if value is not None and name not in _OURS
            }
            yield int(found), _as_object(record)


def _as_object(record: Record) -> Record:
    """What stands in JSON lines is kept as one text, named `record`."""
    if record.keys() == {"record"}:
        told = json.loads(record["record"])
        if isinstance(told, dict):
            return told
    return record
