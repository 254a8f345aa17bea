"""Names the handlers of a file, so that additions to the proto leave the names of what is there alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from transom_codegen import naming
from transom_codegen.model import Location
from transom_codegen.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transom_codegen.model import Binding, File, Service


def name_handlers(services: Sequence[Service]) -> tuple[tuple[Service, ...], list[Problem]]:
    """The services with their handlers named, and the collisions that are left.

    A plain name goes to the first service that declares the method, bound or not; later ones name their service.
    """
    owners: dict[str, str] = {}
    for service in services:
        for rpc in service.rpcs:
            owners.setdefault(naming.as_snake_case(rpc.name), service.name)
    named = [
        replace(service, bindings=tuple(_name_handler(binding, service, owners) for binding in service.bindings))
        for service in services
    ]
    return tuple(named), _find_collisions([binding for service in named for binding in service.bindings])


def check_modules(files: Sequence[File]) -> list[Problem]:
    """Files whose names differ only in what the name of a module cannot show, and modules that Python never finds."""
    return [*_find_twins(files), *_find_hidden(files)]


def _find_hidden(files: Sequence[File]) -> list[Problem]:
    """A generated package has no `__init__.py`, as protoc leaves it: any module of its name is found before it."""
    packages = [(file, file.module.partition(".")[0]) for file in files if "." in file.module]
    return [
        Problem.at(
            Location(file=file.name),
            "name-collision",
            f"{file.name} gives a module in '{package}', and Python finds its own '{package}' instead",
            f"put the protos under a directory of your own: acme/{file.name}",
        )
        for file, package in packages
        if package in sys.stdlib_module_names
    ]


def _find_twins(files: Sequence[File]) -> list[Problem]:
    owners: dict[str, str] = {}
    return [
        Problem.at(
            Location(file=file.name),
            "name-collision",
            f"{file.name} and {owner} both give the module '{file.module}'",
            "rename one of the files",
        )
        for file in files
        if (owner := owners.setdefault(file.module, file.name)) != file.name
    ]


def _name_handler(binding: Binding, service: Service, owners: dict[str, str]) -> Binding:
    rpc = binding.rpc
    if owners[naming.as_snake_case(rpc.name)] == service.name:
        return binding
    return replace(binding, handler=naming.qualified_handler_name(service.name, rpc.name, binding.index))


def _find_collisions(bindings: Sequence[Binding]) -> list[Problem]:
    owners: dict[str, Binding] = {}
    return [
        Problem.at(
            binding.location,
            "name-collision",
            f"{binding.id} and {owner.id} both give the handler '{binding.handler}'",
            "rename one of the methods",
        )
        for binding in bindings
        if (owner := owners.setdefault(binding.handler, binding)) is not binding
    ]
