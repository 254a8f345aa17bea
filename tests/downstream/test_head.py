"""The head of a request, over a socket."""

from __future__ import annotations

import pytest
from aiohttp import web

from downstream.wire import Serve, make_head
from transom_runtime.call import RequestHead
from transom_runtime.downstream.head import read_head, request_id, split_target
from transom_runtime.downstream.proxies import TrustedProxies


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/a/b", "/a/b", ""),
        ("/a%2Fb?x=%31&y#f", "/a%2Fb", "x=%31&y"),
        ("/a?b?c", "/a", "b?c"),
        ("http://host:1/a%20b?q", "/a%20b", "q"),
        ("HTTPS://user@host", "/", ""),
        ("http://host?q", "/", "q"),
        ("//host/a", "//host/a", ""),
        ("/http://x/y", "/http://x/y", ""),
        ("*", "*", ""),
    ],
)
def test_targets_are_split_as_sent(target: str, path: str, query: str) -> None:
    """Path and query keep their escapes, in the origin form and in the absolute one."""
    assert split_target(target) == (path, query)


@pytest.mark.parametrize("sent", ["a", "0af7651916cd43dd8448eb211c80319c", "req_1.2:3/4+5=@-x", "a" * 128])
def test_a_sane_request_id_is_kept(sent: str) -> None:
    """The caller's own id follows the call."""
    assert request_id(make_head(X_Request_Id=sent)) == sent


@pytest.mark.parametrize("sent", ["", "a" * 129, "a b", "é", "-x", "a\x01b", '"x"', "<b>"])
def test_another_request_id_is_replaced(sent: str) -> None:
    """An id that is long or strange gives way to a new one, 32 hex digits."""
    made = request_id(make_head(X_Request_Id=sent))
    assert made != sent
    assert len(bytes.fromhex(made)) == 16


async def test_read_head(serve: Serve) -> None:
    """A head holds the path as sent, and the caller as the trusted proxy saw it."""
    heads: list[RequestHead] = []

    async def handler(request: web.Request) -> web.Response:
        heads.append(read_head(request, TrustedProxies.parse(["127.0.0.0/8"])))
        heads.append(read_head(request))
        return web.Response()

    wire = await (await serve(handler)).connect()
    await wire.get("/a%2Fb?x=1", X_Forwarded_For="6.6.6.6", X_Forwarded_Proto="https", X_Forwarded_Host="api.example")
    told, direct = heads
    assert (told.method, told.raw_path, told.raw_query) == ("GET", "/a%2Fb", "x=1")
    assert (told.address, told.scheme, told.host) == ("6.6.6.6", "https", "api.example")
    assert (direct.address, direct.scheme, direct.host) == ("127.0.0.1", "http", "test")


@pytest.mark.parametrize(
    "target, host",
    [
        ("/", "test"),
        ("http://api.example/", "api.example"),
        ("http://api.example:8080/", "api.example:8080"),
        ("http://u:p@[::1]:8080/", "[::1]:8080"),
    ],
)
async def test_a_target_says_its_host_before_the_header(serve: Serve, target: str, host: str) -> None:
    """H5: where the target is a URL its authority counts, its port included and its user not; the Host header else."""
    hosts: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        hosts.append(read_head(request).host)
        return web.Response()

    wire = await (await serve(handler)).connect()
    assert (await wire.get(target)).status == 200
    assert hosts == [host]
