"""Calls: groups of legs, their CRM twins, who was reached and whether it was a connect.

Dictionary §1 and §9 Calls, formats §6.7, §6.9, §7. Each `Call` keeps its flags, so a
difference can be explained call by call.

Choices where the text is silent:
- Who answered is told by the customer's leg (primary or dialer), in its absence by any leg but our
  own voicemail; of an incoming call any leg tells whether it was answered (§7.1, §7.3).
- Two legs of one conversation: talk is the agent's behind a dialler (its own leg contains the
  waiting), else the customer's (§6.7.3). Analysis follows the talk.
- A dial needs more than monitoring, menu and queue legs (§6.7.1, §7.2.1).
- A number that is one account's own is that account's alone (§1: a company's main number).
- A word of a Task's text names a call if it is as long as a uuid; a shorter one only within the
  window and with the same rep or number (§6.9.1). A word glued to others by _ is a word, too, and so is
  any uuid.
- A Task on nobody but an account is of a call with one of the account's numbers (same user, same
  account, §6.9.3); a Task that names the person goes before it.
- A number the CRM noted of the call itself goes before those of the person it names.
- The CRM id on the call's own row goes before all else (§4.1, §6.3.3a). An account named there or in
  the Task does not contradict a person of it.
- A call with a colleague is internal: the person the row or the Task names, else everybody who has the
  number (§6.7.7).
- Nobody's Task counts as a call of a person without CTI, unless its owner is an agent in the CTI
  or wrote Tasks the CTI knows of (§0.7).
- CRM-only calls with CallType Inbound are calls too (inbound_connects may come of them).
- A deleted call Task is neither a twin nor a dial. Several Tasks naming one call: the earliest.
- The own numbers of all sources are the company's own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from tests.oracle.calendar import days, is_business_day
from tests.oracle.hubspot import E9
from tests.oracle.normalise import local_date, match_key, phone
from tests.oracle.persons import Person, Persons
from tests.oracle.records import (
    Leg,
    Records,
    Task,
    history_legs,
    mapped_legs,
    newest_delivery,
    tasks,
    users,
    webhook_legs,
)
from tests.oracle.roster import Roster
from tests.oracle.settings import Settings, Source

INTENDED = {"connected", "callback_requested", "meeting_set", "not_interested"}
NOT_INTENDED = {
    "gatekeeper", "left_live_message", "wrong_number", "no_answer", "busy", "left_voicemail",
    "do_not_call",
}  # fmt: skip

Gap = tuple[bool, float]  # (only the account is named, seconds)


@dataclass
class Call:
    """One call group, or one CRM-only call."""

    id: str
    origin: str  # cti | crm
    source: Source
    rep: str | None
    day: date
    started_at: datetime
    ended_at: datetime
    direction: str
    number: str | None
    is_internal: bool
    is_open: bool
    is_answered: bool
    is_machine: bool
    has_agent: bool
    talk_seconds: float
    answered_by: str = "not_measured"
    is_overlong: bool = False
    is_only_machinery: bool = False
    analysed_legs: list[Leg] = field(default_factory=list)
    customer_spoke: bool = False
    feed: str = "crm"  # of the leg it began with: webhook | history | mapped
    keywords: frozenset[str] = frozenset()
    call_list: str | None = None
    crm_record_id: str | None = None
    disposition: str | None = None
    twin: Task | None = None
    match_level: str = "none"
    match_basis: str | None = None
    person: Person | None = None
    account_id: str | None = None
    is_connect: bool = False
    connect_basis: str = "none"
    is_unidentified_party: bool = False

    @property
    def is_dial(self) -> bool:
        return (
            self.direction == "outbound"
            and not self.is_internal
            and not self.is_open
            and not self.is_only_machinery
        )

    @property
    def has_analysis(self) -> bool:
        return bool(self.analysed_legs)

    @property
    def turns(self) -> int | None:
        counted = [leg.turns for leg in self.analysed_legs if leg.turns is not None]
        return sum(counted) if counted else None

    @property
    def agent_talk_seconds(self) -> float:
        return sum(leg.talk_seconds * (leg.agent_talk_ratio or 0) for leg in self.analysed_legs)

    @property
    def customer_talk_seconds(self) -> float:
        return sum(
            leg.talk_seconds * (1 - leg.agent_talk_ratio)
            for leg in self.analysed_legs
            if leg.agent_talk_ratio is not None
        )

    @property
    def is_human_reached(self) -> bool:
        """Dictionary §9: a disposition naming the intended person proves a human under 5 s too."""
        return (
            self.is_answered
            and not self.is_machine
            and not self.is_open
            and not self.is_internal
            and self.has_agent
            and (self.talk_seconds >= self.source.min_human_seconds or self.disposition in INTENDED)
        )

    @property
    def has_disposition_conflict(self) -> bool:
        return self.disposition in INTENDED and not self.is_answered


class Dispositions:
    """The planning table: what the rep's own words mean, and which of several words wins."""

    def __init__(self, records: Records) -> None:
        self._rows = {
            (str(row.get("source_id") or "*"), match_key(row["value"])): (
                int(row["rank"]),
                str(row["disposition"]),
            )
            for row in records.get("planning.dispositions", ())
        }

    def best(self, source_id: str, values: Iterable[str]) -> str | None:
        """The mapped value of the smallest rank; `other` and `unknown` say nothing."""
        read = (
            self._rows.get((source_id, match_key(value)), self._rows.get(("*", match_key(value))))
            or _of_every_portal(value)
            for value in values
        )
        known = [row for row in read if row and row[1] not in ("other", "unknown")]
        return min(known)[1] if known else None

    def of_task(self, task: Task) -> str | None:
        """What the CRM says of a call only it knows, its telephone where the rep says nothing."""
        return self.best(task.source.id, [task.result]) if task.result else task.stands_for


