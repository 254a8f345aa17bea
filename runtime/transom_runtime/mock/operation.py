"""Long-running operations: a mock's are done at once, with a made-up answer of the type that the method declares."""

from __future__ import annotations

from typing import Final, cast

from google.longrunning import operations_pb2
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from transom_runtime.mock.plausible import fill

_OPERATION: Final = "google.longrunning.Operation"


def complete(message: Message, method: MethodDescriptor, request: Message) -> None:
    """Give an operation the response and metadata of its method's `google.longrunning.operation_info`.

    Any other message, and an operation of a method that declares nothing, stays as it is.
    """
    if message.DESCRIPTOR.full_name != _OPERATION:
        return
    operation = cast("operations_pb2.Operation", message)
    info = method.GetOptions().Extensions[operations_pb2.operation_info]
    for target, name in ((operation.response, info.response_type), (operation.metadata, info.metadata_type)):
        found = _find(name, method) if name else None
        if found is not None:
            answer = GetMessageClass(found)()
            fill(answer, request)
            target.Pack(answer)


def _find(name: str, method: MethodDescriptor) -> Descriptor | None:
    """A type by its full name, or by its name in the method's package; None where nobody has it."""
    file = method.containing_service.file
    for full_name in (f"{file.package}.{name}", name):
        try:
            return file.pool.FindMessageTypeByName(full_name)
        except KeyError:
            continue
    return None
