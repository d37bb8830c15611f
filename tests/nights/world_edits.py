"""What somebody may edit about one small company between two nights, one named change each.

Unlike `edits`, which changes texts of one fixed company, these change the entry of sources.yml or the
planning rows of whichever company a tale is about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.nights.world import KINDS

Entry = dict[str, Any]


@dataclass(frozen=True)
class Edit:
    """One change of an entry or of a planning row in place; None leaves the entry or row away.

    place: the source's name without its company (phone, portal, sf), or a planning table.
    """

    place: str
    change: Callable[[Entry], Entry | None]
    kinds: tuple[str, ...] = KINDS


def _with(**values: Any) -> Callable[[Entry], Entry | None]:
    return lambda entry: entry | values


def _without(key: str) -> Callable[[Entry], Entry | None]:
    return lambda entry: {name: value for name, value in entry.items() if name != key}


def _gone(_entry: Entry) -> None:
    return None


def _renamed(entry: Entry) -> Entry:
    return entry | {"account": "old" + entry["account"]}


def _marketing_alone(entry: Entry) -> Entry:
    kept = ("id", "system", "account", "timezone", "extracted_at")
    return {name: entry[name] for name in kept}


def _of_rep_a(**values: Any) -> Callable[[Entry], Entry | None]:
    return lambda row: row | values if row["rep_id"].endswith("A") else row


_PORTAL, _SALESFORCE = ("portal",), ("salesforce",)
EDITS: Final = {
    "phone: not described yet": Edit("phone", _gone),
    "phone: another account": Edit("phone", _renamed),
    "phone: no own numbers": Edit("phone", _without("own_numbers")),
    "phone: names say no instant": Edit("phone", _without("extracted_at")),
    "phone: slow to connect": Edit("phone", _with(connect={"min_human_seconds": 60})),
    "portal: not described yet": Edit("portal", _gone, _PORTAL),
    "portal: sales alone": Edit("portal", _with(**{"class": ["sfa"]}), _PORTAL),
    "portal: marketing alone": Edit("portal", _marketing_alone, _PORTAL),
    "portal: another account": Edit("portal", _renamed, _PORTAL),
    "portal: in Los Angeles": Edit("portal", _with(timezone="America/Los_Angeles"), _PORTAL),
    "portal: no status mapped": Edit("portal", _without("lead_status"), _PORTAL),
    "portal: another gate": Edit(
        "portal", _with(acceptance={"mode": "stage", "stage": "受注"}), _PORTAL
    ),
    "portal: names say no instant": Edit("portal", _without("extracted_at"), _PORTAL),
    "portal: sources in another property": Edit(
        "portal", _with(custom={"contacts.lead_source": "jobtitle"}), _PORTAL
    ),
    "sf: not described yet": Edit("sf", _gone, _SALESFORCE),
    "sf: another account": Edit("sf", _renamed, _SALESFORCE),
    "sf: outcome in another field": Edit("sf", _with(custom={}), _SALESFORCE),
    "sf: owner accepts": Edit("sf", _with(acceptance={"mode": "owner_role"}), _SALESFORCE),
    "sf: names say no instant": Edit("sf", _without("extracted_at"), _SALESFORCE),
    "sf: paid in dollars": Edit("sf", _with(default_currency="USD"), _SALESFORCE),
    "roster: another team": Edit("roster", _of_rep_a(team="another team")),
    "roster: a not hired yet": Edit(
        "roster", lambda row: None if row["rep_id"].endswith("A") else row
    ),
    "channel_rules: another channel": Edit("channel_rules", _with(channel="another channel")),
    "channel_rules: still empty": Edit("channel_rules", _gone),
}
