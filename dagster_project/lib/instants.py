"""When a file was exported: from its name, else the latest instant inside it; never its mtime.

Also the dates a file name speaks for. Rules: formats §4.0 (extracted_at) and §6.4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from dagster_project.lib.contracts import Column, Contract
from dagster_project.lib.sources import Source, parse_day
from dagster_project.lib.sql_text import identifier, literal

_EARLIEST = "timestamp '2000-01-01'"
_LATEST = "timestamp '2100-01-01'"
_ZONED = "(Z|z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$"
_EPOCH = (
    "make_timestamp(try_cast(value as bigint) "
    "* case when try_cast(value as bigint) >= 100000000000 then 1000 else 1000000 end)"
)
_LONGEST_GAP = timedelta(days=366)


@dataclass(frozen=True)
class NameFacts:
    """What the name of a file says. Instants are UTC without a zone."""

    extracted_at: datetime | None = None
    covers_from: date | None = None
    covers_to: date | None = None

    @property
    def key(self) -> str:
        return "|".join(
            str(part or "") for part in (self.extracted_at, self.covers_from, self.covers_to)
        )


def name_facts(source: Source, names: tuple[str, ...]) -> NameFacts:
    """Facts from the first of these names that matches each pattern (member before archive)."""
    extracted_at = covers_from = covers_to = None
    if source.extracted_at is not None:
        found = _search(source.extracted_at.pattern, names)
        if found is not None:
            zone = ZoneInfo(source.extracted_at.timezone or source.day_timezone)
            extracted_at = _instant(found.groupdict(), zone)
    if source.coverage.basis == "file_name" and source.coverage.pattern is not None:
        found = _search(source.coverage.pattern, names)
        if found is not None:
            groups = found.groupdict()
            first = groups.get("date") or groups.get("from") or ""
            last = groups.get("date") or groups.get("to") or ""
            covers_from, covers_to = parse_day(first), parse_day(last, last=True)
            if covers_from is None or covers_to is None or covers_from > covers_to:
                covers_from = covers_to = None
    return NameFacts(extracted_at, covers_from, covers_to)


def _search(pattern: str, names: tuple[str, ...]) -> re.Match[str] | None:
    return next((found for item in names if (found := re.search(pattern, item))), None)


def _instant(groups: dict[str, str | None], zone: ZoneInfo) -> datetime | None:
    day = parse_day(groups.get("date") or "", last=True)
    if day is None:
        return None
    digits = re.sub(r"\D", "", groups.get("time") or "")
    # A name with a date alone: the file may hold anything up to the end of that day.
    clock = time(23, 59, 59)
    if digits:
        try:
            clock = datetime.strptime(digits[:6].ljust(6, "0"), "%H%M%S").time()
        except ValueError:
            return None
    return datetime.combine(day, clock, zone).astimezone(UTC).replace(tzinfo=None)


def extract_covers_to(extracted_at: datetime | None, source: Source) -> date | None:
    """The last whole local day before an extract was made."""
    if extracted_at is None:
        return None
    local = extracted_at.replace(tzinfo=UTC).astimezone(ZoneInfo(source.day_timezone))
    return local.date() - timedelta(days=1)


def latest_instant(
    connection: duckdb.DuckDBPyConnection, parquet: Path, contract: Contract, source: Source
) -> datetime | None:
    """The latest plausible instant inside the file, UTC; None if there is none.

    Of every instant that cannot lie ahead of the export; starts and ends of meetings can.
    """
    mapped = source.mapped_object(contract.object_name)
    as_lines = contract.format == "jsonl" and mapped is None
    instants = [
        column
        for column in contract.columns
        if column.data_type == "timestamp" and not column.may_be_ahead
    ]
    if as_lines:
        instants = [column for column in instants if column.path is not None]
    if not instants:
        return None
    connection.execute(f"set timezone = {literal(source.day_timezone)}")
    cases = " ".join(
        f"when {literal(column.name)} then {_instant_sql(column, source, contract)}"
        for column in instants
    )
    texts = f"""source as (from read_parquet({literal(str(parquet))})),
        texts as (select * from ({_texts(instants, contract, as_lines)}) where value is not null)"""
    # Texts of one day and one shape sort as their instants do, so only the last of each is parsed;
    # if one of those is no instant, every text is.
    one_shape = (
        "left(value, 10), length(value), case when value[-6] in ('+', '-') then value[-6:] end"
    )
    grouped = (
        f"{texts}, shaped as (select which, max(value) as value, count(*) as rows from texts "
        f"group by which, {one_shape})"
    )
    single = f"{texts}, shaped as (select which, value, 1 as rows from texts)"
    is_sortable = all(_sorts_as_text(column, source, contract) for column in instants)
    for shaped in (grouped, single) if is_sortable else (single,):
        days = connection.execute(
            f"""with {shaped},
            instants as (select case which {cases} end as instant, rows from shaped)
            select max(instant), sum(rows)::bigint, bool_or(instant is null) from instants
            where instant is null or instant between {_EARLIEST} and {_LATEST}
            group by instant::date order by 1 desc nulls last"""
        ).fetchall()
        if shaped is single or not any(failed for _, _, failed in days):
            return _believed([(latest, rows) for latest, rows, failed in days if not failed])
    return None


def _texts(instants: list[Column], contract: Contract, as_lines: bool) -> str:
    """SQL of (value, which): every text of these columns in `source`."""
    if not as_lines:
        return " union all ".join(
            f"select {identifier(column.name)} as value, {literal(column.name)} as which from source"
            for column in instants
        )
    # All paths of a document in one call: parsing it is nearly all the cost.
    parts = []
    whole = [column for column in instants if (column.path or "").startswith("$$")]
    own = [column for column in instants if column not in whole]
    item = f"unnest(json_extract(record, '{contract.unnest}[*]'))" if contract.unnest else "record"
    for columns, document in ((whole, "record"), (own, item)):
        if columns:
            paths = ", ".join(literal((column.path or "").replace("$$", "$")) for column in columns)
            names = ", ".join(literal(column.name) for column in columns)
            parts.append(
                f"select unnest(json_extract_string(document, [{paths}])) as value, "
                f"unnest([{names}]) as which from (select {document} as document from source)"
            )
    return " union all ".join(parts)


def _sorts_as_text(column: Column, source: Source, contract: Contract) -> bool:
    mapped = source.mapped_object(contract.object_name)
    written = mapped.formats.get(column.name) if mapped else None
    return column.type != "epoch_ms" and not (written and written.layouts)


def _believed(days: list[tuple[datetime, int]]) -> datetime | None:
    """The latest instant, but not one that a few mistyped rows put years after all the others.

    days: (latest instant, instants) per day, latest first. Believing such a row would make it the
    newest version for ever, and every plausibility bound with it.
    """
    total = sum(count for _, count in days)
    above = 0
    for (latest, count), (earlier, _) in pairwise(days):
        above += count
        if above * 100 > total and above > 1:
            break
        if latest - earlier > _LONGEST_GAP:
            return _believed(days[days.index((latest, count)) + 1 :])
    return days[0][0] if days else None


def _instant_sql(column: Column, source: Source, contract: Contract) -> str:
    """An instant in UTC from text; null where the text is none (staging says why)."""
    mapped = source.mapped_object(contract.object_name)
    written = mapped.formats.get(column.name) if mapped else None
    if written is not None and written.layouts:
        zone = literal(source.day_timezone)
        read = [
            f"try_strptime(value, {literal(layout)})::timestamptz at time zone 'UTC'"
            if "%z" in layout
            else f"(try_strptime(value, {literal(layout)})::timestamp at time zone {zone}) "
            "at time zone 'UTC'"
            for layout in written.layouts
        ]
        return f"coalesce({', '.join(read)})"
    # DuckDB reads +05:30 but takes +0530 for +05: the colon is put back.
    written_out = (
        "try_cast(case when value like '%+____' then left(value, -2) || ':' || right(value, 2) "
        "else value end as timestamptz) at time zone 'UTC'"
    )
    if source.local_timezone is None:
        written_out = f"case when regexp_matches(value, '{_ZONED}') then {written_out} end"
    return (
        f"case when regexp_full_match(value, '[0-9]{{1,14}}') then {_EPOCH} else {written_out} end"
    )
