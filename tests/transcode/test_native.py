"""The native codec as a part: its tables, its memory, and whether it is used."""

from __future__ import annotations

from typing import Any

import pytest

from transcode.codec_pair import Pair
from transcode.kept import kept_bytes
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.native import choose_native, native_plans
from transom_runtime.transcode.native.encoding import NativeEncodings
from transom_runtime.transcode.options import Native, OutputDefaults, OutputForm, TranscodeOptions

pytestmark = pytest.mark.usefixtures("native")


def test_no_memory_is_kept(shelf: Any, shelf_pair: Pair) -> None:
    """Neither answers nor refusals leave memory behind."""
    wire = shelf.Kinds(double_value=1.5).SerializeToString()
    bodies = [b'{"doubleValue":1.5}', b'{"doubleValue":[', b'{"no":1}', b'{"text":"\\u00e9"}']

    def run() -> None:
        for _ in range(500):
            shelf_pair.write(wire)
            shelf_pair.write(wire[:-1])
            for body in bodies:
                shelf_pair.read(body)

    assert kept_bytes(run) < 2_000


def test_malformed_tables() -> None:
    """Tables that do not fit together are refused when they are built, not trusted."""
    plans = native_plans()
    assert plans is not None
    field = (1, 16, 0, -1, 5, -1, b'"a":')
    for messages in [((True, True, (field,), ()),), ((True,),), (3,), ((True, True, (), ((b"a", 9),)),)]:
        with pytest.raises(ValueError, match="malformed"):
            plans(messages, (), (), (), (), ())
    with pytest.raises(IndexError):
        plans((), (), (), (), (), ()).encode(0, b"")


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """`off` never uses it, `require` raises where it is not there, and `auto` does without."""
    assert choose_native(Native.OFF) is None
    assert choose_native(Native.AUTO) is choose_native(Native.REQUIRE) is native_plans()
    monkeypatch.setattr("transom_runtime.transcode.native.native_plans", lambda: None)
    assert choose_native(Native.AUTO) is None
    assert not Codec(TranscodeOptions()).is_native
    with pytest.raises(ValueError, match="was not built"):
        Codec(TranscodeOptions(native=Native.REQUIRE))


def test_other_output_modes_are_pure(shelf: Any) -> None:
    """Modes that write defaults are the pure codec's alone (J2)."""
    form = OutputForm(defaults=OutputDefaults.IMPLICIT)
    encodings = NativeEncodings(native_plans(), form, lambda field: field.json_name)
    assert encodings.writer(shelf.Book.DESCRIPTOR) is None
