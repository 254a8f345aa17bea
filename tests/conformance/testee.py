"""The program that the conformance runner asks: the gateway's codec behind a pipe, through the seam that requests take.

Each message goes in as the body of a request, and out as a response, of a binding around its type: `body: "*"` and no
`response_body`. Started with the folder of the compiled test messages, and what `transcode.native` is to be.
"""

from __future__ import annotations

import importlib
import struct
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final

from google.protobuf import symbol_database
from google.protobuf.message import DecodeError, Message

from transom_runtime.binding import Binding
from transom_runtime.errors import CallError
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.options import Native, Strictness, TranscodeOptions

_LENGTH: Final = struct.Struct("<I")
_METHOD: Final = "POST"


class _ParseError(Exception):
    """The payload is no message."""


class CodecTestee:
    """Answers requests of the runner. `protocol` is the compiled conformance.proto."""

    def __init__(self, protocol: Any, native: Native = Native.AUTO) -> None:
        self._protocol = protocol
        self._strict = Codec(TranscodeOptions(native=native))
        self._lenient = Codec(TranscodeOptions(native=native, strictness=Strictness.LENIENT))
        self.asked: Counter[str] = Counter()
        """Requests so far, by what came and what was wanted."""

    def serve(self, asked: BinaryIO, answered: BinaryIO) -> None:
        """Answer until the runner hangs up."""
        while head := asked.read(_LENGTH.size):
            request = self._protocol.ConformanceRequest.FromString(asked.read(*_LENGTH.unpack(head)))
            response = self.answer(request).SerializeToString()
            answered.write(_LENGTH.pack(len(response)) + response)
            answered.flush()

    def answer(self, request: Any) -> Any:
        """The response to one request."""
        response = self._protocol.ConformanceResponse()
        self._count(request)
        try:
            self._fill(request, response)
        except _ParseError as error:
            response.parse_error = str(error)
        except CallError as error:
            response.serialize_error = error.message
        return response

    def _count(self, request: Any) -> None:
        sent = request.WhichOneof("payload").removesuffix("_payload")
        wanted = self._protocol.WireFormat.Name(request.requested_output_format).lower()
        self.asked[f"{sent} to {wanted}"] += 1

    def _fill(self, request: Any, response: Any) -> None:
        protocol = self._protocol
        wire = self._parse(request)
        if wire is None:
            response.skipped = "the gateway speaks JSON and protobuf"
        elif request.requested_output_format == protocol.JSON:
            response.json_payload = self._strict.response_encoder(_binding(request.message_type)).encode(wire).body
        elif request.requested_output_format == protocol.PROTOBUF:
            response.protobuf_payload = wire
        else:
            response.skipped = "the gateway speaks JSON and protobuf"

    def _parse(self, request: Any) -> bytes | None:
        """The wire bytes of what was sent; None where it is neither JSON nor protobuf. Raises _ParseError."""
        binding = _binding(request.message_type)
        match request.WhichOneof("payload"):
            case "json_payload":
                ignores = request.test_category == self._protocol.JSON_IGNORE_UNKNOWN_PARSING_TEST
                codec = self._lenient if ignores else self._strict
                return _decode(codec, binding, request.json_payload.encode())
            case "protobuf_payload":
                return _reserialize(binding, request.protobuf_payload)
            case _:
                return None


def _decode(codec: Codec, binding: Binding, body: bytes) -> bytes:
    try:
        return codec.request_decoder(binding).decode((), "", body, method=_METHOD)
    except CallError as error:
        raise _ParseError(error.message) from error


def _reserialize(binding: Binding, wire: bytes) -> bytes:
    """What the message library makes of the bytes: of protobuf itself the gateway has no reader of its own."""
    try:
        return binding.response.FromString(wire).SerializeToString()
    except DecodeError as error:
        raise _ParseError("no message of this type") from error


@cache
def _binding(message_type: str) -> Binding:
    message: type[Message] = symbol_database.Default().GetSymbol(message_type)
    return Binding(
        id=message_type,
        method=_METHOD,
        template="/v1/echo",
        path=("v1", "echo"),
        rpc="/conformance.Testee/Echo",
        request=message,
        response=message,
        body="*",
    )


def load(compiled: Path) -> Any:
    """Import all compiled test messages, so that an Any finds them; the module of the runner's own protocol."""
    sys.path.insert(0, str(compiled))
    for module in sorted(compiled.glob("conformance/messages/*_pb2.py")):
        importlib.import_module(f"conformance.messages.{module.stem}")
    return importlib.import_module("conformance.conformance_pb2")


if __name__ == "__main__":
    testee = CodecTestee(load(Path(sys.argv[1])), Native(sys.argv[2]))
    testee.serve(sys.stdin.buffer, sys.stdout.buffer)
    sys.stderr.write(f"asked: {', '.join(f'{count} {kind}' for kind, count in testee.asked.items())}\n")
