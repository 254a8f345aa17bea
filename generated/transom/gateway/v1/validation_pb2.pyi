import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from transom.v1 import policy_pb2 as _policy_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ValidationMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VALIDATION_MODE_UNSPECIFIED: _ClassVar[ValidationMode]
    VALIDATION_MODE_OFF: _ClassVar[ValidationMode]
    VALIDATION_MODE_REPORT: _ClassVar[ValidationMode]
    VALIDATION_MODE_BLOCK: _ClassVar[ValidationMode]
VALIDATION_MODE_UNSPECIFIED: ValidationMode
VALIDATION_MODE_OFF: ValidationMode
VALIDATION_MODE_REPORT: ValidationMode
VALIDATION_MODE_BLOCK: ValidationMode

class GetValidationStatsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetValidationStatsResponse(_message.Message):
    __slots__ = ("mode", "checked_count", "cleaned_count", "found_count", "blocked_count", "rule_counts", "since_time")
    MODE_FIELD_NUMBER: _ClassVar[int]
    CHECKED_COUNT_FIELD_NUMBER: _ClassVar[int]
    CLEANED_COUNT_FIELD_NUMBER: _ClassVar[int]
    FOUND_COUNT_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_COUNT_FIELD_NUMBER: _ClassVar[int]
    RULE_COUNTS_FIELD_NUMBER: _ClassVar[int]
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    mode: ValidationMode
    checked_count: int
    cleaned_count: int
    found_count: int
    blocked_count: int
    rule_counts: _containers.RepeatedCompositeFieldContainer[RuleCount]
    since_time: _timestamp_pb2.Timestamp
    def __init__(self, mode: _Optional[_Union[ValidationMode, str]] = ..., checked_count: _Optional[int] = ..., cleaned_count: _Optional[int] = ..., found_count: _Optional[int] = ..., blocked_count: _Optional[int] = ..., rule_counts: _Optional[_Iterable[_Union[RuleCount, _Mapping]]] = ..., since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RuleCount(_message.Message):
    __slots__ = ("rule_id", "found_count")
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    FOUND_COUNT_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    found_count: int
    def __init__(self, rule_id: _Optional[str] = ..., found_count: _Optional[int] = ...) -> None: ...

class ValidationRule(_message.Message):
    __slots__ = ("id", "reason", "description", "applies_to", "mode")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    APPLIES_TO_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    description: str
    applies_to: _containers.RepeatedScalarFieldContainer[str]
    mode: ValidationMode
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ..., description: _Optional[str] = ..., applies_to: _Optional[_Iterable[str]] = ..., mode: _Optional[_Union[ValidationMode, str]] = ...) -> None: ...

class ListValidationRulesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListValidationRulesResponse(_message.Message):
    __slots__ = ("rules", "next_page_token")
    RULES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[ValidationRule]
    next_page_token: str
    def __init__(self, rules: _Optional[_Iterable[_Union[ValidationRule, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
