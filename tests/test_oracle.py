"""The warehouse and the independent oracle say the same of the same exports.

They meet only in the records: the oracle never sees a file, the warehouse never sees a record.
Differences are explained call by call, event by event, before the sums are compared. One company is
seen twice, as it would be with Salesforce and as it would be with HubSpot; at the end the two are
compared with each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest

from dagster_project.settings import House
from tests.agreement import (
    CONVERSION,
    GRAINS,
    Reader,
    place_of,
    same,
    told,
    unequal_days,
    unequal_figures,
    unequal_lines,
    unequal_rows,
    unequal_sums,
)
from tests.agreement_on_speed import unequal_hand_raises, unequal_speeds
from tests.harness import query
from tests.nights.quick import Quick
from tests.oracle.channels import NONE
from tests.oracle.coverage import needs_of
from tests.oracle.metrics import ADDITIVE, DISTINCT, KNOWN, RATIOS, SCOPES, scopes_of
from tests.oracle.scorecard import PERIODS
from tests.oracle.settings import settings_from
from tests.oracle.status import MATURITY, STATUSES, Judge
from tests.oracle.tables import Answer, answer
from tests.seasoning import season
from tests.simulator import Plan, World, configuration, simulate, write_house
from tests.simulator.hubspot import PORTAL_ID, exports_of, in_hubspot, portal_of
from tests.two_systems import (
    EXPLAINED,
    KEYS,
    NO_CAMPAIGNS,
    Comparison,
    Figures,
    compared,
    figures_of,
    unexplained_figures,
    without_names,
)

_CALL = (
    "called_on", "rep_id", "direction", "is_dial", "is_open", "is_answered", "answered_by",
    "is_machine", "has_agent", "is_human_reached", "is_connect", "is_overlong", "connect_basis",
    "is_unidentified_party", "disposition", "has_analysis", "match_level", "talk_seconds", "team",
    "motion", "channel", "campaign", "call_list", "is_target_account", "crm_activity_id",
    "has_key_person",
)  # fmt: skip
_EVENT = (
    "meeting_id", "booked_on", "meeting_on", "rep_id", "team", "outcome", "is_booked",
    "is_rescheduled", "is_held", "is_no_show", "channel", "campaign",
)  # fmt: skip
_BOOKED = (
    "decision", "days_to_decision", "cohort_outcome", "acquired_on", "is_from_connect",
    "last_scheduled_on",
)  # fmt: skip
_OPPORTUNITY = (
    "created_on", "rep_id", "meeting_id", "credit_basis", "is_sourced", "is_won", "is_lost",
    "is_open", "won_on", "lost_on", "deal_type", "amount_at_creation_yen", "amount_yen",
    "is_amount_missing", "is_amount_unconverted", "is_amount_missing_at_creation",
    "is_amount_unconverted_at_creation", "team", "channel", "campaign",
)  # fmt: skip


@dataclass(frozen=True)
class Company:
    """One simulated company seen by both."""

    house: House
    found: Answer
    reader: Reader


@cache
def world_of(system: str) -> World:
    """The same company whatever its sales people work in."""
    world = season(simulate(Plan(seed=5, reps=12, months=6)))
    return world if system == "salesforce" else in_hubspot(world)


@pytest.fixture(scope="module")
def companies(quick: Quick, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Company]:
    """A night of the company by the system its sales people work in."""

    @cache
    def night_of(system: str) -> Company:
        world = world_of(system)
        house = House(tmp_path_factory.mktemp("oracle") / "house")
        write_house(world, house.root)
        quick.marts(house, world.plan.as_of)
        settings = settings_from(*configuration(world.settings))
        found = answer(world.records, world.plan.as_of, settings)
        return Company(house, found, Reader(found))

    return night_of


@pytest.fixture(scope="module", params=["salesforce", "hubspot"])
def company(request: pytest.FixtureRequest, companies: Callable[[str], Company]) -> Company:
    return companies(request.param)


def test_every_call_has_the_same_flags(company: Company) -> None:
    theirs = query(company.house, "select * from marts.fct_calls")
    problems = unequal_rows(company.found.tables["fct_calls"], theirs, "call_id", _CALL)
    assert not problems, told(problems)


def test_the_same_calls_belong_to_the_same_person(company: Company) -> None:
    """Ids of persons are each side's own business; who is one person is not."""
    theirs = {
        row["call_id"]: row["person_id"]
        for row in query(company.house, "select call_id, person_id from marts.fct_calls")
    }
    pairs = {
        (row["person_id"], theirs.get(row["call_id"])) for row in company.found.tables["fct_calls"]
    }
    assert len({one for one, _ in pairs}) == len(pairs) == len({other for _, other in pairs})


