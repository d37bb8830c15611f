"""What a small company's systems ever say: a book of named sayings, one line of one export each.

A saying is one version of one record: the contact, the contact with another telephone, the contact after
it absorbed another. Which of them are exported, in which files, and which night finds those is a tale's
business (`tale`). Every company has ids, numbers, addresses and sources of its own, so that many lie side
by side in one house; whatever it publishes bears its mark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache, partial
from typing import Any, Final, TypeVar

from tests.cases.portal import CONNECTED, OWN_RESULT, Portal, iso
from tests.cases.scene import INTERNAL_DOMAIN, Record, Scene, jst

AS_OF: Final = date(2026, 6, 15)
# How sources are covered of which an extract holds everything up to its day.
COVERED: Final = {"basis": "extract", "covers_from": "2026-05-01"}
EXTRACTS: Final = (date(2026, 5, 20), date(2026, 6, 3), date(2026, 6, 16))
FIRST_NUMBER: Final = 901
_SPRING: Final = jst(5, 1)
KINDS: Final = ("portal", "salesforce")
PLANNING_TABLES: Final = ("roster", "channel_rules")
_STAMPED: Final = {"pattern": r"_(?P<date>\d{8})"}
_OUTCOMES: Final = {
    "実施": "held",
    "不参加": "no_show",
    "中止": "canceled",
    "日程変更": "rescheduled",
}
_STAGES: Final = (
    ("初回商談", 1, False, False),
    ("有効商談", 2, False, False),
    ("受注", 3, True, True),
    ("失注", 4, True, False),
)
T = TypeVar("T")


@dataclass(frozen=True)
class Saying:
    """One line of an export. extracts: the places in EXTRACTS that can hold it."""

    source: str
    object_name: str
    line: Record
    extracts: tuple[int, ...]


@dataclass(frozen=True)
class World:
    """One company: what is said of it, its planning tables, and its entries of sources.yml."""

    sayings: Mapping[str, Saying]
    planning: Mapping[str, list[Record]]
    sources: tuple[dict[str, Any], ...]


def mark_of(number: int) -> str:
    """What stands in every id of a company."""
    return f"w{number}"


@cache
def world(kind: str, number: int) -> World:
    """The company of a kind that lies at a place (901, 902, …) of a house."""
    return {"portal": _portal, "salesforce": _salesforce}[kind](_Book(number))


class _Scene(Scene):
    """A scene that bears its company's mark, with a telephone account of its own."""

    def tag(self, text: str = "") -> str:
        return f"{mark_of(self.number)}{'-' + text if text else ''}"

    def _add(self, object_name: str, record: Record, delivered: date | None = None) -> None:
        if object_name == "miitel.webhook_calls":
            record["call"]["tenant_code"] = mark_of(self.number)
        super()._add(object_name, record, delivered)


