"""From vendor records (see tests/simulator) to the few facts the rules speak of.

One dataclass per thing. Versions are settled here: the current row of a record is the one with the
greatest (vendor's last-modified instant, extraction instant, file, record number) (formats §4.0,
§6.6). What a fact *means* is decided in the modules that use it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.oracle.normalise import email, first, match_key, phone, salesforce_id
from tests.oracle.settings import Settings, Source

Record = Mapping[str, Any]
Records = Mapping[str, Sequence[Record]]

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_PEOPLE_PLACEHOLDERS = {"-", "プレディクティブコール", "転送", "内線"}
_ANSWERABLE = {"primary", "agent", "dialer", "transfer"}


def delivered(record: Record) -> tuple[datetime, str, int]:
    """When and where a record came in: the tie-breakers after the vendor's own version."""
    return (
        record.get("_extracted_at") or _LONG_AGO,
        str(record.get("_file") or ""),
        int(record.get("_record") or 0),
    )


def versions_of(rows: Iterable[Record], key: str, version: str | None) -> dict[str, list[Record]]:
    """Every delivery of each record, oldest version first; the last one is current."""
    grouped: dict[str, list[Record]] = defaultdict(list)
    for row in rows:
        identity = salesforce_id(row.get(key))
        if identity:
            grouped[identity].append(row)

    def order(row: Record) -> tuple[datetime, tuple[datetime, str, int]]:
        return ((row.get(version) if version else None) or delivered(row)[0], delivered(row))

    return {identity: sorted(group, key=order) for identity, group in grouped.items()}


# --- calls ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Leg:
    """One leg of a call after formats §5.1 and the enum maps E1, E2."""

    leg_id: str
    call_id: str
    previous_id: str | None
    source: Source
    account: str
    feed: str  # webhook | history | mapped
    direction: str  # outbound | inbound | inherit | internal | unknown
    role: str
    started_at: datetime
    ended_at: datetime | None
    result: str  # telephony_result
    is_voicemail: bool
    answered_by: str
    talk_seconds: float
    agent_key: str | None
    agent_email: str | None
    agent_name: str | None
    customer_number: str | None
    dispositions: tuple[str, ...]
    has_analysis: bool
    agent_talk_ratio: float | None
    turns: int | None
    customer_spoke: bool
    delivery: tuple[datetime, str, int]
    call_list: str | None = None
    crm_record_id: str | None = None
    crm_activity_id: str | None = None
    keywords: frozenset[str] = frozenset()

    @property
    def is_overlong(self) -> bool:
        """Formats §6.4(5): kept, flagged, excluded from averages."""
        lasts = (self.ended_at - self.started_at).total_seconds() if self.ended_at else 0.0
        return max(lasts, self.talk_seconds) > 12 * 3600

    @property
    def has_agent(self) -> bool:
        return bool(self.agent_email or self.agent_key or self.agent_name)

    @property
    def is_answered(self) -> bool:
        """Somebody took the call on a leg that can reach the customer (formats §7.3)."""
        return self.role in _ANSWERABLE and self.result == "answered"


_E1 = {
    "OUTGOING_CALL": ("outbound", "primary"),
    "PREDICTIVE_DIAL": ("outbound", "dialer"),
    "INCOMING_CALL": ("inbound", "primary"),
    "INCOMING_CALL_USER": ("inbound", "agent"),
    "QUEUEING_CALL": ("inbound", "queue"),
    "AUTOMATIC_TRANSFER": ("inherit", "transfer"),
    "EXTENSION_TRANSFER": ("inherit", "transfer"),
    "EXTENSION_GROUP_TRANSFER": ("inherit", "transfer"),
    "OUTGOING_TRANSFER": ("inherit", "transfer"),
    "AUTOMATIC_RECORD": ("inherit", "voicemail"),
    "READ_DTMF": ("inherit", "ivr"),
    "EXTENSION": ("internal", "internal"),
    "EXTENSION_GROUP": ("internal", "internal"),
}

