"""Policies that do not go with the method they are on: what is kept, streamed, repeated or asked for in vain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from transom_codegen.fields import is_raw
from transom_codegen.model import StreamKind
from transom_codegen.policy import AuthKind, LimitBy
from transom_codegen.problem import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transom_codegen.model import Binding, Location, Rpc

_KEPT: Final = frozenset({"GET", "HEAD"})
_COUNTED_KINDS: Final = {LimitBy.USER: AuthKind.USER, LimitBy.KEY: AuthKind.API_KEY}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySite:
    """One method and the policy option that was written at it."""

    rpc: Rpc
    bindings: tuple[Binding, ...]
    """The endpoints of the method."""
    own: frozenset[str]
    """The parts of the policy that the method itself says; others come from its service."""
    has_rule: bool
    """Whether the method has an HTTP rule, be it a faulty one that gave no binding."""
    location: Location
    """Where the method's option stands; the method, where it has none."""

    def problem(self, rule: str, message: str, hint: str, severity: Severity = Severity.ERROR) -> Problem:
        """A problem at the option."""
        return Problem.at(self.location, rule, message, hint, severity)


def check_policy(site: PolicySite) -> Iterator[Problem]:
    """What is wrong with a method's merged policy. A default that does not fit is let be, where it does nothing."""
    if site.own and not (site.bindings or site.has_rule):
        yield site.problem(
            "unused-policy",
            f"{site.rpc.full_name} has a policy and no HTTP rule",
            "add a `google.api.http` rule, or drop the policy",
            Severity.WARNING,
        )
    yield from _check_auth(site)
    yield from _check_rate_limits(site)
    yield from _check_retry(site)
    yield from _check_cache(site)
    yield from _check_sse(site)
    yield from _check_download(site)


def _check_auth(site: PolicySite) -> Iterator[Problem]:
    auth = site.rpc.policy.auth
    if auth.kind is AuthKind.PUBLIC and auth.scopes:
        yield site.problem(
            "public-scopes",
            f"{site.rpc.full_name} is public and asks for the scopes {_listed(auth.scopes)}",
            "drop the scopes, or ask for a credential that has scopes (KIND_USER, KIND_API_KEY)",
        )


def _check_rate_limits(site: PolicySite) -> Iterator[Problem]:
    """A limit that counts by something the route does not verify counts nobody."""
    for limit in site.rpc.policy.rate_limits:
        kind = _COUNTED_KINDS.get(limit.by)
        asked = site.rpc.policy.auth.kind
        if kind is not None and kind is not asked:
            yield site.problem(
                "limit-by-nobody",
                f"{site.rpc.full_name} is limited by {limit.by.value}, and its auth is {asked.value}",
                "count by BY_ADDRESS or BY_ALL, or leave `by` out: it is the caller, or else the address",
            )


def _check_retry(site: PolicySite) -> Iterator[Problem]:
    if "retry" in site.own and site.rpc.policy.retry and site.rpc.stream in {StreamKind.CLIENT, StreamKind.BIDI}:
        yield site.problem(
            "retry-on-stream",
            f"{site.rpc.full_name} is to be repeated, and takes a stream that is read only once",
            "drop `retry`: what a caller has streamed is gone after the first try",
        )


def _check_cache(site: PolicySite) -> Iterator[Problem]:
    if site.rpc.policy.cache is None:
        return
    if "cache" in site.own:
        yield from _check_cache_fits(site)
    if not site.rpc.policy.cache.vary_by_caller and site.rpc.policy.auth.kind is not AuthKind.PUBLIC:
        yield site.problem(
            "shared-cache",
            f"{site.rpc.full_name} asks for a credential, and all callers share one cached response",
            "set `vary_by_caller: true`, unless every caller may see what any caller was sent",
            Severity.WARNING,
        )


def _check_cache_fits(site: PolicySite) -> Iterator[Problem]:
    methods = sorted({binding.method for binding in site.bindings} - _KEPT)
    if methods:
        yield site.problem(
            "cache-on-write",
            f"{site.rpc.full_name} is cached, and bound to {_listed(methods)}: only answers to GET are kept",
            "drop `cache`, or bind the method with `get`",
        )
    if site.rpc.stream is not StreamKind.UNARY:
        yield site.problem(
            "cache-on-stream",
            f"{site.rpc.full_name} is cached, and streams: a stream is never kept",
            "drop `cache`",
        )


def _check_sse(site: PolicySite) -> Iterator[Problem]:
    if "sse" in site.own and site.rpc.stream is not StreamKind.SERVER:
        yield site.problem(
            "sse-on-unary",
            f"{site.rpc.full_name} says how server-sent events look, and is no server stream",
            "drop `sse`, or let the method return a stream",
        )


def _check_download(site: PolicySite) -> Iterator[Problem]:
    if "download" not in site.own or not site.bindings:
        return
    raw = any(is_raw(site.rpc.response.descriptor, binding.response_body) for binding in site.bindings)
    if site.rpc.stream is not StreamKind.SERVER or not raw:
        yield site.problem(
            "download-on-message",
            f"{site.rpc.full_name} says where a download begins, and streams no google.api.HttpBody",
            "drop `download`, or let the method return `stream google.api.HttpBody`, or name it in `response_body`",
        )


def _listed(words: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
