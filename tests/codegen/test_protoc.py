"""The compiler: what it says becomes problems, whatever form it says it in, and its printers' troubles stay short."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from codegen.building import write_protos
from transom_codegen import protoc
from transom_codegen.generate import GenerateOptions, generate
from transom_codegen.generated_tree import GeneratedTree

PROTO3 = 'syntax = "proto3";\n'


def run(root: Path, files: dict[str, str]) -> GeneratedTree:
    """Generates for some protos."""
    return generate(GenerateOptions(protos=write_protos(root, files)))


def test_a_proto_without_a_syntax_line_is_proto2(tmp_path: Path) -> None:
    """What the compiler merely logs is a warning with its file, without the time and thread of the log."""
    tree = run(tmp_path, {"a/old.proto": "package a;\nmessage M { optional string x = 1; }\n"})
    assert "a/old_pb2.py" in tree.files
    [problem] = tree.problems
    assert (problem.file, problem.rule, problem.is_error) == (str(tmp_path / "a/old.proto"), "protoc", False)
    assert problem.message.startswith("No edition or syntax specified")


def test_directories_are_no_protos(tmp_path: Path) -> None:
    """A directory that is named like a proto is not handed to the compiler."""
    (tmp_path / "odd.proto").mkdir()
    assert run(tmp_path, {"odd.proto/a.proto": PROTO3}).problems == ()


def test_without_the_printer_of_stubs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where mypy-protobuf is not installed, one problem says what to install."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", "")
    [problem] = protoc.print_messages(b"", ["a.proto"]).problems
    assert problem.message == "protoc-gen-mypy is not there"
    assert "transom[codegen]" in problem.hint


def test_a_printer_that_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin's traceback is one problem: its last line."""
    printer = tmp_path / "protoc-gen-broken"
    printer.write_text(f"#!{sys.executable}\nraise ValueError('no luck')\n")
    printer.chmod(0o755)
    monkeypatch.setattr(protoc, "_find_stub_printer", lambda: str(printer))
    tree = run(tmp_path / "protos", {"a.proto": PROTO3})
    assert [problem.message for problem in tree.problems] == [
        "the message modules cannot be printed: ValueError: no luck"
    ]


def test_options_that_the_printer_of_stubs_takes_for_its_own(tmp_path: Path) -> None:
    """Google's long-running operations of Compute use the numbers of mypy-protobuf's options: stubs are made anyway."""
    options = (
        "package o;\nimport 'google/protobuf/descriptor.proto';\n"
        "extend google.protobuf.FieldOptions { string answers = 1151; }\n"
        "message M { message N { string x = 1 [(answers) = 'id', debug_redact = true]; } }\n"
    )
    tree = run(tmp_path, {"o/o.proto": PROTO3 + options})
    assert tree.problems == ()
    assert "class N(" in tree.files["o/o_pb2.pyi"]
    assert r"\372G\002id" in tree.files["o/o_pb2.py"], "the modules keep the option"
