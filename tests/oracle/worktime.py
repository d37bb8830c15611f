"""Working time: which instants a company works in (dictionary §4 first_response_minutes).

Openings are found with `zoneinfo` alone, day by day. Choices where the text is silent:
- Planning's hours of a weekday hold from their first day to the weekday's next statement; several
  rows of one weekday and first day, in one file, are several openings of the day. A weekday planning
  does not name is free, one it names is worked, Saturdays too, unless it is a holiday.
- Before planning's first statement, and without any, the setting's hours hold on business days.
- Clocks are read in whole seconds. An opening lasts from the first time the clocks show its begin to
  the last time they show its end; what they skip is no time.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.oracle.calendar import is_business_day, is_holiday
from tests.oracle.records import Records, delivered
from tests.oracle.settings import Settings

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_FAR = 400  # days within which a company opens again, if ever
Opening = tuple[datetime, datetime]


class WorkingTime:
    """The working time of one company."""

    def __init__(self, records: Records, settings: Settings) -> None:
        self._zone = settings.zone
        self._default = settings.working_hours
        self._company_holidays = frozenset(
            row["holiday_date"] for row in records.get("planning.company_holidays", ())
        )
        newest: dict[tuple[int, date], tuple[datetime, str]] = {}
        rows = records.get("planning.working_hours", ())
        for row in rows:
            statement = (int(row["weekday"]), row["valid_from"])
            newest[statement] = max(newest.get(statement, delivered(row)[:2]), delivered(row)[:2])
        self._stated: dict[int, dict[date, list[tuple[str, str]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for row in rows:
            statement = (int(row["weekday"]), row["valid_from"])
            if delivered(row)[:2] == newest[statement]:
                self._stated[statement[0]][statement[1]].append((row["opens"], row["closes"]))
        self._first = min((valid_from for _, valid_from in newest), default=None)
        self.openings = cache(self._openings)

    def basis(self, day: date) -> str:
        """Who says what the hours of a day are."""
        return "planning" if self._first is not None and day >= self._first else "setting"

    def seconds(self, earlier: datetime, later: datetime) -> int:
        """Whole seconds of working time between two instants."""
        earlier, later = earlier.replace(microsecond=0), later.replace(microsecond=0)
        day = earlier.astimezone(self._zone).date() - _DAY
        total = timedelta()
        while day <= later.astimezone(self._zone).date():
            for opens, closes in self.openings(day):
                total += max(timedelta(), min(closes, later) - max(opens, earlier))
            day += _DAY
        return int(total.total_seconds())

    def start(self, at: datetime) -> tuple[datetime, date] | None:
        """When and on which day the clock starts: at once, or with the next opening."""
        day = at.astimezone(self._zone).date() - _DAY
        for later in range(_FAR):
            for opens, closes in self.openings(day + later * _DAY):
                if at < closes:
                    return max(at, opens), day + later * _DAY
        return None

    def end_of(self, day: date) -> datetime:
        """The instant the day is over."""
        return first_time(datetime.combine(day + _DAY, time()), self._zone)

    def _openings(self, day: date) -> list[Opening]:
        minutes: set[int] = set()
        for opens, closes in self._hours(day):
            minutes |= set(range(_minute(opens), _minute(closes)))
        midnight = datetime.combine(day, time())
        found = []
        for minute in sorted(minutes):
            if minute - 1 not in minutes:
                begin = minute
            if minute + 1 not in minutes:
                opening = (
                    first_time(midnight + begin * _MINUTE, self._zone),
                    last_time(midnight + (minute + 1) * _MINUTE, self._zone),
                )
                if opening[0] < opening[1]:
                    found.append(opening)
        return found

    def _hours(self, day: date) -> list[tuple[str, str]]:
        if self.basis(day) == "setting":
            return list(self._default) if is_business_day(day, self._company_holidays) else []
        if day in self._company_holidays or is_holiday(day):
            return []
        statements = self._stated[day.isoweekday()]
        in_force = max((start for start in statements if start <= day), default=None)
        return statements[in_force] if in_force else []


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def first_time(local: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the zone's clocks show `local` or later."""
    return _walked(local, zone)[0]


def last_time(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant from which on they never show less than `local`."""
    return _walked(local, zone)[1]


def _walked(local: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Minute by minute where the zone changes its clocks on these days, else by its offset."""
    around = [(local + days * _DAY).replace(tzinfo=zone).utcoffset() for days in (-2, 0, 2)]
    if len(set(around)) == 1:
        at = local.replace(tzinfo=zone).astimezone(UTC)
        return at, at
    instant = local.replace(tzinfo=UTC) - timedelta(hours=30)
    shown_later = []
    last_earlier = instant
    while instant < local.replace(tzinfo=UTC) + timedelta(hours=30):
        if instant.astimezone(zone).replace(tzinfo=None) >= local:
            shown_later.append(instant)
        else:
            last_earlier = instant
        instant += _MINUTE
    return shown_later[0], last_earlier + _MINUTE
