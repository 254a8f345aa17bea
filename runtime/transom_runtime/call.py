"""A call: one HTTP request and the RPC it becomes, from admission to the last byte of the answer."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multidict import CIMultiDictProxy

    from transom_runtime.binding import Binding
    from transom_runtime.errors import CallError


class PrincipalKind(Enum):
    """How a caller proved who they are."""

    ANONYMOUS = "anonymous"
    USER = "user"
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The authenticated caller."""

    kind: PrincipalKind
    id: str
    """The token's subject, or the key's name; empty for nobody."""
    scopes: frozenset[str] = frozenset()
    claims: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """The verified claims of a user token; never the token."""
    session_id: str = ""
    """The sign-in the token belongs to: its `session_id` claim, else its `jti`, else made from its digest."""
    token_digest: str = ""
    """SHA-256 of the credential, hex: what is cached and revoked."""
    expires_at: float = math.inf
    """When the credential ends, in Unix seconds; the issuer's leeway is in it."""
    vouched_by: str = ""
    """The issuer and the key that verified the token, `name/key`: a cached caller is worth as much as that key."""


ANONYMOUS: Final = Principal(kind=PrincipalKind.ANONYMOUS, id="")


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point in time, on the clock of `time.monotonic`, after which nobody waits for the call."""

    at: float
    """Seconds of the monotonic clock; infinity: none."""

    @classmethod
    def after(cls, timeout_s: float) -> Deadline:
        """The deadline that is `timeout_s` seconds from now."""
        return cls(time.monotonic() + timeout_s)

    def remaining_s(self) -> float:
        """Seconds left: infinity where there is no deadline, zero or less where it has passed."""
        return self.at - time.monotonic()


NO_DEADLINE: Final = Deadline(math.inf)


# Not frozen: one is made per request, and a frozen class sets each attribute in a roundabout way: 1.0 us, this 0.3
# (`make bench-micro`, table `shell`).
@dataclass(slots=True, kw_only=True)
class RequestHead:
    """What is known of an HTTP request before its body is read, in plain values. Nobody changes it."""

    method: str
    """Upper case; HEAD where the client sent HEAD."""
    raw_path: str
    """The path exactly as sent, without the query."""
    raw_query: str
    """The query exactly as sent, without its question mark."""
    headers: CIMultiDictProxy[str]
    address: str
    """The caller's address, after trusted proxies were peeled off; never empty."""
    scheme: str = "http"
    """`http` or `https`, as the caller sees it."""
    host: str = ""
    """The authority that the caller asked for."""
    forwarded_for: tuple[str, ...] = ()
    """The addresses that the request came by, the caller's first, as far as they are believed (semantics.md H5)."""


@dataclass(slots=True, eq=False, kw_only=True)
class Call:
    """The pair in flight. Owned by one task; policies fill it in, in order."""

    binding: Binding
    head: RequestHead
    request_id: str
    variables: tuple[str, ...] = ()
    """The text of each path variable, decoded as semantics.md P says, in template order."""
    deadline: Deadline = NO_DEADLINE
    principal: Principal = ANONYMOUS
    traceparent: str = ""
    """The W3C trace context to pass on; empty: none."""
    trace_id: str = ""
    """32 hex digits; empty: no trace."""
    response_headers: dict[str, str] = field(default_factory=dict)
    """Headers that policies add to whatever answer the call gets."""
    attempts: int = 0
    """How often the upstream was tried."""
    request_bytes: int = 0
    """Length of the body that was read."""
    response_bytes: int = 0
    """Length of the bodies that were sent."""
    messages: int = 0
    """Messages that were sent downstream."""
    failure: CallError | None = None
    """What a stream failed with after its headers had left: told in band, so the status does not show it."""
