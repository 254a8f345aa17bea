"""Keeping secrets out of logs: by the name of a field, and by the look of a text."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from google.protobuf.message import Message

REDACTED: Final = "[redacted]"
_MAX_DEPTH: Final = 6

# A field with such a name holds a secret whatever it looks like.
_SECRET_NAME: Final = re.compile(
    r"(?:^|[_.-])(?:authorization|cookie|set-cookie|password|passwd|secret|credentials?|ticket|token|jwt|apikey"
    r"|private[_-]?key|api[_-]?key|access[_-]?key|signature)$",
    re.IGNORECASE,
)
# Secrets within texts: a credential after its scheme (the word `token` is none), a JWT, a query parameter, the user
# part of a URL.
_SECRET_TEXT: Final = re.compile(
    r"(?P<keep>\b(?:Bearer|Basic|Digest)\s+)(?!token(?![A-Za-z0-9._~+/=-]))[A-Za-z0-9._~+/=-]{4,}"
    r"|\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*\.?[A-Za-z0-9_-]*"
    r"|(?P<parameter>\b(?:access_token|api_key|apikey|key|token|ticket|password|secret|signature)=)[^&\s\"'#]+"
    r"|(?P<scheme>\b[a-z][a-z0-9+.-]*://[^/\s:@]*:)[^/\s@]+(?=@)",
    re.IGNORECASE,
)


def redact_text(text: str) -> str:
    """The text without the secrets that can be told by their look, and without what no UTF-8 can hold."""
    if text.isalnum() and text.isascii():
        return text  # every such look has a blank or a sign in it
    if not text.isascii():
        # aiohttp brings stray bytes of headers as lone surrogates.
        text = text.encode("utf-8", "backslashreplace").decode()
    return _SECRET_TEXT.sub(_cut, text)


def redact(value: Any, depth: int = 0) -> Any:
    """A value fit for a log: secrets cut out at any depth; messages go by their type only.

    A message's fields may be marked `debug_redact`; none of them is logged, so none has to be looked at.
    """
    match value:
        case str():
            return redact_text(value)
        case Message():
            value = f"<{value.DESCRIPTOR.full_name}>"
        case bytes() | bytearray():
            value = f"<{len(value)} bytes>"
        case Mapping() | list() | tuple() | set() | frozenset() if depth >= _MAX_DEPTH:
            value = "[too deep]"
        case Mapping():
            value = {str(name): redact_field(str(name), item, depth + 1) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            value = [redact(item, depth + 1) for item in value]
    return value


def redact_field(name: str, value: Any, depth: int = 0) -> Any:
    """The value of a named field, likewise; cut as a whole where the name says that it is secret."""
    if value and _SECRET_NAME.search(name) and not isinstance(value, bool | int | float):
        return REDACTED
    return redact(value, depth)


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor that redacts every field of an event."""
    for name, value in event.items():
        event[name] = redact_field(name, value)
    return event


def _cut(match: re.Match[str]) -> str:
    kept = match["keep"] or match["parameter"] or match["scheme"] or ""
    return kept + REDACTED
