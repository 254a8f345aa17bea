"""One worker: a gateway on a port, from its first socket to its last call's end."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from transom_runtime.assembly import build_gateway
from transom_runtime.downstream.listener import Listener
from transom_runtime.gateway import Gateway
from transom_runtime.observe.logs import configure_logs
from transom_runtime.process.garbage import collector_paused
from transom_runtime.settings import Settings, SettingsError

LAST_WORD_S: Final = 0.25
"""How long requests that were under way when the gateway began to end are waited for, to be told so."""
_YOUNG_OBJECTS: Final = 20_000
FLUSH_S: Final = 1.0
"""How long what no drain waits for - a page of metrics on its way out - may take once all calls have ended."""


async def run_worker(settings: Settings, *, shared: bool, on_ready: Callable[[int], None]) -> int:
    """Serve until SIGTERM or SIGINT, then drain; the exit status: 0, or 1 where calls outlived the grace time.

    `shared` lets other workers listen on the same port; `on_ready` is told the port when connections are taken. Raises
    SettingsError.
    """
    configure_logs(settings.logs)  # before the first channel: gRPC may deadlock with a later change (grpc#43421)
    stopping = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stopping.set)
    with collector_paused():
        gateway = build_gateway(settings)
        app = gateway.app()
    listen = replace(settings.listen, reuse_port=shared, shutdown_grace_s=FLUSH_S)
    listener = Listener(app, listen, gateway.stages.responder)
    try:
        await listener.start()
    except OSError as error:
        what = "the address, tls_cert or tls_key" if listen.tls_cert else "the address"
        raise SettingsError(f"listen: {what} cannot be used: {error.strerror or 'the system refused it'}") from error
    _spare_collections()
    try:
        on_ready(listener.port)
        await stopping.wait()
        return 0 if await _drain(gateway, listener, settings) else 1
    finally:
        await listener.stop()


def _spare_collections() -> None:
    """Have Python look for garbage seldom, and never again in what the worker is made of.

    Calls leave next to none that needs a search, but the objects of those under way are many: at the default, which
    counts 700 of them, every dozen of calls began a search, which took a tenth of a small request at 32 connections
    (`make bench`), and a search of everything stopped the worker for 60 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 20)


async def _drain(gateway: Gateway, listener: Listener, settings: Settings) -> bool:
    """Refuse readiness, wait until load balancers saw it, take no new work, end streams, wait for the rest."""
    drain = gateway.drain
    drain.unready = True
    await asyncio.sleep(settings.process.drain_delay_s)
    await listener.stop_accepting()
    drain.ending.set()
    # A kept-alive connection is closed with its next answer; what is on its way on one now is to have that answer.
    await asyncio.sleep(LAST_WORD_S)
    return await drain.idle(settings.process.grace_s)
