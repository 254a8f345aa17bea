"""What a request came to, in the terms in which the two transcoders are compared."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from beside_envoy.corpus import Ask
from beside_envoy.exchange import Response
from beside_envoy.upstream import Received

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
_REQUEST_INFO: Final = "type.googleapis.com/google.rpc.RequestInfo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A call at the upstream."""

    method: str
    messages: tuple[str, ...]
    """As JSON: one form for one content, whatever the order of the bytes was."""
    metadata: tuple[tuple[str, str | None], ...]
    """The keys that the request asks to be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came back, and what arrived."""

    status: int
    content_type: str
    body: Any
    """The value of a JSON body, the text or bytes of any other; without the ids of requests."""
    cut: bool
    headers: tuple[tuple[str, str | None], ...]
    """The headers that the request asks to be compared."""
    arrivals: tuple[Arrival, ...]
    request_ids: int = 0
    """How many RequestInfos the body carried."""
    own_words: bool = False
    """Whether it is an error that the transcoder itself wrote."""


def observe(ask: Ask, response: Response, received: list[Received]) -> Outcome:
    """Put together what is compared."""
    content_type = response.headers.get("content-type", "").partition(";")[0].strip()
    body = _read_body(response, content_type)
    failed = response.status >= 400
    stripped = _without_request_ids(body)
    return Outcome(
        status=response.status,
        content_type=content_type,
        body=stripped,
        cut=response.cut,
        headers=tuple((name, response.headers.get(name.lower())) for name in ask.headers_back),
        arrivals=() if failed and ask.answer.unheard else tuple(_arrival(ask, call) for call in received),
        request_ids=json.dumps(body, default=str).count(_REQUEST_INFO),
        own_words=failed and (not received or ask.answer.hangs or ask.answer.unheard),
    )


def differences(transom: Outcome, envoy: Outcome) -> tuple[str, ...]:
    """In which respects two outcomes differ. Where both wrote an error themselves, its wording does not count: that
    difference is everywhere, and is told and checked on its own.
    """
    respects = ["status", "headers", "arrivals"]
    if not (transom.own_words and envoy.own_words):
        respects += ["content_type", "body", "cut"]
    return tuple(name for name in respects if getattr(transom, name) != getattr(envoy, name))


def _read_body(response: Response, content_type: str) -> Any:
    if content_type in {JSON, PROBLEM}:
        try:
            return json.loads(response.body)
        except ValueError:
            pass
    try:
        return response.body.decode()
    except UnicodeDecodeError:
        return response.body


def _without_request_ids(value: Any) -> Any:
    """Each request has an id of its own, so no two errors would be equal."""
    if isinstance(value, str) and value.startswith(("retry:", "data:", "event:")):
        return "\n".join(_event_line(line) for line in value.split("\n"))
    if isinstance(value, list):
        return [_without_request_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _without_request_ids(item) for name, item in value.items()}
    details = kept.get("details")
    if isinstance(details, list):
        kept["details"] = [item for item in details if not _is_request_info(item)]
        if not kept["details"]:
            del kept["details"]
    return kept


def _event_line(line: str) -> str:
    if _REQUEST_INFO not in line:
        return line
    return "data: " + json.dumps(_without_request_ids(json.loads(line.removeprefix("data: "))))


def _is_request_info(detail: Any) -> bool:
    return isinstance(detail, dict) and detail.get("@type") == _REQUEST_INFO


def _arrival(ask: Ask, call: Received) -> Arrival:
    return Arrival(
        method=call.method,
        messages=call.messages,
        metadata=tuple((key, call.metadata.get(key)) for key in ask.metadata),
    )
