"""Usual texts as an automaton: a row for each state, a column for each class of characters, one step a character.

Built when a gateway starts, in 20 ms for the largest (`extension.UsualTexts` says what of).
"""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Final

from transom_runtime.extension import UsualTexts

# What is special in a regular expression and not here is refused, so that nobody reads it otherwise.
_ITEM: Final = re.compile(r"(?:\[([^\]^\\][^\]\\]*)\]|([^\[\]*^\\.+?(){}|$]))(\*?)", re.DOTALL)
_ASCII: Final = 128
MAX_CELLS: Final = 2**16 - 1
"""Rows times columns: a place in the table takes 16 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Automaton:
    """What src/looks.c runs."""

    most: int
    """The longest text, in bytes."""
    classes: bytes
    """The column of each ASCII character; 0: it is not usual."""
    beyond: int
    """The column of all usual characters beyond ASCII."""
    bounds: tuple[int, ...]
    """Where these begin and end, in turn."""
    width: int
    """Columns."""
    rows: bytes
    """For each state and class the place of the next row, in 16 bits. Row 0 is for texts that are not usual; every text
    begins at the next.
    """


_Places = frozenset[int]


@cache
def build_automaton(usual: UsualTexts) -> Automaton:
    """The automaton of usual texts. Raises ValueError where anything in them is malformed, since a sequence that cannot
    be found would let pass what it stands for, or where there are too many.
    """
    _check(usual)
    sequences = _Sequences(usual.never)
    alike = {character: sequences.led_on_by(character) for character in usual.characters}
    # Beyond ASCII nothing leads on in any sequence.
    columns = {places: column for column, places in enumerate(dict.fromkeys([_Places(), *alike.values()]), 1)}
    rows = _Rows(sequences, list(columns)).all()
    return Automaton(
        most=usual.max_bytes,
        classes=bytes(columns[alike[chr(point)]] if chr(point) in alike else 0 for point in range(_ASCII)),
        beyond=columns[_Places()],
        bounds=tuple(bound for first, last in usual.beyond for bound in (first, last + 1)),
        width=len(columns) + 1,
        rows=array("H", chain.from_iterable(rows)).tobytes(),
    )


def _check(usual: UsualTexts) -> None:
    if not usual.characters.isascii():
        raise ValueError(f"the characters {usual.characters!r} are malformed: others than those of ASCII are ranges")
    bounds = [_ASCII - 2]
    for first, last in usual.beyond:
        if not bounds[-1] + 1 < first <= last <= sys.maxunicode:
            raise ValueError(f"the range {first:#x} to {last:#x} is malformed: ranges ascend, apart, beyond ASCII")
        bounds.append(last)


class _Sequences:
    """All places within all sequences: before each item, and behind the last."""

    def __init__(self, never: Iterable[str]) -> None:
        self._places: dict[str, set[int]] = {}
        self._behind: list[_Places] = []
        """Where a text may stand behind the item at a place, or where it stands if that is absent."""
        self.first: set[int] = set()
        """The places before a text's first character."""
        self.anywhere: set[int] = set()
        """Those before any."""
        self.ends: set[int] = set()
        for sequence in never:
            self._add(sequence)

    def _add(self, sequence: str) -> None:
        start = len(self._behind)
        items = list(_items(sequence.removeprefix("^")))
        self._behind += [_Places()] * (len(items) + 1)
        self.ends.add(start + len(items))
        for place, (characters, repeats) in reversed(list(enumerate(items, start))):
            behind = self._absent(place + 1, items, start)
            self._behind[place] = _Places({place, *behind} if repeats else behind)
            for character in characters:
                self._places.setdefault(character, set()).add(place)
        begun = self._absent(start, items, start)
        if start + len(items) in begun:
            # It would be in every text.
            raise ValueError(f"the sequence {sequence!r} is malformed")
        self.first |= begun
        self.anywhere |= begun if not sequence.startswith("^") else _Places()

    @staticmethod
    def _absent(place: int, items: Sequence[tuple[frozenset[str], bool]], start: int) -> set[int]:
        """A place, and those behind it for as long as what stands there may be absent."""
        places = {place}
        while place - start < len(items) and items[place - start][1]:
            place += 1
            places.add(place)
        return places

    def led_on_by(self, character: str) -> _Places:
        """The places whose items a character is in."""
        return _Places(self._places.get(character, ()))

    def behind(self, places: Iterable[int]) -> set[int]:
        """Where a text stands behind the items at some places."""
        return {behind for place in places for behind in self._behind[place]}


class _Rows:
    """Rows as they are met, by the places of sequences that a text may stand at."""

    def __init__(self, sequences: _Sequences, columns: Sequence[_Places]) -> None:
        self._sequences = sequences
        self._columns = columns
        self._met: dict[_Places, int] = {}
        self._waiting: list[_Places] = []
        # What begins anywhere does so in every row: it is followed once.
        self._begun = [sequences.behind(sequences.anywhere & places) for places in columns]
        self._columns_at: dict[int, list[int]] = {}
        for column, places in enumerate(columns):
            for place in places:
                self._columns_at.setdefault(place, []).append(column)

    def all(self) -> Iterator[list[int]]:
        """All of them. Raises ValueError where they are too many."""
        yield [0] * self._width
        self._place(self._sequences.first)
        usual = [0, *map(self._place, self._begun)]
        for places in self._waiting:
            row = usual.copy()
            for column in {column for place in places for column in self._columns_at.get(place, ())}:
                led = self._sequences.behind(places & self._columns[column])
                row[column + 1] = self._place(led | self._begun[column])
            yield row

    @property
    def _width(self) -> int:
        return len(self._columns) + 1

    def _place(self, places: set[int]) -> int:
        """The place of a row; 0 where a sequence has come to its end."""
        if not self._sequences.ends.isdisjoint(places):
            return 0
        key = _Places(places - self._sequences.anywhere)
        place = self._met.get(key)
        if place is None:
            self._waiting.append(key)
            place = self._met[key] = len(self._waiting) * self._width
            if place + self._width > MAX_CELLS:
                raise ValueError("the sequences of usual texts are too many")
        return place


def _items(sequence: str) -> Iterator[tuple[frozenset[str], bool]]:
    """The characters of each item in either case, and whether it may repeat or be absent."""
    end = 0
    for item in _ITEM.finditer(sequence):
        if item.start() != end:
            break
        end = item.end()
        yield _set(item[1] or item[2]), bool(item[3])
    if end != len(sequence) or not sequence.isascii():
        raise ValueError(f"the sequence {sequence!r} is malformed")


@cache
def _set(named: str) -> frozenset[str]:
    """The characters that a set names, `a-z` a range, in either case."""
    ranges = re.findall(r"(.)(?:-(.))?", named, re.DOTALL)
    if any(last and last < first for first, last in ranges):
        raise ValueError(f"the set {named!r} is malformed: a range in it goes backwards")
    characters = {chr(point) for first, last in ranges for point in range(ord(first), ord(last or first) + 1)}
    return frozenset(chain(map(str.lower, characters), map(str.upper, characters)))
