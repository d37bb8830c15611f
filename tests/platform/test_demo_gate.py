"""The gate on the demo company's real night: planted defects, acceptances, going back and backdating."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.lib import acceptances, candidate, gate, releases, suites
from dagster_project.lib.audit import Audit
from dagster_project.lib.candidate import read_manifest
from dagster_project.lib.releases import PublicationRefused
from dagster_project.lib.transformation import manifest, note_tested
from dagster_project.settings import EXPECTATIONS, House, load_settings
from tests.conftest import DemoNight, kpi
from tests.platform.test_dagster import as_another_run

# check → what somebody (or some model) did to the marts
IN_MARTS: dict[str, str] = {
    "fct_calls.key_is_unique": "insert into fct_calls select * from fct_calls where is_connect limit 1",
    "fct_calls.connect_is_a_reached_human": "update fct_calls set is_human_reached = false where is_connect",
    "fct_calls.only_outbound_calls_are_dials": (
        "update fct_calls set direction = 'inbound' where call_id = (select min(call_id) from fct_calls "
        "where is_dial)"
    ),
    "fct_calls.holds_no_email_address": (
        "update fct_calls set campaign = 'ref naomi.harada4@hotarubi1653.example.jp' "
        "where call_id = (select min(call_id) from fct_calls)"
    ),
    "fct_calls.reps_accounts_and_channels_are_known": (
        "update fct_calls set rep_id = 'R99' where rep_id = 'R03'"
    ),
    "fct_meetings.every_booked_meeting_has_one_decision": (
        "update fct_meetings set is_pending = true where is_accepted"
    ),
    "fct_opportunities.stands_in_exactly_one_state": (
        "update fct_opportunities set is_open = true where is_won"
    ),
    "fct_emails.none_lies_after_the_as_of_day": (
        "update fct_emails set sent_on = date '2026-10-01' "
        "where email_id = (select max(email_id) from fct_emails)"
    ),
    "fct_hand_raises.an_answer_follows_its_hand_raise": (
        "update fct_hand_raises set attempted_at = raised_at - interval 1 second "
        "where hand_raise_id = (select min(hand_raise_id) from fct_hand_raises where is_attempted)"
    ),
    "kpi_speed_to_lead.known_persons_are_answered_or_open": (
        "update kpi_speed_to_lead set hand_raises_open = 0 where scope_type = 'company'"
    ),
    "kpi_rep_daily.shares_lie_between_0_and_1": (
        "update kpi_rep_daily set connect_rate = 1.2 where dials > 0 and rep_id = 'R01'"
    ),
    "kpi_rep_daily.calls_add_up": "delete from kpi_rep_daily where date = date '2026-09-15'",
    "kpi_rep_daily.reaches_the_last_days": "delete from kpi_rep_daily where date > date '2026-09-01'",
    "kpi_channel_conversion.states_add_up_to_the_leads": (
        "update kpi_channel_conversion set state_won = state_won + 1 where state_worked > 0"
    ),
    "kpi_channel_conversion.steps_never_widen": (
        "update kpi_channel_conversion set reached_won = reached_opportunity + 1"
    ),
    "kpi_channel_conversion.channels_are_known": (
        "delete from dim_channels where channel = '購入リスト'"
    ),
    "kpi_scorecard.teams_add_up_to_the_company": (
        "delete from kpi_scorecard where scope_type = 'team' and scope_key = 'BDR課'"
    ),
    "kpi_scorecard.absent_is_not_zero": (
        "update kpi_scorecard set status = 'unavailable' where scope_type = 'company' and metric = 'dials'"
    ),
    "dim_dates.has_no_gap": "delete from dim_dates where date = date '2026-06-05'",
    "release.is_of_this_run": "update release set release_id = '20260929-yesterday'",
}

# check → what was lost on the way from file to mart
ON_THE_WAY: dict[str, str] = {
    "reconciliation.every_record_of_every_file": (
        "update raw_kura.files set records_in = records_in + 7 where path like 'sf/Lead_20260801%'"
    ),
    "reconciliation.every_quarantined_record_has_a_reason": "delete from raw_kura.file_quarantine",
    "reconciliation.staged_records_equal_raw_rows": (
        "delete from staging.stg_salesforce__leads where record = 3"
    ),
    "reconciliation.every_rejected_row_is_listed": (
        "update staging.stg_salesforce__leads set reject_reason = 'bad' where record = 3"
    ),
    "reconciliation.every_call_group_is_one_call": (
        "delete from activity.act_calls where call_id = (select min(call_id) from activity.act_calls "
        "where call_origin = 'cti')"
    ),
    "reconciliation.every_leg_is_counted_or_explained": (
        "delete from activity.act_current_call_legs "
        "where leg_id = (select min(leg_id) from activity.act_current_call_legs)"
    ),
    "reconciliation.everything_that_happened_is_published": (
        "delete from marts.fct_meetings where event_id = (select min(event_id) from marts.fct_meetings)"
    ),
    "reconciliation.every_lead_is_in_one_cohort": (
        "delete from marts.kpi_channel_conversion where channel = '展示会'"
    ),
    "reconciliation.every_covered_working_day_has_its_row": (
        "delete from marts.kpi_rep_daily where rep_id = 'R01' and date = date '2026-09-15'"
    ),
    "reconciliation.required_sources_cover_the_day": (
        "update activity.act_source_coverage set is_covered = false "
        "where source_id = 'miitel-webhook' and date = date '2026-09-30'"
    ),
    "reconciliation.few_records_are_set_aside": (
        "update raw_kura.files set records_in = records_accepted + 4000, records_quarantined = 4000 "
        "where path like 'sf/Lead_20260801%'"
    ),
}

HIRES = (
    "insert into marts.dim_reps select dim_reps.* replace ('N' || i as rep_id, '新人' || i as rep_label) "
    "from marts.dim_reps, range(40) as hired(i) where rep_id = 'R01' and is_current"
)
SURPRISE = "dim_reps.roster_changed_little"
ERROR = "kpi_rep_daily.shares_lie_between_0_and_1"


def copy_of(house: House, root: Path) -> House:
    shutil.copytree(house.root, root, symlinks=True)
    return House(root)


def change(house: House, *statements: str) -> None:
    with duckdb.connect(str(house.work_database)) as connection:
        for statement in statements:
            connection.execute(statement)


def judged(house: House) -> Audit:
    """The gate's judgement of the marts as they are, as if the models had made them so."""
    note_tested(house, manifest())
    candidate.build(house, manifest())
    return gate.judge(house, load_settings(house))


