"""A HubSpot portal that is a company's CRM, as its APIs export it, one JSON object a line.

Builders fill what the API always says; a case states what matters to it. Ids are numbers of one space
per portal, and an owner's number may be another person's user number, as in every real portal.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from tests.cases.scene import INTERNAL_DOMAIN, Record, Rep, Scene, jst

ACCOUNT = "4242"
LAST = date(2026, 7, 1)
CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"
NO_ANSWER = "73a0d17f-1163-4015-bdd5-ec830791da20"
OWN_RESULT = "0b0b0b0b-0000-4000-8000-000000000001"
UNMAPPED_RESULT = "0b0b0b0b-0000-4000-8000-000000000002"
# (id, label, closed, probability), in their order; the second pipeline has the gate's label first.
PIPELINES = {
    "default": (
        ("5001", "初回商談", "false", "0.1"),
        ("5002", "有効商談", "false", "0.3"),
        ("5003", "提案", "false", "0.6"),
        ("5004", "受注", "true", "1.0"),
        ("5005", "失注", "true", "0.0"),
    ),
    "7000": (
        ("7001", "有効商談", "false", "0.3"),
        ("7002", "更新確認", "false", "0.5"),
        ("7003", "受注", "true", "1.0"),
    ),
    "8000": (
        ("8001", "受付", "false", "0.1"),
        ("8002", "審査", "false", "0.2"),
        ("8003", "見積", "false", "0.5"),
    ),
}


def key(record_id: str) -> str:
    """How the warehouse publishes an id of this portal."""
    return f"hubspot:{ACCOUNT}:{record_id}"


def iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def epoch(at: datetime) -> int:
    return int(at.timestamp() * 1000)


@dataclass
class Portal:
    """Records by the day their export was made and the object they are of.

    phone: the telephone system beside it.
    """

    phone: Scene
    files: dict[tuple[date, str], list[Record]] = field(default_factory=lambda: defaultdict(list))
    tables: dict[tuple[date, str], list[dict[str, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    roster: list[Record] = field(default_factory=list)
    users: dict[str, str] = field(default_factory=dict)
    _last_id: int = 100_000

    def id(self) -> str:
        self._last_id += 1
        return str(self._last_id)

    def add(self, object_name: str, record: Mapping[str, Any], delivered: date = LAST) -> None:
        self.files[(delivered, object_name)].append(dict(record))

    def rep(
        self,
        name: str,
        motion: str = "sdr",
        *,
        cti: str = "no",
        owner: str | None = None,
        user: str | None = None,
    ) -> Rep:
        """An owner who is on the roster; his user id is not his owner id."""
        rep = Rep(
            name.upper(), f"担当{name}", f"{name}@{INTERNAL_DOMAIN}", owner or self.id(), name
        )
        self.users[rep.user_id] = user or self.id()
        self.add("owners", {
            "id": rep.user_id, "email": rep.email, "firstName": "担当", "lastName": name,
            "userId": int(self.users[rep.user_id]), "archived": False, "teams": [],
            "createdAt": iso(jst(3, 1)), "updatedAt": iso(jst(3, 1)),
        })  # fmt: skip
        self.roster.append({
            "rep_id": rep.rep_id, "rep_name": rep.name, "email": rep.email,
            "crm_user_id": rep.user_id, "cti_user_key": rep.email if cti == "yes" else None,
            "team": f"team {name}", "business_unit": f"unit {name}", "motion": motion,
            "manager_rep_id": None, "cti": cti, "valid_from": date(2026, 3, 1), "valid_to": None,
        })  # fmt: skip
        return rep

    def record(
        self,
        object_name: str,
        created: datetime,
        properties: Mapping[str, Any],
        *,
        changed: datetime | None = None,
        archived: datetime | None = None,
        links: Mapping[str, Sequence[str]] | None = None,
        record_id: str | None = None,
        delivered: date = LAST,
    ) -> str:
        """A record in the envelope of the objects API; `links` are associations beside it."""
        identity = record_id or self.id()
        envelope: Record = {
            "id": identity,
            "properties": {"hs_object_id": identity, "createdate": iso(created), **properties},
            "createdAt": iso(created),
            "updatedAt": iso(changed or created),
            "archived": archived is not None,
        }
        if archived is not None:
            envelope["archivedAt"] = iso(archived)
        if links:
            envelope["associations"] = {
                name: {"results": [{"id": item, "type": f"to_{name}"} for item in ids]}
                for name, ids in links.items()
            }
        self.add(object_name, envelope, delivered)
        return identity

    def contact(
        self,
        created: datetime,
        *,
        company: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        source: str | None = None,
        status: str | None = None,
        merged: Sequence[str] = (),
        **envelope: Any,
    ) -> str:
        return self.record("contacts", created, {
            "email": email, "phone": phone, "lastname": "架空", "associatedcompanyid": company or "",
            "hs_analytics_source": source, "hs_lead_status": status, "lifecyclestage": "lead",
            "hs_merged_object_ids": ";".join(merged),
            "hs_calculated_merged_vids": ";".join(f"{item}:{epoch(created)}" for item in merged),
        }, **envelope)  # fmt: skip

    def company(self, *, merged: Sequence[str] = (), **envelope: Any) -> str:
        return self.record("companies", jst(3, 1), {
            "name": "架空商事", "hs_merged_object_ids": ";".join(merged),
        }, **envelope)  # fmt: skip

    def call(
        self,
        rep: Rep,
        at: datetime,
        contact: str | None = None,
        *,
        result: str = "",
        state: str = "COMPLETED",
        seconds: int = 60,
        reference: str = "",
    ) -> str:
        call = self.record("calls", at, {
            "hs_timestamp": iso(at), "hs_call_status": state, "hs_call_direction": "OUTBOUND",
            "hs_call_duration": str(seconds * 1000), "hs_call_disposition": result,
            "hs_call_external_id": reference, "hubspot_owner_id": rep.user_id,
        })  # fmt: skip
        if contact:
            self.associate("call", call, "contact", contact)
        return call

    def email(self, rep: Rep, at: datetime, contact: str, direction: str, status: str) -> str:
        return self.record(
            "emails",
            at,
            {
                "hs_timestamp": iso(at),
                "hs_email_direction": direction,
                "hs_email_status": status,
                "hubspot_owner_id": rep.user_id,
            },
            links={"contacts": [contact]},
        )

    def meeting(
        self,
        booker: Rep,
        booked: datetime,
        starts: datetime,
        contact: str,
        *,
        outcome: str = "SCHEDULED",
        owner: Rep | None = None,
        deal: str | None = None,
        changed: datetime | None = None,
        **envelope: Any,
    ) -> str:
        links = {"contacts": [contact], **({"deals": [deal]} if deal else {})}
        return self.record(
            "meetings",
            booked,
            {
                "hs_meeting_start_time": iso(starts),
                "hs_meeting_end_time": iso(starts),
                "hs_meeting_outcome": outcome,
                "hubspot_owner_id": (owner or booker).user_id,
                "hs_created_by_user_id": self.users[booker.user_id],
            },
            links=links,
            changed=changed,
            **envelope,
        )

    def deal(
        self,
        created: datetime,
        stage: str,
        *,
        pipeline: str = "default",
        amount: str = "1000000",
        closes: datetime | None = None,
        contacts: Sequence[str] = (),
        company: str | None = None,
        owner: Rep | None = None,
        merged: Sequence[str] = (),
        says: Mapping[str, str] | None = None,
        **envelope: Any,
    ) -> str:
        links = {
            **({"contacts": list(contacts)} if contacts else {}),
            **({"companies": [company]} if company else {}),
        }
        return self.record("deals", created, {
            "dealname": "案件", "pipeline": pipeline, "dealstage": stage, "amount": amount,
            "closedate": iso(closes or jst(6, 30)), "dealtype": "newbusiness",
            "hubspot_owner_id": owner.user_id if owner else "",
            "hs_merged_object_ids": ";".join(merged), **(says or {}),
        }, links=links, **envelope)  # fmt: skip

    def history(self, deal: str, *changes: tuple[datetime, str, str]) -> None:
        """What a deal's properties were: (since, property, value)."""
        for at, name, value in changes:
            self.add("deal_property_history", {
                "dealId": deal, "property": name, "value": value, "timestamp": epoch(at),
                "source": "CRM_UI", "sourceId": "userId:1",
            })  # fmt: skip

    def associate(self, from_type: str, from_id: str, to_type: str, to_id: str) -> None:
        self.add("associations", {
            "fromObjectType": from_type, "fromObjectId": from_id, "toObjectType": to_type,
            "toObjectId": to_id, "type": f"{from_type}_to_{to_type}",
        })  # fmt: skip

    def write(self, folder: Path) -> None:
        """The export files of the portal, its pipelines with them."""
        folder.mkdir(parents=True)
        for pipeline, stages in PIPELINES.items():
            self.add("pipelines", {
                "id": pipeline, "label": pipeline, "displayOrder": 0, "archived": False,
                "stages": [
                    {"id": stage, "label": label, "displayOrder": place, "archived": False,
                     "metadata": {"isClosed": closed, "probability": probability}}
                    for place, (stage, label, closed, probability) in enumerate(stages)
                ],
            })  # fmt: skip
        for (delivered, object_name), records in self.files.items():
            lines = [json.dumps(record, ensure_ascii=False) for record in records]
            path = folder / f"{object_name}_{delivered:%Y%m%d}.jsonl"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        for (delivered, object_name), rows in self.tables.items():
            path = folder / f"{object_name}_{delivered:%Y%m%d}.csv"
            with path.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
