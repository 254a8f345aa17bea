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

_MINUS_ZERO: Final = re.compile(rb"(?:^|[\[:,\s])-0(?:$|[\]},\s])")


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
        _may_repeat_keys(body, value)
        or _loses_a_sign(body)
        or not (_surely_within(body, options) or _is_within(value, options))
    ):
        return read_exactly(body, options)
    return JsonText(value, exact=False)


def _may_repeat_keys(body: bytes, value: Any) -> bool:
    """Whether a text may hold a key twice.

    A key that orjson dropped took its colon with it, so the value written anew has fewer of them than the text; the
    same number, unless the text writes colons as escapes. Measured on 500 bytes, which orjson reads in 5 us: this takes
    3 us, the standard library with a hook for pairs 19.
    """
    if b"\\u003" in body:
        return True
    try:
        return orjson.dumps(value).count(b":") != body.count(b":")
    except orjson.JSONEncodeError:
        # Its writer gives up at a smaller depth than its reader.
        return True


def _loses_a_sign(body: bytes) -> bool:
    """Whether a text may hold -0, which is a float's value and no integer's: orjson reads 0."""
    return b"-0" in body and _MINUS_ZERO.search(body) is not None


def _surely_within(body: bytes, options: TranscodeOptions) -> bool:
    """Whether counting bytes is enough to see that no cap is near."""
    opened = body.count(b"{") + body.count(b"[")
    most = opened + body.count(b",")
    return opened <= options.max_depth and most < min(options.max_elements, options.max_fields)


def _is_within(value: Any, options: TranscodeOptions) -> bool:
    """Whether a value is within the caps, counted level by level."""
    depth = fields = elements = 0
    level = [value] if isinstance(value, dict | list) else []
    while level:
        depth += 1
        below = []
        for container in level:
            if type(container) is dict:
                fields += len(container)
                below += [each for each in container.values() if type(each) is dict or type(each) is list]
            else:
                elements += len(container)
                below += [each for each in container if type(each) is dict or type(each) is list]
        level = below
        if depth > options.max_depth:
            return False
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
