"""The drift check: whether a directory holds what the protos say now, and a unified diff where it does not."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from transom_codegen.generated_tree import read_text, stale_paths
from transom_codegen.problem import Problem, format_github

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transom_codegen.generated_tree import GeneratedTree


class DriftKind(Enum):
    """How a file differs from what generation yields."""

    MISSING = "missing"
    CHANGED = "changed"
    STALE = "stale"
    """Nothing generates it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One file that is not as it should be."""

    path: str
    """From the import root."""
    kind: DriftKind
    diff: str
    """What `transom generate` would do to it, as a unified diff."""
    line: int
    """The first line of the file on disk that differs, from 1."""


def find_drift(tree: GeneratedTree, out: Path) -> list[Drift]:
    """Every file under `out` that is not as the tree has it, by path. Reads only. Raises OSError."""
    wanted = {**tree.files, **dict.fromkeys(stale_paths(tree, out), "")}
    return [drift for path in sorted(wanted) if (drift := _compare(path, wanted[path], tree, out))]


def format_drift_text(drifts: list[Drift]) -> str:
    """The diffs, one behind the other, as `git apply` takes them."""
    return "".join(drift.diff for drift in drifts)


def format_drift_github(drifts: list[Drift], out: Path) -> str:
    """One annotation per file, on its first line that differs."""
    return "\n".join(format_github(_as_problem(drift, out)) for drift in drifts)


def _compare(path: str, text: str, tree: GeneratedTree, out: Path) -> Drift | None:
    found = read_text(out / path)
    if found == text and path in tree.files:
        return None
    kind = DriftKind.MISSING if found is None else DriftKind.CHANGED if path in tree.files else DriftKind.STALE
    name = (out / path).as_posix()
    before = "/dev/null" if kind is DriftKind.MISSING else f"a/{name}"
    after = "/dev/null" if kind is DriftKind.STALE else f"b/{name}"
    lines = list(_unified(found or "", text, before, after))
    return Drift(path=path, kind=kind, diff="".join(lines), line=_first_line(lines))


def _unified(found: str, text: str, before: str, after: str) -> Iterator[str]:
    """As difflib, with the mark that a last line without its end needs in a diff."""
    for line in difflib.unified_diff(found.splitlines(keepends=True), text.splitlines(keepends=True), before, after):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _first_line(lines: list[str]) -> int:
    """Where the first hunk leaves its context."""
    hunk = next((at for at, line in enumerate(lines) if line.startswith("@@")), None)
    if hunk is None:
        return 1
    start = re.match(r"@@ -(\d+)", lines[hunk])
    context = next((at for at, line in enumerate(lines[hunk + 1 :]) if line[0] in "+-"), 0)
    return max(1, int(start[1]) + context) if start else 1


def _as_problem(drift: Drift, out: Path) -> Problem:
    return Problem(
        file=(out / drift.path).as_posix(),
        line=0 if drift.kind is DriftKind.MISSING else drift.line,
        rule="drift",
        message=f"the file is {drift.kind.value}",
        hint="run `transom generate` and commit what it writes",
    )
