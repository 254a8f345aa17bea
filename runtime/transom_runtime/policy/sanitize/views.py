"""Views of a text: as it came, and as those behind the gateway may come to read it after decoding.

Rules look at lower case. Decoding is bounded: three rounds, and nothing grows by more than Unicode's own factor.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final
from urllib.parse import unquote

MAX_ROUNDS: Final = 3

_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")
# Soft hyphen, zero-width characters, byte order mark, controls: they split words for rules, not for browsers.
_INVISIBLE: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
# MySQL runs what stands in `/*! */`; any other comment separates words.
_SQL_COMMENT: Final = re.compile(r"/\*!\d{0,6}|/\*[^*]{0,64}\*/|\*/")


def views_of(text: str, max_chars: int) -> tuple[str, ...]:
    """The distinct views of a text, in lower case: one for most texts, two where something can be decoded."""
    excerpt = _excerpt(text, max_chars)
    plain = _squeezed(excerpt.lower())
    if not _may_decode(excerpt):
        return (plain,)
    # One character may unfold to eighteen.
    decoded = _squeezed(_excerpt(decode(excerpt), 2 * max_chars).lower())
    return (plain,) if decoded == plain else (plain, decoded)


def _excerpt(text: str, max_chars: int) -> str:
    half = max_chars // 2
    return text if len(text) <= max_chars else f"{text[:half]}\n{text[-half:]}"


def _may_decode(text: str) -> bool:
    return "%" in text or "&" in text or "\\" in text or not text.isascii() or not text.isprintable()


def decode(text: str) -> str:
    """The text with its escapes (percent, HTML, JavaScript) undone, compatibility forms folded, the invisible gone."""
    for _ in range(MAX_ROUNDS):
        decoded = _once(text)
        if decoded == text:
            return text
        text = decoded
    return text


def _once(text: str) -> str:
    if "%" in text:
        text = unquote(text, errors="replace")
    if "&" in text:
        text = html.unescape(text)
    if "\\" in text:
        text = _ESCAPE.sub(_unescape, text)
    if not text.isascii() and not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    return text if text.isprintable() else _INVISIBLE.sub("", text)


def _unescape(escape: re.Match[str]) -> str:
    point = int(escape[1] or escape[2], 16)
    # Half of a pair is no character.
    return escape[0] if 0xD800 <= point <= 0xDFFF else chr(point)


def _squeezed(view: str) -> str:
    return _SQL_COMMENT.sub(" ", view) if "/*" in view else view
