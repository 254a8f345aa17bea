"""What goes wrong outside a call - unknown paths, errors that a handler let through - in the gateway's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from transom_runtime.downstream.respond import Responder


def build_refusals(responder: Responder) -> Middleware:
    """A middleware that answers with the JSON error body where a CallError comes through, or no route has the path.

    What a team's own handlers raise, aiohttp's HTTP exceptions among it, is theirs and stays as it is (R3).
    """

    @web.middleware
    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except CallError as error:
            return responder.error(None, error, request)
        except web.HTTPException as error:
            if request.match_info.http_exception is None:
                raise
            return responder.error(None, as_refusal(error), request)

    return refuse


def as_refusal(error: web.HTTPException) -> CallError:
    """The 404 or 405 of aiohttp's router, as the gateway says it."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        allow = ", ".join(sorted(error.allowed_methods))
        return CallError(
            Code.UNIMPLEMENTED,
            "the path does not answer to this method",
            origin=Origin.DOWNSTREAM,
            http_status=405,
            reason="METHOD_NOT_ALLOWED",
            remedy=f"use one of {allow}",
            headers={"Allow": allow},
        )
    return CallError(
        Code.NOT_FOUND,
        "no route has this path",
        origin=Origin.DOWNSTREAM,
        reason="ROUTE_NOT_FOUND",
        remedy="check the path, its trailing slash included, against the API's documentation",
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
