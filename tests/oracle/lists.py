"""Which call list a call was made from (dictionary §5 last paragraph, formats §4.1 campaign_key).

Choices where the text is silent:
- The list or campaign key of a telephone system is a list by itself; planning's `call_lists` may call
  it otherwise.
- Where the telephone says nothing, the list is the campaign the person touched last before the call,
  if planning says of its name or its type that it is a call list; the name says more than the type.
  Somebody who has come by another campaign since is not called because of the list.
- Of several rules that fit the most exact speaks (exact, prefix, contains), of these the longest.
"""

from __future__ import annotations

from tests.oracle.calls import Call
from tests.oracle.channels import NONE, Channels, Touch
from tests.oracle.normalise import match_key
from tests.oracle.records import Record, Records

_EXACTNESS = ("exact", "prefix", "contains")


class CallLists:
    """Planning's rules on call lists."""

    def __init__(self, records: Records, channels: Channels) -> None:
        self._channels = channels
        self._rules: list[Record] = sorted(
            records.get("planning.call_lists", ()),
            key=lambda row: (
                row["field"] == "campaign_type",
                _EXACTNESS.index(row["match"]),
                -len(match_key(row["value"])),
                match_key(row["value"]),
                row.get("list_name") or "",
            ),
        )

    def of_call(self, call: Call) -> str:
        """The list's name, or (none)."""
        if call.call_list:
            return self._name({"list_key": call.call_list}, call.call_list) or call.call_list
        touch = self._channels.last_touch(call.person, call.started_at)
        return (touch and self._of_touch(touch)) or NONE

    def _of_touch(self, touch: Touch) -> str | None:
        said = {"campaign_name": touch.campaign, "campaign_type": touch.campaign_type}
        return self._name(said, touch.campaign)

    def _name(self, said: dict[str, str | None], own: str) -> str | None:
        """Planning's name of what the first rule that fits is about; None when none fits."""
        for rule in self._rules:
            value, wanted = match_key(said.get(rule["field"])), match_key(rule["value"])
            if (
                value
                and {
                    "exact": value == wanted,
                    "prefix": value.startswith(wanted),
                    "contains": wanted in value,
                }[rule["match"]]
            ):
                return rule.get("list_name") or own
        return None
