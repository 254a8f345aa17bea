"""What the gateway demands, allows and promises for a method, as transom/v1/policy.proto's options say it.

The classes have the names, fields and defaults of those that generated code writes them as: a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class AuthKind(Enum):
    """The credential that a route asks for."""

    PUBLIC = "public"
    USER = "user"
    API_KEY = "api_key"


class LimitBy(Enum):
    """What a rate limit counts calls by."""

    CALLER = "caller"
    USER = "user"
    KEY = "key"
    ADDRESS = "address"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """Who may call."""

    kind: AuthKind = AuthKind.USER
    scopes: tuple[str, ...] = ()
    forward: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """How often."""

    tier: str = ""
    requests: int
    per_s: float = 60.0
    burst: int = 0
    by: LimitBy = LimitBy.CALLER


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How a failed call is repeated; only where the method is idempotent."""

    attempts: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """How long a response may be kept."""

    ttl_s: float
    vary_by_caller: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """What a successful response carries beside its body."""

    status: int = 200
    location: str = ""
    etag_field: str = ""
    cache_control: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sse:
    """How a server stream is framed as server-sent events."""

    id_field: str = ""
    event_field: str = ""
    resume_field: str = ""
    heartbeat_s: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """How raw content is taken in."""

    filename_field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """How a stream of HttpBody is told to begin in the midst of its content."""

    offset_field: str = ""
    length_field: str = ""

    @property
    def fields(self) -> frozenset[str]:
        """The request fields that the gateway fills."""
        return frozenset({self.offset_field, self.length_field} - {""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """How a route looks to tool callers."""

    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A method's policy, its service's defaults merged in."""

    auth: Auth = Auth()
    rate_limits: tuple[RateLimit, ...] = ()
    timeout_s: float | None = None
    retry: Retry | None = None
    cache: Cache | None = None
    success: Success = Success()
    sse: Sse = Sse()
    upload: Upload = Upload()
    download: Download = Download()
    max_body_bytes: int | None = None
    tool: Tool | None = None
