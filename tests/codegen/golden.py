"""Golden cases: each folder of `cases/` holds protos and what the generator makes of them.

    cases/<feature>/protos/**.proto   the input, all of it generated in one run
    cases/<feature>/service.yaml      a service configuration, where the case has one
    cases/<feature>/expected/**       the files that are written; absent where an error stops them
    cases/<feature>/problems.txt      the problems, as `transom generate` prints them; absent where there are none

Adding a case is adding a folder. `TRANSOM_GOLDEN=write` in the environment writes the expectations anew.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from google.api import annotations_pb2
from grpc_tools import protoc

from transom_codegen.descriptors import DescriptorSet, read_descriptor_set
from transom_codegen.emit import emit
from transom_codegen.plugin_options import as_emit_options
from transom_codegen.problem import format_text
from transom_codegen.render import ROUTES_MODULE
from transom_codegen.service_config import ServiceConfig, load_service_config

CASES: Final = Path(__file__).parent / "cases"
IS_WRITING: Final = os.environ.get("TRANSOM_GOLDEN") == "write"

_REPOSITORY: Final = Path(__file__).parents[2]
_INCLUDES: Final = (
    _REPOSITORY / "protos",
    Path(annotations_pb2.__file__).parents[2],
    Path(protoc.__file__).parent / "_proto",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one run of the generator says and writes."""

    problems: str
    """As printed, a line each; empty: none."""
    files: dict[str, str]
    """The texts of the written files, by path; empty where an error stopped them."""


def find_cases() -> list[Path]:
    """All case folders, by name."""
    return sorted(folder for folder in CASES.iterdir() if folder.is_dir())


def run_case(folder: Path, scratch: Path) -> Outcome:
    """Generates one case in memory; only the compiler's descriptor set passes through `scratch`."""
    root = folder / "protos"
    options = as_emit_options(strict=False, dotted_bodies=False, index=ROUTES_MODULE, config=_read_config(folder))
    build = replace(options.build, read_source=lambda name: _read(root / name))
    emission = emit(compile_protos(root, scratch), replace(options, build=build))
    return Outcome(problems="".join(f"{format_text(problem)}\n" for problem in emission.problems), files=emission.files)


def compile_protos(root: Path, scratch: Path) -> DescriptorSet:
    """The descriptor set of all protos under a folder, with source info."""
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*.proto"))
    target = scratch / "descriptors.binpb"
    includes = [f"-I{path}" for path in (root, *_INCLUDES)]
    flags = ["--include_imports", "--include_source_info", f"--descriptor_set_out={target}"]
    assert protoc.main(["protoc", *includes, *flags, *names]) == 0
    return read_descriptor_set(target.read_bytes(), names)


def expected_outcome(folder: Path) -> Outcome:
    """What the folder says should come out."""
    root = folder / "expected"
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return Outcome(
        problems=_read(folder / "problems.txt") or "",
        files={str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in paths},
    )


def write_expectations(folder: Path, outcome: Outcome) -> None:
    """Makes the folder expect what came out."""
    shutil.rmtree(folder / "expected", ignore_errors=True)
    (folder / "problems.txt").unlink(missing_ok=True)
    if outcome.problems:
        (folder / "problems.txt").write_text(outcome.problems, encoding="utf-8")
    for name, text in outcome.files.items():
        path = folder / "expected" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _read_config(folder: Path) -> ServiceConfig | None:
    text = _read(folder / "service.yaml")
    return load_service_config("service.yaml", text) if text is not None else None


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
