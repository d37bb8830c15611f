"""How far the accounts of a target list are covered (dictionary §4 account_coverage).

Choices where the text is silent:
- A list is looked at on the ends of months (since the first list began and anything was known) and on the
  as-of day, as it was that day; nothing later counts.
- Approached: a dial or an e-mail. Connected: a connect by a dial. Met: a meeting of inside sales held.
  Opportunity: one created that inside sales sourced, with who booked its meeting. Of a scope its own.
- Depth counts known persons of the accounts that were connected.
- A scope stands in every list while the roster knows it in the look-back, or it did something then to an
  account of any list.
- What no day of the look-back shows is not known; a day on which calls, e-mails, meetings with outcomes or
  opportunities are missing makes the look-back partial.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from tests.oracle.calendar import days, period
from tests.oracle.metrics import Row
from tests.oracle.status import Judge
from tests.oracle.tables import Answer

MEMBERS = {
    "company": None,
    "business_unit": "business_unit",
    "team": "team",
    "rep": "rep_id",
    "motion": "motion",
}
_NEEDS = {
    "approach": ("cti", "sfa_emails"),
    "connect": ("cti",),
    "meeting": ("sfa_events", "meeting_outcome"),
    "opportunity": ("sfa_events", "sfa_opportunities"),
}


class Window(NamedTuple):
    as_of_on: date
    look_back: str
    start: date

    def holds(self, day: date) -> bool:
        return self.start <= day <= self.as_of_on


@dataclass(frozen=True)
class Action:
    """Something that was done with an account."""

    kind: str  # approach | connect | meeting | opportunity
    account_id: str
    day: date
    row: Row


def coverage(answer: Answer, judge: Judge) -> dict[str, list[Row]]:
    """fct_target_accounts and kpi_account_coverage."""
    listed = answer.tables["target_lists"]
    on_any = {row["account_id"] for row in listed}
    actions = [action for action in _actions(answer) if action.account_id in on_any]
    accounts: list[Row] = []
    lines: list[Row] = []
    for window in _windows(answer):
        happened = [action for action in actions if window.holds(action.day)]
        scopes = _scopes(window, judge, happened)
        known_days = {scope: _known_days(window, scope, judge) for scope in scopes}
        members: dict[str, dict[str, bool]] = {}
        for row in listed:
            if row["valid_from"] <= window.as_of_on <= row["valid_to"]:
                members.setdefault(row["list_name"], {})[row["account_id"]] = row["is_known"]
        for name, on_list in members.items():
            base = {
                "list_name": name,
                "as_of_on": window.as_of_on,
                "look_back": window.look_back,
                "window_start": window.start,
            }
            for account, is_known in on_list.items():
                its = [action for action in happened if action.account_id == account]
                seen = known_days[("company", "company")]
                accounts.append(
                    base | {"account_id": account, "is_known": is_known} | _account(its, seen)
                )
            for scope in scopes:
                own = [
                    action
                    for action in happened
                    if action.account_id in on_list and _is_of(action, scope)
                ]
                lines.append(
                    base
                    | {"scope_type": scope[0], "scope_key": scope[1]}
                    | _line(own, on_list, known_days[scope])
                )
    return {"fct_target_accounts": accounts, "kpi_account_coverage": lines}


def _windows(answer: Answer) -> Iterator[Window]:
    settings, as_of = answer.settings, answer.as_of
    starts = [row["valid_from"] for row in answer.tables["target_lists"]]
    known = answer.coverage.first_day
    if not starts or as_of < min(starts):
        return
    looked_at = {as_of}
    if known is not None:
        looked_at |= {
            day
            for day in days(max(known, min(starts)), as_of)
            if (day + timedelta(days=1)).day == 1
        }
    for day in sorted(looked_at):
        yield Window(day, "trailing", day - timedelta(days=settings.coverage_days - 1))
        quarter = period(
            day,
            "quarter",
            first_weekday=settings.week_starts_on,
            fiscal_start=settings.fiscal_year_start_month,
        )
        yield Window(day, "quarter_to_date", quarter)


def _actions(answer: Answer) -> Iterator[Action]:
    tables = answer.tables
    for row in tables["fct_calls"]:
        if row["is_dial"] and row["account_id"]:
            yield Action("approach", row["account_id"], row["called_on"], row)
            if row["is_connect"]:
                yield Action("connect", row["account_id"], row["called_on"], row)
    for row in tables["fct_emails"]:
        if row["account_id"]:
            yield Action("approach", row["account_id"], row["sent_on"], row)
    for row in tables["fct_meetings"]:
        if row["is_held"] and row["account_id"]:
            yield Action("meeting", row["account_id"], row["meeting_on"], row)
    for row in tables["fct_opportunities"]:
        if row["is_sourced"] and row["account_id"]:
            yield Action("opportunity", row["account_id"], row["created_on"], row)


def _scopes(window: Window, judge: Judge, happened: list[Action]) -> list[tuple[str, str]]:
    rostered = {(kind, key) for day, kind, key in judge.callers if window.holds(day)}
    acting = {
        (kind, action.row[column])
        for action in happened
        for kind, column in MEMBERS.items()
        if column
    }
    return sorted({("company", "company")} | rostered | acting)


def _is_of(action: Action, scope: tuple[str, str]) -> bool:
    column = MEMBERS[scope[0]]
    return column is None or action.row[column] == scope[1]


class _Known(NamedTuple):
    """Days of a look-back on which each kind of thing can be seen, any of them, and not all."""

    of: dict[str, int]
    some: int
    lacking: int


def _known_days(window: Window, scope: tuple[str, str], judge: Judge) -> _Known:
    seen = [
        {
            kind
            for kind, needs in _NEEDS.items()
            if all(judge.is_met(need, day, scope[0], scope[1]) for need in needs)
        }
        for day in days(window.start, window.as_of_on)
    ]
    return _Known(
        {kind: sum(kind in found for found in seen) for kind in _NEEDS},
        sum(bool(found) for found in seen),
        sum(found != set(_NEEDS) for found in seen),
    )


def _account(its: list[Action], seen: _Known) -> Row:
    def those(kind: str) -> list[Action]:
        return [action for action in its if action.kind == kind]

    def first(kind: str) -> date | None:
        return min((action.day for action in those(kind)), default=None)

    def said(what: object, needed: str) -> object:
        return what if seen.of[needed] else None

    approaches, connects = those("approach"), those("connect")
    return {
        "is_approached": said(bool(approaches), "approach"),
        "is_connected": said(bool(connects), "connect"),
        "is_met": said(bool(those("meeting")), "meeting"),
        "has_opportunity": said(bool(those("opportunity")), "opportunity"),
        "first_approached_on": first("approach"),
        "first_connected_on": first("connect"),
        "first_met_on": first("meeting"),
        "first_opportunity_on": first("opportunity"),
        "approaches": said(len(approaches), "approach"),
        "connects": said(len(connects), "connect"),
        "meetings_held": said(len(those("meeting")), "meeting"),
        "opportunities_created": said(len(those("opportunity")), "opportunity"),
        "persons_approached": said(len(_persons(approaches)), "approach"),
        "persons_reached": said(len(_persons(connects)), "connect"),
        "approached_by": ", ".join(sorted({action.row["rep_id"] for action in approaches})) or None,
    }


def _persons(actions: list[Action]) -> set[tuple[str, str]]:
    return {
        (action.account_id, action.row["person_id"])
        for action in actions
        if action.row["person_id"]
    }


def _line(own: list[Action], on_list: dict[str, bool], seen: _Known) -> Row:
    def those(kind: str) -> list[Action]:
        return [action for action in own if action.kind == kind]

    def accounts(kind: str, needed: str) -> int | None:
        return len({action.account_id for action in those(kind)}) if seen.of[needed] else None

    counts = {
        "approached": accounts("approach", "approach"),
        "connected": accounts("connect", "connect"),
        "met": accounts("meeting", "meeting"),
        "opportunity": accounts("opportunity", "opportunity"),
    }
    reached = len(_persons(those("connect"))) if seen.of["connect"] else None
    return {
        "accounts": len(on_list),
        "accounts_unknown": sum(not is_known for is_known in on_list.values()),
        "accounts_approached": counts["approached"],
        "accounts_connected": counts["connected"],
        "accounts_met": counts["met"],
        "accounts_with_opportunity": counts["opportunity"],
        **{
            f"{name}_share": None if count is None else count / len(on_list)
            for name, count in counts.items()
        },
        "persons_approached": len(_persons(those("approach"))) if seen.of["approach"] else None,
        "persons_reached": reached,
        "persons_per_account_reached": reached / counts["connected"]
        if reached is not None and counts["connected"]
        else None,
        "covered_days": seen.some,
        "uncovered_days": seen.lacking,
        "status": "unavailable" if not seen.some else "partial" if seen.lacking else "ok",
    }
