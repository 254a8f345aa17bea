"""Query parameters to the fields that a binding leaves to them (semantics.md Q)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from transom_runtime.transcode.faults import Flaw, Refused, refuse
from transom_runtime.transcode.field_access import is_map
from transom_runtime.transcode.field_path import FieldPath, reach
from transom_runtime.transcode.message_plan import FieldPlan, MessagePlan
from transom_runtime.transcode.options import Strictness, TranscodeOptions
from transom_runtime.transcode.percent import decode
from transom_runtime.transcode.placement import Part, Placement
from transom_runtime.transcode.verdict import Verdict

_MAX_DEPTH: Final = 32
_BY_PATH: Final = "is given by the path"


class QueryBinder:
    """Binds the query of one binding's requests."""

    def __init__(
        self,
        plan: MessagePlan,
        options: TranscodeOptions,
        *,
        reachable: Iterable[str],
        bound: Iterable[str],
        body: str | None = None,
    ) -> None:
        """`reachable`: the top-level fields left to the query; `bound`: the paths that the HTTP path binds (Q3);
        `body`: what the body takes, as the binding has it.
        """
        self._options = options
        self._plan = plan
        self._body = (body or "").partition(".")[0]
        self._bound = frozenset(bound)
        top = frozenset(reachable)
        self._names = {name: field for name, field in plan.names.items() if _is_own(field) and field.name in top}
        self._direct = {
            name: FieldPath((), field) for name, field in self._names.items() if field.name not in self._bound
        }

    @property
    def direct(self) -> dict[str, FieldDescriptor]:
        """The fields of the request itself that a query may name, by both their names."""
        return {name: path.field.descriptor for name, path in self._direct.items()}

    def bind(self, message: Message, raw_query: str, verdict: Verdict) -> None:
        """Set what the query names. Faults are told under the parameter as it was sent."""
        given: set[str] = set()
        for name, text in self._pairs(raw_query, verdict):
            try:
                path = self._direct.get(name) or self._resolve(name)
                if path is not None:
                    _set(message, path, text, given)
            except Refused as refused:
                verdict.refuse(refused, name)

    def placements(self, raw_query: str) -> Iterator[Placement]:
        """The field of each parameter, by the lookups of `bind`; none for system parameters and what it refuses."""
        for name, text in self._pairs(raw_query, Verdict("", Strictness.LENIENT, None)):
            try:
                path = self._direct.get(name) or self._resolve(name)
            except Refused:
                path = None
            yield Placement(part=Part.QUERY, name=name, text=text, field=path.dotted if path is not None else "")

    def _pairs(self, raw_query: str, verdict: Verdict) -> Iterator[tuple[str, str]]:
        plus = self._options.plus_is_space
        for pair in raw_query.split("&"):
            if not pair:
                continue
            raw_name, _, raw_text = pair.partition("=")
            name = _printable(raw_name)
            try:
                name = decode(raw_name, plus_is_space=plus)
                text = decode(raw_text, plus_is_space=plus)
            except ValueError as error:
                verdict.refuse(refuse(str(error), reason="INVALID_ESCAPE"), name)
                continue
            yield name, text

    def _resolve(self, name: str) -> FieldPath | None:
        """The field of a name that is no plain top-level one; None for a system parameter (Q7). Raises Refused."""
        if name in self._options.system_parameters:
            return None
        parts = name.split(".")
        if len(parts) > _MAX_DEPTH:
            raise refuse(f"is deeper than {_MAX_DEPTH} names", reason="TOO_DEEP")
        steps: list[FieldPlan] = []
        names: Any = self._names
        for part in parts:
            if steps:
                names = _names_in(steps[-1])
            step = names.get(part)
            if step is None:
                raise _unknown(name, part, names) if steps else self._closed(name, part)
            steps.append(step)
        path = FieldPath(tuple(steps[:-1]), steps[-1])
        if path.dotted in self._bound:
            raise _refuse_unknown(name, _BY_PATH, ())
        return path

    def _closed(self, name: str, part: str) -> Refused:
        """Why a query cannot begin with this name: the field is somebody else's, or none that a text can hold."""
        field = self._plan.names.get(part) or self._plan.names.get(part.partition("[")[0])
        if field is None or field in self._names.values():
            return _unknown(name, part, self._names)
        if field.name in self._bound:
            return _refuse_unknown(name, _BY_PATH, ())
        if self._body in {"*", field.name}:
            return _refuse_unknown(name, "is taken from the body", ())
        if field.set_text is None and field.child is None:
            return refuse(field.no_text, reason="NOT_IN_QUERY")
        return _unknown(name, part, self._names)


def _is_own(field: FieldPlan) -> bool:
    """Whether a field is the message's own: an extension may share its name."""
    return not field.descriptor.is_extension


def _names_in(step: FieldPlan) -> Any:
    if step.child is None:
        raise refuse(f"{step.key!r} {step.no_text or 'has no fields that a query can reach'}", reason="NOT_IN_QUERY")
    return step.child.names


def _unknown(name: str, part: str, names: dict[str, FieldPlan]) -> Refused:
    field = names.get(part.partition("[")[0])
    if field is not None and is_map(field.descriptor):
        return refuse(field.no_text, reason="NOT_IN_QUERY")
    return _refuse_unknown(name, "is no parameter of this route", tuple(names))


def _refuse_unknown(name: str, description: str, known: tuple[str, ...]) -> Refused:
    return Refused(unknown=[Flaw(description=description, reason="UNKNOWN_FIELD", known=known, path=[name])])


def _set(message: Message, path: FieldPath, text: str, given: set[str]) -> None:
    field = path.field
    if field.set_text is None:
        raise refuse(field.no_text, reason="NOT_IN_QUERY")
    if not field.descriptor.is_repeated:
        dotted = path.dotted if path.parents else field.name
        if dotted in given:
            raise refuse("is given more than once", reason="DUPLICATE_FIELD")
        given.add(dotted)
    field.set_text(reach(message, path.parents), text)


def _printable(raw: str) -> str:
    return raw.encode("utf-8", "replace").decode("utf-8")
