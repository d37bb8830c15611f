"""A day at an inside-sales desk: whom to dial next, who answers, what is said, what is logged."""

from __future__ import annotations

import heapq
import math
import random
from datetime import date, datetime, timedelta
from typing import Any, Final

from tests.simulator import identifiers, vocabulary
from tests.simulator.company import PACE, Rep
from tests.simulator.office import Person
from tests.simulator.phones import Leg
from tests.simulator.sales import Sales
from tests.simulator.world import Party, Record, utc

_HOUR: Final = 3600
_ATTEMPTS: Final = 6


class Desk(Sales):
    """People dial."""

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

    def _hand_over(self, rep: Rep, day: date) -> None:
        """A leaver's, or a mover's, people go to those who do the same work."""
        motion = rep.motion(day)
        next_day = day + timedelta(days=1)
        heirs = [r for r in self.inside if r.motion(next_day) == motion and r is not rep]
        while self.fresh[rep.rep_id]:
            due, _, _, person = heapq.heappop(self.fresh[rep.rep_id])
            self._enqueue(rep, person, date.fromordinal(due), 0)
        waiting, self.queues[rep.rep_id] = self.queues[rep.rep_id], []
        for number, (due, priority, _, person) in enumerate(sorted(waiting, key=lambda e: e[:3])):
            heir = heirs[number % len(heirs)] if heirs else rep
            self._enqueue(heir, person, max(date.fromordinal(due), next_day), priority)
            if person.lead is not None and not person.lead["IsConverted"]:
                person.lead["OwnerId"] = heir.user_id
                self._touch("Lead", person.lead, utc(day, 18 * _HOUR))

    def _next_person(self, rep: Rep, day: date, clock: int, rng: random.Random) -> Person | None:
        """Whoever raised a hand comes first, then whose turn it is, then an old lead."""
        fresh, queue = self.fresh[rep.rep_id], self.queues[rep.rep_id]
        while fresh and fresh[0][:2] <= (day.toordinal(), clock):
            person = heapq.heappop(fresh)[3]
            if person.state not in ("done", "meeting"):
                return person
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

    def _working_day(self, rep: Rep, day: date, rng: random.Random) -> None:
        motion = rep.motion(day)
        mean = self.rate * (PACE["bdr"] if motion == "bdr" else PACE["sdr"])
        if rep.slow_from is not None and day >= rep.slow_from:
            mean /= 3
        if rep.absent.get(day) == "half":
            mean /= 2
        number = max(0, round(rng.gauss(mean, math.sqrt(mean))))
        slot = 8.4 * _HOUR / max(1, number)
        clock = 9 * _HOUR + 600
        for index in range(number):
            clock = max(clock, int(9.2 * _HOUR + index * slot + rng.random() * slot * 0.6))
            person = self._next_person(rep, day, clock, rng)
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
            and rng.random()
            < (0.35 if channel.key == "bought_list" and not self.plan.calm else 0.06)
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
        if channel.key == "web_form" and self.plan.stories and self.plan.months >= 5:
            chance *= 2.5  # the channel that converts
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
