"""The codec, both ways: JSON to wire bytes and back, by others and by each filling of transom's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import orjson
from google.protobuf.json_format import MessageToDict

from transom_bench.canned import build_small, build_workflow
from transom_bench.codecs import build_codecs
from transom_bench.micro.fillings import build_fillings
from transom_bench.micro.timing import Subject, repeated
from transom_runtime.transcode.codec import Codec
from workflow.v1.workflows_gateway import CREATE_WORKFLOW, GET_WORKFLOW
from workflow.v1.workflows_pb2 import Workflow

_SIZES: Final = (0, 50, 1_000)
_ENCODE: Final = "message to JSON"
_DECODE: Final = "JSON to message"


def codec_subjects() -> Iterator[Subject]:
    """Every filling that this installation has, with every size."""
    for nodes in _SIZES:
        whole = build_workflow(nodes) if nodes else build_small()
        sent = Workflow(name="nightly import", nodes=whole.nodes, connections=whole.connections)
        wire, body = whole.SerializeToString(), orjson.dumps(MessageToDict(sent))
        size = f"{nodes:,} nodes" if nodes else "small"
        for filling in build_fillings():
            yield Subject(group=_ENCODE, name=filling.name, size=size, batch=repeated(partial(filling.encode, wire)))
            yield Subject(group=_DECODE, name=filling.name, size=size, batch=repeated(partial(filling.decode, body)))
        for name, codec in build_codecs().items():
            yield from _of_transom(f"transom, {name} codec", size, codec, wire, body)


def _of_transom(name: str, size: str, codec: Codec, wire: bytes, body: bytes) -> Iterator[Subject]:
    encode = partial(codec.response_encoder(GET_WORKFLOW).encode, wire)
    decode: Any = codec.request_decoder(CREATE_WORKFLOW).decode
    decode = partial(decode, (), "", body, content_type="application/json", method="POST")
    yield Subject(group=_ENCODE, name=name, size=size, batch=repeated(encode))
    yield Subject(group=_DECODE, name=name, size=size, batch=repeated(decode))
