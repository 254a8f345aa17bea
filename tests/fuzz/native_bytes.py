"""Bytes for the native codec, as many as it takes, bent at random: `make asan`, under the sanitizers of the C compiler.

What it reads or writes is held beside the pure codec, and becomes a seed itself, so inputs grow beyond those that were
written down. Other than Hypothesis, it spends its time in the extension: tens of thousands of inputs a second.
The input that a sanitizer ended is in the file that was named; `python -m fuzz.native_bytes FILE SECONDS [NUMBER]`.
"""

from __future__ import annotations

import importlib
import mmap
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from google.protobuf import descriptor_pool

from transcode.codec_pair import JSON_BITS, JSON_VALUES, Pair
from transcode.conftest import CONFORMANCE, compile_protos
from transcode.made_types import MadeType
from transcode.watched_texts import WatchedTexts

MAX_INPUT: Final = 4096
MAX_SEEDS: Final = 2000
WIRE_BITS: Final = [bytes([byte]) for byte in (0, 1, 2, 8, 9, 10, 13, 16, 18, 26, 34, 42, 58, 66, 127, 128, 255)]
# What is never usual in one kind of text or another, and what it is made of.
TEXT_BITS: Final = [
    *(b"' or 1", b"; ls ", b"--", b"like", b"union select", b"..", b"./", b"%2e", b"&lt", b"${", b"/dev/", b"<b>"),
    *(b"\xe2\x80\xae", b"\xe2\x80\x99", b"\xe7\x95\x8c", b"\xf0\x9f\x98\x80", b"\xf3\xa0\x81\x81", b"\xcc\x81"),
]
SEED_JSON: Final = (
    b'{"title":"It\'s 10:30; bring: pen (A4) & 5% more","name":"wf-0.1~x","tags":["a/b.c","<b>"],"note":"caf\xc3\xa9"}',
    b"{}",
    b'{"name":"a","title":"\\u00e9 \\ud83d\\ude00\\n","genre":"NOVEL","mainAuthor":{"fullName":"x","born":-1}}',
    b'{"coAuthors":[{"mentor":{"phone":"1"}},{}],"tags":["",""],"labels":{"a":"b"},"editors":{"-5":{"born":2}}}',
    b'{"printedAt":"2020-02-29T23:59:59.123Z","extra":{"a":[1,null,true,{"b":"c"}],"d":-1.5e3},"note":"n"}',
    b'{"i32":-1,"i64":"-9","u32":7,"u64":"18446744073709551615","s32":-3,"s64":"-4","f32":5,"f64":"6","flag":true}',
    b'{"floatValue":0.1,"doubleValue":1e22,"text":"t","data":"aGk=","many":["1",2],"genres":["ATLAS",2],"maybe":0}',
    b'{"byFlag":{"true":1,"false":2},"byNumber":{"7":"aGk="},"wait":"-3.5s","mask":"a.b,c","anyJson":[{}],"left":""}',
    b'{"listJson":[1,"a"],"structJson":{"":{}},"wrappedI64":"1","wrappedData":"aGk=","wrappedFlag":false}',
    b'{"times":["1970-01-01T00:00:00Z"],"notes":["a",""],"floats":[1,0.5],"very-odd":"o","nothing":null}',
    b'{"packed":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}}',
    b'{"optionalInt32":1,"repeatedInt32":[1,2],"mapInt32Int32":{"1":2},"optionalNestedMessage":{"a":1,"corecursive":{}}}',
)


@dataclass(slots=True)
class Side:
    """One direction of one type: what was taken so far, and what bends it further."""

    seeds: list[bytes]
    bits: list[bytes]
    take: Callable[[bytes], bytes | None]
    compare: Callable[[bytes], None]


