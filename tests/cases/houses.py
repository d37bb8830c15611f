"""The houses the cases live in: what is configured and planned for all cases of a house.

`booked` is the default configuration and asks its customers; `held`, `opportunity` and `unnamed`
differ where a case asks; `gaps` lacks exports; `tool` has a second telephone system, one that tells
the agent's leg from the customer's; `inbound` has marketing's forms and working hours, `newyork`
too, in a zone whose clocks change. Anchors are calls of nobody's case that fix which days the phone
system's files cover.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.cases.scene import INTERNAL_DOMAIN, SURVEY_COLUMNS, TOOL_COLUMNS, Record, Scene, day, jst

OUTCOMES = {"実施": "held", "不参加": "no_show", "中止": "canceled", "日程変更": "rescheduled"}
STAGES = (
    ("初回商談", 1, False, False),
    ("有効商談", 2, False, False),
    ("提案", 3, False, False),
    ("受注", 4, True, True),
    ("失注", 5, True, False),
)
DISPOSITIONS = (
    ("アポ獲得", "meeting_set"),
    ("本人接続", "connected"),
    ("折返し依頼", "callback_requested"),
    ("興味なし", "not_interested"),
    ("受付", "gatekeeper"),
    ("伝言", "left_live_message"),
    ("番号違い", "wrong_number"),
    ("連絡禁止", "do_not_call"),
    ("留守電", "left_voicemail"),
    ("不在", "no_answer"),
    ("話中", "busy"),
    ("その他", "other"),
)


@dataclass(frozen=True)
class CaseHouse:
    """Configuration of one house, as its two YAML documents."""

    name: str
    as_of: date
    # First and last days of the phone system's files, one pair per file.
    cti_files: tuple[tuple[date, date], ...]
    reporting: dict[str, Any] = field(default_factory=dict)
    definitions: dict[str, Any] = field(default_factory=dict)
    acceptance: dict[str, Any] = field(
        default_factory=lambda: {"mode": "stage", "stage": "有効商談"}
    )
    connect: dict[str, Any] = field(default_factory=dict)
    covers_from: str = "2026-03-01"
    # Objects whose exports ended before the others'.
    last_exported: dict[str, date] = field(default_factory=dict)
    # The phone system's account as sources.yml spells it; its rows say kura.
    phone_account: str | None = "kura"
    has_marketing: bool = False
    # A second telephone system that only a mapping describes, one record per leg.
    has_tool: bool = False
    # From when on marketing's exports speak of every day; None: of the days of their rows.
    marketing_covers_from: str | None = None
    # (weekday, opens, closes), from when on
    working_hours: tuple[tuple[date, int, str, str], ...] = ()
    company_holidays: tuple[date, ...] = ()
    # Customers are asked after a meeting.
    has_survey: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """Where the days of this house are cut."""
        return ZoneInfo(self.reporting.get("timezone", "Asia/Tokyo"))

    @property
    def house_yml(self) -> dict[str, Any]:
        return {
            "company_name": f"架空 {self.name}",
            "reporting": self.reporting,
            "definitions": self.definitions,
        }

    @property
    def sources_yml(self) -> dict[str, Any]:
        stamped = {"pattern": r"_(?P<date>\d{8})"}
        return {
            "sources": [
                {
                    "id": "miitel",
                    "system": "miitel",
                    **({"account": self.phone_account} if self.phone_account else {}),
                    "timezone": "Asia/Tokyo",
                    "own_numbers": ["０３－００００－０１００"],
                    "extracted_at": stamped,
                    **({"connect": self.connect} if self.connect else {}),
                },
                {
                    "id": "salesforce",
                    "system": "salesforce",
                    "account": "00D000000000001",
                    "default_currency": "JPY",
                    "internal_domains": [INTERNAL_DOMAIN],
                    "extracted_at": stamped,
                    "coverage": {"basis": "extract", "covers_from": self.covers_from},
                    "custom": {
                        "events.meeting_outcome": {"field": "MeetingOutcome__c", "map": OUTCOMES},
                    },
                    "acceptance": self.acceptance,
                    "lead_status": {"mql": ["MQL"], "handed_back": ["差し戻し"]},
                },
                *(
                    [
                        {
                            "id": "hubspot",
                            "system": "hubspot",
                            "extracted_at": stamped,
                            "coverage": {
                                "basis": "extract",
                                "covers_from": self.marketing_covers_from or self.covers_from,
                            },
                        }
                    ]
                    if self.has_marketing
                    else []
                ),
                {"id": "planning", "system": "planning"},
                *([_tool(stamped)] if self.has_tool else []),
                *([_survey(stamped, self.covers_from)] if self.has_survey else []),
            ]
        }

    def planning(self) -> dict[str, list[Record]]:
        """What planning says in this house whatever the case."""
        return {
            "planning.dispositions": [
                {"source_id": "*", "value": value, "disposition": meaning, "rank": rank}
                for rank, (value, meaning) in enumerate(DISPOSITIONS, start=1)
            ],
            **(
                {
                    "planning.working_hours": [
                        {"valid_from": start, "weekday": weekday, "opens": opens, "closes": closes}
                        for start, weekday, opens, closes in self.working_hours
                    ]
                }
                if self.working_hours
                else {}
            ),
            **(
                {
                    "planning.company_holidays": [
                        {"holiday_date": holiday, "name": "創立記念日"}
                        for holiday in self.company_holidays
                    ]
                }
                if self.company_holidays
                else {}
            ),
            "planning.currency_rates": [
                {"currency": "USD", "valid_from": day(4, 1), "rate": 150},
                {"currency": "USD", "valid_from": day(6, 1), "rate": 155},
            ],
            "salesforce.OpportunityStage": [
                {
                    "Id": f"01JKURA0000000{order}",
                    "ApiName": name,
                    "MasterLabel": name,
                    "SortOrder": order,
                    "IsClosed": is_closed,
                    "IsWon": is_won,
                    "DefaultProbability": 10,
                    "IsActive": True,
                }
                for name, order, is_closed, is_won in STAGES
            ],
        }

    def anchors(self) -> Scene:
        """A rep of no case whose unanswered calls bound the files of the phone system."""
        scene = Scene(0, self.as_of)
        rep = scene.rep("anchor", "manager")
        for first, last in self.cti_files:
            delivered = last + timedelta(days=1)
            for at in sorted({first, last}):
                leg = scene.leg(
                    "OUTGOING_CALL", jst(at.month, at.day, 8), scene.number_of(0), rep=rep
                )
                scene.group(leg, delivered=delivered)
        return scene


def _tool(stamped: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "mapped",
        "system": "mapped",
        "class": "cti",
        "account": "tool",
        "timezone": "UTC",
        "extracted_at": stamped,
        "coverage": {"basis": "extract", "covers_from": "2026-03-01"},
        "objects": [
            {
                "object": "call_legs",
                "files": ["call_legs_*.csv"],
                "format": "csv",
                "columns": {column: column for column in TOOL_COLUMNS},
            }
        ],
    }


def _survey(stamped: dict[str, Any], covers_from: str) -> dict[str, Any]:
    return {
        "id": "mapped",
        "system": "mapped",
        "class": "survey",
        "timezone": "Asia/Tokyo",
        "extracted_at": stamped,
        "coverage": {"basis": "extract", "covers_from": covers_from},
        "objects": [
            {
                "object": "survey_responses",
                "files": ["survey_responses_*.csv"],
                "format": "csv",
                "columns": {column: column for column in SURVEY_COLUMNS},
            }
        ],
    }


_HALVES = (("09:00", "12:00"), ("13:00", "18:00"))
HOUSES = {
    house.name: house
    for house in (
        CaseHouse("booked", day(6, 30), ((day(3, 30), day(6, 30)),), has_survey=True),
        CaseHouse(
            "held",
            day(6, 30),
            ((day(4, 1), day(4, 10)), (day(4, 21), day(6, 30))),
            reporting={"week_starts_on": "sunday", "fiscal_year_start_month": 1},
            definitions={"shodan_event": "held"},
            acceptance={"mode": "owner_role"},
            last_exported={"salesforce.Lead": day(6, 15)},
        ),
        CaseHouse(
            "opportunity",
            day(5, 31),
            ((day(4, 1), day(5, 31)),),
            definitions={"shodan_event": "opportunity"},
            acceptance={"mode": "custom_field", "field": "Accepted__c", "map": {"可": "accepted"}},
            connect={"require_disposition": True},
            phone_account="KURA",
        ),
        CaseHouse(
            "unnamed",
            day(6, 30),
            ((day(4, 1), day(6, 30)),),
            phone_account=None,
            has_marketing=True,
        ),
        CaseHouse(
            "gaps",
            day(6, 30),
            ((day(4, 15), day(4, 24)), (day(5, 11), day(5, 31)), (day(6, 1), day(6, 30))),
            definitions={"shodan_event": "held"},
            acceptance={"mode": "stage", "stage": "有功商談"},
            covers_from="2026-04-15",
            last_exported={
                "salesforce.Event": day(6, 21),
                "salesforce.Opportunity": day(6, 21),
                "salesforce.OpportunityHistory": day(6, 21),
            },
        ),
        CaseHouse(
            "inbound",
            day(6, 30),
            ((day(3, 30), day(6, 30)),),
            definitions={"working_hours": "10:00-16:00"},
            has_marketing=True,
            marketing_covers_from="2026-03-01",
            working_hours=(
                *((day(4, 1), weekday, *hours) for weekday in range(1, 6) for hours in _HALVES),
                (day(6, 1), 6, "10:00", "12:00"),
            ),
            company_holidays=(day(6, 19),),
        ),
        # The clocks of its days change; calls end a day later in Tokyo.
        CaseHouse(
            "newyork",
            day(11, 10),
            ((day(3, 2), day(11, 11)),),
            reporting={"timezone": "America/New_York"},
            has_marketing=True,
            marketing_covers_from="2026-03-01",
            working_hours=(
                *((day(3, 1), weekday, "09:00", "17:00") for weekday in range(1, 6)),
                (day(3, 1), 7, "01:00", "04:00"),
            ),
        ),
        CaseHouse("tool", day(6, 30), ((day(3, 30), day(6, 30)),), has_tool=True),
    )
}
