"""Which upstream serves which service, and what stands before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from transom_runtime.binding import Binding
from transom_runtime.extension import Invoker, Upstream
from transom_runtime.settings import Settings, SettingsError
from transom_runtime.upstream.breaker_invoker import BreakerInvoker, BreakerListener
from transom_runtime.upstream.channels import GrpcUpstream
from transom_runtime.upstream.retry import RetryInvoker, RetryListener


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedUpstream:
    """An upstream with its invokers."""

    upstream: Upstream
    invokers: tuple[Invoker, ...] = ()
    """The outermost first."""
    services: tuple[str, ...]
    """The services that it serves, as globs."""


def open_upstreams(
    settings: Settings, *, on_breaker: BreakerListener, on_retry: RetryListener, attempts: Invoker
) -> dict[str, ProtectedUpstream]:
    """A channel for each upstream of the settings: breaker(retry(attempts(invoke))).

    Raises SettingsError for TLS files that cannot be read.
    """
    opened = {}
    for name, options in settings.upstreams.items():
        try:
            upstream = GrpcUpstream(name, options.channel, settings.metadata)
        except OSError as error:
            raise SettingsError(f"upstreams.{name}.channel.tls: {error.filename}: {error.strerror}") from error
        invokers = (
            BreakerInvoker(name, settings.breaker, listener=on_breaker),
            RetryInvoker(settings.retry, listener=on_retry),
            attempts,
        )
        opened[name] = ProtectedUpstream(upstream=upstream, invokers=invokers, services=options.services)
    return opened


def upstream_of(binding: Binding, upstreams: Sequence[ProtectedUpstream]) -> ProtectedUpstream:
    """The upstream that serves a binding: the one whose glob is the longest. Raises SettingsError where none does."""
    service = binding.rpc.split("/")[1]
    fitting: Sequence[tuple[int, ProtectedUpstream]] = [
        (len(glob), upstream) for upstream in upstreams for glob in upstream.services if fnmatchcase(service, glob)
    ]
    if not fitting:
        raise SettingsError(f"upstreams: none serves {service}, which routes call")
    return max(fitting, key=lambda fit: fit[0])[1]
