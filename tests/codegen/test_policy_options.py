"""Policies: a method's own options laid over its service's."""

from __future__ import annotations

from codegen.building import Build
from transom_codegen.policy import Auth, AuthKind, Cache, LimitBy, Policy, RateLimit, Retry, Sse, Success, Tool

EMPTY = "(google.protobuf.Empty) returns (google.protobuf.Empty)"

DEFAULTS = """
  option (transom.v1.defaults) = {
    auth: {kind: KIND_API_KEY scopes: "read"}
    rate_limit: {tier: "standard" requests: 10 per: {seconds: 1 nanos: 500000000} by: BY_ADDRESS}
    timeout: {seconds: 5}
    max_body_bytes: 1024
  };
"""


def policy_of(build: Build, defaults: str, own: str, signature: str = EMPTY) -> Policy:
    """The merged policy of one method."""
    option = f"option (transom.v1.policy) = {{{own}}};" if own else ""
    body = f"service Shop {{ {defaults}\n// Does it.\nrpc DoIt{signature} {{ {option} }} }}"
    api, problems = build(body)
    assert problems == []
    return api.services[0].rpcs[0].policy


def test_without_options(build: Build) -> None:
    """Nothing said is the default throughout."""
    assert policy_of(build, "", "") == Policy()


def test_defaults_hold(build: Build) -> None:
    """A method that says nothing has its service's policy."""
    assert policy_of(build, DEFAULTS, "") == Policy(
        auth=Auth(kind=AuthKind.API_KEY, scopes=("read",)),
        rate_limits=(RateLimit(tier="standard", requests=10, per_s=1.5, by=LimitBy.ADDRESS),),
        timeout_s=5.0,
        max_body_bytes=1024,
    )


def test_own_options_replace_part_by_part(build: Build) -> None:
    """What a method says replaces that part of the defaults and leaves the others."""
    own = 'auth: {kind: KIND_PUBLIC} rate_limit: {requests: 1} rate_limit: {tier: "x"} max_body_bytes: 7'
    assert policy_of(build, DEFAULTS, own) == Policy(
        auth=Auth(kind=AuthKind.PUBLIC),
        rate_limits=(RateLimit(requests=1), RateLimit(tier="x", requests=0)),
        timeout_s=5.0,
        max_body_bytes=7,
    )


def test_kind_left_open_is_the_services(build: Build) -> None:
    """A method may add scopes without naming the credential again."""
    assert policy_of(build, DEFAULTS, 'auth: {scopes: "write"}').auth == Auth(kind=AuthKind.API_KEY, scopes=("write",))


def test_every_part(build: Build) -> None:
    """Retry, cache, success, sse and tool arrive; what they leave open has its default."""
    own = """
      retry: {idempotent: true} cache: {ttl: {seconds: 30} vary_by_caller: true}
      success: {status: 201 location: "/v1/{id}"} sse: {id_field: "seq"} tool: {}
    """
    assert policy_of(build, "", own) == Policy(
        retry=Retry(),
        cache=Cache(ttl_s=30.0),
        success=Success(status=201, location="/v1/{id}"),
        sse=Sse(id_field="seq"),
        tool=Tool(name="do_it", description="Does it."),
    )


def test_retries_need_idempotence(build: Build) -> None:
    """Attempts without idempotence repeat nothing."""
    assert policy_of(build, "", "retry: {attempts: 5}").retry is None
    assert policy_of(build, "", "retry: {attempts: 5 idempotent: true}").retry == Retry(attempts=5)


def test_a_services_timeout_is_for_unary_methods(build: Build) -> None:
    """A stream has only a timeout of its own (semantics.md H4)."""
    stream = "(google.protobuf.Empty) returns (stream google.protobuf.Empty)"
    assert policy_of(build, DEFAULTS, "", stream).timeout_s is None
    assert policy_of(build, DEFAULTS, "timeout: {seconds: 60}", stream).timeout_s == 60.0
