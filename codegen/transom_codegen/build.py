"""Builds the IR from a descriptor set, and collects what is wrong with its HTTP rules on the way."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

from transom_codegen import descriptors, naming, policy_options
from transom_codegen.fields import query_fields
from transom_codegen.handler_names import check_modules, name_handlers
from transom_codegen.model import Api, Binding, File, MessageClass, Rpc, Service, StreamKind
from transom_codegen.path_template import PathTemplate, parse_path_template
from transom_codegen.rules import check_rule, flatten_annotation, flatten_entry
from transom_codegen.source_text import AnnotationText, ReadSource, no_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor_pb2 import FileDescriptorProto, MethodDescriptorProto, ServiceDescriptorProto

    from transom_codegen.descriptors import DescriptorSet, SourceFile
    from transom_codegen.problem import Problem
    from transom_codegen.rules import Rule
    from transom_codegen.service_config import ServiceConfig

_LICENCE: Final = re.compile(r"copyright|license", re.IGNORECASE)
_STREAMS: Final = {
    (False, False): StreamKind.UNARY,
    (False, True): StreamKind.SERVER,
    (True, False): StreamKind.CLIENT,
    (True, True): StreamKind.BIDI,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What a run may decide about the reading of its rules."""

    config: ServiceConfig | None = None
    """Rules that replace the annotations of the methods they select."""
    dotted_bodies: bool = False
    """Lets `body` and `response_body` name a field of a field (semantics.md B4)."""
    read_source: ReadSource = no_source
    """Where the text of a proto is had from, for exact places."""


_DEFAULTS: Final = BuildOptions()


def build_api(descriptor_set: DescriptorSet, options: BuildOptions = _DEFAULTS) -> tuple[Api, list[Problem]]:
    """The IR of a run, and all problems of its rules. What has a problem is left out of the IR; nothing is raised."""
    builder = _Builder(descriptor_set, options)
    own = [builder.build_file(descriptor_set.files[name]) for name in descriptor_set.to_generate]
    files = tuple(sorted([*own, *builder.build_mixins()], key=lambda file: file.name))
    sources = descriptor_set.files.values()
    named = [(source, name, path) for source in sources for name, path in descriptors.walk_names(source.proto)]
    api = Api(
        files=files,
        pool=descriptor_set.pool,
        comments={name: comment for source, name, path in named if (comment := source.comment(path))},
        locations={name: source.locate(path) for source, name, path in named},
    )
    return api, [*builder.problems, *_check_config(api, options.config), *check_modules(files)]


