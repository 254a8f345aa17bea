"""Scripts: read whole, with every mistake at its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import type_pb2

from mock.conftest import Write
from transom_runtime.mock.script import Case, Script, ScriptedError, ScriptError, load_script


def test_a_script_is_read(write: Write) -> None:
    """Responses, latencies and errors are read by method."""
    script = write(
        """
        methods:
          library.Library.GetBook:
            - when: {title: Emma}
              error: {code: NOT_FOUND, message: no such book}
            - response: {title: Dune}
              latency_ms: 50
          library.Library.Watch:
            - responses: []
        """
    )
    assert script == Script(
        methods={
            "library.Library.GetBook": [
                Case(when={"title": "Emma"}, error=ScriptedError(code="NOT_FOUND", message="no such book")),
                Case(response={"title": "Dune"}, latency_ms=50),
            ],
            "library.Library.Watch": [Case(responses=[])],
        }
    )


@pytest.mark.parametrize("text", ["", "# nothing", "methods: {}"])
def test_an_empty_script(write: Write, text: str) -> None:
    """A file that says nothing is a script without cases."""
    assert write(text) == Script()


def test_times_stay_texts(write: Write) -> None:
    """What YAML takes for a time is the text that JSON has for it."""
    (case,) = write("methods: {a: [{response: {publishTime: 2026-01-02T03:04:05Z, days: [2026-01-02]}}]}").methods["a"]
    assert case.response == {"publishTime": "2026-01-02T03:04:05+00:00", "days": ["2026-01-02"]}


def test_every_mistake_is_named(write: Write, tmp_path: Path) -> None:
    """All mistakes of a file come at once, each with its place."""
    with pytest.raises(ScriptError) as raised:
        write(
            """
            colour: red
            methods:
              a.B.C:
                - error: {code: NOT_THERE}
                - latency_ms: soon
                - latency_ms: -1
                - respond: {}
                - error: {code: OK}
                - response: {}
                  error: {code: ABORTED}
                - times: 0
              a.B.D: {}
            """
        )
    file = tmp_path / "script.yaml"
    lines = str(raised.value).splitlines()
    assert all(line.startswith(f"{file}: ") for line in lines)
    places = [line.removeprefix(f"{file}: ").partition(": ")[0] for line in lines]
    assert sorted(places) == [
        "colour",
        "methods.a.B.C[0].error",
        "methods.a.B.C[1].latency_ms",
        "methods.a.B.C[2]",
        "methods.a.B.C[3].respond",
        "methods.a.B.C[4].error",
        "methods.a.B.C[5]",
        "methods.a.B.C[6]",
        "methods.a.B.D",
    ]
    assert "'NOT_THERE' is not an error code; write one such as 'NOT_FOUND'" in str(raised.value)


@pytest.mark.parametrize("text", ["[1, 2]", "methods", "{a: b: c}", "a: &a [*a"])
def test_what_is_no_script(write: Write, tmp_path: Path, text: str) -> None:
    """A file of another shape, or no YAML at all, is refused by its name."""
    with pytest.raises(ScriptError) as raised:
        write(text)
    assert str(raised.value).startswith(f"{tmp_path / 'script.yaml'}: ")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is missing, or not UTF-8, is refused by its name."""
    with pytest.raises(ScriptError, match=r"none\.yaml: cannot be read: No such file"):
        load_script(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"caf\xe9: 1")
    with pytest.raises(ScriptError, match=r"latin\.yaml: is not YAML"):
        load_script(tmp_path / "latin.yaml")


def test_the_cases_that_fit() -> None:
    """Cases are tried in their order; where none fits, nothing is scripted."""
    cases = [Case(when={"name": name}, latency_ms=at) for at, name in enumerate("abb")]
    script = Script(methods={"m": cases})
    assert list(script.cases_for("m", type_pb2.Type(name="b"))) == [(1, cases[1]), (2, cases[2])]
    assert list(script.cases_for("m", type_pb2.Type(name="c"))) == []
    assert list(script.cases_for("n", type_pb2.Type(name="a"))) == []
