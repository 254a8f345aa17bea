"""The knobs of state/: where Redis is, how long to wait for it, and how much is remembered in the process itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from transom_runtime.state.address import Topology, parse_address


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisTlsOptions:
    """How Redis proves itself, and the gateway to Redis."""

    root_path: Path | None = None
    """PEM file of the authorities to believe; None: the system's."""
    cert_path: Path | None = None
    """PEM file of the gateway's own certificate chain, for mutual TLS."""
    key_path: Path | None = None
    """PEM file of its private key."""

    def __post_init__(self) -> None:
        if (self.cert_path is None) != (self.key_path is None):
            raise ValueError("cert_path and key_path go together: one of them is missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCacheOptions:
    """How long and how many verified callers are remembered."""

    size: int = 10_000
    """Callers kept in the process; the one unused for longest makes room."""
    max_age_s: float = 1800.0
    """The longest that a caller is remembered; a token that ends earlier is forgotten then."""

    def __post_init__(self) -> None:
        if self.size < 1 or not 0 < self.max_age_s <= 1800:
            raise ValueError("size has to be 1 or more, and max_age_s more than 0 and 1800 at most")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInOptions:
    """How closely the callers' sign-ins are followed."""

    touch_interval_s: float = 60.0
    """Being seen again within this time is not noted, unless from elsewhere."""
    flush_delay_s: float = 0.5
    """How long notes are gathered before they go to Redis together."""
    max_per_user: int = 100
    """Sign-ins kept per user; those seen longest ago make room."""
    size: int = 10_000
    """Sign-ins kept in the process."""

    def __post_init__(self) -> None:
        if min(self.touch_interval_s, self.flush_delay_s) < 0 or min(self.max_per_user, self.size) < 1:
            raise ValueError("the times have to be 0 or more, max_per_user and size 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketOptions:
    """How long stream tickets are good for."""

    ttl_s: float = 30.0
    """The longest time between a ticket's making and its use: enough for a browser to open a connection."""
    size: int = 10_000
    """Tickets kept in the process while Redis is away; the oldest makes room."""

    def __post_init__(self) -> None:
        if not 1 <= self.ttl_s <= 600 or self.size < 1:
            raise ValueError("ttl_s has to be 1 to 600, and size 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRegistryOptions:
    """How live streams are counted."""

    max_per_caller: int = 100
    """Streams that a caller may have open at once, on all replicas; 0: any number. Where nobody is verified the address
    is the caller. The default is far above what one person's pages hold open, and far below what a process holds.
    """
    lease_s: float = 30.0
    """How long a stream stays listed after its replica was last heard of."""

    def __post_init__(self) -> None:
        if self.lease_s < 0.01 or self.max_per_caller < 0:
            raise ValueError("lease_s has to be 0.01 or more, and max_per_caller 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class StateOptions:
    """Where the gateway keeps its protection state."""

    url: str | None = field(default=None, repr=False)
    """Redis, as `address` says; None: every process keeps its own state and tells nobody."""
    prefix: str = "transom"
    """What all keys and channels begin with: gateways with the same prefix share their state."""
    tls: RedisTlsOptions = RedisTlsOptions()
    """For the `rediss` schemes."""
    sentinel_username: str = field(default="", repr=False)
    """For the Sentinels: the URL's credentials are those of the servers that they watch."""
    sentinel_password: str = field(default="", repr=False)
    """Empty: the Sentinels ask for none."""
    timeout_s: float = 0.25
    """The longest that a command waits for its reply. While Redis does not keep to it, commands fail at once."""
    connect_timeout_s: float = 2.0
    """The longest that one attempt to connect may take."""
    drop_after_s: float = 3.0
    """A connection that owes a reply for longer is given up."""
    ping_interval_s: float = 10.0
    """The time between pings that ask whether the connection lives."""
    max_reconnect_wait_s: float = 2.0
    """The longest pause between two attempts to connect."""
    max_pending: int = 20_000
    """Commands that may wait for replies at once; more fail at once."""
    token_cache: TokenCacheOptions = TokenCacheOptions()
    sign_ins: SignInOptions = SignInOptions()
    tickets: TicketOptions = TicketOptions()
    streams: StreamRegistryOptions = StreamRegistryOptions()

    def __post_init__(self) -> None:
        times = (self.timeout_s, self.connect_timeout_s, self.drop_after_s, self.ping_interval_s)
        if min(*times, self.max_reconnect_wait_s, self.max_pending) <= 0:
            raise ValueError("every time and max_pending have to be more than 0")
        if not self.prefix or set(self.prefix) & set("{} "):
            raise ValueError("prefix is empty, or has braces or spaces in it")
        if self.url is not None:
            address = parse_address(self.url)
            if address.topology is Topology.CLUSTER and address.db:
                raise ValueError("a Cluster has no databases: the URL names one")
