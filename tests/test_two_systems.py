"""Other companies through Salesforce and HubSpot, as the oracle alone sees them: no night is needed.

`test_oracle.py` compares what two nights publish of one company; here the same is asked of more.
"""

from __future__ import annotations

from datetime import date

import pytest

from tests.agreement import Reader, told
from tests.oracle.metrics import KNOWN, scopes_of
from tests.oracle.scorecard import Place
from tests.oracle.settings import settings_from
from tests.oracle.tables import Answer, answer
from tests.simulator import Plan, World, configuration, simulate
from tests.simulator.hubspot import PORTAL_ID, exports_of, in_hubspot, portal_of
from tests.two_systems import Figures, compared, unexplained_figures


def _answer(world: World) -> Answer:
    settings = settings_from(*configuration(world.settings))
    return answer(world.records, world.plan.as_of, settings)


def _figures(one: Answer, places: set[Place]) -> Figures:
    reader = Reader(one)
    return {
        (place, metric): reader.row(metric, place)
        for place in places
        for metric in KNOWN
        if place.scope_type in scopes_of(metric)
    }


@pytest.mark.parametrize(
    "plan",
    [
        Plan(seed=23, reps=6, months=3, dials_per_day=5, history_months=1, cut_crm="week"),
        Plan(seed=31, reps=3, months=6, dials_per_day=9, marketing=False, as_of=date(2026, 3, 31)),
    ],
    ids=["a weekly extract", "three people, half a year"],
)
def test_nothing_differs_without_a_reason(plan: Plan) -> None:
    world = simulate(plan)
    portal = portal_of(world)
    assert list(exports_of(world, portal))
    salesforce, hubspot = _answer(world), _answer(in_hubspot(world))

    def named(salesforce_id: str | None) -> str | None:
        identity = portal.id_of(salesforce_id)
        return None if identity is None else f"hubspot:{PORTAL_ID}:{identity}"

    facts = compared(salesforce.tables, hubspot.tables, salesforce, named)
    assert not facts.problems, told(facts.problems)
    assert len(hubspot.tables["fct_calls"]) > 500
    places = {place for one in (salesforce, hubspot) for place in Reader(one).scorecard.places}
    problems, _ = unexplained_figures(
        _figures(salesforce, places), _figures(hubspot, places), facts
    )
    assert not problems, told(problems)
