"""The protos are the pinned ones, or there are none."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clients import public_protos
from clients.public_protos import FetchError, fetch, read_manifest


def test_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without npm the message says what is missing and what it is for."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchError, match=r"there is no npm.*install Node"):
        fetch(tmp_path / "protos")


def test_other_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is not the pinned one is refused by its name, before anything of it is unpacked."""

    def pack(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        scratch = Path(command[command.index("--pack-destination") + 1])
        for package in read_manifest():
            (scratch / public_protos._archive_name(package)).write_bytes(b"another package")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(subprocess, "run", pack)
    with pytest.raises(FetchError, match=r"is not what packages\.json pins"):
        fetch(tmp_path / "protos")
    assert not (tmp_path / "protos").exists()


def test_a_failing_npm_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What npm says of its failure is passed on."""

    def fail(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "no such version\n")

    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(FetchError, match="no such version"):
        fetch(tmp_path / "protos")
