"""What gRPC's core is told before it is loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_LOADED = """
import os
import sys

class Spy:
    def find_spec(self, name, path=None, target=None):
        if name == "grpc":
            print(os.environ.get("GRPC_EXPERIMENTS"))

sys.meta_path.insert(0, Spy())
import transom_runtime.api, transom_runtime.assembly, transom_runtime.cli.serve
"""
_CALLED = """
import asyncio
import transom_runtime.upstream
import grpc

async def call():
    try:
        await grpc.aio.insecure_channel("127.0.0.1:1").unary_unary("/t.T/Echo")(b"")
    except grpc.aio.AioRpcError as error:
        print(error.code().name)

asyncio.run(call())
"""


def _run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "GRPC_EXPERIMENTS"}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=kept | environment, capture_output=True, text=True, check=True, timeout=60)


@pytest.mark.parametrize(
    "environment, told",
    [({}, "-event_engine_client"), ({"GRPC_EXPERIMENTS": "event_engine_client"}, "event_engine_client")],
)
def test_the_core_is_told_before_it_is_loaded(environment: dict[str, str], told: str) -> None:
    """Whatever of the gateway is imported first, the core finds its poller chosen; an operator's own choice stands."""
    assert _run(_LOADED, **environment).stdout.splitlines() == [told]


def test_the_core_knows_what_it_is_told() -> None:
    """The pinned core says nothing of an unknown experiment: the choice is one that it has."""
    done = _run(_CALLED)
    assert (done.stdout.split(), done.stderr) == (["UNAVAILABLE"], "")
