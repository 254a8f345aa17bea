"""ExecutionService: shows, watches and cancels executions."""

from __future__ import annotations

from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Final

from workflow.v1 import executions_pb2 as pb
from workflow_engine.console import Console
from workflow_engine.listing.fields import Clause
from workflow_engine.listing.query import build_query
from workflow_engine.refusal import Violation, invalid
from workflow_engine.store.tables import EXECUTIONS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from workflow_engine.execution.executions import Executions
    from workflow_engine.store.database import Database

MAX_REASON: Final = 500


class ExecutionServicer:
    """Serves workflow.v1.ExecutionService."""

    def __init__(self, database: Database, executions: Executions) -> None:
        self._database = database
        self._executions = executions

    async def list_executions(self, request: pb.ListExecutionsRequest, caller: str) -> pb.ListExecutionsResponse:
        """A page of the executions of one of the caller's workflows."""
        query = build_query(request, EXECUTIONS.columns, Clause("workflow_id = ?", (request.workflow_id,)))
        executions, token = await self._database.run(partial(EXECUTIONS.page, owner=caller, query=query))
        return pb.ListExecutionsResponse(executions=executions, next_page_token=token)

    async def get_execution(self, request: pb.GetExecutionRequest, caller: str) -> pb.Execution:
        """One execution, as it is now."""
        return await self._executions.get(caller, request.execution_id)

    async def cancel_execution(self, request: pb.CancelExecutionRequest, caller: str) -> pb.Execution:
        """The execution, cancelled."""
        if len(request.reason) > MAX_REASON:
            description = f"is longer than {MAX_REASON} characters"
            raise invalid([Violation(field="reason", description=description)])
        return await self._executions.cancel(caller, request.execution_id, request.reason)

    async def watch_execution(
        self, request: pb.WatchExecutionRequest, caller: str
    ) -> AsyncGenerator[pb.ExecutionEvent, None]:
        """The events of an execution, those that happened first."""
        async with aclosing(self._executions.watch(caller, request.execution_id, request.after_sequence)) as events:
            async for event in events:
                yield event

    async def open_console(
        self, requests: AsyncIterator[pb.OpenConsoleRequest], caller: str
    ) -> AsyncGenerator[pb.OpenConsoleResponse, None]:
        """The answers to commands about one execution."""
        async with aclosing(Console(self._executions, caller).answer(requests)) as answers:
            async for answer in answers:
                yield answer
