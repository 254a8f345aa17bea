"""Filters, orders and page tokens."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from workflow.v1.workflows_pb2 import ListWorkflowsRequest
from workflow_engine.listing.fields import Column, Kind
from workflow_engine.listing.filter import compile_filter
from workflow_engine.listing.lexer import FilterError
from workflow_engine.listing.query import build_query
from workflow_engine.listing.token import decode_token, encode_token
from workflow_engine.refusal import Refusal

COLUMNS: dict[str, Column[Any]] = {
    "name": Column(kind=Kind.TEXT, read=lambda row: row.name),
    "version": Column(kind=Kind.INTEGER, read=lambda row: row.version),
    "create_time": Column(kind=Kind.TIME, read=lambda row: row.create_time),
    "state": Column(kind=Kind.CHOICE, read=lambda row: row.state, choices=("ON", "OFF")),
}


@pytest.mark.parametrize(
    ("source", "sql", "values"),
    [
        ("", "1", ()),
        ("  ", "1", ()),
        ('name = "x y"', "name = ?", ("x y",)),
        ("name = 'it\\'s'", "name = ?", ("it's",)),
        ("name != x", "name <> ?", ("x",)),
        ("name : x", "instr(name, ?) > 0", ("x",)),
        ('name = "a*"', "name GLOB ?", ("a*",)),
        ('name != "*[?]*"', "name NOT GLOB ?", ("*[[][?]]*",)),
        ("version>=3", "version >= ?", (3,)),
        ("version = -3", "version = ?", (-3,)),
        ("state = ON", "state = ?", ("ON",)),
        ('create_time > "1970-01-01T00:00:01Z"', "create_time > ?", (1_000_000,)),
        ("version = 1 AND version = 2", "(version = ? AND version = ?)", (1, 2)),
        # AIP-160: OR binds tighter than AND.
        ("version = 1 OR version = 2 AND state = ON", "((version = ? OR version = ?) AND state = ?)", (1, 2, "ON")),
        ("NOT (version = 1 OR state = ON)", "NOT (version = ? OR state = ?)", (1, "ON")),
        ('name = "\'; DROP TABLE workflows; --"', "name = ?", ("'; DROP TABLE workflows; --",)),
    ],
)
def test_filter(source: str, sql: str, values: tuple[Any, ...]) -> None:
    """A filter becomes a condition; a caller's text is only ever a value."""
    clause = compile_filter(source, COLUMNS)
    assert (clause.sql, clause.values) == (sql, values)


@pytest.mark.parametrize(
    ("source", "clause"),
    [
        ("owner = x", "no field 'owner'"),
        ("name", "expected an operator at character 5"),
        ("name =", "expected a value at character 7, not 'the end'"),
        ("= x", "expected a field"),
        ("name = x y = z", "expected AND, OR or the end, not 'y'"),
        ("name = x AND", "expected a field"),
        ("(name = x", "a bracket is not closed"),
        ("name = x)", "expected AND, OR or the end"),
        ('name = "open', "cannot be read from character 7"),
        ("version = x", "is a whole number"),
        ("version = 1_0", "is a whole number"),
        ("version = \u0661", "is a whole number"),
        ("version = 99999999999999999999", "is a whole number"),
        ("version : 1", "cannot be searched"),
        ("state = MAYBE", "only one of ON, OFF"),
        ("state > ON", "by = and != only"),
        ('create_time > "yesterday"', "is a time such as"),
        ("(" * 17 + "version = 1" + ")" * 17, "nested deeper than 16"),
        ("NOT NOT version = 1", "no field 'NOT'"),
        ("name = " + "x" * 2000, "longer than 2000"),
    ],
)
def test_bad_filter(source: str, clause: str) -> None:
    """A filter that cannot be read is refused with what was expected, and where."""
    with pytest.raises(FilterError) as caught:
        compile_filter(source, COLUMNS)
    assert clause in str(caught.value)


def test_all_violations() -> None:
    """All that is wrong with a list request is told at once."""
    request = ListWorkflowsRequest(page_size=-1, filter="x = 1", order_by="name up", page_token="!")
    with pytest.raises(Refusal) as caught:
        build_query(request, COLUMNS)
    assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert [each.field for each in caught.value.violations] == ["page_size", "filter", "order_by", "page_token"]


@pytest.mark.parametrize("order_by", ["nothing", "name,", "name asc desc", "name, name desc", "name DESC", ","])
def test_bad_order(order_by: str) -> None:
    """An order that cannot be read is refused."""
    with pytest.raises(Refusal) as caught:
        build_query(ListWorkflowsRequest(order_by=order_by), COLUMNS)
    assert [each.field for each in caught.value.violations] == ["order_by"]


@pytest.mark.parametrize(("asked", "given"), [(0, 50), (7, 7), (5000, 200)])
def test_page_size(asked: int, given: int) -> None:
    """A page has a default and a largest size."""
    assert build_query(ListWorkflowsRequest(page_size=asked), COLUMNS).page_size == given


def test_keyset() -> None:
    """A page begins after the row that the token names, in the order's own direction, the id deciding."""
    first = build_query(ListWorkflowsRequest(order_by="version desc, name"), COLUMNS)
    token = first.token_after([3, "x", "wf-1"])
    second = build_query(ListWorkflowsRequest(order_by="version desc,name asc", page_token=token), COLUMNS)
    assert second.order_sql == "version DESC, name ASC, id ASC"
    assert second.where.sql.endswith(
        "((version < ?) OR (version = ? AND name > ?) OR (version = ? AND name = ? AND id > ?))"
    )
    assert second.where.values == (3, 3, "x", 3, "x", "wf-1")


def test_token_of_another_list() -> None:
    """A token is good for the filter and the order that it came from."""
    token = build_query(ListWorkflowsRequest(filter="version = 1"), COLUMNS).token_after([1, "wf-1"])
    with pytest.raises(Refusal, match="another filter or order"):
        build_query(ListWorkflowsRequest(filter="version = 2", page_token=token), COLUMNS)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "%",
        "e30",
        "bnVsbA",
        "W10",
        "AAAA",
        encode_token("d", []),
        encode_token("d", [1]),
        encode_token("d", ["x", 1]),
        encode_token("d", [True, "x"]),
        encode_token("d", [2**63, "x"]),
        encode_token("d", [1, "\ud800"]),
        "W" * 5000,
    ],
)
def test_forged_token(token: str) -> None:
    """What is no token is refused, whatever it is."""
    with pytest.raises(FilterError):
        decode_token(token, "d", [int, str])


def test_token_round_trip() -> None:
    """A token brings back what it was made of, in letters that pass everywhere."""
    token = encode_token("d", [-5, "ä/+~"])
    assert decode_token(token, "d", [int, str]) == [-5, "ä/+~"]
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
