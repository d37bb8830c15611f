"""Undamaged exports of every kind, and every way of breaking them.

Bytes are flipped, inserted, deleted, doubled, cut and spliced; lines, cells, headers, JSON values, archive
members, parts of a workbook and YAML nodes are lost, doubled, moved and replaced. What becomes of a broken
file is left to `mutations`, how many records Python finds in it to `recounting`.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from dagster_project.lib.contracts import Contracts, load_contracts
from dagster_project.lib.sources import SourcesConfig, load_sources
from dagster_project.settings import DBT_PROJECT, House
from tests.nights.company import write_company

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


def broken_lines(chance: random.Random, content: bytes) -> bytes:
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
        return broken_lines(chance, content)
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
                    data = broken_lines(chance, data)
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
        text = broken_lines(chance, seed.text)
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


_VALUES: tuple[object, ...] = (
    None, "", 0, -1, 10**20, 1.5, float("inf"), True, [], {}, [[]], {"a": 1}, ["a", "a"], "x" * 3000, "(",
    "[", "(?P<date>", "(a+)+$", "%", "%Y%Q", "../..", "/etc", "Asia/Nowhere", "2026-13-45", "\0", "utf-16",
    "🙂",
)  # fmt: skip


def broken_yaml(chance: random.Random, content: bytes) -> bytes:
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
