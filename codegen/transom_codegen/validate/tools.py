"""Names of tools: what tool callers (MCP) find a method by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from transom_codegen.model import StreamKind
from transom_codegen.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from transom_codegen.model import Rpc
    from transom_codegen.policy import Tool

# What MCP hosts and the models behind them accept in common.
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def check_tools(rpcs: Iterable[Rpc]) -> Iterator[Problem]:
    """Names that callers refuse, names that two methods of the run share, and methods that no tool call can drive."""
    firsts: dict[str, Rpc] = {}
    for rpc in rpcs:
        tool = rpc.policy.tool
        if tool is None:
            continue
        yield from _check_tool(rpc, tool)
        first = firsts.setdefault(tool.name, rpc)
        if first is not rpc:
            yield Problem.at(
                rpc.location,
                "duplicate-tool",
                f"tool '{tool.name}' of {rpc.full_name} is {first.full_name}'s tool already",
                "give one of them a `tool.name` of its own",
            )


def _check_tool(rpc: Rpc, tool: Tool) -> Iterator[Problem]:
    if _NAME.fullmatch(tool.name) is None:
        yield Problem.at(
            rpc.location,
            "bad-tool-name",
            f"'{tool.name}' is no name for a tool",
            "use up to 64 letters, digits, '_' and '-'",
        )
    if rpc.stream in {StreamKind.CLIENT, StreamKind.BIDI}:
        yield Problem.at(
            rpc.location,
            "tool-on-stream",
            f"{rpc.full_name} is a tool and takes a stream of messages",
            "a tool call is one message: take `tool` off the method, or offer a unary one",
        )
