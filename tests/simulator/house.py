"""A whole house of the simulated company: configuration that teaches, and every export.

`write_house` is how the demo company under data/demo is made, and how a test gets a house of its
own. The two files are written as text because their comments are half of their worth.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from tests.simulator.exports import EXPO_COLUMNS, OSAKA_COLUMNS
from tests.simulator.hubspot import PORTAL_ID
from tests.simulator.survey import SURVEY_COLUMNS
from tests.simulator.world import World, WorldSettings
from tests.simulator.writers import write_world

_HOUSE: Final = """\
# 会社全体の設定。How this house reports. A key that is not written has its default.
company_name: "{company_name}"

reporting:
  timezone: {timezone}         # days, weeks and months are cut in this zone
  week_starts_on: monday
  fiscal_year_start_month: {fiscal_year_start_month}      # 4月始まり
  show_reps_by: name           # name | id, in everything that is published
  default_currency: {default_currency}
  fixed_as_of: {as_of}      # invented data ends here: every night reports this day

definitions:
  shodan_event: booked         # what this company calls 商談: booked | held | opportunity
  decision_expires_after_days: 30
  rebooking_days: 30           # booked again within 30 days of a no-show: the same meeting
  account_rule_days: 90
  hand_raise_events: [form_submitted]  # フォーム送信から初回コンタクトまでの時間を計る
  working_hours: "09:00-18:00" # planning/working_hours.csv より前の営業日の就業時間

matching:
  window_seconds: 180          # reps log calls in the CRM a minute or two after hanging up

gate:
  max_quarantine_share: 0.05   # a source with more rows set aside than this (and than …
  max_quarantine_rows: 50      # … this many) blocks the release
"""

_PHONES: Final = """\
# What is read, and how. One entry per source; its exports lie in exports/<id>/.
# What values *mean* (応対メモ, channels, titles, roster, targets …) is not written here: those
# tables lie as CSV in exports/planning/, because managers keep them, not engineers.
sources:
  # The phone. MiiTel sends every call as JSON since {webhook_from}; before that there was only the
  # history CSV. Both feeds belong to one account: the webhook counts where it covers a day, the
  # history fills the days before. The month both cover proves that they share their ids.
  - id: miitel-webhook
    system: miitel
    feed: webhook
    account: {account}
    timezone: {timezone}
    own_numbers: {own_numbers}
    internal_domains: {internal_domains}
    connect:                   # 有効接触: when no 応対メモ says who was spoken to
      min_human_seconds: 5
      speech: {{min_seconds: 30, min_turns: 4, min_customer_seconds: 10}}
      duration: {{min_seconds: 60}}
    required: true             # no release for a day without phone calls
    coverage:
      basis: file_name         # the receiver writes the days it covers into the name
      pattern: 'calls_(?P<from>\\d{{8}})-(?P<to>\\d{{8}})'
    extracted_at: {{pattern: '_(?P<date>\\d{{8}})T(?P<time>\\d{{4}})'}}

  - id: miitel-history
    system: miitel
    feed: history
    account: {account}
    timezone: {timezone}       # times in the CSV carry no zone
    encoding: auto             # one month was saved as UTF-8, the others as cp932 (Excel)
    memo_separator: "{memo_separator}"       # several 応対メモ in one cell
    own_numbers: {own_numbers}
    internal_domains: {internal_domains}
    coverage:
      basis: file_name
      pattern: 'history_(?P<from>\\d{{8}})-(?P<to>\\d{{8}})'
    extracted_at: {{pattern: '_(?P<date>\\d{{8}})T(?P<time>\\d{{4}})'}}

  # The Osaka office uses another phone. No adapter exists for it, and none is needed: this entry
  # is all the warehouse knows about the file.
  - id: osaka
    system: mapped
    class: cti
    account: osaka-office
    timezone: {timezone}
    encoding: cp932
    own_numbers: {own_numbers}
    required: true
    coverage:
      basis: file_name
      pattern: '通話明細_(?P<from>\\d{{8}})-(?P<to>\\d{{8}})'
    extracted_at: {{pattern: '_(?P<date>\\d{{8}})T(?P<time>\\d{{4}})'}}
    objects:
      - object: call_legs
        files: ["通話明細_*.csv"]
        format: csv
        columns:
{osaka_columns}
        values:                # words of the tool -> canonical values
          direction: {{発信: outbound, 着信: inbound}}
          telephony_result: {{応答: answered, 不応答: no_answer, 話中: busy}}
        formats:
          started_at: {{timestamp: "%Y/%m/%d %H:%M:%S"}}
          answered_at: {{timestamp: "%Y/%m/%d %H:%M:%S"}}
          ended_at: {{timestamp: "%Y/%m/%d %H:%M:%S"}}

