"""Leads, attribution and nurturing: the warehouse and the independent oracle say the same.

The companies are those of `test_oracle.py`; the two sides meet only in the records. (That every line of
`kpi_channel_conversion` is equal is said there.)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from tests import test_oracle
from tests.agreement import told, unequal_rows
from tests.harness import query
from tests.oracle.conversion import COUNTS, MODELS, WAITS
from tests.oracle.metrics import Row
from tests.oracle.nurture import COUNTS as COUNTED
from tests.oracle.nurture import FLAGS, KEYS, RATES
from tests.oracle.persons import PersonRecord
from tests.test_oracle import Company

companies = test_oracle.companies
company = test_oracle.company


def test_every_lead_is_the_same_person_in_every_column(company: Company) -> None:
    theirs = query(company.house, "select * from marts.fct_leads")
    ours = _under_their_names(company, company.found.tables["fct_leads"])
    problems = unequal_rows(ours, theirs, "person_id", list(ours[0]))
    assert not problems, told(problems)


def test_every_step_and_its_day_occurs_in_this_company(company: Company) -> None:
    """Equal emptiness proves nothing."""
    leads = company.found.tables["fct_leads"]
    silent = [name for name in leads[0] if not any(lead[name] for lead in leads)]
    assert not silent


def test_every_mail_registration_hand_over_and_return_is_the_same(company: Company) -> None:
    theirs = query(company.house, "select * from marts.fct_nurture")
    ours = _under_their_names(company, company.found.tables["fct_nurture"])
    keys = ("subject", "happened_on", "person_id", *KEYS[2:], *FLAGS)
    mine, other = (
        Counter(tuple(row[key] for key in keys) for row in rows) for rows in (ours, theirs)
    )
    problems = [f"only the oracle: {key}" for key in (mine - other).elements()]
    problems += [f"only the warehouse: {key}" for key in (other - mine).elements()]
    assert not problems, told(sorted(problems, key=str))
    assert {row["score"] for row in ours if row.get("score")} == {
        row["score"] for row in theirs if row["score"] is not None
    }


def test_every_subject_and_flag_of_nurturing_occurs_in_this_company(company: Company) -> None:
    rows = company.found.tables["fct_nurture"]
    assert {row["subject"] for row in rows} == set(COUNTED)
    # HubSpot says of every open and click whether it was a machine's.
    silent = {flag for flag in FLAGS if not any(row[flag] for row in rows)}
    assert silent == {"is_opened_unchecked", "is_clicked_unchecked"}


def test_every_month_of_nurturing_is_equal(company: Company) -> None:
    theirs = _by_key(query(company.house, "select * from marts.kpi_nurture"))
    ours = _by_key(company.found.tables["kpi_nurture"])
    columns = {column for counted in COUNTED.values() for column in counted} | set(RATES)
    problems = unequal_rows(ours, theirs, "key", sorted(columns))
    assert not problems, told(problems)


def test_the_whole_is_the_same_under_every_model_to_the_last_digit(company: Company) -> None:
    """§5: credit adds up to the whole. Nothing is rounded here: doubles are compared as they are."""
    lines = query(company.house, "select * from marts.kpi_channel_conversion")
    columns = [name for name in (*COUNTS, "cost_yen") if name in lines[0]]
    sums: dict[Any, dict[str, float]] = defaultdict(lambda: dict.fromkeys(columns, 0.0))
    for line in lines:
        for name in columns:
            sums[(line["cohort_month"], line["attribution_model"])][name] += line[name] or 0
    months = {month for month, _ in sums}
    problems = [
        f"{month}: {name}: " + ", ".join(str(sums[(month, model)][name]) for model in MODELS)
        for month in sorted(months)
        for name in columns
        if len({_exact(name, sums[(month, model)][name]) for model in MODELS}) > 1
    ]
    assert not problems, told(problems)
    assert all(value == int(value) for total in sums.values() for value in _counts(total))
    leads = Counter(lead["cohort_month"] for lead in company.found.tables["fct_leads"])
    assert leads == {month: sums[(month, "linear")]["leads"] for month in months if leads[month]}


def test_the_models_tell_different_stories_of_this_company(company: Company) -> None:
    """Were they all one, their sums would prove nothing; and linear splits leads."""
    told_of: dict[str, Counter[str]] = defaultdict(Counter)
    for line in query(company.house, "select * from marts.kpi_channel_conversion"):
        told_of[line["attribution_model"]][line["channel"]] += line["leads"]
        if line["attribution_model"] == "linear":
            assert all(line[f"median_days_{name}"] is None for name in WAITS)
            assert line["lead_to_won_rate_low"] is None
    first, last, linear = (told_of[model] for model in MODELS)
    assert first != last != linear != first
    assert any(leads != int(leads) for leads in linear.values())


def _exact(name: str, value: float) -> float:
    """Yen have four decimals where a foreign amount was converted."""
    return round(value, 4) if name.endswith("_yen") else value


def _counts(total: dict[str, float]) -> Iterable[float]:
    return (value for name, value in total.items() if not name.endswith("_yen"))


def _by_key(rows: Iterable[Row]) -> list[Row]:
    return [row | {"key": " | ".join(str(row[key]) for key in KEYS)} for row in rows]


def _under_their_names(company: Company, rows: Iterable[Row]) -> list[Row]:
    """The oracle's rows with the warehouse's person ids: a person is its records."""
    told_ids = {
        (row["record_system"], row["record_type"], row["record_id"]): row["person_id"]
        for row in query(company.house, "select * from activity.act_person_records")
    }
    names = {}
    for person in company.found.persons.all:
        found = {told_ids.get(_named(record)) for record in person.records}
        assert len(found) == 1, f"{person.id} is {len(found)} persons"
        names[person.id] = found.pop()
    assert len(set(names.values())) == len(names)
    return [row | {"person_id": names.get(row["person_id"])} for row in rows]


def _named(record: PersonRecord) -> tuple[str, str, str]:
    """How the warehouse calls a record's account, type and id."""
    system, kind, identity = record.key
    if identity.startswith("hubspot:"):
        system, account, identity = identity.split(":")
        return f"{system}:{account}", kind, identity
    if system == "mapped":
        return f"{system}:{record.source.account or record.source.id}", kind, record.fields["Id"]
    account = record.source.account
    return (f"{system}:{account}" if account else system), kind, identity
