"""A real engine on loopback, and callers who talk to it over gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from engine.caller import Caller
from workflow_engine.engine import Engine, EngineOptions


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    running = await Engine.start(EngineOptions(data=tmp_path, grace_s=0.1))
    yield running
    await running.stop()


@pytest.fixture
async def channel(engine: Engine) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(engine.address) as opened:
        yield opened


@pytest.fixture
def ada(channel: grpc.aio.Channel) -> Caller:
    return Caller(channel, (("x-principal-id", "ada"), ("x-principal-kind", "user")))


@pytest.fixture
def bob(channel: grpc.aio.Channel) -> Caller:
    return Caller(channel, (("x-principal-id", "bob"), ("x-principal-kind", "user")))


@pytest.fixture
def nobody(channel: grpc.aio.Channel) -> Caller:
    return Caller(channel, ())
