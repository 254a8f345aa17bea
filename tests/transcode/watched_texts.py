"""Checks that let everything pass, and see that the extension asks them for just the texts that are not usual."""

from __future__ import annotations

from google.protobuf.descriptor import FieldDescriptor

from policy.sanitize.told import told_usual
from transom_runtime.extension import QuickCheck, TextCheck, UsualTexts
from transom_runtime.policy.sanitize.rule import Kind
from transom_runtime.policy.sanitize.usual_texts import usual_texts

MAX_CHARS = 1_024
USUAL = {kind: usual_texts(kind, MAX_CHARS) for kind in Kind}
_TOLD = {usual: told_usual(usual) for usual in USUAL.values()}


class WatchedTexts:
    """The texts of one codec: fields in turn hold every kind."""

    def __init__(self) -> None:
        self.asked = 0
        """How many texts the extension asked for."""
        self._usual = 0

    def by_look(self, field: FieldDescriptor) -> QuickCheck:
        """The check of a codec that looks for itself. Raises AssertionError where it asks for a usual text."""
        usual = _usual_of(field)

        def check(text: str) -> str:
            assert not _TOLD[usual](text), text
            self.asked += 1
            return text

        return QuickCheck(check=check, usual=usual, count=self._count)

    def by_expression(self, field: FieldDescriptor) -> TextCheck:
        """The check of a codec that asks for each: it counts those that are usual."""
        usual = _usual_of(field)

        def check(text: str) -> str:
            self._count(_TOLD[usual](text))
            return text

        return check

    def take_usual(self) -> int:
        """How many usual texts there were since this was last asked."""
        usual, self._usual = self._usual, 0
        return usual

    def _count(self, texts: int) -> None:
        self._usual += texts


def _usual_of(field: FieldDescriptor) -> UsualTexts:
    return list(USUAL.values())[field.number % len(USUAL)]
