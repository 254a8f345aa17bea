"""`protoc-gen-transom`: a compiler's request on stdin, generated files or problems on stdout."""

from __future__ import annotations

import sys

from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import Edition

from transom_codegen.descriptors import read_request
from transom_codegen.emit import emit
from transom_codegen.plugin_options import read_plugin_options
from transom_codegen.problem import Problem, format_text


def main() -> None:
    """Serve one request. Problems are the compiler's to print; a broken request is the only thing that raises."""
    request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    response, warnings = respond(request)
    for warning in warnings:
        sys.stderr.write(f"{format_text(warning)}\n")
    sys.stdout.buffer.write(response.SerializeToString())


def respond(request: plugin_pb2.CodeGeneratorRequest) -> tuple[plugin_pb2.CodeGeneratorResponse, list[Problem]]:
    """The response to a request, and the warnings, for which a response has no place."""
    response = plugin_pb2.CodeGeneratorResponse(
        supported_features=plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
        | plugin_pb2.CodeGeneratorResponse.FEATURE_SUPPORTS_EDITIONS,
        minimum_edition=Edition.EDITION_PROTO2,
        maximum_edition=Edition.EDITION_2024,
    )
    options, problems = read_plugin_options(request.parameter)
    files: dict[str, str] = {}
    if not problems:
        emission = emit(read_request(request), options)
        problems, files = list(emission.problems), emission.files
    response.error = "\n".join(format_text(problem) for problem in problems if problem.is_error)
    for name in sorted(files):
        response.file.add(name=name, content=files[name])
    if not response.error:
        response.ClearField("error")
    return response, [problem for problem in problems if not problem.is_error]


if __name__ == "__main__":
    main()
