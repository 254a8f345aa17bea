"""The README says what is so: its route table is the generated one."""

from __future__ import annotations

from pathlib import Path

import transom_routes
from transom_runtime.binding import Binding

README = Path(__file__).parents[1] / "README.md"


def row(binding: Binding) -> str:
    """A route as the README's table has it."""
    auth = binding.policy.auth
    who = " ".join((auth.kind.value.replace("_", " "), *(f"`{scope}`" for scope in auth.scopes)))
    kind = binding.stream.value
    return f"| {binding.method} | `{binding.template}` | `{binding.rpc.removeprefix('/')}` | {who} | {kind} |"


def test_the_route_table_is_the_generated_one() -> None:
    """Every route stands in the README, in order, as it is generated; no other does."""
    rows = [line for line in README.read_text("utf-8").splitlines() if line.startswith("| ") and "`/api/" in line]
    assert rows == [row(route.binding) for route in transom_routes.ROUTES]
