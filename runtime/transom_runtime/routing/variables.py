"""The texts of a route's path variables, decoded as semantics.md P says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transom_runtime.errors import Fault
from transom_runtime.routing.escapes import Unescape, decode_multi
from transom_runtime.routing.path import SplitPath, invalid_path
from transom_runtime.routing.trie import Route, Span


def decode_variables(route: Route[Any], path: SplitPath, unescape: Unescape) -> tuple[str, ...]:
    """The texts, in the order of the binding's captures. Raises CallError (400) where a segment cannot be decoded."""
    if path.broken:
        raise invalid_path(_faults(route, path.broken))
    if path.texts is path.raw:
        return tuple(
            ["/".join(path.raw[span.start : span.stop]) if span.multi else path.raw[span.start] for span in route.spans]
        )
    return tuple([_decoded(span, path, unescape) for span in route.spans])


def _decoded(span: Span, path: SplitPath, unescape: Unescape) -> str:
    if span.multi:
        return decode_multi("/".join(path.raw[span.start : span.stop]), unescape)
    return path.texts[span.start]


def _faults(route: Route[Any], broken: Mapping[int, str]) -> list[Fault]:
    """One fault for each broken segment, at the field that would have taken it (E1)."""
    captures = route.binding.captures
    faults: list[Fault] = []
    for index, description in broken.items():
        names = [
            capture.field_path
            for capture, span in zip(captures, route.spans, strict=True)
            if span.start <= index and (span.stop is None or index < span.stop)
        ]
        faults.append(Fault(field=names[0] if names else "", description=description))
    return faults