def test_every_email_is_the_same_reps_on_the_same_day(company: Company) -> None:
    theirs = query(company.house, "select * from marts.fct_emails")
    columns = ("sent_on", "rep_id", "team", "channel", "campaign", "is_target_account")
    problems = unequal_rows(company.found.tables["fct_emails"], theirs, "email_id", columns)
    assert not problems, told(problems)


def test_every_hand_raise_is_answered_by_the_same_attempt_after_the_same_time(
    company: Company,
) -> None:
    problems = unequal_hand_raises(company.found, company.house)
    assert not problems, told(problems)


def test_every_quantile_of_waiting_hand_raises_is_equal(company: Company) -> None:
    problems = unequal_speeds(company.found, company.reader, company.house)
    assert not problems, told(problems)


def test_every_calendar_event_is_the_same_meeting(company: Company) -> None:
    theirs = query(company.house, "select * from marts.fct_meetings")
    columns = (*_EVENT, *_BOOKED)
    problems = unequal_rows(company.found.tables["fct_meetings"], theirs, "event_id", columns)
    assert not problems, told(problems)


def test_every_opportunity_has_the_same_credit_and_amount(company: Company) -> None:
    theirs = query(company.house, "select * from marts.fct_opportunities")
    ours = company.found.tables["fct_opportunities"]
    problems = unequal_rows(ours, theirs, "opportunity_id", _OPPORTUNITY)
    assert not problems, told(problems)


def test_the_oracle_knows_the_catalogue_and_nothing_else(company: Company) -> None:
    """A metric the catalogue gains is a metric the oracle must learn."""
    catalogue = query(company.house, "select * from marts.dim_metrics")
    additive = {row["metric"] for row in catalogue if row["is_additive"]}
    ratios = {
        row["metric"]: (row["numerator"], row["denominator"])
        for row in catalogue
        if row["metric_type"] == "ratio"
    }
    assert additive == set(ADDITIVE)
    assert ratios == RATIOS
    assert {row["metric"] for row in catalogue} - additive - set(ratios) == set(DISTINCT)
    assert {row["metric"]: tuple(row["scopes"].split(", ")) for row in catalogue} == {
        metric: scopes_of(metric) for metric in KNOWN
    }


def test_every_additive_kpi_occurs_in_this_company(company: Company) -> None:
    """Equal zeros prove nothing."""
    days = company.found.tables["days"]
    assert not [name for name in ADDITIVE if not any(row[name] for row in days)]


@pytest.mark.parametrize("keys", GRAINS)
def test_every_additive_kpi_is_equal_day_by_day(company: Company, keys: tuple[str, ...]) -> None:
    problems = unequal_days(company.found, company.house, keys)
    assert not problems, told(problems)


@pytest.mark.parametrize("keys", [("rep_id", "date"), ("rep_id", "date", "channel", "campaign")])
def test_every_published_daily_count_is_equal(company: Company, keys: tuple[str, ...]) -> None:
    published = query(company.house, "select * from marts.kpi_rep_daily")
    names = tuple(name for name in ADDITIVE if name in published[0])
    assert len(names) >= 28
    problems = unequal_sums(company.found.tables["kpi_rep_daily"], published, keys, names)
    assert not problems, told(problems)


def test_a_rep_day_says_whether_its_meetings_are_old_enough_to_be_decided(company: Company) -> None:
    until = Judge(company.found).mature_until("decision")
    assert until is not None
    rows = query(company.house, "select distinct date, is_mature from marts.kpi_rep_daily")
    assert len({row["is_mature"] for row in rows}) == 2
    assert not [row for row in rows if row["is_mature"] != (row["date"] <= until)]


def test_every_cohort_line_is_equal(company: Company) -> None:
    problems = unequal_lines(company.found, company.house)
    assert not problems, told(problems)


def test_every_count_of_a_cohort_line_occurs_in_this_company(company: Company) -> None:
    lines = company.found.tables["kpi_channel_conversion"]
    silent = [name for name in CONVERSION if not any(row[name] for row in lines)]
    assert not silent


