"""Rules about characters that nobody sees: they hide what a text says, or end it early."""

from __future__ import annotations

import re
from typing import Final

from transom_runtime.policy.sanitize.rule import Kind, Mode, Rule, Severity

_ALL: Final = tuple(Kind)

NUL: Final = Rule(
    id="control-nul",
    title="NUL",
    description="A NUL character, at which programs in C take the text to end.",
    reason="CONTROL_CHARACTER",
    refusal="holds a NUL character",
    severity=Severity.HIGH,
    applies_to=_ALL,
    mode=Mode.BLOCK,
    pattern=re.compile(r"\x00"),
)
CONTROL: Final = Rule(
    id="control-character",
    title="Control character",
    description="A control character other than tab, line feed and carriage return: it can steer terminals and logs.",
    reason="CONTROL_CHARACTER",
    refusal="holds a control character",
    severity=Severity.MEDIUM,
    applies_to=_ALL,
    mode=Mode.BLOCK,
    # U+0085 (next line) is among C1 and yet a line break of some mainframes' texts.
    pattern=re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"),
)
BIDI_OVERRIDE: Final = Rule(
    id="bidi-override",
    title="Bidirectional override",
    description="A character that forces the order in which letters are shown, so that a text reads other than it is.",
    reason="HIDDEN_TEXT",
    refusal="holds a character that reverses how text is shown",
    severity=Severity.MEDIUM,
    applies_to=_ALL,
    mode=Mode.BLOCK,
    pattern=re.compile("[\u202d\u202e]"),
)
BIDI_IN_CODE: Final = Rule(
    id="bidi-in-code",
    title="Bidirectional control in code",
    description="Any bidirectional control in code or paths, where it can make code read other than it runs.",
    reason="HIDDEN_TEXT",
    refusal="holds a character that reorders how text is shown",
    severity=Severity.HIGH,
    applies_to=(Kind.CODE, Kind.PATH),
    mode=Mode.BLOCK,
    pattern=re.compile("[\u202a-\u202e\u2066-\u2069]"),
)
HIDDEN_TAG: Final = Rule(
    id="hidden-tag",
    title="Hidden text",
    description="Unicode tag characters outside of a flag: a message that people do not see and language models do.",
    reason="HIDDEN_TEXT",
    refusal="holds invisible tag characters",
    severity=Severity.HIGH,
    applies_to=_ALL,
    mode=Mode.BLOCK,
    # Flags of regions are a black flag followed by tags (UTS 51, emoji tag sequences).
    pattern=re.compile("(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0000-\U000e007f]"),
)

CONTROL_RULES: Final = (NUL, CONTROL, BIDI_OVERRIDE, BIDI_IN_CODE, HIDDEN_TAG)
