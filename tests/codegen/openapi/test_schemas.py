from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format, message_factory
from openapi_schema_validator import OAS31Validator

from codegen.golden import CASES, compile_protos
from transom_codegen.build import build_api
from transom_codegen.openapi.schemas import Schemas

THING = "shop.v1.Thing"


@pytest.fixture(scope="module")
def thing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, OAS31Validator]:
    """The class of a message with every kind of field, and a validator of its schema."""
    descriptor_set = compile_protos(CASES / "well_known_types" / "protos", tmp_path_factory.mktemp("set"))
    api, _ = build_api(descriptor_set)
    descriptor = api.pool.FindMessageTypeByName(THING)
    schemas = Schemas({})
    reference = schemas.message(descriptor)
    document = {**reference, "components": {"schemas": schemas.components}}
    return message_factory.GetMessageClass(descriptor), OAS31Validator(document)


VALUES: list[dict[str, Any]] = [
    {},
    {"any": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1s"}},
    {"struct": {"a": [1, None, {"b": "c"}]}, "list": [1, "x"], "value": [None]},
    {"value": 1.5, "null": None},
    {"duration": "3.5s", "timestamp": "2026-11-23T12:00:00Z", "mask": "a,bC"},
    {"duration": "-0.000000001s", "empty": {}},
    {"boolValue": True, "int64Value": "-9223372036854775808", "bytesValue": "AQI="},
    {"children": {"x": {"count": 1}}, "flags": {"-5": True}},
    {"ratio": "NaN"},
    {"ratio": "-Infinity"},
    {"ratio": 0.5, "count": 4294967295, "big": "18446744073709551615", "data": "AAE=", "otherName": "x"},
]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_schema_takes_what_the_mapping_writes(thing: tuple[Any, OAS31Validator], value: dict[str, Any]) -> None:
    """J1: the schema of a message accepts the JSON that protobuf's own mapping writes for it."""
    message_class, validator = thing
    written = json.loads(json_format.MessageToJson(json_format.ParseDict(value, message_class())))
    assert [error.message for error in validator.iter_errors(written)] == []


@pytest.mark.parametrize(
    "value",
    [
        {"count": -1},
        {"count": "x"},
        {"big": "-1"},
        {"duration": "3 s"},
        {"flags": {"yes": True}},
        {"flags": {"1": "true"}},
        {"children": []},
        {"data": 5},
        {"any": {}},
        {"null": 0},
        [],
    ],
    ids=str,
)
def test_schema_refuses_what_no_message_is(thing: tuple[Any, OAS31Validator], value: Any) -> None:
    """What the mapping cannot read is not valid by the schema either."""
    assert not thing[1].is_valid(value)


def test_oneof_takes_one_member(tmp_path: Path) -> None:
    """J4: two members of one oneof are not valid together; one is, and none is. `optional` makes no oneof."""
    api, _ = build_api(compile_protos(CASES / "proto3_optional" / "protos", tmp_path))
    schemas = Schemas({})
    reference = schemas.message(api.pool.FindMessageTypeByName("shop.v1.Change"))
    validator = OAS31Validator({**reference, "components": {"schemas": schemas.components}})
    assert validator.is_valid({"user": "a", "name": "n", "size": "1"})
    assert validator.is_valid({})
    assert not validator.is_valid({"user": "a", "team": "b"})
    assert len(schemas.components["shop.v1.Change"]["allOf"]) == 1


def test_proto2_defaults_are_written_as_json(tmp_path: Path) -> None:
    """A proto2 default is told in the schema, as the mapping writes it; required fields are required."""
    api, _ = build_api(compile_protos(CASES / "proto2" / "protos", tmp_path))
    schemas = Schemas({})
    request = schemas.object(api.pool.FindMessageTypeByName("shop.v1.Request"))
    item = schemas.object(api.pool.FindMessageTypeByName("shop.v1.Item"))
    assert request["required"] == ["id"]
    assert request["properties"]["limit"]["default"] == 10
    assert item["properties"]["color"]["default"] == "GREEN"