@dataclass
class _Book:
    number: int
    sayings: dict[str, Saying] = field(default_factory=dict)
    planning: dict[str, list[Record]] = field(
        default_factory=lambda: {table: [] for table in PLANNING_TABLES}
    )

    def __post_init__(self) -> None:
        self.scene = _Scene(self.number, AS_OF)
        self.portal = Portal(self.scene)

    def say(self, what: str, build: Callable[[], T], since: datetime = _SPRING) -> T:
        """Write down what a builder makes; a builder of several lines numbers them."""
        made = build()
        lines = [
            (f"hubspot.{name}", line)
            for (_, name), rows in self.portal.files.items()
            for line in rows
        ]
        lines += [(name, line) for name, rows in self.scene.records.items() for line in rows]
        lines += [("planning.roster", row) for row in self.portal.roster]
        self.portal.files.clear()
        self.portal.roster.clear()
        self.scene.records.clear()
        for object_name, line in lines:
            system, _, name = object_name.partition(".")
            if system == "planning":
                self.planning[name].append(_written(line))
                continue
            heard = sum(known == what or known.startswith(what + " #") for known in self.sayings)
            self._write(what + (f" #{heard + 1}" if heard else ""), object_name, line, since)
        return made

    def again(self, known: str, how: str, at: datetime, **changes: Any) -> None:
        """A later version of a record of the portal: properties, or `archived` or `links`."""
        saying = self.sayings[known]
        line = deepcopy(saying.line)
        links = changes.pop("links", None)
        if changes.pop("archived", False):
            line |= {"archived": True, "archivedAt": iso(at)}
        if links is not None:
            line["associations"] = {
                name: {"results": [{"id": item, "type": f"to_{name}"} for item in ids]}
                for name, ids in links.items()
            }
        if "properties" in line:
            line["properties"] |= changes
        else:
            line |= changes
        line["updatedAt"] = iso(at)
        self._write(f"{known} {how}", saying.object_name, line, at)

    def changed(self, known: str, how: str, at: datetime, **fields: Any) -> None:
        """A later version of a Salesforce record."""
        saying = self.sayings[known]
        line = saying.line | {"SystemModstamp": at, **fields}
        self._write(f"{known} {how}", saying.object_name, line, at)

    def _write(self, what: str, object_name: str, line: Record, since: datetime) -> None:
        assert what not in self.sayings, what
        system = object_name.partition(".")[0]
        source = {"miitel": "phone", "hubspot": "portal", "salesforce": "sf"}[system]
        self.sayings[what] = Saying(
            f"{source}-{mark_of(self.number)}",
            object_name,
            _written(line),
            tuple(place for place, extract in enumerate(EXTRACTS) if since.date() < extract),
        )

    def in_turn(self, *known: str) -> None:
        """What has no version of its own is told apart by its extract: each has extracts of its own."""
        for place, what in enumerate(known):
            saying = self.sayings[what]
            own = tuple(extract for extract in saying.extracts if extract % len(known) == place)
            self.sayings[what] = replace(saying, extracts=own)

    def closed(self, *sources: dict[str, Any]) -> World:
        return World(self.sayings, self.planning, (self._phone(), *sources))

    def _phone(self) -> dict[str, Any]:
        return {
            "id": f"phone-{mark_of(self.number)}", "system": "miitel",
            "account": mark_of(self.number), "timezone": "Asia/Tokyo",
            "own_numbers": ["0300000100"], "extracted_at": _STAMPED,
        }  # fmt: skip

    def number_of(self, line: int) -> str:
        return self.scene.number_of(line)

    def address(self, name: str) -> str:
        return f"{name}.{mark_of(self.number)}@prospect.example.com"


def _written(line: Record) -> Record:
    return {name: value for name, value in line.items() if not name.startswith("_")}


