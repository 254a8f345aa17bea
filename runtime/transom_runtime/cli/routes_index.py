"""Loading the routes that `transom generate` wrote."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import typer

from transom_runtime.api import Route


def load_routes(generated: Path, module: str = "transom_routes") -> Sequence[Route]:
    """The routes of the index under a generated tree. Exits with a sentence where there is none."""
    root = str(generated.resolve())
    if root not in sys.path:
        sys.path.insert(0, root)
    try:
        index = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        typer.echo(f"transom: there is no {module}.py in {generated}; run `transom generate` first", err=True)
        raise typer.Exit(1) from error
    return cast("Sequence[Route]", index.ROUTES)
