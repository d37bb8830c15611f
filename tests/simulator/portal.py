"""A HubSpot portal: what the sales system of a simulated world would have held had it been HubSpot.

`Portal` is told what Salesforce exported and keeps the records HubSpot would keep of the same
facts: one contact where Salesforce has a lead and later a contact, owners whose id is not the
user's, opaque stages, dispositions as GUIDs. Which of them are exported when, and in which form,
is `hubspot`'s business.

HubSpot's own rules, not the warehouse's, decide what becomes of a fact:

- An address belongs to one contact. The same person's second lead is a resubmission of the same
  contact; a second person's role address is refused and stays empty.
- A merged record is exported no more; the winner names it.
- There are no campaign members, queues, invitees' copies of meetings or list mails of a rep.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zlib import crc32

from tests.simulator.world import Record, utc

PIPELINE: Final = "default"
# E9 of the formats: the dispositions every portal begins with.
DEFAULT_DISPOSITIONS: Final = {
    "担当者接続": "f240bbac-87c9-4f6e-bf70-924b57d47db7",
    "話中": "9d9162e7-6cf3-4944-bf63-4dff82258764",
    "不在": "73a0d17f-1163-4015-bdd5-ec830791da20",
    "伝言": "a4c4c377-d246-4b32-a13b-75a56a4cd0ff",
    "留守電": "b2cf5968-551e-4856-9783-52b3da59a7d0",
    "番号違い": "17b47fee-58de-441e-a44c-c6300d46f273",
}
# What this portal added; planning says what they mean, except for the last two.
OWN_DISPOSITIONS: Final = {
    "アポ獲得": "5c1f3f0e-7a54-4d0b-9b0e-2f6f0d1c8a11",
    "再架電依頼": "8e0d6c52-19f7-4a6d-8f0c-6a3f5b7d2c42",
    "お断り": "1b7a9d34-6c0e-4f43-a2d9-94e1c05f7e63",
    "架電禁止": "d3f8e2a7-0b59-4c1a-b6f4-7c2e9a8d5f14",
    "受付ブロック": "46a2c8f1-e3d7-4b95-8c60-1f9d3e7a0b25",
    "資料送付済み": "a90c5e7d-2f48-4a36-9d1b-e85f07c3b696",
    "要フォロー": "7f21b4d8-95a0-4e6c-b3f7-0d8c6a1e4f37",
    "メモ": "c85e0f93-4d16-4b2a-a7c8-3b9f5d0e2a78",
}
# A label can be changed, an id cannot: the first stages still bear the names of the template.
STAGE_IDS: Final = {
    "初回商談": "appointmentscheduled",
    "有効商談": "qualifiedtobuy",
    "ヒアリング済": "128450917",
    "提案": "presentationscheduled",
    "見積提示": "128450921",
    "最終交渉": "contractsent",
    "受注": "closedwon",
    "失注": "closedlost",
}
LEAD_STATUS: Final = {
    "未対応": "NEW",
    "MQL": "NEW",
    "育成": "NURTURE",
    "対応中": "IN_PROGRESS",
    "商談設定": "MEETING_SET",
    "返却": "RETURNED",
    "対象外": "UNQUALIFIED",
    "取引開始": "OPEN_DEAL",
}
MEETING_OUTCOMES: Final = {
    "実施": "COMPLETED",
    "不参加": "NO_SHOW",
    "キャンセル": "CANCELED",
    "日程変更": "RESCHEDULED",
}
_DEAL_TYPES: Final = {"新規": "newbusiness", "既存": "existingbusiness"}
_LIFECYCLE: Final = ("lead", "marketingqualifiedlead", "opportunity", "customer")
_FIRST_IDS: Final = {
    "contacts": 139_004_210_051,
    "companies": 23_650_118_402,
    "deals": 28_901_447_310,
    "calls": 61_208_334_907,
    "meetings": 71_355_020_618,
    "emails": 55_710_962_233,
}
_ROLE_NAMES: Final = {"info", "sales", "contact", "support", "noreply"}
_HISTORY: Final = {
    "deals": ("dealstage", "amount", "closedate", "hubspot_owner_id"),
    "contacts": ("lifecyclestage", "hs_lead_status", "hubspot_owner_id"),
}


class Portal:
    """The records of one portal, and which of them changed since the last export."""

    def __init__(self, salesforce: Mapping[str, Iterable[Record]], domain: str) -> None:
        """`salesforce`: every exported version of every record, to know what belongs together."""
        self._site = f"https://www.{domain}/"
        leads = list(salesforce.get("salesforce.Lead", ()))
        self._losers = {row["Id"] for row in leads if row["MasterRecordId"]}
        self._lead_of_contact = {
            row["ConvertedContactId"]: row["Id"] for row in leads if row["ConvertedContactId"]
        }
        self._contacts_of_deal: dict[str, list[str]] = {}
        for row in leads:
            if deal := row["ConvertedOpportunityId"]:
                self._note_contact(deal, row["Id"])
        for row in salesforce.get("salesforce.Opportunity", ()):
            if row["ContactId"]:
                self._note_contact(row["Id"], row["ContactId"])
        self._users: dict[str, tuple[str, int]] = {}  # Salesforce user -> (owner id, user id)
        self._records: dict[str, Record] = {}  # Salesforce id -> record of the portal
        self._numbers = dict(_FIRST_IDS)
        self._addresses: dict[str, str] = {}  # e-mail -> contact id
        self._told: dict[tuple[str, str, str], str] = {}  # (object, id, property) -> last value
        # Listings are short and whole when they changed; of the rest what changed.
        self.owners: dict[str, Record] = {}
        self.pipelines: dict[str, Record] = {}
        self.relisted: set[str] = set()
        self.changed: dict[str, dict[str, Record]] = {}
        self.history: dict[str, list[Record]] = {"deals": [], "contacts": []}

    def _note_contact(self, deal: str, who: str) -> None:
        known = self._contacts_of_deal.setdefault(deal, [])
        if who not in known:
            known.append(who)

    def id_of(self, salesforce_id: str | None) -> str | None:
        """The portal's id of what Salesforce knows by another."""
        record = self._records.get(salesforce_id or "")
        return None if record is None else str(record["id"])

    def owner_of(self, user_id: str | None) -> str:
        """Owner id of a Salesforce user; queues own nothing here."""
        return self._users.get(user_id or "", ("", 0))[0]

    def _user_of(self, user_id: str | None) -> str:
        number = self._users.get(user_id or "", ("", 0))[1]
        return str(number) if number else ""

    # --- being told ---------------------------------------------------------------------

    def tell(self, object_name: str, rows: Iterable[Record]) -> None:
        """What one export says; objects are told in an order that has no loose ends."""
        teller = {
            "User": self._owner,
            "OpportunityStage": self._stage,
            "Account": self._company,
            "Lead": self._lead,
            "Contact": self._contact,
            "Opportunity": self._deal,
            "OpportunityHistory": self._moved,
            "Task": self._task,
            "Event": self._meeting,
            "contacts": self._reader,
        }.get(object_name)
        if teller is not None:
            for row in rows:
                teller(row)

    def _record(self, kind: str, row: Record, properties: Mapping[str, Any]) -> Record:
        """The record of a Salesforce row, made or brought up to date."""
        record = self._records.get(row["Id"])
        if record is None:
            self._numbers[kind] += 7 + crc32(row["Id"].encode()) % 30
            record = {
                "id": str(self._numbers[kind]),
                "properties": {"hs_object_id": str(self._numbers[kind])},
                "createdAt": row["CreatedDate"],
                "updatedAt": row["CreatedDate"],
                "archived": False,
                "associations": {},
            }
            self._records[row["Id"]] = record
        self._change(kind, record, properties, row["SystemModstamp"])
        if row["IsDeleted"] and not row.get("MasterRecordId"):
            record["archived"], record["archivedAt"] = True, row["SystemModstamp"]
        return record

    def _change(
        self, kind: str, record: Record, properties: Mapping[str, Any], at: datetime
    ) -> None:
        record["properties"].update((name, _said(value)) for name, value in properties.items())
        record["updatedAt"] = max(record["updatedAt"], at)
        stamp = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        record["properties"][stamp] = _said(record["updatedAt"])
        self.changed.setdefault(kind, {})[record["id"]] = record

    def _remember(self, kind: str, record: Record, at: datetime, user: str = "") -> None:
        """One line of history for every watched property that has another value than before."""
        owner = {"deals": "dealId", "contacts": "contactId"}[kind]
        for name in _HISTORY[kind]:
            value = record["properties"].get(name, "")
            key = (kind, record["id"], name)
            if self._told.get(key, "") == value:
                continue
            self._told[key] = value
            self.history[kind].append(
                {
                    owner: record["id"],
                    "property": name,
                    "value": value,
                    "timestamp": at,
                    "sourceType": "CRM_UI" if user else "IMPORT",
                    "sourceId": f"userId:{user}" if user else "",
                }
            )

    def _associate(self, record: Record, kind: str, ids: Iterable[str | None]) -> None:
        found = [identity for identity in ids if identity is not None]
        if found:
            record["associations"][kind] = list(dict.fromkeys(found))

    # --- people -------------------------------------------------------------------------

    def _owner(self, row: Record) -> None:
        if row["Id"] not in self._users:
            number = len(self._users) + 1
            self._users[row["Id"]] = (str(412_007_650 + number * 1_303), 9_044_110 + number * 17)
        owner_id, user_id = self._users[row["Id"]]
        surname, _, given = row["Name"].partition(" ")
        self.relisted.add("owners")
        self.owners[owner_id] = {
            "id": owner_id,
            "email": row["Email"],
            "type": "PERSON",
            "firstName": given,
            "lastName": surname,
            "userId": user_id if row["IsActive"] else None,
            "userIdIncludingInactive": user_id,
            "createdAt": row["CreatedDate"],
            "updatedAt": row["SystemModstamp"],
            "archived": not row["IsActive"],
            "teams": [{"id": "5507", "name": row["Department"], "primary": True}],
        }

    def _lead(self, row: Record) -> None:
        address = _address(row["Email"])
        is_loser = row["Id"] in self._losers
        known = self._addresses.get(address) if address and not is_loser else None
        if row["Id"] not in self._records and known and not _is_role(address):
            # The same person once more: HubSpot keeps one contact per address.
            self._records[row["Id"]] = self._records[known]
            self._note_form(self._records[known], row)
            return
        if (
            row["Id"] in self._records
            and self._records[row["Id"]].get("_of", row["Id"]) != row["Id"]
        ):
            return  # the second lead of a contact that is told of by the first
        if is_loser:
            address = ""
        if row["MasterRecordId"]:
            self._merge("contacts", row)
            return
        record = self._record("contacts", row, self._lead_properties(row))
        record.setdefault("_of", row["Id"])
        self._address(record, row["Id"], address)
        self._rise(record, "marketingqualifiedlead" if row["Status"] == "MQL" else "lead")
        self._remember("contacts", record, row["SystemModstamp"])

    def _lead_properties(self, row: Record) -> dict[str, Any]:
        source, medium, campaign = (
            row[f"utm_{name}__c"] for name in ("source", "medium", "campaign")
        )
        query = "&".join(
            f"utm_{name}={value}"
            for name, value in (("source", source), ("medium", medium), ("campaign", campaign))
            if value
        )
        analytics = {"cpc": "PAID_SEARCH", "organic": "ORGANIC_SEARCH", "email": "EMAIL_MARKETING"}
        properties = {
            "firstname": row["FirstName"],
            "lastname": row["LastName"],
            "company": row["Company"],
            "jobtitle": row["Title"],
            "lead_source": row["LeadSource"],
            "hs_lead_status": LEAD_STATUS[row["Status"]],
            "hubspotscore": row["pi__score__c"],
            "hubspot_owner_id": self.owner_of(row["OwnerId"]),
            "hs_analytics_source": analytics.get(medium, "OFFLINE"),
            "hs_analytics_source_data_1": source,
            "hs_analytics_first_url": f"{self._site}?{query}" if query else None,
            "hs_email_optout": row["HasOptedOutOfEmail"],
            "createdate": row["CreatedDate"],
        }
        # At conversion somebody types the number anew; from then on the contact's row tells it.
        if not row["IsConverted"]:
            properties |= {"phone": row["Phone"], "mobilephone": row["MobilePhone"]}
        return properties

    def _note_form(self, record: Record, row: Record) -> None:
        """Another form: what it says of the telephone is news, where the contact came from is not."""
        if row["Status"] == "MQL":
            self._rise(record, "marketingqualifiedlead")
        self._change(
            "contacts",
            record,
            {
                "recent_conversion_date": row["CreatedDate"],
                "num_conversion_events": 2,
                **{
                    name: said
                    for name, said in (("phone", row["Phone"]), ("mobilephone", row["MobilePhone"]))
                    if said
                },
            },
            row["CreatedDate"],
        )
        self._remember("contacts", record, row["CreatedDate"])

    def _contact(self, row: Record) -> None:
        lead = self._lead_of_contact.get(row["Id"])
        address = _address(row["Email"])
        if lead is not None and lead in self._records:
            self._records[row["Id"]] = self._records[lead]
        elif row["Id"] not in self._records and address and not _is_role(address):
            known = self._addresses.get(address)
            if known is not None:
                self._records[row["Id"]] = self._records[known]
        is_new = row["Id"] not in self._records
        company = self.id_of(row["AccountId"])
        properties: dict[str, Any] = {
            "firstname": row["FirstName"],
            "lastname": row["LastName"],
            "jobtitle": row["Title"],
            "phone": row["Phone"],
            "mobilephone": row["MobilePhone"],
            "associatedcompanyid": company,
            "hubspot_owner_id": self.owner_of(row["OwnerId"]),
        }
        if is_new:
            properties |= {
                "lead_source": row["LeadSource"],
                "hs_analytics_source": "OFFLINE",
                "hs_lead_status": "NEW",
                "hs_email_optout": False,
                "createdate": row["CreatedDate"],
            }
        record = self._record("contacts", row, properties)
        record.setdefault("_of", row["Id"])
        self._address(record, row["Id"], address)
        self._associate(record, "companies", [company])
        self._rise(record, "lead")
        self._remember("contacts", record, row["SystemModstamp"])

    def _reader(self, row: Record) -> None:
        """A contact of marketing's: in a portal both departments share it is this very contact."""
        said = row["properties"]
        address = _address(said["email"])
        lead = said["salesforceleadid"] or (
            None if _is_role(address) else self._addresses.get(address)
        )
        record = self._records.get(lead or "")
        if record is not None:
            self._rise(record, said["lifecyclestage"])
            self._change("contacts", record, {}, row["updatedAt"])
            self._remember("contacts", record, row["updatedAt"])

    def _address(self, record: Record, salesforce_id: str, address: str) -> None:
        """An address nobody else has; refused otherwise."""
        if address and self._addresses.setdefault(address, record["_of"]) == record["_of"]:
            record["properties"]["email"] = address
        record["properties"].setdefault("email", "")

    def _rise(self, record: Record, stage: str) -> None:
        """The lifecycle moves forward only."""
        was = record["properties"].get("lifecyclestage", _LIFECYCLE[0])
        record["properties"]["lifecyclestage"] = max(was, stage, key=_LIFECYCLE.index)

    def _merge(self, kind: str, row: Record) -> None:
        """The loser is gone; the winner says whom it swallowed and when."""
        winner = self._records[row["MasterRecordId"]]
        loser = self._records.get(row["Id"])
        if loser is None:
            # Merged before anybody exported it: only its id is left.
            self._numbers[kind] += 11
            loser = {"id": str(self._numbers[kind])}
            self._records[row["Id"]] = winner
        swallowed = [
            part for part in winner["properties"].get("hs_merged_object_ids", "").split(";") if part
        ]
        if loser["id"] in swallowed or loser["id"] == winner["id"]:
            return
        self.changed.get(kind, {}).pop(loser["id"], None)
        self._records[row["Id"]] = winner
        properties: dict[str, Any] = {"hs_merged_object_ids": ";".join([*swallowed, loser["id"]])}
        if kind == "contacts":
            at = int(row["SystemModstamp"].timestamp()) * 1000
            before = winner["properties"].get("hs_calculated_merged_vids", "")
            told = [*(part for part in before.split(";") if part), f"{loser['id']}:{at}"]
            properties["hs_calculated_merged_vids"] = ";".join(told)
        self._change(kind, winner, properties, row["SystemModstamp"])

    def _company(self, row: Record) -> None:
        if row["MasterRecordId"]:
            self._merge("companies", row)
            return
        domain = (row["Website"] or "").removeprefix("https://www.").rstrip("/")
        self._record(
            "companies",
            row,
            {
                "name": row["Name"],
                "phone": row["Phone"],
                "domain": domain,
                "industry": row["Industry"],
                "numberofemployees": row["NumberOfEmployees"],
                "hubspot_owner_id": self.owner_of(row["OwnerId"]),
                "createdate": row["CreatedDate"],
            },
        )

    # --- deals --------------------------------------------------------------------------

    def _stage(self, row: Record) -> None:
        self.relisted.add("pipelines")
        pipeline = self.pipelines.setdefault(
            PIPELINE,
            {
                "id": PIPELINE,
                "label": "セールスパイプライン",
                "displayOrder": 0,
                "archived": False,
                "createdAt": row["CreatedDate"],
                "updatedAt": row["SystemModstamp"],
                "stages": [],
            },
        )
        pipeline["stages"].append(
            {
                "id": STAGE_IDS[row["ApiName"]],
                "label": row["MasterLabel"],
                "displayOrder": row["SortOrder"] - 1,
                "archived": not row["IsActive"],
                "createdAt": row["CreatedDate"],
                "updatedAt": row["SystemModstamp"],
                "metadata": {
                    "isClosed": _said(row["IsClosed"]),
                    "probability": str(row["DefaultProbability"] / 100),
                },
            }
        )

    def _deal(self, row: Record) -> None:
        record = self._record(
            "deals",
            row,
            {
                "dealname": row["Name"],
                "pipeline": PIPELINE,
                "dealstage": STAGE_IDS[row["StageName"]],
                "amount": row["Amount"],
                "deal_currency_code": row["CurrencyIsoCode"],
                "closedate": _closing(row["Id"], row),
                "hs_is_closed": row["IsClosed"],
                "hs_is_closed_won": row["IsWon"],
                "hs_deal_stage_probability": str(row["Probability"] / 100),
                "dealtype": _DEAL_TYPES.get(row["Type"], row["Type"]),
                "business_unit": row["BusinessUnit__c"],
                "closed_lost_reason": row["LossReason__c"],
                "hs_analytics_source": "OFFLINE",
                "hubspot_owner_id": self.owner_of(row["OwnerId"]),
                "hs_created_by_user_id": self._user_of(row["CreatedById"]),
                "createdate": row["CreatedDate"],
            },
        )
        self._associate(record, "companies", [self.id_of(row["AccountId"])])
        people = [self._records.get(who) for who in self._contacts_of_deal.get(row["Id"], ())]
        self._associate(record, "contacts", [person["id"] for person in people if person])
        for person in people:
            if person:
                self._rise(person, "customer" if row["IsWon"] else "opportunity")
                self._change("contacts", person, {}, row["SystemModstamp"])
                self._remember("contacts", person, row["SystemModstamp"])

    def _moved(self, row: Record) -> None:
        """A row of history in Salesforce is one moment; here every property has its own line."""
        deal = self._records[row["OpportunityId"]]
        at = row["CreatedDate"]
        moment = {
            "dealstage": STAGE_IDS[row["StageName"]],
            "amount": _said(row["Amount"]),
            "closedate": _closing(row["OpportunityId"], row),
            "hubspot_owner_id": self.owner_of(row["CreatedById"]),
        }
        self._remember(
            "deals", {"id": deal["id"], "properties": moment}, at, self._user_of(row["CreatedById"])
        )

    # --- activities ---------------------------------------------------------------------

    def _task(self, row: Record) -> None:
        if row["TaskSubtype"] == "Call":
            self._call(row)
        elif row["TaskSubtype"] == "Email":
            self._email(row)

    def _activity(self, kind: str, row: Record, properties: Mapping[str, Any]) -> Record:
        record = self._record(
            kind,
            row,
            {
                "hubspot_owner_id": self.owner_of(row["OwnerId"]),
                "hs_created_by_user_id": self._user_of(row.get("CreatedById") or row["OwnerId"]),
                "hs_createdate": row["CreatedDate"],
                **properties,
            },
        )
        self._associate(record, "contacts", [self.id_of(row["WhoId"])])
        self._associate(record, "companies", [self.id_of(row["AccountId"])])
        return record

    def _call(self, row: Record) -> None:
        memo = row["CallDisposition"]
        guid = {**DEFAULT_DISPOSITIONS, **OWN_DISPOSITIONS}[memo] if memo else None
        seconds = row["CallDurationInSeconds"]
        person = self._records[row["WhoId"]]["properties"]
        dialled = person.get("mobilephone") or person.get("phone")
        self._activity(
            "calls",
            row,
            {
                "hs_call_title": row["Subject"],
                "hs_call_body": f"<div>{row['Description']}</div>" if row["Description"] else None,
                "hs_call_direction": (row["CallType"] or "Outbound").upper(),
                "hs_call_disposition": guid,
                "hs_call_duration": None if seconds is None else max(0, seconds) * 1000,
                "hs_call_external_id": row["CallObject"],
                # Only the telephone's connector notes the number.
                "hs_call_to_number": dialled if row["CallObject"] else None,
                "hs_call_status": _call_status(row, memo),
                "hs_timestamp": row["CompletedDateTime"] or row["CreatedDate"],
            },
        )

    def _email(self, row: Record) -> None:
        self._activity(
            "emails",
            row,
            {
                "hs_email_direction": "EMAIL",
                "hs_email_status": "SENT",
                "hs_email_subject": row["Subject"],
                "hs_email_text": row["Description"],
                "hs_timestamp": row["CompletedDateTime"] or row["CreatedDate"],
            },
        )
        if crc32(row["Id"].encode()) % 9 == 0:
            # Somebody answered; an answer is no mail of the rep.
            at = row["CreatedDate"] + timedelta(minutes=50)
            answer = dict(row, Id=f"{row['Id']}:answer", CreatedDate=at, SystemModstamp=at)
            self._activity(
                "emails",
                answer,
                {
                    "hs_email_direction": "INCOMING_EMAIL",
                    "hs_email_status": None,
                    "hs_email_subject": f"Re: {row['Subject']}",
                    "hs_timestamp": at,
                },
            )

    def _meeting(self, row: Record) -> None:
        if row["IsChild"]:
            return
        said = row["MeetingOutcome__c"]
        untouched = None if crc32(row["Id"].encode()) % 3 == 0 else "SCHEDULED"
        record = self._activity(
            "meetings",
            row,
            {
                "hs_meeting_title": row["Subject"],
                "hs_activity_type": row["Type"],
                "hs_meeting_start_time": row["StartDateTime"],
                "hs_meeting_end_time": row["EndDateTime"],
                "hs_meeting_outcome": MEETING_OUTCOMES[said] if said else untouched,
                "hs_attendee_owner_ids": ";".join(
                    dict.fromkeys(
                        owner
                        for owner in map(self.owner_of, (row["OwnerId"], row["CreatedById"]))
                        if owner
                    )
                ),
                "hs_timestamp": row["StartDateTime"],
            },
        )
        deal = self.id_of(row["WhatId"]) if str(row["WhatId"] or "").startswith("006") else None
        self._associate(record, "deals", [deal])


def _said(value: Any) -> str:
    """Every property is text; nothing is the empty string."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return str(value)


def _address(raw: str | None) -> str:
    """As HubSpot stores it: trimmed, lower case, ASCII; it refuses what is no address."""
    return unicodedata.normalize("NFKC", raw or "").strip().lower()


def _is_role(address: str) -> bool:
    return address.partition("@")[0] in _ROLE_NAMES


def _closing(deal: str, row: Record) -> str:
    """An instant of the close date: early, noon or late that day where the user sits."""
    seconds = (900, 43_200, 86_399)[crc32(deal.encode()) % 3]
    return _said(utc(row["CloseDate"], seconds))


def _call_status(row: Record, memo: str | None) -> str:
    """How the telephone saw it; a call that is only planned waits."""
    if not row["IsClosed"]:
        return "QUEUED"
    if memo == "話中":
        return "BUSY"
    if memo in ("不在", None) and not row["CallDurationInSeconds"]:
        return ("NO_ANSWER", "NO_ANSWER", "FAILED", "CANCELED")[crc32(row["Id"].encode()) % 4]
    return "COMPLETED"
