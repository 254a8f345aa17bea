"""Loading, for a command, the routes that `transom generate` wrote: as protos have them, or as settings serve them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from transom_runtime.api import Route
from transom_runtime.serving.routes_index import RoutesError, load_index
from transom_runtime.settings import Settings, SettingsError, load_settings

GENERATED: Final = Path("generated")
Generated = Annotated[Path | None, typer.Option(help="Where `transom generate` wrote. Default: generated.")]
"""The option that names the generated tree."""
Config = Annotated[
    Path | None, typer.Option(help="The settings of a gateway: what it serves, with its overrides. Default: none.")
]
"""The option that names a file of settings."""


def load_routes(generated: Path) -> Sequence[Route]:
    """The routes of the index under a generated tree. Exits with a sentence where there are none to be had."""
    with _told():
        return _load_tree(generated)


def load_served(generated: Path | None, config: Path | None) -> tuple[Sequence[Route], Settings]:
    """The routes as a gateway with these settings serves them, and the settings; without `config` as the protos have
    them, and the defaults. Nothing is taken from the environment then. Exits likewise.
    """
    with _told():
        if config is None:
            return _load_tree(generated or GENERATED), Settings()
        from transom_runtime.assembly import routes  # noqa: PLC0415 -- it loads every stage

        settings = load_settings(config, generated=generated)
        return routes.overridden(routes.load_routes(settings), settings, {}), settings


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (RoutesError, SettingsError) as error:
        typer.echo(f"transom: {error}", err=True)
        raise typer.Exit(1) from error


def _load_tree(generated: Path) -> Sequence[Route]:
    if not generated.is_dir():
        # Else an index that happens to be installed would be taken for the one that was asked for.
        raise RoutesError(f"{generated} is no directory; run `transom generate` first")
    return load_index(generated)
