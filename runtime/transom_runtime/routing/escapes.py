"""Percent-escapes in a path: which of them are decoded, and where (semantics.md P)."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final
from urllib.parse import unquote_to_bytes

_MALFORMED: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SLASH: Final = re.compile(r"(%2[Ff])")
# RFC 6570's reserved characters, as their escapes: : / ? # [ ] @ ! $ & ' ( ) * + , ; =
_RESERVED: Final = re.compile(r"(%(?:2[1346-9A-Ca-cFf]|3[ABDFabdf]|40|5[BDbd]))")


class Unescape(Enum):
    """Which escapes are decoded in a variable that covers several segments, under the names that Envoy gave them.

    A variable of one segment is always decoded whole (P2).
    """

    ALL_CHARACTERS = "ALL_CHARACTERS"
    """Every escape."""
    ALL_CHARACTERS_EXCEPT_SLASH = "ALL_CHARACTERS_EXCEPT_SLASH"
    """Every escape but `%2F`, which stays as written: the rule of google/api/http.proto."""
    ALL_CHARACTERS_EXCEPT_RESERVED = "ALL_CHARACTERS_EXCEPT_RESERVED"
    """Every escape but those of RFC 6570's reserved characters, which stay as written."""


def decode(text: str) -> str:
    """Decode every escape of a raw text, once. Raises ValueError with a clause on a malformed escape or bad UTF-8."""
    malformed = _MALFORMED.search(text)
    if malformed is not None:
        at = malformed.start()
        raise ValueError(f"malformed percent-escape {text[at : at + 3].encode(errors='replace').decode()!r}")
    try:
        # A server hands over bytes that are no UTF-8 as surrogates: they go back to bytes, to be refused here.
        return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8")
    except UnicodeError as error:
        raise ValueError("the bytes are not UTF-8") from error


def decode_multi(text: str, unescape: Unescape) -> str:
    """Decode the raw text of a variable that covers several segments. The text is known to be well formed."""
    match unescape:
        case Unescape.ALL_CHARACTERS:
            return decode(text)
        case Unescape.ALL_CHARACTERS_EXCEPT_SLASH:
            return _decode_around(_SLASH, text)
        case Unescape.ALL_CHARACTERS_EXCEPT_RESERVED:
            return _decode_around(_RESERVED, text)


def _decode_around(kept: re.Pattern[str], text: str) -> str:
    """Decode what stands between the escapes that are kept. They are ASCII, so no UTF-8 sequence is torn."""
    parts = kept.split(text)
    return "".join(part if index % 2 else decode(part) for index, part in enumerate(parts))
