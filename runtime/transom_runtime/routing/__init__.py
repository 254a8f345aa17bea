"""From an HTTP method and a raw path to the binding that serves them (semantics.md T, V, P, R)."""

from transom_runtime.routing.escapes import Unescape
from transom_runtime.routing.explanation import Explanation, RunnerUp
from transom_runtime.routing.router import Match, Router
from transom_runtime.routing.steps import Step

__all__ = ["Explanation", "Match", "Router", "RunnerUp", "Step", "Unescape"]
