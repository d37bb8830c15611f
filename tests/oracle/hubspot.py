"""HubSpot's sales records retold under Salesforce's field names (formats §5.6, E9–E11).

A portal is read here and nowhere else; the rules that follow know one CRM. A contact of a sales
portal is a lead, and a contact of its company where it has one: two rows of one id. Calls and
mails are Tasks, meetings Events, deals Opportunities, the history of their properties the history
of Opportunities.

Choices where the text is silent:
- Of a record's associations the newest version that lists them speaks, with what separate files
  add; the one called primary is first.
- A lead converts once: the first deal made with a contact, of those not deleted, is its conversion,
  later ones are not (dictionary §3; a customer's renewal is not last year's meeting's).
- Whom a winner names as merged is merged, whether its own record was ever exported or not.
- A call without a result that its telephone says nobody took, nobody took.
- A contact's first page tells its utm values, a property that sources.yml names goes before.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.oracle.normalise import domain, local_date
from tests.oracle.normalise import email as address
from tests.oracle.records import Record, Records, delivered
from tests.oracle.settings import Settings, Source

Row = dict[str, Any]

# E9: what a portal's own dispositions mean without a word of planning.
E9 = {
    "f240bbac-87c9-4f6e-bf70-924b57d47db7": "connected",
    "9d9162e7-6cf3-4944-bf63-4dff82258764": "busy",
    "73a0d17f-1163-4015-bdd5-ec830791da20": "no_answer",
    "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": "left_live_message",
    "b2cf5968-551e-4856-9783-52b3da59a7d0": "left_voicemail",
    "17b47fee-58de-441e-a44c-c6300d46f273": "wrong_number",
}
_IN_PROGRESS = {"QUEUED", "RINGING", "CONNECTING", "CALLING_CRM_USER", "IN_PROGRESS", "HOLD"}
_NOBODY_TOOK_IT = {
    "BUSY": "busy",
    **dict.fromkeys(("NO_ANSWER", "FAILED", "CANCELED", "MISSED"), "no_answer"),
}
_E11 = {
    "SCHEDULED": "scheduled",
    "COMPLETED": "held",
    "NO_SHOW": "no_show",
    "CANCELED": "canceled",
    "RESCHEDULED": "rescheduled",
}
_NOT_SENT = {"FAILED", "SCHEDULED", "SENDING"}
_KINDS = {
    "contact": "contacts", "company": "companies", "companie": "companies", "deal": "deals",
    "call": "calls", "meeting": "meetings", "meeting_event": "meetings", "email": "emails",
    "0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-48": "calls", "0-47": "meetings",
    "0-49": "emails",
}  # fmt: skip
_NAMES = (
    "RecordId", "MasterRecordId", "WhoId", "AccountId", "ContactId", "OpportunityId",
    "ConvertedContactId", "ConvertedAccountId", "ConvertedOpportunityId",
)  # fmt: skip
_HISTORY = ("dealstage", "amount", "closedate", "hubspot_owner_id", "pipeline")


def retold(records: Records, settings: Settings) -> Records:
    """All records, those of sales portals among the Salesforce ones."""
    portals = {
        source.id
        for source in settings.sources.values()
        if source.system == "hubspot" and "sfa" in source.classes
    }
    if not portals:
        return records
    sales_alone = {
        identity for identity in portals if "ma" not in settings.sources[identity].classes
    }
    told: dict[str, list[Record]] = {
        name: [
            row
            for row in rows
            if not (name.startswith("hubspot.") and row.get("_source_id") in sales_alone)
        ]
        for name, rows in records.items()
    }
    for identity in sorted(portals):
        own = {
            name.removeprefix("hubspot."): [
                row for row in rows if row.get("_source_id") == identity
            ]
            for name, rows in records.items()
            if name.startswith("hubspot.")
        }
        for name, row in _Portal(own, settings.sources[identity], settings).rows():
            told.setdefault(f"salesforce.{name}", []).append(row)
    return told


class _Portal:
    """One portal's exports."""

    def __init__(self, own: Mapping[str, list[Record]], source: Source, settings: Settings) -> None:
        self._own, self._source, self._settings = own, source, settings
        self._links = _Links(own)
        self._owner_of_user = {
            str(row[name]): str(row["id"])
            for row in own.get("owners", ())
            for name in ("userId", "userIdIncludingInactive")
            if row.get(name) is not None
        }
        self._merged = {
            (kind, loser.strip()): str(row["id"])
            for kind in ("contacts", "companies", "deals")
            for row in own.get(kind, ())
            for loser in (row["properties"].get("hs_merged_object_ids") or "").split(";")
            if loser.strip()
        }
        self._colleagues = {
            identity
            for identity, contact in _newest(own.get("contacts", ())).items()
            if not _is_forgotten(contact["properties"])
            and domain(address(contact["properties"].get("email"))) in settings.internal_domains
        }
        self._first_deals = self._conversions()

    def rows(self) -> Iterator[tuple[str, Row]]:
        """(Salesforce object, row)."""
        tellers = (
            ("owners", self._users),
            ("pipelines", self._stages),
            ("companies", self._accounts),
            ("contacts", self._people),
            ("deals", self._opportunities),
            ("deal_property_history", self._history),
            ("calls", self._calls),
            ("emails", self._emails),
            ("meetings", self._events),
        )
        for kind, tell in tellers:
            for name, row in tell(self._own.get(kind, [])):
                told = row | {key: self._named(row[key]) for key in _NAMES if key in row}
                yield name, {**told, "Id": told.pop("RecordId", row.get("Id"))}

    def _named(self, identity: str | None) -> str | None:
        """Two portals may number alike, so the portal is part of the name."""
        return None if identity is None else f"hubspot:{self._source.account}:{identity}"

    def _first(self, kind: str, identity: str, other: str) -> str | None:
        """The record it belongs to; a prospect before a colleague, who may have come along (§3)."""
        found = [self._surviving(other, end) for end in self._links.of(kind, identity, other)]
        colleagues = self._colleagues if other == "contacts" else set()
        return min(found, key=colleagues.__contains__, default=None)

    def _surviving(self, kind: str, identity: str) -> str:
        """The record all merges led to; a circle ends where it began."""
        seen = set()
        while (kind, identity) in self._merged and identity not in seen:
            seen.add(identity)
            identity = self._merged[kind, identity]
        return identity

    def _base(self, row: Record, *, kind: str = "") -> Row:
        """What every object has: its properties as they are, versions, deletion, merge."""
        said = _remaining(row["properties"])
        winner = self._merged.get((kind, str(row["id"])))
        return {
            **{name: value if value != "" else None for name, value in said.items()},
            **{name: value for name, value in row.items() if name.startswith("_")},
            "RecordId": str(row["id"]),
            "CreatedDate": row["createdAt"],
            "SystemModstamp": row["updatedAt"],
            "IsDeleted": bool(row.get("archived")) or winner is not None or _is_forgotten(said),
            "MasterRecordId": winner,
            "OwnerId": said.get("hubspot_owner_id") or None,
        }

    # --- people and companies -----------------------------------------------------------

    def _users(self, rows: Iterable[Record]) -> Iterator[tuple[str, Row]]:
        for row in rows:
            yield "User", {**row, "Id": str(row["id"]), "Email": row["email"],
                           "SystemModstamp": row["updatedAt"]}  # fmt: skip

    def _accounts(self, rows: Iterable[Record]) -> Iterator[tuple[str, Row]]:
        for row in rows:
            said = row["properties"]
            yield (
                "Account",
                {**self._base(row, kind="companies"), "Phone": said.get("phone") or None},
            )

    def _people(self, rows: list[Record]) -> Iterator[tuple[str, Row]]:
        history: dict[str, list[tuple[datetime, str, str]]] = defaultdict(list)
        for line in self._own.get("contact_property_history", ()):
            identity = str(line.get("contactId") or line.get("objectId"))
            history[identity].append((_instant(line["timestamp"]), _property(line), line["value"]))
        # A later export may not have asked for the property, so an earlier one still speaks.
        said_once = {
            identity: row["properties"]["associatedcompanyid"]
            for identity, row in _newest(
                row for row in rows if row["properties"].get("associatedcompanyid")
            ).items()
        }
        companies = {
            identity: newest["properties"].get("associatedcompanyid")
            or self._first("contacts", identity, "companies")
            or said_once.get(identity)
            for identity, newest in _newest(rows).items()
        }
        for row in rows:
            identity, said = str(row["id"]), _remaining(row["properties"])
            company = companies[identity]
            person = {
                **self._base(row, kind="contacts"),
                "Email": said.get("email") or None,
                "Phone": said.get("phone") or None,
                "MobilePhone": said.get("mobilephone") or None,
                "Title": said.get("jobtitle") or None,
                "LeadSource": self._lead_source(said),
                "StatusHistory": history.get(identity, ()),
            }
            page = parse_qs(urlsplit(said.get("hs_analytics_first_url") or "").query)
            yield (
                "Lead",
                {
                    **person,
                    "Status": said.get("hs_lead_status") or None,
                    "LifecycleStage": said.get("lifecyclestage") or None,
                    "Score": said.get(self._source.custom_fields.get("lead_score", "hubspotscore")),
                    **{
                        f"{name}__c": page[name][0] if name in page else None
                        for name in ("utm_source", "utm_medium", "utm_campaign")
                    },
                    "ConvertedContactId": identity if company else None,
                    "ConvertedAccountId": company,
                    "ConvertedOpportunityId": self._first_deals.get(identity),
                },
            )
            if company:
                yield "Contact", {**person, "AccountId": company}

    def _lead_source(self, said: Mapping[str, Any]) -> str | None:
        name = self._source.custom_fields.get("lead_source", "hs_analytics_source")
        return said.get(name) or None

    def _conversions(self) -> dict[str, str]:
        """Contact -> the first deal made with it that is still one."""
        made: dict[str, tuple[datetime, str]] = {}
        for identity, deal in _newest(self._own.get("deals", ())).items():
            if deal.get("archived") or ("deals", identity) in self._merged:
                continue
            for contact in self._links.of("deals", identity, "contacts"):
                when = (deal["createdAt"], identity)
                made[contact] = min(made.get(contact, when), when)
        return {contact: deal for contact, (_, deal) in made.items()}

    # --- deals --------------------------------------------------------------------------

    def _stages(self, rows: Iterable[Record]) -> Iterator[tuple[str, Row]]:
        for row in rows:
            for stage in row["stages"]:
                facts = stage.get("metadata") or {}
                closed = _is_true(facts.get("isClosed"))
                yield (
                    "OpportunityStage",
                    {
                        **{name: value for name, value in row.items() if name.startswith("_")},
                        "Id": f"{row['id']}/{stage['id']}",
                        "PipelineId": str(row["id"]),
                        "ApiName": str(stage["id"]),
                        "MasterLabel": stage["label"],
                        "SortOrder": int(stage["displayOrder"]),
                        "IsClosed": closed,
                        "IsWon": closed and float(facts.get("probability") or 0) == 1.0,
                        "DefaultProbability": _percent(facts.get("probability")),
                        "SystemModstamp": row.get("updatedAt") or delivered(row)[0],
                    },
                )

    def _opportunities(self, rows: Iterable[Record]) -> Iterator[tuple[str, Row]]:
        for row in rows:
            identity, said = str(row["id"]), row["properties"]
            yield (
                "Opportunity",
                {
                    **self._base(row, kind="deals"),
                    **self._moment(said),
                    "AccountId": self._first("deals", identity, "companies"),
                    "ContactId": self._first("deals", identity, "contacts"),
                    "CurrencyIsoCode": said.get("deal_currency_code") or None,
                    "IsClosed": _flag(said.get("hs_is_closed")),
                    "IsWon": _flag(said.get("hs_is_closed_won")),
                    "Probability": _percent(said.get("hs_deal_stage_probability")),
                    "Type": said.get("dealtype") or None,
                },
            )

    def _moment(self, said: Mapping[str, Any]) -> Row:
        amount = said.get("amount") or None
        return {
            "StageName": said.get("dealstage") or None,
            "PipelineId": said.get("pipeline") or None,
            "Amount": None if amount is None else float(amount),
            "CloseDate": self._day(said.get("closedate")),
        }

    def _day(self, said: str | None) -> date | None:
        return local_date(_instant(said), self._source.zone) if said else None

    def _history(self, lines: Iterable[Record]) -> Iterator[tuple[str, Row]]:
        """What a deal was after every instant at which one of its properties changed."""
        changes: dict[str, dict[datetime, Row]] = defaultdict(lambda: defaultdict(dict))
        for line in sorted(lines, key=delivered):
            if _property(line) in _HISTORY:
                deal = str(line.get("dealId") or line.get("objectId"))
                changes[deal][_instant(line["timestamp"])][_property(line)] = line["value"]
        versions = sorted(
            self._own.get("deals", ()), key=lambda row: row["updatedAt"], reverse=True
        )
        for deal, entered in self._entries().items():
            if not any("dealstage" in changed for changed in changes[deal].values()):
                for at, stage in entered.items():
                    changes[deal][at]["dealstage"] = stage
        earliest = {str(row["id"]): row["properties"] for row in versions}
        pipelines = {
            identity: deal["properties"].get("pipeline")
            for identity, deal in _newest(self._own.get("deals", ())).items()
        }
        for deal, moments in changes.items():
            said: Row = {"pipeline": pipelines.get(deal)}
            is_amount_told = any("amount" in changed for changed in moments.values())
            if not is_amount_told:
                # A history asked for without amounts: the earliest version stands in.
                said["amount"] = earliest.get(deal, {}).get("amount")
            for at, changed in sorted(moments.items()):
                said |= changed
                yield (
                    "OpportunityHistory",
                    {
                        **self._moment(said),
                        "_source_id": self._source.id,
                        "RecordId": f"{deal}@{at.isoformat()}",
                        "OpportunityId": deal,
                        "OwnerId": said.get("hubspot_owner_id") or None,
                        "IsAmountTold": is_amount_told,
                        "CreatedDate": at,
                    },
                )

    def _entries(self) -> dict[str, dict[datetime, str]]:
        """Stages deals say they entered, for whom nobody exported the history (formats §2.3)."""
        deals = self._own.get("deals", ())
        known = {stage["id"] for line in self._own.get("pipelines", ()) for stage in line["stages"]}
        known |= {row["properties"]["dealstage"] for row in deals}
        found: dict[str, dict[datetime, str]] = defaultdict(dict)
        for row in deals:
            for name, value in row["properties"].items():
                stage = re.sub("^hs_(v2_)?date_entered_", "", name)
                if stage != name and stage in known and value:
                    found[str(row["id"])][_instant(value)] = stage
        return found

    # --- activities ---------------------------------------------------------------------

    def _activity(self, kind: str, row: Record) -> Row:
        identity, said = str(row["id"]), row["properties"]
        return {
            **self._base(row),
            "WhoId": self._first(kind, identity, "contacts"),
            "AccountId": self._first(kind, identity, "companies"),
            "OpportunityId": self._first(kind, identity, "deals"),
            "CreatedById": self._owner_of_user.get(said.get("hs_created_by_user_id") or ""),
        }

    def _calls(self, rows: Iterable[Record]) -> Iterator[tuple[str, Row]]:
        for row in rows:
            said = row["properties"]
            status, result = said.get("hs_call_status"), said.get("hs_call_disposition") or None
            yield (
                "Task",
                {
                    **self._activity("calls", row),
                    "TaskSubtype": "Call",
                    "CallType": said.get("hs_call_direction") or None,
                    "CallDurationInSeconds": float(said.get("hs_call_duration") or 0) / 1000,
                    "CallDisposition": result,
                    "StandsFor": None if result else _NOBODY_TOOK_IT.get(status or ""),
                    "CustomerNumber": said.get(
                        "hs_call_from_number"
                        if said.get("hs_call_direction") == "INBOUND"
                        else "hs_call_to_number"
                    ),
                    "CallObject": said.get("hs_call_external_id") or None,
                    "Description": said.get("hs_call_body") or None,
                    "CompletedDateTime": _instant(said.get("hs_timestamp") or row["createdAt"]),
                    "IsClosed": status not in _IN_PROGRESS,
                },
            )

    def _emails(self, rows: Iterable[Record]) -> Iterator[tuple[str, Row]]:
        for row in rows:
            said = row["properties"]
            if said.get("hs_email_direction") == "EMAIL":
                yield (
                    "Task",
                    {
                        **self._activity("emails", row),
                        "TaskSubtype": "Email",
                        "CompletedDateTime": _instant(said.get("hs_timestamp") or row["createdAt"]),
                        "IsClosed": said.get("hs_email_status") not in _NOT_SENT,
                    },
                )

    def _events(self, rows: Iterable[Record]) -> Iterator[tuple[str, Row]]:
        for row in rows:
            said = row["properties"]
            starts_at = said.get("hs_meeting_start_time") or said.get("hs_timestamp")
            yield (
                "Event",
                {
                    **self._activity("meetings", row),
                    "StartDateTime": _instant(starts_at) if starts_at else None,
                    "Outcome": _E11.get(said.get("hs_meeting_outcome") or "", "unsaid"),
                },
            )


