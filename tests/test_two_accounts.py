"""Feeds of one telephone system that sources.yml calls two accounts are noticed, not counted twice."""

from __future__ import annotations

from pathlib import Path

from tests.cases import night
from tests.harness import deliver, make_house
from tests.nights.quick import Quick

TEST = "no_two_telephone_accounts_hold_the_same_calls"


def test_the_same_calls_under_two_accounts_fail_the_night(quick: Quick, tmp_path: Path) -> None:
    """A typo in one of two accounts: the ids differ, so only number and minute tell."""
    made = night("unnamed")
    sources = made.house.sources_yml
    phone = sources["sources"][0]
    sources["sources"] += [{**phone, "id": "history", "feed": "history", "account": "kurra"}]
    for row in made.records["miitel.history_rows"]:
        row["_source_id"] = "history"
        row["_file"] = str(row["_file"]).replace("miitel/", "history/")
    for account, fails in (("kurra", True), ("kura", False)):
        sources["sources"][-1]["account"] = account
        phone |= {"feed": "webhook"}
        house = make_house(tmp_path / account, made.house.house_yml, sources)
        deliver(house, made.records)
        quick.marts(house, made.house.as_of)
        assert quick.fails(house, TEST) is fails
