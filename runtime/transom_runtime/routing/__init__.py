"""From an HTTP method and a raw path to the binding that serves them (semantics.md T, V, P, R)."""

from transom_runtime.routing.escapes import Unescape
from transom_runtime.routing.explanation import Candidate, Explanation
from transom_runtime.routing.router import Match, Router

__all__ = ["Candidate", "Explanation", "Match", "Router", "Unescape"]
