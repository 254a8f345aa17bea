"""HTTP rules from a service configuration: a `google.api.Service` in YAML, for protos that a team cannot annotate.

The format is google/api/service.proto's. Its `http` section is read, and the names of its `apis`, by which a service
takes in others (google.longrunning.Operations, google.cloud.location.Locations) whose protos a package provides. The
sections that configure other products are let through, and a name that is in no section at all is a problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from google.api import http_pb2, service_pb2
from google.protobuf import api_pb2

from transom_codegen.marked_yaml import Mark, MarkedYaml
from transom_codegen.problem import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.message import Message
    from yaml.nodes import Node

_TYPE: Final = "google.api.Service"
_METHODS: Final = ("get", "put", "post", "delete", "patch")
_TEXTS: Final = frozenset({*_METHODS, "selector", "body", "response_body"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRule:
    """One entry of `http.rules`, and where it stands."""

    http: http_pb2.HttpRule
    """The rule as the annotation would have had it."""
    mark: Mark
    """Where the rule begins."""
    additional_marks: tuple[Mark, ...] = ()
    """Where each of its additional bindings begins."""

    @property
    def patterns(self) -> tuple[str, ...]:
        """The selector's patterns: qualified names, each of which may end in a `*` component."""
        return tuple(pattern.strip() for pattern in self.http.selector.split(","))

    def selects(self, method: str) -> bool:
        """Whether any pattern covers the method, named in full (`shop.v1.Shop.GetItem`)."""
        return any(_matches(pattern, method) for pattern in self.patterns)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedApi:
    """One entry of `apis`, and where it stands."""

    name: str
    """The full name of a service."""
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConfig:
    """What a service configuration says about HTTP. Its rules replace the annotations of the methods they select."""

    file: str
    """The path of the YAML, as problems show it."""
    rules: tuple[ServiceRule, ...] = ()
    """The rules, in the order of the file."""
    apis: tuple[ServedApi, ...] = ()
    """What is served; those that no proto of the run declares are taken from the packages that provide them."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with the file itself."""

    def rule_for(self, method: str) -> ServiceRule | None:
        """The rule of a method, named in full; the last one wins, as in every section of a service configuration."""
        return next((rule for rule in reversed(self.rules) if rule.selects(method)), None)


def load_service_config(file: str, text: str) -> ServiceConfig:
    """Reads a service configuration. Never raises: mistakes are in the result's `problems`."""
    yaml = MarkedYaml(file)
    root = yaml.read(text)
    if root is None:
        return ServiceConfig(file=file, problems=tuple(yaml.problems))
    sections = yaml.as_mapping(root, known=_names(service_pb2.Service()) | {"type"})
    _check_type(yaml, root, sections)
    http = yaml.as_mapping(sections["http"], known=_names(http_pb2.Http())) if "http" in sections else {}
    rules = [_read_rule(yaml, node) for node in yaml.as_sequence(http.get("rules"))]
    if yaml.as_bool(decoding := http.get("fully_decode_reserved_expansion")) and decoding:
        _warn_of_decoding(yaml, decoding)
    return ServiceConfig(
        file=file,
        rules=tuple(rule for rule in rules if rule.http.selector),
        apis=_read_apis(yaml, sections.get("apis")),
        problems=tuple(yaml.problems),
    )


def _read_apis(yaml: MarkedYaml, node: Node | None) -> tuple[ServedApi, ...]:
    entries = [(entry, yaml.as_mapping(entry, known=_names(api_pb2.Api()))) for entry in yaml.as_sequence(node)]
    named = [(Mark.of(entry), yaml.as_text(fields.get("name"))) for entry, fields in entries]
    return tuple(ServedApi(name=name, mark=mark) for mark, name in named if name)


def check_apis(config: ServiceConfig, services: Iterable[str]) -> list[Problem]:
    """The entries of `apis` that are no service of the run: warnings, since one file may describe several gateways."""
    known = frozenset(services)
    return [
        Problem(
            file=config.file,
            line=api.mark.line,
            column=api.mark.column,
            rule="unknown-api",
            message=f"'{api.name}' is a service neither of this run nor of a package that provides protos",
            hint="generate its proto in the same run, or install the package that has it",
            severity=Severity.WARNING,
        )
        for api in config.apis
        if api.name not in known
    ]


def check_selectors(config: ServiceConfig, methods: Iterable[str]) -> list[Problem]:
    """The patterns that no method of the run matches: an error where its service is in the run, else a warning."""
    names = frozenset(methods)
    services = frozenset(name.rpartition(".")[0] for name in names)
    return [
        _unknown_selector(config.file, rule.mark, pattern, in_run=pattern.rpartition(".")[0] in services)
        for rule in config.rules
        for pattern in rule.patterns
        if not any(_matches(pattern, name) for name in names)
    ]