class _Builder:
    """Reads the files of one run; knows the problems so far."""

    def __init__(self, descriptor_set: DescriptorSet, options: BuildOptions) -> None:
        self._set = descriptor_set
        self._options = options
        # Once per file, not per rule: generated protos have thousands of rules on a hundred thousand lines.
        self._read_lines = cache(lambda name: (options.read_source(name) or "").split("\n"))
        self.problems: list[Problem] = []

    def build_file(self, source: SourceFile) -> File:
        proto = source.proto
        declared = [self._build_service(source, index, service) for index, service in enumerate(proto.service)]
        services, collisions = name_handlers(declared)
        self.problems += collisions
        comment = source.comment((descriptors.SYNTAX,), (descriptors.EDITION,), (descriptors.PACKAGE,))
        return File(
            name=source.name,
            package=proto.package,
            services=services,
            module=naming.gateway_module(source.name),
            comment="" if _LICENCE.search(comment) else comment,
        )

    def build_mixins(self) -> Iterator[File]:
        """The files, not the run's own, of the services that a service configuration takes in: these services only."""
        wanted = {api.name for api in self._options.config.apis} if self._options.config else set()
        for source in self._set.files.values():
            proto = source.proto
            if source.name in self._set.to_generate or not any(
                _full_name(proto, s.name) in wanted for s in proto.service
            ):
                continue
            file = self.build_file(source)
            services = tuple(service for service in file.services if service.full_name in wanted)
            yield replace(file, services=services, module=naming.mixin_module(source.name))

    def _build_service(self, source: SourceFile, index: int, proto: ServiceDescriptorProto) -> Service:
        full_name = _full_name(source.proto, proto.name)
        rpcs = [self._build_rpc(source, (index, at), proto, method) for at, method in enumerate(proto.method)]
        bindings = [
            binding
            for at, rpc in enumerate(rpcs)
            for rule in self._rules(source, (index, at), proto.method[at], rpc)
            if (binding := self._build_binding(rpc, rule))
        ]
        return Service(
            name=proto.name,
            full_name=full_name,
            rpcs=tuple(rpcs),
            bindings=tuple(bindings),
            comment=source.comment((descriptors.SERVICE, index)),
            deprecated=proto.options.deprecated or source.proto.options.deprecated,
            location=source.locate((descriptors.SERVICE, index, 1), (descriptors.SERVICE, index)),
        )

    def _build_rpc(
        self, source: SourceFile, at: tuple[int, int], service: ServiceDescriptorProto, method: MethodDescriptorProto
    ) -> Rpc:
        path = descriptors.method_path(*at)
        comment = source.comment(path)
        stream = _STREAMS[method.client_streaming, method.server_streaming]
        defaults = self._set.read_policy(service.options, policy_options.DEFAULTS)
        own = self._set.read_policy(method.options, policy_options.POLICY)
        return Rpc(
            name=method.name,
            full_name=f"{source.proto.package}.{service.name}.{method.name}".lstrip("."),
            stream=stream,
            request=self._message_class(method.input_type),
            response=self._message_class(method.output_type),
            policy=policy_options.merge_policy(
                defaults, own, rpc=method.name, comment=comment, is_stream=stream is not StreamKind.UNARY
            ),
            comment=comment,
            deprecated=any(o.deprecated for o in (method.options, service.options, source.proto.options)),
            location=source.locate((*path, 1), path),
        )

    def _message_class(self, type_name: str) -> MessageClass:
        descriptor = self._set.pool.FindMessageTypeByName(type_name.lstrip("."))
        package = descriptor.file.package
        return MessageClass(
            descriptor=descriptor,
            module=naming.message_module(descriptor.file.name),
            qualname=descriptor.full_name.removeprefix(f"{package}." if package else ""),
        )

    def _rules(
        self, source: SourceFile, at: tuple[int, int], method: MethodDescriptorProto, rpc: Rpc
    ) -> Iterator[Rule]:
        """The method's rule and its additional bindings; a service configuration's comes before the annotation."""
        config = self._options.config
        if config and (entry := config.rule_for(rpc.full_name)):
            return flatten_entry(entry, config.file)
        if annotation := descriptors.http_rule(method):
            path = descriptors.http_rule_path(*at)
            around = source.locate(path, descriptors.method_path(*at))
            text = AnnotationText(self._read_lines(source.name), source.find_span(path))
            return flatten_annotation(annotation, around, text)
        return iter(())

    def _build_binding(self, rpc: Rpc, rule: Rule) -> Binding | None:
        problems = list(check_rule(rule, rpc, dotted_bodies=self._options.dotted_bodies))
        self.problems += problems
        if problems:
            return None
        template = parse_path_template(rule.template)
        return Binding(
            rpc=rpc,
            index=rule.index,
            method=rule.method,
            template=template,
            body=rule.http.body or None,
            response_body=rule.http.response_body or None,
            query=_query(rpc, template, rule.http.body),
            handler=naming.handler_name(rpc.name, rule.index),
            location=rule.location,
        )


def _full_name(file: FileDescriptorProto, service: str) -> str:
    return f"{file.package}.{service}".lstrip(".")


def _query(rpc: Rpc, template: PathTemplate, body: str) -> tuple[str, ...]:
    """A nested variable binds a part of its top-level field only; the rest stays open to the query. What a Range
    header fills does not: a part of a content is no content of its own.
    """
    if body == "*":
        return ()
    taken = {body.partition(".")[0], *(variable.field_path for variable in template.variables)}
    return query_fields(rpc.request.descriptor, taken | rpc.policy.download.fields)


def _check_config(api: Api, config: ServiceConfig | None) -> list[Problem]:
    if config is None:
        return []
    # Imported where it is wanted: a YAML reader would slow every start of the plugin.
    from transom_codegen.service_config import check_apis, check_selectors  # noqa: PLC0415

    methods = [rpc.full_name for service in api.services for rpc in service.rpcs]
    services = [service.full_name for service in api.services]
    return [*config.problems, *check_apis(config, services), *check_selectors(config, methods)]
