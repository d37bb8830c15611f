"""What marketing gets back: kpi_channel_conversion, every column made of leads (dictionary §5).

A line is a month of lead creation, channel, campaign and motion, under an attribution model. Choices
where the text is silent:
- First touch is the channel and first campaign of the person. Last touch is the last one up to the
  meeting; linear gives every one of those the same. Who was touched by nothing that says where it came
  from stays with the first.
- Amounts and costs are shared in whole yen; nothing of them is lost.
- Planning states a cost per month and channel; the lines of that channel share it by their leads, a
  cost that names a campaign only the lines of that campaign.
- A cost that brought no lead is a line of its own (§0.7), of nobody's motion.
- A cost of a month after the as-of date is spent on nobody yet.
- A cost in another currency takes planning's rate of the first of its month; without a rate it is in
  no sum and the line says so.
- A median day needs a lead in one line; a lead seen at the later step first waited 0 days.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from statistics import median

from tests.oracle.channels import NONE, Channels
from tests.oracle.cohorts import STATES, STEPS, Lead
from tests.oracle.metrics import Row
from tests.oracle.opportunities import yen_rate
from tests.oracle.records import Record, Records, delivered
from tests.oracle.roster import UNASSIGNED
from tests.oracle.settings import Settings

MODELS = ("first_touch", "last_touch", "linear")
LINE = ("cohort_month", "channel_group", "channel", "campaign", "motion", "attribution_model")
Line = tuple[date, str, str, str, str, str]
COUNTS = (
    "leads",
    "lead_records",
    *(f"{seen}_{step}" for seen in ("reached", "observed") for step in (*STEPS, "lost")),
    *(f"state_{state}" for state in STATES),
    "still_open",
    "opportunities",
    "pipeline_yen",
    "won_yen",
)
WAITS = {
    "to_mql": ("lead", "mql"),
    "to_worked": ("lead", "worked"),
    "to_meeting": ("lead", "meeting"),
    "to_won": ("lead", "won"),
    "mql_to_worked": ("mql", "worked"),
    "worked_to_connected": ("worked", "connected"),
    "connected_to_meeting": ("connected", "meeting"),
    "meeting_to_accepted": ("meeting", "accepted"),
    "meeting_to_opportunity": ("meeting", "opportunity"),
    "opportunity_to_accepted": ("opportunity", "accepted"),
    "opportunity_to_won": ("opportunity", "won"),
}
INTERVALS = tuple(
    f"lead_to_{step}_rate_{end}" for step in STEPS if step != "lead" for end in ("low", "high")
)
RATES = {
    **{f"lead_to_{step}_rate": (f"reached_{step}", "leads") for step in STEPS if step != "lead"},
    "opportunity_still_open_rate": ("still_open", "reached_opportunity"),
    "cost_per_meeting_yen": ("cost_yen", "reached_meeting"),
    "cost_per_accepted_yen": ("cost_yen", "reached_accepted"),
    "cost_per_won_yen": ("cost_yen", "reached_won"),
    "won_per_cost_ratio": ("won_yen", "cost_yen"),
}


def conversion(
    found: list[Lead], channels: Channels, records: Records, settings: Settings, as_of: date
) -> list[Row]:
    """One row per line that has leads or a cost; cost_yen is None where planning names none.

    `_leads` is how many leads have a part in it, which bounds what whole yen may differ by.
    """
    lines: dict[Line, Row] = defaultdict(
        lambda: dict.fromkeys((*COUNTS, "_leads"), 0) | {"cost_yen": None}
    )
    waited: dict[tuple[Line, str], list[int]] = defaultdict(list)
    amounts_of = _first_leads(found)
    for lead in found:
        counted = _counted(lead, amounts_of, as_of)
        for model in MODELS:
            for line, credit in _credits(lead, model).items():
                row = lines[line]
                row["_leads"] += 1
                for name, amount in counted.items():
                    row[name] += Fraction(amount) * credit
                for name, (start, end) in WAITS.items() if credit == 1 else ():
                    if start in lead.days and end in lead.days:
                        days = (lead.days[end] - lead.days[start]).days
                        waited[(line, name)].append(max(days, 0))
    leads = {line: row["leads"] for line, row in lines.items()}
    for line, cost in _costs(leads, channels, records, settings, as_of):
        row = lines[line]
        row["cost_yen"] = cost if row["cost_yen"] is None else row["cost_yen"] + (cost or 0)
    return [
        dict(zip(LINE, line, strict=True))
        | {name: float(said) if isinstance(said, Fraction) else said for name, said in row.items()}
        | _rates(row)
        | _intervals(line, row)
        | {
            f"median_days_{name}": median(waited[(line, name)])
            if line[-1] != "linear" and (line, name) in waited
            else None
            for name in WAITS
        }
        for line, row in sorted(lines.items(), key=lambda item: item[0])
    ]


def _credits(lead: Lead, model: str) -> dict[Line, Fraction]:
    """The lines a lead counts in; their credits are one."""
    touched = Counter(touch.line for touch in lead.touches)
    if model == "first_touch" or not touched:
        lines = {(lead.channel_group, lead.channel, lead.campaign): Fraction(1)}
    elif model == "last_touch":
        lines = {lead.touches[-1].line: Fraction(1)}
    else:
        lines = {line: Fraction(count, touched.total()) for line, count in touched.items()}
    return {
        (lead.cohort_month, *line, lead.motion, model): credit for line, credit in lines.items()
    }


def _first_leads(found: Iterable[Lead]) -> dict[str, Lead]:
    """Opportunity id -> the one lead its amount belongs to."""
    owners: dict[str, Lead] = {}
    for lead in sorted(found, key=lambda lead: lead.created):
        for opportunity in lead.opportunities:
            owners.setdefault(opportunity.id, lead)
    return owners


def _counted(lead: Lead, owners: dict[str, Lead], as_of: date) -> dict[str, float]:
    own = [deal for deal in lead.opportunities if owners[deal.id] is lead]
    return {
        "leads": 1,
        "lead_records": lead.lead_records,
        **{f"reached_{step}": 1 for step in lead.reached},
        **{f"observed_{step}": 1 for step in lead.observed},
        f"state_{lead.state}": 1,
        "still_open": int(lead.is_still_open),
        "opportunities": len(own),
        "pipeline_yen": sum(deal.yen(deal.now.amount) or 0 for deal in own),
        "won_yen": sum(deal.yen(deal.now.amount) or 0 for deal in own if deal.is_won(as_of)),
    }


def _costs(
    leads: dict[Line, Fraction],
    channels: Channels,
    records: Records,
    settings: Settings,
    as_of: date,
) -> Iterable[tuple[Line, float | None]]:
    """(line, its share of a cost in yen; None without a rate)."""
    for row in _newest(records.get("planning.costs", ())):
        month, channel, campaign = row["month"].replace(day=1), row["channel"], row.get("campaign")
        if month > as_of:
            continue
        rate = yen_rate(records, row.get("currency") or settings.default_currency, month)
        cost = None if rate is None else float(row["amount"]) * rate
        for model in MODELS:
            shares = {
                line: count
                for line, count in leads.items()
                if count
                and line[-1] == model
                and line[0] == month
                and line[2] == channel
                and campaign in (None, line[3])
            }
            if not shares:
                group = channels.group_of(channel)
                yield (month, group, channel, campaign or NONE, UNASSIGNED, model), cost
            for line, count in shares.items():
                share = count / sum(shares.values())
                yield line, None if cost is None else cost * float(share)


def _newest(costs: Iterable[Record]) -> list[Record]:
    """What a later file says of the same month, channel and campaign replaces the earlier word."""
    stated: dict[tuple[date, str, str | None], list[Record]] = defaultdict(list)
    for row in costs:
        stated[(row["month"].replace(day=1), row["channel"], row.get("campaign"))].append(row)
    return [
        row
        for rows in stated.values()
        for row in rows
        if delivered(row)[:2] == max(delivered(other)[:2] for other in rows)
    ]


def _rates(row: Row) -> Row:
    def ratio(above: str, below: str) -> float | None:
        if row[above] is None or not row[below]:
            return None
        return float(row[above]) / float(row[below])

    return {name: ratio(*measures) for name, measures in RATES.items()}


def _intervals(line: Line, row: Row) -> Row:
    """E. B. Wilson's interval of whole leads, as its definition says: the shares p of which what was
    seen is just not too far, |seen − p| = z · sqrt(p (1 − p) / n), solved for p by halving.
    """
    found: Row = dict.fromkeys(INTERVALS)
    trials = float(row["leads"])
    if line[-1] == "linear" or not trials:
        return found
    for step in STEPS[1:]:
        seen = float(row[f"reached_{step}"]) / trials
        for end, limit in (("low", 0.0), ("high", 1.0)):
            near, far = seen, limit
            for _ in range(60):
                middle = (near + far) / 2
                allowed = 1.959963984540054 * (middle * (1 - middle) / trials) ** 0.5
                near, far = (middle, far) if abs(seen - middle) <= allowed else (near, middle)
            found[f"lead_to_{step}_rate_{end}"] = near
    return found
