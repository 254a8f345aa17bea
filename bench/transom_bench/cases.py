"""The cases: which request is sent, and over how many connections at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from transom_bench.canned import Canned
from transom_bench.load import Ask

_JSON: Final = "Content-Type: application/json"
_WORKFLOWS: Final = "/api/v1/workflows"
_REFUSED: Final = range(429, 430)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One kind of request."""

    name: str
    label: str
    """What tables call it."""
    ask: Ask
    connections: int = 32
    """Connections, each with one request under way."""
    only_policies: bool = False
    """Whether there is something to measure only where somebody asks who calls, and how often."""
    let_pass: int = 0
    """Requests that go before: a limit is no limit before its first calls have passed."""


def build_cases(canned: Canned) -> tuple[Case, ...]:
    """Every case, in the order of the tables."""
    return (
        get_case("small", "GET small"),
        get_case("nodes-50", "GET 50 nodes"),
        post_case(canned, 50),
        *_long(),
        *_policy(canned),
    )


def get_case(key: str, label: str, connections: int = 32) -> Case:
    """A GET of one workflow."""
    name = {"small": "get-small"}.get(key) or f"get-{key.removeprefix('nodes-')}"
    return Case(name=name, label=label, ask=Ask(method="GET", path=f"{_WORKFLOWS}/{key}"), connections=connections)


def post_case(canned: Canned, nodes: int, connections: int = 32) -> Case:
    """A POST of a workflow with so many nodes."""
    ask = Ask(method="POST", path=_WORKFLOWS, headers=(_JSON,), body=canned.bodies[nodes])
    return Case(name=f"post-{nodes}", label=f"POST {nodes:,} nodes", ask=ask, connections=connections)


def _long() -> tuple[Case, ...]:
    events, large = "/api/v1/executions/events/events", "/api/v1/files/large/content"
    return (
        Case(
            name="sse-1000",
            label="SSE, 1,000 messages",
            ask=Ask(method="GET", path=events, headers=("Accept: text/event-stream",)),
            connections=4,
        ),
        Case(name="download", label="download, 10 MiB", ask=Ask(method="GET", path=large), connections=4),
    )


def _policy(canned: Canned) -> tuple[Case, ...]:
    small, execute = f"{_WORKFLOWS}/small", f"{_WORKFLOWS}/small/execute"
    return (
        Case(
            name="new-caller",
            label="GET small, a new token each",
            ask=Ask(method="GET", path=small, new_callers=True),
            only_policies=True,
        ),
        Case(
            name="refused",
            label="refused by the limit (429)",
            ask=Ask(method="POST", path=execute, headers=(_JSON,), body=canned.empty, status=_REFUSED),
            only_policies=True,
            let_pass=1,
        ),
    )


def with_token(case: Case, token: str) -> Case:
    """The case, sent by a caller who says who they are."""
    headers = (*case.ask.headers, f"Authorization: Bearer {token}")
    return replace(case, ask=replace(case.ask, headers=headers))
