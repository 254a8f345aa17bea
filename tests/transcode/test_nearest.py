"""The known name that a misspelled one probably meant."""

from __future__ import annotations

import pytest

from transom_runtime.transcode.nearest import nearest

KNOWN = ("pageSize", "pageToken", "filter", "orderBy")


@pytest.mark.parametrize(
    "name, known", [("page_sise", "pageSize"), ("PAGETOKEN", "pageToken"), ("fliter", "filter"), ("colour", "")]
)
def test_nearest(name: str, known: str) -> None:
    """A slip of the fingers, of case or of style is recognised; another word is not."""
    assert nearest(name, KNOWN) == known


def test_long_names_are_not_searched_for() -> None:
    """A name that nobody would misspell is not compared: the comparison is slow."""
    assert nearest("pageSize" * 100, KNOWN) == ""
