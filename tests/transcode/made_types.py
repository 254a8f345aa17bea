"""Random message types: proto files that no compiler wrote, each in a pool of its own.

Every file holds enums, a few messages, which may hold each other, and whatever its syntax allows: in proto2 groups,
required fields, defaults and extensions; in proto3 optional; in editions presence, closed enums and delimited messages,
for the file or for one field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import any_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2, timestamp_pb2, wrappers_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    Edition,
    EnumDescriptorProto,
    FeatureSet,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

from transcode.values import Draw

F = FieldDescriptorProto
WELL_KNOWN: Final = (any_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2, timestamp_pb2, wrappers_pb2)
SYNTAXES: Final = ["proto2", "proto3", "2023", "2024"]
INTEGRAL: Final = [
    F.TYPE_INT32,
    F.TYPE_INT64,
    F.TYPE_UINT32,
    F.TYPE_UINT64,
    F.TYPE_SINT32,
    F.TYPE_SINT64,
    F.TYPE_FIXED32,
    F.TYPE_FIXED64,
    F.TYPE_SFIXED32,
    F.TYPE_SFIXED64,
]
SCALARS: Final = [*INTEGRAL, F.TYPE_FLOAT, F.TYPE_DOUBLE, F.TYPE_BOOL, F.TYPE_STRING, F.TYPE_BYTES]
KEYS: Final = [*INTEGRAL, F.TYPE_BOOL, F.TYPE_STRING]
NO_PACKING: Final = {F.TYPE_STRING, F.TYPE_BYTES, F.TYPE_MESSAGE, F.TYPE_GROUP}
FOREIGN: Final = [
    f".google.protobuf.{name}"
    for name in (
        *("Any", "Duration", "Empty", "FieldMask", "ListValue", "Struct", "Timestamp", "Value"),
        *("BoolValue", "BytesValue", "DoubleValue", "FloatValue", "Int64Value", "StringValue", "UInt32Value"),
    )
]
ENUMS: Final = [".made.Open", ".made.Closed", ".made.Late"]
NAMES: Final = ["name", "two_words", "camelCase", "with_2_digits", "trailing_", "a", "UPPER", "__odd", "type", "value"]
DEFAULTS: Final = {F.TYPE_STRING: "ab", F.TYPE_BYTES: "\\001x", F.TYPE_BOOL: "true", F.TYPE_FLOAT: "1.5"} | {
    F.TYPE_DOUBLE: "-inf"
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeType:
    """A message type, and the pool that all of its file is in."""

    new: type[Message]
    pool: DescriptorPool
    syntax: str


@st.composite
def made_types(draw: Draw) -> MadeType:
    """One message type out of a random file."""
    maker = _Maker(draw)
    pool = DescriptorPool()
    for module in WELL_KNOWN:
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    pool.Add(maker.make_file())
    return MadeType(new=GetMessageClass(pool.FindMessageTypeByName("made.Type0")), pool=pool, syntax=maker.syntax)


class _Maker:
    """Draws one file."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.syntax: str = draw(st.sampled_from(SYNTAXES))
        self.is_edition = self.syntax not in {"proto2", "proto3"}
        self.types = [f"Type{number}" for number in range(draw(st.integers(1, 3)))]
        self.file = FileDescriptorProto(name="made.proto", package="made")

    def flip(self) -> bool:
        return bool(self.draw(st.booleans()))

    def make_file(self) -> FileDescriptorProto:
        file = self.file
        self._set_syntax()
        file.dependency.extend(module.DESCRIPTOR.name for module in WELL_KNOWN)
        file.enum_type.extend(self._make_enum(name) for name in ("Open", "Closed", "Late"))
        for name in self.types:
            self._fill_type(file.message_type.add(name=name))
        if self.syntax != "proto3" and self.flip():
            self._extend()
        return file

    def _set_syntax(self) -> None:
        if not self.is_edition:
            self.file.syntax = self.syntax
            return
        self.file.syntax = "editions"
        self.file.edition = Edition.Value(f"EDITION_{self.syntax}")
        features = self.file.options.features
        if self.flip():
            features.field_presence = FeatureSet.IMPLICIT
        if self.flip():
            features.message_encoding = FeatureSet.DELIMITED
        if self.flip():
            features.repeated_field_encoding = FeatureSet.EXPANDED

    def _make_enum(self, name: str) -> EnumDescriptorProto:
        """An enum with an alias; all but the first are closed where they may be, and the last begins late."""
        enum = EnumDescriptorProto(name=name)
        enum.options.allow_alias = True
        if self.is_edition:
            enum.options.features.enum_type = FeatureSet.OPEN if name == "Open" else FeatureSet.CLOSED
        first = 1 if name == "Late" and self.syntax != "proto3" else 0
        for word, number in (("FIRST", first), ("SECOND", 7), ("BELOW", -3), ("ALIAS", 7)):
            enum.value.add(name=f"{name.upper()}_{word}", number=number)
        return enum

    def _fill_type(self, message: DescriptorProto) -> None:
        fewest = 3 if message.name == "Type0" else 0
        names = self.draw(st.lists(st.sampled_from(NAMES), min_size=fewest, max_size=8, unique=True))
        for number, name in enumerate(names, 1):
            field = message.field.add(name=name, number=number, label=F.LABEL_OPTIONAL)
            self._choose_type(message, field)
        self._name_in_json(message)
        self._join_oneofs(message)
        if self.syntax != "proto3":
            message.extension_range.add(start=100, end=200)

    def _choose_type(self, message: DescriptorProto, field: F) -> None:
        kind = self.draw(st.sampled_from(["scalar", "scalar", "enum", "own", "foreign", "map"]))
        if kind == "map":
            self._make_map(message, field)
            return
        self._set_type(field, kind)
        if self.draw(st.integers(0, 3)) == 0:
            field.label = F.LABEL_REPEATED
            self._pack(field)
        else:
            self._choose_presence(message, field)

    def _set_type(self, field: F, kind: str, enums: Sequence[str] = ENUMS) -> None:
        match kind:
            case "scalar":
                field.type = self.draw(st.sampled_from(SCALARS))
            case "enum":
                field.type, field.type_name = F.TYPE_ENUM, self.draw(st.sampled_from(enums))
            case "own":
                # A message between tags: `group` in proto2, DELIMITED in editions, unless the file is.
                is_group = self.syntax == "proto2" and self.flip()
                field.type = F.TYPE_GROUP if is_group else F.TYPE_MESSAGE
                field.type_name = f".made.{self.draw(st.sampled_from(self.types))}"
                if self.is_edition and self.flip():
                    field.options.features.message_encoding = FeatureSet.DELIMITED
            case _:
                field.type, field.type_name = F.TYPE_MESSAGE, self.draw(st.sampled_from(FOREIGN))

    def _pack(self, field: F) -> None:
        if field.type in NO_PACKING or not self.flip():
            return
        if self.is_edition:
            field.options.features.repeated_field_encoding = FeatureSet.PACKED
        else:
            field.options.packed = self.flip()

    def _choose_presence(self, message: DescriptorProto, field: F) -> None:
        if self.syntax == "proto2":
            # A required message could hold itself for ever.
            if field.type not in NO_PACKING and self.draw(st.integers(0, 5)) == 0:
                field.label = F.LABEL_REQUIRED
            elif self.flip():
                self._set_default(field)
        elif self.syntax == "proto3":
            field.proto3_optional = field.type != F.TYPE_MESSAGE and self.flip()
        else:
            self._choose_feature(field)

    def _choose_feature(self, field: F) -> None:
        if field.type == F.TYPE_MESSAGE:
            return
        wanted = [FeatureSet.EXPLICIT, FeatureSet.IMPLICIT, FeatureSet.LEGACY_REQUIRED]
        presence = self.draw(st.sampled_from(wanted))
        if field.type_name in ENUMS[1:] and presence == FeatureSet.IMPLICIT:
            presence = FeatureSet.EXPLICIT
        field.options.features.field_presence = presence
        if presence == FeatureSet.EXPLICIT and self.flip():
            self._set_default(field)

    def _set_default(self, field: F) -> None:
        if field.type == F.TYPE_ENUM:
            field.default_value = f"{field.type_name.removeprefix('.made.').upper()}_SECOND"
        elif field.type in DEFAULTS or field.type in INTEGRAL:
            field.default_value = DEFAULTS.get(field.type, "5")

    def _make_map(self, message: DescriptorProto, field: F) -> None:
        words = "".join(word.capitalize() for word in field.name.split("_"))
        entry = message.nested_type.add(name=f"{words[:1].upper()}{words[1:]}Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=F.LABEL_OPTIONAL, type=self.draw(st.sampled_from(KEYS)))
        value = entry.field.add(name="value", number=2, label=F.LABEL_OPTIONAL)
        self._set_type(
            value, self.draw(st.sampled_from(["scalar", "enum", "own", "foreign"])), ENUMS[:2]
        )  # a map's enum begins at 0
        value.options.Clear()
        if value.type == F.TYPE_GROUP:
            value.type = F.TYPE_MESSAGE
        if self.is_edition:
            # Whatever the file says: a map's entries have lengths, and their values presence.
            field.options.features.message_encoding = FeatureSet.LENGTH_PREFIXED
            if value.type != F.TYPE_MESSAGE:
                value.options.features.field_presence = FeatureSet.EXPLICIT
        field.label, field.type = F.LABEL_REPEATED, F.TYPE_MESSAGE
        field.type_name = f".made.{message.name}.{entry.name}"

    def _name_in_json(self, message: DescriptorProto) -> None:
        """Give one field a JSON name of its own: any, or the proto name of another field, which gets one too (Q2)."""
        if len(message.field) < 2 or not self.flip():
            return
        one, other = message.field[0], message.field[1]
        one.json_name, other.json_name = self.draw(st.sampled_from([(other.name, "moved"), ("very-odd", "é ü")]))

    def _join_oneofs(self, message: DescriptorProto) -> None:
        members = [field for field in message.field if field.label == F.LABEL_OPTIONAL]
        if len(members) > 1 and self.flip():
            message.oneof_decl.add(name="choice")
            for field in members[:3]:
                field.oneof_index = 0
                field.proto3_optional = False
                field.ClearField("default_value")
                if self.is_edition and field.type != F.TYPE_MESSAGE:
                    field.options.features.field_presence = FeatureSet.EXPLICIT
        for field in message.field:
            if field.proto3_optional:
                field.oneof_index = len(message.oneof_decl)
                message.oneof_decl.add(name=f"_{field.name}")

    def _extend(self) -> None:
        """Extensions of the first type: a scalar, an enum, a message and a list."""
        kinds: list[dict[str, Any]] = [
            {"name": "ext_text", "type": F.TYPE_STRING},
            {"name": "ext_long", "type": F.TYPE_UINT64},
            {"name": "ext_enum", "type": F.TYPE_ENUM, "type_name": ".made.Late"},
            {"name": "ext_own", "type": F.TYPE_MESSAGE, "type_name": ".made.Type0"},
            {"name": "ext_at", "type": F.TYPE_MESSAGE, "type_name": ".google.protobuf.Timestamp"},
            {"name": "ext_list", "type": F.TYPE_BYTES, "label": F.LABEL_REPEATED},
        ]
        for number, kind in enumerate(kinds, 100):
            field = self.file.extension.add(
                extendee=".made.Type0", number=number, **({"label": F.LABEL_OPTIONAL} | kind)
            )
            if self.is_edition and field.type != F.TYPE_MESSAGE and field.label != F.LABEL_REPEATED:
                field.options.features.field_presence = FeatureSet.EXPLICIT
