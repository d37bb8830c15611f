"""Who is a key person: planning's title map on the title a person's records state (§2).

Choices where the text is silent:
- A title is known when some record states one; one the map has no rule for is known and no key
  person's, since a map may list key persons alone.
- Of several rules that fit the most exact speaks (exact, prefix, contains), of these the longest.
- Of several records that state a title a living one goes before a deleted one, a contact before
  others, the earlier before the later.
- Without any rule no title is known (the figures need a map, §0.2).
"""

from __future__ import annotations

from tests.oracle.normalise import match_key
from tests.oracle.persons import Person, PersonRecord
from tests.oracle.records import Records

_EXACTNESS = ("exact", "prefix", "contains")


class Titles:
    """Planning's title map."""

    def __init__(self, records: Records) -> None:
        self._rules = sorted(
            (
                (_EXACTNESS.index(row["match"]), -len(match_key(row["value"])), row)
                for row in records.get("planning.title_map", ())
            ),
            key=lambda rule: rule[:2],
        )

    def is_key_person(self, person: Person | None) -> bool | None:
        """None: nobody knows the person's title."""
        stated = [
            (record.is_deleted, record.key[1] != "contact", record.created_at, record.key[2], title)
            for record in (person.records if person else ())
            if (title := match_key(_title(record)))
        ]
        return self._judge(min(stated)[-1]) if stated and self._rules else None

    def _judge(self, title: str) -> bool:
        for _, _, rule in self._rules:
            value = match_key(rule["value"])
            if {
                "exact": title == value,
                "prefix": title.startswith(value),
                "contains": value in title,
            }[rule["match"]]:
                return bool(rule["is_key_person"])
        return False


def _title(record: PersonRecord) -> str | None:
    said: str | None = record.fields.get("Title") or record.fields.get("job_title")
    return said or (record.fields.get("properties") or {}).get("jobtitle")
