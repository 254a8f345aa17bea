"""Properties of JSON that hold for messages of any type whatever: the types are random too (J1 to J7).

`TRANSOM_EXAMPLES=2000 pytest tests/transcode/test_made_types.py` looks further than every run of the tests does.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from transcode.conftest import bind
from transcode.examples import examples
from transcode.made_types import MadeType, made_types
from transcode.values import fill, same
from transom_runtime.errors import CallError, Fault
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.options import OutputDefaults, Strictness, TranscodeOptions

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**70), 2**70)
    | st.sampled_from(["", "x", "1", "-0", "1e3", "1.5s", "NaN", "YQ==", "a,b", "2020-01-01T00:00:00Z", "OPEN_ALIAS"]),
    lambda below: st.lists(below, max_size=2) | st.dictionaries(st.sampled_from(["@type", "value", "1"]), below),
    max_leaves=4,
)


class Made:
    """A random message of a random type, and the codec around it."""

    def __init__(self, made: MadeType, data: st.DataObject) -> None:
        self.made = made
        self.message = made.new()
        fill(data.draw, self.message, 2)

    def encode(self, **options: Any) -> bytes:
        """The JSON of the message."""
        encoder = self._codec(options).response_encoder(bind(self.made.new))
        return encoder.encode(self.message.SerializeToString()).body

    def decode(self, body: bytes, **options: Any) -> Message:
        """The message of a JSON body."""
        decoder = self._codec(options).request_decoder(bind(self.made.new, method="POST", body="*"))
        return self.made.new.FromString(decoder.decode((), "", body, method="POST"))

    def refuse(self, body: bytes, **options: Any) -> tuple[Fault, ...]:
        """What is wrong with a JSON body."""
        with pytest.raises(CallError) as caught:
            self.decode(body, **options)
        return caught.value.faults

    def judge(self, body: bytes) -> tuple[Message | None, tuple[Fault, ...]]:
        """The message of a JSON body, or what is wrong with it."""
        try:
            return self.decode(body), ()
        except CallError as error:
            return None, error.faults

    def _codec(self, options: Any) -> Codec:
        return Codec(TranscodeOptions(**options), pool=self.made.pool)

    def reference(self, **options: Any) -> Any:
        """What google's json_format writes."""
        return json_format.MessageToDict(self.message, descriptor_pool=self.made.pool, **options)

    def parse(self, value: Any) -> Message:
        """What google's json_format reads."""
        return json_format.ParseDict(value, self.made.new(), descriptor_pool=self.made.pool)

    @property
    def has_colliding_names(self) -> bool:
        """Whether some field's JSON name is another's proto name: then the latter has no spelling but its JSON name."""
        types = self.message.DESCRIPTOR.file.message_types_by_name.values()
        return any(
            field.json_name in kind.fields_by_name for kind in types for field in kind.fields if _is_moved(field)
        )

    def equals(self, other: Message) -> bool:
        """Whether another message is this one: NaN is itself, and nothing else is let through.

        Not by bytes: in those of an Any, the order of a map's entries is chance.
        """
        return bool(_canonical(self.message) == _canonical(other))


def _canonical(message: Any) -> Any:
    """A form of a message that has all of it: what is set, floats by their digits and sign, an Any by its message."""
    if message.DESCRIPTOR.full_name == "google.protobuf.Any" and message.type_url:
        inner = _unpacked(message)
        return message.type_url, _canonical(inner)
    return {field.full_name: _canonical_value(field, value) for field, value in message.ListFields()}


def _unpacked(message: Any) -> Message:
    pool = message.DESCRIPTOR.file.pool
    return GetMessageClass(pool.FindMessageTypeByName(message.TypeName())).FromString(message.value)


def _canonical_value(field: Any, value: Any) -> Any:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        item = field.message_type.fields_by_name["value"]
        return {key: _canonical_one(item, value[key]) for key in value}
    return [_canonical_one(field, each) for each in value] if field.is_repeated else _canonical_one(field, value)


def _canonical_one(field: Any, value: Any) -> Any:
    return repr(value) if field.message_type is None else _canonical(value)


Property = Callable[..., None]


def of_made_types(test: Property) -> Property:
    """Run a test for messages of random types."""

    @examples(60)
    @given(made=made_types(), data=st.data())
    def run(made: MadeType, data: st.DataObject) -> None:
        test(Made(made, data), data)

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@of_made_types
def test_what_is_written_is_read_back(made: Made, data: st.DataObject) -> None:
    """A message that is written and read is the message that it was: values, presence, extensions and Any (J1, J7)."""
    assert made.equals(made.decode(made.encode()))


