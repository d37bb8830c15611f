"""Opens a number: what it means, what was counted, what nearly was, and which exported record says so.

Everything comes out of one release: the catalogue says in SQL which rows of which fact table count
(`dim_metrics`), the scopes say whose a row is (`dim_scopes`). Here those texts are put together; no formula
stands here. A rule is taken apart at its `and`s by DuckDB's own parser, so that a row that fails one
condition only can be told from the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import duckdb

from dagster_project.lib.errors import KuraError
from dagster_project.lib.query import WAREHOUSE, Answer, sandboxed
from dagster_project.lib.raw import RawStore
from dagster_project.lib.sql_text import identifier, literal
from dagster_project.settings import House

# Columns that say in words why a row of a table did not count.
_WHY: Final = {
    "fct_calls": ("disposition", "match_level", "answered_by"),
    "fct_meetings": ("ineligible_reason", "cohort_outcome", "decision"),
    "fct_opportunities": ("credit_basis", "deal_type"),
}
_SOURCE: Final = ("source_file", "source_record", "source_file_id")
_MONTH: Final = re.compile(r"(\d{4})-(\d{2})")
_FISCAL: Final = re.compile(r"FY(\d{4})(?:-?Q([1-4]))?", re.IGNORECASE)


class ExplainError(KuraError):
    """The number cannot be opened."""


@dataclass(frozen=True)
class Place:
    """Where a figure stands."""

    period_type: str
    period_start: date
    scope_type: str
    scope_key: str


@dataclass(frozen=True)
class NearMiss:
    """Rows that meet every condition of a rule but one, by what they say about it."""

    condition: str
    description: str
    rows: int
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Part:
    """Numerator or denominator: the rule, and how many rows it counts to which amount."""

    name: str
    measure: str
    table: str
    date: str
    rows: int
    amount: float | None
    near_misses: tuple[NearMiss, ...]


@dataclass(frozen=True)
class Explanation:
    """A figure as it stands on the scorecard, and what it is made of."""

    metric: Mapping[str, Any]
    place: Place
    figure: Mapping[str, Any]
    parts: tuple[Part, ...]


class Opened:
    """One release, opened for questions about its numbers; `opened` gives one."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def metric(self, name: str) -> dict[str, Any]:
        """The catalogue's row of a metric, found by its name or by its Japanese or English label."""
        found = self._rows(
            f"""select * from dim_metrics
            where {literal(name.lower())} in (metric, lower(name_ja), lower(name_en))"""
        )
        if found:
            return found[0]
        near = self._rows(
            f"""select metric from dim_metrics
            order by jaro_winkler_similarity(metric, {literal(name)}) desc, metric limit 3"""
        )
        raise ExplainError(
            f"There is no metric {name}.",
            remedy="Do you mean " + ", ".join(row["metric"] for row in near) + "? "
            'All of them: kpi query "select metric, name_ja, name_en from dim_metrics"',
        )

    def place(self, scopes: Mapping[str, str], period: str | None) -> Place:
        """The place of the scorecard that was meant.

        scopes: scope type -> key, empty for the company; team and channel together are the scope of both.
        period: 2026-09, 2026-09-14 (its week), FY2026, FY2026-Q2, or None: the month of the as-of date.
        """
        scope_type, scope_key = self._scope(scopes)
        period_type, start = self._period(period)
        return Place(period_type, start, scope_type, scope_key)

    def explain(self, metric: Mapping[str, Any], place: Place) -> Explanation:
        figures = self._rows(
            f"""select * from kpi_scorecard
            where metric = {literal(metric["metric"])} and {_at(place)}"""
        )
        if not figures:
            raise ExplainError(
                f"The scorecard has no {metric['metric']} of {place.scope_type} {place.scope_key} "
                f"for the {place.period_type} from {place.period_start}.",
                remedy=f"{metric['metric']} is shown for: {metric['scopes']}. Keys and periods: "
                'kpi query "select distinct period_type, period_start, scope_key from kpi_scorecard '
                f"where scope_type = '{place.scope_type}'\"",
            )
        names = ("numerator", "denominator") if metric["denominator"] else ("numerator",)
        return Explanation(
            metric, place, figures[0], tuple(self._part(metric, name, place) for name in names)
        )

    def rows(self, metric: Mapping[str, Any], name: str, place: Place) -> Answer:
        """The rows that count for a part: key, date, what each adds, what the rule looked at, its source."""
        table = metric[f"{name}_table"]
        shown = [*self._columns_of(metric, name), *_SOURCE]
        answer = self._connection.execute(
            f"""select {literal(name)} as part, {", ".join(map(identifier, shown))},
                {metric[f"{name}_each"]} as adds
            from {table} where {metric[f"{name}_rows"]} and {self._within(metric, name, place)}
            order by {metric[f"{name}_date"]}, {", ".join(map(identifier, shown))}"""
        )
        columns = tuple(column[0] for column in answer.description or ())
        return Answer(columns, iter(answer.fetchall()))

    def _part(self, metric: Mapping[str, Any], name: str, place: Place) -> Part:
        rows, each = metric[f"{name}_rows"], metric[f"{name}_each"]
        within = self._within(metric, name, place)
        adds = "count(distinct each)" if "count(distinct" in metric[f"{name}_sql"] else "sum(each)"
        (counted,) = self._rows(
            f"""select count(*) as rows, {adds} as amount from (
                select {each} as each from {metric[f"{name}_table"]} where {rows} and {within})"""
        )
        amount = counted["amount"]
        return Part(
            name=name,
            measure=metric[name],
            table=metric[f"{name}_table"],
            date=metric[f"{name}_date"],
            rows=counted["rows"],
            amount=None if amount is None else float(amount),
            near_misses=tuple(self._near_misses(metric, name, within)),
        )

    def _near_misses(self, metric: Mapping[str, Any], name: str, within: str) -> Iterator[NearMiss]:
        table = metric[f"{name}_table"]
        conditions = _conditions(self._connection, metric[f"{name}_rows"])
        described = self._descriptions(table)
        why = [column for column in _WHY.get(table, ()) if column in described]
        reason = " || ', ' || ".join(
            f"{literal(column + '=')} || coalesce(cast({column} as varchar), '–')" for column in why
        )
        for condition in conditions:
            others = "".join(f" and ({other})" for other in conditions if other is not condition)
            found = self._rows(
                f"""select {reason or "''"} as reason, count(*) as rows from {table}
                where {within}{others} and ({condition}) is not true
                group by all order by rows desc, reason"""
            )
            if found:
                named = [column for column in described if re.search(rf"\b{column}\b", condition)]
                yield NearMiss(
                    condition,
                    "; ".join(described[column] for column in named),
                    sum(row["rows"] for row in found),
                    tuple((row["reason"], row["rows"]) for row in found if row["reason"]),
                )

    def _within(self, metric: Mapping[str, Any], name: str, place: Place) -> str:
        """SQL: the row lies in the period, up to the as-of day, and is the scope's."""
        (bounds,) = self._rows(
            f"""select min(period_end) as period_end from kpi_scorecard where {_at(place)}"""
        )
        (scope,) = self._rows(
            f"select key_sql from dim_scopes where scope_type = {literal(place.scope_type)}"
        )
        day = metric[f"{name}_date"]
        return (
            f"{day} between date '{place.period_start}' and date '{bounds['period_end']}' "
            f"and {day} <= (select as_of_date from release) "
            f"and {scope['key_sql']} = {literal(place.scope_key)}"
        )

    def _columns_of(self, metric: Mapping[str, Any], name: str) -> list[str]:
        """The table's key, the date, and every column the rule or its reasons look at."""
        table = metric[f"{name}_table"]
        described = self._descriptions(table)
        text = " ".join((metric[f"{name}_rows"], metric[f"{name}_each"], metric[f"{name}_date"]))
        key = next(iter(described))
        return [
            column
            for column in described
            if column in (key, "rep_id", *_WHY.get(table, ())) or re.search(rf"\b{column}\b", text)
        ]

    def _descriptions(self, table: str) -> dict[str, str]:
        rows = self._connection.execute(
            f"""select column_name, coalesce(comment, '') from duckdb_columns()
            where table_name = {literal(table)} order by column_index"""
        ).fetchall()
        return {str(column): str(comment) for column, comment in rows}

    def _scope(self, scopes: Mapping[str, str]) -> tuple[str, str]:
        if not scopes:
            return "company", "company"
        if set(scopes) == {"team", "channel"}:
            return "team_channel", f"{scopes['team']} × {scopes['channel']}"
        if len(scopes) > 1:
            raise ExplainError(
                "A figure is for one scope, or for a team and a channel.",
                where=", ".join(f"{kind} {key}" for kind, key in scopes.items()),
                remedy="Name one of them; the rows can be cut further with `kpi query`.",
            )
        ((kind, key),) = scopes.items()
        if kind == "rep":
            # People know each other by name.
            for row in self._rows(
                f"select distinct rep_id from dim_reps where rep_label = {literal(key)}"
            ):
                return kind, row["rep_id"]
        return kind, key

    def _period(self, text: str | None) -> tuple[str, date]:
        if text is None:
            (row,) = self._rows("select date_trunc('month', as_of_date)::date as d from release")
            return "month", row["d"]
        if match := _MONTH.fullmatch(text):
            return "month", date(int(match[1]), int(match[2]), 1)
        if match := _FISCAL.fullmatch(text):
            starts = [
                row["start"]
                for row in self._rows(
                    f"""select distinct quarter_start as start from dim_dates
                    where fiscal_year = {match[1]} order by start"""
                )
            ]
            if len(starts) == 4:
                return (
                    ("quarter", starts[int(match[2]) - 1])
                    if match[2]
                    else ("fiscal_year", starts[0])
                )
        else:
            try:
                day = date.fromisoformat(text)
            except ValueError:
                day = None
            if day is not None:
                for row in self._rows(f"select week_start from dim_dates where date = '{day}'"):
                    return "week", row["week_start"]
        raise ExplainError(
            f"{text} is no period this release knows.",
            remedy="A month (2026-09), a day of a week (2026-09-14), a fiscal quarter (FY2026-Q2) or a "
            "fiscal year (FY2026).",
        )

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        cursor = self._connection.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@contextmanager
def opened(house: House) -> Iterator[Opened]:
    """The current release, read-only and closed to everything else of the machine."""
    warehouse = house.current.resolve() / WAREHOUSE
    if not warehouse.is_file():
        raise ExplainError(
            "There is no release to open a number of.",
            where=str(house.current),
            remedy="Run a night with `kpi run`.",
        )
    with sandboxed(warehouse) as connection:
        yield Opened(connection)


