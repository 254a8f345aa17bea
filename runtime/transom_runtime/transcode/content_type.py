"""Which bodies are JSON, by their content type (semantics.md J9)."""

from __future__ import annotations

import re
from typing import Final

from transom_runtime.errors import CallError, Code, Origin

_USUAL: Final = frozenset({"", "application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8"})
_MERGE_PATCH: Final = "application/merge-patch+json"
_NO_DOCUMENT: Final = frozenset({_MERGE_PATCH, "application/json-patch+json"})
"""JSON that says how to change a document, which is another meaning than the document's."""
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)


def check_json(content_type: str, method: str) -> None:
    """Pass a body that is JSON by its type, or that has no type. Raises CallError (415)."""
    if content_type in _USUAL:
        return
    media_type = content_type.partition(";")[0].strip().lower()
    if not _is_json(media_type, method):
        raise _unsupported("the body is not JSON by its content type")
    charset = _CHARSET.search(content_type)
    if charset is not None and charset[1].lower() not in {"utf-8", "utf8", "us-ascii"}:
        raise _unsupported("the body is not in UTF-8 by its content type")


def _is_json(media_type: str, method: str) -> bool:
    if media_type in _NO_DOCUMENT:
        return media_type == _MERGE_PATCH and method == "PATCH"
    return media_type in {"", "application/json"} or media_type.endswith("+json")


def _unsupported(message: str) -> CallError:
    return CallError(
        Code.INVALID_ARGUMENT,
        message,
        origin=Origin.DOWNSTREAM,
        http_status=415,
        reason="UNSUPPORTED_MEDIA_TYPE",
        remedy="send JSON in UTF-8, as application/json",
    )
