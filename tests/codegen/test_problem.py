from __future__ import annotations

import pytest

from transom_codegen.model import Location
from transom_codegen.problem import Problem, Severity, format_github, format_text, promote_warnings, sort_problems


def _problem(file: str = "a.proto", line: int = 3, column: int = 5, rule: str = "some-rule", hint: str = "") -> Problem:
    return Problem(file=file, line=line, column=column, rule=rule, message="'x' is wrong", hint=hint)


@pytest.mark.parametrize(
    "problem,text",
    [
        (_problem(), "a.proto:3:5: error[some-rule]: 'x' is wrong"),
        (_problem(hint="drop it"), "a.proto:3:5: error[some-rule]: 'x' is wrong\n    hint: drop it"),
        (_problem(column=0), "a.proto:3: error[some-rule]: 'x' is wrong"),
        (_problem(line=0, column=0), "a.proto: error[some-rule]: 'x' is wrong"),
        (_problem(file="", line=0, column=0), "transom: error[some-rule]: 'x' is wrong"),  # the run as a whole
    ],
)
def test_text_looks_like_a_compilers(problem: Problem, text: str) -> None:
    """A problem is printed with as much of its place as is known, its rule, and its hint beneath."""
    assert format_text(problem) == text


def test_github_annotation_is_escaped() -> None:
    """What means something to a workflow command cannot break out of its place."""
    problem = Problem(file="a,b:c.proto", line=1, column=2, rule="r", message="50%\r\nmore", severity=Severity.WARNING)
    assert format_github(problem) == "::warning file=a%2Cb%3Ac.proto,line=1,col=2,title=r::50%25%0D%0Amore"


def test_github_annotation_leaves_out_what_is_not_known() -> None:
    """A problem without a place is an annotation of the run; the hint follows the message."""
    assert format_github(_problem("", 0, 0, hint="drop it")) == "::error title=some-rule::'x' is wrong (drop it)"


def test_problems_are_sorted_and_told_once() -> None:
    """Problems come in the order of their places, numerically, and the same one only once."""
    late, early, other = _problem(line=10), _problem(line=9), _problem("b.proto", line=1)
    assert sort_problems([other, late, early, late]) == [early, late, other]


def test_strict_makes_errors_of_warnings() -> None:
    """Under `--strict` a warning stops generation."""
    warning = Problem.at(Location(file="a.proto"), "r", "m", severity=Severity.WARNING)
    assert not warning.is_error
    assert [problem.is_error for problem in promote_warnings([warning, _problem()])] == [True, True]
