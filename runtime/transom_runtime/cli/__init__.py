"""The command line: `transom generate | check | routes | explain | serve | mock | demo`."""

from __future__ import annotations

import typer

from transom_runtime import __version__
from transom_runtime.cli.demo import demo
from transom_runtime.cli.explain import explain
from transom_runtime.cli.generate import check, generate
from transom_runtime.cli.mock import mock
from transom_runtime.cli.routes import routes
from transom_runtime.cli.serve import serve
from transom_runtime.transcode.native import native_plans

app = typer.Typer(
    name="transom",
    help="Annotated protobufs in, a production HTTP gateway out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (generate, check, routes, explain, serve, mock, demo):
    app.command()(command)


@app.command()
def version() -> None:
    """Print the version, and which codec this installation has."""
    typer.echo(f"transom {__version__}, {'native' if native_plans() is not None else 'pure'} codec")


def main() -> None:
    """Run the command line."""
    app()
