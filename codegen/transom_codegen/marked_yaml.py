"""YAML read as nodes that remember their line and column, with every mistake collected as a problem."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from transom_codegen.model import Location
from transom_codegen.problem import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place in a YAML file."""

    line: int
    """Counted from 1."""
    column: int
    """Counted from 1."""

    @classmethod
    def of(cls, node: Node) -> Self:
        """Where a node begins."""
        return cls(line=node.start_mark.line + 1, column=node.start_mark.column + 1)


@dataclass(slots=True)
class MarkedYaml:
    """Reads one YAML file. What is of the wrong kind is reported and read as empty, so that reading goes on."""

    file: str
    """The path, as problems show it."""
    problems: list[Problem] = field(default_factory=list)
    """What was wrong so far."""

    def read(self, text: str) -> Node | None:
        """The root node; None where the file is empty or no YAML, which is reported."""
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            self._report_syntax(error)
            return None
        except (yaml.YAMLError, RecursionError):
            self._report(Mark(line=1, column=1), "service-config-syntax", "the file is no YAML text")
            return None
        if root is None:
            self._report(Mark(line=1, column=1), "service-config-syntax", "the file is empty")
        return root

    def report(self, node: Node, rule: str, message: str, hint: str = "", severity: Severity = Severity.ERROR) -> None:
        """Reports a mistake at a node."""
        self._report(Mark.of(node), rule, message, hint, severity)

    def as_mapping(self, node: Node, *, known: Collection[str]) -> dict[str, Node]:
        """The entries of a mapping whose keys are `known` (camelCase too); others and repeated ones are reported."""
        if not isinstance(node, MappingNode):
            self.report(node, "service-config-value", f"{_describe(node)} stands where a mapping belongs")
            return {}
        names = {name: name for name in known} | {_as_camel(name): name for name in known}
        entries: dict[str, Node] = {}
        for key, value in node.value:
            written = key.value if isinstance(key, ScalarNode) else _describe(key)
            if (name := names.get(written)) is None:
                expected = "use one of " + ", ".join(sorted(known))
                self.report(key, "service-config-key", f"'{written}' is not known here", expected)
            elif name in entries:
                self.report(key, "service-config-key", f"'{written}' is there twice", "keep one of them")
            else:
                entries[name] = value
        return entries

    def as_sequence(self, node: Node | None) -> list[Node]:
        """The items of a list; none where the node is absent."""
        if node is None:
            return []
        if isinstance(node, SequenceNode):
            return list(node.value)
        self.report(node, "service-config-value", f"{_describe(node)} stands where a list belongs")
        return []

    def as_text(self, node: Node | None) -> str:
        """A scalar's text as written; empty where the node is absent."""
        if node is None:
            return ""
        if isinstance(node, ScalarNode):
            return str(node.value)
        self.report(node, "service-config-value", f"{_describe(node)} stands where text belongs")
        return ""

    def as_bool(self, node: Node | None) -> bool:
        """A boolean; False where the node is absent."""
        written = self.as_text(node)
        if node is not None and written not in {"true", "false"}:
            self.report(node, "service-config-value", f"'{written}' stands where true or false belongs")
        return written == "true"

    def _report(self, mark: Mark, rule: str, message: str, hint: str = "", severity: Severity = Severity.ERROR) -> None:
        place = Location(file=self.file, line=mark.line, column=mark.column)
        self.problems.append(Problem.at(place, rule, message, hint, severity))

    def _report_syntax(self, error: yaml.MarkedYAMLError) -> None:
        place = error.problem_mark or error.context_mark
        mark = Mark(line=place.line + 1, column=place.column + 1) if place else Mark(line=1, column=1)
        # A bare `*` begins an alias in YAML, and `body: *` is what everybody writes first.
        hint = "put '*' in quotes" if "alias" in str(error.context) else ""
        self._report(mark, "service-config-syntax", f"the file is no YAML: {error.problem or error.context}", hint)


def _describe(node: Node) -> str:
    match node:
        case MappingNode():
            return "a mapping"
        case SequenceNode():
            return "a list"
        case _:
            return f"'{node.value}'"


def _as_camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
