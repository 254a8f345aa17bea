"""What the gateway remembers to protect itself: in Redis, shared by all replicas, with a stand-in in each process."""

from transom_runtime.state.commands import CommandRefused, Redis, StateMeter, StateUnavailable
from transom_runtime.state.options import StateOptions
from transom_runtime.state.revocations import Revocation
from transom_runtime.state.state import State

__all__ = ["CommandRefused", "Redis", "Revocation", "State", "StateMeter", "StateOptions", "StateUnavailable"]
