"""Every method of google's REST clients: the request arrives as it was, and the answer is the one that gRPC gives.

Each method is called twice with the same request: over REST through the gateway, and over gRPC straight at the mock
behind it, by the same client.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest

from clients.google_clients import WITHOUT_REST, ClientClass, find_clients, request_of, results_of, wire_of
from clients.google_gateway import GoogleGateway
from clients.rules import Method
from clients.tally import TALLY

pytestmark = pytest.mark.timeout(120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One client, twice."""

    kind: ClientClass
    rest: Any
    """At the gateway."""
    direct: Any
    """At the mock."""


@pytest.fixture(scope="module")
def channel(google: GoogleGateway) -> Iterator[grpc.Channel]:
    """A channel to the mock."""
    with grpc.insecure_channel(google.mock) as opened:
        yield opened


@pytest.mark.parametrize("kind", find_clients(), ids=lambda kind: f"{kind.module.rpartition('.')[2]}.{kind.name}")
def test_every_method(
    kind: ClientClass, google: GoogleGateway, google_methods: dict[str, Method], channel: grpc.Channel
) -> None:
    """Requests arrive as they were, and answers, streams, pages and operations are those that gRPC gives."""
    pair = Pair(kind=kind, rest=kind.over_rest(google.address), direct=kind.over_grpc(channel))
    counts = TALLY.of(kind.module)
    counts["clients"] += 1
    for name in (*kind.rpcs, *kind.mixins):
        rpc = kind.rpcs.get(name, "")
        if rpc and rpc not in google_methods:
            refuses_itself(getattr(pair.rest, name))
            TALLY.note("methods without an HTTP rule, which the clients do not send over REST", rpc)
            continue
        counts["methods"] += 1
        told = call_both(pair, name, google, google_methods)
        assert not told, told


def call_both(pair: Pair, name: str, google: GoogleGateway, methods: dict[str, Method]) -> str:
    """Call a method both ways; what was wrong."""
    rpc, request = request_of(pair.kind, name, methods)
    request_id = f"{pair.kind.module}.{pair.kind.name}.{name}"
    got = results_of(getattr(pair.rest, name)(request=request, retry=None, metadata=[("x-request-id", request_id)]))
    recorded = google.recorder.take(request_id)
    assert recorded is not None, f"{name} did not arrive"
    expected = results_of(getattr(pair.direct, name)(request=request, retry=None))
    arrived = [_read(request, wire) for wire in recorded.requests]
    if recorded.rpc != rpc:
        return f"{name} arrived at {recorded.rpc}"
    if [wire_of(message) for message in arrived] != [wire_of(request)]:
        return f"{name} sent {request}\n\nwhat arrived: {arrived}"
    return "" if got == expected else f"{name} got {got}\n\nover gRPC it is {expected}"


def _read(request: Any, wire: bytes) -> Any:
    kind = type(request)
    return kind.deserialize(wire) if hasattr(kind, "deserialize") else kind.FromString(wire)


def refuses_itself(call: Any) -> None:
    """A method that has no form in REST is refused by the client, before anything is sent."""
    streamed = (iter(()),) if "requests" in inspect.signature(call).parameters else ()
    with pytest.raises(NotImplementedError):
        call(*streamed)


@pytest.mark.parametrize("module", WITHOUT_REST)
def test_clients_without_rest(module: str) -> None:
    """These clients have no REST transport: they are the only ones that are left out."""
    client = importlib.import_module(module).ExecutionsClient
    with pytest.raises(KeyError):
        client.get_transport_class("rest")
    TALLY.note("clients without a REST transport", f"{module}.ExecutionsClient")
