"""Builds the IR from a descriptor set, and collects what is wrong with its HTTP rules on the way."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from transom_codegen import descriptors, naming, policy_options
from transom_codegen.fields import FieldError, query_fields, resolve_body, resolve_dotted_body, resolve_variable
from transom_codegen.model import Api, Binding, File, Location, MessageClass, Rpc, Service, StreamKind
from transom_codegen.path_template import PathTemplate, TemplateError, parse_path_template
from transom_codegen.problem import Problem
from transom_codegen.source_text import AnnotationText, ReadSource, no_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.api import http_pb2
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.descriptor_pb2 import MethodDescriptorProto, ServiceDescriptorProto

    from transom_codegen.descriptors import DescriptorSet, SourceFile
    from transom_codegen.service_config import ServiceConfig

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BODILESS: Final = frozenset({"GET", "HEAD"})
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
    files = tuple(builder.build_file(descriptor_set.files[name]) for name in descriptor_set.to_generate)
    sources = descriptor_set.files.values()
    named = [(source, name, path) for source in sources for name, path in descriptors.walk_names(source.proto)]
    api = Api(
        files=files,
        pool=descriptor_set.pool,
        comments={name: comment for source, name, path in named if (comment := source.comment(path))},
        locations={name: source.locate(path) for source, name, path in named},
    )
    return api, [*builder.problems, *_check_config(api, options.config), *_check_modules(files)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """An HTTP rule of a method, wherever it was written."""

    http: http_pb2.HttpRule
    index: int
    method: str
    """The HTTP method, upper case; empty where the rule has no pattern."""
    template: str
    location: Location
    """Where the template stands, or else what is around it."""
    is_exact: bool
    """Whether it is the template's own place."""

    def at(self, column: int) -> Location:
        """The place of a column of the template, as exactly as it is known."""
        return replace(self.location, column=self.location.column + column - 1) if self.is_exact else self.location


class _Builder:
    """Reads the files of one run; knows the problems so far."""

    def __init__(self, descriptor_set: DescriptorSet, options: BuildOptions) -> None:
        self._set = descriptor_set
        self._options = options
        self.problems: list[Problem] = []

    def build_file(self, source: SourceFile) -> File:
        proto = source.proto
        services = [self._build_service(source, index, service) for index, service in enumerate(proto.service)]
        comment = source.comment((descriptors.SYNTAX,), (descriptors.EDITION,), (descriptors.PACKAGE,))
        return File(
            name=source.name,
            package=proto.package,
            services=tuple(self._name_handlers(services)),
            module=naming.gateway_module(source.name),
            comment="" if _LICENCE.search(comment) else comment,
        )

    def _build_service(self, source: SourceFile, index: int, proto: ServiceDescriptorProto) -> Service:
        full_name = f"{source.proto.package}.{proto.name}".lstrip(".")
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
    ) -> Iterator[_Rule]:
        """The method's rule and its additional bindings; a service configuration's comes before the annotation."""
        config = self._options.config
        if config and (entry := config.rule_for(rpc.full_name)):
            marks = (entry.mark, *entry.additional_marks)
            places = [Location(file=config.file, line=mark.line, column=mark.column) for mark in marks]
            yield from self._flatten(entry.http, places, AnnotationText(None, None))
        elif annotation := descriptors.http_rule(method):
            path = descriptors.http_rule_path(*at)
            place = source.locate(path, descriptors.method_path(*at))
            text = AnnotationText(self._options.read_source(source.name), source.find_span(path))
            yield from self._flatten(annotation, [place] * (1 + len(annotation.additional_bindings)), text)

    def _flatten(self, http: http_pb2.HttpRule, places: Sequence[Location], text: AnnotationText) -> Iterator[_Rule]:
        yield _read_rule(http, 0, places[0], text)
        for index, additional in enumerate(http.additional_bindings, start=1):
            rule = _read_rule(additional, index, places[index], text)
            if additional.additional_bindings:
                hint = "list all of them in the outer rule: one level is all there is"
                self._report(rule.location, "additional-binding", "an additional binding has its own", hint)
            yield rule

    def _build_binding(self, rpc: Rpc, rule: _Rule) -> Binding | None:
        known = len(self.problems)
        self._check_method(rpc, rule)
        template = self._parse_template(rule) if rule.method else None
        self._check_variables(rpc.request.descriptor, template, rule)
        self._check_bodies(rpc, rule)
        if template is None or len(self.problems) > known:
            return None
        return Binding(
            rpc=rpc,
            index=rule.index,
            method=rule.method,
            template=template,
            body=rule.http.body or None,
            response_body=rule.http.response_body or None,
            query=_query(rpc.request.descriptor, template, rule.http.body),
            handler=naming.handler_name(rpc.name, rule.index),
            location=rule.location,
        )

    def _check_method(self, rpc: Rpc, rule: _Rule) -> None:
        if not rule.method:
            hint = "write one of get, put, post, delete, patch and custom"
            self._report(rule.location, "http-rule", f"the HTTP rule of {rpc.full_name} has no method and path", hint)
        elif not _TOKEN.fullmatch(rule.method):
            hint = "write a token, such as `REPORT`, or `*`"
            self._report(rule.location, "http-method", f"'{rule.method}' is no HTTP method", hint)

    def _parse_template(self, rule: _Rule) -> PathTemplate | None:
        try:
            return parse_path_template(rule.template)
        except TemplateError as error:
            message = f"{error.message}, at column {error.column} of '{rule.template}'"
            self._report(rule.at(error.column), "path-template", message, error.hint)
            return None

    def _check_variables(self, message: Descriptor, template: PathTemplate | None, rule: _Rule) -> None:
        for variable in template.variables if template else ():
            try:
                resolve_variable(message, variable.field_path)
            except FieldError as error:
                self._report(rule.at(variable.column), error.rule, error.message, error.hint)

    def _check_bodies(self, rpc: Rpc, rule: _Rule) -> None:
        if rule.http.body and rule.method in _BODILESS:
            hint = "drop `body`: its fields are read from the query, or use post"
            self._report(rule.location, "get-body", f"{rule.method} with a body", hint)
        if rule.http.body != "*":
            self._check_body(rpc.request.descriptor, rule.http.body, rule)
        self._check_body(rpc.response.descriptor, rule.http.response_body, rule)

    def _check_body(self, message: Descriptor, name: str, rule: _Rule) -> None:
        resolve = resolve_dotted_body if self._options.dotted_bodies else resolve_body
        try:
            if name:
                resolve(message, name)
        except FieldError as error:
            self._report(rule.location, error.rule, error.message, error.hint)

    def _name_handlers(self, services: Sequence[Service]) -> Iterator[Service]:
        """Plain names go to the first service that declares them, bound or not; later ones name their service."""
        owners: dict[str, str] = {}
        for service in services:
            for rpc in service.rpcs:
                owners.setdefault(naming.as_snake_case(rpc.name), service.name)
        taken: dict[str, Binding] = {}
        for service in services:
            named = [self._name_handler(binding, service, owners) for binding in service.bindings]
            yield replace(service, bindings=tuple(b for b in named if self._claim(b, taken)))

    def _name_handler(self, binding: Binding, service: Service, owners: dict[str, str]) -> Binding:
        rpc = binding.rpc
        if owners[naming.as_snake_case(rpc.name)] == service.name:
            return binding
        return replace(binding, handler=naming.qualified_handler_name(service.name, rpc.name, binding.index))

    def _claim(self, binding: Binding, taken: dict[str, Binding]) -> bool:
        owner = taken.setdefault(binding.handler, binding)
        if owner is not binding:
            message = f"{binding.id} and {owner.id} both give the handler '{binding.handler}'"
            self._report(binding.location, "name-collision", message, "rename one of the methods")
        return owner is binding

    def _report(self, location: Location, rule: str, message: str, hint: str) -> None:
        self.problems.append(_problem(location, rule, message, hint))


