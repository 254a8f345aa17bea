"""The index of routes that `transom generate` wrote, loaded from its tree."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from transom_runtime.serving.route import Route


class RoutesError(Exception):
    """The routes cannot be had; the message says of which module, and what to do."""


def load_index(generated: Path, module: str = "transom_routes") -> Sequence[Route]:
    """The routes of an index module under a generated tree, which becomes an import root. Raises RoutesError."""
    root = str(generated.resolve())
    if root not in sys.path:
        sys.path.insert(0, root)
    try:
        return cast("Sequence[Route]", importlib.import_module(module).ROUTES)
    except ImportError as error:
        raise RoutesError(f"{module!r} cannot be imported from {generated}: {_reason(error, module)}") from error
    except AttributeError as error:
        raise RoutesError(f"{module!r} in {generated} has no ROUTES: it is no index of routes") from error


def _reason(error: ImportError, module: str) -> str:
    if not isinstance(error, ModuleNotFoundError):
        return str(error)
    if error.name == module:
        return "there is no such module; run `transom generate` first"
    return f"it imports {error.name!r}, which is not there; run `transom generate` again, or install what it needs"
