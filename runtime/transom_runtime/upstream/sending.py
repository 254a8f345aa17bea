"""The sending half of an RPC whose requests are a stream: messages go out as they come in, one at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc

from transom_runtime.upstream.true_status import TrueStatus

if TYPE_CHECKING:
    from grpc.aio import StreamStreamCall, StreamUnaryCall

    from transom_runtime.extension import Messages


class Sending:
    """Sends the messages of one RPC, in a task of its own, so that an answer is seen while a message is waited for.

    Where the messages fail, the RPC is cancelled and `failure` says what they failed with: nothing half-done stays at
    the upstream. The next message is asked for when the last one is out, so a slow upstream slows whoever sends.
    """

    def __init__(
        self, rpc_call: StreamUnaryCall[bytes, bytes] | StreamStreamCall[bytes, bytes], messages: Messages
    ) -> None:
        self.failure: Exception | None = None
        """What the messages failed with."""
        self.status = TrueStatus(rpc_call)
        self._rpc_call = rpc_call
        self._messages = messages
        self._task = asyncio.create_task(self._send())

    def stop(self) -> None:
        """Send no more. Harmless when all is sent."""
        self._task.cancel()

    async def stopped(self) -> None:
        """Send no more, and wait until the messages are closed."""
        self._task.cancel()
        await asyncio.wait((self._task,))

    async def _send(self) -> None:
        try:
            async for message in self._messages:
                await self._rpc_call.write(message)
            await self._rpc_call.done_writing()
        except (grpc.aio.BaseError, asyncio.InvalidStateError):
            # The RPC has ended: whoever waits for its answer hears why.
            return
        except Exception as error:  # noqa: BLE001 -- raised again where the answer is waited for
            self.failure = error
            self._rpc_call.cancel()
        finally:
            await close_messages(self._messages)


async def close_messages(messages: Messages) -> None:
    """Let go of what messages are made from."""
    close = getattr(messages, "aclose", None)
    if close is not None:
        await close()
