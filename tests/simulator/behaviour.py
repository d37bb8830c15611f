"""Day by day: leads come in, people dial, somebody (not always the right one) answers, meetings are
booked, held, missed and moved, field sales accepts or does not, and every system writes its rows.

`Simulation.run` yields finished deliveries in the order they were exported, so a world of ten
million calls never lies in memory. What a row says and who was really there part ways here: tags
are forgotten or wrong, numbers mistyped, speech analysis missing.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from tests.simulator import company as selling
from tests.simulator import exports, identifiers, vocabulary
from tests.simulator.company import Company, Rep
from tests.simulator.vocabulary import Channel
from tests.simulator.world import (
    CallTruth,
    Delivery,
    MeetingTruth,
    Party,
    PersonTruth,
    Plan,
    Record,
    Truth,
    WorldSettings,
    days,
    utc,
)

_HOUR: Final = 3600
_ATTEMPTS: Final = 6
_NURTURE_POOL: Final = 20_000
_TITLES: Final = [title for title, _ in vocabulary.TITLES]
_TITLE_WEIGHTS: Final = list(itertools.accumulate(share for _, share in vocabulary.TITLES))
_HISTORY_TYPES: Final = {
    "OUTGOING_CALL": ("発信", "発信(不在)"),
    "PREDICTIVE_DIAL": ("predictive_dial", "predictive_dial"),
    "INCOMING_CALL": ("着信", "着信(不在)"),
    "INCOMING_CALL_USER": ("着信", "着信(不在)"),
    "QUEUEING_CALL": ("着信", "着信(不在)"),
    "AUTOMATIC_TRANSFER": ("転送", "転送(不在)"),
    "EXTENSION_TRANSFER": ("転送", "転送(不在)"),
    "AUTOMATIC_RECORD": ("留守番電話", "留守番電話"),
    "READ_DTMF": ("read_dtmf", "read_dtmf"),
    "EXTENSION": ("内線", "内線(不在)"),
}


@dataclass(slots=True)
class Person:
    """A prospect, with what only the simulator knows."""

    key: str
    channel: Channel
    company: Firm
    last: str
    first: str
    title: str
    email: str | None
    digits: str  # what is really dialled
    kind: str  # direct | mobile | main
    wrong: bool
    lead: Record | None = None
    second_lead: Record | None = None
    contact: Record | None = None
    hubspot: Record | None = None
    owner: Rep | None = None
    attempts: int = 0
    meetings: int = 0
    state: str = "new"  # new | working | meeting | done
    campaign: str | None = None

    @property
    def who(self) -> str | None:
        """The id a CRM activity points to."""
        if self.contact is not None:
            return str(self.contact["Id"])
        return None if self.lead is None else str(self.lead["Id"])


@dataclass(slots=True)
class Firm:
    name: str
    domain: str
    main: str
    industry: str
    employees: int
    account: Record | None = None
    people: int = 0


@dataclass(slots=True)
class Leg:
    """One leg of a phone call, before any system wrote it down."""

    leg_id: str
    call_type: str
    start: int
    ring: int
    talk: int | None  # None = not answered
    agent: Rep | None
    customer: Person | None
    number: str | None
    previous: str | None = None
    analysis: bool = False
    customer_spoke: bool = True
    tags: list[str] = field(default_factory=list)
    system_tags: list[str] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.start + self.ring + (self.talk or 0)


class Simulation:
    """One run; `truth` fills while `run` is read."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.ids = identifiers.SalesforceIds()
        self.company: Company = selling.found(plan, self.ids)
        self.truth = Truth()
        self.rng = random.Random(f"{plan.seed}:leads")
        self.inside = [rep for rep in self.company.reps if rep.rows[0]["motion"] in ("sdr", "bdr")]
        self.field = [rep for rep in self.company.reps if rep not in self.inside]
        self.queues: dict[str, list[tuple[int, int, int, Person]]] = {
            rep.rep_id: [] for rep in self.inside
        }
        self.pool: list[Person] = []
        self.agenda: dict[int, list[tuple[int, int, Callable[[date, int], None]]]] = {}
        self.dirty: dict[str, dict[str, Record]] = {}
        self.lines: list[tuple[datetime, int, Record]] = []
        self.history: list[Record] = []
        self.mapped_calls: list[Record] = []
        self.mapped_count = 0
        self.badge_count = 0
        self.calls_since = plan.first_day
        self.crm_since = plan.first_day
        self.badges: list[Record] = []
        self.marketing: dict[str, list[Record]] = {
            "email_events": [],
            "form_submissions": [],
            "event_participations": [],
        }
        self.hubspot_dirty: dict[str, Record] = {}
        self.firms: list[Firm] = []
        self.targets: list[Firm] = []
        self.target_account_ids: list[str] = []
        self.newsletter: list[Person] = []
        self.campaigns: dict[str, Record] = {}
        self.people = 0
        self.sequence = 0
        self.turn = 0
        self.call_count = 0
        self.hubspot_id = 1000
        self._bought: list[Person] = []
        # The target number of calls decides how much everybody dials.
        self.rate = plan.dials_per_day
        if plan.calls is not None:
            rep_days = sum(
                1
                for day in days(plan.first_day, plan.as_of)
                if self.company.is_business_day(day)
                for rep in self.inside
                if rep.row(day) is not None and rep.absent.get(day) != "full"
            )
            self.rate = plan.calls / max(1, rep_days) / 1.11
        self.leads_per_day = self.rate * len(self.inside) / 4.6

    # -- settings -----------------------------------------------------------------------------

    def settings(self) -> WorldSettings:
        plan = self.plan
        return WorldSettings(
            company_name=selling.COMPANY_NAME,
            timezone="Asia/Tokyo",
            as_of=plan.as_of,
            fiscal_year_start_month=4,
            default_currency="JPY",
            account=selling.ACCOUNT,
            own_numbers=selling.OWN_NUMBERS,
            internal_domains=(selling.DOMAIN,),
            memo_separator=selling.MEMO_SEPARATOR,
            acceptance_stage=selling.ACCEPTANCE_STAGE,
            covers_from=plan.first_day,
            webhook_from=plan.month_start(plan.history_months),
            lead_status=dict(selling.LEAD_STATUS),
            meeting_outcomes=dict(selling.MEETING_OUTCOMES),
        )

    # -- the days -----------------------------------------------------------------------------

    def run(self) -> Iterator[Delivery]:
        """Every delivery, in order of export."""
        plan = self.plan
        self._lookup_tables()
        self._stock()
        for day in days(plan.first_day, plan.as_of):
            self._day(day)
            yield from self._exports(day)
        yield from self._planning()

    def _day(self, day: date) -> None:
        rng = random.Random(f"{self.plan.seed}:{day.isoformat()}")
        self.rng = rng
        self._new_leads(day, rng)
        # What happens may plan something for later the same day.
        today = self.agenda.setdefault(day.toordinal(), [])
        while today:
            at, _, action = heapq.heappop(today)
            action(day, at)
        del self.agenda[day.toordinal()]
        if self.company.is_business_day(day):
            for rep in self.inside:
                if rep.row(day) is not None and rep.absent.get(day) != "full":
                    self._working_day(rep, day, rng)
            self._field_sales_day(day, rng)
        elif rng.random() < 0.4:
            self._missed_inbound(day, rng)
        if self.plan.marketing and day.weekday() == 2 and 8 <= day.day <= 14:
            self._newsletter(day, rng)
        for rep in self.inside:
            last = rep.rows[-1]["valid_to"]
            moved = len(rep.rows) > 1 and rep.rows[0]["valid_to"] == day
            if last == day or moved:
                self._hand_over(rep, day)

    def _plan_for(self, day: date, seconds: int, action: Callable[[date, int], None]) -> None:
        if day > self.plan.as_of:
            return
        self.sequence += 1
        waiting = self.agenda.setdefault(day.toordinal(), [])
        heapq.heappush(waiting, (seconds, self.sequence, action))

    # -- CRM records --------------------------------------------------------------------------

    def _touch(self, object_name: str, record: Record, at: datetime) -> None:
        """The record changed: it goes into the next export."""
        if record["SystemModstamp"] is None or record["SystemModstamp"] < at:
            record["SystemModstamp"] = at
            record["LastModifiedDate"] = at
        self.dirty.setdefault(object_name, {})[record["Id"]] = record

    def _lookup_tables(self) -> None:
        made = utc(date(self.plan.first_day.year - 1, 10, 1), 9 * _HOUR)
        for user in self.company.users:
            self.dirty.setdefault("User", {})[user["Id"]] = user
        for name, order, probability, closed, won, active in selling.STAGES:
            stage_id = self.ids.new("OpportunityStage")
            self.dirty.setdefault("OpportunityStage", {})[stage_id] = {
                "Id": stage_id,
                "ApiName": name,
                "MasterLabel": name,
                "SortOrder": order,
                "IsClosed": closed,
                "IsWon": won,
                "DefaultProbability": probability,
                "IsActive": active,
                "CreatedDate": made,
                "LastModifiedDate": made,
                "SystemModstamp": made,
            }

    def _campaign(self, name: str, kind: str, day: date, cost: int | None = None) -> Record:
        if name in self.campaigns:
            return self.campaigns[name]
        at = utc(day, 9 * _HOUR)
        campaign: Record = {
            "Id": self.ids.new("Campaign"),
            "Name": name,
            "Type": kind,
            "Status": "実施中",
            "StartDate": day,
            "EndDate": None,
            "ParentId": None,
            "BudgetedCost": cost,
            "ActualCost": None,
            "IsActive": True,
            "OwnerId": self.company.marketing_user_id,
            "CreatedDate": at,
            "LastModifiedDate": at,
            "SystemModstamp": at,
            "IsDeleted": False,
        }
        self.campaigns[name] = campaign
        self._touch("Campaign", campaign, at)
        return campaign

    def _member(self, campaign: Record, person: Person, at: datetime, responded: bool) -> None:
        member: Record = {
            "Id": self.ids.new("CampaignMember"),
            "CampaignId": campaign["Id"],
            "LeadId": None if person.contact is not None or person.lead is None else person.who,
            "ContactId": person.who if person.contact is not None else None,
            "Status": "参加" if responded else "送付済",
            "HasResponded": responded,
            "FirstRespondedDate": (at + timedelta(hours=9)).date() if responded else None,
            "LeadSource": person.channel.lead_source,
            "CreatedDate": at,
            "LastModifiedDate": at,
            "SystemModstamp": at,
            "IsDeleted": False,
        }
        self._touch("CampaignMember", member, at)

    def _firm(self, rng: random.Random) -> Firm:
        if self.firms and rng.random() < 0.3:
            return self.firms[rng.randrange(max(0, len(self.firms) - 400), len(self.firms))]
        number = self.people
        stem = rng.choice(vocabulary.COMPANY_STEMS)
        trade = rng.choice(vocabulary.TRADES)
        label = f"{stem[0]}{trade}" + (str(number) if number > 3000 else "")
        firm = Firm(
            rng.choice(vocabulary.COMPANY_FORMS).format(label),
            f"{stem[1]}{number}.example.jp",
            identifiers.landline(rng),
            rng.choice(vocabulary.INDUSTRIES),
            int(math.exp(rng.uniform(3, 8))),
        )
        self.firms.append(firm)
        if len(self.firms) > 50_000:
            del self.firms[:25_000]
        return firm

    def _account(self, firm: Firm, at: datetime, owner: str, rng: random.Random) -> Record:
        if firm.account is None:
            firm.account = {
                "Id": self.ids.new("Account"),
                "Name": firm.name,
                "Phone": identifiers.typed(rng, firm.main),
                "Website": f"https://www.{firm.domain}/",
                "Industry": firm.industry,
                "NumberOfEmployees": firm.employees,
                "AnnualRevenue": None,
                "Type": "見込み客",
                "AccountSource": None,
                "ParentId": None,
                "OwnerId": owner,
                "MasterRecordId": None,
                "CreatedDate": at,
                "LastModifiedDate": at,
                "SystemModstamp": at,
                "IsDeleted": False,
            }
            self._touch("Account", firm.account, at)
        return firm.account

    def _person(self, channel: Channel, rng: random.Random) -> Person:
        firm = self._firm(rng)
        surname = rng.choice(vocabulary.SURNAMES)
        given = rng.choice(vocabulary.GIVEN_NAMES)
        title = rng.choices(_TITLES, cum_weights=_TITLE_WEIGHTS)[0]
        draw = rng.random()
        if channel.key == "bought_list":
            kind = "main" if draw < 0.7 else "direct"
        elif channel.motion == "bdr":
            kind = "main" if draw < 0.55 else "direct" if draw < 0.85 else "mobile"
        else:
            kind = "main" if draw < 0.34 else "direct" if draw < 0.62 else "mobile"
        wrong = rng.random() < channel.wrong_number
        if kind == "main" and not wrong:
            digits = firm.main
        else:
            digits = identifiers.mobile(rng) if kind == "mobile" else identifiers.landline(rng)
        if rng.random() < 0.004:
            digits, kind = identifiers.overseas(rng), "direct"
        draw = rng.random()
        email: str | None = f"{given[1]}.{surname[1]}{self.people % 97}@{firm.domain}"
        if draw < 0.04:
            email = None
        elif draw < 0.08:
            email = f"info@{firm.domain}"
        elif draw < 0.11:
            email = f"{given[1]}{self.people}@freemail.example.com"
        self.people += 1
        firm.people += 1
        return Person(
            f"P{self.people:07d}",
            channel,
            firm,
            surname[0],
            given[0],
            title,
            email,
            digits,
            kind,
            wrong,
        )

    def _typed_email(self, email: str | None, rng: random.Random) -> str | None:
        if email is None:
            return None
        draw = rng.random()
        if draw < 0.04:
            return email.upper()
        if draw < 0.06:
            return f" {email}"
        if draw < 0.07:
            return email.replace("@", "＠")
        return email

    def _lead(self, person: Person, at: datetime, owner: str, rng: random.Random) -> Record:
        channel = person.channel
        number: str | None = identifiers.typed(rng, person.digits)
        if channel.key == "bought_list" and rng.random() < 0.04 and person.digits[0] == "0":
            number = identifiers.damaged_by_excel(person.digits)
        utm: tuple[str | None, str | None, str | None] = channel.utm or (None, None, None)
        campaign = utm[2].format(month=f"{at.year}{at.month:02d}") if utm[2] else utm[2]
        if channel.key == "download" and rng.random() < 0.3:
            utm, campaign = ("newsletter", "email", None), "mail_case"
        score = min(100, max(0, round(rng.gauss(42 + 18 * channel.intent, 15))))
        inbound = channel.motion == "sdr"
        status = ("MQL" if score >= 45 else "育成") if inbound else "未対応"
        lead: Record = {
            "Id": self.ids.new("Lead"),
            "FirstName": person.first,
            "LastName": person.last,
            "Name": f"{person.last} {person.first}",
            "Company": person.company.name,
            "Title": person.title or None,
            "Email": self._typed_email(person.email, rng),
            "Phone": None if person.kind == "mobile" and rng.random() < 0.7 else number,
            "MobilePhone": number if person.kind == "mobile" else None,
            "LeadSource": channel.lead_source,
            "Status": status,
            "Rating": None,
            "Industry": person.company.industry,
            "NumberOfEmployees": person.company.employees if rng.random() < 0.6 else None,
            "OwnerId": owner,
            "IsConverted": False,
            "ConvertedDate": None,
            "ConvertedAccountId": None,
            "ConvertedContactId": None,
            "ConvertedOpportunityId": None,
            "HasOptedOutOfEmail": False,
            "DoNotCall": False,
            "EmailBouncedDate": None,
            "utm_source__c": utm[0],
            "utm_medium__c": utm[1],
            "utm_campaign__c": campaign or None,
            "pi__score__c": score if inbound else None,
            "MasterRecordId": None,
            "CreatedById": self.company.marketing_user_id,
            "CreatedDate": at,
            "LastModifiedDate": at,
            "SystemModstamp": at,
            "IsDeleted": False,
        }
        self._touch("Lead", lead, at)
        self._human(person).lead_ids.append(lead["Id"])
        return lead

    def _human(self, person: Person) -> PersonTruth:
        found = self.truth.people.get(person.key)
        if found is None:
            found = PersonTruth(channel=person.channel.key)
            if self.plan.keep_truth:
                self.truth.people[person.key] = found
        return found

    def _contact(self, person: Person, at: datetime, owner: str, rng: random.Random) -> Record:
        account = self._account(person.company, at, owner, rng)
        number = identifiers.typed(rng, person.digits)
        person.contact = {
            "Id": self.ids.new("Contact"),
            "AccountId": account["Id"],
            "FirstName": person.first,
            "LastName": person.last,
            "Name": f"{person.last} {person.first}",
            "Title": person.title or None,
            "Department": None,
            "Email": person.email,
            "Phone": number if person.kind != "mobile" else None,
            "MobilePhone": number if person.kind == "mobile" else None,
            "HomePhone": None,
            "OtherPhone": None,
            "AssistantPhone": None,
            "LeadSource": person.channel.lead_source,
            "OwnerId": owner,
            "MasterRecordId": None,
            "CreatedDate": at,
            "LastModifiedDate": at,
            "SystemModstamp": at,
            "IsDeleted": False,
        }
        self._touch("Contact", person.contact, at)
        self._human(person).contact_ids.append(person.contact["Id"])
        return person.contact

    def _status(self, person: Person, status: str, at: datetime) -> None:
        lead = person.lead
        if lead is not None and not lead["IsConverted"] and lead["Status"] != status:
            lead["Status"] = status
            self._touch("Lead", lead, at)

    # -- leads --------------------------------------------------------------------------------

    def _stock(self) -> None:
        """Target accounts and last year's customers, in the CRM before the first day."""
        rng = self.rng
        day = self.plan.first_day - timedelta(days=40)
        at = utc(day, 11 * _HOUR)
        list_channel = next(c for c in vocabulary.CHANNELS if c.key == "outbound_list")
        bdrs = [rep for rep in self.inside if rep.motion(self.plan.first_day) == "bdr"]
        owner = self.field[0].user_id
        for number in range(max(12, round(self.rate * len(bdrs) * 2.2))):
            person = self._person(list_channel, rng)
            self._account(person.company, at, owner, rng)
            self._contact(person, at, owner, rng)
            self.target_account_ids.append(str(person.company.account["Id"]))  # type: ignore[index]
            if number % 7 == 0:
                # A person of the same account who sits behind the same main number.
                other = self._person(list_channel, rng)
                other.company, other.digits, other.kind = (
                    person.company,
                    person.company.main,
                    "main",
                )
                self._contact(other, at, owner, rng)
                self._enqueue(bdrs[number % len(bdrs)], other, self.plan.first_day, 2)
            self._enqueue(bdrs[number % len(bdrs)], person, self.plan.first_day, 2)
        for number in range(max(2, len(self.field) * 3)):
            customer = self._person(list_channel, rng)
            self._contact(customer, at, owner, rng)
            customer.company.account["Type"] = "既存顧客"  # type: ignore[index]
            seller = self.field[number % len(self.field)]
            when = self.plan.first_day + timedelta(days=rng.randrange(self.plan.months * 30))
            self._plan_for(
                self.company.business_day_after(when, 0),
                10 * _HOUR,
                self._renewal(customer, seller),
            )
        self.target_account_ids = list(dict.fromkeys(self.target_account_ids))

    def _new_leads(self, day: date, rng: random.Random) -> None:
        number = (day.year - self.plan.first_day.year) * 12 + day.month - self.plan.first_day.month
        open_day = self.company.is_business_day(day)
        monthly = self.leads_per_day * 20.5
        weight = 1.25 if open_day else 0.3
        for channel in vocabulary.CHANNELS:
            if channel.key == "webinar":
                amount = monthly * channel.share if day.day == self._webinar_day(day) else 0.0
            elif channel.key == "exhibition":
                amount = (
                    monthly * channel.share * 1.5
                    if number % 4 == 1 and 20 <= day.day <= 22
                    else 0.0
                )
            elif channel.key == "seminar":
                amount = monthly * channel.share * 2 if number % 2 == 0 and day.day == 24 else 0.0
            elif channel.key == "bought_list":
                bought = number % 6 == 1 and day == self._list_day(day)
                amount = monthly * channel.share * 5 if bought else 0.0
            elif channel.motion == "bdr" and not open_day:
                amount = 0.0
            else:
                amount = self.leads_per_day * channel.share * weight
            count = int(amount) + (rng.random() < amount - int(amount))
            for _ in range(count):
                self._new_lead(channel, day, rng)

    def _webinar_day(self, day: date) -> int:
        return self.company.business_day_after(day.replace(day=15), 0).day

    def _list_day(self, day: date) -> date:
        return self.company.business_day_after(day.replace(day=11), 0)

    def _new_lead(self, channel: Channel, day: date, rng: random.Random) -> None:
        batch = channel.key in ("bought_list", "exhibition", "seminar")
        seconds = int((19 if batch else rng.triangular(7, 23, 14)) * _HOUR) + rng.randrange(1800)
        if channel.motion == "bdr":
            seconds = 8 * _HOUR + rng.randrange(1800)
        at = utc(day, seconds)
        person = self._person(channel, rng)
        owner = self._next_owner(channel, day)
        if channel.key == "outbound_list" and rng.random() < 0.5:
            self._contact(person, at, self.field[0].user_id, rng)
            if len(self.target_account_ids) < 100:
                self.target_account_ids.append(str(person.company.account["Id"]))  # type: ignore[index]
        else:
            # Inbound leads belong to a queue until somebody takes them.
            queue = "00G5h0000000009" + identifiers.salesforce_suffix("00G5h0000000009")
            holder = queue if channel.motion == "sdr" and rng.random() < 0.3 else owner.user_id
            person.lead = self._lead(person, at, holder, rng)
            if rng.random() < 0.06 and person.email is not None:
                self._duplicate(person, day, rng)
        self._campaign_of(person, day, at, rng)
        if self.plan.marketing and channel.motion == "sdr" and person.email is not None:
            self._marketing_person(person, at, day, rng)
        if channel.key == "exhibition" and self.plan.first_day.month != day.month:
            self._badge(person, day, seconds - 3 * _HOUR, rng)
        first = day if seconds < 16 * _HOUR else day + timedelta(days=1)
        self._enqueue(owner, person, first, 1 if channel.motion == "sdr" else 2)

    def _next_owner(self, channel: Channel, day: date) -> Rep:
        ready = [rep for rep in self.inside if rep.motion(day) == channel.motion]
        if channel.key == "bought_list" and self.plan.stories:
            owners = self.company.bad_list_owners
            ready = [rep for rep in ready if rep.rep_id in owners] or ready
        ready = ready or self.inside
        self.turn += 1
        return ready[self.turn % len(ready)]

    def _duplicate(self, person: Person, day: date, rng: random.Random) -> None:
        """The same person fills in another form some days later: a second Lead."""

        def again(on: date, at: int) -> None:
            if person.lead is None or person.lead["IsConverted"] or person.lead["IsDeleted"]:
                return
            moment = utc(on, at)
            second = self._lead(person, moment, person.lead["OwnerId"], self.rng)
            second["LeadSource"] = "資料ダウンロード"
            second["Email"] = None if person.email is None else person.email.capitalize()
            person.second_lead = second
            if self.rng.random() < 0.5:
                self._plan_for(on + timedelta(days=3), 17 * _HOUR, merge)

        def merge(on: date, at: int) -> None:
            loser, winner = person.second_lead, person.lead
            if loser is None or winner is None or winner["IsConverted"] or winner["IsDeleted"]:
                return
            moment = utc(on, at)
            loser["IsDeleted"], loser["MasterRecordId"] = True, winner["Id"]
            self._touch("Lead", loser, moment)
            self._touch("Lead", winner, moment)

        self._plan_for(day + timedelta(days=rng.randrange(2, 30)), 15 * _HOUR, again)

    def _campaign_of(self, person: Person, day: date, at: datetime, rng: random.Random) -> None:
        key = person.channel.key
        month = f"{day.year}年{day.month}月"
        if key == "webinar":
            campaign = self._campaign(f"{month} 電子帳票ウェビナー", "Webinar", day, 180_000)
        elif key == "exhibition":
            campaign = self._campaign(f"{month} 業務改革EXPO（架空）", "Trade Show", day, 2_400_000)
        elif key == "seminar":
            campaign = self._campaign(f"{month} 経理セミナー", "Seminar", day, 90_000)
        elif key == "bought_list":
            campaign = self._campaign(f"購入リスト_{day.year}{day.month:02d}", "List", day, 900_000)
        elif key == "ads":
            campaign = self._campaign(f"{month} リスティング", "Advertisement", day, 600_000)
        else:
            return
        person.campaign = campaign["Name"]
        self._member(campaign, person, at + timedelta(minutes=5), rng.random() < 0.7)

    # -- marketing automation -----------------------------------------------------------------

    def _marketing_person(
        self, person: Person, at: datetime, day: date, rng: random.Random
    ) -> None:
        key = person.channel.key
        self.hubspot_id += 3
        page = "https://www.minamo.example.com/" + {
            "ads": "lp?utm_source=google&utm_medium=cpc&utm_campaign=brand",
            "web_form": "contact?utm_source=google&utm_medium=organic",
            "download": "whitepaper",
        }.get(key, "event")
        iso = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        source = {"ads": "PAID_SEARCH", "web_form": "ORGANIC_SEARCH"}.get(key, "OFFLINE")
        person.hubspot = {
            "id": str(self.hubspot_id),
            "createdAt": at,
            "updatedAt": at,
            "archived": False,
            "properties": {
                "hs_object_id": str(self.hubspot_id),
                "email": (person.email or "").lower(),
                "firstname": person.first,
                "lastname": person.last,
                "company": person.company.name,
                "jobtitle": person.title,
                "phone": identifiers.typed(rng, person.digits) if rng.random() < 0.6 else "",
                "hubspotscore": str(round(rng.uniform(5, 60))),
                "lifecyclestage": (
                    "marketingqualifiedlead"
                    if person.lead is not None and person.lead["Status"] == "MQL"
                    else "lead"
                ),
                "hs_analytics_source": source,
                "hs_analytics_first_url": page,
                "first_conversion_date": iso,
                "hs_email_optout": "false",
                "createdate": iso,
                "lastmodifieddate": iso,
                # The standard Salesforce connection keeps the id on most contacts, not on all.
                "salesforceleadid": person.who if rng.random() < 0.7 else None,
            },
        }
        self.hubspot_dirty[person.hubspot["id"]] = person.hubspot
        self._human(person).hubspot_ids.append(person.hubspot["id"])
        if len(self.newsletter) < 4000:
            self.newsletter.append(person)
        if key in ("ads", "web_form", "download"):
            self.marketing["form_submissions"].append(
                {
                    "conversionId": identifiers.new_uuid(rng),
                    "submittedAt": at,
                    "formId": {"download": "form-whitepaper"}.get(key, "form-contact"),
                    "pageUrl": page,
                    "values": [
                        {"name": "email", "value": person.email},
                        {"name": "company", "value": person.company.name},
                    ],
                }
            )
        if key == "webinar":
            draw = rng.random()
            for state, later in (
                ("REGISTERED", 0),
                ("ATTENDED" if draw < 0.6 else "NO_SHOW" if draw < 0.92 else "CANCELLED", 7),
            ):
                moment = at + timedelta(days=later)
                if later and day + timedelta(days=later) > self.plan.as_of:
                    continue
                attended = state == "ATTENDED"
                self.marketing["event_participations"].append(
                    {
                        "id": f"{self.hubspot_id}{later}",
                        "associations": {
                            "contact": {
                                "contactId": person.hubspot["id"],
                                "email": person.email,
                            },
                            "marketingEvent": {
                                "marketingEventId": f"{day.year}{day.month:02d}01",
                                "externalEventId": f"webinar-{day.year}-{day.month:02d}",
                                "name": person.campaign,
                            },
                        },
                        "properties": {
                            "attendanceState": state,
                            "occurredAt": moment,
                            "attendanceDurationSeconds": rng.randrange(600, 3600)
                            if attended
                            else None,
                            "attendancePercentage": "0.8" if attended else None,
                        },
                    }
                )

    def _newsletter(self, day: date, rng: random.Random) -> None:
        """One marketing mail a month, with opens by people and by scanners."""
        campaign = 5_000_000 + day.year * 100 + day.month
        readers = [p for p in self.newsletter if p.hubspot is not None and rng.random() < 0.5]
        for person in readers:
            at = utc(day, 8 * _HOUR + rng.randrange(600))
            send = identifiers.new_uuid(rng)

            def event(
                kind: str,
                later: int,
                number: int,
                person: Person = person,
                send: str = send,
                at: datetime = at,
                **more: Any,
            ) -> None:
                moment = at + timedelta(seconds=later)
                if moment >= utc(self.plan.as_of + timedelta(days=1), 0):
                    return
                event_id = send if kind == "SENT" else identifiers.sibling_uuid(send, number)
                self.marketing["email_events"].append(
                    {
                        "id": event_id,
                        "created": moment,
                        "type": kind,
                        "recipient": person.email,
                        "portalId": 990001,
                        "appId": 113,
                        "emailCampaignId": campaign,
                        "sentBy": None if kind == "SENT" else {"id": send},
                        "filteredEvent": False,
                        **more,
                    }
                )

            event("SENT", 0, 0)
            draw = rng.random()
            if draw < 0.03:
                event("BOUNCE", 30, 1, category="UNKNOWN_USER")
                continue
            event("DELIVERED", 20, 2)
            if rng.random() < 0.12:
                event("OPEN", 25, 3, filteredEvent=True)
                event("CLICK", 27, 4, filteredEvent=True, url="https://www.minamo.example.com/bot")
            if rng.random() < 0.33:
                event("OPEN", rng.randrange(300, 90_000), 5)
                if rng.random() < 0.25:
                    event("OPEN", rng.randrange(90_000, 180_000), 6)
                if rng.random() < 0.2:
                    event(
                        "CLICK",
                        rng.randrange(400, 180_000),
                        7,
                        url="https://www.minamo.example.com/case?utm_source=newsletter&utm_medium=email",
                    )
            if rng.random() < 0.004:
                event("STATUSCHANGE", 3600, 8, portalSubscriptionStatus="UNSUBSCRIBED")

    def _lifecycle(self, person: Person, stage: str, at: datetime) -> None:
        if person.hubspot is not None:
            properties = person.hubspot["properties"]
            properties["lifecyclestage"] = stage
            properties["lastmodifieddate"] = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            person.hubspot["updatedAt"] = at
            self.hubspot_dirty[person.hubspot["id"]] = person.hubspot

    def _badge(self, person: Person, day: date, seconds: int, rng: random.Random) -> None:
        """The exhibition's organiser scans badges and sends a spreadsheet of its own."""
        if person.email is None or rng.random() < 0.2:
            return
        self.badge_count += 1
        self.badges.append(
            {
                "lead_id": f"EXPO{day:%Y%m}-{self.badge_count:04d}",
                "full_name": f"{person.last} {person.first}",
                "company_name": person.company.name,
                "job_title": person.title or None,
                "email_raw": person.email,
                "phone_raw": identifiers.typed(rng, person.digits),
                "created_at": utc(day, seconds),
            }
        )
        self._human(person).lead_ids.append(self.badges[-1]["lead_id"])

    # -- the queue ----------------------------------------------------------------------------

    def _enqueue(self, rep: Rep, person: Person, day: date, priority: int) -> None:
        person.owner = rep
        self.sequence += 1
        heapq.heappush(self.queues[rep.rep_id], (day.toordinal(), priority, self.sequence, person))

    def _hand_over(self, rep: Rep, day: date) -> None:
        """A leaver's, or a mover's, people go to those who do the same work."""
        motion = rep.motion(day)
        next_day = day + timedelta(days=1)
        heirs = [r for r in self.inside if r.motion(next_day) == motion and r is not rep]
        waiting, self.queues[rep.rep_id] = self.queues[rep.rep_id], []
        for number, (due, priority, _, person) in enumerate(sorted(waiting, key=lambda e: e[:3])):
            heir = heirs[number % len(heirs)] if heirs else rep
            self._enqueue(heir, person, max(date.fromordinal(due), next_day), priority)
            if person.lead is not None and not person.lead["IsConverted"]:
                person.lead["OwnerId"] = heir.user_id
                self._touch("Lead", person.lead, utc(day, 18 * _HOUR))

    def _next_person(self, rep: Rep, day: date, rng: random.Random) -> Person | None:
        queue = self.queues[rep.rep_id]
        limit = day.toordinal() + 1
        while queue and queue[0][0] <= limit:
            person = heapq.heappop(queue)[3]
            if person.state not in ("done", "meeting"):
                return person
        if not self.pool:
            return None
        place = rng.randrange(len(self.pool))
        self.pool[place], self.pool[-1] = self.pool[-1], self.pool[place]
        person = self.pool.pop()
        person.attempts = _ATTEMPTS - 3
        person.owner = rep
        person.state = "working"
        return person

    def _retire(self, person: Person, status: str, at: datetime, *, for_good: bool = False) -> None:
        person.state = "done"
        self._status(person, status, at)
        if not for_good and len(self.pool) < _NURTURE_POOL:
            self.pool.append(person)

    # -- a working day ------------------------------------------------------------------------

    def _working_day(self, rep: Rep, day: date, rng: random.Random) -> None:
        motion = rep.motion(day)
        mean = self.rate * (1.18 if motion == "bdr" else 0.9)
        if rep.absent.get(day) == "half":
            mean /= 2
        number = max(0, round(rng.gauss(mean, math.sqrt(mean))))
        slot = 8.4 * _HOUR / max(1, number)
        clock = 9 * _HOUR + 600
        for index in range(number):
            clock = max(clock, int(9.2 * _HOUR + index * slot + rng.random() * slot * 0.6))
            person = self._next_person(rep, day, rng)
            if person is None:
                break
            clock = self._dial(rep, person, day, clock, rng) + 15
        self._emails(rep, day, rng)
        if rep.phone == "miitel":
            # Inbound and internal calls beside the dials.
            if rng.random() < min(0.9, self.rate / 40):
                self._internal(rep, day, rng)
            if rng.random() < min(0.9, self.rate / 120):
                self._unknown_inbound(rep, day, rng)

    def _dial(self, rep: Rep, person: Person, day: date, at: int, rng: random.Random) -> int:
        """One attempt; returns the second of the day at which the rep is free again."""
        person.attempts += 1
        channel = person.channel
        if person.state == "new":
            person.state = "working"
            self._status(person, "対応中", utc(day, at))
        ring = rng.randrange(6, 34)
        party: Party = "nobody"
        talk: int | None = None
        busy = False
        hour = at / _HOUR
        mood = 1.12 if 10 <= hour < 11.5 or 16 <= hour < 17.5 else 0.78 if 12 <= hour < 13 else 1.0
        draw = rng.random()
        if person.wrong:
            if draw < 0.55:
                party, talk = "wrong_party", rng.randrange(4, 28)
        elif person.kind == "main":
            if draw < 0.84:
                pass_through = 0.19 * channel.reach * rep.reach * mood
                inner = rng.random()
                if inner < pass_through:
                    party = "intended"
                elif inner < pass_through + 0.09:
                    party, talk = "colleague", rng.randrange(18, 80)
                else:
                    party, talk = "gatekeeper", int(rng.lognormvariate(3.3, 0.5))
        else:
            chance = (0.27 if person.kind == "direct" else 0.22) * channel.reach * rep.reach * mood
            if draw < chance:
                party = "intended"
            elif draw < chance + 0.05:
                party, talk = "colleague", rng.randrange(12, 70)
            elif draw < chance + (0.24 if person.kind == "mobile" else 0.08):
                party, talk = "machine", rng.randrange(4, 40)
        result = "nobody"
        if party == "intended":
            talk, result = self._talk(rep, person, rng)
        elif party == "nobody":
            busy = rng.random() < 0.07
            ring = rng.randrange(3, 8) if busy else rng.randrange(15, 45)
        predictive = (
            rep.phone == "miitel"
            and channel.motion == "bdr"
            and rep.motion(day) == "bdr"
            and rng.random() < (0.35 if channel.key == "bought_list" else 0.06)
        )
        joined = not predictive or rng.random() < 0.93
        end = self._write_call(
            rep, person, day, at, ring, talk, party, result, busy, predictive, joined, rng
        )
        if party == "intended" and joined:
            self._after_talk(rep, person, day, end, result, rng)
        else:
            self._after_miss(rep, person, day, end, party, rng)
        return end

    def _talk(self, rep: Rep, person: Person, rng: random.Random) -> tuple[int, str]:
        """How long the right person stayed, and how it ended."""
        channel = person.channel
        chance = 0.125 * channel.intent * rep.convert
        draw = rng.random()
        if draw < chance:
            return int(rng.lognormvariate(5.6, 0.45)), "アポ獲得"
        draw = rng.random()
        if draw < 0.15:
            # Short and yet a contact: "call me later" in four seconds.
            return rng.randrange(3, 22), "再架電依頼"
        if draw < 0.32:
            return int(rng.lognormvariate(4.2, 0.6)), "再架電依頼"
        if draw < 0.62:
            return int(rng.lognormvariate(4.1, 0.7)), "お断り"
        if draw < 0.64:
            return rng.randrange(8, 60), "架電禁止"
        return int(rng.lognormvariate(4.9, 0.6)), "担当者接続"

    def _after_talk(
        self, rep: Rep, person: Person, day: date, end: int, result: str, rng: random.Random
    ) -> None:
        at = utc(day, end + 30)
        if result == "アポ獲得":
            self._book(rep, person, day, end + rng.randrange(20, 240), rng)
        elif result == "架電禁止":
            if person.lead is not None:
                person.lead["DoNotCall"] = True
                self._touch("Lead", person.lead, at)
            self._retire(person, "対象外", at, for_good=True)
        elif result == "お断り":
            self._retire(person, "育成", at)
        elif person.attempts >= _ATTEMPTS + 3:
            self._retire(person, "返却", at)
        else:
            wait = rng.randrange(1, 4) if result == "再架電依頼" else rng.randrange(4, 12)
            self._enqueue(rep, person, self.company.business_day_after(day, wait), 0)

    def _after_miss(
        self, rep: Rep, person: Person, day: date, end: int, party: Party, rng: random.Random
    ) -> None:
        at = utc(day, end + 30)
        if party == "wrong_party":
            self._retire(person, "対象外", at, for_good=True)
        elif person.attempts >= _ATTEMPTS:
            self._retire(person, "返却", at)
        else:
            if party == "nobody" and rep.phone == "miitel" and rng.random() < 0.025:
                self._call_back(rep, person, day, end + rng.randrange(600, 7200), rng)
            self._enqueue(rep, person, self.company.business_day_after(day, rng.randrange(1, 6)), 1)

    # -- phone calls as systems write them ----------------------------------------------------

    def _memo(
        self, rep: Rep, party: Party, result: str, busy: bool, rng: random.Random
    ) -> list[str]:
        """What the person wrote down: nothing, the truth, or something else."""
        if party == "nobody":
            if rng.random() > 0.5:
                return []
            return ["話中" if busy else "不在"]
        if rng.random() > rep.tagging:
            return []
        true = {
            "intended": result,
            "gatekeeper": "受付ブロック",
            "colleague": "伝言",
            "wrong_party": "番号違い",
            "machine": "留守電",
        }[party]
        draw = rng.random()
        if draw < 0.035:
            return [rng.choice(("担当者接続", "受付ブロック", "不在", "伝言", "お断り"))]
        if draw < 0.055:
            return [rng.choice(vocabulary.UNMAPPED_MEMOS)]
        if draw < 0.10 and party == "intended":
            return ["資料送付済み", true]
        if draw < 0.13 and party == "intended":
            # Somebody first reached the reception, then the person: two memos.
            return ["受付ブロック", true]
        if draw < 0.145:
            return [f" {true}　"]
        return [true]

    def _write_call(
        self,
        rep: Rep,
        person: Person,
        day: date,
        at: int,
        ring: int,
        talk: int | None,
        party: Party,
        result: str,
        busy: bool,
        predictive: bool,
        joined: bool,
        rng: random.Random,
    ) -> int:
        call_id = identifiers.new_uuid(rng)
        tags = self._memo(rep, party, result, busy, rng) if joined else []
        number = person.digits
        legs = [
            Leg(
                call_id,
                "PREDICTIVE_DIAL" if predictive else "OUTGOING_CALL",
                at,
                ring,
                talk,
                None if predictive else rep,
                person,
                number,
            )
        ]
        root = legs[0]
        root.customer_spoke = party != "machine" or rng.random() < 0.3
        if predictive and talk is not None and joined:
            wait = min(3, talk)
            agent_leg = Leg(
                identifiers.sibling_uuid(call_id, 1),
                "AUTOMATIC_TRANSFER",
                at + ring,
                wait,
                max(0, talk - wait),
                rep,
                person,
                number,
                previous=call_id,
            )
            legs.append(agent_leg)
        if party == "intended" and not predictive and talk is not None and rng.random() < 0.02:
            # Handed over to a colleague of field sales: the dial stays the dialler's.
            expert = self.field[self.turn % len(self.field)]
            more = rng.randrange(60, 400)
            legs.append(
                Leg(
                    identifiers.sibling_uuid(call_id, 1),
                    "EXTENSION_TRANSFER",
                    at + ring + talk,
                    4,
                    more if rng.random() < 0.85 else None,
                    expert,
                    person,
                    number,
                    previous=call_id,
                )
            )
            if tags and rng.random() < 0.5:
                legs[-1].tags, tags = tags, []
        if party == "nobody" and not predictive and rng.random() < 0.012:
            # 不在 followed by the system's own recording: still not answered.
            legs.append(
                Leg(
                    identifiers.sibling_uuid(call_id, 1),
                    "AUTOMATIC_RECORD",
                    at + ring,
                    0,
                    rng.randrange(3, 15),
                    None,
                    person,
                    number,
                    previous=call_id,
                )
            )
        home = legs[1] if predictive and len(legs) > 1 else root
        if not legs[-1].tags:
            home.tags = tags
        if home.talk is not None and home.talk >= 4 and party != "nobody":
            home.analysis = rng.random() < 0.5
        if rng.random() < 0.05:
            home.system_tags = [rng.choice(vocabulary.SYSTEM_TAGS)]
        end = max(leg.end for leg in legs)
        truth_id = call_id
        if rep.phone == "miitel":
            self._miitel(call_id, legs, day, rng)
        elif rep.phone == "mapped":
            truth_id = self._mapped_call(root, rep, day, busy, tags)
        if rep.phone == "crm":
            truth_id = self._log(rep, person, root, day, party, result, busy, rng)
        elif (talk is not None or rng.random() < 0.35) and joined and rng.random() < 0.62:
            self._log(rep, person, home, day, party, result, busy, rng)
        self._call_truth(
            truth_id, rep if joined else None, person, party, "outbound", day, talk or 0, rep.phone
        )
        self.call_count += 1
        return end

    def _call_truth(
        self,
        call_id: str,
        rep: Rep | None,
        person: Person | None,
        party: Party,
        direction: Any,
        day: date,
        talk: int,
        phone: str,
    ) -> None:
        if self.plan.keep_truth:
            self.truth.calls[call_id] = CallTruth(
                call_id,
                None if rep is None else rep.rep_id,
                None if person is None else person.key,
                party,
                direction,
                day,
                talk,
                "miitel" if phone == "miitel" else "mapped" if phone == "mapped" else "crm",
                None if person is None else person.campaign,
            )

    def _is_history_only(self, day: date) -> bool:
        return day < self.plan.month_start(self.plan.history_months)

    def _in_history(self, day: date) -> bool:
        months = self.plan.history_months + (1 if self.plan.overlap else 0)
        return months > 0 and day < self.plan.month_start(months)

    def _miitel(self, call_id: str, legs: list[Leg], day: date, rng: random.Random) -> None:
        if self._in_history(day):
            self.history.extend(self._history_row(call_id, leg, day, rng) for leg in legs)
        if self._is_history_only(day):
            return
        received = utc(day, max(leg.end for leg in legs) + rng.randrange(20, 400))
        tagged = [leg for leg in legs if leg.tags]
        if tagged and rng.random() < 0.09:
            # The memo is written (or corrected) hours later: the same call comes again.
            final = tagged[0].tags
            draft = [] if rng.random() < 0.7 else ["担当者接続"]
            tagged[0].tags = draft
            self._deliver(self._webhook(call_id, legs, day, rng), received)
            tagged[0].tags = final
            later = received + timedelta(seconds=rng.randrange(2 * _HOUR, 20 * _HOUR))
            self._deliver(self._webhook(call_id, legs, day, rng), later)
            return
        record = self._webhook(call_id, legs, day, rng)
        self._deliver(record, received)
        if rng.random() < 0.01:
            # Fixed-IP mode sends the last minutes again, unchanged.
            self._deliver(dict(record), received + timedelta(seconds=600))

    def _deliver(self, record: Record, received: datetime) -> None:
        self.sequence += 1
        heapq.heappush(self.lines, (received, self.sequence, record))

    def _webhook(self, call_id: str, legs: list[Leg], day: date, rng: random.Random) -> Record:
        return {
            "call": {
                "id": call_id,
                "tenant_code": selling.ACCOUNT,
                "details": [self._detail(leg, day, rng) for leg in legs],
            }
        }

    def _detail(self, leg: Leg, day: date, rng: random.Random) -> Record:
        start = utc(day, leg.start)
        answered = None if leg.talk is None else start + timedelta(seconds=leg.ring)
        inbound = leg.call_type in ("INCOMING_CALL", "INCOMING_CALL_USER", "QUEUEING_CALL")
        internal = leg.call_type == "EXTENSION"
        agent, customer = leg.agent, leg.customer
        own = agent.own_number if agent is not None else selling.OWN_NUMBERS[0]
        participants: list[Record] = []
        spoken = leg.analysis
        ratio = 0.5 if agent is None else agent.talk_ratio
        participants.append(
            {
                "id": identifiers.sibling_uuid(leg.leg_id, 101),
                "from_to": "TO" if inbound else "FROM",
                "name": None if agent is None else agent.name,
                "company_name": None,
                "login_id": None if agent is None else agent.email,
                "analysis": self._voice(rng) if spoken and agent is not None else None,
            }
        )
        participants.append(
            {
                "id": identifiers.sibling_uuid(leg.leg_id, 102),
                "from_to": "FROM" if inbound else "TO",
                "name": f"{customer.last} {customer.first}" if customer is not None else None,
                "company_name": customer.company.name if customer is not None else None,
                "login_id": None,
                "analysis": self._voice(rng) if spoken and leg.customer_spoke else None,
            }
        )
        analysis: Record | None = None
        if spoken and leg.talk is not None:
            turns = max(1, int(leg.talk / rng.uniform(6, 13))) if leg.customer_spoke else 0
            tlr = min(0.99, max(0.05, rng.gauss(ratio, 0.09))) if leg.customer_spoke else 1.0
            analysis = {
                "score": 313.35 if rng.random() < 0.002 else round(rng.gauss(58, 14), 2),
                "tlr": round(tlr, 4),
                "rally_count": turns,
                "overlap_count": rng.randrange(0, 6),
                "silence_count": rng.randrange(0, 5),
                "silence_positions": [],
                "overlap_positions": [],
            }
        number = leg.number
        return {
            "id": leg.leg_id,
            "dial_starts_at": start,
            "dial_answered_at": answered,
            "dial_ends_at": utc(day, leg.end),
            "queueing_starts_at": start if leg.call_type == "QUEUEING_CALL" else None,
            "queueing_answered_at": None,
            "queueing_ends_at": utc(day, leg.end) if leg.call_type == "QUEUEING_CALL" else None,
            "call_type": leg.call_type,
            "circuit_number": None if internal else own,
            "circuit_name": None if internal else "代表" if own[1] == "3" else "大阪",
            "from_number": number if inbound else agent.extension if internal and agent else None,
            "to_number": own if inbound else number,
            "previous_id": leg.previous,
            "dtmf": "1" if leg.call_type == "READ_DTMF" else None,
            "analysis": analysis,
            "participants": participants,
            "tags": [
                {
                    "value": tag,
                    "created_by": None if agent is None else agent.email,
                    "creator_type": "TENANT_USER",
                }
                for tag in leg.tags
            ]
            + [
                {"value": tag, "created_by": "SYSTEM", "creator_type": "SYSTEM"}
                for tag in leg.system_tags
            ],
            "comments": [],
            "keywords": [],
            "phrases": [],
            "speech_recognition": {
                "raw": "（文字起こしは省略）" if analysis is not None else "",
                "summary": None,
            },
        }

    def _voice(self, rng: random.Random) -> Record:
        return {
            "f0": None,
            "speechrate": round(rng.gauss(7.6, 0.9), 2),
            "variance": None,
            "filler_count": rng.randrange(0, 9),
            "positive_score": rng.randrange(0, 5),
            "negative_score": rng.randrange(0, 3),
        }

    def _history_row(self, call_id: str, leg: Leg, day: date, rng: random.Random) -> Record:
        start = utc(day, leg.start)
        inbound = leg.call_type in ("INCOMING_CALL", "INCOMING_CALL_USER", "QUEUEING_CALL")
        agent = leg.agent
        if agent is not None:
            name = agent.name
        elif leg.call_type == "PREDICTIVE_DIAL":
            name = "プレディクティブコール"
        else:
            name = "-"
        own = agent.own_number if agent is not None else selling.OWN_NUMBERS[0]
        customer = leg.customer
        number = leg.number
        if number is not None and number.startswith("0") and rng.random() < 0.4:
            number = "-".join(identifiers.split_number(number))
        kind = _HISTORY_TYPES[leg.call_type][0 if leg.talk is not None else 1]
        return {
            "Sequence ID": leg.leg_id,
            "Parent sequence ID": call_id,
            "Previous sequence ID": leg.previous,
            "User name": name,
            "Account name": None if customer is None else customer.company.name,
            "Contact person name": (
                None if customer is None else f"{customer.last} {customer.first}"
            ),
            "Call from": number if inbound else own,
            "Call to": own if inbound else number,
            "Call type": kind,
            "Dial begin time": start,
            "Call begin time": None if leg.talk is None else start + timedelta(seconds=leg.ring),
            "Call end time": utc(day, leg.end),
            "Ringing time": leg.ring,
            "Call duration": leg.talk if leg.talk is not None else 0,
            "Call memo": selling.MEMO_SEPARATOR.join(leg.tags) or None,
            "Overall": round(rng.gauss(58, 14), 1) if leg.analysis else None,
        }

    def _mapped_call(self, leg: Leg, rep: Rep, day: date, busy: bool, tags: list[str]) -> str:
        """The Osaka office's phone: its own little CSV, its own words."""
        start = utc(day, leg.start)
        words = {"担当者接続": "担当者", "受付ブロック": "受付"}
        self.mapped_count += 1
        self.mapped_calls.append(
            {
                "leg_id": f"osk-{self.mapped_count:06d}",
                "direction": "発信",
                "started_at": start,
                "answered_at": None if leg.talk is None else start + timedelta(seconds=leg.ring),
                "ended_at": utc(day, leg.end),
                "telephony_result": "応答"
                if leg.talk is not None
                else "話中"
                if busy
                else "不応答",
                "talk_seconds": leg.talk,
                "agent_email": rep.email,
                "own_number_raw": rep.own_number,
                "customer_number_raw": (
                    "-".join(identifiers.split_number(leg.number))
                    if leg.number is not None and leg.number.startswith("0")
                    else leg.number
                ),
                "disposition_values": (
                    words.get(tags[-1].strip(), tags[-1].strip()) if tags else None
                ),
            }
        )
        return str(self.mapped_calls[-1]["leg_id"])

    def _internal(self, rep: Rep, day: date, rng: random.Random) -> None:
        at = rng.randrange(10 * _HOUR, 17 * _HOUR)
        call_id = identifiers.new_uuid(rng)
        number = str(201 + rng.randrange(len(self.company.reps)))
        talk = rng.randrange(10, 300) if rng.random() < 0.8 else None
        kind = "EXTENSION"
        if rng.random() < 0.1:
            kind, number = "OUTGOING_CALL", selling.OWN_NUMBERS[3]  # the other office's line
        self._miitel(call_id, [Leg(call_id, kind, at, 5, talk, rep, None, number)], day, rng)
        self._call_truth(call_id, rep, None, "internal", "internal", day, talk or 0, "miitel")
        self.call_count += 1

    def _unknown_inbound(self, rep: Rep, day: date, rng: random.Random) -> None:
        """Somebody unknown rings: the menu, the queue, then a person or nobody."""
        at = rng.randrange(9 * _HOUR, 18 * _HOUR)
        call_id = identifiers.new_uuid(rng)
        number = "Anonymous" if rng.random() < 0.3 else identifiers.landline(rng)
        menu = Leg(call_id, "READ_DTMF", at, 0, 8, None, None, number)
        root = Leg(call_id, "INCOMING_CALL", at, 2, None, None, None, number)
        legs = [root]
        draw = rng.random()
        talk = 0
        if draw < 0.5:
            talk = rng.randrange(20, 300)
            legs.append(
                Leg(
                    identifiers.sibling_uuid(call_id, 1),
                    "INCOMING_CALL_USER",
                    at + 2,
                    4,
                    talk,
                    rep,
                    None,
                    number,
                    previous=call_id,
                )
            )
            root.talk = talk + 4
            legs[1].analysis = rng.random() < 0.5
        elif draw < 0.7:
            legs.append(
                Leg(
                    identifiers.sibling_uuid(call_id, 1),
                    "QUEUEING_CALL",
                    at + 2,
                    25,
                    None,
                    None,
                    None,
                    number,
                    previous=call_id,
                )
            )
        elif draw < 0.85:
            legs = [menu]
        self._miitel(call_id, legs, day, rng)
        party: Party = "colleague" if talk else "nobody"
        self._call_truth(
            call_id, rep if talk else None, None, party, "inbound", day, talk, "miitel"
        )
        self.call_count += 1

    def _missed_inbound(self, day: date, rng: random.Random) -> None:
        call_id = identifiers.new_uuid(rng)
        leg = Leg(
            call_id,
            "INCOMING_CALL",
            rng.randrange(9 * _HOUR, 20 * _HOUR),
            30,
            None,
            None,
            None,
            identifiers.mobile(rng),
        )
        self._miitel(call_id, [leg], day, rng)
        self._call_truth(call_id, None, None, "nobody", "inbound", day, 0, "miitel")
        self.call_count += 1

    def _call_back(self, rep: Rep, person: Person, day: date, at: int, rng: random.Random) -> None:
        """The prospect rings back, seen on the phone as an incoming call."""
        if at > 18 * _HOUR or person.kind == "main":
            return
        call_id = identifiers.new_uuid(rng)
        answered = rng.random() < 0.6
        talk = int(rng.lognormvariate(4.6, 0.6)) if answered else None
        leg = Leg(
            call_id,
            "INCOMING_CALL",
            at,
            rng.randrange(4, 25),
            talk,
            rep if answered else None,
            person,
            person.digits,
        )
        if answered:
            leg.analysis = rng.random() < 0.5
            leg.tags = self._memo(rep, "intended", "担当者接続", False, rng)
        self._miitel(call_id, [leg], day, rng)
        party: Party = "intended" if answered else "nobody"
        self._call_truth(
            call_id, rep if answered else None, person, party, "inbound", day, talk or 0, "miitel"
        )
        self.call_count += 1

    # -- CRM activities -----------------------------------------------------------------------

    def _task(self, rep: Rep, person: Person, created: datetime, **more: Any) -> Record:
        account = person.contact["AccountId"] if person.contact is not None else None
        task: Record = {
            "Id": self.ids.new("Task"),
            "Subject": None,
            "WhoId": person.who,
            "WhatId": None,
            "AccountId": account,
            "OwnerId": rep.user_id,
            "CreatedById": rep.user_id,
            "ActivityDate": (created + timedelta(hours=9)).date(),
            "Status": "完了",
            "Priority": "Normal",
            "IsClosed": True,
            "IsArchived": False,
            "TaskSubtype": "Task",
            "CallType": None,
            "CallDurationInSeconds": None,
            "CallDisposition": None,
            "CallObject": None,
            "Description": None,
            "CompletedDateTime": created,
            "CreatedDate": created,
            "LastModifiedDate": created,
            "SystemModstamp": created,
            "IsDeleted": False,
        }
        task.update(more)
        self._touch("Task", task, created)
        return task

    def _log(
        self,
        rep: Rep,
        person: Person,
        leg: Leg,
        day: date,
        party: Party,
        result: str,
        busy: bool,
        rng: random.Random,
    ) -> str:
        """The rep (or the connector) writes the call into the CRM, soon or late."""
        draw = rng.random()
        delay = rng.randrange(3, 110) if draw < 0.86 else rng.randrange(400, 4000)
        memo = self._memo(rep, party, result, busy, rng)
        alone = rep.phone == "crm"
        if alone and not memo and party == "nobody":
            memo = ["話中" if busy else "不在"]
        linked = not alone and rng.random() < 0.4
        created = utc(day, min(leg.end + delay, 86_000))
        task = self._task(
            rep,
            person,
            created,
            Subject="架電",
            TaskSubtype="Call",
            CallType="Outbound",
            CallDurationInSeconds=(leg.talk or 0) + (rng.randrange(-2, 4) if leg.talk else 0)
            if leg.talk is None or leg.talk > 2
            else leg.talk,
            CallDisposition=memo[-1].strip() if memo else None,
            CallObject=leg.leg_id if linked and rep.phone == "miitel" else None,
            Description=(
                f"{person.last}様 {result}" if party == "intended" and rng.random() < 0.3 else None
            ),
        )
        if not alone and rng.random() < 0.03:
            # An open to-do for the next call: planned, not made.
            self._task(
                rep,
                person,
                created + timedelta(seconds=40),
                Subject="再架電予定",
                TaskSubtype="Call",
                Status="未着手",
                IsClosed=False,
                CompletedDateTime=None,
                CallType="Outbound",
            )
        return str(task["Id"])

    def _emails(self, rep: Rep, day: date, rng: random.Random) -> None:
        queue = self.queues[rep.rep_id]
        if not queue:
            return
        mean = self.rate * 0.17
        for _ in range(int(mean) + (rng.random() < mean - int(mean))):
            person = queue[rng.randrange(min(len(queue), 60))][3]
            if person.email is None or person.state == "done":
                continue
            at = rng.randrange(9 * _HOUR, 18 * _HOUR)
            self._task(
                rep,
                person,
                utc(day, at),
                Subject="ご案内",
                TaskSubtype="Email",
                Description=f"{person.email} 宛",
            )
            if person.state == "working" and rng.random() < 0.03:
                # Answers the mail and takes a slot: a meeting without a call.
                self._book(rep, person, day, at + 1800, rng)
        if day.weekday() == 1 and rng.random() < 0.3:
            at = rng.randrange(9 * _HOUR, 17 * _HOUR)
            for _, _, _, person in queue[: max(2, round(self.rate / 2))]:
                if person.email is not None:
                    self._task(
                        rep, person, utc(day, at), Subject="事例集のご案内", TaskSubtype="ListEmail"
                    )

    # -- meetings -----------------------------------------------------------------------------

    def _event(
        self,
        creator: Rep,
        owner: Rep,
        person: Person | None,
        created: datetime,
        start: datetime,
        **more: Any,
    ) -> Record:
        account = (
            person.contact["AccountId"]
            if person is not None and person.contact is not None
            else None
        )
        event: Record = {
            "Id": self.ids.new("Event"),
            "Subject": "初回商談",
            "Type": "オンライン",
            "WhoId": None if person is None else person.who,
            "WhatId": None,
            "AccountId": account,
            "OwnerId": owner.user_id,
            "CreatedById": creator.user_id,
            "StartDateTime": start,
            "EndDateTime": start + timedelta(hours=1),
            "ActivityDate": (start + timedelta(hours=9)).date(),
            "IsAllDayEvent": False,
            "IsChild": False,
            "MeetingOutcome__c": None,
            "CreatedDate": created,
            "LastModifiedDate": created,
            "SystemModstamp": created,
            "IsDeleted": False,
        }
        event.update(more)
        self._touch("Event", event, created)
        return event

    def _slot(
        self, day: date, rng: random.Random, first: int = 2, last: int = 10
    ) -> tuple[date, int]:
        when = self.company.business_day_after(day, rng.randrange(first, last))
        return when, rng.randrange(10, 18) * _HOUR

    def _book(self, rep: Rep, person: Person, day: date, at: int, rng: random.Random) -> None:
        at = min(at, 23 * _HOUR)
        seller = self.field[rng.randrange(len(self.field))]
        when, start = self._slot(day, rng)
        created = utc(day, at)
        person.state = "meeting"
        person.meetings += 1
        self._status(person, "商談設定", created)
        event = self._event(rep, seller, person, created, utc(when, start))
        truth = MeetingTruth([event["Id"]], person.key, rep.rep_id, day)
        if self.plan.keep_truth:
            self.truth.meetings[event["Id"]] = truth
        if rng.random() < 0.3:
            # The invitee's copy of a group event, and an internal hand-over talk before it.
            self._event(
                rep, rep, person, created, utc(when, start), IsChild=True, Subject="初回商談"
            )
        if rng.random() < 0.12:
            self._event(rep, seller, None, created, utc(when, start - 1800), Subject="社内引き継ぎ")
        self._schedule_fate(rep, seller, person, event, day, when, start, truth, rng)

    def _schedule_fate(
        self,
        rep: Rep,
        seller: Rep,
        person: Person,
        event: Record,
        day: date,
        when: date,
        start: int,
        truth: MeetingTruth,
        rng: random.Random,
    ) -> None:
        draw = rng.random()
        end = start + _HOUR
        between = day + timedelta(days=max(1, (when - day).days // 2))
        if between >= when:
            between = when
        before = 9 * _HOUR if between == when else 15 * _HOUR

        if draw < 0.71:
            self._plan_for(when, end, self._held(rep, seller, person, event, truth))
        elif draw < 0.81:

            def no_show(on: date, at: int) -> None:
                self._outcome(event, "不参加", utc(on, at + 300))
                truth.fate = "no_show"
                self._rebook(rep, seller, person, on, truth)

            self._plan_for(when, end, no_show)
        elif draw < 0.85:

            def delete(on: date, at: int) -> None:
                event["IsDeleted"] = True
                self._touch("Event", event, utc(on, at))
                truth.fate = "canceled"
                self._rebook(rep, seller, person, on, truth)

            self._plan_for(between, before, delete)
        elif draw < 0.89:

            def cancel(on: date, at: int) -> None:
                self._outcome(event, "キャンセル", utc(on, at))
                truth.fate = "canceled"
                self._rebook(rep, seller, person, on, truth)

            self._plan_for(between, before, cancel)
        elif draw < 0.93:

            def move_by_field(on: date, at: int) -> None:
                self._outcome(event, "日程変更", utc(on, at))
                self._again(rep, seller, person, on, at + 600, truth)

            self._plan_for(between, before, move_by_field)
        elif draw < 0.96:

            def move(on: date, at: int) -> None:
                later, hour = self._slot(when, self.rng, 2, 6)
                event["StartDateTime"] = utc(later, hour)
                event["EndDateTime"] = utc(later, hour + _HOUR)
                event["ActivityDate"] = later
                self._touch("Event", event, utc(on, at))
                self._plan_for(later, hour + _HOUR, self._held(rep, seller, person, event, truth))

            self._plan_for(between, before, move)
        else:
            # It happened or not; nobody ever said.
            truth.fate = "unknown"

    def _outcome(self, event: Record, value: str, at: datetime) -> None:
        event["MeetingOutcome__c"] = value
        self._touch("Event", event, at)

    def _again(
        self, rep: Rep, seller: Rep, person: Person, day: date, at: int, truth: MeetingTruth
    ) -> None:
        """Another event for the same appointment."""
        creator = rep if rep.row(day) is not None else seller
        when, start = self._slot(day, self.rng)
        event = self._event(creator, seller, person, utc(day, at), utc(when, start))
        truth.event_ids.append(event["Id"])
        self._plan_for(when, start + _HOUR, self._held(rep, seller, person, event, truth))

    def _rebook(
        self, rep: Rep, seller: Rep, person: Person, day: date, truth: MeetingTruth
    ) -> None:
        draw = self.rng.random()
        if draw > 0.55:
            return
        wait = self.rng.randrange(1, 12) if draw < 0.45 else self.rng.randrange(36, 50)
        on = self.company.business_day_after(day + timedelta(days=wait), 0)
        self._plan_for(on, 11 * _HOUR, lambda d, at: self._again(rep, seller, person, d, at, truth))

    def _held(
        self, rep: Rep, seller: Rep, person: Person, event: Record, truth: MeetingTruth
    ) -> Callable[[date, int], None]:
        def held(day: date, at: int) -> None:
            rng = self.rng
            truth.fate = "held"
            if rng.random() > 0.05:
                self._outcome(event, "実施", utc(day, min(at + rng.randrange(600, 9000), 86_000)))
            if rng.random() < 0.4:
                when, start = self._slot(day, rng)
                # A follow-up belongs to the same episode, whoever enters it.
                author = rep if rng.random() < 0.2 and rep.row(day) is not None else seller
                self._event(
                    author,
                    seller,
                    person,
                    utc(day, min(at + 9500, 86_000)),
                    utc(when, start),
                    Subject="フォロー商談",
                )
            if rng.random() < 0.76:
                wait = rng.randrange(0, 3)
                on = self.company.business_day_after(day, wait)
                hour = 18 * _HOUR + rng.randrange(3000) if wait == 0 else 14 * _HOUR
                self._plan_for(
                    on,
                    max(hour, at + 60 if wait == 0 else 0),
                    lambda d, s: self._opportunity(rep, seller, person, event, truth, d, s),
                )

        return held

    # -- opportunities ------------------------------------------------------------------------

    def _opportunity(
        self,
        rep: Rep,
        seller: Rep,
        person: Person,
        event: Record,
        truth: MeetingTruth,
        day: date,
        seconds: int,
    ) -> None:
        rng = self.rng
        at = utc(day, seconds)
        explicit = rng.random() < 0.5
        converts = person.lead is not None and not person.lead["IsConverted"]
        if converts and rng.random() < 0.15:
            explicit, converts = True, False  # some keep the lead and link the opportunity by hand
        if converts:
            self._contact(person, at, seller.user_id, rng)
        account = self._account(person.company, at, seller.user_id, rng)
        row = rep.row(day) or rep.rows[-1]
        opportunity = self._new_opportunity(
            seller, account, person, at, "新規", row["business_unit"], rng
        )
        truth.opportunity_id = opportunity["Id"]
        if converts and person.lead is not None and person.contact is not None:
            lead = person.lead
            lead["IsConverted"] = True
            lead["Status"] = "取引開始"
            lead["ConvertedDate"] = day
            lead["ConvertedAccountId"] = account["Id"]
            lead["ConvertedContactId"] = person.contact["Id"]
            lead["ConvertedOpportunityId"] = opportunity["Id"]
            self._touch("Lead", lead, at)
            # The CRM moves the lead's activities over to the contact.
            event["WhoId"] = person.contact["Id"]
            event["AccountId"] = account["Id"]
            self._touch("Event", event, at)
        if explicit:
            event["WhatId"] = opportunity["Id"]
            self._touch("Event", event, at)
        self._lifecycle(person, "opportunity", at)
        self._course(rep, person, opportunity, truth, day, rng)

    def _new_opportunity(
        self,
        seller: Rep,
        account: Record,
        person: Person,
        at: datetime,
        kind: str,
        unit: str,
        rng: random.Random,
    ) -> Record:
        amount: int | None = round(rng.lognormvariate(13.8, 0.6) / 10_000) * 10_000
        currency = "JPY"
        draw = rng.random()
        if draw < 0.10:
            amount = None
        elif draw < 0.14:
            amount, currency = round((amount or 0) / 150 / 100) * 100, "USD"
        elif draw < 0.145:
            currency = "EUR"  # planning has no rate for it
            amount = 8000
        day = (at + timedelta(hours=9)).date()
        opportunity: Record = {
            "Id": self.ids.new("Opportunity"),
            "AccountId": account["Id"],
            "ContactId": person.contact["Id"] if person.contact is not None else None,
            "Name": f"{account['Name']} 電子帳票",
            "RecordTypeId": None,
            "StageName": "初回商談",
            "Amount": amount,
            "CurrencyIsoCode": currency,
            "Probability": 10,
            "ForecastCategoryName": "パイプライン",
            "CloseDate": day + timedelta(days=75),
            "IsClosed": False,
            "IsWon": False,
            "Type": kind,
            "LeadSource": person.channel.lead_source,
            "CampaignId": None,
            "OwnerId": seller.user_id,
            "CreatedById": seller.user_id,
            "BusinessUnit__c": unit,
            "LossReason__c": None,
            "LastStageChangeDate": None,
            "CreatedDate": at,
            "LastModifiedDate": at,
            "SystemModstamp": at,
            "IsDeleted": False,
        }
        self._touch("Opportunity", opportunity, at)
        self._stage_row(opportunity, at)
        return opportunity

    def _stage_row(self, opportunity: Record, at: datetime) -> None:
        row: Record = {
            "Id": self.ids.new("OpportunityHistory"),
            "OpportunityId": opportunity["Id"],
            "StageName": opportunity["StageName"],
            "Amount": opportunity["Amount"],
            "Probability": opportunity["Probability"],
            "CloseDate": opportunity["CloseDate"],
            "ForecastCategory": opportunity["ForecastCategoryName"],
            "CreatedById": opportunity["OwnerId"],
            "CreatedDate": at,
            "SystemModstamp": at,
            "IsDeleted": False,
        }
        self.dirty.setdefault("OpportunityHistory", {})[row["Id"]] = row

    def _move(
        self, opportunity: Record, stage: str, reason: str | None = None
    ) -> Callable[[date, int], None]:
        def move(day: date, seconds: int) -> None:
            if opportunity["IsClosed"] or opportunity["IsDeleted"]:
                return
            facts = next(item for item in selling.STAGES if item[0] == stage)
            at = utc(day, seconds)
            opportunity["StageName"] = stage
            opportunity["Probability"] = facts[2]
            opportunity["IsClosed"], opportunity["IsWon"] = facts[3], facts[4]
            opportunity["LastStageChangeDate"] = at
            if stage == "見積提示" and opportunity["Amount"] is not None:
                opportunity["Amount"] = round(
                    opportunity["Amount"] * self.rng.uniform(0.7, 1.25), -2
                )
                opportunity["Amount"] = int(opportunity["Amount"])
            if facts[3]:
                opportunity["CloseDate"] = day
                opportunity["LossReason__c"] = reason
                opportunity["ForecastCategoryName"] = "完了" if facts[4] else "除外"
            self._touch("Opportunity", opportunity, at)
            self._stage_row(opportunity, at)

        return move

    def _course(
        self,
        rep: Rep,
        person: Person,
        opportunity: Record,
        truth: MeetingTruth,
        day: date,
        rng: random.Random,
    ) -> None:
        """What field sales does with it, planned at once, executed as the days come."""
        next_open = self.company.business_day_after
        accepted = rng.random() < 0.62 * person.channel.fit * rep.handoff
        if rng.random() < 0.012:

            def delete(on: date, at: int) -> None:
                opportunity["IsDeleted"] = True
                self._touch("Opportunity", opportunity, utc(on, at))

            self._plan_for(next_open(day, 4), 12 * _HOUR, delete)
        if not accepted:
            if rng.random() < 0.6:
                reason = rng.choice(("時期尚早", "予算なし", "対象外", "競合", None))
                self._plan_for(
                    next_open(day, rng.randrange(6, 25)),
                    17 * _HOUR,
                    self._move(opportunity, "失注", reason),
                )
            return
        gate = next_open(day, rng.randrange(0, 12))
        # The late wave: in the middle of the half-year field sales left its stages untouched and
        # cleaned them up in the last days.
        wave = self.plan.stories and self.plan.months >= 5
        touched = wave and day.month == self.plan.month_start(self.plan.months - 3).month
        if touched and rng.random() < 0.75:
            late = self.plan.as_of - timedelta(days=rng.randrange(2, 7))
            gate = max(gate, next_open(late, 0))
        truth.accepted_on = gate

        self._plan_for(gate, 16 * _HOUR + rng.randrange(5000), self._move(opportunity, "有効商談"))
        step = gate
        win = rng.random() < 0.36
        for stage in ("提案", "見積提示", "最終交渉"):
            step = next_open(step, rng.randrange(4, 14))
            if not win and rng.random() < 0.3:
                break
            self._plan_for(step, 16 * _HOUR + rng.randrange(5000), self._move(opportunity, stage))
        step = next_open(step, rng.randrange(3, 12))
        end = self._move(opportunity, "受注") if win else self._move(opportunity, "失注", "競合")
        if win or rng.random() < 0.7:
            self._plan_for(step, 17 * _HOUR + rng.randrange(4000), end)
            if win:
                self._plan_for(
                    step,
                    20 * _HOUR,
                    lambda d, s: self._lifecycle(person, "customer", utc(d, s)),
                )

    def _renewal(self, person: Person, seller: Rep) -> Callable[[date, int], None]:
        """An existing customer's renewal: field sales' own, not inside sales' credit."""

        def renew(day: date, seconds: int) -> None:
            rng = self.rng
            assert person.company.account is not None
            opportunity = self._new_opportunity(
                seller,
                person.company.account,
                person,
                utc(day, seconds),
                "既存",
                selling.BUSINESS_UNITS[0],
                rng,
            )
            step = self.company.business_day_after(day, rng.randrange(8, 30))
            stage = "受注" if rng.random() < 0.8 else "失注"
            self._plan_for(step, 15 * _HOUR, self._move(opportunity, stage))

        return renew

    def _field_sales_day(self, day: date, rng: random.Random) -> None:
        """Now and then field sales makes its own appointment, or meets somebody of the company."""
        for seller in self.field:
            if rng.random() < 0.03:
                channel = next(c for c in vocabulary.CHANNELS if c.key == "referral")
                person = self._person(channel, rng)
                at = utc(day, 11 * _HOUR)
                self._contact(person, at, seller.user_id, rng)
                when, start = self._slot(day, rng)
                self._event(seller, seller, person, at, utc(when, start))
            if rng.random() < 0.05:
                when, start = self._slot(day, rng)
                self._event(
                    seller, seller, None, utc(day, 10 * _HOUR), utc(when, start), Subject="部内会議"
                )

    # -- exports ------------------------------------------------------------------------------

    def _is_cut(self, day: date, cut: str) -> bool:
        if day == self.plan.as_of or cut == "day":
            return True
        if cut == "week":
            return day.weekday() == 6
        return (day + timedelta(days=1)).day == 1

    def _exports(self, day: date) -> Iterator[Delivery]:
        """Whatever the systems export in the night after this day."""
        plan = self.plan
        month_ends = self._is_cut(day, "month")
        first = day.replace(day=1)
        if self._is_cut(day, plan.cut_calls) and not self._is_history_only(day):
            yield self._webhook_export(day)
        if month_ends and self._in_history(day):
            rows = sorted(self.history, key=lambda row: row["Dial begin time"])
            self.history = []
            yield self._delivery("miitel-history", "miitel.history_rows", rows, first, day, 2)
        if month_ends and self.mapped_calls:
            rows, self.mapped_calls = self.mapped_calls, []
            yield self._delivery("osaka", "mapped.call_legs", rows, first, day, 1)
        if month_ends and self.badges:
            rows, self.badges = self.badges, []
            yield self._delivery("expo", "mapped.leads", rows, first, day, 10)
        if self._is_cut(day, plan.cut_crm):
            since, self.crm_since = self.crm_since, day + timedelta(days=1)
            for name, found in self.dirty.items():
                rows = [dict(record) for record in found.values()]
                yield self._delivery("sf", f"salesforce.{name}", rows, since, day, 0)
            self.dirty = {}
            yield from self._marketing_exports(since, day)

    def _webhook_export(self, day: date) -> Delivery:
        """What the receiver wrote since the last cut, in order of receipt."""
        first = max(self.calls_since, self.plan.month_start(self.plan.history_months))
        until = utc(day + timedelta(days=1), 0)
        rows: list[Record] = []
        while self.lines and self.lines[0][0] < until:
            rows.append(heapq.heappop(self.lines)[2])
        self.calls_since = day + timedelta(days=1)
        return self._delivery("miitel-webhook", "miitel.webhook_calls", rows, first, day, 0)

    def _marketing_exports(self, since: date, day: date) -> Iterator[Delivery]:
        now = utc(day + timedelta(days=1), 0)
        for name, events in self.marketing.items():
            ready: list[Record] = []
            later: list[Record] = []
            for event in events:
                at = event.get("created") or event.get("submittedAt")
                at = at or event["properties"]["occurredAt"]
                (ready if at < now else later).append(event)
            self.marketing[name] = later
            if ready:
                yield self._delivery("hubspot", f"hubspot.{name}", ready, since, day, 0)
        if self.hubspot_dirty:
            rows = [
                dict(contact, properties=dict(contact["properties"]))
                for contact in self.hubspot_dirty.values()
            ]
            self.hubspot_dirty = {}
            yield self._delivery("hubspot", "hubspot.contacts", rows, since, day, 0)

    def _planning(self) -> Iterator[Delivery]:
        tables = selling.planning_tables(self.company, self.target_account_ids)
        for name, rows in tables.items():
            yield self._delivery(
                "planning", f"planning.{name}", rows, self.plan.first_day, self.plan.as_of, 1
            )

    def _delivery(
        self,
        source_id: str,
        object_name: str,
        rows: list[Record],
        first: date,
        last: date,
        hour: int,
    ) -> Delivery:
        """Rows of local dates first..last, exported `hour` o'clock and a half on the day after."""
        delivery = exports.deliver(
            self.plan,
            source_id,
            object_name,
            rows,
            first,
            last,
            utc(last + timedelta(days=1), hour * _HOUR + 1800),
        )
        delivery.stamp()
        return delivery
