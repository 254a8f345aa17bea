"""Protos that nobody here wrote: google's own, which ship with annotations."""

from __future__ import annotations

from pathlib import Path

from transom_codegen.descriptors import read_descriptor_set
from transom_codegen.emit import EmitOptions, emit
from transom_codegen.proto_roots import find_provided
from transom_codegen.protoc import parse_protos

NAMES = ["google/cloud/location/locations.proto", "google/longrunning/operations.proto"]


def test_googles_common_protos() -> None:
    """The annotated protos of googleapis-common-protos generate without a word, and what they generate compiles."""
    provided = find_provided(Path("nowhere"))
    parsed = parse_protos(NAMES, provided.roots, provided.renamed)
    emission = emit(read_descriptor_set(parsed.descriptor_set, NAMES), EmitOptions())
    assert [problem for problem in emission.problems if problem.is_error] == []
    modules = [name for name in emission.files if name.endswith(".py")]
    assert modules == [
        "google/cloud/location/locations_gateway.py",
        "google/longrunning/operations_gateway.py",
        "transom_routes.py",
    ]
    for name in modules:
        compile(emission.files[name], name, "exec")
    assert "GET /v1/{name=operations/**} calls" in emission.files["google/longrunning/operations_gateway.py"]