@pytest.fixture(scope="module")
def ready(demo_night: DemoNight, tmp_path_factory: pytest.TempPathFactory) -> House:
    """The demo house after its night, its work database as of a second run not yet published."""
    house = copy_of(demo_night.house, tmp_path_factory.mktemp("ready") / "house")
    as_another_run(house)
    return house


@pytest.fixture
def again(ready: House, tmp_path: Path) -> House:
    """A copy of that house to break."""
    return copy_of(ready, tmp_path / "house")


@pytest.mark.parametrize("check", IN_MARTS)
def test_a_defect_in_the_demo_companys_marts_trips_its_check(
    check: str, demo_night: DemoNight, tmp_path: Path
) -> None:
    """Each by itself, so that the check named is the one that saw it."""
    release = demo_night.house.current.resolve()
    warehouse = tmp_path / "warehouse.duckdb"
    shutil.copyfile(release / "warehouse.duckdb", warehouse)
    told = read_manifest(release)
    with duckdb.connect(str(warehouse)) as connection:
        changed = connection.execute(IN_MARTS[check]).fetchone()
    assert changed is not None
    assert changed[0] > 0, "the defect was not planted"
    loaded = suites.load(EXPECTATIONS, {table.name: table.columns for table in told.tables})
    suite = [suite for suite in loaded if suite.table == check.partition(".")[0]]
    last = gate.last_release(demo_night.house)
    settings = load_settings(demo_night.house)
    results = gate.judge_tables(demo_night.house, settings, warehouse, told, suite, last)
    tripped = {result.id: result for result in results if result.status == "failed"}
    assert check in tripped
    assert tripped[check].refuses == (tripped[check].kind == "critical")


@pytest.mark.parametrize("check", ON_THE_WAY)
def test_a_loss_on_the_demo_companys_way_trips_its_check(
    check: str, again: House, demo_night: DemoNight
) -> None:
    change(again, ON_THE_WAY[check])
    told = read_manifest(demo_night.house.current.resolve())
    last = gate.last_release(again)
    results = gate.judge_books(again, load_settings(again), told, last)
    tripped = {result.id: result for result in results if result.status == "failed"}
    assert check in tripped
    assert tripped[check].refuses