@of_made_types
def test_written_as_the_reference_writes(made: Made, data: st.DataObject) -> None:
    """Messages are written as json_format writes them (J1, J7)."""
    assert same(json.loads(made.encode()), made.reference())


@of_made_types
def test_read_as_the_reference_wrote(made: Made, data: st.DataObject) -> None:
    """What json_format writes, in either spelling of the names, is read as the message (J1, J7)."""
    assert made.equals(made.decode(json.dumps(made.reference()).encode()))
    if not made.has_colliding_names:
        spelled = made.reference(preserving_proto_field_name=True)
        assert made.equals(made.decode(json.dumps(spelled).encode()))


@of_made_types
def test_implicit_defaults(made: Made, data: st.DataObject) -> None:
    """`implicit` writes what json_format writes when told to print fields without presence; it reads back (J2)."""
    written = made.encode(output_defaults=OutputDefaults.IMPLICIT)
    assert same(json.loads(written), made.reference(always_print_fields_with_no_presence=True))
    assert made.equals(made.decode(written))


@of_made_types
def test_all_defaults(made: Made, data: st.DataObject) -> None:
    """`all` adds nothing but null, and only for messages that are not set; it reads back, Value apart (J2, J3)."""
    written = json.loads(made.encode(output_defaults=OutputDefaults.ALL))
    implicit = json.loads(made.encode(output_defaults=OutputDefaults.IMPLICIT))
    assert same(_without_nulls(written), _without_nulls(implicit))
    values = [field.json_name for field in made.message.DESCRIPTOR.fields if _is_value(field)]
    top = {key: item for key, item in written.items() if not (key in values and item is None)}
    assert top.keys() - implicit.keys() <= {field.json_name for field in made.message.DESCRIPTOR.fields}


@of_made_types
def test_unknown_members(made: Made, data: st.DataObject) -> None:
    """A member that no message has is refused with its place, ignored, or ignored and reported, as the mode is."""
    value = json.loads(made.encode())
    value["no such field"] = data.draw(st.none() | st.booleans() | st.integers(-9, 9) | st.lists(st.none(), max_size=2))
    body = json.dumps(value).encode()
    (fault,) = made.refuse(body)
    assert (fault.field, fault.reason) == ("/no such field", "UNKNOWN_FIELD")
    assert made.equals(made.decode(body, strictness=Strictness.LENIENT))
    assert made.equals(made.decode(body, strictness=Strictness.REPORT))


@of_made_types
def test_one_wrong_value(made: Made, data: st.DataObject) -> None:
    """Any value in any place is read, as json_format reads it, or refused at that place, below it or around it (E1)."""
    value = json.loads(made.encode())
    places = list(_members(value, ""))
    if not places:
        return
    place, holder, key = data.draw(st.sampled_from(places))
    holder[key] = data.draw(JUNK)
    message, faults = made.judge(json.dumps(value).encode())
    assert (message is None) == bool(faults)
    assert all(_is_along(fault.field, place) for fault in faults)
    if message is not None:
        # It is laxer in places, and takes no exponent in a string, where the JSON mapping does.
        with contextlib.suppress(json_format.ParseError):
            assert _canonical(message) == _canonical(made.parse(value))


def _is_along(pointer: str, place: str) -> bool:
    return f"{pointer}/".startswith(f"{place}/") or f"{place}/".startswith(f"{pointer}/")


@of_made_types
def test_repeated_members(made: Made, data: st.DataObject) -> None:
    """A member that is written twice, at any depth, is refused at its place (J4)."""
    value = json.loads(made.encode())
    places = list(_members(value, ""))
    if not places:
        return
    place, holder, key = data.draw(st.sampled_from(places))
    twin = "\x00twin"
    holder[twin] = holder[key]
    body = json.dumps(value).replace(json.dumps(twin), json.dumps(key)).encode()
    assert (place, "DUPLICATE_FIELD") in {(fault.field, fault.reason) for fault in made.refuse(body)}


def _members(value: Any, place: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            there = f"{place}/{key.replace('~', '~0').replace('/', '~1')}"
            yield there, value, key
            yield from _members(item, there)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _members(item, f"{place}/{index}")


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _is_moved(field: Any) -> bool:
    return bool(field.json_name != field.name)


def _is_value(field: Any) -> bool:
    return field.message_type is not None and field.message_type.full_name == "google.protobuf.Value"
