"""What `transom generate` does: a root of protos in, a generated tree in memory out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from transom_codegen.descriptors import read_descriptor_set
from transom_codegen.emit import emit
from transom_codegen.generated_tree import GeneratedTree, read_text
from transom_codegen.plugin_options import as_emit_options
from transom_codegen.problem import Problem, promote_warnings, sort_problems
from transom_codegen.proto_roots import find_provided, own_protos
from transom_codegen.protoc import parse_protos, print_messages
from transom_codegen.render import ROUTES_MODULE
from transom_codegen.service_config import load_service_config

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transom_codegen.emit import EmitOptions
    from transom_codegen.proto_roots import Provided
    from transom_codegen.service_config import ServiceConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateOptions:
    """What a run generates from, and how."""

    protos: Path = Path("protos")
    """The root of the protos to generate for: all under it, but for those that an installed package provides."""
    includes: tuple[Path, ...] = ()
    """Further roots, for imports only."""
    service_config: Path | None = None
    """Rules for protos that cannot be annotated."""
    strict: bool = False
    """Whether warnings are errors."""
    dotted_bodies: bool = False
    """Lets `body` and `response_body` name a field of a field."""
    index: str = ROUTES_MODULE
    """The module of the index of all routes; empty: none."""


def generate(options: GenerateOptions) -> GeneratedTree:
    """Compile, build, validate and render; nothing is written. Mistakes are problems of the tree, never raised."""
    provided = find_provided(options.protos)
    names = own_protos(options.protos, provided)
    if not names:
        return GeneratedTree(files={}, problems=(_no_protos(options.protos),))
    config, problems = _load_config(options.service_config)
    includes = [options.protos, *options.includes, *provided.roots]
    parsed = parse_protos([*names, *_mixins(config, provided, names)], includes, provided.renamed)
    problems += parsed.problems
    if not parsed.descriptor_set:
        return GeneratedTree(files={}, problems=_place(problems, includes))
    emission = emit(read_descriptor_set(parsed.descriptor_set, names), _emit_options(options, config, includes))
    problems += emission.problems
    if options.strict:
        problems = promote_warnings(problems)
    if any(problem.is_error for problem in problems):
        return GeneratedTree(files={}, problems=_place(problems, includes), api=emission.api)
    messages = print_messages(parsed.descriptor_set, names)
    files = {} if messages.problems else dict(sorted({**messages.files, **emission.files}.items()))
    return GeneratedTree(files=files, problems=_place([*problems, *messages.problems], includes), api=emission.api)


def _mixins(config: ServiceConfig | None, provided: Provided, names: Sequence[str]) -> list[str]:
    """The protos, provided by packages, of the services that a service configuration takes in."""
    found = {provided.find_service(api.name) for api in config.apis} if config else set()
    return sorted(name for name in found if name and name not in names)


def _emit_options(options: GenerateOptions, config: ServiceConfig | None, includes: Sequence[Path]) -> EmitOptions:
    shared = as_emit_options(
        strict=options.strict, dotted_bodies=options.dotted_bodies, index=options.index, config=config
    )
    return replace(shared, build=replace(shared.build, read_source=lambda name: _read_source(name, includes)))


def _read_source(name: str, includes: Sequence[Path]) -> str | None:
    return next((text for include in includes if (text := read_text(include / name)) is not None), None)


def _load_config(path: Path | None) -> tuple[ServiceConfig | None, list[Problem]]:
    if path is None:
        return None, []
    try:
        return load_service_config(str(path), path.read_text(encoding="utf-8")), []
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        return None, [Problem(file=str(path), rule="service-config-file", message=f"cannot be read: {reason}")]


def _place(problems: Iterable[Problem], includes: Sequence[Path]) -> tuple[Problem, ...]:
    """The problems, sorted, their files as they are found from here: what an editor and a pull request can open."""
    return tuple(sort_problems(replace(problem, file=_find(problem.file, includes)) for problem in problems))


def _find(name: str, includes: Sequence[Path]) -> str:
    if not name:
        return name
    return next((str(include / name) for include in includes if (include / name).is_file()), name)


def _no_protos(root: Path) -> Problem:
    message = "holds no protos to generate for" if root.is_dir() else "is no directory"
    return Problem(file=str(root), rule="no-protos", message=message, hint="name the root that imports start from")
