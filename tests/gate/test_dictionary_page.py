"""The KPI dictionary a manager opens: every metric, escaped, offline, with the scorecard's figures."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from dagster_project.lib import dictionary_page, gate
from dagster_project.lib.candidate import read_manifest
from dagster_project.lib.dictionary_page import DICTIONARY_PAGE, Dictionary
from dagster_project.lib.pages import written
from dagster_project.lib.query import WAREHOUSE
from tests.conftest import DemoNight
from tests.gate.company import Company
from tests.harness import query


class Offline(HTMLParser):
    """Fails on a tag left open and on whatever would run, be fetched or lead away; keeps places and links."""

    void = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert tag not in {"script", "link", "img", "iframe", "object", "form"}
        assert not {"src", "onclick", "onload", "action"} & given.keys()
        if "id" in given:
            self.ids.append(given["id"])
        if "href" in given:
            self.links.append(given["href"])
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> Offline:
    parser = Offline()
    parser.feed(page)
    assert parser.open == []
    return parser


@pytest.fixture(scope="module")
def page(demo_night: DemoNight) -> str:
    return (demo_night.house.current / DICTIONARY_PAGE).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def articles(page: str) -> dict[str, str]:
    """The text of each metric's part of the page, without tags, by metric."""
    found = re.findall(r'<article id="([^"]+)">(.*?)</article>', page, flags=re.S)
    assert len(dict(found)) == len(found)
    return {name: unescape(re.sub(r"<[^>]+>", "\n", text)) for name, text in found}


@pytest.fixture(scope="module")
def metrics(demo_night: DemoNight) -> list[dict[str, Any]]:
    return query(demo_night.house, "select * from marts.dim_metrics order by position")


def test_the_page_runs_nothing_fetches_nothing_and_leads_nowhere_else(page: str) -> None:
    found = parsed(page)
    assert not re.search(r"https?://|url\(|@import|javascript:", page)
    assert "default-src 'none'" in page
    assert found.links
    assert {link.removeprefix("#") for link in found.links} <= set(found.ids)
    assert all(link.startswith("#") for link in found.links)
    assert len(found.ids) == len(set(found.ids))


def test_every_metric_of_the_catalogue_is_there_in_its_order_and_can_be_jumped_to(
    page: str, articles: dict[str, str], metrics: list[dict[str, Any]]
) -> None:
    assert set(articles) == {metric["metric"] for metric in metrics}
    for category in ("量", "質", "成果"):
        section = page[page.index(f'<section id="{category}">') :].partition("</section>")[0]
        assert re.findall(r'<article id="([^"]+)"', section) == [
            metric["metric"] for metric in metrics if metric["category"] == category
        ]
    assert parsed(page).links == [
        f"#{metric['metric']}"
        for category in ("量", "質", "成果")
        for metric in metrics
        if metric["category"] == category
    ]


def test_each_metric_says_what_the_catalogue_says_in_both_languages(
    articles: dict[str, str], metrics: list[dict[str, Any]]
) -> None:
    labels = {metric["metric"]: metric for metric in metrics}
    for metric in metrics:
        text = articles[metric["metric"]]
        for column in (
            "label_ja", "label_en", "definition_ja", "definition_en", "purpose_ja", "purpose_en",
            "numerator_rows", "numerator_table", "scopes",
        ):  # fmt: skip
            assert metric[column] in text, (metric["metric"], column)
        if metric["denominator"]:
            above, below = labels[metric["numerator"]], labels[metric["denominator"]]
            assert f"{above['label_ja']} ÷ {below['label_ja']}" in text
            assert f"{above['label_en']} ÷ {below['label_en']}" in text
            assert metric["denominator_rows"] in text
        if metric["minimum_sample"]:
            assert f"fewer than {metric['minimum_sample']} lie" in text
        assert ("While maturing" in text) == (metric["maturity"] != "none")


def test_each_value_is_the_scorecards_of_the_last_full_month(
    articles: dict[str, str], metrics: list[dict[str, Any]], demo_night: DemoNight
) -> None:
    """The page shows the figure, its counts, the month before and the status."""
    units = {metric["metric"]: metric["unit"] for metric in metrics}
    figures = query(
        demo_night.house,
        """select * from marts.kpi_scorecard where period_type = 'month' and scope_type = 'company'
        and period_start = date '2026-09-01'""",
    )
    assert {figure["metric"] for figure in figures} == set(articles)
    statuses = {
        "maturing": "確定前",
        "small_sample": "件数少",
        "partial": "一部欠け",
        "unavailable": "データなし",
    }
    for figure in figures:
        lines = articles[figure["metric"]].split("\n")
        shown = "\n".join(lines[lines.index("現在の値") : lines.index("単位")])
        unit = units[figure["metric"]]
        assert written(figure["value"], unit) in shown
        if figure["denominator"] is not None:
            assert f"{written(figure['numerator'])} ÷ {written(figure['denominator'])}" in shown
        if figure["previous_value"] is not None:
            assert f"前月 / month before {written(figure['previous_value'], unit)}" in shown
        assert {status for status, ja in statuses.items() if ja in shown} == {figure["status"]} - {
            "ok"
        }


def test_it_is_made_in_less_than_half_a_second_and_always_the_same(
    page: str, demo_night: DemoNight
) -> None:
    warehouse = demo_night.house.current.resolve() / WAREHOUSE
    began = time.process_time()
    assert dictionary_page.of_release(warehouse) == page
    assert time.process_time() - began < 0.5


def test_the_codes_spelled_out_are_those_of_the_catalogue(metrics: list[dict[str, Any]]) -> None:
    needs = {need for metric in metrics for need in metric["needs"].split("+")}
    assert needs == set(dictionary_page.NEEDS)
    assert {metric["maturity"] for metric in metrics} - {"none"} == set(dictionary_page.MATURITIES)
    assert {metric["direction"] for metric in metrics} <= set(dictionary_page.DIRECTIONS)


def test_texts_are_escaped(demo_night: DemoNight) -> None:
    found = dictionary_page.read(demo_night.house.current.resolve() / WAREHOUSE)
    evil = "<script>alert('x')</script>\"&"
    texts = [key for key, value in found.metrics[0].items() if isinstance(value, str)]
    codes = {
        "metric_type",
        "direction",
        "needs",
        "maturity",
        "numerator",
        "denominator",
        "metric",
        "unit",
    }
    poisoned = {**found.metrics[0], **dict.fromkeys(set(texts) - codes, evil)}
    page = dictionary_page.render(
        replace(found, company=evil, metrics=(poisoned, *found.metrics[1:]))
    )
    parsed(page)
    assert "<script" not in page
    assert escape(evil) in page


def test_before_the_first_full_month_there_are_definitions_and_no_figures(
    demo_night: DemoNight,
) -> None:
    found = dictionary_page.read(demo_night.house.current.resolve() / WAREHOUSE)
    page = dictionary_page.render(
        Dictionary(found.company, found.as_of, None, found.metrics, figures={})
    )
    assert page.count("まだありません") == len(found.metrics)


def test_the_page_is_part_of_what_was_judged(judged: Company) -> None:
    """Its checksum stands in the manifest; `verify` holds every listed file to it."""
    folder: Path = gate.the_candidate(judged.house)
    assert DICTIONARY_PAGE in {file.path for file in read_manifest(folder).files}
    assert (folder / DICTIONARY_PAGE).stat().st_mode & 0o222 == 0
