"""Copies google's annotation protos out of their wheel to where buf can reach them."""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import files
from pathlib import Path
from typing import Final

WANTED: Final = ("google/api/", "google/rpc/")


def copy_protos(target: Path) -> int:
    """Copy the google/api and google/rpc protos of googleapis-common-protos under `target`; says how many."""
    protos = [
        file
        for file in files("googleapis-common-protos") or ()
        if file.suffix == ".proto" and str(file).startswith(WANTED)
    ]
    for proto in protos:
        copy = target / proto
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(str(proto.locate())), copy)
    return len(protos)


if __name__ == "__main__":
    copy_protos(Path(sys.argv[1]))
