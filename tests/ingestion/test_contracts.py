"""The contract is read from the dbt source YAML, and a malformed one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.lib.contracts import ContractError, Contracts, load_contracts
from dagster_project.settings import DBT_PROJECT
from tests.ingestion.conftest import CONTRACTS, write_contracts


def test_a_contract_gives_its_columns_in_order(contracts: Contracts) -> None:
    leads = contracts.get("salesforce", "leads")
    assert leads is not None
    assert [column.name for column in leads.columns][:2] == ["lead_id", "company"]
    assert leads.key == ("lead_id",)
    assert leads.version_column == "updated_at"


def test_a_key_column_must_be_in_the_header_unless_the_contract_says_otherwise(
    contracts: Contracts,
) -> None:
    leads = contracts.get("salesforce", "leads")
    assert leads is not None
    assert [column.name for column in leads.columns if column.header_required] == ["lead_id"]


def test_facts_about_the_run_are_no_export(contracts: Contracts) -> None:
    assert "kura" not in contracts.systems


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("format: csv", "format: xml", "format must be one of"),
        ("kind: snapshot", "kind: whatever", "kind must be one of"),
        ("key: [rep_id]", "key: [nobody]", "nobody is not among the columns"),
        ("key: [rep_id]", "key: []", "key is empty"),
        ("version: 1\n", "version: one\n", "version must be a whole number"),
        ("type: text}", "type: words}", "type must be one of"),
        ("type: text}", "type: text, requird: true}", "Unknown keys requird"),
        ("name: rep_name", "name: rep_id", "listed twice"),
    ],
)
def test_a_malformed_contract_is_refused_with_its_file_and_key(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in CONTRACTS["planning"]
    with pytest.raises(ContractError, match=said) as refused:
        write_contracts(tmp_path, {"planning": CONTRACTS["planning"].replace(old, new, 1)})
    assert "_planning__sources.yml" in str(refused.value)


def test_the_fingerprint_follows_the_cast_and_not_the_description(tmp_path: Path) -> None:
    def fingerprint(name: str, old: str, new: str) -> str:
        text = CONTRACTS["planning"].replace(old, new, 1)
        contract = write_contracts(tmp_path / name, {"planning": text}).get("planning", "roster")
        assert contract is not None
        return contract.fingerprint

    before = fingerprint("a", "", "")
    assert fingerprint("b", "- name: roster", "- name: roster\n        description: x") == before
    assert fingerprint("c", "type: text}", "type: email}") != before
    assert fingerprint("d", "version: 1", "version: 2") != before


def test_every_contract_of_the_product_can_be_read() -> None:
    contracts = load_contracts(DBT_PROJECT)
    assert {"miitel", "salesforce", "hubspot", "planning", "mapped"} <= set(contracts.systems)
