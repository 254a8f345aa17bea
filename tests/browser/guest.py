"""A service that everybody may call: it stands before the engine, and calls it as one user whoever calls.

Behind a route that an operator opened to all, the engine itself would refuse: it keeps what users own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc

GUEST: Final = (("x-principal-id", "ada"), ("x-principal-kind", "user"))
_KINDS: Final = {
    "WatchExecution": "unary_stream",
    "DownloadFile": "unary_stream",
    "SendMessage": "unary_stream",
    "UploadFile": "stream_unary",
}


class _Relay(grpc.GenericRpcHandler):
    """Passes each call on, byte for byte."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        method = handler_call_details.method
        kind = _KINDS.get(method.rpartition("/")[2], "unary_unary")
        call = getattr(self._channel, kind)(method)

        def relay(sent: Any, context: grpc.ServicerContext) -> Any:
            answer = call(sent, metadata=GUEST)
            if kind == "unary_stream":
                context.add_callback(answer.cancel)
            return answer

        return getattr(grpc, f"{kind}_rpc_method_handler")(relay)


@contextlib.contextmanager
def guest(engine: str) -> Iterator[str]:
    """A running relay before the engine; its address."""
    with grpc.insecure_channel(engine) as channel:
        server = grpc.server(ThreadPoolExecutor(max_workers=16), handlers=[_Relay(channel)])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait(10)
