"""What every layer of the simulation shares: the people, the day's agenda, records that changed.

The layers stand one upon another, each in its own module: `office`, `marketing`, `prospects`,
`phones`, `sales`, `desk`, and `behaviour`, which runs the days.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from tests.simulator import company as selling
from tests.simulator import identifiers, vocabulary
from tests.simulator.company import Company, Rep
from tests.simulator.vocabulary import Channel
from tests.simulator.world import PersonTruth, Plan, Record, Truth, WorldSettings, days, utc

_HOUR: Final = 3600
_NURTURE_POOL: Final = 10_000


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


class Office:
    """State and the few verbs every layer needs."""

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
        # Who raised a hand and was not called yet: (day, second) of it.
        self.fresh: dict[str, list[tuple[int, int, int, Person]]] = {
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
        self.webhook_from = plan.month_start(plan.history_months)
        overlap = 1 if plan.overlap and plan.history_months else 0
        self.history_until = plan.month_start(plan.history_months + overlap)
        self.ready: tuple[date | None, dict[str, list[Rep]]] = (None, {})
        self.calls_since = plan.first_day
        self.crm_since = plan.first_day
        self.badges: list[Record] = []
        self.marketing: dict[str, list[Record]] = {
            "email_events": [],
            "form_submissions": [],
            "event_participations": [],
        }
        self.hubspot_dirty: dict[str, Record] = {}
        self.overlap: dict[str, list[Record]] = {}
        self.firms: list[Firm] = []
        self.channels = vocabulary.alike(vocabulary.CHANNELS) if plan.calm else vocabulary.CHANNELS
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
            self.rate = plan.calls / max(1, rep_days) / 1.05
        self.leads_per_day = self.rate * len(self.inside) / 5.8

    def settings(self) -> WorldSettings:
        plan = self.plan
        return WorldSettings(
            company_name=plan.identity.company_name,
            timezone="Asia/Tokyo",
            as_of=plan.as_of,
            fiscal_year_start_month=4,
            default_currency="JPY",
            account=selling.ACCOUNT,
            own_numbers=selling.OWN_NUMBERS,
            internal_domains=(plan.identity.domain,),
            memo_separator=selling.MEMO_SEPARATOR,
            acceptance_stage=selling.ACCEPTANCE_STAGE,
            covers_from=plan.first_day,
            webhook_from=plan.month_start(plan.history_months),
            lead_status=dict(selling.LEAD_STATUS),
            meeting_outcomes=dict(selling.MEETING_OUTCOMES),
        )

    def _plan_for(self, day: date, seconds: int, action: Callable[[date, int], None]) -> None:
        if day > self.plan.as_of:
            return
        self.sequence += 1
        waiting = self.agenda.setdefault(day.toordinal(), [])
        heapq.heappush(waiting, (seconds, self.sequence, action))

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

    def _human(self, person: Person) -> PersonTruth:
        found = self.truth.people.get(person.key)
        if found is None:
            found = PersonTruth(channel=person.channel.key)
            if self.plan.keep_truth:
                self.truth.people[person.key] = found
        return found

    def _status(self, person: Person, status: str, at: datetime) -> None:
        lead = person.lead
        if lead is not None and not lead["IsConverted"] and lead["Status"] != status:
            lead["Status"] = status
            self._touch("Lead", lead, at)

    def _enqueue(self, rep: Rep, person: Person, day: date, priority: int) -> None:
        person.owner = rep
        self.sequence += 1
        heapq.heappush(self.queues[rep.rep_id], (day.toordinal(), priority, self.sequence, person))

    def _raise_hand(self, rep: Rep, person: Person, day: date, seconds: int) -> None:
        person.owner = rep
        self.sequence += 1
        heapq.heappush(self.fresh[rep.rep_id], (day.toordinal(), seconds, self.sequence, person))

    def _retire(self, person: Person, status: str, at: datetime, *, for_good: bool = False) -> None:
        person.state = "done"
        self._status(person, status, at)
        if not for_good and len(self.pool) < _NURTURE_POOL:
            self.pool.append(person)
