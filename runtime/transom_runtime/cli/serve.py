"""`transom serve`: the gateway, in one process or in several on one port."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from transom_runtime.process.ports import PortTakenError, refuse_if_taken
from transom_runtime.process.supervisor import Supervisor, SupervisorOptions, say_ready
from transom_runtime.settings import Settings, SettingsError, load_settings, worker_environment


def serve(
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings; the environment wins over it.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 picks a free one. Overrides the settings.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes. Overrides the settings.")] = None,
    ready_fd: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serve the generated routes until SIGTERM, which drains."""
    try:
        settings = load_settings(config, port=port, workers=workers)
        if ready_fd is not None:
            raise typer.Exit(_run(_worker(settings, ready_fd)))
        refuse_if_taken(settings.listen.host, settings.listen.port)
        count = settings.process.workers
        raise typer.Exit(_run(_worker(settings, None) if count == 1 else _supervisor(settings, config)))
    except SettingsError as error:
        typer.echo(f"transom: the settings cannot be used:\n{error}", err=True)
        raise typer.Exit(2) from error
    except PortTakenError as error:
        typer.echo(f"transom: {error}", err=True)
        raise typer.Exit(1) from error
