"""Dagster's event log in the house, with connections that are kept.

Dagster's own SQLite log opens an engine for every statement and waits for the disk after each; a night
of some 800 events spent a fifth of its time there. The files and tables are Dagster's, unchanged.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event

_BUSY_SECONDS = 60
# Each run has a file of its own; the UI's server looks at many runs in its life.
_KEPT = 8


class KeptEventLog(SqliteEventLogStorage):
    """Named in the house's dagster.yaml (`nightly_job.prepare_home`).

    base_dir: Dagster's home. The files lie below it where Dagster puts them by itself.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(os.path.join(base_dir, "history", "runs"), inst_data)  # noqa: PTH118

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> KeptEventLog:
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.pop(shard, None)
        if engine is None:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                # The lock above lets one thread in at a time.
                connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
                pool_size=1,
            )
            event.listen(engine, "connect", _trust_the_journal)
        self._engines[shard] = engine
        while len(self._engines) > _KEPT:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def delete_events(self, run_id: str) -> None:
        """Forget a run's events and its file; Dagster's own storage leaves the emptied file behind."""
        super().delete_events(run_id)
        with self._db_lock:
            engine = self._engines.pop(run_id, None)
            if engine is not None:
                engine.dispose()
            self._initialized_dbs.discard(run_id)
            for path in self.files_of(run_id):
                path.unlink(missing_ok=True)

    def files_of(self, run_id: str) -> tuple[Path, ...]:
        """The run's database and what SQLite keeps beside it."""
        database = Path(self.path_for_shard(run_id))
        beside = (database.with_name(database.name + end) for end in ("-wal", "-shm"))
        return (database, *beside)

    def dispose(self) -> None:
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()


def _trust_the_journal(connection: Any, _record: object) -> None:
    # With a write-ahead log a power cut can lose the last records of a run but damages none.
    connection.execute("PRAGMA synchronous=NORMAL")
