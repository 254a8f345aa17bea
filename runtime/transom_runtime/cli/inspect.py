"""`transom routes` and `transom explain`: what is served, and where a request would go."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from transom_runtime.api import Route
from transom_runtime.binding import AuthKind, Binding, LimitBy, Policy, RateLimit, StreamKind
from transom_runtime.cli.routes_index import load_routes
from transom_runtime.downstream.head import split_target
from transom_runtime.routing import Explanation, Router
from transom_runtime.serving.kinds import is_served

Generated = Annotated[Path, typer.Option(help="Where `transom generate` wrote.")]
"""The option that names the generated tree."""


def routes(
    generated: Generated = Path("generated"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every route: method, path, RPC, who may call, stream kind and whether it is served."""
    bindings = [route.binding for route in load_routes(generated)]
    if as_json:
        typer.echo(json.dumps([describe(binding) for binding in bindings], indent=2))
        return
    rows = [("METHOD", "PATH", "RPC", "AUTH", "KIND")]
    rows += [(b.method, b.template, b.rpc[1:], auth_words(b.policy), kind_words(b)) for b in bindings]
    typer.echo("\n".join(table(rows)))


def explain(
    method: Annotated[str, typer.Argument(help="The HTTP method.")],
    path: Annotated[str, typer.Argument(help="The path as it would be sent, with or without a query.")],
    generated: Generated = Path("generated"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell which binding a request reaches, what goes where and under which policy; or why nothing matches."""
    raw_path = split_target(path)[0]
    if not raw_path.startswith("/"):
        raise typer.BadParameter(f"'{path}' does not begin with '/'", param_hint="PATH")
    explanation = _router(load_routes(generated)).explain(method.upper(), raw_path)
    if as_json:
        typer.echo(json.dumps(_explanation_json(explanation), indent=2))
    else:
        typer.echo("\n".join(_explanation_lines(explanation)))
    raise typer.Exit(0 if explanation.binding else 1)


def _router(served: Sequence[Route]) -> Router[Route]:
    return Router((route.binding, route) for route in served)


def describe(binding: Binding) -> dict[str, Any]:
    """A binding as JSON."""
    policy = binding.policy
    return {
        "id": binding.id,
        "method": binding.method,
        "path": binding.template,
        "rpc": binding.rpc,
        "stream": binding.stream.value,
        "served": is_served(binding),
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


def kind_words(binding: Binding) -> str:
    """The stream kind, and that it is not served where it is not."""
    return binding.stream.value + ("" if is_served(binding) else " (501: not served yet)")


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


def _explanation_json(explanation: Explanation) -> dict[str, Any]:
    return {
        "binding": describe(explanation.binding) if explanation.binding else None,
        "variables": dict(explanation.variables),
        "error": explanation.error
        and {
            "http_status": explanation.error.http_status,
            "message": explanation.error.message,
            "reason": explanation.error.reason,
        },
        "candidates": [
            {"id": c.binding.id, "path": c.binding.template, "reason": c.reason} for c in explanation.candidates
        ],
    }


def _explanation_lines(explanation: Explanation) -> Iterable[str]:
    binding = explanation.binding
    if binding is None:
        assert explanation.error is not None
        yield f"nothing serves it: {explanation.error.http_status}, {explanation.error.message}"
    else:
        yield f"{binding.method} {binding.template}"
        yield from _binding_lines(binding, explanation.variables)
    if explanation.candidates:
        yield "looked at and not taken:"
        for candidate in explanation.candidates:
            yield f"  {candidate.binding.method} {candidate.binding.template}: {candidate.reason}"


def _binding_lines(binding: Binding, variables: Sequence[tuple[str, str]]) -> Iterable[str]:
    policy = binding.policy
    yield f"  calls      {binding.rpc[1:]} ({kind_words(binding)})"
    for field_path, text in variables:
        yield f"  path       {field_path} = {text!r}"
    yield f"  query      {', '.join(binding.query) or 'nothing'}"
    yield f"  body       {_body_words(binding)}"
    yield f"  answer     {binding.response_body or binding.response.DESCRIPTOR.full_name}"
    yield f"  auth       {auth_words(policy)}"
    for limit in policy.rate_limits:
        yield f"  limit      {limit_words(limit)}"
    yield f"  timeout    {f'{policy.timeout_s:g} s' if policy.timeout_s else 'the gateway cap'}"
    yield f"  retry      {f'{policy.retry.attempts} attempts' if policy.retry else 'never'}"
    if policy.auth.kind is not AuthKind.PUBLIC and policy.auth.forward:
        yield "  forwards   the Authorization header"
    if binding.stream is StreamKind.SERVER:
        yield "  framing    server-sent events, NDJSON or an array, by Accept"


def _body_words(binding: Binding) -> str:
    match binding.body:
        case None:
            return "none"
        case "*":
            return f"{binding.request.DESCRIPTOR.full_name}, less what the path gives"
        case field:
            return f"the field {field}"
