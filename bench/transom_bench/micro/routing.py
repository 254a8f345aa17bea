"""Routing among few and many routes: found, not found, found for another method."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from transom_bench.micro.timing import Subject, repeated
from transom_runtime.binding import Binding, Capture
from transom_runtime.errors import CallError
from transom_runtime.routing import Router
from workflow.v1.workflows_gateway import GET_WORKFLOW

_SIZES: Final = (10, 100, 1_000)
_ASKED: Final = (
    ("found, with a variable", "GET", "/api/v1/things{middle}/wf-0123456789abcdef"),
    ("found, with a custom verb", "POST", "/api/v1/things{middle}/wf-0123456789abcdef:run"),
    ("no such path (404)", "GET", "/api/v1/nothings/wf-0123456789abcdef"),
    ("no such method (405)", "PUT", "/api/v1/things{middle}/wf-0123456789abcdef"),
)


def routing_subjects() -> Iterator[Subject]:
    """Every question, with every number of routes."""
    for size in _SIZES:
        router = Router((binding, None) for binding in build_bindings(size))
        for name, method, path in _ASKED:
            ask = partial(_match, router, method, path.format(middle=size // 10))
            yield Subject(group="routing", name=name, size=f"{size:,} routes", batch=repeated(ask))


def build_bindings(number: int) -> list[Binding]:
    """Routes as an API of resources has them: five for each."""
    return [binding for resource in range(number // 5) for binding in _resource(resource)]


def _resource(number: int) -> Iterator[Binding]:
    collection, one = ("api", "v1", f"things{number}"), Capture("workflow_id")
    shapes = (("GET", (), ""), ("POST", (), ""), ("GET", (one,), ""), ("DELETE", (one,), ""), ("POST", (one,), "run"))
    for method, rest, verb in shapes:
        id_ = f"bench.Things{number}.{method}{len(rest)}{verb}"
        yield replace(GET_WORKFLOW, id=id_, method=method, template=id_, path=(*collection, *rest), verb=verb)


def _match(router: Router[None], method: str, path: str) -> None:
    with contextlib.suppress(CallError):
        router.match(method, path)
