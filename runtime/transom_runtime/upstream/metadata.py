"""What crosses between HTTP headers and gRPC metadata, and under which name (semantics.md H1, H2, H5)."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from transom_runtime.errors import CallError, Code, Fault, Origin, bad_request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transom_runtime.call import Call, Principal, RequestHead
    from transom_runtime.extension import Metadata

_PREFIX: Final = "grpc-metadata-"
_KEY: Final = re.compile(r"[a-z0-9_.-]+")
_VALUE: Final = re.compile(r"[\x20-\x7e]*")
# An authority: printable, and no comma that would make it two in a list.
_AUTHORITY: Final = re.compile(r"[\x21-\x2b\x2d-\x7e]+")

# Never passed on: RFC 9110's hop-by-hop fields, what HTTP/2 and gRPC say themselves, who the caller is and whence.
_NEVER: Final = re.compile(
    r"connection|keep-alive|proxy-.*|te|trailers?|transfer-encoding|upgrade|host|content-.*|grpc-.*|:.*"
    r"|x-principal-.*|x-request-id|forwarded|x-forwarded-.*|x-real-ip"
)
# Not to be had by way of the prefix: the gateway checks or makes these, so that upstreams may believe them.
_NEVER_PREFIXED: Final = re.compile(r"authorization|traceparent")
_TO_CLIENT_NEVER: Final = re.compile(r"grpc-.*|:.*")

_MOST_NAMES: Final = 1024
"""Headers whose keys are remembered; the rest are looked at anew each time."""
_LONGEST_NAME: Final = 128

_MOST_PRINCIPALS: Final = 4096
_LONGEST_PRINCIPAL: Final = 1024
"""Of the ids and scopes that are remembered: a token may name scopes of several KiB."""

# Everything printable but the percent sign itself, so that no two callers look the same.
_PRINTABLE: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "%")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataOptions:
    """Allow lists of names, lower case, with globs: `x-tenant-*`."""

    request_allow: tuple[str, ...] = ("traceparent", "tracestate", "baggage", "accept-language")
    """Request headers that go to the upstream under their own names, beside `Grpc-Metadata-*`."""
    max_request_bytes: int = 8192
    """The most that a client's headers may add to a call, names and values: gRPC servers take 8 KiB by default."""
    response_allow: tuple[str, ...] = ()
    """Metadata keys of the upstream that go to the client, as `Grpc-Metadata-*` and `Grpc-Trailer-*`."""


class RequestMetadata:
    """Makes the metadata of an upstream call. Its allow list is compiled when it is built, and asked once per name."""

    def __init__(self, options: MetadataOptions) -> None:
        self._allowed = _compile(options.request_allow)
        self._max_bytes = options.max_request_bytes
        self._keys: dict[str, str] = {}
        """The key of each header that was seen, as it was spelled; empty: it stays here."""

    def encode(self, call: Call) -> Metadata:
        """The metadata of a call: what its client may pass on, whence it came and who it is.

        Raises CallError: 400 for what no metadata can be, 431 where it is too much.
        """
        head, keys = call.head, self._keys
        pairs: list[tuple[str, str | bytes]] = [("x-request-id", call.request_id)]
        if call.traceparent:
            pairs.append(("traceparent", call.traceparent))
        passed_on = [
            (header, key, value)
            for header, value in head.headers.items()
            if (key := keys[header] if header in keys else self._learn(header))
        ]
        if passed_on:
            self._pass_on(passed_on, call, pairs)
        _add_forwarded(head, pairs)
        pairs.extend(_pairs_of(call.principal))
        return pairs

    def _pass_on(self, headers: list[tuple[str, str, str]], call: Call, pairs: list[tuple[str, str | bytes]]) -> None:
        size = 0
        single_hop = _single_hop(call.head)
        for header, key, value in headers:
            if _is_passed_on(key, call) and header.lower() not in single_hop:
                size += len(key) + len(value)
                pairs.extend(_pairs(header, key, value))
        if size > self._max_bytes:
            raise _too_large(self._max_bytes)

    def _learn(self, header: str) -> str:
        """Find the key of a header and keep it for the next call, as long as there is room: clients choose names."""
        key = self._key(header.lower())
        if len(self._keys) < _MOST_NAMES and len(header) <= _LONGEST_NAME:
            self._keys[header] = key
        return key

    def _key(self, name: str) -> str:
        """The key that a header travels under, if its call lets it; empty: it never does."""
        if name.startswith(_PREFIX):
            name = name[len(_PREFIX) :]
            return "" if _NEVER.fullmatch(name) or _NEVER_PREFIXED.fullmatch(name) else name
        if name == "authorization":
            return name
        return name if self._allowed.fullmatch(name) and not _NEVER.fullmatch(name) else ""


