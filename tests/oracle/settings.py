"""The facts of the house's configuration that the written rules need, as plain values.

Belongs here: the defaults of dictionary §0, §3, §9 and formats §7 and one reader for the two YAML
documents of a house. Does not belong here: checking them (the product refuses bad ones).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Source:
    """What one entry of sources.yml says about how to understand its records."""

    id: str
    system: str
    classes: frozenset[str] = frozenset()  # of a HubSpot portal: ma, sfa or both
    account: str = ""
    timezone: str = "Asia/Tokyo"
    own_numbers: tuple[str, ...] = ()
    internal_domains: frozenset[str] = frozenset()
    user_map: Mapping[str, str] = field(default_factory=dict)
    region: str = "JP"
    repair_leading_zero: bool = False
    allow_bare_81: bool = False
    memo_separator: str | None = None
    default_currency: str | None = None
    acceptance_mode: str = "stage"  # stage | owner_role | custom_field
    acceptance_stage: str | None = None
    acceptance_field: str | None = None
    acceptance_map: Mapping[str, str] = field(default_factory=dict)
    outcome_field: str | None = None
    outcome_map: Mapping[str, str] = field(default_factory=dict)
    lead_status: Mapping[str, str] = field(default_factory=dict)  # status -> mql|nurturing|…
    custom_fields: Mapping[str, str] = field(default_factory=dict)  # canonical -> header
    # Mapped sources: (object, column) -> value map, and what no file says.
    values: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[tuple[str, str], str] = field(default_factory=dict)
    coverage_basis: str = "content"  # content | file_name | extract
    coverage_pattern: str | None = None
    covers_from: date | None = None
    require_disposition: bool = False
    min_human_seconds: float = 5.0
    speech_min_seconds: float = 30.0
    speech_min_turns: float = 4.0
    speech_min_customer_seconds: float = 10.0
    duration_min_seconds: float = 60.0

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def said(self, object_name: str, record: Mapping[str, Any], column: str) -> Any:
        """What a mapped record says in a column: its constant, or its value after the map."""
        key = (object_name, column)
        value = record.get(column)
        if value is None:
            return self.constants.get(key)
        return self.values.get(key, {}).get(str(value), value)


@dataclass(frozen=True)
class Settings:
    """House settings (config/house.yml) and every source (config/sources.yml)."""

    timezone: str = "Asia/Tokyo"
    week_starts_on: int = 1  # 1 = Monday
    fiscal_year_start_month: int = 4
    default_currency: str = "JPY"
    shodan_event: str = "booked"  # booked | held | opportunity
    decision_expires_after_days: int = 30
    rebooking_days: int = 30
    account_rule_days: int = 90
    hand_raise_events: frozenset[str] = frozenset({"form_submitted"})
    working_hours: tuple[tuple[str, str], ...] = (("09:00", "18:00"),)
    coverage_days: int = 90
    match_window_seconds: int = 180
    score_bands: tuple[int, ...] = (20, 40, 60, 80)
    sources: Mapping[str, Source] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def internal_domains(self) -> frozenset[str]:
        """A colleague is a colleague whichever system names the domain."""
        return frozenset().union(*(source.internal_domains for source in self.sources.values()))

    @property
    def own_numbers(self) -> tuple[tuple[Source, str], ...]:
        """The company's own lines, of all sources together (formats §6.2.7)."""
        return tuple(
            (source, raw) for source in self.sources.values() for raw in source.own_numbers
        )

    def source(self, record: Mapping[str, Any], system: str) -> Source:
        """The source a record came from; by `_source_id`, else the only one of its system."""
        named = record.get("_source_id")
        if named in self.sources:
            return self.sources[str(named)]
        of_system = [source for source in self.sources.values() if source.system == system]
        return of_system[0] if of_system else Source(id=str(named or system), system=system)


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def settings_from(house: Mapping[str, Any], sources: Iterable[Mapping[str, Any]]) -> Settings:
    """Settings from the parsed house.yml and the list under `sources:` of sources.yml."""
    reporting = house.get("reporting") or {}
    definitions = house.get("definitions") or {}
    matching = house.get("matching") or {}
    first_weekday = str(reporting.get("week_starts_on", "monday"))
    read = [_source(entry) for entry in sources]
    return Settings(
        timezone=str(reporting.get("timezone", "Asia/Tokyo")),
        week_starts_on=_WEEKDAYS.index(first_weekday) + 1,
        fiscal_year_start_month=int(reporting.get("fiscal_year_start_month", 4)),
        default_currency=str(reporting.get("default_currency", "JPY")),
        shodan_event=str(definitions.get("shodan_event", "booked")),
        decision_expires_after_days=int(definitions.get("decision_expires_after_days", 30)),
        rebooking_days=int(definitions.get("rebooking_days", 30)),
        account_rule_days=int(definitions.get("account_rule_days", 90)),
        hand_raise_events=frozenset(definitions.get("hand_raise_events", ["form_submitted"])),
        working_hours=tuple(
            (opens.strip(), closes.strip())
            for opens, _, closes in (
                opening.partition("-")
                for opening in definitions.get("working_hours", "09:00-18:00").split(",")
            )
        ),
        coverage_days=int(definitions.get("coverage_days", 90)),
        match_window_seconds=int(matching.get("window_seconds", 180)),
        score_bands=tuple(definitions.get("score_bands", (20, 40, 60, 80))),
        sources={source.id: source for source in read},
    )


