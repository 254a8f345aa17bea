"""How far property tests look: at the same few examples in every run, at more where `TRANSOM_EXAMPLES` says so."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_FURTHER = os.environ.get("TRANSOM_EXAMPLES", "")


def examples(usual: int) -> settings:
    """Settings for a property that looks at so many examples, or at as many as the environment says.

    The usual ones are the same on every run, so that no change is blamed for what an earlier one did.
    """
    return settings(
        max_examples=int(_FURTHER or usual),
        derandomize=not _FURTHER,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
