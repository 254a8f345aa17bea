"""What is fuzzed: routing and decoding as a gateway does both, over its own routes and a proto with every feature.

Whatever is sent, the outcome is a message or a CallError that is a client's fault, its body can be written, and the
work done for it is bounded by the size of what was sent (semantics.md E1, E5, J6). Where the native codec was built, it
is asked beside the pure one: same message, same refusal, and the same JSON for the message and for whatever was sent.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Any, Final

from transcode.conftest import bind
from transom_runtime.binding import DOUBLE_STAR, STAR, Binding, Capture, Segment, StreamKind
from transom_runtime.downstream.elements import build_splitter
from transom_runtime.downstream.error_body import error_status, problem
from transom_runtime.downstream.head import split_target
from transom_runtime.downstream.negotiate import parse_accept
from transom_runtime.errors import CallError
from transom_runtime.policy.sanitize.sanitizer import Sanitizer
from transom_runtime.routing import Router
from transom_runtime.serving.kinds import takes_raw
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.native import native_plans
from transom_runtime.transcode.options import Native, TranscodeOptions
from transom_runtime.transcode.request import RequestDecoder
from transom_runtime.transcode.response import ResponseEncoder

REFUSALS: Final = frozenset({400, 404, 405, 413, 415})
MAX_MESSAGE_BYTES: Final = 4096
CALLS: Final = 80_000
CALLS_PER_BYTE: Final = 10
"""The budget of Python and C calls for one request: half as much again as the dearest take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def size(self) -> int:
        return len(self.target) + len(self.body) + sum(map(len, self.headers.values()))


@dataclass(frozen=True, slots=True)
class Target:
    """What a route leads to, made by one codec."""

    binding: Binding
    decoder: RequestDecoder
    encoder: ResponseEncoder

    def encode(self, wire: bytes) -> bytes | int:
        """The JSON of a message, or of any bytes; the status where there is none."""
        try:
            return self.encoder.encode(wire).body
        except CallError as error:
            return error.http_status


class Subject:
    """A router and the decoders behind it, of the native codec where there is one, and of the pure one."""

    def __init__(self, bindings: Sequence[Binding]) -> None:
        self.bindings = tuple(bindings)
        self._codec, self._router = _built(self.bindings, Native.AUTO)
        self._pure_router = _built(self.bindings, Native.OFF)[1] if native_plans() is not None else None

    def serve(self, sent: Sent) -> CallError | bytes:
        """The refusal, or the wire bytes of the last message. Raises AssertionError where a promise is broken, and
        whatever else the product raises.
        """
        spent = Spending()
        with spent:
            outcome = self._outcome(sent, self._router)
        if self._pure_router is not None:
            self._compare(sent, outcome, self._pure_router)
        assert spent.calls <= CALLS + CALLS_PER_BYTE * sent.size, f"{spent.calls} calls for {sent.size} bytes"
        if isinstance(outcome, CallError):
            self._check(outcome)
        return outcome

    def _compare(self, sent: Sent, outcome: CallError | bytes, pure_router: Router[Target]) -> None:
        """Assert that both codecs say the same of a request, and write the same JSON."""
        pure = self._outcome(sent, pure_router)
        if isinstance(outcome, CallError) or isinstance(pure, CallError):
            assert _told(outcome) == _told(pure)
            return
        raw_path = split_target(sent.target)[0]
        target, other = (router.match(sent.method, raw_path).target for router in (self._router, pure_router))
        assert _form(target.binding.request, outcome) == _form(target.binding.request, pure)
        for wire in (outcome, sent.body):
            assert _same_json(target.encode(wire), other.encode(wire))

    def _outcome(self, sent: Sent, router: Router[Target]) -> CallError | bytes:
        try:
            return self._decode(sent, router)
        except CallError as error:
            return error

    def _decode(self, sent: Sent, router: Router[Target]) -> bytes:
        raw_path, raw_query = split_target(sent.target)
        match = router.match(sent.method, raw_path)
        binding, decoder = match.target.binding, match.target.decoder
        parse_accept(sent.headers.get("Accept", ""))
        more: Any = {"method": sent.method, "resume": sent.headers.get("Last-Event-ID", "")}
        content_type = sent.headers.get("Content-Type", "")
        if binding.stream is not StreamKind.CLIENT:
            wire = decoder.decode(match.variables, raw_query, sent.body, content_type=content_type, **more)
            binding.request.FromString(wire)
            return wire
        wire = b""
        is_raw = takes_raw(binding)
        for number, value in enumerate(_pieces(sent.body) if is_raw else _values(sent.body, content_type)):
            root = "" if is_raw else f"/{number}"
            if number:
                wire = decoder.decode_next(value, method=sent.method, root=root)
            else:
                wire = decoder.decode(match.variables, raw_query, value, root=root, **more)
        return wire

    def _check(self, error: CallError) -> None:
        """The refusal is a client's fault, and can be told in both forms, in words that hold nothing of Python's."""
        assert error.http_status in REFUSALS, (error.http_status, error.message)
        body = self._codec.encode_message(error_status(error, request_id="r", domain="d"))
        told = json.loads(body)
        assert told["message"]
        assert json.loads(problem(error, body))["status"] == error.http_status
        for word in ("Traceback", "codec can't", "google.protobuf.message", "object at 0x", "<class "):
            assert word not in body.decode(), body


