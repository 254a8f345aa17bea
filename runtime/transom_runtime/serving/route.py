"""A route: a binding and the handler that serves it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from transom_runtime.binding import Binding

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""An aiohttp handler; generated ones raise CallError and leave its conversion to the gateway."""


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP endpoint as the generator lists it."""

    binding: Binding
    handler: Handler
