"""The stub upstream: answers with bytes made beforehand, so that it is not what is measured."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from transom_bench.program import Running, running

_SAID: Final = "serving at"


@contextlib.contextmanager
def stub(binary: Path, manifest: Path, *, cores: frozenset[int], log: Path) -> Iterator[Running]:
    """The running upstream, on one thread's worth of a core."""
    with running(
        [str(binary), str(manifest)], cores=cores, log=log, says=_SAID, environment={"GOMAXPROCS": "1", "GOGC": "400"}
    ) as upstream:
        yield upstream
