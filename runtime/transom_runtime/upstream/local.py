"""An upstream in this process: servicers called directly, behind the same bytes as a channel."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.extension import Health, Reply, Sent
from transom_runtime.upstream.errors import out_of_time
from transom_runtime.upstream.local_stream import LocalReplyStream
from transom_runtime.upstream.sending import close_messages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from google.protobuf.descriptor import ServiceDescriptor
    from google.protobuf.message import Message

    from transom_runtime.binding import Binding
    from transom_runtime.call import Call, Principal
    from transom_runtime.extension import Invoke, Messages, OpenStream, ReplyStream


@dataclass(slots=True, eq=False, kw_only=True)
class LocalContext:
    """What a servicer knows of the call that it serves, and may send beside its messages."""

    call: Call
    """The whole call: principal, headers, deadline, request id."""
    initial: list[tuple[str, str | bytes]] = field(default_factory=list)
    """Metadata to send before the reply."""
    trailing: list[tuple[str, str | bytes]] = field(default_factory=list)
    """Metadata to send after it."""

    @property
    def principal(self) -> Principal:
        """The verified caller."""
        return self.call.principal

    @property
    def request_id(self) -> str:
        """The id under which the call is logged."""
        return self.call.request_id

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the HTTP request, which stand in for metadata here."""
        return self.call.head.headers


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalService:
    """A servicer and the service that it serves.

    The servicer has an async method for each RPC that it serves, by the RPC's name, taking the request message and a
    LocalContext: one that returns the response message or, for a stream, iterates over them. Where the client streams,
    it takes an async iterator of messages in place of the one.
    """

    descriptor: ServiceDescriptor
    servicer: object


class LocalUpstream:
    """An Upstream that is served in this process. What a servicer raises beside CallError is INTERNAL."""

    def __init__(self, name: str, services: Sequence[LocalService]) -> None:
        self.name = name
        self._methods: dict[str, Callable[..., Any]] = {
            f"/{service.descriptor.full_name}/{method.name}": getattr(service.servicer, method.name)
            for service in services
            for method in service.descriptor.methods
            if hasattr(service.servicer, method.name)
        }

    def unary(self, binding: Binding) -> Invoke[bytes]:
        """The way to call a unary method. Raises LookupError where no servicer has it."""
        return _invoke(self._method(binding), binding.request.FromString, binding.response)

    def server_stream(self, binding: Binding) -> OpenStream[bytes]:
        """The way to call a server-streaming method. Raises LookupError likewise."""
        return _open(self._method(binding), binding.request.FromString, binding.response)

    def client_stream(self, binding: Binding) -> Invoke[Messages]:
        """The way to call a client-streaming method. Raises LookupError likewise."""
        return _invoke(self._method(binding), partial(_parsed, binding.request.FromString), binding.response)

    def bidi_stream(self, binding: Binding) -> OpenStream[Messages]:
        """The way to call a method that streams both ways. Raises LookupError likewise."""
        return _open(self._method(binding), partial(_parsed, binding.request.FromString), binding.response)

    async def health(self) -> Health:
        """Ready: a servicer lives as long as its process."""
        return Health(name=self.name, ready=True)

    async def close(self) -> None:
        """Nothing is held that would have to be let go of."""

    def _method(self, binding: Binding) -> Callable[..., Any]:
        try:
            return self._methods[binding.rpc]
        except KeyError:
            raise LookupError(f"the upstream {self.name!r} does not serve {binding.rpc!r}") from None


def _invoke(
    method: Callable[[Any, LocalContext], Awaitable[Any]], parse: Callable[[Sent], Any], expected: type[Message]
) -> Invoke[Sent]:
    async def invoke(call: Call, sent: Sent) -> Reply:
        call.attempts += 1
        context = LocalContext(call=call)
        with _converted():
            async with _within(call):
                wire = _serialize(await method(parse(sent), context), expected)
        return Reply(wire=wire, initial=context.initial, trailing=context.trailing)

    return invoke


def _open(
    method: Callable[[Any, LocalContext], AsyncIterator[Any]], parse: Callable[[Sent], Any], expected: type[Message]
) -> OpenStream[Sent]:
    def open_stream(call: Call, sent: Sent) -> ReplyStream:
        call.attempts += 1
        context = LocalContext(call=call)
        replies = _serialized(lambda: method(parse(sent), context), expected)
        return LocalReplyStream(replies, context.initial, context.trailing, call.deadline)

    return open_stream


async def _parsed(parse: Callable[[bytes], Message], messages: Messages) -> AsyncIterator[Message]:
    """The requests of a client stream, for a servicer; what they are made from is closed with this."""
    try:
        async for message in messages:
            yield parse(message)
    finally:
        await close_messages(messages)


async def _serialized(begin: Callable[[], AsyncIterator[Any]], expected: type[Message]) -> AsyncIterator[bytes]:
    """The messages of a servicer's stream, serialized; the servicer's iterator is closed with this one."""
    with _converted():
        messages = begin()
        try:
            async for reply in messages:
                yield _serialize(reply, expected)
        finally:
            if hasattr(messages, "aclose"):
                await messages.aclose()


def _serialize(reply: Any, expected: type[Message]) -> bytes:
    if not isinstance(reply, expected):
        raise TypeError(f"the servicer answered with {type(reply).__name__}, not {expected.__name__}")
    return reply.SerializeToString()


@contextlib.contextmanager
def _converted() -> Iterator[None]:
    """Let CallErrors through and turn every other exception into INTERNAL, which tells nothing (E5)."""
    try:
        yield
    except CallError:
        raise
    except Exception as error:
        raise CallError(
            Code.INTERNAL,
            "the gateway failed to handle the request",
            origin=Origin.GATEWAY,
            reason="INTERNAL",
            remedy="report the request id; the gateway's logs hold the rest",
        ) from error


@contextlib.asynccontextmanager
async def _within(call: Call) -> AsyncIterator[None]:
    """Hold a servicer to the call's deadline. Raises CallError (DEADLINE_EXCEEDED)."""
    remaining_s = call.deadline.remaining_s()
    try:
        async with asyncio.timeout(None if math.isinf(remaining_s) else remaining_s) as limit:
            yield
    except TimeoutError as error:
        if limit.expired():
            raise out_of_time() from error
        raise
