"""`dictionary.html`: what each number means and where it stands, in Japanese and English, on one page.

Everything said of a metric is the release's own: names, definition, formula and rules from `dim_metrics`, the
figures of the last full month of the whole company from `kpi_scorecard`. This page only lays it out, and
spells out the catalogue's codes. `render` is a pure function of the release's tables. Links lead to places
of the page alone; the look is `pages`'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Any, Final

from dagster_project.lib.pages import (
    CATEGORY_EN,
    DOCUMENT_END,
    FIGURE_STATUS,
    both,
    document_head,
    section_heading,
    written,
)
from dagster_project.lib.query import sandboxed

DICTIONARY_PAGE: Final = "dictionary.html"

Metric = Mapping[str, Any]
Words = tuple[str, str]

_STYLE = """
nav{columns:16rem;background:var(--paper);border:1px solid var(--line);padding:.6rem 1rem;font-size:.9rem}
nav a{color:var(--ink);text-decoration:none;display:block}nav a:hover{text-decoration:underline}
article{background:var(--paper);border:1px solid var(--line);padding:.2rem 1rem .8rem;margin:.8rem 0}
article h3 code{font-weight:400;margin-left:.5em}
dl{display:grid;grid-template-columns:9rem 1fr;gap:.25rem 1rem;margin:.4rem 0 0}
dt{color:var(--soft);font-size:.85rem}dd{margin:0}dd b{font-size:1.1rem}
@media print{nav{display:none}article{break-inside:avoid;border:0;border-top:1px solid var(--line)}}
@media(max-width:40rem){dl{grid-template-columns:1fr}}
"""

# What the catalogue's codes say; a test holds the lists to the catalogue.
DIRECTIONS: Final[dict[str, Words]] = {
    "up": ("多い（高い）ほど良い", "more is better"),
    "down": ("少ない（低い）ほど良い", "less is better"),
    "none": ("良し悪しを決めない", "neither way is better"),
}
NEEDS: Final[dict[str, Words]] = {
    "cti": ("通話履歴", "calls"),
    "sfa_emails": ("SFAのメール活動", "e-mails of the sales system"),
    "sfa_events": ("SFAの予定（商談）", "calendar events of the sales system"),
    "sfa_opportunities": ("SFAの案件", "opportunities of the sales system"),
    "shodan_event": ("商談と数える出来事の記録", "a record of what counts as a meeting"),
    "acceptance": ("有効商談の判定の記録", "a record of what field sales accepted"),
    "meeting_outcome": ("商談の実施結果の記録", "a record of how meetings ended"),
    "people": ("リード・取引先責任者", "leads and contacts"),
    "title_map": ("役職の対応表", "the title map"),
    "known_day": ("1日分そろったデータ", "days that are known as a whole"),
    "hand_raises": ("反響（問い合わせなど）の記録", "a record of hand-raises"),
    "marketing_emails": ("MAのメール配信", "e-mails of the marketing system"),
    "seminars": ("セミナーの参加記録", "seminar participations"),
    "target_list": ("ターゲットリスト", "target lists"),
}
MATURITIES: Final[dict[str, Words]] = {
    "decision": ("有効商談かどうかの判定", "field sales' decision"),
    "held": ("商談の実施", "the meeting itself"),
    "win": ("受注または失注", "the deal's end"),
    "lead": ("リードのその後", "what becomes of the leads"),
}


@dataclass(frozen=True)
class Figure:
    """A metric of the whole company in the last full month."""

    value: float | None
    numerator: float | None
    denominator: float | None
    target: float | None
    previous: float | None
    status: str


@dataclass(frozen=True)
class Dictionary:
    """What the page says.

    month: first day of the last full month; None before there is one.
    metrics: rows of dim_metrics in the order of the page. figures: by metric.
    """

    company: str
    as_of: date
    month: date | None
    metrics: tuple[Metric, ...]
    figures: Mapping[str, Figure]


def of_release(warehouse: Path) -> str:
    """The page of a candidate's or release's database."""
    return render(read(warehouse))


def read(warehouse: Path) -> Dictionary:
    """What the tables of a candidate or release say."""
    with sandboxed(warehouse) as connection:
        release = connection.execute("select company_name, as_of_date from release").fetchone()
        found = connection.execute("select * from dim_metrics order by position, metric")
        names = [column[0] for column in found.description or ()]
        metrics = tuple(dict(zip(names, row, strict=True)) for row in found.fetchall())
        rows = connection.execute(
            """
            with months as (
                select * from kpi_scorecard
                where period_type = 'month' and scope_type = 'company' and is_period_over
            )
            select period_start, metric, value, numerator, denominator, target, previous_value, status
            from months where period_start = (select max(period_start) from months)
            """
        ).fetchall()
    assert release is not None
    return Dictionary(
        company=release[0],
        as_of=release[1],
        month=rows[0][0] if rows else None,
        metrics=metrics,
        figures={row[1]: Figure(*row[2:]) for row in rows},
    )


def render(dictionary: Dictionary) -> str:
    """The whole page."""
    by_category: dict[str, list[Metric]] = {}
    for metric in dictionary.metrics:
        by_category.setdefault(metric["category"], []).append(metric)
    names = {metric["metric"]: metric for metric in dictionary.metrics}
    parts = [
        document_head(f"{dictionary.company} — KPI", dictionary.company, _STYLE),
        _opening(dictionary),
        *(_contents(category, metrics) for category, metrics in by_category.items()),
    ]
    for category, metrics in by_category.items():
        parts.append(f'<section id="{escape(category)}">{_of_category(category)}')
        parts += [_article(metric, names, dictionary) for metric in metrics]
        parts.append("</section>")
    return "\n".join([*parts, DOCUMENT_END])


def _opening(dictionary: Dictionary) -> str:
    month = f"{dictionary.month:%Y-%m}" if dictionary.month else "–"
    count = len(dictionary.metrics)
    said = both(
        f"KPI辞書：{count} 指標。数値は全社・直近の完了月（{month}）、基準日 {dictionary.as_of}。",
        f"KPI dictionary: {count} metrics. Figures are of the whole company in the last full month "
        f"({month}), as of {dictionary.as_of}.",
    )
    return f"<p>{said}</p>"


def _of_category(category: str) -> str:
    return section_heading(category, CATEGORY_EN.get(category, ""))


def _contents(category: str, metrics: Sequence[Metric]) -> str:
    links = "".join(
        f'<a href="#{escape(metric["metric"])}">{escape(metric["label_ja"])}'
        f"{' ★' if metric['is_headline'] else ''}</a>"
        for metric in metrics
    )
    return f"{_of_category(category)}<nav>{links}</nav>"


def _article(metric: Metric, names: Mapping[str, Metric], dictionary: Dictionary) -> str:
    entries: list[tuple[Words, str]] = [
        (("定義", "definition"), both(metric["definition_ja"], metric["definition_en"])),
        (("計算式", "formula"), _formula(metric, names)),
        (("数える行", "rows that count"), _rows(metric, "numerator")),
    ]
    if metric["denominator"]:
        entries.append((("分母の行", "rows below the line"), _rows(metric, "denominator")))
    entries += [
        (("現在の値", "current value"), _figure(metric, dictionary)),
        (("単位", "unit"), both(*_unit(metric))),
        (("目的", "purpose"), both(metric["purpose_ja"], metric["purpose_en"])),
        (("必要なデータ", "needs"), both(*_listed(metric["needs"].split("+")))),
        (("注意点", "caveats"), "".join(both(*caveat) for caveat in _caveats(metric))),
        (
            ("集計できる範囲・責任者・版", "scopes, owner, version"),
            f"{escape(metric['scopes'])} · {escape(metric['owner'])} · v{metric['definition_version']}",
        ),
    ]
    told = "".join(f"<dt>{both(*words)}</dt><dd>{text}</dd>" for words, text in entries)
    name = escape(metric["metric"])
    return (
        f'<article id="{name}"><h3>{both(metric["label_ja"], metric["label_en"])}<code>{name}</code></h3>'
        f"<dl>{told}</dl></article>"
    )


def _formula(metric: Metric, names: Mapping[str, Metric]) -> str:
    if metric["metric_type"] == "simple":
        return f"<code>{escape(metric['numerator_sql'])}</code>"
    above, below = (names[metric[part]] for part in ("numerator", "denominator"))
    return both(
        f"{above['label_ja']} ÷ {below['label_ja']}", f"{above['label_en']} ÷ {below['label_en']}"
    )


def _rows(metric: Metric, part: str) -> str:
    table, rows = metric[f"{part}_table"], metric[f"{part}_rows"]
    day, each = metric[f"{part}_date"], metric[f"{part}_each"]
    return f"<code>from {escape(table)} where {escape(rows)} · by {escape(day)} · each {escape(each)}</code>"


def _figure(metric: Metric, dictionary: Dictionary) -> str:
    figure = dictionary.figures.get(metric["metric"])
    if figure is None:
        return both("まだありません", "none yet")
    unit = metric["unit"]
    counts = ""
    if metric["denominator"] and figure.numerator is not None:
        counts = f" = {written(figure.numerator)} ÷ {written(figure.denominator)}"
    status = FIGURE_STATUS.get(figure.status, (figure.status, figure.status))
    others = [
        ("前月", "month before", figure.previous),
        ("目標", "target", figure.target),
    ]
    beside = "; ".join(
        f"{ja} / {en} {written(value, unit)}" for ja, en, value in others if value is not None
    )
    return (
        f"<b>{written(figure.value, unit)}</b>{escape(counts)}"
        f"{both(*status) if status[0] else ''}"
        f"{f'<span class=ja>{escape(beside)}</span>' if beside else ''}"
    )


def _unit(metric: Metric) -> Words:
    ja, en = DIRECTIONS[metric["direction"]]
    unit = {"ratio": "%", "yen": "¥"}.get(metric["unit"], metric["unit"])
    return f"{unit}、{ja}", f"{unit}; {en}"


def _listed(codes: Sequence[str]) -> Words:
    words = [NEEDS[code] for code in codes]
    return "、".join(ja for ja, _ in words), ", ".join(en for _, en in words)


def _caveats(metric: Metric) -> list[Words]:
    """What the catalogue's rules mean to whoever reads the figure."""
    caveats = [
        (
            "必要なデータがない日は「一部欠け」または「データなし」で、0ではありません。",
            "Days without what it needs make it partial or unavailable, never 0.",
        )
    ]
    if metric["minimum_sample"]:
        caveats.append(
            (
                f"分母が {metric['minimum_sample']} 未満の間は「件数少」です。",
                f"A small sample while fewer than {metric['minimum_sample']} lie below the line.",
            )
        )
    if metric["maturity"] in MATURITIES:
        ja, en = MATURITIES[metric["maturity"]]
        caveats.append(
            (
                f"「確定前」の間は{ja}を待っており、今後増えることがあります。",
                f"While maturing it waits for {en} and may still grow.",
            )
        )
    if metric["metric_type"] == "ratio":
        caveats.append(
            (
                "率は平均も合計もできません。件数を足してから割ってください。",
                "Shares can be neither averaged nor added up: add the counts, then divide.",
            )
        )
    elif not metric["is_additive"]:
        caveats.append(
            (
                "日・担当者をまたいで足せません（重複を除いて数えるため）。",
                "It cannot be added up over days or people: each thing counts once.",
            )
        )
    return caveats
