"""What processes have used of the machine, as the kernel counts it."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transom_bench.failure import CannotMeasure

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_PROC: Final = Path("/proc")
_BUSY: Final = (0, 1, 2, 5, 6, 7)
"""user, nice, system, irq, softirq and steal of a line of /proc/stat: all that is neither idle nor waiting."""


def parse_parent(line: str) -> int:
    """Read the parent from /proc/<pid>/stat. The name, in brackets, may hold anything, blanks and brackets too."""
    return int(line.rpartition(")")[2].split()[1])


def tree(root: int) -> list[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for pid in (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()):
        if (parent := _parent(pid)) is not None:
            children.setdefault(parent, []).append(pid)
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def cpu_s(pids: Iterable[int]) -> float:
    """The CPU time that processes have used since they started, in seconds, threads that have ended included.

    The kernel keeps a clock for it, exact to the nanosecond: /proc has it in hundredths of a second only.
    """
    return sum(map(_cpu_ns, pids)) / 1e9


def rss_mib(pids: Iterable[int]) -> float:
    """The memory that processes hold, in MiB; what they share counts for each."""
    pages = sum(int((_PROC / str(pid) / "statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What one process holds, in MiB."""

    rss: float
    """What it shares with others included."""
    pss: float
    """Of what is shared, its part only."""


def memory_mib(pid: int) -> Memory:
    """The memory of a process."""
    return parse_memory((_PROC / str(pid) / "smaps_rollup").read_text())


def parse_memory(content: str) -> Memory:
    """The same, from the text of /proc/<pid>/smaps_rollup."""
    lines = (line.split() for line in content.splitlines())
    kib = {words[0]: int(words[1]) for words in lines if words[-1] == "kB"}
    return Memory(rss=kib["Rss:"] / 1024, pss=kib["Pss:"] / 1024)


def allow_files(count: int) -> None:
    """Let this process, and those that it starts, have so many files open. Raises CannotMeasure where it may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise CannotMeasure(f"{count} files at once are needed, and {hard} are allowed: raise `ulimit -Hn`")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def busy_s(core: int) -> float:
    """How long a core has been at work since the machine started, in seconds, whoever it worked for."""
    return parse_busy((_PROC / "stat").read_text(), core)


def parse_busy(content: str, core: int) -> float:
    """The same, from the text of /proc/stat. Raises LookupError where there is no such core."""
    for line in content.splitlines():
        name, *counts = line.split()
        if name == f"cpu{core}":
            return sum(int(counts[place]) for place in _BUSY) / TICKS_PER_S
    raise LookupError(f"the machine has no core {core}")


def _parent(pid: int) -> int | None:
    try:
        return parse_parent((_PROC / str(pid) / "stat").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return None


def _cpu_ns(pid: int) -> int:
    """What the process's clock says; 0 where it is gone. Its number is made as clock_getcpuclockid(3) makes it."""
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return 0
