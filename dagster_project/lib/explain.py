"""Opens a number: what it means, what was counted, what nearly was, and which exported record says so.

Everything comes out of one release: the catalogue says in SQL which rows of which fact table count
(`dim_metrics`), the scopes say whose a row is (`dim_scopes`). Here those texts are put together; no formula
stands here. A rule is taken apart at its `and`s by DuckDB's own parser, so that a row that fails one
condition only can be told from the rest. The exported records themselves are left to `exported`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

import duckdb

from dagster_project.lib.errors import KuraError
from dagster_project.lib.query import WAREHOUSE, Answer, sandboxed
from dagster_project.lib.sql_text import identifier, literal
from dagster_project.settings import House

# Columns that say why a row of a table did not count; of a condition on one column, where others say it.
_WHY: Final = {
    "fct_approaches": ("approach_kind",),
    "fct_calls": ("disposition", "match_level", "answered_by"),
    "fct_hand_raises": ("touch_type", "is_linked", "attempt_kind"),
    "fct_leads": ("state",),
    "fct_meetings": ("ineligible_reason", "is_rescheduled", "cohort_outcome", "decision"),
    "fct_nurture": ("subject", "segment"),
    "fct_opportunities": ("credit_basis", "stage", "deal_type"),
    "fct_rep_days": ("is_business_day",),
}
_WHY_NOT: Final = {("fct_calls", "is_dial"): ("direction", "is_open", "has_agent")}
# What has no day of its own because it did not count is looked for by the day it began.
_BEGAN: Final = {
    "fct_leads": "created_on",
    "fct_meetings": "booked_on",
    "fct_opportunities": "created_on",
}
_SOURCE: Final = ("source_file", "source_record", "source_file_id")
_MONTH: Final = re.compile(r"(\d{4})-(\d{2})")
_FISCAL: Final = re.compile(r"FY(\d{4})(?:-?Q([1-4]))?", re.IGNORECASE)
_BATCH: Final = 2_000


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
    """Rows that meet every condition of a rule but one, by what they say about it.

    reasons: (what the columns say, number of rows), most first.
    """

    condition: str
    description: str
    rows: int
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Part:
    """Numerator or denominator: the rule, and how many rows it counts to which amount.

    near_misses_by: the date that stands in for `date` where a row that was not counted has none.
    """

    name: str
    measure: str
    label_ja: str
    label_en: str
    table: str
    date: str
    rows: int
    amount: float | None
    near_misses: tuple[NearMiss, ...]
    near_misses_by: str | None


@dataclass(frozen=True)
class Explanation:
    """A figure as it stands on the scorecard, and what it is made of. scope: its row of dim_scopes."""

    metric: Mapping[str, Any]
    place: Place
    scope: Mapping[str, Any]
    scope_name: str
    release: Mapping[str, Any]
    figure: Mapping[str, Any]
    parts: tuple[Part, ...]


class Opened:
    """One release, opened for questions about its numbers; `opened` gives one."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._described: dict[str, dict[str, str]] = {}

    def metric(self, name: str) -> dict[str, Any]:
        """The catalogue's row of a metric, found by its name or by its Japanese or English label."""
        wanted = literal(name.strip().lower())
        found = self._rows(
            f"""select * from dim_metrics where {wanted} in (
                metric, lower(name_ja), lower(name_en), lower(label_ja), lower(label_en))"""
        )
        if found:
            return found[0]
        every = 'kpi query "select metric, name_ja, name_en from dim_metrics"'
        if tables := self._tables_about(name):
            asked = " or ".join(f'kpi query "select * from {table}"' for table in tables)
            raise ExplainError(
                f"{name} is no metric of the scorecard.",
                remedy=f"Ask the table that knows it: {asked}. What the scorecard has: {every}",
            )
        near = self._rows(
            f"""select metric, name_ja from dim_metrics
            order by greatest(
                jaro_winkler_similarity(metric, {wanted}),
                jaro_winkler_similarity(name_ja, {wanted}),
                jaro_winkler_similarity(lower(name_en), {wanted})
            ) desc, metric limit 3"""
        )
        raise ExplainError(
            f"There is no metric {name}.",
            remedy="Do you mean "
            + ", ".join(f"{row['metric']} ({row['name_ja']})" for row in near)
            + f"? All of them: {every}",
        )

    def place(self, scopes: Mapping[str, str], period: str | None) -> Place:
        """The place of the scorecard that was meant.

        scopes: kind of scope → key, empty for the company; team and channel together are the scope of both,
        a person may be called by name.
        period: 2026-09, 2026-09-14 (its week), FY2026, FY2026-Q2, or None: the month of the as-of date.
        """
        scope_type, scope_key = self._scope(scopes)
        period_type, start = self._period(period)
        return Place(period_type, start, scope_type, scope_key)

    def explain(self, metric: Mapping[str, Any], place: Place) -> Explanation:
        """Raises ExplainError when the scorecard has no such figure."""
        figures = self._rows(
            f"""select * from kpi_scorecard
            where metric = {literal(metric["metric"])} and {_at(place)}"""
        )
        if not figures:
            raise self._no_figure(metric, place)
        names = ("numerator", "denominator") if metric["denominator"] else ("numerator",)
        (release,) = self._rows("select release_id, as_of_date from release")
        name = place.scope_key
        if place.scope_type == "rep":
            for label in self._labels_of(name):
                name = f"{label} ({place.scope_key})"
        return Explanation(
            metric=metric,
            place=place,
            scope=self._scopes[place.scope_type],
            scope_name=name,
            release=release,
            figure=figures[0],
            parts=tuple(self._part(metric, part, place) for part in names),
        )

    def rows(
        self, metric: Mapping[str, Any], name: str, place: Place, limit: int | None = None
    ) -> Answer:
        """The rows that count for a part: key, date, what the rule looked at, its source, what each adds.

        Where a metric counts distinct things, `adds` is the thing. Raises ExplainError without that part.
        """
        table = self._table_of(metric, name)
        shown = ", ".join(map(identifier, [*self._columns_of(metric, name), *_SOURCE]))
        cursor = self._connection.cursor()
        cursor.execute(
            f"""select {literal(name)} as part, {shown}, {metric[f"{name}_each"]} as adds
            from {identifier(table)}
            where ({metric[f"{name}_rows"]}) and {self._within(metric, name, place)}
            order by {metric[f"{name}_date"]}, {shown}
            {"" if limit is None else f"limit {int(limit)}"}"""
        )
        columns = tuple(column[0] for column in cursor.description or ())
        return Answer(columns, _fetched(cursor))

    def near_rows(
        self, metric: Mapping[str, Any], name: str, place: Place, limit: int | None = None
    ) -> Answer:
        """The rows that nearly count for a part, each with the one condition it fails and its source.

        limit: of each condition.
        """
        table = self._table_of(metric, name)
        shown = ", ".join(map(identifier, [*self._columns_of(metric, name), *_SOURCE]))
        missed = " union all ".join(
            f"""(select {literal(name)} as part, {literal(_unwrapped(condition))} as fails, {shown}
            from {identifier(table)} where {where} order by {shown}
            {"" if limit is None else f"limit {int(limit)}"})"""
            for condition, where in self._missing_one(metric, name, place)
        )
        cursor = self._connection.cursor()
        cursor.execute(missed or f"select {shown} from {identifier(table)} where false")
        columns = tuple(column[0] for column in cursor.description or ())
        return Answer(columns, _fetched(cursor))

    def _table_of(self, metric: Mapping[str, Any], name: str) -> str:
        table = metric[f"{name}_table"]
        if table is None:
            raise ExplainError(
                f"{metric['metric']} is a count: it has no {name}.",
                remedy="Leave --part out; its rows are those of the numerator.",
            )
        return str(table)

    def _part(self, metric: Mapping[str, Any], name: str, place: Place) -> Part:
        table, rows, each = (metric[f"{name}_{what}"] for what in ("table", "rows", "each"))
        within = self._within(metric, name, place)
        adds = "count(distinct each)" if "count(distinct" in metric[f"{name}_sql"] else "sum(each)"
        (counted,) = self._rows(
            f"""select count(*) as rows, coalesce({adds}, 0) as amount from (
                select {each} as each from {identifier(table)} where ({rows}) and {within})"""
        )
        labels = self._rows(
            f"select name_ja, name_en from dim_metrics where metric = {literal(metric[name])}"
        )
        day, began = metric[f"{name}_date"], _BEGAN.get(table)
        return Part(
            name=name,
            measure=metric[name],
            label_ja=labels[0]["name_ja"] if labels else metric[name],
            label_en=labels[0]["name_en"] if labels else metric[name],
            table=table,
            date=day,
            rows=counted["rows"],
            amount=float(counted["amount"]),
            near_misses=tuple(self._near_misses(metric, name, place)),
            near_misses_by=None if began == day else began,
        )

    def _near_misses(
        self, metric: Mapping[str, Any], name: str, place: Place
    ) -> Iterator[NearMiss]:
        table = metric[f"{name}_table"]
        described = self._descriptions(table)
        for condition, where in self._missing_one(metric, name, place):
            why = _WHY_NOT.get((table, condition), _WHY.get(table, ()))
            reason = " || ', ' || ".join(
                f"{literal(column + ' ')} || coalesce(cast({identifier(column)} as varchar), '–')"
                for column in why
                if column in described
            )
            found = self._rows(
                f"""select {reason or "''"} as reason, count(*) as rows from {identifier(table)}
                where {where} group by reason order by rows desc, reason"""
            )
            if found:
                yield NearMiss(
                    _unwrapped(condition),
                    " / ".join(described[column] for column in _named(described, condition)),
                    sum(row["rows"] for row in found),
                    tuple((row["reason"], row["rows"]) for row in found if row["reason"]),
                )

    def _missing_one(
        self, metric: Mapping[str, Any], name: str, place: Place
    ) -> Iterator[tuple[str, str]]:
        """Each condition of a part's rule, and SQL: the row is of the place and fails it and no other."""
        table = metric[f"{name}_table"]
        day, began = metric[f"{name}_date"], _BEGAN.get(table)
        conditions = list(_conditions(self._connection, metric[f"{name}_rows"]))
        if began not in (None, day):
            conditions.append(f"({day} IS NOT NULL)")
        described = self._descriptions(table)
        within = self._within(metric, name, place, began=began)
        for condition in dict.fromkeys(conditions):
            if not _named(described, condition):
                continue  # `1 is not null`: every row meets it
            others = "".join(
                f" and ({other})"
                for other in conditions
                if other != condition and other != f"({day} IS NOT NULL)"
            )
            yield condition, f"{within}{others} and ({condition}) is not true"

    def _within(
        self, metric: Mapping[str, Any], name: str, place: Place, *, began: str | None = None
    ) -> str:
        """SQL: the row lies in the period, up to the as-of day, and is the scope's."""
        (bounds,) = self._rows(
            f"""select min(period_end) as period_end from kpi_scorecard where {_at(place)}"""
        )
        day = metric[f"{name}_date"]
        if began is not None:
            day = f"coalesce({day}, {began})"
        return (
            f"{day} between date '{place.period_start}' and date '{bounds['period_end']}' "
            f"and {day} <= (select as_of_date from release) "
            f"and {self._scopes[place.scope_type]['key_sql']} = {literal(place.scope_key)}"
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
        """Column → description, in the table's order."""
        if table not in self._described:
            rows = self._connection.execute(
                f"""select column_name, coalesce(comment, '') from duckdb_columns()
                where table_name = {literal(table)} order by column_index"""
            ).fetchall()
            self._described[table] = {str(column): str(comment) for column, comment in rows}
        return self._described[table]

    def _tables_about(self, name: str) -> list[str]:
        """Tables of figures that are named like it or say it in their columns, nearest first."""
        words = re.sub(r"\W+", "_", name.strip().lower())
        if len(words) < 3:
            return []
        return [
            row["table_name"]
            for row in self._rows(
                f"""select tables.table_name from duckdb_tables() as tables
                where starts_with(tables.table_name, 'kpi_') and (
                    contains(tables.table_name, {literal(words)})
                    or exists (
                        from duckdb_columns() as columns
                        where columns.table_oid = tables.table_oid
                            and columns.column_name = {literal(words)}
                            and columns.table_name <> 'kpi_scorecard'
                    )
                )
                order by tables.table_name <> {literal("kpi_" + words)},
                    not contains(tables.table_name, {literal(words)}), tables.table_name
                limit 3"""
            )
        ]

    def _no_figure(self, metric: Mapping[str, Any], place: Place) -> ExplainError:
        """What is missing: the kind of scope, the key, or the period."""
        kinds = metric["scopes"].split(", ")
        message = (
            f"The scorecard has no {metric['metric']} ({metric['name_ja']}) of {place.scope_type} "
            f"{place.scope_key} for the {place.period_type} from {place.period_start}."
        )
        if place.scope_type not in kinds:
            return ExplainError(
                message,
                remedy="It is told apart only by " + ", ".join(kinds) + ". Choose of these.",
            )
        kind = f"scope_type = {literal(place.scope_type)}"
        names = "select null as rep_id, null as rep_label where false"
        if place.scope_type == "rep":
            names = "select distinct rep_id, rep_label from dim_reps where rep_label <> rep_id"
        wanted = literal(place.scope_key)
        near = self._rows(
            f"""select scope_key, max(rep_label) as label
            from (select distinct scope_key from kpi_scorecard where {kind}) as keys
            left join ({names}) as names on keys.scope_key = names.rep_id
            group by scope_key
            order by max(greatest(
                jaro_winkler_similarity(scope_key, {wanted}),
                jaro_winkler_similarity(coalesce(rep_label, ''), {wanted})
            )) desc, scope_key
            limit 5"""
        )
        if place.scope_key not in [row["scope_key"] for row in near]:
            told = ", ".join(
                row["scope_key"] + (f" {row['label']}" if row["label"] else "") for row in near
            )
            return ExplainError(
                message,
                remedy=f"Nothing of that name has figures. Near it: {told}. All of them: "
                f'kpi query "select distinct scope_key from kpi_scorecard where {kind}"',
            )
        periods = self._rows(
            f"""select period_type, min(period_start) as first, max(period_start) as last
            from kpi_scorecard where metric = {literal(metric["metric"])} and {kind}
            and scope_key = {literal(place.scope_key)} group by period_type order by period_type"""
        )
        return ExplainError(
            message,
            remedy="It has figures for periods that start on: "
            + "; ".join(f"{row['period_type']} {row['first']} to {row['last']}" for row in periods)
            + ".",
        )

    @cached_property
    def _scopes(self) -> dict[str, dict[str, Any]]:
        return {row["scope_type"]: row for row in self._rows("select * from dim_scopes")}

    def _scope(self, scopes: Mapping[str, str]) -> tuple[str, str]:
        known = self._scopes
        for kind, scope in known.items():
            columns = scope["columns"].split(", ") if scope["columns"] else []
            named = {column.removesuffix("_id"): column for column in columns}
            if named.keys() != scopes.keys():
                continue
            keys = {
                column: self._rep(scopes[name]) if name == "rep" else scopes[name]
                for name, column in named.items()
            }
            values = ", ".join(
                f"{literal(key)} as {identifier(column)}" for column, key in keys.items()
            )
            (found,) = self._rows(
                f"select {scope['key_sql']} as key from (select {values or '1 as one'})"
            )
            return kind, found["key"]
        raise ExplainError(
            "A figure is for one scope, or for a team and a channel.",
            where=", ".join(f"{kind} {key}" for kind, key in scopes.items()),
            remedy="Name one of them; the rows can be cut further with `kpi query`.",
        )

    def _rep(self, key: str) -> str:
        """The id of a person called by id or by name, spaces left out or not."""
        people = self._rows("select distinct rep_id, rep_label from dim_reps order by rep_id")
        if any(row["rep_id"] == key for row in people):
            return key
        name = "".join(key.split())
        ids = [row["rep_id"] for row in people if "".join((row["rep_label"] or "").split()) == name]
        if len(set(ids)) > 1:
            raise ExplainError(
                f"Several people are called {key}.",
                where=", ".join(ids),
                remedy=f"Say which one by id: --rep {ids[0]}",
            )
        return ids[0] if ids else key

    def _labels_of(self, rep_id: str) -> list[str]:
        return [
            row["rep_label"]
            for row in self._rows(
                f"""select rep_label from dim_reps where rep_id = {literal(rep_id)}
                and rep_label <> rep_id order by valid_from desc limit 1"""
            )
        ]

    def _period(self, text: str | None) -> tuple[str, date]:
        if text is None:
            (row,) = self._rows("select date_trunc('month', as_of_date)::date as d from release")
            return "month", row["d"]
        try:
            if match := _MONTH.fullmatch(text):
                return "month", date(int(match[1]), int(match[2]), 1)
            if match := _FISCAL.fullmatch(text):
                year, months = int(match[1]), 3 * (int(match[2] or 1) - 1)
                kind = "quarter" if match[2] else "fiscal_year"
                start = f"(min(fiscal_year_start) + interval {months} months)::date"
                sql = f"select {start} as d from dim_dates where fiscal_year = {year} having d is not null"
            else:
                kind, day = "week", date.fromisoformat(text)
                sql = f"select week_start as d from dim_dates where date = date '{day}'"
        except ValueError:
            sql = ""
        for row in self._rows(sql) if sql else ():
            return kind, row["d"]
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
    """The current release, read-only and closed to everything else of the machine.

    Raises ExplainError when there is none, or when it was made by rules that cannot be opened.
    """
    warehouse = house.current.resolve() / WAREHOUSE
    if not warehouse.is_file():
        raise ExplainError(
            "There is no release to open a number of.",
            where=str(house.current),
            remedy="Run a night with `kpi run`.",
        )
    with sandboxed(warehouse) as connection:
        try:
            yield Opened(connection)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise ExplainError(
                "This release does not say how its numbers are made: " + str(error).splitlines()[0],
                where=str(warehouse.parent),
                remedy="It is of another version; run a night with this one, `kpi run`.",
            ) from error


def _fetched(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while batch := cursor.fetchmany(_BATCH):
        yield from batch


def _at(place: Place) -> str:
    return (
        f"period_type = {literal(place.period_type)} and period_start = '{place.period_start}' "
        f"and scope_type = {literal(place.scope_type)} and scope_key = {literal(place.scope_key)}"
    )


def _named(columns: Iterable[str], sql: str) -> list[str]:
    """The columns an SQL text looks at."""
    return [column for column in columns if re.search(rf"\b{column}\b", sql)]


def _unwrapped(condition: str) -> str:
    """Without the brackets around all of it: `(NOT is_overlong)`."""
    inner = condition[1:-1]
    is_whole = condition.startswith("(") and condition.endswith(")")
    return inner if is_whole and inner.find(")") >= inner.find("(") else condition


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
    return list(dict.fromkeys(found))


def _only(answer: duckdb.DuckDBPyConnection) -> str:
    ((text,),) = answer.fetchall()
    return str(text)


def _taken_apart(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Also of (case when CONDITIONS then AMOUNT end) <> 0, and the same with `is not null`."""
    if node["type"] == "CONJUNCTION_AND":
        for child in node["children"]:
            yield from _taken_apart(child)
        return
    is_compared = node["class"] == "COMPARISON"
    if not is_compared and node["type"] != "OPERATOR_IS_NOT_NULL":
        yield node
        return
    case = node["left"] if is_compared else node["children"][0]
    checks = case.get("case_checks") or []
    if len(checks) != 1 or not case["else_expr"].get("value", {}).get("is_null"):
        yield node
        return
    amount = checks[0]["then_expr"]
    yield from _taken_apart(checks[0]["when_expr"])
    yield from _taken_apart(
        {**node, **({"left": amount} if is_compared else {"children": [amount]})}
    )
