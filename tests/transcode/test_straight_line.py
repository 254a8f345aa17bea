"""The functions that are compiled for message types."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from transcode.conftest import Decoder, Decoding, bind
from transcode.examples import examples
from transcode.made_types import MadeType, made_types
from transom_runtime.extension import TextRefused
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.decode_plans import DecodePlans
from transom_runtime.transcode.faults import Refused
from transom_runtime.transcode.field_access import descriptor_of
from transom_runtime.transcode.json_number import ExactFloat
from transom_runtime.transcode.message_plan import FieldPlan
from transom_runtime.transcode.options import Native, OutputDefaults, TranscodeOptions
from transom_runtime.transcode.straight_line import FunctionSource
from workflow.v1.workflows_pb2 import Node, Workflow

WORDS = ("class", "from", "None", "match", "value", "written", "message", "get", "item", "__init__", "_x", "left")
ODD_KEY = "it's \"odd\\\n"


def _type_of_words() -> tuple[DescriptorPool, Any]:
    """A message whose fields have names that mean something to Python, or to the functions themselves."""
    file = FileDescriptorProto(name="words.proto", package="words", syntax="proto3")
    message = file.message_type.add(name="Words")
    for number, word in enumerate(WORDS, 1):
        message.field.add(
            name=word, number=number, type=FieldDescriptorProto.TYPE_STRING, label=FieldDescriptorProto.LABEL_OPTIONAL
        )
    message.field[-1].json_name = ODD_KEY
    pool = DescriptorPool()
    pool.Add(file)
    return pool, GetMessageClass(pool.FindMessageTypeByName("words.Words"))


@pytest.mark.parametrize("defaults", OutputDefaults)
def test_fields_may_have_any_name(defaults: OutputDefaults) -> None:
    """J1: fields whose names are words of Python, and keys that need quotes, are written and read like others."""
    pool, words = _type_of_words()
    codec = Codec(TranscodeOptions(native=Native.OFF, output_defaults=defaults), pool=pool)
    message = words(**{word: f"is {word}" for word in WORDS})
    body = codec.response_encoder(bind(words)).encode(message.SerializeToString()).body
    assert b'"from":"is from"' in body
    assert Decoding(bind(words, method="POST", body="*"), codec)(body=body) == message


def test_tracebacks_show_the_line() -> None:
    """What fails in a compiled function is shown with its line."""
    source = FunctionSource("a test", "number")
    source.add([f"return {source.name(10)} / number"])
    function = source.compile()
    assert function(2) == 5
    with pytest.raises(ZeroDivisionError) as caught:
        function(0)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].line == "return v0 / number"


ITEMS: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2**31 - 1,
        2**31,
        -(2**31),
        -(2**31) - 1,
        2**63,
        2**64 - 1,
        2**64,
        10**400,
        -0.0,
        1.5,
    ),
    *(1e38, 3.4028235e38, 3.5e38, 1.7e308, float("inf"), ExactFloat.read("1e400"), ExactFloat.read("7"), "", "x", "1"),
    *("NaN", "YQ==", "2020-02-29T00:00:00Z", "1s", [], [None], ["x"], [1], {}, {"a": 1}, {"x": None}),
)


def _outcome(fill: Callable[[Any], None], message: Any) -> Any:
    """The bytes of a message after filling it, or what was refused."""
    try:
        fill(message)
    except Refused as refused:
        return sorted((flaw.pointer, flaw.description, flaw.reason, flaw.shown) for flaw in refused.flaws())
    return message.SerializePartialToString(deterministic=True)


def _check(text: str) -> str:
    if text == "x":
        raise TextRefused("BAD", "is bad")
    return f"{text}!"


@examples(60)
@given(made=made_types(), checked=st.booleans())
def test_lines_do_what_setters_do(made: MadeType, checked: bool) -> None:
    """J3, Q6: straight lines make of a value what the field's setter makes of it, or refuse it alike."""
    plans = DecodePlans(made.pool, (lambda _: _check) if checked else None, ignores_unknown=False)
    plan = plans.plan(descriptor_of(made.new))
    for key, field in {each.key: each for each in plan.names.values()}.items():
        for item in ITEMS:

            def set_alone(message: Any, field: FieldPlan = field, key: str = key, item: Any = item) -> None:
                try:
                    field.set_json(message, item)
                except Refused as refused:
                    raise refused.under(key, None) from None

            def fill(message: Any, key: str = key, item: Any = item) -> None:
                plan.fill(message, {key: item})

            assert _outcome(fill, made.new()) == _outcome(set_alone, made.new()), (key, item)


def test_all_faults_are_told(shelf: Any, decoding: Decoder) -> None:
    """E1: faults in fields, in what they hold, in nulls and unknown names are gathered, however many there are."""
    decode = decoding(shelf.Book, body="*", options=TranscodeOptions(native=Native.OFF))
    reasons = decode.reasons(body='{"title": 1, "extra": {"a": "b"}, "x": 1, "tags": [1], "name": null, "y": null}')
    assert reasons == {"/title": "WRONG_TYPE", "/x": "UNKNOWN_FIELD", "/tags/0": "WRONG_TYPE", "/y": "UNKNOWN_FIELD"}


def test_a_type_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A type is compiled when its first message comes, once each way, also where that is the first of a long list."""
    compiled: list[str] = []
    compile_source = FunctionSource.compile

    def count(source: FunctionSource) -> Callable[..., Any]:
        compiled.append(source._title)
        return compile_source(source)

    monkeypatch.setattr(FunctionSource, "compile", count)
    codec = Codec(TranscodeOptions(native=Native.OFF))
    workflow = Workflow(nodes=[Node(id=f"node-{number}") for number in range(50)])
    body = codec.response_encoder(bind(Workflow)).encode(workflow.SerializeToString()).body
    assert Decoding(bind(Workflow, method="POST", body="*"), codec)(body=body) == workflow
    assert len(compiled) == len(set(compiled)) == 4
