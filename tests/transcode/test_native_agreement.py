"""The native codec against the pure one: where it is sure, both say the same; whatever bytes come, nothing breaks.

`make asan` runs this under AddressSanitizer and UndefinedBehaviorSanitizer, with more examples.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from fuzz.native_bytes import Fuzz
from transcode.codec_pair import JSON_BITS, JSON_VALUES, Pair
from transcode.examples import examples
from transcode.made_types import MadeType, made_types
from transcode.values import fill

BYTES_ROUNDS = int(os.environ.get("TRANSOM_EXAMPLES", "100"))
pytestmark = pytest.mark.usefixtures("native")

_VALUE = re.compile(rb'(?<=:)(?:"[^"\\]*"|[-0-9.e+]+|true|false|null|\{\}|\[\])')
_PLAIN = re.compile(r"-?[0-9.]+")


def _changed(draw: Callable[..., Any], sane: bytes, bits: list[bytes]) -> bytes:
    """The bytes with a few mistakes in them: bits put in, put over others, cut out, or repeated."""
    text = bytearray(sane)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        match draw(st.integers(0, 3)):
            case 0:
                text[at:at] = draw(st.sampled_from(bits))
            case 1:
                text[at : at + 1] = draw(st.sampled_from(bits))
            case 2:
                del text[at : at + 1]
            case _:
                text[at:at] = text[at : at + draw(st.integers(1, 16))]
    return bytes(text)


def _revalued(draw: Callable[..., Any], body: bytes) -> bytes:
    """The JSON with one value changed for another."""
    places = list(_VALUE.finditer(body))
    if not places:
        return body
    place = draw(st.sampled_from(places))
    revalued: bytes = body[: place.start()] + draw(st.sampled_from(JSON_VALUES)) + body[place.end() :]
    return revalued


@examples(60)
@given(made=made_types(), data=st.data(), proto_names=st.booleans(), enum_numbers=st.booleans())
def test_written_alike(made: MadeType, data: st.DataObject, proto_names: bool, enum_numbers: bool) -> None:
    """Of any bytes, whole or broken, the native codec writes what the pure one does, or leaves them to it (J1, J7)."""
    pair = Pair(made, output_proto_names=proto_names, output_enum_numbers=enum_numbers)
    wire = _filled(made, data).SerializeToString()
    pair.compare_written(wire)
    bits = [bytes([byte]) for byte in (0, 1, 2, 8, 9, 10, 13, 16, 18, 26, 127, 128, 255)]
    for _ in range(6):
        pair.compare_written(_changed(data.draw, wire, bits))


@examples(60)
@given(made=made_types(), data=st.data())
def test_read_alike(made: MadeType, data: st.DataObject) -> None:
    """Of any body, sane or not, the native codec reads what the pure one does, or leaves it to it (J1 to J4, J7)."""
    pair = Pair(made)
    body = pair.pure_json(_filled(made, data).SerializeToString())
    pair.compare_read(body)
    pair.compare_read(json.dumps(json.loads(body), indent=1).encode())
    for _ in range(5):
        pair.compare_read(_changed(data.draw, body, JSON_BITS))
        pair.compare_read(_revalued(data.draw, body))


def _filled(made: MadeType, data: st.DataObject) -> Message:
    message = made.new()
    fill(data.draw, message, 3)
    return message


@examples(300)
@given(body=st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_no_bytes_break_it(body: bytes, shelf_pair: Pair) -> None:
    """Bytes that are nothing at all are left to the pure codec, or are read and written alike (B6, J7)."""
    shelf_pair.compare_read(body)
    shelf_pair.compare_read(b'{"text":"' + body + b'"}')
    shelf_pair.compare_written(body)


def test_bent_bytes_alike(modules: Any) -> None:
    """Bodies and messages bent at random, thousands: what the native codec takes is as the pure one has it (J7)."""
    del modules
    fuzz = Fuzz(7, lambda given: None)
    for _ in range(BYTES_ROUNDS):
        fuzz.round()
    assert fuzz.taken > fuzz.tried // 10


@examples(300)
@given(number=st.floats(allow_nan=False, allow_infinity=False) | st.decimals(-9999, 9999, places=3).map(float))
def test_floats_alike(number: float, shelf: Any, shelf_pair: Pair) -> None:
    """Floats and doubles have the digits that the pure codec gives them, in both widths (J1, J7)."""
    message = shelf.Kinds(double_value=number)
    if abs(number) < 1e38:
        message.float_value = number
    shelf_pair.compare_written(message.SerializeToString())
    shelf_pair.compare_read(json.dumps({"doubleValue": number}).encode())
    text = repr(number)
    assert _PLAIN.fullmatch(text) is None or shelf_pair.write(shelf.Kinds(double_value=number).SerializeToString())
