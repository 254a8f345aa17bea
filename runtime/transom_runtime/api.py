"""The surface that generated code stands on: versioned, small, and all that a generated module imports.

A handler reads as the steps of a call: `admit`, `bind`, `invoke`, `respond`; `bind_stream` in place of `bind` where the
client streams, `open_stream` and `respond_stream` where the answer does. An override calls the same steps with its own
lines between them; messages between the steps are serialized bytes, so `GET_SESSION.request.FromString(message)` is the
typed view.
"""

from __future__ import annotations

from typing import Final

from transom_runtime.binding import (
    DOUBLE_STAR,
    STAR,
    Auth,
    AuthKind,
    Binding,
    Cache,
    Capture,
    Download,
    LimitBy,
    Policy,
    RateLimit,
    Retry,
    Sse,
    StreamKind,
    Success,
    Tool,
    Upload,
)
from transom_runtime.serving.route import Handler, Route
from transom_runtime.serving.steps import (
    admit,
    bind,
    bind_stream,
    invoke,
    open_stream,
    respond,
    respond_stream,
)

SURFACE: Final = 2
"""Counts up when generated code must be generated anew."""

__all__ = [
    "DOUBLE_STAR",
    "STAR",
    "SURFACE",
    "Auth",
    "AuthKind",
    "Binding",
    "Cache",
    "Capture",
    "Download",
    "Handler",
    "LimitBy",
    "Policy",
    "RateLimit",
    "Retry",
    "Route",
    "Sse",
    "StreamKind",
    "Success",
    "Tool",
    "Upload",
    "admit",
    "bind",
    "bind_stream",
    "invoke",
    "open_stream",
    "require",
    "respond",
    "respond_stream",
]


def require(surface: int) -> None:
    """Refuse, at import, a module that was generated for another surface than this runtime has. Raises ImportError."""
    if surface > SURFACE:
        raise ImportError(
            f"this module was generated for surface {surface} of the transom runtime, which has {SURFACE}: "
            "install a newer transom"
        )
    if surface < SURFACE:
        raise ImportError(
            f"this module was generated for surface {surface} of the transom runtime, which has {SURFACE}: "
            "run `transom generate` again"
        )
