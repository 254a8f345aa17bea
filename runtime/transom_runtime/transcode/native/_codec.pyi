"""The compiled extension; its sources are in src/."""

from typing import Self

class Plans:
    """Message types as tables, immutable; safe to use from any task."""

    def __new__(cls, messages: tuple[object, ...], enums: tuple[object, ...], /) -> Self:
        """Raise ValueError where the tables do not fit together."""

    def encode(self, message: int, wire: bytes, /) -> bytes | None:
        """The JSON of wire bytes; None where the pure codec has to judge them."""

    def decode(
        self, message: int, field: int, depth: int, members: int, body: bytes, /
    ) -> tuple[bytes, list[int], list[str]] | None:
        """The wire bytes of a JSON body, and the texts to be checked, with the number of the check of each.

        `field` is the place of the field that the body is, -1 for the message. None where the pure codec has to judge.
        """