def _source(entry: Mapping[str, Any]) -> Source:
    phone = entry.get("phone") or {}
    connect = entry.get("connect") or {}
    speech = connect.get("speech") or {}
    duration = connect.get("duration") or {}
    coverage = entry.get("coverage") or {}
    gate = entry.get("sal_gate") or entry.get("acceptance") or {}
    custom = _flat_custom(entry.get("custom") or {})
    outcome_field, outcome_map = custom.get("meeting_outcome", (None, {}))
    acceptance_field, acceptance_map = custom.get("acceptance", (None, {}))
    covers_from = coverage.get("covers_from", entry.get("covers_from"))
    return Source(
        id=str(entry["id"]),
        system=str(entry["system"]),
        classes=_classes(entry),
        account=str(entry.get("account") or entry.get("org_id") or ""),
        timezone=str(entry.get("timezone") or "Asia/Tokyo"),
        own_numbers=tuple(str(number) for number in entry.get("own_numbers") or ()),
        internal_domains=frozenset(
            str(domain).lower() for domain in entry.get("internal_domains") or ()
        ),
        user_map={str(k): str(v).lower() for k, v in (entry.get("user_map") or {}).items()},
        region=str(phone.get("region", "JP")),
        repair_leading_zero=bool(phone.get("repair_leading_zero", False)),
        allow_bare_81=bool(phone.get("allow_bare_81", False)),
        memo_separator=entry.get("memo_separator"),
        default_currency=entry.get("default_currency"),
        acceptance_mode=str(gate.get("mode", "stage")),
        acceptance_stage=gate.get("stage"),
        acceptance_field=gate.get("field") or acceptance_field,
        acceptance_map={str(k).lower(): str(v) for k, v in (gate.get("map") or {}).items()}
        or acceptance_map,
        outcome_field=outcome_field,
        outcome_map=outcome_map,
        lead_status={
            str(status): str(step)
            for step, statuses in (entry.get("lead_status") or {}).items()
            for status in ([statuses] if isinstance(statuses, str) else statuses)
        },
        custom_fields={column: field_ for column, (field_, _) in custom.items()},
        values={
            (str(described["object"]), str(column)): {str(k): str(v) for k, v in mapping.items()}
            for described in entry.get("objects") or ()
            for column, mapping in (described.get("values") or {}).items()
        },
        constants={
            (str(described["object"]), str(column)): str(value)
            for described in entry.get("objects") or ()
            for column, value in (described.get("constants") or {}).items()
        },
        coverage_pattern=coverage.get("pattern"),
        coverage_basis=str(coverage.get("basis", entry.get("coverage_basis", "content"))),
        covers_from=date.fromisoformat(str(covers_from)) if covers_from else None,
        require_disposition=bool(connect.get("require_disposition", False)),
        min_human_seconds=float(connect.get("min_human_seconds", 5)),
        speech_min_seconds=float(speech.get("min_seconds", 30)),
        speech_min_turns=float(speech.get("min_turns", 4)),
        speech_min_customer_seconds=float(speech.get("min_customer_seconds", 10)),
        duration_min_seconds=float(duration.get("min_seconds", 60)),
    )


def _classes(entry: Mapping[str, Any]) -> frozenset[str]:
    said = entry.get("class") or ("ma" if entry["system"] == "hubspot" else ())
    return frozenset([said] if isinstance(said, str) else said)


def _flat_custom(custom: Mapping[str, Any]) -> dict[str, tuple[str, dict[str, str]]]:
    """`custom:` as {canonical: (vendor header, value map)}, with or without an object level."""
    flat: dict[str, tuple[str, dict[str, str]]] = {}
    for key, spec in custom.items():
        if isinstance(spec, str):
            flat[key.split(".")[-1]] = (spec, {})
        elif "field" in spec or "header" in spec:
            header = str(spec.get("field") or spec.get("header"))
            mapping = {str(k).lower(): str(v) for k, v in (spec.get("map") or {}).items()}
            flat[key.split(".")[-1]] = (header, mapping)
        else:
            flat.update(_flat_custom(spec))
    return flat
