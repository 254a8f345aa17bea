"""The documents say what was measured, and nothing that was not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from transom_bench.contestants import CONTESTANTS
from transom_bench.page import build_documents
from transom_bench.plot import COLOURS
from transom_bench.results import read_results

_WRITTEN = build_documents(read_results())


@pytest.mark.parametrize("file", _WRITTEN, ids=lambda file: file.name)
def test_no_figure_is_written_by_hand(file: Path) -> None:
    """What stands in a document, or is drawn, is what is kept; `make bench ARGS=--render` writes it anew."""
    assert file.read_text("utf-8") == _WRITTEN[file]


def test_every_place_has_its_results() -> None:
    """A place for figures that nothing writes would keep what once was true."""
    for file, content in _WRITTEN.items():
        places = re.findall(r"<!-- bench: ([\w-]+) -->\n(.*?)<!-- /bench: \1 -->", content, re.DOTALL)
        assert not [(file.name, name) for name, told in places if not told.strip()]
        assert len(places) == content.count("<!-- bench: ")


def test_every_contestant_has_a_colour() -> None:
    """Bars of a plot are told apart by colours: there is one for each contestant."""
    assert len(set(COLOURS)) >= len(CONTESTANTS)
