"""The native codec: a compiled extension for the JSON that is beyond doubt, where it was built.

It answers None for all else, and the pure codec, which knows every rule and every fault, does the whole of it again.
So nothing depends on it but speed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from transom_runtime.transcode.options import Native

if TYPE_CHECKING:
    from transom_runtime.transcode.native._codec import Plans


def native_plans() -> type[Plans] | None:
    """The extension's class; None where it was not built, or not for this Python."""
    try:
        module = importlib.import_module("transom_runtime.transcode.native._codec")
    except ImportError:
        return None
    plans: type[Plans] = module.Plans
    return plans


def choose_native(wanted: Native) -> type[Plans] | None:
    """The extension's class, if it is wanted and there. Raises ValueError where it is required and is not there."""
    found = native_plans() if wanted is not Native.OFF else None
    if found is None and wanted is Native.REQUIRE:
        raise ValueError(
            "transcode.native is 'require', but the native codec was not built: install a C compiler first"
        )
    return found