def _of_every_portal(value: str) -> tuple[int, str] | None:
    """A HubSpot GUID planning says nothing of (E9); a call has one, so ranks do not matter."""
    meaning = E9.get(value.strip().lower())
    return None if meaning is None else (0, meaning)


def calls(
    records: Records, settings: Settings, roster: Roster, persons: Persons, as_of: date
) -> list[Call]:
    """Every call whose day is not after the as-of date."""
    dispositions = Dispositions(records)
    grouped: dict[tuple[str, str], list[Leg]] = defaultdict(list)
    for leg in authoritative_legs(records, settings):
        grouped[(leg.account, leg.call_id)].append(leg)
    own = own_numbers(settings)
    found = [
        call
        for group in grouped.values()
        if (call := _call(group, settings, roster, dispositions, own)).day <= as_of
    ]
    call_tasks = [
        task
        for task in tasks(records, settings)
        if task.kind == "call"
        and task.is_closed
        and not task.is_deleted
        and local_date(task.at, settings.zone) <= as_of
    ]
    _link_twins(found, grouped, call_tasks, settings, roster, persons)
    twins = {call.twin.id for call in found if call.twin}
    for call in found:
        if call.disposition is None and call.twin and call.twin.result:
            call.disposition = dispositions.best(call.twin.source.id, [call.twin.result])
            call.is_machine = call.is_machine or call.disposition == "left_voicemail"
        _match(call, persons)
        _judge(call)
    agents = {leg.agent_email for group in grouped.values() for leg in group if leg.agent_email}
    on_the_phone = {task.owner_id for task in call_tasks if task.id in twins} | {
        user for user, address in users(records).items() if address in agents
    }
    for task in call_tasks:
        if task.id not in twins:
            logged = _crm_call(task, settings, roster, persons, dispositions, on_the_phone)
            if logged:
                found.append(logged)
    return sorted(found, key=lambda call: (call.day, call.id))


# --- which rows of which feed (formats §6.6) --------------------------------------------------