"""

_SALESFORCE: Final = """\
  - id: sf
    system: salesforce
    account: 00D5h00000DEMO0
    timezone: {timezone}
    default_currency: {default_currency}
    internal_domains: {internal_domains}
    phone: {{region: JP, repair_leading_zero: true}}   # typed by hand, some through Excel
    required: true
    extracted_at: {{pattern: '_(?P<date>\\d{{8}})T(?P<time>\\d{{4}})'}}
    # An extract speaks for every whole day before the one it was made on.
    coverage: {{basis: extract, covers_from: {covers_from}}}
    custom:                    # fields this company added to its CRM
      leads.utm_source: utm_source__c
      leads.utm_medium: utm_medium__c
      leads.utm_campaign: utm_campaign__c
      leads.lead_score: pi__score__c
      opportunities.business_unit: {business_unit_field}
      # Only reasons named here are published; what else stands in the field stays in the work database.
      opportunities.loss_reason:
        field: LossReason__c
        map: {{時期尚早: 時期尚早, 予算なし: 予算なし, 対象外: 対象外, 競合: 競合}}
      events.meeting_outcome:
        field: MeetingOutcome__c
        map: {meeting_outcomes}
    # 有効商談: field sales says yes by moving the opportunity to this stage, or beyond it.
    acceptance: {{mode: stage, stage: {acceptance_stage}}}
    lead_status: {lead_status}

"""

_HUBSPOT: Final = """\
  # {portal_of} works in HubSpot. Its contacts are leads and people of companies (sfa), not
  # readers of newsletters (ma).
  - id: hubcrm
    system: hubspot
    class: [sfa]
    account: "{portal}"
    timezone: {timezone}
    default_currency: {default_currency}
    internal_domains: {portal_domains}
    phone: {{region: JP, repair_leading_zero: true}}
    required: true
    extracted_at: {{pattern: '_(?P<date>\\d{{8}})T(?P<time>\\d{{4}})'}}
    coverage: {{basis: extract, covers_from: {covers_from}}}
    custom:                    # properties this company added to its portal
      contacts.lead_source: lead_source
      deals.business_unit: business_unit
      deals.loss_reason:
        field: closed_lost_reason
        map: {{時期尚早: 時期尚早, 予算なし: 予算なし, 対象外: 対象外, 競合: 競合}}
    # A stage is named by its label or by its id; the ids stand in pipelines_*.jsonl.
    acceptance: {{mode: stage, stage: {acceptance_stage}}}
    # hs_lead_status; that a contact is an MQL is a lifecycle stage.
    lead_status: {{nurturing: [NURTURE], handed_back: [RETURNED]}}

"""

_SURVEY: Final = """\
  # What customers say after a meeting, as the survey tool exports it. Comments and addresses are
  # read and stay in the work database.
  - id: survey
    system: mapped
    class: survey
    timezone: {timezone}
    extracted_at: {{pattern: '_(?P<date>\\d{{8}})T(?P<time>\\d{{4}})'}}
    coverage: {{basis: extract, covers_from: {covers_from}}}
    objects:
      - object: survey_responses
        files: ["アンケート_*.csv"]
        format: csv
        columns:
{survey_columns}
        formats:
          answered_at: {{timestamp: "%Y/%m/%d %H:%M"}}
          about_at: {{date: "%Y/%m/%d"}}
        constants: {{score_min: "0", score_max: "10"}}   # another scale: say so here, or map a column

