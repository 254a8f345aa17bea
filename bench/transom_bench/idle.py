"""Idle streams: what a gateway holds for each client that waits for the next event."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from transom_bench.contestants import Contestant, Surroundings
from transom_bench.failure import CannotMeasure
from transom_bench.tokens import fresh_tokens
from transom_bench.usage import rss_mib, tree

STREAMS: Final = 1_000
_WARMING: Final = 50
_TIMEOUT_S: Final = 30.0
_PATH: Final = "/api/v1/executions/idle/events"


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """What a contestant held with many streams open, on each of which one event has been sent."""

    contestant: str
    streams: int
    without_mib: float
    """Memory before they were opened."""
    with_mib: float

    @property
    def each_kib(self) -> float:
        """What one of them takes."""
        return (self.with_mib - self.without_mib) * 1024 / self.streams


def measure_idle(contestant: Contestant, around: Surroundings, streams: int) -> Idle:
    """Start a contestant, open the streams, and end it: memory that other work left free would hide theirs."""
    with contestant.start(around) as process:
        _open_all(contestant, process.port, min(_WARMING, streams)).close()
        without_mib = rss_mib(tree(process.pid))
        try:
            held = _open_all(contestant, process.port, streams)
        except CannotMeasure:
            process.check(contestant.name)
            raise
        with held:
            with_mib = rss_mib(tree(process.pid))
    return Idle(contestant=contestant.name, streams=streams, without_mib=without_mib, with_mib=with_mib)


def _open_all(contestant: Contestant, port: int, streams: int) -> contextlib.ExitStack:
    """Open the streams, each of another caller, and wait for the first event of each; closing closes them."""
    tokens: Sequence[str] = fresh_tokens(streams) if contestant.policies else [""] * streams
    with contextlib.ExitStack() as stack:
        try:
            sockets = [stack.enter_context(_ask(port, token)) for token in tokens]
            for each in sockets:
                _await_event(each)
        except OSError as error:
            raise CannotMeasure(f"idle streams of {contestant.name}: {error!r}") from error
        return stack.pop_all()


def _ask(port: int, token: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_S)
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"GET {_PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n{authorization}\r\n"
    connection.sendall(head.encode())
    return connection


def _await_event(connection: socket.socket) -> None:
    received = b""
    while b"data:" not in received:
        received += (piece := connection.recv(65_536))
        if not piece:
            raise ConnectionResetError(f"closed instead of an event: {received[:200]!r}")
