"""Usual texts: those that no rule can strike in, told by one look. All that are not are judged rule by rule.

`tests/policy/sanitize/test_usual.py` holds each of these against every rule of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from transom_runtime.policy.sanitize.rule import Kind

IsUsual = Callable[[str], Any]
"""True, or a match, where no rule of a kind can strike."""

# All that control_rules.py looks for.
_HIDING: Final = "\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x84\\x86-\\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f"
hides_nothing: Final[IsUsual] = re.compile(f"[^{_HIDING}]*+").fullmatch
"""No character that nobody sees, whatever else."""

# A letter first: a number, a word and a comparison of numbers make a condition that is always true. A hyphen after a
# blank begins an option of a program, or a comment of SQL.
_QUIET: Final = re.compile(r"[A-Za-z][A-Za-z0-9 .,!?\n]*+(?:(?<![ \n])-[A-Za-z0-9 .,!?\n]*+)*+")


def is_quiet(text: str) -> bool:
    """Letters, digits and harmless punctuation, without the words of which one is in every injection made of them.

    The words are written out: a generator, or one pattern of all of them, costs twice as much (`make bench-micro`,
    table `sanitizer`).
    """
    if _QUIET.fullmatch(text) is None:
        return False
    lower = text.lower()
    return not (
        "like" in lower
        or "union" in lower
        or "waitfor" in lower
        or "outfile" in lower
        or "dumpfile" in lower
        or "mysql" in lower
    )


USUAL: Final[dict[Kind, IsUsual]] = {
    Kind.PLAIN: is_quiet,
    Kind.HTML: re.compile(f"[^<&{_HIDING}]*+").fullmatch,
    # What is printable holds nothing hidden; lines of code are more than that.
    Kind.CODE: str.isprintable,
    # No `.` first: a name is not only `.` or `..`.
    Kind.IDENTIFIER: re.compile(r"[A-Za-z0-9_:~-][A-Za-z0-9_.:~-]*+").fullmatch,
    # Letters around every dot and slash, so no `..`, no root and no name that starts with a dot.
    Kind.PATH: re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_ -]*+(?:[./][A-Za-z0-9_-][A-Za-z0-9_ -]*+)*+").fullmatch,
}
