"""`config/sources.yml`, checked: how each source's exports are read, and which source is which.

Belongs here: the typed models, every refusal of a mistake, and the part of a source's settings
that decides how one object is read (its reading rules). Left to others: what values mean (planning
tables), the columns of an object (`contracts`), reading files (`ingestion`).
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from dagster_project.lib.contracts import MAPPED, Column, Contract, Contracts
from dagster_project.lib.errors import ConfigError
from dagster_project.lib.strict_yaml import read_configuration
from dagster_project.settings import House, validation_error

PLANNING = "planning"
DELIMITERS = (",", "\t", ";", "|", "^", "`")
# Their exports state UTC or an offset: a time without one is of an unknown zone unless one is configured.
_ZONED_SYSTEMS = ("salesforce", "hubspot")
_CLASS_OF_SYSTEM = {"miitel": "cti", "salesforce": "sfa", "hubspot": "ma", PLANNING: PLANNING}
# What a system that can be several things is here, `sources.yml` says.
_CLASSES_TO_CHOOSE = {MAPPED: ("cti", "ma", "sfa", "survey"), "hubspot": ("ma", "sfa")}


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is not an IANA time zone such as Asia/Tokyo") from error
    return value


def _valid_regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return value


def _scalar_text(value: object) -> object:
    """YAML reads `true`, `0` and dates as values; in a map of texts they stand for their text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | date):
        return str(value)
    return value


