"""`transom generate` and `transom check`: one code path, of which the first writes and the second compares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from transom_codegen.generated_tree import GeneratedTree

GENERATOR_NEEDS: Final = frozenset({"grpc_tools", "jinja2"})
"""What the extra `codegen` installs and the generator imports."""
HOW_TO_ROUTE: Final = "annotate one with google.api.http, or name rules with --service-config"


class Format(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    GITHUB = "github"


Protos = Annotated[Path, typer.Option(help="The root of the protos: what imports start from.")]
Out = Annotated[Path, typer.Option(help="Where generated code goes: an import root.")]
Include = Annotated[list[Path] | None, typer.Option(help="A further root, for imports only; may be repeated.")]
Config = Annotated[Path | None, typer.Option(help="A google.api.Service YAML with http.rules.")]
Strict = Annotated[bool, typer.Option(help="Warnings are errors.")]
DottedBodies = Annotated[bool, typer.Option(help="Let body and response_body name a field of a field.")]


def generate(  # noqa: PLR0917 -- the parameters are the command's options
    protos: Protos = Path("protos"),
    out: Out = Path("generated"),
    include: Include = None,
    service_config: Config = None,
    strict: Strict = False,
    dotted_bodies: DottedBodies = False,
    output: Annotated[Format, typer.Option("--format", help="How problems are printed.")] = Format.TEXT,
) -> None:
    """Write handlers, messages, the index of routes and the OpenAPI document for annotated protos."""
    from transom_codegen.generated_tree import write_tree  # noqa: PLC0415 -- serving must not need the generator

    tree = _generate(protos, include, service_config, strict, dotted_bodies)
    _report(tree, output)
    with _told(out):
        changed = write_tree(tree, out)
    typer.echo(f"transom: {len(tree.files)} files in {out}, {len(changed)} of them changed")
    if not any(name.endswith("_gateway.py") for name in tree.files):
        typer.echo(
            f"transom: no method under {protos} has an HTTP rule, so there are no routes: {HOW_TO_ROUTE}", err=True
        )


def check(  # noqa: PLR0917 -- as above
    protos: Protos = Path("protos"),
    out: Out = Path("generated"),
    include: Include = None,
    service_config: Config = None,
    strict: Strict = False,
    dotted_bodies: DottedBodies = False,
    output: Annotated[Format, typer.Option("--format", help="How drift is printed.")] = Format.TEXT,
) -> None:
    """Fail, with a diff, where generated code is not what the protos say now."""
    from transom_codegen.drift import find_drift, format_drift_github, format_drift_text  # noqa: PLC0415 -- as above

    tree = _generate(protos, include, service_config, strict, dotted_bodies)
    _report(tree, output)
    with _told(out):
        drifts = find_drift(tree, out)
    if not drifts:
        typer.echo(f"transom: {out} is what {protos} says")
        return
    typer.echo(format_drift_github(drifts, out) if output is Format.GITHUB else format_drift_text(drifts))
    typer.echo(f"transom: {len(drifts)} generated files drifted; run `transom generate`", err=True)
    raise typer.Exit(1)


def _generate(
    protos: Path, include: list[Path] | None, service_config: Path | None, strict: bool, dotted_bodies: bool
) -> GeneratedTree:
    try:
        from transom_codegen import generate as generator  # noqa: PLC0415 -- as above
    except ModuleNotFoundError as error:
        if error.name not in GENERATOR_NEEDS:
            raise
        typer.echo("transom: the generator is not installed: pip install 'transom[codegen]'", err=True)
        raise typer.Exit(1) from error

    options = generator.GenerateOptions(
        protos=protos,
        includes=tuple(include or ()),
        service_config=service_config,
        strict=strict,
        dotted_bodies=dotted_bodies,
    )
    return generator.generate(options)


@contextmanager
def _told(out: Path) -> Iterator[None]:
    """End with a sentence where files cannot be read or written."""
    try:
        yield
    except OSError as error:
        typer.echo(f"transom: {error.filename or out}: {error.strerror}", err=True)
        raise typer.Exit(1) from error


def _report(tree: GeneratedTree, output: Format) -> None:
    """Print every problem; end with status 1 where one is an error."""
    from transom_codegen.problem import format_github, format_text  # noqa: PLC0415 -- as above

    for problem in tree.problems:
        typer.echo(format_github(problem) if output is Format.GITHUB else format_text(problem), err=True)
    if tree.has_errors:
        raise typer.Exit(1)
