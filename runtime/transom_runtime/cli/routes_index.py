"""Loading, for a command, the routes that `transom generate` wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from transom_runtime.api import Route
from transom_runtime.serving.routes_index import RoutesError, load_index


def load_routes(generated: Path) -> Sequence[Route]:
    """The routes of the index under a generated tree. Exits with a sentence where there are none to be had."""
    if not generated.is_dir():
        # Else an index that happens to be installed would be taken for the one that was asked for.
        typer.echo(f"transom: {generated} is no directory; run `transom generate` first", err=True)
        raise typer.Exit(1)
    try:
        return load_index(generated)
    except RoutesError as error:
        typer.echo(f"transom: {error}", err=True)
        raise typer.Exit(1) from error
