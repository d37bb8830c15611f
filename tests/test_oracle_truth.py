"""How well the written definition of a connect finds who was really spoken to.

Reported, not tuned: the thresholds of formats §7.2 are proposals, and the simulator's reps mistag,
do not tag and talk to receptions. Only the size of the sample and the absence of a blunder are
asserted.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from tests.oracle.settings import settings_from
from tests.oracle.tables import Answer, answer
from tests.simulator import Plan, World, configuration, simulate


@cache
def _company() -> tuple[World, Answer]:
    world = simulate(Plan(seed=11))
    settings = settings_from(*configuration(world.settings))
    return world, answer(world.records, world.plan.as_of, settings)


def _vendors_id(call_id: str) -> str:
    """The id its own system gave the call; the warehouse puts a mapped tool's name before it."""
    return call_id.rsplit(":", 1)[-1]


def test_every_call_of_the_simulation_is_known_and_none_is_made_up() -> None:
    world, found = _company()
    assert {_vendors_id(call.id) for call in found.calls} == set(world.truth.calls)


def test_precision_and_recall_of_connects_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    """Of what the rule calls connects, how many were; of the real ones, how many it finds."""
    world, found = _company()
    by_basis: dict[str, Counter[str]] = {}
    outcome: Counter[str] = Counter()
    for call in found.calls:
        if not call.is_dial:
            continue
        said, was = call.is_connect, world.truth.calls[_vendors_id(call.id)].is_connect
        verdict = {(True, True): "tp", (True, False): "fp", (False, True): "fn"}.get(
            (said, was), "tn"
        )
        outcome[verdict] += 1
        by_basis.setdefault(call.connect_basis, Counter())[verdict] += 1
    precision = outcome["tp"] / (outcome["tp"] + outcome["fp"])
    recall = outcome["tp"] / (outcome["tp"] + outcome["fn"])
    with capsys.disabled():
        print(f"\nconnects against the truth: {sum(outcome.values())} dials, {dict(outcome)}")
        print(f"  precision {precision:.3f}, recall {recall:.3f}")
        for basis, counted in sorted(by_basis.items()):
            print(f"  basis {basis}: {dict(counted)}")
    assert sum(outcome.values()) >= 5_000
    assert outcome["tp"] + outcome["fn"] >= 500
    # A definition that guesses would do worse than this whatever its thresholds.
    assert precision > 0.5
    assert recall > 0.5


def test_connects_never_exceed_humans_reached_nor_these_the_answered_dials() -> None:
    """Dictionary §9 Calls, on every rep and day of a company that is not tame."""
    _, found = _company()
    for row in found.tables["kpi_rep_daily"]:
        assert row["connects"] <= row["human_reached"] <= row["answered_calls"] <= row["dials"]


def test_every_meeting_has_exactly_one_decision_and_every_lead_one_state() -> None:
    _, found = _company()
    total: Counter[str] = Counter()
    for row in found.tables["kpi_rep_daily"]:
        total.update({key: row[key] for key in row if isinstance(row[key], int | float)})
    decided = sum(total[name] for name in ("accepted", "rejected", "pending", "expired"))
    assert decided == total["meetings_booked"] > 0
    for row in found.tables["kpi_channel_conversion"]:
        states = sum(value for name, value in row.items() if name.startswith("state_"))
        assert states == pytest.approx(row["leads"])  # a third of a lead is no double
        reached = [row[f"reached_{step}"] for step in ("lead", "mql", "worked", "connected")]
        assert reached == sorted(reached, reverse=True)