def _header_text(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("is read by YAML as true or false (No, Yes, On, Off): put it in quotes")
    return _scalar_text(value)


_DIRECTIVES = set("aAbBcdfgGHIjmMnpSuUwWxXyYz%-")


def _valid_strptime(value: str) -> str:
    """Refuse a format strptime would refuse, before a night trips over it."""
    position = 0
    seen = False
    while (position := value.find("%", position)) >= 0:
        directive = value[position + 1 : position + 2]
        if directive == "-":
            position += 1
            directive = value[position + 1 : position + 2]
        if directive == "Z":
            raise ValueError("has %Z, but zone names are ambiguous: use %z (an offset) or timezone")
        if not directive or directive not in _DIRECTIVES:
            raise ValueError(f"has the unknown part %{directive} (write %% for a percent sign)")
        seen = True
        position += 2
    if not seen:
        raise ValueError("is not a strptime format such as %Y/%m/%d %H:%M")
    return value


Zone = Annotated[str, AfterValidator(_known_zone)]
Regex = Annotated[str, AfterValidator(_valid_regex)]
Text = Annotated[str, BeforeValidator(_scalar_text)]
Header = Annotated[str, BeforeValidator(_header_text), Field(min_length=1)]
StrptimeFormat = Annotated[str, AfterValidator(_valid_strptime)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Encoding = Literal["auto", "utf-8", "utf-16", "cp932"]
Delimiter = Literal["auto", ",", "\t", ";", "|", "^", "`", " "]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Phone(_Strict):
    """How phone numbers of this source are understood (formats §6.2)."""

    region: str = Field(default="JP", pattern=r"^[A-Z]{2}$")
    repair_leading_zero: bool = False
    allow_bare_81: bool = False


class Speech(_Strict):
    """Thresholds of the speech rule of a connect."""

    min_seconds: float = Field(default=30, ge=0)
    min_turns: int = Field(default=4, ge=0)
    min_customer_seconds: float = Field(default=10, ge=0)


class Duration(_Strict):
    """Threshold of the duration rule of a connect."""

    min_seconds: float = Field(default=60, ge=0)


class Connect(_Strict):
    """When a call counts as a connect (formats §7.2)."""

    require_disposition: bool = False
    min_human_seconds: float = Field(default=5, ge=0)
    speech: Speech = Speech()
    duration: Duration = Duration()


class Acceptance(_Strict):
    """How field sales says yes to a meeting."""

    mode: Literal["stage", "owner_role", "custom_field"] = "stage"
    stage: str | None = None
    field: str | None = None
    map: dict[Text, Text] = {}

    @model_validator(mode="after")
    def _complete(self) -> Acceptance:
        if self.mode == "stage" and not self.stage:
            raise ValueError("mode stage needs stage: the name of the stage that means accepted")
        if self.mode == "custom_field" and not (self.field and self.map):
            raise ValueError("mode custom_field needs field (a header) and map (value: accepted)")
        return self


class CustomField(_Strict):
    """The header that fills a canonical column, and what its values are called here."""

    field: Header
    map: dict[Text, Text] = {}


def _header_or_field(value: object) -> object:
    return {"field": value} if isinstance(value, str) else value


Custom = Annotated[CustomField, BeforeValidator(_header_or_field)]


class LeadStatus(_Strict):
    """Lead status values that mean a step of the funnel."""

    mql: tuple[str, ...] = ()
    nurturing: tuple[str, ...] = ()
    handed_back: tuple[str, ...] = ()


class Coverage(_Strict):
    """Which local dates a file speaks for."""

    basis: Literal["content", "file_name", "extract"] = "content"
    pattern: Regex | None = None
    delivers_on: Literal["all", "business"] = "all"
    covers_from: date | None = None

    @model_validator(mode="after")
    def _complete(self) -> Coverage:
        groups = set(re.compile(self.pattern).groupindex) if self.pattern else set()
        if self.basis == "file_name" and not groups:
            raise ValueError(
                "basis file_name needs pattern with a named group date, or from and to"
            )
        if groups and groups not in ({"date"}, {"from", "to"}):
            raise ValueError(
                "pattern needs the named group (?P<date>…), or (?P<from>…) and (?P<to>…); "
                f"it has {', '.join(sorted(groups)) or 'none'}"
            )
        return self


class ExtractedAt(_Strict):
    """The instant of an export, as its file name states it."""

    pattern: Regex
    timezone: Zone | None = None

    @model_validator(mode="after")
    def _complete(self) -> ExtractedAt:
        groups = set(re.compile(self.pattern).groupindex)
        if "date" not in groups or groups - {"date", "time"}:
            raise ValueError(
                "pattern needs the named group (?P<date>…) and may have (?P<time>…); "
                f"it has {', '.join(sorted(groups)) or 'none'}"
            )
        return self


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Texts = Annotated[tuple[Header, ...], BeforeValidator(_one_or_more)]
Layouts = Annotated[tuple[StrptimeFormat, ...], BeforeValidator(_one_or_more)]


class ValueFormat(_Strict):
    """How one mapped column writes its dates or numbers."""

    date: Layouts = ()
    timestamp: Layouts = ()
    decimal: Literal[".", ","] | None = None
    thousands: Literal[",", ".", " ", "'", "_"] | None = None
    unit_factor: float | None = Field(default=None, gt=0)
    # What stands before or behind the number, such as ¥, 円 or JPY.
    unit: Texts = ()
    duration: Literal["mm:ss"] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> ValueFormat:
        if self.date and self.timestamp:
            raise ValueError("give date or timestamp, not both")
        if self.thousands is not None and self.thousands == (self.decimal or "."):
            raise ValueError("decimal and thousands are the same character")
        return self

    @property
    def layouts(self) -> tuple[str, ...]:
        """The strptime formats, in the order they are tried."""
        return self.date or self.timestamp


Classes = Annotated[
    tuple[Literal["cti", "ma", "sfa", "survey"], ...], BeforeValidator(_one_or_more)
]


class MappedObject(_Strict):
    """One canonical object of a mapped source: its files and what their headers mean."""

    object: str
    files: tuple[str, ...] = Field(min_length=1)
    format: Literal["csv", "tsv", "xlsx", "jsonl"] = "csv"
    sheet: str | None = None
    columns: dict[str, Header] = Field(min_length=1)
    values: dict[str, dict[Text, Text]] = {}
    formats: dict[str, ValueFormat] = {}
    constants: dict[str, Text] = {}

    @model_validator(mode="after")
    def _consistent(self) -> MappedObject:
        if self.sheet is not None and self.format != "xlsx":
            raise ValueError("sheet is only for format xlsx")
        both = sorted(set(self.columns) & set(self.constants))
        if both:
            raise ValueError(f"columns and constants both give {', '.join(both)}")
        return self


class Source(_Strict):
    """One source: the folder `exports/<id>/` and how to read what lies there."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    system: Literal["miitel", "salesforce", "hubspot", "planning", "mapped"]
    account: str | None = None
    timezone: Zone | None = None
    encoding: Encoding = "auto"
    delimiter: Delimiter = "auto"
    phone: Phone = Phone()
    own_numbers: tuple[Text, ...] = ()
    internal_domains: tuple[str, ...] = ()
    user_map: dict[Text, str] = {}
    memo_separator: str | None = Field(default=None, min_length=1)
    feed: Literal["webhook", "history"] | None = None
    connect: Connect = Connect()
    default_currency: Currency | None = None
    acceptance: Acceptance | None = None
    custom: dict[str, Custom] = {}
    lead_status: LeadStatus = LeadStatus()
    required: bool = False
    coverage: Coverage = Coverage()
    extracted_at: ExtractedAt | None = None
    objects: tuple[MappedObject, ...] = ()
    source_class: Classes = Field(default=(), alias="class")
    _reporting_timezone: str = PrivateAttr(default="Asia/Tokyo")

    def model_post_init(self, context: Any, /) -> None:
        """Take the reporting zone from the validation context."""
        self._reporting_timezone = (context or {}).get("timezone", self._reporting_timezone)

    @model_validator(mode="after")
    def _consistent(self) -> Source:
        if self.system == MAPPED:
            if not self.objects:
                raise ValueError("system mapped needs objects")
            if len(self.source_class) != 1:
                raise ValueError("system mapped needs class: one of cti, ma, sfa and survey")
            names = [item.object for item in self.objects]
            if len(set(names)) != len(names):
                raise ValueError("objects names an object twice")
        elif self.objects:
            raise ValueError("objects are only for system mapped")
        allowed = _CLASSES_TO_CHOOSE.get(self.system, ())
        if self.source_class and not allowed:
            raise ValueError("class is only for systems mapped and hubspot")
        if not set(self.source_class) <= set(allowed):
            raise ValueError(f"class of system {self.system} is one of {', '.join(allowed)}")
        if len(set(self.source_class)) != len(self.source_class):
            raise ValueError("class names one twice")
        if self.feed is not None and self.system != "miitel":
            raise ValueError("feed is only for system miitel")
        if (self.system == PLANNING) != (self.id == PLANNING):
            raise ValueError("the source of system planning has the id planning, and only it")
        return self

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the source is here: cti, ma, sfa or planning; a HubSpot may be ma and sfa."""
        return self.source_class or (_CLASS_OF_SYSTEM[self.system],)

    @property
    def day_timezone(self) -> str:
        """The zone of this source's days: its own, else the reporting zone."""
        return self.timezone or self._reporting_timezone

    @property
    def local_timezone(self) -> str | None:
        """The zone of times written without one; None: such a time is refused (formats §2.3)."""
        return self.timezone if self.system in _ZONED_SYSTEMS else self.day_timezone

    def mapped_object(self, object_name: str) -> MappedObject | None:
        return next((item for item in self.objects if item.object == object_name), None)

    def headers_of(self, contract: Contract) -> dict[str, tuple[str, ...]]:
        """Canonical column → the headers (or JSON paths) it may come from, best first."""
        mapped = self.mapped_object(contract.object_name)
        if mapped is not None:
            return {
                column.name: (mapped.columns[column.name],) if column.name in mapped.columns else ()
                for column in contract.columns
            }
        custom = self.custom_fields(contract)
        return {
            column.name: (
                *(_spellings(custom[column.name].field) if column.name in custom else ()),
                *column.aliases,
                *_own_headers(contract, column),
            )
            for column in contract.columns
        }

    def custom_fields(self, contract: Contract) -> dict[str, CustomField]:
        """The custom headers of one object; `object.column` keys go before plain ones."""
        found = {}
        for column in contract.columns:
            for key in (f"{contract.object_name}.{column.name}", column.name):
                if key in self.custom:
                    found[column.name] = self.custom[key]
                    break
        acceptance = self.acceptance
        if (
            acceptance is not None
            and acceptance.mode == "custom_field"
            and acceptance.field
            and contract.column("acceptance")
        ):
            found["acceptance"] = CustomField(field=acceptance.field, map=acceptance.map)
        return found

    def custom_paths(self, contract: Contract) -> dict[str, str]:
        """JSON paths of custom fields: beside the column's own, unless written out ($.a.b)."""
        if contract.format != "jsonl" or self.system == MAPPED:
            return {}
        return {
            name: custom.field if custom.field.startswith("$") else f'{beside}."{custom.field}"'
            for name, custom in self.custom_fields(contract).items()
            if (column := contract.column(name)) and column.path
            if (beside := column.path.rpartition(".")[0])
        }

    def reading_rules(self, contracts: tuple[Contract, ...]) -> str:
        """Everything of this source that a reading of one of these objects may depend on.

        What only later models use (own numbers, thresholds, user map …) is left out, so that
        editing it re-reads nothing.
        """
        return json.dumps(
            {
                "id": self.id,
                "system": self.system,
                "account": self.account,
                "timezone": self.local_timezone,
                "day_timezone": self.day_timezone,
                "encoding": self.encoding,
                "delimiter": self.delimiter,
                "phone": self.phone.model_dump(),
                "memo_separator": self.memo_separator,
                "default_currency": self.default_currency,
                "objects": [
                    {
                        "contract": contract.fingerprint,
                        "headers": self.headers_of(contract),
                        "custom": {
                            name: custom.model_dump()
                            for name, custom in self.custom_fields(contract).items()
                        },
                        "mapped": (
                            mapped.model_dump()
                            if (mapped := self.mapped_object(contract.object_name))
                            else None
                        ),
                    }
                    for contract in contracts
                ],
            },
            sort_keys=True,
            default=str,
        )

    def contracts(self, contracts: Contracts) -> tuple[Contract, ...]:
        """The contracts whose files may lie in this source's folder."""
        of_system = tuple(
            contract
            for contract in contracts.of_system(self.system)
            if not contract.classes or set(contract.classes) & set(self.class_names)
        )
        if self.system == MAPPED:
            named = {item.object for item in self.objects}
            return tuple(contract for contract in of_system if contract.object_name in named)
        if self.feed is not None:
            return tuple(
                contract
                for contract in of_system
                if (contract.format == "jsonl") == (self.feed == "webhook")
            )
        return of_system


class SourcesConfig(_Strict):
    """`config/sources.yml`, checked. The source `planning` is always there."""

    sources: tuple[Source, ...]

    def get(self, source_id: str) -> Source | None:
        return next((source for source in self.sources if source.id == source_id), None)


def load_sources(
    house: House, contracts: Contracts, *, default_timezone: str = "Asia/Tokyo"
) -> SourcesConfig:
    """Read and check `config/sources.yml`; `sources: []` means planning alone.

    default_timezone: zone of the days of a source that names none (the reporting zone).
    Raises ConfigError naming the file, the key and what is allowed.
    """
    path = house.sources_file
    if not path.is_file():
        raise ConfigError(
            "The house has no config/sources.yml.",
            where=str(path),
            remedy="Put it back; a house with planning alone says `sources: []`.",
        )
    document = read_configuration(path)
    zone = {"timezone": default_timezone}
    try:
        config = SourcesConfig.model_validate(document, context=zone)
    except ValidationError as error:
        raise validation_error(error, path) from error
    if config.get(PLANNING) is None:
        planning = Source.model_validate({"id": PLANNING, "system": PLANNING}, context=zone)
        config = SourcesConfig(sources=(*config.sources, planning))
    problems = [problem for source in config.sources for problem in _problems(source, contracts)]
    folded = [source.id.casefold() for source in config.sources]
    problems += [
        f"sources.{source_id}: this id is used twice; ids are folder names and must differ "
        "by more than case"
        for source_id in sorted({name for name in folded if folded.count(name) > 1})
    ]
    phones = [source for source in config.sources if source.system == "miitel"]
    problems += [
        f"sources.{source.id}.account: needed (the tenant code) because there are several miitel "
        "sources: a history CSV does not name its tenant, and the feeds of one telephone system "
        "would count every call twice"
        for source in phones
        if len(phones) > 1 and source.feed != "webhook" and not (source.account or "").strip()
    ]
    if problems:
        raise ConfigError(
            "Not allowed: " + "; ".join(problems),
            where=str(path),
            remedy="Correct the keys named above; `kpi sources check` checks again.",
        )
    return config


def undated(config: SourcesConfig) -> tuple[str, ...]:
    """Sources of calls whose file names do not say when they were exported.

    Calls carry no last-modified instant, so only that instant tells which of two deliveries of a
    call is the newer one; the latest call in a file cannot, when an older period is exported again.
    """
    return tuple(
        source.id
        for source in config.sources
        if "cti" in source.class_names and source.extracted_at is None
    )


def _problems(source: Source, contracts: Contracts) -> list[str]:
    where = f"sources.{source.id}"
    if source.system == MAPPED:
        return [
            problem
            for item in source.objects
            for problem in _mapped_problems(f"{where}.objects.{item.object}", item, contracts)
        ]
    of_system = contracts.of_system(source.system)
    problems = []
    for key in source.custom:
        object_name, _, column_name = key.rpartition(".")
        objects = [c for c in of_system if not object_name or c.object_name == object_name]
        if object_name and not objects:
            problems.append(
                f"{where}.custom.{key}: {source.system} has no object {object_name}"
                + _near(object_name, [c.object_name for c in of_system])
            )
            continue
        holding = [c for c in objects if c.column(column_name)]
        fixed = [
            c
            for c in holding
            if c.format == "jsonl"
            and not ((column := c.column(column_name)) and column.configurable)
        ]
        if not holding:
            names = [column.name for c in objects for column in c.columns]
            problems.append(
                f"{where}.custom.{key}: no canonical column of that name"
                + _near(column_name, names)
            )
        elif len(fixed) == len(holding):
            problems.append(f"{where}.custom.{key}: this column of a JSON-lines object is fixed")
    return problems


def _mapped_problems(where: str, item: MappedObject, contracts: Contracts) -> list[str]:
    contract = contracts.get(MAPPED, item.object)
    if contract is None:
        names = [known.object_name for known in contracts.of_system(MAPPED)]
        return [f"{where}: no canonical object of that name" + _near(item.object, names)]
    problems = []
    names = [column.name for column in contract.columns]
    for group, keys in _mapped_columns(item).items():
        problems += [
            f"{where}.{group}.{key}: no canonical column of that name" + _near(key, names)
            for key in keys
            if key not in names
        ]
    known = set(item.columns) | set(item.constants)
    problems += [
        f"{where}.{group}.{key}: the column has no header in columns"
        for group in ("values", "formats")
        for key in _mapped_columns(item)[group]
        if key in names and key not in item.columns
    ]
    missing = [
        column.name
        for column in contract.columns
        if (column.required or column.header_required) and column.name not in known
    ]
    if missing:
        problems.append(f"{where}.columns: needs a header (or a constant) for {', '.join(missing)}")
    problems += [
        f"{where}.formats.{name}: {problem}"
        for name, value in item.formats.items()
        if (column := contract.column(name)) and (problem := _unfit(column, value))
    ]
    return problems


def _mapped_columns(item: MappedObject) -> Mapping[str, Mapping[str, object]]:
    return {
        "columns": item.columns,
        "values": item.values,
        "formats": item.formats,
        "constants": item.constants,
    }


def _unfit(column: Column, value: ValueFormat) -> str | None:
    numeric = value.decimal or value.thousands or value.unit_factor or value.unit
    if numeric and column.type not in ("integer", "decimal", "percent", "share", "duration"):
        return f"is a {column.type}: decimal, thousands, unit and unit_factor are for numbers"
    if value.duration and column.type != "duration":
        return f"is a {column.type}: duration is for durations"
    if value.date and column.type not in ("date", "timestamp"):
        return f"is a {column.type}: date is for dates"
    if value.timestamp and column.type not in ("timestamp", "date"):
        return f"is a {column.type}: timestamp is for instants"
    return None


def _own_headers(contract: Contract, column: Column) -> tuple[str, ...]:
    if contract.is_also_table:
        return (column.property_name,) if column.property_name else ()
    return () if column.configurable else (column.name,)


def _spellings(field: str) -> tuple[str, ...]:
    """A custom field as configured, and as connectors spell it: No_Show__c is no_show_c."""
    divided = re.sub(
        r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", field
    )
    connector = re.sub(r"_+", "_", divided).lower()
    return (field,) if connector == field else (field, connector)


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, sorted(set(known)), n=5, cutoff=0.5)
    if near:
        return f" (did you mean {', '.join(near)}?)"
    return f" (known are {', '.join(sorted(set(known))[:40])})"


def parse_day(digits: str, *, last: bool = False) -> date | None:
    """A date from yyyymmdd or yyyymm with any separators; a month means its first or last day."""
    text = re.sub(r"\D", "", digits)
    try:
        if len(text) == 8:
            return datetime.strptime(text, "%Y%m%d").date()
        if len(text) == 6:
            first = datetime.strptime(text, "%Y%m").date()
            if not last:
                return first
            following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
            return date.fromordinal(following.toordinal() - 1)
    except ValueError:
        return None
    return None
