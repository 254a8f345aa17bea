"""Timestamps and durations as text, and back.

Forms: RFC 3339 with upper-case `T` and `Z` for timestamps, seconds with an `s` for durations; both with 0 to 9 digits
of a second, and 0, 3, 6 or 9 when written (the protobuf JSON mapping).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from transom_runtime.transcode.faults import refuse

_TIMESTAMP: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
_SPACED_OFFSET: Final = re.compile(r"[0-9T:.-]+ [0-9]{2}:[0-9]{2}")
_DURATION: Final = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?s")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_S: Final = -62_135_596_800
_LAST_S: Final = 253_402_300_799
_MAX_DURATION_S: Final = 315_576_000_000
"""Whole seconds: a fraction on top of them is within the range (duration.proto, and the conformance suite)."""


def parse_timestamp(text: str) -> tuple[int, int]:
    """Seconds since 1970 and nanoseconds. Raises Refused."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        if _SPACED_OFFSET.fullmatch(text):
            raise refuse("is no RFC 3339 timestamp: the plus of its offset must be sent as %2B", text)
        raise refuse("is no RFC 3339 timestamp", text)
    year, month, day, hour, minute, second, fraction, sign, ahead_h, ahead_min = match.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError as error:
        raise refuse("is no date and time that exists", text) from error
    elapsed = moment - _EPOCH
    seconds = elapsed.days * 86_400 + elapsed.seconds
    if sign:
        if int(ahead_h) > 23 or int(ahead_min) > 59:
            raise refuse("has an offset that does not exist", text)
        ahead_s = int(ahead_h) * 3600 + int(ahead_min) * 60
        seconds += -ahead_s if sign == "+" else ahead_s
    if not _FIRST_S <= seconds <= _LAST_S:
        raise refuse("is not between the years 1 and 9999", text, reason="OUT_OF_RANGE")
    return seconds, _nanos(fraction)


def parse_duration(text: str) -> tuple[int, int]:
    """Seconds and nanoseconds, of one sign. Raises Refused."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise refuse("is no duration such as '3.5s'", text)
    sign, whole, fraction = match.groups()
    seconds, nanos = int(whole), _nanos(fraction)
    if seconds > _MAX_DURATION_S:
        raise refuse("is longer than 10,000 years", text, reason="OUT_OF_RANGE")
    return (-seconds, -nanos) if sign else (seconds, nanos)


def _nanos(fraction: str | None) -> int:
    return int(fraction.ljust(9, "0")) if fraction else 0


def format_timestamp(seconds: int, nanos: int) -> str:
    """The text of a timestamp. Raises ValueError where it has none."""
    if not (_FIRST_S <= seconds <= _LAST_S and 0 <= nanos < 1_000_000_000):
        raise ValueError("a timestamp is out of range")
    moment = _EPOCH + timedelta(seconds=seconds)
    return f"{moment.isoformat()[:19]}{_fraction(nanos)}Z"


def format_duration(seconds: int, nanos: int) -> str:
    """The text of a duration. Raises ValueError where it has none."""
    if abs(seconds) > _MAX_DURATION_S or abs(nanos) >= 1_000_000_000 or seconds * nanos < 0:
        raise ValueError("a duration is out of range")
    return f"{'-' if seconds < 0 or nanos < 0 else ''}{abs(seconds)}{_fraction(abs(nanos))}s"


def _fraction(nanos: int) -> str:
    if not nanos:
        return ""
    digits = f"{nanos:09d}"
    if digits.endswith("000000"):
        return f".{digits[:3]}"
    return f".{digits[:6]}" if digits.endswith("000") else f".{digits}"
