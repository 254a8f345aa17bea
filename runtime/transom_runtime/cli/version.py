"""`transom version`."""

from __future__ import annotations

import typer

from transom_runtime import __version__
from transom_runtime.transcode.native import native_plans


def version() -> None:
    """Print the version, and which codec this installation has."""
    typer.echo(f"transom {__version__}, {'native' if native_plans() is not None else 'pure'} codec")
