"""Whom a limit counts: the user, the key, the address, whoever calls, or everybody as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

from transom_runtime.binding import LimitBy
from transom_runtime.call import Call, PrincipalKind

Subject = Callable[[Call], str]
"""Says whom a call counts for."""

_PREFIX_BITS: Final = 64


def _by_address(call: Call) -> str:
    return f"address:{network_of(call.head.address)}"


def _by_kind(*kinds: PrincipalKind) -> Subject:
    prefixes = tuple((kind, f"{kind.value}:") for kind in kinds)

    def subject(call: Call) -> str:
        principal = call.principal
        for kind, prefix in prefixes:
            if principal.kind is kind:
                return prefix + principal.id
        # On a route that verifies no such caller the address is counted: a limit that counts nobody protects nothing.
        return _by_address(call)

    return subject


def _by_all(call: Call) -> str:
    del call
    return "all"


SUBJECTS: Final[Mapping[LimitBy, Subject]] = {
    LimitBy.CALLER: _by_kind(PrincipalKind.USER, PrincipalKind.API_KEY),
    LimitBy.USER: _by_kind(PrincipalKind.USER),
    LimitBy.KEY: _by_kind(PrincipalKind.API_KEY),
    LimitBy.ADDRESS: _by_address,
    LimitBy.ALL: _by_all,
}


@lru_cache(maxsize=8192)
def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, the /64 of an IPv6 one (a host has all of it), or any other text."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    low_bits = 128 - _PREFIX_BITS
    return f"{IPv6Address(int(parsed) >> low_bits << low_bits)}/{_PREFIX_BITS}"