def _built(bindings: Sequence[Binding], native: Native) -> tuple[Codec, Router[Target]]:
    # Caps low enough to be passed by what fuzzing sends.
    options = TranscodeOptions(max_json_bytes=20_000, max_depth=40, max_elements=2_000, max_fields=2_000, native=native)
    codec = Codec(options, text_checks=Sanitizer())
    targets = (Target(each, codec.request_decoder(each), codec.response_encoder(each)) for each in bindings)
    return codec, Router((target.binding, target) for target in targets)


def _told(outcome: CallError | bytes) -> Any:
    if isinstance(outcome, bytes):
        return "a message"
    return outcome.code, outcome.http_status, outcome.reason, outcome.message, outcome.faults


def _form(new: Any, wire: bytes) -> bytes:
    """The one form of a message: the order of its fields and maps does not count."""
    form: bytes = new.FromString(wire).SerializeToString(deterministic=True)
    return form


def _same_json(one: bytes | int, other: bytes | int) -> bool:
    """Whether two are the same, the order in maps apart."""
    if isinstance(one, int) or isinstance(other, int):
        return one == other
    return one == other or (sorted(one) == sorted(other) and json.loads(one) == json.loads(other))


def _pieces(body: bytes) -> list[bytes]:
    """A body as it may arrive: seven bytes at a time."""
    return [body[start : start + 7] for start in range(0, len(body), 7)]


def _values(body: bytes, content_type: str) -> list[bytes]:
    """A client stream's messages, out of the pieces."""
    splitter = build_splitter(content_type, MAX_MESSAGE_BYTES)
    values: list[bytes] = []
    for piece in _pieces(body):
        values += splitter.feed(piece)
    return [*values, *splitter.end()]


class Spending:
    """Counts calls, which are work, whatever else the machine does."""

    def __init__(self) -> None:
        self.calls = 0

    def __enter__(self) -> None:
        sys.setprofile(self._note)

    def __exit__(self, *raised: object) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, argument: object) -> None:
        if event in {"call", "c_call"}:
            self.calls += 1


def every_feature(shelf: Any, proto2: Any, proto3: Any) -> list[Binding]:
    """Bindings of every kind over messages of every kind."""
    ask = tuple(shelf.GetBook.DESCRIPTOR.fields_by_name)
    kinds = tuple(shelf.Kinds.DESCRIPTOR.fields_by_name)
    covered = Capture("book.name", "shelves", STAR, "books", STAR)
    described: list[tuple[str, Any, tuple[Segment, ...], dict[str, Any]]] = [
        ("GET", shelf.GetBook, (Capture("name"),), {"query": ask}),
        ("GET", shelf.GetBook, ("tree", Capture("name", DOUBLE_STAR)), {"query": ask}),
        ("POST", shelf.GetBook, (covered,), {"body": "*", "verb": "publish"}),
        ("PATCH", shelf.GetBook, ("b", Capture("book.name", DOUBLE_STAR)), {"body": "book", "query": ask}),
        ("PUT", shelf.Kinds, tuple(map(Capture, ("i64", "genre", "at", "wait", "data"))), {"query": kinds}),
        ("POST", shelf.Kinds, ("kinds", Capture("wrapped_i64")), {"body": "*"}),
        ("GET", shelf.Kinds, ("kinds",), {"query": kinds}),
        ("POST", shelf.GetBook, ("raw",), {"body": "raw", "query": ask}),
        ("POST", shelf.GetBook, ("tags",), {"body": "tags", "query": ask}),
        ("POST", shelf.GetBook, ("labels",), {"body": "labels", "query": ask}),
        ("POST", shelf.GetBook, ("authors",), {"body": "authors", "query": ask}),
        ("POST", shelf.GetBook, ("value",), {"body": "value", "query": ask}),
        ("POST", shelf.GetBook, ("size",), {"body": "size", "query": ask}),
        ("POST", shelf.Kinds, ("stream", Capture("text")), {"body": "*", "stream": StreamKind.CLIENT}),
        ("POST", proto3.TestAllTypesProto3, ("three",), {"body": "*"}),
        ("POST", proto2.TestAllTypesProto2, ("two",), {"body": "*"}),
        (
            "GET",
            proto3.TestAllTypesProto3,
            ("three",),
            {"query": tuple(proto3.TestAllTypesProto3.DESCRIPTOR.fields_by_name)},
        ),
        ("*", shelf.GetBook, ("any", Capture("size")), {"body": "*", "verb": "go"}),
    ]
    return [
        replace(
            bind(message),
            id=f"fuzz.Every.M{number}",
            method=method,
            template="/f/" + "/".join(str(part) for part in path),
            path=("f", *path),
            **more,
        )
        for number, (method, message, path, more) in enumerate(described)
    ]
