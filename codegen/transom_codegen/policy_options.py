"""Reads transom/v1/policy.proto's options: a service's defaults, with a method's own option laid over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from transom_codegen.naming import as_snake_case
from transom_codegen.policy import (
    Auth,
    AuthKind,
    Cache,
    Download,
    LimitBy,
    Policy,
    RateLimit,
    Retry,
    Sse,
    Success,
    Tool,
    Upload,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message

DEFAULTS: Final = "transom.v1.defaults"
"""The service option."""
POLICY: Final = "transom.v1.policy"
"""The method option."""

# By number, not by name: the numbers are what policy.proto may never change.
_AUTH_KINDS: Final[Mapping[int, AuthKind]] = {1: AuthKind.PUBLIC, 2: AuthKind.USER, 3: AuthKind.API_KEY}
_LIMITED_BY: Final[Mapping[int, LimitBy]] = {1: LimitBy.USER, 2: LimitBy.KEY, 3: LimitBy.ADDRESS, 4: LimitBy.ALL}


def merge_policy(defaults: Message | None, own: Message | None, *, rpc: str, comment: str, is_stream: bool) -> Policy:
    """The policy of the method `rpc`, which `comment` describes: each part is its own, else the service's.

    A service's timeout is for its unary methods: a stream ends by itself, or by a timeout of its own.
    """
    layers = [layer for layer in (own, defaults) if layer is not None]
    cache, retry, tool = (_first(layers, part) for part in ("cache", "retry", "tool"))
    return Policy(
        auth=_read_auth(layers),
        rate_limits=_read_rate_limits(layers),
        timeout_s=_read_seconds(_first(layers[: own is not None] if is_stream else layers, "timeout"), None),
        retry=Retry(attempts=retry.attempts or Retry().attempts) if retry and retry.idempotent else None,
        cache=Cache(ttl_s=_read_seconds(cache.ttl, 0.0), vary_by_caller=cache.vary_by_caller) if cache else None,
        success=_read_success(_first(layers, "success")),
        sse=_read_sse(_first(layers, "sse")),
        upload=_read_upload(_first(layers, "upload")),
        download=_read_download(_first(layers, "download")),
        max_body_bytes=next((layer.max_body_bytes for layer in _untyped(layers) if layer.max_body_bytes), None),
        tool=_read_tool(tool, rpc, comment) if tool else None,
    )


def _untyped(layers: list[Message]) -> list[Any]:
    """The messages are of the run's own pool: no stubs know them."""
    return list(layers)


def _first(layers: list[Message], part: str) -> Any:
    return next((getattr(layer, part) for layer in layers if layer.HasField(part)), None)


def _read_auth(layers: list[Message]) -> Auth:
    """A kind left open is the service's, even where the method says something about scopes."""
    auth = _first(layers, "auth")
    if auth is None:
        return Auth()
    kinds = [layer.auth.kind for layer in _untyped(layers) if layer.auth.kind]
    kind = _AUTH_KINDS.get(kinds[0], AuthKind.USER) if kinds else AuthKind.USER
    return Auth(kind=kind, scopes=tuple(auth.scopes), forward=auth.forward)


def _read_rate_limits(layers: list[Message]) -> tuple[RateLimit, ...]:
    listed = next((layer.rate_limit for layer in _untyped(layers) if layer.rate_limit), ())
    return tuple(
        RateLimit(
            tier=limit.tier,
            requests=limit.requests,
            per_s=_read_seconds(limit.per if limit.HasField("per") else None, 60.0),
            burst=limit.burst,
            by=_LIMITED_BY.get(limit.by, LimitBy.CALLER),
        )
        for limit in listed
    )


def _read_success(success: Any) -> Success:
    if success is None:
        return Success()
    return Success(
        status=success.status or Success().status,
        location=success.location,
        etag_field=success.etag_field,
        cache_control=success.cache_control,
    )


def _read_sse(sse: Any) -> Sse:
    if sse is None:
        return Sse()
    return Sse(
        id_field=sse.id_field,
        event_field=sse.event_field,
        resume_field=sse.resume_field,
        heartbeat_s=_read_seconds(sse.heartbeat if sse.HasField("heartbeat") else None, Sse().heartbeat_s),
    )


def _read_upload(upload: Any) -> Upload:
    return Upload() if upload is None else Upload(filename_field=upload.filename_field)


def _read_download(download: Any) -> Download:
    if download is None:
        return Download()
    return Download(offset_field=download.offset_field, length_field=download.length_field)


def _read_tool(tool: Any, rpc: str, comment: str) -> Tool:
    return Tool(name=tool.name or as_snake_case(rpc), description=tool.description or " ".join(comment.split()))


def _read_seconds(duration: Any, default: Any) -> Any:
    return default if duration is None else float(duration.seconds) + duration.nanos / 1e9
