"""google-cloud-* clients: which there are, what they can call, and how they are pointed at a gateway or at a mock."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, get_args

import grpc
from google.api_core import client_options, operation
from google.auth.credentials import AnonymousCredentials
from google.cloud.location import locations_pb2
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.longrunning import operations_pb2
from google.protobuf.message import Message

from clients.messages import Maker
from clients.rules import Method
from clients.transcoding import carry, choose

MODULES: Final = (
    "google.cloud.dialogflowcx_v3",
    "google.cloud.dialogflowcx_v3beta1",
    "google.cloud.kms_v1",
    "google.cloud.tasks_v2",
    "google.cloud.tasks_v2beta2",
    "google.cloud.tasks_v2beta3",
    "google.cloud.workflows_v1",
    "google.cloud.workflows_v1beta",
)
WITHOUT_REST: Final = ("google.cloud.workflows.executions_v1", "google.cloud.workflows.executions_v1beta")
"""Modules of the same distributions whose clients speak gRPC only."""
FOLDERS: Final = tuple(f"google/cloud/{name}/" for name in ("dialogflow", "kms", "tasks", "workflows"))
"""The public protos of these services."""

_LOCATION: Final = "projects/p 1/locations/ü+%2F"
_OPERATION: Final = f"{_LOCATION}/operations/o:1"
_RING: Final = f"{_LOCATION}/keyRings/k#1"
_POLICY: Final = policy_pb2.Policy(version=3, bindings=[policy_pb2.Binding(role="r", members=["user:a@example.com"])])
_MIXINS: Final[dict[str, tuple[str, Message]]] = {
    "get_location": ("google.cloud.location.Locations", locations_pb2.GetLocationRequest(name=_LOCATION)),
    "list_locations": (
        "google.cloud.location.Locations",
        locations_pb2.ListLocationsRequest(name="projects/p 1", filter="a=b&c", page_size=2),
    ),
    "get_iam_policy": (
        "google.iam.v1.IAMPolicy",
        iam_policy_pb2.GetIamPolicyRequest(resource=_RING, options={"requested_policy_version": 3}),
    ),
    "set_iam_policy": (
        "google.iam.v1.IAMPolicy",
        iam_policy_pb2.SetIamPolicyRequest(resource=_RING, policy=_POLICY, update_mask={"paths": ["bindings"]}),
    ),
    "test_iam_permissions": (
        "google.iam.v1.IAMPolicy",
        iam_policy_pb2.TestIamPermissionsRequest(resource=_RING, permissions=["a.b", "c:d"]),
    ),
    "get_operation": ("google.longrunning.Operations", operations_pb2.GetOperationRequest(name=_OPERATION)),
    "list_operations": (
        "google.longrunning.Operations",
        operations_pb2.ListOperationsRequest(name=_LOCATION, filter="done:true", page_size=3),
    ),
    "cancel_operation": ("google.longrunning.Operations", operations_pb2.CancelOperationRequest(name=_OPERATION)),
    "delete_operation": ("google.longrunning.Operations", operations_pb2.DeleteOperationRequest(name=_OPERATION)),
}


class Nobody(AnonymousCredentials):  # type: ignore[misc]  # google-auth is not there where types are checked
    """No credentials. A 401 makes google-auth ask for new ones, which the original answers by raising."""

    def refresh(self, request: Any) -> None:
        """There is nothing to be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientClass:
    """One client that has a REST transport."""

    module: str
    name: str
    service: str
    """The full name of its service."""
    rpcs: dict[str, str]
    """The service's own methods, as the client calls them, with their gRPC paths."""

    @property
    def type(self) -> Any:
        return getattr(importlib.import_module(self.module), self.name)

    @property
    def mixins(self) -> list[str]:
        """The client's methods of services that are mixed in."""
        return [name for name in _MIXINS if name not in self.rpcs and hasattr(self.type, name)]

    def over_rest(self, address: str) -> Any:
        """The client, speaking REST to a gateway."""
        options = client_options.ClientOptions(api_endpoint=address)
        return self.type(transport="rest", credentials=Nobody(), client_options=options)

    def over_grpc(self, channel: grpc.Channel) -> Any:
        """The client, speaking gRPC to whatever the channel leads to."""
        return self.type(transport=self.type.get_transport_class("grpc")(channel=channel))


def find_clients() -> list[ClientClass]:
    """All clients of the modules, as their own metadata lists them."""
    return [client for module in MODULES for client in _clients_of(module)]


def _clients_of(module: str) -> Iterator[ClientClass]:
    metadata = json.loads(files(module).joinpath("gapic_metadata.json").read_text("utf-8"))
    for name, service in metadata["services"].items():
        rest = service["clients"]["rest"]
        full_name = f"{metadata['protoPackage']}.{name}"
        rpcs = {told["methods"][0]: f"/{full_name}/{rpc}" for rpc, told in rest["rpcs"].items()}
        yield ClientClass(module=module, name=rest["libraryClient"], service=full_name, rpcs=rpcs)


def request_of(client: ClientClass, name: str, methods: dict[str, Method]) -> tuple[str, Any]:
    """The gRPC path of a client's method, and a request that its HTTP rule can carry."""
    if name not in client.rpcs:
        service, message = _MIXINS[name]
        return f"/{service}/{''.join(map(str.capitalize, name.split('_')))}", message
    rpc = client.rpcs[name]
    method = methods[rpc]
    message = Maker(rpc).request(method, method.rules[0])
    carry(message, choose(method.rules, message))
    return rpc, _own(getattr(client.type, name), message)


def _own(call: Any, message: Message) -> Any:
    """The message in the client's own type, less what the client is too old to know."""
    annotation = inspect.signature(call).parameters["request"].annotation
    own = next(type_ for union in get_args(annotation) for type_ in (union, *get_args(union)) if _is_message(type_))
    made = (
        own.deserialize(message.SerializeToString())
        if hasattr(own, "pb")
        else own.FromString(message.SerializeToString())
    )
    getattr(made, "_pb", made).DiscardUnknownFields()
    return made


def _is_message(type_: Any) -> bool:
    return hasattr(type_, "pb") or (isinstance(type_, type) and issubclass(type_, Message))


def wire_of(message: Any) -> bytes:
    """The bytes of a client's message, always the same for the same message."""
    return bytes(getattr(message, "_pb", message).SerializeToString(deterministic=True))


def results_of(answer: Any) -> list[bytes]:
    """What a client got, as bytes: a message, each item of the pages of a list, each message of a stream, or what a
    long-running operation came to.
    """
    if answer is None:
        return []
    if isinstance(answer, operation.Operation):
        # Not its bytes: what an Any holds may have maps, whose order is nobody's.
        told = f"{answer.operation.name} {answer.operation.done}".encode()
        return [told, *results_of(answer.metadata), *results_of(answer.result(timeout=10))]
    if isinstance(answer, Message) or hasattr(answer, "_pb"):
        return [wire_of(answer)]
    return [item.encode() if isinstance(item, str) else wire_of(item) for item in answer]
