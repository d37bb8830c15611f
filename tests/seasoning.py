"""What a simulated company does too rarely to be compared: put into its exports before they are
written, so that the demo company stays as it is.

Warehouse and oracle both see the seasoned records; neither is told of the seasoning.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.simulator import World

Record = dict[str, Any]
HALF_A_DAY_AND_MORE = timedelta(hours=13)


def season(world: World) -> World:
    """The same world, changed in place."""
    _rare_types_of_deals(world)
    _won_in_a_currency_without_a_rate(world)
    _lines_left_open(world)
    _deals_of_two_leads(world)
    _costs_of_every_kind(world)
    _exports_that_never_came(world)
    return world


def _rare_types_of_deals(world: World) -> None:
    """Of every fifth deal won nobody says the type, every other fifth came of a partner."""
    won = sorted({row["Id"] for row in world.records["salesforce.Opportunity"] if row["IsWon"]})
    types = dict.fromkeys(won[1::5], None) | dict.fromkeys(won[3::5], "パートナー経由")
    for row in world.records["salesforce.Opportunity"]:
        if row["Id"] in types:
            row["Type"] = types[row["Id"]]


def _won_in_a_currency_without_a_rate(world: World) -> None:
    """Every sixth deal won with an amount is in euros, of which planning knows no rate."""
    deals = world.records["salesforce.Opportunity"]
    won = sorted({row["Id"] for row in deals if row["IsWon"] and row["Amount"] is not None})
    for row in deals:
        if row["Id"] in won[::6]:
            row["CurrencyIsoCode"] = "EUR"


def _lines_left_open(world: World) -> None:
    """Two calls nobody ended until the next day: a connect of April, an analysed call of July."""
    april = next(
        row["Sequence ID"]
        for row in world.records["miitel.history_rows"]
        if row["Call memo"] == "担当者接続" and row["Call type"] == "発信"
    )
    for row in world.records["miitel.history_rows"]:
        if row["Sequence ID"] == april:
            row["Call end time"] += HALF_A_DAY_AND_MORE
            row["Call duration"] += int(HALF_A_DAY_AND_MORE.total_seconds())
    july = next(
        leg["id"]
        for row in world.records["miitel.webhook_calls"]
        for leg in row["call"]["details"]
        if leg["dial_starts_at"].date() > date(2026, 7, 1)
        and leg["call_type"] == "OUTGOING_CALL"
        and leg["analysis"]
        and leg["dial_answered_at"]
    )
    for row in world.records["miitel.webhook_calls"]:
        for leg in row["call"]["details"]:
            if leg["id"] == july:
                leg["dial_ends_at"] += HALF_A_DAY_AND_MORE


def _deals_of_two_leads(world: World) -> None:
    """Eight deals that a second lead, of any channel and age, was converted into as well."""
    leads = world.records["salesforce.Lead"]
    deals = sorted({row["ConvertedOpportunityId"] for row in leads} - {None})[::10][:8]
    converted = {row["Id"] for row in leads if row["IsConverted"]}
    free = sorted({row["Id"] for row in leads} - converted)
    second = dict(zip(free[:: len(free) // 8], deals, strict=False))
    for row in leads:
        if row["Id"] in second:
            row["ConvertedOpportunityId"] = second[row["Id"]]


def _costs_of_every_kind(world: World) -> None:
    """A campaign's cost in dollars, one in a currency without a rate, one that brought no lead."""
    delivery = next(one for one in world.deliveries if one.object_name == "planning.costs")
    month = world.plan.month_start(3)
    campaign = min(
        row["Name"] for row in world.records["salesforce.Campaign"] if "ウェビナー" in row["Name"]
    )
    delivery.rows += [
        _cost(month, "ウェビナー", campaign, 1200, "USD"),
        _cost(month, "リスティング広告", None, 500, "EUR") | {"campaign": "秋の広告"},
        _cost(month, "テレビCM", None, 3_000_000, None),
    ]
    delivery.stamp()


def _cost(
    month: date, channel: str, campaign: str | None, amount: int, currency: str | None
) -> Record:
    return {
        "month": month,
        "channel": channel,
        "campaign": campaign,
        "amount": amount,
        "currency": currency,
    }


def _exports_that_never_came(world: World) -> None:
    """A week of the webhook and a month of the Osaka office: absent is not zero."""
    lost = ("calls_20260803-", "通話明細_20260801-")
    gone = [one for one in world.deliveries if one.file.startswith(lost)]
    assert len(gone) == len(lost)
    for one in gone:
        world.deliveries.remove(one)
