"""What checks said of the texts of one request: where the pure codec reads it anew, none is counted twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from transom_runtime.extension import TextCheck, TextRefused

_Said = str | TextRefused


@dataclass(frozen=True, slots=True, eq=False)
class JudgedCheck:
    """A check that says again what is kept of it, once for each time that it said it."""

    check: TextCheck
    kept: dict[tuple[TextCheck, str], list[_Said]]

    def __call__(self, text: str) -> str:
        """Check a text. Raises TextRefused."""
        said = self.kept.get((self, text)) if self.kept else None
        if not said:
            return self.check(text)
        again = said.pop()
        if isinstance(again, TextRefused):
            raise again
        return again


@dataclass(frozen=True, slots=True)
class Judgements:
    """The checks of one codec. What is kept is for the reading that follows at once: nothing else runs in between."""

    kept: dict[tuple[TextCheck, str], list[_Said]] = field(default_factory=dict)

    def around(self, check: TextCheck) -> TextCheck:
        """The same check, for both readings."""
        return JudgedCheck(check, self.kept)

    def pass_all(self, asked: Iterable[tuple[TextCheck, str]]) -> bool:
        """Whether every check lets its text pass as it is. Where one does not, what each said is kept."""
        if self.kept:
            self.kept.clear()
        judged = [(check, text, _judge(check, text)) for check, text in asked]
        if all(said == text for _, text, said in judged):
            return True
        for check, text, said in judged:
            self.kept.setdefault((check, text), []).append(said)
        return False


def _judge(check: TextCheck, text: str) -> _Said:
    try:
        return check(text)
    except TextRefused as refused:
        return refused
