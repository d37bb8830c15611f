"""A small company of its own: contracts of a few columns, and a house to drop exports into."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib.contracts import Contracts, load_contracts
from dagster_project.lib.ingestion import ingest
from dagster_project.lib.readings import FileProgress, IngestionResult, Reading
from dagster_project.lib.sources import SourcesConfig, load_sources
from dagster_project.lib.work_database import Run, prepare
from dagster_project.settings import House, Ingestion, Settings

AS_OF = date(2026, 7, 31)

CONTRACTS = {
    "miitel": """
version: 2
sources:
  - name: miitel
    schema: raw_miitel
    tables:
      - name: webhook_legs
        config:
          meta:
            contract:
              version: 1
              format: jsonl
              files: ["*.jsonl"]
              kind: events
              key: [leg_id]
              version_column: null
              event_column: started_at
              unnest: "$.call.details"
              control_records: ["$.challenge"]
              record_required: ["$.call.id", "$.call.details"]
        columns:
          - {name: leg_id, data_type: varchar, config: {meta: {type: text, path: "$.id"}}}
          - name: started_at
            data_type: timestamp
            config: {meta: {type: timestamp, path: "$.dial_starts_at"}}
      - name: history_legs
        config:
          meta:
            contract:
              version: 1
              format: csv
              files: ["*.csv", "*.tsv"]
              kind: events
              key: [leg_id]
              version_column: null
              event_column: started_at
        columns:
          - name: leg_id
            data_type: varchar
            config: {meta: {type: text, required: true, aliases: ["Sequence ID", シーケンス ID]}}
          - name: agent_name
            data_type: varchar
            config: {meta: {type: text, aliases: ["User name", ユーザー名]}}
          - name: started_at
            data_type: timestamp
            config:
              meta: {type: timestamp, header_required: true, aliases: ["Dial begin time"]}
""",
    "salesforce": """
version: 2
sources:
  - name: salesforce
    schema: raw_salesforce
    tables:
      - name: leads
        config:
          meta:
            contract:
              version: 1
              format: csv
              files: ["lead*.csv"]
              kind: records
              key: [lead_id]
              version_column: updated_at
              event_column: created_at
        columns:
          - name: lead_id
            data_type: varchar
            config: {meta: {type: salesforce_id, required: true, aliases: [Id]}}
          - name: company
            data_type: varchar
            config: {meta: {type: text, aliases: [Company]}}
          - name: lead_score
            data_type: double
            config: {meta: {type: decimal, configurable: true}}
          - name: created_at
            data_type: timestamp
            config: {meta: {type: timestamp, aliases: [CreatedDate, created_date]}}
          - name: updated_at
            data_type: timestamp
            config: {meta: {type: timestamp, aliases: [SystemModstamp]}}
          - name: last_modified_at
            data_type: timestamp
            config: {meta: {type: timestamp, aliases: [LastModifiedDate]}}
          - name: expected_at
            data_type: timestamp
            config:
              meta: {type: timestamp, aliases: [Expected], cast: {may_be_ahead: true}}
      - name: contacts
        config:
          meta:
            contract:
              version: 1
              format: csv
              files: ["contact*.csv"]
              kind: records
              key: [contact_id]
              version_column: updated_at
              event_column: created_at
        columns:
          - name: contact_id
            data_type: varchar
            config: {meta: {type: salesforce_id, required: true, aliases: [Id]}}
          - name: title
            data_type: varchar
            config: {meta: {type: text, header_required: true, aliases: [Title]}}
          - name: created_at
            data_type: timestamp
            config: {meta: {type: timestamp, aliases: [CreatedDate]}}
          - name: updated_at
            data_type: timestamp
            config: {meta: {type: timestamp, aliases: [SystemModstamp]}}
""",
    "planning": """
version: 2
sources:
  - name: planning
    schema: raw_planning
    tables:
      - name: roster
        config:
          meta:
            contract:
              version: 1
              format: csv
              files: ["roster.csv"]
              kind: snapshot
              key: [rep_id]
              version_column: null
              event_column: null
        columns:
          - {name: rep_id, data_type: varchar, config: {meta: {type: text}}}
          - {name: rep_name, data_type: varchar, config: {meta: {type: text, aliases: [氏名]}}}
""",
    "mapped": """
version: 2
sources:
  - name: mapped
    schema: raw_mapped
    tables:
      - name: leads
        config:
          meta:
            contract:
              version: 1
              format: csv
              kind: records
              key: [lead_id]
              version_column: null
              event_column: created_at
        columns:
          - {name: lead_id, data_type: varchar, config: {meta: {type: text, required: true}}}
          - {name: company, data_type: varchar, config: {meta: {type: text}}}
          - {name: lead_score, data_type: double, config: {meta: {type: decimal}}}
          - {name: created_at, data_type: timestamp, config: {meta: {type: timestamp}}}
