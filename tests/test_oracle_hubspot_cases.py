"""The oracle answers every hand-worked case of a HubSpot portal as the hand did.

It is given the very files, read here by the standard library alone.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cases.hubspot import AS_OF, CASES, HOUSE_YML, SOURCES_YML, PortalCase, planning
from tests.cases.lookup import Rows, differences
from tests.cases.portal import Portal
from tests.cases.scene import Expect, Record, Scene, jst
from tests.oracle.settings import settings_from
from tests.oracle.tables import Answer, answer

_INSTANTS = ("createdAt", "updatedAt")


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Answer, dict[str, list[Expect]]]:
    portal = Portal(Scene(970, AS_OF))
    expected = {case.build.__name__: case.build(portal) for case in CASES}
    anchor = portal.rep("anchor", "manager", cti="yes")
    for month, day_of_month in ((4, 1), (6, 30)):
        portal.phone.call(anchor, jst(month, day_of_month, 8), "03-9799-9999")
    folder = tmp_path_factory.mktemp("portal") / "hubcrm"
    portal.write(folder)
    records: dict[str, list[Record]] = {**portal.phone.records, **planning(portal)}
    for path in sorted(folder.iterdir()):
        name = path.stem.rpartition("_")[0].removesuffix("_table")
        records.setdefault(f"hubspot.{name}", []).extend(_records(path))
    settings = settings_from(HOUSE_YML, SOURCES_YML["sources"])
    return answer(records, AS_OF, settings), expected


def _records(path: Path) -> Iterator[Record]:
    made = datetime.strptime(path.stem.rpartition("_")[2], "%Y%m%d").replace(tzinfo=UTC)
    with path.open(encoding="utf-8", newline="") as stream:
        rows: Iterator[dict[str, Any]] = (
            map(json.loads, stream)
            if path.suffix == ".jsonl"
            else (_enveloped(row) for row in csv.DictReader(stream))
        )
        for number, row in enumerate(rows, start=1):
            yield {
                **row,
                **{
                    name: datetime.fromisoformat(row[name].replace("Z", "+00:00"))
                    for name in _INSTANTS
                    if name in row
                },
                "properties": {
                    name: value or "" for name, value in (row.get("properties") or {}).items()
                },
                "_source_id": "hubcrm",
                "_file": f"hubcrm/{path.name}",
                "_extracted_at": made - timedelta(hours=9),
                "_record": number,
            }


def _enveloped(row: Mapping[str, str]) -> dict[str, Any]:
    """A row of the exports API in the envelope of the objects API."""
    return {
        "id": row["Record ID"],
        "properties": dict(row),
        "createdAt": row["createdate"],
        "updatedAt": row["hs_lastmodifieddate"],
        "archived": False,
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.build.__name__)
def test_the_oracle_agrees_with_the_hand(
    case: PortalCase, worked: tuple[Answer, dict[str, list[Expect]]]
) -> None:
    found, expected = worked

    def rows_of(table: str, where: Mapping[str, Any]) -> Rows:
        return [
            row
            for row in found.tables[table]
            if all(row.get(column) == value for column, value in where.items())
        ]

    columns: dict[str, set[str]] = defaultdict(set)
    for table, rows in found.tables.items():
        for row in rows:
            columns[table] |= row.keys()
    problems = [
        problem
        for expect in expected[case.build.__name__]
        if expect.table != "kpi_data_quality"  # of files the oracle knows nothing
        for problem in differences(
            expect,
            rows_of,
            has_opinion=lambda table, column: column == "_rows" or column in columns[table],
        )
    ]
    assert not problems, f"\n{case.question}\n{case.why}\n" + "\n".join(problems)
