"""`audit.html`: the audit as a sales manager reads it, in Japanese and English, on one page.

`summarise` collects the few facts shown beside the checks (never a record, never a name of a
prospect); `render` is a pure function of audit and manifest, so the publisher can make the page again
and compare. No script, no font, no picture comes from elsewhere; every text is escaped.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.lib import reconciliation
from dagster_project.lib.audit import (
    Audit,
    CheckResult,
    Figure,
    SetAside,
    SourceSummary,
    Summary,
    Told,
    written,
)
from dagster_project.lib.candidate import CandidateError, Manifest, read_manifest
from dagster_project.lib.pages import (
    CATEGORY_EN,
    DOCUMENT_END,
    FIGURE_STATUS,
    both,
    document_head,
    section_heading,
    table_of,
)
from dagster_project.lib.query import WAREHOUSE, sandboxed
from dagster_project.lib.suites import Words
from dagster_project.settings import House

_STATUS = {
    "passed": ("✓", "合格", "passed"),
    "failed": ("✕", "不合格", "failed"),
    "accepted": ("△", "承認済み", "accepted"),
    "not_applicable": ("–", "対象なし", "not applicable"),
    "did_not_run": ("!", "実行されず", "did not run"),
}
_FINDINGS_SHOWN = 10


def summarise(
    house: House, folder: Path, manifest: Manifest, *, models: int, tests: int
) -> Summary:
    """What the page shows beside the checks: last full month, sources, what was set aside."""
    month: date | None = None
    figures: tuple[Figure, ...] = ()
    sources: tuple[SourceSummary, ...] = ()
    aside: tuple[SetAside, ...] = ()
    compared_with: date | None = None
    restated: int | None = None
    findings: tuple[Told, ...] = ()
    # A summary that cannot be made must not hide a verdict: the checks name what is missing.
    with suppress(duckdb.Error), sandboxed(folder / WAREHOUSE) as connection:
        month, figures = _figures(connection)
        findings = _findings(connection, month)
        compared_with, restated = _restated(connection)
    with suppress(duckdb.Error), reconciliation.books(house.work_database) as connection:
        sources = _sources(connection, manifest.as_of)
        aside = _set_aside(connection)
    last_release, last_as_of = None, None
    with suppress(CandidateError):
        last = read_manifest(house.current.resolve())
        last_release, last_as_of = last.run_id, last.as_of
    return Summary(
        month=month,
        figures=figures,
        sources=sources,
        set_aside=aside,
        dbt_models=models,
        dbt_tests=tests,
        last_release=last_release,
        last_as_of=last_as_of,
        compared_with=compared_with,
        restated=restated,
        findings_count=len(findings),
        findings=findings[:_FINDINGS_SHOWN],
    )


def _restated(connection: duckdb.DuckDBPyConnection) -> tuple[date | None, int | None]:
    """(as-of date compared with, monthly headline figures of the company that moved); None without one."""
    row = connection.execute(
        """
        select release.previous_as_of_date,
               (select count(distinct (period_start, metric)) from kpi_restatements
                where is_headline and period_type = 'month' and scope_type = 'company')
        from release
        """
    ).fetchone()
    return (row[0], int(row[1])) if row is not None and row[0] is not None else (None, None)


def _findings(connection: duckdb.DuckDBPyConnection, month: date | None) -> tuple[Told, ...]:
    """Findings of that month, of a quarter that ends with it and of what runs or is still to come."""
    rows = connection.execute(
        """
        select finding_ja, finding_en from kpi_findings
        where period_end >= last_day($month)
        order by rank_in_period, period_end, period_type, finding_id
        """,
        {"month": month},
    ).fetchall()
    return tuple(Told(ja=ja, en=en) for ja, en in rows)


def _figures(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[date | None, tuple[Figure, ...]]:
    rows = connection.execute(
        """
        with months as (
            select * from kpi_scorecard
            where period_type = 'month' and scope_type = 'company' and is_period_over
        )
        select months.period_start, months.metric, dim_metrics.label_ja, dim_metrics.label_en,
               dim_metrics.category, dim_metrics.unit, months.numerator, months.denominator,
               months.value, months.target, months.previous_value, months.status,
               dim_metrics.is_headline
        from months inner join dim_metrics using (metric)
        where months.period_start = (select max(period_start) from months)
        order by dim_metrics.position
        """
    ).fetchall()
    figures = [
        Figure(
            metric=row[1],
            ja=row[2],
            en=row[3],
            category=row[4],
            unit=row[5] or "",
            numerator=row[6],
            denominator=row[7],
            value=row[8],
            target=row[9],
            previous=row[10],
            status=row[11],
            is_headline=row[12],
        )
        for row in rows
    ]
    return (rows[0][0] if rows else None), tuple(figures)


def _sources(connection: duckdb.DuckDBPyConnection, as_of: date) -> tuple[SourceSummary, ...]:
    rows = connection.execute(
        """
        with files as (
            select source_id,
                   count(*) filter (where status = 'accepted') as files,
                   count(*) filter (where status = 'rejected') as files_rejected,
                   coalesce(sum(records_in) filter (where status = 'accepted'), 0) as records_in,
                   coalesce(sum(records_quarantined) filter (where status = 'accepted'), 0)
                       as quarantined
            from raw_kura.files group by source_id
        ),
        refused as (
            select source_id, count(distinct (file_id, record)) as records
            from activity.act_rejected_records group by source_id
        ),
        coverage as (
            select source_id,
                   bool_or(is_covered) filter (where date = $as_of) as covers_as_of,
                   max(date) filter (where is_covered and date <= $as_of) as covered_to,
                   count(distinct date) filter (
                       where is_covered and date <= $as_of and date > $as_of - 30
                   ) as covered_days
            from activity.act_source_coverage group by source_id
        )
        select sources.source_id, sources.system, coalesce(sources.is_required, false),
               coalesce(files.files, 0), coalesce(files.files_rejected, 0),
               coalesce(files.records_in, 0),
               coalesce(files.quarantined, 0) + coalesce(refused.records, 0),
               -- planning has no days; one feed of a phone system may rest while another delivers
               case
                   when sources.system = 'planning' then null
                   when coverage.covers_as_of then true
                   when other_feeds.covers_as_of then null
                   else false
               end,
               coverage.covered_to,
               case when sources.system != 'planning' then coverage.covered_days end
        from raw_kura.sources as sources
        left join files using (source_id)
        left join refused using (source_id)
        left join coverage using (source_id)
        left join (
            select feeds.system, feeds.account, bool_or(coverage.covers_as_of) as covers_as_of
            from raw_kura.sources as feeds
            inner join coverage using (source_id)
            group by feeds.system, feeds.account
        ) as other_feeds
            on sources.system = other_feeds.system and sources.account = other_feeds.account
        order by sources.source_id
        """,
        {"as_of": as_of},
    ).fetchall()
    return tuple(
        SourceSummary(**dict(zip(SourceSummary.model_fields, row, strict=True))) for row in rows
    )


def _set_aside(connection: duckdb.DuckDBPyConnection) -> tuple[SetAside, ...]:
    rows = connection.execute(
        """
        with everything as (
            select files.source_id, files.object_name, quarantine.reason_code as reason,
                   quarantine.file_id, quarantine.record
            from raw_kura.file_quarantine as quarantine
            inner join raw_kura.files as files using (file_id)
            union all
            select source_id, object_name, reject_reason, file_id, record
            from activity.act_rejected_records
            union all
            select source_id, object_name, reject_code || ' (whole file)', file_id, 0
            from raw_kura.files where status = 'rejected'
        )
        select source_id, object_name, reason,
               count(distinct (file_id, record)), count(distinct file_id)
        from everything
        group by source_id, object_name, reason
        order by 4 desc, 1, 2, 3
        """
    ).fetchall()
    return tuple(SetAside(**dict(zip(SetAside.model_fields, row, strict=True))) for row in rows)


def render(audit: Audit, manifest: Manifest) -> str:
    """The whole page."""
    parts = [
        document_head(f"{audit.company} — KPI {audit.as_of}", audit.company),
        _verdict(audit),
        _figures_section(audit),
        _findings_section(audit),
        _sources_section(audit),
        _set_aside_section(audit),
        _exceptions_section(audit),
        _checks_section(audit),
        _contents_section(manifest),
        _inputs_section(manifest),
        _versions_section(audit, manifest),
        DOCUMENT_END,
    ]
    return "\n".join(part for part in parts if part)


def _words(words: Words) -> str:
    return both(words.ja, words.en)


def _verdict(audit: Audit) -> str:
    refusals, accepted, warnings = audit.refusals, audit.accepted, audit.warnings
    passed = audit.passed_count
    total = len(audit.checks)
    aside = sum(check.status == "not_applicable" for check in audit.checks)
    if refusals:
        kind, ja, en = "refused", "公開できません。", "Not fit to be shown."
        detail = both(
            f"{total} 件の点検のうち {len(refusals)} 件が公開を止めました。"
            "前回の公開内容がそのまま使われます。",
            f"{len(refusals)} of {total} checks refuse this release. "
            "The previous release stays in place.",
        )
    else:
        kind, ja, en = "", "この数字は使えます。", "These figures can be used."
        detail = both(
            f"{total} 件の点検のうち {passed} 件が合格、{len(accepted)} 件は理由つきで承認、"
            f"{len(warnings)} 件は注意、{aside} 件は今回は対象がありません。",
            f"{passed} of {total} checks passed, {len(accepted)} accepted with a reason, "
            f"{len(warnings)} to watch, {aside} without anything to look at this time.",
        )
    covered = [source for source in audit.summary.sources if source.covers_as_of is not None]
    reached = sum(bool(source.covers_as_of) for source in covered)
    facts = [
        ("基準日", "as of", f"{audit.as_of}"),
        ("実行番号", "run", audit.run_id),
        (
            "基準日までそろったデータ元",
            "sources complete to that day",
            f"{reached} / {len(covered)}",
        ),
        (
            "前回の公開",
            "previous release",
            f"{audit.summary.last_as_of}" if audit.summary.last_as_of else "–",
        ),
        (
            "それまでの月で動いた主要な数字",
            "headline figures of past months that moved",
            _moved(audit.summary),
        ),
    ]
    listed = "".join(
        f"<li><span>{escape(ja_)} / {escape(en_)}</span><b>{escape(value)}</b></li>"
        for ja_, en_, value in facts
    )
    stops = "".join(_stopped(check) for check in audit.causes)
    return (
        f'<section class="verdict {kind}"><strong>{escape(ja)}</strong> '
        f'<span class="en" lang="en">{escape(en)}</span><p>{detail}</p>'
        f'<ul class="facts">{listed}</ul></section>{stops}'
    )


def _moved(summary: Summary) -> str:
    if summary.compared_with is None:
        return "–"
    return f"{summary.restated}（{summary.compared_with} → kpi_restatements）"


def _stopped(check: CheckResult) -> str:
    note = f"（{check.note}）" if check.note else ""
    return (
        '<section class="verdict refused">'
        f"<h3>{_words(check.says)}</h3>"
        f"<p>{both('実際', 'observed')} {escape(check.observed)}{escape(note)}</p>"
        f"<p>{both('期待', 'expected')} {escape(check.expected)}</p>"
        f"<p>{_words(check.do)}</p><code>{escape(check.id)}</code></section>"
    )


def _figures_section(audit: Audit) -> str:
    summary = audit.summary
    if summary.month is None or not summary.figures:
        return ""
    label = f"{summary.month:%Y-%m}"
    rows = []
    for figure in summary.figures:
        counts = ""
        if figure.denominator is not None and figure.numerator is not None:
            counts = f"{_count(figure.numerator)} ÷ {_count(figure.denominator)}"
        status = FIGURE_STATUS.get(figure.status, (figure.status, figure.status))
        category = CATEGORY_EN.get(figure.category, "")
        rows.append(
            f"<tr><td>{both(figure.category, category)}</td>"
            f"<td>{both(figure.ja, figure.en)}</td>"
            f'<td class="n"><b>{written(figure.value, figure.unit)}</b></td>'
            f'<td class="n">{counts}</td>'
            f'<td class="n">{written(figure.target, figure.unit)}</td>'
            f'<td class="n">{written(figure.previous, figure.unit)}</td>'
            f"<td>{both(*status) if status[0] else ''}</td></tr>"
        )
    heads = [
        ("区分", "kind"),
        ("指標", "KPI"),
        ("値", "value", "n"),
        ("件数", "counts", "n"),
        ("目標", "target", "n"),
        ("前月", "month before", "n"),
        ("状態", "status"),
    ]
    return section_heading(
        f"直近の完了月（{label}）・全社", f"Last full month ({label}), whole company"
    ) + table_of(heads, rows)


def _findings_section(audit: Audit) -> str:
    summary = audit.summary
    if summary.month is None:
        return ""
    heading = section_heading("数字が語ること", "What the numbers say")
    if not summary.findings:
        return heading + f"<p>{both('指摘はありません。', 'Nothing is flagged.')}</p>"
    rows = [f"<tr><td>{both(told.ja, told.en)}</td></tr>" for told in summary.findings]
    left = summary.findings_count - len(rows)
    more = (
        f"<p>{both(f'ほか {left} 件は kpi_findings にあります。', f'{left} more in kpi_findings.')}</p>"
        if left
        else ""
    )
    return heading + table_of([("指摘", "finding")], rows) + more


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _sources_section(audit: Audit) -> str:
    if not audit.summary.sources:
        return ""
    rows = []
    for source in audit.summary.sources:
        if source.covers_as_of is None:
            reach = both("–", "–")
        elif source.covers_as_of:
            reach = both("そろっている", "complete")
        else:
            reach = both("不足", "missing")
        days = "–" if source.covered_days_of_30 is None else f"{source.covered_days_of_30} / 30"
        required = both("必須", "required") if source.is_required else ""
        files = f"{source.files:,}" + (
            f" (+{source.files_rejected:,} ✕)" if source.files_rejected else ""
        )
        rows.append(
            f"<tr><td>{escape(source.source_id)}<br><code>{escape(source.system)}</code></td>"
            f'<td>{required}</td><td>{reach}</td><td class="n">{escape(str(source.covered_to or "–"))}'
            f'</td><td class="n">{days}</td><td class="n">{files}</td>'
            f'<td class="n">{source.records_in:,}</td>'
            f'<td class="n">{source.records_set_aside:,}</td></tr>'
        )
    heads = [
        ("データ元", "source"),
        ("必須", "required"),
        ("基準日", "as-of day"),
        ("最後の日", "last day", "n"),
        ("直近30日", "of 30 days", "n"),
        ("ファイル", "files", "n"),
        ("受け取った行", "records in", "n"),
        ("除いた行", "set aside", "n"),
    ]
    return section_heading("データのそろい具合", "How complete the data is") + table_of(heads, rows)


def _set_aside_section(audit: Audit) -> str:
    aside = audit.summary.set_aside
    heading = section_heading("数えなかった行とその理由", "What was set aside, and why")
    if not aside:
        return heading + f"<p>{both('ありません。', 'Nothing.')}</p>"
    rows = [
        f"<tr><td>{escape(item.source_id)}</td><td>{escape(item.object_name or '–')}</td>"
        f'<td>{_reason(item.reason)}</td><td class="n">{item.records:,}</td>'
        f'<td class="n">{item.files:,}</td></tr>'
        for item in aside
    ]
    heads = [
        ("データ元", "source"),
        ("種類", "object"),
        ("理由", "reason"),
        ("行", "records", "n"),
        ("ファイル", "files", "n"),
    ]
    return heading + table_of(heads, rows)


_REASONS = {
    "missing": ("必須の値がない", "a required value is missing"),
    "bad_timestamp": ("日時として読めない", "not a date and time"),
    "bad_date": ("日付として読めない", "not a date"),
    "bad_integer": ("整数として読めない", "not a whole number"),
    "bad_decimal": ("数値として読めない", "not a number"),
    "bad_boolean": ("はい・いいえとして読めない", "neither yes nor no"),
    "bad_duration": ("時間の長さとして読めない", "not a duration"),
    "bad_percent": ("割合として読めない", "not a percentage"),
    "bad_salesforce_id": ("SalesforceのIDではない", "not a Salesforce id"),
    "bad_email": ("メールアドレスとして読めない", "not an e-mail address"),
    "end_before_start": ("終了が開始より前", "ends before it starts"),
    "out_of_range": ("ありえない値", "outside what is possible"),
}


def _reason(code: str) -> str:
    known = _REASONS.get(code.split(":")[0])
    shown = f"<code>{escape(code)}</code>"
    return f"{both(*known)}{shown}" if known else shown


def _exceptions_section(audit: Audit) -> str:
    if not audit.accepted:
        return ""
    rows = []
    for check in audit.accepted:
        assert check.accepted_by is not None
        taken = check.accepted_by
        rows.append(
            f"<tr><td>{_words(check.says)}<code>{escape(check.id)}</code></td>"
            f"<td>{escape(check.observed)}</td><td>{escape(taken.reason)}</td>"
            f"<td>{escape(taken.by)}</td><td>{taken.until}</td></tr>"
        )
    heads = [
        ("点検", "check"),
        ("実際", "observed"),
        ("理由", "reason"),
        ("承認者", "by"),
        ("期限", "until"),
    ]
    return section_heading("承認済みの例外", "Accepted exceptions") + table_of(heads, rows)


def _checks_section(audit: Audit) -> str:
    groups: dict[str, list[CheckResult]] = {}
    for check in audit.checks:
        groups.setdefault(check.table, []).append(check)
    parts = [section_heading("すべての点検", "Every check")]
    for table, checks in groups.items():
        bad = [check for check in checks if not check.passed]
        good = len(checks) - len(bad)
        rows = [_check_row(check) for check in sorted(checks, key=lambda check: check.passed)]
        heads = [
            ("結果", "result"),
            ("点検", "check"),
            ("実際", "observed"),
            ("期待", "expected"),
        ]
        name = {
            "reconciliation": "突き合わせ / reconciliation",
            "dbt": "計算の自己点検 / transformation",
        }.get(table, table)
        parts.append(
            f"<details{' open' if bad else ''}><summary><b>{escape(name)}</b> "
            f"{good} / {len(checks)}</summary>{table_of(heads, rows)}</details>"
        )
    return "".join(parts)


def _check_row(check: CheckResult) -> str:
    mark, ja, en = _STATUS[check.status]
    status = check.status
    if check.is_to_watch:
        mark, ja, en, status = "△", "注意", "to watch", "accepted"
    note = f"<br><code>{escape(check.note)}</code>" if check.note else ""
    return (
        f'<tr><td class="s {status}">{mark} {escape(ja)}<span class="en" lang="en">{escape(en)}'
        f"</span></td><td>{_words(check.says)}<code>{escape(check.id)}</code></td>"
        f"<td>{escape(check.observed)}{note}</td><td>{escape(check.expected)}</td></tr>"
    )


def _contents_section(manifest: Manifest) -> str:
    rows = [
        f"<tr><td>{escape(table.name)}</td><td>{escape(table.description)}</td>"
        f'<td class="n">{table.rows:,}</td><td><code>{escape(table.content)}</code></td></tr>'
        for table in manifest.tables
    ]
    heads = [
        ("表", "table"),
        ("内容", "what it holds"),
        ("行", "rows", "n"),
        ("指紋", "fingerprint"),
    ]
    return (
        section_heading("公開する表", "Published tables")
        + f"<details><summary>{len(rows)}</summary>{table_of(heads, rows)}</details>"
    )


def _inputs_section(manifest: Manifest) -> str:
    rows = []
    for item in manifest.inputs:
        name = item.path + (f" → {item.member}" if item.member else "")
        status = item.status + (f": {item.reject_code}" if item.reject_code else "")
        rows.append(
            f"<tr><td>{escape(item.source_id)}</td><td>{escape(name)}</td><td>{escape(status)}</td>"
            f'<td class="n">{_or_dash(item.records_in)}</td>'
            f'<td class="n">{_or_dash(item.records_quarantined)}</td>'
            f"<td><code>{escape(item.sha256[:16])}</code></td></tr>"
        )
    heads = [
        ("データ元", "source"),
        ("ファイル", "file"),
        ("状態", "status"),
        ("行", "records", "n"),
        ("保留", "quarantined", "n"),
        ("SHA-256", "first 16 digits"),
    ]
    return (
        section_heading("読み込んだファイル", "Input files")
        + f"<details><summary>{len(rows)}</summary>{table_of(heads, rows)}</details>"
    )


def _or_dash(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _versions_section(audit: Audit, manifest: Manifest) -> str:
    facts: list[tuple[str, Any]] = [
        ("code", manifest.code_version),
        ("config", manifest.config_hash),
        ("suites", audit.expectations_sha256[:16]),
        ("manifest", audit.manifest_sha256),
        ("dbt models / tests", f"{audit.summary.dbt_models} / {audit.summary.dbt_tests}"),
        ("time zone", manifest.reporting_timezone),
        *manifest.packages.items(),
    ]
    rows = [
        f"<tr><td>{escape(name)}</td><td><code>{escape(str(value))}</code></td></tr>"
        for name, value in facts
    ]
    return section_heading("版", "Versions") + table_of([("名前", "name"), ("版", "version")], rows)
