"""Messages of the tests' own protos, compiled once, and bindings around them."""

from __future__ import annotations

import importlib
import importlib.resources
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import google
import protoc  # type: ignore[import-untyped]  # a wheel around a compiler
import pytest
from grpc_tools import protoc as compiler

from native_build import ROOT, load_build, need_compiler
from transom_runtime.binding import Binding, Capture
from transom_runtime.errors import CallError
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.native import native_plans
from transom_runtime.transcode.options import TranscodeOptions
from transom_runtime.transcode.request import RequestDecoder

if TYPE_CHECKING:
    from transcode.codec_pair import Pair

HERE = Path(__file__).parent
CONFORMANCE = Path(protoc.__file__).parent / "include"


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The native codec: it may be missing only where there is no C compiler. Fails in the compiler's words."""
    if native_plans() is not None:
        return
    need_compiler()
    said = load_build().compile_native(ROOT, tmp_path_factory.mktemp("native") / "_codec.abi3.so")
    pytest.fail(f"no native codec, though there is a C compiler: {said or 'python hatch_build.py builds it'}")


@pytest.fixture(scope="session")
def shelf_pair(shelf: Any) -> Pair:
    """Both codecs around the message of all kinds."""
    from transcode.codec_pair import pair_of

    return pair_of(shelf.Kinds)


def compile_protos(root: Path, output: Path, *files: str) -> None:
    """Compile proto files into Python modules."""
    bundled = importlib.resources.files("grpc_tools") / "_proto"
    common = Path(next(iter(google.__path__)))
    arguments = ["protoc", f"-I{root}", f"-I{bundled}", f"-I{common.parent}", f"--python_out={output}", *files]
    assert compiler.main(arguments) == 0


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An import root that holds the compiled protos."""
    output = tmp_path_factory.mktemp("transcode_protos")
    compile_protos(HERE, output, "shelf.proto", "legacy.proto", "features.proto")
    names = ("proto2", "proto3", "edition2023", "proto2_editions", "proto3_editions")
    compile_protos(CONFORMANCE, output, *(f"conformance/messages/test_messages_{name}.proto" for name in names))
    sys.path.insert(0, str(output))
    yield output
    sys.path.remove(str(output))


@pytest.fixture(scope="session")
def shelf(modules: Path) -> Any:
    """The module of shelf.proto."""
    return importlib.import_module("shelf_pb2")


@pytest.fixture(scope="session")
def legacy(modules: Path) -> Any:
    """The module of legacy.proto."""
    return importlib.import_module("legacy_pb2")


@pytest.fixture(scope="session")
def features(modules: Path) -> Any:
    """The module of features.proto."""
    return importlib.import_module("features_pb2")


def bind(request: Any, response: Any = None, *captures: str, **more: Any) -> Binding:
    """A binding around two message classes, its other parts as the tests need them."""
    usual: dict[str, Any] = {
        "id": "tests.Shelf.Get",
        "method": "GET",
        "template": "/v1",
        "path": ("v1", *(Capture(path) for path in captures)),
        "rpc": "/tests.Shelf/Get",
        "request": request,
        "response": request if response is None else response,
    }
    return Binding(**(usual | more))


class Decoding:
    """A request decoder, with what tests ask of it."""

    def __init__(self, binding: Binding, codec: Codec) -> None:
        self.binding = binding
        self.decoder: RequestDecoder = codec.request_decoder(binding)

    def __call__(self, *variables: str, query: str = "", body: bytes | str = b"", **more: Any) -> Any:
        """The request message."""
        content = body.encode() if isinstance(body, str) else body
        wire = self.decoder.decode(variables, query, content, **({"method": self.binding.method} | more))
        return self.binding.request.FromString(wire)

    def refuse(self, *variables: str, **more: Any) -> CallError:
        """The error of a request that cannot be decoded."""
        with pytest.raises(CallError) as caught:
            self(*variables, **more)
        return caught.value

    def faults(self, *variables: str, **more: Any) -> dict[str, str]:
        """What is wrong with a request: descriptions by place."""
        return {fault.field: fault.description for fault in self.refuse(*variables, **more).faults}

    def reasons(self, *variables: str, **more: Any) -> dict[str, str]:
        """Likewise the reasons."""
        return {fault.field: fault.reason for fault in self.refuse(*variables, **more).faults}


Decoder = Callable[..., Decoding]


@pytest.fixture
def decoding() -> Decoder:
    """Makes the decoder of a binding: `decoding(Request, "captured", options=…, body=…)`."""

    def make(request: Any, *captures: str, options: TranscodeOptions | None = None, **more: Any) -> Decoding:
        parts = {name: more.pop(name) for name in ("text_checks", "pool", "on_unknown") if name in more}
        codec = Codec(options or TranscodeOptions(), **parts)
        return Decoding(bind(request, None, *captures, **more), codec)

    return make
