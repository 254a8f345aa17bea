"""Addresses of identity providers: what is fetched from them decides who gets in, so they must be https."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def url_mistakes(url: str) -> list[str]:
    """What is wrong with a provider's address, as clauses; plain http is for loopback only."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port  # raises where it is no port
    except ValueError:
        return [f"{url!r} is no address"]
    if parts.username is not None or parts.password is not None:
        return ["an address must not carry a user or a password"]
    if not host or parts.fragment:
        return [f"{url!r} is no address of a document"]
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)):
        return []
    return [f"{url!r} must be https: keys and users read over anything else could be anybody's"]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
