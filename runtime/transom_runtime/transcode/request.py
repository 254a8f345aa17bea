"""An HTTP request to its message: path, query and body, one after the other into one message, then to wire bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from google.protobuf.message import DecodeError, EncodeError, Message

from transom_runtime.binding import Binding, StreamKind
from transom_runtime.transcode.body import BodyReader, JsonBody, NoBody, RawBody, SentBody, build_field_setter
from transom_runtime.transcode.content_type import check_json
from transom_runtime.transcode.decode_plans import DecodePlans
from transom_runtime.transcode.faults import Flaw, Refused
from transom_runtime.transcode.field_access import descriptor_of, oneof_of
from transom_runtime.transcode.field_mask import build_mask_filler
from transom_runtime.transcode.field_path import FieldPath, build_field_path
from transom_runtime.transcode.http_body import is_http_body
from transom_runtime.transcode.message_plan import FieldPlan
from transom_runtime.transcode.missing import find_missing
from transom_runtime.transcode.native.decoding import NativeRead, NativeRequest
from transom_runtime.transcode.native.tables import takes_text
from transom_runtime.transcode.nesting import deepest
from transom_runtime.transcode.options import TranscodeOptions
from transom_runtime.transcode.placement import Part, Placement
from transom_runtime.transcode.query import QueryBinder
from transom_runtime.transcode.variable import build_variable
from transom_runtime.transcode.verdict import OnUnknown, Verdict

_ALWAYS_SHALLOW: Final = 33
"""Objects and arrays that cannot make 100 messages inside each other: one of a Struct makes three at most."""


class RequestDecoder:
    """Decodes the requests of one binding. Built at start, immutable, safe to use from any task."""

    __slots__ = (
        "_binding_id",
        "_body",
        "_body_root",
        "_captures",
        "_forget",
        "_is_apart",
        "_is_json",
        "_mask",
        "_mask_names",
        "_native",
        "_native_body",
        "_new",
        "_on_unknown",
        "_query",
        "_resume",
        "_strictness",
        "_variables",
    )

    def __init__(
        self, binding: Binding, plans: DecodePlans, options: TranscodeOptions, on_unknown: OnUnknown | None
    ) -> None:
        """Raise ValueError where the binding does not fit its request message."""
        plan = plans.plan(descriptor_of(binding.request))
        where = f"binding {binding.id}"
        body_path = _body_path(binding, plans, options)
        self._binding_id = binding.id
        self._strictness = options.strictness
        self._on_unknown = on_unknown
        self._new = binding.request
        self._captures = tuple(capture.field_path for capture in binding.captures)
        self._variables = tuple(build_variable(plan, path, _taken(binding), where) for path in self._captures)
        resume = binding.policy.sse.resume_field
        self._resume = build_variable(plan, resume, None, where) if resume else None
        self._body = _body_reader(binding, body_path, plans, options)
        self._query = QueryBinder(plan, options, reachable=_reachable(binding), bound=self._captures, body=binding.body)
        self._body_root = _body_root(binding, body_path)
        body_field = body_path.field if body_path is not None and not body_path.parents else None
        self._mask = build_mask_filler(plan, body_field, self._captures)
        mask = self._mask.mask if self._mask is not None else None
        self._mask_names = frozenset(name for name, field in self._query.direct.items() if field.name == mask)
        self._is_json = isinstance(self._body, JsonBody)
        body_alone = None if isinstance(self._body, RawBody) else _native_request(binding, body_path)
        with_head = self._with_head(body_alone) if body_alone is not None else None
        self._native = _native_reader(with_head, plans, options)
        self._native_body = _native_reader(body_alone if self._is_json else None, plans, options)
        self._forget = plans.forget_judgements
        self._is_apart = body_field is not None and _is_apart(body_field, (*self._captures, resume))

    def _with_head(self, request: NativeRequest) -> NativeRequest | None:
        """The same request with its head; None where that is not made of plain fields of the request itself."""
        bound = [*self._variables, *([self._resume] if self._resume is not None else [])]
        if not all(not each.path.parents and takes_text(each.path.field.descriptor) for each in bound):
            return None
        variables = tuple(each.path.field.descriptor for each in self._variables)
        resume = self._resume.path.field.descriptor if self._resume is not None else None
        return replace(request, variables=variables, query=self._query.direct, resume=resume)

    def decode(
        self,
        variables: Sequence[str],
        raw_query: str,
        body: bytes,
        *,
        content_type: str = "",
        method: str,
        resume: str = "",
        root: str = "",
    ) -> bytes:
        """The wire bytes of the request message.

        `variables` are the texts of the binding's captures, in their order; `resume` is the Last-Event-ID. Raises
        CallError: 400 with all faults of path, query and body together, 415 for a wrong content type, 413 over a cap.
        `root` is the JSON pointer of the body in what was sent: of a message in a client stream, `/0`.
        """
        wants_mask = self._mask is not None and method == "PATCH"
        if not wants_mask or self._gives_mask(raw_query):
            if body and self._is_json and not body.isspace():
                check_json(content_type, method)
            native = self._native
            # The native codec reads no mask in a query.
            if native is not None and not wants_mask:
                wire = native(body, raw_query, tuple(variables), resume)
            else:
                wire = self._decode_apart(body, raw_query, variables, resume, root)
            if wire is not None:
                return wire
        verdict = Verdict(self._binding_id, self._strictness, self._on_unknown, root)
        message = self._new()
        try:
            value = self._body.read(message, SentBody(content=body, content_type=content_type, method=method), verdict)
            self._bind_head(message, variables, raw_query, resume, verdict)
        finally:
            self._forget()
        if self._mask is not None and method == "PATCH":
            self._mask.fill(message, value)
        verdict.enforce()
        return self._serialize(message, body, value, verdict)

    def _gives_mask(self, raw_query: str) -> bool:
        """Whether a query brings the mask of a PATCH, or a fault: a text that is not empty is one or the other."""
        pairs = (pair.partition("=") for pair in raw_query.split("&"))
        return any(text and name in self._mask_names for name, _, text in pairs)

    def _decode_apart(
        self, body: bytes, raw_query: str, variables: Sequence[str], resume: str, root: str
    ) -> bytes | None:
        """The wire bytes of a request whose body is beyond doubt, and whose head is left to Python; None for any
        other. Raises CallError likewise.
        """
        wire = self._native_body(body, "", (), "") if self._native_body is not None and body else None
        if wire is None:
            return None
        verdict = Verdict(self._binding_id, self._strictness, self._on_unknown, root)
        message = self._new() if self._is_apart else self._new.FromString(wire)
        self._bind_head(message, variables, raw_query, resume, verdict)
        verdict.enforce()
        try:
            head = message.SerializeToString()
        except EncodeError:
            return None
        # Parts of a message may stand in any order, so what shares no field is put together by its bytes.
        return head + wire if self._is_apart else head

    def check_head(self, variables: Sequence[str], raw_query: str) -> None:
        """See that path and query fit, before there is a message. Raises CallError (400) with all their faults."""
        verdict = Verdict(self._binding_id, self._strictness, self._on_unknown, "")
        self._bind_head(self._new(), variables, raw_query, "", verdict)
        verdict.enforce()

    def _bind_head(
        self, message: Message, variables: Sequence[str], raw_query: str, resume: str, verdict: Verdict
    ) -> None:
        if raw_query:
            self._query.bind(message, raw_query, verdict)
        for variable, text, place in zip(self._variables, variables, self._captures, strict=True):
            if variable.body_depth < 0:
                variable.bind(message, text, place, verdict)
            else:
                variable.bind_over_body(message, text, place, verdict)
        if resume and self._resume is not None:
            self._resume.bind(message, resume, "Last-Event-ID", verdict)

    def decode_next(self, body: bytes, *, method: str, root: str = "") -> bytes:
        """The wire bytes of a later message of a client stream: path and query went into the first.

        Raises CallError likewise.
        """
        wire = self._native_body(body, "", (), "") if self._native_body is not None else None
        if wire is not None:
            return wire
        verdict = Verdict(self._binding_id, self._strictness, self._on_unknown, root)
        message = self._new()
        try:
            value = self._body.read(message, SentBody(content=body, content_type="", method=method), verdict)
        finally:
            self._forget()
        verdict.enforce()
        return self._serialize(message, body, value, verdict)

    def placements(self, variables: Sequence[str], raw_query: str, *, resume: str = "") -> list[Placement]:
        """The field of each text that `decode` would be given, whether it takes it or refuses it."""
        placed = [
            Placement(part=Part.PATH, name=field, text=text, field=field)
            for field, text in zip(self._captures, variables, strict=True)
        ]
        placed += self._query.placements(raw_query)
        if resume and self._resume is not None:
            field = self._resume.path.dotted
            placed.append(Placement(part=Part.HEADER, name="Last-Event-ID", text=resume, field=field))
        return placed

    def _serialize(self, message: Message, body: bytes, value: Any, verdict: Verdict) -> bytes:
        try:
            wire = message.SerializeToString()
            if body.count(b"{") + body.count(b"[") > _ALWAYS_SHALLOW:
                self._new.FromString(wire)
        except (EncodeError, DecodeError):
            self._refuse(message, value, verdict)
        else:
            return wire
        verdict.enforce()
        raise AssertionError("a message that is whole was not serialized")

    def _refuse(self, message: Message, value: Any, verdict: Verdict) -> None:
        """Take in why a message was not serialized: a required field is missing, or it is too deep."""
        missing = list(find_missing(message, self._body_root))
        for place, flaw in missing:
            verdict.refuse(Refused(flaw), place)
        if not missing:
            flaw = Flaw(description="is nested too deep for a message", reason="TOO_DEEP", path=deepest(value))
            verdict.refuse(Refused(flaw))


def _reachable(binding: Binding) -> frozenset[str]:
    """The top-level fields that are the query's: none that the body takes."""
    if binding.body == "*":
        return frozenset()
    taken = (binding.body or "").partition(".")[0]
    return frozenset(name for name in binding.query if name != taken)


