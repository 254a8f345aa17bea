"""Ids: unlike, whoever draws them."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from transom_runtime.random_id import random_id


def test_ids_are_unlike() -> None:
    """Ids are 32 hex digits each, and none comes twice, of several blocks and in several threads."""
    with ThreadPoolExecutor(8) as threads:
        drawn = [each for ids in threads.map(lambda _: [random_id() for _ in range(1000)], range(8)) for each in ids]
    assert len(set(drawn)) == 8000
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in drawn)


FORKS = """
import os
from transom_runtime.random_id import random_id
random_id()
child = os.fork()
for _ in range(300):
    os.write(1, random_id().encode() + b"\\n")
if child:
    os.waitpid(child, 0)
"""


def test_a_forked_process_draws_its_own() -> None:
    """A child that was forked, as servers that load before they fork do, gives out none of its parent's ids."""
    run = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True, timeout=60)
    assert len(set(run.stdout.split())) == 600
