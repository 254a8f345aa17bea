"""JSON to wire bytes by the extension, for the bodies of requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from transom_runtime.extension import TextCheck
from transom_runtime.transcode.field_access import json_key
from transom_runtime.transcode.native.judgements import JudgedCheck, Judgements
from transom_runtime.transcode.native.tables import Tables
from transom_runtime.transcode.options import TranscodeOptions

if TYPE_CHECKING:
    from transom_runtime.transcode.decode_plans import DecodePlans
    from transom_runtime.transcode.native._codec import Plans

NativeRead = Callable[[bytes], bytes | None]
"""The wire bytes of a request whose body alone is given; None where the pure codec has to judge."""

_MAX_DEPTH: Final = 32
"""Objects and arrays in each other: one of a Struct makes three messages at most, and protobuf parsers take 100."""


class _InputSpelling:
    """Types as requests spell them."""

    enum_numbers = False

    def __init__(self, plans: DecodePlans) -> None:
        self._plans = plans

    def key(self, field: FieldDescriptor) -> str:
        """The JSON name."""
        return json_key(field)

    def names(self, descriptor: Descriptor) -> dict[str, FieldDescriptor]:
        """JSON and proto names; where they collide the JSON name wins (Q2)."""
        fields = descriptor.fields
        return {field.name: field for field in fields} | {json_key(field): field for field in fields}

    def check(self, field: FieldDescriptor) -> TextCheck | None:
        """The one that the pure codec has."""
        return self._plans.text_check(field)


class NativeDecodings:
    """The native readers of one codec."""

    def __init__(self, compiled: type[Plans], plans: DecodePlans) -> None:
        self.judgements = Judgements()
        self._tables = Tables(compiled, _InputSpelling(plans))

    def reader(self, descriptor: Descriptor, field: FieldDescriptor | None, options: TranscodeOptions) -> NativeRead:
        """How the bodies of a request type are read: as one of its fields, or whole."""
        tables, place = self._tables, self._tables.place(descriptor)
        at = tables.field_place(field) if field is not None else -1
        depth = min(options.max_depth, _MAX_DEPTH)
        members = min(options.max_elements, options.max_fields)
        max_bytes = options.max_json_bytes
        judgements = self.judgements
        # The check of every field went through `around`.
        known = cast("list[JudgedCheck]", tables.checks)

        def read(body: bytes) -> bytes | None:
            if len(body) > max_bytes:
                return None
            found = tables.compiled().decode(place, at, depth, members, body)
            if found is None:
                return None
            wire, checks, texts = found
            return wire if not checks or judgements.pass_all(map(known.__getitem__, checks), texts) else None

        return read
