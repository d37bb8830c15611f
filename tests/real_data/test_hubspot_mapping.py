"""Every column the formats' mapping names for HubSpot as a CRM is read by a contract."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagster_project.lib.contracts import Contracts, load_contracts
from dagster_project.settings import DBT_PROJECT

MAPPING = Path(__file__).resolve().parents[3] / "shared" / "formats" / "vendor_mapping.csv"
pytestmark = pytest.mark.skipif(
    not MAPPING.is_file(), reason="shared/formats lies outside the repository"
)
#: Object of the mapping → object of the contracts.
OBJECTS = {
    "contacts": "contacts",
    "contacts hs_merged_object_ids / hs_calculated_merged_vids": "contacts",
    "companies": "companies",
    "deals": "deals",
    "deal property history (dealstage, amount, closedate, hubspot_owner_id)": "deal_property_history",
    "pipelines": "pipelines",
    "owners": "owners",
    "calls": "calls",
    "meetings": "meetings",
}


def mapped() -> list[tuple[str, str]]:
    """(object, column as the mapping writes it) of HubSpot's CRM."""
    if not MAPPING.is_file():
        return []
    with MAPPING.open(encoding="utf-8", newline="") as stream:
        return [
            (row["source_object"], row["vendor_column"])
            for row in csv.DictReader(stream)
            if row["source_system"] == "hubspot" and row["entity"].startswith("sfa_")
        ]


def paths(written: str) -> Iterator[str]:
    """The JSON paths a column of the mapping stands for; none for what is made up."""
    within = ""
    for part in re.split(r" [/+] ", written):
        name = part.removesuffix(" (v3)")
        if name.startswith("("):
            continue
        if within and "." not in name and name.islower():
            name = within + name
        within = name.rpartition(".")[0] + "." if "." in name else ""
        if name.startswith("pipeline."):
            yield "$$." + name.removeprefix("pipeline.")
        elif name.startswith("stage."):
            yield "$." + name.removeprefix("stage.")
        elif name.startswith("associations."):
            yield f"$.{name}.results"
        else:
            yield f"$.{name}"


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    return load_contracts(DBT_PROJECT)


def test_the_mapping_names_no_object_without_a_contract() -> None:
    assert {source_object for source_object, _ in mapped()} == set(OBJECTS)


@pytest.mark.parametrize(("source_object", "column"), mapped())
def test_a_mapped_column_is_read(source_object: str, column: str, contracts: Contracts) -> None:
    contract = contracts.get("hubspot", OBJECTS[source_object])
    assert contract is not None
    read = {item.path for item in contract.columns}
    assert set(paths(column)) <= read
