"""Points in time as HTTP writes them (RFC 9110, 5.6.7)."""

from __future__ import annotations

import re
from calendar import timegm
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Final

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH: Final = "|".join(_MONTHS)
_TIME: Final = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_SHORT: Final = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_LONG: Final = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"

# The three forms that a recipient has to accept: IMF-fixdate, and the obsolete ones of RFC 850 and of C's asctime.
_FORMS: Final = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"{_SHORT}, (?P<day>\d\d) (?P<month>{_MONTH}) (?P<year>\d{{4}}) {_TIME} GMT",
        rf"{_LONG}, (?P<day>\d\d)-(?P<month>{_MONTH})-(?P<year>\d\d) {_TIME} GMT",
        rf"{_SHORT} (?P<month>{_MONTH}) (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
    )
)
_LATEST: Final = 253_402_300_799
"""The last second of the year 9999, behind which the format has no words."""


def format_http_date(unix_s: float) -> str:
    """A point in time, to the second before it."""
    return formatdate(int(unix_s), usegmt=True)


def is_http_date(unix_s: float) -> bool:
    """Whether the format has words for a point in time."""
    return 0 <= unix_s <= _LATEST


def parse_http_date(text: str) -> int | None:
    """The Unix seconds of a date, in any of the three forms; None where it is none."""
    for form in _FORMS:
        found = form.fullmatch(text.strip())
        if found is not None:
            return _as_seconds(found)
    return None


def _as_seconds(found: re.Match[str]) -> int | None:
    day, month, year = int(found["day"]), _MONTHS.index(found["month"]) + 1, int(found["year"])
    clock = int(found["hour"]), int(found["minute"]), min(int(found["second"]), 59)
    try:
        if len(found["year"]) == 2:
            year = _full_year(year)
        moment = datetime(year, month, day, *clock, tzinfo=UTC)
    except ValueError:
        return None
    # A leap second, 60, is the second before it: no calendar here knows the others.
    return timegm(moment.utctimetuple()) if int(found["second"]) <= 60 else None


def _full_year(year: int) -> int:
    """A year of two digits is no more than 50 years ahead."""
    now = datetime.now(UTC).year
    guessed = now - now % 100 + year
    return guessed - 100 if guessed > now + 50 else guessed
