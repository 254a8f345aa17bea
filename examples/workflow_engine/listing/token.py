"""Page tokens: where a page ended, for the caller to bring back and not to read.

A token holds the order values of the last row, so that a page is not shifted by rows that come or go meanwhile. It is
no secret and grants nothing: every query is bound to its owner beside it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

from workflow_engine.listing.lexer import FilterError

if TYPE_CHECKING:
    from collections.abc import Sequence


def list_digest(*parts: str) -> str:
    """Stands for what a list was asked by."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


def encode_token(digest: str, keys: Sequence[str | int]) -> str:
    """The token of the page after `keys`, in the list that `digest` stands for; letters, digits, `-` and `_` only."""
    return base64.urlsafe_b64encode(json.dumps([digest, *keys]).encode()).decode().rstrip("=")


def decode_token(token: str, digest: str, types: Sequence[type]) -> list[str | int]:
    """The keys of a token, of these types. Raises FilterError where it is no token, or another list's."""
    try:
        padded = token + "=" * (-len(token) % 4)
        found, *keys = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError) as error:
        raise FilterError("is not a page token of this list") from error
    if found != digest:
        raise FilterError("belongs to a list with another filter or order")
    if len(keys) != len(types) or not all(map(_is_key, keys, types)):
        raise FilterError("is not a page token of this list")
    return list(keys)


def _is_key(value: object, kind: type) -> bool:
    """Whether SQLite takes the value as one of this type: a bool is no int, and there are lone surrogates in JSON."""
    if type(value) is not kind:
        return False
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() == value
    return isinstance(value, int) and -(2**63) <= value < 2**63