def test_nothing_trips_on_the_demo_night_itself(again: House) -> None:
    audit = judged(again)
    assert audit.verdict == "passed"
    assert [check.id for check in audit.checks if check.refuses] == []
    assert sum(check.status == "passed" for check in audit.checks) > 100


def test_a_night_with_every_defect_is_refused_by_each_of_their_checks(again: House) -> None:
    """End to end: from the work database over candidate and audit to the publisher."""
    before = again.current.readlink()
    # Exports that stopped are a warning: shown, but no refusal.
    planted = {
        name: sql for name, sql in IN_MARTS.items() if name != "kpi_rep_daily.reaches_the_last_days"
    }
    with duckdb.connect(str(again.work_database)) as connection:
        connection.execute("set schema = 'marts'")
        for sql in planted.values():
            connection.execute(sql)
    change(
        again,
        ON_THE_WAY["reconciliation.every_record_of_every_file"],
        ON_THE_WAY["reconciliation.every_quarantined_record_has_a_reason"],
        ON_THE_WAY["reconciliation.required_sources_cover_the_day"],
    )
    refused = {check.id for check in judged(again).refusals}
    assert set(planted) - refused == set()
    assert {
        "reconciliation.every_record_of_every_file",
        "reconciliation.every_quarantined_record_has_a_reason",
        "reconciliation.required_sources_cover_the_day",
    } <= refused
    with pytest.raises(PublicationRefused) as raised:
        releases.publish(again, load_settings(again))
    assert {check.id for check in raised.value.checks} == refused
    assert again.current.readlink() == before


@pytest.fixture
def surprising(again: House) -> House:
    """The roster tripled over night: believable or not, a person must say."""
    change(again, HIRES)
    return again


def accept(house: House, check: str, until: str = "2026-09-30") -> tuple[int, str]:
    arguments = ["--reason", "新卒四十名が入社", "--by", "佐藤", "--until", until]
    said = kpi(house.root, "gate", "accept", check, *arguments)
    return said.code, " ".join((said.out + said.err).split())


def test_an_accepted_surprise_is_published_and_shown_in_status_and_audit(surprising: House) -> None:
    refused = judged(surprising)
    assert [check.id for check in refused.refusals] == [SURPRISE]
    with pytest.raises(PublicationRefused, match="kpi gate accept"):
        releases.publish(surprising, load_settings(surprising))
    assert accept(surprising, SURPRISE)[0] == 0
    with pytest.raises(PublicationRefused):
        # The audit was made before: only a new judgement may use the acceptance.
        releases.publish(surprising, load_settings(surprising))
    audit = judged(surprising)
    assert audit.verdict == "passed"
    release = releases.publish(surprising, load_settings(surprising))
    assert release.is_current
    assert release.accepted_exceptions == 1
    for name in ("audit.json", "audit.html"):
        assert "新卒四十名が入社" in (release.path / name).read_text(encoding="utf-8")
    status = " ".join(kpi(surprising.root, "status").out.split())
    status += " ".join(kpi(surprising.root, "status").err.split())
    assert SURPRISE in status
    assert "新卒四十名が入社" in status


def test_an_acceptance_that_ended_lets_nothing_through(surprising: House) -> None:
    acceptances.accept(surprising, SURPRISE, reason="x", by="y", until=date(2026, 9, 29))
    assert [check.id for check in judged(surprising).refusals] == [SURPRISE]


def test_an_integrity_failure_cannot_be_accepted(again: House) -> None:
    code, said = accept(again, ERROR)
    assert code == 2
    assert "never be accepted" in said
    # Not even by writing the record by hand.
    line = f'{{"check": "{ERROR}", "reason": "x", "by": "y", "until": "2030-01-01"}}\n'
    again.acceptances.write_text(line, encoding="utf-8")
    change(
        again,
        "update marts.kpi_rep_daily set connect_rate = 1.2 where dials > 0 and rep_id = 'R01'",
    )
    audit = judged(again)
    assert ERROR in {check.id for check in audit.refusals}
    with pytest.raises(PublicationRefused):
        releases.publish(again, load_settings(again))


