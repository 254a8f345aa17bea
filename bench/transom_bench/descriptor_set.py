"""The descriptor set of a tree of protos, as Envoy wants it."""

from __future__ import annotations

from pathlib import Path

from transom_codegen.proto_roots import find_provided
from transom_codegen.protoc import parse_protos


def compile_protos(root: Path, package: str) -> bytes:
    """All protos in the folder `package` below a root, with all that they import."""
    provided = find_provided(root)
    names = sorted(path.relative_to(root).as_posix() for path in (root / package).rglob("*.proto"))
    parsed = parse_protos(names, [root, *provided.roots], provided.renamed)
    assert parsed.descriptor_set, parsed.problems
    return parsed.descriptor_set
