"""Before anything is measured: every contestant answers every case, and they all answer the same."""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Sequence
from typing import Any, Final

from transom_bench.cases import Case
from transom_bench.contestants import Contestant
from transom_bench.failure import CannotMeasure
from transom_bench.program import Running

_TIMEOUT_S: Final = 30.0


class Disagreement(CannotMeasure):
    """Two contestants do different work for one request, so their costs cannot be compared."""


def check_agreement(turns: Sequence[tuple[Contestant, Running, Case]]) -> None:
    """Ask each contestant once for each case. Raises Disagreement, with the case and the two names."""
    first: dict[str, tuple[str, Any]] = {}
    for contestant, process, case in turns:
        for _ in range(case.let_pass):
            _send(process.port, case)
        found = answer(process.port, case)
        name, expected = first.setdefault(case.name, (contestant.name, found))
        if found != expected:
            raise Disagreement(f"{case.label}: {contestant.name} answers other than {name}")


def answer(port: int, case: Case) -> Any:
    """What a contestant answers, in a form that does not depend on its spelling. Raises Disagreement."""
    status, content_type, body = _send(port, case)
    if status not in case.ask.status:
        raise Disagreement(f"{case.label}: answered with {status}: {body[:200]!r}")
    # How a refusal is worded is everybody's own affair.
    return comparable(content_type, body) if status < 400 else status


def _send(port: int, case: Case) -> tuple[int, str, bytes]:
    ask = case.ask
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        headers = dict(header.split(": ", 1) for header in ask.headers)
        connection.request(ask.method, ask.path, ask.body.read_bytes() if ask.body else None, headers)
        response = connection.getresponse()
        return response.status, response.headers.get_content_type(), response.read()
    except (OSError, http.client.HTTPException) as error:
        raise Disagreement(f"{case.label}: not answered: {error!r}") from error
    finally:
        connection.close()


def comparable(content_type: str, body: bytes) -> Any:
    """JSON by its value, event streams by the messages in them, other bytes by their number and digest."""
    match content_type:
        case "application/json":
            return json.loads(body)
        case "text/event-stream":
            return _messages(body)
        case _:
            return len(body), hashlib.sha256(body).hexdigest()


def _messages(body: bytes) -> list[Any]:
    values = [json.loads(line[6:]) for line in body.splitlines() if line.startswith(b"data: ")]
    # That a stream is over, transom says in an event of its own; the others only end.
    return [value for value in values if value]
