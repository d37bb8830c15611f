"""A few kills and full disks each time, over one small house; the campaign makes hundreds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dagster_project.settings import House
from tests.campaign import disk, kills, pairs
from tests.campaign.houses import Stock
from tests.campaign.kills import DBT, STEPS, Kill
from tests.campaign.onlooker import look, unlike
from tests.campaign.victim import Victims


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    found = Victims()
    yield found
    found.close()


def test_killed_again_and_again_the_next_night_is_right_and_nobody_disturbs_it(
    small_stock: Stock, victims: Victims
) -> None:
    """Killed while reading, while building and in its child; the last night runs beside others."""
    beside = pairs.Tally()

    def with_others(house: House) -> list[str]:
        pairs.beside(house, ("ingestion",), beside)
        return [*beside.problems, *unlike(house.current.resolve(), small_stock.reference)]

    campaign = kills.Campaign(small_stock, victims, seed=1, ends=with_others)
    chain = [Kill(("run",), "ingestion", 0.5), Kill(("run",), DBT, 0.2)]
    campaign.chain(small_stock.waiting, [*chain, Kill(("run",), "transformation", 0.1)], "killed")
    assert campaign.tally.problems == []
    assert campaign.tally.kills == 3
    assert campaign.tally.nights == 1
    assert beside.refused == 2
    assert beside.answered == 5


def test_killed_or_full_at_any_step_what_follows_publishes_the_same(
    small_stock: Stock, victims: Victims
) -> None:
    """Candidate, gate, flip, prune and rollback, each killed or out of space somewhere."""
    by_steps = kills.published_by_steps(small_stock, victims)
    campaign = kills.Campaign(small_stock, victims, seed=2, ends=by_steps)
    early = [Kill(STEPS, stage, 0.5, True) for stage in ("candidate", "gate")]
    campaign.chain(small_stock.made, [*early, Kill(STEPS, "publication", 0.2, True)], "early")
    assert campaign.tally.problems == []
    assert campaign.tally.kills == 3

    full = disk.Campaign(small_stock, victims, seed=2, ends=by_steps)
    full.inject(3)
    assert full.tally.problems == []


def test_killed_at_the_flip_or_after_it_readers_see_one_of_the_two(
    small_stock: Stock, victims: Victims
) -> None:
    campaign = kills.Campaign(small_stock, victims, seed=3)
    hits = []
    for share in (0.55, 0.7, 0.85, 0.99):
        house = small_stock.copy(small_stock.made, "flipped")
        before = look(house.root).release_id
        hit = campaign.strike(house, Kill(STEPS, "publication", share, True))
        hits.append(hit)
        seen = look(house.root)
        assert seen.problems == (), hit
        is_flipped = seen.release_id != before
        fate = victims.run(house.root, 0, ("rollback",))
        assert fate.code == (0 if is_flipped else 2), fate.said
        after = look(house.root)
        assert (after.release_id, after.problems) == (before, ())
    assert None not in hits
    assert {"flip", "prune"} & set(hits)