def _unknown_selector(file: str, mark: Mark, pattern: str, *, in_run: bool) -> Problem:
    return Problem(
        file=file,
        line=mark.line,
        column=mark.column,
        rule="unknown-selector",
        message=f"selector '{pattern}' matches no method of this run",
        hint="name a method in full: package.Service.Method"
        if in_run
        else "generate its service in the same run, or drop the rule",
        severity=Severity.ERROR if in_run else Severity.WARNING,
    )


def _warn_of_decoding(yaml: MarkedYaml, node: Node) -> None:
    """What is generated does not depend on it; nobody should believe that the gateway does as it says."""
    yaml.report(
        node,
        "service-config-decoding",
        "fully_decode_reserved_expansion changes nothing here: how variables are decoded is the gateway's to know",
        "set `unescape: ALL_CHARACTERS` in the gateway's settings",
        Severity.WARNING,
    )


def _check_type(yaml: MarkedYaml, root: Node, sections: dict[str, Node]) -> None:
    written = yaml.as_text(sections.get("type"))
    if written != _TYPE:
        yaml.report(
            sections.get("type", root),
            "service-config-type",
            f"type is '{written}', not '{_TYPE}'" if written else "the document has no type",
            f"begin the file with `type: {_TYPE}`",
        )


def _read_rule(yaml: MarkedYaml, node: Node) -> ServiceRule:
    rule, more = _read_http_rule(yaml, node)
    rule.selector = _read_selector(yaml, node, rule.selector)
    for entry in more:
        extra, nested = _read_http_rule(yaml, entry)
        _check_additional(yaml, entry, extra, nested=bool(nested))
        rule.additional_bindings.append(extra)
    return ServiceRule(http=rule, mark=Mark.of(node), additional_marks=tuple(Mark.of(entry) for entry in more))


def _read_http_rule(yaml: MarkedYaml, node: Node) -> tuple[http_pb2.HttpRule, list[Node]]:
    """The rule itself, and the nodes of its additional bindings."""
    entries = yaml.as_mapping(node, known=_names(http_pb2.HttpRule()))
    rule = http_pb2.HttpRule()
    patterns = [name for name in (*_METHODS, "custom") if name in entries]
    if entries and len(patterns) != 1:
        found = "has no path" if not patterns else "has several paths: " + ", ".join(patterns)
        yaml.report(node, "service-config-rule", f"the rule {found}", f"keep one of {', '.join(_METHODS)} or custom")
    for name in _TEXTS & entries.keys():
        setattr(rule, name, yaml.as_text(entries[name]))
    if "custom" in entries:
        custom = yaml.as_mapping(entries["custom"], known=_names(http_pb2.CustomHttpPattern()))
        rule.custom.kind = yaml.as_text(custom.get("kind"))
        rule.custom.path = yaml.as_text(custom.get("path"))
    return rule, yaml.as_sequence(entries.get("additional_bindings"))


def _read_selector(yaml: MarkedYaml, node: Node, selector: str) -> str:
    """The selector, or nothing where it selects nothing that can be told."""
    if all(_is_pattern(pattern.strip()) for pattern in selector.split(",")):
        return selector
    yaml.report(
        node,
        "service-config-selector",
        f"'{selector}' is no selector" if selector else "the rule has no selector",
        "use full names, parted by commas; a '*' stands alone or as the last component (shop.v1.Shop.*)",
    )
    return ""


def _check_additional(yaml: MarkedYaml, node: Node, rule: http_pb2.HttpRule, *, nested: bool) -> None:
    if rule.selector:
        yaml.report(
            node, "service-config-rule", "an additional binding has a selector", "its rule's selector is enough"
        )
    if nested:
        yaml.report(
            node,
            "service-config-rule",
            "an additional binding has additional bindings",
            "list them all under the rule itself",
        )


def _names(message: Message) -> frozenset[str]:
    return frozenset(field.name for field in message.DESCRIPTOR.fields)


def _is_pattern(pattern: str) -> bool:
    """Whether it follows google/api/documentation.proto: `a.b.C`, `a.b.*` or `*`."""
    *head, last = pattern.split(".")
    return all(part.isidentifier() for part in head) and (last == "*" or last.isidentifier())


def _matches(pattern: str, method: str) -> bool:
    """A `*` component stands for one or more components."""
    if pattern == "*":
        return True
    return method.startswith(pattern[:-1]) if pattern.endswith(".*") else method == pattern