_E2 = {
    "発信": ("outbound", "primary", True),
    "outbound call": ("outbound", "primary", True),
    "outgoing_call": ("outbound", "primary", True),
    "発信(不在)": ("outbound", "primary", False),
    "outbound call (missed)": ("outbound", "primary", False),
    "outbound call (no answer)": ("outbound", "primary", False),
    "outgoing_call_absence": ("outbound", "primary", False),
    "着信": ("inbound", "primary", True),
    "incoming call": ("inbound", "primary", True),
    "着信(不在)": ("inbound", "primary", False),
    "転送": ("inherit", "transfer", True),
    "転送(不在)": ("inherit", "transfer", False),
    "内線": ("internal", "internal", True),
    "内線(不在)": ("internal", "internal", False),
    "留守番電話": ("inherit", "voicemail", True),
    "answering machine": ("inherit", "voicemail", True),
    "predictive_dial": ("outbound", "dialer", True),
    "play_sound": ("inherit", "ivr", True),
    "read_dtmf": ("inherit", "ivr", True),
}


# Spaces mean nothing (formats E2).
_E2 = {said.replace(" ", ""): meaning for said, meaning in _E2.items()}


def _result(direction: str, role: str, answered: bool, is_open: bool = False) -> str:
    """is_open: the leg has not ended as far as its system can tell (formats §4.1)."""
    if role == "voicemail":
        return "voicemail"
    if role == "ivr":
        return "ivr_only"
    if is_open:
        return "in_progress"
    if answered:
        return "answered"
    return "abandoned" if direction == "inbound" else "no_answer"


def webhook_legs(records: Records, settings: Settings) -> list[Leg]:
    """Every delivery of every leg of `call_analysis_completed`."""
    legs = []
    for record in records.get("miitel.webhook_calls", ()):
        source = settings.source(record, "miitel")
        call = record["call"]
        for detail in call["details"]:
            direction, role = _E1.get(detail["call_type"], ("unknown", "unknown"))
            answered_at, ended_at = detail.get("dial_answered_at"), detail.get("dial_ends_at")
            talk = (ended_at - answered_at).total_seconds() if answered_at and ended_at else 0.0
            agent, customer = _sides(detail.get("participants") or (), direction)
            analysis = detail.get("analysis") or None
            legs.append(
                Leg(
                    leg_id=str(detail["id"]).lower(),
                    call_id=str(call["id"]).lower(),
                    previous_id=(detail.get("previous_id") or "").lower() or None,
                    source=source,
                    account=str(call.get("tenant_code") or source.account or ""),
                    feed="webhook",
                    direction=direction,
                    role=role,
                    started_at=detail["dial_starts_at"],
                    ended_at=ended_at,
                    result=_result(direction, role, answered_at is not None, ended_at is None),
                    is_voicemail=role == "voicemail",
                    answered_by="machine" if role == "voicemail" else "not_measured",
                    talk_seconds=talk,
                    agent_key=first([agent.get("login_id")]),
                    agent_email=email(agent.get("login_id")),
                    agent_name=first([agent.get("name")]),
                    customer_number=detail.get(
                        "from_number" if direction == "inbound" else "to_number"
                    ),
                    dispositions=tuple(
                        tag["value"]
                        for tag in detail.get("tags") or ()
                        if tag.get("creator_type") == "TENANT_USER"
                    ),
                    has_analysis=analysis is not None,
                    agent_talk_ratio=(analysis or {}).get("tlr"),
                    turns=(analysis or {}).get("rally_count"),
                    customer_spoke=customer.get("analysis") is not None
                    or _customer_said_something(detail, customer),
                    delivery=delivered(record),
                    keywords=frozenset(
                        heard["value"].strip()
                        for heard in detail.get("keywords") or ()
                        if (heard.get("value") or "").strip()
                    ),
                )
            )
    return legs


def _sides(participants: Iterable[Record], direction: str) -> tuple[Record, Record]:
    """(the MiiTel user, the customer) of a leg.

    Formats §5.1: the user is FROM on outbound and TO on inbound legs. For legs that inherit their
    direction the document is silent; chosen: whoever has a login, else nobody.
    """
    users = {"outbound": "FROM", "inbound": "TO"}.get(direction)
    agent: Record = {}
    customer: Record = {}
    for participant in participants:
        has_login, side = bool(participant.get("login_id")), participant.get("from_to")
        is_user = has_login if users is None else side == users
        if is_user and not agent:
            agent = participant
        elif not is_user and not customer:
            customer = participant
    if not agent.get("login_id"):
        agent = {}
    return agent, customer


