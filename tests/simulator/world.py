"""What a simulation is: its plan, its deliveries, its truth.

Values only; how they come about stands in `company` and `behaviour`, how they look as files in
`writers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

Record = dict[str, Any]
TOKYO = ZoneInfo("Asia/Tokyo")
TOKYO_OFFSET = timedelta(hours=9)

Party = Literal[
    "intended", "gatekeeper", "colleague", "wrong_party", "machine", "nobody", "internal"
]


@dataclass(frozen=True)
class Identity:
    """Whose plan it is: names alone; how people work is the same everywhere."""

    company_name: str = "みなも帳票クラウド株式会社（架空のデモ会社）"
    domain: str = "minamo.example.com"
    product: str = "電子帳票"
    business_units: tuple[str, ...] = ("クラウド事業部", "データ事業部")
    # Teams of SDRs by business unit, of BDRs, of the last BDR, of field sales; departments.
    sdr_teams: tuple[str, str] = ("SDR一課", "SDR二課")
    bdr_team: str = "BDR課"
    last_bdr_team: str = "大阪BDR"
    field_team: str = "フィールドセールス課"
    departments: tuple[str, ...] = ("インサイドセールス部", "フィールドセールス部")
    rep_letter: str = "R"
    manager_letter: str = "M"
    target_list: str = "重点100社"
    # Without one, calls are known to the CRM alone.
    has_phone_system: bool = True

    @property
    def calling_teams(self) -> tuple[str, ...]:
        """Every team that dials, once."""
        return tuple(dict.fromkeys((*self.sdr_teams, self.bdr_team, self.last_bdr_team)))


@dataclass(frozen=True)
class Plan:
    """What to simulate. The same plan gives the same bytes."""

    seed: int = 1
    reps: int = 12
    months: int = 6
    as_of: date = date(2026, 9, 30)
    # Calls in all, about; None = `dials_per_day` decides.
    calls: int | None = None
    dials_per_day: float = 8.0
    # Months from the first for which the phone system gave only history CSV.
    history_months: int = 2
    # The phone system also exported history CSV for one month the webhook covers.
    overlap: bool = True
    bad_rows: bool = True
    # Six things go wrong or well that a diagnosis should name: see `company.found`.
    stories: bool = True
    # Nothing to tell: every channel is as good as every other, nobody changes team or leaves, everybody
    # has enough to dial from the first day on and is asked for what people do. People still differ by
    # their natural skill (± 17 %), days by chance. Without it channels differ as in `vocabulary`.
    calm: bool = False
    # How often webhook and CRM files are cut; a large world must be cut often to fit in memory.
    cut_calls: Literal["month", "week", "day"] = "week"
    cut_crm: Literal["month", "week", "day"] = "month"
    marketing: bool = True
    keep_truth: bool = True
    # The last day comes in files of its own, as if the night before had read all others.
    newest_day_apart: bool = False
    identity: Identity = Identity()

    def __post_init__(self) -> None:
        if self.calm and self.stories:
            raise ValueError("a calm world has no stories: stories=False, calm=True")

    @property
    def first_day(self) -> date:
        """The first day of the first simulated month."""
        month = self.as_of.year * 12 + self.as_of.month - 1 - (self.months - 1)
        return date(month // 12, month % 12 + 1, 1)

    def month_start(self, number: int) -> date:
        """First day of the month `number` months after the first (0 = the first)."""
        month = self.first_day.year * 12 + self.first_day.month - 1 + number
        return date(month // 12, month % 12 + 1, 1)

    @property
    def gamed_until(self) -> date | None:
        """The quarter's last day somebody games, if one lies far enough back to show its outcome."""
        if not self.stories or self.months < 5:
            return None
        for number in range(self.months - 1, 2, -1):
            end = self.month_start(number) - timedelta(days=1)
            if end.month % 3 == 0 and self.as_of - end >= timedelta(days=61):
                return end
        return None


@dataclass(frozen=True)
class Dialect:
    """How records become bytes. The defaults are what `write_records` writes when not told."""

    format: Literal["csv", "jsonl", "xlsx"] = "csv"
    encoding: str = "utf-8"
    bom: bool = False
    delimiter: str = ","
    newline: str = "\n"
    quote_all: bool = True
    # api: field names as they are; caps: ALL CAPS; snake: as connectors spell them; ja: labels.
    header: Literal["api", "caps", "snake", "ja"] = "api"
    view: Literal["list", "flow"] = "list"
    durations: Literal["hms", "seconds"] = "hms"
    # Mapped sources: header by canonical column, in the order of the file; and their date format.
    columns: tuple[tuple[str, str], ...] = ()
    datetime_format: str | None = None
    date_format: str = "%Y-%m-%d"
    timezone: str = "Asia/Tokyo"
    gzip: bool = False
    gzip_level: int = 9


