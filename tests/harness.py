"""A house of a test's own, filled from records, and one night through the product's public door.

The tests that compare (oracle, hand-worked cases, two nights) build houses and ask questions only
through here; how files look is the simulator's business, what a night does is `lib.night`'s.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml

from dagster_project.lib import candidate, journal
from dagster_project.lib.audit import Audit
from dagster_project.lib.checksums import file_sha256
from dagster_project.lib.night import NightReport, run_night
from dagster_project.lib.transformation import manifest
from dagster_project.settings import House
from tests.simulator import write_records

Record = Mapping[str, Any]


def make_house(root: Path, house_yml: Mapping[str, Any], sources_yml: Mapping[str, Any]) -> House:
    """An empty house with these two documents. Files count as settled at once."""
    house = House(root)
    house.config.mkdir(parents=True)
    house.exports.mkdir()
    settled = {**house_yml, "ingestion": {"settle_seconds": 0}}
    for path, document in ((house.house_file, settled), (house.sources_file, sources_yml)):
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return house


def deliver(house: House, records: Mapping[str, Sequence[Record]]) -> list[Path]:
    """Write records as the files their `_file` names, in the order of their `_record`."""
    files: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for object_name, rows in records.items():
        for row in rows:
            files[(object_name, str(row["_file"]))].append(row)
    written = []
    for (object_name, file), rows in files.items():
        folder, _, name = file.rpartition("/")
        ordered = [dict(row) for row in sorted(rows, key=lambda row: int(row["_record"]))]
        written.append(write_records(house.exports / folder, object_name, ordered, file=name))
    return written


def transform(house: House, as_of: date, *, full_refresh: bool = False) -> NightReport:
    """A night up to the marts in the work database: nothing is judged or published."""
    return run_night(house, as_of=as_of, full_refresh=full_refresh, stop_after="transform")


def query(house: House, sql: str, parameters: Iterable[Any] = ()) -> list[dict[str, Any]]:
    """Rows of the work database as dicts."""
    with duckdb.connect(str(house.work_database), read_only=True) as connection:
        found = connection.execute(sql, list(parameters))
        columns = [column[0] for column in found.description]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


def rows_of(house: House, table: str, where: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of a published table that say exactly this; None asks for null."""
    conditions = " and ".join(f'"{column}" is not distinct from ?' for column in where) or "true"
    return query(house, f'select * from marts."{table}" where {conditions}', where.values())


def marts(house: House, *, without: Iterable[str] = ()) -> dict[str, list[tuple[str, ...]]]:
    """Every published table as ordered rows of text; columns named in `without` are left out.

    Doubles are cut to 10 significant digits: parallel sums differ in the last ones.
    """
    skipped = set(without)
    tables = query(
        house,
        "select table_name from information_schema.tables where table_schema = 'marts' order by 1",
    )
    return {
        str(entry["table_name"]): sorted(
            tuple(f"{name}={_text(value)}" for name, value in row.items() if name not in skipped)
            for row in query(house, f'select * from marts."{entry["table_name"]}"')
        )
        for entry in tables
    }


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def publish_unjudged(house: House) -> str:
    """The marts of the work database as a release readers were shown, without asking the gate; its id.

    For tests of what the next night makes of it: quick nights (`nights.quick`) have no gate to pass.
    """
    folder = candidate.build(house, manifest())
    made = candidate.read_manifest(folder)
    audit = Audit(
        run_id=made.run_id,
        as_of=made.as_of,
        company=made.company,
        manifest_sha256=file_sha256(folder / candidate.MANIFEST),
        expectations_sha256="",
        verdict="passed",
        checks=(),
    )
    folder.chmod(0o755)
    (folder / candidate.AUDIT).write_text(audit.model_dump_json(), encoding="utf-8")
    house.releases.mkdir(parents=True, exist_ok=True)
    shutil.move(folder, house.releases / made.run_id)
    house.current.unlink(missing_ok=True)
    house.current.symlink_to(house.releases / made.run_id)
    at = datetime.now(UTC).isoformat()
    journal.append(house.publications, {"at": at, "what": "published", "release_id": made.run_id})
    return made.run_id
