"""`transom demo`: Valkey, the workflow engine and the gateway, with a token and curl lines to paste."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final

import jwt
import typer
import yaml

from transom_runtime.process.ports import PortTakenError, refuse_if_taken
from transom_runtime.state.dev_server import DevServerMissing, dev_server

TOKEN_LIFE_S: Final = 8 * 3600
START_TIMEOUT_S: Final = 30.0


def demo(
    port: Annotated[int, typer.Option(help="The gateway's port; 0 picks a free one.")] = 8080,
) -> None:
    """Run Valkey, the workflow engine and the gateway on this machine until Ctrl-C."""
    if find_spec("workflow_engine") is None:
        typer.echo("transom: the demo's workflow engine is not installed; run `make demo` in a checkout", err=True)
        raise typer.Exit(1)
    try:
        refuse_if_taken("127.0.0.1", port)
        status = asyncio.run(_demo(port))
    except DevServerMissing as error:
        typer.echo(f"transom: {error}", err=True)
        raise typer.Exit(1) from error
    except PortTakenError as error:
        typer.echo(
            f"transom: port {port} is taken; choose another: make demo ARGS='--port 0' picks a free one", err=True
        )
        raise typer.Exit(1) from error
    raise typer.Exit(status)


async def _demo(port: int) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stopping.set)
    secret, key = secrets.token_urlsafe(32), f"demo-{secrets.token_urlsafe(24)}"
    async with contextlib.AsyncExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="transom-demo-")))
        redis_url = await stack.enter_async_context(dev_server())
        engine = await stack.enter_async_context(
            _program("the workflow engine", "-m", "workflow_engine", "--port", "0", "--data", str(data / "engine"))
        )
        config = data / "transom.yaml"
        config.touch(mode=0o600)
        config.write_text(yaml.safe_dump(_settings(port, redis_url, engine, secret, key)), "utf-8")
        address = await stack.enter_async_context(
            _program("the gateway", "-m", "transom_runtime", "serve", "--config", str(config))
        )
        typer.echo(_welcome(address, _token(secret), key))
        await stopping.wait()
        typer.echo("\ntransom: stopping")
    return 0


@contextlib.asynccontextmanager
async def _program(name: str, *arguments: str) -> AsyncIterator[str]:
    """Run a Python program; yields the address that its first line of output ends with. Ends it by SIGTERM."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    pump = None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_TIMEOUT_S)
        if not line:
            typer.echo(f"transom: {name} did not start", err=True)
            raise typer.Exit(1)
        pump = asyncio.create_task(_copy(process.stdout))
        yield line.decode().split()[-1]
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        if pump is not None:
            await pump


async def _copy(output: asyncio.StreamReader) -> None:
    async for line in output:
        sys.stdout.buffer.write(line)
        sys.stdout.flush()


def _settings(port: int, redis_url: str, engine: str, secret: str, key: str) -> dict[str, Any]:
    return {
        "listen": {"host": "127.0.0.1", "port": port},
        "redis": {"url": redis_url},
        "upstreams": {"engine": {"channel": {"target": engine}, "services": ["workflow.v1.*"]}},
        "auth": {
            "issuers": [
                {
                    "name": "demo",
                    "issuer": "transom-demo",
                    "audiences": ["transom"],
                    "algorithms": ["HS256"],
                    "secret": secret,
                }
            ],
            "api_keys": [
                {
                    "name": "demo-tools",
                    "sha256": hashlib.sha256(key.encode()).hexdigest(),
                    "scopes": ["tools:read", "tools:invoke"],
                }
            ],
        },
        "logs": {"level": "warning"},
    }


def _token(secret: str) -> str:
    now = int(time.time())
    claims = {
        "iss": "transom-demo",
        "aud": "transom",
        "sub": "ada",
        "email": "ada@example.com",
        "session_id": secrets.token_hex(8),
        "iat": now,
        "exp": now + TOKEN_LIFE_S,
    }
    return jwt.encode(claims, secret, algorithm="HS256")


def _welcome(address: str, token: str, key: str) -> str:
    workflow = (
        '{"name":"hello","nodes":['
        '{"id":"wait","type":"delay","parameters":{"seconds":1}},'
        '{"id":"greet","type":"transform","parameters":{"output":{"text":"hello {{ input.name }}"}}}],'
        '"connections":[{"from_node":"wait","to_node":"greet"}]}'
    )
    return f"""
transom is serving at {address}   documentation: {address}/docs

  export API={address}/api/v1
  export TOKEN={token}
  export TOOL_KEY={key}

List workflows:
  curl -s -H "Authorization: Bearer $TOKEN" "$API/workflows?page_size=5"
Create one, and keep its id:
  ID=$(curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$API/workflows" -d '{workflow}' \\
    | tee /dev/stderr | python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
Execute it, and keep the execution's id:
  RUN=$(curl -s -X POST -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
    "$API/workflows/$ID/execute" -d '{{"input":{{"name":"Ada"}}}}' \\
    | tee /dev/stderr | python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
Watch it as server-sent events:
  curl -sN -H "Authorization: Bearer $TOKEN" -H 'Accept: text/event-stream' "$API/executions/$RUN/events"
An error, with every fault in it:
  curl -s -H "Authorization: Bearer $TOKEN" "$API/workflows?page_size=many&colour=red"

Ctrl-C stops everything.
"""
