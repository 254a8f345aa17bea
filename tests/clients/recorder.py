"""A real gRPC server that takes any call and remembers the bytes of each request, under its request id."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import grpc


@dataclass(frozen=True, slots=True)
class Recorded:
    """One call as it arrived."""

    rpc: str
    requests: tuple[bytes, ...]


class Recorder:
    """Serves methods of every kind, answers each with an empty message, and keeps what was asked."""

    def __init__(self, kinds: Mapping[str, str]) -> None:
        """Take the kind of each method, by gRPC path."""
        self._kinds = kinds
        self._lock = threading.Lock()
        self._calls: dict[str, Recorded] = {}
        self._server = grpc.server(ThreadPoolExecutor(8), handlers=[_Any(self)])
        self.port = self._server.add_insecure_port("127.0.0.1:0")

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.stop(None).wait()

    def take(self, request_id: str) -> Recorded | None:
        """What the call of a request id was; None: none arrived."""
        with self._lock:
            return self._calls.pop(request_id, None)

    def handler(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        """How a call is answered."""
        rpc, request_id = details.method, str(dict(details.invocation_metadata)["x-request-id"])

        def keep(requests: tuple[bytes, ...]) -> bytes:
            with self._lock:
                assert request_id not in self._calls, "the request was sent twice"
                self._calls[request_id] = Recorded(rpc, requests)
            return b""

        match self._kinds[rpc]:
            case "unary":
                return grpc.unary_unary_rpc_method_handler(lambda request, context: keep((request,)))
            case "server":
                return grpc.unary_stream_rpc_method_handler(lambda request, context: iter((keep((request,)),)))
            case "client":
                return grpc.stream_unary_rpc_method_handler(lambda requests, context: keep(tuple(requests)))
            case _:
                return grpc.stream_stream_rpc_method_handler(lambda requests, context: _answer(keep, requests))


def _answer(keep: Any, requests: Iterator[bytes]) -> Iterator[bytes]:
    yield keep(tuple(requests))


class _Any(grpc.GenericRpcHandler):
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        return self._recorder.handler(handler_call_details)
