import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from transom.v1 import policy_pb2 as _policy_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Execution(_message.Message):
    __slots__ = ("id", "workflow_id", "workflow_version", "state", "input", "output", "error", "nodes", "last_sequence", "etag", "create_time", "update_time", "start_time", "end_time")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Execution.State]
        STATE_PENDING: _ClassVar[Execution.State]
        STATE_RUNNING: _ClassVar[Execution.State]
        STATE_SUCCEEDED: _ClassVar[Execution.State]
        STATE_FAILED: _ClassVar[Execution.State]
        STATE_CANCELLED: _ClassVar[Execution.State]
    STATE_UNSPECIFIED: Execution.State
    STATE_PENDING: Execution.State
    STATE_RUNNING: Execution.State
    STATE_SUCCEEDED: Execution.State
    STATE_FAILED: Execution.State
    STATE_CANCELLED: Execution.State
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    id: str
    workflow_id: str
    workflow_version: int
    state: Execution.State
    input: _struct_pb2.Struct
    output: _struct_pb2.Struct
    error: ExecutionError
    nodes: _containers.RepeatedCompositeFieldContainer[NodeRun]
    last_sequence: int
    etag: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., workflow_id: _Optional[str] = ..., workflow_version: _Optional[int] = ..., state: _Optional[_Union[Execution.State, str]] = ..., input: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., output: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., error: _Optional[_Union[ExecutionError, _Mapping]] = ..., nodes: _Optional[_Iterable[_Union[NodeRun, _Mapping]]] = ..., last_sequence: _Optional[int] = ..., etag: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class NodeRun(_message.Message):
    __slots__ = ("node_id", "state", "output", "error", "start_time", "end_time")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[NodeRun.State]
        STATE_PENDING: _ClassVar[NodeRun.State]
        STATE_RUNNING: _ClassVar[NodeRun.State]
        STATE_SUCCEEDED: _ClassVar[NodeRun.State]
        STATE_FAILED: _ClassVar[NodeRun.State]
        STATE_SKIPPED: _ClassVar[NodeRun.State]
        STATE_CANCELLED: _ClassVar[NodeRun.State]
    STATE_UNSPECIFIED: NodeRun.State
    STATE_PENDING: NodeRun.State
    STATE_RUNNING: NodeRun.State
    STATE_SUCCEEDED: NodeRun.State
    STATE_FAILED: NodeRun.State
    STATE_SKIPPED: NodeRun.State
    STATE_CANCELLED: NodeRun.State
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    state: NodeRun.State
    output: _struct_pb2.Value
    error: ExecutionError
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, node_id: _Optional[str] = ..., state: _Optional[_Union[NodeRun.State, str]] = ..., output: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., error: _Optional[_Union[ExecutionError, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExecutionError(_message.Message):
    __slots__ = ("reason", "message", "node_id")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    reason: str
    message: str
    node_id: str
    def __init__(self, reason: _Optional[str] = ..., message: _Optional[str] = ..., node_id: _Optional[str] = ...) -> None: ...

class ExecutionEvent(_message.Message):
    __slots__ = ("sequence", "type", "execution_id", "node_id", "time", "output", "error")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TYPE_UNSPECIFIED: _ClassVar[ExecutionEvent.Type]
        TYPE_CREATED: _ClassVar[ExecutionEvent.Type]
        TYPE_STARTED: _ClassVar[ExecutionEvent.Type]
        TYPE_NODE_STARTED: _ClassVar[ExecutionEvent.Type]
        TYPE_NODE_SUCCEEDED: _ClassVar[ExecutionEvent.Type]
        TYPE_NODE_FAILED: _ClassVar[ExecutionEvent.Type]
        TYPE_NODE_SKIPPED: _ClassVar[ExecutionEvent.Type]
        TYPE_SUCCEEDED: _ClassVar[ExecutionEvent.Type]
        TYPE_FAILED: _ClassVar[ExecutionEvent.Type]
        TYPE_CANCELLED: _ClassVar[ExecutionEvent.Type]
    TYPE_UNSPECIFIED: ExecutionEvent.Type
    TYPE_CREATED: ExecutionEvent.Type
    TYPE_STARTED: ExecutionEvent.Type
    TYPE_NODE_STARTED: ExecutionEvent.Type
    TYPE_NODE_SUCCEEDED: ExecutionEvent.Type
    TYPE_NODE_FAILED: ExecutionEvent.Type
    TYPE_NODE_SKIPPED: ExecutionEvent.Type
    TYPE_SUCCEEDED: ExecutionEvent.Type
    TYPE_FAILED: ExecutionEvent.Type
    TYPE_CANCELLED: ExecutionEvent.Type
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    type: ExecutionEvent.Type
    execution_id: str
    node_id: str
    time: _timestamp_pb2.Timestamp
    output: _struct_pb2.Value
    error: ExecutionError
    def __init__(self, sequence: _Optional[int] = ..., type: _Optional[_Union[ExecutionEvent.Type, str]] = ..., execution_id: _Optional[str] = ..., node_id: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., output: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., error: _Optional[_Union[ExecutionError, _Mapping]] = ...) -> None: ...

class ListExecutionsRequest(_message.Message):
    __slots__ = ("workflow_id", "page_size", "page_token", "filter", "order_by")
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    page_size: int
    page_token: str
    filter: str
    order_by: str
    def __init__(self, workflow_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[str] = ..., order_by: _Optional[str] = ...) -> None: ...

class ListExecutionsResponse(_message.Message):
    __slots__ = ("executions", "next_page_token")
    EXECUTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    executions: _containers.RepeatedCompositeFieldContainer[Execution]
    next_page_token: str
    def __init__(self, executions: _Optional[_Iterable[_Union[Execution, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetExecutionRequest(_message.Message):
    __slots__ = ("execution_id",)
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    def __init__(self, execution_id: _Optional[str] = ...) -> None: ...

class CancelExecutionRequest(_message.Message):
    __slots__ = ("execution_id", "reason")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    reason: str
    def __init__(self, execution_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class WatchExecutionRequest(_message.Message):
    __slots__ = ("execution_id", "after_sequence")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    after_sequence: int
    def __init__(self, execution_id: _Optional[str] = ..., after_sequence: _Optional[int] = ...) -> None: ...

class OpenConsoleRequest(_message.Message):
    __slots__ = ("execution_id", "command", "after_sequence")
    class Command(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        COMMAND_UNSPECIFIED: _ClassVar[OpenConsoleRequest.Command]
        COMMAND_STATUS: _ClassVar[OpenConsoleRequest.Command]
        COMMAND_WATCH: _ClassVar[OpenConsoleRequest.Command]
        COMMAND_CANCEL: _ClassVar[OpenConsoleRequest.Command]
    COMMAND_UNSPECIFIED: OpenConsoleRequest.Command
    COMMAND_STATUS: OpenConsoleRequest.Command
    COMMAND_WATCH: OpenConsoleRequest.Command
    COMMAND_CANCEL: OpenConsoleRequest.Command
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    command: OpenConsoleRequest.Command
    after_sequence: int
    def __init__(self, execution_id: _Optional[str] = ..., command: _Optional[_Union[OpenConsoleRequest.Command, str]] = ..., after_sequence: _Optional[int] = ...) -> None: ...

class OpenConsoleResponse(_message.Message):
    __slots__ = ("command", "execution", "event", "error")
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    command: OpenConsoleRequest.Command
    execution: Execution
    event: ExecutionEvent
    error: ExecutionError
    def __init__(self, command: _Optional[_Union[OpenConsoleRequest.Command, str]] = ..., execution: _Optional[_Union[Execution, _Mapping]] = ..., event: _Optional[_Union[ExecutionEvent, _Mapping]] = ..., error: _Optional[_Union[ExecutionError, _Mapping]] = ...) -> None: ...
