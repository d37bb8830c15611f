"""A few hundred broken files each time; the campaign tries as many as wanted."""

from __future__ import annotations

import pytest

from tests.campaign.breaking import Originals, originals
from tests.campaign.mutations import Configuration, Exports


@pytest.fixture(scope="module")
def undamaged(tmp_path_factory: pytest.TempPathFactory) -> Originals:
    return originals(tmp_path_factory.mktemp("originals"))


def test_broken_exports_are_accounted_for_record_by_record(undamaged: Originals) -> None:
    tally = Exports(undamaged, seed=20261128).run(400)
    assert tally.problems == []
    assert tally.verdicts["accepted"] > 100
    assert tally.verdicts["rejected"] > 100
    assert tally.records > 500


def test_broken_configuration_is_refused_in_our_own_words(undamaged: Originals) -> None:
    tally = Configuration(undamaged, seed=20261128).run(200)
    assert tally.problems == []
    assert tally.verdicts["refused"] > 100
    assert tally.verdicts["allowed"] > 10


def test_undamaged_exports_are_all_accepted(undamaged: Originals) -> None:
    """The measure itself: what was not broken is not called broken."""
    exports = Exports(undamaged, seed=1)
    exports.batch(exports.undamaged())
    assert exports.tally.problems == []
    assert set(exports.tally.verdicts) <= {"accepted", "skipped_duplicate"}
