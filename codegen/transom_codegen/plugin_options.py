"""The options of `protoc-gen-transom`, read strictly: an option that is not known stops the run."""

from __future__ import annotations

import keyword
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from transom_codegen.build import BuildOptions
from transom_codegen.emit import EmitOptions
from transom_codegen.problem import Problem
from transom_codegen.render import OPENAPI_FILE, ROUTES_MODULE, RenderOptions

if TYPE_CHECKING:
    from transom_codegen.service_config import ServiceConfig

_FLAGS: Final = frozenset({"strict", "dotted_bodies"})
_VALUED: Final = frozenset({"index", "openapi", "paths", "service_config"})
_KNOWN: Final = ", ".join(sorted({*_FLAGS, *(f"{name}=…" for name in _VALUED)}))


def read_plugin_options(parameter: str) -> tuple[EmitOptions, list[Problem]]:
    """Options as compilers pass them, `strict,index=routes`, and what is wrong with them."""
    given: dict[str, str] = {}
    problems: list[Problem] = []
    for word in filter(None, (part.strip() for part in parameter.split(","))):
        name, equals, value = word.partition("=")
        if mistake := _mistake(name, value, is_valued=bool(equals), is_repeated=name in given):
            problems.append(Problem(file="", rule="plugin-option", message=mistake, hint=f"options are {_KNOWN}"))
        given[name] = value
    config = _load_config(given.get("service_config", ""), problems)
    return as_emit_options(
        strict="strict" in given,
        dotted_bodies="dotted_bodies" in given,
        index=given.get("index", ROUTES_MODULE),
        openapi=given.get("openapi", OPENAPI_FILE),
        config=config,
    ), problems


def as_emit_options(
    *, strict: bool, dotted_bodies: bool, index: str, config: ServiceConfig | None, openapi: str = OPENAPI_FILE
) -> EmitOptions:
    """The options of a run, in the form in which a plugin and the command line share them."""
    name = Path(config.file).name if config else ""
    return EmitOptions(
        strict=strict,
        build=BuildOptions(config=config, dotted_bodies=dotted_bodies),
        render=RenderOptions(index=index, openapi=openapi, service_config=name, dotted_bodies=dotted_bodies),
    )


def is_module_name(name: str) -> bool:
    """Whether the index can have that name: a dotted Python name, or nothing for no index."""
    return not name or all(part.isidentifier() and not keyword.iskeyword(part) for part in name.split("."))


def is_document_name(name: str) -> bool:
    """Whether the OpenAPI document can have that name: a path within the output, or nothing for no document."""
    path = PurePosixPath(name)
    return not name or (path.suffix == ".json" and not path.is_absolute() and ".." not in path.parts)


def _mistake(name: str, value: str, *, is_valued: bool, is_repeated: bool) -> str:
    if name not in _FLAGS | _VALUED:
        return f"unknown option '{name}'"
    if is_repeated:
        return f"option '{name}' is given twice"
    if is_valued != (name in _VALUED):
        return f"option '{name}' takes no value" if is_valued else f"option '{name}' needs a value"
    return _value_mistake(name, value)


def _value_mistake(name: str, value: str) -> str:
    if name == "paths" and value != "source_relative":
        return f"'paths={value}': output always mirrors the protos (source_relative)"
    if name == "index" and not is_module_name(value):
        return f"'index={value}' is no module name"
    if name == "openapi" and not is_document_name(value):
        return f"'openapi={value}' is no .json file under the output"
    return ""


def _load_config(path: str, problems: list[Problem]) -> ServiceConfig | None:
    if not path:
        return None
    # Imported where it is wanted: a YAML reader would slow every start of the plugin.
    from transom_codegen.service_config import load_service_config  # noqa: PLC0415

    try:
        return load_service_config(path, Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        message = f"cannot be read: {error.strerror if isinstance(error, OSError) else 'it is not UTF-8'}"
        problems.append(Problem(file=path, rule="service-config-file", message=message))
        return None
