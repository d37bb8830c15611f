"""Broken bytes: every kind of export and every configuration file, changed at random, thousands of times.

A mutation flips, inserts, deletes, doubles, cuts or splices bytes, or changes the structure (cells, lines,
headers, JSON values, archive members, parts of a workbook, YAML nodes). The product's ingestion then reads
many such files at once. Whatever they hold: only our own kind of error, no hang, exports untouched, and
every record accounted for, as counted here by Python's own csv, json and zip readers. What an accepted
file gave is compared cell by cell with what Python reads. (`tests/ingestion/test_whatever.py` asks the
same of soups of nasty bytes; here real exports are broken.)
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import json
import random
import re
import shutil
import signal
import tempfile
import traceback
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from xml.etree import ElementTree

import duckdb
import yaml

from dagster_project.lib.contracts import Contracts, load_contracts
from dagster_project.lib.errors import KuraError
from dagster_project.lib.ingestion import IngestionResult, Reading, ingest
from dagster_project.lib.sources import SourcesConfig, load_sources
from dagster_project.settings import DBT_PROJECT, House, Ingestion, load_settings
from tests.nights.company import write_company

_SECONDS_FOR_A_BATCH = 60
_BATCH = 40
_LINES_OF_A_SEED = 9

_MORE_SOURCES = """
  - id: tabs
    system: mapped
    class: sfa
    timezone: Asia/Tokyo
    objects:
      - object: leads
        files: ["*.tsv"]
        format: tsv
        columns: {lead_id: 番号, company_name: 会社, email_raw: メール, phone_raw: 電話, created_at: 作成日}
        formats: {created_at: {timestamp: "%Y/%m/%d %H:%M"}}
  - id: lines
    system: mapped
    class: sfa
    timezone: Asia/Tokyo
    objects:
      - object: leads
        files: ["*.jsonl"]
        format: jsonl
        columns: {lead_id: id, company_name: $.company.name, email_raw: mail, created_at: made}
        formats: {created_at: {timestamp: "%Y-%m-%dT%H:%M:%S"}}
