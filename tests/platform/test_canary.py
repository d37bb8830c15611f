"""No prospect is published (D16): their names, companies, numbers, addresses and words stay in raw and work.

The demo company's own records are the canaries, in every spelling a program may give them. A second night
adds records with a canary in every field a person can type into, bad rows and refused files among them,
and shows reps by id: then no rep's name may be published either.
"""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.settings import House
from tests.conftest import DemoNight, Said, kpi
from tests.simulator import World
from tests.simulator.group import demo_world
from tests.simulator.vocabulary import UNMAPPED_MEMOS

_LEGAL_FORM = re.compile(r"株式会社|有限会社|合同会社|\(株\)|\(有\)")
_NUMBER_TOKENS = (
    re.compile(r"(?<![\w.])[+(]?\d[\d()\-‐–−ー.]*\d(?![\w])"),
    re.compile(r"(?<![\w.])[+(]?\d[\d()\-‐–−ー. ]*\d(?![\w])"),
)
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_PREFIX = 3


def _fold(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).casefold())


def _squeeze(folded: str) -> str:
    return folded.replace(" ", "")


def _digits(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isdigit())


def _national(number: str) -> str:
    """The digits of a Japanese number without 0 or 81 before them."""
    digits = _digits(number)
    if digits.startswith("81") and len(digits) >= 11:
        digits = digits[2:]
    return digits.lstrip("0")


@dataclass
class Canaries:
    """What must not be seen. Words are kept folded, by their first letters; numbers as national digits."""

    words: dict[str, set[str]] = field(default_factory=dict)
    spaced: dict[str, set[str]] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)

    def word(self, *texts: str | None) -> None:
        """Texts that are found however they are cased, widened or spaced."""
        for text in texts:
            spaced = _fold(text or "").strip()
            squeezed = _squeeze(spaced)
            if len(squeezed) >= 4:
                self.words.setdefault(squeezed[:_PREFIX], set()).add(squeezed)
            elif len(spaced) > _PREFIX - 1 and " " in spaced:
                # 「森 学」 without its space is two letters of any sentence.
                self.spaced.setdefault(spaced[:_PREFIX], set()).add(spaced)

    def company(self, *names: str | None) -> None:
        for name in names:
            self.word(_LEGAL_FORM.sub("", unicodedata.normalize("NFKC", name or "")))

    def address(self, *addresses: str | None) -> None:
        for address in addresses:
            self.word(address)

    def number(self, *numbers: str | None) -> None:
        for number in numbers:
            national = _national(number or "")
            if 8 < len(national) < 12:
                self.numbers.add(national)

    def forget(self, *texts: str) -> None:
        """Texts that may be published although a canary is spelt the same: reps have namesakes."""
        for text in texts:
            for kept, spelling in (
                (self.words, _squeeze(_fold(text))),
                (self.spaced, _fold(text)),
            ):
                kept.get(spelling[:_PREFIX], set()).discard(spelling)

    def __len__(self) -> int:
        return sum(
            len(group) for index in (self.words, self.spaced) for group in index.values()
        ) + len(self.numbers)

    def seen_in(self, text: str) -> set[str]:
        """The canaries found in a text."""
        found: set[str] = set()
        # JSON may spell Japanese as escapes, HTML as entities.
        plain = html.unescape(_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text))
        spaced = _fold(plain)
        for index, haystack in ((self.words, _squeeze(spaced)), (self.spaced, spaced)):
            for place in range(len(haystack) - _PREFIX + 1):
                for word in index.get(haystack[place : place + _PREFIX], ()):
                    if haystack.startswith(word, place):
                        found.add(word)
        for tokens in _NUMBER_TOKENS:
            for token in tokens.findall(spaced):
                if _national(token) in self.numbers:
                    found.add(token)
        return found