def authoritative_legs(records: Records, settings: Settings) -> list[Leg]:
    """Per account: the webhook on the dates its files cover, the history on the others; both
    united by leg id when at least 95 % of the smaller feed's ids on common dates are shared."""
    sent, exported = _in_accounts(webhook_legs(records, settings), history_legs(records, settings))
    webhook, history = newest_delivery(sent), newest_delivery(exported)
    kept = newest_delivery(mapped_legs(records, settings))
    closed = {row["holiday_date"] for row in records.get("planning.company_holidays", ())}
    for account in sorted({leg.account for leg in (*webhook, *history)}):
        ours = [leg for leg in webhook if leg.account == account]
        theirs = [leg for leg in history if leg.account == account]
        our_days = _covered(sent, account, settings, closed)
        their_days = _covered(exported, account, settings, closed)
        common = our_days & their_days
        our_ids = {leg.leg_id for leg in ours if _day(leg, settings) in common}
        their_ids = {leg.leg_id for leg in theirs if _day(leg, settings) in common}
        smaller = min(len(our_ids), len(their_ids))
        united = smaller > 0 and len(our_ids & their_ids) / smaller >= 0.95
        known = {leg.leg_id for leg in ours}
        kept += _with_newer_memos(ours, theirs) if united else ours
        for leg in theirs:
            if leg.leg_id not in known and (united or _day(leg, settings) not in our_days):
                kept.append(leg)
    return kept


def days_of_accounts(records: Records, settings: Settings) -> dict[str, set[date]]:
    """MiiTel account -> the days one of its feeds speaks of (dictionary §0.2)."""
    feeds = _in_accounts(webhook_legs(records, settings), history_legs(records, settings))
    closed = {row["holiday_date"] for row in records.get("planning.company_holidays", ())}
    return {
        account: set().union(*(_covered(legs, account, settings, closed) for legs in feeds))
        for account in {leg.account for legs in feeds for leg in legs}
    }


def _in_accounts(sent: list[Leg], exported: list[Leg]) -> tuple[list[Leg], list[Leg]]:
    """Both feeds with the tenant's code as account (formats §4.0) and ids that carry it.

    The webhook's rows name it. A CSV's source does where some row confirms it; else its tenant is
    the only one that the webhook of the same source, or of a source configured alike, knows.
    """

    def code(text: str | None) -> str:
        return (text or "").strip().lower()

    tenants: dict[str, set[str]] = defaultdict(set)
    configured = {leg.source.id: code(leg.source.account) for leg in (*sent, *exported)}
    for leg in sent:
        if leg.account:
            tenants[leg.source.id].add(code(leg.account))
    every = set().union(*tenants.values())

    def of_silent(source_id: str) -> str:
        said = configured[source_id]
        if said and said in every:
            return said
        feeds = {item for item, other in configured.items() if said and other == said}
        known = set().union(*(tenants[feed] for feed in feeds | {source_id}))
        return known.pop() if len(known) == 1 else said or source_id

    def placed(leg: Leg, account: str) -> Leg:
        return replace(leg, account=account, call_id=f"miitel:{account}:{leg.call_id}")

    return (
        [placed(leg, code(leg.account) or of_silent(leg.source.id)) for leg in sent],
        [placed(leg, of_silent(leg.source.id)) for leg in exported],
    )


def _with_newer_memos(ours: list[Leg], theirs: list[Leg]) -> list[Leg]:
    """Formats §6.6.3–4: 応対メモ is written late; a CSV exported later than the webhook's copy of
    the same leg has the last word where it says something."""
    memos = {leg.leg_id: leg for leg in theirs if leg.dispositions}
    return [
        replace(leg, dispositions=memos[leg.leg_id].dispositions)
        if leg.leg_id in memos and memos[leg.leg_id].delivery[0] > leg.delivery[0]
        else leg
        for leg in ours
    ]


