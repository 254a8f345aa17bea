"""Responses of an operation: its success with the headers that its policy promises, and its refusals."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from transom_codegen.fields import is_raw
from transom_codegen.model import StreamKind
from transom_codegen.openapi.bodies import build_response_content
from transom_codegen.openapi.well_known import PROBLEM, STATUS
from transom_codegen.policy import AuthKind

if TYPE_CHECKING:
    from transom_codegen.model import Binding
    from transom_codegen.openapi.schemas import Schemas

_BODILESS: Final = frozenset({204, 205, 304})
_READ: Final = frozenset({"GET", "HEAD"})
_REFUSALS: Final = {
    "NotModified": ("What the client has is still right.", ("ETag", "Last-Modified")),
    "BadRequest": ("The request could not be read: the details name every fault.", ()),
    "Unauthenticated": ("No valid credential came with the request.", ("WWW-Authenticate",)),
    "PermissionDenied": ("The credential does not have the scopes that are asked for.", ()),
    "PreconditionFailed": ("What the request asks of the current version does not hold.", ()),
    "RangeNotSatisfiable": ("The content ends before the part that was asked for.", ("Content-Range",)),
    "RateLimited": ("Too many calls.", ("Retry-After", "RateLimit", "RateLimit-Policy")),
    "Error": ("Any other failure.", ()),
}
_HEADERS: Final = {
    "Accept-Ranges": "`bytes`, where a part can be asked for.",
    "Content-Disposition": "Whether it is shown or kept, and under which name.",
    "Content-Range": "Which part of how many bytes: `bytes first-last/size`.",
    "ETag": "The version of the content.",
    "Last-Modified": "When the content last changed.",
    "RateLimit": 'What is left of the limit, as `"name";r=calls;t=seconds`.',
    "RateLimit-Policy": "The limits of the route.",
    "Retry-After": "When a repeat makes sense, in seconds.",
    "WWW-Authenticate": "The scheme that is asked for, and why the credential was refused.",
}


_CONTENT_HEADERS: Final = ("Accept-Ranges", "Content-Disposition", "ETag", "Last-Modified")


def build_responses(binding: Binding, schemas: Schemas) -> dict[str, Any]:
    """The responses of a binding, by status."""
    responses = {_status(binding): _success(binding, schemas), **_conditional(binding), "400": _refer("BadRequest")}
    if binding.rpc.policy.auth.kind is not AuthKind.PUBLIC:
        responses["401"] = _refer("Unauthenticated")
    if binding.rpc.policy.auth.scopes:
        responses["403"] = _refer("PermissionDenied")
    if binding.rpc.policy.rate_limits:
        responses["429"] = _refer("RateLimited")
    return {**responses, "default": _refer("Error")}


def _conditional(binding: Binding) -> dict[str, Any]:
    """What a request gets that names a version or a part: of raw bytes, or of what has an ETag."""
    if binding.method not in _READ or _status(binding) != "200":
        return {}
    if not is_raw_response(binding):
        versioned = {"304": _refer("NotModified"), "412": _refer("PreconditionFailed")}
        return versioned if binding.rpc.policy.success.etag_field else {}
    part = {
        "description": "The part that was asked for.",
        "headers": {name: _header(_HEADERS[name]) for name in ("Content-Range", *_CONTENT_HEADERS)},
        "content": {"*/*": {"schema": {}}},
    }
    return {
        "206": part,
        "304": _refer("NotModified"),
        "412": _refer("PreconditionFailed"),
        "416": _refer("RangeNotSatisfiable"),
    }


def is_raw_response(binding: Binding) -> bool:
    """Whether a success is raw bytes."""
    return is_raw(binding.rpc.response.descriptor, binding.response_body)


def response_components() -> dict[str, Any]:
    """The refusals, which all operations share."""
    content = {
        "application/json": {"schema": {"$ref": f"#/components/schemas/{STATUS}"}},
        "application/problem+json": {"schema": {"$ref": f"#/components/schemas/{PROBLEM}"}},
    }
    components: dict[str, Any] = {}
    for name, (description, headers) in _REFUSALS.items():
        component: dict[str, Any] = {"description": description}
        if headers:
            component["headers"] = {header: _header(_HEADERS[header]) for header in headers}
        components[name] = component if name == "NotModified" else {**component, "content": content}
    return components


def _status(binding: Binding) -> str:
    return "101" if _is_websocket(binding) else str(binding.rpc.policy.success.status)


def _is_websocket(binding: Binding) -> bool:
    """Whether a WebSocket, which opens with GET, carries the streams: under another method a request's bodies do."""
    return binding.rpc.stream is StreamKind.BIDI and binding.method == "GET"


def _success(binding: Binding, schemas: Schemas) -> dict[str, Any]:
    if _is_websocket(binding):
        return {
            "description": "A WebSocket, with one JSON message per text frame each way.",
            "x-transom-message": schemas.message(binding.rpc.response.descriptor),
        }
    success = binding.rpc.policy.success
    response: dict[str, Any] = {"description": _describe(success.status)}
    if headers := _success_headers(binding):
        response["headers"] = headers
    if success.status not in _BODILESS and success.status < 300:
        response["content"] = build_response_content(binding, schemas)
    return response


def _describe(status: int) -> str:
    known = {known.value: known.phrase for known in HTTPStatus}
    return f"{known.get(status, 'Success')}."


def _success_headers(binding: Binding) -> dict[str, Any]:
    success = binding.rpc.policy.success
    raw = _CONTENT_HEADERS if is_raw_response(binding) else ()
    headers = {name: _header(_HEADERS[name]) for name in raw}
    if success.location:
        headers["Location"] = _header(f"Where the result is: `{success.location}`.")
    if success.etag_field:
        headers["ETag"] = _header(f"The version of the result: its `{success.etag_field}`.")
    if success.cache_control:
        headers["Cache-Control"] = _header(f"`{success.cache_control}`.")
    return headers


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def _refer(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{name}"}
