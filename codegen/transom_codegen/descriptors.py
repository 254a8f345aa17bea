"""The descriptor set of a run: its files, their types, and where in the sources everything stands."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, cast

# Imported before any descriptor is parsed: it registers `google.api.http` with the options that are read here.
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from transom_codegen.model import Location

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from google.api import http_pb2
    from google.protobuf.compiler import plugin_pb2
    from google.protobuf.message import Message

Path = tuple[int, ...]
"""A place in a FileDescriptorProto: field numbers and indices, as SourceCodeInfo writes them."""

# Field numbers of google/protobuf/descriptor.proto, which paths are made of.
PACKAGE: Final = 2
MESSAGE: Final = 4
ENUM: Final = 5
SERVICE: Final = 6
EXTENSION: Final = 7
SYNTAX: Final = 12
EDITION: Final = 14
_METHOD: Final = 2
_FIELD: Final = 2
_NESTED: Final = 3
_NESTED_ENUM: Final = 4
_NESTED_EXTENSION: Final = 6
_VALUE: Final = 2
_METHOD_OPTIONS: Final = 4
_SERVICE_OPTIONS: Final = 3

_HTTP: Final = annotations_pb2.http
_POLICY_FILE: Final = "transom/v1/policy.proto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a source, in lines and columns from 1; its end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A proto file with its places and comments."""

    proto: descriptor_pb2.FileDescriptorProto
    spans: dict[Path, Span]
    """Where the elements of the file stand; empty where the compiler kept no source info."""
    pieces: dict[Path, Span]
    """The first piece of each element that has elements of its own."""
    comments: dict[Path, str]
    """What is written before them, unindented."""

    @property
    def name(self) -> str:
        """The file as its importers name it."""
        return self.proto.name

    def locate(self, *paths: Path) -> Location:
        """Where the first of `paths` stands that the compiler kept; the file as a whole where it kept none."""
        span = next((span for path in paths if (span := self.find_span(path))), None)
        if span is None:
            return Location(file=self.name)
        return Location(file=self.name, line=span.line, column=span.column)

    def find_span(self, path: Path) -> Span | None:
        """The stretch of an element; for an option that is written in pieces, of its first piece."""
        return self.spans.get(path) or self.pieces.get(path)

    def comment(self, *paths: Path) -> str:
        """The comment at the first of `paths` that has one."""
        return next((self.comments[path] for path in paths if path in self.comments), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescriptorSet:
    """All files of a run, and the pool of their types."""

    files: dict[str, SourceFile]
    """By name; each stands behind those that it imports."""
    to_generate: tuple[str, ...]
    """The names of the files that code is wanted for, sorted."""
    pool: descriptor_pool.DescriptorPool

    def read_policy(self, options: Message, extension: str) -> Message | None:
        """The value of one of transom/v1/policy.proto's options, as a message of the run's own pool; None: not set.

        The run's own pool, because the proto of the run may be newer than any module that is installed, or the very
        one whose module is to be generated.
        """
        if _POLICY_FILE not in self.files or not options.ByteSize():
            return None
        known_type = self.pool.FindMessageTypeByName(options.DESCRIPTOR.full_name)
        known = message_factory.GetMessageClass(known_type).FromString(options.SerializeToString())
        # The stubs know extensions of generated modules only.
        handle: Any = self.pool.FindExtensionByName(extension)
        return cast("Message", known.Extensions[handle]) if known.HasExtension(handle) else None


def http_rule(method: descriptor_pb2.MethodDescriptorProto) -> http_pb2.HttpRule | None:
    """The `google.api.http` annotation of a method; None: it has none."""
    return method.options.Extensions[_HTTP] if method.options.HasExtension(_HTTP) else None


def method_path(service: int, method: int) -> Path:
    """Where a method stands."""
    return (SERVICE, service, _METHOD, method)


def http_rule_path(service: int, method: int) -> Path:
    """Where a method's `google.api.http` annotation stands."""
    return (*method_path(service, method), _METHOD_OPTIONS, _HTTP.number)


def method_option_path(service: int, method: int, number: int) -> Path:
    """Where an option of a method stands."""
    return (*method_path(service, method), _METHOD_OPTIONS, number)


def service_option_path(service: int, number: int) -> Path:
    """Where an option of a service stands."""
    return (SERVICE, service, _SERVICE_OPTIONS, number)


def read_request(request: plugin_pb2.CodeGeneratorRequest) -> DescriptorSet:
    """The descriptor set of a compiler's request to a plugin."""
    return _build(request.proto_file, request.file_to_generate)


def read_descriptor_set(data: bytes, to_generate: Iterable[str]) -> DescriptorSet:
    """A descriptor set as compilers write it; with imports, and with source info where problems shall have places."""
    return _build(descriptor_pb2.FileDescriptorSet.FromString(data).file, to_generate)


def _build(protos: Iterable[descriptor_pb2.FileDescriptorProto], to_generate: Iterable[str]) -> DescriptorSet:
    pool = descriptor_pool.DescriptorPool()
    files = {proto.name: _read_source(proto) for proto in protos}
    for source in files.values():
        pool.AddSerializedFile(source.proto.SerializeToString())
    return DescriptorSet(files=files, to_generate=tuple(sorted(set(to_generate))), pool=pool)


def _read_source(proto: descriptor_pb2.FileDescriptorProto) -> SourceFile:
    spans: dict[Path, Span] = {}
    pieces: dict[Path, Span] = {}
    comments: dict[Path, str] = {}
    for location in proto.source_code_info.location:
        path = tuple(location.path)
        span = spans.setdefault(path, _read_span(location.span))
        for above in _not_in(pieces, path):
            pieces[above] = span
        if comment := _unindent(location.leading_comments or location.trailing_comments):
            comments.setdefault(path, comment)
    return SourceFile(proto=proto, spans=spans, pieces=pieces, comments=comments)


def _not_in(pieces: Container[Path], path: Path) -> Iterator[Path]:
    """The paths above a path, from the longest, up to the first that is known: those above it are known too."""
    return takewhile(lambda above: above not in pieces, (path[:length] for length in range(len(path) - 1, 0, -1)))


def _read_span(span: Iterable[int]) -> Span:
    """Three numbers where the stretch ends on its first line, else four; all from 0."""
    line, column, *end = (number + 1 for number in span)
    end_line, end_column = end if len(end) == 2 else (line, *end)
    return Span(line=line, column=column, end_line=end_line, end_column=end_column)


def _unindent(comment: str) -> str:
    lines = [line.rstrip() for line in comment.expandtabs(4).split("\n")]
    return textwrap.dedent("\n".join(lines)).strip()


def walk_names(proto: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[str, Path]]:
    """The full names of all messages, fields, enums, values, services and methods of a file, with their paths."""
    prefix = f"{proto.package}." if proto.package else ""
    for index, message in enumerate(proto.message_type):
        yield from _walk_message(message, prefix, (MESSAGE, index))
    for index, enum in enumerate(proto.enum_type):
        yield from _walk_enum(enum, prefix, (ENUM, index))
    for index, extension in enumerate(proto.extension):
        yield prefix + extension.name, (EXTENSION, index)
    for index, service in enumerate(proto.service):
        yield prefix + service.name, (SERVICE, index)
        for at, method in enumerate(service.method):
            yield f"{prefix}{service.name}.{method.name}", method_path(index, at)


def _walk_message(message: descriptor_pb2.DescriptorProto, prefix: str, path: Path) -> Iterator[tuple[str, Path]]:
    name = prefix + message.name
    yield name, path
    for index, declared in enumerate(message.field):
        yield f"{name}.{declared.name}", (*path, _FIELD, index)
    for index, nested in enumerate(message.nested_type):
        yield from _walk_message(nested, f"{name}.", (*path, _NESTED, index))
    for index, enum in enumerate(message.enum_type):
        yield from _walk_enum(enum, f"{name}.", (*path, _NESTED_ENUM, index))
    for index, extension in enumerate(message.extension):
        yield f"{name}.{extension.name}", (*path, _NESTED_EXTENSION, index)


def _walk_enum(enum: descriptor_pb2.EnumDescriptorProto, prefix: str, path: Path) -> Iterator[tuple[str, Path]]:
    """A value is named as a member of its enum here, although protobuf's own scope for it is the enum's parent."""
    name = prefix + enum.name
    yield name, path
    for index, value in enumerate(enum.value):
        yield f"{name}.{value.name}", (*path, _VALUE, index)
