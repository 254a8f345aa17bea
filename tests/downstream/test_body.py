"""Reading bodies, over sockets."""

from __future__ import annotations

import asyncio
import gzip
import logging
import zlib

import pytest
from aiohttp import web

from downstream.wire import Serve, Wire
from transom_runtime.binding import Binding
from transom_runtime.downstream.body import read_body
from transom_runtime.downstream.resource import RouteResource
from transom_runtime.errors import CallError

LIMIT = 1000


async def echo(request: web.Request) -> web.StreamResponse:
    return web.Response(body=await read_body(request, LIMIT))


@pytest.mark.parametrize("size", [0, 1, LIMIT])
async def test_bodies_within_the_cap(serve: Serve, size: int) -> None:
    """A body may be as large as the cap."""
    wire = await (await serve(echo)).connect()
    assert (await wire.get(method="POST", body=b"x" * size)).body == b"x" * size


async def test_chunked_bodies(serve: Serve) -> None:
    """A body without a length is read to its end."""
    wire = await (await serve(echo)).connect()
    await wire.send(b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert (await wire.answer()).body == b"abcde"
    assert (await wire.get()).status == 200


async def test_r3_413_and_the_connection_goes_on(serve: Serve) -> None:
    """R3: a body over the cap is 413, announced or not, with the JSON error body; the next request works."""
    wire = await (await serve(echo)).connect()
    answer = await wire.get(method="POST", body=b"x" * (LIMIT + 1))
    assert (answer.status, answer.detail("ErrorInfo")["reason"]) == (413, "BODY_TOO_LARGE")
    await wire.send(b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
    await wire.send(b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n")
    assert (await wire.answer()).status == 413
    assert (await wire.get(method="POST", body=b"ok")).body == b"ok"


async def test_r3_a_body_that_is_not_worth_dropping_ends_the_connection(serve: Serve) -> None:
    """R3: where much more of a refused body is announced, the answer says that the connection ends."""
    wire = await (await serve(echo)).connect()
    await wire.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 2000000\r\n\r\nabc")
    answer = await wire.answer()
    assert (answer.status, answer.headers["Connection"]) == (413, "close")
    assert await wire.is_closed()


@pytest.mark.parametrize(
    ("coding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("GZip", gzip.compress)]
)
async def test_compressed_bodies(serve: Serve, coding: str, compress: object) -> None:
    """Bodies arrive decompressed."""
    assert callable(compress)
    wire = await (await serve(echo)).connect()
    assert (await wire.get(method="POST", body=compress(b"hello"), Content_Encoding=coding)).body == b"hello"


async def test_compressed_bodies_under_another_server() -> None:
    """Under a server that undoes codings itself, as aiohttp's own does, they are not undone once more."""
    app = web.Application()
    app.router.add_post("/", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    wire = Wire(*await asyncio.open_connection(*runner.addresses[0][:2]))
    assert (await wire.get(method="POST", body=gzip.compress(b"hello"), Content_Encoding="gzip")).body == b"hello"
    wire.writer.close()
    await runner.cleanup()


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
async def test_r3_bombs_are_stopped_at_the_cap(serve: Serve, compress: object) -> None:
    """R3: the cap counts decompressed bytes: a small body that swells is 413, and little of it is ever in memory."""
    assert callable(compress)
    served = await serve(echo)
    bomb = compress(bytes(500_000))
    assert len(bomb) < LIMIT
    coding = "gzip" if compress is gzip.compress else "deflate"
    answer = await (await served.connect()).get(method="POST", body=bomb, Content_Encoding=coding)
    assert answer.status == 413


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "identity, gzip, deflate", "compress", "x" * 100])
async def test_r3_unknown_codings_are_415(serve: Serve, coding: str) -> None:
    """R3: a coding that nobody undoes is refused, whoever notices it first."""
    wire = await (await serve(echo)).connect()
    answer = await wire.get(method="POST", body=b"abc", Content_Encoding=coding)
    assert (answer.status, answer.detail("ErrorInfo")["reason"]) == (415, "UNSUPPORTED_CODING")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\nzz\r\n"),
        (b"Transfer-Encoding: chunked\r\n", b"5\r\nhelloXX0\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_broken_bodies_are_400_and_end_the_connection(
    serve: Serve, headers: bytes, body: bytes, at_once: bool
) -> None:
    """A body that is not what its headers say is 400; after it nothing on the connection can be trusted."""
    reading = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        reading.set()
        return await echo(request)

    wire = await (await serve(handler)).connect()
    head = b"POST / HTTP/1.1\r\nHost: t\r\n" + headers + b"\r\n"
    if at_once:
        await wire.send(head + body)
    else:
        await wire.send(head)
        await reading.wait()
        await wire.send(body)
    answer = await wire.answer()
    assert (answer.status, answer.json["code"]) == (400, 3)
    assert answer.headers["Connection"] == "close"
    assert await wire.is_closed()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"hello"),
        ("gzip", gzip.compress(b"hello" * 50)[:-1]),
        ("gzip", gzip.compress(b"hello") + b"more"),
        ("deflate", zlib.compress(b"hello" * 50)[:5]),
    ],
    ids=["no gzip", "cut off", "more behind it", "cut short"],
)
async def test_bodies_that_break_their_coding_are_400(serve: Serve, coding: str, body: bytes) -> None:
    """E1: a body that is not what its coding says, or breaks off, is 400; its frame held, so the connection goes on."""
    wire = await (await serve(echo)).connect()
    answer = await wire.get(method="POST", body=body, Content_Encoding=coding)
    assert (answer.status, answer.detail("ErrorInfo")["reason"]) == (400, "MALFORMED_BODY")
    assert (await wire.get(method="POST", body=b"ok")).body == b"ok"


