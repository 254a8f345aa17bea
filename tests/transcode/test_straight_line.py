"""The functions that are compiled for message types."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from transcode.conftest import Decoding, bind
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.options import Native, OutputDefaults, TranscodeOptions
from transom_runtime.transcode.straight_line import FunctionSource

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
