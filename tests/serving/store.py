"""An upstream on a real channel that keeps contents, and a gateway in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import grpc
from google.api import httpbody_pb2

from serving.kit import Running, running
from transom.v1.content_pb2 import Content
from transom_codegen.generate import GenerateOptions, generate
from transom_codegen.generated_tree import write_tree
from transom_runtime.policy.rate_limit import RateLimitOptions
from transom_runtime.settings import Settings
from transom_runtime.upstream.channels import ChannelOptions

PROTOS: Final = Path(__file__).parent / "store_protos"
INDEX: Final = "transom_contents"
SERVICE: Final = "contents.v1.ContentService"
HttpBody: Any = httpbody_pb2.HttpBody


def write_generated(out: Path) -> None:
    """Write what the generator makes of the protos of the store, and make it an import root."""
    tree = generate(GenerateOptions(protos=PROTOS, index=INDEX))
    assert not tree.problems, tree.problems
    write_tree(tree, out)
    # Behind the repository's own, whose index of routes has the same name.
    sys.path.append(str(out))


@dataclass(slots=True, kw_only=True)
class Stored:
    """One content, and how it is sent."""

    data: bytes = b""
    told: Content | None = field(default_factory=Content)
    """What is told of it; None: nothing at all. The size is filled in where `tells_size`."""
    tells_size: bool = True
    content_type: str = "application/x-test"
    piece_bytes: int = 1000
    breaks_at: int = -1
    """How many pieces are sent before it fails; negative: it does not."""
    breaks_with: grpc.StatusCode = grpc.StatusCode.DATA_LOSS
    """OK: it ends instead."""
    waits_at: int = -1
    """How many pieces are sent before it waits for ever."""
    seeks: bool = True
    is_garbled: bool = False
    """Whether what is told cannot be read."""

    def pieces(self, offset: int, length: int) -> list[bytes]:
        data = self.data[offset : offset + length if length else None]
        return [data[at : at + self.piece_bytes] for at in range(0, len(data), self.piece_bytes)] or [b""]

    def body(self, data: bytes, *, offset: int = 0, is_first: bool = True) -> Any:
        body = HttpBody(data=data)
        if is_first:
            body.content_type = self.content_type
            if self.told is not None:
                told = Content()
                told.CopyFrom(self.told)
                if self.tells_size and not told.HasField("size_bytes"):
                    told.size_bytes = len(self.data)
                told.offset = told.offset or offset
                body.extensions.add().Pack(told)
                if self.is_garbled:
                    body.extensions[0].value = b"\xff"
        return body


@dataclass(slots=True)
class Store:
    """contents.v1.ContentService."""

    kept: dict[str, Stored] = field(default_factory=dict)
    asked: list[tuple[int, int]] = field(default_factory=list)
    """The offset and the length of each call of Seek."""
    written: int = 0
    """Bytes that streams got rid of."""
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a stream waits for ever."""
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    initial: tuple[tuple[str, str], ...] = ()
    """The headers of every answer."""
    on_call: Callable[[Stored], None] | None = None
    """Told of each call, before it is answered."""

    def handlers(self, messages: Any) -> Any:
        """What a server is to serve; `messages` is the compiled module."""
        wrapped = messages.Wrapped

        async def seek(place: Any, context: Any) -> AsyncIterator[Any]:
            self.asked.append((place.offset, place.length))
            stored = self._find(place.id)
            at = (place.offset, place.length) if stored.seeks else (0, 0)
            async for body in self._stream(stored, context, *at):
                yield body

        async def stream(name: Any, context: Any) -> AsyncIterator[Any]:
            async for body in self._stream(self._find(name.id), context):
                yield body

        async def get(name: Any, context: Any) -> Any:
            await context.send_initial_metadata(self.initial)
            stored = self._find(name.id)
            return stored.body(stored.data)

        async def wrap(name: Any, context: Any) -> Any:
            await context.send_initial_metadata(self.initial)
            stored = self._find(name.id)
            return wrapped(body=stored.body(stored.data), etag="wrapped")

        async def wrap_stream(name: Any, context: Any) -> AsyncIterator[Any]:
            async for body in self._stream(self._find(name.id), context):
                yield wrapped(body=body, etag="wrapped")

        async def describe(name: Any, context: Any) -> Any:
            return messages.Described(id=name.id, etag="v1")

        one, many = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
        methods: dict[str, Any] = {
            "Seek": _made(many, seek, messages.Place, HttpBody),
            "Stream": _made(many, stream, messages.Name, HttpBody),
            "Get": _made(one, get, messages.Name, HttpBody),
            "Wrap": _made(one, wrap, messages.Name, wrapped),
            "WrapStream": _made(many, wrap_stream, messages.Name, wrapped),
            "Describe": _made(one, describe, messages.Name, messages.Described),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    def _find(self, content_id: str) -> Stored:
        stored = self.kept[content_id]
        if self.on_call is not None:
            self.on_call(stored)
        return stored

    async def _stream(self, stored: Stored, context: Any, offset: int = 0, length: int = 0) -> AsyncIterator[Any]:
        await context.send_initial_metadata(self.initial)
        try:
            for number, data in enumerate(stored.pieces(offset, length)):
                if number == stored.waits_at:
                    self.entered.set()
                    await asyncio.Event().wait()
                if number == stored.breaks_at and stored.breaks_with is grpc.StatusCode.OK:
                    return
                if number == stored.breaks_at:
                    await context.abort(stored.breaks_with, "broken")
                yield stored.body(data, offset=offset, is_first=number == 0)
                self.written += len(data)
            if len(stored.pieces(offset, length)) == stored.breaks_at:
                await context.abort(stored.breaks_with, "broken")
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled.set()
            raise


def _made(make: Any, answer: Any, request: Any, response: Any) -> Any:
    return make(answer, request_deserializer=request.FromString, response_serializer=response.SerializeToString)


@contextlib.asynccontextmanager
async def serving(generated: Path, **more: Any) -> AsyncIterator[tuple[Running, Store]]:
    """A store on a port of its own, and a gateway in front of it; `more` are settings."""
    store, server = Store(), grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    server.add_generic_rpc_handlers((store.handlers(importlib.import_module("contents.v1.contents_pb2")),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    # However busy the machine is, a store that lives can be reached.
    options = ChannelOptions(target=f"dns:///127.0.0.1:{port}", connect_timeout_s=30.0, keepalive_timeout_s=30.0)
    channel = {"channel": options, "services": ["contents.v1.*"]}
    content: dict[str, Any] = {
        "generated": generated,
        "routes": (INDEX,),
        "rate_limit": RateLimitOptions(enabled=False),
        "upstreams": {"store": channel},
        **more,
    }
    try:
        async with running(use=Settings(**content)) as at:
            yield at, store
    finally:
        await server.stop(0)
