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


_PLACED = """
import asyncio, os, threading
from transom_runtime.upstream.channels import ChannelOptions, GrpcUpstream

async def place():
    before = set(threading.enumerate())
    upstreams = [GrpcUpstream(name, ChannelOptions(target="127.0.0.1:1")) for name in ("one", "two")]
    started = set(threading.enumerate()) - before
    print({os.sched_getscheduler(thread.native_id) == os.SCHED_BATCH for thread in started})
    print({os.sched_getscheduler(thread.native_id) == os.SCHED_OTHER for thread in before})
    for upstream in upstreams:
        await upstream.close()

asyncio.run(place())
"""
_OPENED = """
import asyncio
from transom_runtime.upstream.channels import ChannelOptions, GrpcUpstream

async def ask():
    upstream = GrpcUpstream("one", ChannelOptions(target="127.0.0.1:1", health_timeout_s=5))
    print((await upstream.health()).ready)
    await upstream.close()

asyncio.run(ask())
"""
_FORBIDDEN = """
import os
def forbid(*arguments):
    raise PermissionError("a sandbox does not let threads be placed")
os.sched_setscheduler = forbid
"""


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="only Linux has threads that interrupt nobody")
def test_the_poller_waits_for_the_loop() -> None:
    """gRPC's thread does not stop the event loop's when an upstream answers; no other thread is touched."""
    assert _run(_PLACED).stdout.splitlines() == ["{True}", "{True}"]


_REAL_TIME = """
import os
os.sched_getscheduler = lambda thread: os.SCHED_FIFO
"""


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="only Linux has threads that interrupt nobody")
def test_another_policy_stands() -> None:
    """Where an operator has chosen how the process runs, gRPC's thread stays as it is."""
    placed = _PLACED.replace(
        "import asyncio, os, threading", "import asyncio, os, threading\nseen = os.sched_getscheduler"
    )
    placed = placed.replace("os.sched_getscheduler(thread", "seen(thread")
    first, rest = placed.split("seen = os.sched_getscheduler\n", 1)
    done = _run(f"{first}seen = os.sched_getscheduler\n{_REAL_TIME}{rest}")
    assert done.stdout.splitlines() == ["{False}", "{True}"]


def test_a_sandbox_may_forbid_it() -> None:
    """Where threads cannot be placed, upstreams are opened and called as ever."""
    done = _run(_FORBIDDEN + _OPENED)
    assert (done.stdout.split(), done.stderr) == (["False"], "")
