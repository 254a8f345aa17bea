"""What a worker loads: only what its settings use."""

from __future__ import annotations

import gc
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from transom_runtime.process.garbage import collector_paused

ROOT: Final = Path(__file__).parents[2]
SETTINGS: Final[dict[str, Any]] = {
    "listen": {"host": "127.0.0.1", "port": 0},
    "generated": str(ROOT / "generated"),
    "upstreams": {"engine": {"channel": {"target": "127.0.0.1:1"}}},
}
ISSUER: Final = {
    "name": "a",
    "issuer": "a",
    "audiences": ["a"],
    "algorithms": ["HS256"],
    "secret": "only-for-tests-0123456789-0123456789",
}
_IMPORTED: Final = re.compile(r"^import time:.*\| +(\S+)$", re.MULTILINE)


def loaded(tmp_path: Path, **settings: Any) -> set[str]:
    """The modules that `transom serve` has loaded when it has served and ended."""
    config, log = tmp_path / "transom.yaml", tmp_path / "imports.txt"
    config.write_text(yaml.safe_dump({**SETTINGS, **settings}))
    command = [sys.executable, "-X", "importtime", "-m", "transom_runtime", "serve", "--config", str(config)]
    with log.open("wb") as errors, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process:
        assert process.stdout is not None
        assert any(b"serving at" in line for line in process.stdout), log.read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    return set(_IMPORTED.findall(log.read_text()))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return loaded(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize(
    "module",
    [
        "transom_codegen",
        "jinja2",
        "grpc_tools.protoc",
        "transom_runtime.mock.server",
        "transom_runtime.cli.demo",
        "transom_runtime.cli.explain",
        "opentelemetry.sdk.trace",
        "opentelemetry.exporter",
        "redis",
        "jwt",
        "cryptography",
        "nh3",
        "transom_runtime.policy.auth.jwks",
    ],
)
def test_what_is_not_used_is_not_loaded(plain: set[str], module: str) -> None:
    """A worker without issuers, Sentinels, a collector of traces or markup loads nothing of what these need, and never
    what belongs to other commands.
    """
    assert "transom_runtime.process.worker" in plain, "the list is of a worker"
    assert module not in plain


def test_issuers_need_jwt(tmp_path: Path) -> None:
    """What verifies tokens is there before the first of them comes: a call never waits for a module."""
    assert {"jwt", "transom_runtime.policy.auth.signed_claims"} <= loaded(tmp_path, auth={"issuers": [ISSUER]})


def test_one_redis_server_needs_no_library(tmp_path: Path) -> None:
    """Of redis-py only Sentinels and Clusters need anything: one server is spoken to without it."""
    modules = loaded(tmp_path, redis={"url": "redis://127.0.0.1:1/0"})
    assert "hiredis" in modules
    assert "redis" not in modules


def test_the_collector_goes_on_where_it_was_on() -> None:
    """While something is made nobody looks for garbage; afterwards it is as it was, whatever was raised."""

    with collector_paused():
        assert not gc.isenabled()
        with collector_paused():
            pass
        assert not gc.isenabled(), "who paused it goes on"
    assert gc.isenabled()
    with pytest.raises(ValueError, match="x"), collector_paused():
        raise ValueError("x")
    assert gc.isenabled()
