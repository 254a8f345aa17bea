"""The command line: `transom generate | check | routes | explain | serve | mock | demo`."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from transom_runtime.process.garbage import collector_paused

_MODULES: Final = {
    "generate": "generate",
    "check": "generate",
    "routes": "routes",
    "explain": "explain",
    "serve": "serve",
    "mock": "mock",
    "demo": "demo",
    "version": "version",
}
"""The module of each command, in the order of the help."""


class _Commands(TyperGroup):
    """Commands that are loaded when they are asked for: a worker holds nothing of the mock, the demo or `explain`."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands."""
        del ctx
        return list(_MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
        """A command, loaded; None where there is none of that name."""
        del ctx
        if cmd_name not in _MODULES:
            return None
        with collector_paused():
            module = import_module(f"{__name__}.{_MODULES[cmd_name]}")
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(cmd_name)(getattr(module, cmd_name))
        return cast("TyperCommand", get_command(alone))


app = typer.Typer(
    name="transom", cls=_Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.callback()
def transom() -> None:
    """Annotated protobufs in, a production HTTP gateway out."""


def main() -> None:
    """Run the command line."""
    app()
