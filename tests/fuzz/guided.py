"""Coverage-guided fuzzing of routing and decoding, by atheris: `make fuzz` (proof 6).

An input is a request as one would write it down: a line with method and target, headers, an empty line, the body. So a
seed can be read, and what was found can be tried with curl:

    PATCH /api/v1/workflows/w-1?update_mask=name
    Content-Type: application/json

    {"name": "x"}

Anything but a message or a client's fault, and work beyond what the size of the input allows, is a finding: it is kept
as a file, named in the output, and belongs into a test.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Final

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]  # installed by `make fuzz` alone

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]

with atheris.instrument_imports(include=["transom_runtime"]):
    import structlog

    from fuzz.subject import Sent, Subject, every_feature
    from transcode.conftest import CONFORMANCE, compile_protos
    from transom_runtime.serving.routes_index import load_index


def read(data: bytes) -> Sent:
    """The request that an input writes down; whatever is missing is empty."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.decode("utf-8", "surrogateescape").split("\n")
    method, _, target = first.partition(" ")
    method = "".join(filter(str.isalpha, method.encode("ascii", "ignore").decode()))  # else no parser lets it through
    headers = {name.strip(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
    return Sent(method=method, target=target, headers=headers, body=body)


def subjects() -> list[Subject]:
    """The routes of this repository, and bindings of every kind."""
    output = Path(tempfile.mkdtemp(prefix="transom-fuzz-"))
    names = [f"conformance/messages/test_messages_{syntax}.proto" for syntax in ("proto2", "proto3")]
    compile_protos(ROOT / "tests" / "transcode", output, "shelf.proto")
    compile_protos(CONFORMANCE, output, *names)
    sys.path.insert(0, str(output))
    modules = [name.removesuffix(".proto").replace("/", ".") + "_pb2" for name in names]
    every = every_feature(importlib.import_module("shelf_pb2"), *map(importlib.import_module, modules))
    return [Subject([route.binding for route in load_index(ROOT / "generated")]), Subject(every)]


def main() -> None:
    """Fuzz until libFuzzer's options say that it is enough."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), processors=[lambda *_: ""])
    own, every = subjects()

    def one(data: bytes) -> None:
        sent = read(data)
        (every if sent.target.startswith("/f") else own).serve(sent)

    atheris.Setup([sys.argv[0], f"-dict={HERE / 'words.dict'}", *sys.argv[1:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
