"""Calls and outcomes for tests of what watches them."""

from __future__ import annotations

from google.protobuf import empty_pb2
from multidict import CIMultiDict, CIMultiDictProxy

from transom_runtime.binding import UNROUTED, Binding, StreamKind
from transom_runtime.call import Call, RequestHead
from transom_runtime.errors import Code, Origin
from transom_runtime.extension import Outcome


def binding(template: str = "/v1/books/{id}", stream: StreamKind = StreamKind.UNARY) -> Binding:
    """The binding of a route."""
    return Binding(
        id="lib.v1.Books.GetBook",
        method="GET",
        template=template,
        path=(),
        rpc="/lib.v1.Books/GetBook",
        stream=stream,
        request=empty_pb2.Empty,
        response=empty_pb2.Empty,
    )


def call(of: Binding | None = None, headers: tuple[tuple[str, str], ...] = (), method: str = "GET") -> Call:
    """A call of `/v1/books/secret-id?access_token=secret`."""
    head = RequestHead(
        method=method,
        raw_path="/v1/books/secret-id",
        raw_query="access_token=secret",
        headers=CIMultiDictProxy(CIMultiDict(headers)),
        address="192.0.2.1",
        host="api.test",
    )
    return Call(binding=of or binding(), head=head, request_id="r-1")


def unrouted(method: str = "GET") -> Call:
    """A call that no route took."""
    return call(UNROUTED, method=method)


OK = Outcome(code=Code.OK, http_status=200, duration_s=0.0125, request_bytes=3, response_bytes=50)


def failed(code: Code = Code.INTERNAL, http_status: int = 500, cause: BaseException | None = None) -> Outcome:
    """The outcome of a call that failed."""
    return Outcome(
        code=code,
        http_status=http_status,
        duration_s=0.5,
        origin=Origin.GATEWAY,
        message="it failed",
        cause=cause,
        messages=0,
    )
