"""What stays out of the warehouse can be listed, shown and exported, and adds up."""

from __future__ import annotations

import csv
import os
import stat
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib import quarantine
from dagster_project.lib.quarantine import QuarantineError
from tests.ingestion.conftest import LEADS, Company


def test_an_empty_house_has_an_empty_quarantine(company: Company, tmp_path: Path) -> None:
    assert quarantine.list_quarantine(company.house) == ()
    assert quarantine.export(company.house, tmp_path / "q.csv") == 0


def test_refused_files_stand_beside_records_set_aside(company: Company) -> None:
    company.put("crm/leads.csv", LEADS + '1,a,2026-07-01,\n5.6E+15,"x\n""y""",2026-07-01,\n')
    company.put("phone/z.csv", b"")
    company.night()
    rows = quarantine.list_quarantine(company.house)
    assert [(row.source_id, row.stage, row.reason_code, row.records) for row in rows] == [
        ("phone", "file", "empty_file", 0),
        ("crm", "structure", "excel_scientific:lead_id", 1),
    ]
    assert [row.source_id for row in quarantine.list_quarantine(company.house, "crm")] == ["crm"]
    shown = quarantine.show(company.house, rows[1].file_id, 2)
    assert shown == '5.6E+15,"x\n""y""",2026-07-01,'
    with pytest.raises(QuarantineError, match="No such record"):
        quarantine.show(company.house, rows[1].file_id, 1)


def test_the_export_is_private_and_complete(company: Company, tmp_path: Path) -> None:
    company.put("crm/leads.csv", LEADS + "5.6E+15,髙,2026-07-01,\n")
    company.put("phone/w.jsonl", "{bad\n")
    company.night()
    path = tmp_path / "q.csv"
    assert quarantine.export(company.house, path) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(encoding="utf-8", newline="") as stream:
        assert [row["raw"] for row in csv.DictReader(stream)] == ["5.6E+15,髙,2026-07-01,", "{bad"]
    assert quarantine.export(company.house, path, "phone") == 1


def test_a_record_judged_again_leaves_no_trace(company: Company) -> None:
    company.put("phone/w.jsonl", "{bad\n")
    company.night()
    (company.house.exports / "phone/w.jsonl").unlink()
    company.configure("sources: [{id: crm, system: salesforce}]")
    company.night()
    assert quarantine.list_quarantine(company.house) == ()


def test_what_the_casts_refused_is_kept_with_its_raw_record(company: Company) -> None:
    company.put("crm/leads.csv", LEADS + "1,山田商店,2026-02-30,\n2,b,2026-07-01,\n")
    call = '{"call": {"id": "c", "details": [{"id": "x"}, {"id": "y"}]}}'
    company.put("phone/w.jsonl", call + "\n")
    company.prepare()
    lead = company.rows("select _file_id from raw_salesforce.leads")[0][0]
    leg = company.rows("select _file_id from raw_miitel.webhook_legs")[0][0]
    with duckdb.connect(os.fspath(company.house.work_database)) as connection:
        connection.execute("create schema activity")
        connection.execute(
            """create table activity.act_rejected_records as
            select * from (values
                ('crm', 'salesforce', 'leads', ?, 1, null, 'bad_timestamp:created_at'),
                ('phone', 'miitel', 'webhook_legs', ?, 1, 0, 'missing:started_at'),
                ('phone', 'miitel', 'webhook_legs', ?, 1, 1, 'missing:started_at')
            ) as rows(source_id, system, object_name, file_id, record, element, reject_reason)""",
            [lead, leg, leg],
        )
        assert quarantine.write_cast_rejects(company.house, connection) == 3
        assert quarantine.write_cast_rejects(company.house, connection) == 3
    rows = quarantine.list_quarantine(company.house)
    assert {(row.stage, row.path, row.reason_code, row.records) for row in rows} == {
        ("cast", "crm/leads.csv", "bad_timestamp:created_at", 1),
        ("cast", "phone/w.jsonl", "missing:started_at", 2),
    }
    assert '"company":"山田商店"' in quarantine.show(company.house, str(lead), 1)
    assert quarantine.show(company.house, str(leg), 1) == call
    kept = company.house.quarantine / "cast_rejects.parquet"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
