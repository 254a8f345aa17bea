"""Percent-decoding of query texts, strict where the standard library guesses."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

_BROKEN: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def decode(text: str, *, plus_is_space: bool) -> str:
    """The text behind a name or value of a query. Raises ValueError with a clause that says what is wrong."""
    if plus_is_space and "+" in text:
        text = text.replace("+", " ")
    if "%" not in text and text.isascii():
        return text
    if _BROKEN.search(text):
        raise ValueError("has a malformed percent escape")
    try:
        return unquote_to_bytes(text.encode("utf-8")).decode("utf-8")
    except UnicodeError as error:
        raise ValueError("is not UTF-8") from error
