"""google.api.HttpBody: raw bytes with a content type of their own (semantics.md B9)."""

from __future__ import annotations

import re
from typing import Any, Final

from google.protobuf.descriptor import Descriptor

from transom.v1 import content_pb2

_NAME: Final = "google.api.HttpBody"
UNTYPED: Final = "application/octet-stream"
"""The content type of bytes that nobody names."""
_TYPE: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*;[\t\x20-\x7e]*)?")
_CONTENT: Final = content_pb2.Content.DESCRIPTOR


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
    """The content type of an HttpBody; the one of plain bytes where it names none, or nothing that is one: what a
    service puts there crosses into a header.
    """
    named: str = message.content_type
    return named if _TYPE.fullmatch(named) else UNTYPED


def content_of(message: Any) -> content_pb2.Content | None:
    """What an HttpBody tells of its content, among its extensions. Raises DecodeError where that cannot be read."""
    for extension in message.extensions:
        if extension.Is(_CONTENT):
            return content_pb2.Content.FromString(extension.value)
    return None
