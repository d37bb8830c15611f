"""Feeds of one telephone system that sources.yml calls two accounts are noticed, not counted twice."""

from __future__ import annotations

import json
from pathlib import Path

from dagster_project.settings import House
from tests.cases import night
from tests.harness import deliver, make_house, transform

TEST = "no_two_telephone_accounts_hold_the_same_calls"


def _verdict(house: House) -> str:
    results = json.loads((house.dbt_target / "run_results.test.json").read_text(encoding="utf-8"))
    return next(
        str(item["status"])
        for item in results["results"]
        if item["unique_id"].split(".")[2] == TEST
    )


def test_the_same_calls_under_two_accounts_fail_the_night(tmp_path: Path) -> None:
    """A typo in one of two accounts: the ids differ, so only number and minute tell."""
    made = night("unnamed")
    sources = made.house.sources_yml
    phone = sources["sources"][0]
    sources["sources"] += [{**phone, "id": "history", "feed": "history", "account": "kurra"}]
    for row in made.records["miitel.history_rows"]:
        row["_source_id"] = "history"
        row["_file"] = str(row["_file"]).replace("miitel/", "history/")
    for account, verdict in (("kurra", "fail"), ("kura", "pass")):
        sources["sources"][-1]["account"] = account
        phone |= {"feed": "webhook"}
        house = make_house(tmp_path / account, made.house.house_yml, sources)
        deliver(house, made.records)
        transform(house, made.house.as_of)
        assert _verdict(house) == verdict
