"""`transom explain`: where a request would go, what of it binds where, and why; or why nothing serves it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from transom_runtime.binding import AuthKind, Binding, StreamKind
from transom_runtime.cli.routes import auth_words, describe, limit_words
from transom_runtime.cli.routes_index import Config, Generated, load_served
from transom_runtime.cli.story import Sent, Story, tell
from transom_runtime.downstream.head import split_target
from transom_runtime.errors import CallError
from transom_runtime.routing import RunnerUp, Step
from transom_runtime.transcode.nearest import nearest
from transom_runtime.transcode.placement import Part

_SHOWN: Final = 5
"""How many routes are named; of more the number is told."""


def explain(  # noqa: PLR0917 -- typer reads a command line from it
    method: Annotated[str, typer.Argument(help="The HTTP method.")],
    path: Annotated[str, typer.Argument(help="The path as it would be sent, with or without a query.")],
    data: Annotated[str | None, typer.Option("--data", "-d", help="The body; @FILE reads it from a file.")] = None,
    header: Annotated[list[str] | None, typer.Option("--header", "-H", help="A header, `Name: value`.")] = None,
    generated: Generated = None,
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell which binding a request reaches, what goes where and under which policy; or why nothing matches.

    The router, the decoder and the negotiation of a gateway answer, in the words that its client would get. Exits with
    1 where the client would get an error.
    """
    if not split_target(path)[0].startswith("/"):
        raise typer.BadParameter(f"'{path}' does not begin with '/'", param_hint="PATH")
    sent = Sent(method=method.upper(), target=path, body=_read_data(data), headers=dict(map(_header, header or ())))
    story = tell(*load_served(generated, config), sent)
    typer.echo(json.dumps(_as_json(story), indent=2) if as_json else "\n".join(_lines(story)))
    raise typer.Exit(0 if story.error is None or story.methods_only else 1)


def _read_data(data: str | None) -> bytes:
    if data is None or not data.startswith("@"):
        return (data or "").encode()
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"'{data[1:]}' cannot be read: {error.strerror}", param_hint="--data") from error


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise typer.BadParameter(f"'{text}' is no `Name: value`", param_hint="--header")
    return name.strip(), value.strip()


def _lines(story: Story) -> Iterator[str]:
    routing, binding, error = story.routing, story.routing.binding, story.error
    if story.methods_only:
        yield f"the gateway answers by itself: 204, Allow: {', '.join(routing.allowed)}"
    elif binding is None:
        assert error is not None
        yield f"nothing serves it: {error.http_status}, {error.message}"
        if routing.allowed:
            yield f"  answers to {', '.join(routing.allowed)}"
    else:
        yield f"{binding.method} {binding.template}"
        yield from _binding_lines(story, binding)
    yield from (f"  but {story.sent.method} {path} reaches {_name(near)}" for path, near in story.near)
    yield from _runner_up_lines(routing.runners_up)
    yield from _step_lines(routing.steps)


def _binding_lines(story: Story, binding: Binding) -> Iterator[str]:
    policy = binding.policy
    yield from _fault_lines(story.error)
    yield f"  calls      {binding.rpc[1:]} ({binding.stream.value})"
    if story.sent.method == "HEAD" and binding.method == "GET":
        yield "  head       served as GET is, its body left out"
    yield from _placement_lines(story)
    yield f"  takes      {', '.join(binding.query) or 'nothing'} from the query"
    yield f"  body       {_body_words(binding)}"
    if story.message:
        yield f"  message    {binding.request.DESCRIPTOR.full_name} {story.message}"
    yield f"  answer     {binding.response_body or binding.response.DESCRIPTOR.full_name}{_as_type(story.framing)}"
    yield f"  auth       {auth_words(policy)}"
    for limit in policy.rate_limits:
        yield f"  limit      {limit_words(limit)}"
    yield f"  timeout    {_timeout_words(binding)}"
    yield f"  retry      {f'{policy.retry.attempts} attempts' if policy.retry else 'never'}"
    if policy.auth.kind is not AuthKind.PUBLIC and policy.auth.forward:
        yield "  forwards   the Authorization header"


def _timeout_words(binding: Binding) -> str:
    if binding.policy.timeout_s:
        return f"{binding.policy.timeout_s:g} s"
    return "the gateway cap" if binding.stream is StreamKind.UNARY else "none, but the caps of streams"


def _placement_lines(story: Story) -> Iterator[str]:
    for placed in story.placements:
        goes = f" -> {placed.field}" if placed.field else ": no field"
        yield f"  {placed.part.value:<10} {placed.name} = {placed.text!r}{'' if placed.part is Part.PATH else goes}"


def _fault_lines(error: CallError | None) -> Iterator[str]:
    if error is None:
        return
    yield f"  refused    {error.http_status}, {error.message}"
    if len(error.faults) > 1:
        yield from (f"    {fault.field or 'the request'}: {fault.description}" for fault in error.faults)


def _body_words(binding: Binding) -> str:
    match binding.body:
        case None:
            return "none"
        case "*":
            return f"{binding.request.DESCRIPTOR.full_name}, less what the path gives"
        case field:
            return f"the field {field}"


def _as_type(media_type: str) -> str:
    return f" as {media_type}" if media_type else ""


def _runner_up_lines(runners_up: Sequence[RunnerUp]) -> Iterator[str]:
    if runners_up:
        yield "it matches these too, the next one first:"
    for other in runners_up[:_SHOWN]:
        yield f"  {_name(other.binding)}: {other.reason}"
    if len(runners_up) > _SHOWN:
        yield f"  and {len(runners_up) - _SHOWN} more"


def _step_lines(steps: Sequence[Step]) -> Iterator[str]:
    if steps:
        yield "left aside, in the order of the search:"
    for step in steps:
        hint = nearest(step.sought, step.literals) if step.sought else ""
        did_you_mean = f"; did you mean {hint!r}?" if hint else ""
        yield f"  at {step.place}: {step.reason}{did_you_mean}"
        yield f"    {_names(step.bindings)}"


def _names(bindings: Sequence[Binding]) -> str:
    return f"{len(bindings)} routes" if len(bindings) > _SHOWN else ", ".join(map(_name, bindings))


def _name(binding: Binding) -> str:
    return f"{binding.method} {binding.template}"


def _as_json(story: Story) -> dict[str, Any]:
    routing, error = story.routing, story.error
    return {
        "binding": describe(routing.binding) if routing.binding else None,
        "variables": dict(routing.variables),
        "bound": [
            {"from": placed.part.value, "name": placed.name, "text": placed.text, "field": placed.field or None}
            for placed in story.placements
        ],
        "message": json.loads(story.message) if story.message else None,
        "answers": story.framing or None,
        "allowed": list(routing.allowed),
        "answered_by_gateway": story.methods_only,
        "error": _error_json(error) if error and not story.methods_only else None,
        "near": [{"path": path, "id": near.id} for path, near in story.near],
        "runners_up": [{"id": other.binding.id, "reason": other.reason} for other in routing.runners_up],
        "steps": [{"place": step.place, "reason": step.reason, "left": _ids(step.bindings)} for step in routing.steps],
    }


def _error_json(error: CallError) -> dict[str, Any]:
    return {
        "http_status": error.http_status,
        "message": error.message,
        "reason": error.reason,
        "faults": [{"field": fault.field, "description": fault.description} for fault in error.faults],
    }


def _ids(bindings: Iterable[Binding]) -> list[str]:
    return [binding.id for binding in bindings]
