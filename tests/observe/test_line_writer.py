"""Log lines in a thread of their own."""

from __future__ import annotations

import contextlib
import io
import os

from transom_runtime.observe.logs.line_writer import LineWriter


def test_lines_keep_their_order() -> None:
    """Every line is written, in order, before the writer is closed."""
    stream = io.StringIO()
    writer = LineWriter(stream)
    for number in range(100):
        writer.write(str(number))
    writer.close()
    assert stream.getvalue().split() == [str(number) for number in range(100)]


def test_a_reader_that_stops_stops_nobody() -> None:
    """With a full pipe lines are dropped instead of waited for; when it is read again, their number is told."""
    readable, writable = os.pipe()
    with os.fdopen(readable, "rb") as reader, os.fdopen(writable, "w") as stream:
        writer = LineWriter(stream, max_lines=10)
        for _ in range(2000):
            writer.write("x" * 1000)
        read = b""
        while b"log lines dropped" not in read:
            read += reader.read1(65_536)
        writer.close()


def test_a_broken_pipe_is_no_fault() -> None:
    """Lines that nobody can read any more are let go."""
    readable, writable = os.pipe()
    os.close(readable)
    stream = os.fdopen(writable, "w")
    writer = LineWriter(stream)
    writer.write("x")
    writer.close()
    with contextlib.suppress(BrokenPipeError):
        stream.close()
