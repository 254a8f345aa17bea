import datetime

from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor
DEFAULTS_FIELD_NUMBER: _ClassVar[int]
defaults: _descriptor.FieldDescriptor
POLICY_FIELD_NUMBER: _ClassVar[int]
policy: _descriptor.FieldDescriptor
FIELD_FIELD_NUMBER: _ClassVar[int]
field: _descriptor.FieldDescriptor

class Policy(_message.Message):
    __slots__ = ("auth", "rate_limit", "timeout", "retry", "cache", "success", "sse", "max_body_bytes", "tool")
    AUTH_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    RETRY_FIELD_NUMBER: _ClassVar[int]
    CACHE_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    SSE_FIELD_NUMBER: _ClassVar[int]
    MAX_BODY_BYTES_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    auth: Auth
    rate_limit: _containers.RepeatedCompositeFieldContainer[RateLimit]
    timeout: _duration_pb2.Duration
    retry: Retry
    cache: Cache
    success: Success
    sse: Sse
    max_body_bytes: int
    tool: Tool
    def __init__(self, auth: _Optional[_Union[Auth, _Mapping]] = ..., rate_limit: _Optional[_Iterable[_Union[RateLimit, _Mapping]]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., retry: _Optional[_Union[Retry, _Mapping]] = ..., cache: _Optional[_Union[Cache, _Mapping]] = ..., success: _Optional[_Union[Success, _Mapping]] = ..., sse: _Optional[_Union[Sse, _Mapping]] = ..., max_body_bytes: _Optional[int] = ..., tool: _Optional[_Union[Tool, _Mapping]] = ...) -> None: ...

class Auth(_message.Message):
    __slots__ = ("kind", "scopes", "forward")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Auth.Kind]
        KIND_PUBLIC: _ClassVar[Auth.Kind]
        KIND_USER: _ClassVar[Auth.Kind]
        KIND_API_KEY: _ClassVar[Auth.Kind]
    KIND_UNSPECIFIED: Auth.Kind
    KIND_PUBLIC: Auth.Kind
    KIND_USER: Auth.Kind
    KIND_API_KEY: Auth.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    FORWARD_FIELD_NUMBER: _ClassVar[int]
    kind: Auth.Kind
    scopes: _containers.RepeatedScalarFieldContainer[str]
    forward: bool
    def __init__(self, kind: _Optional[_Union[Auth.Kind, str]] = ..., scopes: _Optional[_Iterable[str]] = ..., forward: _Optional[bool] = ...) -> None: ...

class RateLimit(_message.Message):
    __slots__ = ("tier", "requests", "per", "burst", "by")
    class By(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        BY_UNSPECIFIED: _ClassVar[RateLimit.By]
        BY_USER: _ClassVar[RateLimit.By]
        BY_KEY: _ClassVar[RateLimit.By]
        BY_ADDRESS: _ClassVar[RateLimit.By]
        BY_ALL: _ClassVar[RateLimit.By]
    BY_UNSPECIFIED: RateLimit.By
    BY_USER: RateLimit.By
    BY_KEY: RateLimit.By
    BY_ADDRESS: RateLimit.By
    BY_ALL: RateLimit.By
    TIER_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    PER_FIELD_NUMBER: _ClassVar[int]
    BURST_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    tier: str
    requests: int
    per: _duration_pb2.Duration
    burst: int
    by: RateLimit.By
    def __init__(self, tier: _Optional[str] = ..., requests: _Optional[int] = ..., per: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., burst: _Optional[int] = ..., by: _Optional[_Union[RateLimit.By, str]] = ...) -> None: ...

class Retry(_message.Message):
    __slots__ = ("idempotent", "attempts")
    IDEMPOTENT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    idempotent: bool
    attempts: int
    def __init__(self, idempotent: _Optional[bool] = ..., attempts: _Optional[int] = ...) -> None: ...

class Cache(_message.Message):
    __slots__ = ("ttl", "vary_by_caller")
    TTL_FIELD_NUMBER: _ClassVar[int]
    VARY_BY_CALLER_FIELD_NUMBER: _ClassVar[int]
    ttl: _duration_pb2.Duration
    vary_by_caller: bool
    def __init__(self, ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., vary_by_caller: _Optional[bool] = ...) -> None: ...

class Success(_message.Message):
    __slots__ = ("status", "location", "etag_field", "cache_control")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_FIELD_NUMBER: _ClassVar[int]
    CACHE_CONTROL_FIELD_NUMBER: _ClassVar[int]
    status: int
    location: str
    etag_field: str
    cache_control: str
    def __init__(self, status: _Optional[int] = ..., location: _Optional[str] = ..., etag_field: _Optional[str] = ..., cache_control: _Optional[str] = ...) -> None: ...

class Sse(_message.Message):
    __slots__ = ("id_field", "event_field", "resume_field", "heartbeat")
    ID_FIELD_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_FIELD_NUMBER: _ClassVar[int]
    RESUME_FIELD_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    id_field: str
    event_field: str
    resume_field: str
    heartbeat: _duration_pb2.Duration
    def __init__(self, id_field: _Optional[str] = ..., event_field: _Optional[str] = ..., resume_field: _Optional[str] = ..., heartbeat: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Tool(_message.Message):
    __slots__ = ("name", "description")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class FieldPolicy(_message.Message):
    __slots__ = ("sanitize",)
    class Sanitize(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SANITIZE_UNSPECIFIED: _ClassVar[FieldPolicy.Sanitize]
        SANITIZE_PLAIN: _ClassVar[FieldPolicy.Sanitize]
        SANITIZE_HTML: _ClassVar[FieldPolicy.Sanitize]
        SANITIZE_CODE: _ClassVar[FieldPolicy.Sanitize]
        SANITIZE_IDENTIFIER: _ClassVar[FieldPolicy.Sanitize]
        SANITIZE_PATH: _ClassVar[FieldPolicy.Sanitize]
        SANITIZE_OFF: _ClassVar[FieldPolicy.Sanitize]
    SANITIZE_UNSPECIFIED: FieldPolicy.Sanitize
    SANITIZE_PLAIN: FieldPolicy.Sanitize
    SANITIZE_HTML: FieldPolicy.Sanitize
    SANITIZE_CODE: FieldPolicy.Sanitize
    SANITIZE_IDENTIFIER: FieldPolicy.Sanitize
    SANITIZE_PATH: FieldPolicy.Sanitize
    SANITIZE_OFF: FieldPolicy.Sanitize
    SANITIZE_FIELD_NUMBER: _ClassVar[int]
    sanitize: FieldPolicy.Sanitize
    def __init__(self, sanitize: _Optional[_Union[FieldPolicy.Sanitize, str]] = ...) -> None: ...
