"""`config/sources.yml`: every mistake is refused before anything runs, with file and key."""

from __future__ import annotations

import pytest

from dagster_project.lib.contracts import load_contracts
from dagster_project.lib.errors import ConfigError
from dagster_project.lib.sources import Source, load_sources, undated
from dagster_project.settings import DBT_PROJECT
from tests.ingestion.conftest import Company

MAPPED = """
sources:
  - id: other
    system: mapped
    class: sfa
    objects:
      - object: leads
        files: ["*.csv"]
        columns: {lead_id: 番号, company: 会社名, created_at: 登録日, lead_score: 点}
        formats: {created_at: {timestamp: "%Y/%m/%d %H:%M"}, lead_score: {decimal: ","}}
        values: {company: {"1": A}}
"""


def one(keys: str) -> str:
    return f"sources: [{{id: a, system: salesforce, {keys}}}]"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sources: [", "not valid YAML"),
        ("sources: [{id: a, system: sap}]", "sources.0.system"),
        (one("timezon: Asia/Tokyo"), "sources.0.timezon"),
        (one("timezone: Asia/Tokio"), "not an IANA time zone"),
        (one("encoding: shift_jis"), "sources.0.encoding"),
        (one("delimiter: ab"), "sources.0.delimiter"),
        ("sources: [{id: ../x, system: salesforce}]", "sources.0.id"),
        (
            "sources: [{id: a, system: salesforce}, {id: A, system: miitel}]",
            "this id is used twice",
        ),
        (one("custom: {lead_scor: X}"), "did you mean lead_score"),
        (one("custom: {deals.amount: X}"), "salesforce has no object deals"),
        (one("acceptance: {mode: stage}"), "mode stage needs stage"),
        (one("acceptance: {mode: custom_field, field: X}"), "needs field"),
        (one("coverage: {basis: file_name}"), "needs pattern"),
        (one("coverage: {basis: file_name, pattern: '('}"), "not a regular expression"),
        (one("coverage: {basis: file_name, pattern: '(?P<day>x)'}"), "named group"),
        (one("extracted_at: {pattern: '(?P<day>x)'}"), "named group"),
        (one("feed: webhook"), "feed is only for system miitel"),
        (one("objects: [{object: leads, files: [x], columns: {a: b}}]"), "only for system mapped"),
        ("sources: [{id: a, system: mapped, class: sfa}]", "needs objects"),
        (MAPPED.replace("class: sfa", ""), "needs class"),
        (MAPPED.replace("class: sfa", "class: [ma, sfa]"), "needs class"),
        (one("class: sfa"), "class is only for systems mapped and hubspot"),
        ("sources: [{id: a, system: hubspot, class: [cti]}]", "one of ma, sfa"),
        ("sources: [{id: a, system: hubspot, class: [ma, ma]}]", "names one twice"),
        (MAPPED.replace("object: leads", "object: lead"), "did you mean leads"),
        (MAPPED.replace("company: 会社名", "compny: 会社名"), "did you mean company"),
        (MAPPED.replace("lead_id: 番号, ", ""), "needs a header (or a constant) for lead_id"),
        (MAPPED.replace("%Y/%m/%d %H:%M", "%Y/%Q"), "unknown part %Q"),
        (MAPPED.replace("%Y/%m/%d %H:%M", "yyyy/mm/dd"), "not a strptime format"),
        (MAPPED.replace("%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M %Z"), "use %z (an offset) or timezone"),
        (MAPPED.replace('{decimal: ","}', "{duration: mm:ss}"), "duration is for durations"),
        (MAPPED.replace('lead_score: {decimal: ","}', "company: {unit: 円}"), "unit and unit_factor"),
        (MAPPED.replace("{created_at: {timestamp", "{company: {date"), "date is for dates"),
        (MAPPED.replace('decimal: ","', 'decimal: ",", thousands: ","'), "same character"),
        (MAPPED.replace("values: {company", "values: {compani"), "did you mean company"),
        (MAPPED.replace("番号", "No"), "put it in quotes"),
        (
            "sources: [{id: w, system: miitel, account: acme}, {id: h, system: miitel}]",
            "sources.h.account: needed",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_file_and_key(company: Company, text: str, said: str) -> None:
    company.configure(text)
    with pytest.raises(ConfigError) as refused:
        _ = company.sources
    assert said in str(refused.value)
    assert str(company.house.sources_file) in str(refused.value)


def test_planning_is_always_there(company: Company) -> None:
    company.configure("sources: []")
    assert [source.id for source in company.sources.sources] == ["planning"]


def test_planning_may_be_configured(company: Company) -> None:
    company.configure("sources: [{id: planning, system: planning, encoding: cp932}]")
    assert [source.encoding for source in company.sources.sources] == ["cp932"]


def test_yaml_booleans_in_a_value_map_mean_their_text(company: Company) -> None:
    company.configure(one("custom: {lead_score: {field: S__c, map: {true: 1, 0: 2}}}"))
    source = company.sources.sources[0]
    assert source.custom["lead_score"].map == {"true": "1", "0": "2"}


@pytest.mark.parametrize(
    ("keys", "local"),
    [
        ("system: salesforce", None),
        ("system: hubspot", None),
        ("system: salesforce, timezone: Asia/Seoul", "Asia/Seoul"),
        ("system: miitel", "Asia/Tokyo"),
    ],
)
def test_a_system_that_states_its_zone_takes_no_local_times_unless_told(
    company: Company, keys: str, local: str | None
) -> None:
    company.configure(f"sources: [{{id: a, {keys}}}]")
    source = company.sources.sources[0]
    assert (source.local_timezone, source.day_timezone) == (local, local or "Asia/Tokyo")


def test_a_custom_field_of_json_lines_lies_beside_the_usual_one() -> None:
    contracts = load_contracts(DBT_PROJECT)
    source = Source.model_validate(
        {"id": "hs", "system": "hubspot", "custom": {"contacts.lead_score": "fit_score"}}
    )
    contract = contracts.get("hubspot", "contacts")
    assert contract is not None
    assert source.custom_paths(contract) == {"lead_score": '$.properties."fit_score"'}


def test_a_mapped_source_is_accepted(company: Company) -> None:
    company.configure(MAPPED)
    source = company.sources.get("other")
    assert source is not None
    assert source.class_names == ("sfa",)


def test_a_survey_is_a_class_of_its_own(company: Company) -> None:
    """As sfa it would count as a CRM of the company."""
    company.configure(MAPPED.replace("class: sfa", "class: survey"))
    source = company.sources.get("other")
    assert source is not None
    assert source.class_names == ("survey",)


@pytest.mark.parametrize(
    ("said", "classes"),
    [
        ("", ("ma",)),
        (", class: ma", ("ma",)),
        (", class: sfa", ("sfa",)),
        (", class: [ma, sfa]", ("ma", "sfa")),
    ],
)
def test_a_hubspot_is_marketing_unless_the_configuration_says_more(
    company: Company, said: str, classes: tuple[str, ...]
) -> None:
    company.configure(f"sources: [{{id: hub, system: hubspot{said}}}]")
    source = company.sources.get("hub")
    assert source is not None
    assert source.class_names == classes
    objects = {contract.object_name for contract in source.contracts(company.contracts)}
    assert objects == ({"contacts", "deals"} if "sfa" in classes else {"contacts"})


def test_several_feeds_are_accepted_where_every_history_names_its_tenant(company: Company) -> None:
    company.configure(
        "sources: [{id: w, system: miitel, feed: webhook}, {id: h, system: miitel, account: acme}]"
    )
    assert [source.id for source in company.sources.sources] == ["w", "h", "planning"]


def test_calls_whose_files_are_undated_are_named(company: Company) -> None:
    company.configure(
        """
sources:
  - {id: dated, system: miitel, account: a, extracted_at: {pattern: '_(?P<date>\\d{8})'}}
  - {id: bare, system: miitel, account: b}
  - {id: crm, system: salesforce}
"""
    )
    assert undated(company.sources) == ("bare",)


def test_a_house_without_its_list_of_sources_runs_nothing(company: Company) -> None:
    company.house.sources_file.unlink()
    with pytest.raises(ConfigError, match=r"has no config/sources\.yml"):
        load_sources(company.house, company.contracts)
    company.house.sources_file.write_text("")
    with pytest.raises(ConfigError, match="sources: Field required"):
        load_sources(company.house, company.contracts)


@pytest.mark.parametrize(
    "text",
    [
        "? [a, b]\n: c\n",
        "{{a: b}: c}\n",
        "since: 2026-13-45\n",
        "[" * 3000,
        "a: &a [*a]\n",
        "a: !!int x\n",
    ],
)
def test_yaml_that_makes_no_sense_is_refused_and_named(company: Company, text: str) -> None:
    company.configure(text)
    with pytest.raises(ConfigError, match=r"sources\.yml"):
        _ = company.sources
