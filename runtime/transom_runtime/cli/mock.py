"""`transom mock`: any generated service, served with plausible data."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, cast

import typer
from google.protobuf.descriptor import ServiceDescriptor

from transom_runtime.api import Route
from transom_runtime.cli.routes_index import load_routes
from transom_runtime.mock.script import Script, ScriptError, load_script
from transom_runtime.mock.server import MockServer
from transom_runtime.process.ports import PortTakenError, refuse_if_taken


def mock(
    generated: Annotated[Path, typer.Option(help="Where `transom generate` wrote.")] = Path("generated"),
    script: Annotated[Path | None, typer.Option(help="A YAML file of responses, latencies and errors.")] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 picks a free one.")] = 50051,
) -> None:
    """Serve every service of the generated routes with made-up data, until Ctrl-C."""
    services = services_of(load_routes(generated))
    try:
        asyncio.run(_serve(services, load_script(script) if script else Script(), host, port))
    except ScriptError as error:
        typer.echo(f"transom: the script cannot be followed:\n{error}", err=True)
        raise typer.Exit(1) from error


def services_of(routes: Sequence[Route]) -> list[ServiceDescriptor]:
    """The services that the routes call, each once, by name."""
    found: dict[str, ServiceDescriptor] = {}
    for route in routes:
        name = route.binding.rpc.split("/")[1]
        pool = route.binding.request.DESCRIPTOR.file.pool
        found.setdefault(name, cast("ServiceDescriptor", pool.FindServiceByName(name)))
    return [found[name] for name in sorted(found)]


async def _serve(services: Sequence[ServiceDescriptor], script: Script, host: str, port: int) -> None:
    server = MockServer(services, script)
    stopping = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stopping.set)
    shown = f"[{host}]" if ":" in host else host
    try:
        refuse_if_taken(host, port)  # gRPC refuses it too, but not without a line of its own
        bound = await server.start(f"{shown}:{port}")
    except (PortTakenError, RuntimeError) as error:
        typer.echo(f"transom: cannot listen on {shown}:{port}; choose another port with --port", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"mocking {', '.join(service.full_name for service in services)}")
    typer.echo(f"transom mock is serving at {shown}:{bound}")
    await stopping.wait()
    await server.stop(1.0)
