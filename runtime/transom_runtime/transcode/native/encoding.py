"""Wire bytes to JSON by the extension, for the plans of one output form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from transom_runtime.transcode.native.judgements import JudgedCheck
from transom_runtime.transcode.native.tables import Tables, field_place, takes_text
from transom_runtime.transcode.options import OutputDefaults, OutputForm

if TYPE_CHECKING:
    from transom_runtime.transcode.native._codec import Plans

NativeWrite = Callable[[bytes], bytes | None]
"""The JSON of a message's wire bytes; None where the pure codec has to judge."""

NativeExtract = Callable[[bytes], tuple[bytes, tuple[str, ...]] | None]
"""The JSON, and the texts of the fields that are wanted; None likewise."""

Wanted = tuple[Sequence[FieldDescriptor], str]
"""The way to a scalar, and its text where it is not there."""

_TEXTS: Final = frozenset(
    {
        FieldDescriptor.TYPE_STRING,
        FieldDescriptor.TYPE_BOOL,
        FieldDescriptor.TYPE_INT32,
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_UINT32,
        FieldDescriptor.TYPE_UINT64,
    }
)
"""What stands in a header as it does in JSON."""


@dataclass(frozen=True, slots=True)
class _OutputSpelling:
    """Types as responses spell them."""

    key: Callable[[FieldDescriptor], str]
    enum_numbers: bool

    def names(self, descriptor: Descriptor) -> dict[str, FieldDescriptor]:
        """Nothing is looked up by name."""
        del descriptor
        return {}

    def check(self, field: FieldDescriptor) -> JudgedCheck | None:
        """Nothing in a response is checked."""
        del field
        return None


class NativeEncodings:
    """The native writers of one output form."""

    def __init__(self, plans: type[Plans] | None, form: OutputForm, key: Callable[[FieldDescriptor], str]) -> None:
        is_wanted = plans is not None and form.defaults is OutputDefaults.OMIT
        self._tables = Tables(plans, _OutputSpelling(key, form.enum_numbers)) if plans and is_wanted else None
        # Headers have the names of enums, whatever the JSON has.
        self._texts = _TEXTS if form.enum_numbers else _TEXTS | {FieldDescriptor.TYPE_ENUM}

    def writer(self, descriptor: Descriptor) -> NativeWrite | None:
        """How messages of a type are written; None where there is no native way."""
        write: NativeWrite | None = self._writer(descriptor, [])
        return write

    def extracting_writer(self, descriptor: Descriptor, wanted: Sequence[Wanted]) -> NativeExtract | None:
        """How messages of a type are written while texts are taken out of them; None likewise."""
        write: NativeExtract | None = self._writer(descriptor, wanted)
        return write

    def _writer(self, descriptor: Descriptor, wanted: Sequence[Wanted]) -> Callable[[bytes], Any] | None:
        tables = self._tables
        if tables is None or not tables.is_sure(descriptor):
            return None
        if not all(self._is_plain(way, tables) for way, _ in wanted):
            return None
        ways = tuple((tuple(map(field_place, way)), absent) for way, absent in wanted)
        place = tables.add_response(tables.place(descriptor), ways)

        def write(wire: bytes) -> Any:
            plans = tables.compiled or tables.compile()
            return plans.encode(place, wire)

        return write

    def _is_plain(self, way: Sequence[FieldDescriptor], tables: Tables) -> bool:
        """Whether the extension can follow the way, and writes what is at its end as a header holds it."""
        holders = [field.containing_type for field in way]
        is_text = way[-1].type in self._texts and takes_text(way[-1])
        return is_text and all(holder is not None and tables.is_sure(holder) for holder in holders)
