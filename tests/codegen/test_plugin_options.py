"""Plugin options are read strictly, and read alike by plugin and command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from transom_codegen.plugin_options import as_emit_options, read_plugin_options


def test_defaults_are_those_of_the_command_line() -> None:
    """No option at all means what `transom generate` means by none: so the bytes are the same."""
    options, problems = read_plugin_options("")
    assert problems == []
    assert options == as_emit_options(strict=False, dotted_bodies=False, index="transom_routes", config=None)
    assert options.render.told == ""


def test_all_options(tmp_path: Path) -> None:
    """Every option arrives, and those that change the output are told in its header."""
    path = tmp_path / "service.yaml"
    path.write_text("type: google.api.Service\n")
    given = f"strict,paths=source_relative,index=app.routes,dotted_bodies,service_config={path}"
    options, problems = read_plugin_options(given)
    assert problems == []
    assert options.strict
    assert options.build.dotted_bodies
    assert options.build.config is not None
    assert options.render.told == "index=app.routes,service_config=service.yaml,dotted_bodies"


def test_no_index() -> None:
    """An empty index means none."""
    assert read_plugin_options("index=")[0].render.index == ""


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("stric", "unknown option 'stric'"),
        ("strict=1", "option 'strict' takes no value"),
        ("index", "option 'index' needs a value"),
        ("strict,strict", "option 'strict' is given twice"),
        ("paths=import", "'paths=import'"),
        ("index=a-b", "'index=a-b' is no module name"),
        ("index=a.class", "'index=a.class' is no module name"),
        ("service_config=/nowhere/service.yaml", "cannot be read: No such file or directory"),
    ],
)
def test_bad_options(parameter: str, message: str) -> None:
    """What is not an option is a problem, never ignored."""
    [problem] = read_plugin_options(parameter)[1]
    assert message in problem.message


def test_all_mistakes_at_once() -> None:
    """Every bad option is told."""
    assert len(read_plugin_options("a,b=1,strict=2")[1]) == 3
