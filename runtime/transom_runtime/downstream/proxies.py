"""Who really calls: the forwarding headers, believed from configured proxies only (semantics.md H5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy

_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_PAIR: Final = re.compile(r"""\s*([A-Za-z]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;,"\s]*)\s*(?:;|$)""")
_MAX_PEERS: Final = 4096
_ELEMENT: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')


class Forwarding(Enum):
    """Which headers the trusted proxies write. A proxy passes on what it does not write, so a caller may forge that."""

    EITHER = "either"
    """X-Forwarded-* where they are present, else Forwarded."""
    X_FORWARDED = "x-forwarded"
    FORWARDED = "forwarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One side of a connection, as the next one saw it."""

    address: str
    scheme: str
    host: str
    forwarded_for: tuple[str, ...] = ()
    """The addresses on the way, the caller's first; empty where none could be read."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The other side of a connection."""

    address: str
    """As addresses are written here, an IPv4 one without its IPv6 form; what is no address stays as it is."""
    forwarded_for: tuple[str, ...]
    """The same in a list; empty where it is no address, such as a socket's file."""
    is_trusted: bool
    """Whether it is a proxy whose word is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedProxies:
    """The proxies whose word on the caller is taken."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Where they are; empty: nobody is believed."""
    forwarding: Forwarding = Forwarding.EITHER
    """Which headers they write."""
    peer: Callable[[str], Peer] = field(init=False, repr=False, compare=False)
    """Who the other side of a connection is, by its address; kept for the many requests that a connection brings."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "peer", lru_cache(maxsize=_MAX_PEERS)(self._look_at))

    def _look_at(self, text: str) -> Peer:
        address = _address(text)
        if address is None:
            return Peer(text, (), is_trusted=False)
        return Peer(str(address), (str(address),), is_trusted=self._trusts(address))

    @classmethod
    def parse(cls, cidrs: Iterable[str], forwarding: Forwarding = Forwarding.EITHER) -> TrustedProxies:
        """The proxies at `cidrs`. Raises ValueError, naming the one that is no network."""
        return cls(networks=tuple(ip_network(cidr) for cidr in cidrs), forwarding=forwarding)

    def caller(self, direct: Hop, headers: CIMultiDictProxy[str]) -> Hop:
        """The caller behind the trusted proxies: the right-most address that is not one of them, else the left-most.

        An address that cannot be read ends the search at the last one that could.
        """
        peer = self.peer(direct.address)
        if not peer.is_trusted:
            return replace(direct, address=peer.address, forwarded_for=peer.forwarded_for)
        chain = self._chain(headers)
        on_the_way = [ip_address(peer.address)]
        for told in reversed(chain):
            behind = _address(told.address)
            if behind is None:
                break
            on_the_way.append(behind)
            if not self._trusts(behind):
                break
        hops = len(on_the_way) - 1
        told_by = chain[-hops] if hops else chain[-1] if chain else _UNTOLD
        return Hop(
            address=str(on_the_way[-1]),
            scheme=told_by.scheme if told_by.scheme in {"http", "https"} else direct.scheme,
            host=told_by.host if _HOST.fullmatch(told_by.host) else direct.host,
            forwarded_for=tuple(str(one) for one in reversed(on_the_way)),
        )

    def _trusts(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self.networks)

    def _chain(self, headers: CIMultiDictProxy[str]) -> list[Hop]:
        if self.forwarding is not Forwarding.FORWARDED:
            chain = _x_forwarded_chain(headers)
            if chain or self.forwarding is Forwarding.X_FORWARDED:
                return chain
        return _forwarded_chain(headers.getall("Forwarded", ()))


NO_PROXIES: Final = TrustedProxies()
_UNTOLD: Final = Hop(address="", scheme="", host="")


def _x_forwarded_chain(headers: CIMultiDictProxy[str]) -> list[Hop]:
    """The three lists side by side, aligned at the right; a list that is shorter holds for what is left of it too."""
    addresses = _listed(headers.getall("X-Forwarded-For", ()))
    schemes = _listed(headers.getall("X-Forwarded-Proto", ()))
    hosts = _listed(headers.getall("X-Forwarded-Host", ()))
    length = max(len(addresses), 1 if schemes or hosts else 0)
    return [
        Hop(address=_from_right(addresses, at), scheme=_from_right(schemes, at).lower(), host=_from_right(hosts, at))
        for at in range(length, 0, -1)
    ]


def _from_right(values: list[str], at: int) -> str:
    return values[-min(at, len(values))] if values else ""


def _listed(values: Iterable[str]) -> list[str]:
    return [item.strip() for value in values for item in value.split(",") if item.strip()]


def _forwarded_chain(values: Iterable[str]) -> list[Hop]:
    """RFC 7239: one hop for each element; an element that cannot be read is a hop that says nothing."""
    hops = []
    for value in values:
        for element in _ELEMENT.findall(value):
            pairs: Mapping[str, str] = {name.lower(): _unquoted(text) for name, text in _PAIR.findall(element)}
            hops.append(
                Hop(address=pairs.get("for", ""), scheme=pairs.get("proto", "").lower(), host=pairs.get("host", ""))
            )
    return hops


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address in `1.2.3.4`, `1.2.3.4:5`, `::1`, `[::1]` or `[::1]:5`; None where there is none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
