"""What the pages of a release have in common: one look, both languages, nothing from elsewhere.

No script, no font, no picture is fetched; every text is escaped. What stands on a page is left to
`audit_page` and `dictionary_page`.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

CATEGORY_EN = {"量": "volume", "質": "quality", "成果": "outcome"}
FIGURE_STATUS = {
    "ok": ("", ""),
    "small_sample": ("件数少", "small sample"),
    "maturing": ("確定前", "maturing"),
    "partial": ("一部欠け", "partial"),
    "unavailable": ("データなし", "unavailable"),
}
DOCUMENT_END = "</main></body></html>\n"
_STYLE = """
:root{--ink:#1d2733;--soft:#5b6875;--line:#d9dfe5;--paper:#fff;--wash:#f4f6f8;
--good:#1b6e3c;--bad:#a3222a;--warn:#8a5a00}
*{box-sizing:border-box}
body{margin:0;background:var(--wash);color:var(--ink);line-height:1.6;overflow-wrap:anywhere;
font-family:"Hiragino Sans","Noto Sans JP","Yu Gothic",Meiryo,system-ui,sans-serif;font-size:15px}
main{max-width:62rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.35rem;margin:0 0 .2rem}h2{font-size:1.1rem;margin:2.2rem 0 .4rem}
h3{font-size:1rem;margin:1.2rem 0 .3rem}
p{margin:.3rem 0}.en{color:var(--soft);font-size:.9em}.ja{display:block}
.en{display:block}
td .en,th .en{font-weight:400}
.verdict{border-left:.5rem solid var(--good);background:var(--paper);padding:1rem 1.2rem;
margin:1rem 0}.verdict.refused{border-color:var(--bad)}
.verdict strong{font-size:1.25rem;color:var(--good)}.verdict.refused strong{color:var(--bad)}
.facts{display:flex;flex-wrap:wrap;gap:.6rem 2rem;margin:.6rem 0 0;padding:0;list-style:none}
.facts b{display:block;font-size:1.05rem}.facts span{color:var(--soft);font-size:.85rem}
.scroll{overflow-x:auto;background:var(--paper);border:1px solid var(--line)}
table{border-collapse:collapse;width:100%}
th,td{overflow-wrap:break-word;padding:.45rem .7rem;text-align:left;
vertical-align:top;border-bottom:1px solid var(--line)}
thead th{background:var(--wash);font-size:.85rem;white-space:nowrap}
tr:last-child td{border-bottom:0}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.s{white-space:nowrap;font-weight:600}.s .en{display:inline;margin-left:.3em}
.passed{color:var(--good)}.failed,.did_not_run{color:var(--bad)}.accepted{color:var(--warn)}
.not_applicable{color:var(--soft)}
code{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.8rem;overflow-wrap:anywhere;
color:var(--soft)}
details{background:var(--paper);border:1px solid var(--line);margin:.4rem 0}
summary{cursor:pointer;padding:.5rem .8rem}details .scroll{border:0;border-top:1px solid var(--line)}
@media print{body{background:#fff;font-size:11px}main{max-width:none;padding:0}
details>*{display:block}.scroll{overflow:visible}h2{break-after:avoid}tr{break-inside:avoid}}
@media(max-width:40rem){th,td{padding:.4rem .5rem}body{font-size:14px}}
"""


def document_head(title: str, name: str, style: str = "") -> str:
    """The beginning of a page, up to and with its first line; `style` is the page's own CSS."""
    return (
        '<!doctype html>\n<html lang="ja"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # Nothing may be fetched and nothing may run, whatever a text in here says.
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head><body><main>"
        f"<h1>{escape(name)}</h1>"
    )


def both(ja: str, en: str) -> str:
    return f'<span class="ja">{escape(ja)}</span><span class="en" lang="en">{escape(en)}</span>'


def section_heading(ja: str, en: str) -> str:
    return f"<h2>{both(ja, en)}</h2>"


def table_of(heads: Sequence[tuple[str, ...]], rows: Sequence[str]) -> str:
    """heads: Japanese, English and, for a column of numbers, its class."""
    cells = "".join(
        f"<th{' class=' + head[2] if len(head) == 3 else ''}>{both(head[0], head[1])}</th>"
        for head in heads
    )
    return (
        f'<div class="scroll"><table><thead><tr>{cells}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def written(value: float | None, unit: str = "") -> str:
    """A figure as people read it, by its unit in the KPI catalogue; a dash for what is not known."""
    if value is None:
        return "–"
    if unit == "ratio":
        return f"{value:.1%}"
    if unit == "yen":
        return f"¥{value:,.0f}"
    number = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    return f"{number} s" if unit == "seconds" else number