"""

_THE_REST: Final = """\
  # The exhibition's organiser sends the badges it scanned as a spreadsheet.
  - id: expo
    system: mapped
    class: sfa
    timezone: {timezone}
    phone: {{region: JP, repair_leading_zero: true}}
    extracted_at: {{pattern: '_(?P<date>\\d{{8}})T(?P<time>\\d{{4}})'}}
    coverage: {{basis: extract, covers_from: {covers_from}}}
    objects:
      - object: leads
        files: ["来場者_*.xlsx"]
        format: xlsx
        columns:
{expo_columns}
        constants: {{lead_source: 展示会, status: 未対応}}

  - id: hubspot
    system: hubspot
    account: "990001"
    timezone: {timezone}
    internal_domains: {internal_domains}
    extracted_at: {{pattern: '_(?P<date>\\d{{8}})T(?P<time>\\d{{4}})'}}
    coverage: {{basis: extract, covers_from: {covers_from}}}

  # Everything people keep by hand: exports/planning/*.csv
  - id: planning
    system: planning
    timezone: {timezone}
"""


def _flow(value: Any) -> str:
    return yaml.safe_dump(
        value, allow_unicode=True, default_flow_style=True, sort_keys=False, width=10_000
    ).strip()


def house_text(settings: WorldSettings) -> str:
    """config/house.yml of a world."""
    return _HOUSE.format(
        company_name=settings.company_name,
        timezone=settings.timezone,
        fiscal_year_start_month=settings.fiscal_year_start_month,
        default_currency=settings.default_currency,
        as_of=settings.as_of,
    )


def sources_text(settings: WorldSettings) -> str:
    """config/sources.yml of a world."""
    steps: dict[str, list[str]] = {}
    for status, step in settings.lead_status.items():
        steps.setdefault(step, []).append(status)

    def columns(pairs: tuple[tuple[str, str], ...]) -> str:
        return "\n".join(f"          {name}: {header}" for name, header in pairs)

    parts = {"salesforce": _SALESFORCE, "hubspot": _HUBSPOT}
    sales = "".join(parts[system] for system in settings.sales_systems)
    text = _PHONES + sales + (_SURVEY if settings.has_survey else "") + _THE_REST
    return text.format(
        account=settings.account,
        timezone=settings.timezone,
        own_numbers=_flow(list(settings.own_numbers)),
        internal_domains=_flow(list(settings.internal_domains)),
        memo_separator=settings.memo_separator,
        default_currency=settings.default_currency,
        covers_from=settings.covers_from,
        webhook_from=settings.webhook_from,
        business_unit_field=settings.business_unit_field,
        meeting_outcomes=_flow(dict(settings.meeting_outcomes)),
        acceptance_stage=settings.acceptance_stage,
        lead_status=_flow(steps),
        portal=PORTAL_ID,
        portal_of=settings.portal_of,
        portal_domains=_flow(list(settings.portal_domains)),
        osaka_columns=columns(OSAKA_COLUMNS),
        expo_columns=columns(EXPO_COLUMNS),
        survey_columns=columns(SURVEY_COLUMNS),
    )


def configuration(settings: WorldSettings) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """house.yml and the list under `sources:` of sources.yml, as parsed values."""
    house = yaml.safe_load(house_text(settings))
    return house, yaml.safe_load(sources_text(settings))["sources"]


def write_configuration(settings: WorldSettings, root: Path) -> None:
    """Write config/house.yml and config/sources.yml below `root`."""
    config = root / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "house.yml").write_text(house_text(settings), encoding="utf-8")
    (config / "sources.yml").write_text(sources_text(settings), encoding="utf-8")


def write_house(world: World, root: Path) -> list[Path]:
    """Write a world as a house: config/ and exports/; returns the export files."""
    write_configuration(world.settings, root)
    return write_world(world, root / "exports")
