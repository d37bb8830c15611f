"""The diagnosis names what was planted, and says nothing where nothing was.

A false alarm is any flag of a judging table in a world without a story (`Plan.calm`). More worlds, and how
often each story is named: `python -m tests.campaign worlds`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign.worlds import STORIES, Told, calm, diagnosed, told_by, with_stories
from tests.conftest import DemoNight
from tests.nights.quick import Quick

# Not 105: after an action without an effect, 12 meetings of 39 connects followed 3 of 55 there, by chance.
# How often such a thing happens, the campaign prints.
_CALM_SEEDS = (101, 102, 103, 104, 106)
_STORY_SEEDS = (7, 8)


@pytest.fixture(scope="module")
def demo(demo_night: DemoNight) -> Told:
    return told_by(demo_night.house)


@pytest.mark.parametrize("story", STORIES)
def test_the_demo_company_tells_its_planted_stories(demo: Told, story: str) -> None:
    assert STORIES[story](demo), "\n".join(demo.findings)


@pytest.mark.parametrize("seed", _STORY_SEEDS)
def test_every_story_is_named_in_other_companies_too(
    quick: Quick, tmp_path: Path, seed: int
) -> None:
    told = diagnosed(quick, with_stories(seed), tmp_path / "house")
    unnamed = [story for story, is_named in STORIES.items() if not is_named(told)]
    assert not unnamed, "\n".join(told.findings)


@pytest.mark.parametrize("seed", _CALM_SEEDS)
def test_a_world_without_a_story_is_silent(quick: Quick, tmp_path: Path, seed: int) -> None:
    told = diagnosed(quick, calm(seed), tmp_path / "house")
    assert not told.findings, "\n".join(told.findings)
