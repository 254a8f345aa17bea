"""All checks over the IR of one run, so that every mistake of every service is told at once (semantics.md R4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transom_codegen.descriptors import SERVICE, http_rule, method_option_path, method_path, service_option_path
from transom_codegen.policy_options import DEFAULTS, POLICY
from transom_codegen.problem import Problem, sort_problems
from transom_codegen.validate.bodies import check_bodies
from transom_codegen.validate.methods import check_methods
from transom_codegen.validate.policies import PolicySite, check_policy
from transom_codegen.validate.policy_fields import check_policy_fields
from transom_codegen.validate.policy_values import policy_mistakes
from transom_codegen.validate.reach import check_reach
from transom_codegen.validate.routes import check_routes
from transom_codegen.validate.tools import check_tools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from transom_codegen.descriptors import DescriptorSet, SourceFile
    from transom_codegen.model import Api, Location, Service

# The extensions' numbers in transom/v1/policy.proto.
_DEFAULTS_NUMBER: Final = 51701
_POLICY_NUMBER: Final = 51702


def validate(api: Api, descriptor_set: DescriptorSet) -> list[Problem]:
    """Every mistake that the IR shows, sorted. The descriptor set is the one that the IR was built from: what defaults
    hide in the IR is read from its options.
    """
    problems = [
        *check_routes(api.bindings),
        *check_methods(api.bindings),
        *check_bodies(api.bindings),
        *check_reach(api.services),
        *check_tools([binding.rpc for binding in api.bindings if binding.index == 0]),
    ]
    for file in api.files:
        source = descriptor_set.files[file.name]
        for index, service in enumerate(file.services):
            problems += _check_policies(descriptor_set, source, index, service)
    return sort_problems(problems)


def _check_policies(
    descriptor_set: DescriptorSet, source: SourceFile, index: int, service: Service
) -> Iterator[Problem]:
    declared = source.proto.service[index]
    defaults = descriptor_set.read_policy(declared.options, DEFAULTS)
    if defaults is not None:
        place = source.locate(service_option_path(index, _DEFAULTS_NUMBER), (SERVICE, index))
        yield from _value_problems(defaults, place)
    for at, (method, rpc) in enumerate(zip(declared.method, service.rpcs, strict=True)):
        own = descriptor_set.read_policy(method.options, POLICY)
        site = PolicySite(
            rpc=rpc,
            bindings=tuple(binding for binding in service.bindings if binding.rpc is rpc),
            own=frozenset(field.name for field, _ in own.ListFields()) if own is not None else frozenset(),
            has_rule=http_rule(method) is not None,
            location=source.locate(method_option_path(index, at, _POLICY_NUMBER), method_path(index, at)),
        )
        if own is not None:
            yield from _value_problems(own, site.location)
        yield from check_policy(site)
        yield from check_policy_fields(site)


def _value_problems(policy: Message, location: Location) -> Iterator[Problem]:
    return (Problem.at(location, *mistake) for mistake in policy_mistakes(policy))
