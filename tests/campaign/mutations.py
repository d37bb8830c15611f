"""Broken bytes: every kind of export and every configuration file, changed at random, thousands of times.

The product's ingestion then reads
many such files at once. Whatever they hold: only our own kind of error, no hang, exports untouched, and
every record accounted for, as counted here by Python's own csv, json and zip readers. What an accepted
file gave is compared cell by cell with what Python reads. (`tests/ingestion/test_whatever.py` asks the
same of soups of nasty bytes; here real exports are broken.)
"""

from __future__ import annotations

import gzip
import hashlib
import random
import shutil
import signal
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import duckdb

from dagster_project.lib.errors import KuraError
from dagster_project.lib.ingestion import ingest
from dagster_project.lib.readings import IngestionResult, Reading
from dagster_project.lib.sources import load_sources
from dagster_project.settings import House, Ingestion, load_settings
from tests.campaign.breaking import (
    Input,
    Originals,
    Seed,
    broken_bytes,
    broken_lines,
    broken_yaml,
    inputs,
)
from tests.campaign.recounting import Rows, members, recounted, texts_of

_SECONDS_FOR_A_BATCH = 60
_BATCH = 40


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
        rows: dict[str, Rows],
    ) -> Iterator[str]:
        if not readings:
            if one.seed.packed == "zip" and not members(one.content):
                return
            yield "nobody says what became of it"
            return
        texts = texts_of(one)
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
            self.tally.records += item.records_in
            yield from recounted(item, text, rows[item.file_id])


def _kind(seed: Seed) -> str:
    suffixes = seed.path.removesuffix(".gz").rpartition(".")[2]
    system = seed.path.partition("/")[0]
    return f"{system} {suffixes}{'.gz' if seed.packed == 'gz' else ''}"


def _raw_rows(house: House, result: IngestionResult) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    with duckdb.connect(config={"threads": 1}) as connection:
        for item in result.active:
            parquet = next(house.raw.rglob(f"{item.file_id}.parquet"))
            asked = connection.execute(f"select * from read_parquet('{parquet}')")
            names = [column[0] for column in asked.description]
            found[item.file_id] = [dict(zip(names, row, strict=True)) for row in asked.fetchall()]
    return found


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
            broken_lines,
            broken_yaml,
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
