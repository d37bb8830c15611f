"""What somebody may edit between two nights, one named change each.

An edit turns the final text of a configuration or planning file into one it may have had before. It is
in force for the nights a story says; the last night always has the final texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

HOUSE = "config/house.yml"
SOURCES = "config/sources.yml"
Text = Callable[[str], str]


@dataclass(frozen=True)
class Edit:
    """One change. file: below the house; an edit whose text another one took away changes nothing."""

    name: str
    file: str
    change: Text


def _swap(old: str, new: str) -> Text:
    return lambda text: text.replace(old, new, 1)


def _house(name: str, old: str, new: str) -> Edit:
    return Edit(f"house: {name}", HOUSE, _swap(old, new))


def _planning(table: str, name: str, old: str, new: str) -> Edit:
    return Edit(f"{table}: {name}", f"exports/planning/{table}.csv", _swap(old, new))


def _without_rows(table: str) -> Edit:
    """Nobody had filled in the table yet."""
    return Edit(
        f"{table}: still empty",
        f"exports/planning/{table}.csv",
        lambda text: text.splitlines(keepends=True)[0],
    )


def _source(source_id: str, name: str, change: Text) -> Edit:
    def edited(text: str) -> str:
        head, begin, rest = text.partition(f"  - id: {source_id}\n")
        entry, follows, tail = rest.partition("\n  - id: ")
        return head + (change(begin + entry) if begin else "") + follows + tail

    return Edit(f"{source_id}: {name}", SOURCES, edited)


def _without(begins: str) -> Text:
    """The lines that begin so are not written yet."""
    return lambda entry: "".join(
        line for line in entry.splitlines(keepends=True) if not line.strip().startswith(begins)
    )


_STAMP = "extracted_at: {pattern: '_(?P<date>\\d{8})T(?P<time>\\d{4})'}"
_DAY_STAMP = "extracted_at: {pattern: '_(?P<date>\\d{8})T'}"
_LA = ("timezone: Asia/Tokyo", "timezone: America/Los_Angeles")

_HOUSE_EDITS = (
    _house("shodan is held", "shodan_event: booked", "shodan_event: held"),
    _house("shodan is an opportunity", "shodan_event: booked", "shodan_event: opportunity"),
    _house("decision expires after 3 days", "expires_after_days: 30", "expires_after_days: 3"),
    _house("rebooking within a day", "rebooking_days: 30", "rebooking_days: 1"),
    _house("account rule within a day", "account_rule_days: 90", "account_rule_days: 1"),
    _house("hand-raises are participations", "[form_submitted]", "[event_attended, lead_created]"),
    _house("works until noon", '"09:00-18:00"', '"09:00-12:00"'),
    _house("matching window of 5 s", "window_seconds: 180", "window_seconds: 5"),
    _house("week starts on sunday", "week_starts_on: monday", "week_starts_on: sunday"),
    _house("fiscal year from january", "start_month: 4", "start_month: 1"),
    _house("reps by id", "show_reps_by: name", "show_reps_by: id"),
    _house("currency is the dollar", "currency: JPY", "currency: USD"),
    _house("reporting zone is UTC", "timezone: Asia/Tokyo", "timezone: UTC"),
)

_PLANNING_EDITS = (
    _planning("dispositions", "connected was gatekeeper", ",connected,", ",gatekeeper,"),
    _planning("dispositions", "留守電 unknown", "*,留守電,left_voicemail,9\n", ""),
    _planning("title_map", "課長 decides nothing", "課長,true", "課長,false"),
    _planning("title_map", "部長 unknown", "contains,部長,true\n", ""),
    _planning("channel_rules", "Web is an ad", ",オンライン,Webフォーム", ",オンライン,広告"),
    _planning("channel_rules", "no fairs", "70,lead_source,prefix,展示会,イベント,展示会\n", ""),
    _planning("roster", "another team", ",SDR一課,", ",SDR二課,"),
    _planning("roster", "R01 not hired yet", "2025-10-01", "2026-09-10"),
    _planning("targets", "half must connect", ",connect_rate,0.2,", ",connect_rate,0.5,"),
    _planning("working_hours", "opens at eleven", "09:00", "11:00"),
    _planning("company_holidays", "one day less", "2026-08-12,夏季休業\n", ""),
    _planning("currency_rates", "cheap dollar", "USD,2026-08-01,150", "USD,2026-08-01,90"),
    _planning("costs", "another month", "2026-08-01,", "2026-09-01,"),
    _planning("call_lists", "another name", "大阪ターゲット", "大阪"),
    _planning("call_lists", "no campaign is a list", "campaign_type,exact,List,\n", ""),
    _without_rows("absences"),
    _without_rows("targets"),
    _without_rows("target_accounts"),
    _without_rows("success_factors"),
    _without_rows("actions"),
)

_SOURCE_EDITS = (
    _source("miitel-webhook", "no own numbers", _without("own_numbers")),
    _source("miitel-webhook", "no internal domains", _without("internal_domains")),
    _source("miitel-webhook", "slow to connect", _swap("human_seconds: 5", "human_seconds: 60")),
    _source(
        "miitel-webhook",
        "short speech",
        _swap("min_seconds: 30, min_turns: 4", "min_seconds: 1, min_turns: 1"),
    ),
    _source("miitel-webhook", "long duration", _swap("{min_seconds: 60}", "{min_seconds: 600}")),
    _source(
        "miitel-webhook",
        "needs a tag",
        _swap("min_human", "require_disposition: true\n      min_human"),
    ),
    _source("miitel-webhook", "names say no days", _without("basis")),
    _source("miitel-webhook", "names say a date alone", _swap(_STAMP, _DAY_STAMP)),
    _source("miitel-webhook", "names say no instant", _without("extracted_at")),
    _source("miitel-history", "in Los Angeles", _swap(*_LA)),
    _source("miitel-history", "read as cp932", _swap("encoding: auto", "encoding: cp932")),
    _source("miitel-history", "read as UTF-8", _swap("encoding: auto", "encoding: utf-8")),
    _source("miitel-history", "memos not divided", _without("memo_separator")),
    _source("miitel-history", "another account", _swap("minamo-demo", "minamo-old")),
    _source("miitel-history", "names say no instant", _without("extracted_at")),
    _source("osaka", "read as UTF-8", _swap("encoding: cp932", "encoding: utf-8")),
    _source("osaka", "in Los Angeles", _swap(*_LA)),
    _source("osaka", "another tag header", _swap("values: 応対結果", "values: 応対")),
    _source("osaka", "tags not mapped", _without("disposition_values")),
    _source("osaka", "発信 came in", _swap("発信: outbound", "発信: inbound")),
    _source("osaka", "応答 unknown", _swap("応答: answered, ", "")),
    _source("osaka", "other dates", _swap('"%Y/%m/%d %H:%M:%S"', '"%d/%m/%Y %H:%M:%S"')),
    _source(
        "osaka",
        "talk in minutes",
        _swap("formats:\n", "formats:\n          talk_seconds: {unit_factor: 60}\n"),
    ),
    _source("osaka", "not described yet", lambda _entry: ""),
    _source("sf", "no zone", _without("timezone")),
    _source("sf", "in Los Angeles", _swap(*_LA)),
    _source("sf", "zeros not repaired", _swap("leading_zero: true", "leading_zero: false")),
    _source("sf", "paid in dollars", _swap("currency: JPY", "currency: USD")),
    _source(
        "sf", "covered since later", _swap("covers_from: 2026-08-01", "covers_from: 2026-09-01")
    ),
    _source("sf", "no utm_source", _without("leads.utm_source")),
    _source(
        "sf", "outcome in another field", _swap("field: MeetingOutcome__c", "field: Result__c")
    ),
    _source("sf", "実施 is no show", _swap("実施: held", "実施: no_show")),
    _source("sf", "reasons not named", _swap("競合: 競合", "競合: 相手")),
    _source("sf", "another gate stage", _swap("stage: 有効商談}", "stage: 提案}")),
    _source("sf", "owner accepts", _swap("{mode: stage, stage: 有効商談}", "{mode: owner_role}")),
    _source(
        "sf", "MQL is nurturing", _swap("mql: [MQL], nurturing: [育成", "nurturing: [育成, MQL")
    ),
    _source("sf", "names say no instant", _without("extracted_at")),
    _source("sf", "not described yet", lambda _entry: ""),
    _source("expo", "another name header", _swap("full_name: 氏名", "full_name: お名前")),
    _source("expo", "titles not mapped", _without("job_title")),
    _source("expo", "another source", _swap("lead_source: 展示会", "lead_source: セミナー")),
    _source("expo", "in Los Angeles", _swap(*_LA)),
    _source("hubspot", "another portal", _swap('"990001"', '"990002"')),
    _source("hubspot", "not described yet", lambda _entry: ""),
)

# Whole sources leave last, so that what else is edited of them finds its text.
EDITS = {
    edit.name: edit
    for edit in sorted(
        (*_HOUSE_EDITS, *_PLANNING_EDITS, *_SOURCE_EDITS),
        key=lambda edit: edit.name.endswith("not described yet"),
    )
}


def edited(final: dict[str, str], names: Iterable[str]) -> dict[str, str]:
    """The texts of the files that can be edited, with these edits in force."""
    texts = dict(final)
    chosen = set(names)
    for name, edit in EDITS.items():
        if name in chosen:
            texts[edit.file] = edit.change(texts[edit.file])
    return texts