def _portal(book: _Book) -> World:
    portal, say, mark = book.portal, book.say, mark_of(book.number)
    say("rules", lambda: book.scene.channel("web"))
    source = f"{mark}-web"
    sdr = say("owner a", lambda: portal.rep(f"{mark}a", cti="yes"))
    seller = say("owner b", lambda: portal.rep(f"{mark}b", "field_sales"))
    book.again("owner b", "who left", jst(6, 2), archived=True)
    say("pipeline", lambda: _pipelines(portal))

    one = say("company 1", lambda: portal.company())
    two = say("company 2", lambda: portal.company())
    book.again("company 1", "after absorbing company 2", jst(5, 28), hs_merged_object_ids=two)
    book.again("company 2", "archived", jst(5, 29), archived=True)

    first = say("contact 1", lambda: portal.contact(
        jst(5, 4), phone=book.number_of(1), email=book.address("ito"), source=source
    ))  # fmt: skip
    second = say("contact 2", lambda: portal.contact(
        jst(5, 6), phone=book.number_of(2), email=book.address("mori"), company=two, source=source
    ))  # fmt: skip
    third = say("contact 3", lambda: portal.contact(
        jst(5, 8), phone=book.number_of(3), email=book.address("abe"), status="MQL"
    ))  # fmt: skip
    book.again("contact 1", "at company 1", jst(5, 12), associatedcompanyid=one)
    book.again("contact 1", "with number 3", jst(5, 25), phone=book.number_of(3), jobtitle="部長")
    book.again("contact 1", "archived", jst(6, 4), archived=True)
    book.again("contact 2", "after absorbing contact 3", jst(5, 26), hs_merged_object_ids=third)
    book.again("contact 3", "handed back", jst(5, 22), hs_lead_status="差し戻し")
    book.again(
        "contact 1", "after absorbing contact 2", jst(6, 8),
        hs_calculated_merged_vids=f"{second}:1780000000000", associatedcompanyid=one,
    )  # fmt: skip

    deal = say("deal 1", lambda: portal.deal(jst(5, 18), "5001", contacts=[first], owner=seller))
    other = say("deal 2", lambda: portal.deal(jst(5, 20), "5001", owner=seller), jst(5, 20))
    book.again("deal 1", "accepted", jst(5, 30), dealstage="5002")
    book.again("deal 1", "won for more", jst(6, 9), dealstage="5004", amount="2500000")
    book.again("deal 1", "of company 1 and contact 2", jst(6, 1),
               links={"companies": [one], "contacts": [second]})  # fmt: skip
    book.again("deal 2", "archived", jst(6, 5), archived=True)
    book.again("deal 2", "after absorbing deal 1", jst(6, 10), hs_merged_object_ids=deal)
    say("deal 1's stages", lambda: portal.history(
        deal, (jst(5, 18), "dealstage", "5001"), (jst(5, 30), "dealstage", "5002")
    ), jst(5, 30))  # fmt: skip
    say("deal 1's amounts", lambda: portal.history(deal, (jst(5, 18), "amount", "900000")))
    say("contact 3's life", lambda: portal.add("contact_property_history", {
        "contactId": third, "property": "lifecyclestage", "value": "marketingqualifiedlead",
        "timestamp": 1778000000000, "sourceType": "CRM_UI", "sourceId": "",
    }))  # fmt: skip

    leg = say("phone call to number 1", lambda: book.scene.call(
        sdr, jst(5, 11, 10), book.number_of(1), talk=70, tags=("本人接続",), turns=9
    ), jst(5, 11))  # fmt: skip
    say("phone call to number 2", lambda: book.scene.call(
        sdr, jst(5, 13, 11), book.number_of(2), talk=40
    ), jst(5, 13))  # fmt: skip
    say("phone call to number 3", lambda: book.scene.call(
        sdr, jst(6, 5, 11), book.number_of(3), talk=25, tags=("受付",)
    ), jst(6, 5))  # fmt: skip
    _phones(book, sdr, str(leg["id"]), "phone call to number 2")
    call = say("call 1", lambda: portal.call(seller, jst(5, 14), seconds=90), jst(5, 14))
    book.again("call 1", "with a result", jst(5, 15), hs_call_disposition=CONNECTED)
    book.again("call 1", "not to be counted", jst(6, 2), hs_call_status="QUEUED")
    twin = say("call 2", lambda: portal.call(
        sdr, jst(5, 11, 10, 3), seconds=60, reference=str(leg["id"])
    ), jst(5, 11))  # fmt: skip
    book.again("call 2", "with an own result", jst(5, 27), hs_call_disposition=OWN_RESULT)
    met = say("meeting 1", lambda: portal.meeting(
        sdr, jst(5, 11, 11), jst(5, 19), first, owner=seller
    ), jst(5, 12))  # fmt: skip
    book.again("meeting 1", "held", jst(5, 19, 18), hs_meeting_outcome="COMPLETED")
    book.again("meeting 1", "about deal 1", jst(5, 21), hs_meeting_outcome="COMPLETED",
               links={"contacts": [first], "deals": [deal]})  # fmt: skip
    book.again("meeting 1", "archived", jst(6, 6), archived=True)
    missed = say("meeting 2", lambda: portal.meeting(
        sdr, jst(5, 13, 12), jst(6, 1), third, outcome="NO_SHOW"
    ), jst(5, 14))  # fmt: skip
    book.again("meeting 2", "held after all", jst(6, 11), hs_meeting_outcome="COMPLETED")
    mail = say("e-mail 1", lambda: portal.email(sdr, jst(5, 15), second, "EMAIL", "SENT"))
    book.again("e-mail 1", "that failed", jst(5, 16), hs_email_status="FAILED")

    for what, from_type, from_id, to_type, to_id in (
        ("call 1 was with contact 2", "call", call, "contact", second),
        ("call 1 was with contact 3", "call", call, "contact", third),
        ("call 2 was with contact 1", "call", twin, "contact", first),
        ("deal 2 is of contact 3", "deal", other, "contact", third),
        ("deal 2 is of company 2", "deal", other, "company", two),
        ("contact 3 works at company 1", "contact", third, "company", one),
        ("meeting 2 was with contact 1", "meeting", missed, "contact", first),
        ("meeting 1 was about deal 2", "deal", other, "meeting", met),
        ("e-mail 1 was to contact 3", "email", mail, "contact", third),
    ):
        link = (from_type, from_id, to_type, to_id)
        say(what, partial(portal.associate, *link))
    book.in_turn("call 1 was with contact 2", "call 1 was with contact 3")
    return book.closed({
        "id": f"portal-{mark}", "system": "hubspot", "class": ["ma", "sfa"], "account": mark,
        "timezone": "Asia/Tokyo", "default_currency": "JPY", "internal_domains": [INTERNAL_DOMAIN],
        "extracted_at": _STAMPED, "coverage": COVERED,
        "acceptance": {"mode": "stage", "stage": "有効商談"},
        "lead_status": {"mql": ["MQL"], "handed_back": ["差し戻し"]},
    })  # fmt: skip


