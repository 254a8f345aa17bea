"""Bodies that a binding's HTTP method or stream kind does not go with (semantics.md S7, S8).

A GET with a body is refused where the rule is read; what stands here needs the whole binding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transom_codegen.fields import is_raw
from transom_codegen.model import StreamKind
from transom_codegen.problem import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from transom_codegen.model import Binding


def check_bodies(bindings: Iterable[Binding]) -> Iterator[Problem]:
    """Bodies that may not arrive, and streams that no HTTP request can carry."""
    every = tuple(bindings)
    opened = {binding.rpc.path for binding in every if binding.method == "GET"}
    for binding in every:
        if binding.body is not None:
            yield from _check_method(binding, binding.body)
        yield from _check_stream(binding, has_get=binding.rpc.path in opened)


def _check_method(binding: Binding, body: str) -> Iterator[Problem]:
    if binding.method == "DELETE":
        yield Problem.at(
            binding.location,
            "body-on-delete",
            f"DELETE of {binding.id} has the body '{body}', which proxies and clients may drop",
            "drop `body`: fields outside the path are read from the query; or use POST with a custom verb",
            Severity.WARNING,
        )


def _check_stream(binding: Binding, *, has_get: bool) -> Iterator[Problem]:
    match binding.rpc.stream:
        case StreamKind.CLIENT if binding.body is None:
            yield Problem.at(
                binding.location,
                "stream-without-body",
                f"{binding.rpc.full_name} takes a stream of messages, and its binding has no body to carry them",
                'add `body: "*"`',
            )
        # Raw content is for the bodies of one request (B9): over a WebSocket it would be base64 in JSON.
        case StreamKind.BIDI if not has_get and not is_raw(binding.rpc.response.descriptor, binding.response_body):
            yield Problem.at(
                binding.location,
                "bidi-not-get",
                f"{binding.rpc.full_name} streams both ways, and a WebSocket opens with GET, not {binding.method}",
                "bind it with `get` and no body, or with both: `additional_bindings`",
                Severity.WARNING,
            )
        case _:
            pass
