"""The page a manager opens: offline, escaped, in both languages, and saying what the audit says."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dagster_project.lib import audit_page, gate
from dagster_project.lib.audit import read_audit, written
from dagster_project.lib.candidate import read_manifest
from tests.gate.company import Company


@pytest.fixture(scope="module")
def folder(judged: Company) -> Path:
    return gate.the_candidate(judged.house)


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "audit.html").read_text(encoding="utf-8")


class Balanced(HTMLParser):
    """Fails on a tag that is not closed where it should be."""

    void = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not {"src", "href", "onclick", "onload"} & {name for name, _ in attrs}
        assert tag not in {"script", "link", "img", "iframe"}
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_from_anywhere(page: str) -> None:
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert not re.search(r"https?://|url\(|@import", page)


def test_the_page_gives_its_verdict_in_both_languages(page: str) -> None:
    assert "この数字は使えます。" in page
    assert "These figures can be used." in page
    assert "2026-06-30" in page
    assert "みらい商事" in page


def test_the_page_shows_last_months_figures_sources_and_what_was_set_aside(page: str) -> None:
    assert "直近の完了月（2026-06）" in page
    assert "88 ÷ 528" in page
    assert "16.7%" in page
    assert "日時として読めない" in page
    assert "miitel/calls.csv" in page


def test_the_page_tells_what_the_numbers_of_that_month_say(folder: Path, page: str) -> None:
    """June's and the quarter's, and none of May's."""
    summary = read_audit(folder).summary
    assert summary.findings_count == len(summary.findings) > 0
    assert all(told.ja in page and told.en in page for told in summary.findings)
    told = [told.en for told in summary.findings]
    assert {"Misses its target", "Dials more"} <= set(told)
    assert "Accuracy of the list" not in told


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.2198, "ratio", "22.0%"),
        (31_090_000.0, "yen", "¥31,090,000"),
        (119.22, "seconds", "119.2 s"),
        (51_182.0, "seconds", "51,182 s"),
        (6.796, "turns", "6.8"),
        (1_324.0, "calls", "1,324"),
        (None, "ratio", "–"),
    ],
)
def test_a_figure_is_written_in_its_unit(value: float | None, unit: str, shown: str) -> None:
    assert written(value, unit) == shown


def test_a_refused_candidate_says_what_stopped_it(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    poisoned = copy_of(untouched)
    poisoned.change("update marts.fct_calls set is_human_reached = false")
    folder = poisoned.build()
    poisoned.judge()
    page = (folder / "audit.html").read_text(encoding="utf-8")
    assert "公開できません。" in page
    assert "有効接触はすべて対人通話である" in page
    assert "fct_calls.connect_is_a_reached_human" in page


def test_texts_are_escaped(folder: Path) -> None:
    manifest = read_manifest(folder)
    evil = "<script>alert('x')</script>"
    inputs = tuple(item.model_copy(update={"path": evil}) for item in manifest.inputs)
    audit = read_audit(folder).model_copy(update={"company": evil})
    page = audit_page.render(audit, manifest.model_copy(update={"inputs": inputs}))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_page_is_a_pure_function_of_audit_and_manifest(folder: Path, page: str) -> None:
    assert audit_page.render(read_audit(folder), read_manifest(folder)) == page
