"""The upstream as both hand-written gateways call it: the stubs of grpc.aio, by the generated messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import grpc
import orjson
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from workflow.v1.executions_pb2 import Execution, ExecutionEvent, WatchExecutionRequest
from workflow.v1.files_pb2 import DownloadFileRequest
from workflow.v1.workflows_pb2 import (
    CreateWorkflowRequest,
    ExecuteWorkflowRequest,
    GetWorkflowRequest,
    Workflow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """One channel, and the methods that are served."""

    get_workflow: Any
    create_workflow: Any
    execute_workflow: Any
    watch_execution: Any
    download_file: Any


def connect(channel: grpc.aio.Channel) -> Upstream:
    """What grpcio-tools would have generated as stubs."""
    service = "/workflow.v1"
    return Upstream(
        get_workflow=channel.unary_unary(
            f"{service}.WorkflowService/GetWorkflow", GetWorkflowRequest.SerializeToString, Workflow.FromString
        ),
        create_workflow=channel.unary_unary(
            f"{service}.WorkflowService/CreateWorkflow", CreateWorkflowRequest.SerializeToString, Workflow.FromString
        ),
        execute_workflow=channel.unary_unary(
            f"{service}.WorkflowService/ExecuteWorkflow", ExecuteWorkflowRequest.SerializeToString, Execution.FromString
        ),
        watch_execution=channel.unary_stream(
            f"{service}.ExecutionService/WatchExecution",
            WatchExecutionRequest.SerializeToString,
            ExecutionEvent.FromString,
        ),
        download_file=channel.unary_stream(
            f"{service}.FileService/DownloadFile", DownloadFileRequest.SerializeToString, HttpBody.FromString
        ),
    )


def as_json(message: Message) -> bytes:
    """A message as JSON: with orjson, as MessageToJson takes a third more."""
    return orjson.dumps(MessageToDict(message))
