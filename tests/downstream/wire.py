"""A client that sees every byte, and what tests make calls of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from google.protobuf import empty_pb2, json_format
from google.protobuf.message import Message
from multidict import CIMultiDict, CIMultiDictProxy

from transom_runtime.binding import Binding, Capture, Policy, Success
from transom_runtime.call import Call, RequestHead
from transom_runtime.downstream.head import read_head, request_id
from transom_runtime.downstream.listener import Listener


def encode(message: Message) -> bytes:
    return orjson.dumps(json_format.MessageToDict(message))


def make_binding(template: str = "/v1/{id}", method: str = "GET", success: Success | None = None) -> Binding:
    path = tuple(Capture(part[1:-1]) if part.startswith("{") else part for part in template[1:].split("/"))
    return Binding(
        id=f"t.T.{method}",
        method=method,
        template=template,
        path=path,
        rpc="/t.T/M",
        request=empty_pb2.Empty,
        response=empty_pb2.Empty,
        policy=Policy(success=success or Success()),
    )


def make_head(**headers: str) -> RequestHead:
    pairs = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return RequestHead(
        method="GET", raw_path="/v1/x", raw_query="", headers=CIMultiDictProxy(pairs), address="192.0.2.1"
    )


def make_call(request: web.Request | None = None, binding: Binding | None = None) -> Call:
    head = read_head(request) if request is not None else make_head()
    return Call(binding=binding or make_binding(), head=head, request_id=request_id(head))


@dataclass
class Answer:
    """One response as it came over the wire."""

    status: int
    headers: CIMultiDict[str]
    body: bytes = b""

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    def detail(self, name: str) -> Any:
        """The error detail of a google.rpc type; None where it is missing."""
        return next((d for d in self.json["details"] if d["@type"].endswith(f"google.rpc.{name}")), None)


@dataclass
class Wire:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def get(self, path: str = "/", method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
        """Send one request and read its answer."""
        lines = [f"{method} {path} HTTP/1.1", "Host: test"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        await self.send("\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body)
        return await self.answer(bodiless=method == "HEAD")

    async def head(self) -> Answer:
        """Read status and headers."""
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        pairs = [line.split(": ", 1) for line in lines[1:]]
        return Answer(int(lines[0].split(" ")[1]), CIMultiDict([(name, value) for name, value in pairs]))

    async def chunk(self) -> bytes:
        """Read one chunk; empty: the last."""
        size = int((await self.reader.readline()).strip(), 16)
        data = await self.reader.readexactly(size)
        await self.reader.readexactly(2)
        return data

    async def answer(self, *, bodiless: bool = False) -> Answer:
        answer = await self.head()
        if bodiless or answer.status in {204, 304}:
            return answer
        if answer.headers.get("Transfer-Encoding") == "chunked":
            while data := await self.chunk():
                answer.body += data
        elif "Content-Length" in answer.headers:
            answer.body = await self.reader.readexactly(int(answer.headers["Content-Length"]))
        else:
            answer.body = await self.reader.read()
        return answer

    async def is_closed(self) -> bool:
        """Whether the server closes the connection, saying nothing more."""
        return await self.reader.read() == b""


@dataclass
class Served:
    """A listener, and connections to it."""

    listener: Listener
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def connect(self, **options: Any) -> Wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.listener.port, **options)
        self.stack.callback(writer.close)
        return Wire(reader, writer)


Serve = Callable[..., Awaitable[Served]]
