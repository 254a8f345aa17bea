"""WorkflowService, over a real channel."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from engine.caller import Caller
from engine.graphs import graph, text
from workflow.v1 import workflows_pb2 as pb

SERVICE = "WorkflowService"


async def create(caller: Caller, name: str = "graph", **fields: object) -> pb.Workflow:
    request = pb.CreateWorkflowRequest(workflow=graph({"a": text(), "b": text()}, "a -> b", name=name, **fields))
    created = await caller.call("WorkflowService.CreateWorkflow", request)
    assert isinstance(created, pb.Workflow)
    return created


async def names(caller: Caller, **asked: object) -> tuple[list[str], str]:
    page = await caller.call("WorkflowService.ListWorkflows", pb.ListWorkflowsRequest(**asked))  # type: ignore[arg-type] # fields by name
    return [workflow.name for workflow in page.workflows], page.next_page_token


async def test_create_and_get(ada: Caller) -> None:
    """What was created can be read, with what the engine added and without what only the engine writes."""
    created = await create(ada, id="mine", version=7)
    assert created.id.startswith("wf-")
    assert created.version == 1
    assert created.etag
    assert created.create_time == created.update_time
    assert await ada.call("WorkflowService.GetWorkflow", pb.GetWorkflowRequest(workflow_id=created.id)) == created


async def test_create_refused(ada: Caller) -> None:
    """All faults of a graph come back with their field paths, in the details of the status."""
    request = pb.CreateWorkflowRequest(workflow=graph({"a": text()}, "a -> b", "a -> a"))
    refused = await ada.refusal("WorkflowService.CreateWorkflow", request)
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.inner_code == 3
    assert refused.reason == "INVALID_REQUEST"
    assert refused.violations == {
        "workflow.connections[0].to_node": "names no node of the workflow: 'b'",
        "workflow.connections": "lead in a circle over 'a'",
    }
    assert await names(ada) == ([], "")


async def test_not_a_number(ada: Caller) -> None:
    """Numbers that JSON cannot carry are refused, though the binary form can carry them."""
    workflow = graph({"a": text()})
    workflow.nodes[0].parameters["output"] = float("nan")
    refused = await ada.refusal("WorkflowService.CreateWorkflow", pb.CreateWorkflowRequest(workflow=workflow))
    assert list(refused.violations) == ["workflow.nodes[0].parameters"]
    created = await create(ada)
    execute = pb.ExecuteWorkflowRequest(workflow_id=created.id)
    execute.input["x"] = float("inf")
    assert list((await ada.refusal("WorkflowService.ExecuteWorkflow", execute)).violations) == ["input"]


@pytest.mark.parametrize(
    ("method", "request_class"),
    [
        ("GetWorkflow", pb.GetWorkflowRequest),
        ("ReplaceWorkflow", pb.ReplaceWorkflowRequest),
        ("UpdateWorkflow", pb.UpdateWorkflowRequest),
        ("DeleteWorkflow", pb.DeleteWorkflowRequest),
        ("ExecuteWorkflow", pb.ExecuteWorkflowRequest),
    ],
)
async def test_isolation(ada: Caller, bob: Caller, method: str, request_class: type) -> None:
    """Another user's workflow is as little there as one that never was."""
    created = await create(ada)
    for workflow_id in (created.id, "wf-never"):
        refused = await bob.refusal(f"{SERVICE}.{method}", request_class(workflow_id=workflow_id))
        assert refused.code is grpc.StatusCode.NOT_FOUND
        assert refused.message == f"no workflow {workflow_id!r}"
        assert refused.reason == "WORKFLOW_NOT_FOUND"
    assert await names(bob) == ([], "")
    assert await names(ada) == (["graph"], "")


async def test_key_is_not_user(ada: Caller, channel: grpc.aio.Channel) -> None:
    """An API key that is called like a user does not reach that user's workflows."""
    await create(ada)
    key = Caller(channel, (("x-principal-id", "ada"), ("x-principal-kind", "api_key")))
    assert await names(key) == ([], "")


async def test_kind_defaults_to_user(ada: Caller, channel: grpc.aio.Channel) -> None:
    """A caller without a kind is a user."""
    await create(ada)
    assert await names(Caller(channel, (("x-principal-id", "ada"),))) == (["graph"], "")


@pytest.mark.parametrize("metadata", [(), (("x-principal-id", ""),), (("x-principal-kind", "user"),)])
async def test_unauthenticated(channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...]) -> None:
    """Who is nobody is refused, in unary calls and in streams."""
    nobody = Caller(channel, metadata)
    refused = await nobody.refusal("WorkflowService.ListWorkflows", pb.ListWorkflowsRequest())
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAUTHENTICATED, "PRINCIPAL_MISSING")


async def test_replace(ada: Caller) -> None:
    """Replacing clears what the request leaves out, and counts as a version."""
    created = await create(ada, description="old")
    request = pb.ReplaceWorkflowRequest(workflow_id=created.id, workflow=pb.Workflow(name="new", etag=created.etag))
    replaced = await ada.call("WorkflowService.ReplaceWorkflow", request)
    assert (replaced.name, replaced.description, len(replaced.nodes)) == ("new", "", 0)
    assert (replaced.id, replaced.version, replaced.create_time) == (created.id, 2, created.create_time)
    assert replaced.etag != created.etag


