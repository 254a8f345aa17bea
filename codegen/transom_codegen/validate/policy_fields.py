"""Fields that a policy names: the ids of events, the ETag, the parts of a Location, the begin of a download."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from google.protobuf.descriptor import FieldDescriptor

from transom_codegen.fields import FieldError, find_field, is_map, is_textual, resolve_dotted_body
from transom_codegen.validate.policy_values import location_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.protobuf.descriptor import Descriptor

    from transom_codegen.model import Rpc
    from transom_codegen.problem import Problem
    from transom_codegen.validate.policies import PolicySite

_HINT: Final = "name a singular field of text, a number or an enum; dots lead into messages"
_OFFSET_HINT: Final = "name a singular field of 64 bits, such as an int64, at the top of the request"
_FILENAME_HINT: Final = "name a singular string that neither the path nor the body fills"
_OFFSETS: Final = frozenset({FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64})


def check_policy_fields(site: PolicySite) -> Iterator[Problem]:
    """Fields that the request or the response does not have, and fields that are no single text."""
    for option, message, field_path in _named(site.rpc):
        yield from _check(site, option, partial(_resolve, message, field_path))
    for option, name in _offsets(site.rpc):
        yield from _check(site, option, partial(_resolve_offset, site, name))
    if filename := site.rpc.policy.upload.filename_field:
        yield from _check(site, "upload.filename_field", partial(_resolve_filename, site, filename))


def _check(site: PolicySite, option: str, resolve: Callable[[], None]) -> Iterator[Problem]:
    try:
        resolve()
    except FieldError as error:
        rule = "unknown-policy-field" if error.rule == "unknown-field" else "unfit-policy-field"
        yield site.problem(rule, f"{option} of {site.rpc.full_name}: {error.message}", error.hint)


def _offsets(rpc: Rpc) -> Iterator[tuple[str, str]]:
    """Each option that names a request field for a place in a content."""
    download = rpc.policy.download
    options = [("download.offset_field", download.offset_field), ("download.length_field", download.length_field)]
    return (option for option in options if option[1])


def _resolve_offset(site: PolicySite, name: str) -> None:
    """Raises FieldError where there is no such field, none that holds every offset, or one that is filled already."""
    message = site.rpc.request.descriptor
    field = find_field(message, name)
    if field.is_repeated or field.cpp_type not in _OFFSETS:
        raise FieldError("unfit-field", f"'{name}' of {message.full_name} is no integer of 64 bits", _OFFSET_HINT)
    _check_free(site, name, _OFFSET_HINT)


def _resolve_filename(site: PolicySite, name: str) -> None:
    """Raises FieldError where there is no such field, none of text, or one that is filled already."""
    message = site.rpc.request.descriptor
    field = resolve_dotted_body(message, name)
    if field.is_repeated or field.type != FieldDescriptor.TYPE_STRING:
        raise FieldError("unfit-field", f"'{name}' of {message.full_name} is no string", _FILENAME_HINT)
    _check_free(site, name, _FILENAME_HINT)


def _check_free(site: PolicySite, name: str, hint: str) -> None:
    """Raise FieldError where the path or the body of a binding fills a field that the gateway is to fill."""
    for binding in site.bindings:
        filled = {binding.body, *(variable.field_path for variable in binding.template.variables)}
        if name in filled or name.partition(".")[0] == binding.body:
            told = f"'{name}' of {site.rpc.request.descriptor.full_name} is filled by"
            raise FieldError("unfit-field", f"{told} '{binding.method} {binding.template.text}'", hint)


def _named(rpc: Rpc) -> Iterator[tuple[str, Descriptor, str]]:
    """Each option that names a field, the message that should have it, and the field path."""
    request, response = rpc.request.descriptor, rpc.response.descriptor
    sse, success = rpc.policy.sse, rpc.policy.success
    options = [
        ("sse.id_field", response, sse.id_field),
        ("sse.event_field", response, sse.event_field),
        ("sse.resume_field", request, sse.resume_field),
        ("success.etag_field", response, success.etag_field),
        *(("success.location", response, field) for field in location_fields(success.location) or ()),
    ]
    return (option for option in options if option[2])


def _resolve(message: Descriptor, field_path: str) -> None:
    """Raises FieldError where the path does not lead to one text."""
    head, dot, rest = field_path.partition(".")
    field = find_field(message, head)
    if is_map(field) or field.is_repeated:
        raise _unfit(message, head, "a map" if is_map(field) else "repeated")
    if not dot:
        if field.message_type is not None and not is_textual(field):
            raise _unfit(message, head, f"the message {field.message_type.full_name}")
        return
    if field.message_type is None:
        raise _unfit(message, head, "no message")
    _resolve(field.message_type, rest)


def _unfit(message: Descriptor, name: str, kind: str) -> FieldError:
    return FieldError("unfit-field", f"'{name}' of {message.full_name} is {kind}", _HINT)
