"""What the proofs of this folder covered: told at the end of the run, for docs/conformance.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Counts by title."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    notes: dict[str, set[str]] = field(default_factory=dict)

    def of(self, title: str) -> Counter[str]:
        """The counts under a title."""
        return self.counts.setdefault(title, Counter())

    def note(self, title: str, text: str) -> None:
        """Tell something once."""
        self.notes.setdefault(title, set()).add(text)

    def lines(self) -> Iterator[str]:
        """The table, and a line of sums for what stands more than once."""
        for title, counts in self.counts.items():
            yield f"{title}: " + ", ".join(f"{count} {name}" for name, count in counts.items())
        if len(self.counts) > 1:
            sums: Counter[str] = sum(self.counts.values(), Counter())
            yield "in all: " + ", ".join(f"{count} {name}" for name, count in sums.items())
        for title, texts in self.notes.items():
            yield f"{title}:"
            yield from (f"  {text}" for text in sorted(texts))


TALLY = Tally()