def _customer_said_something(detail: Record, customer: Record) -> bool:
    spoken = {phrase.get("participant_id") for phrase in detail.get("phrases") or ()}
    return customer.get("id") is not None and customer.get("id") in spoken


def history_legs(records: Records, settings: Settings) -> list[Leg]:
    """Every delivery of every row of the 応対履歴 CSV, list or flow view."""
    legs = []
    for row in records.get("miitel.history_rows", ()):
        source = settings.source(row, "miitel")
        direction, role, answered_type = _E2.get(
            match_key(row.get("Call type")).replace(" ", ""), ("unknown", "unknown", False)
        )
        answered = answered_type and row.get("Call begin time") is not None
        # The history lists finished calls, so one nobody answered has ended.
        is_open = answered and row.get("Call end time") is None and not row.get("Call duration")
        name = first([row.get("User name")])
        name = None if name in _PEOPLE_PLACEHOLDERS else name
        memo = first([row.get("Call memo")])
        separator = source.memo_separator
        parts = [] if memo is None else memo.split(separator) if separator else [memo]
        legs.append(
            Leg(
                leg_id=str(row["Sequence ID"]).lower(),
                call_id=str(row.get("Parent sequence ID") or row["Sequence ID"]).lower(),
                previous_id=(row.get("Previous sequence ID") or "").lower() or None,
                source=source,
                account=source.account,
                feed="history",
                direction=direction,
                role=role,
                started_at=row["Dial begin time"],
                ended_at=row.get("Call end time"),
                result=_result(direction, role, answered, is_open),
                is_voicemail=role == "voicemail",
                answered_by="machine" if role == "voicemail" else "not_measured",
                talk_seconds=float(row.get("Call duration") or 0),
                agent_key=name,
                agent_email=None,
                agent_name=name,
                customer_number=row.get("Call from" if direction == "inbound" else "Call to"),
                dispositions=tuple(part.strip() for part in parts if part.strip()),
                has_analysis=False,
                agent_talk_ratio=None,
                turns=None,
                customer_spoke=False,
                delivery=delivered(row),
            )
        )
    return legs


def mapped_legs(records: Records, settings: Settings) -> list[Leg]:
    """Calls of a tool only sources.yml describes; its value maps are applied here."""
    legs = []
    for row in records.get("mapped.call_legs", ()):
        source = settings.source(row, "mapped")
        # Formats §4.0: the tenant is the row's where it names one, else the source's; case means nothing.
        account = str(row.get("account") or source.account or source.id).strip().lower()

        def said(column: str, row: Record = row, source: Source = source) -> Any:
            return source.said("call_legs", row, column)

        flag = said("answered_flag")
        answered = row.get("answered_at") is not None or str(flag).lower() in ("true", "1", "yes")
        direction = said("direction") or "unknown"
        role = said("leg_role") or "primary"
        is_open = (
            row.get("ended_at") is None and row.get("talk_seconds") is None and flag in (None, "")
        )
        result = said("telephony_result") or _result(direction, role, answered, is_open)
        values = said("disposition_values") or ()
        if isinstance(values, str):
            values = values.split(source.memo_separator) if source.memo_separator else [values]
        legs.append(
            Leg(
                leg_id=str(row["leg_id"]),
                # Two tools may number their calls alike, so the tool is part of the name.
                call_id=f"mapped:{account}:{row.get('call_group_id') or row['leg_id']}",
                previous_id=row.get("previous_leg_id"),
                source=source,
                account=account,
                feed="mapped",
                direction=direction,
                role=role,
                started_at=row["started_at"],
                ended_at=row.get("ended_at"),
                result=result,
                is_voicemail=bool(row.get("is_voicemail")) or result == "voicemail",
                answered_by=said("answered_by") or "not_measured",
                talk_seconds=float(row.get("talk_seconds") or 0),
                agent_key=row.get("agent_user_key"),
                agent_email=email(row.get("agent_email")),
                agent_name=row.get("agent_name"),
                customer_number=row.get("customer_number_raw"),
                dispositions=tuple(value.strip() for value in values if value.strip()),
                has_analysis=bool(row.get("has_analysis")),
                agent_talk_ratio=_share(row.get("agent_talk_ratio")),
                turns=row.get("turn_count"),
                customer_spoke=bool(row.get("customer_spoke")),
                delivery=delivered(row),
                call_list=said("campaign_key"),
                crm_record_id=salesforce_id(said("crm_record_id")),
                crm_activity_id=salesforce_id(said("crm_activity_id")),
            )
        )
    return legs


