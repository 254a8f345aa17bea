"""`transom version` as it is typed."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from transom_runtime.cli import app
from transom_runtime.transcode.native import native_plans


def said() -> str:
    return CliRunner().invoke(app, ["version"]).stdout


def test_which_codec(monkeypatch: pytest.MonkeyPatch) -> None:
    """The version comes with the codec that this installation has: which one serves must not be a riddle."""
    assert said().endswith(", native codec\n" if native_plans() else ", pure codec\n")
    monkeypatch.setattr("transom_runtime.cli.version.native_plans", lambda: None)
    assert said().endswith(", pure codec\n")
