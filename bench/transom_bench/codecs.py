"""The fillings of the codec that this installation has."""

from __future__ import annotations

import contextlib
from typing import Final

from transom_runtime.settings import Settings
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.options import TranscodeOptions

HAS_NATIVE: Final = "native" in TranscodeOptions.__dataclass_fields__
_CHOICES: Final = {"pure": {"native": "off"}, "native": {"native": "require"}} if HAS_NATIVE else {"pure": {}}


def build_codecs() -> dict[str, Codec]:
    """A codec of each filling that is installed, by its name; the last is the one that an ordinary gateway takes."""
    codecs = {}
    for name, options in _CHOICES.items():
        with contextlib.suppress(ValueError):  # required, and not built here
            codecs[name] = Codec(Settings.model_validate({"transcode": options}).transcode)
    return codecs