def _share(said: float | None) -> float | None:
    """0 to 1; a CSV may say it in percent (formats §4.1 agent_talk_ratio)."""
    return said / 100 if said is not None and said > 1 else said


def newest_delivery(legs: Iterable[Leg]) -> list[Leg]:
    """One row per (account, leg id): the last delivered (formats §5.1, §6.6).

    Two deliveries in one file: the later record; legs of one webhook line never share an id.
    """
    current: dict[tuple[str, str], Leg] = {}
    for leg in legs:
        known = current.get((leg.account, leg.leg_id))
        if known is None or leg.delivery >= known.delivery:
            current[(leg.account, leg.leg_id)] = leg
    return list(current.values())


# --- CRM activities ------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """One current Task of a CRM; kind after formats §5.8 activity_kind."""

    id: str
    kind: str  # call | email | list_email | task
    source: Source
    owner_id: str | None
    who_id: str | None
    account_id: str | None  # as the CRM derives it, else a WhatId that is an account
    at: datetime
    is_closed: bool
    is_deleted: bool
    direction: str  # outbound | inbound | internal
    duration: float
    result: str | None
    stands_for: str | None  # what the CRM's telephone says where nobody noted a result
    reference: str  # the field for a CTI leg id
    number: str | None  # the customer's, where the CRM notes one
    text: str  # where one may stand among other words


def tasks(records: Records, settings: Settings) -> list[Task]:
    found = []
    for identity, rows in versions_of(
        records.get("salesforce.Task", ()), "Id", "SystemModstamp"
    ).items():
        row = rows[-1]
        subtype = row.get("TaskSubtype")
        has_call_facts = row.get("CallType") or row.get("CallDurationInSeconds") is not None
        if subtype == "Call" or has_call_facts:
            kind = "call"
        else:
            kind = {"Email": "email", "ListEmail": "list_email"}.get(subtype or "", "task")
        found.append(
            Task(
                id=identity,
                kind=kind,
                source=settings.source(row, "salesforce"),
                owner_id=salesforce_id(row.get("OwnerId")),
                who_id=salesforce_id(row.get("WhoId")),
                account_id=salesforce_id(row.get("AccountId")) or _if_account(row.get("WhatId")),
                at=row.get("CompletedDateTime") or row["CreatedDate"],
                is_closed=bool(row.get("IsClosed")),
                is_deleted=bool(row.get("IsDeleted")),
                direction=match_key(row.get("CallType")) or "outbound",
                duration=float(row.get("CallDurationInSeconds") or 0),
                result=first([row.get("CallDisposition")]),
                stands_for=row.get("StandsFor"),
                reference=str(row.get("CallObject") or "").lower(),
                number=_noted(row, settings.source(row, "salesforce")),
                text=str(row.get("Description") or "").lower(),
            )
        )
    return found


def _noted(row: Record, source: Source) -> str | None:
    return phone(
        row.get("CustomerNumber"),
        region=source.region,
        repair_leading_zero=source.repair_leading_zero,
        allow_bare_81=source.allow_bare_81,
    ).person_key


def _if_account(what_id: str | None) -> str | None:
    """Formats §6.3.7: 001 is an account."""
    identity = salesforce_id(what_id)
    return identity if identity and identity.startswith("001") else None


# --- people's own table ---------------------------------------------------------------------


def users(records: Records) -> dict[str, str | None]:
    """User id -> e-mail."""
    return {
        identity: email(rows[-1].get("Email"))
        for identity, rows in versions_of(
            records.get("salesforce.User", ()), "Id", "SystemModstamp"
        ).items()
    }
