"""The cases: which request is sent, and over how many connections at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from transom_bench.canned import Canned
from transom_bench.load import Ask

_JSON: Final = "Content-Type: application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One kind of request."""

    name: str
    label: str
    """What tables call it."""
    ask: Ask
    connections: int = 32
    """Connections, each with one request under way."""


def build_cases(canned: Canned) -> tuple[Case, ...]:
    """Every case, in the order of the tables."""
    workflows = "/api/v1/workflows"
    return (
        Case(name="get-small", label="GET small", ask=Ask(method="GET", path=f"{workflows}/small")),
        Case(name="get-50", label="GET 50 nodes", ask=Ask(method="GET", path=f"{workflows}/nodes-50")),
        Case(
            name="post-50",
            label="POST 50 nodes",
            ask=Ask(method="POST", path=workflows, headers=(_JSON,), body=canned.bodies[50]),
        ),
        Case(
            name="sse-1000",
            label="SSE, 1,000 messages",
            ask=Ask(method="GET", path="/api/v1/executions/events/events", headers=("Accept: text/event-stream",)),
            connections=4,
        ),
        Case(
            name="download",
            label="download, 10 MiB",
            ask=Ask(method="GET", path="/api/v1/files/large/content"),
            connections=4,
        ),
    )


def with_token(case: Case, token: str) -> Case:
    """The case, sent by a caller who says who they are."""
    headers = (*case.ask.headers, f"Authorization: Bearer {token}")
    return replace(case, ask=replace(case.ask, headers=headers))
