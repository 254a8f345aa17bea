"""Both codecs around one message type, and what they are tried with."""

from __future__ import annotations

import json
from typing import Any, Final

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from transcode.conftest import bind
from transcode.made_types import MadeType
from transcode.watched_texts import WatchedTexts
from transom_runtime.errors import CallError
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.native.decoding import NativeRequest
from transom_runtime.transcode.options import Native, TranscodeOptions

JSON_BITS: Final = [
    *(b'"', b"{", b"}", b"[", b"]", b",", b":", b"0", b"-", b"1", b".", b"e5", b"E", b"\\", b"+", b"=", b"_", b"/"),
    *(b"\\u0041", b"\\ud83d\\ude00", b"\\ud83d", b"\\n", b"null", b"true", b" ", b"\n", b"\xc3\xa9", b"\xff", b"\x00"),
    *(b"9" * 18, b"{}", b"[]", b'""', b'"1"', b"1e3", b"-0", b"-0.0", b"0.1", b"12345678901234567890", b"Z", b"s"),
]
JSON_VALUES: Final = [
    *(b"null", b"1", b'"1"', b"1.5", b"-7", b"true", b'"x"', b'"YQ=="', b'"YR=="', b'"YQ"', b'"_-8="', b"[1]"),
    *(b"[null]", b'{"a":1,"a":2}', b'{"1":1}', b'{"1":null}', b'{"01":1}', b"4294967295", b"4294967296"),
    *(b"2147483647", b"2147483648", b"-2147483648", b"-2147483649", b"9223372036854775807", b"9223372036854775808"),
    *(b'"-9223372036854775808"', b'"-9223372036854775809"', b"18446744073709551615", b"18446744073709551616"),
    *(b"3.4028234e38", b"3.4028235e38", b"1e39", b"1e400", b"1e-400", b'"NaN"', b'"OPEN_ALIAS"', b'"LATE_FIRST"'),
    *(b'"2020-02-29T00:00:00Z"', b'"2021-02-29T00:00:00Z"', b'"2020-01-01T24:00:00Z"', b'"0001-01-01T00:00:00Z"'),
    *(b'"2020-01-01T00:00:00+02:00"', b'"2020-01-01T00:00:00.5-23:59"', b'"2020-01-01T00:00:00+24:00"'),
    *(
        b'"0001-01-01T00:00:00+00:01"',
        b'"9999-12-31T23:59:59-00:01"',
        b'"2020-01-01T00:00:00-00:00"',
        b'"a-_"',
        b'"YWI"',
    ),
    *(b'"2020-01-01T00:00:00+0200"', b'"2020-01-01T00:00:00+02:60"', b'"YWJjZ"', b'"YWI=="', b'"YQ="', b'"YWJjZGU"'),
    *(b'"2020-01-01T00:00:00.1234567890Z"', b'"-1.5s"', b'"-0s"', b'"315576000001s"', b'"\\u0000"', b'"\\n\\/"'),
]


class Pair:
    """Both codecs around a message type; where texts are watched, what the native one says of them is held against
    regular expressions.
    """

    def __init__(self, made: MadeType, watched: WatchedTexts | None = None, **options: Any) -> None:
        self._new = made.new
        self._watched = watched
        checks = (watched.by_expression, watched.by_look) if watched is not None else (None, None)
        pure = Codec(TranscodeOptions(native=Native.OFF, **options), pool=made.pool, text_checks=checks[0])
        self._encoder = pure.response_encoder(bind(made.new))
        self._decoder = pure.request_decoder(bind(made.new, method="POST", body="*"))
        native = Codec(TranscodeOptions(native=Native.REQUIRE, **options), pool=made.pool, text_checks=checks[1])
        descriptor: Any = made.new.DESCRIPTOR
        self._write = native._encode_plans.native.writer(descriptor)
        decodings = native._decode_plans.native
        assert decodings is not None
        self._read = decodings.reader(NativeRequest(descriptor=descriptor, has_body=True), TranscodeOptions(**options))

    def pure_json(self, wire: bytes) -> bytes:
        """The JSON that the pure codec writes; empty where it refuses."""
        try:
            return self._encoder.encode(wire).body
        except CallError:
            return b""

    def write(self, wire: bytes) -> bytes | None:
        """The JSON of a message, where the native codec writes it."""
        return self._write(wire) if self._write is not None else None

    def read(self, body: bytes) -> bytes | None:
        """The wire bytes of a body alone, where the native codec reads it."""
        return self._read(body, "", (), "") if self._read is not None and body else None

    def compare_written(self, wire: bytes) -> None:
        """Where the native codec writes JSON, it is the pure codec's, byte by byte, the order in maps apart."""
        written = self.write(wire)
        if written is None:
            return
        pure = self.pure_json(wire)
        assert written == pure or (sorted(written) == sorted(pure) and json.loads(written) == json.loads(pure)), wire

    def compare_read(self, body: bytes) -> None:
        """Where the native codec reads a message, it is the pure codec's, byte by byte, the order in maps apart."""
        watched = self._watched or WatchedTexts()
        watched.take_usual()
        read = self.read(body)
        if read is None:
            return
        usual = watched.take_usual()
        pure = self._decoder.decode((), "", body, method="POST")
        assert usual == watched.take_usual(), body
        assert read == pure or (sorted(read) == sorted(pure) and self._form(read) == self._form(pure)), body

    def _form(self, wire: bytes) -> bytes:
        form: bytes = self._new.FromString(wire).SerializeToString(deterministic=True)
        return form


def pair_of(new: Any, **options: Any) -> Pair:
    """Both codecs around an imported message type."""
    return Pair(MadeType(new=new, pool=descriptor_pool.Default(), syntax="proto3"), **options)


def holder_of(kind: Any) -> Pair:
    """Both codecs around a message whose one field, `value`, is of a well-known type."""
    pool = DescriptorPool()
    pool.AddSerializedFile(kind.DESCRIPTOR.file.serialized_pb)
    file = FileDescriptorProto(name="holder.proto", syntax="proto3", dependency=[kind.DESCRIPTOR.file.name])
    message = file.message_type.add(name="Holder")
    field = message.field.add(name="value", number=1, label=FieldDescriptorProto.LABEL_OPTIONAL)
    field.type = FieldDescriptorProto.TYPE_MESSAGE
    field.type_name = f".{kind.DESCRIPTOR.full_name}"
    pool.Add(file)
    new = GetMessageClass(pool.FindMessageTypeByName("Holder"))
    return Pair(MadeType(new=new, pool=pool, syntax="proto3"))