def _pipelines(portal: Portal) -> None:
    stages = (
        ("5001", "初回商談", "false"),
        ("5002", "有効商談", "false"),
        ("5004", "受注", "true"),
    )
    portal.add("pipelines", {
        "id": "default", "label": "default", "displayOrder": 0, "archived": False,
        "stages": [
            {"id": stage, "label": label, "displayOrder": place, "archived": False,
             "metadata": {"isClosed": closed, "probability": "1.0" if closed == "true" else "0.2"}}
            for place, (stage, label, closed) in enumerate(stages)
        ],
    })  # fmt: skip


def _phones(book: _Book, rep: Any, leg_id: str, retagged: str) -> None:
    """The history's row of the first call, and a call whose tag was written later."""
    book.say("history of the call to number 1", lambda: book.scene.history_row(
        rep, jst(5, 11, 10), book.number_of(1), talk=70, memo="本人接続", leg_id=leg_id
    ), jst(5, 11))  # fmt: skip
    saying = book.sayings[retagged]
    line = deepcopy(saying.line)
    line["call"]["details"][0]["tags"] = [
        {"value": "アポ獲得", "created_by": "rep", "creator_type": "TENANT_USER"}
    ]
    book._write(f"{retagged}, tagged", saying.object_name, line, jst(5, 21))
    book.in_turn(retagged, f"{retagged}, tagged")


