"""A gateway written by hand on aiohttp: no policies, the least that works."""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator

import grpc
import orjson
import uvloop
from aiohttp import web
from google.protobuf.json_format import ParseDict

from transom_bench.baselines.upstream import Upstream, as_json, connect
from workflow.v1.executions_pb2 import WatchExecutionRequest
from workflow.v1.files_pb2 import DownloadFileRequest
from workflow.v1.workflows_pb2 import CreateWorkflowRequest, GetWorkflowRequest, Workflow

_UPSTREAM: web.AppKey[Upstream] = web.AppKey("upstream", Upstream)
_TIMEOUT_S = 10.0


async def get_workflow(request: web.Request) -> web.Response:
    wanted = GetWorkflowRequest(workflow_id=request.match_info["workflow_id"])
    try:
        workflow = await request.app[_UPSTREAM].get_workflow(wanted, timeout=_TIMEOUT_S)
    except grpc.aio.AioRpcError as error:
        return _failed(error)
    return web.Response(body=as_json(workflow), content_type="application/json")


async def create_workflow(request: web.Request) -> web.Response:
    wanted = CreateWorkflowRequest(workflow=ParseDict(orjson.loads(await request.read()), Workflow()))
    try:
        workflow = await request.app[_UPSTREAM].create_workflow(wanted, timeout=_TIMEOUT_S)
    except grpc.aio.AioRpcError as error:
        return _failed(error)
    return web.Response(body=as_json(workflow), content_type="application/json", status=201)


async def watch_execution(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    wanted = WatchExecutionRequest(execution_id=request.match_info["execution_id"])
    async for event in request.app[_UPSTREAM].watch_execution(wanted):
        await response.write(b"id: %d\ndata: %s\n\n" % (event.sequence, as_json(event)))
    return response


async def download_file(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    await response.prepare(request)
    wanted = DownloadFileRequest(file_id=request.match_info["file_id"])
    async for piece in request.app[_UPSTREAM].download_file(wanted):
        await response.write(piece.data)
    return response


def _failed(error: grpc.aio.AioRpcError) -> web.Response:
    body = orjson.dumps({"code": error.code().value[0], "message": error.details()})
    return web.Response(body=body, content_type="application/json", status=502)


def build_app(target: str) -> web.Application:
    """The application, calling the upstream at `target`."""

    async def connected(app: web.Application) -> AsyncIterator[None]:
        async with grpc.aio.insecure_channel(target) as channel:
            app[_UPSTREAM] = connect(channel)
            yield

    app = web.Application(client_max_size=64 * 2**20)
    app.cleanup_ctx.append(connected)
    app.router.add_get("/api/v1/workflows/{workflow_id}", get_workflow)
    app.router.add_post("/api/v1/workflows", create_workflow)
    app.router.add_get("/api/v1/executions/{execution_id}/events", watch_execution)
    app.router.add_get("/api/v1/files/{file_id}/content", download_file)
    return app


def main() -> None:
    """Serve on any free port until SIGTERM."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(f"serving at 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    web.run_app(build_app(sys.argv[1]), sock=listener, access_log=None, print=None, loop=uvloop.new_event_loop())


if __name__ == "__main__":
    main()
