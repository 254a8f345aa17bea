"""What no gateway on aiohttp and grpc.aio can go below: a request in, a call, an answer out, and nothing else.

JSON is made of each message once and remembered; nothing is checked, logged or counted, and nothing is looked at that
a client sends beside its path or body.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Any

# As the gateway has it: see transom_runtime/upstream.
os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_client")

import grpc
import orjson
import uvloop
from aiohttp import web
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.json_format import ParseDict

from transom_bench.baselines.upstream import as_json
from transom_runtime.upstream.poller import poller_behind_loop
from workflow.v1.executions_pb2 import ExecutionEvent, WatchExecutionRequest
from workflow.v1.files_pb2 import DownloadFileRequest
from workflow.v1.workflows_pb2 import CreateWorkflowRequest, GetWorkflowRequest, Workflow

_RAW: web.AppKey[_Raw] = web.AppKey("raw")
_SERVICE = "/workflow.v1"
_REMEMBERED = 4096


@lru_cache(_REMEMBERED)
def _workflow(wire: bytes) -> bytes:
    return as_json(Workflow.FromString(wire))


@lru_cache(_REMEMBERED)
def _event(wire: bytes) -> bytes:
    event = ExecutionEvent.FromString(wire)
    return b"id: %d\ndata: %s\n\n" % (event.sequence, as_json(event))


@lru_cache(_REMEMBERED)
def _wanted(workflow_id: str) -> bytes:
    return GetWorkflowRequest(workflow_id=workflow_id).SerializeToString()


@lru_cache(_REMEMBERED)
def _created(body: bytes) -> bytes:
    return CreateWorkflowRequest(workflow=ParseDict(orjson.loads(body), Workflow())).SerializeToString()


class _Raw:
    """One channel, and its methods: bytes in, bytes out."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.get: Any = channel.unary_unary(f"{_SERVICE}.WorkflowService/GetWorkflow")
        self.create: Any = channel.unary_unary(f"{_SERVICE}.WorkflowService/CreateWorkflow")
        self.watch: Any = channel.unary_stream(f"{_SERVICE}.ExecutionService/WatchExecution")
        self.download: Any = channel.unary_stream(f"{_SERVICE}.FileService/DownloadFile")


async def _get_workflow(request: web.Request) -> web.Response:
    wire = await request.app[_RAW].get(_wanted(request.match_info["workflow_id"]))
    return web.Response(body=_workflow(wire), content_type="application/json")


async def _create_workflow(request: web.Request) -> web.Response:
    wire = await request.app[_RAW].create(_created(await request.read()))
    return web.Response(body=_workflow(wire), content_type="application/json", status=201)


async def _watch_execution(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    wanted = WatchExecutionRequest(execution_id=request.match_info["execution_id"]).SerializeToString()
    async for wire in request.app[_RAW].watch(wanted):
        await response.write(_event(wire))
    return response


async def _download_file(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    await response.prepare(request)
    wanted = DownloadFileRequest(file_id=request.match_info["file_id"]).SerializeToString()
    async for wire in request.app[_RAW].download(wanted):
        await response.write(HttpBody.FromString(wire).data)
    return response


def build_app(target: str) -> web.Application:
    """The application, calling the upstream at `target`."""

    async def connected(app: web.Application) -> AsyncIterator[None]:
        with poller_behind_loop():
            opened = grpc.aio.insecure_channel(target)
        async with opened as channel:
            app[_RAW] = _Raw(channel)
            yield

    app = web.Application(client_max_size=64 * 2**20)
    app.cleanup_ctx.append(connected)
    app.router.add_get("/api/v1/workflows/{workflow_id}", _get_workflow)
    app.router.add_post("/api/v1/workflows", _create_workflow)
    app.router.add_get("/api/v1/executions/{execution_id}/events", _watch_execution)
    app.router.add_get("/api/v1/files/{file_id}/content", _download_file)
    return app


def main() -> None:
    """Serve on any free port until SIGTERM."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(f"serving at 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    web.run_app(build_app(sys.argv[1]), sock=listener, access_log=None, print=None, loop=uvloop.new_event_loop())


if __name__ == "__main__":
    main()