def _day(leg: Leg, settings: Settings) -> date:
    return local_date(leg.started_at, settings.zone)


def _covered(legs: Iterable[Leg], account: str, settings: Settings, closed: set[date]) -> set[date]:
    """The dates a feed's files speak of (dictionary §0.2): per file the days its name states,
    else what `_stretches` finds. Files without any accepted record are unknown here."""
    legs = list(legs)
    serving = {leg.source.id for leg in legs if leg.account == account}
    by_file: dict[tuple[str, datetime, str], set[date]] = defaultdict(set)
    sources: dict[str, Source] = {}
    for leg in legs:
        if leg.source.id in serving:
            by_file[(leg.source.id, *leg.delivery[:2])].add(_day(leg, settings))
            sources[leg.source.id] = leg.source
    covered: set[date] = set()
    seen: dict[str, set[date]] = defaultdict(set)
    for (source_id, _, file), found in sorted(by_file.items()):
        source = sources[source_id]
        named = None
        if source.coverage_basis == "file_name" and source.coverage_pattern:
            named = re.search(source.coverage_pattern, file)
        if named:
            covered |= set(days(_date(named["from"]), _date(named["to"])))
        else:
            covered |= _stretches(found, found - seen[source_id], closed)
        seen[source_id] |= found
    return covered


def _stretches(found: set[date], new: set[date], closed: set[date]) -> set[date]:
    """The days a file speaks of: all from its first to its last new day; a day some earlier file brought
    already is delivered again and proves only itself and the days off up to the next."""
    covered = found | (set(days(min(new), max(new))) if new else set())
    ordered = sorted(found)
    for one, other in pairwise(ordered):
        between = days(one, other)[1:-1]
        if not any(is_business_day(day, closed) for day in between):
            covered |= set(between)
    return covered


def _date(text: str) -> date:
    return datetime.strptime(text.replace("-", ""), "%Y%m%d").date()


# --- one call group (formats §7.1) ------------------------------------------------------------


def _call(
    group: list[Leg],
    settings: Settings,
    roster: Roster,
    dispositions: Dispositions,
    own: frozenset[str | None],
) -> Call:
    legs = sorted(group, key=lambda leg: (leg.started_at, leg.leg_id))
    ids = {leg.leg_id for leg in legs}
    roots = [leg for leg in legs if leg.previous_id is None or leg.previous_id not in ids]
    root = (roots or legs)[0]
    ours = [leg for leg in legs if leg.has_agent and leg.role != "monitor"]
    agent_leg: Leg | None = root if root.has_agent else None
    if root.role == "dialer":
        ours = [leg for leg in ours if leg.is_answered]
        agent_leg = ours[0] if ours else None
    elif agent_leg is None and root.direction == "outbound":
        agent_leg = next((leg for leg in ours if leg.role == "agent"), None)
    read = phone(
        root.customer_number,
        region=root.source.region,
        repair_leading_zero=root.source.repair_leading_zero,
        allow_bare_81=root.source.allow_bare_81,
    )
    answered = [leg for leg in legs if leg.is_answered]
    theirs = [leg for leg in legs if leg.role in ("primary", "dialer")] or legs
    taken = [leg for leg in theirs if leg.is_answered]
    is_answered = bool(taken if root.direction == "outbound" else answered)
    spoken = _once(answered, answered)
    analysed = [leg for leg in legs if leg.has_analysis and leg.role != "monitor"]
    analysed = _once(analysed, answered) or analysed
    values = [value for leg in legs if leg.role != "monitor" for value in leg.dispositions]
    lists = [leg.call_list for leg in legs if leg.call_list]
    named = [leg.crm_record_id for leg in legs if leg.crm_record_id]
    disposition = dispositions.best(root.source.id, values)
    return Call(
        id=root.call_id,
        origin="cti",
        source=root.source,
        rep=roster.of_leg(agent_leg) if agent_leg else None,
        day=local_date(legs[0].started_at, settings.zone),
        started_at=legs[0].started_at,
        ended_at=max(leg.ended_at or leg.started_at for leg in legs),
        direction="unknown" if root.direction == "inherit" else root.direction,
        number=read.person_key,
        is_internal=root.direction == "internal" or root.role == "internal" or read.e164 in own,
        is_open=root.result == "in_progress",
        is_answered=is_answered,
        is_machine=_answered_by(theirs, taken) in ("machine", "fax")
        or disposition == "left_voicemail",
        has_agent=bool(ours),
        talk_seconds=sum(leg.talk_seconds for leg in spoken) if is_answered else 0.0,
        answered_by=_answered_by(theirs, taken),
        is_overlong=any(leg.is_overlong for leg in legs),
        is_only_machinery=all(leg.role in ("monitor", "ivr", "queue") for leg in legs),
        analysed_legs=analysed,
        customer_spoke=any(leg.customer_spoke for leg in legs if leg.has_analysis),
        feed=root.feed,
        keywords=frozenset().union(
            *(leg.keywords for leg in legs if leg.has_analysis and leg.role != "monitor")
        ),
        call_list=lists[0] if lists else None,
        crm_record_id=named[0] if named else None,
        disposition=disposition,
    )


