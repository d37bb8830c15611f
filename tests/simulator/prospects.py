"""Where prospects come from, and how somebody typed them into the CRM: leads, contacts, accounts,
campaigns, duplicates, merges, deletions."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from tests.simulator import identifiers, vocabulary
from tests.simulator.company import Rep
from tests.simulator.marketing import Marketing
from tests.simulator.office import Firm, Person
from tests.simulator.vocabulary import Channel
from tests.simulator.world import Record, utc

# Leads beyond this many in somebody's queue are never worked: a backlog, as everywhere.
_BACKLOG: Final = 150
_HOUR: Final = 3600
_TITLES: Final = [title for title, _ in vocabulary.TITLES]
_TITLE_WEIGHTS: Final = list(itertools.accumulate(share for _, share in vocabulary.TITLES))


class Prospects(Marketing):
    """Leads come in."""

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
        if len(self.firms) > 20_000:
            del self.firms[:10_000]
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
        if self.plan.calm:
            kind = "main" if draw < 0.4 else "direct" if draw < 0.7 else "mobile"
        elif channel.key == "bought_list":
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

    def _new_leads(self, day: date, rng: random.Random) -> None:
        number = (day.year - self.plan.first_day.year) * 12 + day.month - self.plan.first_day.month
        open_day = self.company.is_business_day(day)
        monthly = self.leads_per_day * 20.5
        weight = 1.25 if open_day else 0.3
        for channel in self.channels:
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
            if channel.key == "webinar" and count and self.pool:
                self._invite(day, count // 2, rng)

    def _invite(self, day: date, count: int, rng: random.Random) -> None:
        """Nurtured leads are asked to the webinar: a later touch of an old lead."""
        name = f"{day.year}年{day.month}月 電子帳票ウェビナー"
        campaign = self._campaign(name, "Webinar", day, 180_000)
        for person in rng.sample(self.pool, min(count, len(self.pool))):
            if person.who is not None:
                self._member(campaign, person, utc(day, 20 * _HOUR), rng.random() < 0.25)

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
            draw = rng.random()
            if draw < 0.06 and person.email is not None:
                self._duplicate(person, day, rng)
            elif draw < 0.066:
                # A test entry, or somebody asked to be forgotten: deleted, not merged.
                self._plan_for(day + timedelta(days=5), 18 * _HOUR, self._delete_lead(person))
        self._campaign_of(person, day, at, rng)
        if self.plan.marketing and channel.motion == "sdr" and person.email is not None:
            self._marketing_person(person, at, day, rng)
        if channel.key == "exhibition" and self.plan.first_day.month != day.month:
            self._badge(person, day, seconds - 3 * _HOUR, rng)
        if channel.motion == "sdr" and not batch:
            self._raise_hand(owner, person, day, seconds)
            return
        if len(self.queues[owner.rep_id]) >= _BACKLOG:
            return
        first = day if seconds < 16 * _HOUR else day + timedelta(days=1)
        self._enqueue(owner, person, first, 1 if channel.motion == "sdr" else 2)

    def _next_owner(self, channel: Channel, day: date) -> Rep:
        if self.ready[0] != day:
            by_motion: dict[str, list[Rep]] = {}
            for rep in self.inside:
                by_motion.setdefault(rep.motion(day) or "", []).append(rep)
            self.ready = (day, by_motion)
        ready = self.ready[1].get(channel.motion, [])
        if channel.key == "bought_list" and self.plan.stories:
            owners = self.company.bad_list_owners
            ready = [rep for rep in ready if rep.rep_id in owners] or ready
        ready = ready or self.inside
        self.turn += 1
        return ready[self.turn % len(ready)]

    def _delete_lead(self, person: Person) -> Callable[[date, int], None]:
        def delete(day: date, seconds: int) -> None:
            lead = person.lead
            if lead is not None and not lead["IsConverted"] and person.state != "meeting":
                lead["IsDeleted"] = True
                person.state = "done"
                self._touch("Lead", lead, utc(day, seconds))

        return delete

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