async def test_broken_chunks_behind_an_early_answer_are_no_fault_of_the_gateway(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """A body that breaks while it is read to be dropped ends its connection, and nothing is logged as a fault."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(status=401)

    wire = await (await serve(handler, linger_s=10)).connect()
    await wire.send(b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    assert (await wire.head()).status == 401
    await wire.send(b"zz\r\n")
    await asyncio.wait_for(wire.reader.read(), 30)
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


async def test_s5_a_client_that_goes_away_mid_body_cancels(serve: Serve) -> None:
    """S5: half a body and a closed connection: the handler is cancelled or told, whichever comes first."""
    ended: asyncio.Queue[BaseException] = asyncio.Queue()
    started = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        started.set()
        try:
            return await echo(request)
        except BaseException as error:
            ended.put_nowait(error)
            raise

    wire = await (await serve(handler)).connect()
    await wire.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc")
    await started.wait()
    wire.writer.transport.abort()
    assert isinstance(await ended.get(), asyncio.CancelledError | CallError)


class Echoing:
    """A target that reads the body only from callers it knows."""

    async def handler(self, request: web.Request) -> web.StreamResponse:
        if "Authorization" not in request.headers:
            return web.Response(status=401)
        return await echo(request)


@pytest.fixture
def app(post_binding: Binding) -> web.Application:
    class OneRoute:
        def __init__(self, routes: object) -> None:
            self._routes = list(routes)  # type: ignore[call-overload] # any iterable will do here

        def match(self, method: str, raw_path: str) -> object:
            return type("Found", (), {"target": self._routes[0][1], "variables": ("x",)})

    application = web.Application()
    application.router.register_resource(RouteResource([(post_binding, Echoing())], OneRoute))  # type: ignore[arg-type] # a fake
    return application


async def test_a_caller_who_may_not_call_need_not_send_the_body(serve: Serve, app: web.Application) -> None:
    """`100 Continue` is sent when the body is wanted, not before."""
    served = await serve(app)
    wire = await served.connect()
    await wire.send(b"POST /v1/x HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert (await wire.head()).status == 401
    wire = await served.connect()
    await wire.send(
        b"POST /v1/x HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nExpect: 100-continue\r\nAuthorization: x\r\n\r\n"
    )
    assert (await wire.head()).status == 100
    await wire.send(b"ok")
    assert (await wire.answer()).body == b"ok"
    assert (await wire.get("/v1/x", method="POST", body=b"ok", Authorization="x")).body == b"ok"


async def test_other_expectations_are_417(serve: Serve, app: web.Application) -> None:
    """An expectation that cannot be met is refused with the JSON error body."""
    answer = await (await (await serve(app)).connect()).get("/v1/x", method="POST", body=b"ok", Expect="magic")
    assert (answer.status, answer.detail("ErrorInfo")["reason"]) == (417, "EXPECTATION_FAILED")
