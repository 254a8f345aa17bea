"""What a mock was told to answer: a YAML file of responses, latencies and errors, by method.

    methods:
      library.v1.Library.GetBook:
        - when: {name: shelves/1/books/9}      # fields that a request must have, in JSON names or proto names
          error:
            code: NOT_FOUND
            message: no such book
            details:                             # messages of google.rpc, or any other
              - {"@type": type.googleapis.com/google.rpc.ErrorInfo, reason: NO_BOOK, domain: library}
        - response: {title: Dune}              # what is left out is made up
          latency_ms: 50
      library.v1.Library.WatchBooks:
        - responses: [{title: Dune}, {title: Emma}]
          latency_ms: 100                      # before each message
      google.longrunning.Operations.GetOperation:
        - response: {name: operations/1}       # not done yet
          times: 2                             # for the first two requests that fit
        - response: {name: operations/1, done: true, response: {"@type": …}}

The first case whose `when` fits answers, unless it has answered as often as it may. A method without such a case gets
made-up data. A method that streams both ways answers each request as it comes; one whose client streams, the last.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml
from google.protobuf.message import Message
from pydantic import ConfigDict, TypeAdapter, ValidationError

from transom_runtime.errors import Code
from transom_runtime.mock.condition import has_values


class ScriptError(Exception):
    """The file cannot be followed; the message names every mistake and where it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedError:
    """A status to fail with."""

    code: str
    """A canonical code's name: `NOT_FOUND`."""
    message: str = ""
    details: Sequence[Mapping[str, Any]] = ()
    """What it carries, each as the JSON of an Any: with its `@type`."""

    def __post_init__(self) -> None:
        if self.code not in Code.__members__ or self.code == "OK":
            raise ValueError(f"{self.code!r} is not an error code; write one such as 'NOT_FOUND'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One answer, and which requests it is for."""

    when: Mapping[str, Any] = field(default_factory=dict)
    """Field values that the request must have, as JSON; empty: any request."""
    response: Mapping[str, Any] | None = None
    """The answer, as JSON; fields left out are made up."""
    responses: Sequence[Mapping[str, Any]] | None = None
    """The messages of a stream; [] is an empty stream."""
    latency_ms: float = 0.0
    """Time before the answer, or before each message of a stream and its error."""
    error: ScriptedError | None = None
    """The status to end with, after `responses` where there are any."""
    times: int | None = None
    """How many of the requests that fit it answers; None: all."""

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise ValueError("times is less than 1: leave the case out")
        if not 0 <= self.latency_ms < math.inf:
            raise ValueError("latency_ms is no time that can be waited for")
        if self.response is not None and (self.error is not None or self.responses is not None):
            raise ValueError("a case with a `response` has neither `responses` nor an `error`")

    def fits(self, request: Message) -> bool:
        """Whether the request has all the values of `when`."""
        return has_values(request, self.when)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The cases of each method, by full name."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    """Unknown names are mistakes, in all that a script holds."""

    methods: Mapping[str, Sequence[Case]] = field(default_factory=dict)

    def cases_for(self, method: str, request: Message) -> Iterator[tuple[int, Case]]:
        """The cases that fit, each with its place among the method's, in order."""
        return ((at, case) for at, case in enumerate(self.methods.get(method, ())) if case.fits(request))


def load_script(path: Path) -> Script:
    """Read a script file. Raises ScriptError with all that is wrong with it."""
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise ScriptError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScriptError(f"{path}: is not YAML: {error}") from error
    try:
        return TypeAdapter(Script).validate_python(_as_json(content or {}))
    except ValidationError as error:
        lines = [
            ": ".join(filter(None, (str(path), _place(fault["loc"]), fault["msg"].removeprefix("Value error, "))))
            for fault in error.errors()
        ]
        raise ScriptError("\n".join(lines)) from error


def _as_json(content: Any) -> Any:
    """YAML's values as JSON has them: YAML reads `2026-01-01T00:00:00Z` as a time, which is a text here."""
    match content:
        case dict():
            return {str(name): _as_json(value) for name, value in content.items()}
        case list():
            return [_as_json(value) for value in content]
        case dt.date():
            return content.isoformat()
        case _:
            return content


def _place(location: Sequence[int | str]) -> str:
    """Where a mistake stands: `methods.library.v1.Library.GetBook[0].error`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
