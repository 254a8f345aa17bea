"""What an operator changes about routes without touching a proto: tightened or replaced policies, by selector."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from transom_runtime.binding import Auth, Binding, Policy, RateLimit, Retry


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Replaces parts of the policy of each method that the selector matches; what is None stays as it is."""

    selector: str
    """`package.Service.Method`, with `*` for any run of characters: `workflow.v1.FileService.*`."""
    disabled: bool = False
    """Whether the routes are not served at all: callers get 404."""
    auth: Auth | None = None
    rate_limits: tuple[RateLimit, ...] | None = None
    timeout_s: float | None = None
    """The longest that a call may take, in seconds."""
    max_body_bytes: int | None = None
    """The largest request body."""
    retry: Retry | None = None
    """Applied only to methods that the proto marks idempotent: a setting cannot make a method safe to repeat."""

    def __post_init__(self) -> None:
        if self.timeout_s is not None and not self.timeout_s > 0:
            raise ValueError("timeout_s is not more than 0")
        if self.max_body_bytes is not None and self.max_body_bytes < 1:
            raise ValueError("max_body_bytes is less than 1")

    def matches(self, binding: Binding) -> bool:
        """Whether the binding's method is meant, additional bindings included."""
        return fnmatchcase(binding.id.partition("#")[0], self.selector)


def apply_overrides(bindings: Iterable[Binding], overrides: Sequence[Override]) -> dict[str, Binding | None]:
    """Each binding's id with what is served for it: itself, a changed one, or None where it is disabled.

    Later overrides win over earlier ones, except that what is disabled stays so. Raises LookupError with all selectors
    that match nothing: a typing mistake there would leave a route less protected than its operator believes.
    """
    every = tuple(bindings)
    idle = [override for override in overrides if not any(map(override.matches, every))]
    if idle:
        raise LookupError(f"no method is matched by {', '.join(repr(override.selector) for override in idle)}")
    return {binding.id: _applied(binding, overrides) for binding in every}


def _applied(binding: Binding, overrides: Sequence[Override]) -> Binding | None:
    for override in overrides:
        if override.matches(binding):
            if override.disabled:
                return None
            binding = replace(binding, policy=_overridden(binding.policy, override))
    return binding


def _overridden(policy: Policy, override: Override) -> Policy:
    return replace(
        policy,
        auth=policy.auth if override.auth is None else override.auth,
        rate_limits=policy.rate_limits if override.rate_limits is None else override.rate_limits,
        timeout_s=policy.timeout_s if override.timeout_s is None else override.timeout_s,
        max_body_bytes=policy.max_body_bytes if override.max_body_bytes is None else override.max_body_bytes,
        retry=policy.retry if override.retry is None or policy.retry is None else override.retry,
    )
