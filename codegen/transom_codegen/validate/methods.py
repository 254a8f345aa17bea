"""HTTP methods that a rule may name but no request gets through with (semantics.md R1, R2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transom_codegen.problem import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from transom_codegen.model import Binding

# What llhttp, the parser of aiohttp's server, knows (its `HTTP_METHOD_MAP`), less CONNECT, whose target is no path. Any
# other method is a malformed request to it: 400, before a route is looked for.
_HEARD: Final = frozenset(
    (
        *("*", "ACL", "BIND", "CHECKOUT", "COPY", "DELETE", "GET", "HEAD", "LINK", "LOCK", "M-SEARCH", "MERGE"),
        *("MKACTIVITY", "MKCALENDAR", "MKCOL", "MOVE", "NOTIFY", "OPTIONS", "PATCH", "POST", "PROPFIND", "PROPPATCH"),
        *("PURGE", "PUT", "QUERY", "REBIND", "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE", "TRACE", "UNBIND", "UNLINK"),
        *("UNLOCK", "UNSUBSCRIBE"),
    )
)


def check_methods(bindings: Iterable[Binding]) -> Iterator[Problem]:
    """Warnings of methods that the server's parser refuses."""
    for binding in bindings:
        if binding.method not in _HEARD:
            yield Problem.at(
                binding.location,
                "unheard-method",
                f"the server's parser refuses the method '{binding.method}' of {binding.rpc.full_name}",
                "use a registered method, such as `REPORT`, or POST with a custom verb",
                Severity.WARNING,
            )
