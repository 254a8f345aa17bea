"""A real gRPC server that takes any call and remembers the bytes of each request, under its request id."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Self

import grpc

_TIMEOUT_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """One call as it arrived."""

    rpc: str
    requests: tuple[bytes, ...]


class Recorder:
    """Serves methods of every kind and keeps what was asked. Each call is answered with an empty message or, where
    there is a server behind it, with what that one answers.
    """

    def __init__(self, kinds: Mapping[str, str], behind: str | None = None) -> None:
        """`kinds` has those of the methods, by gRPC path, that are not unary; `behind` is another server's address."""
        self._kinds = kinds
        self._channel = grpc.insecure_channel(behind) if behind else None
        self._lock = threading.Lock()
        self._calls: dict[str, Recorded] = {}
        self._server = grpc.server(ThreadPoolExecutor(8), handlers=[_Everything(self)])
        self.port = self._server.add_insecure_port("127.0.0.1:0")

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.stop(None).wait()
        if self._channel is not None:
            self._channel.close()

    def take(self, request_id: str) -> Recorded | None:
        """What the call of a request id was; None: none arrived."""
        with self._lock:
            return self._calls.pop(request_id, None)

    def handler(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        """How a call is answered."""
        rpc, request_id = details.method, str(dict(details.invocation_metadata)["x-request-id"])

        def answers(requests: Iterable[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            taken = tuple(requests)
            with self._lock:
                self._calls[request_id] = Recorded(rpc, taken)
            return self._pass_on(rpc, taken, context)

        match self._kinds.get(rpc, "unary"):
            case "unary":
                return grpc.unary_unary_rpc_method_handler(lambda sent, context: next(answers((sent,), context)))
            case "server":
                return grpc.unary_stream_rpc_method_handler(lambda sent, context: answers((sent,), context))
            case "client":
                return grpc.stream_unary_rpc_method_handler(lambda sent, context: next(answers(sent, context)))
            case _:
                return grpc.stream_stream_rpc_method_handler(answers)

    def _pass_on(self, rpc: str, requests: tuple[bytes, ...], context: grpc.ServicerContext) -> Iterator[bytes]:
        if self._channel is None:
            yield b""
            return
        try:
            # On the wire all kinds are streams.
            call: Any = self._channel.stream_stream(rpc)
            yield from call(iter(requests), timeout=_TIMEOUT_S)
        except grpc.RpcError as error:
            failed: Any = error
            context.set_trailing_metadata(failed.trailing_metadata() or ())
            context.abort(failed.code(), failed.details())


class _Everything(grpc.GenericRpcHandler):
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        return self._recorder.handler(handler_call_details)
