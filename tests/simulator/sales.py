"""What becomes of an appointment: held, missed, cancelled, moved, forgotten; the opportunity that
grows from it and its way through the stages; what field sales does on its own."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final

from tests.simulator import company as selling
from tests.simulator.company import Rep
from tests.simulator.office import Person
from tests.simulator.phones import Phones
from tests.simulator.world import MeetingTruth, Record, days, utc

_HOUR: Final = 3600


class Sales(Phones):
    """Meetings and opportunities."""

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

    def _paper_meetings(self, day: date) -> None:
        """The gamed quarter: on its last days appointments with people who were never called for one."""
        until = self.plan.gamed_until
        rep = next((one for one in self.inside if one.rep_id == self.company.gamer), None)
        if rep is None or until is None or not self._is_among_last_days(day, until):
            return
        rng = random.Random(f"{self.plan.seed}:gamed:{day.isoformat()}")
        idle = [
            person
            for person in self.pool
            if person.meetings == 0
            and person.lead is not None
            and not person.lead["IsDeleted"]
            and not person.lead["IsConverted"]
        ]
        for person in rng.sample(idle, min(3, len(idle))):
            seller = self.field[rng.randrange(len(self.field))]
            when, start = self._slot(day, rng)
            person.meetings += 1
            at = utc(day, 18 * _HOUR + rng.randrange(3000))
            event = self._event(rep, seller, person, at, utc(when, start))
            truth = MeetingTruth([event["Id"]], person.key, rep.rep_id, day, fate="no_show")
            if self.plan.keep_truth:
                self.truth.meetings[event["Id"]] = truth
            self._plan_for(when, start + _HOUR, self._missed(event))

    def _is_among_last_days(self, day: date, until: date) -> bool:
        left = sum(self.company.is_business_day(later) for later in days(day, until))
        return self.company.is_business_day(day) and 1 <= left <= 5

    def _missed(self, event: Record) -> Callable[[date, int], None]:
        return lambda day, at: self._outcome(event, "不参加", utc(day, at + 300))

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
            if rng.random() < 0.86:
                wait = rng.randrange(0, 3)
                on = self.company.business_day_after(day, wait)
                hour = 18 * _HOUR + rng.randrange(3000) if wait == 0 else 14 * _HOUR
                self._plan_for(
                    on,
                    max(hour, at + 60 if wait == 0 else 0),
                    lambda d, s: self._opportunity(rep, seller, person, event, truth, d, s),
                )

        return held

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
        elif draw < 0.16:
            currency = "EUR"  # planning has no rate for it
            amount = 8000
        day = (at + timedelta(hours=9)).date()
        opportunity: Record = {
            "Id": self.ids.new("Opportunity"),
            "AccountId": account["Id"],
            "ContactId": person.contact["Id"] if person.contact is not None else None,
            "Name": f"{account['Name']} {self.plan.identity.product}",
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
        accepted = rng.random() < 0.7 * person.channel.fit * rep.handoff
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
        # The late wave: for two months of summer field sales left its stages untouched and cleaned
        # them up in the last days.
        wave = self.plan.stories and self.plan.months >= 5
        begins, ends = (self.plan.month_start(self.plan.months - back) for back in (3, 1))
        if wave and begins <= day < ends and rng.random() < 0.8:
            late = self.plan.as_of - timedelta(days=rng.randrange(2, 7))
            gate = max(gate, next_open(late, 0))
        truth.accepted_on = gate

        self._plan_for(gate, 16 * _HOUR + rng.randrange(5000), self._move(opportunity, "有効商談"))
        step = gate
        win = rng.random() < 0.46
        for stage in ("提案", "見積提示", "最終交渉"):
            step = next_open(step, rng.randrange(3, 10))
            if not win and rng.random() < 0.3:
                break
            self._plan_for(step, 16 * _HOUR + rng.randrange(5000), self._move(opportunity, stage))
        step = next_open(step, rng.randrange(2, 9))
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
                self.plan.identity.business_units[0],
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
                channel = next(c for c in self.channels if c.key == "referral")
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

    def _stock(self) -> None:
        """Target accounts and last year's customers, in the CRM before the first day."""
        rng = self.rng
        day = self.plan.first_day - timedelta(days=40)
        at = utc(day, 11 * _HOUR)
        list_channel = next(c for c in self.channels if c.key == "outbound_list")
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
        self._legacy(rng)
        if self.plan.calm:
            self._enough_to_dial()

    def _enough_to_dial(self) -> None:
        """Leads of the weeks before, so that nobody's first month is short of people."""
        rng = random.Random(f"{self.plan.seed}:enough")
        for number in range(round(self.rate * len(self.inside) * 6)):
            channel = self.channels[number % 4]
            before = self.plan.first_day - timedelta(days=1 + rng.randrange(28))
            person = self._person(channel, rng)
            rep = self.inside[number % len(self.inside)]
            person.lead = self._lead(person, utc(before, 12 * _HOUR), rep.user_id, rng)
            self._enqueue(rep, person, self.plan.first_day + timedelta(days=rng.randrange(20)), 1)

    def _legacy(self, rng: random.Random) -> None:
        """What last year left in the CRM: a renamed stage, a doubled account, a colleague."""
        channel = next(c for c in self.channels if c.key == "referral")
        units = self.plan.identity.business_units
        for number in range(4):
            person = self._person(channel, rng)
            day = self.company.business_day_after(self.plan.first_day - timedelta(days=60), number)
            at = utc(day, 15 * _HOUR)
            seller = self.field[number % len(self.field)]
            self._contact(person, at, seller.user_id, rng)
            assert person.company.account is not None
            old = self._new_opportunity(
                seller, person.company.account, person, at, "新規", units[0], rng
            )
            # The label the stage had before it was renamed; history keeps it.
            self._move(old, "ヒアリング済")(day + timedelta(days=14), 15 * _HOUR)
            end = self.company.business_day_after(self.plan.first_day, 5 + 9 * number)
            self._plan_for(end, 16 * _HOUR, self._move(old, "失注" if number == 1 else "受注"))
            if number == 3:
                twin = dict(person.company.account, Id=self.ids.new("Account"))
                twin["Name"] = twin["Name"].replace("株式会社", "").strip()
                self._touch("Account", twin, at)
                self._plan_for(end, 17 * _HOUR, self._merge_accounts(twin, person.company.account))
        self.colleague = self._person(channel, rng)
        self.colleague.email = f"partner.desk@{self.plan.identity.domain}"
        self._contact(self.colleague, at, self.field[0].user_id, rng)

    def _merge_accounts(self, loser: Record, winner: Record) -> Callable[[date, int], None]:
        def merge(day: date, seconds: int) -> None:
            at = utc(day, seconds)
            loser["IsDeleted"], loser["MasterRecordId"] = True, winner["Id"]
            self._touch("Account", loser, at)
            self._touch("Account", winner, at)

        return merge
