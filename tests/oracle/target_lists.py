"""Which accounts are on planning's target lists, and when (dictionary §4).

Choices where the text is silent:
- A list holds an account from the first to the last day planning writes, both included; an account
  written twice, under two ids of a merge or for two stretches of days, is on it once.
- An id is the CRM's, or the published one, which names the system too. An account no export holds stays
  on the list under the id that was written.
- An approach to an account that is on two lists that day is one approach to a target account.
"""

from __future__ import annotations

from datetime import date

from tests.oracle.metrics import Row
from tests.oracle.normalise import salesforce_id
from tests.oracle.persons import Accounts
from tests.oracle.records import Records


class TargetLists:
    """Planning's target lists; `rows` holds list, account, whether an export has it, first and last day."""

    def __init__(self, records: Records, accounts: Accounts) -> None:
        self.rows: list[Row] = []
        for row in records.get("planning.target_accounts", ()):
            written = salesforce_id(row["account_id"]) or ""
            known = accounts.written(written)
            self.rows.append(
                {
                    "list_name": row["list_name"],
                    "account_id": known or written,
                    "is_known": known is not None,
                    "valid_from": row["valid_from"],
                    "valid_to": row.get("valid_to") or date.max,
                }
            )

    def hold(self, account_id: str | None, day: date) -> bool:
        """Whether any list holds the account that day."""
        return any(
            row["account_id"] == account_id and row["valid_from"] <= day <= row["valid_to"]
            for row in self.rows
        )
