"""What is wrong with a request, gathered while it is decoded: every fault at once, each with its place (E1).

A decoder raises Refused; whoever called it adds the key under which it did, goes on with the next one, and raises what
it gathered. So a good request pays nothing for places, and a bad one is told all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from transom_runtime.errors import Fault, cut_tracebacks
from transom_runtime.transcode.nearest import nearest

MAX_FAULTS: Final = 100
"""Faults told in one answer: a hostile body must not be answered with a larger one."""
_MAX_SHOWN: Final = 40


@dataclass(slots=True, kw_only=True)
class Flaw:
    """One thing that is wrong, with the path to it as far as it is known."""

    description: str
    """A lower-case clause about the value, which does not hold it."""
    reason: str
    shown: str = ""
    """The value as it may be told; empty where it is long, composite or secret."""
    known: Sequence[str] = ()
    """For an unknown name: the names that would have been known."""
    is_inexact: bool = False
    """Whether it is about a number that may have lost digits when it was read."""
    path: list[str | int] = field(default_factory=list)
    """Keys and indices, innermost first."""

    def as_fault(self, place: str) -> Fault:
        """The flaw as told to the client."""
        shown = f": {self.shown}" if self.shown else ""
        return Fault(field=place, description=self.description + shown, reason=self.reason)

    @property
    def pointer(self) -> str:
        """The place as a JSON pointer (RFC 6901)."""
        return "".join(f"/{escape_key(str(key))}" for key in reversed(self.path))


class Refused(Exception):  # noqa: N818 -- a verdict under way to the request's decoder, which makes the CallError
    """Some text or JSON value cannot be decoded. Gathers what is raised below it."""

    def __init__(self, *wrong: Flaw, unknown: Sequence[Flaw] = ()) -> None:
        super().__init__()
        self.wrong = list(wrong)
        """Faults in every mode."""
        self.unknown = list(unknown)
        """Unknown names: faults in strict mode only."""

    @property
    def is_full(self) -> bool:
        """Whether no more faults would be told: whoever gathers may stop, as the request is refused for certain."""
        return len(self.wrong) >= MAX_FAULTS

    @property
    def is_inexact(self) -> bool:
        """Whether digits that were lost may have made a fault."""
        return any(flaw.is_inexact for flaw in self.wrong)

    def under(self, key: str | int, gathered: Refused | None) -> Refused:
        """Add what was raised for `key` to what was gathered before; the whole, to be raised in its turn."""
        cut_tracebacks(self)
        for flaw in self.flaws():
            flaw.path.append(key)
        return self if gathered is None else gathered.join(self)

    def join(self, other: Refused) -> Refused:
        """This, with the flaws of another."""
        self.wrong += other.wrong[: MAX_FAULTS - len(self.wrong)]
        self.unknown += other.unknown[: MAX_FAULTS - len(self.unknown)]
        return self

    def flaws(self) -> Iterator[Flaw]:
        """All flaws, the wrong ones first."""
        yield from self.wrong
        yield from self.unknown


def refuse(description: str, value: Any = None, *, reason: str = "INVALID_VALUE") -> Refused:
    """A refusal of one value."""
    return Refused(Flaw(description=description, reason=reason, shown=show(value)))


def refuse_type(wanted: str, value: Any) -> Refused:
    """A refusal of a JSON value of another type than `wanted`, which carries its article: `a string`."""
    return refuse(f"must be {wanted}, not {kind_of(value)}", reason="WRONG_TYPE")


def refuse_unknown(known: Sequence[str]) -> Refused:
    """A refusal of a member whose name is not among `known`; its key is added like any other's."""
    flaw = Flaw(description="is no field of this message", reason="UNKNOWN_FIELD", known=known)
    return Refused(unknown=[flaw])


def show(value: Any) -> str:
    """A short text or number as a fault may quote it; empty for anything else."""
    if isinstance(value, str):
        return repr(value) if len(value) <= _MAX_SHOWN else ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = str(value)
        return text if len(text) <= _MAX_SHOWN else ""
    return ""


def kind_of(value: Any) -> str:
    """What JSON calls a value, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def escape_key(key: str) -> str:
    """One reference token of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def add_hint(flaw: Flaw) -> None:
    """Add the nearest known name to an unknown one."""
    hint = nearest(str(flaw.path[0]).rpartition(".")[2], flaw.known) if flaw.known else ""
    if hint:
        flaw.description += f"; did you mean {hint!r}?"
