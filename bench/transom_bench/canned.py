"""The messages of the benchmark, and what the stub upstream answers with."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message

from workflow.v1.executions_pb2 import Execution, ExecutionEvent
from workflow.v1.workflows_pb2 import Workflow

_SERVICE: Final = "/workflow.v1"
_MOMENT_S: Final = 1_780_000_000
STREAM_MESSAGES: Final = 1_000
DOWNLOAD_BYTES: Final = 10 * 2**20
_PIECE_BYTES: Final = 64 * 2**10
SIZES: Final = (1, 10, 50, 100, 1_000, 10_000)
"""The numbers of nodes that payloads grow through."""


def build_small() -> Workflow:
    """A workflow without a graph: 159 bytes."""
    small = Workflow(id="wf-0123456789abcdef0123", name="nightly import of the price lists", version=7)
    small.description = "Fetches the suppliers' lists, checks them and tells the shop."
    small.etag = "7bb9bb4ec168e0c4"
    small.create_time.seconds = small.update_time.seconds = _MOMENT_S
    return small


def build_workflow(nodes: int) -> Workflow:
    """A workflow with so many nodes, each with parameters, in a chain of connections; 50 are 5 kB, 9 kB as JSON."""
    workflow = build_small()
    for number in range(nodes):
        node = workflow.nodes.add(id=f"node-{number}", type="http" if number % 2 else "transform")
        node.position.x, node.position.y = number * 40.0, number % 7 * 25.5
        node.parameters.update(_parameters(number))
        if number:
            workflow.connections.add(from_node=f"node-{number - 1}", to_node=f"node-{number}")
    return workflow


def _parameters(number: int) -> dict[str, Any]:
    return {"url": f"/v1/{number}", "retries": number % 3}


def build_events() -> list[ExecutionEvent]:
    """The events of one stream."""
    events = []
    for sequence in range(1, STREAM_MESSAGES + 1):
        event = ExecutionEvent(sequence=sequence, type=ExecutionEvent.TYPE_NODE_SUCCEEDED, execution_id="ex-1")
        event.node_id = f"node-{sequence % 50}"
        event.time.FromSeconds(_MOMENT_S + sequence)
        event.output.struct_value.update({"rows": sequence})
        events.append(event)
    return events


def build_pieces() -> list[HttpBody]:
    """A file, in the pieces of a download."""
    piece = bytes(range(256)) * (_PIECE_BYTES // 256)
    return [HttpBody(content_type="application/octet-stream", data=piece)] * (DOWNLOAD_BYTES // _PIECE_BYTES)


def frame(messages: Iterable[Message]) -> bytes:
    """Messages as gRPC sends them: one byte for compression, four for the length."""
    return b"".join(struct.pack(">BI", 0, len(data)) + data for data in (each.SerializeToString() for each in messages))


@dataclass(frozen=True, slots=True, kw_only=True)
class Canned:
    """Files for the programs of a run."""

    manifest: Path
    """What the stub upstream reads."""
    bodies: dict[int, Path]
    """Request bodies: the JSON of workflows, by their number of nodes."""
    empty: Path
    """The request body `{}`."""


def canned_in(folder: Path) -> Canned:
    """The files of a folder, whether they are written yet or not."""
    bodies = {size: folder / f"nodes-{size}.json" for size in SIZES}
    return Canned(manifest=folder / "answers.json", bodies=bodies, empty=folder / "empty.json")


def write_canned(folder: Path) -> Canned:
    """Write all answers and all request bodies into a folder."""
    canned = canned_in(folder)
    get, watch = f"{_SERVICE}.WorkflowService/GetWorkflow", f"{_SERVICE}.ExecutionService/WatchExecution"
    answers = [_answer(folder, get, "small", frame([build_small()]))]
    answers += [_answer(folder, get, f"nodes-{size}", frame([build_workflow(size)])) for size in SIZES]
    answers += [
        _answer(folder, watch, "events", frame(build_events())),
        {**_answer(folder, watch, "idle", frame(build_events()[:1])), "Hold": True},
        _answer(folder, f"{_SERVICE}.FileService/DownloadFile", "large", frame(build_pieces())),
        _answer(folder, f"{_SERVICE}.WorkflowService/ExecuteWorkflow", "", frame([Execution(id="ex-1")])),
        {"Method": f"{_SERVICE}.WorkflowService/CreateWorkflow"},
    ]
    canned.manifest.write_text(json.dumps(answers))
    canned.empty.write_text("{}")
    for size, file in canned.bodies.items():
        _write_body(file, size)
    return canned


def _answer(folder: Path, method: str, key: str, frames: bytes) -> dict[str, Any]:
    file = folder / f"{key or 'any'}.frames"
    file.write_bytes(frames)
    return {"Method": method, "Key": key, "File": str(file)}


def _write_body(file: Path, size: int) -> None:
    # In one line, as clients send it; the id and what else a caller may not write is left out.
    sent = Workflow(name="nightly import", nodes=(whole := build_workflow(size)).nodes, connections=whole.connections)
    file.write_text(MessageToJson(sent, indent=None))
