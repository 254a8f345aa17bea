"""Wire bytes to JSON by the extension, for the plans of one output form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from transom_runtime.extension import TextCheck
from transom_runtime.transcode.native.tables import Tables
from transom_runtime.transcode.options import OutputDefaults, OutputForm
from transom_runtime.transcode.well_known import SPECIAL

if TYPE_CHECKING:
    from transom_runtime.transcode.native._codec import Plans

NativeWrite = Callable[[bytes], bytes | None]
"""The JSON of a message's wire bytes; None where the pure codec has to judge."""


@dataclass(frozen=True, slots=True)
class _OutputSpelling:
    """Types as responses spell them."""

    key: Callable[[FieldDescriptor], str]
    enum_numbers: bool

    def names(self, descriptor: Descriptor) -> dict[str, FieldDescriptor]:
        """Nothing is looked up by name."""
        del descriptor
        return {}

    def check(self, field: FieldDescriptor) -> TextCheck | None:
        """Nothing in a response is checked."""
        del field
        return None


class NativeEncodings:
    """The native writers of one output form."""

    def __init__(self, plans: type[Plans] | None, form: OutputForm, key: Callable[[FieldDescriptor], str]) -> None:
        is_wanted = plans is not None and form.defaults is OutputDefaults.OMIT
        self._tables = Tables(plans, _OutputSpelling(key, form.enum_numbers)) if plans and is_wanted else None

    def writer(self, descriptor: Descriptor) -> NativeWrite | None:
        """How messages of a type are written; None where there is no native way."""
        tables = self._tables
        if tables is None or descriptor.full_name in SPECIAL:
            return None
        place = tables.place(descriptor)

        def write(wire: bytes) -> bytes | None:
            written: bytes | None = tables.compiled().encode(place, wire)
            return written

        return write
