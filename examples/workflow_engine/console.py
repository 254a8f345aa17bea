"""The console of one execution: commands in, answers and events out, side by side."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from workflow.v1.executions_pb2 import ExecutionError, OpenConsoleRequest, OpenConsoleResponse
from workflow_engine.refusal import Refusal, Violation, invalid

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from workflow_engine.execution.executions import Executions


class Console:
    """One open console. It ends when the caller has sent the last command and the watching, if any, is over."""

    def __init__(self, executions: Executions, caller: str) -> None:
        self._executions = executions
        self._caller = caller
        # One answer waits at most: a slow reader slows the reading of events, and nothing piles up.
        self._answers: asyncio.Queue[OpenConsoleResponse | Exception | None] = asyncio.Queue(maxsize=1)
        self._watching: asyncio.Task[None] | None = None

    async def answer(self, requests: AsyncIterator[OpenConsoleRequest]) -> AsyncGenerator[OpenConsoleResponse, None]:
        """The answers to the commands. Raises Refusal where the console cannot be opened at all."""
        commanding = asyncio.create_task(self._run(requests))
        try:
            while (answer := await self._answers.get()) is not None:
                if isinstance(answer, Exception):
                    raise answer
                yield answer
        finally:
            await _stop(commanding)
            await _stop(self._watching)

    async def _run(self, requests: AsyncIterator[OpenConsoleRequest]) -> None:
        try:
            await self._obey(requests)
        except Exception as error:  # noqa: BLE001 -- raised again where the answers are read
            await self._answers.put(error)
        else:
            await self._answers.put(None)

    async def _obey(self, requests: AsyncIterator[OpenConsoleRequest]) -> None:
        execution_id = ""
        async for request in requests:
            execution_id = execution_id or await self._opened(request)
            await self._dispatch(execution_id, request)
        if self._watching is not None:
            await self._watching

    async def _opened(self, request: OpenConsoleRequest) -> str:
        if not request.execution_id:
            raise invalid([Violation(field="execution_id", description="is missing in the first message")])
        return (await self._executions.get(self._caller, request.execution_id)).id

    async def _dispatch(self, execution_id: str, request: OpenConsoleRequest) -> None:
        try:
            if request.execution_id not in {"", execution_id}:
                raise invalid([Violation(field="execution_id", description="is not that of the first message")])
            await self._carry_out(execution_id, request)
        except Refusal as refusal:
            await self._answers.put(_refused(request.command, refusal))

    async def _carry_out(self, execution_id: str, request: OpenConsoleRequest) -> None:
        match request.command:
            case OpenConsoleRequest.COMMAND_UNSPECIFIED:
                return
            case OpenConsoleRequest.COMMAND_STATUS:
                execution = await self._executions.get(self._caller, execution_id)
            case OpenConsoleRequest.COMMAND_CANCEL:
                execution = await self._executions.cancel(self._caller, execution_id, "cancelled from a console")
            case OpenConsoleRequest.COMMAND_WATCH:
                await _stop(self._watching)
                self._watching = asyncio.create_task(self._watch(execution_id, request.after_sequence))
                return
            case unknown:
                raise invalid([Violation(field="command", description=f"is unknown: {unknown}")])
        await self._answers.put(OpenConsoleResponse(command=request.command, execution=execution))

    async def _watch(self, execution_id: str, after: int) -> None:
        try:
            async with aclosing(self._executions.watch(self._caller, execution_id, after)) as events:
                async for event in events:
                    answer = OpenConsoleResponse(command=OpenConsoleRequest.COMMAND_WATCH, event=event)
                    await self._answers.put(answer)
        except Refusal as refusal:
            await self._answers.put(_refused(OpenConsoleRequest.COMMAND_WATCH, refusal))


def _refused(command: OpenConsoleRequest.Command.ValueType, refusal: Refusal) -> OpenConsoleResponse:
    error = ExecutionError(reason=refusal.reason, message=refusal.message)
    return OpenConsoleResponse(command=command, error=error)


async def _stop(task: asyncio.Task[None] | None) -> None:
    """Cancel a task and wait until it is over; what it raised is of no more interest."""
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
