"""One HTTP endpoint bound to one RPC, as plain data: what the generator writes and every stage reads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from google.protobuf import empty_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message


class Wildcard(Enum):
    """A segment of a path template that is not literal text."""

    STAR = "*"
    """One non-empty segment."""
    DOUBLE_STAR = "**"
    """Zero or more segments; always the last of its template."""

    def __repr__(self) -> str:
        return self.name


STAR: Final = Wildcard.STAR
DOUBLE_STAR: Final = Wildcard.DOUBLE_STAR


@dataclass(frozen=True, slots=True, init=False)
class Capture:
    """A path variable: the segments that it covers and the request field that takes their text."""

    field_path: str
    """The field, in proto names, dotted where it is nested: `book.name`."""
    parts: tuple[str | Wildcard, ...]
    """What the variable covers; a bare `{x}` covers one STAR. Never another Capture."""

    def __init__(self, field_path: str, *parts: str | Wildcard) -> None:
        object.__setattr__(self, "field_path", field_path)
        object.__setattr__(self, "parts", parts or (STAR,))

    @property
    def is_multi(self) -> bool:
        """Whether the variable may hold a slash: it covers several segments, or a DOUBLE_STAR."""
        return len(self.parts) > 1 or self.parts[0] is DOUBLE_STAR


Segment = str | Wildcard | Capture
"""One element of a path template: literal text (percent-decoded), a wildcard, or a variable."""


class StreamKind(Enum):
    """Which sides of an RPC send more than one message."""

    UNARY = "unary"
    SERVER = "server"
    CLIENT = "client"
    BIDI = "bidi"


class AuthKind(Enum):
    """The credential that a route asks for."""

    PUBLIC = "public"
    USER = "user"
    API_KEY = "api_key"


class LimitBy(Enum):
    """What a rate limit counts calls by."""

    CALLER = "caller"
    """The verified caller, or the address where nobody is verified."""
    USER = "user"
    KEY = "key"
    ADDRESS = "address"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """Who may call a route."""

    kind: AuthKind = AuthKind.USER
    """The credential that is asked for."""
    scopes: tuple[str, ...] = ()
    """Scopes that the caller must all have."""
    forward: bool = False
    """Whether the caller's Authorization header travels to the upstream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """A limit on how often a route may be called."""

    tier: str = ""
    """The limit's name: one count for all routes that name it; empty: the route's own."""
    requests: int
    """Calls admitted per period, evenly spread; 0 only where `tier` names a limit of the settings."""
    per_s: float = 60.0
    """The period, in seconds."""
    burst: int = 0
    """Calls admitted at once; 0: as many as `requests`."""
    by: LimitBy = LimitBy.CALLER
    """What calls are counted by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How a failed call is repeated."""

    attempts: int = 3
    """Tries in all, the first included. A literal exists only for idempotent methods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """How long a response may be kept."""

    ttl_s: float
    """The longest that it may be kept, in seconds."""
    vary_by_caller: bool = True
    """Whether each caller has their own copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """What a successful response carries beside its body."""

    status: int = 200
    """The HTTP status."""
    location: str = ""
    """A template of the Location header over response fields; empty: none."""
    etag_field: str = ""
    """The response field that becomes the ETag; empty: none."""
    cache_control: str = ""
    """The Cache-Control header; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sse:
    """How a server stream is framed as server-sent events."""

    id_field: str = ""
    """The response field that becomes `id:`; empty: none."""
    event_field: str = ""
    """The response field that becomes `event:`; empty: none."""
    resume_field: str = ""
    """The request field that takes `Last-Event-ID`; empty: none."""
    heartbeat_s: float = 15.0
    """The time between comments on a silent stream, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """How raw content is taken in."""

    filename_field: str = ""
    """The request field that takes what a form calls its file; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """How a stream of google.api.HttpBody is told to begin in the midst of its content."""

    offset_field: str = ""
    """The top-level request field that takes the offset of the first byte wanted; empty: none."""
    length_field: str = ""
    """The top-level request field that takes how many bytes are wanted, zero for all; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """How a route looks to tool callers."""

    name: str
    """The tool's name, unique among the routes of a gateway."""
    description: str
    """What the tool does, for a model to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the gateway demands, allows and promises for a route: the proto's options, service defaults merged in."""

    auth: Auth = Auth()
    rate_limits: tuple[RateLimit, ...] = ()
    timeout_s: float | None = None
    """The longest that a call may take, in seconds; None: the server's cap (none for a stream)."""
    retry: Retry | None = None
    cache: Cache | None = None
    success: Success = Success()
    sse: Sse = Sse()
    upload: Upload = Upload()
    download: Download = Download()
    max_body_bytes: int | None = None
    """The largest request body; None: the server's cap."""
    tool: Tool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One HTTP endpoint bound to one RPC. All of it is known at generation; nothing is parsed from it per request."""

    id: str
    """`package.Service.Method`, with `#1`, `#2` … for additional bindings."""
    method: str
    """The HTTP method, upper case, or `*` for any."""
    template: str
    """The path template as the proto has it."""
    path: tuple[Segment, ...]
    """The template, parsed; the verb apart."""
    verb: str = ""
    """The custom verb, without its colon; empty: none."""
    rpc: str
    """The gRPC path, `/package.Service/Method`."""
    stream: StreamKind = StreamKind.UNARY
    request: type[Message]
    """The request message's class."""
    response: type[Message]
    """The response message's class."""
    body: str | None = None
    """`*`, a top-level field in its proto name, or None: no body."""
    response_body: str | None = None
    """The top-level response field that is the whole body, or None: the message."""
    query: tuple[str, ...] = ()
    """The top-level request fields, in proto names, that a query may reach."""
    policy: Policy = Policy()
    summary: str = ""
    """The first sentence of the proto comment."""
    deprecated: bool = False
    """Whether the method is marked deprecated."""

    @property
    def opens_socket(self) -> bool:
        """Whether its streams go over a WebSocket, which opens with GET, so that each message of them is JSON (S8)."""
        return self.stream is StreamKind.BIDI and self.method in {"GET", "*"}

    @property
    def captures(self) -> tuple[Capture, ...]:
        """The path variables, in the order of the template: routing yields their texts in this order."""
        return tuple(segment for segment in self.path if isinstance(segment, Capture))


UNROUTED: Final = Binding(
    id="unrouted", method="*", template="", path=(), rpc="", request=empty_pb2.Empty, response=empty_pb2.Empty
)
"""Stands for the binding in a call that matched no route, so that refusals are observed like any other call."""
