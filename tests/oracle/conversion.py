"""What marketing gets back: kpi_channel_conversion, every additive column (dictionary §5).

A line is a month of lead creation, channel, campaign and motion, under first touch. Choices where
the text is silent:
- Planning states a cost per month and channel; the lines of that channel share it by their leads, a
  cost that names a campaign only the lines of that campaign.
- A cost that brought no lead is a line of its own (§0.7), of nobody's motion.
- A cost of a month after the as-of date is spent on nobody yet.
- A cost in another currency takes planning's rate of the first of its month; without a rate it is in
  no sum and the line says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from tests.oracle.channels import NONE, Channels
from tests.oracle.cohorts import STATES, STEPS, Lead
from tests.oracle.metrics import Row
from tests.oracle.opportunities import yen_rate
from tests.oracle.records import Record, Records, delivered
from tests.oracle.roster import UNASSIGNED
from tests.oracle.settings import Settings

LINE = ("cohort_month", "channel_group", "channel", "campaign", "motion")
Line = tuple[date, str, str, str, str]
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
    """One row per line that has leads or a cost; cost_yen is None where planning names none."""
    lines: dict[Line, Row] = defaultdict(lambda: dict.fromkeys(COUNTS, 0) | {"cost_yen": None})
    amounts_of = _first_leads(found)
    for lead in found:
        row = lines[_line(lead)]
        for name, amount in _counted(lead, amounts_of, as_of).items():
            row[name] += amount
    leads = {line: int(row["leads"]) for line, row in lines.items()}
    for line, cost in _costs(leads, channels, records, settings, as_of):
        row = lines[line]
        row["cost_yen"] = cost if row["cost_yen"] is None else row["cost_yen"] + (cost or 0)
    return [
        dict(zip(LINE, line, strict=True)) | row | _rates(row)
        for line, row in sorted(lines.items(), key=lambda item: item[0])
    ]


def _line(lead: Lead) -> Line:
    return lead.cohort_month, lead.channel_group, lead.channel, lead.campaign, lead.motion


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
    leads: dict[Line, int], channels: Channels, records: Records, settings: Settings, as_of: date
) -> Iterable[tuple[Line, float | None]]:
    """(line, its share of a cost in yen; None without a rate)."""
    for row in _newest(records.get("planning.costs", ())):
        month, channel, campaign = row["month"].replace(day=1), row["channel"], row.get("campaign")
        if month > as_of:
            continue
        rate = yen_rate(records, row.get("currency") or settings.default_currency, month)
        cost = None if rate is None else float(row["amount"]) * rate
        shares = {
            line: count
            for line, count in leads.items()
            if count and line[0] == month and line[2] == channel and campaign in (None, line[3])
        }
        if not shares:
            group = channels.group_of(channel)
            yield (month, group, channel, campaign or NONE, UNASSIGNED), cost
        for line, count in shares.items():
            yield line, None if cost is None else cost * count / sum(shares.values())


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
        return None if row[above] is None or not row[below] else row[above] / row[below]

    return {name: ratio(*measures) for name, measures in RATES.items()}
