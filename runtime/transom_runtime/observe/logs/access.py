"""The access log: one line for each call."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import structlog

from transom_runtime.call import PrincipalKind
from transom_runtime.errors import HTTP_STATUS, Code, Origin
from transom_runtime.observe.logs.access_line import AccessLines
from transom_runtime.observe.logs.configure import direct_way

if TYPE_CHECKING:
    from transom_runtime.call import Call
    from transom_runtime.extension import Outcome

NAME: Final = "transom.access"
_EXPECTED: Final = frozenset({Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.UNIMPLEMENTED})


class AccessLog:
    """An Observer that logs each call when it has ended: at error level, with its cause, where it failed by no fault
    of its caller; at info level otherwise. To be made after the logs were configured.
    """

    def __init__(self) -> None:
        # Bound here, so that no call has to compose a logger.
        self._log = structlog.stdlib.get_logger(NAME).bind()
        self._logger = logging.getLogger(NAME)
        self._direct = direct_way(NAME)
        self._lines = AccessLines()

    def on_start(self, call: Call) -> None:
        """Nothing is logged of a call that has only begun."""

    def on_end(self, call: Call, token: object, outcome: Outcome) -> None:
        """Log the line."""
        del token
        if _is_own_failure(outcome):
            self._log.error("call", **_fields(call, outcome), **_cause(outcome))
        elif not self._logger.isEnabledFor(logging.INFO):
            return
        elif self._direct is not None and self._direct.is_open():
            self._direct.write(self._lines.compose(call, outcome))
        else:
            self._log.info("call", **_fields(call, outcome))


def _is_own_failure(outcome: Outcome) -> bool:
    """Whether a call failed by no fault of its caller, who may well ask for a 504: by leaving no time. A stream that
    broke has status 200: its code tells then.
    """
    if outcome.origin is Origin.DOWNSTREAM:
        return False
    status = outcome.http_status
    return status >= 500 or (status < 400 and HTTP_STATUS[outcome.code] >= 500)


def _cause(outcome: Outcome) -> dict[str, object]:
    """What was behind a failure: with its traceback where it is a fault of the gateway's own, by its name where a
    service is down or slow, which would else fill the logs with the same lines.
    """
    if outcome.cause is None:
        return {}
    if outcome.code in _EXPECTED:
        return {"cause": type(outcome.cause).__name__}
    return {"exc_info": outcome.cause}


def _fields(call: Call, outcome: Outcome) -> dict[str, Any]:
    # The template, never the path, and no query: both may hold what is nobody's business.
    fields: dict[str, Any] = {
        "method": call.head.method,
        "route": call.binding.template,
        "binding": call.binding.id,
        "code": outcome.code.name,
        "http_status": outcome.http_status,
        "duration_ms": round(outcome.duration_s * 1000, 3),
        "request_bytes": outcome.request_bytes,
        "response_bytes": outcome.response_bytes,
        "messages": outcome.messages,
        "request_id": call.request_id,
        "trace_id": call.trace_id,
        "attempts": call.attempts,
        "address": call.head.address,
        "principal_kind": call.principal.kind.value,
    }
    if call.principal.kind is not PrincipalKind.ANONYMOUS:
        fields["principal"] = call.principal.id
    if outcome.origin is not None:
        fields["origin"] = outcome.origin.value
        fields["message"] = outcome.message
    return fields
