"""Pages of short lists that are kept in memory, as AIP-158 says."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final, TypeVar

from transom_runtime.errors import CallError, Fault, bad_request

Item = TypeVar("Item")

_MARK: Final = b"at:"


def page_of(
    items: Sequence[Item], *, page_size: int, page_token: str, default: int, most: int
) -> tuple[list[Item], str]:
    """The page's items and the token of the next page, empty after the last. Raises CallError (400)."""
    if page_size < 0:
        raise bad_request([Fault(field="page_size", description="is negative", reason="OUT_OF_RANGE")])
    start = _decode_token(page_token)
    end = start + min(page_size or default, most)
    return list(items[start:end]), _encode_token(end) if end < len(items) else ""


def _encode_token(start: int) -> str:
    return base64.urlsafe_b64encode(_MARK + b"%d" % start).decode().rstrip("=")


def _decode_token(token: str) -> int:
    if not token:
        return 0
    try:
        start = int(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).removeprefix(_MARK))
    except ValueError as error:
        raise _no_token() from error
    if start < 0 or token != _encode_token(start):  # the decoder above skips junk, and `int` takes more than digits
        raise _no_token()
    return start


def _no_token() -> CallError:
    return bad_request([Fault(field="page_token", description="is not a token of this list")])
