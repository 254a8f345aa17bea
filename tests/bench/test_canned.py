"""The messages that are measured."""

from __future__ import annotations

import json
import struct
from pathlib import Path

from google.protobuf.json_format import Parse

from transom_bench.canned import SIZES, build_events, build_small, build_workflow, frame, write_canned
from workflow.v1.workflows_pb2 import Workflow


def test_the_small_message_is_the_one_of_the_tables() -> None:
    """It has 159 bytes: figures of other runs, and of other gateways, are for that."""
    assert build_small().ByteSize() == 159


def test_frames_are_those_of_grpc() -> None:
    """Each message stands behind a byte for its compression and four for its length."""
    events = build_events()[:2]
    first = events[0].SerializeToString()
    framed = frame(events)
    assert framed[:5] == b"\0" + struct.pack(">I", len(first))
    assert framed[5:].startswith(first)
    assert len(framed) == 10 + sum(event.ByteSize() for event in events)


def test_a_body_holds_the_nodes_of_its_size(tmp_path: Path) -> None:
    """What is posted has the nodes of what is fetched."""
    canned = write_canned(tmp_path)
    assert set(canned.bodies) == set(SIZES)
    posted = Parse(canned.bodies[50].read_text(), Workflow())
    assert posted.nodes == build_workflow(50).nodes
    assert all(Path(each["File"]).is_file() for each in json.loads(canned.manifest.read_text()) if "File" in each)