def _once(legs: list[Leg], answered: list[Leg]) -> list[Leg]:
    """The legs without those that say the conversation of an answered leg a second time."""
    has_person = any(leg.role != "dialer" for leg in answered)
    has_customer = any(leg.role == "primary" for leg in answered)
    return [
        leg
        for leg in legs
        if not (leg.role == "dialer" and has_person) and not (leg.role == "agent" and has_customer)
    ]


def _answered_by(theirs: list[Leg], taken: list[Leg]) -> str:
    """Our own voicemail (role voicemail) says nothing of the customer."""
    told = {leg.answered_by for leg in theirs if leg.role != "voicemail"}
    for machine in ("machine", "fax"):
        if machine in told:
            return machine
    if any(leg.is_voicemail for leg in taken):
        return "machine"
    return "human" if any(leg.answered_by == "human" for leg in taken) else "not_measured"


def own_numbers(settings: Settings) -> frozenset[str | None]:
    """Formats §6.2.7: they never become customer numbers."""
    read = (
        phone(
            raw,
            region=source.region,
            repair_leading_zero=source.repair_leading_zero,
            allow_bare_81=source.allow_bare_81,
        ).e164
        for source, raw in settings.own_numbers
    )
    return frozenset(number for number in read if number is not None)


# --- the same call in the CRM (formats §6.9) --------------------------------------------------


def _link_twins(
    found: list[Call],
    grouped: dict[tuple[str, str], list[Leg]],
    call_tasks: list[Task],
    settings: Settings,
    roster: Roster,
    persons: Persons,
) -> None:
    by_id = {call.id: call for call in found}
    free = sorted(call_tasks, key=lambda task: (task.at, task.id))
    leg_ids: dict[str, str] = {}
    written: dict[str, set[str]] = defaultdict(set)
    for (_, call_id), group in grouped.items():
        for leg in group:
            leg_ids[leg.leg_id.lower()] = call_id
            if leg.crm_activity_id and call_id in by_id:
                written[leg.crm_activity_id].add(call_id)
    window = timedelta(seconds=settings.match_window_seconds)

    def is_close(task: Task, call: Call) -> bool:
        rep, person = roster.of_user(task.owner_id), persons.of_record(task.who_id)
        return call.started_at - window <= task.at <= call.ended_at + window and (
            (rep is not None and rep == call.rep)
            or (person is not None and call.number in persons.numbers_of(person))
        )

    def named_by(task: Task) -> set[str]:
        named = (_words(task.reference) | {task.reference}) & leg_ids.keys()
        mentioned = _words(task.text) & leg_ids.keys()
        return {leg_ids[word] for word in named} & by_id.keys() | {
            leg_ids[word]
            for word in mentioned
            if leg_ids[word] in by_id and (len(word) >= 32 or is_close(task, by_id[leg_ids[word]]))
        }

    naming = {task.id: named_by(task) for task in free}
    # §6.9: what the CRM says of the call goes before what the call says of the CRM.
    for is_said_by_task in (True, False):
        for task in list(free):
            if bool(naming[task.id]) is not is_said_by_task:
                continue
            calls_named = naming[task.id] if is_said_by_task else written[task.id]
            if len(calls_named) == 1:
                call = by_id[next(iter(calls_named))]
                free.remove(task)
                if call.twin is None:
                    call.twin = task
    _nearest(
        [call for call in found if call.twin is None and call.rep and not call.is_internal],
        free, settings, roster, persons,
    )  # fmt: skip


