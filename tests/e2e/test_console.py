"""The console of an execution as its users open it: a WebSocket through a gateway, over gRPC to the engine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from e2e.stack import Connection, Gateway, gateway, settings, token
from e2e.test_workflows import create

SLOW = {"name": "slow", "nodes": [{"id": "wait", "type": "delay", "parameters": {"seconds": 30}}]}


def start(connection: Connection) -> str:
    """An execution that takes a while; its console's path."""
    made = create(connection, SLOW)
    started = connection.send("POST", f"/api/v1/workflows/{made['id']}/execute", {}, token=token())
    return f"/api/v1/executions/{started.json()['id']}/console"


def ticket(connection: Connection) -> str:
    answer = connection.send("POST", "/api/v1/auth/stream-ticket", {}, token=token())
    assert answer.status == 201, answer.body
    return str(answer.json()["ticket"])


@contextlib.asynccontextmanager
async def console(served: Gateway, path: str, **headers: str) -> AsyncIterator[ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{served.address}{path}", headers=headers, protocols=("transom.v1.json",)) as socket,
    ):
        assert socket.protocol == "transom.v1.json"
        yield socket


async def heard(socket: ClientWebSocketResponse) -> Any:
    return json.loads(await socket.receive_str(timeout=30))


async def test_a_console_with_a_token(connection: Connection, served: Gateway) -> None:
    """S8: commands are answered while events come in beside them; the empty frame ends the console."""
    path = await asyncio.to_thread(start, connection)
    async with console(served, path, Authorization=f"Bearer {token()}") as socket:
        await socket.send_json({"command": "COMMAND_STATUS"})
        status = await heard(socket)
        assert (status["command"], status["execution"]["state"]) == ("COMMAND_STATUS", "STATE_RUNNING")
        await socket.send_json({"command": "COMMAND_WATCH", "afterSequence": "1"})
        assert (await heard(socket))["event"]["type"] == "TYPE_STARTED"
        assert (await heard(socket))["event"]["type"] == "TYPE_NODE_STARTED"
        await socket.send_json({"command": "COMMAND_CANCEL"})
        await socket.send_str("")
        answers = [await heard(socket), await heard(socket)]
        assert {answer["command"] for answer in answers} == {"COMMAND_CANCEL", "COMMAND_WATCH"}
        last = await socket.receive(timeout=30)
        assert (last.type, last.data) == (WSMsgType.CLOSE, 1000)


async def test_a_console_with_a_ticket(connection: Connection, served: Gateway) -> None:
    """A ticket opens a console, as the one who asked for it, once; a command in the address is the first."""
    path, pass_once = await asyncio.to_thread(lambda: (start(connection), ticket(connection)))
    address = f"{path}?command=COMMAND_STATUS&access_token={pass_once}"
    async with console(served, address) as socket:
        assert (await heard(socket))["execution"]["state"] in {"STATE_PENDING", "STATE_RUNNING"}
        await socket.send_json({"command": "COMMAND_CANCEL"})
        assert (await heard(socket))["command"] == "COMMAND_CANCEL"
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with console(served, address):
            raise AssertionError("it was opened twice")
    assert refused.value.status == 401
    assert pass_once not in await asyncio.to_thread(served.log.read_text)


async def test_another_s_console(connection: Connection, served: Gateway) -> None:
    """S8: what the engine refuses is told in the last frame, with the engine's code in the close."""
    path = await asyncio.to_thread(start, connection)
    async with console(served, path, Authorization=f"Bearer {token(sub='eve', session_id='s-eve')}") as socket:
        await socket.send_json({})
        assert (await heard(socket))["error"]["code"] == 5
        assert (await socket.receive(timeout=30)).data == 4005


async def test_a_faulty_command(connection: Connection, served: Gateway) -> None:
    """S8, E1: a frame that is no command is told with its place, and ends the console with 4003."""
    path = await asyncio.to_thread(start, connection)
    async with console(served, path, Authorization=f"Bearer {token()}") as socket:
        await socket.send_json({"command": "COMMAND_STATUS"})
        await heard(socket)
        await socket.send_str('{"command": "COMMAND_DANCE", "colour": 1}')
        details = (await heard(socket))["error"]["details"]
        assert (await socket.receive(timeout=30)).data == 4003
    bad = next(detail for detail in details if detail["@type"].endswith("BadRequest"))
    assert {fault["field"] for fault in bad["fieldViolations"]} == {"/1/command", "/1/colour"}


@pytest.mark.slow
async def test_draining_tells_consoles(tmp_path: Path, engine: str) -> None:
    """On SIGTERM a console is told to come again, closes with 4014, and the process ends cleanly."""
    with gateway(tmp_path, settings(engine, process={"grace_s": 10})) as running:
        path = await asyncio.to_thread(start, running.connect())
        async with console(running, path, Authorization=f"Bearer {token()}") as socket:
            await socket.send_json({"command": "COMMAND_STATUS"})
            await heard(socket)
            running.process.send_signal(signal.SIGTERM)
            assert (await heard(socket))["error"]["code"] == 14
            assert (await socket.receive(timeout=30)).data == 4014
        assert await asyncio.to_thread(running.process.wait, 20) == 0
