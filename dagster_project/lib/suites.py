"""The suites: what a believable number looks like, one YAML file per published table.

`load` reads `expectations/<table>.yml`, refuses whatever would make a check silently not run, and
adds the checks no table may go without (its key, its rows, no e-mail address). Running them is left
to `gx_duckdb`, judging the outcome to `gate`.

A suite:

    table: kpi_rep_daily
    description: What the suite protects, in a sentence.
    key: [rep_id, date, channel, campaign]
    may_be_empty: false            # default; true needs a source without which the table is empty
    when_empty: {ja: …, en: …}     # what a person does when it has no rows and may not be empty
    names_reps: [rep_id]           # columns that may hold a rep's own name or address
    checks:
      - id: rates_lie_between_0_and_1
        kind: critical             # critical refuses the release, warning is shown
        nature: integrity          # integrity can never be accepted, plausibility can
        expect: expect_column_values_to_be_between
        columns: [connect_rate]    # one expectation per column; or `column` inside `with`
        with: {min_value: 0, max_value: 1}
        may_be_null: true          # all nulls is a believable outcome for these columns
        says: {ja: …, en: …}       # what holds when the check passes
        why: …                     # for the maintainer
        do: {ja: …, en: …}         # what a person does when it fails (a default stands per nature and kind)
      - id: …
        sql: select 1 from {batch} where …   # instead of `expect`: any row is a violation
        needs_last: [date, dials]  # columns of the last release the SQL compares with (last.<table>)

`$as_of`, `$run_id`, `$max_change_share` and `$max_past_change_share` may stand in `sql` and in texts
under `with`.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dagster_project.lib import strict_yaml
from dagster_project.lib.errors import KuraError
from dagster_project.lib.sql_text import identifier

Kind = Literal["critical", "warning"]
Nature = Literal["integrity", "plausibility"]
NO_ROWS = "expect_no_rows_from_query"
BATCH = "{batch}"
PARAMETERS = frozenset({"as_of", "run_id", "max_change_share", "max_past_change_share"})
_ID = r"^[a-z][a-z0-9_]*$"
_EMAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}"


class SuiteError(KuraError):
    """A suite would not protect its table; nothing was judged."""

    exit_code = 2


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Strict):
    """One sentence in both languages."""

    ja: str = Field(min_length=1)
    en: str = Field(min_length=1)


_WARNING = Words(
    ja="公開は止まりません。元データを確かめ、正しければそのままで構いません。",
    en="Nothing is held back. Look at the exports; if the figures are right, there is nothing to do.",
)
_REMEDY: dict[Nature, Words] = {
    "integrity": Words(
        ja="計算またはデータの受け渡しに誤りがあります。数字は公開されません。管理者に連絡してください。",
        en="Something was computed or carried over wrongly. Nothing is published; tell the person "
        "who looks after this warehouse.",
    ),
    "plausibility": Words(
        ja="ありえないとは言えませんが通常と違います。元データを確かめ、正しければ理由を添えて承認してください"
        "（kpi gate accept）。",
        en="Not impossible, but unusual. Look at the exports; if the figures are right, accept them "
        "with a reason (`kpi gate accept`).",
    ),
}


def default_remedy(nature: Nature) -> Words:
    """What a person does when a check of this nature fails and says nothing of its own."""
    return _REMEDY[nature]


class Check(_Strict):
    """One thing that must hold for a published table."""

    id: str = Field(pattern=_ID)
    kind: Kind
    nature: Nature
    expect: str | None = None
    sql: str | None = None
    columns: tuple[str, ...] = ()
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")
    may_be_null: bool = False
    may_be_empty: bool = False
    needs_last: tuple[str, ...] = ()
    says: Words
    why: str = Field(min_length=1)
    do: Words | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Check:
        if (self.expect is None) == (self.sql is None):
            raise ValueError("give either `expect` or `sql`")
        if self.sql is not None and (self.columns or self.with_):
            raise ValueError("`sql` stands alone, without `columns` and `with`")
        if self.needs_last and self.sql is None:
            raise ValueError("`needs_last` belongs to `sql`")
        return self

    @property
    def remedy(self) -> Words:
        return self.do or (_WARNING if self.kind == "warning" else _REMEDY[self.nature])

    def expectations(
        self, table: str, parameters: Mapping[str, Any]
    ) -> list[tuple[str, dict[str, Any]]]:
        """The Great Expectations (type, arguments) this check is made of, parameters filled in."""
        if self.sql is not None:
            # Filled in here: Great Expectations gives {batch} an alias or none depending on whether
            # the word "join" occurs, and reads every other brace as a field.
            query = _filled(self.sql, parameters, sql=True).replace(BATCH, identifier(table))
            query = query.replace("{", "{{").replace("}", "}}")
            return [(NO_ROWS, {"unexpected_rows_query": query})]
        assert self.expect is not None
        arguments = {key: _filled(value, parameters) for key, value in self.with_.items()}
        if not self.columns:
            return [(self.expect, arguments)]
        return [(self.expect, {"column": column, **arguments}) for column in self.columns]


class Suite(_Strict):
    """Every check of one published table."""

    table: str = Field(pattern=_ID)
    description: str = Field(min_length=1)
    key: tuple[str, ...] = Field(min_length=1)
    may_be_empty: bool = False
    when_empty: Words | None = None
    names_reps: tuple[str, ...] = ()
    checks: tuple[Check, ...] = Field(min_length=1)

    def check_id(self, check: Check) -> str:
        """How a check is called everywhere else: in audits, acceptances and messages."""
        return f"{self.table}.{check.id}"


def _filled(value: Any, parameters: Mapping[str, Any], *, sql: bool = False) -> Any:
    if isinstance(value, list | tuple):
        return [_filled(item, parameters) for item in value]
    if not isinstance(value, str):
        return value
    texts = {
        name: f"date '{item.isoformat()}'"
        if sql and isinstance(item, date)
        else item.isoformat()
        if isinstance(item, date)
        else f"'{item}'"
        if sql and isinstance(item, str)
        else str(item)
        for name, item in parameters.items()
    }
    return string.Template(value).substitute(texts)


def load(folder: Path, tables: Mapping[str, Mapping[str, str]]) -> tuple[Suite, ...]:
    """The suites of `folder`, complete and sound for exactly these published tables.

    tables: published table → its columns (name → DuckDB type).
    Raises SuiteError naming the file and what is wrong: no suite for a table, a suite without a
    table, no checks, the same id twice, an unknown expectation type (Great Expectations would drop
    it without a word), unknown arguments, an unknown column.
    """
    suites = read(folder)
    by_table = {suite.table: suite for suite in suites}
    for name in sorted(tables.keys() - by_table.keys()):
        raise SuiteError(
            f"The published table {name} has no suite.",
            where=str(folder / f"{name}.yml"),
            remedy="Write one; no table is published unchecked.",
        )
    for name in sorted(by_table.keys() - tables.keys()):
        raise SuiteError(
            f"The suite {name} protects no published table.",
            where=str(folder / f"{name}.yml"),
            remedy="Remove the suite or publish the table (a model in the schema marts).",
        )
    # Imported here: Great Expectations takes seconds to import.
    from dagster_project.lib.gx_duckdb import problem_with

    complete = []
    for suite in suites:
        where = folder / f"{suite.table}.yml"
        columns = tables[suite.table]
        for column in (*suite.key, *suite.names_reps):
            if column not in columns:
                raise SuiteError(f"{suite.table} has no column {column}.", where=str(where))
        for check in suite.checks:
            problem = _unknown_column(check, columns) or problem_with(suite.table, check)
            if problem:
                raise SuiteError(problem, where=f"{where}, check {check.id}")
        complete.append(
            suite.model_copy(update={"checks": (*_given(suite, columns), *suite.checks)})
        )
    return tuple(complete)


def read(folder: Path) -> tuple[Suite, ...]:
    """The suites as they are written, in order of table; SuiteError for a malformed one."""
    suites = []
    for path in sorted(folder.glob("*.yml")):
        try:
            document = strict_yaml.parse(path.read_text(encoding="utf-8"))
            suite = Suite.model_validate(document)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, item['loc'])) or 'suite'}: {item['msg']}"
                for item in error.errors()
            )
            raise SuiteError(f"Not a suite: {problems}", where=str(path)) from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise SuiteError(f"Not valid YAML: {error}", where=str(path)) from error
        if suite.table != path.stem:
            raise SuiteError(f"The suite of {suite.table} lies in another file.", where=str(path))
        ids = [check.id for check in suite.checks]
        repeated = sorted({name for name in ids if ids.count(name) > 1 or name in _GIVEN})
        if repeated:
            raise SuiteError(f"The same check id twice: {', '.join(repeated)}.", where=str(path))
        suites.append(suite)
    if not suites:
        raise SuiteError("There is no suite at all.", where=str(folder))
    return tuple(suites)


def keys(folder: Path) -> dict[str, tuple[str, ...]]:
    """The key of every table that has a suite."""
    return {suite.table: suite.key for suite in read(folder)}


def check_ids(folder: Path) -> frozenset[str]:
    """The id of every check the suites hold, the given ones included."""
    return frozenset(
        f"{suite.table}.{name}"
        for suite in read(folder)
        for name in (*(check.id for check in suite.checks), *_GIVEN)
    )


def acceptable_ids(folder: Path) -> frozenset[str]:
    """The ids of the checks a person may accept a failure of."""
    return _ids_where(
        folder, lambda check: check.nature == "plausibility" and check.kind == "critical"
    )


def warning_ids(folder: Path) -> frozenset[str]:
    """The ids of the checks that never hold a release back."""
    return _ids_where(folder, lambda check: check.kind == "warning")


def _ids_where(folder: Path, wanted: Callable[[Check], bool]) -> frozenset[str]:
    return frozenset(
        suite.check_id(check) for suite in read(folder) for check in suite.checks if wanted(check)
    )


def fingerprint(folder: Path) -> str:
    """SHA-256 over the suites, so that an audit names the rules it was made by."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.yml")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _unknown_column(check: Check, columns: Mapping[str, str]) -> str | None:
    named = [*check.columns]
    for key, value in check.with_.items():
        if key in {"column", "column_A", "column_B"}:
            named.append(value)
        elif key == "column_list":
            named.extend(value)
    for name in named:
        if name not in columns:
            return f"The table has no column {name}."
    texts = [check.sql or "", *(v for v in check.with_.values() if isinstance(v, str))]
    for text in texts:
        template = string.Template(text)
        if not template.is_valid():
            return "A `$` stands before something that is not a parameter."
        for name in template.get_identifiers():
            if name not in PARAMETERS:
                return f"Unknown parameter ${name}; known: {', '.join(sorted(PARAMETERS))}."
    return None


