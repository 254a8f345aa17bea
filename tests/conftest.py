"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# No test asserts on wall time, and hypothesis's own deadline does: on a busy machine it fails what is right.
settings.register_profile("transom", deadline=None)
settings.load_profile("transom")
