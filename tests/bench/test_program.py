"""What is said of a program that does not do what the benchmark needs of it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from transom_bench.program import Ended, NotStarted, Running, running

_SERVES = "print('serving at 127.0.0.1:8123', flush=True); import signal; signal.pause()"


def _python(source: str, folder: Path, arguments: Sequence[str] = ()) -> AbstractContextManager[Running]:
    command, cores = [sys.executable, "-c", source, *arguments], frozenset(os.sched_getaffinity(0))
    return running(command, cores=cores, log=folder / "log", says="serving at")


def test_a_program_runs_for_as_long_as_it_is_needed(tmp_path: Path) -> None:
    """Its address is what it says, and with the block it is gone."""
    with _python(_SERVES, tmp_path) as process:
        assert process.port == 8123
        process.check("one")
    assert process.status() == -signal.SIGTERM


def test_a_program_that_does_not_start_says_why(tmp_path: Path) -> None:
    """A port in use, a wrong setting: its own words are the message."""
    refusing = "import sys; sys.exit('the port is in use')"
    with pytest.raises(NotStarted, match="the port is in use"), _python(refusing, tmp_path):
        pass


def test_a_program_that_dies_is_named(tmp_path: Path) -> None:
    """Its status and its last words, not only that nobody answered."""
    with _python(_SERVES, tmp_path) as process:
        os.kill(process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(Ended, match=r"one ended with status -9, and said last:\nserving at"):
            process.check("one")