@dataclass(frozen=True)
class BadRow:
    """A row planted to be set aside, and why it should be."""

    object_name: str
    # impossible_date | end_before_start | missing_key | broken_json, all to be set aside;
    # verification: the receiver's handshake, no call at all and no fault either.
    reason: str
    record: Mapping[str, Any] | str
    source_id: str = ""
    file: str = ""
    number: int = 0


@dataclass
class Delivery:
    """One export file (or one member of an archive): what it holds, in order."""

    source_id: str
    object_name: str
    file: str
    extracted_at: datetime
    rows: list[Record | BadRow]
    dialect: Dialect = Dialect()
    # First and last local date the file was exported for, where the vendor's dialog asks for it.
    covers: tuple[date, date] | None = None
    archive: str | None = None
    # The very same bytes, delivered again under these names.
    copies: tuple[str, ...] = ()

    def stamp(self) -> None:
        """Write the envelope into every record, and number the bad rows."""
        path = f"{self.source_id}/" + (f"{self.archive}!" if self.archive else "") + self.file
        for number, row in enumerate(self.rows, start=1):
            if isinstance(row, BadRow):
                self.rows[number - 1] = BadRow(
                    row.object_name, row.reason, row.record, self.source_id, path, number
                )
            else:
                row["_source_id"] = self.source_id
                row["_file"] = path
                row["_extracted_at"] = self.extracted_at
                row["_record"] = number

    @property
    def records(self) -> list[Record]:
        return [row for row in self.rows if not isinstance(row, BadRow)]

    @property
    def bad_rows(self) -> list[BadRow]:
        return [row for row in self.rows if isinstance(row, BadRow)]


@dataclass(frozen=True)
class CallTruth:
    """Who was really on the phone."""

    call_id: str
    rep_id: str | None
    person: str | None
    party: Party
    # unknown: a further leg of a call whose export does not say what it belongs to
    direction: Literal["outbound", "inbound", "internal", "unknown"]
    day: date
    talk_seconds: int
    origin: Literal["miitel", "mapped", "crm"]
    list_key: str | None = None

    @property
    def is_connect(self) -> bool:
        return self.party == "intended" and self.direction == "outbound"


@dataclass
class MeetingTruth:
    """What really became of one appointment."""

    event_ids: list[str]
    person: str
    booker: str
    booked_on: date
    fate: str = "scheduled"  # held | no_show | canceled | unknown | scheduled
    accepted_on: date | None = None
    opportunity_id: str | None = None


@dataclass
class PersonTruth:
    """The record ids that are really one human being."""

    lead_ids: list[str] = field(default_factory=list)
    contact_ids: list[str] = field(default_factory=list)
    hubspot_ids: list[str] = field(default_factory=list)
    channel: str = ""


@dataclass
class Truth:
    calls: dict[str, CallTruth] = field(default_factory=dict)
    people: dict[str, PersonTruth] = field(default_factory=dict)
    meetings: dict[str, MeetingTruth] = field(default_factory=dict)


@dataclass(frozen=True)
class WorldSettings:
    """Facts of config/house.yml and sources.yml that the rules need beside the records."""

    company_name: str
    timezone: str
    as_of: date
    fiscal_year_start_month: int
    default_currency: str
    account: str
    own_numbers: tuple[str, ...]
    internal_domains: tuple[str, ...]
    memo_separator: str
    acceptance_stage: str
    covers_from: date
    webhook_from: date
    lead_status: Mapping[str, str]  # status -> mql | nurturing | handed_back
    meeting_outcomes: Mapping[str, str]
    business_unit_field: str = "BusinessUnit__c"
    # What the sales people work in: salesforce, hubspot, or both side by side.
    sales_systems: tuple[str, ...] = ("salesforce",)
    portal_of: str = "The company"
    portal_domains: tuple[str, ...] = ()
    has_survey: bool = False


@dataclass
class World:
    """Everything one simulation gave."""

    plan: Plan
    settings: WorldSettings
    deliveries: list[Delivery]
    truth: Truth

    @property
    def records(self) -> dict[str, list[Record]]:
        """Every record by object name, in order of delivery."""
        found: dict[str, list[Record]] = {}
        for delivery in self.deliveries:
            found.setdefault(delivery.object_name, []).extend(delivery.records)
        return found

    @property
    def bad_rows(self) -> list[BadRow]:
        return [row for delivery in self.deliveries for row in delivery.bad_rows]


def utc(day: date, seconds: float) -> datetime:
    """The instant `seconds` after local midnight of `day` in Tokyo."""
    return _midnight(day) + timedelta(seconds=int(seconds))


@lru_cache(maxsize=4096)
def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - TOKYO_OFFSET


def local_day(instant: datetime) -> date:
    """The Tokyo date of an aware UTC instant."""
    return (instant + TOKYO_OFFSET).date()


def days(first: date, last: date) -> Iterator[date]:
    """Every date from first to last, both included."""
    day = first
    while day <= last:
        yield day
        day += timedelta(days=1)
