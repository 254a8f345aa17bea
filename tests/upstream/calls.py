"""Bindings and calls for tests of the far side."""

from __future__ import annotations

from google.protobuf.wrappers_pb2 import StringValue
from multidict import CIMultiDict, CIMultiDictProxy

from transom_runtime.binding import Auth, Binding, Policy, Retry, StreamKind
from transom_runtime.call import NO_DEADLINE, Call, Deadline, RequestHead


def binding(
    method: str = "Echo",
    *,
    stream: StreamKind = StreamKind.UNARY,
    attempts: int | None = None,
    timeout_s: float | None = None,
    forward: bool = False,
) -> Binding:
    """The binding of a method of the test service `t.T`."""
    return Binding(
        id=f"t.T.{method}",
        method="POST",
        template=f"/v1/{method}",
        path=(f"/v1/{method}",),
        rpc=f"/t.T/{method}",
        stream=stream,
        request=StringValue,
        response=StringValue,
        policy=Policy(
            auth=Auth(forward=forward),
            timeout_s=timeout_s,
            retry=None if attempts is None else Retry(attempts=attempts),
        ),
    )


def call(
    of: Binding | None = None, headers: tuple[tuple[str, str], ...] = (), *, deadline: Deadline = NO_DEADLINE
) -> Call:
    """A call of a binding, as it looks when its policies have passed."""
    head = RequestHead(
        method="POST",
        raw_path="/v1/x",
        raw_query="",
        headers=CIMultiDictProxy(CIMultiDict(headers)),
        address="192.0.2.1",
    )
    return Call(binding=of or binding(), head=head, request_id="r-1", deadline=deadline)


def wire(text: str) -> bytes:
    """A StringValue, serialized."""
    return StringValue(value=text).SerializeToString()


def text(message: bytes) -> str:
    """What `wire` was made of."""
    return StringValue.FromString(message).value
