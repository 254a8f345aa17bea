"""One operation: a binding as the callers of its route see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from transom_codegen.model import StreamKind
from transom_codegen.openapi.bodies import build_request_body, message_schema
from transom_codegen.openapi.parameters import build_parameters
from transom_codegen.openapi.responses import build_responses
from transom_codegen.policy import AuthKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transom_codegen.model import Binding
    from transom_codegen.openapi.paths import OpenApiPath
    from transom_codegen.openapi.schemas import Schemas
    from transom_codegen.policy import RateLimit

SCHEMES: Final = {AuthKind.USER: "user", AuthKind.API_KEY: "apiKey"}
"""The names of the security schemes."""


def build_operation(binding: Binding, tag: str, path: OpenApiPath, schemas: Schemas) -> dict[str, Any]:
    """The operation object of a binding."""
    rpc = binding.rpc
    operation: dict[str, Any] = {"tags": [tag], "operationId": binding.id.replace("#", "_")}
    if rpc.summary:
        operation["summary"] = rpc.summary.removesuffix(".")
    if " ".join(rpc.comment.split()) != rpc.summary:
        operation["description"] = rpc.comment
    if rpc.deprecated:
        operation["deprecated"] = True
    if parameters := build_parameters(binding, path, schemas):
        operation["parameters"] = parameters
    if body := build_request_body(binding, schemas):
        operation["requestBody"] = body
    operation["responses"] = build_responses(binding, schemas)
    operation["security"] = _security(binding)
    operation["x-transom-rpc"] = rpc.path
    operation["x-transom-template"] = binding.template.text
    return {**operation, **dict(_extensions(binding, schemas))}


def _security(binding: Binding) -> list[dict[str, list[str]]]:
    """OpenAPI 3.1 lets every kind of scheme list the roles that a call needs."""
    auth = binding.rpc.policy.auth
    return [] if auth.kind is AuthKind.PUBLIC else [{SCHEMES[auth.kind]: list(auth.scopes)}]


def _extensions(binding: Binding, schemas: Schemas) -> Iterator[tuple[str, Any]]:
    """What OpenAPI has no word for: how often, how long, how large, in which pieces."""
    rpc, policy = binding.rpc, binding.rpc.policy
    if rpc.stream is not StreamKind.UNARY:
        yield "x-transom-stream", rpc.stream.value
    if rpc.stream is StreamKind.BIDI:
        yield "x-transom-message", message_schema(binding, schemas)
    if policy.rate_limits:
        yield "x-transom-rate-limit", [_rate_limit(limit) for limit in policy.rate_limits]
    if policy.timeout_s is not None:
        yield "x-transom-timeout-s", _number(policy.timeout_s)
    if policy.max_body_bytes is not None:
        yield "x-transom-max-body-bytes", policy.max_body_bytes
    if policy.retry is not None:
        yield "x-transom-idempotent", True
    if policy.cache is not None:
        yield "x-transom-cache", {"ttlS": _number(policy.cache.ttl_s), "varyByCaller": policy.cache.vary_by_caller}
    if policy.tool is not None:
        yield "x-transom-tool", policy.tool.name


def _rate_limit(limit: RateLimit) -> dict[str, Any]:
    written: dict[str, Any] = {"tier": limit.tier} if limit.tier else {}
    if limit.requests:
        written |= {"requests": limit.requests, "perS": _number(limit.per_s), "burst": limit.burst or limit.requests}
    return {**written, "by": limit.by.value}


def _number(seconds: float) -> float:
    """A whole number without a fraction."""
    return int(seconds) if seconds.is_integer() else seconds