class _Links:
    """Associations of every record, however they came."""

    def __init__(self, own: Mapping[str, list[Record]]) -> None:
        self._found: dict[tuple[str, str, str], list[tuple[bool, str]]] = defaultdict(list)
        for kind in ("contacts", "companies", "deals", "calls", "meetings", "emails"):
            self._inline(kind, own.get(kind, ()))
        for edge in own.get("associations", ()):
            said = f"{edge.get('label') or ''} {edge.get('type') or ''}".lower()
            ends = [
                (_kind(edge[f"{end}ObjectType"]), str(edge[f"{end}ObjectId"]))
                for end in ("from", "to")
            ]
            for (kind, identity), (other, to) in (ends, ends[::-1]):
                self._found[kind, identity, other].append(("primary" not in said, to))

    def _inline(self, kind: str, rows: Iterable[Record]) -> None:
        newest: dict[tuple[str, str], tuple[Any, Record]] = {}
        for row in rows:
            for other in row.get("associations") or {}:
                key, version = (str(row["id"]), other), (row["updatedAt"], delivered(row))
                if key not in newest or newest[key][0] <= version:
                    newest[key] = (version, row)
        for (identity, other), (_, row) in newest.items():
            for result in row["associations"][other]["results"]:
                is_primary = "primary" in str(result.get("type") or "").lower()
                self._found[kind, identity, _kind(other)].append(
                    (not is_primary, str(result["id"]))
                )

    def of(self, kind: str, identity: str, other: str) -> list[str]:
        """The other ends, the primary one first, else as listed."""
        found = sorted(self._found.get((kind, identity, other), ()), key=lambda end: end[0])
        return list(dict.fromkeys(to for _, to in found))


