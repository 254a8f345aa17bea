"""Prints the IR: each file with bindings as a module of handlers, and one index of all routes."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from transom_codegen import __version__
from transom_codegen.literal import WIDTH, as_call, as_expression, as_positional_call, as_tuple, layout, quote
from transom_codegen.model import StreamKind
from transom_codegen.module_names import ModuleNames
from transom_codegen.naming import module_path
from transom_codegen.path_template import Variable, Wildcard
from transom_codegen.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Template

    from transom_codegen.literal import Expression
    from transom_codegen.model import Api, Binding, File
    from transom_codegen.path_template import Segment

SURFACE: Final = 2
"""The version of the runtime's surface that the templates are written for: what `api.require` is called with."""

ROUTES_MODULE: Final = "transom_routes"
"""The index's module, unless a run says otherwise; it stands at the import root."""

OPENAPI_FILE: Final = "openapi.json"
"""The OpenAPI document, unless a run says otherwise; it stands beside the index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """What a run may decide about the generated text. The header of every file tells what is not the default."""

    index: str = ROUTES_MODULE
    """The index's module, at the import root; empty: no index is written."""
    openapi: str = OPENAPI_FILE
    """The OpenAPI document's file, from the import root; empty: none is written."""
    service_config: str = ""
    """The service configuration that rules came from, as the header names it; empty: none."""
    dotted_bodies: bool = False
    """Whether rules may name a field of a field as body; here for the header only."""

    @property
    def told(self) -> str:
        """What is not the default, as plugin options."""
        defaults = RenderOptions()
        changed = {f.name: v for f in fields(self) if (v := getattr(self, f.name)) != getattr(defaults, f.name)}
        return ",".join(name if value is True else f"{name}={value}" for name, value in changed.items())


def render_api(api: Api, options: RenderOptions) -> dict[str, str]:
    """The text of every module, by its path from the import root. Nothing depends on the order of files."""
    bound = [file for file in api.files if file.bindings]
    rendered = {module_path(file.module): _render_file(file, options) for file in bound}
    if options.index:
        rendered[module_path(options.index)] = _render_index(bound, options)
    return rendered


def _render_file(file: File, options: RenderOptions) -> str:
    messages = [message for b in file.bindings for message in (b.rpc.request, b.rpc.response)]
    names = ModuleNames((message.module for message in messages), home=file.module.rpartition(".")[0])
    return _template("gateway.py.j2").render(
        version=__version__,
        options=options.told,
        source=file.name,
        docstring=_as_docstring(f"HTTP bindings and handlers of {file.name}.", file.comment),
        names=names,
        surface=SURFACE,
        endpoints=[_as_endpoint(binding, names) for binding in file.bindings],
        routes=layout(as_tuple([f"api.Route({b.constant}, {b.handler})" for b in file.bindings], is_tall=True)),
    )


def _render_index(files: Iterable[File], options: RenderOptions) -> str:
    # Each under a name that shows the whole module, so that a later module does not change it.
    names = ModuleNames((file.module for file in files), home=None)
    return _template("routes.py.j2").render(
        version=__version__,
        options=options.told,
        names=names,
        routes=layout(as_tuple([f"*{name}.ROUTES" for name in names.all], is_tall=True)),
        surface=SURFACE,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoint:
    """A binding, as its template prints it."""

    handler: str
    constant: str
    literal: str
    docstring: str
    stream: str
    """`unary`, `server`, `client` or `bidi`."""


def _as_endpoint(binding: Binding, names: ModuleNames) -> _Endpoint:
    return _Endpoint(
        handler=binding.handler,
        constant=binding.constant,
        literal=layout(_binding_literal(binding, names)),
        docstring=textwrap.indent(_handler_docstring(binding), " " * 4).lstrip(),
        stream=binding.rpc.stream.value,
    )


def _binding_literal(binding: Binding, names: ModuleNames) -> Expression:
    rpc = binding.rpc
    told: dict[str, Expression | None] = {
        "id": quote(binding.id),
        "method": quote(binding.method),
        "template": quote(binding.template.text),
        "path": as_tuple(_segment_literal(segment) for segment in binding.template.segments),
        "verb": quote(binding.template.verb) if binding.template.verb else None,
        "rpc": quote(rpc.path),
        "stream": as_expression(rpc.stream) if rpc.stream is not StreamKind.UNARY else None,
        "request": names.class_of(rpc.request),
        "response": names.class_of(rpc.response),
        "body": quote(binding.body) if binding.body else None,
        "response_body": quote(binding.response_body) if binding.response_body else None,
        "query": as_expression(binding.query) if binding.query else None,
        "policy": as_expression(rpc.policy) if rpc.policy != Policy() else None,
        "summary": quote(rpc.summary) if rpc.summary else None,
        "deprecated": "True" if rpc.deprecated else None,
    }
    return as_call("api.Binding", {name: value for name, value in told.items() if value is not None}, is_tall=True)


def _segment_literal(segment: Segment) -> Expression:
    if isinstance(segment, Wildcard):
        return f"api.{segment.name}"
    if isinstance(segment, Variable):
        covered = () if segment.is_plain else segment.segments
        return as_positional_call("api.Capture", [quote(segment.field_path), *map(_segment_literal, covered)])
    return quote(segment)


def _handler_docstring(binding: Binding) -> str:
    route = f"{binding.method} {binding.template.text}"
    target = f"calls {binding.rpc.full_name}."
    fits = len(route) + len(target) < _DOCSTRING_WIDTH
    paragraphs = [binding.rpc.comment, "Deprecated." if binding.rpc.deprecated else ""]
    return _as_docstring(f"{route}{' ' if fits else _NEWLINE}{target}", "\n\n".join(filter(None, paragraphs)))


_DOCSTRING_WIDTH: Final = WIDTH - len('    """ """')
_NEWLINE: Final = "\n"


def _as_docstring(summary: str, body: str) -> str:
    text = f"{summary}\n\n{body}\n" if body else summary
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{escaped}"""'


@cache
def _template(name: str) -> Template:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 -- prints Python, not HTML
    )
    return environment.get_template(name)
