"""The types of nodes: what each needs, what it does, and by which ports it can be left."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from workflow_engine.graph.condition import OPERATORS, Incomparable, compare
from workflow_engine.graph.loopback import Loopback, check_url
from workflow_engine.graph.outcome import NodeFailure, NodeOutcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

Parameters = dict[str, Any]

MAIN: Final = "main"
MAX_DELAY_S: Final = 3600
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeType:
    """What all nodes of one type have in common."""

    parameters: Mapping[str, bool]
    """The names of its parameters, each with whether a node must have it."""
    check: Callable[[Parameters], Iterator[tuple[str, str]]]
    """What is wrong with parameters as they are written: names and clauses. Expressions are not looked into."""
    perform: Callable[[Parameters, Loopback], Awaitable[NodeOutcome]]
    """Does the work with rendered parameters. Raises NodeFailure."""
    ports: tuple[str, ...] = (MAIN,)
    """The outputs."""


def _is_expression(value: Any) -> bool:
    return isinstance(value, str) and "{{" in value


def _check_delay(parameters: Parameters) -> Iterator[tuple[str, str]]:
    seconds = parameters.get("seconds")
    if not _is_expression(seconds) and not _is_delay(seconds):
        yield "seconds", f"is no number from 0 to {MAX_DELAY_S}: {seconds!r}"


def _check_nothing(_: Parameters) -> Iterator[tuple[str, str]]:
    yield from ()


def _check_condition(parameters: Parameters) -> Iterator[tuple[str, str]]:
    # Lists, because JSON may hold here what cannot be hashed.
    if parameters.get("operator") not in list(OPERATORS):
        yield "operator", f"is not one of {', '.join(OPERATORS)}: {parameters.get('operator')!r}"


def _check_http(parameters: Parameters) -> Iterator[tuple[str, str]]:
    if parameters.get("method", "GET") not in METHODS:
        yield "method", f"is not one of {', '.join(METHODS)}: {parameters['method']!r}"
    headers = parameters.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        yield "headers", "is no object of texts"
    url = parameters.get("url")
    if not _is_expression(url) and (fault := check_url(url)):
        yield "url", fault


def _is_delay(seconds: Any) -> bool:
    return isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 <= seconds <= MAX_DELAY_S


async def _delay(parameters: Parameters, _: Loopback) -> NodeOutcome:
    _recheck(_check_delay, parameters)
    await asyncio.sleep(parameters["seconds"])
    return NodeOutcome(output={"seconds": parameters["seconds"]})


async def _transform(parameters: Parameters, _: Loopback) -> NodeOutcome:
    return NodeOutcome(output=parameters["output"])


async def _condition(parameters: Parameters, _: Loopback) -> NodeOutcome:
    try:
        holds = compare(parameters["left"], parameters["operator"], parameters["right"])
    except Incomparable as error:
        raise NodeFailure("INCOMPARABLE", str(error)) from error
    return NodeOutcome(output=holds, port="true" if holds else "false")


async def _http(parameters: Parameters, loopback: Loopback) -> NodeOutcome:
    _recheck(_check_http, parameters)
    return await loopback.request(
        parameters.get("method", "GET"), parameters["url"], parameters.get("headers", {}), parameters.get("body")
    )


async def _fail(parameters: Parameters, _: Loopback) -> NodeOutcome:
    raise NodeFailure("FAILED_ON_PURPOSE", str(parameters.get("message", "the workflow says so")))


def _recheck(check: Callable[[Parameters], Iterator[tuple[str, str]]], parameters: Parameters) -> None:
    """Check what expressions came to. Raises NodeFailure."""
    for name, fault in check(parameters):
        raise NodeFailure("INVALID_PARAMETER", f"{name!r} {fault}")


NODE_TYPES: Final[Mapping[str, NodeType]] = {
    "delay": NodeType(parameters={"seconds": True}, check=_check_delay, perform=_delay),
    "transform": NodeType(parameters={"output": True}, check=_check_nothing, perform=_transform),
    "condition": NodeType(
        parameters={"left": True, "operator": True, "right": True},
        check=_check_condition,
        perform=_condition,
        ports=("true", "false"),
    ),
    "http": NodeType(
        parameters={"url": True, "method": False, "headers": False, "body": False}, check=_check_http, perform=_http
    ),
    "fail": NodeType(parameters={"message": False}, check=_check_nothing, perform=_fail),
}