def _newest(rows: Iterable[Record]) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for row in sorted(rows, key=lambda row: (row["updatedAt"], delivered(row))):
        found[str(row["id"])] = row
    return found


def _kind(said: str) -> str:
    word = said.strip().lower()
    return _KINDS.get(word) or _KINDS[word.removesuffix("s")]


def _property(line: Record) -> str:
    return str(line.get("property") or line.get("name"))


def _instant(said: Any) -> datetime:
    """ISO with Z, or milliseconds since 1970 (formats §6.4)."""
    if isinstance(said, datetime):
        return said
    if str(said).isdigit():
        return datetime.fromtimestamp(int(said) / 1000, UTC)
    return datetime.fromisoformat(str(said).replace("Z", "+00:00"))


def _is_forgotten(said: Mapping[str, Any]) -> bool:
    """Deleted at the person's own wish (formats §6.3.6)."""
    return _is_true(said.get("hs_gdpr_deleted"))


def _remaining(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of a person who wanted to be forgotten nothing that tells of her."""
    if not _is_forgotten(said):
        return said
    return {name: value for name, value in said.items() if name not in _PERSONAL}


_PERSONAL = {
    "email", "firstname", "lastname", "company", "jobtitle", "phone", "mobilephone",
    "hs_analytics_first_url",
}  # fmt: skip


def _percent(said: Any) -> float | None:
    """A share as Salesforce writes it."""
    return None if said in (None, "") else float(said) * 100


def _flag(said: Any) -> bool | None:
    return None if said in (None, "") else _is_true(said)


def _is_true(said: Any) -> bool:
    return str(said).lower() == "true"
