from __future__ import annotations

from pathlib import Path

import pytest

from transom_codegen.generated_tree import GeneratedTree, stale_paths
from transom_codegen.openapi.document import DOCUMENT_START
from transom_codegen.plugin_options import read_plugin_options


@pytest.mark.parametrize(
    "parameter,name",
    [("", "openapi.json"), ("openapi=docs/api.json", "docs/api.json"), ("openapi=", "")],
)
def test_document_goes_where_the_option_says(parameter: str, name: str) -> None:
    """The plugin writes the document by default, elsewhere where told so, and not at all where told so."""
    options, problems = read_plugin_options(parameter)
    assert problems == []
    assert options.render.openapi == name


@pytest.mark.parametrize("value", ["/etc/api.json", "../api.json", "api.yaml"])
def test_document_stays_under_the_output(value: str) -> None:
    """A name that leads out of the output, or is no JSON file, is a problem."""
    _, problems = read_plugin_options(f"openapi={value}")
    assert [problem.rule for problem in problems] == ["plugin-option"]


def test_only_documents_of_ours_are_stale(tmp_path: Path) -> None:
    """A document that nothing generates any more is stale; JSON that somebody wrote is not ours to touch."""
    (tmp_path / "openapi.json").write_text(f'{DOCUMENT_START} 0.0.1",\n')
    (tmp_path / "theirs.json").write_text('{\n  "openapi": "3.1.0"\n}\n')
    assert stale_paths(GeneratedTree(files={}), tmp_path) == ["openapi.json"]
    assert stale_paths(GeneratedTree(files={"openapi.json": ""}), tmp_path) == []
