"""`transom routes`: what is served, and a binding in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

from transom_runtime.binding import Binding, LimitBy, Policy, RateLimit
from transom_runtime.cli.routes_index import Config, Generated, load_served


def routes(
    generated: Generated = None,
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every route: method, path, RPC, who may call, stream kind and whether it is served."""
    bindings = [route.binding for route in load_served(generated, config)[0]]
    if as_json:
        typer.echo(json.dumps([describe(binding) for binding in bindings], indent=2))
        return
    rows = [("METHOD", "PATH", "RPC", "AUTH", "KIND")]
    rows += [(b.method, b.template, b.rpc[1:], auth_words(b.policy), b.stream.value) for b in bindings]
    typer.echo("\n".join(table(rows)))


def describe(binding: Binding) -> dict[str, Any]:
    """A binding as JSON."""
    policy = binding.policy
    return {
        "id": binding.id,
        "method": binding.method,
        "path": binding.template,
        "rpc": binding.rpc,
        "stream": binding.stream.value,
        "request": binding.request.DESCRIPTOR.full_name,
        "response": binding.response.DESCRIPTOR.full_name,
        "variables": [capture.field_path for capture in binding.captures],
        "query": list(binding.query),
        "body": binding.body,
        "response_body": binding.response_body,
        "auth": policy.auth.kind.value,
        "scopes": list(policy.auth.scopes),
        "rate_limits": [limit_words(limit) for limit in policy.rate_limits],
        "timeout_s": policy.timeout_s,
        "attempts": policy.retry.attempts if policy.retry else 1,
        "tool": policy.tool.name if policy.tool else None,
        "deprecated": binding.deprecated,
        "summary": binding.summary,
    }


def auth_words(policy: Policy) -> str:
    """Who may call, in a few words."""
    scopes = f" {' '.join(policy.auth.scopes)}" if policy.auth.scopes else ""
    return policy.auth.kind.value.replace("_", " ") + scopes


def limit_words(limit: RateLimit) -> str:
    """A rate limit, in a few words."""
    rate = f"{limit.requests} per {limit.per_s:g} s, {limit.burst or limit.requests} at once" if limit.requests else ""
    by = "in all" if limit.by is LimitBy.ALL else f"by {limit.by.value}"
    return " ".join(part for part in (limit.tier and f"tier {limit.tier}:", rate, by) if part)


def table(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """The rows with their columns aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