""",
    "hubspot": """
version: 2
sources:
  - name: hubspot
    schema: raw_hubspot
    tables:
      - name: contacts
        config:
          meta:
            contract:
              version: 1
              format: jsonl
              is_also_table: true
              classes: [ma, sfa]
              files: ["contact*.jsonl", "contact*.csv", "contact*.xlsx"]
              kind: records
              key: [person_id]
              version_column: null
              event_column: created_at
              record_required: ["$.id", "$.properties"]
        columns:
          - name: person_id
            data_type: varchar
            config:
              meta: {type: text, required: true, path: "$.id", aliases: [Record ID, hs_object_id]}
          - name: lead_score
            data_type: double
            config: {meta: {type: decimal, path: "$.properties.hubspotscore", configurable: true}}
          - name: created_at
            data_type: timestamp
            config:
              meta: {type: timestamp, path: "$.properties.createdate", header_required: true}
          - name: is_deleted
            data_type: boolean
            config: {meta: {type: boolean, path: "$.archived", aliases: [archived]}}
      - name: deals
        config:
          meta:
            contract:
              version: 1
              format: jsonl
              is_also_table: true
              classes: [sfa]
              files: ["deal*.jsonl", "deal*.csv"]
              kind: records
              key: [opportunity_id]
              version_column: null
              event_column: null
              record_required: ["$.id", "$.properties"]
        columns:
          - name: opportunity_id
            data_type: varchar
            config:
              meta: {type: text, required: true, path: "$.id", aliases: [Record ID, hs_object_id]}
          - name: stage_key
            data_type: varchar
            config: {meta: {type: text, path: "$.properties.dealstage", header_required: true}}
""",
    "kura": """
version: 2
sources:
  - name: kura
    schema: raw_kura
    tables: [{name: run, columns: [{name: run_id, data_type: varchar}]}]
""",
}

SOURCES = """
sources:
  - {id: phone, system: miitel, account: acme}
  - {id: crm, system: salesforce}
"""


def write_contracts(root: Path, contracts: dict[str, str]) -> Contracts:
    for system, text in contracts.items():
        folder = root / "models" / "staging" / system
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"_{system}__sources.yml").write_text(text, encoding="utf-8")
    return load_contracts(root)


@pytest.fixture(scope="session")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Contracts:
    return write_contracts(tmp_path_factory.mktemp("dbt"), CONTRACTS)


@dataclass
class Company:
    """A house, and the few things tests do with it."""

    house: House
    contracts: Contracts
    limits: Ingestion = field(
        default_factory=lambda: Ingestion.model_validate({"settle_seconds": 0})
    )
    progress: list[FileProgress] = field(default_factory=list)

    def configure(self, text: str) -> None:
        self.house.config.mkdir(parents=True, exist_ok=True)
        self.house.sources_file.write_text(text, encoding="utf-8")

    @property
    def sources(self) -> SourcesConfig:
        return load_sources(self.house, self.contracts)

    def put(self, path: str, content: bytes | str) -> Path:
        target = self.house.exports / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def night(self) -> IngestionResult:
        self.progress.clear()
        return ingest(
            self.house,
            self.sources,
            self.contracts,
            settings=self.limits,
            progress=self.progress.append,
        )

    def only(self, path: str, content: bytes | str) -> Reading:
        """Put one file, run a night, and give its reading."""
        self.put(path, content)
        found = [item for item in self.night().readings if item.receipt.path == path]
        assert len(found) == 1
        return found[0]

    def prepare(self, result: IngestionResult | None = None) -> None:
        prepare(
            self.house,
            Settings(company_name="蔵"),
            self.sources,
            self.contracts,
            result or self.night(),
            Run(AS_OF, "run-1", "code", "config"),
        )

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with duckdb.connect(os.fspath(self.house.work_database), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def read(self, query: str) -> list[tuple[object, ...]]:
        """Ingest, prepare and query."""
        self.prepare()
        return self.rows(query)


@pytest.fixture
def company(tmp_path: Path, contracts: Contracts) -> Company:
    built = Company(House(tmp_path / "house"), contracts)
    built.configure(SOURCES)
    return built


HISTORY = "Sequence ID,User name,Dial begin time\n"
LEADS = "Id,Company,CreatedDate,SystemModstamp\n"
