"""The story of a request that was not sent: the gateway's own parts asked what they would do with it.

Nothing here decides anything: the router's search tells its route, the decoder what binds where, negotiation what the
answer looks like, each in the words that a client would get.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from multidict import CIMultiDict, CIMultiDictProxy
from structlog.testing import capture_logs

from transom_runtime.api import Route
from transom_runtime.binding import Binding, StreamKind
from transom_runtime.downstream.head import split_target
from transom_runtime.downstream.negotiate import check_acceptable, read_accept, stream_framing
from transom_runtime.downstream.resource import is_asked_for
from transom_runtime.errors import CallError
from transom_runtime.policy.sanitize.sanitizer import Sanitizer
from transom_runtime.routing import Explanation, Router
from transom_runtime.serving.kinds import answers_raw, answers_stream
from transom_runtime.settings import Settings
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.placement import Placement

_WHOLE = frozenset({StreamKind.UNARY, StreamKind.SERVER})
"""The kinds whose request is one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request as it would be sent."""

    method: str
    target: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What becomes of a request."""

    sent: Sent
    routing: Explanation
    methods_only: bool
    """Whether it asks for the path's methods, and the gateway itself answers it."""
    placements: tuple[Placement, ...] = ()
    """Where its path variables, parameters and headers go."""
    message: str = ""
    """The request message as JSON; empty where there is none."""
    framing: str = ""
    """The media type of the answer, or what else it comes in; empty: not known."""
    error: CallError | None = None
    """What the client gets instead of an answer; policies are not asked."""
    near: tuple[tuple[str, Binding], ...] = ()
    """Requests much like it that reach a binding."""


def tell(routes: Sequence[Route], settings: Settings, sent: Sent) -> Story:
    """Ask the router, and then the stages of the route that it finds."""
    raw_path, raw_query = split_target(sent.target)
    router = Router(((route.binding, route) for route in routes), unescape=settings.unescape)
    routing = router.explain(sent.method, raw_path)
    if routing.error is not None or routing.binding is None:
        assert routing.error is not None
        asked = is_asked_for(sent.method, routing.error)
        near = () if routing.allowed else tuple(_near(router, routes, sent.method, raw_path))
        return Story(sent=sent, routing=routing, methods_only=asked, error=routing.error, near=near)
    return _bound(routing, routing.binding, settings, sent, raw_query)


def _bound(routing: Explanation, binding: Binding, settings: Settings, sent: Sent, raw_query: str) -> Story:
    codec = Codec(settings.transcode, text_checks=Sanitizer(settings.sanitize))
    decoder = codec.request_decoder(binding)
    headers = CIMultiDictProxy(CIMultiDict(sent.headers))
    resume = headers.get("Last-Event-ID", "")
    texts = [text for _, text in routing.variables]
    message, framing, error = "", "", None
    try:
        framing = _negotiated(binding, headers)
        with capture_logs():  # what the checks of texts found is told below
            wire = decoder.decode(
                texts,
                raw_query,
                sent.body if binding.stream in _WHOLE else b"",
                content_type=headers.get("Content-Type", ""),
                method=sent.method,
                resume=resume,
            )
        if binding.stream in _WHOLE:
            message = codec.encode_message(binding.request.FromString(wire)).decode()
    except CallError as refusal:
        error = refusal
    return Story(
        sent=sent,
        routing=routing,
        methods_only=False,
        placements=tuple(decoder.placements(texts, raw_query, resume=resume)),
        message=message,
        framing=framing,
        error=error,
    )


def _negotiated(binding: Binding, headers: CIMultiDictProxy[str]) -> str:
    """The media type of the answer, or what else it comes in, as far as it is known. Raises CallError (406)."""
    if answers_raw(binding):
        return ""
    if binding.stream is StreamKind.BIDI and binding.body is None:
        return "the frames of a WebSocket, and 426 to a plain request"
    accept = read_accept(headers)
    if answers_stream(binding):
        return stream_framing(accept).content_type
    check_acceptable(accept)
    return "application/json"


def _near(router: Router[Route], routes: Sequence[Route], method: str, raw_path: str) -> Iterator[tuple[str, Binding]]:
    """The path with its trailing slash put right, and with each custom verb: those that reach a binding."""
    verbs = sorted({route.binding.verb for route in routes} - {""})
    bare = raw_path.rstrip("/")
    for path in (bare, f"{bare}/", *(f"{bare}:{verb}" for verb in verbs)):
        found = router.explain(method, path) if path not in {raw_path, ""} else None
        if found is not None and found.binding is not None and found.error is None:
            yield path, found.binding