"""
_TABS = "番号\t会社\tメール\t電話\t作成日\n" + "".join(
    f"L{n}\t株式会社{n}\tp{n}@example.co.jp\t03-1234-56{n:02}\t2026/09/{n + 1:02} 10:30\n"
    for n in range(8)
)
_LINES = "".join(
    json.dumps(
        {
            "id": f"J{n}",
            "company": {"name": f"会社{n}"},
            "mail": f"j{n}@example.co.jp",
            "made": f"2026-09-{n + 1:02}T10:30:00",
        },
        ensure_ascii=False,
    )
    + "\n"
    for n in range(8)
)
_NASTY = (
    b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"\0", b"\t", b";", b"'", b"\\", b"\x1a", b"\x01", b"\x02",
    b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x83\x41", b"\xe3", b"\x80", b"\xf0\x9f\x98\x80", b"{", b"}",
    b"[", b"]", b"null", b":", b" ", b"=1+1", b"5.6353E+15", b"1e400", b"-0", b"NaN", b"9" * 40, b"../../x",
    b"2026-02-30", b"0000-00-00T00:00:00Z", b"9999-12-31 24:00:00", b"%", b"${x}", b"\\ud800", b"\xc2\x85",
    b"\xe2\x80\xa8", b"x" * 5000, "髙".encode(), "髙".encode("cp932"), b"- ", b"&a", b"*a", b"!!", b"<<: ",
    b"? ", b"|", b"~", b"\xe3\x80\x80",
)  # fmt: skip


@dataclass(frozen=True)
class Seed:
    """One undamaged export. path: below exports/. packed: how its text lies in the file."""

    path: str
    text: bytes
    packed: str = ""


@dataclass(frozen=True)
class Input:
    """One broken export and the seed it was made of."""

    seed: Seed
    path: str
    content: bytes


@dataclass
class Tally:
    """What was tried and what was found."""

    tried: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    records: int = 0
    problems: list[str] = field(default_factory=list)

    def told(self) -> str:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.tried.items()))
        verdicts = ", ".join(f"{verdict} {count:,}" for verdict, count in self.verdicts.items())
        return (
            f"broken files tried {sum(self.tried.values()):,} ({kinds}); verdicts: {verdicts}; "
            f"records counted a second time {self.records:,}; problems {len(self.problems)}"
        )


# Seeds -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Originals:
    """The undamaged exports and the configuration that reads them."""

    seeds: tuple[Seed, ...]
    house_yml: bytes
    sources_yml: bytes
    sources: SourcesConfig
    contracts: Contracts


def originals(folder: Path) -> Originals:
    """One short export of every kind the product reads, as the simulated company exports them."""
    house = House(folder / "originals")
    write_company(house)
    with house.sources_file.open("a", encoding="utf-8") as text:
        text.write(_MORE_SOURCES)
    seeds = []
    seen = set()
    for path in sorted(house.exports.rglob("*")):
        if not path.is_file():
            continue
        name = path.relative_to(house.exports).as_posix()
        kind = _kind_of(name)
        if kind in seen:
            continue
        seen.add(kind)
        content = path.read_bytes()
        if name.endswith(".gz"):
            seeds.append(Seed(name, _short(gzip.decompress(content)), "gz"))
            seeds.append(Seed(name.removesuffix(".gz"), _short(gzip.decompress(content))))
        elif name.endswith((".zip", ".xlsx")):
            seeds.append(Seed(name, content, name[-4:].strip(".")))
        else:
            seeds.append(Seed(name, _short(content)))
    history = next(seed for seed in seeds if seed.path.startswith("miitel-history"))
    wide = history.text.decode("cp932").encode("utf-16")
    seeds.append(Seed("miitel-history/history_20260701-20260731_20260801T0230.csv", wide))
    seeds += [Seed("tabs/leads.tsv", _TABS.encode()), Seed("lines/leads.jsonl", _LINES.encode())]
    seeds.append(Seed("tabs/leads-cp932.tsv", _TABS.encode("cp932")))
    contracts = load_contracts(DBT_PROJECT)
    return Originals(
        tuple(seeds),
        house.house_file.read_bytes(),
        house.sources_file.read_bytes(),
        load_sources(house, contracts),
        contracts,
    )


def _kind_of(name: str) -> str:
    """Same folder, same object: one seed is enough."""
    return re.sub(r"[\d()T \-]+", "", name)


def _short(content: bytes) -> bytes:
    return b"".join(content.splitlines(keepends=True)[:_LINES_OF_A_SEED])


# Breaking ----------------------------------------------------------------------------------------


def broken_bytes(chance: random.Random, content: bytes, other: bytes) -> bytes:
    """One to three small accidents to some bytes."""
    found = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at = chance.randrange(len(found) + 1)
        end = min(len(found), at + chance.choice((1, 1, 2, 4, 30, 300)))
        kind = chance.randrange(8)
        if kind == 0 and at < len(found):
            found[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            found[at:at] = chance.choice(_NASTY)
        elif kind == 2:
            del found[at:end]
        elif kind == 3:
            found[at:at] = found[at:end]
        elif kind == 4:
            del found[at:]
        elif kind == 5 and other:
            begin = chance.randrange(len(other))
            found[at:end] = other[begin : begin + chance.choice((1, 10, 200))]
        elif kind == 6:
            found[at:end] = chance.choice(_NASTY)
        else:
            found[at:end] = chance.randbytes(end - at)
    return bytes(found)


def _broken_lines(chance: random.Random, content: bytes) -> bytes:
    """Lines lost, doubled, moved, joined; cells lost, doubled, replaced; the header too."""
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    at = chance.randrange(len(lines))
    kind = chance.randrange(7)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, lines[at])
    elif kind == 2:
        chance.shuffle(lines)
    elif kind == 3:
        lines[at] = lines[at].rstrip(b"\r\n")
    elif kind == 4:
        lines.insert(at, chance.choice((b"\n", b"\r\n", b" \n", b"\r", b"\t\n", b'""\n')))
    else:
        mark = chance.choice((b",", b"\t", b'":', b'"'))
        cells = lines[at].split(mark)
        place = chance.randrange(len(cells))
        if kind == 5:
            cells[place] = chance.choice(_NASTY)
        elif chance.random() < 0.5:
            cells.insert(place, cells[place])
        else:
            del cells[place]
        lines[at] = mark.join(cells)
    return b"".join(lines)


def _broken_json(chance: random.Random, content: bytes) -> bytes:
    """One value of one line becomes something of another kind."""
    lines = content.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    try:
        record = json.loads(lines[at])
    except ValueError:
        return _broken_lines(chance, content)
    parent: object = record
    for _ in range(chance.randrange(4)):
        inner = list(parent.values()) if isinstance(parent, dict) else parent
        nested = [one for one in inner if isinstance(one, dict | list) and one]  # type: ignore[attr-defined]
        if not nested:
            break
        parent = chance.choice(nested)
    value: object = chance.choice(
        (None, "", 0, -1, 1e300, 10**30, True, [], {}, [None], {"a": {"b": []}}, "\ud800", "\0", "x" * 9000)
    )  # fmt: skip
    if isinstance(parent, dict) and parent:
        key = chance.choice(list(parent))
        parent[key] = value
        if chance.random() < 0.2:
            del parent[key]
    elif isinstance(parent, list) and parent:
        parent[chance.randrange(len(parent))] = value
    text = json.dumps(record)
    if chance.random() < 0.05:
        text = "[" * 3000 + text
    lines[at] = text.encode() + b"\n"
    return b"".join(lines)


def _broken_zip(chance: random.Random, content: bytes, other: bytes) -> bytes:
    """Members lost, doubled, renamed, broken, packed another way; or an evil name."""
    members = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            members[name] = archive.read(name)
    names = sorted(members)
    broken = chance.choice(names)
    kind = chance.randrange(7)
    method = chance.choice(
        (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name in names:
            data = members[name]
            if name == broken:
                if kind == 0:
                    continue
                if kind == 1:
                    data = broken_bytes(chance, data, other)
                elif kind == 2:
                    name = chance.choice(
                        ("../x.csv", "/etc/x.csv", "C:\\x.csv", " ", "a/b/", ".x", "日本.csv")
                    )
                elif kind == 3:
                    data = gzip.compress(data)
                elif kind == 4:
                    data = _broken_lines(chance, data)
            archive.writestr(name, data)
    packed = out.getvalue()
    return broken_bytes(chance, packed, other) if kind in (5, 6) else packed


def _broken(chance: random.Random, seed: Seed, other: bytes) -> bytes:
    if seed.packed in ("zip", "xlsx"):
        if chance.random() < 0.3:
            return broken_bytes(chance, seed.text, other)
        return _broken_zip(chance, seed.text, other)
    draw = chance.random()
    if draw < 0.5:
        text = broken_bytes(chance, seed.text, other)
    elif draw < 0.8 and ".json" in seed.path:
        text = _broken_json(chance, seed.text)
    else:
        text = _broken_lines(chance, seed.text)
    if seed.packed == "gz":
        if draw < 0.2:
            return broken_bytes(chance, gzip.compress(seed.text, mtime=0), other)
        return gzip.compress(text, mtime=0)
    return text


def inputs(chance: random.Random, seeds: tuple[Seed, ...]) -> Iterator[Input]:
    """Broken exports for ever, each in a folder of its own so that its name stays what it was."""
    number = 0
    while True:
        for seed in seeds:
            number += 1
            folder, _, name = seed.path.rpartition("/")
            content = _broken(chance, seed, chance.choice(seeds).text)
            yield Input(seed, f"{folder}/m{number}/{name}", content)


# Judging -----------------------------------------------------------------------------------------


class _Hangs(Exception):
    pass


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise _Hangs(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _fell_over(error: Exception) -> str:
    """An error and the last place of the product it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/dagster_project/" in frame.filename]
    place = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return f"{type(error).__name__}{place}: {error}"


