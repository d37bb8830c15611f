"""What phone systems write down of a call: MiiTel's webhook and history CSV, the Osaka office's tool.

Here the record parts from the truth: memos forgotten or wrong, speech analysis absent on half, the
same call delivered again hours later with another memo."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from tests.simulator import company as selling
from tests.simulator import exports, identifiers, vocabulary
from tests.simulator.company import Rep
from tests.simulator.office import Person
from tests.simulator.prospects import Prospects
from tests.simulator.world import CallTruth, Party, Record, utc

_HOUR: Final = 3600
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


class Phones(Prospects):
    """Calls become records."""

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
        return day < self.webhook_from

    def _in_history(self, day: date) -> bool:
        return day < self.history_until

    def _miitel(self, call_id: str, legs: list[Leg], day: date, rng: random.Random) -> None:
        if self._in_history(day):
            self.history.extend(self._history_row(call_id, leg, day, rng) for leg in legs)
        if self._is_history_only(day):
            self._lone_legs(legs, day)
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

    def _lone_legs(self, legs: list[Leg], day: date) -> None:
        """The list view does not say what a leg continues: further legs look like other calls."""
        if len(legs) > 1 and exports.history_view(self.plan, day) == "list":
            for leg in legs[1:]:
                self._call_truth(
                    leg.leg_id, leg.agent, leg.customer, "nobody", "unknown", day, 0, "miitel"
                )

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
            "keywords": self._keywords(leg),
            "phrases": [],
            "speech_recognition": {
                "raw": "（文字起こしは省略）" if analysis is not None else "",
                "summary": None,
            },
        }

    def _keywords(self, leg: Leg) -> list[Record]:
        """Words of the tenant's list, from dice of their own so that nothing else moves."""
        if not (leg.analysis and leg.customer_spoke and leg.talk is not None):
            return []
        rng = random.Random(f"{self.plan.seed}:performers:{leg.leg_id}")
        heard = [word for word, often in vocabulary.KEYWORDS if rng.random() < often]
        return [
            {
                "starts_at": rng.randrange(max(leg.talk, 1)),
                "participant_id": identifiers.sibling_uuid(leg.leg_id, rng.choice((101, 102))),
                "value": word,
            }
            for word in heard
            for _ in range(rng.choice((1, 1, 2)))
        ]

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
        flow = exports.history_view(self.plan, day) == "flow"
        chain = {"Parent sequence ID": call_id, "Previous sequence ID": leg.previous}
        return {
            "Sequence ID": leg.leg_id,
            **(chain if flow else {}),
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
                "campaign_key": (
                    selling.OSAKA_LIST
                    if leg.customer is not None and leg.customer.channel.key == "outbound_list"
                    else None
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
            "scancall" if rng.random() < 0.1 else identifiers.mobile(rng),
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
