"""The work database as dbt finds it: raw exports as views, facts about the run as tables.

Belongs here: `raw_<system>.<object>` over the active Parquet files (a typed view without rows where
there is none) and every table of `raw_kura`, all in one transaction. Left to others: reading files,
and everything dbt makes. The column names are dbt's source `kura`
(`models/staging/kura/_kura__sources.yml`).
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from dagster_project.lib import acceptances, engine, previous_release
from dagster_project.lib.candidate import read_manifest
from dagster_project.lib.contracts import MAPPED, Contract, Contracts
from dagster_project.lib.holidays_table import japanese_holidays
from dagster_project.lib.quarantine import set_aside_file
from dagster_project.lib.readings import IngestionResult, Reading
from dagster_project.lib.sources import Source, SourcesConfig, ValueFormat
from dagster_project.lib.spreadsheets import DATE_CELLS
from dagster_project.lib.sql_text import identifier, literal
from dagster_project.settings import House, Settings

_TABLES = {
    "run": "as_of_date date, run_id varchar, code_version varchar, config_hash varchar",
    "settings": """company_name varchar, reporting_timezone varchar, week_starts_on integer,
        fiscal_year_start_month integer, show_reps_by varchar, default_currency varchar,
        shodan_event varchar, decision_expires_after_days integer, rebooking_days integer,
        account_rule_days integer, coverage_days integer, match_window_seconds integer,
        maturity_percentile double, score_bands integer[],
        max_quarantine_share double, max_quarantine_rows integer,
        plan_trailing_days integer, plan_forecast_days integer, plan_action_days integer""",
    "sources": """source_id varchar, system varchar, source_classes varchar[], account varchar,
        timezone varchar, day_timezone varchar, is_required boolean, region varchar,
        repair_leading_zero boolean, allow_bare_81 boolean, memo_separator varchar,
        default_currency varchar, acceptance_mode varchar, acceptance_stage varchar, coverage_basis varchar,
        delivers_on varchar, covers_from date, feed varchar, require_disposition boolean,
        min_human_seconds double, speech_min_seconds double, speech_min_turns double,
        speech_min_customer_seconds double, duration_min_seconds double""",
    "own_numbers": "source_id varchar, number_raw varchar",
    "internal_domains": "source_id varchar, domain varchar",
    "user_map": "source_id varchar, user_key varchar, email varchar",
    "value_maps": """source_id varchar, object varchar, column_name varchar, from_value varchar,
        to_value varchar""",
    "lead_status_steps": "source_id varchar, status varchar, step varchar",
    "hand_raise_events": "touch_type varchar",
    "default_working_hours": "opens varchar, closes varchar",
    "mapped_columns": """source_id varchar, object varchar, column_name varchar, type varchar,
        format varchar, decimal_separator varchar, thousands_separator varchar,
        unit_factor double, constant varchar, units varchar""",
    "custom_paths": "source_id varchar, object varchar, column_name varchar, path varchar",
    "files": """file_id varchar, source_id varchar, system varchar, object_name varchar,
        path varchar, member varchar, sha256 varchar, size_bytes bigint, fingerprint varchar,
        cast_under varchar, encoding varchar, delimiter varchar, extracted_at timestamp,
        extracted_at_basis varchar, status varchar, reject_code varchar, reject_message varchar,
        remedy varchar, records_in bigint, records_accepted bigint, records_quarantined bigint,
        covers_from date, covers_to date, is_active boolean, warnings varchar""",
    "holidays": "holiday_date date, name_en varchar, name_ja varchar",
    "acceptances": "check_id varchar, reason varchar, accepted_by varchar, accepted_until date",
}
_FILE_QUARANTINE = "file_id varchar, record bigint, reason_code varchar, message varchar"


#: The tables of `raw_kura`.
FACT_TABLES = (*_TABLES, *(table.name for table in previous_release.tables()))


@dataclass(frozen=True)
class Run:
    """The night itself. config_hash: see `configuration_hash`."""

    as_of_date: date
    run_id: str
    code_version: str
    config_hash: str


def configuration_hash(settings: Settings, config: SourcesConfig, contracts: Contracts) -> str:
    """Changes with every setting and every contract; secrets are not among them."""
    text = json.dumps(
        [
            settings.model_dump(mode="json"),
            config.model_dump(mode="json"),
            sorted(contract.fingerprint for contract in contracts),
        ],
        sort_keys=True,
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def prepare(
    house: House,
    settings: Settings,
    config: SourcesConfig,
    contracts: Contracts,
    result: IngestionResult,
    run: Run,
    previous: Path | None = None,
) -> None:
    """Bring the work database up to tonight's readings. Doing it again changes nothing.

    previous: folder of the release tonight's figures are compared with; None when there is none.
    """
    house.work.mkdir(parents=True, exist_ok=True, mode=0o700)
    with engine.connect(house.work_database) as connection:
        connection.execute("begin")
        connection.execute("create schema if not exists raw_kura")
        rows = _rows(house, settings, config, contracts, result, run)
        for table, columns in _TABLES.items():
            connection.execute(f"create or replace table raw_kura.{table} ({columns})")
            _insert(connection, f"raw_kura.{table}", rows[table])
        _file_quarantine(connection, house, result)
        _previous_release(connection, previous)
        readings: dict[tuple[str, str], list[Reading]] = defaultdict(list)
        for row in result.active:
            readings[(row.receipt.system, str(row.receipt.object_name))].append(row)
        for system in contracts.systems:
            connection.execute(f"create schema if not exists {identifier('raw_' + system)}")
        for contract in contracts:
            select = _raw_select(house, contract, readings[(contract.system, contract.object_name)])
            place = f"{identifier('raw_' + contract.system)}.{identifier(contract.object_name)}"
            connection.execute(f"create or replace view {place} as {select}")
        connection.execute("commit")


def raw_columns(contract: Contract) -> tuple[str, ...]:
    """The columns of a raw table after its envelope."""
    if contract.format == "jsonl":
        return ("record",)
    return (*(column.name for column in contract.columns), "_extra")


def _raw_select(house: House, contract: Contract, rows: Sequence[Reading]) -> str:
    columns = raw_columns(contract)
    if not rows:
        nulls = ", ".join(f"null::varchar as {identifier(column)}" for column in columns)
        return (
            "select null::varchar as _source_id, null::varchar as _file_id, "
            "null::bigint as _record, null::timestamp as _extracted_at, "
            f"{nulls} where false"
        )
    # Files of one shape share one scan, which need not open every file to know its columns.
    shapes: dict[tuple[tuple[str, ...], bool], list[Path]] = defaultdict(list)
    for row in rows:
        receipt = row.receipt
        folder = house.raw / receipt.system / str(receipt.object_name)
        shapes[(receipt.columns, receipt.has_record)].append(folder / f"{receipt.file_id}.parquet")
    scans = []
    for (stored, has_record), paths in sorted(shapes.items()):
        kept = ", ".join(
            identifier(column) if column in stored else f"null::varchar as {identifier(column)}"
            for column in columns
        )
        listed = ", ".join(literal(str(path)) for path in sorted(paths))
        record = "_record" if has_record else "file_row_number + 1"
        scans.append(
            f"select _file_id, {record} as _record, {kept} "
            f"from read_parquet([{listed}], file_row_number = {str(not has_record).lower()})"
        )
    outer = ", ".join(f"readings.{identifier(column)}" for column in columns)
    return (
        "select files.source_id as _source_id, readings._file_id, readings._record::bigint as "
        f"_record, files.extracted_at as _extracted_at, {outer} "
        f"from ({' union all by name '.join(scans)}) as readings "
        "inner join raw_kura.files as files on files.file_id = readings._file_id"
    )


def _rows(
    house: House,
    settings: Settings,
    config: SourcesConfig,
    contracts: Contracts,
    result: IngestionResult,
    run: Run,
) -> dict[str, list[tuple[object, ...]]]:
    reporting, definitions = settings.reporting, settings.definitions
    rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in _TABLES}
    rows["run"].append((run.as_of_date, run.run_id, run.code_version, run.config_hash))
    rows["settings"].append(
        (
            settings.company_name,
            reporting.timezone,
            reporting.first_weekday,
            reporting.fiscal_year_start_month,
            reporting.show_reps_by,
            reporting.default_currency,
            definitions.shodan_event,
            definitions.decision_expires_after_days,
            definitions.rebooking_days,
            definitions.account_rule_days,
            definitions.coverage_days,
            settings.matching.window_seconds,
            definitions.maturity_percentile,
            list(definitions.score_bands),
            settings.gate.max_quarantine_share,
            settings.gate.max_quarantine_rows,
            settings.plan.trailing_days,
            settings.plan.forecast_days,
            settings.plan.action_days,
        )
    )
    rows["hand_raise_events"] += [
        (touch_type,) for touch_type in dict.fromkeys(definitions.hand_raise_events)
    ]
    rows["default_working_hours"] += definitions.openings
    for source in config.sources:
        rows["sources"].append(_source_row(source, reporting.default_currency))
        rows["own_numbers"] += [(source.id, number) for number in source.own_numbers]
        rows["internal_domains"] += [
            (source.id, domain.strip().lower()) for domain in source.internal_domains
        ]
        rows["user_map"] += [(source.id, key, email) for key, email in source.user_map.items()]
        rows["lead_status_steps"] += [
            (source.id, status, step)
            for step in ("mql", "nurturing", "handed_back")
            for status in getattr(source.lead_status, step)
        ]
        rows["mapped_columns"] += _mapped_rows(source)
        rows["value_maps"] += _value_map_rows(source, contracts)
        rows["custom_paths"] += [
            (source.id, contract.object_name, column, path)
            for contract in source.contracts(contracts)
            for column, path in source.custom_paths(contract).items()
        ]
    rows["files"] = [_file_row(row) for row in result.readings]
    rows["holidays"] = list(japanese_holidays())
    rows["acceptances"] = [
        (accepted.check, accepted.reason, accepted.by, accepted.until)
        for accepted in acceptances.read(house)
    ]
    return rows


def _value_map_rows(source: Source, contracts: Contracts) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for contract in source.contracts(contracts):
        maps = {key: custom.map for key, custom in source.custom_fields(contract).items()}
        mapped = source.mapped_object(contract.object_name)
        if mapped is not None:
            maps |= mapped.values
        rows += [
            (source.id, contract.object_name, column, from_value, to_value)
            for column, values in maps.items()
            for from_value, to_value in values.items()
        ]
    return rows


def _source_row(source: Source, default_currency: str) -> tuple[object, ...]:
    acceptance, connect, coverage = source.acceptance, source.connect, source.coverage
    return (
        source.id,
        source.system,
        list(source.class_names),
        source.account,
        source.local_timezone,
        source.day_timezone,
        source.required,
        source.phone.region,
        source.phone.repair_leading_zero,
        source.phone.allow_bare_81,
        source.memo_separator,
        source.default_currency or default_currency,
        acceptance.mode if acceptance else None,
        acceptance.stage if acceptance else None,
        coverage.basis,
        coverage.delivers_on,
        coverage.covers_from,
        source.feed,
        connect.require_disposition,
        connect.min_human_seconds,
        connect.speech.min_seconds,
        float(connect.speech.min_turns),
        connect.speech.min_customer_seconds,
        connect.duration.min_seconds,
    )


def _mapped_rows(source: Source) -> list[tuple[object, ...]]:
    if source.system != MAPPED:
        return []
    rows: list[tuple[object, ...]] = []
    for item in source.objects:
        for column in dict.fromkeys((*item.columns, *item.constants)):
            written = item.formats.get(column, ValueFormat())
            layouts: tuple[str, ...] = (written.duration,) if written.duration else written.layouts
            if layouts and item.format == "xlsx" and not written.duration:
                layouts += DATE_CELLS
            rows.append(
                (
                    source.id,
                    item.object,
                    column,
                    None,
                    json.dumps(layouts) if len(layouts) > 1 else next(iter(layouts), None),
                    written.decimal,
                    written.thousands,
                    written.unit_factor,
                    item.constants.get(column),
                    json.dumps(written.unit, ensure_ascii=False) if written.unit else None,
                )
            )
    return rows


def _file_row(row: Reading) -> tuple[object, ...]:
    receipt = row.receipt
    return (
        receipt.file_id,
        receipt.source_id,
        receipt.system,
        receipt.object_name,
        receipt.path,
        receipt.member,
        receipt.sha256,
        receipt.size_bytes,
        receipt.fingerprint,
        row.cast_under,
        receipt.encoding,
        receipt.delimiter,
        receipt.extracted_at,
        receipt.extracted_at_basis,
        receipt.status,
        receipt.reject_code,
        receipt.reject_message,
        receipt.remedy,
        receipt.records_in,
        receipt.records_accepted,
        receipt.records_quarantined,
        row.covers_from,
        row.covers_to,
        row.is_active,
        json.dumps(row.warnings, ensure_ascii=False),
    )


def _file_quarantine(
    connection: duckdb.DuckDBPyConnection, house: House, result: IngestionResult
) -> None:
    connection.execute(f"create or replace table raw_kura.file_quarantine ({_FILE_QUARANTINE})")
    paths = [
        str(path)
        for row in result.active
        if row.receipt.records_quarantined
        and (path := set_aside_file(house, row.file_id)).is_file()
    ]
    if paths:
        listed = ", ".join(literal(path) for path in paths)
        connection.execute(
            f"""insert into raw_kura.file_quarantine
            select file_id, record, reason_code, message from read_parquet([{listed}])"""
        )


def _previous_release(connection: duckdb.DuckDBPyConnection, folder: Path | None) -> None:
    manifest = read_manifest(folder) if folder is not None else None
    said = previous_release.said_by(manifest) if manifest is not None else {}
    for table in previous_release.tables():
        place = f"raw_kura.{table.name}"
        if table.published_as is None:
            connection.execute(f"create or replace table {place} ({table.column_definitions})")
            _insert(connection, place, said.get(table.name, []))
        else:
            has_it = manifest is not None and previous_release.is_comparable(manifest, table)
            select = table.select(folder if has_it else None)
            connection.execute(f"create or replace view {place} as {select}")


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]
) -> None:
    """Rows column by column: one statement however many there are."""
    if not rows:
        return
    types = connection.execute(f"select column_type from (describe {table})").fetchall()
    columns = list(zip(*rows, strict=True))
    values = ", ".join(f"unnest(${place + 1}::{kind}[])" for place, (kind,) in enumerate(types))
    connection.execute(f"insert into {table} select {values}", [list(column) for column in columns])
