"""Which routes are served: the generated ones, overridden by the operator's settings and the team's handlers."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from transom_runtime.overrides import apply_overrides
from transom_runtime.serving.route import Handler, Route
from transom_runtime.settings import Settings, SettingsError


def load_routes(settings: Settings) -> list[Route]:
    """The routes of the generated index modules. Raises SettingsError where a module is not there or out of date."""
    root = str(settings.generated.resolve())
    if root not in sys.path:
        sys.path.insert(0, root)
    return [route for module in settings.routes for route in _index(module, root)]


def _index(module: str, root: str) -> Sequence[Route]:
    try:
        return cast("Sequence[Route]", importlib.import_module(module).ROUTES)
    except ImportError as error:
        reason = "run `transom generate`" if isinstance(error, ModuleNotFoundError) else str(error)
        raise SettingsError(f"routes: {module!r} cannot be imported from {root}: {reason}") from error
    except AttributeError as error:
        raise SettingsError(f"routes: {module!r} has no ROUTES: it is no index of routes") from error


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