def _body_path(binding: Binding, plans: DecodePlans, options: TranscodeOptions) -> FieldPath | None:
    if binding.body is None or binding.body == "*":
        return None
    if "." in binding.body and not options.allow_dotted_body:
        raise ValueError(f"binding {binding.id} has the dotted body {binding.body!r}, which is not allowed")
    return build_field_path(plans.plan(descriptor_of(binding.request)), binding.body, f"the body of {binding.id}")


def _taken(binding: Binding) -> str | None:
    """What the body takes. The messages of a WebSocket come in frames, though its rule is a GET, which has no body."""
    return "*" if binding.body is None and binding.stream is StreamKind.BIDI else binding.body


def _body_root(binding: Binding, path: FieldPath | None) -> tuple[str, ...] | None:
    """The JSON names of what the body holds; None where the binding takes none."""
    if _taken(binding) is None:
        return None
    return () if path is None else tuple(step.key for step in (*path.parents, path.field))


def _body_reader(binding: Binding, path: FieldPath | None, plans: DecodePlans, options: TranscodeOptions) -> BodyReader:
    if _taken(binding) is None:
        return NoBody(options)
    if path is None:
        descriptor = descriptor_of(binding.request)
        is_raw = is_http_body(descriptor) and not binding.opens_socket
        return RawBody(None) if is_raw else JsonBody(plans.filler(descriptor).from_json, options)
    field = path.field.descriptor
    if is_http_body(field.message_type) and not field.is_repeated and not binding.opens_socket:
        return RawBody(path)
    return JsonBody(build_field_setter(path), options)


def _native_request(binding: Binding, path: FieldPath | None) -> NativeRequest | None:
    """A request as the native codec reads it, its head left out; None where it is none of its business."""
    if path is not None and path.parents:
        return None
    body = path.field.descriptor if path is not None else None
    return NativeRequest(descriptor=descriptor_of(binding.request), has_body=_taken(binding) is not None, body=body)


def _native_reader(request: NativeRequest | None, plans: DecodePlans, options: TranscodeOptions) -> NativeRead | None:
    return plans.native.reader(request, options) if plans.native is not None and request is not None else None


def _is_apart(body: FieldPlan, others: Sequence[str]) -> bool:
    """Whether nothing but the body can reach its field, or clash with it: the query cannot (`_reachable`)."""
    return not oneof_of(body.descriptor) and body.name not in {other.partition(".")[0] for other in others}
