"""How far the execution of a graph is: which nodes may go to work, and which never will.

Each edge is open until the node that it leaves has ended; then it is
    live    the node was left by this port,
    dead    the node was left by another port, or not reached itself,
    broken  the node failed, or was skipped because of one that failed.
A node is decided when none of its incoming edges is open. It goes to work if it has none or one of them is live, and
none is broken; else it is skipped, and its own edges are broken if one of those was, dead if not.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from workflow_engine.graph.node_type import MAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.v1.workflows_pb2 import Workflow


class Edge(Enum):
    """What has become of an edge."""

    LIVE = "live"
    DEAD = "dead"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Decision:
    """A node has been decided upon."""

    node_id: str
    runs: bool
    """Whether it goes to work; else it is skipped."""


class Progress:
    """Follows one execution through its graph. The graph has no cycle. Not shared between executions."""

    def __init__(self, workflow: Workflow) -> None:
        self._incoming = {node.id: 0 for node in workflow.nodes}
        self._outgoing: dict[str, list[tuple[str, str]]] = {node.id: [] for node in workflow.nodes}
        self._arrived: dict[str, set[Edge]] = {node.id: set() for node in workflow.nodes}
        for connection in workflow.connections:
            self._incoming[connection.to_node] += 1
            self._outgoing[connection.from_node].append((connection.from_port or MAIN, connection.to_node))
        self._decided = deque(node_id for node_id, count in self._incoming.items() if count == 0)

    @property
    def sinks(self) -> list[str]:
        """The nodes that no edge leaves: what they put out is the output of the whole."""
        return [node_id for node_id, edges in self._outgoing.items() if not edges]

    def decisions(self) -> Iterator[Decision]:
        """The nodes decided upon since the last time, each once, those that follow from skipping included."""
        while self._decided:
            node_id = self._decided.popleft()
            arrived = self._arrived[node_id]
            runs = not arrived or (Edge.LIVE in arrived and Edge.BROKEN not in arrived)
            if not runs:
                self._leave(node_id, Edge.BROKEN if Edge.BROKEN in arrived else Edge.DEAD)
            yield Decision(node_id, runs)

    def succeed(self, node_id: str, port: str) -> None:
        """A node is done and was left by this port."""
        for edge_port, target in self._outgoing[node_id]:
            self._arrive(target, Edge.LIVE if edge_port == port else Edge.DEAD)

    def fail(self, node_id: str) -> None:
        """A node failed."""
        self._leave(node_id, Edge.BROKEN)

    def _leave(self, node_id: str, edge: Edge) -> None:
        for _, target in self._outgoing[node_id]:
            self._arrive(target, edge)

    def _arrive(self, node_id: str, edge: Edge) -> None:
        self._arrived[node_id].add(edge)
        self._incoming[node_id] -= 1
        if self._incoming[node_id] == 0:
            self._decided.append(node_id)
