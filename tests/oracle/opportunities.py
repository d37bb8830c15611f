"""Opportunities as at a date: stages, decision, won, lost, amounts.

Dictionary §3, §9.

What an opportunity was at an instant comes from its history rows and from every version of its
record; only instants whose local date is not after the as-of date are known.

Choices where the text is silent:
- Of a history row and a record version at one instant the record version speaks.
- A deal recorded lost is lost, whatever its close date says; win_rate_closed counts it on that
  date once it has come. It was over on the earlier of the two days.
- A loss is decided on the day its lost stage was first recorded, of the loss that still stands.
- Nothing recorded by the as-of date: the earliest known amount and stage stand in, but decide
  nothing.
- A stage the gate's name names is the gate, whether stages were exported or not.
- An opportunity that was closed on the very day another was created was not open then.
- The type of a deal is new or existing (§3) by the first word: 新規 / new; 既存 / existing and what
  is sold to customers (更新 renewal, 増額 upsell); any other word is `other`, no word none.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from tests.oracle.normalise import local_date, match_key, salesforce_id
from tests.oracle.persons import Accounts
from tests.oracle.records import Record, Records, versions_of
from tests.oracle.roster import Roster
from tests.oracle.settings import Settings, Source

_NEW = ("new", "新規")
_EXISTING = (
    "existing", "renewal", "upsell", "upgrade", "cross", "既存", "更新", "継続", "増額",
)  # fmt: skip


@dataclass(frozen=True)
class State:
    """What was recorded at one instant."""

    at: datetime
    day: date
    stage: str | None
    pipeline: str | None
    is_known: bool  # somebody says whether the stage is open, won or lost
    amount: float | None
    close_on: date | None
    is_closed: bool
    is_won: bool
    owner_id: str | None
    accepted_field: bool
    label: str | None  # the stage as the CRM calls it today
    sort_order: int | None
    probability: float | None  # 0 to 1
    is_amount_told: bool  # False: a history of no amounts at all says nothing of them


@dataclass
class Opportunity:
    id: str
    created_at: datetime
    created_on: date
    account_id: str | None
    contact_id: str | None
    owner_rep: str | None
    states: list[State]
    currency: str
    deal_type: str | None
    reject_reason: str | None
    yen_rate: float | None
    is_recorded: bool
    accepted_on: date | None = None

    @property
    def now(self) -> State:
        """The state at the as-of date."""
        return self.states[-1]

    @property
    def close_on(self) -> date | None:
        return self.now.close_on

    def is_won(self, as_of: date) -> bool:
        """Won on the close date, once the won stage is recorded (§9)."""
        said = self.is_recorded and self.now.is_won
        return said and self.close_on is not None and self.close_on <= as_of

    @property
    def is_lost(self) -> bool:
        return self.lost_recorded_on is not None

    @property
    def lost_recorded_on(self) -> date | None:
        """The day of the first of the lost states that have stood until now."""
        found = None
        for state in reversed(self.states if self.is_recorded else ()):
            if not state.is_closed or state.is_won:
                break
            found = state.day
        return found

    def lost_on(self, as_of: date) -> date | None:
        """The close date of a lost deal, once it has come."""
        if self.is_lost and self.close_on is not None and self.close_on <= as_of:
            return self.close_on
        return None

    def over_on(self, as_of: date) -> date | None:
        """The day since which it is open no more; None while it is."""
        if self.is_won(as_of):
            return self.close_on
        days = [day for day in (self.lost_recorded_on, self.close_on) if day is not None]
        return min(days) if self.is_lost else None

    @property
    def is_accepted(self) -> bool:
        return self.accepted_on is not None

    @property
    def is_rejected(self) -> bool:
        """Closed lost without ever passing the gate."""
        return self.is_lost and not self.is_accepted

    def yen(self, amount: float | None) -> float | None:
        return None if amount is None or self.yen_rate is None else amount * self.yen_rate


def opportunities(
    records: Records, settings: Settings, roster: Roster, accounts: Accounts, as_of: date
) -> dict[str, Opportunity]:
    """Every opportunity created by the as-of date and not deleted."""
    stages = Stages(records, settings)
    history: dict[str, list[Record]] = defaultdict(list)
    for rows in versions_of(
        records.get("salesforce.OpportunityHistory", ()), "Id", "CreatedDate"
    ).values():
        row = rows[-1]
        if not row.get("IsDeleted"):
            history[salesforce_id(row.get("OpportunityId")) or ""].append(row)
    found = {}
    for identity, versions in versions_of(
        records.get("salesforce.Opportunity", ()), "Id", "SystemModstamp"
    ).items():
        row = versions[-1]
        created_on = local_date(row["CreatedDate"], settings.zone)
        if row.get("IsDeleted") or created_on > as_of:
            continue
        source = settings.source(row, "salesforce")
        states = [
            _state(entry, entry["CreatedDate"], stages, source, settings)
            for entry in history.get(identity, ())
        ]
        states += [
            _state(version, version["SystemModstamp"], stages, source, settings)
            for version in versions
        ]
        states.sort(key=lambda state: state.at)
        known = [state for state in states if state.day <= as_of] or states[:1]
        currency = (
            row.get("CurrencyIsoCode") or source.default_currency or settings.default_currency
        )
        opportunity = Opportunity(
            id=identity,
            created_at=row["CreatedDate"],
            created_on=created_on,
            account_id=accounts.winner(salesforce_id(row.get("AccountId"))),
            contact_id=salesforce_id(row.get("ContactId")),
            owner_rep=roster.of_user(salesforce_id(row.get("OwnerId"))),
            states=known,
            currency=currency,
            deal_type=_deal_type(row.get("Type")),
            reject_reason=row.get(source.custom_fields.get("loss_reason", "LossReason__c")),
            yen_rate=yen_rate(records, currency, created_on),
            is_recorded=known[0].day <= as_of,
        )
        opportunity.accepted_on = _accepted_on(opportunity, source, stages, roster)
        found[identity] = opportunity
    return found


def _accepted_on(
    opportunity: Opportunity, source: Source, stages: Stages, roster: Roster
) -> date | None:
    """The first day the company's acceptance gate was passed (§9); won always passes."""
    if not opportunity.is_recorded:
        return None
    wanted = match_key(source.acceptance_stage)
    for state in opportunity.states:
        if state.is_won:
            return state.day
        if source.acceptance_mode == "owner_role":
            owner = roster.of_user(state.owner_id)
            passed = roster.attributes(owner, state.day).motion == "field_sales"
        elif source.acceptance_mode == "custom_field":
            passed = state.accepted_field
        else:
            stage = stages.of(source, state.pipeline, state.stage)
            gate = stages.of(source, state.pipeline, source.acceptance_stage)
            if stage is None or gate is None:
                passed = bool(wanted) and match_key(state.stage) == wanted
            else:
                passed = stage is gate or (
                    not state.is_closed and stage["SortOrder"] >= gate["SortOrder"]
                )
        if passed:
            return state.day
    return None


