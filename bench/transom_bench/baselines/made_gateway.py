"""The made services by hand, on FastAPI and uvicorn: what `routes_made` writes protos of, each route a function."""

from __future__ import annotations

import contextlib
import importlib
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
import orjson
import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import ParseDict

from transom_bench.baselines.upstream import as_json
from transom_bench.routes_made import ROUTES_PER_FILE, VERBS

_TIMEOUT_S = 10.0


def _json(message: Any) -> Response:
    return Response(as_json(message), media_type="application/json")


class Service:
    """One service: its messages, its stubs and its routes."""

    def __init__(self, number: int, channel: grpc.aio.Channel) -> None:
        self._types = importlib.import_module(f"made.s{number}.v1.things_pb2")
        self._channel = channel
        self._name = f"/made.s{number}.v1.ThingService"
        self.router = APIRouter(prefix=f"/made/v1/s{number}/things")
        self._add_standard()
        for verb in VERBS:
            self._add_verb(verb)

    def _stub(self, method: str, answer: Any) -> Any:
        return self._channel.unary_unary(
            f"{self._name}/{method}", lambda message: message.SerializeToString(), answer.FromString
        )

    def _add_standard(self) -> None:
        types, router = self._types, self.router
        list_things = self._stub("ListThings", types.ListThingsResponse)
        get_thing = self._stub("GetThing", types.Thing)
        create_thing = self._stub("CreateThing", types.Thing)
        update_thing = self._stub("UpdateThing", types.Thing)
        delete_thing = self._stub("DeleteThing", Empty)

        @router.get("")
        async def list_(page_size: int = 0, page_token: str = "", filter: str = "") -> Response:  # noqa: A002 -- its name
            wanted = types.ListThingsRequest(page_size=page_size, page_token=page_token, filter=filter)
            return _json(await list_things(wanted, timeout=_TIMEOUT_S))

        @router.get("/{name}")
        async def get(name: str) -> Response:
            return _json(await get_thing(types.GetThingRequest(name=name), timeout=_TIMEOUT_S))

        @router.post("")
        async def create(request: Request) -> Response:
            thing = ParseDict(orjson.loads(await request.body()), types.Thing())
            return _json(await create_thing(types.CreateThingRequest(thing=thing), timeout=_TIMEOUT_S))

        @router.patch("/{name}")
        async def update(name: str, request: Request) -> Response:
            thing = ParseDict(orjson.loads(await request.body()), types.Thing(name=name))
            return _json(await update_thing(types.UpdateThingRequest(thing=thing), timeout=_TIMEOUT_S))

        @router.delete("/{name}")
        async def delete(name: str) -> Response:
            return _json(await delete_thing(types.GetThingRequest(name=name), timeout=_TIMEOUT_S))

    def _add_verb(self, verb: str) -> None:
        types = self._types
        takes = getattr(types, f"{verb.title()}ThingRequest")
        call = self._stub(f"{verb.title()}Thing", types.Thing)

        @self.router.post(f"/{{name}}:{verb}")
        async def act(name: str, request: Request) -> Response:
            wanted = ParseDict(orjson.loads(await request.body()), takes(name=name))
            return _json(await call(wanted, timeout=_TIMEOUT_S))


def build_app(target: str, routes: int) -> FastAPI:
    """The application, with so many routes."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with grpc.aio.insecure_channel(target) as channel:
            for number in range(routes // ROUTES_PER_FILE):
                app.include_router(Service(number, channel).router)
            yield

    return FastAPI(lifespan=lifespan)


def main() -> None:
    """Serve on any free port until SIGTERM."""
    target, generated, routes = sys.argv[1:]
    sys.path.insert(0, generated)
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(f"serving at 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(build_app(target, int(routes)), loop="uvloop", http="httptools", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
