"""The gateway that google's clients are pointed at: made of the public protos of their services, before a mock."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import yaml

from clients.google_clients import FOLDERS
from clients.public_protos import FOLDER
from clients.recorder import Recorder
from clients.serving import generate, serve
from e2e.stack import program

CONFIG: Final = Path(__file__).with_name("google.yaml")
SCRIPT: Final = Path(__file__).with_name("google_script.yaml")
# Without a detail a message of UNAVAILABLE or DEADLINE_EXCEEDED could be grpc's own, which names addresses.
_DETAIL: Final = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "TOLD", "domain": "kms"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleGateway:
    """What runs."""

    address: str
    """The gateway's."""
    mock: str
    """The mock's, which speaks gRPC."""
    recorder: Recorder
    """Stands between the two, and knows what arrived."""


def _script() -> Any:
    """The script of the file, and an error of each code."""
    script = yaml.safe_load(SCRIPT.read_text("utf-8"))
    script["methods"]["google.cloud.kms.v1.KeyManagementService.GetKeyRing"] += [
        {
            "when": {"name": f"projects/errors/locations/l/keyRings/{code.name}"},
            "error": {"code": code.name, "message": f'it "was" {{{code.name}}}', "details": [_DETAIL]},
        }
        for code in grpc.StatusCode
        if code is not grpc.StatusCode.OK
    ]
    return script


@contextmanager
def running(folder: Path, kinds: Mapping[str, str]) -> Iterator[GoogleGateway]:
    """Generate, and serve: `transom mock`, a recorder before it, `transom serve` before that."""
    for part in FOLDERS:
        shutil.copytree(FOLDER / part, folder / "protos" / part)
    generated = folder / "generated"
    generate(folder / "protos", generated, "--service-config", str(CONFIG))
    script = folder / "script.yaml"
    script.write_text(yaml.safe_dump(_script()), "utf-8")
    arguments = ("-m", "transom_runtime", "mock", "--generated", str(generated), "--script", str(script), "--port", "0")
    with ExitStack() as stack:
        _, mock = stack.enter_context(program(*arguments, log=folder / "mock.log"))
        recorder = stack.enter_context(Recorder(kinds, mock))
        gateway = stack.enter_context(serve(folder, generated, f"127.0.0.1:{recorder.port}", errors={"form": "google"}))
        yield GoogleGateway(address=gateway.address, mock=mock, recorder=recorder)
