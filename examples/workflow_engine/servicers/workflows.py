"""WorkflowService: keeps workflows and starts their executions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask

from workflow.v1 import workflows_pb2 as pb
from workflow_engine.field_mask import merge
from workflow_engine.graph.check import check_workflow
from workflow_engine.graph.json_value import as_json
from workflow_engine.listing.query import build_query
from workflow_engine.refusal import Violation, invalid
from workflow_engine.stamp import new_id, now
from workflow_engine.store.tables import WORKFLOWS

if TYPE_CHECKING:
    from workflow.v1.executions_pb2 import Execution
    from workflow_engine.execution.executions import Executions
    from workflow_engine.store.database import Database

EVERYTHING: Final = FieldMask(paths=["*"])
MAX_REQUEST_ID: Final = 100


class WorkflowServicer:
    """Serves workflow.v1.WorkflowService."""

    def __init__(self, database: Database, executions: Executions) -> None:
        self._database = database
        self._executions = executions

    async def list_workflows(self, request: pb.ListWorkflowsRequest, caller: str) -> pb.ListWorkflowsResponse:
        """A page of the caller's workflows."""
        query = build_query(request, WORKFLOWS.columns)
        workflows, token = await self._database.run(partial(WORKFLOWS.page, owner=caller, query=query))
        return pb.ListWorkflowsResponse(workflows=workflows, next_page_token=token)

    async def create_workflow(self, request: pb.CreateWorkflowRequest, caller: str) -> pb.Workflow:
        """A new workflow."""
        time = now()
        workflow = pb.Workflow(id=new_id("wf"), version=1, create_time=time, update_time=time)
        merge(request.workflow, workflow, EVERYTHING)
        _check(workflow)
        await self._database.run(partial(WORKFLOWS.insert, owner=caller, resource=workflow))
        return workflow

    async def get_workflow(self, request: pb.GetWorkflowRequest, caller: str) -> pb.Workflow:
        """One workflow."""
        return await self._database.run(partial(WORKFLOWS.get, owner=caller, resource_id=request.workflow_id))

    async def replace_workflow(self, request: pb.ReplaceWorkflowRequest, caller: str) -> pb.Workflow:
        """The workflow, changed in all that a caller may write."""
        return await self._edit(caller, request.workflow_id, request.workflow, EVERYTHING)

    async def update_workflow(self, request: pb.UpdateWorkflowRequest, caller: str) -> pb.Workflow:
        """The workflow, changed in what the mask names."""
        return await self._edit(caller, request.workflow_id, request.workflow, request.update_mask)

    async def delete_workflow(self, request: pb.DeleteWorkflowRequest, caller: str) -> Empty:
        """Nothing: the workflow is gone."""
        work = partial(WORKFLOWS.remove, owner=caller, resource_id=request.workflow_id, etag=request.etag)
        await self._database.run(work)
        return Empty()

    async def execute_workflow(self, request: pb.ExecuteWorkflowRequest, caller: str) -> Execution:
        """The execution that was started, or that the same request started before."""
        _check_input(request)
        return await self._executions.start(caller, request.workflow_id, request.input, request.request_id)

    async def _edit(self, caller: str, workflow_id: str, source: pb.Workflow, mask: FieldMask) -> pb.Workflow:
        def change(workflow: pb.Workflow) -> None:
            merge(source, workflow, mask)
            _check(workflow)
            workflow.version += 1
            workflow.update_time.CopyFrom(now())

        return await self._database.run(
            partial(WORKFLOWS.edit, owner=caller, resource_id=workflow_id, etag=source.etag, change=change)
        )


def _check_input(request: pb.ExecuteWorkflowRequest) -> None:
    violations = []
    if len(request.request_id) > MAX_REQUEST_ID:
        violations.append(Violation(field="request_id", description=f"is longer than {MAX_REQUEST_ID} characters"))
    try:
        as_json(request.input)
    except ValueError as error:
        violations.append(Violation(field="input", description=str(error)))
    if violations:
        raise invalid(violations)


def _check(workflow: pb.Workflow) -> None:
    violations = check_workflow(workflow)
    if violations:
        raise invalid(violations)
