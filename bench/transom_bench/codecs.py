"""The fillings of the codec that this installation has."""

from __future__ import annotations

import contextlib
from typing import Final

from transom_runtime.settings import Settings
from transom_runtime.transcode.codec import Codec

_CHOICES: Final = {"pure": "off", "native": "require"}


def build_codecs() -> dict[str, Codec]:
    """A codec of each filling that is installed, by its name; the last is the one that an ordinary gateway takes."""
    codecs = {}
    for name, choice in _CHOICES.items():
        with contextlib.suppress(ValueError):  # required, and not built here
            codecs[name] = Codec(Settings.model_validate({"transcode": {"native": choice}}).transcode)
    return codecs
