"""Japan's public holidays as rows, from the `holidays` library."""

from __future__ import annotations

from datetime import date

import holidays

FIRST_YEAR = 2010
LAST_YEAR = 2040


def japanese_holidays() -> list[tuple[date, str, str]]:
    """(day, English name, Japanese name) of every public holiday of the years covered."""
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    english = holidays.country_holidays("JP", years=years, language="en_US")
    japanese = holidays.country_holidays("JP", years=years, language="ja")
    return [(day, english[day], japanese[day]) for day in sorted(english)]
