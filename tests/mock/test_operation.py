"""Operations that nobody scripted."""

from __future__ import annotations

from typing import Any, Final

import pytest
from google.longrunning import operations_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from transom_runtime.mock.operation import complete

_TYPES: Final = {"Near": "Item", "Far": "google.protobuf.Duration", "Nowhere": "mock.operations.Gone", "Silent": ""}


def _shop() -> ServiceDescriptor:
    """A service with a method for each way to name a type. In the pool that everything imported is in."""
    file = descriptor_pb2.FileDescriptorProto(name="mock_operations.proto", package="mock.operations", syntax="proto3")
    file.dependency.append(operations_pb2.DESCRIPTOR.name)
    item = file.message_type.add(name="Item")
    item.field.add(name="title", number=1, type=descriptor_pb2.FieldDescriptorProto.TYPE_STRING)
    service = file.service.add(name="Shop")
    for name, response_type in _TYPES.items():
        method = service.method.add(
            name=name, input_type=".mock.operations.Item", output_type=".google.longrunning.Operation"
        )
        info: Any = method.options.Extensions[operations_pb2.operation_info]
        info.response_type, info.metadata_type = response_type, "Item"
    pool: Any = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    found: ServiceDescriptor = pool.FindServiceByName("mock.operations.Shop")
    return found


SHOP: Final = _shop()


def _completed(name: str) -> Any:
    request = GetMessageClass(SHOP.methods_by_name[name].input_type)(title="Dune")
    operation = operations_pb2.Operation(name="operations/1", done=True)
    complete(operation, SHOP.methods_by_name[name], request)
    return operation


def test_the_declared_response() -> None:
    """An operation has a made-up response of the declared type, with what the request says of it, and metadata."""
    item: Any = GetMessageClass(SHOP.methods_by_name["Near"].input_type)()
    operation = _completed("Near")
    assert operation.response.Unpack(item)
    assert item.title == "Dune"
    assert operation.metadata.Is(item.DESCRIPTOR)


def test_a_type_of_another_package() -> None:
    """A type of another package is declared by its full name."""
    assert _completed("Far").response.Is(duration_pb2.Duration.DESCRIPTOR)


@pytest.mark.parametrize("name", ["Nowhere", "Silent"])
def test_nothing_to_answer_with(name: str) -> None:
    """A type that nobody has, or that is not declared, leaves the operation without a response."""
    assert not _completed(name).HasField("response")


def test_other_messages_stay() -> None:
    """What is no operation stays as it is."""
    method = SHOP.methods_by_name["Near"]
    item = GetMessageClass(method.input_type)(title="Dune")
    complete(item, method, item)
    assert item == type(item)(title="Dune")
