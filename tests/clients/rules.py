"""The HTTP rules of protos, read out of their descriptors by protobuf alone, as google-api-core takes them.

The generator has no part in this, so that what it makes of an annotation is held against the annotation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from transom.v1 import policy_pb2
from transom_codegen.proto_roots import find_provided, own_protos
from transom_codegen.protoc import parse_protos

_VARIABLE: Final = re.compile(r"\{([^}=]+)(?:=([^}]+))?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable of a path template."""

    path: tuple[str, ...]
    """The names of the field path."""
    template: str
    """What it covers: `*` where the template does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One HTTP rule of a method."""

    method: str
    """The HTTP method, lower case."""
    uri: str
    """The path template."""
    body: str
    """`*`, a field, or nothing."""

    @property
    def option(self) -> dict[str, str]:
        """The rule as google-api-core takes it."""
        return {"method": self.method, "uri": self.uri, **({"body": self.body} if self.body else {})}

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables of the template."""
        found = _VARIABLE.finditer(self.uri)
        return tuple(Variable(path=tuple(match[1].split(".")), template=match[2] or "*") for match in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method with at least one HTTP rule."""

    rpc: str
    """The gRPC path."""
    request: type[Message]
    client_streaming: bool
    server_streaming: bool
    ranged: frozenset[str]
    """The fields that the policy leaves to Range headers, and so takes from the query."""
    rules: tuple[Rule, ...]

    @property
    def service(self) -> str:
        """The full name of its service."""
        return self.rpc.split("/")[1]

    @property
    def kind(self) -> str:
        """Which sides stream."""
        kinds = {(False, False): "unary", (False, True): "server", (True, False): "client", (True, True): "bidi"}
        return kinds[self.client_streaming, self.server_streaming]


def read_methods(root: Path, wanted: Iterable[str] = ("",)) -> list[Method]:
    """The annotated methods of the protos under a root whose names start with one of `wanted`."""
    provided = find_provided(root)
    names = own_protos(root, provided)
    parsed = parse_protos(names, [root, *provided.roots], provided.renamed)
    assert parsed.descriptor_set, parsed.problems
    files = FileDescriptorSet.FromString(parsed.descriptor_set).file
    pool = DescriptorPool()
    for file in files:
        pool.AddSerializedFile(file.SerializeToString())
    starts = tuple(wanted)
    return [
        method
        for file in files
        if file.name in names and file.name.startswith(starts)
        for service in file.service
        for declared in service.method
        for method in _read_method(f"{file.package}.{service.name}", declared, pool)
    ]


def _read_method(service: str, declared: MethodDescriptorProto, pool: DescriptorPool) -> Iterator[Method]:
    http = declared.options.Extensions[annotations_pb2.http]
    rules = tuple(_read_rule(rule) for rule in (http, *http.additional_bindings) if rule.WhichOneof("pattern"))
    download = declared.options.Extensions[policy_pb2.policy].download
    if rules:
        yield Method(
            rpc=f"/{service}/{declared.name}",
            request=GetMessageClass(pool.FindMessageTypeByName(declared.input_type.lstrip("."))),
            client_streaming=declared.client_streaming,
            server_streaming=declared.server_streaming,
            ranged=frozenset({download.offset_field, download.length_field} - {""}),
            rules=rules,
        )


def _read_rule(http: http_pb2.HttpRule) -> Rule:
    pattern = cast("str", http.WhichOneof("pattern"))
    if pattern == "custom":
        return Rule(method=http.custom.kind.lower(), uri=http.custom.path, body=http.body)
    return Rule(method=pattern, uri=getattr(http, pattern), body=http.body)


def fields_of(descriptor: Descriptor) -> list[FieldDescriptor]:
    """The fields of a message type; the stubs know two classes for one thing."""
    return cast("list[FieldDescriptor]", list(descriptor.fields))


def field_of(descriptor: Any, name: str) -> FieldDescriptor:
    """A field by its name."""
    return cast("FieldDescriptor", descriptor.fields_by_name[name])


def is_map(field: FieldDescriptor) -> bool:
    """Whether a field is a map."""
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)