def _salesforce(book: _Book) -> World:
    scene, say, mark = book.scene, book.say, mark_of(book.number)
    say("rules", lambda: scene.channel("web"))
    sdr = say("user a", lambda: scene.rep("a"))
    seller = say("user b", lambda: scene.rep("b", "field_sales", cti="no"))
    for name, order, is_closed, is_won in _STAGES:
        stage = _stage(book.number, name, order, is_closed, is_won)
        say(f"stage {order}", partial(scene._add, "salesforce.OpportunityStage", stage))
    one = say("account 1", lambda: scene.account(book.number_of(7)))
    two = say("account 2", lambda: scene.account())
    book.changed(
        "account 2", "merged into account 1", jst(5, 28), IsDeleted=True, MasterRecordId=one
    )

    lead = say("lead 1", lambda: scene.lead(
        jst(5, 4), source="web", phone=book.number_of(1), email=book.address("ito"), status="MQL"
    ))  # fmt: skip
    second = say("lead 2", lambda: scene.lead(
        jst(5, 6), source="web", phone=book.number_of(2), email=book.address("mori")
    ))  # fmt: skip
    third = say("lead 3", lambda: scene.lead(
        jst(5, 8), phone=book.number_of(3), email=book.address("abe")
    ))  # fmt: skip
    contact = say("contact 1", lambda: scene.contact(
        book.number_of(4), account=one, email=book.address("ito"), created=jst(5, 18)
    ), jst(5, 18))  # fmt: skip
    book.changed("contact 1", "at account 2", jst(5, 31), AccountId=two, Title="部長")
    book.changed("contact 1", "deleted", jst(6, 7), IsDeleted=True)
    deal = say("opportunity 1", lambda: scene.opportunity(
        jst(5, 18), [(jst(5, 18), "初回商談"), (jst(5, 30), "有効商談")], account=one, owner=seller
    ), jst(5, 30))  # fmt: skip
    book.changed("opportunity 1", "won for more", jst(6, 9), StageName="受注", IsClosed=True,
                 IsWon=True, Amount=2_500_000)  # fmt: skip
    book.changed("opportunity 1", "of account 2", jst(6, 2), AccountId=two)
    other = say("opportunity 2", lambda: scene.opportunity(
        jst(5, 20), [(jst(5, 20), "初回商談")], account=two, owner=seller
    ), jst(5, 20))  # fmt: skip
    book.changed("opportunity 2", "deleted", jst(6, 5), IsDeleted=True)
    book.changed("lead 1", "converted", jst(5, 18, 12), IsConverted=True,
                 ConvertedAccountId=one, ConvertedContactId=contact, ConvertedOpportunityId=deal)  # fmt: skip
    book.changed("lead 1", "with number 3", jst(5, 25), Phone=book.number_of(3), Title="課長")
    book.changed("lead 2", "handed back", jst(5, 22), Status="差し戻し")
    book.changed("lead 2", "deleted", jst(6, 4), IsDeleted=True)
    book.changed("lead 3", "merged into lead 2", jst(5, 26), IsDeleted=True, MasterRecordId=second)
    book.changed("lead 2", "merged into lead 1", jst(6, 8), IsDeleted=True, MasterRecordId=lead)

    leg = say("phone call to number 1", lambda: scene.call(
        sdr, jst(5, 11, 10), book.number_of(1), talk=70, tags=("本人接続",), turns=9
    ), jst(5, 11))  # fmt: skip
    say("phone call to number 2", lambda: scene.call(
        sdr, jst(5, 13, 11), book.number_of(2), talk=40
    ), jst(5, 13))  # fmt: skip
    say("phone call to number 3", lambda: scene.call(
        sdr, jst(6, 5, 11), book.number_of(3), talk=25, tags=("受付",)
    ), jst(6, 5))  # fmt: skip
    say("phone call to number 7", lambda: scene.call(
        sdr, jst(6, 8, 11), book.number_of(7), talk=120
    ), jst(6, 8))  # fmt: skip
    _phones(book, sdr, str(leg["id"]), "phone call to number 2")
    say("task of the call to number 1", lambda: scene.task(
        sdr, jst(5, 11, 10, 3), "Call", who=lead, leg=leg, result="本人接続", duration=70
    ), jst(5, 11))  # fmt: skip
    say("task of the call to number 3", lambda: scene.task(
        sdr, jst(6, 5, 11, 1), "Call", who=third, duration=25
    ), jst(6, 5))  # fmt: skip
    book.changed("task of the call to number 3", "with lead 2", jst(6, 6), WhoId=second)
    book.changed("task of the call to number 1", "deleted", jst(5, 27), IsDeleted=True)
    say("call of b", lambda: scene.task(
        seller, jst(5, 14), "Call", who=second, duration=90, result="本人接続"
    ), jst(5, 14))  # fmt: skip
    say("e-mail of a", lambda: scene.task(sdr, jst(5, 15), "Email", who=lead), jst(5, 15))
    say("meeting 1", lambda: scene.event(
        sdr, jst(5, 11, 11), jst(5, 19), lead, owner=seller
    ), jst(5, 12))  # fmt: skip
    book.changed("meeting 1", "held", jst(5, 19, 18), MeetingOutcome__c="実施")
    book.changed("meeting 1", "about opportunity 1", jst(5, 31), MeetingOutcome__c="実施",
                 WhatId=deal, WhoId=contact)  # fmt: skip
    book.changed("meeting 1", "deleted", jst(6, 6), IsDeleted=True)
    say("meeting 2", lambda: scene.event(
        sdr, jst(5, 13, 12), jst(6, 1), third, outcome="不参加"
    ), jst(5, 14))  # fmt: skip
    book.changed("meeting 2", "about opportunity 2", jst(6, 3), WhatId=other)
    return book.closed({
        "id": f"sf-{mark}", "system": "salesforce", "account": mark, "default_currency": "JPY",
        "internal_domains": [INTERNAL_DOMAIN], "extracted_at": _STAMPED,
        "coverage": COVERED,
        "custom": {"events.meeting_outcome": {"field": "MeetingOutcome__c", "map": _OUTCOMES}},
        "acceptance": {"mode": "stage", "stage": "有効商談"},
        "lead_status": {"mql": ["MQL"], "handed_back": ["差し戻し"]},
    })  # fmt: skip


def _stage(number: int, name: str, order: int, is_closed: bool, is_won: bool) -> Record:
    return {
        "Id": f"01JKURA0W{number}00{order}", "ApiName": name, "MasterLabel": name,
        "SortOrder": order, "IsClosed": is_closed, "IsWon": is_won, "DefaultProbability": 10,
        "IsActive": True,
    }  # fmt: skip
