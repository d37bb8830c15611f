"""Reconciliation: every record that came in is somewhere, file → raw → staging → activity → mart.

Each check is one question put to the work database, read-only, from a connection of its own; its
answer is the number of places where the books do not balance. The suites cannot ask these questions,
because releases do not hold what was set aside. The dbt run's own results are judged here as well.
What the answers mean for the release is left to `gate`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.lib import engine
from dagster_project.lib.candidate import FileKey, files_with_set_aside
from dagster_project.lib.sql_text import identifier, literal
from dagster_project.lib.suites import Kind, Nature, Words
from dagster_project.lib.transformation import read_tested
from dagster_project.settings import SPILL, Settings

Books = duckdb.DuckDBPyConnection

_LOST = Words(
    ja="データの受け渡しで行が失われたか増えています。公開されません。管理者に連絡してください。",
    en="Rows were lost or multiplied on the way. Nothing is published; tell the person who looks "
    "after this warehouse.",
)


@dataclass(frozen=True)
class Finding:
    """The answer to one question.

    violations: places where the books do not balance; 0 passes.
    applies: False when there was nothing to compare.
    """

    violations: int
    observed: str
    expected: str
    applies: bool = True


@dataclass(frozen=True)
class Terms:
    """What a question may know besides the books.

    set_aside_before: records set aside of every file the current release was made of.
    trouble: why the current release cannot be read, if it cannot; has_release: whether there is one.
    """

    settings: Settings
    as_of: date
    set_aside_before: Mapping[FileKey, int] = field(default_factory=dict)
    has_release: bool = False
    trouble: str | None = None


@dataclass(frozen=True)
class Question:
    """One reconciliation check."""

    id: str
    kind: Kind
    nature: Nature
    says: Words
    do: Words
    ask: Callable[[Books, Terms], Finding]


@contextmanager
def books(work_database: Path) -> Iterator[Books]:
    """The work database, attached read-only as the default of a connection of its own."""
    connection = engine.connect(spill=work_database.with_name(SPILL))
    try:
        # Under the name dbt knows it by: its views name their tables with it.
        name = identifier(work_database.stem)
        connection.execute(f"attach {literal(str(work_database))} as {name} (read_only)")
        connection.execute(f"use {name}")
        yield connection
    finally:
        connection.close()


def _rows(connection: Books, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(sql, list(values)).fetchall()


def _number(connection: Books, sql: str, *values: Any) -> int:
    return int(_rows(connection, sql, *values)[0][0] or 0)


def _tables(connection: Books, schema: str) -> frozenset[str]:
    found = _rows(
        connection,
        "select table_name from information_schema.tables "
        "where table_catalog = current_database() and table_schema = ?",
        schema,
    )
    return frozenset(row[0] for row in found)


def _listed(items: Sequence[object], most: int = 5) -> str:
    shown = ", ".join(str(item) for item in items[:most])
    return shown + (f" … ({len(items)})" if len(items) > most else "")


def _records_of_files(connection: Books, _: Terms) -> Finding:
    wrong = _rows(
        connection,
        """
        select source_id || ': ' || path || coalesce('!' || member, '')
        from raw_kura.files
        where (status = 'accepted'
               and coalesce(records_in, -1)
                   <> coalesce(records_accepted, 0) + coalesce(records_quarantined, 0))
           or (status = 'rejected' and coalesce(records_accepted, 0) <> 0)
           or status not in ('accepted', 'rejected', 'skipped_duplicate')
        order by 1
        """,
    )
    files = _number(connection, "select count(*) from raw_kura.files")
    names = [row[0] for row in wrong]
    return Finding(
        len(wrong),
        f"{len(wrong)} of {files} files do not balance" + (f": {_listed(names)}" if names else ""),
        "records in = accepted + quarantined, in every file",
    )


def _quarantine_of_files(connection: Books, _: Terms) -> Finding:
    wrong = _number(
        connection,
        """
        with counted as (
            select file_id, count(*) as records from raw_kura.file_quarantine group by file_id
        )
        select count(*)
        from raw_kura.files as files left join counted using (file_id)
        where files.status = 'accepted'
          and coalesce(files.records_quarantined, 0) <> coalesce(counted.records, 0)
        """,
    )
    return Finding(wrong, f"{wrong} files", "every quarantined record has its reason")


def _objects(connection: Books) -> list[tuple[str, str]]:
    found = _rows(
        connection,
        """
        select table_schema[5:], table_name
        from information_schema.tables
        where table_catalog = current_database() and table_schema like 'raw\\_%' escape '\\'
          and table_schema <> 'raw_kura'
        order by 1, 2
        """,
    )
    return [(system, name) for system, name in found]


def _raw_of_files(connection: Books, _: Terms) -> Finding:
    objects = _objects(connection)
    known = set(objects)
    wrong: list[str] = []
    expected = {
        file_id: (system, name, int(records or 0))
        for file_id, system, name, records in _rows(
            connection,
            "select file_id, system, object_name, records_accepted from raw_kura.files "
            "where is_active and status = 'accepted'",
        )
    }
    seen: dict[str, int] = {}
    for system, name in objects:
        relation = f"{identifier('raw_' + system)}.{identifier(name)}"
        for file_id, rows in _rows(
            connection, f"select _file_id, count(*) from {relation} group by _file_id"
        ):
            seen[file_id] = rows
            if file_id not in expected or expected[file_id][:2] != (system, name):
                wrong.append(f"{system}.{name}: {rows} rows of a file that is not active")
    for file_id, (system, name, records) in expected.items():
        if (system, name) not in known and records:
            wrong.append(f"{system}.{name}: no raw table")
        elif seen.get(file_id, 0) != records:
            wrong.append(f"{system}.{name}: {seen.get(file_id, 0)} rows for {records} records")
    return Finding(
        len(wrong),
        _listed(wrong) or f"{sum(seen.values())} rows of {len(expected)} files",
        "raw rows = accepted records, in every active file",
        applies=bool(expected),
    )


def _staging_name(system: str, name: str) -> str:
    return f"stg_{system}__{name}"


def _staging_of_raw(connection: Books, _: Terms) -> Finding:
    staging = _tables(connection, "staging")
    wrong: list[str] = []
    compared = 0
    for system, name in _objects(connection):
        raw = f"{identifier('raw_' + system)}.{identifier(name)}"
        model = _staging_name(system, name)
        if model not in staging:
            if _number(connection, f"select count(*) from {raw}"):
                wrong.append(f"{model}: no such model")
            continue
        # A record may be several rows (one per element), so records are counted, not rows.
        unequal = _rows(
            connection,
            f"""
            with raw_rows as (
                select _file_id as file_id, count(*) as records from {raw} group by _file_id
            ),
            staged as (
                select file_id, count(distinct record) as records
                from staging.{identifier(model)} group by file_id
            )
            select coalesce(raw_rows.records, 0), coalesce(staged.records, 0)
            from raw_rows full join staged using (file_id)
            where coalesce(raw_rows.records, 0) <> coalesce(staged.records, 0)
            """,
        )
        compared += 1
        if unequal:
            missing = sum(row[0] for row in unequal) - sum(row[1] for row in unequal)
            wrong.append(f"{model}: {len(unequal)} files differ, by {missing} records")
    return Finding(
        len(wrong),
        _listed(wrong) or f"{compared} objects agree",
        "staged records = raw records, in every file",
        applies=compared > 0 or bool(wrong),
    )


def _rejections(connection: Books, _: Terms) -> Finding:
    wrong: list[str] = []
    total = 0
    for system, name in _objects(connection):
        model = _staging_name(system, name)
        if model not in _tables(connection, "staging"):
            continue
        staged = _number(
            connection,
            f"select count(*) from staging.{identifier(model)} where reject_reason is not null",
        )
        listed = _number(
            connection,
            "select count(*) from activity.act_rejected_records "
            "where system = ? and object_name = ?",
            system,
            name,
        )
        total += listed
        if staged != listed:
            wrong.append(f"{model}: {staged} rejected, {listed} listed")
    return Finding(
        len(wrong),
        _listed(wrong) or f"{total} rejected rows listed",
        "every rejected row is listed with its reason",
    )


@dataclass(frozen=True)
class Deliveries:
    """A staging model whose rows are records of a kind.

    key: the column that names one, if it is not the kind's own. of_class: only rows of sources that
    are this (HubSpot's contacts are leads and contacts of a CRM, persons of a marketing system).
    """

    model: str
    key: str | None = None
    of_class: str | None = None


def _of_systems(name: str, *others: Deliveries) -> tuple[Deliveries, ...]:
    return (Deliveries(f"salesforce__{name}"), Deliveries(f"mapped__{name}"), *others)


_CRM_CONTACTS = Deliveries("hubspot__contacts", "person_id", "sfa")

# Records vendors overwrite: the column that names one, and the staging models that bring them.
VERSIONED: Mapping[str, tuple[str, tuple[Deliveries, ...]]] = {
    "accounts": ("account_id", _of_systems("accounts", Deliveries("hubspot__companies"))),
    "campaigns": ("campaign_id", _of_systems("campaigns")),
    "campaign_members": ("member_id", _of_systems("campaign_members")),
    "contacts": ("contact_id", _of_systems("contacts", _CRM_CONTACTS)),
    "events": ("meeting_id", _of_systems("events", Deliveries("hubspot__meetings"))),
    "leads": ("lead_id", _of_systems("leads", _CRM_CONTACTS)),
    "marketing_persons": (
        "person_id",
        (
            Deliveries("hubspot__contacts", of_class="ma"),
            Deliveries("mapped__marketing_persons"),
        ),
    ),
    "opportunities": (
        "opportunity_id",
        _of_systems("opportunities", Deliveries("hubspot__deals")),
    ),
    "survey_responses": ("response_id", (Deliveries("mapped__survey_responses"),)),
    "tasks": (
        "activity_id",
        _of_systems("tasks", Deliveries("hubspot__calls"), Deliveries("hubspot__emails")),
    ),
    "users": ("user_id", _of_systems("users", Deliveries("hubspot__owners"))),
}


def _ids_of(delivered: Deliveries, key: str) -> str:
    """SQL of the records one staging model delivered."""
    of_class = (
        ""
        if delivered.of_class is None
        else "and source_id in (select source_id from raw_kura.sources "
        f"where list_contains(source_classes, {literal(delivered.of_class)}))"
    )
    return (
        f"select {identifier(delivered.key or key)} as id "
        f"from staging.{identifier('stg_' + delivered.model)} where reject_reason is null {of_class}"
    )


def _versions(connection: Books, _: Terms) -> Finding:
    wrong: list[str] = []
    total = 0
    for name, (key, models) in VERSIONED.items():
        staged = " union ".join(_ids_of(delivered, key) for delivered in models)
        delivered, kept, current = (
            int(value)
            for value in _rows(
                connection,
                f"""
                select
                    (select count(*) from ({staged})),
                    (select count(distinct {identifier(key)}) from activity.act_{name}_versions),
                    (select count(distinct {identifier(key)}) from activity.act_{name}_versions
                     where is_current)
                """,
            )[0]
        )
        total += delivered
        if not delivered == kept == current:
            wrong.append(f"{name}: {delivered} delivered, {kept} kept, {current} current")
    return Finding(
        len(wrong),
        _listed(wrong) or f"{total} records",
        "every record delivered has a current state",
    )


def _legs(connection: Books, _: Terms) -> Finding:
    staged, deliveries, distinct, current, chosen, unique, superseded, shared = (
        int(value or 0)
        for value in _rows(
            connection,
            """
            with feeds as (
                select cti_account from activity.act_feed_choice where chosen_feed = 'both'
            ),
            both_feeds as (
                select cti_account, leg_id
                from activity.act_current_call_legs
                where cti_account in (select cti_account from feeds)
                  and feed in ('webhook', 'history')
                group by cti_account, leg_id
                having count(distinct feed) = 2
            )
            select
                (select count(*) from staging.stg_miitel__webhook_legs where reject_reason is null)
                + (select count(*) from staging.stg_miitel__history_legs where reject_reason is null)
                + (select count(*) from staging.stg_mapped__call_legs where reject_reason is null),
                (select count(*) from activity.act_call_leg_deliveries),
                (select count(*) from (
                    select distinct feed, cti_account, leg_id from activity.act_call_leg_deliveries
                )),
                (select count(*) from activity.act_current_call_legs),
                (select count(*) from activity.act_call_legs),
                (select count(*) from (
                    select distinct cti_account, leg_id from activity.act_call_legs
                )),
                (select sum(superseded_legs) from activity.act_feed_choice),
                (select count(*) from both_feeds)
            """,
        )[0]
    )
    wrong = []
    if staged != deliveries:
        wrong.append(f"{staged} accepted legs, {deliveries} deliveries")
    if distinct != current:
        wrong.append(f"{distinct} different legs, {current} kept")
    if current != chosen + superseded + shared:
        wrong.append(
            f"{current} kept legs, but {chosen} counted + {superseded} superseded + {shared} shared"
        )
    if chosen != unique:
        wrong.append(f"{chosen} counted legs, {unique} different ones")
    return Finding(
        len(wrong),
        _listed(wrong)
        or f"{staged} deliveries = {chosen} legs + {staged - distinct} repeats + "
        f"{superseded} superseded + {shared} in both feeds",
        "accepted legs = legs counted + repeats + superseded feed + in both feeds",
    )


def _groups(connection: Books, terms: Terms) -> Finding:
    groups, calls = (
        int(value)
        for value in _rows(
            connection,
            """
            select
                (select count(*) from (
                    select 1 from activity.act_call_legs
                    group by cti_account, call_group_id having min(started_on) <= ?
                )),
                (select count(*) from activity.act_calls where call_origin = 'cti')
            """,
            terms.as_of,
        )[0]
    )
    return Finding(
        abs(groups - calls),
        f"{groups} call groups, {calls} calls",
        "one call for every call group up to the as-of day",
    )


_FACTS: Mapping[str, str] = {
    "fct_calls": "act_calls",
    "fct_emails": "act_emails",
    "fct_meetings": "act_meeting_events",
    "fct_opportunities": "act_opportunities",
    "fct_hand_raises": "act_hand_raises",
}


def _facts(connection: Books, _: Terms) -> Finding:
    wrong = []
    total = 0
    for fact, activity in _FACTS.items():
        happened = _number(connection, f"select count(*) from activity.{activity}")
        published = _number(connection, f"select count(*) from marts.{fact}")
        total += published
        if happened != published:
            wrong.append(f"{fact}: {published} of {happened}")
    return Finding(
        len(wrong),
        _listed(wrong) or f"{total} rows",
        "one published row for everything that happened",
    )


def _leads(connection: Books, _: Terms) -> Finding:
    leads, counted = (
        int(value or 0)
        for value in _rows(
            connection,
            """
            select (select count(*) from activity.act_person_channels where is_lead),
                   (select sum(leads) from marts.kpi_channel_conversion
                    where attribution_model = 'first_touch')
            """,
        )[0]
    )
    return Finding(
        abs(leads - counted), f"{leads} leads, {counted} in cohorts", "every lead in one cohort"
    )


def _working_days(connection: Books, terms: Terms) -> Finding:
    missing = _number(
        connection,
        """
        with covered as (
            select date, bool_or(need = 'cti') as has_cti_calls, bool_or(need <> 'cti') as has_crm
            from activity.act_need_coverage
            where is_covered and need in (
                'cti', 'sfa_tasks', 'sfa_emails', 'sfa_events', 'sfa_opportunities'
            )
            group by date
        )
        select count(*)
        from activity.act_rep_days as days
        inner join covered using (date)
        anti join marts.kpi_rep_daily as daily using (rep_id, date)
        where days.working_day > 0 and days.date <= ?
          and (covered.has_crm or (covered.has_cti_calls and days.has_cti))
        """,
        terms.as_of,
    )
    return Finding(
        missing,
        f"{missing} working days without a row",
        "a row for every rep and covered working day, zeros included",
    )


def _planning_accepted(connection: Books, _: Terms) -> Finding:
    files = _number(
        connection,
        """
        select count(*) from raw_kura.files
        where system = 'planning'
          and (status = 'rejected' or coalesce(records_quarantined, 0) > 0)
        """,
    )
    rows = _rows(
        connection,
        "select object_name, count(*) from activity.act_rejected_records "
        "where system = 'planning' group by object_name order by object_name",
    )
    wrong = [f"{name}: {count} rows" for name, count in rows]
    if files:
        wrong.append(f"{files} files")
    return Finding(
        files + sum(count for _, count in rows),
        f"set aside: {_listed(wrong)}" if wrong else "nothing set aside",
        "every planning file and row accepted",
    )


def _required_sources(connection: Books, terms: Terms) -> Finding:
    rows = _rows(
        connection,
        """
        select sources.source_id, coalesce(bool_or(coverage.is_covered), false)
        from raw_kura.sources as sources
        left join activity.act_source_coverage as coverage
            on sources.source_id = coverage.source_id and coverage.date = ?
        where sources.is_required and not list_contains(sources.source_classes, 'planning')
        group by sources.source_id
        order by sources.source_id
        """,
        terms.as_of,
    )
    missing = [name for name, covered in rows if not covered]
    return Finding(
        len(missing),
        f"no data for {terms.as_of}: {_listed(missing)}" if missing else f"{len(rows)} sources",
        f"every required source covers {terms.as_of}",
        applies=bool(rows),
    )


def _quarantine_share(connection: Books, terms: Terms) -> Finding:
    """The share of every source, of what is new of it, and of each new file.

    A source's whole history thins any bad file out, so what came since the current release is judged
    by itself. What the release already carries was judged, or accepted, when it was published.
    """
    share = terms.settings.gate.max_quarantine_share
    least = terms.settings.gate.max_quarantine_rows
    parts: dict[str, tuple[int, int]] = {}

    def count(part: str, aside: int, records: int) -> None:
        before = parts.get(part, (0, 0))
        parts[part] = (before[0] + aside, before[1] + records)

    for source_id, object_name, sha256, member, path, records, aside in _rows(
        connection,
        f"""
        select source_id, object_name, sha256, member, path, coalesce(records_in, 0),
            records_set_aside
        from ({files_with_set_aside()})
        where is_active and status = 'accepted' and system <> 'planning'
        order by source_id, path, member
        """,
    ):
        before = terms.set_aside_before.get((source_id, object_name, sha256, member))
        count(source_id, aside, records)
        if before is None and terms.set_aside_before:
            count(f"new files of {source_id}", aside, records)
        if before is None or aside > before:
            count(path + (f"!{member}" if member else ""), aside, records)
    shares = {part: aside / records for part, (aside, records) in parts.items() if records}
    above = [
        f"{part}: {parts[part][0]} of {parts[part][1]} ({shares[part]:.1%})"
        for part in shares
        if parts[part][0] >= least and shares[part] > share
    ]
    return Finding(
        len(above),
        _listed(above)
        or f"at most {max(shares.values(), default=0.0):.1%} of a source or new file",
        f"less than {least} records or at most {share:.0%}, of a source and of each new file",
        applies=bool(parts),
    )


def _rejected_files(connection: Books, _: Terms) -> Finding:
    rows = _rows(
        connection,
        "select path, reject_code from raw_kura.files where status = 'rejected' "
        "and system <> 'planning' order by path",
    )
    return Finding(
        len(rows),
        _listed([f"{path} ({code})" for path, code in rows]) if rows else "no file rejected",
        "every file readable",
    )


def _stale_readings(connection: Books, _: Terms) -> Finding:
    rows = _rows(
        connection,
        "select path || coalesce('!' || member, '') from raw_kura.files "
        "where is_active and cast_under <> fingerprint order by 1",
    )
    names = [row[0] for row in rows]
    return Finding(
        len(names),
        f"under earlier rules: {_listed(names)}" if names else "every file under tonight's rules",
        "every file read as config/sources.yml says tonight",
    )


def _last_release(_: Books, terms: Terms) -> Finding:
    return Finding(
        int(terms.trouble is not None),
        terms.trouble or "as it was published",
        "the current release as it was published",
        applies=terms.has_release,
    )


QUESTIONS: tuple[Question, ...] = (
    Question(
        "reconciliation.every_record_of_every_file",
        "critical",
        "integrity",
        Words(
            ja="受け取ったすべての行が「採用」か「保留」のどちらかに数えられている",
            en="Every record received is either used or set aside",
        ),
        _LOST,
        _records_of_files,
    ),
    Question(
        "reconciliation.every_quarantined_record_has_a_reason",
        "critical",
        "integrity",
        Words(
            ja="保留にした行にはすべて理由がある",
            en="Every record set aside carries its reason",
        ),
        _LOST,
        _quarantine_of_files,
    ),
    Question(
        "reconciliation.raw_rows_equal_accepted_records",
        "critical",
        "integrity",
        Words(
            ja="採用した行はすべて生データとして保存されている",
            en="Every accepted record is kept as it was delivered",
        ),
        _LOST,
        _raw_of_files,
    ),
    Question(
        "reconciliation.staged_records_equal_raw_rows",
        "critical",
        "integrity",
        Words(
            ja="保存した行はすべて変換に渡っている",
            en="Every kept record reached the transformation",
        ),
        _LOST,
        _staging_of_raw,
    ),
    Question(
        "reconciliation.every_rejected_row_is_listed",
        "critical",
        "integrity",
        Words(
            ja="変換で除外した行はすべて理由とともに一覧にある",
            en="Every row refused while converting is listed with its reason",
        ),
        _LOST,
        _rejections,
    ),
    Question(
        "reconciliation.every_delivered_record_has_a_current_state",
        "critical",
        "integrity",
        Words(
            ja="届いたリード・商機などにはすべて現在の状態がある",
            en="Every lead, opportunity and other record delivered has a current state",
        ),
        _LOST,
        _versions,
    ),
    Question(
        "reconciliation.every_leg_is_counted_or_explained",
        "critical",
        "integrity",
        Words(
            ja="届いた通話記録はすべて、数えたか、重複か、もう一方の出力にあるかのどれかである",
            en="Every call record delivered is counted, a repeat, or in the other feed",
        ),
        _LOST,
        _legs,
    ),
    Question(
        "reconciliation.every_call_group_is_one_call",
        "critical",
        "integrity",
        Words(
            ja="ひとまとまりの通話がちょうど一件の通話になっている",
            en="Every group of call records is exactly one call",
        ),
        _LOST,
        _groups,
    ),
    Question(
        "reconciliation.everything_that_happened_is_published",
        "critical",
        "integrity",
        Words(
            ja="通話・メール・予定・商機がすべて公開の明細にある",
            en="Every call, e-mail, meeting and opportunity has its published row",
        ),
        _LOST,
        _facts,
    ),
    Question(
        "reconciliation.every_lead_is_in_one_cohort",
        "critical",
        "integrity",
        Words(
            ja="すべてのリードがちょうど一つの月・チャネルに数えられている",
            en="Every lead is counted in exactly one month and channel",
        ),
        _LOST,
        _leads,
    ),
    Question(
        "reconciliation.every_covered_working_day_has_its_row",
        "critical",
        "integrity",
        Words(
            ja="データのある稼働日は、活動がなくても全員分の行がある",
            en="Every rep has a row for every covered working day, idle or not",
        ),
        _LOST,
        _working_days,
    ),
    Question(
        "reconciliation.every_planning_row_is_accepted",
        "critical",
        "integrity",
        Words(
            ja="計画表（名簿・目標・ルールなど）のすべての行が読めた",
            en="Every row of the planning tables (roster, targets, rules …) could be read",
        ),
        Words(
            ja="計画表の該当行を直してください（kpi quarantine で確認できます）。",
            en="Correct the rows named by `kpi quarantine`: they decide what every number means.",
        ),
        _planning_accepted,
    ),
    Question(
        "reconciliation.required_sources_cover_the_day",
        "critical",
        "integrity",
        Words(
            ja="必須のデータ元がすべて基準日までそろっている",
            en="Every required source covers the as-of day",
        ),
        Words(
            ja="足りないファイルを置いて再実行してください。",
            en="Deliver the missing file and run again; yesterday's release stays meanwhile.",
        ),
        _required_sources,
    ),
    Question(
        "reconciliation.few_records_are_set_aside",
        "critical",
        "plausibility",
        Words(
            ja="保留・除外された行が、データ元でも新しいファイルでも多すぎない",
            en="Not too many records of a source or of a new file were set aside",
        ),
        Words(
            ja="kpi quarantine で理由を確かめ、元の出力を直すか、理由を添えて承認してください。"
            "一度公開したファイルは、保留が増えない限り再び問われません。",
            en="See why with `kpi quarantine`; correct the export, or accept it with a reason. A file that "
            "was published once is not asked about again unless more of it is refused.",
        ),
        _quarantine_share,
    ),
    Question(
        "reconciliation.no_file_is_rejected",
        "warning",
        "plausibility",
        Words(
            ja="読めなかったファイルはない",
            en="No file had to be rejected whole",
        ),
        Words(
            ja="ファイル名と理由を確かめ、正しいファイルを置いてください。",
            en="See the file and its reason in `kpi quarantine`; deliver it again.",
        ),
        _rejected_files,
    ),
    Question(
        "reconciliation.every_file_is_read_under_tonights_rules",
        "critical",
        "plausibility",
        Words(
            ja="すべてのファイルが、いまの設定の読み方で読まれている",
            en="Every file is read as the configuration says tonight",
        ),
        Words(
            ja="設定を変えたあと、元のファイルがなく残した内容からも読み直せません。ファイルを戻すか、設定を戻すか、"
            "理由を添えて承認してください。",
            en="The configuration changed, the export is gone, and what is kept of it does not suffice to "
            "read it again. Put the file back, undo the edit, or accept it with a reason.",
        ),
        _stale_readings,
    ),
    Question(
        "reconciliation.last_release_can_be_compared_with",
        "warning",
        "plausibility",
        Words(
            ja="前回の公開が公開時のまま読める",
            en="The current release can be read as it was published",
        ),
        Words(
            ja="前回との比較は行われませんでした。公開フォルダーが壊れた原因を確かめてください。",
            en="Nothing was compared with the last release. Find out what damaged the published folder.",
        ),
        _last_release,
    ),
)

# The gate's own checks on the run's identity and on dbt; ids stand here so that everything that
# must have run is known in one place.
DBT_RUN = "dbt.results_are_of_this_run"
DBT_MODELS = "dbt.every_model_was_built"
DBT_TESTS = "dbt.every_test_passed"
DBT_MARTS = "dbt.candidate_holds_the_tested_tables"
DBT_QUESTIONS: Mapping[str, Words] = {
    DBT_RUN: Words(
        ja="変換の結果は今回の実行のものである",
        en="The transformation's results are of this very run",
    ),
    DBT_MODELS: Words(
        ja="すべての計算が最後まで終わっている", en="Every model was built to the end"
    ),
    DBT_TESTS: Words(
        ja="計算の自己点検がすべて実行され、合格した",
        en="Every test of the transformation ran and passed",
    ),
    DBT_MARTS: Words(
        ja="公開する表は、自己点検を受けた計算結果そのものである",
        en="The tables to be published are the very ones the transformation tested",
    ),
}
CHECK_IDS = frozenset({question.id for question in QUESTIONS} | set(DBT_QUESTIONS))
WARNINGS = frozenset(question.id for question in QUESTIONS if question.kind == "warning")
ACCEPTABLE = frozenset(
    question.id
    for question in QUESTIONS
    if question.nature == "plausibility" and question.kind == "critical"
)


@dataclass(frozen=True)
class DbtFindings:
    """What dbt's artifacts say, and how many models and tests they cover."""

    findings: Mapping[str, Finding]
    models: int
    tests: int


def dbt_findings(target: Path, run_id: str, contents: Mapping[str, str]) -> DbtFindings:
    """Judge dbt's artifacts in `target`: of this run, every model built, every test run and passed.

    Reads `manifest.json`, `run_results.run.json` and `run_results.test.json`. The run is recognised by
    the environment variable DBT_ENV_CUSTOM_ENV_KPI_RUN_ID, which dbt copies into its results.
    contents: the fingerprint of every table of the candidate. It must be the one written down when the
    tests had run: steps can be launched singly, and the work database written to between them.
    """
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    models = {
        key
        for key, node in nodes.items()
        if node["resource_type"] == "model" and node["config"]["materialized"] != "ephemeral"
    }
    tests = {
        key: str(node["config"].get("severity", "error")).lower()
        for key, node in nodes.items()
        if node["resource_type"] == "test"
    }
    runs = {name: _dbt_results(target / f"run_results.{name}.json") for name in ("run", "test")}
    foreign = [name for name, (run, _) in runs.items() if run != run_id]
    built, tested = runs["run"][1], runs["test"][1]
    unbuilt = sorted(_short(key) for key in models if built.get(key) != "success")
    not_run = sorted(key for key in tests if tested.get(key, "skipped") in {"skipped", "no-op"})
    failed = sorted(
        key
        for key, severity in tests.items()
        if key not in not_run
        and tested[key] != "pass"
        and not (severity == "warn" and tested[key] == "warn")
    )
    tested_contents = read_tested(target)
    unequal = sorted(
        name
        for name in contents.keys() | tested_contents.keys()
        if contents.get(name) != tested_contents.get(name)
    )
    wrong = [f"{_short(key)} did not run" for key in not_run] + [_short(key) for key in failed]
    return DbtFindings(
        {
            DBT_RUN: Finding(
                len(foreign),
                f"results of another run: {_listed(foreign)}" if foreign else run_id,
                f"results of run {run_id}",
            ),
            DBT_MODELS: Finding(
                len(unbuilt), _listed(unbuilt) or f"{len(models)} models", "every model built"
            ),
            DBT_TESTS: Finding(
                len(wrong), _listed(wrong) or f"{len(tests)} tests", "every test passed"
            ),
            DBT_MARTS: Finding(
                len(unequal),
                f"other rows than were tested: {_listed(unequal)}"
                if unequal
                else f"{len(contents)} tables",
                "every table as it was tested",
            ),
        },
        len(models),
        len(tests),
    )


def _dbt_results(path: Path) -> tuple[str | None, dict[str, str]]:
    if not path.is_file():
        return None, {}
    document = json.loads(path.read_text(encoding="utf-8"))
    run = document["metadata"].get("env", {}).get("KPI_RUN_ID")
    return run, {item["unique_id"]: item["status"] for item in document["results"]}


def _short(unique_id: str) -> str:
    return unique_id.split(".")[2] if unique_id.count(".") >= 2 else unique_id
