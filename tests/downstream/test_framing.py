"""The three framings, byte for byte."""

from __future__ import annotations

import orjson
import pytest

from transom_runtime.downstream.framing import Framer, Framing, Payload, build_framer, error_object

STATUS = b'{"code":14,"message":"gone"}'
ERROR = b'{"error":{"@type":"type.googleapis.com/google.rpc.Status","code":14,"message":"gone"}}'


def stream(framer: Framer, *bodies: bytes, error: bytes = b"") -> bytes:
    messages = b"".join(framer.message(Payload(body=body)) for body in bodies)
    return framer.open() + messages + (framer.error(error) if error else framer.end())


@pytest.mark.parametrize(
    ("framing", "bodies", "error", "sent"),
    [
        (Framing.ARRAY, [], b"", b"[]"),
        (Framing.ARRAY, [b"1"], b"", b"[1]"),
        (Framing.ARRAY, [b"1", b'{"a":2}'], b"", b'[1,{"a":2}]'),
        (Framing.ARRAY, [b"1"], STATUS, b"[1," + ERROR + b"]"),
        (Framing.ARRAY, [], STATUS, b"[" + ERROR + b"]"),
        (Framing.NDJSON, [], b"", b""),
        (Framing.NDJSON, [b"1", b'{"a":2}'], b"", b'1\n{"a":2}\n'),
        (Framing.NDJSON, [b"1"], STATUS, b"1\n" + ERROR + b"\n"),
        (Framing.NDJSON, [b'{\n "a": 1\r\n}'], b"", b'{  "a": 1  }\n'),
        (Framing.SSE, [], b"", b"event: end\ndata: {}\n\n"),
        (Framing.SSE, [b"1", b'{\n"a":2}'], b"", b'data: 1\n\ndata: { "a":2}\n\nevent: end\ndata: {}\n\n'),
        (Framing.SSE, [b"1"], STATUS, b"data: 1\n\nevent: error\ndata: " + ERROR + b"\n\n"),
    ],
)
def test_s3_s9_streams(framing: Framing, bodies: list[bytes], error: bytes, sent: bytes) -> None:
    """S3, S4, S9: messages, empty streams, and ends with and without an error, in each framing."""
    assert stream(build_framer(framing), *bodies, error=error) == sent


@pytest.mark.parametrize(
    ("framing", "sent"),
    [
        (Framing.ARRAY, b'[{"result":1},{"result":2}]'),
        (Framing.NDJSON, b'{"result":1}\n{"result":2}\n'),
        (Framing.SSE, b'data: {"result":1}\n\ndata: {"result":2}\n\nevent: end\ndata: {}\n\n'),
    ],
)
def test_s3_wrapped_results(framing: Framing, sent: bytes) -> None:
    """S3: messages are wrapped for clients that were written for grpc-gateway."""
    assert stream(build_framer(framing, wrap_result=True), b"1", b"2") == sent


def test_s4_ids_events_and_the_retry_hint() -> None:
    """S4: event and id come before the data, the reconnection hint before everything."""
    framer = build_framer(Framing.SSE, retry_ms=1500)
    assert framer.open() == b"retry: 1500\n\n"
    assert framer.message(Payload(body=b"1", id="7é", event="step")) == "event: step\nid: 7é\ndata: 1\n\n".encode()


def test_s4_heartbeat_is_a_comment() -> None:
    """S4: only event streams have a heartbeat."""
    assert build_framer(Framing.SSE).heartbeat() == b": alive\n\n"
    assert [build_framer(f).heartbeat() for f in (Framing.ARRAY, Framing.NDJSON)] == [b"", b""]


def test_s4_ids_and_events_cannot_break_out_of_their_line() -> None:
    """S4: what an upstream puts into an id or an event name never becomes a line of its own."""
    sent = build_framer(Framing.SSE).message(Payload(body=b"1", id="a\ndata: x", event="b\r\n\0c"))
    assert sent == b"event: bc\nid: adata: x\ndata: 1\n\n"


@pytest.mark.parametrize("event", ["error", "end", "e\nnd"])
def test_s3_a_message_never_poses_as_the_end(event: str) -> None:
    """S3: the names `error` and `end` belong to the framing."""
    assert build_framer(Framing.SSE).message(Payload(body=b"1", event=event)) == b"data: 1\n\n"


@pytest.mark.parametrize("status", [STATUS, b"{}", b'{ \n "code": 2 }'])
def test_s3_error_object_is_json(status: bytes) -> None:
    """S3: an error among messages says what it is by its type."""
    error = orjson.loads(error_object(status))["error"]
    assert error.pop("@type") == "type.googleapis.com/google.rpc.Status"
    assert error == orjson.loads(status)
