"""Gateways over generated code, as programs: what a team would have, made in a scratch folder."""

from __future__ import annotations

import contextlib
import importlib.metadata
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from e2e.stack import Gateway, gateway


def generate(protos: Path, out: Path, *more: str) -> str:
    """Run `transom generate`; what it said."""
    command = [sys.executable, "-m", "transom_runtime", "generate", "--protos", str(protos), "--out", str(out), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    _outrank_installed(out)
    return done.stdout + done.stderr


def _outrank_installed(out: Path) -> None:
    """Let generated packages win over installed ones of the same name.

    The clients under test are installed in the environment that the gateway runs in, which nobody would do, and are
    regular packages: `google.cloud.kms` would hide the generated `google.cloud.kms.v1`.
    """
    site = Path(str(importlib.metadata.distribution("google-api-core").locate_file("")))
    for folder in out.rglob("*"):
        if folder.is_dir() and (site / folder.relative_to(out) / "__init__.py").is_file():
            (folder / "__init__.py").touch()


@contextlib.contextmanager
def serve(
    folder: Path, generated: Path, upstream: str, services: Sequence[str] = ("*",), **more: Any
) -> Iterator[Gateway]:
    """A gateway that lets everybody in and looks for no attacks: the texts that are sent look like some."""
    settings: Mapping[str, Any] = {
        "generated": str(generated),
        "listen": {"host": "127.0.0.1", "port": 0},
        "upstreams": {"peer": {"channel": {"target": upstream}, "services": list(services)}},
        "overrides": [{"selector": "*", "auth": {"kind": "public"}}],
        "rate_limit": {"enabled": False},
        "sanitize": {"mode": "off"},
        "logs": {"level": "warning"},
        **more,
    }
    with gateway(folder, settings) as running:
        yield running
