"""The refusal of a whole file: its code, the sentence a person reads, and what to do next.

Every code a file may be rejected with stands here, so that reports, tests and remedies agree.
"""

from __future__ import annotations

from dagster_project.lib.errors import KuraError

REMEDIES = {
    "empty_file": "Export the file again; an export without rows still has a header line.",
    "undecodable": "Export again as UTF-8, or name the encoding in config/sources.yml.",
    "mojibake": "The file is damaged UTF-8. Export or copy it again.",
    "nul_bytes": "Export or copy the file again; if it is UTF-16, set encoding: utf-16.",
    "single_column": "Export with a delimiter between columns, or name it in config/sources.yml.",
    "duplicate_header": "Export again with each column once.",
    "missing_header": "Add the columns to the export, or name their headers under custom.",
    "unknown_header": "Put the file into the folder of its own source, or export the right object.",
    "ambiguous_object": "Give the file a name that says which object it holds.",
    "no_contract": "Move the file out of this folder, or name it after its object (leads.csv).",
    "history_table": "Export the object's own table; versions come from exporting it again.",
    "row_length": "Export again; a cell holds an unquoted delimiter, or the file was edited.",
    "bad_quoting": "Export again; a quotation mark is not closed, not doubled or set off by spaces.",
    "record_too_long": "Export again; one record is larger than any export writes.",
    "miscounted": "Report this file: two readers disagree on its records.",
    "not_json_lines": "Export one JSON object per line (JSON lines, NDJSON).",
    "truncated_file": "Copy or export the file again; it was cut off while it was written.",
    "truncated_archive": "Copy the archive again; it ends too early.",
    "damaged_archive": "Copy or pack the archive again.",
    "archive_too_large": "Split the archive, or raise the limits under ingestion in house.yml.",
    "archive_too_many": "Split the archive, or raise max_archive_members in house.yml.",
    "archive_ratio": "Deliver the file unpacked; it unpacks to suspiciously much.",
    "archive_path": "Pack again with plain relative names.",
    "archive_link": "Pack the files themselves, not links to them.",
    "archive_encrypted": "Deliver the archive without a password.",
    "archive_nested": "Deliver the inner archive by itself.",
    "unsupported_format": "Deliver CSV, JSON lines, or (mapped sources, HubSpot's "
    "records) XLSX, not XLS; gzip and zip are fine.",
    "damaged_workbook": "Save the workbook again as .xlsx.",
    "missing_sheet": "Name an existing sheet in config/sources.yml.",
    "file_name": "Rename it (or its folder) in UTF-8; it was packed or copied as cp932.",
    "unreadable": "Give this user the right to read the file.",
}


class FileRejected(KuraError):
    """A file (or archive member) is rejected whole. `records` is how many it holds, if known."""

    def __init__(
        self, code: str, message: str, *, record: int | None = None, records: int = 0
    ) -> None:
        self.code = code
        self.record = record
        self.records = records
        super().__init__(
            message,
            where=f"record {record}" if record is not None else None,
            remedy=REMEDIES[code],
        )
