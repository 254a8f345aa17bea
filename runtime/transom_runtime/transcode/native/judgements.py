"""What checks said of the texts of one request: where the pure codec reads it anew, none is counted twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from transom_runtime.extension import QuickCheck, TextCheck, TextRefused, UsualTexts

_Said = str | TextRefused


@dataclass(frozen=True, slots=True, eq=False)
class JudgedCheck:
    """A check that says again what is kept of it, once for each time that it said it."""

    check: TextCheck
    kept: dict[tuple[JudgedCheck, str], list[_Said]]
    usual: UsualTexts | None = None
    """The texts that the extension passes without asking."""

    def __call__(self, text: str) -> str:
        """Check a text. Raises TextRefused."""
        said = self.kept.get((self, text)) if self.kept else None
        if not said:
            return self.check(text)
        again = said.pop()
        if isinstance(again, TextRefused):
            try:
                raise again
            finally:
                del again  # this frame, which it takes along, must not hold it
        return again


class Judgements:
    """The checks of one codec. What is kept is for the reading that follows at once: nothing else runs in between, and
    whoever has read forgets it, since it is what one client sent.
    """

    def __init__(self) -> None:
        self.kept: dict[tuple[JudgedCheck, str], list[_Said]] = {}
        self.count: Callable[[int], None] = _count_nothing
        """Told how many texts the extension passed without asking, where the request was read natively: where it is
        read anew, the checks are asked, and count.
        """

    def around(self, check: TextCheck) -> JudgedCheck:
        """The same check, for both readings. The extension passes usual texts of those only that count together with
        the first that told some: it has one sum for all.
        """
        if not isinstance(check, QuickCheck):
            return JudgedCheck(check, self.kept)
        if self.count is _count_nothing:
            self.count = check.count
        return JudgedCheck(check.check, self.kept, check.usual if check.count == self.count else None)

    def pass_all(self, checks: Iterable[JudgedCheck], texts: list[str]) -> bool:
        """Whether every check lets its text pass as it is. Where one does not, what each said is kept."""
        asked = list(checks)
        judged = _judge(asked, texts)
        if judged == texts:
            return True
        for check, text, said in zip(asked, texts, judged, strict=True):
            self.kept.setdefault((check, text), []).append(said)
        return False

    def forget(self) -> None:
        """Keep nothing, since the request was read."""
        self.kept.clear()


def _judge(checks: list[JudgedCheck], texts: list[str]) -> list[_Said]:
    said: list[_Said] = []
    left = zip(checks, texts, strict=True)
    while True:
        try:
            # Goes on behind a text that was refused.
            for judged, text in left:
                said.append(judged.check(text))
        except TextRefused as refused:
            # Its frames, this one first, would hold it in their turn.
            said.append(refused.with_traceback(None))
        else:
            return said


def _count_nothing(passed: int) -> None:
    del passed
