"""Usual texts by regular expressions: what UsualTexts says, read by somebody else than the extension."""

from __future__ import annotations

import re
from collections.abc import Callable

from transom_runtime.extension import UsualTexts


def told_usual(usual: UsualTexts) -> Callable[[str], bool]:
    """Whether a text is usual."""
    beyond = "".join(f"{chr(first)}-{chr(last)}" for first, last in usual.beyond)
    allowed = re.compile(f"[{re.escape(usual.characters)}{beyond}]*")
    never = re.compile("|".join(usual.never) or r"(?!)", re.IGNORECASE | re.ASCII)

    def is_usual(text: str) -> bool:
        return (
            len(text.encode("utf-8", "surrogatepass")) <= usual.max_bytes
            and allowed.fullmatch(text) is not None
            and never.search(text) is None
        )

    return is_usual