def _words(text: str) -> set[str]:
    """What could be a leg's id: the words, their longer parts between underscores, and every uuid."""
    words = set(re.findall(r"[a-z0-9_-]+", text))
    parts = {part for word in words for part in word.split("_") if len(part) >= 6}
    return words | parts | set(_UUID.findall(text))


_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def _nearest(
    open_calls: list[Call],
    open_tasks: list[Task],
    settings: Settings,
    roster: Roster,
    persons: Persons,
) -> None:
    """Rounds of mutual nearest; whoever has a tie for nearest in a round stays unmatched. A Task that
    names nobody but the account is further than any that names the person."""
    window = timedelta(seconds=settings.match_window_seconds)
    distance: dict[tuple[str, str], Gap] = {}
    by_number: dict[tuple[str, str], list[Call]] = defaultdict(list)
    for call in open_calls:
        if call.number and call.rep:
            by_number[(call.rep, call.number)].append(call)
    for task in open_tasks:
        rep, person = roster.of_user(task.owner_id), persons.of_record(task.who_id)
        if rep is None:
            continue
        if task.number:
            numbers = {task.number}
        elif person:
            numbers = persons.numbers_of(person)
        else:
            numbers = persons.numbers_of_account(persons.accounts.winner(task.account_id))
        for number in numbers:
            for call in by_number.get((rep, number), ()):
                if call.started_at - window <= task.at <= call.ended_at + window:
                    gap = abs((task.at - call.ended_at).total_seconds())
                    distance[(call.id, task.id)] = (person is None, gap)
    calls_by_id = {call.id: call for call in open_calls}
    tasks_by_id = {task.id: task for task in open_tasks}
    while distance:
        nearest_task = _unique_nearest(distance, 0)
        nearest_call = _unique_nearest(distance, 1)
        gone_calls = {call for call, task in nearest_task.items() if task is None}
        gone_tasks = {task for task, call in nearest_call.items() if call is None}
        for call_id, task_id in nearest_task.items():
            if task_id is not None and nearest_call[task_id] == call_id:
                calls_by_id[call_id].twin = tasks_by_id[task_id]
                gone_calls.add(call_id)
                gone_tasks.add(task_id)
        if not gone_calls and not gone_tasks:
            break
        distance = {
            pair: gap
            for pair, gap in distance.items()
            if pair[0] not in gone_calls and pair[1] not in gone_tasks
        }


def _unique_nearest(distance: dict[tuple[str, str], Gap], side: int) -> dict[str, str | None]:
    """For every id on one side the nearest of the other, None when two are equally near."""
    best: dict[str, tuple[Gap, str | None]] = {}
    for pair, gap in distance.items():
        mine, other = pair[side], pair[1 - side]
        if mine not in best or gap < best[mine][0]:
            best[mine] = (gap, other)
        elif gap == best[mine][0]:
            best[mine] = (gap, None)
    return {mine: other for mine, (_, other) in best.items()}


# --- who was called, and was it a connect (formats §7.2) --------------------------------------


