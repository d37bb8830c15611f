"""The demo company: a parent in Salesforce, and the business unit it bought, still in HubSpot.

Two simulations that know nothing of each other, put side by side: each has its people, its
prospects and its sales system; planning is one. The bought company's people have no telephone
system, so their calls exist in HubSpot alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.simulator.behaviour import Simulation
from tests.simulator.hubspot import (
    exports_of,
    in_roster,
    in_target_list,
    own_dispositions,
    portal_of,
)
from tests.simulator.portal import Portal
from tests.simulator.survey import surveyed
from tests.simulator.world import (
    BadRow,
    CallTruth,
    Delivery,
    Identity,
    PersonTruth,
    Plan,
    Record,
    Truth,
    World,
)

PARENT: Final = Plan(seed=20260930)
BOUGHT: Final = Plan(
    seed=20261000,
    reps=3,
    dials_per_day=5.0,
    history_months=0,
    stories=False,
    marketing=False,
    identity=Identity(
        company_name="ほしなみ在庫株式会社（架空）",
        domain="hoshinami.example.com",
        product="在庫管理",
        business_units=("在庫事業部",),
        sdr_teams=("在庫営業課", "在庫営業課"),
        bdr_team="在庫営業課",
        last_bdr_team="在庫営業課",
        field_team="在庫営業課",
        departments=("在庫営業部",),
        rep_letter="Z",
        manager_letter="ZM",
        target_list="在庫重点先",
        has_phone_system=False,
    ),
)
# Tables both keep; of the others the parent's hold for the whole company.
_KEPT_BY_BOTH: Final = ("roster", "absences", "targets", "target_accounts")


def demo_world() -> World:
    """The company under data/demo."""
    return joined(surveyed(_run(PARENT)), _run(BOUGHT))


def _run(plan: Plan) -> World:
    simulation = Simulation(plan)
    deliveries = list(simulation.run())
    return World(plan, simulation.settings(), deliveries, simulation.truth)


def joined(parent: World, bought: World) -> World:
    """One company of two: whose sales people work in which system is all that differs."""
    portal = portal_of(bought)
    told = list(exports_of(bought, portal))
    theirs = _planning_of(bought, portal)
    planning = []
    for delivery in parent.deliveries:
        if delivery.source_id == "planning":
            more = theirs.get(delivery.object_name.partition(".")[2], [])
            planning.append(_with(delivery, more))
    others = [one for one in parent.deliveries if one.source_id != "planning"]
    settings = replace(
        parent.settings,
        sales_systems=(*parent.settings.sales_systems, "hubspot"),
        portal_of=bought.plan.identity.business_units[0],
        portal_domains=bought.settings.internal_domains,
    )
    truth = _both(parent.truth, bought.truth, portal)
    world = World(parent.plan, settings, [*others, *told, *planning], truth)
    _must_be_told_apart(world)
    return world


def _planning_of(bought: World, portal: Portal) -> dict[str, list[Record | BadRow]]:
    rows = {name: list(bought.records.get(f"planning.{name}", ())) for name in _KEPT_BY_BOTH}
    return {
        "roster": in_roster(rows["roster"], portal),
        "absences": [dict(row) for row in rows["absences"]],
        # What the whole company wants is said once, by the parent.
        "targets": [dict(row) for row in rows["targets"] if row["scope_type"] != "company"],
        "target_accounts": in_target_list(rows["target_accounts"], portal),
        "dispositions": [*own_dispositions()],
    }


def _with(delivery: Delivery, more: list[Record | BadRow]) -> Delivery:
    longer = replace(delivery, rows=[*delivery.rows, *more])
    longer.stamp()
    return longer


def _both(parent: Truth, bought: Truth, portal: Portal) -> Truth:
    """Ids of the bought company's Salesforce never existed; its people are told apart by a letter."""

    def own(identity: str) -> str:
        return portal.id_of(identity) or identity

    def person(key: str) -> str:
        return f"Z{key}"

    calls: dict[str, CallTruth] = {
        own(key): replace(
            call,
            call_id=own(key),
            person=None if call.person is None else person(call.person),
        )
        for key, call in bought.calls.items()
    }
    people = {
        person(key): PersonTruth(
            [own(identity) for identity in human.lead_ids],
            [own(identity) for identity in human.contact_ids],
            human.hubspot_ids,
            human.channel,
        )
        for key, human in bought.people.items()
    }
    meetings = {
        own(key): replace(
            meeting,
            event_ids=[own(identity) for identity in meeting.event_ids],
            person=person(meeting.person),
            opportunity_id=None if meeting.opportunity_id is None else own(meeting.opportunity_id),
        )
        for key, meeting in bought.meetings.items()
    }
    return Truth(
        {**parent.calls, **calls}, {**parent.people, **people}, {**parent.meetings, **meetings}
    )


def _must_be_told_apart(world: World) -> None:
    """Calls are a rep's by name where nothing else says whose: two of one name would be nobody."""
    names: dict[str, set[str]] = {}
    for row in world.records["planning.roster"]:
        names.setdefault(row["rep_name"], set()).add(row["rep_id"])
    doubled = {name: reps for name, reps in names.items() if len(reps) > 1}
    if doubled:
        raise ValueError(f"people of one name, choose another seed: {doubled}")
