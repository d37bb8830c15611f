"""The selling company: who works there and when, how good each one really is, what it plans.

Made before the first day; the days themselves are `behaviour`'s.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import holidays

from tests.simulator import vocabulary
from tests.simulator.identifiers import SalesforceIds, salesforce_suffix
from tests.simulator.world import Plan, Record, days

ACCOUNT: Final = "minamo-demo"
OWN_NUMBERS: Final = ("0300000100", "0300000101", "0600000200", "05000000300")
ACCEPTANCE_STAGE: Final = "有効商談"
MEMO_SEPARATOR: Final = "、"
OSAKA_LIST: Final = "OSK-01"  # how the Osaka office's telephone numbers its list
LEAD_STATUS: Final = {"MQL": "mql", "育成": "nurturing", "返却": "handed_back"}
MEETING_OUTCOMES: Final = {
    "実施": "held",
    "不参加": "no_show",
    "キャンセル": "canceled",
    "日程変更": "rescheduled",
}

# ApiName, SortOrder, probability, IsClosed, IsWon, IsActive. ヒアリング済 is a label of last year.
STAGES: Final = (
    ("初回商談", 1, 10, False, False, True),
    (ACCEPTANCE_STAGE, 2, 25, False, False, True),
    ("ヒアリング済", 3, 30, False, False, False),
    ("提案", 4, 45, False, False, True),
    ("見積提示", 5, 60, False, False, True),
    ("最終交渉", 6, 80, False, False, True),
    ("受注", 7, 100, True, True, True),
    ("失注", 8, 0, True, False, True),
)


# Dials a day against the plan's, by what somebody does.
PACE: Final = {"sdr": 0.9, "bdr": 1.18}


@dataclass
class Rep:
    """A person on the roster, with the skill only the simulator knows."""

    rep_id: str
    name: str
    email: str
    user_id: str
    rows: list[Record] = field(default_factory=list)
    absent: dict[date, str] = field(default_factory=dict)  # day -> full | half
    phone: str = "miitel"  # miitel | mapped | crm
    reach: float = 1.0  # gets past the reception
    convert: float = 1.0  # turns talks into meetings
    handoff: float = 1.0  # quality of what is handed to field sales
    tagging: float = 0.75  # share of answered calls with a memo
    talk_ratio: float = 0.5
    slow_from: date | None = None  # dials a third as much from that day on
    own_number: str = OWN_NUMBERS[0]
    extension: str = "200"

    def row(self, day: date) -> Record | None:
        """The roster row valid on a day."""
        for row in self.rows:
            if row["valid_from"] <= day and (row["valid_to"] is None or day <= row["valid_to"]):
                return row
        return None

    def motion(self, day: date) -> str | None:
        row = self.row(day)
        return None if row is None else row["motion"]


@dataclass
class Company:
    plan: Plan
    reps: list[Rep]
    managers: list[Rep]
    users: list[Record]
    marketing_user_id: str
    closed_days: frozenset[date]
    company_holidays: tuple[date, ...]
    bad_list_owners: tuple[str, ...]
    weak_talker: str | None
    gamer: str | None

    @property
    def everyone(self) -> list[Rep]:
        return [*self.reps, *self.managers]

    def is_business_day(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.closed_days

    def business_day_after(self, day: date, number: int) -> date:
        """The `number`th business day after `day` (0 = the day itself or the next open one)."""
        while not self.is_business_day(day):
            day += timedelta(days=1)
        while number > 0:
            day += timedelta(days=1)
            if self.is_business_day(day):
                number -= 1
        return day


def _names(rng: random.Random, number: int) -> list[tuple[str, str, str]]:
    """Distinct (name, surname romaji, given romaji)."""
    pairs = [(s, g) for s in vocabulary.SURNAMES for g in vocabulary.GIVEN_NAMES]
    rng.shuffle(pairs)
    names = []
    for index in range(number):
        surname, given = pairs[index % len(pairs)]
        again = index // len(pairs)  # a very large company has namesakes
        names.append((f"{surname[0]} {given[0]}{again or ''}", surname[1], given[1]))
    return names


def found(plan: Plan, ids: SalesforceIds) -> Company:
    """Roster with its history, users, calendar.

    The stories of a plan with `stories`, by who tells them:

    - bad list: two BDRs get the bought list, whose numbers are wrong or reach a reception;
    - weak talk: an SDR gets through better than anybody and loses nearly all of them;
    - gamed quarter: another SDR ends a quarter with appointments nobody called for or comes to;
    - a channel that converts: the web form's people are looking for just this (`desk`);
    - team change: an SDR moves to the BDRs halfway and dials a third as much there;
    - late acceptances: in the last two months but one field sales decides in the last week (`sales`).
    """
    rng = random.Random(f"{plan.seed}:company")
    who = plan.identity
    sdrs = max(1, round(plan.reps * 5 / 12))
    bdrs = max(1, round(plan.reps * 4 / 12))
    fields = max(1, plan.reps - sdrs - bdrs)
    start = date(plan.first_day.year - 1, 10, 1)
    middle = plan.month_start(plan.months // 2)
    names = _names(rng, sdrs + bdrs + fields + 3)
    reps: list[Rep] = []
    managers: list[Rep] = []

    def person(rep_id: str, number: int) -> Rep:
        name, surname, given = names[number]
        return Rep(
            rep_id,
            name,
            f"{given}.{surname}{number if plan.reps > 24 else ''}@{who.domain}",
            ids.new("User"),
            own_number=OWN_NUMBERS[number % 2],
            extension=str(201 + number),
        )

    def row(rep: Rep, team: str, unit: int, motion: str, manager: str | None) -> Record:
        has_cti = "none" if rep.phone == "crm" or motion in ("field_sales", "manager") else "yes"
        # Copied by hand from the address bar of the CRM: some ids have 15 characters.
        user_id = (
            rep.user_id[:15]
            if int(rep.rep_id.lstrip(who.rep_letter + who.manager_letter)) % 3 == 0
            else rep.user_id
        )
        return {
            "rep_id": rep.rep_id,
            "rep_name": rep.name,
            "email": rep.email,
            "crm_user_id": user_id,
            "cti_user_key": rep.email if has_cti == "yes" else None,
            "team": team,
            "business_unit": who.business_units[unit % len(who.business_units)],
            "motion": motion,
            "manager_rep_id": manager,
            "cti": has_cti,
            "valid_from": start,
            "valid_to": None,
        }

    for number, label in enumerate(who.departments):
        boss = person(f"{who.manager_letter}{number + 1:02d}", sdrs + bdrs + fields + number)
        boss.rows.append(row(boss, label, 0, "manager", None))
        managers.append(boss)

    for number in range(sdrs + bdrs + fields):
        rep = person(f"{who.rep_letter}{number + 1:02d}", number)
        rep.reach = rng.uniform(0.85, 1.2)
        rep.convert = rng.uniform(0.85, 1.2)
        rep.handoff = rng.uniform(0.85, 1.15)
        rep.tagging = rng.uniform(0.68, 0.84)
        rep.talk_ratio = rng.uniform(0.42, 0.56)
        reps.append(rep)
        if not who.has_phone_system and number < sdrs + bdrs:
            rep.phone = "crm"
            rep.tagging = 0.93
        if number < sdrs:
            unit = 0 if number * 5 < sdrs * 3 else 1
            if number == 3:
                rep.phone = "crm"
                rep.tagging = 0.93
            rep.rows.append(row(rep, who.sdr_teams[unit], unit, "sdr", managers[0].rep_id))
        elif number < sdrs + bdrs:
            place = number - sdrs
            last = place == bdrs - 1 and bdrs >= 3
            if last:
                rep.phone = "mapped"
                rep.own_number = OWN_NUMBERS[2]
            rep.rows.append(
                row(
                    rep,
                    who.last_bdr_team if last else who.bdr_team,
                    1 if last else 0,
                    "bdr",
                    managers[0].rep_id,
                )
            )
        else:
            place = number - sdrs - bdrs
            rep.rows.append(row(rep, who.field_team, place, "field_sales", managers[-1].rep_id))

    weak = reps[1] if sdrs >= 2 and plan.stories else None
    if weak is not None:
        # The weak talk: gets through better than anybody and loses them all.
        weak.reach, weak.convert, weak.talk_ratio = 1.5, 0.12, 0.78
    if sdrs >= 3 and not plan.calm:
        mover = reps[2]
        old = mover.rows[0]
        new = dict(old, team=who.bdr_team, business_unit=who.business_units[0], motion="bdr")
        new["valid_from"] = middle
        old["valid_to"] = middle - timedelta(days=1)
        mover.rows.append(new)
        mover.slow_from = middle if plan.stories else None
    if sdrs >= 5 and not plan.calm:
        reps[4].rows[0]["valid_to"] = min(middle + timedelta(days=44), plan.as_of)

    company_holidays = tuple(
        day
        for day in days(plan.first_day, plan.as_of)
        if day.month == 8 and 12 <= day.day <= 14 and day.weekday() < 5
    )
    years = range(plan.first_day.year, plan.as_of.year + 2)
    closed = frozenset(holidays.country_holidays("JP", years=years)) | set(company_holidays)

    for rep in reps:
        for month in range(plan.months):
            if rng.random() < 0.55:
                day = plan.month_start(month) + timedelta(days=rng.randrange(27))
                if day.weekday() < 5 and day not in closed:
                    rep.absent[day] = "half" if rng.random() < 0.3 else "full"

    marketing_id = ids.new("User")
    users = [_user(rep, who.departments[0], plan, managers) for rep in [*reps, *managers]]
    for name, key, user_id in (
        ("マーケティング 共有", "marketing", marketing_id),
        ("電話連携 システム", "cti-integration", ids.new("User")),
    ):
        users.append(
            _user(
                Rep("X00", name, f"{key}@{who.domain}", user_id), "マーケティング部", plan, managers
            )
        )
    return Company(
        plan,
        reps,
        managers,
        users,
        marketing_id,
        frozenset(closed),
        company_holidays,
        tuple(rep.rep_id for rep in reps[sdrs : sdrs + 2]),
        weak.rep_id if weak is not None else None,
        reps[0].rep_id if weak is not None and plan.gamed_until is not None else None,
    )


def _user(rep: Rep, department: str, plan: Plan, managers: list[Rep]) -> Record:
    from tests.simulator.world import utc

    made = utc(date(plan.first_day.year - 1, 10, 1), 9 * 3600)
    last = rep.rows[-1] if rep.rows else None
    boss = managers[-1] if last is not None and last["motion"] == "field_sales" else managers[0]
    return {
        "Id": rep.user_id,
        "Username": f"{rep.email}.prod",
        "Name": rep.name,
        "Email": rep.email,
        "IsActive": True,
        "Department": last["team"] if last is not None else department,
        "Title": None,
        "ManagerId": boss.user_id if last is not None and last["motion"] != "manager" else None,
        "UserRoleId": None,
        "TimeZoneSidKey": "Asia/Tokyo",
        "CreatedDate": made,
        "LastModifiedDate": made,
        "SystemModstamp": made,
    }


def planning_tables(company: Company, target_account_ids: list[str]) -> dict[str, list[Record]]:
    """Every hand-kept table, as the company keeps it."""
    plan = company.plan
    start = date(plan.first_day.year - 1, 10, 1)
    absences: list[Record] = [
        {"rep_id": rep.rep_id, "from_date": day, "to_date": day, "kind": kind}
        for rep in company.reps
        for day, kind in sorted(rep.absent.items())
    ]
    return {
        "roster": [row for rep in company.everyone for row in rep.rows],
        "absences": absences,
        "targets": _targets(company),
        "success_factors": [
            _factor("won_amount_yen", "F1", "初動と架電量", "Volume", "dial", "dials"),
            _factor("won_amount_yen", "F2", "担当者への到達", "Reach", "connect", "connect_rate"),
            _factor(
                "won_amount_yen", "F3", "商談の質", "Quality", "accepted", "effective_meeting_rate"
            ),
            _factor(
                "won_amount_yen", "F4", "会話の質", "Talk", "meeting", "meeting_conversion_rate"
            ),
            _factor("won_amount_yen", "F5", "提案と受注", "Closing", "won", "win_rate"),
        ],
        "target_accounts": _target_accounts(plan, target_account_ids[:100]),
        "call_lists": [
            _call_list("campaign_type", "exact", "List", None),
            _call_list("list_key", "exact", OSAKA_LIST, "大阪ターゲット"),
        ],
        "channel_rules": _channel_rules(),
        "dispositions": [
            {"source_id": "*", "value": value, "disposition": disposition, "rank": rank}
            for value, disposition, rank in vocabulary.DISPOSITIONS
        ]
        + [
            # The Osaka tool has its own words for two results.
            {"source_id": "osaka", "value": "担当者", "disposition": "connected", "rank": 2},
            {"source_id": "osaka", "value": "受付", "disposition": "gatekeeper", "rank": 6},
        ],
        "title_map": [
            {"match": match, "value": value, "is_key_person": key}
            for match, value, key in vocabulary.TITLE_MAP
        ],
        "costs": _costs(plan),
        "currency_rates": [
            {"currency": "USD", "valid_from": plan.first_day, "rate": 150},
            {"currency": "USD", "valid_from": plan.month_start(plan.months // 2), "rate": 145},
        ],
        "actions": [
            {
                "action_id": "A1",
                "what": "トークスクリプトの見直しとロールプレイ",
                "owner": "M01",
                "scope_type": "rep",
                "scope_key": company.weak_talker or "R01",
                "metric": "meeting_conversion_rate",
                "from_date": plan.month_start(max(0, plan.months - 2)),
                "expected_effect": 0.03,
            },
            {
                "action_id": "A2",
                "what": "購入リストの架電を停止し、番号を洗い直す",
                "owner": "M01",
                "scope_type": "team",
                "scope_key": "BDR課",
                "metric": "connect_rate",
                "from_date": plan.month_start(min(4, plan.months - 1)),
                "expected_effect": 0.05,
            },
        ],
        "working_hours": [
            {"valid_from": start, "weekday": weekday, "opens": "09:00", "closes": "18:00"}
            for weekday in range(1, 6)
        ],
        "company_holidays": [
            {"holiday_date": day, "name": "夏季休業"} for day in company.company_holidays
        ],
    }


def _target_accounts(plan: Plan, account_ids: list[str]) -> list[Record]:
    """The list; a campaign with a third of it that ends mid-month; and an id somebody copied wrongly."""

    def row(name: str, account_id: str, last: date | None) -> Record:
        return {
            "list_name": name,
            "account_id": account_id,
            "valid_from": plan.first_day,
            "valid_to": last,
        }

    name, ends = plan.identity.target_list, plan.month_start(plan.months // 2) + timedelta(days=14)
    gone = "0015h00000ZZZZZ"
    return [
        *(row(name, account_id, None) for account_id in account_ids),
        row(name, gone + salesforce_suffix(gone), None),
        *(row(f"{name}（集中架電）", account_id, ends) for account_id in account_ids[::3]),
    ]


def _call_list(field_: str, match: str, value: str, name: str | None) -> Record:
    return {"field": field_, "match": match, "value": value, "list_name": name}


def _factor(kgi: str, factor: str, ja: str, en: str, step: str, metric: str) -> Record:
    return {
        "kgi_metric": kgi,
        "factor_id": factor,
        "name_ja": ja,
        "name_en": en,
        "step": step,
        "metric": metric,
    }


def _channel_rules() -> list[Record]:
    rules = (
        ("utm_medium", "exact", "cpc", "オンライン", "リスティング広告"),
        ("utm_medium", "exact", "organic", "オンライン", "自然検索"),
        ("lead_source", "exact", "Web", "オンライン", "Webフォーム"),
        ("lead_source", "exact", "資料ダウンロード", "オンライン", "資料ダウンロード"),
        ("lead_source", "contains", "ウェビナー", "イベント", "ウェビナー"),
        ("lead_source", "exact", "セミナー", "イベント", "セミナー"),
        ("lead_source", "prefix", "展示会", "イベント", "展示会"),
        ("lead_source", "exact", "紹介", "紹介", "紹介"),
        ("lead_source", "exact", "ターゲットリスト", "アウトバウンド", "ターゲットリスト"),
        ("lead_source", "exact", "購入リスト", "アウトバウンド", "購入リスト"),
        # What a touch without a lead's record knows: the campaign, or the link that was clicked.
        ("campaign_type", "exact", "Webinar", "イベント", "ウェビナー"),
        ("campaign_type", "exact", "Seminar", "イベント", "セミナー"),
        ("campaign_type", "exact", "Trade Show", "イベント", "展示会"),
        ("campaign_type", "exact", "Advertisement", "オンライン", "リスティング広告"),
        ("campaign_type", "exact", "List", "アウトバウンド", "購入リスト"),
        ("campaign_name", "contains", "ウェビナー", "イベント", "ウェビナー"),
        ("utm_medium", "exact", "email", "メール", "メールマガジン"),
        # その他・不明 has no rule on purpose: it shows as (unmapped).
    )
    return [
        {
            "priority": number * 10,
            "field": name,
            "match": match,
            "value": value,
            "channel_group": group,
            "channel": channel,
        }
        for number, (name, match, value, group, channel) in enumerate(rules, start=1)
    ]


def _costs(plan: Plan) -> list[Record]:
    costs: list[Record] = []
    for number in range(plan.months):
        month = plan.month_start(number)
        costs.append(_cost(month, "リスティング広告", 600_000))
        costs.append(_cost(month, "ウェビナー", 180_000))
        if number % 4 == 1:
            costs.append(_cost(month, "展示会", 2_400_000))
        if number % 6 == 1:
            costs.append(_cost(month, "購入リスト", 900_000))
    return costs


def _cost(month: date, channel: str, amount: int) -> Record:
    return {
        "month": month,
        "channel": channel,
        "campaign": None,
        "amount": amount,
        "currency": "JPY",
    }


def _targets(company: Company) -> list[Record]:
    """Targets of the company, its teams and its people by month, of the company by quarter and year.

    The last month's dials were lowered while it ran; a team's of two months before, after its end. The
    month to come has its goal already: with stories, one that asks for more than was ever done.
    """
    plan = company.plan
    inside = [rep for rep in company.reps if rep.motion(plan.first_day) in ("sdr", "bdr")]
    if plan.calm:
        return _attainable_targets(company, inside)
    working, people = 20, len(inside)
    dials = round(plan.dials_per_day * working)
    goal = 2_200_000 * max(1, people // 3)
    targets: list[Record] = []

    def add(
        kind: str, start: date, scope: str, key: str, metric: str, value: float, **told: Any
    ) -> None:
        targets.append(
            {
                "period_type": kind,
                "period_start": start,
                "scope_type": scope,
                "scope_key": key,
                "metric": metric,
                "value": value,
                "owner": company.managers[0].rep_id,
                "due_date": None,
                "achievable": "前年の実績から無理のない範囲",
                "relevant": "受注額の目標を逆算した値",
                "valid_from": plan.first_day,
            }
            | told
        )

    def add_rates(kind: str, start: date, **told: Any) -> None:
        add(kind, start, "company", "", "connect_rate", 0.2, **told)
        add(kind, start, "company", "", "meeting_conversion_rate", 0.13, **told)
        add(kind, start, "company", "", "effective_meeting_rate", 0.5, **told)
        add(kind, start, "company", "", "win_rate", 0.3, **told)

    for number in range(plan.months):
        month = plan.month_start(number)
        due = {"due_date": plan.month_start(number + 1) - timedelta(days=1)}
        add("month", month, "company", "", "dials", dials * people, **due)
        add("month", month, "company", "", "connects", round(dials * people * 0.2), **due)
        add(
            "month", month, "company", "", "meetings_acquired", round(dials * people * 0.026), **due
        )
        add_rates("month", month, **due)
        add("month", month, "company", "", "won_amount_yen", goal, **due)
        for rep in inside:
            if rep.row(month) is not None:
                add("month", month, "rep", rep.rep_id, "dials", dials)
                add("month", month, "rep", rep.rep_id, "meetings_acquired", round(dials * 0.026))
        for team in plan.identity.calling_teams:
            size = sum(1 for rep in inside if (rep.row(month) or {}).get("team") == team)
            if size:
                add("month", month, "team", team, "dials", dials * size)
    _revise(targets, plan)
    following = plan.month_start(plan.months)
    agreed = {"valid_from": following - timedelta(days=7)}
    add(
        "month",
        following,
        "company",
        "",
        "won_amount_yen",
        goal * (2 if plan.stories else 1),
        **agreed,
    )
    add_rates("month", following, **agreed)
    year = plan.first_day.year if plan.first_day.month >= 4 else plan.first_day.year - 1
    for quarter in (date(year, 4, 1), date(year, 7, 1), date(year, 10, 1), date(year + 1, 1, 1)):
        add("quarter", quarter, "company", "", "won_amount_yen", goal * 3)
        add_rates("quarter", quarter)
    add("fiscal_year", date(year, 4, 1), "company", "", "won_amount_yen", goal * 12)
    return targets


def _attainable_targets(company: Company, inside: list[Rep]) -> list[Record]:
    """Dials as many as people make in that month's days, and rates as they are."""
    plan = company.plan
    targets: list[Record] = []
    for number in range(plan.months):
        month, after = plan.month_start(number), plan.month_start(number + 1)
        working = sum(
            company.is_business_day(day) for day in days(month, after - timedelta(days=1))
        )
        dials = {
            rep.rep_id: round(plan.dials_per_day * PACE[rep.motion(month) or ""] * (working - 0.5))
            for rep in inside
        }
        asked: list[tuple[str, str, str, float]] = [
            ("company", "", "dials", sum(dials.values())),
            ("company", "", "connect_rate", 0.2),
        ]
        asked += [("rep", rep_id, "dials", dialled) for rep_id, dialled in dials.items()]
        targets += [
            {
                "period_type": "month",
                "period_start": month,
                "scope_type": scope,
                "scope_key": key,
                "metric": metric,
                "value": value,
                "owner": company.managers[0].rep_id,
                "due_date": None,
                "achievable": "いつもの実績",
                "relevant": "受注額の目標を逆算した値",
                "valid_from": plan.first_day,
            }
            for scope, key, metric, value in asked
        ]
    return targets


def _revise(targets: list[Record], plan: Plan) -> None:
    """Append the two targets that were changed after they had been agreed on."""
    last = plan.month_start(plan.months - 1)
    earlier = plan.month_start(max(0, plan.months - 3))
    changes = (
        (last, "company", last + timedelta(days=14), 0.9, "欠員により月半ばに見直し"),
        (earlier, "team", plan.month_start(max(1, plan.months - 2)) + timedelta(days=4), 0.8, None),
    )
    for month, scope, changed, factor, reason in changes:
        agreed = [
            row
            for row in targets
            if (row["period_start"], row["scope_type"], row["metric"]) == (month, scope, "dials")
        ]
        for row in agreed[:1]:
            value = round(row["value"] * factor)
            targets.append(row | {"value": value, "achievable": reason, "valid_from": changed})
