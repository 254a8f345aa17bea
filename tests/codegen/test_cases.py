from __future__ import annotations

import re
from pathlib import Path

import pytest

from codegen.golden import CASES, IS_WRITING, expected_outcome, find_cases, run_case, write_expectations

DOCUMENTED = Path(__file__).parents[2] / "docs" / "problems.md"

# What no case can break, because it is not in the protos: the tests of the generator's front ends do.
RULES_OF_RUNS = {"drift", "no-protos", "plugin-option", "protoc", "service-config-file"}


@pytest.mark.parametrize("folder", find_cases(), ids=lambda folder: folder.name)
def test_case(folder: Path, tmp_path: Path) -> None:
    """The generator makes of a case's protos exactly what the case's folder expects, problems included."""
    outcome = run_case(folder, tmp_path)
    if IS_WRITING:
        write_expectations(folder, outcome)
    expected = expected_outcome(folder)
    assert outcome.problems == expected.problems
    assert sorted(outcome.files) == sorted(expected.files)
    for name, text in outcome.files.items():
        assert text == expected.files[name], name


def test_every_rule_is_documented_and_has_a_case() -> None:
    """docs/problems.md lists the rules that the cases break, and those of a run as a whole, and no others."""
    broken = {
        rule
        for problems in CASES.glob("*/problems.txt")
        for rule in re.findall(r"(?:error|warning)\[([a-z-]+)\]", problems.read_text(encoding="utf-8"))
    }
    documented = set(re.findall(r"^### `([a-z-]+)`", DOCUMENTED.read_text(encoding="utf-8"), re.MULTILINE))
    assert documented == broken | RULES_OF_RUNS