def stage_names(records: Records) -> frozenset[str]:
    """Every stage some export names: the list of stages, or an opportunity that stood in it."""
    stood = (
        row.get("StageName")
        for name in ("salesforce.Opportunity", "salesforce.OpportunityHistory")
        for row in records.get(name, ())
    )
    listed = (
        row.get(name)
        for row in records.get("salesforce.OpportunityStage", ())
        for name in ("MasterLabel", "ApiName")
    )
    return frozenset(match_key(stage) for stage in (*stood, *listed))


class Stages:
    """Stage rows by API name and by label; inactive ones stay (formats §6.10.7).

    A stage is one of its system's account, and of its pipeline where there are several.
    """

    def __init__(self, records: Records, settings: Settings) -> None:
        self._found: dict[tuple[str, str, str | None, str], Record] = {}
        for rows in versions_of(
            records.get("salesforce.OpportunityStage", ()), "Id", "SystemModstamp"
        ).values():
            row = rows[-1]
            source = settings.source(row, "salesforce")
            for name in ("MasterLabel", "ApiName"):
                place = (source.system, source.account, row.get("PipelineId"))
                self._found[*place, match_key(row.get(name))] = row

    def of(self, source: Source, pipeline: str | None, name: str | None) -> Record | None:
        return self._found.get((source.system, source.account, pipeline, match_key(name)))


def _state(row: Record, at: datetime, stages: Stages, source: Source, settings: Settings) -> State:
    stage = stages.of(source, row.get("PipelineId"), row.get("StageName"))
    amount = row.get("Amount")
    answer = row.get(source.acceptance_field) if source.acceptance_field else None
    percent = row.get("Probability")
    if percent is None and stage:
        percent = stage.get("DefaultProbability")
    return State(
        at=at,
        day=local_date(at, settings.zone),
        stage=row.get("StageName"),
        pipeline=row.get("PipelineId"),
        is_known=stage is not None or row.get("IsClosed") is not None,
        amount=None if amount is None else float(amount),
        close_on=row.get("CloseDate"),
        is_closed=bool(stage["IsClosed"] if stage else row.get("IsClosed")),
        is_won=bool(stage["IsWon"] if stage else row.get("IsWon")),
        owner_id=salesforce_id(row.get("OwnerId")),
        accepted_field=source.acceptance_map.get(str(answer).lower()) == "accepted",
        label=stage["MasterLabel"] if stage else row.get("StageName"),
        sort_order=stage["SortOrder"] if stage else None,
        probability=None if percent is None else float(percent) / 100,
        is_amount_told=row.get("IsAmountTold", True),
    )


def _deal_type(said: str | None) -> str | None:
    """new | existing | other, by how the picklists of CRMs begin; None when nothing is said."""
    word = match_key(said)
    if word.startswith(_NEW):
        return "new"
    if word.startswith(_EXISTING):
        return "existing"
    return "other" if word else None


def yen_rate(records: Records, currency: str, day: date) -> float | None:
    """Planning's latest rate valid on the creation date; yen is yen; no rate: none (§3)."""
    if currency == "JPY":
        return 1.0
    rates = [
        (row["valid_from"], float(row["rate"]))
        for row in records.get("planning.currency_rates", ())
        if row["currency"] == currency and row["valid_from"] <= day
    ]
    return max(rates)[1] if rates else None
