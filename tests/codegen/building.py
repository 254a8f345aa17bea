"""How the generator's tests come by an IR: a few lines of proto, compiled as `transom generate` compiles them."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Protocol

from transom_codegen.build import BuildOptions, build_api
from transom_codegen.descriptors import DescriptorSet, read_descriptor_set
from transom_codegen.model import Api
from transom_codegen.problem import Problem
from transom_codegen.proto_roots import find_provided
from transom_codegen.protoc import parse_protos

HEADER = """\
syntax = "proto3";
package shop.v1;
import "google/api/annotations.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "google/api/httpbody.proto";
import "transom/v1/policy.proto";
"""


LEAN_HEADER = "".join(line for line in HEADER.splitlines(keepends=True)[:4])
"""The header with no import that a proto of Empty alone would not use: compilers warn of those."""


class Build(Protocol):
    """Builds the IR of `shop/v1/shop.proto`, of which the body is given."""

    def __call__(self, body: str, *, dotted_bodies: bool = False) -> tuple[Api, list[Problem]]:
        """The IR and the problems."""


def write_protos(root: Path, files: dict[str, str]) -> Path:
    """Writes protos, by the names that importers use; returns their root."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return root


def describe(root: Path) -> DescriptorSet:
    """The descriptor set of all protos under a root."""
    provided = find_provided(root)
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.proto"))
    parsed = parse_protos(names, [root, *provided.roots], provided.renamed)
    assert parsed.descriptor_set, parsed.problems
    return read_descriptor_set(parsed.descriptor_set, names)


def build_shop(root: Path, body: str, *, dotted_bodies: bool = False) -> tuple[Api, list[Problem]]:
    """The IR and the problems of `shop/v1/shop.proto`; its source is at hand, as it is for `transom generate`."""
    path = root / "shop/v1/shop.proto"
    write_protos(root, {"shop/v1/shop.proto": HEADER + textwrap.dedent(body)})
    options = BuildOptions(
        dotted_bodies=dotted_bodies, read_source=lambda name: path.read_text() if name.startswith("shop/") else None
    )
    return build_api(describe(root), options)
