"""Where a JSON value is nested deepest."""

from __future__ import annotations

from typing import Any

_Node = tuple[Any, "_Node | None", str | int]
"""A value, what holds it, and under which key."""


def deepest(value: Any) -> list[str | int]:
    """The path to one of the deepest values, innermost key first. Walks level by level, so no depth is too much."""
    last: _Node = (value, None, "")
    level = [last]
    while level:
        last = level[0]
        level = [below for node in level for below in _below(node)]
    return _path(last)


def _below(node: _Node) -> list[_Node]:
    value = node[0]
    if type(value) is dict:
        return [(item, node, key) for key, item in value.items()]
    return [(item, node, index) for index, item in enumerate(value)] if type(value) is list else []


def _path(node: _Node) -> list[str | int]:
    path: list[str | int] = []
    while node[1] is not None:
        path.append(node[2])
        node = node[1]
    return path
