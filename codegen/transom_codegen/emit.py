"""From descriptors to texts: the one path that the plugin, `transom generate` and the drift check take."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from transom_codegen.build import BuildOptions, build_api
from transom_codegen.openapi import render_openapi
from transom_codegen.problem import Problem, promote_warnings, sort_problems
from transom_codegen.render import RenderOptions, render_api
from transom_codegen.validate import validate

if TYPE_CHECKING:
    from transom_codegen.descriptors import DescriptorSet
    from transom_codegen.model import Api


@dataclass(frozen=True, slots=True, kw_only=True)
class EmitOptions:
    """What a run may decide."""

    build: BuildOptions = field(default_factory=BuildOptions)
    render: RenderOptions = field(default_factory=RenderOptions)
    strict: bool = False
    """Whether warnings are errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emission:
    """What a run yields."""

    api: Api
    """The IR of all that is without a problem."""
    problems: tuple[Problem, ...]
    """All that is wrong, sorted; warnings too."""
    files: dict[str, str] = field(default_factory=dict)
    """Texts by their path from the import root; empty where any problem is an error."""


def emit(descriptor_set: DescriptorSet, options: EmitOptions) -> Emission:
    """Build, validate and render a run. Mistakes are in the result's `problems`; nothing is raised for them."""
    api, build_problems = build_api(descriptor_set, options.build)
    problems = sort_problems([*build_problems, *validate(api, descriptor_set)])
    if options.strict:
        problems = promote_warnings(problems)
    files = {} if any(problem.is_error for problem in problems) else _render(api, options.render)
    return Emission(api=api, problems=tuple(problems), files=files)


def _render(api: Api, options: RenderOptions) -> dict[str, str]:
    files = render_api(api, options)
    return {**files, options.openapi: render_openapi(api)} if options.openapi else files
