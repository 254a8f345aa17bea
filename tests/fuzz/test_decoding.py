"""Fuzzing in process: whatever is sent, it becomes a message or a client's fault, with bounded work (proof 6).

`TRANSOM_EXAMPLES=20000 pytest tests/fuzz` looks further than every run of the tests does.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from fuzz.requests import requests
from fuzz.subject import Sent, Subject, every_feature
from transcode.conftest import modules  # noqa: F401 -- a fixture
from transom_runtime.errors import CallError
from transom_runtime.serving.routes_index import load_index

FURTHER = os.environ.get("TRANSOM_EXAMPLES", "")
EXAMPLES = settings(
    max_examples=int(FURTHER or "300"),
    derandomize=not FURTHER,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
WORKFLOWS = "/api/v1/workflows"
GENERATED = Path(__file__).parents[2] / "generated"
pytestmark = pytest.mark.timeout(0 if FURTHER else 60)


@pytest.fixture(scope="session")
def own() -> Subject:
    """The routes of this repository."""
    return Subject([route.binding for route in load_index(GENERATED)])


@pytest.fixture(scope="session")
def every(modules: Path) -> Subject:  # noqa: F811 -- the fixture
    """Bindings of every kind."""
    names = ("conformance.messages.test_messages_proto2_pb2", "conformance.messages.test_messages_proto3_pb2")
    return Subject(every_feature(importlib.import_module("shelf_pb2"), *map(importlib.import_module, names)))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What the checks of texts find is not written down."""
    with capture_logs():
        yield


def told(outcome: CallError | bytes) -> str:
    return f"{outcome.http_status} {outcome.reason}" if isinstance(outcome, CallError) else "a message"


@EXAMPLES
@given(st.data())
def test_the_routes_of_this_repository(own: Subject, data: st.DataObject) -> None:
    """E1, E5, J6, P3, Q: a request to a route of the repository, bent anywhere, is decoded or refused."""
    event(told(own.serve(data.draw(requests(own.bindings)))))


@EXAMPLES
@given(st.data())
def test_every_feature(every: Subject, data: st.DataObject) -> None:
    """E1, E5, J6, P3, Q: likewise where the messages have everything that protobuf has."""
    event(told(every.serve(data.draw(requests(every.bindings)))))


@EXAMPLES
@given(st.data())
def test_good_requests_get_through(own: Subject, data: st.DataObject) -> None:
    """The fuzzing is worth something: requests that are hardly bent become messages now and then, on most routes."""
    event(told(own.serve(data.draw(requests(own.bindings, bend=0)))))


@pytest.mark.parametrize(
    "body",
    [
        "[" * 19_000,
        '{"a":' * 3_000,
        "{" + ",".join(f'"unknown_name_{number}":{number}' for number in range(500)) + "}",
        '{"nodes":[' + ",".join('{"id":5}' for _ in range(1_500)) + "]}",
        '{"name":"' + "<" * 15_000 + '"}',
        '{"name":"' + "&lt;" * 4_000 + '"}',
        '{"name":"' + "../" * 4_000 + "' or 1=1 " * 400 + '"}',
        "9" * 19_000,
        "1e" + "9" * 10_000,
        '"' + "\\u0000" * 3_000 + '"',
    ],
)
def test_the_dearest_bodies_stay_within_the_budget(own: Subject, body: str) -> None:
    """J6: bodies that are long, deep, or full of unknown names or of what the checks look for cost what they weigh."""
    own.serve(Sent(method="POST", target=WORKFLOWS, headers={"Content-Type": "application/json"}, body=body.encode()))


@pytest.mark.parametrize(
    "target",
    [
        f"{WORKFLOWS}?{'&'.join(['x=1'] * 2_000)}",
        f"{WORKFLOWS}?{'page_size.' * 800}=1",
        f"{WORKFLOWS}?filter={'%' * 8_000}",
        "/a" * 4_000,
        "/" * 8_000,
        f"{WORKFLOWS}/{':a' * 4_000}",
        f"{WORKFLOWS}/{'%41' * 2_600}",
    ],
)
def test_the_dearest_targets_stay_within_the_budget(own: Subject, target: str) -> None:
    """P1, Q1, E1: likewise the longest paths and queries that a listener lets in."""
    own.serve(Sent(method="GET", target=target))
