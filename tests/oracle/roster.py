"""Who a rep was on a day (dictionary §0.4, §1 working_days, §9 Roster)."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from tests.oracle.calendar import is_business_day
from tests.oracle.normalise import email, match_key, salesforce_id
from tests.oracle.records import Leg, Records, users

UNASSIGNED = "(unassigned)"


@dataclass(frozen=True)
class Attributes:
    """Team, business unit, motion and manager of one roster row."""

    team: str = UNASSIGNED
    business_unit: str = UNASSIGNED
    motion: str = UNASSIGNED
    manager_rep_id: str | None = None
    has_cti: bool = True


NOBODY = Attributes()


class Roster:
    """The planning tables roster and absences, and the identities of every rep."""

    def __init__(self, records: Records) -> None:
        self._rows: dict[str, list[tuple[date, date, Attributes]]] = defaultdict(list)
        self._by_email: dict[str, str] = {}
        self._by_user: dict[str, str] = {}
        self._by_cti_key: dict[str, str] = {}
        names: dict[str, set[str]] = defaultdict(set)
        for row in records.get("planning.roster", ()):
            rep = str(row["rep_id"])
            self._rows[rep].append(
                (row["valid_from"], row.get("valid_to") or date.max, _attributes(row))
            )
            if address := email(row.get("email")):
                self._by_email[address] = rep
            if user := salesforce_id(row.get("crm_user_id")):
                self._by_user[user] = rep
            if key := row.get("cti_user_key"):
                self._by_cti_key[match_key(key)] = rep
            if row.get("rep_name"):
                names[match_key(row["rep_name"])].add(rep)
        for rows in self._rows.values():
            rows.sort(key=lambda row: row[0])
        self._by_name = {name: next(iter(reps)) for name, reps in names.items() if len(reps) == 1}
        self._user_emails = users(records)
        self._absences = [
            (str(row["rep_id"]), row["from_date"], row["to_date"], row.get("kind") or "full")
            for row in records.get("planning.absences", ())
        ]
        self._company_holidays = frozenset(
            row["holiday_date"] for row in records.get("planning.company_holidays", ())
        )

    @property
    def reps(self) -> list[str]:
        return sorted(self._rows)

    def of_leg(self, leg: Leg) -> str | None:
        """E-mail, then user key (mapped or as written), then a name only one rep has.

        Keys differ by more than case and width; who has no key is known by name alone.
        """
        if leg.agent_email and leg.agent_email in self._by_email:
            return self._by_email[leg.agent_email]
        if key := match_key(leg.agent_key or leg.agent_name):
            mapped = {match_key(said): to for said, to in leg.source.user_map.items()}.get(key)
            if mapped and mapped in self._by_email:
                return self._by_email[mapped]
            if key in self._by_cti_key:
                return self._by_cti_key[key]
        return self._by_name.get(match_key(leg.agent_name)) if leg.agent_name else None

    def of_user(self, user_id: str | None) -> str | None:
        """The CRM user id, else the user's e-mail."""
        if user_id is None:
            return None
        return self._by_user.get(user_id) or self._by_email.get(
            self._user_emails.get(user_id) or ""
        )

    def valid_on(self, rep: str | None, day: date) -> Attributes | None:
        """The row valid that day, both ends included; None when there is none."""
        rows = self._rows.get(rep or "", [])
        at = bisect_right([row[0] for row in rows], day) - 1
        return rows[at][2] if at >= 0 and day <= rows[at][1] else None

    def attributes(self, rep: str | None, day: date) -> Attributes:
        """§0.4: the row valid that day, else the latest that began before: leavers stay."""
        rows = self._rows.get(rep or "", [])
        at = bisect_right([row[0] for row in rows], day) - 1
        return rows[at][2] if at >= 0 else NOBODY

    def has_cti(self, rep: str, day: date) -> bool:
        """By the row of the day, leavers by their last, before the first day by the first."""
        rows = self._rows[rep]
        at = bisect_right([row[0] for row in rows], day) - 1
        return rows[max(at, 0)][2].has_cti

    def working_day(self, rep: str, day: date) -> float:
        """1 on a business day with a valid row, less absences (full 1, half 0.5), never below 0."""
        if self.valid_on(rep, day) is None or not is_business_day(day, self._company_holidays):
            return 0.0
        absent = sum(
            0.5 if kind == "half" else 1.0
            for who, start, end, kind in self._absences
            if who == rep and start <= day <= end
        )
        return max(0.0, 1.0 - absent)

    def rows(self) -> list[tuple[str, date, date, Attributes]]:
        """(rep, valid_from, valid_to, attributes) of every row."""
        return [(rep, *row) for rep in self.reps for row in self._rows[rep]]


def _attributes(row: object) -> Attributes:
    read = dict(row)  # type: ignore[call-overload]
    return Attributes(
        team=read.get("team") or UNASSIGNED,
        business_unit=read.get("business_unit") or UNASSIGNED,
        motion=read.get("motion") or UNASSIGNED,
        manager_rep_id=read.get("manager_rep_id"),
        has_cti=match_key(read.get("cti") or "yes") not in ("no", "none"),
    )
