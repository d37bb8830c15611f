"""A company whose CRM is HubSpot: the warehouse answers every hand-worked case as the hand did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from dagster_project.lib.night import NightReport, run_night
from dagster_project.settings import House
from tests.cases.hubspot import AS_OF, CASES, HOUSE_YML, SOURCES_YML, PortalCase, planning
from tests.cases.lookup import differences
from tests.cases.portal import Portal
from tests.cases.scene import Expect, Scene, jst
from tests.harness import deliver, make_house, query, rows_of


@dataclass(frozen=True)
class Built:
    """The house after its night, and what each case expects of it."""

    house: House
    report: NightReport
    expected: dict[str, list[Expect]]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """All cases in one house and one night."""
    portal = Portal(Scene(970, AS_OF))
    expected = {case.build.__name__: case.build(portal) for case in CASES}
    anchor = portal.rep("anchor", "manager", cti="yes")
    for month, day_of_month in ((4, 1), (6, 30)):
        portal.phone.call(anchor, jst(month, day_of_month, 8), "03-9799-9999")
    house = make_house(tmp_path_factory.mktemp("hubspot") / "house", HOUSE_YML, SOURCES_YML)
    portal.write(house.exports / "hubcrm")
    exported = AS_OF + timedelta(days=1)
    records = {
        "miitel.webhook_calls": [
            {**record, "_file": f"miitel/calls_{exported:%Y%m%d}.jsonl", "_record": number}
            for number, record in enumerate(portal.phone.records["miitel.webhook_calls"], start=1)
        ],
        **{
            name: [
                {**row, "_file": f"planning/{name.split('.')[1]}.csv", "_record": number}
                for number, row in enumerate(rows, start=1)
            ]
            for name, rows in planning(portal).items()
        },
    }
    deliver(house, records)
    return Built(house, run_night(house, as_of=AS_OF), expected)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.build.__name__)
def test_the_warehouse_agrees_with_the_hand(case: PortalCase, built: Built) -> None:
    problems = [
        problem
        for expect in built.expected[case.build.__name__]
        for problem in differences(expect, lambda table, where: rows_of(built.house, table, where))
    ]
    assert not problems, f"\n{case.question}\n{case.why}\n" + "\n".join(problems)


def test_no_record_of_the_portal_was_set_aside(built: Built) -> None:
    refused = query(
        built.house,
        "select object_name, reject_reason from activity.act_rejected_records where system = 'hubspot'",
    )
    rejected = query(
        built.house, "select path, reject_message from raw_kura.files where status = 'rejected'"
    )
    assert (refused, rejected) == ([], [])


def test_the_night_is_published_and_warns_of_the_stage_nobody_knows(built: Built) -> None:
    """The gate's books balance: no record of the portal is lost or doubled on its way."""
    assert built.report.release_id is not None
    assert built.report.audit is not None
    status = {check.id: check.status for check in built.report.audit.checks}
    assert status["fct_opportunities.stages_are_known"] == "failed"
    assert status["reconciliation.every_delivered_record_has_a_current_state"] == "passed"
