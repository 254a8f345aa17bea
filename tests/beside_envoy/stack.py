"""Both transcoders in front of one upstream, made from the same protos."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from beside_envoy.corpus import HERE, Ask
from beside_envoy.exchange import Response, exchange
from beside_envoy.outcome import Outcome, observe
from beside_envoy.proxy import envoy
from beside_envoy.types import Types, build_types
from beside_envoy.upstream import Upstream
from e2e.stack import gateway
from transom_codegen.generate import GenerateOptions, generate
from transom_codegen.generated_tree import write_tree
from transom_codegen.proto_roots import find_provided
from transom_codegen.protoc import parse_protos

WORKFLOW: Final = HERE.parents[1] / "protos" / "workflow"
BOTH: Final = ("Paths", "Bodies", "Queries", "Streams", "Raw")
"""The services of the tests' own protos that both can serve."""
WORKFLOW_SERVICES: Final = ("SessionService", "WorkflowService", "ExecutionService", "FileService")


@dataclass(frozen=True, slots=True, kw_only=True)
class Protos:
    """The protos, as each side wants them."""

    generated: Path
    """What transom's generator made of them."""
    descriptor_set: Path
    """What Envoy reads, with all that is imported."""
    types: Types
    """What the upstream reads and writes by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both transcoders, running."""

    upstream: Upstream
    transom_port: int
    envoy_port: int

    def ask(self, ask: Ask) -> tuple[Outcome, Outcome]:
        """What a request comes to, through transom and through Envoy."""
        return self._through(self.transom_port, ask), self._through(self.envoy_port, ask)

    def _through(self, port: int, ask: Ask) -> Outcome:
        self.upstream.answer = ask.answer
        response: Response = exchange(port, ask.raw(f"127.0.0.1:{port}"), ask.method)
        return observe(ask, response, self.upstream.take())


def prepare(folder: Path) -> Protos:
    """Copy the protos into one root, generate code and compile the descriptor set."""
    root = folder / "protos"
    shutil.copytree(HERE / "protos", root)
    shutil.copytree(WORKFLOW, root / "workflow")
    tree = generate(GenerateOptions(protos=root))
    assert not tree.has_errors, tree.problems
    write_tree(tree, folder / "generated")
    content = _compile(root)
    descriptor_set = folder / "set.binpb"
    descriptor_set.write_bytes(content)
    return Protos(generated=folder / "generated", descriptor_set=descriptor_set, types=build_types(content))


def _compile(root: Path) -> bytes:
    provided = find_provided(root)
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.proto"))
    parsed = parse_protos(names, [root, *provided.roots], provided.renamed)
    assert parsed.descriptor_set, parsed.problems
    return parsed.descriptor_set


@contextlib.contextmanager
def running(folder: Path, protos: Protos) -> Iterator[Pair]:
    """Both, and their upstream; everything ends with it."""
    upstream = Upstream(protos.types)
    services = [f"beside.v1.{name}" for name in BOTH] + [f"workflow.v1.{name}" for name in WORKFLOW_SERVICES]
    with (
        upstream.serving() as target,
        envoy(folder / "envoy", target, protos.descriptor_set, services) as envoy_port,
        gateway(folder / "transom", settings(target, protos)) as transom,
    ):
        yield Pair(upstream=upstream, transom_port=transom.port, envoy_port=envoy_port)


def settings(target: str, protos: Protos) -> dict[str, Any]:
    """Of transom: everybody may call, as often as they like, with any text; the rest is as it is by default."""
    return {
        "listen": {"host": "127.0.0.1", "port": 0},
        "generated": str(protos.generated),
        "upstreams": {"peer": {"channel": {"target": target}}},
        "overrides": [{"selector": "*", "auth": {"kind": "public"}}],
        "rate_limit": {"enabled": False},
        "sanitize": {"mode": "off"},
        "streams": {"header_wait_s": 15.0},  # so that an early error is one however busy the machine is
    }
