"""google.api.HttpBody: raw bytes with a content type of their own (semantics.md B9)."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.descriptor import Descriptor

_NAME: Final = "google.api.HttpBody"
_UNTYPED: Final = "application/octet-stream"


def is_http_body(message: Descriptor | None) -> bool:
    """Whether a type is HttpBody."""
    return message is not None and message.full_name == _NAME


def fill_http_body(message: Any, body: bytes, content_type: str) -> None:
    """Put a request's body into an HttpBody as it came."""
    if body:
        message.data = body
    if content_type.isascii():
        message.content_type = content_type


def content_type_of(message: Any) -> str:
    """The content type of an HttpBody; the one of plain bytes where it names none, or none that a header can hold."""
    named: str = message.content_type
    return named if named and named.isprintable() else _UNTYPED
