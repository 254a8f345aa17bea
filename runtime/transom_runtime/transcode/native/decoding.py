"""JSON to wire bytes by the extension, for the bodies of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from transom_runtime.transcode.field_access import json_key
from transom_runtime.transcode.native.judgements import JudgedCheck, Judgements
from transom_runtime.transcode.native.tables import Tables, field_place, takes_text
from transom_runtime.transcode.options import TranscodeOptions

if TYPE_CHECKING:
    from transom_runtime.transcode.decode_plans import DecodePlans
    from transom_runtime.transcode.native._codec import Plans

NativeRead = Callable[[bytes, str, tuple[str, ...], str], bytes | None]
"""The wire bytes of a request: its body, its query, the texts of its variables and of its Last-Event-ID. None where the
pure codec has to judge.
"""

_Found = bytes | tuple[bytes, int] | tuple[bytes, int, list[int], list[str]] | None
"""What the extension makes of a request, as its stub says."""

_MAX_DEPTH: Final = 32
"""Objects and arrays in each other: one of a Struct makes three messages at most, and protobuf parsers take 100."""


_MOST: Final = 2**31 - 1
_ESCAPED: Final = frozenset("%+&=")
"""What a name of a query never holds as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeRequest:
    """What a binding takes from its requests."""

    descriptor: Descriptor
    """The type of its requests."""
    has_body: bool
    """Whether there may be one."""
    body: FieldDescriptor | None = None
    """The field that the body is; None: the body is the message."""
    variables: tuple[FieldDescriptor, ...] = ()
    """The fields of the path's variables."""
    query: Mapping[str, FieldDescriptor] = field(default_factory=dict)
    """What a query may name."""
    resume: FieldDescriptor | None = None
    """The field of the Last-Event-ID."""


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

    def check(self, field: FieldDescriptor) -> JudgedCheck | None:
        """The one that the pure codec has, which went through `around`."""
        return cast("JudgedCheck | None", self._plans.text_check(field))


class NativeDecodings:
    """The native readers of one codec."""

    def __init__(self, compiled: type[Plans], plans: DecodePlans) -> None:
        self.judgements = Judgements()
        self._tables = Tables(compiled, _InputSpelling(plans))

    def reader(self, request: NativeRequest, options: TranscodeOptions) -> NativeRead | None:
        """How the requests of a binding are read; None where there is no native way."""
        tables, judgements = self._tables, self.judgements
        if not tables.is_sure(request.descriptor):
            return None
        place = self._add(request, options)
        known = tables.checks

        def read(body: bytes, query: str, variables: tuple[str, ...], resume: str) -> bytes | None:
            plans = tables.compiled or tables.compile()
            found: _Found = plans.decode(place, body, query, variables, resume)
            if not isinstance(found, tuple):
                return found
            if len(found) == 4 and not judgements.pass_all(map(known.__getitem__, found[2]), found[3]):
                return None
            judgements.count(found[1])
            return found[0]

        return read

    def _add(self, request: NativeRequest, options: TranscodeOptions) -> int:
        return self._tables.add_request(
            self._tables.place(request.descriptor),
            field_place(request.body) if request.body is not None else -1 if request.has_body else -2,
            min(options.max_depth, _MAX_DEPTH),
            *(min(cap, _MOST) for cap in (options.max_fields, options.max_elements, options.max_json_bytes)),
            tuple(map(field_place, request.variables)),
            tuple(_query_names(request, options)),
            field_place(request.resume) if request.resume is not None else -1,
            options.plus_is_space,
        )


def _query_names(request: NativeRequest, options: TranscodeOptions) -> Iterator[tuple[bytes, int]]:
    """The names that stand in a query as they are, with the places of their fields; a system parameter has none."""
    names = dict.fromkeys(options.system_parameters - request.query.keys(), -1)
    names |= {name: field_place(field) for name, field in request.query.items() if takes_text(field)}
    return ((name.encode(), place) for name, place in names.items() if not _ESCAPED & set(name))