class Exports:
    """Broken exports through the product's ingestion."""

    def __init__(self, originals: Originals, seed: int) -> None:
        self.tally = Tally()
        self._originals = originals
        self._inputs = inputs(random.Random(seed), originals.seeds)

    def run(self, wanted: int) -> Tally:
        """Try so many."""
        while sum(self.tally.tried.values()) < wanted:
            batch: dict[str, Input] = {}
            for one in self._inputs:
                batch.setdefault(hashlib.sha256(one.content).hexdigest(), one)
                if len(batch) == _BATCH:
                    break
            self.batch(list(batch.values()))
        return self.tally

    def undamaged(self) -> list[Input]:
        """The seeds as they are."""
        return [
            Input(seed, seed.path, gzip.compress(seed.text) if seed.packed == "gz" else seed.text)
            for seed in self._originals.seeds
        ]

    def batch(self, batch: list[Input]) -> None:
        """One night of ingestion over many; one by one when it fails, to name the file."""
        try:
            self._night(batch)
        except Exception as error:  # whatever it is, it is what is looked for
            if len(batch) == 1:
                self._count(batch[0], "crashed")
                self._tell(batch[0], _fell_over(error))
                return
            for one in batch:
                self.batch([one])

    def _night(self, batch: list[Input]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            house = House(Path(folder) / "house")
            for one in batch:
                target = house.exports / one.path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(one.content)
            with _within(_SECONDS_FOR_A_BATCH):
                result = ingest(
                    house,
                    self._originals.sources,
                    self._originals.contracts,
                    settings=Ingestion(settle_seconds=0),
                )
            outside = [path.name for path in Path(folder).iterdir() if path.name != "house"]
            assert not outside, f"written outside the house: {outside}"
            rows = _raw_rows(house, result)
            for one in batch:
                assert (house.exports / one.path).read_bytes() == one.content, "the export changed"
                readings = [item for item in result.readings if item.receipt.path == one.path]
                verdict = "left alone"
                if readings:
                    states = {item.status for item in readings}
                    verdict = states.pop() if len(states) == 1 else "several"
                self._count(one, verdict)
                for problem in self._problems(house, one, readings, rows):
                    self._tell(one, problem)

    def _count(self, one: Input, verdict: str) -> None:
        self.tally.tried[_kind(one.seed)] += 1
        self.tally.verdicts[verdict] += 1

    def _tell(self, one: Input, problem: str) -> None:
        shown = one.content if len(one.content) < 400 else one.content[:400]
        digest = hashlib.sha256(one.content).hexdigest()[:12]
        self.tally.problems.append(f"{one.path} ({digest}): {problem[:600]} {shown!r}")

    def _problems(
        self,
        house: House,
        one: Input,
        readings: list[Reading],
        rows: dict[str, list[dict[str, object]]],
    ) -> Iterator[str]:
        if not readings:
            if one.seed.packed == "zip" and not _members(one.content):
                return
            yield "nobody says what became of it"
            return
        texts = _texts(one)
        for item in readings:
            if item.status == "rejected":
                if not (item.reject_code and item.reject_message and item.remedy):
                    yield "rejected without a reason or a remedy"
                continue
            if item.status == "skipped_duplicate":
                continue
            if item.status != "accepted":
                yield f"its status is {item.status}"
                continue
            if item.records_in != item.records_accepted + item.records_quarantined:
                yield "accepted and quarantined are not all"
            if len(rows[item.file_id]) != item.records_accepted:
                yield f"{len(rows[item.file_id])} rows are kept, {item.records_accepted} accepted"
            text = texts.get(item.receipt.member or "")
            if text is None:
                yield f"nobody but the product finds the member {item.receipt.member}"
                continue
            yield from _recounted(item, text, rows[item.file_id], self.tally)


def _kind(seed: Seed) -> str:
    suffixes = seed.path.removesuffix(".gz").rpartition(".")[2]
    system = seed.path.partition("/")[0]
    return f"{system} {suffixes}{'.gz' if seed.packed == 'gz' else ''}"


def _raw_rows(house: House, result: IngestionResult) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    with duckdb.connect(config={"threads": 1}) as connection:
        for item in result.active:
            parquet = next(house.raw.rglob(f"{item.file_id}.parquet"))
            asked = connection.execute(f"select * from read_parquet('{parquet}')")
            names = [column[0] for column in asked.description]
            found[item.file_id] = [dict(zip(names, row, strict=True)) for row in asked.fetchall()]
    return found


def _members(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {
                info.filename: archive.read(info)
                for info in archive.infolist()
                if not info.is_dir()
                and not any(part.startswith((".", "_", "~")) for part in info.filename.split("/"))
            }
    except Exception:  # a broken archive: its members are nobody's to count
        return {}


def _texts(one: Input) -> dict[str, bytes]:
    """What text Python finds in an export, by archive member."""
    if one.content[:2] == b"\x1f\x8b":
        try:
            return {"": gzip.decompress(one.content)}
        except (OSError, EOFError, ValueError, zlib.error):
            return {}
    if one.content[:4] == b"PK\x03\x04" and not one.path.endswith(".xlsx"):
        return _members(one.content)
    return {"": one.content}


def _recounted(
    item: Reading, content: bytes, rows: list[dict[str, object]], tally: Tally
) -> Iterator[str]:
    """The records of an accepted file, counted and compared by other code than the product's."""
    if item.encoding == "xlsx":
        counted = _sheet_rows(content) - 1
        tally.records += max(counted, 0)
        if counted != item.records_in:
            yield f"the sheet has {counted} rows below its header, {item.records_in} were counted"
        return
    text = _decoded(content, item)
    if item.receipt.header:
        yield from _cells_unlike(item, text, rows, tally)
        return
    lines = [line for line in text.split("\n") if line.strip(" \t\r")]
    told = next((text for text in item.receipt.warnings if "control records" in text), "0")
    control = int(told.split()[0])
    tally.records += len(lines)
    if len(lines) != item.records_in + control:
        yield f"{len(lines)} lines, {item.records_in} records and {control} control records"
    mine = sum(_is_control(line) for line in lines)
    if item.system == "miitel" and mine != control:
        yield f"{mine} control records, {control} were skipped"


def _is_control(line: str) -> bool:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and record.get("challenge") is not None


def _decoded(content: bytes, item: Reading) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    if item.encoding == "cp932":
        return content.decode("cp932")
    return content.decode("utf-8-sig")


def _cells_unlike(
    item: Reading, text: str, rows: list[dict[str, object]], tally: Tally
) -> Iterator[str]:
    """Each cell as Python's csv reader finds it, against what raw keeps."""
    delimiter = item.receipt.delimiter or ","
    csv.field_size_limit(1 << 25)
    try:
        cells = [
            row
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
            if row
        ][1:]
    except csv.Error as error:
        yield f"accepted, but Python's csv reader refuses it: {error}"
        return
    tally.records += len(cells)
    if len(cells) != item.records_in:
        yield f"Python's csv reader finds {len(cells)} records, {item.records_in} were counted"
        return
    numbers = [
        int(str(row["_record"])) if "_record" in row else number
        for number, row in enumerate(rows, start=1)
    ]
    for number, row in zip(numbers, rows, strict=True):
        record = cells[number - 1]
        if len(record) != len(item.receipt.header):
            yield f"record {number} has {len(record)} cells and was accepted"
            return
        for cell, column in zip(record, item.receipt.placed, strict=True):
            if column and (row[column] or "") != cell:
                yield f"record {number}: {column} is {row[column]!r}, the file says {cell!r}"
                return


def _sheet_rows(content: bytes) -> int:
    """Rows of the first sheet with anything in them, by its XML alone."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name = min(name for name in archive.namelist() if re.match(r"xl/worksheets/.*\.xml", name))
        root = ElementTree.fromstring(archive.read(name))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    return sum(
        any(
            (value.text or "") != ""
            for value in row.iter()
            if value.tag in (f"{space}v", f"{space}t")
        )
        for row in root.iter(f"{space}row")
    )


# Configuration -----------------------------------------------------------------------------------

_VALUES: tuple[object, ...] = (
    None, "", 0, -1, 10**20, 1.5, float("inf"), True, [], {}, [[]], {"a": 1}, ["a", "a"], "x" * 3000, "(",
    "[", "(?P<date>", "(a+)+$", "%", "%Y%Q", "../..", "/etc", "Asia/Nowhere", "2026-13-45", "\0", "utf-16",
    "🙂",
)  # fmt: skip


def _broken_yaml(chance: random.Random, content: bytes) -> bytes:
    """A value, a key or a whole branch of the document becomes something else."""
    document = yaml.safe_load(content)
    parent = document
    for _ in range(chance.randrange(6)):
        inner = list(parent.values()) if isinstance(parent, dict) else list(parent)
        nested = [one for one in inner if isinstance(one, dict | list) and one]
        if not nested:
            break
        parent = chance.choice(nested)
    value = chance.choice(_VALUES)
    if isinstance(parent, dict):
        key = chance.choice(list(parent))
        kind = chance.randrange(4)
        if kind == 0:
            del parent[key]
        elif kind == 1:
            parent[f"{key}s"] = parent.pop(key)
        else:
            parent[key] = value
    elif chance.random() < 0.5:
        parent[chance.randrange(len(parent))] = value
    else:
        parent.append(chance.choice(parent))
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False).encode()


class Configuration:
    """Broken configuration files: refused with our own error, or a night that reads with them."""

    def __init__(self, originals: Originals, seed: int) -> None:
        self.tally = Tally()
        self._originals = originals
        self._random = random.Random(seed)

    def run(self, wanted: int) -> Tally:
        """Try so many."""
        breaks: tuple[Callable[[random.Random, bytes], bytes], ...] = (
            lambda chance, content: broken_bytes(chance, content, content),
            _broken_lines,
            _broken_yaml,
        )
        with tempfile.TemporaryDirectory() as folder:
            house = House(Path(folder) / "house")
            house.config.mkdir(parents=True)
            for seed in self._originals.seeds:
                target = house.exports / seed.path
                target.parent.mkdir(parents=True, exist_ok=True)
                packed = gzip.compress(seed.text) if seed.packed == "gz" else seed.text
                target.write_bytes(packed)
            for number in range(wanted):
                house.house_file.write_bytes(self._originals.house_yml)
                house.sources_file.write_bytes(self._originals.sources_yml)
                broken = self._random.choice((house.house_file, house.sources_file))
                how = self._random.choice(breaks)
                broken.write_bytes(how(self._random, broken.read_bytes()))
                self._try(house, broken, reads=number % 10 == 0)
        return self.tally

    def _try(self, house: House, broken: Path, *, reads: bool) -> None:
        self.tally.tried[broken.name] += 1
        verdict = "allowed"
        try:
            with _within(_SECONDS_FOR_A_BATCH):
                settings = load_settings(house)
                sources = load_sources(
                    house,
                    self._originals.contracts,
                    default_timezone=settings.reporting.timezone,
                )
                if reads:
                    verdict = "allowed, and read with"
                    ingest(
                        house,
                        sources,
                        self._originals.contracts,
                        settings=Ingestion(settle_seconds=0),
                    )
                    shutil.rmtree(house.raw)
        except KuraError as error:
            verdict = "refused"
            if not (error.message and error.where):
                self._tell(broken, f"refused without saying where: {error}")
        except Exception as error:  # whatever it is, it is what is looked for
            verdict = "crashed"
            self._tell(broken, _fell_over(error))
        self.tally.verdicts[verdict] += 1

    def _tell(self, broken: Path, problem: str) -> None:
        original = {
            "house.yml": self._originals.house_yml,
            "sources.yml": self._originals.sources_yml,
        }[broken.name]
        content = broken.read_bytes()
        at = next(
            (
                n
                for n, pair in enumerate(zip(content, original, strict=False))
                if pair[0] != pair[1]
            ),
            0,
        )
        self.tally.problems.append(
            f"{broken.name}: {problem[:400]} … {content[max(0, at - 60) : at + 90]!r}"
        )
