"""HTTP rules as they are written, by annotation or by service configuration, and what can be wrong with one of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from transom_codegen.fields import FieldError, resolve_body, resolve_dotted_body, resolve_variable
from transom_codegen.model import Location
from transom_codegen.path_template import TemplateError, parse_path_template
from transom_codegen.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.api import http_pb2
    from google.protobuf.descriptor import Descriptor

    from transom_codegen.model import Rpc
    from transom_codegen.service_config import ServiceRule
    from transom_codegen.source_text import AnnotationText

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BODILESS: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An HTTP rule of a method, wherever it was written."""

    http: http_pb2.HttpRule
    index: int
    method: str
    """The HTTP method, upper case; empty where the rule has no pattern, or a custom one of no kind."""
    template: str
    location: Location
    """Where the template stands, or else what is around it."""
    is_exact: bool
    """Whether it is the template's own place."""

    def at(self, column: int) -> Location:
        """The place of a column of the template, as exactly as it is known."""
        return replace(self.location, column=self.location.column + column - 1) if self.is_exact else self.location


def flatten_annotation(http: http_pb2.HttpRule, around: Location, text: AnnotationText) -> Iterator[Rule]:
    """The rule of an annotation and its additional bindings, each at its template where the text shows it."""
    for index, rule in enumerate([http, *http.additional_bindings]):
        method, template = _read_pattern(rule)
        place = text.find(template)
        location = replace(around, line=place[0], column=place[1]) if place else around
        yield Rule(
            http=rule, index=index, method=method, template=template, location=location, is_exact=place is not None
        )


def flatten_entry(entry: ServiceRule, file: str) -> Iterator[Rule]:
    """The rule of a service configuration and its additional bindings, each where it begins."""
    marks = (entry.mark, *entry.additional_marks)
    for index, (rule, mark) in enumerate(zip([entry.http, *entry.http.additional_bindings], marks, strict=True)):
        method, template = _read_pattern(rule)
        location = Location(file=file, line=mark.line, column=mark.column)
        yield Rule(http=rule, index=index, method=method, template=template, location=location, is_exact=False)


def check_rule(rule: Rule, rpc: Rpc, *, dotted_bodies: bool) -> Iterator[Problem]:
    """All that is wrong with a rule in itself: where this yields nothing, its template parses and its fields fit."""
    if rule.index and rule.http.additional_bindings:
        hint = "list all of them in the outer rule: one level is all there is"
        yield Problem.at(rule.location, "additional-binding", "an additional binding has its own", hint)
    yield from _check_pattern(rule, rpc)
    if rule.http.body and rule.method in _BODILESS:
        hint = "drop `body`: its fields are read from the query, or use post"
        yield Problem.at(rule.location, "get-body", f"{rule.method} with a body", hint)
    request_body = "" if rule.http.body == "*" else rule.http.body
    yield from _check_body(rule, rpc.request.descriptor, request_body, dotted_bodies)
    yield from _check_body(rule, rpc.response.descriptor, rule.http.response_body, dotted_bodies)


def _check_pattern(rule: Rule, rpc: Rpc) -> Iterator[Problem]:
    if rule.http.WhichOneof("pattern") is None:
        hint = "write one of get, put, post, delete, patch and custom"
        message = f"the HTTP rule of {rpc.full_name} has no method and path"
        yield Problem.at(rule.location, "http-rule", message, hint)
        return
    if not _TOKEN.fullmatch(rule.method):
        hint = "write a token, such as `REPORT`, or `*`"
        yield Problem.at(rule.location, "http-method", f"'{rule.method}' is no HTTP method", hint)
    yield from _check_template(rule, rpc.request.descriptor)


def _check_template(rule: Rule, message: Descriptor) -> Iterator[Problem]:
    try:
        template = parse_path_template(rule.template)
    except TemplateError as error:
        told = f"{error.message}, at column {error.column} of '{rule.template}'"
        yield Problem.at(rule.at(error.column), "path-template", told, error.hint)
        return
    for variable in template.variables:
        try:
            resolve_variable(message, variable.field_path)
        except FieldError as error:
            yield Problem.at(rule.at(variable.column), error.rule, error.message, error.hint)


def _check_body(rule: Rule, message: Descriptor, name: str, dotted: bool) -> Iterator[Problem]:
    resolve = resolve_dotted_body if dotted else resolve_body
    try:
        if name:
            resolve(message, name)
    except FieldError as error:
        yield Problem.at(rule.location, error.rule, error.message, error.hint)


def _read_pattern(http: http_pb2.HttpRule) -> tuple[str, str]:
    """The HTTP method, upper case, and the template, as far as the rule says them."""
    pattern = http.WhichOneof("pattern")
    if pattern is None:
        return "", ""
    if pattern == "custom":
        return http.custom.kind.upper(), http.custom.path
    return pattern.upper(), str(getattr(http, pattern))
