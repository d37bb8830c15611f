"""The catalogue as the oracle reads it: of which rows, by which date, how much (dictionary §1–3).

One table, so that what is missing is seen: `tests/test_oracle.py` fails when the catalogue and these
names differ. Rows are those of `tests/oracle/tables.py`. Where the dictionary names a KPI but leaves
something open, the metric's own description decides (dictionary, preamble), and where that is
silent:

- Evidence of human or machine (formats §7.1): a mapped disposition, whatever it says, a speech
  analysis, or the telephone system's own word.
- A call of more than twelve hours stays a call and is in no sum of talk or turns (formats §6.4).
- The talk ratio looks at the analysed dials whose analysis tells the two sides apart.
- The parts of effective_meeting_rate are parts of meetings_acquired_of_cohort, so only what the
  company calls 商談 is accepted, rejected, pending or expired (§0.7, §2).
- A canceled meeting's outcome is known once the last day it was planned for is there; rescheduled
  and never booked again is canceled.
- The company's whole won amount is no rep's: it is shown for the company, channels and campaigns.
  Deals of another type and of none are lines of their own (§0.7).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Amount = Callable[[Row], float | None]

SCOPES: dict[str, tuple[str, ...]] = {
    "company": (),
    "business_unit": ("business_unit",),
    "team": ("team",),
    "rep": ("rep_id",),
    "motion": ("motion",),
    "channel": ("channel",),
    "campaign": ("campaign",),
    "call_list": ("call_list",),
    "team_channel": ("team", "channel"),
}


@dataclass(frozen=True)
class Part:
    """Rows of one table, each placed by one date; a row without that date does not count."""

    table: str
    day: str
    amount: Amount


def _all(_: Row) -> float:
    return 1


def _dials(amount: Amount = _all) -> Part:
    return Part("fct_calls", "called_on", lambda row: amount(row) if row["is_dial"] else 0)


def _connects(amount: Amount = _all) -> Part:
    return _dials(lambda row: amount(row) if row["is_connect"] else 0)


def _analysed(amount: Amount = _all) -> Part:
    return _dials(lambda row: amount(row) if row["has_analysis"] else 0)


def _timed(column: str) -> Amount:
    """A sum of seconds or turns, without calls somebody forgot to end."""
    return lambda row: 0 if row["is_overlong"] else row[column]


def _has_evidence(row: Row) -> bool:
    return bool(row["disposition"] or row["has_analysis"] or row["answered_by"] != "not_measured")


def _events(day: str, amount: Amount) -> Part:
    return Part("fct_meetings", day, amount)


def _cohort(amount: Amount = _all) -> Part:
    """Meetings by the day they were booked: the row of their first event."""
    return _events("booked_on", lambda row: amount(row) if row["is_booked"] else 0)


def _acquired(amount: Amount = _all, day: str = "booked_on") -> Part:
    return _events(
        day, lambda row: amount(row) if row["is_booked"] and row["acquired_on"] is not None else 0
    )


def _outcome_is(*outcomes: str) -> Amount:
    """The last event decides; one that lies ahead, canceled or not, has had no time yet."""
    return lambda row: row["is_over"] and row["cohort_outcome"] in outcomes


def _decision_is(*decisions: str) -> Amount:
    return lambda row: row["decision"] in decisions


def _deals(day: str, amount: Amount = _all) -> Part:
    return Part("fct_opportunities", day, amount)


def _sourced(day: str, amount: Amount = _all) -> Part:
    return _deals(day, lambda row: amount(row) if row["is_sourced"] else 0)


def _of(column: str) -> Amount:
    return lambda row: row[column]


def _won_of_type(deal_type: str | None) -> Part:
    return _deals("won_on", lambda row: row["amount_yen"] if row["deal_type"] == deal_type else 0)


def _raised(column: str) -> tuple[Part, ...]:
    return (Part("fct_hand_raises", "raised_on", _of(column)),)


_EMAILS = Part("fct_emails", "sent_on", _all)


def _leads(amount: Amount = _all) -> Part:
    """Leads by the day they were made, of the days anything is known about."""
    return Part("fct_leads", "counted_on", amount)


def _nurture(column: str) -> Part:
    return Part("fct_nurture", "happened_on", _of(column))


ADDITIVE: dict[str, tuple[Part, ...]] = {
    # 量
    "dials": (_dials(),),
    "emails_sent": (_EMAILS,),
    "approaches": (_dials(), _EMAILS),
    "target_account_approaches": (
        _dials(_of("is_target_account")),
        Part("fct_emails", "sent_on", _of("is_target_account")),
    ),
    "answered_calls": (_dials(_of("is_answered")),),
    "human_reached": (_dials(_of("is_human_reached")),),
    "answered_with_evidence": (_dials(lambda row: row["is_answered"] and _has_evidence(row)),),
    "connects": (_connects(),),
    "connects_by_disposition": (_connects(lambda row: row["connect_basis"] == "disposition"),),
    "connects_by_speech": (_connects(lambda row: row["connect_basis"] == "speech"),),
    "connects_by_duration": (_connects(lambda row: row["connect_basis"] == "duration"),),
    "unidentified_party": (_dials(_of("is_unidentified_party")),),
    "inbound_connects": (Part("fct_calls", "called_on", _of("is_inbound_connect")),),
    "working_days": (Part("working_days", "date", _of("working_days")),),
    "wrong_numbers": (_dials(_of("is_wrong_number")),),
    "do_not_call": (_dials(_of("is_do_not_call")),),
    # 質
    "talk_seconds": (
        _dials(lambda row: _timed("talk_seconds")(row) if row["is_human_reached"] else 0),
    ),
    "connect_talk_seconds": (_connects(_timed("talk_seconds")),),
    "timed_connects": (_connects(lambda row: not row["is_overlong"]),),
    "overlong_calls": (_dials(lambda row: row["is_human_reached"] and row["is_overlong"]),),
    "turns": (_analysed(_timed("turn_count")),),
    "calls_with_turns": (
        _analysed(lambda row: row["turn_count"] is not None and not row["is_overlong"]),
    ),
    "analysed_calls": (_analysed(),),
    "analysed_connects": (_connects(_of("has_analysis")),),
    "agent_talk_seconds": (_analysed(_timed("agent_talk_seconds")),),
    "conversation_seconds": (
        _analysed(_timed("agent_talk_seconds")),
        _analysed(_timed("customer_talk_seconds")),
    ),
    "key_person_connects": (_connects(lambda row: row["has_key_person"] is True),),
    "known_title_connects": (_connects(lambda row: row["has_key_person"] is not None),),
    "key_person_talk_seconds": (
        _connects(lambda row: _timed("talk_seconds")(row) if row["has_key_person"] else 0),
    ),
    "accepted": (_acquired(_decision_is("accepted")),),
    "rejected": (_acquired(_decision_is("rejected")),),
    "pending": (_acquired(_decision_is("pending")),),
    "expired": (_acquired(_decision_is("expired")),),
    "decided": (_acquired(_decision_is("accepted", "rejected")),),
    "meetings_acquired_from_connect": (_acquired(_of("is_from_connect"), "acquired_on"),),
    "meetings_outcome_known_of_cohort": (_cohort(_outcome_is("held", "no_show", "canceled")),),
    "meetings_outcome_unknown_of_cohort": (_cohort(_outcome_is("unknown", "scheduled")),),
    # 成果
    "meetings_booked": (_cohort(),),
    "meetings_held": (_events("meeting_on", _of("is_held")),),
    "no_shows": (_events("meeting_on", _of("is_no_show")),),
    "meetings_held_of_cohort": (_cohort(_outcome_is("held")),),
    "no_shows_of_cohort": (_cohort(_outcome_is("no_show")),),
    "meetings_acquired": (_acquired(day="acquired_on"),),
    "meetings_acquired_of_cohort": (_acquired(),),
    "opportunities_created": (_sourced("created_on"),),
    "opportunities_won_of_cohort": (_sourced("created_on", _of("is_won")),),
    "opportunities_open_of_cohort": (_sourced("created_on", _of("is_open")),),
    "opportunities_closed": (_sourced("won_on"), _sourced("lost_on")),
    "wins": (_sourced("won_on"),),
    "pipeline_created_yen": (_sourced("created_on", _of("amount_at_creation_yen")),),
    "pipeline_created_as_of_yen": (_sourced("created_on", _of("amount_yen")),),
    "pipeline_amounts_missing": (_sourced("created_on", _of("is_amount_missing_at_creation")),),
    "pipeline_amounts_unconverted": (
        _sourced("created_on", _of("is_amount_unconverted_at_creation")),
    ),
    "pipeline_amounts_missing_as_of": (_sourced("created_on", _of("is_amount_missing")),),
    "pipeline_amounts_unconverted_as_of": (_sourced("created_on", _of("is_amount_unconverted")),),
    "won_amount_yen": (_sourced("won_on", _of("amount_yen")),),
    "won_amounts_missing": (_sourced("won_on", _of("is_amount_missing")),),
    "won_amounts_unconverted": (_sourced("won_on", _of("is_amount_unconverted")),),
    "company_wins": (_deals("won_on"),),
    "company_won_amount_yen": (_deals("won_on", _of("amount_yen")),),
    "company_won_amount_new_yen": (_won_of_type("new"),),
    "company_won_amount_existing_yen": (_won_of_type("existing"),),
    "company_won_amount_other_yen": (_won_of_type("other"),),
    "company_won_amount_untyped_yen": (_won_of_type(None),),
    "company_won_amounts_missing": (_deals("won_on", _of("is_amount_missing")),),
    "company_won_amounts_unconverted": (_deals("won_on", _of("is_amount_unconverted")),),
    # 初動
    "hand_raises": (Part("fct_hand_raises", "raised_on", _all),),
    "hand_raises_linked": _raised("is_linked"),
    "hand_raises_attempted": _raised("is_attempted"),
    "hand_raises_connected": _raised("is_connected"),
    "hand_raises_open": _raised("is_open"),
    "hand_raises_within_5_minutes": _raised("is_within_5_minutes"),
    "hand_raises_due_5_minutes": _raised("is_due_5_minutes"),
    "hand_raises_within_30_minutes": _raised("is_within_30_minutes"),
    "hand_raises_due_30_minutes": _raised("is_due_30_minutes"),
    "hand_raises_within_60_minutes": _raised("is_within_60_minutes"),
    "hand_raises_due_60_minutes": _raised("is_due_60_minutes"),
    "hand_raises_within_same_day": _raised("is_within_same_day"),
    "hand_raises_due_same_day": _raised("is_due_same_day"),
    # §5
    "leads_created": (_leads(),),
    "leads_reached_meeting_of_cohort": (_leads(_of("has_reached_meeting")),),
    "leads_reached_accepted_of_cohort": (_leads(_of("has_reached_accepted")),),
    "leads_reached_won_of_cohort": (_leads(_of("has_reached_won")),),
    "marketing_emails_sent": (_nurture("is_sent"),),
    "seminar_registrations": (_nurture("is_registered"),),
}

# Distinct things, counted anew in every scope and period (§1 leads_worked).
DISTINCT: dict[str, tuple[str, str, str]] = {
    # metric: table, date, what is distinct
    "leads_worked": ("approaches", "date", "person_id"),
}

RATIOS: dict[str, tuple[str, str]] = {
    "connect_rate": ("connects", "dials"),
    "wrong_number_share": ("wrong_numbers", "dials"),
    "do_not_call_share": ("do_not_call", "dials"),
    "answer_rate": ("answered_calls", "dials"),
    "human_rate": ("human_reached", "dials"),
    "human_evidence_coverage": ("answered_with_evidence", "answered_calls"),
    "meeting_conversion_rate": ("meetings_acquired", "connects"),
    "meeting_conversion_rate_from_connect": ("meetings_acquired_from_connect", "connects"),
    "effective_meeting_rate": ("accepted", "meetings_acquired_of_cohort"),
    "effective_meeting_rate_decided": ("accepted", "decided"),
    "meeting_held_rate": ("meetings_held_of_cohort", "meetings_outcome_known_of_cohort"),
    "no_show_rate": ("no_shows_of_cohort", "meetings_outcome_known_of_cohort"),
    "talk_seconds_per_connect": ("connect_talk_seconds", "timed_connects"),
    "turns_per_analysed_call": ("turns", "calls_with_turns"),
    "analysis_coverage": ("analysed_connects", "connects"),
    "agent_talk_ratio": ("agent_talk_seconds", "conversation_seconds"),
    "key_person_share": ("key_person_connects", "known_title_connects"),
    "key_person_talk_seconds_per_working_day": ("key_person_talk_seconds", "working_days"),
    "win_rate": ("opportunities_won_of_cohort", "opportunities_created"),
    "win_rate_open_share": ("opportunities_open_of_cohort", "opportunities_created"),
    "win_rate_closed": ("wins", "opportunities_closed"),
    "hand_raise_share_within_5_minutes": (
        "hand_raises_within_5_minutes",
        "hand_raises_due_5_minutes",
    ),
    "hand_raise_share_within_30_minutes": (
        "hand_raises_within_30_minutes",
        "hand_raises_due_30_minutes",
    ),
    "hand_raise_share_within_60_minutes": (
        "hand_raises_within_60_minutes",
        "hand_raises_due_60_minutes",
    ),
    "hand_raise_share_within_same_day": (
        "hand_raises_within_same_day",
        "hand_raises_due_same_day",
    ),
    "hand_raise_attempted_share": ("hand_raises_attempted", "hand_raises_linked"),
    "hand_raise_connected_share": ("hand_raises_connected", "hand_raises_linked"),
    "lead_to_meeting_rate": ("leads_reached_meeting_of_cohort", "leads_created"),
    "lead_to_accepted_rate": ("leads_reached_accepted_of_cohort", "leads_created"),
    "lead_to_won_rate": ("leads_reached_won_of_cohort", "leads_created"),
}

KNOWN = frozenset(ADDITIVE) | frozenset(DISTINCT) | frozenset(RATIOS)


def scopes_of(metric: str) -> tuple[str, ...]:
    """The scopes of dictionary §8 in which the metric means something."""
    measures = RATIOS.get(metric, (metric,))
    if "working_days" in measures:  # nobody works a channel's days
        whose = {"channel", "campaign", "call_list"}
        return tuple(scope for scope, of in SCOPES.items() if not whose & set(of))
    if metric.startswith("company_"):
        return ("company", "channel", "campaign")
    if metric.startswith("lead") and metric != "leads_worked":  # a cohort is no rep's work
        return ("company", "motion", "channel", "campaign")
    if metric in ("marketing_emails_sent", "seminar_registrations"):
        return ("company", "channel")
    if not all(_is_of_calls(measure) for measure in measures):
        return tuple(scope for scope in SCOPES if scope != "call_list")
    return tuple(SCOPES)


def _is_of_calls(measure: str) -> bool:
    """Only calls are made from a list (§5)."""
    return all(part.table == "fct_calls" for part in ADDITIVE.get(measure, (_EMAILS,)))


def facts(tables: dict[str, list[Row]]) -> Iterator[tuple[str, Any, Row, float]]:
    """(metric, day, row, amount) of everything additive that is not nothing."""
    for metric, parts in ADDITIVE.items():
        for part in parts:
            for row in tables[part.table]:
                day = row.get(part.day)
                amount = float(part.amount(row) or 0) if day is not None else 0
                if amount:
                    yield metric, day, row, amount
