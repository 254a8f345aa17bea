"""The deadline of a call: the least of what the client, the method and the server allow (semantics.md H4)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from transom_runtime.binding import StreamKind
from transom_runtime.errors import CallError, Code, Fault, Origin, bad_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transom_runtime.binding import Binding

# The gRPC over HTTP/2 protocol: TimeoutValue is at most eight digits, TimeoutUnit one letter.
_GRPC_TIMEOUT: Final = re.compile(r"([0-9]{1,8})([HMSmun])")
_UNIT_S: Final = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
# Clocks of gRPC and the event loop overflow far above this, and would find such deadlines long past.
_FOR_EVER_S: Final = 365 * 86_400.0
_FLOAT: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineOptions:
    """The server's own word on how long a call may take."""

    max_timeout_s: float = 60.0
    """The longest that a unary call may take, in seconds; infinity: no cap."""

    def __post_init__(self) -> None:
        if not self.max_timeout_s > 0:
            raise ValueError(f"max_timeout_s is {self.max_timeout_s!r}, and has to be more than zero")


def timeout_of(headers: Mapping[str, str], own_timeout_s: float) -> float:
    """How long a call may take, in seconds: what its client asks for, where that is less than what method and server
    allow; infinity where there is no end, as for a stream where nobody asks for one.

    Raises CallError: 400 where the client's timeout is malformed, 504 where it leaves no time.
    """
    timeout_s = min(_client_timeout_s(headers), own_timeout_s)
    if timeout_s <= 0:
        raise _no_time()
    return math.inf if timeout_s > _FOR_EVER_S else timeout_s


def own_timeout_s(binding: Binding, options: DeadlineOptions) -> float:
    """What method and server allow, in seconds: infinity where neither has a word."""
    of_method = binding.policy.timeout_s
    cap_s = options.max_timeout_s if binding.stream is StreamKind.UNARY else math.inf
    return cap_s if of_method is None else min(of_method, cap_s)


def _client_timeout_s(headers: Mapping[str, str]) -> float:
    """What the client asks for; infinity where it does not ask. Both headers count: the lesser holds."""
    grpc_timeout = headers.get("Grpc-Timeout")
    server_timeout = headers.get("X-Server-Timeout")
    if grpc_timeout is None and server_timeout is None:
        return math.inf
    return min(
        math.inf if grpc_timeout is None else _parse_grpc_timeout_s(grpc_timeout),
        math.inf if server_timeout is None else _parse_server_timeout_s(server_timeout),
    )


def _parse_grpc_timeout_s(text: str) -> float:
    match = _GRPC_TIMEOUT.fullmatch(text.strip())
    if match is None:
        raise _malformed("Grpc-Timeout", text, "up to eight digits and one of H, M, S, m, u and n, such as 500m")
    return int(match[1]) * _UNIT_S[match[2]]


def _parse_server_timeout_s(text: str) -> float:
    if _FLOAT.fullmatch(text.strip()) is None:
        raise _malformed("X-Server-Timeout", text, "seconds, such as 2.5")
    return float(text)


def _malformed(header: str, text: str, wanted: str) -> CallError:
    return bad_request((Fault(field=header, description=f"{text[:64]!r} is no timeout: it takes {wanted}"),))


def _no_time() -> CallError:
    return CallError(
        Code.DEADLINE_EXCEEDED,
        "the timeout of the request leaves no time to answer it",
        origin=Origin.DOWNSTREAM,
        reason="DEADLINE_EXCEEDED",
        remedy="send a longer timeout, or none",
    )
