"""Numbers of JSON that kept the digits they were written with."""

from __future__ import annotations

from typing import Final

_MAX_DIGITS: Final = 400
"""No finite double has more before its point; Python refuses to convert thousands."""


class ExactFloat(float):
    """A float beside its own text, for integers that no float can hold."""

    __slots__ = ("text",)

    text: str

    @classmethod
    def read(cls, text: str) -> ExactFloat:
        """The number that a JSON text writes; infinite where it is too large."""
        number = cls(text)
        number.text = text
        return number


def read_integer(text: str) -> int | ExactFloat:
    """The integer that a JSON text writes; a float that knows its text where it has hundreds of digits, or is -0."""
    return int(text) if len(text) <= _MAX_DIGITS and text != "-0" else ExactFloat.read(text)
