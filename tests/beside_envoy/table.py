"""The table of differences: which there may be, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from beside_envoy.corpus import HERE, Ask
from beside_envoy.outcome import Outcome, differences

FILE: Final = HERE / "differences.yaml"
KINDS: Final = {
    "lenient": "Envoy takes what the specification refuses",
    "short": "Envoy refuses or loses what the specification asks for",
    "more": "transom does what Envoy's transcoder does not",
    "choice": "Neither is wrong",
}
"""The kinds of reasons, in the order in which they are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Differences with one reason."""

    title: str
    kind: str
    """One of KINDS."""
    lines: tuple[str, ...]
    """The lines of the specification that decide."""
    why: str
    requests: tuple[str, ...]
    """The names of the corpus."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one request came to on both sides."""

    ask: Ask
    transom: Outcome
    envoy: Outcome

    @property
    def respects(self) -> tuple[str, ...]:
        """In which respects the sides differ; empty: they agree."""
        return differences(self.transom, self.envoy)

    @property
    def is_passed_error(self) -> bool:
        """Whether the upstream answered with an error, and transom passed it on."""
        return self.transom.status >= 400 and bool(self.transom.arrivals) and not self.transom.own_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What differences.yaml says."""

    groups: tuple[Group, ...]
    options: tuple[tuple[str, str], ...]
    """Each option of Envoy's filter, and how transom is told the same."""


def load_table() -> Table:
    """Read the table. Raises ValueError where a request stands in two groups or a kind is unknown."""
    content: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    groups = tuple(_as_group(entry) for entry in content["groups"])
    names = [name for group in groups for name in group.requests]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{twice[0]!r} has two reasons")
    return Table(groups=groups, options=tuple((envoy, transom) for envoy, transom in content["options"]))


def _as_group(entry: dict[str, Any]) -> Group:
    if entry["kind"] not in KINDS:
        raise ValueError(f"{entry['kind']!r} is no kind of reason")
    lines, requests = tuple(entry["lines"].split()), tuple(entry["requests"])
    return Group(title=entry["title"], kind=entry["kind"], lines=lines, why=entry["why"], requests=requests)


def unexplained(results: Iterable[Result], groups: Sequence[Group]) -> list[str]:
    """The requests that come to different things for no reason that the table has."""
    known = {name for group in groups for name in group.requests}
    return [result.ask.name for result in results if result.respects and result.ask.name not in known]


def outdated(results: Iterable[Result], groups: Sequence[Group]) -> list[str]:
    """The requests of the table that come to the same, or that the corpus does not have."""
    differing = {result.ask.name for result in results if result.respects}
    return [name for group in groups for name in group.requests if name not in differing]
