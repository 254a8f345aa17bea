"""Runs the compiler that grpcio-tools bundles: message modules, their stubs and a descriptor set from protos."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transom_codegen.problem import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SET: Final = "set.binpb"
_LINE: Final = re.compile(
    r"(?P<file>[^\s:][^:]*):(?:(?P<line>\d+):(?P<column>\d+):)? (?P<warning>warning: )?(?P<message>.+)"
)
_MISSING: Final = re.compile(r"File not found|was not found")
_MISSING_HINT: Final = "name the root that holds it as a further include"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What the compiler read."""

    descriptor_set: bytes = b""
    """With imports and source info; empty where a problem is an error."""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """What the compiler wrote."""

    files: dict[str, str] = field(default_factory=dict)
    """`_pb2.py` and `.pyi` texts, by their path from the import root; empty where there is a problem."""
    problems: tuple[Problem, ...] = ()


def parse_protos(names: Sequence[str], includes: Sequence[Path], renamed: Mapping[str, Path]) -> Parsed:
    """Read the protos of these names, found under `includes` in this order, or else in `renamed` by their names."""
    with tempfile.TemporaryDirectory(prefix="transom-") as directory:
        target = Path(directory) / _SET
        run = _run(*_parse_arguments(target, includes, renamed), *names)
        if run.returncode:
            return Parsed(problems=_read_problems(run.stderr) or (_silent_failure(),))
        return Parsed(descriptor_set=target.read_bytes(), problems=_read_problems(run.stderr))


def print_messages(descriptor_set: bytes, names: Sequence[str]) -> Messages:
    """Write the message modules and stubs of these protos.

    They are made from the descriptor set, not from the protos: so does buf, and only so are the bytes the same (protoc
    leaves JSON names out of what it has parsed itself). Warnings are those of the first run again: they are dropped.
    """
    with tempfile.TemporaryDirectory(prefix="transom-") as directory:
        out = Path(directory)
        (out / _SET).write_bytes(descriptor_set)
        run = _run(*_print_arguments(out), *names)
        if run.returncode:
            return Messages(problems=_read_problems(run.stderr) or (_silent_failure(),))
        return Messages(files=_read_tree(out))


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grpc_tools.protoc", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own arguments


def _parse_arguments(out: Path, includes: Sequence[Path], renamed: Mapping[str, Path]) -> list[str]:
    roots = [f"--proto_path={include}" for include in includes]
    roots += [f"--proto_path={name}={path}" for name, path in renamed.items()]
    return [*roots, f"--descriptor_set_out={out}", "--include_imports", "--include_source_info"]


def _print_arguments(out: Path) -> list[str]:
    """The stubs are mypy-protobuf's: protoc's own are not clean under strict mypy, and comments do not reach them."""
    beside = Path(sys.executable).parent
    plugin = shutil.which("protoc-gen-mypy", path=beside) or shutil.which("protoc-gen-mypy") or "protoc-gen-mypy"
    return [
        f"--descriptor_set_in={out / _SET}",
        f"--python_out={out}",
        f"--plugin=protoc-gen-mypy={plugin}",
        f"--mypy_out=quiet:{out}",
    ]


def _read_tree(root: Path) -> dict[str, str]:
    paths = (path for path in sorted(root.rglob("*")) if path.suffix in {".py", ".pyi"})
    return {path.relative_to(root).as_posix(): path.read_text() for path in paths}


def _read_problems(stderr: str) -> tuple[Problem, ...]:
    return tuple(_read_problem(line) for line in stderr.splitlines() if line.strip())


def _read_problem(line: str) -> Problem:
    """The compiler's own lines; what is no line of that form is about the run as a whole."""
    match = _LINE.fullmatch(line)
    if match is None:
        return _problem("", line)
    return Problem(
        file=match["file"],
        line=int(match["line"] or 0),
        column=int(match["column"] or 0),
        rule="protoc",
        message=match["message"],
        hint=_MISSING_HINT if _MISSING.search(match["message"]) else "",
        severity=Severity.WARNING if match["warning"] else Severity.ERROR,
    )


def _silent_failure() -> Problem:
    return _problem("", "the compiler failed without a word")


def _problem(file: str, message: str) -> Problem:
    return Problem(file=file, rule="protoc", message=message)
