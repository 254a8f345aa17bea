"""Parameters of an operation: what its path binds, what its query may hold, and the event to go on from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from transom_codegen.fields import is_formless, is_map, is_raw, is_textual, resolve_variable
from transom_codegen.openapi.schemas import is_output_only, is_required

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor, FieldDescriptor

    from transom_codegen.model import Binding
    from transom_codegen.openapi.paths import OpenApiPath, PathParameter
    from transom_codegen.openapi.schemas import Schemas

Parameter = dict[str, Any]
"""An OpenAPI parameter object."""

# Parameters deeper than this are understood and not listed: readers gain nothing from them.
_DEPTH: Final = 4


def build_parameters(binding: Binding, path: OpenApiPath, schemas: Schemas) -> list[Parameter]:
    """All parameters of a binding: those of the path first, then the query's in the order of the proto."""
    request = binding.rpc.request.descriptor
    parameters = [_path_parameter(parameter, request, schemas) for parameter in path.parameters]
    bound = {variable.field_path for variable in binding.template.variables}
    for field in request.fields:
        if field.name in binding.query:
            parameters += _query_parameters(field, (), bound, schemas)
    if binding.rpc.policy.sse.resume_field:
        parameters.append(_last_event_id())
    if binding.method == "GET" and is_raw(binding.rpc.response.descriptor, binding.response_body):
        parameters.append(_range())
    return parameters


def _path_parameter(parameter: PathParameter, request: Descriptor, schemas: Schemas) -> Parameter:
    written: Parameter = {"name": parameter.name, "in": "path", "required": True}
    if description := _describe(parameter, request, schemas):
        written["description"] = description
    field = resolve_variable(request, parameter.variable) if parameter.variable and not parameter.is_part else None
    written["schema"] = schemas.value(field) if field is not None else {"type": "string"}
    if parameter.variable and parameter.variable != parameter.name:
        written["x-transom-variable"] = parameter.variable
    if parameter.is_multi:
        written["x-transom-multi-segment"] = True
    return written


def _describe(parameter: PathParameter, request: Descriptor, schemas: Schemas) -> str:
    comment = ""
    if parameter.variable:
        comment = schemas.comment(resolve_variable(request, parameter.variable).full_name)
    part = f"A part of `{parameter.variable}`." if parameter.is_part and parameter.variable else ""
    multi = "May hold slashes, or nothing." if parameter.is_multi else ""
    return " ".join(filter(None, (part, comment, multi)))


def _query_parameters(
    field: FieldDescriptor, above: tuple[FieldDescriptor, ...], bound: set[str], schemas: Schemas
) -> Iterator[Parameter]:
    """The parameter of a field, or those of the fields within it."""
    trail = (*above, field)
    if ".".join(part.name for part in trail) in bound or is_output_only(field):
        return
    if field.message_type is None or is_textual(field):
        yield _query_parameter(trail, schemas)
    elif not (field.is_repeated or is_map(field) or is_formless(field) or _is_too_deep(trail)):
        for inner in field.message_type.fields:
            yield from _query_parameters(inner, trail, bound, schemas)


def _is_too_deep(trail: tuple[FieldDescriptor, ...]) -> bool:
    """Or a type within itself, which has no end."""
    return len(trail) == _DEPTH or trail[-1].message_type in {field.containing_type for field in trail}


def _query_parameter(trail: tuple[FieldDescriptor, ...], schemas: Schemas) -> Parameter:
    field = trail[-1]
    written: Parameter = {"name": ".".join(part.json_name for part in trail), "in": "query"}
    if comment := schemas.comment(field.full_name):
        written["description"] = comment
    if all(is_required(part) for part in trail):
        written["required"] = True
    if field.GetOptions().deprecated:
        written["deprecated"] = True
    written["schema"] = schemas.value(field)
    return written


def _last_event_id() -> Parameter:
    return {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The id of the last event that was received: the stream goes on behind it.",
        "schema": {"type": "string"},
    }


def _range() -> Parameter:
    return {
        "name": "Range",
        "in": "header",
        "description": "The part that is wanted, `bytes=first-last`: one of them; of several all is sent.",
        "schema": {"type": "string"},
    }
