"""Who is who: lead, contact and marketing records joined into persons (formats §6.3; dictionary
§9 Leads), and whose number a number is (dictionary §1 connects).

Choices where the text is silent:
- Records of every state carry numbers and e-mails, deleted ones too: "calls and e-mails to it stay
  with the rep" (§9), and without the record a speech-based connect would be lost by a deletion.
  But a number some living record has is not shared with one deleted or merged away.
- A person's account is that of the earliest of its contacts that has one, else the account its
  earliest converted lead became; merged accounts count as the winner.
- A record created after the as-of date does not exist yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import md5
from typing import Any

from tests.oracle.normalise import (
    domain,
    email,
    first,
    is_role_email,
    local_date,
    phone,
    salesforce_id,
)
from tests.oracle.records import Record, Records, versions_of
from tests.oracle.settings import Settings, Source

Key = tuple[str, str, str]  # (system, lead|contact|ma_person, record id)


@dataclass(frozen=True)
class PersonRecord:
    """The current row of one lead, contact or marketing person."""

    key: Key
    created_at: datetime
    is_deleted: bool
    merged_into: str | None
    email: str | None
    numbers: tuple[str, ...]
    account_id: str | None
    links: tuple[Key, ...]  # records it says it is the same person as
    fields: Record
    versions: tuple[Record, ...]
    source: Source

    @property
    def is_lead(self) -> bool:
        return self.key[1] == "lead"

    @property
    def is_living(self) -> bool:
        return not self.is_deleted and self.merged_into is None


@dataclass
class Person:
    """One connected component of records."""

    id: str
    records: list[PersonRecord] = field(default_factory=list)
    account_id: str | None = None

    @property
    def leads(self) -> list[PersonRecord]:
        """The lead records that keep this person in a cohort, earliest first."""
        return [record for record in self.records if record.is_lead and self._lives(record)]

    @property
    def has_living_contact(self) -> bool:
        return any(record.key[1] == "contact" and record.is_living for record in self.records)

    def _lives(self, record: PersonRecord) -> bool:
        """§9: a merge loser lives on in its winner; who was deleted without a merge does not."""
        others = {other.key: other for other in self.records}
        seen = {record.key}
        while record.merged_into:
            winner = others.get((*record.key[:2], record.merged_into))
            if winner is None or winner.key in seen:
                return True  # merged into a record nobody exported
            seen.add(winner.key)
            record = winner
        return not record.is_deleted

    @property
    def converted_opportunities(self) -> set[str]:
        found = (
            salesforce_id(record.fields.get("ConvertedOpportunityId"))
            for record in self.records
            if record.is_lead
        )
        return {identity for identity in found if identity}


class Union:
    """Disjoint sets with path halving."""

    def __init__(self) -> None:
        self._parent: dict[Any, Any] = {}

    def find(self, item: Any) -> Any:
        self._parent.setdefault(item, item)
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def join(self, one: Any, other: Any) -> None:
        self._parent[self.find(one)] = self.find(other)


class Persons:
    """Every person known at the as-of date, with the look-ups the other modules need."""

    def __init__(self, records: Records, settings: Settings, as_of: date) -> None:
        self._settings = settings
        self.accounts = Accounts(records, settings)
        known = [
            record
            for record in (
                *self._leads(records),
                *self._mapped_leads(records),
                *self._contacts(records),
                *self._marketing(records),
            )
            if local_date(record.created_at, settings.zone) <= as_of
        ]
        self._person_of: dict[Key, Person] = {}
        self.record_of = {record.key: record for record in known}
        self.all = self._joined(known)
        self._noted: dict[str, list[tuple[Person, PersonRecord]]] = defaultdict(list)
        self._numbers_of_account: dict[str, set[str]] = defaultdict(set)
        for person in self.all:
            for record in person.records:
                for number in record.numbers:
                    self._noted[number].append((person, record))
                    if person.account_id:
                        self._numbers_of_account[person.account_id].add(number)

    # --- look-ups -----------------------------------------------------------------------

    def of_record(self, record_id: str | None) -> Person | None:
        """The person a CRM id (WhoId, LeadId, …) points at."""
        if record_id is None:
            return None
        kind = {"00Q": "lead", "003": "contact"}.get(record_id[:3])
        for candidate in (kind,) if kind else ("lead", "contact"):
            person = self._person_of.get(("salesforce", candidate, record_id))
            if person:
                return person
        return None

    def crm_record(self, record_id: str | None) -> PersonRecord | None:
        """The lead or contact record itself."""
        for kind in ("lead", "contact"):
            record = self.record_of.get(("salesforce", kind, record_id or ""))
            if record:
                return record
        return None

    def of_marketing(self, record_id: str) -> Person | None:
        return self._person_of.get(("hubspot", "ma_person", record_id))

    def numbers_of(self, person: Person) -> set[str]:
        return {number for record in person.records for number in record.numbers}

    def numbers_of_account(self, account_id: str | None) -> set[str]:
        """The account's own numbers and those of its people."""
        if account_id is None:
            return set()
        return self._numbers_of_account[account_id] | self.accounts.numbers_of(account_id)

    def by_number(self, number: str | None) -> tuple[str, Person | None, str | None]:
        """(match level, person, account) of an e164 number.

        A number that is one account's own: the account, whoever else noted it. One person and no
        account: that person. Several persons: the one account of the contacts among them (formats
        §6.2.8: contact before lead), of all where none is a contact. Else nobody.
        """
        if number is None:
            return "none", None, None
        owners = {person.id: person for person, _ in self._living(number)}
        own = self.accounts.of_number(number)
        if len(own) == 1:
            return "account", None, next(iter(own))
        if len(owners) == 1 and not own:
            person = next(iter(owners.values()))
            return "person", person, person.account_id
        speaking = [person for person in owners.values() if person.has_living_contact]
        accounts = {person.account_id for person in speaking or owners.values()}
        if len(accounts) == 1 and None not in accounts:
            return "account", None, next(iter(accounts))
        return "none", None, None

    def _living(self, number: str) -> list[tuple[Person, PersonRecord]]:
        """Who has the number; records deleted or merged away only where no other has it."""
        noted = self._noted.get(number, [])
        living = [(person, record) for person, record in noted if record.is_living]
        return living or noted

    def is_colleagues_number(self, number: str | None) -> bool:
        """Formats §6.7.7: everybody who has the number is ours, and no account but theirs does."""
        if number is None:
            return False
        ours: dict[str, bool] = {}
        accounts = set()
        for person, record in self._living(number):
            ours[person.id] = ours.get(person.id, False) or self.is_internal(record)
            accounts.add(person.account_id)
        own = self.accounts.of_number(number)
        return (
            bool(ours) and all(ours.values()) and (not own or (len(own) == 1 and own == accounts))
        )

    def is_colleague(self, record_id: str | None) -> bool:
        """Whether the record a Task points at is one of ours."""
        record = self.crm_record(record_id)
        return record is not None and self.is_internal(record)

    def is_internal(self, record: PersonRecord) -> bool:
        """A colleague: the e-mail's domain is the company's. No e-mail counts as external."""
        return domain(record.email) in self._settings.internal_domains

    # --- building -----------------------------------------------------------------------

    def _joined(self, known: list[PersonRecord]) -> list[Person]:
        union = Union()
        by_email: dict[str, Key] = {}
        exists = {record.key for record in known}
        placed_at: dict[str, set[Key]] = defaultdict(set)
        of_crm: set[str] = set()
        for record in known:
            union.find(record.key)
            for other in record.links:
                if other in exists:
                    union.join(record.key, other)
            if record.email is None or is_role_email(record.email):
                continue
            # Formats §6.3.3: the CRM id a marketing record names goes before its e-mail.
            named = sorted(key for key in record.links if key in exists and key[1] != "ma_person")
            if record.key[1] == "ma_person" and named:
                placed_at[record.email].add(named[0])
            else:
                union.join(record.key, by_email.setdefault(record.email, record.key))
            if record.key[1] != "ma_person":
                of_crm.add(record.email)
        for address, places in placed_at.items():
            # Nobody else's address: the records without a CRM id are duplicates of the placed one.
            if address in by_email and address not in of_crm and len(places) == 1:
                union.join(by_email[address], next(iter(places)))
        groups: dict[Key, list[PersonRecord]] = defaultdict(list)
        for record in known:
            groups[union.find(record.key)].append(record)
        persons = []
        for group in groups.values():
            group.sort(key=lambda record: (record.created_at, record.key[2]))
            identity = md5(":".join(group[0].key).encode()).hexdigest()
            person = Person(identity, group, self._account(group))
            persons.append(person)
            for record in group:
                self._person_of[record.key] = person
        return sorted(persons, key=lambda person: person.id)

    def _account(self, group: Iterable[PersonRecord]) -> str | None:
        ordered = sorted(group, key=lambda record: record.is_lead)  # contacts first, else stable
        return self.accounts.winner(
            first(record.account_id for record in ordered if record.account_id)
        )

    def _numbers(self, row: Record, source: Source, *columns: str) -> tuple[str, ...]:
        read = (
            phone(
                row.get(column),
                region=source.region,
                repair_leading_zero=source.repair_leading_zero,
                allow_bare_81=source.allow_bare_81,
            ).person_key
            for column in columns
        )
        return tuple(dict.fromkeys(number for number in read if number))

    def _read_leads(self, leads: Iterable[Record], system: str) -> list[PersonRecord]:
        found = []
        for identity, rows in versions_of(leads, "Id", "SystemModstamp").items():
            row = rows[-1]
            source = self._settings.source(row, system)
            links: list[Key] = []
            if winner := salesforce_id(row.get("MasterRecordId")):
                links.append((system, "lead", winner))
            if contact := salesforce_id(row.get("ConvertedContactId")):
                links.append(("salesforce", "contact", contact))
            found.append(
                PersonRecord(
                    key=(system, "lead", identity),
                    created_at=row["CreatedDate"],
                    is_deleted=bool(row.get("IsDeleted")),
                    merged_into=salesforce_id(row.get("MasterRecordId")),
                    email=email(row.get("Email")),
                    numbers=self._numbers(row, source, "Phone", "MobilePhone"),
                    account_id=salesforce_id(row.get("ConvertedAccountId")),
                    links=tuple(links),
                    fields=row,
                    versions=tuple(rows),
                    source=source,
                )
            )
        return found

    def _mapped_leads(self, records: Records) -> list[PersonRecord]:
        """Leads of a tool only sources.yml describes, retold under Salesforce's field names."""
        retold = []
        for row in records.get("mapped.leads", ()):
            source = self._settings.source(row, "mapped")
            said = {
                header: source.said("leads", row, column)
                for column, header in _LEAD_COLUMNS.items()
            }
            retold.append({**row, **said})
        return self._read_leads(retold, "mapped")

    def _leads(self, records: Records) -> list[PersonRecord]:
        return self._read_leads(records.get("salesforce.Lead", ()), "salesforce")

    def _contacts(self, records: Records) -> list[PersonRecord]:
        found = []
        for identity, rows in versions_of(
            records.get("salesforce.Contact", ()), "Id", "SystemModstamp"
        ).items():
            row = rows[-1]
            source = self._settings.source(row, "salesforce")
            winner = salesforce_id(row.get("MasterRecordId"))
            found.append(
                PersonRecord(
                    key=("salesforce", "contact", identity),
                    created_at=row["CreatedDate"],
                    is_deleted=bool(row.get("IsDeleted")),
                    merged_into=winner,
                    email=email(row.get("Email")),
                    numbers=self._numbers(
                        row,
                        source,
                        "Phone",
                        "MobilePhone",
                        "HomePhone",
                        "OtherPhone",
                        "AssistantPhone",
                    ),
                    account_id=salesforce_id(row.get("AccountId")),
                    links=(("salesforce", "contact", winner),) if winner else (),
                    fields=row,
                    versions=tuple(rows),
                    source=source,
                )
            )
        return found

    def _marketing(self, records: Records) -> list[PersonRecord]:
        grouped: dict[str, list[Record]] = defaultdict(list)
        for row in records.get("hubspot.contacts", ()):
            grouped[str(row["id"])].append(row)
        found = []
        for identity, rows in grouped.items():
            rows.sort(key=lambda row: (row["updatedAt"], row.get("_extracted_at") or _EPOCH))
            row = rows[-1]
            said = row.get("properties") or {}
            source = self._settings.source(row, "hubspot")
            links: list[Key] = []
            if "sfa" in source.classes:
                links.append(("salesforce", "lead", f"hubspot:{source.account}:{identity}"))
            if lead := salesforce_id(said.get("salesforceleadid")):
                links.append(("salesforce", "lead", lead))
            if contact := salesforce_id(said.get("salesforcecontactid")):
                links.append(("salesforce", "contact", contact))
            for loser in (said.get("hs_merged_object_ids") or "").split(";"):
                if loser.strip():
                    links.append(("hubspot", "ma_person", loser.strip()))
            found.append(
                PersonRecord(
                    key=("hubspot", "ma_person", identity),
                    created_at=row["createdAt"],
                    is_deleted=bool(row.get("archived")),
                    merged_into=None,
                    email=email(said.get("email")),
                    numbers=self._numbers(said, source, "phone", "mobilephone"),
                    account_id=None,
                    links=tuple(links),
                    fields=row,
                    versions=tuple(rows),
                    source=source,
                )
            )
        return found


