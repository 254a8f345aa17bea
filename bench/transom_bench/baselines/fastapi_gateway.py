"""A gateway written by hand on FastAPI and uvicorn; with Redis: a cached check of tokens and a limit on every route."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator

import grpc
import orjson
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from google.protobuf.json_format import ParseDict
from redis.asyncio import Redis

from transom_bench.baselines.caller import Callers, Limit
from transom_bench.baselines.upstream import as_json, connect
from workflow.v1.executions_pb2 import WatchExecutionRequest
from workflow.v1.files_pb2 import DownloadFileRequest
from workflow.v1.workflows_pb2 import (
    CreateWorkflowRequest,
    ExecuteWorkflowRequest,
    GetWorkflowRequest,
    Workflow,
)

_TIMEOUT_S = 10.0
_STANDARD = Limit("standard", most=1_000_000_000, window_ms=60_000)
_EXPENSIVE = Limit("expensive", most=1, window_ms=86_400_000)
router = APIRouter(prefix="/api/v1")
executions = APIRouter(prefix="/api/v1")


@router.get("/workflows/{workflow_id}")
async def get_workflow(workflow_id: str, request: Request) -> Response:
    wanted = GetWorkflowRequest(workflow_id=workflow_id)
    workflow = await request.app.state.upstream.get_workflow(wanted, timeout=_TIMEOUT_S)
    return Response(as_json(workflow), media_type="application/json")


@router.post("/workflows")
async def create_workflow(request: Request) -> Response:
    wanted = CreateWorkflowRequest(workflow=ParseDict(orjson.loads(await request.body()), Workflow()))
    workflow = await request.app.state.upstream.create_workflow(wanted, timeout=_TIMEOUT_S)
    return Response(as_json(workflow), media_type="application/json", status_code=201)


@executions.post("/workflows/{workflow_id}/execute")
async def execute_workflow(workflow_id: str, request: Request) -> Response:
    wanted = ParseDict(orjson.loads(await request.body()), ExecuteWorkflowRequest(workflow_id=workflow_id))
    execution = await request.app.state.upstream.execute_workflow(wanted, timeout=_TIMEOUT_S)
    return Response(as_json(execution), media_type="application/json", status_code=202)


@router.get("/executions/{execution_id}/events")
async def watch_execution(execution_id: str, request: Request) -> StreamingResponse:
    call = request.app.state.upstream.watch_execution(WatchExecutionRequest(execution_id=execution_id))

    async def events() -> AsyncIterator[bytes]:
        async for event in call:
            yield b"id: %d\ndata: %s\n\n" % (event.sequence, as_json(event))

    return StreamingResponse(events(), media_type="text/event-stream")


@router.get("/files/{file_id}/content")
async def download_file(file_id: str, request: Request) -> StreamingResponse:
    call = request.app.state.upstream.download_file(DownloadFileRequest(file_id=file_id))

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in call:
            yield piece.data

    return StreamingResponse(pieces(), media_type="application/octet-stream")


async def _failed(_: Request, error: Exception) -> Response:
    assert isinstance(error, grpc.aio.AioRpcError)
    return JSONResponse({"code": error.code().value[0], "message": error.details()}, status_code=502)


def build_app(target: str, redis_url: str | None) -> FastAPI:
    """The application, calling the upstream at `target`; without Redis nobody is asked who they are."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with grpc.aio.insecure_channel(target) as channel, contextlib.AsyncExitStack() as stack:
            app.state.upstream = connect(channel)
            if redis_url is not None:
                redis = await stack.enter_async_context(Redis.from_url(redis_url, protocol=3))
                app.state.callers = Callers(secret=os.environ["BENCH_SECRET"], redis=redis)
            yield

    app = FastAPI(lifespan=lifespan)
    guarded = redis_url is not None
    app.include_router(router, dependencies=[Depends(_STANDARD)] if guarded else [])
    app.include_router(executions, dependencies=[Depends(_EXPENSIVE)] if guarded else [])
    app.add_exception_handler(grpc.aio.AioRpcError, _failed)
    return app


def main() -> None:
    """Serve on any free port until SIGTERM."""
    target, *redis = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(f"serving at 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        build_app(target, redis[0] if redis else None), loop="uvloop", http="httptools", access_log=False
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
