"""The warehouse and the independent oracle say the same of the same exports.

They meet only in the records: the oracle never sees a file, the warehouse never sees a record.
Differences are explained call by call, event by event, before the sums are compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from dagster_project.settings import House
from tests.harness import query, transform
from tests.oracle import scorecard
from tests.oracle.settings import settings_from
from tests.oracle.tables import ADDITIVE, Answer, Row, answer
from tests.simulator import Plan, configuration, simulate, write_house

_CALL = (
    "called_on", "rep_id", "direction", "is_dial", "is_open", "is_answered", "answered_by",
    "is_machine", "has_agent", "is_human_reached", "is_connect", "is_overlong", "connect_basis",
    "is_unidentified_party", "disposition", "has_analysis", "match_level", "talk_seconds", "team",
    "motion", "channel", "campaign", "crm_activity_id",
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
    "is_open", "won_on", "lost_on", "amount_at_creation_yen", "amount_yen", "is_amount_missing",
    "is_amount_missing_at_creation",
)  # fmt: skip
_STEPS = ("lead", "mql", "worked", "connected", "meeting", "accepted", "opportunity", "won", "lost")


@dataclass(frozen=True)
class Company:
    """One simulated company seen by both."""

    house: House
    found: Answer


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    world = simulate(Plan(seed=5, reps=12, months=6))
    house = House(tmp_path_factory.mktemp("oracle") / "house")
    write_house(world, house.root)
    transform(house, world.plan.as_of)
    settings = settings_from(*configuration(world.settings))
    return Company(house, answer(world.records, world.plan.as_of, settings))


def _compare(
    ours: Iterable[Row], theirs: Iterable[Row], key: str, columns: Iterable[str]
) -> list[str]:
    """What differs, thing by thing; at most forty lines of it."""
    mine = {row[key]: row for row in ours}
    other = {row[key]: row for row in theirs}
    problems = [f"{name}: only the oracle has it" for name in sorted(mine.keys() - other.keys())]
    problems += [
        f"{name}: only the warehouse has it" for name in sorted(other.keys() - mine.keys())
    ]
    for name in sorted(mine.keys() & other.keys()):
        problems += [
            f"{name}: {column}: oracle {mine[name][column]!r}, warehouse {other[name][column]!r}"
            for column in columns
            if column in mine[name] and not _same(mine[name][column], other[name][column])
        ]
    return problems[:40] + ([f"… {len(problems)} in all"] if len(problems) > 40 else [])


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(float(one) - float(other)) < 1e-6 * max(1.0, abs(float(one)))
    return bool(one == other)


def test_every_call_has_the_same_flags(company: Company) -> None:
    theirs = query(company.house, "select * from marts.fct_calls")
    problems = _compare(company.found.tables["fct_calls"], theirs, "call_id", _CALL)
    assert not problems, "\n".join(problems)


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
    columns = ("sent_on", "rep_id", "team", "channel", "campaign")
    problems = _compare(company.found.tables["fct_emails"], theirs, "email_id", columns)
    assert not problems, "\n".join(problems)


def test_every_calendar_event_is_the_same_meeting(company: Company) -> None:
    theirs = query(company.house, "select * from marts.fct_meetings")
    columns = (*_EVENT, *_BOOKED)
    problems = _compare(company.found.tables["fct_meetings"], theirs, "event_id", columns)
    assert not problems, "\n".join(problems)


def test_every_opportunity_has_the_same_credit_and_amount(company: Company) -> None:
    theirs = query(company.house, "select * from marts.fct_opportunities")
    ours = company.found.tables["fct_opportunities"]
    problems = _compare(ours, theirs, "opportunity_id", _OPPORTUNITY)
    assert not problems, "\n".join(problems)


def _sums(rows: Iterable[Mapping[str, Any]], keys: tuple[str, ...]) -> dict[Any, dict[str, float]]:
    found: dict[Any, dict[str, float]] = defaultdict(lambda: dict.fromkeys(ADDITIVE, 0.0))
    for row in rows:
        for name in ADDITIVE:
            found[tuple(row[key] for key in keys)][name] += float(row[name] or 0)
    return {key: counted for key, counted in found.items() if any(counted.values())}


@pytest.mark.parametrize("keys", [("rep_id", "date"), ("rep_id", "date", "channel", "campaign")])
def test_every_additive_kpi_is_equal(company: Company, keys: tuple[str, ...]) -> None:
    ours = _sums(company.found.tables["kpi_rep_daily"], keys)
    theirs = _sums(query(company.house, "select * from marts.kpi_rep_daily"), keys)
    problems = [
        f"{key}: {name}: oracle {ours.get(key, {}).get(name, 0)}, "
        f"warehouse {theirs.get(key, {}).get(name, 0)}"
        for key in sorted(ours.keys() | theirs.keys(), key=str)
        for name in ADDITIVE
        if not _same(ours.get(key, {}).get(name, 0), theirs.get(key, {}).get(name, 0))
    ]
    assert not problems, f"{len(problems)} differences\n" + "\n".join(problems[:40])


def test_every_cohort_reaches_the_same_steps(company: Company) -> None:
    columns = (
        "leads", "lead_records",
        *(f"reached_{step}" for step in _STEPS), *(f"observed_{step}" for step in _STEPS),
        *(f"state_{state}" for state in (*_STEPS, "nurturing") if state != "mql"),
    )  # fmt: skip
    theirs: dict[tuple[date, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(columns, 0))
    for row in query(company.house, "select * from marts.kpi_channel_conversion"):
        for column in columns:
            if column in row:
                theirs[(row["cohort_month"], row["channel"])][column] += row[column] or 0
    published = {
        row["column_name"]
        for row in query(
            company.house,
            "select column_name from information_schema.columns"
            " where table_schema = 'marts' and table_name = 'kpi_channel_conversion'",
        )
    }
    # Every lead is at step lead, so that step may go unpublished.
    missing = {column for column in columns if column not in published}
    assert missing <= {"reached_lead", "observed_lead", "reached_lost", "observed_lost"}
    problems = [
        f"{row['cohort_month']} {row['channel']}: {column}: oracle {row[column]}, "
        f"warehouse {theirs[(row['cohort_month'], row['channel'])][column]}"
        for row in company.found.tables["kpi_channel_conversion"]
        for column in columns
        if column not in missing
        and row[column] != theirs[(row["cohort_month"], row["channel"])][column]
    ]
    assert not problems, "\n".join(problems[:40])


@pytest.mark.parametrize(
    "metric",
    ["leads_worked", "working_days", "dials", "connect_rate", "effective_meeting_rate",
     "meeting_conversion_rate"],
)  # fmt: skip
def test_the_scorecard_of_every_month_company_and_rep_is_equal(
    company: Company, metric: str
) -> None:
    theirs = query(
        company.house,
        "select * from marts.kpi_scorecard"
        " where period_type = 'month' and scope_type in ('company', 'rep') and metric = ?",
        [metric],
    )
    assert theirs
    problems = []
    for row in theirs:
        if row["status"] == "unavailable":
            continue
        mine = scorecard.figure(
            company.found,
            metric,
            period_type="month",
            period_start=row["period_start"],
            scope_type=row["scope_type"],
            scope_key=row["scope_key"],
        )
        if not _same(mine["value"], row["value"]):
            problems.append(
                f"{row['period_start']} {row['scope_type']} {row['scope_key']}: "
                f"oracle {mine['value']}, warehouse {row['value']}"
            )
    assert not problems, "\n".join(problems[:40])
