"""Request and response bodies of an operation, by content type (semantics.md B, S)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from transom_codegen.fields import is_raw, resolve_dotted_body
from transom_codegen.model import StreamKind
from transom_codegen.openapi.schemas import is_http_body, is_required

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor

    from transom_codegen.model import Binding
    from transom_codegen.openapi.schemas import Schemas
    from transom_codegen.openapi.well_known import Schema

Content = dict[str, Any]
"""An OpenAPI map of media types."""

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
SSE: Final = "text/event-stream"
_ANY_BYTES: Final[Content] = {"*/*": {"schema": {}}}
_FORM: Final[Content] = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "description": "The content as a file. Fields before it are parameters.",
            "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
            "required": ["file"],
        }
    }
}
_STREAMED_IN: Final = frozenset({StreamKind.CLIENT, StreamKind.BIDI})
_STREAMED_OUT: Final = frozenset({StreamKind.SERVER, StreamKind.BIDI})


def build_request_body(binding: Binding, schemas: Schemas) -> dict[str, Any] | None:
    """The request body; None where the binding has none."""
    if binding.body is None:
        return None
    request = binding.rpc.request.descriptor
    if binding.body == "*":
        if is_http_body(request):
            return {"required": True, "content": _ANY_BYTES | _FORM}
        return {"required": True, "content": _content_in(binding, _whole(binding, schemas))}
    field = resolve_dotted_body(request, binding.body)
    body: dict[str, Any] = {}
    if comment := schemas.comment(field.full_name):
        body["description"] = comment
    body["required"] = is_required(field)
    body["content"] = _ANY_BYTES | _FORM if _is_raw(field) else _content_in(binding, schemas.value(field))
    return body


def build_response_content(binding: Binding, schemas: Schemas) -> Content:
    """What a success holds."""
    response = binding.rpc.response.descriptor
    if is_raw(response, binding.response_body):
        return _ANY_BYTES
    field = resolve_dotted_body(response, binding.response_body) if binding.response_body else None
    schema = schemas.message(response) if field is None else schemas.value(field)
    if binding.rpc.stream not in _STREAMED_OUT:
        return {JSON: {"schema": schema}}
    return {JSON: {"schema": {"type": "array", "items": schema}}, NDJSON: _lines(schema), SSE: _events(schema)}


def message_schema(binding: Binding, schemas: Schemas) -> Schema:
    """The schema of one message that a WebSocket sends to the upstream."""
    return schemas.message(binding.rpc.request.descriptor)


def _whole(binding: Binding, schemas: Schemas) -> Schema:
    """The request without what the path gives: B5 lets the body leave that out."""
    request = binding.rpc.request.descriptor
    bound = {variable.field_path for variable in binding.template.variables} & set(request.fields_by_name)
    return schemas.object(request, bound) if bound else schemas.message(request)


def _content_in(binding: Binding, schema: Schema) -> Content:
    if binding.rpc.stream not in _STREAMED_IN:
        return {JSON: {"schema": schema}}
    return {JSON: {"schema": {"type": "array", "items": schema}}, NDJSON: _lines(schema)}


def _lines(schema: Schema) -> dict[str, Any]:
    """OpenAPI 3.1 has no word for the items of a stream: a property of ours says what each is."""
    return {
        "schema": {"type": "string", "description": "One JSON message per line."},
        "x-transom-message": schema,
    }


def _events(schema: Schema) -> dict[str, Any]:
    description = "One JSON message in the `data` of each event; the last event is `end` or `error`."
    return {"schema": {"type": "string", "description": description}, "x-transom-message": schema}


def _is_raw(field: FieldDescriptor) -> bool:
    return is_http_body(field.message_type) and not field.is_repeated
