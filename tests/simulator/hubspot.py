"""The same world with HubSpot as its sales system: every Salesforce export told once more.

`in_hubspot(world)` is the world whose exports of `sf` were exports of a portal. Nothing happens
otherwise than in the world it is made from; planning and configuration speak of the portal's ids
and words. `exports_of` makes the files alone, for a company that has both systems.

The exports change hands like everybody's: API objects with their associations inside, or, as
connectors write them, without (then in a file of their own); companies and mails once from the
Exports API as CSV under internal names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from tests.simulator.identifiers import salesforce_suffix
from tests.simulator.portal import OWN_DISPOSITIONS, Portal
from tests.simulator.vocabulary import DISPOSITIONS
from tests.simulator.world import TOKYO_OFFSET, BadRow, Delivery, Dialect, Record, World

SOURCE: Final = "hubcrm"
PORTAL_ID: Final = "990002"
# Told in this order no record names one that is not there yet.
_ORDER: Final = (
    "User", "OpportunityStage", "Account", "Lead", "Contact", "Opportunity", "OpportunityHistory",
    "Task", "Event", "contacts",
)  # fmt: skip
# Marketing's contacts are the portal's own once sales shares it.
_READERS: Final = "hubspot.contacts"
_OBJECTS: Final = ("companies", "contacts", "deals", "calls", "meetings", "emails")
_SINGULAR: Final = {
    "companies": "company",
    "contacts": "contact",
    "deals": "deal",
    "calls": "call",
    "meetings": "meeting_event",
    "emails": "email",
}
# Months of the first extract that came in another form than the API's.
_COMPANIES_AS_CSV: Final = 1
_WITHOUT_ASSOCIATIONS: Final = 2
_MAILS_AS_CSV: Final = 3


def in_hubspot(world: World) -> World:
    """The same company, had it bought HubSpot."""
    portal = portal_of(world)
    told = list(exports_of(world, portal))
    others = [
        one
        for one in world.deliveries
        if one.source_id not in ("sf", "planning") and one.object_name != _READERS
    ]
    planning = [_planning(one, portal) for one in world.deliveries if one.source_id == "planning"]
    settings = replace(
        world.settings,
        sales_systems=("hubspot",),
        portal_domains=world.settings.internal_domains,
    )
    return World(world.plan, settings, [*others, *told, *planning], world.truth)


def portal_of(world: World) -> Portal:
    """The empty portal of a world."""
    sales = {name: rows for name, rows in world.records.items() if name.startswith("salesforce.")}
    return Portal(sales, world.plan.identity.domain)


def exports_of(world: World, portal: Portal) -> Iterator[Delivery]:
    """What the portal exported whenever the world's Salesforce did."""
    extracts: dict[datetime, list[Delivery]] = {}
    for delivery in world.deliveries:
        if delivery.source_id == "sf" or delivery.object_name == _READERS:
            extracts.setdefault(delivery.extracted_at, []).append(delivery)
    for number, (at, deliveries) in enumerate(sorted(extracts.items())):
        rows = {one.object_name.partition(".")[2]: one.records for one in deliveries}
        for name in _ORDER:
            portal.tell(name, sorted(rows.get(name, ()), key=_loose_ends_last))
        is_newest = number == len(extracts) - 1
        for name, records, as_csv in _extract(portal, number):
            delivery = _delivery(name, records, at, as_csv, not is_newest)
            if world.plan.bad_rows and number == 0:
                _plant(delivery)
            delivery.stamp()
            yield delivery


def _loose_ends_last(row: Record) -> tuple[bool, Any]:
    """A merged record after the one it was merged into."""
    return bool(row.get("MasterRecordId")), row.get("CreatedDate") or row["createdAt"]


def _extract(portal: Portal, number: int) -> Iterator[tuple[str, list[Any], bool]]:
    """(object, rows, as CSV) of one export of everything that changed."""
    for kind, listing in (("owners", portal.owners), ("pipelines", portal.pipelines)):
        if kind in portal.relisted:
            yield kind, [deepcopy(item) for item in listing.values()], False
    apart: list[Record] = []
    for kind in _OBJECTS:
        as_csv = (kind, number) in (("companies", _COMPANIES_AS_CSV), ("emails", _MAILS_AS_CSV))
        rows = []
        for record in portal.changed.get(kind, {}).values():
            row = {name: deepcopy(value) for name, value in record.items() if name[0] != "_"}
            associations = row.pop("associations")
            if as_csv or number == _WITHOUT_ASSOCIATIONS:
                apart += _edges(kind, row["id"], associations)
            elif associations:
                row["associations"] = {
                    other: {"results": list(_results(kind, other, ids))}
                    for other, ids in associations.items()
                }
            if kind == "contacts" and number % 2 == 0:
                row["properties"].pop("associatedcompanyid", None)  # nobody asked for it
            rows.append(row)
        if rows:
            yield kind, rows, as_csv
    for kind, lines in portal.history.items():
        if lines:
            yield f"{kind[:-1]}_property_history", [dict(line) for line in lines], False
    if apart:
        yield "associations", apart, False
    portal.changed, portal.relisted = {}, set()
    portal.history = {kind: [] for kind in portal.history}


