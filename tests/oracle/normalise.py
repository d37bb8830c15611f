"""Telephone numbers, e-mail addresses, ids and instants, as formats §6.2–6.4 write them.

The library `phonenumbers` judges whether a number is possible; everything the library would
silently forgive (a lost zero, a bare 81) is decided before it is asked (§6.2.3).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import phonenumbers

_HYPHENS = "-‐‑‒–—―−－ー﹣ｰ"
_ANONYMOUS = {"anonymous", "非通知", "公衆電話", "表示圏外", "blocked", "restricted", "unknown"}
_EXTENSION = re.compile(r"(内線|ext|x|#|,).*$", re.IGNORECASE | re.DOTALL)
_SCIENTIFIC = re.compile(r"^\d+(\.\d+)?e\+?\d+$", re.IGNORECASE)
_ELEVEN = ("050", "060", "070", "080", "090", "020")
_SPECIAL = ("0120", "0800", "0570", "0990")
_ONE_CODE_POINT = str.maketrans("〜−∥", "~-‖")
_ROLE = {"info", "sales", "contact", "support", "noreply"}


@dataclass(frozen=True)
class Phone:
    """A number after §6.2. `is_special` numbers belong to no person (§6.2.4)."""

    e164: str | None
    status: str
    is_special: bool = False

    @property
    def person_key(self) -> str | None:
        """What persons may be matched by."""
        return None if self.is_special else self.e164


def phone(
    raw: str | None,
    *,
    region: str = "JP",
    repair_leading_zero: bool = False,
    allow_bare_81: bool = False,
) -> Phone:
    """Formats §6.2, in its order; the domestic rules are Japan's, other regions' the library's."""
    text = unicodedata.normalize("NFKC", raw or "").strip().lstrip("'").strip()
    if text in ("", "-"):
        return Phone(None, "empty")
    lowered = text.lower()
    if lowered in _ANONYMOUS:
        return Phone(None, "anonymous")
    if lowered.startswith(("client:", "sip:")):
        return Phone(None, "sip_or_client")
    if _SCIENTIFIC.match(text):
        return Phone(None, "sci_notation_lost")
    text = re.sub(r"^tel:", "", text, flags=re.IGNORECASE)
    text = re.sub(r"^(\d+)\.0$", r"\1", text)
    text = _EXTENSION.sub("", text)
    text = "".join(c for c in text if not c.isspace() and c not in "()." + _HYPHENS)
    if text == "":
        return Phone(None, "extension")
    if not re.fullmatch(r"\+?\d+", text):
        return Phone(None, "invalid")
    for prefix in ("+81", "0081", "01081"):
        if text.startswith(prefix):
            return _domestic("0" + text[len(prefix) :].removeprefix("0"), "ok")
    if text.startswith("+"):
        return Phone(text, "ok") if _possible(text) else Phone(None, "invalid")
    if region != "JP":
        return _abroad(text, region)
    if text.startswith("0"):
        return _domestic(text, "ok")
    if len(text) == 3 and text.startswith("1"):
        return Phone(None, "special", is_special=True)
    if len(text) <= 5:
        return Phone(None, "extension")
    if allow_bare_81 and text.startswith("81") and len(text) in (11, 12):
        return _domestic("0" + text[2:].removeprefix("0"), "ok")
    if repair_leading_zero and (
        (len(text) == 10 and text[:2] in ("50", "60", "70", "80", "90")) or len(text) == 9
    ):
        return _domestic("0" + text, "lost_leading_zero_repaired")
    return Phone(None, "invalid")


def _domestic(digits: str, status: str) -> Phone:
    """A Japanese number written from its trunk 0 (§6.2.3)."""
    special = digits.startswith(_SPECIAL)
    if digits.startswith("0800"):
        fits = len(digits) == 11
    elif special:
        fits = len(digits) == 10
    elif digits.startswith(_ELEVEN):
        fits = len(digits) == 11
    else:
        fits = len(digits) == 10
    e164 = "+81" + digits[1:]
    if not fits or not _possible(e164):
        return Phone(None, "invalid")
    return Phone(e164, status, is_special=special)


def _abroad(digits: str, region: str) -> Phone:
    try:
        read = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return Phone(None, "invalid")
    if not phonenumbers.is_possible_number(read):
        return Phone(None, "invalid")
    return Phone(phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164), "ok")


def _possible(e164: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(e164, None))
    except phonenumbers.NumberParseException:
        return False


def email(raw: str | None) -> str | None:
    """Formats §6.3.1: the first address, lower-cased whole; None when it is not one."""
    if raw is None:
        return None
    first = re.split(r"[;,]", unicodedata.normalize("NFKC", raw))[0].strip()
    first = first.strip("<>").removeprefix("mailto:").strip("<>").rstrip(".,;:!?>").strip().lower()
    return first if first.count("@") == 1 and all(first.split("@")) else None


def is_role_email(address: str) -> bool:
    """Role addresses must not merge two persons (formats §6.3.1)."""
    return address.split("@")[0] in _ROLE


def domain(address: str | None) -> str | None:
    return address.split("@")[1] if address else None


def salesforce_id(raw: str | None) -> str | None:
    """15 characters to 18: per five characters one suffix, bit i set where character i is A–Z."""
    if raw is None or len(raw.strip()) != 15:
        return raw.strip() if raw and raw.strip() else None
    text = raw.strip()
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << i for i, c in enumerate(text[start : start + 5]) if "A" <= c <= "Z")
        suffix += "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits]
    return text + suffix


def match_key(text: str | None) -> str:
    """How two spellings of one label are compared (formats §6.1.4, §6.1.6).

    NFKC plus the characters on which Shift JIS and cp932 differ, trimmed, one space, lower case,
    without the apostrophe that keeps a spreadsheet from calculating.
    """
    folded = unicodedata.normalize("NFKC", text or "").translate(_ONE_CODE_POINT)
    return " ".join(folded.split()).lower().lstrip(" '")


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The day of an instant is its date in the reporting zone (dictionary §0.3)."""
    return instant.astimezone(zone).date()


def first(values: Iterable[str | None]) -> str | None:
    """The first value that says something."""
    return next((value for value in values if value not in (None, "")), None)