async def test_update(ada: Caller) -> None:
    """A mask names what changes; what it names and the body lacks is cleared; the engine's own fields stay."""
    created = await create(ada, description="old", settings=pb.WorkflowSettings(max_parallel_nodes=3))
    changes = pb.Workflow(name="new", version=9, settings=pb.WorkflowSettings(timeout=Duration(seconds=5)))
    mask = FieldMask(paths=["name", "description", "version", "etag", "create_time", "settings.timeout"])
    request = pb.UpdateWorkflowRequest(workflow_id=created.id, workflow=changes, update_mask=mask)
    updated = await ada.call("WorkflowService.UpdateWorkflow", request)
    assert (updated.name, updated.description, updated.version) == ("new", "", 2)
    assert (updated.settings.timeout.seconds, updated.settings.max_parallel_nodes) == (5, 3)
    assert updated.nodes == created.nodes
    assert updated.create_time == created.create_time


async def test_update_without_mask(ada: Caller) -> None:
    """Without a mask, what the request holds changes and nothing else."""
    created = await create(ada, description="old")
    request = pb.UpdateWorkflowRequest(workflow_id=created.id, workflow=pb.Workflow(name="new"))
    updated = await ada.call("WorkflowService.UpdateWorkflow", request)
    assert (updated.name, updated.description, len(updated.nodes)) == ("new", "old", 2)


@pytest.mark.parametrize("path", ["nme", "settings.timeot", "nodes.id", "name.x", ""])
async def test_unknown_mask(ada: Caller, path: str) -> None:
    """A mask that names no field is refused and changes nothing."""
    created = await create(ada)
    request = pb.UpdateWorkflowRequest(workflow_id=created.id, update_mask=FieldMask(paths=["name", path]))
    assert list((await ada.refusal("WorkflowService.UpdateWorkflow", request)).violations) == ["update_mask"]
    assert await names(ada) == (["graph"], "")


async def test_update_is_checked(ada: Caller) -> None:
    """A change that would break the graph is refused."""
    created = await create(ada)
    request = pb.UpdateWorkflowRequest(workflow_id=created.id, update_mask=FieldMask(paths=["nodes"]))
    refused = await ada.refusal("WorkflowService.UpdateWorkflow", request)
    assert set(refused.violations) == {"workflow.connections[0].from_node", "workflow.connections[0].to_node"}


async def test_stale_etag(ada: Caller) -> None:
    """A change to a version that is no longer the current one is refused, in every kind of change."""
    created = await create(ada)
    again = pb.Workflow(name="again", etag=created.etag)
    await ada.call("WorkflowService.UpdateWorkflow", pb.UpdateWorkflowRequest(workflow_id=created.id, workflow=again))
    for method, request in (
        ("UpdateWorkflow", pb.UpdateWorkflowRequest(workflow_id=created.id, workflow=again)),
        ("ReplaceWorkflow", pb.ReplaceWorkflowRequest(workflow_id=created.id, workflow=again)),
        ("DeleteWorkflow", pb.DeleteWorkflowRequest(workflow_id=created.id, etag=created.etag)),
    ):
        refused = await ada.refusal(f"{SERVICE}.{method}", request)
        assert (refused.code, refused.reason) == (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")


async def test_delete(ada: Caller) -> None:
    """What was deleted is gone."""
    created = await create(ada)
    await ada.call(
        "WorkflowService.DeleteWorkflow", pb.DeleteWorkflowRequest(workflow_id=created.id, etag=created.etag)
    )
    refused = await ada.refusal("WorkflowService.DeleteWorkflow", pb.DeleteWorkflowRequest(workflow_id=created.id))
    assert refused.code is grpc.StatusCode.NOT_FOUND


async def test_pages(ada: Caller) -> None:
    """Pages come newest first, hold each workflow once, and are not shifted by what is created meanwhile."""
    for number in range(5):
        await create(ada, f"w{number}")
    first, token = await names(ada, page_size=2)
    await create(ada, "late")
    second, token = await names(ada, page_size=2, page_token=token)
    third, end = await names(ada, page_size=2, page_token=token)
    assert [first, second, third, end] == [["w4", "w3"], ["w2", "w1"], ["w0"], ""]


async def test_filter_and_order(ada: Caller) -> None:
    """Lists can be filtered and ordered."""
    for name in ("beta one", "alpha", "beta two"):
        await create(ada, name)
    assert await names(ada, filter='name = "beta*"', order_by="name desc") == (["beta two", "beta one"], "")
    assert await names(ada, filter='name:"a o" OR name = alpha', order_by="name") == (["alpha", "beta one"], "")
    assert await names(ada, filter='create_time > "2999-01-01T00:00:00Z"') == ([], "")
    assert await names(ada, filter="NOT version > 1 AND name != alpha", order_by="version,name") == (
        ["beta one", "beta two"],
        "",
    )


async def test_bad_list(ada: Caller) -> None:
    """A list request is refused with all that is wrong with it."""
    request = pb.ListWorkflowsRequest(filter="owner = bob", order_by="owner", page_token="x")
    refused = await ada.refusal("WorkflowService.ListWorkflows", request)
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert set(refused.violations) == {"filter", "order_by", "page_token"}
