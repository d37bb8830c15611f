"""The days, one after another, and the exports each night.

`Simulation.run` yields finished deliveries in the order they were exported, so a world of ten
million calls never lies in memory.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from tests.simulator import company as selling
from tests.simulator import exports
from tests.simulator.desk import Desk
from tests.simulator.world import Delivery, Record, days, utc

_HOUR: Final = 3600


class Simulation(Desk):
    """One run; `truth` fills while `run` is read."""

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
            self._paper_meetings(day)
        elif self.plan.identity.has_phone_system and rng.random() < 0.4:
            self._missed_inbound(day, rng)
        if self.plan.marketing and day.weekday() == 2 and 8 <= day.day <= 14:
            self._newsletter(day, rng)
        for rep in self.inside:
            last = rep.rows[-1]["valid_to"]
            if last == day:
                user = next(u for u in self.company.users if u["Id"] == rep.user_id)
                user["IsActive"] = False
                self._touch("User", user, utc(day, 19 * _HOUR))
            moved = len(rep.rows) > 1 and rep.rows[0]["valid_to"] == day
            if last == day or moved:
                self._hand_over(rep, day)

    def _is_cut(self, day: date, cut: str) -> bool:
        if day == self.plan.as_of or cut == "day" or self._is_eve(day):
            return True
        if cut == "week":
            return day.weekday() == 6
        return (day + timedelta(days=1)).day == 1

    def _is_eve(self, day: date) -> bool:
        return self.plan.newest_day_apart and day == self.plan.as_of - timedelta(days=1)

    def _exports(self, day: date) -> Iterator[Delivery]:
        """Whatever the systems export in the night after this day."""
        plan = self.plan
        month_ends = self._is_cut(day, "month")
        first = day if self._is_eve(day - timedelta(days=1)) else day.replace(day=1)
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
                if name in self.overlap:
                    again = [row for row in self.overlap.pop(name) if row["Id"] not in found]
                    rows = again + rows
                yield self._delivery("sf", f"salesforce.{name}", rows, since, day, 0)
            if plan.overlap and day == plan.month_start(3) - timedelta(days=1):
                # Next month's extract was asked for from a week too early, to be on the safe side.
                early = utc(day - timedelta(days=6), 0)
                for name in ("Lead", "Task"):
                    self.overlap[name] = [
                        dict(record)
                        for record in self.dirty.get(name, {}).values()
                        if record["SystemModstamp"] >= early
                    ]
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
