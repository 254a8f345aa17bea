"""What becomes of the faults of one request: gathered from path, query and body, and told together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from transom_runtime.errors import Fault, bad_request, cut_tracebacks
from transom_runtime.transcode.faults import MAX_FAULTS, Flaw, Refused, add_hint
from transom_runtime.transcode.options import Strictness

_MAX_HINTED: Final = 20
"""Faults that get a hint: finding one is slow, and the names are not ours."""

OnUnknown = Callable[[str, str], None]
"""Told of a name that was ignored: the binding's id, and the place."""


class Verdict:
    """The faults of one request, so far. `strictness` decides which unknown names are among them, `root` is where in
    what was sent its body stands.
    """

    __slots__ = ("_binding_id", "_faults", "_on_unknown", "_root", "_strictness")

    def __init__(self, binding_id: str, strictness: Strictness, on_unknown: OnUnknown | None, root: str = "") -> None:
        self._binding_id = binding_id
        self._strictness = strictness
        self._on_unknown = on_unknown
        self._root = root
        self._faults: list[Fault] = []

    def refuse(self, refused: Refused, place: str | None = None) -> None:
        """Take in what was refused: at `place`, or at the JSON pointers of the flaws themselves."""
        cut_tracebacks(refused)
        for flaw in refused.wrong:
            self._add(flaw, self._place(flaw, place))
        self.unknown(refused.unknown, place)

    def unknown(self, flaws: Sequence[Flaw], place: str | None = None) -> None:
        """Take in unknown names."""
        if self._strictness is Strictness.STRICT:
            for flaw in flaws:
                if len(self._faults) < _MAX_HINTED:
                    add_hint(flaw)
                self._add(flaw, self._place(flaw, place))
        elif self._strictness is Strictness.REPORT and self._on_unknown is not None:
            for flaw in flaws:
                self._on_unknown(self._binding_id, self._place(flaw, place))

    def _place(self, flaw: Flaw, place: str | None) -> str:
        return self._root + flaw.pointer if place is None else place

    def _add(self, flaw: Flaw, place: str) -> None:
        if len(self._faults) < MAX_FAULTS:
            self._faults.append(flaw.as_fault(place))

    def enforce(self) -> None:
        """Raise CallError with all faults, if there are any."""
        if self._faults:
            raise bad_request(self._faults)
