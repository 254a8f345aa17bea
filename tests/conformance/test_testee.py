"""The testee, without its runner: what it makes of the requests that the suite sends."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from conformance.suite import compile_messages
from conformance.testee import CodecTestee, load

TYPE = "protobuf_test_messages.proto3.TestAllTypesProto3"
NEWEST = "protobuf_test_messages.edition_unstable.TestAllTypesEditionUnstable"


@pytest.fixture(scope="session")
def protocol(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The compiled protocol of the runner; the test messages are imported with it."""
    folder = tmp_path_factory.mktemp("conformance")
    compile_messages(folder)
    return load(folder)


@pytest.fixture
def ask(protocol: Any) -> Any:
    """Sends requests through the pipe's framing: `ask({...}, {...})` gives the responses."""

    def send(*requests: dict[str, Any]) -> list[Any]:
        usual = {"message_type": TYPE, "requested_output_format": protocol.JSON, "test_category": protocol.JSON_TEST}
        frames = [protocol.ConformanceRequest(**(usual | each)).SerializeToString() for each in requests]
        asked = io.BytesIO(b"".join(struct.pack("<I", len(frame)) + frame for frame in frames))
        answered = io.BytesIO()
        CodecTestee(protocol).serve(asked, answered)
        answered.seek(0)
        return list(_responses(protocol, answered))

    return send


def _responses(protocol: Any, answered: io.BytesIO) -> Any:
    while head := answered.read(4):
        yield protocol.ConformanceResponse.FromString(answered.read(*struct.unpack("<I", head)))


def test_json_both_ways(protocol: Any, ask: Any) -> None:
    """JSON goes through the request's decoder and the response's encoder, for the newest edition too (J7)."""
    from_json, from_wire, newest = ask(
        {"json_payload": '{"optional_int64": 5}'},
        {"protobuf_payload": b"\x10\x05"},
        {"json_payload": "{}", "message_type": NEWEST, "requested_output_format": protocol.PROTOBUF},
    )
    assert from_json.json_payload == from_wire.json_payload == '{"optionalInt64":"5"}'
    assert newest.WhichOneof("result") == "protobuf_payload"


def test_what_cannot_be_read(protocol: Any, ask: Any) -> None:
    """What is no message is told as such; unknown members only where the suite does not want them ignored (J7)."""
    body = {"json_payload": '{"nothing": 1}'}
    ignoring = {"test_category": protocol.JSON_IGNORE_UNKNOWN_PARSING_TEST}
    broken, unknown, ignored = ask({"protobuf_payload": b"\xff"}, body, body | ignoring)
    assert broken.WhichOneof("result") == unknown.WhichOneof("result") == "parse_error"
    assert "'/nothing'" in unknown.parse_error
    assert ignored.json_payload == "{}"


def test_what_cannot_be_written(ask: Any) -> None:
    """A message that has no JSON is a fault of writing, not of reading (J7)."""
    field = 302 << 3 | 2
    late = Timestamp(seconds=1 << 60).SerializeToString()
    wire = bytes([field & 0x7F | 0x80, field >> 7, len(late)]) + late
    (response,) = ask({"protobuf_payload": wire})
    assert response.WhichOneof("result") == "serialize_error"


def test_other_formats_are_skipped(protocol: Any, ask: Any) -> None:
    """The text format is nothing that the gateway speaks."""
    to_text = {"json_payload": "{}", "requested_output_format": protocol.TEXT_FORMAT}
    assert all(response.skipped for response in ask({"text_payload": ""}, to_text))


def test_every_group_of_expected_failures_has_its_reason() -> None:
    """Each entry of the failure list stands under a comment that names a line of the specification."""
    text = (Path(__file__).parent / "failures.txt").read_text()
    groups = [group.splitlines() for group in text.split("\n\n")[1:]]
    assert groups
    for group in groups:
        assert group[0].startswith("# semantics.md "), group
