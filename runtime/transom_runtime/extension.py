"""The shapes of everything that can be plugged into a call: gates, observers, invokers and upstreams.

A gate lets a call pass or raises, an observer watches and cannot change anything, an invoker wraps the upstream call
and may repeat it. Three shapes of extension, no others; an upstream is what the innermost invoker calls.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor

    from transom_runtime.binding import Binding
    from transom_runtime.call import Call
    from transom_runtime.errors import Code, Origin

Metadata = Sequence[tuple[str, str | bytes]]
"""gRPC metadata: lower-case keys; the values of `-bin` keys are bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a unary RPC answered."""

    wire: bytes
    """The response message, serialized."""
    initial: Metadata = ()
    trailing: Metadata = ()


class ReplyStream(Protocol):
    """The messages that an upstream streams, serialized. One consumer; it reads on only when asked, so a slow reader
    slows the upstream.
    """

    async def initial_metadata(self) -> Metadata:
        """The headers of the stream, as soon as the upstream sends them. Raises CallError."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The messages, in order. Raises CallError where the upstream fails."""

    def trailing_metadata(self) -> Metadata:
        """The trailers; empty until the stream has ended."""

    def cancel(self) -> None:
        """End the RPC now. Harmless when it has ended."""


Messages = AsyncIterator[bytes]
"""The serialized requests of a client or bidi stream, as they arrive. What it raises ends the RPC, which raises it."""

Sent = TypeVar("Sent", bytes, Messages)
"""What goes to the upstream: one serialized request, or a stream of them."""

Invoke = Callable[["Call", Sent], Awaitable[Reply]]
"""Makes one RPC that is answered once: the call and what is sent in, the reply out. Raises CallError."""

OpenStream = Callable[["Call", Sent], ReplyStream]
"""Starts one RPC that is answered by a stream. Does no I/O before the first await on what it returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether a part of the gateway can do its work."""

    name: str
    ready: bool
    reason: str = ""
    """Why not; a clause for an operator, empty where ready."""


class Upstream(Protocol):
    """A filling for the far side of a call: a gRPC channel, or servicers in this process."""

    def unary(self, binding: Binding) -> Invoke[bytes]:
        """The way to call a unary method. Raises LookupError where the upstream does not serve it."""

    def server_stream(self, binding: Binding) -> OpenStream[bytes]:
        """The way to call a server-streaming method. Raises LookupError likewise."""

    def client_stream(self, binding: Binding) -> Invoke[Messages]:
        """The way to call a client-streaming method. Raises LookupError likewise."""

    def bidi_stream(self, binding: Binding) -> OpenStream[Messages]:
        """The way to call a method that streams both ways. Raises LookupError likewise."""

    async def health(self) -> Health:
        """Whether calls are likely to be answered; quick, and never raises."""

    async def close(self) -> None:
        """Let go of everything. Calls in flight fail."""


class Invoker(Protocol):
    """Wraps the way to call one method; made ready once per binding, at start."""

    def around_invoke(self, binding: Binding, invoke: Invoke[Sent]) -> Invoke[Sent]:
        """The wrapped call that is answered once; `invoke` itself where there is nothing to add."""

    def around_open(self, binding: Binding, open_stream: OpenStream[Sent]) -> OpenStream[Sent]:
        """The wrapped call that is answered by a stream; `open_stream` itself where there is nothing to add."""


class Gate(Protocol):
    """A policy: decides whether a call may go on, before its body is read."""

    async def check(self, call: Call) -> None:
        """Pass, or raise CallError. May fill in `call.principal` and `call.response_headers`, and take a credential out
        of `call.head`.
        """


# Not frozen, since one is made per request: see RequestHead (call.py).
@dataclass(slots=True, kw_only=True)
class Outcome:
    """How a call ended. Nobody changes it."""

    code: Code
    http_status: int
    duration_s: float
    origin: Origin | None = None
    """Who was at fault; None on success."""
    message: str = ""
    """The error's public message; empty on success."""
    request_bytes: int = 0
    response_bytes: int = 0
    messages: int = 1
    """Messages sent downstream: 1 for unary, any number for a stream."""
    cause: BaseException | None = None
    """For logs only: its text never reaches a client."""


class Observer(Protocol):
    """Watches calls. What it raises is logged by the gateway and changes nothing."""

    def on_start(self, call: Call) -> Any:
        """Called before any policy; what it returns comes back in `on_end`."""

    def on_end(self, call: Call, token: Any, outcome: Outcome) -> None:
        """Called exactly once for each `on_start`, when the last byte was sent or the call failed."""


class TextRefused(Exception):  # noqa: N818 -- a verdict on one text, turned into a Fault by whoever knows the place
    """Raised by a TextCheck: the text may not pass."""

    def __init__(self, reason: str, description: str) -> None:
        super().__init__(description)
        self.reason = reason
        """A stable word: `SQL_INJECTION`, …"""
        self.description = description
        """A lower-case clause; never holds the text."""


TextCheck = Callable[[str], str]
"""Looks at one text of a request field: returns it, or a cleaned one, or raises TextRefused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualTexts:
    """Texts that a check is sure to pass as they are: all of usual characters, and none of the sequences in them."""

    characters: str
    """The usual characters of ASCII."""
    beyond: tuple[tuple[int, int], ...] = ()
    """The others: first and last code points of ranges, ascending and apart."""
    never: tuple[str, ...] = ()
    """Sequences of ASCII, as regular expressions, letters in either case: of characters and sets of them (`[a-z.]`, no
    escapes in it), each but one perhaps with `*` behind it; `^` first is the beginning of the text. What is special
    elsewhere stands in a set: `[.]`.
    """
    max_bytes: int = 2**31 - 1
    """The longest of them, in UTF-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickCheck:
    """A TextCheck that tells its usual texts, so that a compiled codec can pass these without asking."""

    check: TextCheck
    usual: UsualTexts
    count: Callable[[int], None]
    """Told how many texts passed without the check being asked."""

    def __call__(self, text: str) -> str:
        """Check a text. Raises TextRefused."""
        return self.check(text)


TextChecks = Callable[["FieldDescriptor"], TextCheck | None]
"""Chooses the check of a string field, once, when its message type's plan is built; None: the text passes unseen."""
