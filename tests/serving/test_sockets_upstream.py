"""WebSockets over a real channel: what becomes of the RPC when its client leaves, is slow, or talks nonsense."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import grpc
import pytest

from serving.kit import PUBLIC, Recorder, Running, settings
from serving.test_sockets import CONSOLE, connect, rest
from state.server import free_port
from transom_runtime.assembly import build_gateway
from transom_runtime.downstream.listener import Listener, ListenOptions
from transom_runtime.errors import Code
from transom_runtime.settings import UpstreamOptions
from transom_runtime.upstream.channels import ChannelOptions
from workflow.v1 import executions_pb2 as pb


class Console:
    """A real gRPC service whose console echoes, or floods its caller; counts what it gets rid of and what it gets."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[pb.OpenConsoleRequest] = asyncio.Queue()
        self.entered = asyncio.Event()
        self.ended = asyncio.Event()
        """Set when the caller has said all, and said so."""
        self.cancelled = asyncio.Event()
        self.written = 0
        self.floods = False
        self.listens = True

    async def open(
        self, requests: AsyncIterator[pb.OpenConsoleRequest], context: object
    ) -> AsyncIterator[pb.OpenConsoleResponse]:
        self.entered.set()
        try:
            if self.floods:
                while True:
                    yield pb.OpenConsoleResponse(error=pb.ExecutionError(message="x" * 65_000))
                    self.written += 1
            if not self.listens:
                await asyncio.Event().wait()
            async for request in requests:
                self.heard.put_nowait(request)
                yield pb.OpenConsoleResponse(command=request.command)
            # A caller that went away ends its requests like one that is done: only sending something tells them apart.
            yield pb.OpenConsoleResponse(error=pb.ExecutionError(reason="BYE"))
            self.ended.set()
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled.set()
            raise


@contextlib.asynccontextmanager
async def serving(console: Console, *, reachable: bool = True) -> AsyncIterator[Running]:
    """A gateway before a gRPC server that serves this console; or before a port that nobody has."""
    method: grpc.RpcMethodHandler[pb.OpenConsoleRequest, pb.OpenConsoleResponse] = (
        grpc.stream_stream_rpc_method_handler(
            console.open,
            request_deserializer=pb.OpenConsoleRequest.FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )
    )
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    handler = grpc.method_handlers_generic_handler("workflow.v1.ExecutionService", {"OpenConsole": method})
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0") if reachable else free_port()
    await server.start()
    upstream = UpstreamOptions(channel=ChannelOptions(target=f"127.0.0.1:{port}"))
    seen = Recorder()
    use = settings("workflow.v1.executions_gateway", upstreams={"engine": upstream}, overrides=(PUBLIC,))
    made = build_gateway(use, observers=[seen])
    listener = Listener(made.app(), ListenOptions(port=0, shutdown_grace_s=0.1), made.stages.responder)
    await listener.start()
    try:
        async with aiohttp.ClientSession() as http:
            yield Running(gateway=made, port=listener.port, http=http, seen=seen)
    finally:
        await listener.stop()
        await server.stop(None)


async def test_s8_messages_go_through_a_channel() -> None:
    """S8: messages are sent on and answered one by one; the empty frame ends the requests of the RPC."""
    console = Console()
    async with serving(console) as at, connect(at, CONSOLE) as socket:
        await socket.send_json({"command": "COMMAND_STATUS"})
        assert await socket.receive_json(timeout=30) == {"command": "COMMAND_STATUS"}
        await socket.send_str("")
        assert await rest(socket) == ([{"error": {"reason": "BYE"}}], 1000)
        await asyncio.wait_for(console.ended.wait(), 30)
        assert console.heard.get_nowait().execution_id == "ex-1"


@pytest.mark.parametrize("how", ["close", "abort"])
@pytest.mark.parametrize("doing", ["listening", "flooding", "nothing"])
async def test_s5_a_client_that_leaves_cancels_the_rpc(how: str, doing: str) -> None:
    """S5: a client that closes, or whose connection is lost, has its RPC cancelled, whatever that was doing."""
    console = Console()
    console.floods, console.listens = doing == "flooding", doing == "listening"
    async with serving(console) as at:
        async with connect(at, CONSOLE) as socket:
            await socket.send_json({"command": "COMMAND_STATUS"})
            await asyncio.wait_for(console.entered.wait(), 30)
            if doing != "nothing":
                await socket.receive(timeout=30)
            if how == "abort":
                socket._writer.transport.abort()
            else:
                await socket.close()
        await asyncio.wait_for(console.cancelled.wait(), 30)
        assert not console.ended.is_set(), "the messages did not end: they broke off"
        assert (await at.seen.only()).code is Code.CANCELLED


async def test_s6_a_slow_reader_slows_the_service() -> None:
    """S6: a service that says more than its client reads is held up: nothing piles up in the gateway."""
    console = Console()
    console.floods = True
    async with serving(console) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port, limit=4096)
        writer.write(
            f"GET {CONSOLE} HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        before = -1
        while before != console.written or not before:
            before = console.written
            await asyncio.sleep(0.3)  # that nothing happens takes a while to see
        assert before * 65_000 < 2**25
        writer.transport.abort()
        await asyncio.wait_for(console.cancelled.wait(), 30)


async def test_s8_a_faulty_message_cancels_the_rpc() -> None:
    """S8: where a frame is no message the service hears neither it nor an end: its RPC is cancelled."""
    console = Console()
    async with serving(console) as at, connect(at, CONSOLE) as socket:
        await socket.send_json({"command": "COMMAND_STATUS"})
        await socket.receive(timeout=30)
        await socket.send_str('{"command": 7.5}')
        (last,), code = await rest(socket)
        assert (code, last["error"]["code"]) == (4003, 3)
        await asyncio.wait_for(console.cancelled.wait(), 30)
        assert not console.ended.is_set()


async def test_an_upstream_that_is_away_is_told() -> None:
    """E2: where nobody serves the route the call fails with UNAVAILABLE: as HTTP where that is known before the
    upgrade, else in band and with 4014.
    """
    async with serving(Console(), reachable=False) as at:
        codes = set()
        try:
            async with connect(at, CONSOLE) as socket:
                (last,), code = await rest(socket)
                codes |= {code - 4000, last["error"]["code"]}
        except aiohttp.WSServerHandshakeError as refused:
            codes.add({503: 14}[refused.status])
        assert codes == {14}
