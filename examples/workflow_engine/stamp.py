"""What the engine writes into each resource: ids, times and etags."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp

if TYPE_CHECKING:
    from workflow_engine.store.table import Resource


def new_id(prefix: str) -> str:
    """An id that nobody can guess: `wf-` and twenty hexadecimal digits."""
    return f"{prefix}-{secrets.token_hex(10)}"


def now() -> Timestamp:
    """The time, to the microsecond: what a row can hold and be ordered by."""
    time = Timestamp()
    time.GetCurrentTime()
    time.FromMicroseconds(time.ToMicroseconds())
    return time


def seal(resource: Resource) -> None:
    """Give a resource the etag of its present content."""
    resource.etag = ""
    resource.etag = hashlib.sha256(resource.SerializeToString(deterministic=True)).hexdigest()[:16]