_LEAD_COLUMNS = {
    "lead_id": "Id",
    "email_raw": "Email",
    "phone_raw": "Phone",
    "mobile_phone_raw": "MobilePhone",
    "lead_source": "LeadSource",
    "utm_source": "utm_source__c",
    "utm_medium": "utm_medium__c",
    "utm_campaign": "utm_campaign__c",
    "status": "Status",
    "created_at": "CreatedDate",
    "updated_at": "SystemModstamp",
    "is_deleted": "IsDeleted",
    "merged_into_id": "MasterRecordId",
    "converted_contact_id": "ConvertedContactId",
    "converted_account_id": "ConvertedAccountId",
    "converted_opportunity_id": "ConvertedOpportunityId",
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Accounts:
    """Accounts with merges followed to the end, and the accounts' own numbers."""

    def __init__(self, records: Records, settings: Settings) -> None:
        self._merged: dict[str, str] = {}
        self._of_number: dict[str, set[str]] = defaultdict(set)
        self._numbers: dict[str, set[str]] = defaultdict(set)
        rows = versions_of(records.get("salesforce.Account", ()), "Id", "SystemModstamp")
        for identity, versions in rows.items():
            if winner := salesforce_id(versions[-1].get("MasterRecordId")):
                self._merged[identity] = winner
        for identity, versions in rows.items():
            row = versions[-1]
            source = settings.source(row, "salesforce")
            number = phone(
                row.get("Phone"),
                region=source.region,
                repair_leading_zero=source.repair_leading_zero,
                allow_bare_81=source.allow_bare_81,
            ).person_key
            if number:
                account = self.winner(identity) or identity
                self._of_number[number].add(account)
                self._numbers[account].add(number)
        self._known = rows.keys() | self._merged.keys() | set(self._merged.values())

    def winner(self, account_id: str | None) -> str | None:
        """The account that survived every merge; a cycle ends where it began."""
        seen: set[str] = set()
        while account_id in self._merged and account_id not in seen:
            seen.add(account_id)
            account_id = self._merged[account_id]
        return account_id

    def known(self, account_id: str | None) -> str | None:
        """The account an id stands for, None where no export has it."""
        return self.winner(account_id) if account_id in self._known else None

    def written(self, account_id: str) -> str | None:
        """The account a person means by an id: a CRM's own, or the whole one as it is published."""
        of_its_system = (known for known in self._known if known.rpartition(":")[2] == account_id)
        meant = {
            self.winner(known) or known
            for known in (*of_its_system, account_id)
            if self.known(known)
        }
        return min(meant, default=None)

    def of_number(self, number: str) -> set[str]:
        return self._of_number.get(number, set())

    def numbers_of(self, account_id: str) -> set[str]:
        return self._numbers.get(account_id, set())
