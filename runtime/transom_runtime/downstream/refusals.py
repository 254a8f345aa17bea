"""What is refused, or goes wrong, outside of a call's steps, in the gateway's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable


def no_route() -> CallError:
    """The refusal of a path that nobody has."""
    return CallError(
        Code.NOT_FOUND,
        "no route has this path",
        origin=Origin.DOWNSTREAM,
        reason="ROUTE_NOT_FOUND",
        remedy="check the path, its trailing slash included, against the API's documentation",
    )


def wrong_method(allowed: Iterable[str]) -> CallError:
    """The refusal of a method, where a path answers to others."""
    allow = ", ".join(sorted(allowed))
    return CallError(
        Code.UNIMPLEMENTED,
        "the path does not answer to this method",
        origin=Origin.DOWNSTREAM,
        http_status=405,
        reason="METHOD_NOT_ALLOWED",
        remedy=f"use one of {allow}",
        headers={"Allow": allow},
    )


def internal_error() -> CallError:
    """What the client hears of a fault of the gateway's own: nothing but that there was one (E5)."""
    return CallError(
        Code.INTERNAL,
        "the gateway failed to handle the request",
        origin=Origin.GATEWAY,
        reason="INTERNAL",
        remedy="report the request id; the gateway's logs hold the rest",
    )
