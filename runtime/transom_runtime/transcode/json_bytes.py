"""JSON values to bytes."""

from __future__ import annotations

import json
from typing import Any

import orjson


def dump_json(value: Any) -> bytes:
    """The JSON of a value, in one line. Raises ValueError or TypeError for what JSON cannot write.

    orjson gives up at 254 levels; a message that an Any holds counts its own levels anew, so a chain of them is deeper,
    and must not fail for it (J5).
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
