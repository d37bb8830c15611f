"""Broken exports that ingestion accepted, through dbt's staging casts.

One night up to the marts over the company's own files and many broken ones: no model may fail, and each
row raw keeps stands once in staging, cast or with a reason why not.
"""

from __future__ import annotations

import random
from pathlib import Path

import duckdb

from dagster_project.lib.errors import KuraError
from dagster_project.settings import House
from tests.campaign.breaking import Originals, inputs
from tests.harness import transform
from tests.nights.company import PLAN, write_company

# One record becomes several rows, or none: its legs are counted by the reconciliation of every night.
_UNNESTED = {"webhook_legs"}


def through_staging(
    folder: Path, originals: Originals, seed: int, count: int
) -> tuple[int, list[str]]:
    """(rows followed into staging, what is wrong). Planning stays whole: broken, it stops a night."""
    house = House(folder / "casts")
    write_company(house)
    house.sources_file.write_bytes(originals.sources_yml)
    tried = 0
    for one in inputs(random.Random(seed), originals.seeds):
        if one.path.startswith("planning/"):
            continue
        target = house.exports / one.path
        target.parent.mkdir(parents=True)
        target.write_bytes(one.content)
        tried += 1
        if tried == count:
            break
    try:
        transform(house, PLAN.as_of, full_refresh=True)
    except KuraError as error:
        return 0, [f"the models fell over broken exports: {error}"]
    return _followed(house)


def _followed(house: House) -> tuple[int, list[str]]:
    rows, problems = 0, []
    with duckdb.connect(str(house.work_database), read_only=True) as connection:
        files = connection.execute(
            """select file_id, system, object_name, path, records_accepted from raw_kura.files
            where is_active and records_accepted > 0 order by all"""
        ).fetchall()
        for file_id, system, object_name, path, accepted in files:
            if object_name in _UNNESTED:
                continue
            found = connection.execute(
                f"select count(*), count(distinct record) from staging.stg_{system}__{object_name} "
                "where file_id = ?",
                [file_id],
            ).fetchone()
            rows += accepted
            if found != (accepted, accepted):
                problems.append(f"{path}: {accepted} rows in raw, {found} in staging")
    return rows, problems