def test_two_publications_are_listed_and_the_first_can_be_gone_back_to(again: House) -> None:
    first = again.current.readlink().name
    assert judged(again).verdict == "passed"
    second = releases.publish(again, load_settings(again)).release_id
    listed = kpi(again.root, "releases").out
    lines = [line for line in listed.splitlines() if "2026-09-30" in line]
    assert [("←" in line) for line in lines] == [True, False]
    assert second[:12] in lines[0]
    back = kpi(again.root, "rollback")
    assert back.code == 0
    assert first in back.out
    assert again.current.readlink().name == first
    asked = kpi(again.root, "query", "--format", "csv", "select release_id from release")
    assert asked.out.split() == ["release_id", first]
    assert f"release   {first}" in kpi(again.root, "status").out
    assert kpi(again.root, "rollback", second).code == 0
    assert again.current.readlink().name == second
    unknown = kpi(again.root, "rollback", "20200101-never")
    assert unknown.code == 2
    assert again.current.readlink().name == second


@pytest.fixture
def a_day_earlier(demo_night: DemoNight, tmp_path: Path) -> Callable[[], tuple[House, int, str]]:
    """Runs the night of the day before the current release's, for real."""

    def run() -> tuple[House, int, str]:
        house = copy_of(demo_night.house, tmp_path / "house")
        said = kpi(house.root, "run", "--as-of", "2026-09-29")
        return house, said.code, said.out + said.err

    return run


def test_a_backdated_night_does_not_become_current_unless_told_to(
    a_day_earlier: Callable[[], tuple[House, int, str]], demo_night: DemoNight
) -> None:
    house, code, said = a_day_earlier()
    flat = " ".join(said.split())
    assert code == 3, said
    assert "--publish" in flat
    assert house.current.readlink() == demo_night.house.current.readlink()
    # Every check passed: only the day kept it back.
    assert gate.the_candidate(house).name.startswith("20260929-")
    release = releases.publish(house, load_settings(house), allow_backdate=True)
    assert str(release.as_of) == "2026-09-29"
    assert os.fspath(house.current.readlink()).endswith(release.release_id)


# Joins on a condition that is no equality, where one side stays small whatever the company's size.
SMALL = {
    "act_acceptances": "acceptances a person typed",
    "act_channel_costs": "currency rates",
    "act_cohort_costs": "months of costs",
    "act_titles": "rules of the title map",
    "fct_nurture": "bands of scores",
    "act_record_news": "one row of the previous release",
    "kpi_actions": "actions that planning names",
    "kpi_backward_plan": "the company's one row of a rate",
    "kpi_channel_conversion": "one row of settings",
    "kpi_high_performers": "maturities, and one row of days",
    "kpi_nurture": "one row of settings",
    "release": "one row",
}


def test_no_model_is_joined_row_by_row_or_with_a_list_of_words(demo_night: DemoNight) -> None:
    """An outer join with a condition on one side only is a loop over all pairs; ten million calls show it.

    A long `in (…)` becomes a join per column of a staging model.
    """
    house = demo_night.house
    found: list[str] = []
    with duckdb.connect(str(house.work_database), read_only=True) as connection:
        for path in sorted((house.dbt_target / "compiled").rglob("models/**/*.sql")):
            row = connection.execute(f"explain (format json) {path.read_text()}").fetchone()
            assert row is not None
            operators = list(_operators(json.loads(row[1])))
            if path.stem not in SMALL:
                found += [f"{path.stem}: {why}" for why in map(_is_loop, operators) if why]
            if path.stem.startswith("stg_"):
                found += [f"{path.stem}: {why}" for why in map(_is_word_join, operators) if why]
    assert not found, "\n".join(found)


def _operators(plans: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for plan in plans:
        yield plan
        yield from _operators(plan.get("children", []))


def _is_loop(operator: dict[str, Any]) -> str | None:
    about = operator.get("extra_info", {})
    is_loop = operator["name"].strip() in {"BLOCKWISE_NL_JOIN", "NESTED_LOOP_JOIN"}
    # An inner one with the one row of settings is a filter.
    return f"{about}" if is_loop and about.get("Join Type") != "INNER" else None


def _is_word_join(operator: dict[str, Any]) -> str | None:
    is_join = "JOIN" in operator["name"]
    constants = [child["name"] for child in operator.get("children", [])]
    return f"{operator['extra_info']}" if is_join and "COLUMN_DATA_SCAN" in constants else None
