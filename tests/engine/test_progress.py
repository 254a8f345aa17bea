"""Which nodes of a graph go to work."""

from __future__ import annotations

import pytest

from engine.graphs import condition, graph, text
from workflow_engine.graph.progress import Progress

SHAPES = {"a": text(), "b": text(), "c": text(), "d": text(), "if": condition(1, "==", 1)}


def decided(progress: Progress) -> dict[str, bool]:
    return {decision.node_id: decision.runs for decision in progress.decisions()}


def test_line() -> None:
    """A node goes to work when the one before it is done, and is decided upon once."""
    progress = Progress(graph({key: SHAPES[key] for key in "ab"}, "a -> b"))
    assert decided(progress) == {"a": True}
    assert decided(progress) == {}
    progress.succeed("a", "main")
    assert decided(progress) == {"b": True}


def test_join_waits_for_all() -> None:
    """A node with two edges waits for both."""
    progress = Progress(graph({key: SHAPES[key] for key in "abc"}, "a -> c", "b -> c"))
    assert decided(progress) == {"a": True, "b": True}
    progress.succeed("a", "main")
    assert decided(progress) == {}
    progress.succeed("b", "main")
    assert decided(progress) == {"c": True}


@pytest.mark.parametrize(("port", "taken", "left"), [("true", "a", "b"), ("false", "b", "a")])
def test_branch(port: str, taken: str, left: str) -> None:
    """A condition's other branch is skipped, and where the branches meet the graph goes on."""
    progress = Progress(
        graph(SHAPES, "if.true -> a", "if.false -> b", "a -> c", "b -> c", "b -> d" if left == "b" else "a -> d")
    )
    assert decided(progress) == {"if": True}
    progress.succeed("if", port)
    assert decided(progress) == {taken: True, left: False, "d": False}
    progress.succeed(taken, "main")
    assert decided(progress) == {"c": True}


def test_failure_breaks_what_needs_it() -> None:
    """What needs a failed node is skipped, however many of its other edges are live; the rest goes on."""
    progress = Progress(graph({key: SHAPES[key] for key in "abcd"}, "a -> c", "b -> c", "c -> d"))
    assert decided(progress) == {"a": True, "b": True}
    progress.succeed("a", "main")
    progress.fail("b")
    assert decided(progress) == {"c": False, "d": False}


def test_sinks() -> None:
    """The last nodes are those that no edge leaves."""
    assert Progress(graph({key: SHAPES[key] for key in "abc"}, "a -> b")).sinks == ["b", "c"]
