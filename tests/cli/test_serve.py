"""`transom serve` with settings that no gateway can be built of: a sentence, once, and status 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

UPSTREAM = {"engine": {"channel": {"target": "127.0.0.1:1"}}}


def serve(tmp_path: Path, **content: Any) -> subprocess.CompletedProcess[str]:
    config = tmp_path / "transom.yaml"
    generated = str(Path(__file__).parents[2] / "generated")
    config.write_text(yaml.safe_dump({"listen": {"port": 0}, "generated": generated, **content}), "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "transom_runtime", "serve", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.mark.parametrize("workers", [1, 3])
def test_a_service_without_an_upstream(tmp_path: Path, workers: int) -> None:
    """Services that no upstream serves are named, once however many workers there are, and nothing is tried again."""
    told = serve(tmp_path, process={"workers": workers})
    assert told.returncode == 2
    assert told.stderr.count("the settings cannot be used") == 1
    assert told.stderr.count("none serves workflow.v1.SessionService") == 1
    assert "Traceback" not in told.stderr
    assert "another follows" not in told.stderr


@pytest.mark.parametrize(
    "content, words",
    [
        ({"routes": ["no_such_routes"]}, "'no_such_routes' cannot be imported"),
        ({"overrides": [{"selector": "workflow.v1.Nothing"}]}, "no method is matched by 'workflow.v1.Nothing'"),
        ({"listen": {"port": 0, "tls_cert": "/nowhere/cert.pem"}}, "tls_cert"),
        ({"trusted_proxies": ["nonsense"]}, "trusted_proxies"),
        ({"cors": {"origins": ["example.com"]}}, "cors"),
    ],
)
def test_what_no_gateway_can_be_built_of(tmp_path: Path, content: dict[str, Any], words: str) -> None:
    """Whatever of the settings turns out to be unusable is told in a sentence, wherever it is found out."""
    told = serve(tmp_path, **{"upstreams": UPSTREAM, **content})
    assert told.returncode == 2, told.stderr
    assert words in told.stderr
    assert "Traceback" not in told.stderr
