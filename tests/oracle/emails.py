"""The rep's own e-mails (dictionary §1 emails_sent, §9 E-mail).

A list mail is automated and not the rep's; a deleted or open Task is no e-mail sent, and a
colleague is no prospect.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from tests.oracle.normalise import local_date
from tests.oracle.persons import Person, Persons
from tests.oracle.records import Records, tasks
from tests.oracle.roster import Roster
from tests.oracle.settings import Settings


@dataclass(frozen=True)
class Email:
    id: str
    rep: str | None
    day: date
    at: datetime
    person: Person | None
    account_id: str | None


def emails(
    records: Records, settings: Settings, roster: Roster, persons: Persons, as_of: date
) -> list[Email]:
    """Closed Tasks of subtype Email by the local date of completion, else of creation."""
    accounts = persons.accounts
    return [
        Email(
            id=task.id,
            rep=roster.of_user(task.owner_id),
            day=day,
            at=task.at,
            person=(person := persons.of_record(task.who_id)),
            account_id=(person.account_id if person else None) or accounts.winner(task.account_id),
        )
        for task in tasks(records, settings)
        if task.kind == "email"
        and task.is_closed
        and not task.is_deleted
        and not persons.is_colleague(task.who_id)
        and (day := local_date(task.at, settings.zone)) <= as_of
    ]