def raw_record(house: House, file_id: str, record: int) -> dict[str, Any]:
    """A record as it was exported: column -> text. Raises ExplainError when raw no longer has it."""
    store = RawStore(house.raw)
    receipt = store.get(file_id)
    if receipt is None:
        raise ExplainError(
            "The raw store no longer has that reading.",
            where=file_id,
            remedy="Run the night again; what still lies in exports is read anew.",
        )
    number = "_record" if receipt.has_record else "file_row_number + 1"
    with duckdb.connect() as connection:
        cursor = connection.execute(
            f"""select * from read_parquet({literal(str(store.parquet_of(receipt)))},
                file_row_number = {str(not receipt.has_record).lower()})
            where {number} = {int(record)}"""
        )
        names = [column[0] for column in cursor.description or ()]
        row = cursor.fetchone()
    if row is None:
        raise ExplainError("That reading has no such record.", where=f"{file_id} record {record}")
    return {
        name: value
        for name, value in zip(names, row, strict=True)
        if value is not None and name not in ("_file_id", "_record", "file_row_number", "_verdict")
    }


def _at(place: Place) -> str:
    return (
        f"period_type = {literal(place.period_type)} and period_start = '{place.period_start}' "
        f"and scope_type = {literal(place.scope_type)} and scope_key = {literal(place.scope_key)}"
    )