def _customer_parts(call: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for leg in call["call"]["details"] or ():
        for party in leg["participants"]:
            if party["login_id"] is None:
                yield party


def of_prospects(world: World) -> Canaries:
    """Everything personal the exports of this world say about prospects, and reps' addresses."""
    found = Canaries()
    records = world.records
    bad = [row.record for row in world.bad_rows if isinstance(row.record, dict)]
    for row in [*records["salesforce.Lead"], *records["salesforce.Contact"], *bad]:
        found.word(row.get("Name"), row.get("Description"))
        found.company(row.get("Company"))
        found.address(row.get("Email"), row.get("recipient"))
        found.number(*(row.get(key) for key in row if "Phone" in str(key)))
    for row in records["salesforce.Account"]:
        found.company(row["Name"])
        found.number(row["Phone"])
        if row["Website"]:
            found.word(re.sub(r"https?://(www\.)?|/.*", "", row["Website"]))
    for row in records["salesforce.Opportunity"]:
        found.word(row["Name"])
    for row in records["salesforce.Task"]:
        found.word(row["Description"])
    for row in records["salesforce.User"]:
        found.address(row["Email"], row["Username"])
    for row in records["mapped.leads"]:
        found.word(row["full_name"])
        found.company(row["company_name"])
        found.address(row["email_raw"])
        found.number(row["phone_raw"])
    for row in records["mapped.survey_responses"]:
        found.word(row["comment"])
        found.address(row["email_raw"])
    for row in records["hubspot.contacts"]:
        said = row["properties"]
        found.word(f"{said.get('lastname') or ''} {said.get('firstname') or ''}")
        found.company(said.get("company"))
        found.address(said.get("email"))
        found.number(said.get("phone"), said.get("mobilephone"))
    for row in records["hubspot.companies"]:
        found.company(row["properties"]["name"])
        found.number(row["properties"]["phone"])
        found.word(row["properties"]["domain"])
    for row in records["hubspot.deals"]:
        found.word(row["properties"]["dealname"])
    for row in records["hubspot.calls"]:
        found.word(re.sub(r"<[^>]*>", "", row["properties"]["hs_call_body"]))
    for row in records["hubspot.emails"]:
        found.word(row["properties"].get("hs_email_text"))
    for row in records["hubspot.owners"]:
        found.address(row["email"])
    for row in records["hubspot.email_events"]:
        found.address(row["recipient"])
    for row in records["hubspot.event_participations"]:
        found.address(row["associations"]["contact"].get("email"))
    for row in records["miitel.history_rows"]:
        found.word(row["Contact person name"])
        found.company(row["Account name"])
        found.number(row["Call from"], row["Call to"])
    for row in records["mapped.call_legs"]:
        found.number(row["customer_number_raw"])
    for row in records["miitel.webhook_calls"]:
        for party in _customer_parts(row):
            found.word(party["name"])
            found.company(party["company_name"])
        for leg in row["call"]["details"] or ():
            found.number(leg["from_number"], leg["to_number"])
            found.word(leg["speech_recognition"]["raw"])
    found.word(*UNMAPPED_MEMOS)
    found.numbers -= {_national(number) for number in world.settings.own_numbers}
    found.forget(*rep_names(world))
    return found


def rep_names(world: World) -> set[str]:
    return {row["rep_name"] for row in world.records["planning.roster"]} | {
        row["Name"] for row in world.records["salesforce.User"]
    }


def texts_of_tables(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """(table, text) of everything that is text in a database: values, names and comments."""
    columns: dict[str, list[str]] = {}
    for table, column, data_type in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() where not internal"
    ).fetchall():
        if "VARCHAR" in data_type or "JSON" in data_type:
            columns.setdefault(table, []).append(column)
    for table, names in columns.items():
        for name in names:
            values = connection.execute(
                f'select distinct cast("{name}" as varchar) from "{table}" where "{name}" is not null'
            ).fetchall()
            yield f"{table}.{name}", "\n".join(value for (value,) in values)
    said = connection.execute(
        "select concat_ws(' ', table_name, comment) from duckdb_tables() "
        "union all select concat_ws(' ', column_name, comment) from duckdb_columns() where not internal"
    ).fetchall()
    yield "comments", "\n".join(text for (text,) in said)


def texts_of_release(release: Path) -> Iterator[tuple[str, str]]:
    """Everything a reader of the release can read."""
    with duckdb.connect(str(release / "warehouse.duckdb"), read_only=True) as connection:
        yield from texts_of_tables(connection)
    for path in sorted((release / "parquet").glob("*.parquet")):
        with duckdb.connect() as connection:
            connection.execute(f"create view \"{path.stem}\" as from read_parquet('{path}')")
            for place, text in texts_of_tables(connection):
                yield f"{path.name}: {place}", text
    for path in sorted(release.iterdir()):
        if path.suffix in {".html", ".json"}:
            yield path.name, path.read_text(encoding="utf-8")


def texts_of_records(house: House) -> Iterator[tuple[str, str]]:
    """Everything the night wrote down about itself: logs, dbt's log, Dagster's home, the house's state."""
    folders = [house.logs, house.dagster_home, house.state]
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in [*files, *sorted(house.dbt_target.glob("*.log*"))]:
        yield str(path.relative_to(house.root)), path.read_bytes().decode("utf-8", "ignore")


def leaks(canaries: Canaries, texts: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """place → canaries seen there."""
    found = {place: sorted(canaries.seen_in(text))[:5] for place, text in texts}
    return {place: seen for place, seen in found.items() if seen}


@pytest.fixture(scope="module")
def world() -> World:
    return demo_world()


@pytest.fixture(scope="module")
def prospects(world: World) -> Canaries:
    found = of_prospects(world)
    assert len(found) > 3000
    assert len(found.numbers) > 500
    return found


def said(run: Said) -> list[tuple[str, str]]:
    return [("stdout", run.out), ("stderr", run.err)]


# The scanner itself


@pytest.mark.parametrize(
    "text",
    [
        "担当は黒曜石　七海さん",
        "黒曜石七海",
        json.dumps({"message": "黒曜石 七海"}),
        "&#40658;&#26332;石 七海",
        "Kanariya観測所（株）",
        "ＫＡＮＡＲＩＹＡ観測所",
        "to NANAMI@Kanariya.Example, sent",
        "090-5555-0147",
        "call 09055550147 again",
        "(090) 5555 0147",
        "+81 90-5555-0147",
        "819055550147",
        "９０５５５５０１４７",
    ],
)
def test_the_scanner_finds_a_canary_in_every_spelling(text: str) -> None:
    canaries = Canaries()
    canaries.word("黒曜石 七海")
    canaries.company("Kanariya観測所株式会社")
    canaries.address("nanami@kanariya.example")
    canaries.number("090-5555-0147")
    assert canaries.seen_in(f"x: {text}\nnext")
    assert not canaries.seen_in(
        "黒曜石 九海 Kanariya nanami@ 090-5555-0148 1909055550147 2026-09-30"
    )


def test_a_canary_planted_in_a_release_is_found(tmp_path: Path, prospects: Canaries) -> None:
    release = tmp_path / "release"
    (release / "parquet").mkdir(parents=True)
    name = max(word for group in prospects.words.values() for word in group)
    number = "0" + max(prospects.numbers)
    with duckdb.connect(str(release / "warehouse.duckdb")) as connection:
        connection.execute("create table dim_a as select 1 as id, ? as note", [f"x {name} y"])
        connection.execute("create table dim_b as select ['a', ?] as memos", [number])
        connection.execute(f"comment on column dim_b.memos is 'call {number}'")
        connection.execute(f"copy dim_a to '{release / 'parquet' / 'dim_a.parquet'}'")
    (release / "audit.json").write_text(json.dumps({"observed": name}), encoding="utf-8")
    (release / "audit.html").write_text(f"<td>{html.escape(name)}</td>", encoding="utf-8")
    assert set(leaks(prospects, texts_of_release(release))) == {
        "dim_a.note",
        "dim_b.memos",
        "comments",
        "dim_a.parquet: dim_a.note",
        "audit.json",
        "audit.html",
    }


def test_the_canaries_are_what_the_night_really_read(
    demo_night: DemoNight, prospects: Canaries
) -> None:
    with duckdb.connect(str(demo_night.house.work_database), read_only=True) as connection:
        for table, enough in (
            ("salesforce__leads", 100),
            ("hubspot__contacts", 100),
            ("hubspot__deals", 30),
            ("miitel__history_legs", 100),
        ):
            connection.execute(f"create temp view seen as from staging.stg_{table} limit 200")
            rows = "\n".join(str(row) for row in connection.execute("from seen").fetchall())
            assert len(prospects.seen_in(rows)) > enough, table
            connection.execute("drop view seen")


# The demo night


def test_no_prospect_is_in_any_byte_a_reader_can_read(
    demo_night: DemoNight, prospects: Canaries
) -> None:
    assert leaks(prospects, texts_of_release(demo_night.house.current.resolve())) == {}


def test_no_prospect_is_in_what_the_night_says_logs_or_tells_dagster(
    demo_night: DemoNight, prospects: Canaries
) -> None:
    assert leaks(prospects, said(demo_night.run)) == {}
    written = dict(texts_of_records(demo_night.house))
    assert any(place.endswith("runs.db") for place in written)
    assert any(place.endswith("dbt.log") for place in written)
    assert {"logs/kpi.log", "state/nights.jsonl"} <= set(written)
    assert leaks(prospects, written.items()) == {}


def test_commands_that_show_a_release_show_no_prospect(
    demo_night: DemoNight, prospects: Canaries
) -> None:
    for command in (
        ["status"], ["status", "--format", "json"], ["status", "--format", "nagios"],
        ["status", "--format", "prometheus"], ["doctor"], ["prune", "--dry-run"], ["releases"],
        ["quarantine", "list"], ["sources", "check"],
    ):  # fmt: skip
        shown = kpi(demo_night.house.root, *command)
        assert shown.out
        assert leaks(prospects, said(shown)) == {}, command


# A night with a canary in every field a person can type into

NAME = "黒曜石 七海"
COMPANY = "カナリア観測所株式会社"
EMAIL = "nanami.canary@kanariya.example"
PHONE = "０９０（５５５５）０１４７"
WORDS = (
    "鉱山の鳥が鳴いたと聞いた",
    "坑道の奥で話した内容",
    "ガスの匂いがする件",
    "ランプを消した理由",
    "籠の中の約束",
    "地上に戻る相談",
)
MEMO, TRANSCRIPT, SUBJECT, NOTE, OUTCOME, SOURCE = WORDS


def planted_canaries() -> Canaries:
    found = Canaries()
    found.word(NAME, EMAIL, *WORDS)
    found.company(COMPANY)
    found.number(PHONE)
    return found


def _csv(path: Path, rows: list[dict[str, Any]], *, header: bool = True) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, [key for key in rows[0] if not key.startswith("_")])
    if header:
        writer.writeheader()
    for row in rows:
        writer.writerow(
            {
                key: str(value).lower()
                if isinstance(value, bool)
                else value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
                if hasattr(value, "hour")
                else value
                for key, value in row.items()
                if not key.startswith("_")
            }
        )
    path.write_text(text.getvalue(), encoding="utf-8")


def _settled(folder: Path) -> None:
    """Files only just written would be left alone as still being written."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (1_790_000_000, 1_790_000_000))


def plant(world: World, exports: Path) -> None:
    """Add records with a canary in every field that takes free text, good rows and bad ones."""
    last = {name: rows[-1] for name, rows in world.records.items()}
    person = {"Name": NAME, "FirstName": "七海", "LastName": "黒曜石", "Email": EMAIL}
    lead = {
        **last["salesforce.Lead"],
        **person,
        "Id": "00Q5h0000CANARYEAA",
        "Company": COMPANY,
        "Phone": PHONE,
        "MobilePhone": PHONE,
        "Title": NOTE,
        "LeadSource": SOURCE,
        "Status": NOTE,
        "Industry": "製造",
        "Notes__c": MEMO,
        "MasterRecordId": None,
    }
    sf = exports / "sf"
    _csv(
        sf / "Lead_20261001T0031.csv",
        [
            lead,
            {**lead, "Id": "00Q5h0000CANARZEAA", "CreatedDate": f"{NAME} 2026-13-40"},
            {**lead, "Id": ""},
            {**lead, "Id": NAME},
        ],
    )
    contact = {**last["salesforce.Contact"], **person, "Phone": PHONE, "Title": NOTE}
    # No header line: the first contact stands where the headers should.
    _csv(sf / "Contact_20261001T0031.csv", [contact, contact], header=False)
    (sf / "Contact_20261001T0032.csv").write_bytes(
        f"Id,Name,Email\n0035h0000CANARYAAA,{NAME},{EMAIL}\n".encode() + b"\xff\xfe\x81\x00\n"
    )
    task = next(
        row
        for row in reversed(world.records["salesforce.Task"])
        if row["TaskSubtype"] == "Call" and row["WhoId"]
    )
    typed = {"Subject": SUBJECT, "Description": f"{NAME}様 {MEMO}", "CallDisposition": MEMO}
    _csv(
        sf / "Task_20261001T0031.csv",
        [
            {**task, **typed, "Id": "00T5h0000CANARYEAA", "WhoId": lead["Id"]},
            {**task, **typed, "Id": "00T5h0000CANARZEAA", "WhoId": lead["Id"], "CallObject": None},
            {**task, **typed, "Id": "00T5h0000CANAR1EAA", "CallDurationInSeconds": NAME},
        ],
    )
    event = {**last["salesforce.Event"], "Subject": SUBJECT, "MeetingOutcome__c": OUTCOME}
    event |= {"Type": NOTE, "IsChild": False, "Description": MEMO, "Location": COMPANY}
    _csv(
        sf / "Event_20261001T0031.csv",
        [{**event, "Id": "00U5h0000CANARYEAA", "WhoId": lead["Id"], "WhatId": None}],
    )
    deal = {**last["salesforce.Opportunity"], "Name": f"{COMPANY} {SUBJECT}", "NextStep": MEMO}
    _csv(sf / "Opportunity_20261001T0031.csv", [deal])
    account = {**last["salesforce.Account"], "Id": "0015h0000CANARYAAA", "Name": COMPANY}
    _csv(
        sf / "Account_20261001T0031.csv",
        [{**account, "Phone": PHONE, "Website": f"https://{EMAIL.split('@')[1]}/"}],
    )
    call = json.loads(
        json.dumps(
            {"call": last["miitel.webhook_calls"]["call"]}, default=lambda value: value.isoformat()
        )
    )
    leg = call["call"]["details"][0]
    call["call"] |= {"id": "c0ffee00-0000-4000-8000-000000000001", "details": [leg]}
    leg |= {
        "id": call["call"]["id"],
        "call_type": "OUTGOING_CALL",
        "previous_id": None,
        "to_number": "09055550147",
        "tags": [{"value": MEMO, "created_by": EMAIL, "creator_type": "TENANT_USER"}],
        "comments": [{"body": NOTE, "created_by": EMAIL}],
        "keywords": [{"label": SUBJECT}],
        "phrases": [{"text": TRANSCRIPT}],
        "speech_recognition": {"raw": TRANSCRIPT, "summary": MEMO},
    }
    for party in leg["participants"]:
        if party["login_id"] is None:
            party |= {"name": NAME, "company_name": COMPANY}
    lines = [
        json.dumps(call, ensure_ascii=False),
        f'{{"call": {{"id": "{NAME}", "details": "{TRANSCRIPT}"',
        json.dumps({"call": {"id": None, "details": NAME}}, ensure_ascii=False),
    ]
    (exports / "miitel-webhook" / "calls_20260930-20260930_20261001T0040.jsonl").write_text(
        "\n".join(lines) + "\n", encoding="utf-8"
    )
    form = last["hubspot.form_submissions"]
    submission = {
        "conversionId": "canary-1",
        "submittedAt": int(form["submittedAt"].timestamp() * 1000),
        "formId": form["formId"],
        "pageUrl": f"https://www.minamo.example.com/?email={EMAIL}&utm_campaign={NOTE}",
        "values": [
            {"name": "email", "value": EMAIL},
            {"name": "message", "value": MEMO},
            {"name": NAME, "value": PHONE},
        ],
    }
    (exports / "hubspot" / "form_submissions_20261001T0031.jsonl").write_text(
        json.dumps(submission, ensure_ascii=False) + "\n", encoding="utf-8"
    )


@pytest.fixture(scope="module")
def planted(world: World, tmp_path_factory: pytest.TempPathFactory) -> DemoNight:
    """The demo company with canaries in its exports, reps by id, after one night."""
    root = tmp_path_factory.mktemp("canary") / "house"
    init = kpi(root, "init", os.fspath(root), "--demo")
    house = House(root)
    text = house.house_file.read_text(encoding="utf-8")
    assert "show_reps_by: name" in text
    house.house_file.write_text(
        text.replace("show_reps_by: name", "show_reps_by: id")
        + "\nlogs: {level: debug, format: json}\n",
        encoding="utf-8",
    )
    plant(world, house.exports)
    _settled(house.exports)
    run = kpi(root, "run")
    assert run.code == 0, f"{run.out}\n{run.err}"
    return DemoNight(house, init, run)


def test_every_planted_canary_was_read_or_set_aside(planted: DemoNight) -> None:
    canaries = planted_canaries()
    kept = []
    for path in [
        *planted.house.raw.rglob("*.parquet"),
        *planted.house.quarantine.rglob("*.parquet"),
    ]:
        with duckdb.connect() as connection:
            connection.execute(f"create view kept as from read_parquet('{path}')")
            kept += [text for _, text in texts_of_tables(connection)]
    seen = canaries.seen_in("\n".join(kept))
    assert {_squeeze(_fold(text)) for text in (NAME, EMAIL, *WORDS)} <= seen
    listed = kpi(planted.house.root, "quarantine", "list").out
    for file in ("Lead_20261001T0031.csv", "calls_20260930-20260930_20261001T0040.jsonl"):
        assert file[:20] in listed, listed


def test_no_planted_canary_is_published_said_or_logged(planted: DemoNight) -> None:
    canaries = planted_canaries()
    assert leaks(canaries, texts_of_release(planted.house.current.resolve())) == {}
    assert leaks(canaries, said(planted.run)) == {}
    written = dict(texts_of_records(planted.house))
    assert leaks(canaries, written.items()) == {}
    # The most the log ever says, refused files among it, and every line of it is JSON.
    events = [json.loads(line) for line in written["logs/kpi.log"].splitlines()]
    assert {"file rejected", "file", "exports read", "night ended"} <= {
        event["event"] for event in events
    }
    for command in (["status"], ["quarantine", "list"], ["sources", "check"]):
        assert leaks(canaries, said(kpi(planted.house.root, *command))) == {}, command


def test_with_reps_by_id_no_name_of_a_rep_is_published(planted: DemoNight, world: World) -> None:
    reps = Canaries()
    reps.word(*rep_names(world))
    assert leaks(reps, texts_of_release(planted.house.current.resolve())) == {}


def test_with_reps_by_name_their_names_are_published(demo_night: DemoNight, world: World) -> None:
    reps = Canaries()
    reps.word(*rep_names(world))
    assert "dim_reps.rep_label" in leaks(reps, texts_of_release(demo_night.house.current.resolve()))
