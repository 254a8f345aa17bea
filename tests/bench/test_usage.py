"""What the benchmark reads of the kernel's accounts."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from transom_bench.cores import pinned
from transom_bench.usage import TICKS_PER_S, cpu_s, parse_busy, parse_parent, rss_mib, tree

_STAT = "4242 (a (b) c) S 17 4242 4242 0 -1 4194560 100 200 0 0 11 12 5 6 20 0 9 0 1000 1 2 3"


def test_a_parent_is_found_behind_any_name() -> None:
    """A process may call itself anything, brackets and blanks too."""
    assert parse_parent(_STAT) == 17


def test_cpu_time_is_the_kernels_own_clock() -> None:
    """It is what the process itself would read, to the microsecond: a hundredth of a second is a hundred requests."""
    before = time.process_time()
    read = cpu_s([os.getpid()])
    assert before <= read <= time.process_time()


def test_a_process_that_is_gone_has_used_nothing() -> None:
    """One that ended between two looks is no error: what it was part of is told elsewhere."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        assert cpu_s([process.pid]) == 0


def test_a_core_is_busy_with_all_that_is_not_idle() -> None:
    """Stolen time and interrupts count as busy, idling and waiting do not; guests are among user's already."""
    content = "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 1 1 1 1 1 1 1 1 1 1\ncpu1 100 20 30 9999 9999 4 5 41 7 7\n"
    assert parse_busy(content, 1) == pytest.approx(200 / TICKS_PER_S)


def test_a_core_that_is_not_there_is_said() -> None:
    """No core has no busy time of 0."""
    with pytest.raises(LookupError, match="no core 7"):
        parse_busy("cpu0 1 1 1 1 1 1 1 1 1 1\n", 7)


def test_a_process_is_counted_with_its_descendants_on_its_cores() -> None:
    """A child of a child is found, runs where the first was told to, and costs something."""
    grandchild = "import sys; print(sum(range(3_000_000)), flush=True); sys.stdin.read()"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}], check=True)"
    (core, *_), before = os.sched_getaffinity(0), os.sched_getaffinity(0)
    with pinned({core}):
        process = subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert os.sched_getaffinity(0) == before
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        first, second = found = tree(process.pid)
        assert first == process.pid
        assert os.sched_getaffinity(second) == {core}
        assert cpu_s(found) >= cpu_s([second]) > 0
        assert rss_mib(found) > rss_mib([second]) > 1
        assert process.stdin is not None
        process.stdin.close()
