"""Responses: what the client gets when a call succeeds or fails (semantics.md E, H3)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from aiohttp import web

from transom_runtime.downstream.error_body import (
    ErrorForm,
    ErrorOptions,
    error_status,
    google_error,
    problem,
    reason_phrase,
    retry_delay_s,
)
from transom_runtime.downstream.head import choose_request_id
from transom_runtime.downstream.negotiate import JSON, PROBLEM_JSON, read_accept, wants_problem
from transom_runtime.downstream.preconditions import Validators
from transom_runtime.downstream.selection import OK, is_known
from transom_runtime.downstream.success import PLAIN_SUCCESS, SuccessPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from google.protobuf.message import Message
    from google.rpc.status_pb2 import Status

    from transom_runtime.call import Call
    from transom_runtime.errors import CallError

_STATUS: Final = ErrorOptions()
_NO_TEXTS: Final[Mapping[str, str]] = {}
SERVER: Final = "transom"
_RETRY_LATER: Final = frozenset({429, 503})
_MOST_DROPPED_BYTES: Final = 1_048_576
_EMPTY: Final = frozenset({204, 205})


class Responder:
    """Makes responses; the one place that knows how errors look. Holds no state of any call."""

    def __init__(
        self,
        encode_message: Callable[[Message], bytes],
        *,
        domain: str = "transom",
        help_url: str = "",
        options: ErrorOptions = _STATUS,
    ) -> None:
        """Take the codec's JSON encoder. `domain` names the gateway in ErrorInfo, `help_url` is where Help points."""
        self._encode = encode_message
        self._domain = domain
        self._help_url = help_url
        self._shape = google_error if options.form is ErrorForm.GOOGLE else _as_it_is

    def success(
        self,
        call: Call,
        body: bytes,
        *,
        content_type: str = JSON,
        plan: SuccessPlan = PLAIN_SUCCESS,
        texts: Mapping[str, str] = _NO_TEXTS,
    ) -> web.Response:
        """A success, or a 304 where the client has it already (H3). Raises CallError (412) where it wants another one.

        `texts` holds the texts of the response fields that `plan.fields` names.
        """
        headers = plan.headers(texts) | call.response_headers
        add_own_headers(headers, call.request_id)
        if "ETag" in headers and plan.status == OK and is_known(call.head, Validators(headers["ETag"])):
            return web.Response(status=304, headers=headers)
        if plan.status in _EMPTY:
            return web.Response(status=plan.status, headers=headers)
        headers["Content-Type"] = content_type
        return web.Response(status=plan.status, headers=headers, body=body)

    def error(self, call: Call | None, error: CallError, request: web.BaseRequest) -> web.Response:
        """A failure, before anything was sent. `call` is None where the request never became one."""
        request_id = call.request_id if call is not None else choose_request_id(request.headers)
        body = self._encode(self._status(error, request_id))
        as_problem = wants_problem(read_accept(request.headers))
        headers = {"Cache-Control": "no-store"} | (call.response_headers if call is not None else {})
        headers |= _error_headers(error, self._domain)
        headers["Content-Type"] = PROBLEM_JSON if as_problem else JSON
        add_own_headers(headers, request_id)
        response = web.Response(
            status=error.http_status,
            reason=reason_phrase(error.http_status),
            headers=headers,
            body=problem(error, body) if as_problem else self._shape(error, body),
        )
        if _is_unsynchronized(request):
            response.force_close()
        return response

    def status_json(self, call: Call, error: CallError) -> bytes:
        """The status of a failure as a JSON object, for where headers are gone already (S3)."""
        return self._encode(self._status(error, call.request_id))

    def _status(self, error: CallError, request_id: str) -> Status:
        return error_status(error, request_id=request_id, domain=self._domain, help_url=self._help_url)


def _as_it_is(error: CallError, status: bytes) -> bytes:
    del error
    return status


def add_own_headers(headers: MutableMapping[str, str], request_id: str) -> None:
    """Add what every response of the gateway carries."""
    headers["X-Request-Id"] = request_id
    headers["X-Content-Type-Options"] = "nosniff"
    # Else aiohttp tells everybody its version, and Python's.
    headers["Server"] = SERVER


def _error_headers(error: CallError, realm: str) -> dict[str, str]:
    """The error's own headers, and those that its status cannot do without (E3)."""
    headers = dict(error.headers)
    if error.http_status == 401:
        headers.setdefault("WWW-Authenticate", f'Bearer realm="{realm}", error="invalid_token"')
    if error.http_status in _RETRY_LATER:
        headers.setdefault("Retry-After", str(max(1, math.ceil(retry_delay_s(error) or 0))))
    return headers


def _is_unsynchronized(request: web.BaseRequest) -> bool:
    """Whether what comes next on the connection cannot be told: a broken body, or one the client may never send; or
    whether more of the body is to come than is worth reading to be dropped.
    """
    content = request.content
    if content.exception() is not None:
        return True
    if content.is_eof():
        return False
    return "Expect" in request.headers or (request.content_length or 0) - content.total_raw_bytes > _MOST_DROPPED_BYTES
