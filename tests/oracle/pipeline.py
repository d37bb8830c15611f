"""Every opportunity on every day it was open, and on the day it closed (dictionary §8 kpi_pipeline).

Walked day by day: what was recorded last by the end of a day is how it stood. Choices where the text is
silent:
- The whole company's pipeline, sourced by inside sales or not.
- The win or loss that stands in the end is on its close date (§9), so the days before are open whatever
  was recorded on them, and no day after it is; a loss recorded before its close date leaves on the day
  of the record, and counts on the close date.
- A win or loss taken back later closed on the day it was recorded, a win not before its close date.
- Before the first record it is open, in no stage anybody knows.
- A move is what differs from the day before; a missing amount adds 0.
- A spell in a stage ends with the stage or when the deal is closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from tests.oracle.metrics import Row
from tests.oracle.opportunities import Opportunity, State

ATTRIBUTES = (
    "rep_id", "team", "business_unit", "motion", "channel", "deal_type", "is_sourced",
)  # fmt: skip


@dataclass(frozen=True)
class Stand:
    """How an opportunity stood at the end of a day."""

    day: date
    state: str  # open | won | lost | lost_ahead | unknown
    record: State | None
    amount: float | None
    is_amount_known: bool
    close_on: date | None
    is_taken_back: bool = False
    is_final: bool = False

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def stage(self) -> tuple[bool, str | None, str]:
        """What makes a spell in a stage one."""
        return self.record is not None, self.record.label if self.record else None, self.state


def pipeline(
    opportunities: Iterable[Opportunity], facts: Mapping[str, Row], as_of: date
) -> list[Row]:
    """Rows of kpi_pipeline. facts: the rows of fct_opportunities by id."""
    return [
        row
        for opportunity in opportunities
        for row in _rows(opportunity, list(_stands(opportunity, as_of)), facts[opportunity.id])
    ]


def _outcome(state: State) -> str:
    if state.is_closed and not state.is_won:
        return "lost"
    if state.is_won:
        return "won"
    return "open" if state.is_known else "unknown"


def _stands(opportunity: Opportunity, as_of: date) -> Iterator[Stand]:
    over = opportunity.over_on(as_of)
    states = opportunity.states if opportunity.is_recorded else []
    day = opportunity.created_on
    while day <= as_of and (over is None or day < over):
        yield _stand(states, sum(state.day <= day for state in states), day)
        day += timedelta(days=1)
    if over is None:
        return
    amount, is_known = _amount(states)

    def closing(on: date, state: str) -> Stand:
        return Stand(on, state, states[-1], amount, is_known, opportunity.close_on, is_final=True)

    if opportunity.is_won(as_of):
        yield closing(over, "won")
        return
    if opportunity.close_on is not None and over < opportunity.close_on:
        yield closing(over, "lost_ahead")
    lost_on = opportunity.lost_on(as_of)
    if lost_on is not None:
        yield closing(lost_on, "lost")


def _stand(states: list[State], known: int, day: date) -> Stand:
    """The stand on a day by the first `known` states."""
    if not known:
        return Stand(day, "open", None, None, False, None)
    last = states[known - 1]
    outcome = _outcome(last)
    run = [known - 1]
    while run[0] > 0 and _outcome(states[run[0] - 1]) == outcome:
        run.insert(0, run[0] - 1)
    while run[-1] + 1 < len(states) and _outcome(states[run[-1] + 1]) == outcome:
        run.append(run[-1] + 1)
    if outcome == "won":
        newest = states[run[-1]]
        won_on = max(states[run[0]].day, newest.close_on or newest.day)
        if run[-1] == len(states) - 1 or day < won_on:
            outcome = "open"
    amount, is_known = _amount(states[:known])
    return Stand(day, outcome, last, amount, is_known, last.close_on, outcome in ("won", "lost"))


def _amount(states: list[State]) -> tuple[float | None, bool]:
    for state in reversed(states):
        if state.is_amount_told:
            return state.amount, True
    return None, False


def _rows(opportunity: Opportunity, stands: list[Stand], fact: Row) -> Iterator[Row]:
    before: Stand | None = None
    since, is_start_known, from_stage = opportunity.created_on, True, None
    for stand in stands:
        is_begun = before is None or stand.stage != before.stage
        if is_begun:
            since = stand.day
            is_start_known = stand.record is not None and (
                before is None or before.record is not None
            )
        from_stage = before.record.label if is_begun and before and before.record else None
        if stand.is_open or stand.is_final or before is None or stand.state != before.state:
            yield _row(opportunity, stand, before, fact) | {
                "days_in_stage": (stand.day - since).days if stand.record else None,
                "is_stage_start_known": is_start_known,
                "from_stage": from_stage,
            }
        before = stand


def _row(opportunity: Opportunity, stand: Stand, before: Stand | None, fact: Row) -> Row:
    record, amount = stand.record, stand.amount
    were_open = stand.is_open and before is not None and before.is_open
    return {
        "opportunity_id": opportunity.id,
        "date": stand.day,
        **{name: fact[name] for name in ATTRIBUTES},
        "state": stand.state,
        "stage": record.label if record else None,
        "stage_sort_order": record.sort_order if record else None,
        "probability": record.probability if record else None,
        "amount_yen": opportunity.yen(amount),
        "age_days": max((stand.day - opportunity.created_on).days, 0),
        "is_open": stand.is_open,
        "is_won": stand.state == "won" and not stand.is_taken_back,
        "is_lost": stand.state == "lost" and not stand.is_taken_back,
        "is_taken_back": stand.is_taken_back,
        "is_stage_known": record is not None,
        "is_amount_known": stand.is_amount_known,
        "is_amount_missing": stand.is_amount_known and amount is None,
        "is_amount_unconverted": amount is not None and opportunity.yen_rate is None,
        "is_overdue": stand.is_open and stand.close_on is not None and stand.close_on < stand.day,
        "has_entered": stand.is_open and not (before and before.is_open),
        "has_left": not stand.is_open and before is not None and before.is_open,
        "is_reopened": stand.is_open
        and before is not None
        and before.state in ("won", "lost", "lost_ahead"),
        "stage_move": _stage_move(before, stand) if were_open else None,
        "amount_change_yen": (opportunity.yen(amount) or 0) - (opportunity.yen(before.amount) or 0)
        if before and before.is_amount_known and stand.is_amount_known
        else None,
        "close_moved_days": (stand.close_on - before.close_on).days
        if were_open and before and stand.close_on and before.close_on
        else None,
        "close_on": stand.close_on,
    }


def _stage_move(before: Stand | None, stand: Stand) -> str | None:
    old, new = before.record if before else None, stand.record
    if old is None or new is None or old.label == new.label:
        return None
    if old.sort_order is None or new.sort_order is None or old.sort_order == new.sort_order:
        return "changed"
    return "advanced" if new.sort_order > old.sort_order else "went_back"
