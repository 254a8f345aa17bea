"""What the client accepts, and the framing that follows (RFC 9110, 12.5.1; semantics.md S1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from multidict import CIMultiDictProxy

from transom_runtime.downstream.framing import Framing
from transom_runtime.errors import CallError, Code, Origin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JSON: Final = "application/json"
PROBLEM_JSON: Final = "application/problem+json"
_ENUM_NUMBERS: Final = "enum-encoding=int"

_TCHARS: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_RANGE: Final = re.compile(rf"({_TCHARS})/({_TCHARS})")
_QUALITY: Final = re.compile(r"\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One element of an Accept header."""

    type: str
    subtype: str
    quality: float
    place: int
    """Where it stands in the header."""

    @property
    def precision(self) -> int:
        """2 for a media type, 1 for `type/*`, 0 for `*/*`."""
        return (self.type != "*") + (self.subtype != "*")

    def covers(self, media_type: str) -> bool:
        """Whether a media type is in the range."""
        kind, _, subtype = media_type.partition("/")
        return self.type in {"*", kind} and self.subtype in {"*", subtype}


_MAX_RANGES: Final = 64
_MAX_KEPT: Final = 512
_ANYTHING: Final = MediaRange("*", "*", 1.0, 0)


@dataclass(frozen=True, slots=True)
class Accept:
    """A parsed Accept header."""

    ranges: tuple[MediaRange, ...]
    takes_json: bool = field(init=False, compare=False)
    """Whether JSON is welcome. So it is to a client that says nothing of it and names the JSON of problems (E1): it
    means to get its answers too.
    """

    def __post_init__(self) -> None:
        found = self.range_for(JSON)
        object.__setattr__(self, "takes_json", wants_problem(self) if found is None else found.quality > 0)

    def range_for(self, media_type: str) -> MediaRange | None:
        """The most precise range that holds a media type, its quality zero included; None: it is not mentioned."""
        return max((r for r in self.ranges if r.covers(media_type)), key=lambda r: r.precision, default=None)

    def quality(self, media_type: str) -> float:
        """How welcome a media type is: 0 is not at all."""
        found = self.range_for(media_type)
        return found.quality if found is not None else 0.0


def read_accept(headers: Mapping[str, str]) -> Accept:
    """The Accept headers of a request; without any, or without any that can be read, everything is welcome."""
    if "Accept" not in headers:
        return _WELCOME
    # aiohttp gives a request that it could not parse a plain, empty dict.
    value = ", ".join(headers.getall("Accept", ())) if isinstance(headers, CIMultiDictProxy) else ""
    return _kept_accept(value) if len(value) <= _MAX_KEPT else parse_accept(value)


def parse_accept(value: str) -> Accept:
    """Parse an Accept header; elements that cannot be read, or come behind many others, are passed over."""
    listed = value.split(",", _MAX_RANGES)[:_MAX_RANGES]
    elements = (_parse_range(element, place) for place, element in enumerate(listed))
    return Accept(tuple(element for element in elements if element is not None) or (_ANYTHING,))


# Clients send few values, which are short: those that are not would fill memory.
_kept_accept: Final = lru_cache(maxsize=256)(parse_accept)


def _parse_range(element: str, place: int) -> MediaRange | None:
    media, *parameters = element.split(";")
    found = _RANGE.fullmatch(media.strip().lower())
    if found is None or (found[1] == "*" and found[2] != "*"):
        return None
    quality = 1.0
    for parameter in parameters:
        if parameter.strip().lower().startswith("q"):
            weight = _QUALITY.fullmatch(parameter)
            if weight is None:
                return None
            quality = float(weight[1])
    return MediaRange(found[1], found[2], quality, place)


def choose(accept: Accept, offered: Sequence[str]) -> str | None:
    """The most welcome of the media types on offer; None where none is welcome.

    Of equally welcome ones the one that is named more precisely wins, then the one named first, then the one offered
    first: `text/event-stream, */*` means an event stream.
    """
    best: tuple[tuple[float, int, int], str] | None = None
    for media_type in offered:
        found = accept.range_for(media_type)
        if found is None or found.quality == 0:
            continue
        rank = (found.quality, found.precision, -found.place)
        if best is None or rank > best[0]:
            best = (rank, media_type)
    return best[1] if best is not None else None


# In the order in which they are offered: the array, which clients that do not care can read, is the default.
_FRAMINGS: Final = {framing.content_type: framing for framing in Framing}


def stream_framing(accept: Accept) -> Framing:
    """The framing of a server stream: an array unless another is asked for. Raises CallError (406)."""
    chosen = choose(accept, tuple(_FRAMINGS))
    if chosen is not None:
        return _FRAMINGS[chosen]
    if accept.takes_json:
        return Framing.ARRAY
    raise not_acceptable(tuple(_FRAMINGS))


def check_acceptable(accept: Accept) -> None:
    """Raise CallError (406) where JSON, which is all that a unary route answers with, is not welcome."""
    if not accept.takes_json:
        raise not_acceptable((JSON,))


def wants_enum_numbers(raw_query: str) -> bool:
    """Whether the client asks for enums as numbers: by `$alt=json;enum-encoding=int`, as google's REST clients do.

    They drop a name that they are too old to know, and keep a number.
    """
    if "enum-encoding" not in raw_query:
        return False
    return any(name == "$alt" and _ENUM_NUMBERS in text.split(";") for name, text in parse_qsl(raw_query))


def wants_problem(accept: Accept) -> bool:
    """Whether errors should be RFC 9457 problems: the type is named, and at least as welcome as plain JSON."""
    found = accept.range_for(PROBLEM_JSON)
    return found is not None and found.precision == 2 and 0 < found.quality >= accept.quality(JSON)


def not_acceptable(offered: Sequence[str]) -> CallError:
    """The refusal of a request whose Accept header leaves nothing to answer with."""
    listed = ", ".join(offered)
    return CallError(
        Code.INVALID_ARGUMENT,
        f"the route answers with {listed}, none of which the Accept header takes",
        origin=Origin.DOWNSTREAM,
        http_status=406,
        reason="NOT_ACCEPTABLE",
        remedy=f"accept {listed}",
    )


_WELCOME: Final = Accept((_ANYTHING,))
"""Of a client that sends no Accept header."""