def _match(call: Call, persons: Persons) -> None:
    """The CRM id on the row, then the Task's WhoId (dictionary §9: a person-level match even on a
    shared number), then the number, then the Task's account."""
    named, stated = (
        persons.of_record(call.crm_record_id),
        persons.accounts.known(call.crm_record_id),
    )
    told = persons.of_record(call.twin.who_id) if call.twin else None
    tasks_account = persons.accounts.winner(call.twin.account_id) if call.twin else None
    told_account = (told.account_id if told else None) or tasks_account
    level, person, account = persons.by_number(call.number)

    def link(level: str, basis: str, person: Person | None, account: str | None) -> None:
        call.match_level, call.match_basis = level, basis
        call.person, call.account_id = person, account

    is_colleague = persons.is_colleagues_number(call.number)
    if named:
        link("person", "crm_record", named, named.account_id)
        is_colleague = persons.is_colleague(call.crm_record_id)
    elif call.twin and told and stated in (None, told_account):
        link("person", "crm_activity", told, told_account)
        is_colleague = persons.is_colleague(call.twin.who_id)
    elif level == "person" and stated in (None, account):
        link("person", "phone", person, account)
    elif stated:
        link("account", "crm_record", None, stated)
    elif level == "account":
        link("account", "phone", None, account)
    elif tasks_account:
        link("account", "crm_activity", None, tasks_account)
    call.is_internal = call.is_internal or is_colleague


def _judge(call: Call) -> None:
    """Formats §7.2, first match wins; dictionary §1: speech and duration need a person."""
    if call.is_internal or call.is_open or not call.is_answered or call.is_machine:
        return
    if not call.has_agent:
        return
    source = call.source
    if call.disposition in INTENDED:
        call.is_connect, call.connect_basis = True, "disposition"
        return
    if call.disposition in NOT_INTENDED:
        call.connect_basis = "disposition"
        return
    if call.has_analysis:
        basis = "speech"
        passes = call.talk_seconds >= source.speech_min_seconds and (
            (call.turns or 0) >= source.speech_min_turns
            or call.customer_talk_seconds >= source.speech_min_customer_seconds
            or call.customer_spoke
        )
    else:
        basis = "duration"
        passes = not source.require_disposition and call.talk_seconds >= source.duration_min_seconds
    if passes and call.is_human_reached:
        if call.match_level == "person":
            call.is_connect, call.connect_basis = True, basis
        else:
            call.is_unidentified_party = True


def _crm_call(
    task: Task,
    settings: Settings,
    roster: Roster,
    persons: Persons,
    dispositions: Dispositions,
    on_the_phone: set[str | None],
) -> Call | None:
    """Dictionary §9: a person without CTI. None when the owner has a phone system."""
    rep = roster.of_user(task.owner_id)
    day = local_date(task.at, settings.zone)
    has_cti = task.owner_id in on_the_phone if rep is None else roster.has_cti(rep, day)
    if has_cti or task.direction == "internal" or persons.is_colleague(task.who_id):
        return None
    disposition = dispositions.of_task(task)
    person = persons.of_record(task.who_id)
    account = (person.account_id if person else None) or persons.accounts.winner(task.account_id)
    call = Call(
        id=task.id,
        origin="crm",
        source=task.source,
        rep=rep,
        day=day,
        started_at=task.at,
        ended_at=task.at,
        direction=task.direction,
        number=None,
        is_internal=False,
        is_open=False,
        is_answered=disposition not in ("no_answer", "busy"),
        is_machine=disposition == "left_voicemail",
        has_agent=True,
        talk_seconds=task.duration,
        is_overlong=task.duration > 12 * 3600,
        disposition=disposition,
        match_level="person" if person else "account" if account else "none",
        match_basis="crm_activity" if person or account else None,
        person=person,
        account_id=account,
    )
    if call.disposition in NOT_INTENDED:
        call.connect_basis = "disposition"
    elif call.disposition in INTENDED and call.is_answered:
        call.is_connect, call.connect_basis = True, "disposition"
    return call