def _read_rule(http: http_pb2.HttpRule, index: int, around: Location, text: AnnotationText) -> _Rule:
    method, template = _read_pattern(http)
    place = text.find(template)
    location = replace(around, line=place[0], column=place[1]) if place else around
    return _Rule(http=http, index=index, method=method, template=template, location=location, is_exact=bool(place))


def _read_pattern(http: http_pb2.HttpRule) -> tuple[str, str]:
    """The HTTP method, upper case, and the template; both empty where the rule has no pattern."""
    pattern = http.WhichOneof("pattern")
    if pattern is None:
        return "", ""
    if pattern == "custom":
        return http.custom.kind.upper(), http.custom.path
    return pattern.upper(), str(getattr(http, pattern))


def _query(message: Descriptor, template: PathTemplate, body: str) -> tuple[str, ...]:
    """A nested variable binds a part of its top-level field only; the rest stays open to the query."""
    if body == "*":
        return ()
    return query_fields(message, {body.partition(".")[0], *(variable.field_path for variable in template.variables)})


def _check_config(api: Api, config: ServiceConfig | None) -> list[Problem]:
    if config is None:
        return []
    # Imported where it is wanted: a YAML reader would slow every start of the plugin.
    from transom_codegen.service_config import check_selectors  # noqa: PLC0415

    methods = [rpc.full_name for service in api.services for rpc in service.rpcs]
    return [*config.problems, *check_selectors(config, methods)]


def _check_modules(files: Sequence[File]) -> list[Problem]:
    """Two protos whose names differ only in what a module name cannot show."""
    owners: dict[str, str] = {}
    return [
        _problem(
            Location(file=file.name),
            "name-collision",
            f"{file.name} and {owner} both give the module '{file.module}'",
            "rename one of the files",
        )
        for file in files
        if (owner := owners.setdefault(file.module, file.name)) != file.name
    ]


def _problem(location: Location, rule: str, message: str, hint: str) -> Problem:
    return Problem(
        file=location.file, line=location.line, column=location.column, rule=rule, message=message, hint=hint
    )