HAS_ROWS = "has_rows"
_GIVEN = (HAS_ROWS, "key_is_unique", "key_is_present", "holds_no_email_address")


def _given(suite: Suite, columns: Mapping[str, str]) -> tuple[Check, ...]:
    """The checks every table has without being asked."""
    key = ", ".join(identifier(name) for name in suite.key)
    texts = [
        identifier(name)
        for name, data_type in columns.items()
        if data_type == "VARCHAR" and name not in suite.names_reps
    ]
    # `contains` first: a regular expression over every text of ten million rows is slow.
    addresses = " or ".join(
        f"(contains({name}, '@') and regexp_matches({name}, '{_EMAIL}'))" for name in texts
    )

    def integrity(name: str, says: Words, why: str, **how: Any) -> Check:
        return Check.model_validate(
            {"id": name, "kind": "critical", "nature": "integrity", "says": says, "why": why, **how}
        )

    return (
        integrity(
            HAS_ROWS,
            Words(ja=f"{suite.table} に行がある", en=f"{suite.table} has rows"),
            "A release without its rows looks like a company without activity.",
            expect="expect_table_row_count_to_be_between",
            do=suite.when_empty,
            **{"with": {"min_value": 0 if suite.may_be_empty else 1}},
        ),
        integrity(
            "key_is_unique",
            Words(
                ja=f"{suite.table} に同じものが二度数えられていない",
                en=f"Nothing stands twice in {suite.table}",
            ),
            "A row that stands twice is counted twice in every sum.",
            sql=f"select 1 from {BATCH} group by {key} having count(*) > 1",
        ),
        integrity(
            "key_is_present",
            Words(
                ja=f"{suite.table} のすべての行が何についての行か分かる",
                en=f"Every row of {suite.table} says what it is about",
            ),
            "A row without its key belongs to no rep, day or channel.",
            sql=f"select 1 from {BATCH} where "
            + " or ".join(f"{identifier(name)} is null" for name in suite.key),
        ),
        integrity(
            "holds_no_email_address",
            Words(
                ja=f"{suite.table} に見込み客のメールアドレスが含まれない",
                en=f"{suite.table} holds no prospect's e-mail address",
            ),
            "D16: personal data of prospects stays in the work database.",
            sql=f"select 1 from {BATCH} where {addresses or 'false'}",
        ),
    )