@pytest.mark.parametrize("scope_type", SCOPES)
def test_every_published_figure_is_equal(company: Company, scope_type: str) -> None:
    """Numerator, denominator, value and status of every metric, in every period and scope."""
    theirs = query(
        company.house, "select * from marts.kpi_scorecard where scope_type = ?", [scope_type]
    )
    assert {row["period_type"] for row in theirs} == set(PERIODS)
    # What calls alone tell has no outcome to wait for.
    expected = STATUSES - {"maturing"} if scope_type == "call_list" else STATUSES
    assert {row["status"] for row in theirs} == expected
    assert {row["metric"] for row in theirs} == {
        metric for metric in KNOWN if scope_type in scopes_of(metric)
    }
    problems = unequal_figures(company.reader, theirs)
    assert not problems, told(problems)


def test_nothing_counted_is_missing_from_the_scorecard(company: Company) -> None:
    theirs = query(company.house, "select * from marts.kpi_scorecard")
    published = {(*place_of(row), row["metric"]) for row in theirs}
    problems = [
        f"{place}: {measure} = {value}"
        for place, sums in company.reader.scorecard.places.items()
        for measure, value in sums.items()
        if (*place, measure) not in published
    ]
    assert not problems, told(problems)


def test_the_oracle_knows_what_every_figure_needs_and_waits_for(company: Company) -> None:
    catalogue = query(company.house, "select metric, needs, maturity from marts.dim_metrics")
    for row in catalogue:
        assert set(row["needs"].split("+")) == needs_of(row["metric"]), row["metric"]
        assert row["maturity"] == MATURITY.get(row["metric"], "none"), row["metric"]


# --- the same company through Salesforce or HubSpot ------------------------------------------------


@dataclass(frozen=True)
class BothSystems:
    """What both nights published, and the facts compared."""

    figures: tuple[Figures, Figures]
    facts: Comparison


@pytest.fixture(scope="module")
def both(companies: Callable[[str], Company]) -> BothSystems:
    salesforce, hubspot = companies("salesforce"), companies("hubspot")
    world = world_of("salesforce")
    portal = portal_of(world)
    assert list(exports_of(world, portal))
    tables = [
        {table: query(one.house, f"select * from marts.{table}") for table in KEYS}
        for one in (salesforce, hubspot)
    ]
    published = [
        figures_of(query(one.house, "select * from marts.kpi_scorecard"))
        for one in (salesforce, hubspot)
    ]

    def named(salesforce_id: str | None) -> str | None:
        """How a portal's record is published."""
        identity = portal.id_of(salesforce_id)
        return None if identity is None else f"hubspot:{PORTAL_ID}:{identity}"

    return BothSystems(
        (published[0], published[1]), compared(tables[0], tables[1], salesforce.found, named)
    )


def test_every_fact_is_the_same_through_salesforce_or_hubspot(both: BothSystems) -> None:
    """Every call, mail, meeting and deal in every column, but for what a format does not say."""
    assert not both.facts.problems, told(both.facts.problems)
    assert both.facts.seen == {NO_CAMPAIGNS, *EXPLAINED}, "a reason that explains nothing"


def test_the_same_company_through_salesforce_or_hubspot_gives_the_same_kpis(
    both: BothSystems,
) -> None:
    """Every metric in every scope but campaigns, and every period, with its status."""
    problems, moved = unexplained_figures(*both.figures, both.facts)
    assert not problems, told(problems)
    assert moved.keys() == {reason for reason, metrics in EXPLAINED.items() if metrics}


@pytest.mark.parametrize(
    ("scope_type", "named"), [("campaign", {NONE}), ("call_list", {NONE, "大阪ターゲット"})]
)
def test_what_salesforce_spreads_over_campaigns_hubspot_says_of_none(
    both: BothSystems, scope_type: str, named: set[str]
) -> None:
    """Lists of the CRM are campaigns of it; those of a telephone system are the same in both."""
    ours, theirs = (without_names(figures, scope_type) for figures in both.figures)
    explained = {metric for metrics in EXPLAINED.values() for metric in metrics}
    problems = [
        f"{key}: Salesforce {ours.get(key, 0)}, HubSpot {theirs.get(key, 0)}"
        for key in ours.keys() | theirs.keys()
        if key[2] not in explained and not same(ours.get(key, 0), theirs.get(key, 0))
    ]
    assert not problems, told(problems)
    names = {place.scope_key for place, _ in both.figures[1] if place.scope_type == scope_type}
    assert names == named
