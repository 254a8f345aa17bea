"""One request, and what one side made of it, in a cell of a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from beside_envoy.corpus import Answer, Ask
from beside_envoy.outcome import Arrival, Outcome
from beside_envoy.table import Result

_LONGEST: Final = 90


def request_cell(ask: Ask) -> str:
    """The request as it was sent; with its name, where what the upstream answered matters too."""
    parts = [code(ask.start)]
    parts += [code(f"{name}: {value}") for name, value in ask.headers if value is not None]
    if ask.body:
        parts.append(code(ask.body.decode("utf-8", "replace")))
    return " ".join(parts) + (f"<br>{ask.name[3:]}" if ask.answer != Answer() else "")


def outcome_cell(result: Result, outcome: Outcome) -> str:
    """What one side did, in the respects in which the two differ."""
    respects = result.respects
    # Of a call that ran out of time it is told by whoever notices first, in their words.
    parts = [_answer(outcome, respects, timed=outcome.status == HTTPStatus.GATEWAY_TIMEOUT)]
    if "content_type" in respects and not (result.transom.own_words or result.envoy.own_words):
        parts.append(f"as {code(outcome.content_type)}" if outcome.content_type else "of no type")
    if "headers" in respects:
        parts += [code(f"{name}: {value}") for name, value in outcome.headers if value is not None] or ["no header"]
    if "arrivals" in respects and not outcome.own_words:
        parts.append(f"upstream: {_arrivals(result.ask, outcome.arrivals)}")
    return "<br>".join(parts)


def _answer(outcome: Outcome, respects: Sequence[str], *, timed: bool) -> str:
    if outcome.own_words:
        text = "" if timed else _own_words(outcome.body)
    else:
        text = _as_text(outcome.body) if "body" in respects else ""
    return f"{outcome.status} {code(text)}" if text else str(outcome.status)


def _own_words(body: Any) -> str:
    return str(body.get("message", "")) if isinstance(body, dict) else str(body).split("\n")[0]


def _as_text(body: Any) -> str:
    if isinstance(body, bytes):
        return body.hex(" ")
    if isinstance(body, dict) and "details" in body:
        # What an error says comes first, so that it is not what is cut off.
        body = {**{name: value for name, value in body.items() if name != "details"}, "details": body["details"]}
        return json.dumps(body, ensure_ascii=False)
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, sort_keys=True)


def _arrivals(ask: Ask, arrivals: Sequence[Arrival]) -> str:
    if not arrivals:
        return "nothing"
    if ask.metadata:
        pairs = [f"{key}: {value}" for arrival in arrivals for key, value in arrival.metadata if value is not None]
        return ", ".join(map(code, pairs)) or "no such key"
    return ", ".join(code(" ".join([arrival.method, *arrival.messages])) for arrival in arrivals)


def code(text: str) -> str:
    """A code span in a table: on one line, of bearable length."""
    shown = one_line(text).replace("|", "\\|")
    shown = shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def one_line(text: str) -> str:
    """A text with its line breaks and tabs written out."""
    return text.replace("\r", "").replace("\n", "\\n").replace("\t", "\\t")
