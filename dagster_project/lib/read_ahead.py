"""Exports read by other processes while the walk judges the ones before them.

Belongs here: the pool of processes and what it read. Left to others: what is worth reading, and whether it
counts (`ingestion`); reading itself (`reading`). It only helps: whatever a process does not bring to an end
the walk reads by itself, and meets the same error there.
"""

from __future__ import annotations

import itertools
import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import duckdb

from dagster_project.lib import archives, engine
from dagster_project.lib.children import die_with
from dagster_project.lib.contracts import Contracts
from dagster_project.lib.discovery import ExportFile
from dagster_project.lib.raw import private_folder
from dagster_project.lib.reading import Content, Outcome, read, rules_for
from dagster_project.lib.rejections import FileRejected
from dagster_project.lib.sources import SourcesConfig

# A process takes a third of a second to start; below this the walk is done sooner alone.
WORTH_BYTES = 64 * 1024**2
WORTH_FILES = 400
_PER_PROCESS = 3


@dataclass(frozen=True)
class Terms:
    """What every reading of a night is told. memory: what each process's engine may hold."""

    config: SourcesConfig
    contracts: Contracts
    limits: archives.ArchiveLimits
    generation: int
    spill: Path
    memory: str


@dataclass(frozen=True)
class Found:
    """What one export holds: its members as they were unpacked (their files are gone) and read."""

    members: tuple[archives.Unpacked, ...]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class _Asked:
    item: ExportFile
    sha256: str
    kind: str | None
    folder: Path


class _Process:
    """One process that reads, with pickles on its pipes.

    It ends when its input does, so it outlives nobody on any system.
    """

    def __init__(self, terms: Terms) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import main; main({os.getpid()})"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with suppress(BrokenPipeError):  # it was killed already: it will read nothing
            self._send(terms)

    def read(self, asked: _Asked) -> Found | None:
        """What it read; None when it could not, or was killed."""
        assert self._process.stdout is not None
        try:
            self._send(asked)
            found = pickle.load(self._process.stdout)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            return None
        assert found is None or isinstance(found, Found)
        return found

    def close(self) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()

    def _send(self, what: Terms | _Asked) -> None:
        assert self._process.stdin is not None
        pickle.dump(what, self._process.stdin)
        self._process.stdin.flush()


class ReadAhead:
    """A few exports in work at any time; each is taken once, and its scratch folder forgotten after it."""

    def __init__(self, terms: Terms, scratch: Path, processes: int) -> None:
        self._scratch = scratch
        self._asked: dict[str, tuple[_Asked, Future[Found | None]]] = {}
        self._numbers = itertools.count()
        self._most = processes * _PER_PROCESS
        self._processes = [_Process(terms) for _ in range(processes)]
        self._idle: SimpleQueue[_Process] = SimpleQueue()
        for process in self._processes:
            self._idle.put(process)
        self._threads = ThreadPoolExecutor(processes)

    @property
    def has_room(self) -> bool:
        return len(self._asked) < self._most

    def ask(self, item: ExportFile, sha256: str, kind: str | None) -> None:
        """Have an export read. kind: of archive, or None for a plain file."""
        asked = _Asked(item, sha256, kind, self._scratch / f"ahead-{next(self._numbers)}")
        self._asked[item.path] = (asked, self._threads.submit(self._read, asked))

    @contextmanager
    def taken(self, item: ExportFile, sha256: str) -> Iterator[Found | None]:
        """What was read of an export, while its scratch files exist; None when nothing was."""
        if item.path not in self._asked:
            yield None
            return
        asked, future = self._asked.pop(item.path)
        try:
            found = future.result()
            yield found if asked.sha256 == sha256 else None
        finally:
            shutil.rmtree(asked.folder, ignore_errors=True)

    def close(self) -> None:
        """Wait for what is in work, and forget it."""
        self._threads.shutdown(cancel_futures=True)
        for process in self._processes:
            process.close()

    def _read(self, asked: _Asked) -> Found | None:
        process = self._idle.get()
        try:
            return process.read(asked)
        finally:
            self._idle.put(process)


class _Reader:
    """The other side of the pipes."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._connection = connect(terms.spill, {"threads": 1, "memory_limit": terms.memory})

    def read(self, asked: _Asked) -> Found | None:
        """Read one export; None when the walk must do it."""
        try:
            private_folder(asked.folder)
            return self._found(asked)
        except (FileRejected, OSError, duckdb.OperationalError):
            return None

    def _found(self, asked: _Asked) -> Found:
        item, limits = asked.item, self._terms.limits
        source = self._terms.config.get(item.source_id)
        assert source is not None
        if asked.kind is None:
            content = Content(source, item.path, None, asked.sha256, item.stamp.size)
            return Found((), (self._outcome(content, item.location, asked.folder),))
        members: list[archives.Unpacked] = []
        outcomes: list[Outcome] = []
        for member in archives.unpack(item.location, asked.kind, asked.folder, limits):
            content = Content(
                source, item.path, member.name or None, member.sha256, member.size_bytes
            )
            folder = asked.folder / str(len(members))
            private_folder(folder)
            members.append(member)
            outcomes.append(self._outcome(content, member.location, folder))
        return Found(tuple(members), tuple(outcomes))

    def _outcome(self, content: Content, location: Path, folder: Path) -> Outcome:
        terms = self._terms
        rules = rules_for(content, terms.contracts)
        return read(
            self._connection, content, rules, location, folder, terms.limits, terms.generation
        )


def connect(spill: Path, share: Mapping[str, str | int] | None = None) -> duckdb.DuckDBPyConnection:
    """An engine for reading exports. share: what it may take when it is one of several."""
    return engine.connect(
        spill=spill,
        config={
            **(share or {}),
            "autoinstall_known_extensions": "false",
            "preserve_insertion_order": "true",
            # Every file is read once, and scratch files follow each other under one name.
            "enable_external_file_cache": "false",
        },
    )


def main(parent: int) -> None:
    """Read what is asked for until the input ends."""
    die_with(parent)
    # Ctrl-C reaches the whole group: the walk ends the night, and this process with its input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    reader = _Reader(pickle.load(sys.stdin.buffer))
    while True:
        try:
            asked = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(reader.read(asked), answers)
        answers.flush()
