"""The compiled extension; its sources are in src/."""

from typing import Self

class Plans:
    """Message types as tables, immutable; safe to use from any task."""

    def __new__(
        cls,
        messages: tuple[object, ...],
        enums: tuple[object, ...],
        requests: tuple[object, ...],
        responses: tuple[object, ...],
        looks: tuple[object, ...],
        checks: tuple[int, ...],
        /,
    ) -> Self:
        """Raise ValueError where the tables do not fit together."""

    def encode(self, response: int, wire: bytes, /) -> bytes | tuple[bytes, tuple[str, ...]] | None:
        """The JSON of wire bytes, with the texts of the fields that are wanted, if any are; None where the pure codec
        has to judge them.
        """

    def decode(
        self, request: int, body: bytes, query: str, variables: tuple[str, ...], resume: str, /
    ) -> bytes | tuple[bytes, int] | tuple[bytes, int, list[int], list[str]] | None:
        """The wire bytes of a request; if it has texts that are to be checked, how many of these are usual; and the
        others, if there are any, with the number of the check of each. None where the pure codec has to judge.
        """
