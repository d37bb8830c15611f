"""How each system of the company exports: file names, dialects, and what goes wrong with files.

`deliver` turns rows of one object and period into a `Delivery`. The habits are the company's: the
phone's history went through a Windows desktop (cp932), the CRM's extracts changed hands four times
in six months (weekly export, Data Loader, a Windows Data Loader, a connector), so that one object
arrives in four dialects.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from tests.simulator.world import TOKYO_OFFSET, BadRow, Delivery, Dialect, Plan, Record

OSAKA_COLUMNS: Final = (
    ("leg_id", "通話番号"),
    ("direction", "区分"),
    ("started_at", "発信日時"),
    ("answered_at", "応答日時"),
    ("ended_at", "終了日時"),
    ("telephony_result", "結果"),
    ("talk_seconds", "通話秒数"),
    ("agent_email", "担当者メール"),
    ("own_number_raw", "使用回線"),
    ("customer_number_raw", "相手先番号"),
    ("disposition_values", "応対結果"),
    ("campaign_key", "リスト番号"),
)
EXPO_COLUMNS: Final = (
    ("lead_id", "来場者番号"),
    ("full_name", "氏名"),
    ("company_name", "会社名"),
    ("job_title", "役職"),
    ("email_raw", "メールアドレス"),
    ("phone_raw", "電話番号"),
    ("created_at", "来場日時"),
)
_ZIP: Final = "csv_export"


def deliver(
    plan: Plan,
    source_id: str,
    object_name: str,
    rows: list[Record],
    first: date,
    last: date,
    extracted_at: datetime,
) -> Delivery:
    """One export of the rows of local dates first..last, as this company would have made it."""
    months = (last.year - plan.first_day.year) * 12 + last.month - plan.first_day.month
    span = f"{first:%Y%m%d}-{last:%Y%m%d}"
    stamp = f"{extracted_at + TOKYO_OFFSET:%Y%m%dT%H%M}"
    name = object_name.partition(".")[2]
    delivery = Delivery(source_id, object_name, "", extracted_at, list(rows))
    if source_id == "miitel-webhook":
        newest = last == plan.as_of
        delivery.dialect = Dialect(format="jsonl", gzip=not newest)
        delivery.file = f"calls_{span}_{stamp}.jsonl" + ("" if newest else ".gz")
        delivery.covers = (first, last)
        # Somebody downloaded the second file twice and moved both over.
        if first == second_webhook_day(plan):
            delivery.copies = (f"calls_{span}_{stamp} (1).jsonl.gz",)
    elif source_id == "miitel-history":
        flow = history_view(plan, last) == "flow"
        delivery.dialect = (
            Dialect(view="flow", durations="seconds", quote_all=False, gzip=True)
            if flow
            else Dialect(encoding="cp932", header="ja", newline="\r\n", quote_all=False)
        )
        delivery.file = f"history_{span}_{stamp}.csv" + (".gz" if flow else "")
        delivery.covers = (first, last)
    elif source_id == "osaka":
        delivery.dialect = Dialect(
            encoding="cp932",
            newline="\r\n",
            quote_all=False,
            columns=OSAKA_COLUMNS,
            datetime_format="%Y/%m/%d %H:%M:%S",
        )
        delivery.file = f"通話明細_{span}_{stamp}.csv"
        delivery.covers = (first, last)
    elif source_id == "expo":
        delivery.dialect = Dialect(format="xlsx", columns=EXPO_COLUMNS)
        delivery.file = f"来場者_{stamp}.xlsx"
    elif source_id == "sf":
        delivery.dialect, ending = _salesforce_dialect(months if plan.cut_crm == "month" else 1)
        delivery.file = f"{name}_{stamp}{ending}"
        if ending == ".csv" and delivery.dialect.header == "caps":
            delivery.archive = f"{_ZIP}_{stamp}.zip"
            delivery.file = f"{name}.csv"
    elif source_id == "hubspot":
        delivery.dialect = Dialect(format="jsonl", gzip=True)
        delivery.file = f"{name}_{stamp}.jsonl.gz"
    else:
        delivery.dialect = Dialect(quote_all=False)
        delivery.file = f"{name}.csv"
    if plan.cut_calls == "day":
        # A world this large is written once, for a measurement: pack it quickly.
        delivery.dialect = replace(delivery.dialect, gzip_level=1)
    if plan.bad_rows:
        _plant(plan, delivery, months, rows)
    return delivery


def history_view(plan: Plan, day: date) -> Literal["list", "flow"]:
    """The view a month's history was exported in: only the second month's knows which legs are one
    call."""
    months = (day.year - plan.first_day.year) * 12 + day.month - plan.first_day.month
    return "flow" if months == 1 else "list"


def second_webhook_day(plan: Plan) -> date:
    """First day of the second weekly webhook file."""
    start = plan.month_start(plan.history_months)
    return start + timedelta(days=7 - start.weekday())


def _salesforce_dialect(month: int) -> tuple[Dialect, str]:
    if month == 0:
        return Dialect(header="caps"), ".csv"  # the weekly export: a zip of ALL-CAPS files
    if month == 2:
        return Dialect(encoding="cp932", newline="\r\n"), ".csv"  # Data Loader on Windows
    if month == 3:
        return Dialect(header="snake", quote_all=False, gzip=True), ".csv.gz"  # a connector
    if month == 5:
        return Dialect(bom=True, newline="\r\n"), ".csv"  # Data Loader, UTF-8
    return Dialect(bom=True, gzip=True), ".csv.gz"  # the same, packed by the job that moves it


def _plant(plan: Plan, delivery: Delivery, month: int, rows: list[Record]) -> None:
    """Rows that must be set aside, among the good ones."""
    if len(rows) < 3:
        return
    template = dict(rows[len(rows) // 2])
    name = delivery.object_name
    bad: list[tuple[str, dict[str, Any] | str]] = []
    if name == "salesforce.Lead" and month == 0:
        bad.append(("impossible_date", dict(template, CreatedDate="2022-02-30T10:00:00.000Z")))
        bad.append(("missing_key", dict(template, Id=None)))
    elif name == "salesforce.Event" and month == 2:
        bad.append(("impossible_date", dict(template, StartDateTime="2022-02-30T01:00:00.000Z")))
        start = template["StartDateTime"]
        bad.append(("end_before_start", dict(template, EndDateTime=start - timedelta(hours=2))))
    elif name == "salesforce.Task" and month == 3:
        bad.append(("missing_key", dict(template, Id="")))
    elif name == "miitel.history_rows" and month in (0, 1):
        begin = template["Dial begin time"]
        broken = dict(template)
        broken["Sequence ID"] = f"{template['Sequence ID'][:-4]}dead"
        broken["Call end time"] = begin - timedelta(minutes=30)
        bad.append(("end_before_start", broken))
        bad.append(("missing_key", dict(template, **{"Sequence ID": None})))
    elif name == "miitel.webhook_calls" and delivery.covers is not None:
        if delivery.covers[0] == plan.month_start(plan.history_months):
            # The vendor's first POST asks the receiver to prove itself.
            bad.append(("verification", {"challenge": "7d3f-demo"}))
        elif delivery.copies:
            bad.append(("broken_json", '{"call": {"id": "3f1c'))
            bad.append(("missing_key", {"call": {"id": None, "details": None}}))
    elif name == "mapped.call_legs" and month == 1:
        bad.append(
            (
                "impossible_date",
                dict(template, leg_id="osk-bad-1", started_at="2026/02/30 10:00:00"),
            )
        )
        bad.append(("missing_key", dict(template, leg_id=None)))
    elif name == "hubspot.email_events" and month == 2:
        event = {key: value for key, value in template.items() if key != "id"}
        bad.append(("missing_key", event))
        bad.append(("broken_json", '{"id": "e-broken", "created": 17'))
    for number, (reason, record) in enumerate(bad):
        if isinstance(record, dict):
            record = {key: value for key, value in record.items() if key[0] != "_"}
        place = (len(delivery.rows) * (number + 1)) // (len(bad) + 1)
        delivery.rows.insert(place, BadRow(name, reason, record))
