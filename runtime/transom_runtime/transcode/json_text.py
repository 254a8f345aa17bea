"""JSON bodies to plain values, within caps and without repeated keys.

orjson reads what is beyond doubt. It keeps, without a word, the last of repeated keys, the nearest double of a long
number, and 0 of -0; so a text that may hold one of these, or that it refuses, is read once more by the standard
library, exactly, and surveyed for what is wrong with it and where.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import Any, Final

import orjson

from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.transcode.faults import Flaw, Refused
from transom_runtime.transcode.json_number import ExactFloat, read_integer
from transom_runtime.transcode.json_survey import BROKEN_TEXT, CapExceeded, survey
from transom_runtime.transcode.options import TranscodeOptions

# The literal comes first, so that a search runs from one `-0` to the next: 3 us for 8 kB with ids such as `node-0`.
# With the delimiter before it, every byte is tried, which takes 140 (make bench-micro: JSON to message).
_MINUS_ZERO: Final = re.compile(rb"-0(?![^\]},\s])(?<![^\[:,\s]-0)")


@dataclass(frozen=True, slots=True)
class JsonText:
    """A text that was read."""

    value: Any
    exact: bool
    """Whether its numbers know their digits."""
    flaws: Refused | None = None
    """What is wrong with the text itself, though it could be read."""


def read_json(body: bytes, options: TranscodeOptions) -> JsonText:
    """Read a body. Raises Refused where it is no JSON or nested too deep, CallError (413) where it is too large."""
    if len(body) > options.max_json_bytes:
        raise _too_large(Flaw(description=f"is longer than {options.max_json_bytes} bytes", reason="TOO_LARGE"))
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return read_exactly(body, options, broken_at=error.pos)
    if (
        _may_repeat_keys_or_be_deep(body, value, options)
        or _loses_a_sign(body)
        or not (_surely_has_few(body, options) or _has_few(value, options))
    ):
        return read_exactly(body, options)
    return JsonText(value, exact=False)


def _may_repeat_keys_or_be_deep(body: bytes, value: Any, options: TranscodeOptions) -> bool:
    """Whether a text may hold a key twice, or may be nested deeper than its cap.

    A key that orjson dropped took its colon with it, so the value written anew has fewer of them than the text; the
    same number, unless the text writes colons as escapes. Written with indents, every level shows: what stands in
    `max_depth` containers begins a line with two spaces for each, and no string holds a line break. For 8 kB that takes
    20 us, a walk over the value 60, the standard library with a hook for pairs 350 (make bench-micro: JSON to message).
    """
    if b"\\u003" in body:
        return True
    try:
        written = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError:
        # Its writer gives up at a smaller depth than its reader.
        return True
    return written.count(b":") != body.count(b":") or b"\n" + b"  " * options.max_depth in written


def _loses_a_sign(body: bytes) -> bool:
    """Whether a text may hold -0, which is a float's value and no integer's: orjson reads 0."""
    return b"-0" in body and _MINUS_ZERO.search(body) is not None


def _surely_has_few(body: bytes, options: TranscodeOptions) -> bool:
    """Whether counting bytes is enough to see that no cap is near: each item but a container's first has a comma."""
    most = body.count(b"{") + body.count(b"[") + body.count(b",")
    return most <= options.max_elements and most <= options.max_fields


def _has_few(value: Any, options: TranscodeOptions) -> bool:
    """Whether a value has no more members and elements than it may, counted level by level."""
    fields = elements = 0
    level = [value]
    while level:
        objects = [each for each in level if type(each) is dict]
        arrays = [each for each in level if type(each) is list]
        fields += sum(map(len, objects))
        elements += sum(map(len, arrays))
        level = [item for each in objects for item in each.values()] + [item for each in arrays for item in each]
    return fields <= options.max_fields and elements <= options.max_elements


class _NotANumber(Exception):  # noqa: N818 -- leaves the standard decoder from its hook
    """NaN or Infinity without quotes: no JSON."""


def _refuse_constant(name: str) -> Any:
    raise _NotANumber(name)


_EXACT: Final = json.JSONDecoder(parse_float=ExactFloat.read, parse_int=read_integer, parse_constant=_refuse_constant)


def read_exactly(body: bytes, options: TranscodeOptions, broken_at: int = 0) -> JsonText:
    """Read a body slowly and find all that is wrong with it. `broken_at` is the character that orjson stopped at.

    Raises Refused where it is no JSON or nested too deep, CallError (413) where it is too large.
    """
    if body.startswith(codecs.BOM_UTF8):
        raise _no_json("begins with a byte order mark, at byte 0")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _no_json(f"is not UTF-8 at byte {error.start}") from error
    try:
        value = _EXACT.decode(text)
        flaws = survey(text, options)
    except json.JSONDecodeError as error:
        raise _no_json(_stopped(text, error.pos)) from error
    except _NotANumber as error:
        raise _no_json(_stopped(text, broken_at)) from error
    except RecursionError as error:
        raise _too_deep(text, options) from error
    except CapExceeded as exceeded:
        raise _beyond(exceeded.flaw) from exceeded
    if any(flaw.reason == BROKEN_TEXT for flaw in flaws):
        # No message can hold such a text, so there is nothing to gain from decoding on.
        raise Refused(*flaws)
    return JsonText(value, exact=True, flaws=Refused(*flaws) if flaws else None)


def _stopped(text: str, position: int) -> str:
    offset = len(text[:position].encode())
    if not text[position:].strip():
        return f"is JSON that ends too early, at byte {offset}"
    return f"is no JSON from byte {offset} on"


def _no_json(description: str) -> Refused:
    return Refused(Flaw(description=description, reason="INVALID_JSON"))


def _too_deep(text: str, options: TranscodeOptions) -> Refused:
    try:
        survey(text, options)
    except CapExceeded as exceeded:
        return Refused(exceeded.flaw)
    return _no_json("is nested too deep")


def _beyond(flaw: Flaw) -> Refused | CallError:
    return Refused(flaw) if flaw.reason == "TOO_DEEP" else _too_large(flaw)


def _too_large(flaw: Flaw) -> CallError:
    place = flaw.pointer
    return CallError(
        Code.INVALID_ARGUMENT,
        f"the body{' at ' + repr(place) if place else ''} {flaw.description}",
        origin=Origin.DOWNSTREAM,
        http_status=413,
        reason="BODY_TOO_LARGE",
        remedy="send less in one request",
        faults=[flaw.as_fault(place)],
    )
