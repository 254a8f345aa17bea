"""What a binding does with a request's body: nothing, JSON into a message or field, or raw bytes (semantics.md B)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

from google.protobuf.message import Message

from transom_runtime.transcode.content_type import check_json
from transom_runtime.transcode.faults import Flaw, Refused, refuse_type
from transom_runtime.transcode.field_path import FieldPath, reach
from transom_runtime.transcode.http_body import fill_http_body
from transom_runtime.transcode.json_text import JsonText, read_exactly, read_json
from transom_runtime.transcode.message_plan import Setter
from transom_runtime.transcode.options import TranscodeOptions
from transom_runtime.transcode.verdict import Verdict

_SPACE: Final = b" \t\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBody:
    """A body as it came."""

    content: bytes
    content_type: str
    method: str
    """The HTTP method it came with."""


class BodyReader(Protocol):
    """One way to take a body in."""

    def read(self, message: Message, body: SentBody, verdict: Verdict) -> Any:
        """Fill a fresh message from the body; the JSON value that it was, None where there was none.

        Raises CallError where the body as a whole cannot be read; faults in it go into the verdict.
        """


@dataclass(frozen=True, slots=True)
class NoBody:
    """The binding takes no body: anything but emptiness is unknown input (B2)."""

    options: TranscodeOptions

    def read(self, message: Message, body: SentBody, verdict: Verdict) -> Any:
        """See that there is none."""
        del message
        text = body.content.strip(_SPACE)
        if text and not (text[:1] == b"{" and text[1:].lstrip(_SPACE) == b"}"):
            flaw = Flaw(description="is not empty: this route takes no body", reason="UNKNOWN_FIELD")
            verdict.unknown([flaw])


@dataclass(frozen=True, slots=True)
class RawBody:
    """The body is an HttpBody: the request itself, or one of its fields."""

    path: FieldPath | None

    def read(self, message: Message, body: SentBody, verdict: Verdict) -> Any:
        """Take the bytes as they are."""
        del verdict
        target: Any = message
        if self.path is not None:
            target = getattr(reach(message, self.path.parents), self.path.field.name)
        fill_http_body(target, body.content, body.content_type)


@dataclass(frozen=True, slots=True)
class JsonBody:
    """The body is the JSON of the request, or of one of its fields."""

    set_json: Setter
    """Fills the request from the whole body."""
    options: TranscodeOptions

    def read(self, message: Message, body: SentBody, verdict: Verdict) -> Any:
        """Read and decode it. White space is an empty message (B6)."""
        if not body.content or body.content.isspace():
            return None
        check_json(body.content_type, body.method)
        try:
            return self._decode(message, body.content, verdict)
        except Refused as refused:
            verdict.refuse(refused)
        return None

    def _decode(self, message: Message, content: bytes, verdict: Verdict) -> Any:
        text = read_json(content, self.options)
        refused = self._fill(message, text)
        if refused is not None and refused.is_inexact and not text.exact:
            # A number may have lost the digits that would have made it right. For other faults nothing is read again,
            # so that no text is judged, and counted, twice.
            message.Clear()
            text = read_exactly(content, self.options)
            refused = self._fill(message, text)
        if text.flaws is not None:
            verdict.refuse(text.flaws)
        if refused is not None:
            verdict.refuse(refused)
        return text.value

    def _fill(self, message: Message, text: JsonText) -> Refused | None:
        try:
            self.set_json(message, text.value)
        except Refused as refused:
            return refused
        return None


def build_field_setter(path: FieldPath) -> Setter:
    """What fills a request from a body that is one of its fields. Null is no plain message (B6)."""
    field, parents = path.field, path.parents
    set_json = field.set_json
    wants_object = field.child is not None and not field.descriptor.is_repeated

    def set_field(message: Message, value: Any) -> None:
        if value is None and wants_object:
            raise refuse_type("an object", value)
        set_json(reach(message, parents), value)

    return set_field
