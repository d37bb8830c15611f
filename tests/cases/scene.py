"""What a hand-worked case is made of: a scene of its own people, numbers and records.

A scene hands out ids, names, numbers and addresses that carry its case number, so that many cases
share one house and one night without touching each other. Builders fill every column an export
would have; a case states only what matters to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Record = dict[str, Any]
TOKYO = ZoneInfo("Asia/Tokyo")
INTERNAL_DOMAIN = "kura.example.co.jp"
TOOL_COLUMNS = (
    "leg_id", "call_group_id", "previous_leg_id", "direction", "leg_role", "started_at",
    "answered_at", "ended_at", "answered_by", "telephony_result", "talk_seconds", "agent_email",
    "customer_number_raw", "disposition_values", "has_analysis", "turn_count", "agent_talk_ratio",
    "account", "campaign_key", "crm_record_id", "crm_activity_id",
)  # fmt: skip
SURVEY_COLUMNS = (
    "response_id", "answered_at", "about_at", "contact_id", "lead_id", "email_raw", "account_id",
    "meeting_id", "opportunity_id", "rep_key", "score", "score_min", "score_max", "comment",
    "updated_at", "is_deleted",
)  # fmt: skip
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def jst(month: int, day: int, hour: int = 10, minute: int = 0, second: int = 0) -> datetime:
    """An instant of 2026 by the clock in Tokyo, as UTC."""
    return datetime(2026, month, day, hour, minute, second, tzinfo=TOKYO).astimezone(UTC)


def day(month: int, day_: int) -> date:
    return date(2026, month, day_)


@dataclass(frozen=True)
class Expect:
    """One lookup in one published table.

    Rows of `table` that match `where` must give `values`: additive columns of kpi_ tables are
    summed, anything else must be the same in the one row found. `_rows` counts the rows.
    """

    table: str
    where: Mapping[str, Any]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """A question, its answer worked out by hand, and one line of why."""

    number: int
    question: str
    why: str
    house: str
    build: Callable[[Scene], list[Expect]]


@dataclass
class Rep:
    rep_id: str
    name: str
    email: str
    user_id: str
    team: str


@dataclass
class Scene:
    """The records of one case, each under the delivery (export day) that brought it."""

    number: int
    as_of: date
    records: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    _counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    # --- names that belong to this case alone ------------------------------------------------

    def tag(self, text: str = "") -> str:
        return f"c{self.number:02d}{'-' + text if text else ''}"

    def id(self, prefix: str) -> str:
        """A new 18-character Salesforce id."""
        self._counts[prefix] += 1
        base = f"{prefix}KURA0C{self.number:03d}{self._counts[prefix]:03d}"
        suffix = ""
        for start in (0, 5, 10):
            chunk = base[start : start + 5]
            suffix += _SUFFIX[sum(1 << i for i, c in enumerate(chunk) if "A" <= c <= "Z")]
        return base + suffix

    def uuid(self) -> str:
        self._counts["uuid"] += 1
        return f"{self.number:08d}-0000-4000-a000-{self._counts['uuid']:012d}"

    def number_of(self, line: int) -> str:
        """A fixed line nobody else in the house has."""
        return f"03-{self.number:03d}{line}-0000"

    # --- who works here ----------------------------------------------------------------------

    def rep(
        self,
        name: str = "a",
        motion: str = "sdr",
        *,
        team: str | None = None,
        valid_from: date = date(2026, 3, 1),
        valid_to: date | None = None,
        cti: str = "yes",
    ) -> Rep:
        """A person on the roster (one row; `moves` adds a second) who is also a CRM user."""
        rep = self.stranger(name, team=team)
        self._roster_row(rep, motion, rep.team, valid_from, valid_to, cti)
        return rep

    def stranger(self, name: str, *, team: str | None = None) -> Rep:
        """A CRM user whom the roster does not know."""
        rep = Rep(
            rep_id=self.tag(name).upper(),
            name=f"担当{self.number:02d}{name}",
            email=f"{self.tag(name)}@{INTERNAL_DOMAIN}",
            user_id=self.id("005"),
            team=team or f"team {self.tag()}",
        )
        self._add(
            "salesforce.User",
            {
                "Id": rep.user_id,
                "Email": rep.email,
                "Name": rep.name,
                "Username": rep.email,
                "IsActive": True,
                "Department": None,
                "Title": None,
                "ManagerId": None,
                "UserRoleId": None,
                "TimeZoneSidKey": "Asia/Tokyo",
                "SystemModstamp": jst(3, 1),
            },
        )
        return rep

    def moves(
        self, rep: Rep, motion: str, team: str, valid_from: date, valid_to: date | None = None
    ) -> None:
        """A second roster row of the same person."""
        self._roster_row(rep, motion, team, valid_from, valid_to, "yes")

    def _roster_row(
        self, rep: Rep, motion: str, team: str, start: date, end: date | None, cti: str
    ) -> None:
        self._add(
            "planning.roster",
            {
                "rep_id": rep.rep_id,
                "rep_name": rep.name,
                "email": rep.email,
                "crm_user_id": rep.user_id,
                "cti_user_key": rep.email if cti == "yes" else None,
                "team": team,
                "business_unit": f"unit {self.tag()}",
                "motion": motion,
                "manager_rep_id": None,
                "cti": cti,
                "valid_from": start,
                "valid_to": end,
            },
        )

    def absence(self, rep: Rep, start: date, end: date, kind: str) -> None:
        self._add(
            "planning.absences",
            {"rep_id": rep.rep_id, "from_date": start, "to_date": end, "kind": kind},
        )

    def channel(self, value: str) -> str:
        """A lead source of this case with its rule; returns the channel's name."""
        self._counts["channel"] += 1
        name = f"channel {self.tag(value)}"
        self._add(
            "planning.channel_rules",
            {
                "priority": self.number * 10 + self._counts["channel"],
                "field": "lead_source",
                "match": "exact",
                "value": self.tag(value),
                "channel_group": f"group {self.tag()}",
                "channel": name,
            },
        )
        return name

    def rule(self, field_name: str, value: str) -> str:
        """A channel rule for another field than the lead source; returns the channel's name."""
        name = self.channel(value)
        self.records["planning.channel_rules"][-1]["field"] = field_name
        return name

    def joins(self, lead: str, campaign: str, at: datetime) -> None:
        """A lead becomes a member of a campaign."""
        self._add(
            "salesforce.CampaignMember",
            {
                "Id": self.id("00v"),
                "CampaignId": campaign,
                "LeadId": lead,
                "ContactId": None,
                "Status": "参加",
                "HasResponded": False,
                "FirstRespondedDate": None,
                "LeadSource": None,
                "CreatedDate": at,
                "LastModifiedDate": at,
                "SystemModstamp": at,
                "IsDeleted": False,
            },
        )

    def mail_event(
        self, kind: str, at: datetime, send: str, *, email: str, machine: bool = False
    ) -> None:
        """An event of marketing's mailing number {case}; the send is named by its SENT event."""
        identity = send if kind == "SENT" else self.uuid()
        self._add(
            "hubspot.email_events",
            {
                "id": identity,
                "created": at,
                "type": kind,
                "recipient": email,
                "portalId": 1,
                "appId": 1,
                "emailCampaignId": self.number,
                "sentBy": None if kind == "SENT" else {"id": send},
                "filteredEvent": machine,
            },
        )

    def participation(self, state: str, at: datetime, *, email: str) -> None:
        """What became of somebody's registration for this case's seminar."""
        self._add(
            "hubspot.event_participations",
            {
                "id": self.uuid(),
                "associations": {
                    "contact": {"contactId": None, "email": email},
                    "marketingEvent": {
                        "marketingEventId": self.tag("seminar"),
                        "externalEventId": None,
                        "name": self.tag("talk"),
                    },
                },
                "properties": {
                    "attendanceState": state,
                    "occurredAt": at,
                    "attendanceDurationSeconds": None,
                    "attendancePercentage": None,
                },
            },
        )

    def key_title(self, title: str) -> None:
        """A rule of the title map: whose title of this case holds these words is a key person."""
        self._add(
            "planning.title_map",
            {"match": "contains", "value": self.tag(title), "is_key_person": True},
        )

    def call_list(self, field_: str, value: str, name: str | None = None) -> None:
        """A rule of planning: what looks like this is a call list, of that name if one is given."""
        self._add(
            "planning.call_lists",
            {"field": field_, "match": "exact", "value": value, "list_name": name},
        )

    def target(
        self, account: str, name: str = "list", *, start: date, end: date | None = None
    ) -> str:
        """The account stands on a target list of this case; returns the list's name."""
        listed = self.tag(name)
        self._add(
            "planning.target_accounts",
            {"list_name": listed, "account_id": account, "valid_from": start, "valid_to": end},
        )
        return listed

    def plan(self, table: str, **columns: Any) -> None:
        """A row of a planning table."""
        self._add(f"planning.{table}", columns)

    # --- whom they sell to -------------------------------------------------------------------

    def campaign(self, name: str, kind: str = "Other") -> str:
        """A campaign of the CRM; returns its id. Its name carries the case."""
        identity = self.id("701")
        self._add(
            "salesforce.Campaign",
            {
                "Id": identity,
                "Name": self.tag(name),
                "Type": kind,
                "Status": None,
                "StartDate": None,
                "EndDate": None,
                "ParentId": None,
                "BudgetedCost": None,
                "ActualCost": None,
                "IsActive": True,
                "OwnerId": None,
                "CreatedDate": jst(3, 1),
                "SystemModstamp": jst(3, 1),
                "IsDeleted": False,
            },
        )
        return identity

    def member(self, campaign: str, contact: str, at: datetime) -> None:
        """A contact is put into a campaign."""
        self._add(
            "salesforce.CampaignMember",
            {
                "Id": self.id("00v"),
                "CampaignId": campaign,
                "LeadId": None,
                "ContactId": contact,
                "Status": "Sent",
                "HasResponded": False,
                "FirstRespondedDate": None,
                "LeadSource": None,
                "CreatedDate": at,
                "SystemModstamp": at,
                "IsDeleted": False,
            },
        )

    def account(self, phone: str | None = None, *, merged_into: str | None = None) -> str:
        identity = self.id("001")
        self._add(
            "salesforce.Account",
            {
                "Id": identity,
                "Name": f"架空商事{self.tag()}",
                "Phone": phone,
                "Website": None,
                "Industry": None,
                "NumberOfEmployees": None,
                "AnnualRevenue": None,
                "Type": None,
                "AccountSource": None,
                "ParentId": None,
                "OwnerId": None,
                "MasterRecordId": merged_into,
                "CreatedDate": jst(3, 1),
                "SystemModstamp": jst(3, 1),
                "IsDeleted": merged_into is not None,
            },
        )
        return identity

    def contact(
        self,
        phone: str | None = None,
        *,
        account: str | None = None,
        email: str | None = None,
        title: str | None = None,
        created: datetime | None = None,
    ) -> str:
        identity = self.id("003")
        self._add(
            "salesforce.Contact",
            {
                "Id": identity,
                "AccountId": account,
                "FirstName": None,
                "LastName": "架空",
                "Name": "架空",
                "Title": title,
                "Department": None,
                "Email": email,
                "Phone": phone,
                "MobilePhone": None,
                "HomePhone": None,
                "OtherPhone": None,
                "AssistantPhone": None,
                "LeadSource": None,
                "OwnerId": None,
                "MasterRecordId": None,
                "CreatedDate": created or jst(3, 1),
                "SystemModstamp": created or jst(3, 1),
                "IsDeleted": False,
            },
        )
        return identity

    def lead(
        self,
        created: datetime,
        *,
        source: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        status: str = "New",
        changed: datetime | None = None,
        deleted: datetime | None = None,
        merged_into: str | None = None,
        converted: Mapping[str, str] | None = None,
        owner: Rep | None = None,
        identity: str | None = None,
    ) -> str:
        """A lead; `changed` is its last modification, `deleted` when it was deleted.

        `converted` may name contact, account, opportunity; `identity` is a lead's of which this is
        another state.
        """
        identity = identity or self.id("00Q")
        became = converted or {}
        self._add(
            "salesforce.Lead",
            {
                "Id": identity,
                "FirstName": None,
                "LastName": "架空",
                "Name": "架空",
                "Company": f"架空商事{self.tag()}",
                "Title": None,
                "Email": email,
                "Phone": phone,
                "MobilePhone": None,
                "LeadSource": self.tag(source) if source else None,
                "utm_source__c": None,
                "utm_medium__c": None,
                "utm_campaign__c": None,
                "pi__score__c": None,
                "Status": status,
                "Rating": None,
                "Industry": None,
                "NumberOfEmployees": None,
                "OwnerId": owner.user_id if owner else None,
                "IsConverted": bool(became),
                "ConvertedDate": None,
                "ConvertedAccountId": became.get("account"),
                "ConvertedContactId": became.get("contact"),
                "ConvertedOpportunityId": became.get("opportunity"),
                "HasOptedOutOfEmail": False,
                "EmailBouncedDate": None,
                "LastActivityDate": None,
                "MasterRecordId": merged_into,
                "CreatedDate": created,
                "CreatedById": None,
                "SystemModstamp": deleted or changed or created,
                "IsDeleted": deleted is not None,
            },
        )
        return identity

    # --- what they did -----------------------------------------------------------------------

    def leg(
        self,
        call_type: str,
        at: datetime,
        number: str,
        *,
        rep: Rep | None = None,
        talk: float | None = None,
        tags: tuple[str, ...] = (),
        turns: int | None = None,
        agent_share: float = 0.5,
        customer_heard: bool = False,
        previous: str | None = None,
        rings: float = 10,
    ) -> Record:
        """One leg. talk None = nobody answered; turns None = no speech analysis."""
        answered = at + timedelta(seconds=rings) if talk is not None else None
        ended = (answered or at + timedelta(seconds=rings)) + timedelta(seconds=talk or 0)
        inbound = call_type in ("INCOMING_CALL", "INCOMING_CALL_USER", "QUEUEING_CALL")
        analysed = turns is not None
        ours = {
            "id": self.uuid(),
            "from_to": "TO" if inbound else "FROM",
            "name": rep.name if rep else None,
            "company_name": None,
            "login_id": rep.email if rep else None,
            "analysis": _voice() if analysed else None,
        }
        theirs = {
            "id": self.uuid(),
            "from_to": "FROM" if inbound else "TO",
            "name": None,
            "company_name": None,
            "login_id": None,
            "analysis": _voice() if customer_heard else None,
        }
        digits = number.replace("-", "")
        return {
            "id": self.uuid(),
            "dial_starts_at": at,
            "dial_answered_at": answered,
            "dial_ends_at": ended,
            "queueing_starts_at": None,
            "queueing_answered_at": None,
            "queueing_ends_at": None,
            "call_type": call_type,
            "circuit_number": "0300000100",
            "circuit_name": None,
            "from_number": digits if inbound else None,
            "to_number": None if inbound else digits,
            "previous_id": previous,
            "dtmf": None,
            "analysis": {
                "score": 50,
                "tlr": agent_share,
                "rally_count": turns,
                "overlap_count": 0,
                "silence_count": 0,
                "silence_positions": [],
                "overlap_positions": [],
            }
            if analysed
            else None,
            "participants": [ours, theirs],
            "tags": [
                {"value": tag, "created_by": "rep", "creator_type": "TENANT_USER"} for tag in tags
            ],
            "comments": [],
            "keywords": [],
            "phrases": [],
            "speech_recognition": {"raw": None, "summary": None},
        }

    def group(
        self, *legs: Record, call_id: str | None = None, delivered: date | None = None
    ) -> str:
        """One line of the webhook; returns the call's id (by default the first leg's)."""
        identity = call_id or str(legs[0]["id"])
        self._add(
            "miitel.webhook_calls",
            {"call": {"id": identity, "tenant_code": "kura", "details": list(legs)}},
            delivered,
        )
        return identity

    def call(self, rep: Rep | None, at: datetime, number: str, **facts: Any) -> Record:
        """An outgoing call of one leg; returns the leg."""
        leg = self.leg("OUTGOING_CALL", at, number, rep=rep, **facts)
        self.group(leg)
        return leg

    def tool_leg(
        self,
        call_id: str,
        role: str,
        at: datetime,
        number: str,
        *,
        rep: Rep | None = None,
        talk: int | None = None,
        tag: str | None = None,
        turns: int | None = None,
        **facts: Any,
    ) -> str:
        """One leg of the mapped telephone system. talk None = nobody answered."""
        self._counts["tool"] += 1
        answered = at + timedelta(seconds=10) if talk is not None else None
        leg_id = f"{self.tag()}-{self._counts['tool']}"
        self._add(
            "mapped.call_legs",
            dict.fromkeys(TOOL_COLUMNS)
            | {
                "leg_id": leg_id,
                "call_group_id": f"{self.tag()}-{call_id}",
                "direction": "outbound",
                "leg_role": role,
                "started_at": at,
                "answered_at": answered,
                "ended_at": at + timedelta(seconds=10 + (talk or 0)),
                "telephony_result": "no_answer" if talk is None else "answered",
                "talk_seconds": talk,
                "agent_email": rep.email if rep else None,
                "customer_number_raw": number,
                "disposition_values": tag,
                "has_analysis": turns is not None,
                "turn_count": turns,
            }
            | facts,
        )
        return leg_id

    def history_row(
        self,
        rep: Rep,
        at: datetime,
        number: str,
        *,
        talk: int,
        memo: str | None = None,
        leg_id: str | None = None,
        delivered: date | None = None,
    ) -> None:
        """One row of the 応対履歴 CSV; its id is its own unless the feeds share theirs."""
        self._add(
            "miitel.history_rows",
            {
                "Sequence ID": leg_id or self.uuid(),
                "User name": rep.name,
                "Account name": None,
                "Contact person name": None,
                "Call from": "0300000100",
                "Call to": number.replace("-", ""),
                "Call type": "発信",
                "Dial begin time": at,
                "Call begin time": at + timedelta(seconds=10),
                "Call end time": at + timedelta(seconds=10 + talk),
                "Ringing time": 10,
                "Call duration": talk,
                "Call memo": memo,
                "Overall": None,
            },
            delivered,
        )

    def marketing_contact(self, created: datetime, *, email: str, lead: str | None = None) -> str:
        """A HubSpot contact; `lead` is the Salesforce lead it names."""
        self._counts["hubspot"] += 1
        identity = f"{self.number}{self._counts['hubspot']:03d}"
        self._add(
            "hubspot.contacts",
            {
                "id": identity,
                "createdAt": created,
                "updatedAt": created,
                "archived": False,
                "properties": {"email": email, "salesforceleadid": lead},
            },
        )
        return identity

    def address(self, name: str = "a") -> str:
        """An e-mail address of a prospect of this case."""
        return f"{self.tag(name)}@prospect.example.com"

    def form(self, at: datetime, email: str, *, conversion: str | None = None) -> str:
        """A form somebody sent under an address; returns the id of the hand-raise."""
        conversion = conversion or self.uuid()
        self._add(
            "hubspot.form_submissions",
            {
                "conversionId": conversion,
                "submittedAt": at,
                "formId": "form-contact",
                "pageUrl": "https://www.kura.example.co.jp/contact",
                "values": [{"name": "email", "value": email}],
            },
        )
        return f"hubspot:form_submitted:{conversion}"

    def task(
        self,
        rep: Rep,
        at: datetime,
        subtype: str,
        *,
        who: str | None = None,
        created: datetime | None = None,
        closed: bool = True,
        duration: int | None = None,
        result: str | None = None,
        leg: Record | None = None,
        text: str | None = None,
        what: str | None = None,
        reference: str | None = None,
    ) -> str:
        """A Task completed at `at`; `leg` is the CTI leg its CallObject names, `reference` its wording."""
        identity = self.id("00T")
        is_call = subtype == "Call"
        self._add(
            "salesforce.Task",
            {
                "Id": identity,
                "TaskSubtype": subtype,
                "Type": None,
                "Subject": "記録",
                "WhoId": who,
                "WhatId": what,
                "AccountId": None,
                "OwnerId": rep.user_id,
                "CreatedById": rep.user_id,
                "ActivityDate": at.astimezone(TOKYO).date(),
                "CompletedDateTime": at if closed else None,
                "Status": "Completed" if closed else "Open",
                "IsClosed": closed,
                "CallType": "Outbound" if is_call else None,
                "CallDurationInSeconds": duration,
                "CallDisposition": result,
                "CallObject": leg["id"] if leg else reference,
                "Description": text,
                "IsArchived": False,
                "CreatedDate": created or at,
                "SystemModstamp": at,
                "IsDeleted": False,
            },
        )
        return identity

    def event(
        self,
        creator: Rep,
        booked: datetime,
        meets: datetime,
        who: str | None,
        *,
        owner: Rep | None = None,
        what: str | None = None,
        outcome: str | None = None,
        changed: datetime | None = None,
        deleted: bool = False,
    ) -> str:
        """A calendar event booked by `creator`; `changed` is its last modification."""
        identity = self.id("00U")
        self._add(
            "salesforce.Event",
            {
                "Id": identity,
                "IsChild": False,
                "Subject": "商談",
                "Type": None,
                "StartDateTime": meets,
                "EndDateTime": meets + timedelta(hours=1),
                "IsAllDayEvent": False,
                "ActivityDate": meets.astimezone(TOKYO).date(),
                "MeetingOutcome__c": outcome,
                "WhoId": who,
                "WhatId": what,
                "AccountId": None,
                "OwnerId": (owner or creator).user_id,
                "CreatedById": creator.user_id,
                "CreatedDate": booked,
                "SystemModstamp": changed or booked,
                "IsDeleted": deleted,
            },
        )
        return identity

    def opportunity(
        self,
        created: datetime,
        stages: list[tuple[datetime, str]],
        *,
        account: str | None = None,
        amount: float | None = 1_000_000,
        currency: str | None = None,
        closes: date = date(2026, 9, 30),
        owner: Rep | None = None,
        identity: str | None = None,
        accepted: str | None = None,
        deal_type: str | None = "New Business",
        delivered: date | None = None,
    ) -> str:
        """An opportunity with its history: (when, stage) from creation to the newest."""
        identity = identity or self.id("006")
        changed, stage = stages[-1]
        self._add(
            "salesforce.Opportunity",
            {
                "Id": identity,
                "AccountId": account,
                "Name": f"案件{self.tag()}",
                "RecordTypeId": None,
                "StageName": stage,
                "Amount": amount,
                "CurrencyIsoCode": currency,
                "Probability": 10,
                "ForecastCategoryName": None,
                "CloseDate": closes,
                "IsClosed": stage in ("受注", "失注"),
                "IsWon": stage == "受注",
                "Type": deal_type,
                "LeadSource": None,
                "CampaignId": None,
                "OwnerId": owner.user_id if owner else None,
                "CreatedById": None,
                "CreatedDate": created,
                "LastStageChangeDate": changed,
                "Accepted__c": accepted,
                "SystemModstamp": changed,
                "IsDeleted": False,
            },
            delivered,
        )
        for at, name in stages:
            self._add(
                "salesforce.OpportunityHistory",
                {
                    "Id": self.id("008"),
                    "OpportunityId": identity,
                    "CreatedDate": at,
                    "StageName": name,
                    "Amount": amount,
                    "Probability": 10,
                    "CloseDate": closes,
                    "ForecastCategory": None,
                    "CreatedById": None,
                    "IsDeleted": False,
                },
                delivered,
            )
        return identity

    def answer(
        self,
        answered: datetime,
        score: float | None,
        *,
        identity: str | None = None,
        delivered: date | None = None,
        **facts: Any,
    ) -> str:
        """What a customer says in the survey; `facts` are columns of the mapped contract."""
        self._counts["answer"] += 1
        identity = identity or f"{self.tag()}-{self._counts['answer']}"
        self._add(
            "mapped.survey_responses",
            dict.fromkeys(SURVEY_COLUMNS)
            | {"response_id": identity, "answered_at": answered, "score": score}
            | facts,
            delivered,
        )
        return identity

    def prospect(self) -> str:
        """A contact met by nobody else: an address, no telephone number."""
        self._counts["prospect"] += 1
        address = f"{self.tag()}-{self._counts['prospect']}@prospect.example.com"
        return self.contact(email=address)

    def _add(self, object_name: str, record: Record, delivered: date | None = None) -> None:
        record["_delivered"] = delivered or self.as_of + timedelta(days=1)
        self.records[object_name].append(record)


def _voice() -> Record:
    return {
        "f0": 150.0,
        "speechrate": 8.0,
        "variance": None,
        "filler_count": 0,
        "positive_score": 0,
        "negative_score": 0,
    }
