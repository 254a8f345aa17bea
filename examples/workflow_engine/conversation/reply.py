"""Answers to messages, from the workflows and executions of the caller."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from workflow.v1.executions_pb2 import Execution, ExecutionEvent
from workflow.v1.workflows_pb2 import ListWorkflowsRequest, Workflow
from workflow_engine.conversation.command import Command, Verb
from workflow_engine.execution.event import LAST_EVENTS
from workflow_engine.graph.json_value import as_json
from workflow_engine.graph.template import as_text
from workflow_engine.listing.query import MAX_PAGE_SIZE, build_query
from workflow_engine.refusal import Refusal
from workflow_engine.store.tables import EXECUTIONS, WORKFLOWS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncGenerator

    from workflow.v1.sessions_pb2 import Session
    from workflow_engine.execution.executions import Executions
    from workflow_engine.store.database import Database

HELP: Final = (
    "I know these commands: list workflows; describe <workflow>; run <workflow>; status <execution>; "
    "cancel <execution>; help."
)
_HAPPENED: Final = {
    ExecutionEvent.TYPE_NODE_SUCCEEDED: "done",
    ExecutionEvent.TYPE_NODE_FAILED: "failed",
    ExecutionEvent.TYPE_NODE_SKIPPED: "skipped",
}


@dataclass(frozen=True, slots=True)
class About:
    """A part of a reply that is no text: the reply is about this execution."""

    execution_id: str


Part = str | About
"""What replies are made of."""


class Speaker:
    """Answers commands in the name of one caller, in one session."""

    def __init__(self, database: Database, executions: Executions, caller: str, session: Session) -> None:
        self._database = database
        self._executions = executions
        self._caller = caller
        self._session = session

    async def answer(self, command: Command) -> AsyncGenerator[Part, None]:
        """The parts of the answer, as they become known. A refusal of what was asked is an answer too."""
        try:
            async with aclosing(self._parts(command)) as parts:
                async for part in parts:
                    yield part
        except Refusal as refusal:
            yield f"That does not work: {refusal.message}."

    def _parts(self, command: Command) -> AsyncGenerator[Part, None]:
        answers = {
            Verb.HELP: self._help,
            Verb.LIST: self._list,
            Verb.DESCRIBE: self._describe,
            Verb.RUN: self._run,
            Verb.STATUS: self._status,
            Verb.CANCEL: self._cancel,
            Verb.SEARCH: self._search,
        }
        return answers[command.verb](command.subject)

    async def _help(self, _: str) -> AsyncGenerator[Part, None]:
        yield HELP

    async def _list(self, _: str) -> AsyncGenerator[Part, None]:
        workflows = await self._workflows()
        if not workflows:
            yield "You have no workflows yet."
            return
        yield f"You have {_count(len(workflows), 'workflow')}:\n"
        for workflow in workflows:
            yield f"- {workflow.name} ({workflow.id}, {_count(len(workflow.nodes), 'node')})\n"

    async def _describe(self, subject: str) -> AsyncGenerator[Part, None]:
        workflow = await self._named(subject)
        if isinstance(workflow, str):
            yield workflow
            return
        yield f"{workflow.name} ({workflow.id}), version {workflow.version}:\n"
        for node in workflow.nodes:
            targets = [each.to_node for each in workflow.connections if each.from_node == node.id]
            leads = f", then {', '.join(targets)}" if targets else ""
            yield f"- {node.id}: {node.type}{leads}\n"

    async def _run(self, subject: str) -> AsyncGenerator[Part, None]:
        workflow = await self._named(subject)
        if isinstance(workflow, str):
            yield workflow
            return
        execution = await self._executions.start(self._caller, workflow.id, self._session.context)
        yield About(execution.id)
        yield f"Execution {execution.id} of {workflow.name} has begun.\n"
        async with aclosing(self._executions.watch(self._caller, execution.id, 0)) as events:
            async for event in events:
                if line := _line(event):
                    yield line

    async def _status(self, subject: str) -> AsyncGenerator[Part, None]:
        execution = await self._execution(subject)
        if execution is None:
            yield "There is no execution yet."
            return
        yield About(execution.id)
        done = sum(node.HasField("end_time") for node in execution.nodes)
        state = _word(Execution.State.Name(execution.state))
        yield f"Execution {execution.id} is {state}: {done} of {_count(len(execution.nodes), 'node')} ended."

    async def _cancel(self, subject: str) -> AsyncGenerator[Part, None]:
        execution = await self._execution(subject)
        if execution is None:
            yield "There is no execution yet."
            return
        await self._executions.cancel(self._caller, execution.id, "cancelled in a session")
        yield About(execution.id)
        yield f"Execution {execution.id} is cancelled."

    async def _search(self, text: str) -> AsyncGenerator[Part, None]:
        words = set(text.lower().split())
        found = [each for each in await self._workflows() if words & set(each.name.lower().split())]
        if not found:
            yield f"I did not understand that. {HELP}"
            return
        yield f"That sounds like {_count(len(found), 'workflow')} of yours:\n"
        for workflow in found:
            yield f"- {workflow.name} ({workflow.id}): say 'run {workflow.name}' to run it.\n"

    async def _workflows(self) -> list[Workflow]:
        query = build_query(ListWorkflowsRequest(page_size=MAX_PAGE_SIZE), WORKFLOWS.columns)
        workflows, _ = await self._database.run(partial(WORKFLOWS.page, owner=self._caller, query=query))
        return workflows

    async def _named(self, subject: str) -> Workflow | str:
        """The workflow of that id or name, the session's own where none is named; or why there is none."""
        wanted = subject or self._session.workflow_id
        if not wanted:
            return "Which workflow? Name one, or set the session's workflow."
        found = await self._database.run(partial(_find, owner=self._caller, wanted=wanted))
        match found:
            case []:
                return f"You have no workflow {wanted!r}."
            case [workflow]:
                return workflow
        return f"You have several workflows {wanted!r}: use an id, {' or '.join(each.id for each in found)}."

    async def _execution(self, subject: str) -> Execution | None:
        """The execution of that id; the caller's latest where none is named."""
        if subject:
            return await self._executions.get(self._caller, subject)
        return await self._database.run(partial(_latest, owner=self._caller))


def _line(event: ExecutionEvent) -> str:
    if event.type in _HAPPENED:
        return f"- {event.node_id}: {_HAPPENED[event.type]}\n"
    if event.type not in LAST_EVENTS:
        return ""
    detail = f": {event.error.message}" if event.HasField("error") else f" with {as_text(as_json(event.output))}"
    return f"It has {_word(ExecutionEvent.Type.Name(event.type))}{detail}."


def _word(name: str) -> str:
    return name.partition("_")[2].lower()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _find(connection: sqlite3.Connection, owner: str, wanted: str) -> list[Workflow]:
    rows = connection.execute(
        "SELECT body FROM workflows WHERE owner = ?1 AND (id = ?2 OR name = ?2 COLLATE NOCASE) "
        "ORDER BY create_time LIMIT 5",
        (owner, wanted),
    )
    return [Workflow.FromString(body) for (body,) in rows]


def _latest(connection: sqlite3.Connection, owner: str) -> Execution | None:
    row = connection.execute(
        f"SELECT body FROM {EXECUTIONS.name} WHERE owner = ? ORDER BY create_time DESC LIMIT 1",  # noqa: S608 -- a name of the schema
        (owner,),
    ).fetchone()
    return None if row is None else Execution.FromString(row[0])