def sides() -> Iterator[Side]:
    """Both directions of types that have every feature."""
    for new in _types():
        pair = Pair(MadeType(new=new, pool=descriptor_pool.Default(), syntax="proto3"), WatchedTexts())
        bodies = [body for body in SEED_JSON if pair.read(body) is not None]
        yield Side(bodies, [*JSON_BITS, *JSON_VALUES, *TEXT_BITS, *_names(new)], pair.read, pair.compare_read)
        wires = [wire for wire in map(pair.read, bodies) if wire is not None]
        yield Side(wires, WIRE_BITS, pair.write, pair.compare_written)


def _types() -> list[Any]:
    output = Path(tempfile.mkdtemp(prefix="transom-fuzz-"))
    compile_protos(Path(__file__).parents[1] / "transcode", output, "shelf.proto")
    compile_protos(CONFORMANCE, output, "conformance/messages/test_messages_proto3.proto")
    sys.path.insert(0, str(output))
    shelf = importlib.import_module("shelf_pb2")
    proto3 = importlib.import_module("conformance.messages.test_messages_proto3_pb2")
    return [shelf.Book, shelf.Kinds, proto3.TestAllTypesProto3]


def _names(new: Any) -> list[bytes]:
    return [f'"{field.json_name}":'.encode() for field in new.DESCRIPTOR.fields]


class Fuzz:
    """Bends seeds and has them taken; the same inputs for the same number."""

    def __init__(self, number: int, note: Callable[[bytes], None]) -> None:
        """`note` is told of each input before it is taken."""
        self._chance = random.Random(number)
        self._note = note
        self._sides = list(sides())
        self.tried = 0
        self.taken = 0
        """Those that the native codec did not leave to the pure one."""

    def round(self) -> None:
        """Try some inputs of one side. Raises AssertionError where the codecs differ."""
        side = self._chance.choice(self._sides)
        for _ in range(200):
            given = self._bent(side)
            self.tried += 1
            self._note(given)
            if side.take(given) is not None:
                self.taken += 1
                side.compare(given)
                self._keep(side, given)

    def _keep(self, side: Side, given: bytes) -> None:
        if len(side.seeds) < MAX_SEEDS:
            side.seeds.append(given)
        else:
            side.seeds[self._chance.randrange(MAX_SEEDS)] = given

    def _bent(self, side: Side) -> bytes:
        """A seed with some bytes cut out, doubled, put in or taken from another seed."""
        chance = self._chance
        text = bytearray(chance.choice(side.seeds))
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            start = chance.randint(0, len(text))
            end = min(len(text), start + chance.choice((0, 1, 1, 2, 8, 64)))
            match chance.randrange(5):
                case 0:
                    del text[start:end]
                case 1:
                    text[start:start] = text[start:end] * chance.choice((1, 1, 2, 50))
                case 2:
                    other = chance.choice(side.seeds)
                    text[start:end] = other[chance.randint(0, len(other)) :][: chance.choice((1, 8, 64))]
                case 3:
                    text[start:end] = bytes([chance.randrange(256)])
                case _:
                    text[start:end] = chance.choice(side.bits)
        return bytes(text[:MAX_INPUT])


def main() -> None:
    """Fuzz for so many seconds, the input at hand kept in a file that outlives the process."""
    path, seconds, *given_number = sys.argv[1:]
    number = int(given_number[0]) if given_number else random.SystemRandom().randrange(10**9)
    end = time.monotonic() + float(seconds)
    with kept_in(Path(path)) as note:
        fuzz = Fuzz(number, note)
        while time.monotonic() < end:
            fuzz.round()
    print(f"{fuzz.tried} inputs, {fuzz.taken} taken, all as by the pure codec; number {number}")  # noqa: T201


@contextmanager
def kept_in(path: Path) -> Iterator[Callable[[bytes], None]]:
    """Keeps what it is told in a file, behind its size, whatever becomes of the process."""
    with path.open("w+b") as file:
        file.truncate(MAX_INPUT + 8)
        with mmap.mmap(file.fileno(), 0) as kept:

            def note(given: bytes) -> None:
                kept[: len(given) + 8] = len(given).to_bytes(8, "little") + given

            yield note


if __name__ == "__main__":
    main()