def _conditions(connection: duckdb.DuckDBPyConnection, rule: str) -> Sequence[str]:
    """The conditions of a rule that all have to hold, as SQL; one where it cannot be taken apart."""
    text = _only(connection.execute("select json_serialize_sql(?)", [f"select {rule}"]))
    statement = json.loads(text)
    if statement["error"]:
        return [rule]
    select = statement["statements"][0]["node"]["select_list"]
    found = []
    for condition in _taken_apart(select[0]):
        select[0] = condition
        statement_text = json.dumps(statement)
        sql = _only(connection.execute("select json_deserialize_sql(?)", [statement_text]))
        found.append(sql.removeprefix("SELECT ").rstrip(";"))
    return found


def _only(answer: duckdb.DuckDBPyConnection) -> str:
    ((text,),) = answer.fetchall()
    return str(text)


def _taken_apart(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if node["type"] == "CONJUNCTION_AND":
        for child in node["children"]:
            yield from _taken_apart(child)
        return
    case = node.get("left") or {}
    checks = case.get("case_checks") or []
    if node["class"] == "COMPARISON" and len(checks) == 1:
        # (case when CONDITIONS then AMOUNT end) <> 0
        yield from _taken_apart(checks[0]["when_expr"])
        yield {**node, "left": checks[0]["then_expr"]}
        return
    yield node
