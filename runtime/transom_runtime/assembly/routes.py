"""Which routes are served: the generated ones, overridden by the operator's settings and the team's handlers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from transom_runtime.overrides import apply_overrides
from transom_runtime.serving.route import Handler, Route
from transom_runtime.serving.routes_index import RoutesError, load_index
from transom_runtime.settings import Settings, SettingsError


def load_routes(settings: Settings) -> list[Route]:
    """The routes of the generated index modules. Raises SettingsError where one is not there or out of date."""
    try:
        return [route for module in settings.routes for route in load_index(settings.generated, module)]
    except RoutesError as error:
        raise SettingsError(f"routes: {error}") from error


def overridden(routes: Sequence[Route], settings: Settings, handlers: Mapping[str, Handler]) -> list[Route]:
    """The routes as they are served: policies by selector, handlers by binding id. Raises SettingsError."""
    if unknown := handlers.keys() - {route.binding.id for route in routes}:
        raise SettingsError(f"handlers: there is no binding {', '.join(sorted(unknown))}")
    try:
        bindings = apply_overrides([route.binding for route in routes], settings.overrides)
    except LookupError as error:
        raise SettingsError(f"overrides: {error}") from error
    served = []
    for route in routes:
        binding = bindings[route.binding.id]
        if binding is not None:
            served.append(replace(route, binding=binding, handler=handlers.get(binding.id, route.handler)))
    return served
