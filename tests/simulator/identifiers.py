"""Ids and phone numbers that look right and belong to nobody.

Numbers come from ranges Japan has not assigned: subscriber numbers that begin with 0 behind an
area code (03-0…, 06-0…, 052-0…) and mobile numbers 090-0…. The North American ones are 555-01xx.
"""

from __future__ import annotations

import random
from typing import Final

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_UPPER: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

PREFIXES: Final = {
    "User": "005",
    "Lead": "00Q",
    "Contact": "003",
    "Account": "001",
    "Opportunity": "006",
    "OpportunityHistory": "008",
    "OpportunityStage": "01J",
    "Task": "00T",
    "Event": "00U",
    "Campaign": "701",
    "CampaignMember": "00v",
}


def salesforce_suffix(id_15: str) -> str:
    """The three characters that make a case-sensitive 15-character id safe (formats §6.3.7)."""
    suffix = ""
    for start in (0, 5, 10):
        bits = 0
        for place, character in enumerate(id_15[start : start + 5]):
            if character in _UPPER:
                bits |= 1 << place
        suffix += _SUFFIX[bits]
    return suffix


class SalesforceIds:
    """Counts up one id per object, as an org does; 18 characters."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def new(self, object_name: str) -> str:
        number = self._next.get(object_name, 0) + 1
        self._next[object_name] = number
        # Real ids of one org differ only at the end, some only by case.
        digits = ""
        value = number * 37 + 11
        while value:
            value, digit = divmod(value, 62)
            digits = _BASE62[digit] + digits
        id_15 = PREFIXES[object_name] + "5h0000" + digits.rjust(6, "0")
        return id_15 + salesforce_suffix(id_15)


def new_uuid(rng: random.Random) -> str:
    """A version-4 uuid in lower case."""
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def sibling_uuid(uuid: str, number: int) -> str:
    """A further uuid of the same call; sharing its tail keeps compressed exports small."""
    return f"{(int(uuid[:8], 16) + number) & 0xFFFFFFFF:08x}{uuid[8:]}"


AREAS: Final = (("03", 4, 0.6), ("06", 4, 0.2), ("052", 3, 0.12), ("011", 3, 0.08))


def landline(rng: random.Random) -> str:
    """Ten domestic digits of an unassigned fixed line."""
    draw = rng.random()
    area, middle, _ = next((entry for entry in AREAS if (draw := draw - entry[2]) < 0), AREAS[0])
    digits = f"{rng.randrange(10 ** (middle - 1)):0{middle - 1}d}{rng.randrange(10**4):04d}"
    return f"{area}0{digits}"


def mobile(rng: random.Random) -> str:
    """Eleven domestic digits of an unassigned mobile number."""
    return f"0900{rng.randrange(10**7):07d}"


def overseas(rng: random.Random) -> str:
    return f"+1555555{100 + rng.randrange(100):04d}"


def split_number(digits: str) -> tuple[str, str, str]:
    """Area, exchange and subscriber part of domestic digits."""
    if digits.startswith("0900"):
        return digits[:3], digits[3:7], digits[7:]
    for area, _, _ in AREAS:
        if digits.startswith(area):
            return area, digits[len(area) : -4], digits[-4:]
    return digits[:4], digits[4:7], digits[7:]


_FULL_WIDTH: Final = str.maketrans("0123456789-", "０１２３４５６７８９－")


def typed(rng: random.Random, digits: str, *, tidy: bool = False) -> str:
    """The number as a person typed it into a form or a list.

    About one in twenty loses its leading zero in a spreadsheet; a few carry an extension. A list
    that went through Excel may hold scientific notation, which loses the digits.
    """
    if not digits.startswith("0"):
        return digits
    area, exchange, line = split_number(digits)
    draw = rng.random()
    if tidy or draw < 0.52:
        return f"{area}-{exchange}-{line}"
    if draw < 0.68:
        return digits
    if draw < 0.76:
        return f"{area}-{exchange}-{line}".translate(_FULL_WIDTH)
    if draw < 0.80:
        return f"{area}({exchange}){line}"
    if draw < 0.84:
        return f"０{area[1:]}（{exchange}）{line}"
    if draw < 0.88:
        return f"+81 {area[1:]}-{exchange}-{line}"
    if draw < 0.90:
        return f"+81 (0){area[1:]}-{exchange}-{line}"
    if draw < 0.95:
        return digits[1:]
    if draw < 0.975:
        return f"{area}-{exchange}-{line} 内線{rng.randrange(100, 999)}"
    if draw < 0.985:
        return f"{area} {exchange} {line}"
    if draw < 0.992:
        return f"{area}－{exchange}ー{line}"
    return f"{area}-{exchange}-{line} ext.{rng.randrange(10, 99)}"


def damaged_by_excel(digits: str) -> str:
    """`9.00123E+09`: what a spreadsheet leaves of a number in a narrow column."""
    return f"{int(digits):.5E}"