class ResponseMetadata:
    """Makes response headers of what an upstream sent beside its messages. Immutable, compiled when it is built."""

    def __init__(self, options: MetadataOptions) -> None:
        self._allowed = _compile(options.response_allow)
        self._silent = not options.response_allow

    def headers(self, initial: Metadata, trailing: Metadata) -> dict[str, str]:
        """The headers to send; the values of a repeated key are joined by commas."""
        if self._silent:
            return {}
        joined: dict[str, str] = {}
        for prefix, metadata in (("Grpc-Metadata-", initial), ("Grpc-Trailer-", trailing)):
            for key, value in metadata:
                text = _as_text(value)
                if self._passes(key, text):
                    name = prefix + key
                    joined[name] = f"{joined[name]}, {text}" if name in joined else text
        return joined

    def _passes(self, key: str, text: str) -> bool:
        # CR, LF and NUL are not printable: a value that holds one does not cross at all.
        return bool(
            self._allowed.fullmatch(key)
            and _KEY.fullmatch(key)
            and not _TO_CLIENT_NEVER.fullmatch(key)
            and _VALUE.fullmatch(text)
        )


def _compile(globs: Iterable[str]) -> re.Pattern[str]:
    # With nothing allowed, a pattern that nothing matches.
    return re.compile("|".join(translate(glob.lower()) for glob in globs) or r"(?!)")


def _single_hop(head: RequestHead) -> frozenset[str]:
    """The headers that `Connection` names: meant for this gateway alone (RFC 9110, 7.6.1)."""
    named = head.headers.getall("Connection", ())
    return frozenset(name.strip() for value in named for name in value.lower().split(","))


def _is_passed_on(key: str, call: Call) -> bool:
    """Whether the call lets a header travel that could. Those with the prefix never have these two keys."""
    if key == "authorization":
        return call.binding.policy.auth.forward
    return key != "traceparent" or not call.traceparent


def _pairs(header: str, key: str, value: str) -> Iterable[tuple[str, str | bytes]]:
    if not _KEY.fullmatch(key):
        raise _unfit(header, "the name holds characters that a metadata key cannot")
    if key.endswith("-bin"):
        # The gRPC over HTTP/2 protocol lets senders join binary values by commas.
        return [(key, _decode_binary(header, part.strip())) for part in value.split(",")]
    if not _VALUE.fullmatch(value):
        raise _unfit(header, "the value holds characters that metadata cannot")
    return ((key, value),)


def _decode_binary(header: str, text: str) -> bytes:
    bare = text.rstrip("=")
    try:
        return b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (BadBase64, ValueError) as error:
        raise _unfit(header, "the value of a binary header has to be base64") from error


def _unfit(header: str, description: str) -> Exception:
    return bad_request((Fault(field=header, description=description),))


def _add_forwarded(head: RequestHead, pairs: list[tuple[str, str | bytes]]) -> None:
    """Add whence the call came: what trusted proxies told, with the peer of this gateway appended (H5)."""
    if head.forwarded_for:
        pairs.append(("x-forwarded-for", ", ".join(head.forwarded_for)))
    pairs.append(("x-forwarded-proto", head.scheme))
    if _AUTHORITY.fullmatch(head.host):
        pairs.append(("x-forwarded-host", head.host))


def _pairs_of(principal: Principal) -> tuple[tuple[str, str], ...]:
    """Who the caller is, for the upstream."""
    kind, caller, scopes = principal.kind.value, principal.id, principal.scopes
    size = len(caller) + sum(map(len, scopes)) if scopes else len(caller)
    return (_kept_principal if size <= _LONGEST_PRINCIPAL else _principal_pairs)(kind, caller, scopes)


def _principal_pairs(kind: str, caller: str, scopes: frozenset[str]) -> tuple[tuple[str, str], ...]:
    pairs = [("x-principal-kind", kind)]
    if caller:
        pairs.append(("x-principal-id", quote(caller, safe=_PRINTABLE)))
    if scopes:
        pairs.append(("x-principal-scopes", " ".join(quote(scope, safe=_PRINTABLE) for scope in sorted(scopes))))
    return tuple(pairs)


_kept_principal: Final = lru_cache(maxsize=_MOST_PRINCIPALS)(_principal_pairs)


def _as_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else b64encode(value).decode()


def _too_large(max_bytes: int) -> CallError:
    return CallError(
        Code.INVALID_ARGUMENT,
        f"the headers that are passed on are larger than {max_bytes} bytes",
        origin=Origin.DOWNSTREAM,
        http_status=431,
        reason="HEADERS_TOO_LARGE",
        remedy="send less in Grpc-Metadata-* headers, and in others that the gateway passes on",
    )
