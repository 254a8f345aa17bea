"""Calls the stub upstream in one way or another and tells what a call costs: a program, run with any grpcio.

It reads a line of JSON for each measurement and writes one: how much CPU time a call took, in microseconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import Any, Final

import grpc
import uvloop

from transom_runtime.upstream.channels import ChannelOptions, channel_arguments
from transom_runtime.upstream.poller import poller_behind_loop
from transom_runtime.upstream.rpc import SentMetadata

METHOD: Final = "/workflow.v1.WorkflowService/GetWorkflow"
_IN_FLIGHT: Final = 64
_MESSAGE: Final = b"\x0a\x05small"
_PAIRS: Final = (
    ("x-request-id", "0123456789abcdef0123456789abcdef"),
    ("traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-00"),
    ("x-forwarded-for", "127.0.0.1"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-host", "127.0.0.1:8080"),
    ("x-principal-kind", "anonymous"),
)
_TIMEOUT_S: Final = 10.0

Once = Callable[[], Awaitable[object]]
"""Makes one call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is measured: so many calls, in a way, over a channel with more options than the gateway's."""

    calls: int
    way: str
    options: dict[str, int | str]


def _stub(channel: grpc.aio.Channel) -> grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]:
    return channel.unary_unary(METHOD)


def as_gateway(channel: grpc.aio.Channel) -> Once:
    """As the gateway calls: bytes, metadata and a deadline."""
    rpc = _stub(channel)
    return lambda: rpc(_MESSAGE, timeout=_TIMEOUT_S, metadata=SentMetadata(_PAIRS))


def _with_pairs(channel: grpc.aio.Channel) -> Once:
    rpc = _stub(channel)
    return lambda: rpc(_MESSAGE, timeout=_TIMEOUT_S, metadata=_PAIRS)


def _with_reply_metadata(channel: grpc.aio.Channel) -> Once:
    rpc = _stub(channel)

    async def once() -> object:
        call = rpc(_MESSAGE, timeout=_TIMEOUT_S, metadata=SentMetadata(_PAIRS))
        return await call, tuple(await call.initial_metadata()), tuple(await call.trailing_metadata())

    return once


def _without_metadata(channel: grpc.aio.Channel) -> Once:
    rpc = _stub(channel)
    return lambda: rpc(_MESSAGE, timeout=_TIMEOUT_S)


def _without_all(channel: grpc.aio.Channel) -> Once:
    rpc = _stub(channel)
    return lambda: rpc(_MESSAGE)


def _waiting_for_ready(channel: grpc.aio.Channel) -> Once:
    rpc = _stub(channel)
    return lambda: rpc(_MESSAGE, timeout=_TIMEOUT_S, metadata=SentMetadata(_PAIRS), wait_for_ready=True)


def _with_serializers(channel: grpc.aio.Channel) -> Once:
    rpc = channel.unary_unary(METHOD, request_serializer=lambda sent: sent, response_deserializer=lambda wire: wire)
    return lambda: rpc(_MESSAGE, timeout=_TIMEOUT_S, metadata=SentMetadata(_PAIRS))


def _with_new_stub(channel: grpc.aio.Channel) -> Once:
    return lambda: _stub(channel)(_MESSAGE, timeout=_TIMEOUT_S, metadata=SentMetadata(_PAIRS))


def _below(channel: Any) -> Once:
    """Below grpc.aio: its private call, in whose waiting no task of grpc's takes part."""
    method = METHOD.encode()

    async def once() -> object:
        call = channel._channel.call(method, time.time() + _TIMEOUT_S, None, None, 0)  # noqa: SLF001 -- what this costs is the question
        wire = await call.unary_unary(_MESSAGE, _PAIRS, None)
        assert call.is_ok()
        return wire

    return once


WAYS: Final[dict[str, Callable[[grpc.aio.Channel], Once]]] = {
    "as the gateway": as_gateway,
    "pairs": _with_pairs,
    "reply metadata": _with_reply_metadata,
    "no metadata": _without_metadata,
    "no metadata, no deadline": _without_all,
    "waits for ready": _waiting_for_ready,
    "serializers": _with_serializers,
    "a new stub": _with_new_stub,
    "below grpc.aio": _below,
}


def _open(target: str, options: dict[str, int | str], way: str, channels: int) -> Once:
    arguments = dict(channel_arguments(ChannelOptions(target=target)))
    # Else all channels of a target share one connection.
    arguments |= {"grpc.use_local_subchannel_pool": 1, **options}
    opened = [WAYS[way](grpc.aio.insecure_channel(target, list(arguments.items()))) for _ in range(channels)]
    in_turn = cycle(opened)

    async def once() -> object:
        return await next(in_turn)()

    return once if channels > 1 else opened[0]


async def _measure(once: Once, calls: int) -> float:
    async def some() -> None:
        for _ in range(calls // _IN_FLIGHT):
            await once()

    await once()
    before = time.process_time()
    await asyncio.gather(*(some() for _ in range(_IN_FLIGHT)))
    return (time.process_time() - before) / (calls // _IN_FLIGHT * _IN_FLIGHT) * 1e6


async def _serve(target: str, place: contextlib.AbstractContextManager[None]) -> None:
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    with place:
        # The first channel starts the thread, which lasts as long as there is one.
        first = grpc.aio.insecure_channel(target)
    opened: dict[str, Once] = {}
    while line := await lines.readline():
        asked = Asked(**json.loads(line))
        key = json.dumps(asdict(asked))
        if key not in opened:
            options = dict(asked.options)
            opened[key] = _open(target, options, asked.way, channels=int(options.pop("channels", 1)))
        print(await _measure(opened[key], asked.calls), flush=True)
    await first.close()


def main() -> None:
    """Measure until standard input ends; the arguments are the upstream's address, the loop, and whether
    gRPC's thread is put `behind` the loop's or left `beside` it.
    """
    target, loop, poller = sys.argv[1:]
    place = poller_behind_loop() if poller == "behind" else contextlib.nullcontext()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if loop == "uvloop" else None) as runner:
        runner.run(_serve(target, place))


if __name__ == "__main__":
    main()