def _results(kind: str, other: str, ids: list[str]) -> Iterator[Record]:
    """Inline associations; the first company is the primary one, named twice as the API does."""
    name = f"{_SINGULAR[kind]}_to_{_SINGULAR[other]}"
    for place, identity in enumerate(ids):
        if other == "companies" and place == 0 and kind in ("contacts", "deals"):
            yield {"id": identity, "type": f"{name}_primary"}
            yield {"id": identity, "type": f"{name}_unlabeled"}
        else:
            yield {"id": identity, "type": name}


def _edges(kind: str, identity: str, associations: dict[str, list[str]]) -> Iterator[Record]:
    for other, ids in associations.items():
        for place, to in enumerate(ids):
            is_primary = other == "companies" and place == 0
            yield {
                "fromObjectType": kind,
                "fromObjectId": identity,
                "toObjectType": other,
                "toObjectId": to,
                "label": "Primary" if is_primary else None,
            }


def _delivery(name: str, rows: list[Any], at: datetime, as_csv: bool, packed: bool) -> Delivery:
    stamp = f"{at + TOKYO_OFFSET:%Y%m%dT%H%M}"
    ending = ".csv" if as_csv else ".jsonl"
    return Delivery(
        SOURCE,
        f"hubspot.{name}",
        f"{name}_{stamp}{ending}" + (".gz" if packed else ""),
        at,
        rows,
        Dialect(format="csv" if as_csv else "jsonl", gzip=packed),
    )


def _plant(delivery: Delivery) -> None:
    """Rows that must be set aside, among the good ones."""
    name, place = delivery.object_name, len(delivery.rows) // 2
    template = {key: value for key, value in delivery.records[0].items() if key[0] != "_"}
    if name == "hubspot.calls":
        bad = BadRow(name, "missing_key", {**template, "id": None})
    elif name == "hubspot.meetings":
        properties = {
            **template["properties"],
            "hs_meeting_start_time": "2026-02-30T01:00:00.000Z",
        }
        bad = BadRow(
            name,
            "impossible_date",
            {**template, "id": f"{template['id']}9", "properties": properties},
        )
    elif name == "hubspot.deals":
        bad = BadRow(name, "broken_json", '{"id": "28900000001", "properties": {"dealname": ')
    else:
        return
    delivery.rows.insert(place, bad)


# --- planning ---------------------------------------------------------------------------------


def own_dispositions() -> list[Record]:
    """What planning says of the results the portal added; two were forgotten."""
    return [
        {"source_id": SOURCE, "value": OWN_DISPOSITIONS[memo], "disposition": meaning, "rank": rank}
        for memo, meaning, rank in DISPOSITIONS
        if memo in OWN_DISPOSITIONS
    ]


def _planning(delivery: Delivery, portal: Portal) -> Delivery:
    rows: list[Record | BadRow] = [dict(row) for row in delivery.records]
    name = delivery.object_name.partition(".")[2]
    if name == "roster":
        rows = in_roster(delivery.records, portal)
    elif name == "dispositions":
        rows += own_dispositions()
    elif name == "target_accounts":
        rows = in_target_list(delivery.records, portal)
    told = replace(delivery, rows=rows)
    told.stamp()
    return told


def in_roster(rows: Iterable[Record], portal: Portal) -> list[Record | BadRow]:
    """The portal's owner ids; who has none written down is known by the e-mail."""
    found: list[Record | BadRow] = []
    for row in rows:
        short = str(row["crm_user_id"])
        whole = short if len(short) == 18 else short + salesforce_suffix(short)
        is_written = len(short) == 18
        found.append(dict(row, crm_user_id=portal.owner_of(whole) if is_written else None))
    return found


def in_target_list(rows: Iterable[Record], portal: Portal) -> list[Record | BadRow]:
    """The portal's company ids, each once on a list."""

    def in_portal(account_id: str) -> str:
        return portal.id_of(account_id) or account_id

    found = {(row["list_name"], in_portal(row["account_id"])): row for row in rows}
    return [dict(row, account_id=identity) for (_, identity), row in found.items()]
