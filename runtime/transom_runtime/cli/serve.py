"""`transom serve`: the gateway, in one process or in several on one port."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from transom_runtime.process.garbage import collector_paused
from transom_runtime.process.ports import PortTakenError, refuse_if_taken
from transom_runtime.process.supervisor import SETTINGS_UNUSABLE, Supervisor, SupervisorOptions, say_ready
from transom_runtime.settings import Settings, SettingsError, load_settings, worker_environment


def serve(
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings; the environment wins over it.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 picks a free one. Wins over the settings.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes. Wins over the settings.")] = None,
    ready_fd: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serve the generated routes until SIGTERM, which drains."""
    try:
        settings = load_settings(config, listen__port=port, process__workers=workers)
        raise typer.Exit(_serve(settings, config, ready_fd))
    except SettingsError as error:
        typer.echo(f"transom: the settings cannot be used:\n{error}", err=True)
        raise typer.Exit(SETTINGS_UNUSABLE) from error
    except PortTakenError as error:
        typer.echo(f"transom: {error}", err=True)
        raise typer.Exit(1) from error


def _serve(settings: Settings, config: Path | None, ready_fd: int | None) -> int:
    with collector_paused():
        from transom_runtime.process.worker import run_worker  # noqa: PLC0415 -- a supervisor never loads gRPC

    if ready_fd is not None:
        return _run(run_worker(settings, shared=True, on_ready=lambda _: say_ready(ready_fd)))
    refuse_if_taken(settings.listen.host, settings.listen.port)
    if settings.process.workers == 1:
        return _run(run_worker(settings, shared=False, on_ready=lambda port: _announce(settings, port)))
    return asyncio.run(_supervise(settings, config))


def _run(main: Coroutine[Any, Any, int]) -> int:
    """Run on uvloop where there is one."""
    try:
        import uvloop  # noqa: PLC0415 -- not to be had on Windows
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)


async def _supervise(settings: Settings, config: Path | None) -> int:
    listen, process = settings.listen, settings.process
    options = SupervisorOptions(
        command=("-m", "transom_runtime", "serve"),
        environment=worker_environment(config),
        workers=process.workers,
        host=listen.host,
        port=listen.port,
        grace_s=process.drain_delay_s + process.grace_s + 5.0,
    )
    ready: list[int] = []

    def on_ready(port: int) -> None:
        ready.append(port)
        if len(ready) == process.workers:
            _announce(settings, port)

    supervisor = Supervisor(options, on_ready=on_ready)
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, supervisor.stop)
    return await supervisor.run()


def _announce(settings: Settings, port: int) -> None:
    scheme = "https" if settings.listen.tls_cert else "http"
    host = f"[{settings.listen.host}]" if ":" in settings.listen.host else settings.listen.host
    typer.echo(f"transom is serving at {scheme}://{host}:{port}")
