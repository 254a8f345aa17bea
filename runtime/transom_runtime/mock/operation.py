"""Long-running operations: a mock's are done at once, with a made-up answer of the type that the method declares."""

from __future__ import annotations

from functools import cache
from typing import Final, cast

from google.longrunning import operations_pb2
from google.protobuf.descriptor import MethodDescriptor
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
        new = _find(name, method) if name else None
        if new is not None:
            answer = new()
            fill(answer, request)
            target.Pack(answer)


@cache
def _find(name: str, method: MethodDescriptor) -> type[Message] | None:
    """A type by its full name, or by its name in the method's package; None where nobody has it.

    Once for each name that a method declares: protobuf drops a class that nobody holds, and makes it anew.
    """
    file = method.containing_service.file
    for full_name in (f"{file.package}.{name}", name):
        try:
            return GetMessageClass(file.pool.FindMessageTypeByName(full_name))
        except KeyError:
            continue
    return None
