"""Runs the engine: `python -m workflow_engine --port 0 --data DIR`. Its one line on stdout is its address."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sqlite3
import sys
from pathlib import Path

from workflow_engine.engine import DataInUse, Engine, EngineOptions
from workflow_engine.store.schema import SchemaTooNew


def main() -> int:
    """Serve until SIGTERM or SIGINT, then drain. 1: the engine could not start."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(_serve(_options()))
    except (DataInUse, SchemaTooNew, OSError, RuntimeError, sqlite3.Error) as error:
        print(f"workflow_engine: {error}", file=sys.stderr)  # noqa: T201 -- the command's answer
        return 1
    return 0


def _options() -> EngineOptions:
    parser = argparse.ArgumentParser(prog="workflow_engine", description="Keeps workflows and executes them.")
    parser.add_argument("--data", type=Path, required=True, help="the data directory; made where it is missing")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="the port to listen on; 0: any that is free (%(default)s)")
    parser.add_argument(
        "--grace", type=float, default=10.0, help="seconds for calls in flight at the end (%(default)s)"
    )
    given = parser.parse_args()
    return EngineOptions(data=given.data, host=given.host, port=given.port, grace_s=given.grace)


async def _serve(options: EngineOptions) -> None:
    stopping = asyncio.Event()
    # Before the address is out: whoever reads it may stop the engine at once.
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    engine = await Engine.start(options)
    print(engine.address, flush=True)  # noqa: T201 -- the line that whoever started the engine waits for
    await stopping.wait()
    await engine.stop()


if __name__ == "__main__":
    sys.exit(main())
