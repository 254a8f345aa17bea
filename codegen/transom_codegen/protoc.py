"""Runs the compiler that grpcio-tools bundles: message modules, their stubs and a descriptor set from protos."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transom_codegen.problem import Problem, Severity
from transom_codegen.stub_input import as_stub_input

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SET: Final = "set.binpb"
_LINE: Final = re.compile(
    r"(?P<file>[^\s:][^:]*):(?:(?P<line>\d+):(?P<column>\d+):)? (?P<warning>warning: )?(?P<message>.+)"
)
# What the compiler logs instead of reporting it: a letter for its severity, a time, a thread and a line of its own.
_LOGGED: Final = re.compile(r"[IW]\d{4} \S+\s+\d+ [^\s:]+:\d+\] (?P<message>.+?(?:file: (?P<file>\S+\.proto)\b.*)?)")
_LOG_PREAMBLE: Final = "WARNING: All log messages before absl::InitializeLog()"
_BLAME: Final = "Plugin failed with status code"
_MISSING: Final = re.compile(r"File not found|was not found")
_STUB_PRINTER: Final = "protoc-gen-mypy"
_INSTALL_HINT: Final = "install what generation needs: transom[codegen]"
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
    if (stub_printer := _find_stub_printer()) is None:
        return Messages(problems=(replace(_problem("", f"{_STUB_PRINTER} is not there"), hint=_INSTALL_HINT),))
    with tempfile.TemporaryDirectory(prefix="transom-") as directory:
        out = Path(directory)
        for given, printers in _print_jobs(descriptor_set, out, stub_printer):
            (out / _SET).write_bytes(given)
            run = _run(f"--descriptor_set_in={out / _SET}", *printers, *names)
            if run.returncode:
                return Messages(problems=(_read_failure(run.stderr),))
        return Messages(files=_read_tree(out))


def _print_jobs(descriptor_set: bytes, out: Path, stub_printer: str) -> list[tuple[bytes, list[str]]]:
    """What each run of the compiler is given and prints: one run, where both printers can be given the same."""
    modules = [f"--python_out={out}"]
    stubs = [f"--plugin={_STUB_PRINTER}={stub_printer}", f"--mypy_out=quiet:{out}"]
    given = as_stub_input(descriptor_set)
    if given == descriptor_set:
        return [(descriptor_set, [*modules, *stubs])]
    return [(descriptor_set, modules), (given, stubs)]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grpc_tools.protoc", *arguments]
    return subprocess.run(  # noqa: S603 -- our own arguments
        command, capture_output=True, encoding="utf-8", errors="replace", check=False
    )


def _parse_arguments(out: Path, includes: Sequence[Path], renamed: Mapping[str, Path]) -> list[str]:
    roots = [f"--proto_path={include}" for include in includes]
    roots += [f"--proto_path={name}={path}" for name, path in renamed.items()]
    return [*roots, f"--descriptor_set_out={out}", "--include_imports", "--include_source_info"]


def _find_stub_printer() -> str | None:
    """The stubs are mypy-protobuf's: protoc's own are not clean under strict mypy, and comments do not reach them."""
    return shutil.which(_STUB_PRINTER, path=Path(sys.executable).parent) or shutil.which(_STUB_PRINTER)


def _read_tree(root: Path) -> dict[str, str]:
    paths = (path for path in sorted(root.rglob("*")) if path.suffix in {".py", ".pyi"})
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def _read_problems(stderr: str) -> tuple[Problem, ...]:
    lines = [line for line in stderr.splitlines() if line.strip() and not line.startswith(_LOG_PREAMBLE)]
    return tuple(_read_problem(line) for line in lines)


def _read_problem(line: str) -> Problem:
    """The compiler's own lines; what is no line of that form is about the run as a whole."""
    if logged := _LOGGED.fullmatch(line):
        return _problem(logged["file"] or "", logged["message"], Severity.WARNING)
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


def _read_failure(stderr: str) -> Problem:
    """The protos are sound by now: what fails is a printer, of whose traceback the last line says why."""
    words = [line.strip() for line in stderr.splitlines() if line.strip() and _BLAME not in line]
    return _problem("", f"the message modules cannot be printed: {words[-1] if words else 'nothing says why'}")


def _silent_failure() -> Problem:
    return _problem("", "the compiler failed without a word")


def _problem(file: str, message: str, severity: Severity = Severity.ERROR) -> Problem:
    return Problem(file=file, rule="protoc", message=message, severity=severity)
