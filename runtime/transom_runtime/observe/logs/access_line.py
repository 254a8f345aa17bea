"""The line of a call that went well, or failed by a fault of its caller, as the log would make it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import orjson

from transom_runtime.call import PrincipalKind
from transom_runtime.errors import Code
from transom_runtime.observe.logs.redaction import redact_text

if TYPE_CHECKING:
    from transom_runtime.binding import Binding
    from transom_runtime.call import Call, Principal
    from transom_runtime.extension import Outcome

_LOGGER: Final = '"logger":"transom.access"}'


class AccessLines:
    """Composes lines of JSON. Through structlog and the standard library, which take any field and look for secrets in
    each, a line took 150 us of a small request's 700 (`make bench-profile`); as a dict for orjson, 18 of 260;
    composed, 2.5 (`make bench-micro`, table `shell`).
    """

    def __init__(self) -> None:
        self._routes: dict[str, str] = {}
        """The fields that say which route it was, by the binding's id."""
        self._second = 0
        self._written_second = ""

    def compose(self, call: Call, outcome: Outcome) -> str:
        """The line, without its end. What somebody else wrote is looked over for secrets and quoted."""
        head, binding, code = call.head, call.binding, outcome.code
        route = self._routes.get(binding.id) or self._learn(binding)
        return (
            f'{{"timestamp":"{self._now()}","level":"info","event":"call","method":{_told(head.method)},{route}'
            f'"code":"{"OK" if code is Code.OK else code.name}","http_status":{outcome.http_status},'
            f'"duration_ms":{round(outcome.duration_s * 1000, 3)},"request_bytes":{outcome.request_bytes},'
            f'"response_bytes":{outcome.response_bytes},"messages":{outcome.messages},'
            f'"request_id":{_told(call.request_id)},"trace_id":"{call.trace_id}","attempts":{call.attempts},'
            f'"address":{_address(head.address)},{_caller(call.principal)}{_failure(outcome)}{_LOGGER}'
        )

    def _learn(self, binding: Binding) -> str:
        fields = orjson.dumps({"route": binding.template, "binding": binding.id}).decode()
        self._routes[binding.id] = route = f"{fields[1:-1]},"
        return route

    def _now(self) -> str:
        """The time, to the microsecond; its seconds are written once for all lines that share them."""
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second = second
            self._written_second = datetime.fromtimestamp(second, UTC).isoformat()[:19]
        return f"{self._written_second}.{int((now - second) * 1_000_000):06d}Z"


def _told(text: str) -> str:
    """A text from somebody else, as JSON."""
    # Nothing of letters and digits alone is a secret by its look, or needs an escape.
    return f'"{text}"' if text.isalnum() and text.isascii() else orjson.dumps(redact_text(text)).decode()


_address: Final = lru_cache(maxsize=4096)(_told)
"""Many calls come from one address."""


def _caller(principal: Principal) -> str:
    if principal.kind is PrincipalKind.ANONYMOUS:
        return '"principal_kind":"anonymous",'
    return f'"principal_kind":"{principal.kind.value}","principal":{_told(principal.id)},'


def _failure(outcome: Outcome) -> str:
    if outcome.origin is None:
        return ""
    return f'"origin":"{outcome.origin.value}","message":{_told(outcome.message)},'
