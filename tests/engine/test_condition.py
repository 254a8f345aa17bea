"""How conditions compare."""

from __future__ import annotations

from typing import Any

import pytest

from workflow_engine.graph.condition import Incomparable, compare


@pytest.mark.parametrize(
    ("left", "word", "right", "holds"),
    [
        (1, "==", 1.0, True),
        (1, "==", True, False),  # in JSON true is no number
        (0, "!=", False, True),
        ("a", "==", "a", True),
        (None, "==", None, True),
        (1, "<", 2, True),
        ("b", ">=", "a", True),
        ([1, 2], "contains", 2, True),
        ("abc", "contains", "d", False),
        ({"k": 1}, "contains", "k", True),
    ],
)
def test_compare(left: Any, word: str, right: Any, holds: bool) -> None:
    """Values compare as JSON values."""
    assert compare(left, word, right) is holds


@pytest.mark.parametrize(
    ("left", "word", "right"),
    [
        (1, "<", "2"),
        (True, "<", 2),
        ([1], "<", [2]),
        ({}, ">", {}),
        (None, "<=", 1),
        (5, "contains", 5),
        ("a", "contains", 1),
        ({"k": 1}, "contains", []),
    ],
)
def test_incomparable(left: Any, word: str, right: Any) -> None:
    """What has no order is refused, not guessed."""
    with pytest.raises(Incomparable, match="cannot be compared"):
        compare(left, word, right)
