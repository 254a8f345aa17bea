"""Validation: what the gateway looks for in the texts of requests, and what it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from google.protobuf.timestamp_pb2 import Timestamp

from transom.gateway.v1 import validation_pb2
from transom_runtime.services.paging import page_of
from transom_runtime.upstream.local import LocalContext
